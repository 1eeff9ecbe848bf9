"""Payments over the wire: created, changed, deleted, and sent in files that the server makes."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from konfipay_async.sandbox.konfipay.banks import Account, make_accounts
from konfipay_async.sandbox.konfipay.payment_status import USUAL_PATH

EUR, USD, CHF, INACTIVE = make_accounts(0, 4)
OTHER = "DE02120300000000202051"
NOBODY = "5d12c087-be1e-456c-a33f-4f8750fa7814"


def order(*, account: Account = EUR, **changes: Any) -> dict[str, Any]:
    """A payment as it is created; `changes` are of its transaction."""
    return {
        "transaction": {"type": "TRF", "amount": 10055, "currency": "EUR", "executionDate": "2025-02-17"} | changes,
        "initPartyBankAccount": {"rId": account.rid},
        "otherPartyBankAccount": {"iban": OTHER, "description": "Bob Mayer"},
    }


async def create(caller: Any, *orders: dict[str, Any]) -> list[str]:
    reply = await caller.send("POST", "/payments", json=orders)
    assert reply.status == 201, reply.body
    return [payment["rId"] for payment in reply.json]


async def submit(caller: Any, rids: list[str], **flags: bool) -> Any:
    body = {"batchBooking": True, "paymentRids": rids, "failOnSubmittedPayments": False} | flags
    return await caller.send("POST", "/payments/submit", json=body)


def error_code(reply: Any) -> tuple[int, str]:
    (error,) = reply.json["errors"]
    return reply.status, error["errorCode"]


# Create, look, change, delete


async def test_created_payments_are_open_and_nothing_is_sent(open_sandbox: Any) -> None:
    full = order(
        country="DE",
        endToEndId="E-1",
        purposeCode="SALA",
        chargeBearer="SLEV",
        instrId="ABC123456789",
        rmtInfoUStrd="Für Müller",
    )
    full["initPartyBankAccount"] = {"iban": EUR.iban, "description": "Alice Mayer"}
    full["otherPartyBankAccount"]["bic"] = "BYLADEM1001"
    async with open_sandbox() as caller:
        reply = await caller.send("POST", "/payments", json=[full, order()])
        assert reply.status == 201
        first, second = reply.json
        assert list(first) == [
            "rId",
            "timestamp",
            "batch",
            "transaction",
            "initPartyBankAccount",
            "otherPartyBankAccount",
        ]
        assert first["transaction"] == full["transaction"]
        assert first["initPartyBankAccount"] == {"rId": EUR.rid, "iban": EUR.iban, "description": "Alice Mayer"}
        assert first["otherPartyBankAccount"].items() >= full["otherPartyBankAccount"].items()
        assert second["transaction"] == order()["transaction"] | {"endToEndId": "NOTPROVIDED"}
        assert second["initPartyBankAccount"]["description"] == EUR.description
        assert first["batch"] == second["batch"]
        assert first["batch"]["numberOfElements"] == 2
        assert (await caller.get(f"/payments/{first['rId'].upper()}")).json == first
        assert caller.sandbox.payment_rids() == [first["rId"], second["rId"]]
        assert caller.sandbox.transmissions() == []


@pytest.mark.parametrize("amount", ["0.01", "10.9", "10.90", "1E+2", "999999999999999.99"])
async def test_amounts_keep_their_digits(open_sandbox: Any, amount: str) -> None:
    async with open_sandbox() as caller:
        body = json.dumps([order(amount=0)]).replace('"amount": 0', f'"amount": {amount}')
        reply = await caller.send("POST", "/payments", data=body)
        assert reply.json[0]["transaction"]["amount"] == Decimal(amount)
        assert b"E+" not in reply.body


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "10.99"},
        {"amount": 0},
        {"amount": -1},
        {"amount": 0.001},
        {"amount": 1e30},
        {"amount": None},
        {"amount": True},
        {"type": "GIFT"},
        {"currency": "eur"},
        {"executionDate": "17.02.2025"},
        {"executionDate": None},
        {"rmtInfoUStrd": "x" * 141},
        {"endToEndId": "x" * 36},
        {"purposeCode": 5},
    ],
)
async def test_one_payment_that_cannot_be_refuses_all(open_sandbox: Any, change: dict[str, object]) -> None:
    async with open_sandbox() as caller:
        reply = await caller.send("POST", "/payments", json=[order(), order(**change)])
        assert error_code(reply) == (400, "ERR-00-0000")
        assert caller.sandbox.payment_rids() == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"\xff", json.dumps(order()).encode()])
async def test_a_body_without_payments_is_a_400(open_sandbox: Any, body: bytes) -> None:
    async with open_sandbox() as caller:
        assert error_code(await caller.send("POST", "/payments", data=body)) == (400, "ERR-00-0000")


async def test_an_iban_may_be_written_in_groups(open_sandbox: Any) -> None:
    grouped = " ".join(EUR.iban[place : place + 4] for place in range(0, len(EUR.iban), 4)).lower()
    async with open_sandbox() as caller:
        reply = await caller.send("POST", "/payments", json=[order() | {"initPartyBankAccount": {"iban": grouped}}])
        assert reply.json[0]["initPartyBankAccount"]["rId"] == EUR.rid


@pytest.mark.parametrize(
    "own", [{}, {"rId": NOBODY}, {"iban": OTHER}, {"rId": CHF.rid, "iban": EUR.iban}, {"description": "x"}]
)
async def test_a_payment_needs_an_account_of_the_client(open_sandbox: Any, own: dict[str, str]) -> None:
    async with open_sandbox() as caller:
        reply = await caller.send("POST", "/payments", json=[order() | {"initPartyBankAccount": own}])
        assert error_code(reply) == (400, "ERR-04-0009")


async def test_payments_are_listed_and_filtered(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        assert (await caller.get("/payments")).status == 204
        early = await create(caller, order(), order(), order())
        late = await create(caller, order())
        page = (await caller.get("/payments", page_number=2, page_size=3)).json
        assert (page["totalItems"], page["totalPages"], [row["rId"] for row in page["results"]]) == (4, 2, late)
        batch = (await caller.get(f"/payments/{late[0]}")).json["batch"]["rId"]
        file = (await submit(caller, early[:1])).json[0]["paymentInfo"]["rId"]
        for query, expected in (
            ({}, early + late),
            ({"batch_rid": batch}, late),
            ({"status": "Pending"}, early[1:] + late),
            ({"status": "Open"}, early[1:] + late),
            ({"status": "Processed"}, early[:1]),
            ({"payment_file_rid": file.upper()}, early[:1]),
            ({"payment_file_rid": file, "status": "Open"}, []),
            ({"batch_rid": NOBODY}, []),
        ):
            reply = await caller.get("/payments", **query)
            assert reply.status == (200 if expected else 204), query
            assert [row["rId"] for row in (reply.json["results"] if expected else [])] == expected
        assert error_code(await caller.get("/payments", status="Done")) == (400, "ERR-00-0000")


async def test_an_open_payment_can_be_changed_and_deleted(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rid, other = await create(caller, order(), order())
        served = (await caller.get(f"/payments/{rid}")).json
        served["transaction"]["amount"] = 7
        served["initPartyBankAccount"] = {"rId": CHF.rid}
        reply = await caller.send("PUT", f"/payments/{rid}", json=served)
        assert (reply.status, reply.json["transaction"]["amount"]) == (200, 7)
        assert reply.json["initPartyBankAccount"]["iban"] == CHF.iban
        assert (reply.json["rId"], reply.json["batch"]) == (rid, served["batch"])
        assert (await caller.get(f"/payments/{rid}")).json == reply.json
        refused = await caller.send("PUT", f"/payments/{rid}", json=order(amount=-7))
        assert refused.status == 400
        assert (await caller.get(f"/payments/{rid}")).json == reply.json
        deleted = await caller.send("DELETE", f"/payments/{rid}")
        assert (deleted.status, deleted.body) == (204, b"")
        assert caller.sandbox.payment_rids() == [other]


async def test_a_payment_that_is_gone_is_a_404(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        (rid,) = await create(caller, order())
        await caller.send("DELETE", f"/payments/{rid}")
        for method, body in (("GET", None), ("PUT", order()), ("DELETE", None)):
            assert error_code(await caller.send(method, f"/payments/{rid}", json=body)) == (404, "ERR-01-0001")
        assert error_code(await submit(caller, [rid])) == (400, "ERR-01-0001")


# Submit


async def test_what_is_submitted_goes_out_once_and_stays_as_it_is(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rids = await create(caller, order(amount=1), order(amount=2))
        reply = await submit(caller, [rids[0], rids[1], rids[0].upper()])
        assert reply.status == 200
        ((info,),) = [list(row.values()) for row in reply.json]
        assert (info["format"], info["paymentType"], info["executionDate"]) == ("pain.001", "TRF", "2025-02-17")
        assert info["status"] == {"statusValue": USUAL_PATH[0]}
        (sent,) = caller.sandbox.transmissions()
        assert (sent.payment_file_rid, list(sent.payment_rids)) == (info["rId"], rids)
        assert (sent.number_of_orders, sent.sum_of_orders, sent.batch_booking) == (2, 3, True)
        for rid in rids:
            assert (await caller.send("DELETE", f"/payments/{rid}")).status == 409
            assert (await caller.send("PUT", f"/payments/{rid}", json=order())).status == 409
            assert (await caller.get(f"/payments/{rid}")).json["paymentFile"] == info
        seen = (await caller.get(f"/payment-files/{info['rId']}")).json["paymentInfo"]["status"]
        assert seen["statusValue"] == USUAL_PATH[1]


async def test_a_file_for_each_account_type_and_day(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rids = await create(
            caller,
            order(),
            order(account=CHF, currency="CHF"),
            order(type="CBTRF", currency="USD"),
            order(executionDate="2025-02-18"),
            order(type="DD"),
            order(),
        )
        reply = await submit(caller, rids, batchBooking=False)
        infos = [row["paymentInfo"] for row in reply.json]
        assert [(info["format"], info["paymentType"], info["executionDate"]) for info in infos] == [
            ("pain.001", "TRF", "2025-02-17"),
            ("pain.001", "TRF", "2025-02-17"),
            ("pain.001", "CBTRF", "2025-02-17"),
            ("pain.001", "TRF", "2025-02-18"),
            ("pain.008", "DD", "2025-02-17"),
        ]
        sent = caller.sandbox.transmissions()
        assert [one.payment_file_rid for one in sent] == caller.sandbox.payment_file_rids()
        assert sent[0].payment_rids == (rids[0], rids[5])
        assert Counter(rid for one in sent for rid in one.payment_rids) == Counter(rids)
        assert len({one.message_id for one in sent}) == 5
        assert {one.batch_booking for one in sent} == {False}


async def test_submitted_ones_are_skipped_or_refused(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rids = await create(caller, order(), order())
        await submit(caller, rids[:1])
        assert (await submit(caller, rids, failOnSubmittedPayments=True)).status == 409
        assert len(caller.sandbox.transmissions()) == 1
        assert len((await submit(caller, rids)).json) == 1
        again = await submit(caller, rids)
        assert (again.status, again.json) == (200, [])
        assert [one.payment_rids for one in caller.sandbox.transmissions()] == [(rids[0],), (rids[1],)]


async def test_one_unknown_payment_sends_none(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        (rid,) = await create(caller, order())
        assert error_code(await submit(caller, [rid, NOBODY])) == (400, "ERR-01-0001")
        assert caller.sandbox.transmissions() == []
        assert (await caller.get("/payments", status="Open")).json["totalItems"] == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"paymentRids": []}', b'{"paymentRids": [5]}'])
async def test_a_submit_of_nothing_is_a_400(open_sandbox: Any, body: bytes) -> None:
    async with open_sandbox() as caller:
        assert error_code(await caller.send("POST", "/payments/submit", data=body)) == (400, "ERR-00-0000")


async def test_payments_of_an_inactive_account_end_in_a_rejected_file(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rids = await create(caller, order(account=INACTIVE))
        (row,) = (await submit(caller, rids)).json
        assert row["paymentInfo"]["status"]["statusValue"] == "KON_REJECTED"
        assert row["paymentInfo"]["status"]["error"]["errorMessage"] == "InactiveBankAccount"
        assert caller.sandbox.transmissions() == []


async def test_payments_stay_open_when_an_account_was_deleted(open_sandbox: Any) -> None:
    async with open_sandbox(delete_polls=0) as caller:
        rids = await create(caller, order(), order(account=CHF, currency="CHF"))
        assert (await caller.send("DELETE", f"/bank-accounts/{CHF.rid}")).status == 202
        assert error_code(await submit(caller, rids)) == (400, "ERR-04-0009")
        assert (caller.sandbox.payment_file_rids(), caller.sandbox.transmissions()) == ([], [])
        assert (await caller.get("/payments", status="Open")).json["totalItems"] == 2
        assert (await submit(caller, rids[:1])).status == 200


@pytest.mark.parametrize(("fault", "done"), [("reset-before", 0), ("500", 0), ("reset-after", 1), ("truncated", 1)])
async def test_a_fault_does_the_work_or_not_as_its_name_says(open_sandbox: Any, fault: str, done: int) -> None:
    async with open_sandbox() as caller:
        rids = await create(caller, order())
        caller.sandbox.add_fault(f"{fault}:payments.create")
        caller.sandbox.add_fault(f"{fault}:payments.submit")
        sends = (caller.send("POST", "/payments", json=[order()]), submit(caller, rids))
        for send in sends:
            if fault == "500":
                assert (await send).status == 500
            else:
                with pytest.raises(aiohttp.ClientError):
                    await send
        assert len(caller.sandbox.payment_rids()) == 1 + done
        assert len(caller.sandbox.transmissions()) == done
        assert caller.sandbox.count("payments.submit") == 1
