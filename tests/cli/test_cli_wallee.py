"""`konfipay wallee`: the signed API from the command line."""

import asyncio
import csv
import io
import json
import os

import pytest

from konfipay_async.cli.app import run
from konfipay_async.cli.exits import Exit
from konfipay_async.sandbox import WalleeSandbox


@pytest.fixture
def wallee(monkeypatch, capfd, tmp_path):
    """Run a command against a sandbox in this process. It never shows the key."""
    for name in [name for name in os.environ if name.startswith(("KONFIPAY_", "WALLEE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    async def call(sandbox, *arguments, **more):
        settings = {
            "WALLEE_USER_ID": sandbox.user_id,
            "WALLEE_AUTHENTICATION_KEY": sandbox.authentication_key,
            "WALLEE_BASE_URL": sandbox.base_url,
            "WALLEE_SPACE": str(sandbox.space),
        }
        for name, value in (settings | more).items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        code = await asyncio.to_thread(run, ("wallee", *arguments))
        shown = capfd.readouterr()
        assert sandbox.authentication_key not in shown.out + shown.err
        return code, shown.out, shown.err

    return call


def rows(out):
    return list(csv.DictReader(io.StringIO(out), delimiter="\t"))


async def test_a_list_goes_on_over_pages(wallee):
    """A line for each, and a line of titles; amounts with every digit."""
    async with WalleeSandbox(transactions=250) as sandbox:
        code, out, _ = await wallee(sandbox, "list", "payment.transactions")
        assert code == Exit.DONE
        listed = rows(out)
        assert [int(row["id"]) for row in listed] == sandbox.transactions.ids()
        assert {"state", "currency", "completed_amount", "created_on"} <= set(listed[0])


async def test_a_list_as_it_is_asked_for(wallee):
    async with WalleeSandbox(transactions=30) as sandbox:
        ids = sandbox.transactions.ids()
        _, out, _ = await wallee(sandbox, "list", "transactions", "--order", "DESC", "--limit", "3")
        assert [int(row["id"]) for row in rows(out)] == ids[:-4:-1]
        _, out, _ = await wallee(sandbox, "list", "transactions", "--after", str(ids[10]), "--before", str(ids[14]))
        assert [int(row["id"]) for row in rows(out)] == ids[11:14]
        _, out, _ = await wallee(
            sandbox, "list", "payment.refunds", "--expand", "transaction", "--limit", "1", "--json"
        )
        (refund,) = map(json.loads, out.splitlines())
        assert refund["transaction"]["id"] in ids
        assert refund["transaction"]["currency"]
        assert isinstance(refund["amount"], str)


async def test_services_without_a_model_show_what_came(wallee):
    """By names in snake_case, nested ones too."""
    async with WalleeSandbox(transactions=1) as sandbox:
        code, out, _ = await wallee(sandbox, "list", "subscriptions", "--limit", "1", "--json")
        (subscription,) = map(json.loads, out.splitlines())
        assert (code, "created_on" in subscription, "createdOn" in subscription) == (0, True, False)
        _, out, _ = await wallee(sandbox, "list", "countries")
        assert {"id", "name"} <= set(rows(out)[0])


async def test_a_search(wallee):
    async with WalleeSandbox(transactions=100) as sandbox:
        code, out, _ = await wallee(
            sandbox, "search", "transactions", "state:FULFILL (currency=EUR OR currency=CHF)", "--order", "id:DESC"
        )
        found = rows(out)
        assert code == Exit.DONE
        assert found
        assert {row["state"] for row in found} == {"FULFILL"}
        assert {row["currency"] for row in found} == {"EUR", "CHF"}
        assert [int(row["id"]) for row in found] == sorted((int(row["id"]) for row in found), reverse=True)
        _, out, _ = await wallee(sandbox, "search", "transactions", "id:<5")
        assert rows(out) == []
        assert out.startswith("id\t")


async def test_a_query_that_cannot_be_read_is_not_sent(wallee):
    """The place is shown, the value is not."""
    async with WalleeSandbox(transactions=1) as sandbox:
        code, out, err = await wallee(sandbox, "search", "customers", "familyName:von Arx")
        assert (code, out) == (Exit.USAGE, "")
        assert "character 19" in err
        assert "^" in err
        assert "Arx" not in err
        assert sandbox.requests == []


async def test_one_object(wallee):
    async with WalleeSandbox(transactions=3) as sandbox:
        transaction = sandbox.transactions.ids()[1]
        _, out, _ = await wallee(sandbox, "get", "transactions", str(transaction))
        assert f"id\t{transaction}\n" in out
        _, out, _ = await wallee(
            sandbox, "get", "payment.transactions", str(transaction), "--expand", "group", "--json"
        )
        assert json.loads(out)["group"]["state"]
        code, out, err = await wallee(sandbox, "get", "transactions", "1")
        assert (code, out) == (Exit.REFUSED, "")
        assert "404" in err


async def test_what_takes_no_options_is_shown_without(wallee):
    async with WalleeSandbox(transactions=1) as sandbox:
        key = sandbox.webhooks.message(1).headers["X-Signature"].partition("keyId=")[2].partition(",")[0]
        code, out, _ = await wallee(sandbox, "get", "encryption_keys", key)
        assert (code, out) == (Exit.DONE, f"value\t{sandbox.webhooks.public_key()}\n")
        account = {"WALLEE_ACCOUNT": str(sandbox.account)}
        code, _, err = await wallee(sandbox, "get", "analytics.queries.query_token", "abc", **account)
        assert (code, "404" in err) == (Exit.REFUSED, True)
        code, _, err = await wallee(sandbox, "list", "analytics.queries", **account)
        assert code == Exit.DONE, err
        dates = ("--start-date", "2026-01-01", "--end-date", "2026-02-01")
        code, _, err = await wallee(sandbox, "list", "spaces.consumed_resources", *dates)
        assert code == Exit.DONE, err
        assert "startDate=2026-01-01&endDate=2026-02-01" in sandbox.requests[-1].target


async def test_what_is_part_of_something(wallee):
    async with WalleeSandbox(transactions=1) as sandbox:
        customer = sandbox.collection("/customers").ids()[0]
        code, _, _ = await wallee(sandbox, "list", "customers.addresses", "--of", str(customer))
        assert code == Exit.DONE
        code, _, err = await wallee(sandbox, "list", "customers.addresses")
        assert (code, "customerId" in err) == (Exit.USAGE, True)
        code, _, err = await wallee(sandbox, "list", "customers", "--of", "1")
        assert (code, "leave --of out" in err) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "transaktions"), "did you mean"),
        (("list", "charge_bank_transactions"), "there is no service"),
        (("search", "encryption_keys"), "has no search"),
        (("list", "refunds"), "several services: payment."),
        (("get", "transactions", "abc"), "positive integer"),
        (("list", "transactions", "--limit", "-1"), "--limit"),
        (("list", "transactions", "--order", "id"), "by time only"),
        (("search", "transactions", "--order", "id:UP"), "ASC"),
        (("list", "transactions", "--expand", "a.b.c.d.e"), "levels deep"),
        (("list", "countries", "--after", "5"), "countries.list takes no --after"),
        (("list", "analytics.queries", "--order", "ASC"), "analytics.queries.list takes no --order"),
        (("list", "analytics.queries", "--start-date", "2026-01-01"), "takes no --start-date"),
        (("list", "spaces.consumed_resources"), "needs --start-date"),
        (("list", "spaces.consumed_resources", "--start-date", "2026-01-01"), "needs --end-date"),
        (("get", "analytics.queries.query_token", "abc", "--expand", "group"), "takes no --expand"),
        (("get", "encryption_keys", "x", "--expand", "group"), "takes no --expand"),
    ],
)
async def test_what_cannot_be_is_said_before_anything_is_sent(wallee, arguments, told):
    async with WalleeSandbox(transactions=1) as sandbox:
        code, out, err = await wallee(sandbox, *arguments)
        assert (code, out) == (Exit.USAGE, "")
        assert told in err
        assert sandbox.requests == []


