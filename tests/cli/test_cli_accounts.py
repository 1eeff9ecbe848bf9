"""`konfipay accounts` and `konfipay paypal`: what changes something."""

import asyncio
import json
import os
import pty
import sys

import pytest

from konfipay_async.cli.exits import Exit
from konfipay_async.sandbox import Sandbox

IBAN = "DE02120300000000202051"
SECRET = "CanarySecret" + "9" * 30


def loads(ended):
    """The rows of a command's JSON."""
    return [json.loads(line) for line in ended.out.splitlines()]


async def accounts(piped, sandbox):
    return loads(await piped(sandbox, "accounts", "list", "--json"))


async def test_an_account_is_created(piped):
    new = ("accounts", "create", "--iban", IBAN, "--currency", "EUR", "--description", "Rent", "--holder", "Nordlicht")
    async with Sandbox(accounts=1) as sandbox:
        ended = await piped(sandbox, *new, "--inactive", "--json")
        assert ended.code == Exit.DONE
        (created,) = loads(ended)
        assert (created["iban"], created["is_active"], created["description"]) == (IBAN, False, "Rent")
        assert created["account_holder"]["name"] == "Nordlicht"
        assert len(await accounts(piped, sandbox)) == 2
        taken = await piped(sandbox, *new)
    assert taken.code == Exit.REFUSED
    assert IBAN not in taken.err


async def test_an_account_is_changed_and_keeps_the_rest(piped):
    async with Sandbox(accounts=1) as sandbox:
        (before,) = await accounts(piped, sandbox)
        for words, changed in (
            (("--deactivate",), {"is_active": False}),
            (("--activate",), {"is_active": True}),
            (("--description", "Rent"), {"description": "Rent"}),
            (("--holder", "Südwind"), {"account_holder": {"name": "Südwind", "creditor_id": None}}),
        ):
            ended = await piped(sandbox, "accounts", "update", before["rid"], *words, "--json")
            assert ended.code == Exit.DONE, ended.err
            (after,) = loads(ended)
            before |= changed
            assert {**after, "balance": None} == {**before, "balance": None}
        sandbox.requests.clear()
        for words in ((), ("--activate", "--deactivate")):
            assert (await piped(sandbox, "accounts", "update", before["rid"], *words)).code == Exit.USAGE
        assert not sandbox.requests


async def test_an_account_is_deleted_after_a_yes(piped, on_terminal):
    async with Sandbox(accounts=2, delete_polls=0) as sandbox:
        first, second = await accounts(piped, sandbox)
        unasked = await piped(sandbox, "accounts", "delete", first["rid"])
        assert (unasked.code, unasked.out) == (Exit.USAGE, "")
        assert "--yes" in unasked.err
        assert (await on_terminal(sandbox, "accounts", "delete", first["rid"], typed="n\n")).code == Exit.USAGE
        assert len(await accounts(piped, sandbox)) == 2
        ended = await on_terminal(sandbox, "accounts", "delete", first["rid"], typed="y\n")
        assert ended.code == Exit.DONE
        assert first["iban"] in ended.out
        assert "The account is gone." in ended.out
        assert (await piped(sandbox, "accounts", "delete", second["rid"], "--yes", "--json")).code == Exit.DONE
        assert await accounts(piped, sandbox) == []


async def test_a_deletion_that_fails_or_takes_too_long(piped):
    async with Sandbox(accounts=1, delete_polls=0) as sandbox:
        (account,) = await accounts(piped, sandbox)
        sandbox.fail_deletions()
        failed = await piped(sandbox, "accounts", "delete", account["rid"], "--yes")
        assert failed.code == Exit.REFUSED
        assert "was not deleted" in failed.err
    async with Sandbox(accounts=1, delete_polls=1000) as sandbox:
        late = await piped(sandbox, "accounts", "delete", account["rid"], "--yes", "--timeout", "0.1")
        assert late.code == Exit.PARTIAL
        sandbox.requests.clear()
        assert (await piped(sandbox, "accounts", "delete", account["rid"], "--timeout", "-1")).code == Exit.USAGE
        assert not sandbox.requests


