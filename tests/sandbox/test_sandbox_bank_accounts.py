"""Bank accounts: created, changed, and deleted in the background."""

import re
import uuid
from typing import Any

import pytest

ACCOUNT = {"description": "Tagesgeld Größe M", "iban": "DE02120300000000202051", "currency": "EUR"}


async def test_an_account_is_created_and_changed(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        reply = await caller.send("POST", "/bank-accounts", json=ACCOUNT)
        made = reply.json
        assert reply.status == 201
        assert made == ACCOUNT | {"rId": made["rId"], "isTest": False, "isActive": True, "accountHolder": {"name": ""}}
        assert uuid.UUID(made["rId"]).version == 4
        full = ACCOUNT | {
            "currency": "CHF",
            "bic": "BYLADEM1001",
            "isActive": False,
            "isTest": True,
            "accountHolder": {"name": "Zoë Rüegg"},
        }
        second = (await caller.send("POST", "/bank-accounts", json=full)).json
        assert second == full | {"rId": second["rId"]}
        assert (await caller.get("/bank-accounts")).results[4:] == [made, second]
        changes = {"isActive": True, "description": "Neu", "accountHolder": {"name": "Beat Moser"}}
        reply = await caller.send("PUT", "/bank-accounts", json={"rId": second["rId"].upper(), **changes})
        assert (reply.status, reply.json) == (200, second | changes)
        assert (await caller.get(f"/bank-accounts/{second['rId']}")).json == second | changes
        assert (await caller.get("/transactions", bank_account_rid=made["rId"])).status == 204


@pytest.mark.parametrize(
    ("method", "changes", "status", "code"),
    [
        ("POST", {"iban": None}, 400, "ERR-01-0012"),
        ("POST", {"currency": ""}, 400, "ERR-01-0012"),
        ("POST", {"description": 3}, 400, "ERR-01-0012"),
        ("POST", {"isActive": 1}, 400, "ERR-00-0000"),
        ("POST", {"accountHolder": "Zoë"}, 400, "ERR-00-0000"),
        ("POST", {"accountHolder": {"name": 5}}, 400, "ERR-00-0000"),
        ("PUT", {}, 400, "ERR-01-0012"),
        ("PUT", {"rId": "x"}, 404, "ERR-01-0001"),
    ],
)
async def test_accounts_that_are_not_possible(
    open_sandbox: Any, method: str, changes: dict[str, Any], status: int, code: str
) -> None:
    async with open_sandbox() as caller:
        before = (await caller.get("/bank-accounts")).json
        reply = await caller.send(method, "/bank-accounts", json=ACCOUNT | changes)
        assert (reply.status, reply.error_code) == (status, code)
        assert (await caller.get("/bank-accounts")).json == before
        assert (await caller.send(method, "/bank-accounts", data=b"no json")).status == 400


async def test_iban_and_currency_together_are_unique(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        first, second = (await caller.get("/bank-accounts")).results[:2]
        assert first["iban"] == second["iban"]
        taken = ACCOUNT | {"iban": first["iban"], "currency": second["currency"]}
        assert (await caller.send("POST", "/bank-accounts", json=taken)).status == 409
        change = {"rId": first["rId"], "currency": second["currency"]}
        assert (await caller.send("PUT", "/bank-accounts", json=change)).status == 409
        same = {"rId": first["rId"], "currency": first["currency"]}
        assert (await caller.send("PUT", "/bank-accounts", json=same)).json == first
        free = ACCOUNT | {"iban": first["iban"], "currency": "GBP"}
        assert (await caller.send("POST", "/bank-accounts", json=free)).status == 201


@pytest.mark.parametrize("polls", [0, 1, 2, 4])
async def test_a_deletion_takes_its_looks_and_then_the_account_is_gone(open_sandbox: Any, polls: int) -> None:
    async with open_sandbox(delete_polls=polls) as caller:
        accounts = (await caller.get("/bank-accounts")).results
        rid = accounts[1]["rId"]
        reply = await caller.send("DELETE", f"/bank-accounts/{rid}")
        operation = reply.json
        assert reply.status == 202
        assert operation.keys() == {
            *("rId", "statusCode", "statusName", "details", "operationStatusUrl", "operationStatusMethod"),
        }
        assert operation["operationStatusMethod"] == "GET"
        url = operation["operationStatusUrl"]
        assert url == caller.sandbox.base_url.replace("/api/v6", f"/api/v6.0/delete/status/{operation['rId']}")
        states = [(operation["statusCode"], operation["statusName"])]
        for _ in range(polls):
            assert (await caller.get("/bank-accounts")).results == accounts
            status = (await caller.send("GET", url)).json
            assert status.keys() == {"rId", "statusCode", "statusName", "details"}
            states.append((status["statusCode"], status["statusName"]))
        expected = [(1, "Scheduled"), *[(2, "Running")] * (polls - 1), (3, "Finished")] if polls else [(3, "Finished")]
        assert states == expected
        assert (await caller.send("GET", url)).json["statusCode"] == 3
        assert (await caller.get("/bank-accounts")).results == [accounts[0], *accounts[2:]]
        for method in ("GET", "DELETE"):
            assert (await caller.send(method, f"/bank-accounts/{rid}")).status == 404
        assert (await caller.send("PUT", "/bank-accounts", json={"rId": rid, "isActive": True})).status == 404
        assert caller.sandbox.count("delete.status", 200) == polls + 1


async def test_a_link_can_be_relative(open_sandbox: Any) -> None:
    async with open_sandbox(relative_links=True) as caller:
        rid = (await caller.get("/bank-accounts")).results[0]["rId"]
        link = (await caller.send("DELETE", f"/bank-accounts/{rid}")).json["operationStatusUrl"]
        assert re.fullmatch(r"api/v6\.0/delete/status/[0-9a-f-]{36}", link)
        assert (await caller.get(link.removeprefix("api/v6.0"))).json["statusName"] == "Running"


async def test_asking_twice_is_one_deletion_until_it_is_over(open_sandbox: Any) -> None:
    async with open_sandbox(delete_polls=1) as caller:
        rid = (await caller.get("/bank-accounts")).results[0]["rId"]
        caller.sandbox.fail_deletions()
        first = (await caller.send("DELETE", f"/bank-accounts/{rid}")).json
        assert (await caller.send("DELETE", f"/bank-accounts/{rid}")).json == first
        status = (await caller.get(f"/delete/status/{first['rId']}")).json
        assert (status["statusCode"], status["statusName"]) == (4, "Failed")
        assert len((await caller.get("/bank-accounts")).results) == 4, "a failed deletion leaves the account"
        second = (await caller.send("DELETE", f"/bank-accounts/{rid}")).json
        assert second["rId"] != first["rId"]
        assert (await caller.get(f"/delete/status/{second['rId']}")).json["statusName"] == "Finished"
        assert (await caller.get(f"/delete/status/{first['rId']}")).json["statusName"] == "Failed"
        assert (await caller.get(f"/delete/status/{uuid.uuid4()}")).status == 404


async def test_transactions_and_files_outlive_their_account(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=60, delete_polls=0) as caller:
        account = (await caller.get("/bank-accounts")).results[2]
        asked = [{"bank_account_rid": account["rId"]}, {"iban": account["iban"]}, {"account_description": "CHF"}]
        before = [(await caller.transactions(**query)).rids for query in asked]
        assert before[0] == before[1] == before[2] != []
        files = (await caller.get("/transaction-files", bank_account_rid=account["rId"])).result_rids
        await caller.send("PUT", "/bank-accounts", json={"rId": account["rId"], "isActive": False})
        assert [(await caller.transactions(**query)).rids for query in asked] == before
        await caller.send("DELETE", f"/bank-accounts/{account['rId']}")
        assert len((await caller.get("/bank-accounts")).results) == 3
        assert [(await caller.transactions(**query)).rids for query in asked] == before
        assert (await caller.get("/transaction-files", bank_account_rid=account["rId"])).result_rids == files


async def test_transactions_are_found_by_the_description_of_today(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=60) as caller:
        rid = (await caller.get("/bank-accounts")).results[0]["rId"]
        rows = (await caller.transactions(bank_account_rid=rid)).rids
        assert (await caller.transactions(account_description="neuer name")).status == 204
        await caller.send("PUT", "/bank-accounts", json={"rId": rid, "description": "Ein neuer Name"})
        assert (await caller.transactions(account_description="neuer name")).rids == rows
