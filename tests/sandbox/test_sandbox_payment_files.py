"""Payment files over the wire: what is taken, what is sent, and how the status goes on."""

import base64
import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from aiohttp.payload import BytesIOPayload

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import ApiKey, Sandbox
from konfipay_async.sandbox.konfipay.banks import Account, make_accounts
from konfipay_async.sandbox.konfipay.german_time import german_time
from konfipay_async.sandbox.konfipay.payment_reading import read_payment_document
from konfipay_async.sandbox.konfipay.payment_status import USUAL_PATH

EUR, USD, CHF, INACTIVE = make_accounts(0, 4)
OTHER = "DE02120300000000202051"
SENT = "KON_ACCEPTED_AND_QUEUED"


def pain(
    amounts: Sequence[str] = ("10.99", "0.01"),
    *,
    account: Account = EUR,
    kind: str = "001",
    namespace: str = "urn:iso:std:iso:20022:tech:xsd:pain.{kind}.001.03",
    message_id: str = "MSG-1",
    day: str = "2025-02-17",
    currency: str | None = None,
    own_currency: bool = False,
    totals: tuple[int, str] | None = None,
    times: int = 1,
    head: str = '<?xml version="1.0" encoding="UTF-8"?>',
) -> str:
    """A pain message with the elements that matter, in their order."""
    credit = kind == "001"
    own, other = ("Dbtr", "Cdtr") if credit else ("Cdtr", "Dbtr")
    sign = currency or account.currency

    def order(number: int, amount: str) -> str:
        paid = f'<InstdAmt Ccy="{sign}">{amount}</InstdAmt>'
        return (
            f"<{'CdtTrf' if credit else 'DrctDbt'}TxInf><PmtId><InstrId>I-{number}</InstrId>"
            f"<EndToEndId>E-{number}</EndToEndId></PmtId>{f'<Amt>{paid}</Amt>' if credit else paid}"
            f"<{other}><Nm>Käthe &amp; Söhne {number}</Nm></{other}>"
            f"<{other}Acct><Id><IBAN>{OTHER}</IBAN></Id></{other}Acct>"
            f"<Purp><Cd>SALA</Cd></Purp><RmtInf><Ustrd>Rechnung {number}</Ustrd></RmtInf>"
            f"</{'CdtTrf' if credit else 'DrctDbt'}TxInf>"
        )

    orders = "".join(order(number, amount) for number, amount in enumerate(amounts, start=1))
    number, total = totals or (len(amounts) * times, str(sum(map(Decimal, amounts), Decimal()) * times))
    date = "ReqdExctnDt" if credit else "ReqdColltnDt"
    when = f"<Dt>{day}</Dt>" if namespace.endswith(".09") else day
    batch = (
        f"<PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>{'TRF' if credit else 'DD'}</PmtMtd><BtchBookg>true</BtchBookg>"
        f"<{date}>{when}</{date}><{own}><Nm>Nordlicht</Nm></{own}>"
        f"<{own}Acct><Id><IBAN>{account.iban}</IBAN></Id>{f'<Ccy>{account.currency}</Ccy>' if own_currency else ''}"
        f"</{own}Acct><ChrgBr>SLEV</ChrgBr>{orders}</PmtInf>"
    )
    message = "CstmrCdtTrfInitn" if credit else "CstmrDrctDbtInitn"
    return (
        f'{head}<Document xmlns="{namespace.format(kind=kind)}"><{message}><GrpHdr><MsgId>{message_id}</MsgId>'
        f"<NbOfTxs>{number}</NbOfTxs><CtrlSum>{total}</CtrlSum></GrpHdr>{batch * times}</{message}></Document>"
    )


def container(*messages: str) -> str:
    inner = "".join(f"<MsgPain001><HashValue>0</HashValue>{message}</MsgPain001>" for message in messages)
    return f'<conxml xmlns="urn:conxml:xsd:container.nnn.001.02"><ContainerId>X</ContainerId>{inner}</conxml>'