async def test_who_asks_and_what(wallee, tmp_path):
    """From the environment, or from options that are stronger."""
    async with WalleeSandbox(transactions=1, spaces=2) as sandbox:
        code, _, err = await wallee(sandbox, "list", "transactions", WALLEE_AUTHENTICATION_KEY="")
        assert (code, "WALLEE_AUTHENTICATION_KEY" in err) == (Exit.USAGE, True)
        code, _, err = await wallee(sandbox, "list", "transactions", WALLEE_SPACE="")
        assert (code, "WALLEE_SPACE" in err) == (Exit.USAGE, True)
        (tmp_path / "key").write_text(f"{sandbox.authentication_key}\n")
        options = ("--authentication-key-file", "key", "--user-id", sandbox.user_id, "--base-url", sandbox.base_url)
        code, out, err = await wallee(
            sandbox,
            *("list", "transactions", *options, "--space", str(sandbox.spaces[1])),
            WALLEE_AUTHENTICATION_KEY="",
            WALLEE_USER_ID="1",
            WALLEE_BASE_URL="http://127.0.0.1:9",
        )
        assert code == Exit.DONE, err
        other = sandbox.collection("/payment/transactions", space=sandbox.spaces[1]).ids()
        assert [int(row["id"]) for row in rows(out)] == other


