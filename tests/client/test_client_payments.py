"""Payment files and payments: stored, sent, followed; what is refused before it leaves, and what is an answer."""

import asyncio
import base64
import json
import logging
import pickle
from collections.abc import Sequence
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Any

import pytest

from konfipay_async import KonfipayClient, Lane, Limits
from konfipay_async.errors import (
    BadRequestError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    WaitTimeoutError,
)
from konfipay_async.models import NewPayment, Party, PaymentOrder, StatusValue
from konfipay_async.pain import LARGEST
from konfipay_async.resources.payments import SubmittedPayment
from konfipay_async.sandbox import ApiKey

OTHER = "DE02120300000000202051"
NAME = "Käthe Vogelsang"


async def accounts(client: Any) -> tuple[Any, Any]:
    """An active account in euros, and an inactive one."""
    every = [account async for account in client.bank_accounts.list()]
    active = next(account for account in every if account.is_active and account.currency == "EUR")
    return active, next(account for account in every if not account.is_active)


def pain(account: Any, amounts: Sequence[str] = ("10.99", "0.01"), *, batches: int = 1, debit: bool = False) -> bytes:
    """A pain message with the elements that matter."""
    kind, own, other = ("008", "Cdtr", "Dbtr") if debit else ("001", "Dbtr", "Cdtr")
    order = "DrctDbtTxInf" if debit else "CdtTrfTxInf"

    def one(number: int, amount: str) -> str:
        paid = f'<InstdAmt Ccy="{account.currency}">{amount}</InstdAmt>'
        return (
            f"<{order}><PmtId><EndToEndId>E-{number}</EndToEndId></PmtId>{paid if debit else f'<Amt>{paid}</Amt>'}"
            f"<{other}><Nm>{NAME}</Nm></{other}><{other}Acct><Id><IBAN>{OTHER}</IBAN></Id></{other}Acct>"
            f"<RmtInf><Ustrd>Rechnung {number}</Ustrd></RmtInf></{order}>"
        )

    day = "ReqdColltnDt" if debit else "ReqdExctnDt"
    batch = (
        f"<PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>{'DD' if debit else 'TRF'}</PmtMtd><{day}>2025-02-17</{day}>"
        f"<{own}><Nm>Nordlicht</Nm></{own}><{own}Acct><Id><IBAN>{account.iban}</IBAN></Id></{own}Acct>"
        f"{''.join(one(number, amount) for number, amount in enumerate(amounts, 1))}</PmtInf>"
    )
    message = "CstmrDrctDbtInitn" if debit else "CstmrCdtTrfInitn"
    total = sum(map(Decimal, amounts)) * batches
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.{kind}.001.03">'
        f"<{message}><GrpHdr><MsgId>MSG-1</MsgId><NbOfTxs>{len(amounts) * batches}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
        f"</GrpHdr>{batch * batches}</{message}></Document>"
    ).encode()


def payment(own: Any, **changes: Any) -> NewPayment:
    order = {"type": "TRF", "amount": Decimal("10.99"), "currency": "EUR", "execution_date": date(2025, 2, 17)}
    other = Party(iban=OTHER, description=NAME)
    return NewPayment(PaymentOrder(**order | changes), Party(rid=own.rid), other)


# Payment files