def dtazv(amounts: Sequence[str] = ("1500.000", "0.500"), *, orders: int | None = None) -> str:
    """A DTAZV file with an order for each amount, all its records in one line."""
    code, number = EUR.iban[4:12], EUR.iban[12:]
    records = ""
    for amount in amounts:
        units, parts = amount.split(".")
        records += (
            f"0768T{code}EUR{number}000000{code}EUR{number}{'CHASUS33XXX':11}{'US':3}{'':140}{'US':3}{'ACME Inc.':140}"
            f"{'':70}{'/US123456789':35}USD{units:0>14}{parts:3}{'Invoice 77':140}{'00' * 4}{'':25}00{'':2}{'':27}"
            f"{'':35}0{'':51}00"
        )
    total = sum(int(amount.partition(".")[0]) for amount in amounts)
    head = f"0256Q{code}{'4711':10}{'Nordlicht':140}25021701250218N00{code}{'':68}"
    return f"{head}{records}0256Z{total:015d}{len(amounts) if orders is None else orders:015d}{'':221}"


async def post(caller: Any, path: str, content: str | bytes, kind: str = "application/xml", **query: str) -> Any:
    data = content.encode("latin-1" if content.startswith("0256") else "utf-8") if isinstance(content, str) else content
    params = {name.replace("_", "-"): value for name, value in query.items()}
    return await caller.send("POST", path, data=BytesIOPayload(io.BytesIO(data), content_type=kind), params=params)


async def upload(caller: Any, content: str | bytes | None = None, **query: str) -> Any:
    return await post(caller, "/payment-files", pain() if content is None else content, **query)


async def uploaded(caller: Any, content: str | None = None, **query: str) -> dict[str, Any]:
    reply = await upload(caller, content, **query)
    assert reply.status == 201, reply.body
    (info,) = reply.json.values()
    return dict(info)


async def submit(caller: Any, rid: str, **query: str) -> Any:
    return await caller.send("POST", f"/payment-files/{rid}/submit", params=query)


async def status(caller: Any, rid: str) -> dict[str, Any]:
    return dict((await caller.get(f"/payment-files/{rid}")).json["paymentInfo"]["status"])


def error_code(reply: Any) -> tuple[int, str]:
    (error,) = reply.json["errors"]
    return reply.status, error["errorCode"]


# Sending


async def test_a_file_is_sent_at_once(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(**clock.arguments) as caller:
        reply = await upload(caller)
        assert reply.status == 201
        info = reply.json["paymentInfo"]
        assert list(reply.json) == ["paymentInfo"]
        assert list(info) == ["rId", "timestamp", "format", "executionDate", "paymentType", "status"]
        assert (info["format"], info["executionDate"], info["paymentType"]) == ("pain.001", "2025-02-17", "TRF")
        assert info["status"] == {"statusValue": SENT}
        created = datetime.fromisoformat(info["timestamp"])
        assert created.utcoffset() in (timedelta(hours=1), timedelta(hours=2))
        assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)
        (sent,) = caller.sandbox.transmissions()
        assert (sent.payment_file_rid, sent.message_id, sent.at) == (info["rId"], "MSG-1", clock.time)
        assert sent.sha256 == hashlib.sha256(pain().encode()).hexdigest()
        assert (sent.number_of_orders, sent.sum_of_orders, sent.batch_booking) == (2, Decimal("11.00"), True)
        assert list(sent.payment_rids) == caller.sandbox.payment_rids()
        assert caller.sandbox.payment_file_rids() == [info["rId"]]