async def test_an_export(wallee, tmp_path):
    """To standard output as it comes, or into a file that is whole or not there."""
    async with WalleeSandbox(transactions=40) as sandbox:
        code, out, _ = await wallee(sandbox, "export", "transactions", "--field", "id", "--limit", "5")
        assert code == Exit.DONE
        assert [int(line) for line in out.split()[1:]] == sandbox.transactions.ids()[:5]
        code, out, err = await wallee(sandbox, "export", "transactions", "state:FULFILL", "--to", "out.csv")
        assert (code, out) == (Exit.DONE, "")
        assert "out.csv: " in err
        lines = (tmp_path / "out.csv").read_text().splitlines()
        assert len(lines) > 1
        assert all("FULFILL" in line for line in lines[1:])
        (tmp_path / "out.csv").unlink()
        sandbox.add_fault("403:payment.transactions.export")
        code, _, _ = await wallee(sandbox, "export", "transactions", "--to", "out.csv")
        assert code == Exit.REFUSED
        assert list(tmp_path.iterdir()) == []
        code, _, err = await wallee(sandbox, "export", "transactions", "--to", "nowhere/out.csv")
        assert code == Exit.STORAGE


async def test_a_webhook_is_verified(wallee, tmp_path):
    """With the key of the API, or with one from a file, and then nobody is asked."""
    async with WalleeSandbox(transactions=1) as sandbox:
        message = sandbox.webhooks.message(4711, state="FULFILL")
        (tmp_path / "body").write_bytes(message.body)
        signature = ("--signature", message.headers["X-Signature"])
        code, out, err = await wallee(sandbox, "verify-webhook", "body", *signature, "--json")
        assert (code, json.loads(out)["entity_id"]) == (Exit.DONE, 4711)
        assert "The signature is right." in err
        sandbox.requests.clear()
        (tmp_path / "key").write_text(sandbox.webhooks.public_key())
        code, out, _ = await wallee(sandbox, "verify-webhook", "body", *signature, "--key-file", "key")
        assert (code, "state\tFULFILL\n" in out) == (Exit.DONE, True)
        code, out, _ = await wallee(sandbox, "verify-webhook", "body", *signature, "--key-file", "key", "--space", "9")
        assert (code, out) == (Exit.REFUSED, "")
        assert sandbox.requests == []
        alone = ("verify-webhook", "body", *signature, "--key-file", "key")
        code, _, err = await wallee(sandbox, *alone, WALLEE_SPACE="")
        assert (code, "--space" in err) == (Exit.USAGE, True)


@pytest.mark.parametrize("forged", ["algorithm", "body", "cut", "foreign", "key", "signature"])
async def test_a_webhook_that_is_not_the_api_s(wallee, tmp_path, forged):
    async with WalleeSandbox(transactions=1) as sandbox:
        message = sandbox.webhooks.message(4711, forged=forged)
        (tmp_path / "body").write_bytes(message.body)
        code, out, _ = await wallee(sandbox, "verify-webhook", "body", "--signature", message.headers["X-Signature"])
        assert (code, out) == (Exit.REFUSED, "")
