"""The sandbox over a real socket, called with plain HTTP."""

import asyncio
import io
import json
import re
import time
import uuid
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import ROUTES, SANDBOX_API_KEY, Sandbox


class Crowd:
    """A sleep that holds requests back, and says when as many as expected are waiting."""

    def __init__(self, expected: int) -> None:
        self.waiting: list[float] = []
        self.expected = expected
        self.complete = asyncio.Event()
        self.may_go = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.waiting.append(seconds)
        if len(self.waiting) == self.expected:
            self.complete.set()
        await self.may_go.wait()


# Login


async def test_login(open_sandbox: Any) -> None:
    async with open_sandbox(log_in=False) as caller:
        reply = await caller.log_in()
        assert reply.status == 200
        assert reply.headers["Content-Type"].startswith("application/json")
        assert reply.json.keys() == {"accessToken", "expiresIn", "tokenType"}
        assert (reply.json["expiresIn"], reply.json["tokenType"]) == (1800, "bearer")
        assert (await caller.transactions()).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client": None},
        {"client": {}},
        {"client": {"name": "x"}},
        {"client": {"name": "x", "version": ""}},
        {"client": "x"},
        {"apiKey": None},
        {"apiKey": 5},
    ],
)
async def test_login_without_its_parts_is_a_400(open_sandbox: Any, changes: dict[str, object]) -> None:
    async with open_sandbox(log_in=False) as caller:
        reply = await caller.log_in(**changes)
        assert reply.status == 400
        (error,) = reply.json["errors"]
        assert (error["errorCode"], error["errorMessage"]) == ("ERR-01-0012", "MissingParameter")
        assert error.keys() == {"errorCode", "errorMessage", "errorDetails", "timestamp"}


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b"\xff", b'"text"', b"x" * 3_000_000])
async def test_login_with_a_body_that_is_no_object(open_sandbox: Any, body: bytes) -> None:
    async with open_sandbox(log_in=False) as caller:
        reply = await caller.send("POST", "/authentication/token", data=io.BytesIO(body))
        assert reply.status == 400


async def test_a_wrong_key_is_refused_in_the_header(open_sandbox: Any) -> None:
    async with open_sandbox(log_in=False) as caller:
        reply = await caller.log_in(apiKey="wrong")
        assert (reply.status, reply.body) == (401, b"")
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert re.fullmatch(
            r'Bearer error="invalid_token", error_description="[^"]+"', reply.headers["WWW-Authenticate"]
        )