async def test_a_stored_file_is_sent_once_and_again_only_with_force(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        info = await uploaded(caller, submit="false")
        rid = info["rId"]
        assert info["status"] == {"statusValue": "KON_STORED"}
        assert await status(caller, rid) == {"statusValue": "KON_STORED"}
        assert caller.sandbox.transmissions() == []
        for sent, query in enumerate([{}, {}, {"force": "false"}, {"force": "true"}]):
            reply = await submit(caller, rid, **query)
            assert (reply.status, reply.json["paymentInfo"]["rId"]) == (200, rid)
            assert len(caller.sandbox.transmissions()) == (2 if sent == 3 else 1)
        first, second = caller.sandbox.transmissions()
        assert first.payment_rids == second.payment_rids
        assert len(caller.sandbox.payment_rids()) == 2
        assert caller.sandbox.count("payment-files.submit", 200) == 4


async def test_the_same_file_is_sent_again_when_nobody_checks(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rids = {(await uploaded(caller))["rId"] for _ in range(2)}
        first, second = caller.sandbox.transmissions()
        assert {first.payment_file_rid, second.payment_file_rid} == rids
        assert first.sha256 == second.sha256
        assert not set(first.payment_rids) & set(second.payment_rids)


async def test_a_double_submission_is_rejected_when_the_portal_checks(open_sandbox: Any) -> None:
    async with open_sandbox(duplicate_check=True) as caller:
        await uploaded(caller)
        double = await uploaded(caller)
        assert double["status"]["statusValue"] == "KON_REJECTED"
        assert double["status"]["error"]["errorMessage"] == "DoubleSubmission"
        assert (await submit(caller, double["rId"])).json["paymentInfo"]["status"] == double["status"]
        assert (await uploaded(caller, pain(message_id="MSG-2")))["status"]["statusValue"] == SENT
        assert [sent.message_id for sent in caller.sandbox.transmissions()] == ["MSG-1", "MSG-2"]


async def test_what_was_rejected_is_no_double(open_sandbox: Any) -> None:
    async with open_sandbox(duplicate_check=True) as caller:
        for _ in range(2):
            rejected = await uploaded(caller, pain(account=INACTIVE))
            assert rejected["status"]["error"]["errorMessage"] == "InactiveBankAccount"


async def test_json_with_base64_is_the_same_file(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        await uploaded(caller)
        content = {"content": base64.b64encode(pain().encode()).decode()}
        reply = await caller.send("POST", "/payment-files", json=content)
        assert reply.status == 201
        first, second = caller.sandbox.transmissions()
        assert first.sha256 == second.sha256


async def test_what_is_in_it_survives_leaving_and_entering(open_sandbox: Any) -> None:
    sandbox = Sandbox()
    async with sandbox, aiohttp.ClientSession() as http:
        url, key = sandbox.base_url, sandbox.api_key
        login = {"apiKey": key, "client": {"name": "tests", "version": "1.0"}}
        async with http.post(f"{url}/authentication/token", json=login) as answer:
            token = {"Authorization": f"Bearer {(await answer.json())['accessToken']}"}
        async with http.post(f"{url}/payment-files", data=pain().encode(), headers=token) as answer:
            rid = (await answer.json())["paymentInfo"]["rId"]
    async with sandbox, aiohttp.ClientSession() as http:
        async with http.get(f"{url}/payment-files/{rid}", headers=token) as answer:
            assert answer.status == 200
        assert len(sandbox.transmissions()) == 1


# What is taken


SWISS = "http://www.six-interbank-clearing.com/de/pain.{kind}.001.03.ch.02.xsd"
ISO = "urn:iso:std:iso:20022:tech:xsd:pain.{kind}.001."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (pain(namespace=ISO + "09"), ("pain.001", "TRF", "2025-02-17")),
        (pain(namespace=SWISS, account=CHF), ("pain.001", "TRF", "2025-02-17")),
        (pain(namespace=ISO + "02", kind="008"), ("pain.008", "DD", "2025-02-17")),
        (container(pain(head="")), ("container", "TRF", "2025-02-17")),
        (dtazv(), ("dtazv", "CBTRF", "2025-02-18")),
    ],
    ids=["pain.001.001.09", "swiss", "pain.008", "container", "dtazv"],
)
async def test_formats_are_detected(open_sandbox: Any, content: str, expected: tuple[str, ...]) -> None:
    async with open_sandbox() as caller:
        info = await uploaded(caller, content)
        assert (info["format"], info["paymentType"], info["executionDate"]) == expected
        assert info["status"] == {"statusValue": SENT}
        (sent,) = caller.sandbox.transmissions()
        assert sent.number_of_orders == 2
        assert sent.sum_of_orders == Decimal("1500.5" if info["format"] == "dtazv" else "11.00")


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_names_are_read_in_the_encoding_of_the_file(encoding: str) -> None:
    text = pain(head=f'<?xml version="1.0" encoding="{encoding}"?>')
    document = read_payment_document(text.encode(encoding))
    assert [order.other_name for order in document.orders] == ["Käthe & Söhne 1", "Käthe & Söhne 2"]


def test_a_dtazv_order_is_read_by_its_places() -> None:
    document = read_payment_document(dtazv().encode("latin-1"))
    first, second = document.orders
    assert (first.amount, second.amount, first.currency) == (Decimal(1500), Decimal("0.5"), "USD")
    assert (str(first.amount), str(second.amount)) == ("1500", "0.5")
    assert (first.other_iban, first.other_name, first.other_bic) == ("US123456789", "ACME Inc.", "CHASUS33XXX")
    assert (first.country, first.remittance) == ("US", "Invoice 77")
    assert (document.own_iban, document.own_name, document.own_currency) == (EUR.iban, "Nordlicht", "EUR")


@pytest.mark.parametrize(
    ("scope", "content", "code"),
    [
        ("Sepa", pain(), 201),
        ("sepa", container(pain(head="")), 201),
        ("Sepa", dtazv(), 400),
        ("Iso20022", pain(), 201),
        ("Iso20022", container(pain(head="")), 400),
        ("Dtazv", dtazv(), 201),
        ("Dtazv", pain(), 400),
        ("Ccft", pain(), 400),
    ],
)
async def test_a_scope_overrides_the_detection(open_sandbox: Any, scope: str, content: str, code: int) -> None:
    async with open_sandbox() as caller:
        assert (await upload(caller, content, scope=scope)).status == code
        assert len(caller.sandbox.payment_file_rids()) == (1 if code == 201 else 0)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"payment",
        b"\xff\xfe\x00",
        b"<Document/>",
        b"<html></html>",
        pain()[:-20],
        pain(head='<?xml version="1.0" encoding="klingon"?>'),
        pain(head=BOMB),
        pain(head=BOMB).replace("MSG-1", "&c;"),
        pain(head='<!DOCTYPE x SYSTEM "file:///etc/hostname">'),
        pain(times=2),
        container(pain(head=""), pain(head="")),
        container(),
        pain(namespace="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"),
        pain(namespace=""),
        pain(()),
        pain(("0",)),
        pain(("-5.00",)),
        pain().replace(">10.99<", ">ten<"),
        pain().replace(">10.99<", ">1e3<"),
        pain(day="17.02.2025"),
        pain(day=""),
        pain().replace(' Ccy="EUR"', ""),
        pain(message_id=""),
        pain().replace(OTHER, ""),
        pain().replace(EUR.iban, ""),
        dtazv()[:-1],
        dtazv()[:256] + dtazv()[-256:],
        dtazv().replace("00000000001500", "0000000000150x"),
    ],
)
async def test_what_is_no_payment_file_is_a_400_and_leaves_nothing(open_sandbox: Any, content: str | bytes) -> None:
    async with open_sandbox() as caller:
        for path in ("/payment-files", "/payment-files/extract"):
            assert error_code(await post(caller, path, content)) == (400, "ERR-00-0000")
        assert caller.sandbox.payment_file_rids() == caller.sandbox.payment_rids() == []
        assert caller.sandbox.transmissions() == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"content": 5}', b'{"content": "***"}', b'{"content": ""}', pain().encode()]
)
async def test_json_without_a_file_is_a_400(open_sandbox: Any, body: bytes) -> None:
    async with open_sandbox() as caller:
        reply = await post(caller, "/payment-files", body, "application/json; charset=utf-8")
        assert error_code(reply) == (400, "ERR-00-0000")