async def test_a_creation_without_an_answer(piped):
    async with Sandbox(faults=["reset-after:bank-accounts.create"]) as sandbox:
        ended = await piped(sandbox, "accounts", "create", "--iban", IBAN, "--currency", "EUR", "--description", "x")
    assert ended.code == Exit.PARTIAL
    assert "konfipay accounts list" in ended.err
    assert IBAN not in ended.err


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("get", "5959a0c1-5c5d-4dca-9fe7-8c25fee4927e")])
async def test_a_key_that_is_refused(piped, monkeypatch, words):
    async with Sandbox() as sandbox:
        sandbox.deactivate("main")
        ended = await piped(sandbox, "accounts", *words)
    assert (ended.code, ended.out) == (Exit.REFUSED, "")
    assert "refuses the API key" in ended.err


# --- PayPal ----------------------------------------------------------------------------------------------------------


async def test_a_paypal_account_is_created_with_a_secret_that_is_never_shown(piped, tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    new = ("paypal", "accounts", "create", "--description", "Shop", "--client-id", "client-1")
    async with Sandbox(paypal_accounts=1) as sandbox:
        ended = await piped(
            sandbox, *new, "--client-secret-file", "secret", "--start-fetch-date", "2026-07-01", "--json"
        )
        assert ended.code == Exit.DONE
        (created,) = loads(ended)
        assert (created["description"], created["start_fetch_date"]) == ("Shop", "2026-07-01T00:00:00+02:00")
        assert SECRET not in ended.out + ended.err
        changed = await piped(
            sandbox, "paypal", "accounts", "update", created["rid"], "--deactivate", "--client-secret-file", "secret",
            "--json",
        )  # fmt: skip
        (after,) = loads(changed)
        assert after | {"timestamp": None} == created | {"timestamp": None, "is_active": False}
        bodies = [request for request in sandbox.requests if request.route == "paypal.accounts.create"]
        assert len(bodies) == 1
        sandbox.requests.clear()
        (tmp_path / "empty").touch()
        for words in ((), ("--client-secret-file", "nothing-there"), ("--client-secret-file", "empty")):
            assert (await piped(sandbox, *new, *words)).code == Exit.USAGE
        assert not sandbox.requests


async def typed(answer: bytes) -> tuple[int | None, bytes]:
    """How the question for a secret ends on a terminal, and all that was shown."""
    controller, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "konfipay_async", "paypal", "accounts", "create", "--description", "Shop",
        "--client-id", "client-1", "--json",
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    shown = b""
    while b"not shown" not in shown:
        shown += await asyncio.to_thread(os.read, controller, 65536)
    os.write(controller, answer)
    code = await process.wait()
    shown += await asyncio.to_thread(os.read, controller, 65536)
    os.close(terminal)
    os.close(controller)
    return code, shown


async def test_the_secret_is_asked_for_without_showing_it(settled):
    async with Sandbox() as sandbox:
        settled(sandbox)
        code, shown = await typed(f"{SECRET}\n".encode())
        assert code == Exit.DONE
        assert SECRET.encode() not in shown
        assert sandbox.count("paypal.accounts.create", 201) == 1


async def test_whoever_types_no_secret_has_changed_nothing(settled):
    """Ctrl-D."""
    async with Sandbox() as sandbox:
        settled(sandbox)
        code, shown = await typed(b"\x04")
        assert code == Exit.USAGE
        assert b"nothing was done" in shown
        assert b"Traceback" not in shown
        assert sandbox.count("paypal.accounts.create") == 0


async def test_a_paypal_transaction_that_paypal_is_asked_for(piped):
    async with Sandbox(paypal_transactions=2) as sandbox:
        (row, *_) = loads(await piped(sandbox, "paypal", "transactions", "list", "--json"))
        ended = await piped(sandbox, "paypal", "transactions", "get", row["rid"], "--force-update", "--json")
        assert ended.code == Exit.DONE
        assert sandbox.requests[-1].query["force-update"] == "true"