async def test_tokens_end(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(**clock.arguments) as caller:
        clock.time += 1799
        assert (await caller.transactions()).status == 200
        clock.time += 1
        reply = await caller.transactions()
        assert (reply.status, reply.body) == (401, b"")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        await caller.log_in()
        assert (await caller.transactions()).status == 200
        caller.sandbox.end_tokens()
        assert (await caller.get("/bank-accounts")).status == 401
        caller.token = None
        assert (await caller.acknowledge(str(uuid.uuid4()))).status == 401


async def test_a_login_can_end_the_token_before(open_sandbox: Any) -> None:
    for one_token, status in ((True, 401), (False, 200)):
        async with open_sandbox(one_token=one_token) as caller:
            old = caller.token
            await caller.log_in()
            assert (await caller.send("GET", "/transactions", token=old)).status == status


# Transactions


async def test_a_page_has_the_documented_wrapper(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=250) as caller:
        page = (await caller.transactions(page_number=3)).json
        assert list(page) == ["pageNumber", "pageSize", "totalPages", "totalItems", "links", "results"]
        assert (page["pageNumber"], page["pageSize"], page["totalPages"], page["totalItems"]) == (3, 100, 3, 250)
        (link,) = page["links"]
        assert (link["rel"], link["method"]) == ("self", "GET")
        assert link["href"] == f"{caller.sandbox.base_url}/transactions?pageNumber=3&pageSize=100"
        assert page["results"].keys() == {"acknowledgementId", "transactions"}
        assert uuid.UUID(page["results"]["acknowledgementId"]).version == 4
        rows = page["results"]["transactions"]
        assert [row["rId"] for row in rows] == caller.sandbox.rids()[200:]
        assert all(row["isNew"] for row in rows)
        assert rows[7] == caller.sandbox.transaction(rows[7]["rId"])
        assert caller.sandbox.served_rows == 50


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_all_pages_are_the_list(open_sandbox: Any, order: str) -> None:
    async with open_sandbox(transactions=37, order=order) as caller:
        rids = [
            rid for number in range(1, 5) for rid in (await caller.transactions(page_number=number, page_size=10)).rids
        ]
        assert rids == caller.sandbox.rids()
        dates = [caller.sandbox.transaction(rid)["bookingDate"] for rid in rids]
        assert dates == sorted(dates, reverse=order == "newest")


async def test_no_rows_are_a_204(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=10) as caller:
        for query in (
            {"page_number": 2},
            {"is_new": "false"},
            {"bank_account_rid": uuid.uuid4()},
            {"min_amount": 10**9},
        ):
            reply = await caller.transactions(**query)
            assert (reply.status, reply.body) == (204, b"")
    async with open_sandbox(transactions=0) as caller:
        assert (await caller.transactions()).status == 204


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"page_number": "0"}, "ERR-00-0000"),
        ({"page_number": "-1"}, "ERR-00-0000"),
        ({"page_number": "one"}, "ERR-00-0000"),
        ({"page_number": ""}, "ERR-00-0000"),
        ({"page_number": "1.0"}, "ERR-00-0000"),
        ({"page_number": "9" * 5000}, "ERR-00-0000"),
        ({"page_size": "0"}, "ERR-00-0000"),
        ({"page_size": "1001"}, "ERR-00-0000"),
        ({"page_size": "٣"}, "ERR-00-0000"),
        ({"is_new": "yes"}, "ERR-00-0000"),
        ({"is_new": "True"}, "ERR-00-0000"),
        ({"booking_status": "Booked"}, "ERR-00-0000"),
        ({"credit_or_debit_indicator": "crdt"}, "ERR-00-0000"),
        ({"min_amount": "1,50"}, "ERR-00-0000"),
        ({"max_amount": "NaN"}, "ERR-00-0000"),
        ({"min_booking_date": "01.02.2022"}, "ERR-01-0004"),
        ({"min_booking_date": "2022-02-30"}, "ERR-01-0004"),
        ({"min_booking_date": "2022-W01-1"}, "ERR-01-0004"),
        ({"max_booking_date": "20220201"}, "ERR-01-0005"),
        ({"min_booking_date": "2022-02-02", "max_booking_date": "2022-02-01"}, "ERR-01-0006"),
    ],
)
async def test_values_that_cannot_be_read_are_a_400(open_sandbox: Any, query: dict[str, str], code: str) -> None:
    async with open_sandbox(transactions=10) as caller:
        reply = await caller.transactions(**query)
        assert reply.status == 400
        assert [error["errorCode"] for error in reply.json["errors"]] == [code]


async def test_filters(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=400, pending=40) as caller:
        rows = {rid: caller.sandbox.transaction(rid) for rid in caller.sandbox.rids()}
        accounts = (await caller.get("/bank-accounts")).json["results"]
        shared = accounts[0]["iban"]

        async def check(wanted: Any, **query: object) -> None:
            expected = [rid for rid, row in rows.items() if wanted(row)]
            assert 0 < len(expected) < 400
            reply = await caller.transactions(page_size=1000, **query)
            assert reply.rids == expected
            assert reply.json["totalItems"] == len(expected)

        await check(lambda row: row["creditDebitIndicator"] == "DBIT", credit_or_debit_indicator="DBIT")
        await check(lambda row: row["document"]["format"] == "camt.052", booking_status="pending")
        await check(lambda row: row["document"]["format"] == "camt.053", booking_status="booked")
        await check(lambda row: row["amount"] >= Decimal("100.005"), min_amount="100.005")
        await check(lambda row: row["amount"] <= Decimal("99.99"), max_amount="99.99")
        await check(lambda row: row["bankAccount"]["iban"] == shared, iban=shared)
        await check(lambda row: row["bankAccount"]["rId"] == accounts[1]["rId"], bank_account_rid=accounts[1]["rId"])
        await check(lambda row: row["bookingDate"][:10] >= "2022-01-15", min_booking_date="2022-01-15")
        await check(lambda row: row["bookingDate"][:10] <= "2022-01-20", max_booking_date="2022-01-20")
        await check(
            lambda row: (
                row["creditDebitIndicator"] == "CRDT"
                and row["bankAccount"]["rId"] == accounts[0]["rId"]
                and "2022-01-10" <= row["bookingDate"][:10] <= "2022-01-25"
                and 20 <= row["amount"] <= 500
            ),
            credit_or_debit_indicator="CRDT",
            bank_account_rid=accounts[0]["rId"],
            iban=shared,
            min_booking_date="2022-01-10",
            max_booking_date="2022-01-25",
            min_amount=20,
            max_amount=500,
            is_new="true",
        )
        assert {row["bankAccount"]["currency"] for row in rows.values() if row["bankAccount"]["iban"] == shared} == {
            "EUR",
            "USD",
        }
        assert len((await caller.transactions(page_size=1000, max_booking_date="9999-12-31")).rids) == 400


