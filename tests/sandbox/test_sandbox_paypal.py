"""PayPal accounts and transactions."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

ACCOUNT = {
    "description": "Shop Zürich",
    "clientId": "AbC-123",
    "clientSecret": "a secret of the tests",
    "isActive": False,
    "startFetchDate": "2025-01-01T00:00:00+01:00",
    "isSandbox": True,
}
FIELDS = {
    *("rId", "timestamp", "description", "clientId", "isActive"),
    *("startFetchDate", "isSandbox", "payPalBalances"),
}


async def test_an_account_is_created_and_changed_and_its_secret_never_served(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        assert len((await caller.get("/paypal/accounts")).results) == 2
        reply = await caller.send("POST", "/paypal/accounts", json=ACCOUNT)
        made = reply.json
        assert (reply.status, made.keys()) == (201, FIELDS)
        assert {name: made[name] for name in ACCOUNT if name != "clientSecret"} == {
            name: value for name, value in ACCOUNT.items() if name != "clientSecret"
        }
        assert (await caller.get(f"/paypal/accounts/{made['rId']}")).json == made
        reply = await caller.send(
            "PUT", "/paypal/accounts", json={"rId": made["rId"], "description": "Neu", "clientSecret": "other"}
        )
        assert reply.status == 200
        changed = reply.json
        assert {**changed, "timestamp": ""} == {**made, "description": "Neu", "timestamp": ""}
        listed = await caller.get("/paypal/accounts")
        assert listed.results[2] == changed
        assert b"ecret" not in listed.body + reply.body
        smallest = {name: ACCOUNT[name] for name in ("description", "clientId", "clientSecret")}
        account = (await caller.send("POST", "/paypal/accounts", json=smallest)).json
        assert (account["isActive"], account["isSandbox"]) == (True, False)


@pytest.mark.parametrize(
    ("method", "body", "status", "code"),
    [
        ("POST", {**ACCOUNT, "clientSecret": None}, 400, "ERR-01-0012"),
        ("POST", {**ACCOUNT, "description": ""}, 400, "ERR-01-0012"),
        ("POST", {**ACCOUNT, "clientId": 5}, 400, "ERR-01-0012"),
        ("POST", {**ACCOUNT, "isActive": "yes"}, 400, "ERR-00-0000"),
        ("POST", {**ACCOUNT, "startFetchDate": "soon"}, 400, "ERR-00-0000"),
        ("POST", [ACCOUNT], 400, "ERR-01-0012"),
        ("PUT", ACCOUNT, 400, "ERR-01-0012"),
        ("PUT", {**ACCOUNT, "rId": str(uuid.uuid4())}, 404, "ERR-01-0001"),
    ],
)
async def test_accounts_that_are_not_possible(
    open_sandbox: Any, method: str, body: Any, status: int, code: str
) -> None:
    async with open_sandbox() as caller:
        before = (await caller.get("/paypal/accounts")).json
        reply = await caller.send(method, "/paypal/accounts", json=body)
        assert (reply.status, reply.error_code) == (status, code)
        assert (await caller.get("/paypal/accounts")).json == before
        assert (await caller.get(f"/paypal/accounts/{uuid.uuid4()}")).status == 404


async def test_transactions_and_their_filters(open_sandbox: Any) -> None:
    async with open_sandbox(paypal_accounts=3) as caller:
        accounts = {row["rId"]: row["description"] for row in (await caller.get("/paypal/accounts")).results}
        rows = (await caller.get("/paypal/transactions")).results
        assert len(rows) == 60
        assert len({row["transactionId"] for row in rows}) == 60
        assert {row["status"] for row in rows} == {"Completed", "Pending"}
        for row in rows:
            assert accounts[row["payPalAccount"]["rId"]] == row["payPalAccount"]["description"]
            assert 0 < len(row["transactionId"]) <= 19
            assert row["amount"] > 0 > row["fee"] > -row["amount"]
            assert row["amount"] == Decimal(row["amount"]).quantize(Decimal("0.01"))
            assert datetime.fromisoformat(row["timestamp"]).utcoffset() == timedelta(hours=1)
        rid = rows[1]["payPalAccount"]["rId"]
        for query, wanted in (
            ({"paypal_account_rid": rid}, lambda row: row["payPalAccount"]["rId"] == rid),
            ({"min_date": "2022-01-06"}, lambda row: row["timestamp"][:10] >= "2022-01-06"),
            ({"max_date": "2022-01-06"}, lambda row: row["timestamp"][:10] <= "2022-01-06"),
        ):
            expected = [row for row in rows if wanted(row)]
            assert 0 < len(expected) < 60
            assert (await caller.get("/paypal/transactions", **query)).results == expected
        assert (await caller.get("/paypal/transactions", paypal_account_rid="")).status == 204


async def test_a_forced_update_is_fresh_and_stays(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        before = next(row for row in (await caller.get("/paypal/transactions")).results if row["status"] == "Pending")
        path = f"/paypal/transactions/{before['rId']}"
        for force in ({}, {"force_update": "false"}):
            assert (await caller.get(path, **force)).json == before
        fresh = (await caller.get(path, force_update="true")).json
        assert fresh == before | {"status": "Completed", "timestamp": fresh["timestamp"]}
        assert abs(datetime.fromisoformat(fresh["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)
        assert (await caller.get(path)).json == fresh
        assert fresh in (await caller.get("/paypal/transactions")).results
        assert (await caller.get(path, force_update="1")).status == 400
        assert (await caller.get(f"/paypal/transactions/{uuid.uuid4()}", force_update="true")).status == 404