async def test_more_than_one_batch_is_named_as_the_reason(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        reply = await upload(caller, pain(times=2))
        assert "PmtInf" in reply.json["errors"][0]["errorDetails"]


@pytest.mark.parametrize("name", ["submit", "verification-of-payee"])
async def test_a_switch_is_true_or_false(open_sandbox: Any, name: str) -> None:
    async with open_sandbox() as caller:
        assert (await upload(caller, **{name: "yes"})).status == 400
        assert caller.sandbox.transmissions() == []
        assert (await upload(caller, **{name: "true"})).status == 201
        assert len(caller.sandbox.transmissions()) == 1


async def test_a_large_file_is_taken(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        content = pain(["0.01"] * 4000)
        assert len(content) > 1 << 20
        await uploaded(caller, content)
        assert caller.sandbox.transmissions()[0].sum_of_orders == 40


# Accounts


async def test_an_account_of_somebody_else_is_a_400(open_sandbox: Any) -> None:
    stranger = make_accounts(1, 1)[0]
    wrong_currency = pain(own_currency=True).replace("<Ccy>EUR</Ccy>", "<Ccy>GBP</Ccy>")
    async with open_sandbox() as caller:
        for content in (pain(account=stranger), wrong_currency):
            for path in ("/payment-files", "/payment-files/extract"):
                reply = await post(caller, path, content)
                assert error_code(reply) == (400, "ERR-04-0009")
                assert reply.json["errors"][0]["errorMessage"] == "UnknownBankAccount"
        assert caller.sandbox.payment_file_rids() == caller.sandbox.payment_rids() == []


async def test_accounts_that_share_an_iban_are_told_apart_by_currency(open_sandbox: Any) -> None:
    assert EUR.iban == USD.iban
    async with open_sandbox() as caller:
        for account, content in (
            (EUR, pain(currency="GBP")),
            (USD, pain(account=USD)),
            (USD, pain(account=USD, currency="EUR", own_currency=True)),
        ):
            info = await uploaded(caller, content)
            found = await caller.get("/payment-files", bank_account_rid=account.rid.upper())
            assert found.json["results"][-1]["paymentInfo"]["rId"] == info["rId"]


async def test_an_inactive_account_pays_nothing(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        for query in ({}, {"submit": "false"}):
            info = await uploaded(caller, pain(account=INACTIVE), **query)
            assert info["status"].keys() == {"statusValue", "error"}
            assert info["status"]["statusValue"] == "KON_REJECTED"
            assert info["status"]["error"].keys() == {"errorCode", "errorMessage", "errorDetails", "timestamp"}
            for force in ("false", "true"):
                answer = await submit(caller, info["rId"], force=force)
                assert answer.json["paymentInfo"]["status"]["statusValue"] == "KON_REJECTED"
        assert caller.sandbox.transmissions() == []


async def test_a_stored_file_is_not_sent_from_a_deleted_account(open_sandbox: Any) -> None:
    async with open_sandbox(delete_polls=0) as caller:
        rid = (await uploaded(caller, submit="false"))["rId"]
        for account in (EUR, USD):
            assert (await caller.send("DELETE", f"/bank-accounts/{account.rid}")).status == 202
        for force in ("false", "true"):
            assert error_code(await submit(caller, rid, force=force)) == (400, "ERR-04-0009")
        assert error_code(await upload(caller)) == (400, "ERR-04-0009")
        assert await status(caller, rid) == {"statusValue": "KON_STORED"}
        assert caller.sandbox.transmissions() == []


async def test_a_rejected_file_is_sent_with_force_once_its_account_is_active(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rid = (await uploaded(caller, pain(account=INACTIVE)))["rId"]
        await caller.send("PUT", "/bank-accounts", json={"rId": INACTIVE.rid, "isActive": True})
        assert (await submit(caller, rid)).json["paymentInfo"]["status"]["statusValue"] == "KON_REJECTED"
        assert (await submit(caller, rid, force="true")).json["paymentInfo"]["status"] == {"statusValue": SENT}
        assert [sent.payment_file_rid for sent in caller.sandbox.transmissions()] == [rid]


@pytest.mark.parametrize(
    "content",
    [pain(totals=(3, "11.00")), pain(totals=(2, "11.01")), pain(totals=(2, "x")), dtazv(orders=3)],
    ids=["number", "sum", "no sum", "dtazv"],
)
async def test_wrong_totals_are_rejected(open_sandbox: Any, content: str) -> None:
    async with open_sandbox() as caller:
        info = await uploaded(caller, content)
        assert info["status"]["statusValue"] == "KON_REJECTED"
        assert info["status"]["error"]["errorMessage"] == "InvalidPaymentFile"
        await submit(caller, info["rId"], force="true")
        assert caller.sandbox.transmissions() == []


# Status


async def test_the_status_goes_on_with_each_read(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rid = (await uploaded(caller))["rId"]
        other = (await uploaded(caller))["rId"]
        await caller.get("/payment-files")
        seen = [await status(caller, rid) for _ in range(4)]
        assert [one["statusValue"] for one in seen] == [*USUAL_PATH[1:], USUAL_PATH[-1]]
        assert all(one.keys() >= {"uploadTimestamp", "orderID", "reasonCode", "reason"} for one in seen)
        assert len({one["orderID"] for one in seen}) == 1
        assert len(seen[0]["orderID"]) == 4
        assert (await status(caller, other))["orderID"] != seen[0]["orderID"]


async def test_the_status_goes_on_with_the_clock(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(
        status_every=10.0, payment_statuses=("A", "B", "FIN_ACCEPTED"), **clock.arguments
    ) as caller:
        rid = (await uploaded(caller))["rId"]
        seen = []
        for seconds in (0.0, 9.5, 0.5, 0.0, 10.0, 1000.0):
            clock.time += seconds
            seen.append((await status(caller, rid))["statusValue"])
        assert seen == ["A", "A", "B", "B", "FIN_ACCEPTED", "FIN_ACCEPTED"]


async def test_an_order_id_comes_only_with_what_reached_the_bank(open_sandbox: Any) -> None:
    with_order_id = {
        "FIN_UPLOAD_SUCCEEDED": True,
        "FIN_VEU_FORWARDED": True,
        "FIN_VEU_CANCELED": True,
        "FIN_ACCEPTED": True,
        "FIN_CONFIRMED": True,
        "FIN_PARTIALLY_ACCEPTED": True,
        "FIN_REJECTED": True,
        "KON_REJECTED": False,
        "KON_ACCEPTED_AND_QUEUED": False,
        "FIN_UPLOAD_FAILED": False,
        "FIN_UPLOAD_UNCLEAR": False,
        "FIN_SOMETHING_NEW": False,
    }
    async with open_sandbox() as caller:
        rid = (await uploaded(caller))["rId"]
        for value, expected in with_order_id.items():
            caller.sandbox.set_payment_status(rid, value)
            seen = await status(caller, rid)
            assert (seen["statusValue"], "orderID" in seen, "uploadTimestamp" in seen) == (value, expected, expected)


async def test_a_submission_may_be_without_effect(open_sandbox: Any) -> None:
    async with open_sandbox(faults=["submit-without-effect"]) as caller:
        rid = (await uploaded(caller, submit="false"))["rId"]
        for transmissions in (0, 1):
            assert (await submit(caller, rid)).status == 200
            assert len(caller.sandbox.transmissions()) == transmissions


async def test_a_status_that_is_set_stays_until_the_file_is_sent_again(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        rid = (await uploaded(caller))["rId"]
        caller.sandbox.set_payment_status(rid, "FIN_UPLOAD_FAILED", error=("Refused", "By the bank."))
        for _ in range(3):
            seen = await status(caller, rid)
            assert seen["statusValue"] == "FIN_UPLOAD_FAILED"
            assert (seen["error"]["errorMessage"], seen["error"]["errorDetails"]) == ("Refused", "By the bank.")
        assert (await submit(caller, rid)).json["paymentInfo"]["status"]["statusValue"] == "FIN_UPLOAD_FAILED"
        assert len(caller.sandbox.transmissions()) == 1
        assert (await submit(caller, rid, force="true")).json["paymentInfo"]["status"] == {"statusValue": SENT}
        assert (await status(caller, rid))["statusValue"] == USUAL_PATH[1]
        assert len(caller.sandbox.transmissions()) == 2
        caller.sandbox.set_payment_status(rid, "FIN_REJECTED", "AM04", reason="Zu wenig", additional_information="Mehr")
        seen = await status(caller, rid)
        assert (seen["reasonCode"], seen["reason"], seen["additionalInformation"]) == ("AM04", "Zu wenig", "Mehr")
        with pytest.raises(ValueError, match="no payment file"):
            caller.sandbox.set_payment_status("x", "FIN_CONFIRMED")


async def test_a_path_that_begins_with_a_rejection_sends_nothing(open_sandbox: Any) -> None:
    async with open_sandbox(payment_statuses=["KON_REJECTED"]) as caller:
        info = await uploaded(caller)
        assert info["status"]["statusValue"] == "KON_REJECTED"
        assert "error" in info["status"]
        assert caller.sandbox.transmissions() == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"payment_statuses": "FIN_CONFIRMED"},
        {"payment_statuses": ()},
        {"payment_statuses": ("",)},
        {"payment_statuses": (1,)},
        {"status_every": -1.0},
    ],
)
def test_a_path_that_is_none_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Sandbox(**arguments)


@pytest.mark.parametrize(
    ("utc", "german"),
    [
        ("2025-01-09T13:36:50.7+00:00", "2025-01-09T14:36:50+01:00"),
        ("2025-03-30T00:59:59+00:00", "2025-03-30T01:59:59+01:00"),
        ("2025-03-30T01:00:00+00:00", "2025-03-30T03:00:00+02:00"),
        ("2025-10-26T00:59:59+00:00", "2025-10-26T02:59:59+02:00"),
        ("2025-10-26T01:00:00+00:00", "2025-10-26T02:00:00+01:00"),
        ("2025-12-31T23:30:00+00:00", "2026-01-01T00:30:00+01:00"),
    ],
)
def test_german_time(utc: str, german: str) -> None:
    assert german_time(datetime.fromisoformat(utc)).isoformat() == german


# Lists


async def test_the_list_has_a_wrapper_for_each_file(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        assert (await caller.get("/payment-files")).status == 204
        rids = [(await uploaded(caller, submit="false"))["rId"] for _ in range(5)]
        page = (await caller.get("/payment-files", page_number=2, page_size=2)).json
        assert (page["pageNumber"], page["pageSize"], page["totalPages"], page["totalItems"]) == (2, 2, 3, 5)
        assert [list(row) for row in page["results"]] == [["paymentInfo"]] * 2
        assert [row["paymentInfo"]["rId"] for row in page["results"]] == rids[2:4]
        one = (await caller.get(f"/payment-files/{rids[2].upper()}")).json
        assert one == page["results"][0]
        assert (await caller.get("/payment-files", page_number=4, page_size=2)).status == 204


async def test_the_list_is_filtered(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        files = {
            "plain": pain(day="2025-02-17"),
            "debit": pain(kind="008", day="2025-02-19").replace("SALA", "RENT"),
            "swiss": pain(account=CHF, day="2025-02-21"),
            "rejected": pain(account=INACTIVE, day="2025-03-01"),
        }
        infos = {name: await uploaded(caller, content) for name, content in files.items()}
        today = infos["plain"]["timestamp"][:10]
        day_before = str(datetime.fromisoformat(today).date() - timedelta(days=2))
        day_after = str(datetime.fromisoformat(today).date() + timedelta(days=2))
        names = {info["rId"]: name for name, info in infos.items()}
        for query, expected in (
            ({}, "plain debit swiss rejected"),
            ({"payment_type": "DD"}, "debit"),
            ({"payment_type": "TRF"}, "plain swiss rejected"),
            ({"purpose": "RENT"}, "debit"),
            ({"purpose": "GIFT"}, ""),
            ({"status": "KON_REJECTED"}, "rejected"),
            ({"status": SENT}, "plain debit swiss"),
            ({"status": "FIN_NO"}, ""),
            ({"min_date": day_before, "max_date": day_after}, "plain debit swiss rejected"),
            ({"min_date": day_after}, ""),
            ({"max_date": day_before}, ""),
            ({"min_execution_date": "2025-02-19"}, "debit swiss rejected"),
            ({"max_execution_date": "2025-02-19"}, "plain debit"),
            ({"min_execution_date": "2025-02-18", "max_execution_date": "2025-02-28"}, "debit swiss"),
            ({"bank_account_rid": CHF.rid}, "swiss"),
            ({"bank_account_rid": CHF.rid, "payment_type": "DD"}, ""),
        ):
            reply = await caller.get("/payment-files", **query)
            assert reply.status == (200 if expected else 204), query
            rows = reply.json["results"] if expected else []
            assert [names[row["paymentInfo"]["rId"]] for row in rows] == expected.split(), query
        for query, code in (
            ({"min_date": "today"}, "ERR-01-0004"),
            ({"max_execution_date": "31.12.2025"}, "ERR-01-0005"),
            ({"min_date": "2025-02-02", "max_date": "2025-02-01"}, "ERR-01-0006"),
        ):
            assert error_code(await caller.get("/payment-files", **query)) == (400, code)


async def test_an_unknown_file_is_a_404(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        assert error_code(await caller.get(f"/payment-files/{EUR.rid}")) == (404, "ERR-01-0001")
        assert error_code(await submit(caller, "x")) == (404, "ERR-01-0001")


# Orders of a file


async def test_the_orders_of_a_file_can_be_listed(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        info = await uploaded(caller)
        await uploaded(caller)
        page = (await caller.get("/payments", payment_file_rid=info["rId"])).json
        assert page["totalItems"] == 2
        first, second = page["results"]
        assert first["transaction"] == {
            "type": "TRF",
            "amount": Decimal("10.99"),
            "currency": "EUR",
            "country": "DE",
            "executionDate": "2025-02-17",
            "endToEndId": "E-1",
            "purposeCode": "SALA",
            "chargeBearer": "SLEV",
            "instrId": "I-1",
            "rmtInfoUStrd": "Rechnung 1",
        }
        assert first["initPartyBankAccount"] == {"rId": EUR.rid, "iban": EUR.iban, "description": "Nordlicht"}
        assert first["otherPartyBankAccount"].keys() == {"rId", "iban", "description"}
        assert first["otherPartyBankAccount"]["description"] == "Käthe & Söhne 1"
        assert first["paymentFile"] == info
        assert first["batch"] == second["batch"] == {"rId": first["batch"]["rId"], "numberOfElements": 2}
        assert (await caller.send("DELETE", f"/payments/{first['rId']}")).status == 409
        assert (await caller.get("/payments", status="Pending")).status == 204
        assert (await caller.get("/payments", status="Processed")).json["totalItems"] == 4


async def test_an_extract_is_open_payments_and_no_file(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        reply = await post(caller, "/payment-files/extract", pain(account=INACTIVE))
        assert reply.status == 201
        payments = reply.json
        assert [payment["transaction"]["amount"] for payment in payments] == [Decimal("10.99"), Decimal("0.01")]
        assert {"paymentFile"} & set().union(*payments) == set()
        (batch,) = {payment["batch"]["rId"] for payment in payments}
        assert caller.sandbox.payment_file_rids() == []
        assert caller.sandbox.transmissions() == []
        listed = (await caller.get("/payments", batch_rid=batch, status="Pending")).json["results"]
        assert listed == payments
        assert (await caller.send("DELETE", f"/payments/{payments[0]['rId']}")).status == 204


# What goes wrong


@pytest.mark.parametrize(
    ("fault", "sent"), [("reset-before", 0), ("500", 0), ("429", 0), ("html", 0), ("reset-after", 1), ("truncated", 1)]
)
async def test_a_fault_sends_the_file_or_not_as_its_name_says(open_sandbox: Any, fault: str, sent: int) -> None:
    async with open_sandbox() as caller:
        stored = (await uploaded(caller, pain(message_id="MSG-0"), submit="false"))["rId"]
        for route in ("payment-files.upload", "payment-files.submit"):
            caller.sandbox.add_fault(f"{fault}:{route}")
        for number, send in ((1, upload(caller)), (2, submit(caller, stored))):
            if fault.startswith(("reset", "trunc")):
                with pytest.raises(aiohttp.ClientError):
                    await send
            else:
                assert (await send).status == {"html": 200}.get(fault) or int(fault)
            assert len(caller.sandbox.transmissions()) == sent * number
        assert len(caller.sandbox.payment_file_rids()) == 1 + sent


async def test_a_key_needs_the_scope(open_sandbox: Any) -> None:
    key = ApiKey("reader", scopes=frozenset({"Transactions"}))
    async with open_sandbox(api_key=key) as caller:
        assert (await upload(caller)).status == 403
        for path in ("/payment-files", "/payments"):
            assert (await caller.get(path)).status == 403
        assert caller.sandbox.payment_file_rids() == []