async def test_an_unknown_parameter_is_ignored_and_paging_names_can_differ(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=30, paging_names=("pageNumber", "pageSize")) as caller:
        reply = await caller.transactions(page_number=2, page_size=10, surprise="x")
        assert (reply.json["pageNumber"], reply.json["pageSize"], len(reply.rids)) == (1, 100, 30)
        reply = await caller.get("/transactions", pageNumber=2, pageSize=10)
        assert (reply.json["pageNumber"], len(reply.rids)) == (2, 10)


async def test_the_other_parent(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=3, parent="transactionFile") as caller:
        assert all(
            "transactionFile" in row and "document" not in row for row in (await caller.transactions()).transactions
        )


async def test_amounts_come_as_numbers_with_all_their_digits(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=500) as caller:
        body = (await caller.transactions(page_size=500)).body
        amounts = re.findall(rb'"amount":([^,]+),', body)
        assert len(amounts) == 500
        assert all(re.fullmatch(rb"\d+(\.\d\d)?", amount) for amount in amounts)
        assert any(re.fullmatch(rb"\d+\.\d0", amount) for amount in amounts)


# Acknowledgement


async def test_acknowledging_a_page(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=25) as caller:
        all_rids = caller.sandbox.rids()
        page = await caller.transactions(is_new="true", page_size=10)
        assert page.rids == all_rids[:10]
        assert caller.sandbox.new_rids() == all_rids, "fetching acknowledges nothing"
        reply = await caller.acknowledge(page.acknowledgement_id)
        assert (reply.status, reply.body) == (204, b"")
        assert caller.sandbox.new_rids() == all_rids[10:]
        shifted = await caller.transactions(is_new="true", page_size=10)
        assert shifted.rids == all_rids[10:20]
        assert shifted.json["totalItems"] == 15
        whole = await caller.transactions()
        assert [row["isNew"] for row in whole.transactions] == [False] * 10 + [True] * 15
        assert (await caller.transactions(is_new="false")).rids == all_rids[:10]


async def test_an_id_covers_what_was_served_with_it_and_nothing_else(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=20) as caller:
        all_rids = caller.sandbox.rids()
        first = await caller.transactions(is_new="true", page_size=5)
        other = await caller.transactions(is_new="true", page_size=5)
        assert first.acknowledgement_id != other.acknowledgement_id
        caller.sandbox.arrive(3, where="start")
        caller.sandbox.acknowledge_elsewhere(all_rids[5:7])
        await caller.acknowledge(first.acknowledgement_id)
        assert [rid for rid in all_rids if rid not in caller.sandbox.new_rids()] == all_rids[:7]
        assert (await caller.acknowledge(other.acknowledgement_id.upper())).status == 204