async def test_a_file_is_stored_and_not_sent(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        file = await client.payment_files.upload(pain(own))
        assert (file.format, file.payment_type, file.execution_date) == ("pain.001", "TRF", date(2025, 2, 17))
        assert not file.status.value.is_final
        assert not file.status.value.has_failed
        assert sandbox.transmissions() == []
        assert sandbox.requests[-1].query == {"submit": "false"}
        assert await client.payment_files.get(file.rid) == file


async def test_what_konfipay_is_to_do_is_always_said(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        sent = await client.payment_files.upload(pain(own), submit=True, scope="Sepa", verification_of_payee=False)
        assert sandbox.requests[-1].query == {"submit": "true", "scope": "Sepa", "verification-of-payee": "false"}
        assert sent.status.value == StatusValue.KON_ACCEPTED_AND_QUEUED
        assert len(sandbox.transmissions()) == 1
        await client.payment_files.upload(pain(own), verification_of_payee=True)
        assert sandbox.requests[-1].query == {"submit": "false", "verification-of-payee": "true"}


@pytest.mark.parametrize("value", ["true", 1, 0, None])
async def test_what_is_neither_true_nor_false_is_refused_before_anything_is_sent(pair: Any, value: Any) -> None:
    """A text that says false would be a truth."""
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        sandbox.requests.clear()
        calls = [client.payment_files.upload(pain(own), submit=value), client.payment_files.submit("x", force=value)]
        if value is not None:
            calls.append(client.payment_files.upload(pain(own), verification_of_payee=value))
            calls.append(client.payment_files.submit("x", verification_of_payee=value))
        for call in calls:
            with pytest.raises(ConfigurationError, match="True or False"):
                await call
        assert sandbox.requests == []


@pytest.mark.parametrize(("uploads", "media_type"), [("raw", "application/xml"), ("json", "application/json")])
@pytest.mark.parametrize("method", ["upload", "extract"])
async def test_how_a_file_goes_out(
    raw_server: Any, new_client: Any, pair: Any, uploads: str, media_type: str, method: str
) -> None:
    async with pair() as (_, client):
        own, _ = await accounts(client)
    content = pain(own)

    def answer(request: Any) -> bytes:
        if request.path == "authentication/token":
            return raw_server.token()
        return raw_server.reply(201, {"paymentInfo": {"rId": "f-1"}} if method == "upload" else [{"rId": "p-1"}])

    async with raw_server(answer) as server, new_client(server, uploads=uploads) as client:
        await getattr(client.payment_files, method)(content)
        request = server.requests[-1]
        assert request.headers["content-type"] == media_type
        assert request.headers["accept"] == "application/json"
        body = json.loads(request.body) if uploads == "json" else {"content": base64.b64encode(request.body).decode()}
        assert body == {"content": base64.b64encode(content).decode()}
        path = "payment-files?submit=false" if method == "upload" else "payment-files/extract"
        assert request.target == f"/api/v6/{path}"


async def test_files_as_json_are_the_same_files(pair: Any) -> None:
    async with pair(uploads="json") as (sandbox, client):
        own, _ = await accounts(client)
        file = await client.payment_files.upload(pain(own), submit=True)
        assert [one.payment_file_rid for one in sandbox.transmissions()] == [file.rid]
        assert sandbox.transmissions()[0].sum_of_orders == Decimal("11.00")
        extracted = await client.payment_files.extract(pain(own))
        assert [one.order.amount for one in extracted] == [Decimal("10.99"), Decimal("0.01")]


def test_other_ways_for_files_to_go_out_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="give 'raw' or 'json'"):
        KonfipayClient("key", uploads="multipart")  # type: ignore[arg-type]


async def test_a_stored_file_is_sent(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        stored = await client.payment_files.upload(pain(own, debit=True))
        assert stored.format == "pain.008"
        sent = await client.payment_files.submit(stored.rid, verification_of_payee=True)
        assert sent.rid == stored.rid
        assert sent.status.value in list(StatusValue)
        assert [one.payment_file_rid for one in sandbox.transmissions()] == [stored.rid]
        asked = next(entry for entry in sandbox.requests if entry.route == "payment-files.submit")
        assert asked.query == {"verification-of-payee": "true"}


async def test_a_file_that_was_sent_is_not_sent_again(pair: Any) -> None:
    """So submitting may be repeated, by us and by the caller, whatever becomes of an answer."""
    faults = ["reset-after:payment-files.submit", "500:payment-files.submit@2", "truncated:payment-files.submit@3"]
    async with pair({"faults": faults}) as (sandbox, client):
        own, _ = await accounts(client)
        rid = (await client.payment_files.upload(pain(own))).rid
        await client.payment_files.submit(rid)
        await client.payment_files.submit(rid)
        assert sandbox.count("payment-files.submit") == 5
        assert len(sandbox.transmissions()) == 1


async def test_with_force_it_is_sent_again(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        rid = (await client.payment_files.upload(pain(own), submit=True)).rid
        sandbox.set_payment_status(rid, "FIN_REJECTED")
        assert (await client.payment_files.get(rid)).status.value.has_failed
        sent = await client.payment_files.submit(rid, force=True)
        assert len(sandbox.transmissions()) == 2
        assert not sent.status.value.has_failed
        asked = next(entry for entry in sandbox.requests if entry.route == "payment-files.submit")
        assert asked.query == {"force": "true"}


async def test_a_file_of_several_collections_is_refused_before_it_leaves(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        sandbox.requests.clear()
        with pytest.raises(ConfigurationError, match="2 collections"):
            await client.payment_files.upload(pain(own, batches=2))
        assert sandbox.requests == []
        # Extracting one leaves it to the server, and this one does not take it.
        with pytest.raises(BadRequestError):
            await client.payment_files.extract(pain(own, batches=2))
        assert sandbox.payment_rids() == sandbox.payment_file_rids() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        "<Document/>",
        bytearray(b"<Document/>"),
        bytes(LARGEST + 1),
        b"<Document",
        b"<!DOCTYPE a><Document/>",
        b'<Document xmlns="x"><CstmrCdtTrfInitn><GrpHdr/></CstmrCdtTrfInitn></Document>',
    ],
    ids=["empty", "text", "bytearray", "too large", "cut", "doctype", "nothing to pay"],
)
@pytest.mark.parametrize("method", ["upload", "extract"])
async def test_a_file_that_cannot_be_is_refused_before_it_leaves(pair: Any, method: str, content: Any) -> None:
    async with pair() as (sandbox, client):
        with pytest.raises(ConfigurationError, match="payment file"):
            await getattr(client.payment_files, method)(content)
        assert sandbox.requests == []


async def test_a_file_that_contradicts_itself_is_refused_before_it_leaves(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        sandbox.requests.clear()
        with pytest.raises(ConfigurationError, match="contradicts itself") as caught:
            await client.payment_files.upload(pain(own).replace(b"<CtrlSum>11.00", b"<CtrlSum>11.01"))
        for canary in (own.iban, OTHER, NAME, "Rechnung"):
            assert canary not in str(caught.value)
        assert sandbox.requests == []


async def test_what_konfipay_rejects_is_an_answer_and_no_error(pair: Any) -> None:
    async with pair({"payment_statuses": ["KON_REJECTED"]}) as (sandbox, client):
        own, inactive = await accounts(client)
        for file in (
            await client.payment_files.upload(pain(own), submit=True),
            await client.payment_files.upload(pain(inactive)),
        ):
            assert file.status.value is StatusValue.KON_REJECTED
            assert file.status.value.has_failed
            assert file.status.value.is_final
            assert file.status.error.code == "ERR-00-0000"
            assert file.status.error.message
            assert file.status.error.details
            assert await client.payment_files.wait(file.rid) == file
        assert sandbox.transmissions() == []


async def test_an_account_nobody_knows_is_an_error(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        with pytest.raises(BadRequestError, match="ERR-04-0009 UnknownBankAccount") as caught:
            await client.payment_files.upload(pain(own).replace(own.iban.encode(), b"DE89370400440532013000"))
        assert caught.value.codes == ("ERR-04-0009",)
        assert sandbox.payment_file_rids() == []


async def test_the_same_file_twice_is_rejected_where_konfipay_looks(pair: Any) -> None:
    async with pair({"duplicate_check": True}) as (sandbox, client):
        own, _ = await accounts(client)
        await client.payment_files.upload(pain(own), submit=True)
        again = await client.payment_files.upload(pain(own), submit=True)
        assert again.status.value is StatusValue.KON_REJECTED
        assert len(sandbox.transmissions()) == 1


async def test_files_in_pages_and_rows(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        files = [await client.payment_files.upload(pain(own, (f"{number}.00",))) for number in range(1, 6)]
        listed = [file async for file in client.payment_files.list(2)]
        assert listed == files
        assert [file.rid for file in listed] == sandbox.payment_file_rids()
        pages = [page async for page in client.payment_files.pages(2)]
        assert [file for page in pages for file in page.items] == files
        assert [(page.number, page.size, page.total_items) for page in pages] == [(1, 2, 5), (2, 2, 5), (3, 2, 5)]
        lists = [entry for entry in sandbox.requests if entry.route == "payment-files.list"]
        assert len(lists) == 6


async def test_filters_of_files(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        transfer = await client.payment_files.upload(pain(own), submit=True)
        debit = await client.payment_files.upload(pain(own, debit=True))

        async def found(**filters: Any) -> list[str]:
            return [file.rid async for file in client.payment_files.list(**filters)]

        assert await found(payment_type="TRF") == [transfer.rid]
        assert await found(status=StatusValue.KON_ACCEPTED_AND_QUEUED) == [transfer.rid]
        assert await found(status=str(debit.status.value)) == [debit.rid]
        assert await found(bank_account_rid=own.rid, purpose=None) == [transfer.rid, debit.rid]
        assert await found(min_execution_date=date(2025, 2, 17), max_execution_date=date(2025, 2, 17)) != []
        assert await found(max_execution_date=date(2025, 2, 16)) == []
        assert sandbox.requests[-1].status == 204
        assert await found(min_date=date(2000, 1, 1), extra={"future": True}) == [transfer.rid, debit.rid]
        assert sandbox.requests[-1].query == {
            "min-date": "2000-01-01",
            "future": "true",
            "page-number": "1",
            "page-size": "1000",
        }
        for wrong in ({"min_date": "2000-01-01"}, {"status": 5}, {"is_new": True}, {"extra": {"status": "x"}}):
            with pytest.raises(ConfigurationError):
                client.payment_files.list(**wrong)


async def test_files_that_are_not_there(pair: Any) -> None:
    async with pair() as (sandbox, client):
        for call in (
            client.payment_files.get("nobody-s"),
            client.payment_files.submit("nobody-s"),
            client.payment_files.submit("nobody-s", force=True),
            client.payment_files.wait("nobody-s"),
        ):
            with pytest.raises(NotFoundError, match="ERR-01-0001"):
                await call
        assert sandbox.transmissions() == []


@pytest.mark.parametrize("rid", ["", "..", "a/b", "x/../../payments", "a\\b"])
async def test_what_is_no_id_is_refused_before_anything_is_sent(pair: Any, rid: str) -> None:
    async with pair() as (sandbox, client):
        own = Party(rid="a-1")
        for call in (
            client.payment_files.get(rid),
            client.payment_files.submit(rid),
            client.payment_files.submit(rid, force=True),
            client.payment_files.wait(rid),
            client.payments.get(rid),
            client.payments.update(rid, payment(own)),
            client.payments.delete(rid),
            client.payments.submit(["p-1", rid]),
        ):
            with pytest.raises(ConfigurationError, match="rid"):
                await call
        assert sandbox.requests == []


# Following a file


async def test_each_status_is_seen_once(pair: Any, clock: Any) -> None:
    path = ["KON_ACCEPTED_AND_QUEUED", "FIN_UPLOAD_SUCCEEDED", "FIN_UPLOAD_SUCCEEDED", "FIN_ACCEPTED", "FIN_CONFIRMED"]
    async with pair({"payment_statuses": path, "status_every": 100.0}) as (_, client):
        own, _ = await accounts(client)
        file = await client.payment_files.upload(pain(own), submit=True)
        seen = [one.status.value async for one in client.payment_files.changes(file.rid)]
        assert seen == ["KON_ACCEPTED_AND_QUEUED", "FIN_UPLOAD_SUCCEEDED", "FIN_ACCEPTED", "FIN_CONFIRMED"]
        # Pauses from two seconds, growing by half.
        assert clock.slept[:4] == pytest.approx([2.0, 3.0, 4.5, 6.75])


@pytest.mark.parametrize("end", ["FIN_CONFIRMED", "FIN_REJECTED", "FIN_PARTIALLY_ACCEPTED", "FIN_VEU_CANCELED"])
async def test_waiting_returns_the_file_however_it_ended(pair: Any, end: str) -> None:
    async with pair({"payment_statuses": ["KON_ACCEPTED_AND_QUEUED", "FIN_UPLOAD_SUCCEEDED", end]}) as (_, client):
        own, _ = await accounts(client)
        rid = (await client.payment_files.upload(pain(own), submit=True)).rid
        file = await client.payment_files.wait(rid)
        assert (file.rid, file.status.value) == (rid, end)
        assert file.status.value.has_failed is (end != "FIN_CONFIRMED")


async def test_waiting_goes_on_where_an_upload_failed_that_konfipay_tries_again(pair: Any) -> None:
    path = ["FIN_UPLOAD_FAILED", "FIN_UPLOAD_FAILED", "FIN_UPLOAD_SUCCEEDED", "FIN_ACCEPTED"]
    async with pair({"payment_statuses": path}) as (_, client):
        own, _ = await accounts(client)
        failed = await client.payment_files.upload(pain(own), submit=True)
        assert (failed.status.value.has_failed, failed.status.value.is_final) == (True, False)
        file = await client.payment_files.wait(failed.rid, until=["FIN_ACCEPTED"])
        assert file.status.value is StatusValue.FIN_ACCEPTED


@pytest.mark.parametrize("until", [["FIN_ACCEPTED"], [StatusValue.FIN_ACCEPTED], {"FIN_ACCEPTED", "KON_WHATEVER"}])
async def test_waiting_ends_where_it_is_enough(pair: Any, until: Any) -> None:
    """Many banks never say more than FIN_ACCEPTED."""
    path = ["KON_ACCEPTED_AND_QUEUED", "FIN_UPLOAD_SUCCEEDED", "FIN_ACCEPTED"]
    async with pair({"payment_statuses": path}) as (_, client):
        own, _ = await accounts(client)
        rid = (await client.payment_files.upload(pain(own), submit=True)).rid
        assert (await client.payment_files.wait(rid, until=until)).status.value == "FIN_ACCEPTED"
        with pytest.raises(WaitTimeoutError, match="FIN_ACCEPTED after 3600 s") as caught:
            await client.payment_files.wait(rid)
        assert caught.value.last.status.value == "FIN_ACCEPTED"
        assert pickle.loads(pickle.dumps(caught.value)).last is None  # noqa: S301


async def test_a_status_nobody_knows_is_waited_for_by_its_name(pair: Any) -> None:
    async with pair({"payment_statuses": ["FIN_NEW_IN_2030", "FIN_CONFIRMED"]}) as (_, client):
        own, _ = await accounts(client)
        rid = (await client.payment_files.upload(pain(own), submit=True)).rid
        seen = [one.status.value async for one in client.payment_files.changes(rid, until=["FIN_NEWER"])]
        assert seen[-1] == "FIN_CONFIRMED"


@pytest.mark.parametrize("timeout", [1.0, 60.0, 3600.0])
async def test_waiting_ends_in_time(pair: Any, clock: Any, timeout: float) -> None:
    async with pair({"payment_statuses": ["FIN_UPLOAD_UNCLEAR"]}) as (_, client):
        own, _ = await accounts(client)
        rid = (await client.payment_files.upload(pain(own), submit=True)).rid
        began = clock.now
        with pytest.raises(WaitTimeoutError, match="FIN_UPLOAD_UNCLEAR"):
            await client.payment_files.wait(rid, timeout=timeout)
        assert clock.now - began == pytest.approx(timeout)
        assert max(clock.slept) <= 300.0


@pytest.mark.parametrize("until", ["FIN_ACCEPTED", StatusValue.FIN_ACCEPTED, ""])
async def test_one_status_is_no_list_of_them(pair: Any, until: Any) -> None:
    """Its letters would be waited for, and none of them ever comes."""
    async with pair() as (sandbox, client):
        with pytest.raises(ConfigurationError, match="until"):
            await client.payment_files.wait("x", until=until)
        with pytest.raises(ConfigurationError, match="timeout"):
            await client.payment_files.wait("x", timeout=0)
        assert sandbox.requests == []


async def test_leaving_what_is_followed_leaves_nothing(pair: Any, clock: Any, until: Any) -> None:
    async with pair({"payment_statuses": ["KON_ACCEPTED_AND_QUEUED"]}) as (_, client):
        own, _ = await accounts(client)
        rid = (await client.payment_files.upload(pain(own), submit=True)).rid
        async for _file in client.payment_files.changes(rid):
            break
        clock.held = True
        waiting = asyncio.create_task(client.payment_files.wait(rid))
        await until(lambda: clock.slept)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_following_goes_on_over_faults(pair: Any) -> None:
    faults = ["500:payment-files.get@2", "truncated:payment-files.get@3", "401:payment-files.get@4"]
    async with pair({"faults": faults}) as (_, client):
        own, _ = await accounts(client)
        rid = (await client.payment_files.upload(pain(own), submit=True)).rid
        assert (await client.payment_files.wait(rid)).status.value == "FIN_CONFIRMED"


# Payments out of files


async def test_the_orders_of_a_file_become_open_payments(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        extracted = await client.payment_files.extract(pain(own))
        assert [one.order.amount for one in extracted] == [Decimal("10.99"), Decimal("0.01")]
        assert {one.batch.rid for one in extracted} == {extracted[0].batch.rid}
        assert {one.batch.number_of_elements for one in extracted} == {2}
        assert all(one.is_open for one in extracted)
        assert extracted[0].other == Party(rid=extracted[0].other.rid, iban=OTHER, description=NAME)
        assert extracted[0].order.remittance_information == "Rechnung 1"
        # The file itself is neither kept nor sent.
        assert sandbox.payment_file_rids() == sandbox.transmissions() == []
        listed = [one async for one in client.payments.list(batch_rid=extracted[0].batch.rid)]
        assert listed == list(extracted)


# Payments


async def test_payments_are_created_in_a_batch_and_not_sent(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        given = payment(
            own,
            amount=Decimal("1234.50"),
            end_to_end_id="E-1",
            purpose_code="SALA",
            country="DE",
            charge_bearer="SLEV",
            instruction_id="I-1",
            remittance_information="Lohn März",
        )
        first, second = await client.payments.create([given, payment(own)])
        assert first.order == given.order
        assert str(first.order.amount) == "1234.50"
        assert (first.own.rid, first.own.iban) == (own.rid, own.iban)
        assert (first.other.iban, first.other.description) == (OTHER, NAME)
        assert first.batch == second.batch
        assert first.batch.number_of_elements == 2
        assert first.is_open
        assert await client.payments.get(first.rid) == first
        assert sandbox.transmissions() == []


async def test_an_account_may_be_named_by_its_iban(pair: Any) -> None:
    async with pair() as (_, client):
        own, _ = await accounts(client)
        spaced = " ".join(own.iban[at : at + 4] for at in range(0, len(own.iban), 4))
        for iban in (own.iban, spaced, own.iban.lower()):
            given = NewPayment(payment(own).order, Party(iban=iban), Party(iban=OTHER, description=NAME))
            (created,) = await client.payments.create([given])
            assert created.own.rid == own.rid


async def test_payments_in_pages_and_by_their_filters(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        created = [(await client.payments.create([payment(own)]))[0] for _ in range(5)]
        assert [one async for one in client.payments.list(2)] == created
        pages = [page async for page in client.payments.pages(2)]
        assert [one for page in pages for one in page.items] == created
        assert [len(page.items) for page in pages] == [2, 2, 1]
        (done,) = await client.payments.submit([created[2].rid])

        async def found(**filters: Any) -> list[str]:
            return [one.rid async for one in client.payments.list(**filters)]

        still_open = [one.rid for one in created if one is not created[2]]
        assert await found(status="Open") == await found(status="Pending") == still_open
        assert await found(status="Processed") == [created[2].rid]
        assert await found(payment_file_rid=done.payment_file.rid) == [created[2].rid]
        assert await found(batch_rid=created[0].batch.rid) == [created[0].rid]
        assert await found(status="Processed", batch_rid=created[0].batch.rid) == []
        assert sandbox.requests[-1].status == 204
        with pytest.raises(ConfigurationError, match="'Open' or 'Pending' or 'Processed'"):
            client.payments.list(status="open")


async def test_an_open_payment_is_changed_and_deleted(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        first, second = await client.payments.create([payment(own), payment(own)])
        changed = await client.payments.update(first.rid, payment(own, amount=Decimal("5.00")))
        assert (changed.rid, str(changed.order.amount)) == (first.rid, "5.00")
        assert await client.payments.get(first.rid) == changed
        await client.payments.delete(second.rid)
        assert sandbox.payment_rids() == [first.rid]
        with pytest.raises(NotFoundError):
            await client.payments.get(second.rid)


async def test_a_deletion_whose_answer_was_lost_is_one(pair: Any) -> None:
    """The repeat finds nothing to delete; where the first attempt certainly did nothing, nothing was there."""
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        (created,) = await client.payments.create([payment(own)])
        sandbox.add_fault("reset-after:payments.delete")
        await client.payments.delete(created.rid)
        assert sandbox.payment_rids() == []
        sandbox.add_fault("429:payments.delete=1")
        with pytest.raises(NotFoundError):
            await client.payments.delete(created.rid)


async def test_following_a_file_outlives_an_outage(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        file = await client.payment_files.upload(pain(own), submit=True)
        sandbox.add_fault("500:payment-files.getx7")
        assert (await client.payment_files.wait(file.rid)).status.value == "FIN_CONFIRMED"


async def test_a_payment_in_a_file_is_neither_changed_nor_deleted(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        (created,) = await client.payments.create([payment(own)])
        await client.payments.submit([created.rid])
        with pytest.raises(ConflictError):
            await client.payments.update(created.rid, payment(own))
        with pytest.raises(ConflictError):
            await client.payments.delete(created.rid)
        assert sandbox.payment_rids() == [created.rid]


async def test_payments_are_submitted_and_read_back(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        created = await client.payments.create(
            [payment(own), payment(own), payment(own, execution_date=date(2025, 2, 18))]
        )
        submitted = await client.payments.submit([one.rid for one in created], batch_booking=False)
        assert [one.rid for one in submitted] == [one.rid for one in created]
        assert all(one.error is None for one in submitted)
        first, second, third = [one.payment_file.rid for one in submitted]
        assert first == second != third
        assert [one.number_of_orders for one in sandbox.transmissions()] == [2, 1]
        assert {one.batch_booking for one in sandbox.transmissions()} == {False}
        assert not (await client.payments.get(created[0].rid)).is_open
        await client.payments.submit([(await client.payments.create([payment(own)]))[0].rid])
        assert sandbox.transmissions()[-1].batch_booking is True


async def test_submitting_what_is_not_there_sends_nothing(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        (created,) = await client.payments.create([payment(own)])
        with pytest.raises(BadRequestError, match="ERR-01-0001"):
            await client.payments.submit([created.rid, "nobody-s"])
        assert sandbox.transmissions() == []
        assert (await client.payments.get(created.rid)).is_open


async def test_submitting_what_was_submitted_sends_nothing(pair: Any) -> None:
    async with pair() as (sandbox, client):
        own, _ = await accounts(client)
        first, second = await client.payments.create([payment(own), payment(own)])
        await client.payments.submit([first.rid])
        with pytest.raises(ConflictError):
            await client.payments.submit([first.rid, second.rid])
        assert len(sandbox.transmissions()) == 1
        both = await client.payments.submit([first.rid, second.rid], fail_on_submitted_payments=False)
        assert len(sandbox.transmissions()) == 2
        assert sandbox.transmissions()[-1].payment_rids == (second.rid,)
        assert both[0].payment_file.rid != both[1].payment_file.rid


async def test_what_cannot_be_read_back_was_submitted_all_the_same(pair: Any) -> None:
    async with pair({"faults": ["403:payments.get@2"]}) as (sandbox, client):
        own, _ = await accounts(client)
        created = await client.payments.create([payment(own), payment(own)])
        submitted = await client.payments.submit([one.rid for one in created])
        assert len(sandbox.transmissions()) == 1
        (unread,) = [one for one in submitted if one.error is not None]
        assert isinstance(unread.error, ForbiddenError)
        assert unread.payment_file is None
        assert unread == SubmittedPayment(unread.rid, error=unread.error)


async def test_payments_of_an_inactive_account_end_in_a_file_that_is_rejected(pair: Any) -> None:
    async with pair() as (sandbox, client):
        _, inactive = await accounts(client)
        (created,) = await client.payments.create([payment(inactive)])
        (submitted,) = await client.payments.submit([created.rid])
        assert submitted.payment_file.status.value is StatusValue.KON_REJECTED
        assert sandbox.transmissions() == []


# What is refused before it leaves

IMPOSSIBLE = [
    ("amount", 10.99, "float"),
    ("amount", 10, "int"),
    ("amount", "10.99", "str"),
    ("amount", True, "bool"),
    ("amount", None, "NoneType"),
    ("amount", Decimal("-0.01"), "above 0"),
    ("amount", Decimal(0), "above 0"),
    ("amount", Decimal("-0"), "above 0"),
    ("amount", Decimal("0.001"), "two decimals"),
    ("amount", Decimal("10.995"), "two decimals"),
    ("amount", Decimal("NaN"), "not possible"),
    ("amount", Decimal("sNaN"), "not possible"),
    ("amount", Decimal("Infinity"), "not possible"),
    ("amount", Decimal("1e18"), "not possible"),
    ("amount", Decimal("1e999999"), "not possible"),
    ("amount", Decimal("1e-999999"), "not possible"),
]


@pytest.mark.parametrize(("field", "value", "said"), IMPOSSIBLE, ids=str)
async def test_amounts_that_cannot_be(pair: Any, field: str, value: Any, said: str) -> None:
    async with pair() as (sandbox, client):
        own = Party(rid="a-1")
        wrong = payment(own, **{field: value})
        with pytest.raises(ConfigurationError, match=said) as caught:
            await client.payments.create([payment(own), wrong])
        assert "payment 2" in str(caught.value)
        with pytest.raises(ConfigurationError, match=said):
            await client.payments.update("p-1", wrong)
        assert sandbox.requests == []


@pytest.mark.parametrize(
    "amount", ["0.01", "1", "1.5", "10.990", "10.99000", "1E+2", "123456789012345678", "99999999999999999.99"]
)
async def test_amounts_that_can_be(pair: Any, amount: str) -> None:
    """In whatever decimal context the caller works."""
    async with pair() as (_, client):
        own, _ = await accounts(client)
        with localcontext(Context(prec=3)):
            (created,) = await client.payments.create([payment(own, amount=Decimal(amount))])
        assert created.order.amount == Decimal(amount)


@pytest.mark.parametrize(
    "iban",
    ["", "DE02120300000000202052", "DE0212030000000020205", "XX", "12345", "DE02-1203-0000-0000-20", "dé02"],
)
async def test_ibans_that_cannot_be(pair: Any, iban: str) -> None:
    async with pair() as (sandbox, client):
        order = payment(Party(rid="a-1")).order
        for side, own, other in (
            ("other", Party(rid="a-1"), Party(iban=iban, description=NAME)),
            ("own", Party(iban=iban), Party(iban=OTHER, description=NAME)),
        ):
            with pytest.raises(ConfigurationError, match=rf"payment 1: {side}") as caught:
                await client.payments.create([NewPayment(order, own, other)])
            assert not iban or iban not in str(caught.value)
            assert NAME not in str(caught.value)
        assert sandbox.requests == []


async def test_payments_that_cannot_be(pair: Any) -> None:
    async with pair() as (sandbox, client):
        order = payment(Party(rid="a-1")).order
        for payments, said in (
            ([], "empty"),
            ([{"amount": 1}], "give a NewPayment, not dict"),
            ([NewPayment(order, Party(), Party(iban=OTHER))], "own has neither rid nor iban"),
            ([NewPayment(order, Party(rid="a-1"), Party())], "other.iban is missing"),
        ):
            with pytest.raises(ConfigurationError, match=said):
                await client.payments.create(payments)
        for rids, said in (
            ([], "at least one"),
            ("p-1", "as a list"),
            (["p-1", "p-2", "p-1"], "named twice"),
            (["p-1", ""], "no id"),
            (["p-1", None], "no id"),
        ):
            with pytest.raises(ConfigurationError, match=said):
                await client.payments.submit(rids)
        assert sandbox.requests == []


# Keys, lanes and limits


async def test_a_key_without_the_scope_is_told_which_it_lacks(pair: Any) -> None:
    key = ApiKey("other", scopes=frozenset({"Transactions", "BankAccounts"}))
    async with pair({"api_key": key}) as (sandbox, client):
        own, _ = await accounts(client)
        for call in (
            client.payment_files.upload(pain(own), submit=True),
            client.payment_files.extract(pain(own)),
            client.payment_files.submit("x"),
            client.payment_files.submit("x", force=True),
            client.payment_files.get("x"),
            client.payment_files.wait("x"),
            anext(client.payment_files.list()),
            client.payments.create([payment(own)]),
            client.payments.update("x", payment(own)),
            client.payments.delete("x"),
            client.payments.submit(["x"]),
            client.payments.get("x"),
            anext(client.payments.list()),
        ):
            with pytest.raises(ForbiddenError, match="It is the scope 'Payments' that this needs"):
                await call
        assert sandbox.payment_file_rids() == sandbox.payment_rids() == []


async def test_payments_go_before_lists(pair: Any, log: Any) -> None:
    async with pair() as (_, client):
        own, _ = await accounts(client)
        created = await client.payments.create([payment(own)])
        await client.payments.submit([one.rid for one in created])
        assert [one async for one in client.payments.list()]
        lanes = {(one.request.method, one.request.path): one.request.lane for one in log.attempts}
        assert lanes["POST", "payments"] is lanes["POST", "payments/submit"] is Lane.SINGLE
        assert lanes["GET", "payments"] is Lane.BULK


async def test_a_limit_that_is_used_up_delays_a_payment_and_never_doubles_it(pair: Any) -> None:
    server = {"faults": ["429:payments.create=1", "429:payments.submit@1x2=1", "429:payment-files.upload=1"]}
    async with pair(server, limits=Limits(per_second=100_000)) as (sandbox, client):
        own, _ = await accounts(client)
        (created,) = await client.payments.create([payment(own)])
        await client.payments.submit([created.rid])
        await client.payment_files.upload(pain(own), submit=True)
        assert len(sandbox.payment_rids()) == 3
        assert len(sandbox.transmissions()) == 2


async def test_errors_of_payments_show_nobody(pair: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    faults = ["500:payments.updatex99", "400-xml:payments.create", "garbage:payments.get", "429:payments.list=900"]
    async with pair({"faults": faults}) as (_, client):
        own, _ = await accounts(client)
        errors = []
        for call in (client.payments.update("x", payment(own)), client.payments.create([payment(own)])):
            with pytest.raises((ServerError, BadRequestError, RateLimitedError)) as caught:
                await call
            errors.append(caught.value)
        text = caplog.text + "".join(f"{error} {error!r} {pickle.dumps(error)!r}" for error in errors)
        for canary in (own.iban, OTHER, NAME, "Vogelsang"):
            assert canary not in text


async def test_a_login_that_is_refused_names_no_scope(pair: Any) -> None:
    """It is one error for all who wait for it."""
    async with pair({"faults": ["403:authentication.tokenx999"]}) as (sandbox, client):
        found = await asyncio.gather(*(client.payment_files.get("a") for _ in range(20)), return_exceptions=True)
        assert {type(error) for error in found} == {ForbiddenError}
        assert not [error for error in found if "It is the scope" in str(error)]
        assert sandbox.count("payment-files.get") == 0