async def test_an_id_works_once_and_for_an_hour(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(transactions=20, token_lifetime=10_000, **clock.arguments) as caller:
        used = (await caller.transactions()).acknowledgement_id
        late = (await caller.transactions()).acknowledgement_id
        assert (await caller.acknowledge(used)).status == 204
        clock.time += 3600
        for name in (used, late, str(uuid.uuid4()), "nonsense"):
            reply = await caller.acknowledge(name)
            assert reply.status == 404
            (error,) = reply.json["errors"]
            assert (error["errorCode"], error["errorMessage"]) == ("ERR-01-0001", "RIdNotFound")


async def test_draining_an_is_new_list_from_its_first_page(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=95, order="newest", arrivals_per_request=3, arrivals_total=20) as caller:
        seen: list[str] = []
        while (page := await caller.transactions(is_new="true", page_size=10)).status == 200:
            seen += page.rids
            assert (await caller.acknowledge(page.acknowledgement_id)).status == 204
        assert sorted(seen) == sorted(caller.sandbox.rids())
        assert len(set(seen)) == len(seen) == 115
        assert caller.sandbox.new_rids() == []


async def test_a_million_rows(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=1_000_000) as caller:
        started = time.perf_counter()
        for _ in range(5):
            page = await caller.transactions(is_new="true", page_size=1000)
            await caller.acknowledge(page.acknowledgement_id)
        last = await caller.transactions(is_new="true", page_number=995, page_size=1000)
        assert len(last.rids) == 1000
        assert last.json["totalItems"] == 995_000
        assert time.perf_counter() - started < 10


# What tests do to the data


async def test_arrivals(open_sandbox: Any) -> None:
    for order, natural in (("oldest", slice(-2, None)), ("newest", slice(None, 2))):
        async with open_sandbox(transactions=5, order=order) as caller:
            late = caller.sandbox.arrive(2)
            assert set(caller.sandbox.rids()[natural]) == set(late)
            at_start = caller.sandbox.arrive(1, where="start", pending=True)
            at_end = caller.sandbox.arrive(1, where="end")
            assert caller.sandbox.rids()[0] == at_start[0]
            assert caller.sandbox.rids()[-1] == at_end[0]
            assert (await caller.transactions(booking_status="pending")).rids == at_start
            assert (await caller.transactions()).json["totalItems"] == 9
            assert caller.sandbox.arrive(0) == []


async def test_the_portal_marks_rows(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=5) as caller:
        rids = caller.sandbox.rids()
        assert caller.sandbox.acknowledge_elsewhere(rids[1:4]) == 3
        assert caller.sandbox.acknowledge_elsewhere(rids[:2]) == 1
        assert (await caller.transactions(is_new="true")).rids == rids[4:]
        assert caller.sandbox.mark_new(rids[2:]) == 2
        assert (await caller.transactions(is_new="true")).rids == rids[2:]
        with pytest.raises(ValueError, match="no transaction"):
            caller.sandbox.mark_new([rids[0], str(uuid.uuid4())])
        assert caller.sandbox.new_rids() == rids[2:]


async def test_acknowledged_over_the_wire_survives_a_restart(open_sandbox: Any, tmp_path: Any) -> None:
    arguments = {"transactions": 30, "state": tmp_path / "state", "arrivals_per_request": 1, "arrivals_total": 2}
    async with open_sandbox(**arguments) as caller:
        page = await caller.transactions(page_size=12, is_new="true")
        await caller.acknowledge(page.acknowledgement_id)
        expected, token = caller.sandbox.new_rids(), caller.token
        assert len(expected) == 19
    async with open_sandbox(**arguments) as caller:
        assert (await caller.transactions(is_new="true")).rids == expected
        assert (await caller.send("GET", "/transactions", token=token)).status == 401
        assert (await caller.acknowledge(page.acknowledgement_id)).status == 404


# Bank accounts and endpoints that do not exist


async def test_bank_accounts(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        reply = await caller.get("/bank-accounts")
        accounts = reply.json["results"]
        assert reply.json["totalItems"] == len(accounts) == 4
        for account in accounts:
            assert {"rId", "description", "iban", "currency", "isTest", "isActive", "accountHolder"} <= account.keys()
            assert (await caller.get(f"/bank-accounts/{account['rId']}")).json == account
        assert any("balance" not in account for account in accounts)
        assert any("bic" not in account for account in accounts)
        balance = accounts[0]["balance"]
        assert balance.keys() == {"amount", "currency", "date"}
        used = await caller.get("/bank-accounts", status="active", bank_account_type="production")
        assert used.json["results"] == [a for a in accounts if a["isActive"] and not a["isTest"]]
        assert 0 < used.json["totalItems"] < 4
        assert (await caller.get("/bank-accounts", status="inactive", bank_account_type="production")).status == 204
        paged = await caller.get("/bank-accounts", page_number=2, page_size=3)
        assert paged.json["results"] == accounts[3:]
        assert (await caller.get("/bank-accounts", page_number=2)).status == 204
        assert (await caller.get("/bank-accounts", status="x")).status == 400
        reply = await caller.get(f"/bank-accounts/{uuid.uuid4()}")
        assert (reply.status, reply.json["errors"][0]["errorCode"]) == (404, "ERR-01-0001")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/transactions/"),
        ("GET", "/Transactions"),
        ("POST", "/transactions"),
        ("GET", "/transactions/6b1f4c5e-3f0a-4a52-9d0f-0a2e6f6c7d11/acknowledge"),
        ("POST", "/transactions//acknowledge"),
        ("GET", "/authentication/token"),
        ("DELETE", "/bank-accounts"),
    ],
)
async def test_an_endpoint_that_does_not_exist(open_sandbox: Any, method: str, path: str) -> None:
    async with open_sandbox() as caller:
        for url in (
            path,
            caller.sandbox.base_url.replace("/api/v6", path),
            caller.sandbox.base_url.replace("v6", "v5"),
        ):
            reply = await caller.send(method, url)
            assert reply.status == 404
            assert reply.json.keys() == {"Message", "ApiDocumentationLink"}
            assert reply.json["ApiDocumentationLink"] == "https://portal.konfipay.de/Info/Api_Doc"
        assert caller.sandbox.count("unknown", 404) == 3


# Limits


async def test_the_public_limit(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(public_limit=3, log_in=False, **clock.arguments) as caller:
        for _ in range(2):
            assert (await caller.log_in(apiKey="wrong")).status == 401
        clock.time += 0.5
        assert (await caller.transactions()).status == 401, "a request without a token is a public one"
        reply = await caller.log_in()
        assert (reply.status, reply.headers["Retry-After"]) == (429, "60")
        clock.time += 59
        assert (await caller.log_in()).headers["Retry-After"] == "1"
        clock.time += 0.5
        assert (await caller.log_in()).status == 200
        assert caller.sandbox.over_limit == 2
        assert caller.sandbox.peak("public") == 5
        assert caller.sandbox.peak("authenticated") == 0


async def test_the_authenticated_limit_counts_by_itself(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(authenticated_limit=5, public_limit=1, **clock.arguments) as caller:
        for path in ("/transactions", "/bank-accounts", "/unknown", "/transactions", "/bank-accounts"):
            assert (await caller.get(path)).status in (200, 404)
        reply = await caller.get("/transactions")
        assert (reply.status, reply.headers["Retry-After"]) == (429, "60")
        clock.time += 60
        assert (await caller.get("/transactions")).status == 200
        assert caller.sandbox.count("transactions.list") == 4
        assert caller.sandbox.count("transactions.list", 429) == 1
        assert caller.sandbox.peak("authenticated") == 6


async def test_fixed_windows_and_no_retry_after(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(window="fixed", authenticated_limit=2, retry_after=False, **clock.arguments) as caller:
        clock.time += 59
        assert [(await caller.get("/bank-accounts")).status for _ in range(3)] == [200, 200, 429]
        clock.time += 1
        replies = [await caller.get("/bank-accounts") for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert "Retry-After" not in replies[2].headers


async def test_requests_count_when_they_arrive_and_not_when_answered(open_sandbox: Any) -> None:
    crowd = Crowd(5)
    async with open_sandbox(log_in=False, public_limit=3, latency=0.25, sleep=crowd.sleep) as caller:
        calls = [asyncio.create_task(caller.log_in()) for _ in range(5)]
        await crowd.complete.wait()
        assert caller.sandbox.over_limit == 2
        crowd.may_go.set()
        assert sorted(reply.status for reply in await asyncio.gather(*calls)) == [200, 200, 200, 429, 429]


# The log


async def test_the_log_names_routes_and_keeps_no_secret(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(log_in=False, transactions=3, **clock.arguments) as caller:
        await caller.log_in()
        clock.time += 5
        name = (await caller.transactions(is_new="true")).acknowledgement_id
        await caller.acknowledge(name)
        await caller.get("/bank-accounts")
        await caller.get("/bank-accounts/a%2Fb")
        await caller.get("/else")
        log = caller.sandbox.requests
        assert [entry.route for entry in log] == [
            "authentication.token",
            "transactions.list",
            "transactions.acknowledge",
            "bank-accounts.list",
            "bank-accounts.get",
            "unknown",
        ]
        assert {entry.route for entry in log} <= set(ROUTES)
        assert [entry.status for entry in log] == [200, 200, 204, 200, 404, 404]
        assert (log[1].at, log[1].method, log[1].path) == (1005.0, "GET", "/api/v6/transactions")
        assert (log[1].query, log[1].rows, log[1].fault) == ({"is-new": "true"}, 3, None)
        assert log[4].path == "/api/v6/bank-accounts/a%2Fb"
        text = repr(log) + repr(caller.sandbox)
        assert caller.token not in text
        assert SANDBOX_API_KEY not in text
        with pytest.raises(ConfigurationError, match="no route 'transactions'"):
            caller.sandbox.count("transactions")


# Start and stop


async def test_any_free_port_becomes_its_own() -> None:
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="no address"):
        _ = sandbox.base_url
    async with sandbox:
        url = sandbox.base_url
    assert sandbox.base_url == url


async def test_it_starts_again_on_the_same_port_with_all_it_knows(kept_port: int) -> None:
    sandbox = Sandbox(transactions=5, port=kept_port)
    async with sandbox:
        url = sandbox.base_url
        sandbox.acknowledge_elsewhere(sandbox.rids()[:2])
        with pytest.raises(RuntimeError, match="already"):
            await sandbox.__aenter__()
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(url)
        async with sandbox:
            assert sandbox.base_url == url
            async with http.get(url) as answer:
                assert answer.status == 404
            assert len(sandbox.new_rids()) == 3


async def test_it_stops_at_once_while_requests_wait() -> None:
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as http:
        crowd = Crowd(5)
        async with Sandbox(latency=3600.0, sleep=crowd.sleep) as sandbox:
            # aiohttp would try a GET once more, at a port that may be somebody else's by then.
            calls = [asyncio.create_task(http.post(sandbox.base_url)) for _ in range(5)]
            await crowd.complete.wait()
            started = time.perf_counter()
        assert time.perf_counter() - started < 10
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(outcome, aiohttp.ClientConnectionError)
    assert asyncio.all_tasks() == before


async def test_a_port_that_is_taken_is_an_oserror() -> None:
    async with Sandbox() as sandbox:
        port = int(sandbox.base_url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(OSError, match="address already in use"):
            async with Sandbox(port=port):
                pass


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"transactions": -1}, "transactions=-1 is not possible: allowed is a whole number from 0 to"),
        ({"transactions": True}, "transactions=True"),
        ({"transactions": 10.0}, "transactions=10.0"),
        ({"transactions": 3, "pending": 4}, "pending=4 is not possible: allowed is a whole number from 0 to 3"),
        ({"accounts": 0}, "accounts=0"),
        ({"port": 70000}, "port=70000"),
        ({"public_limit": 0}, "public_limit=0"),
        ({"period": 0}, "period=0 is not possible: allowed is a number of seconds, more than zero"),
        ({"period": float("nan")}, "period=nan"),
        ({"latency": -1}, "latency=-1 is not possible: allowed is a number of seconds, zero or more"),
        ({"token_lifetime": float("inf")}, "token_lifetime=inf"),
        ({"page_size_default": 1001}, "page_size_default=1001"),
        ({"window": "sliding"}, "window='sliding' is not possible: allowed are 'moving', 'fixed'"),
        ({"order": "random"}, "order='random'"),
        ({"parent": "file"}, "parent='file'"),
        ({"api_key": "Schlüssel"}, "api_key is not possible"),
        ({"paging_names": ("a", "a")}, "paging_names="),
        ({"faults": ["nope"]}, "no fault 'nope'"),
        ({"seed": "x"}, "seed='x'"),
        ({"transaction_files": -1}, "transaction_files=-1"),
        ({"documents": 1.5}, "documents=1.5"),
        ({"paypal_accounts": 0}, "paypal_accounts=0"),
        ({"paypal_transactions": -1}, "paypal_transactions=-1"),
        ({"delete_polls": -1}, "delete_polls=-1"),
        ({"arrivals_total": -1}, "arrivals_total=-1"),
    ],
)
def test_arguments_that_are_not_possible(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        Sandbox(**arguments)


def test_the_key_looks_like_a_real_one() -> None:
    assert re.fullmatch("[A-Za-z0-9]{64}", SANDBOX_API_KEY)
    assert Sandbox(api_key="mine").api_key == "mine"
    assert json.dumps(Sandbox(transactions=1).rids())
