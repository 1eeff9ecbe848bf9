"""What must happen once, with a ledger: the intent before it leaves, the outcome after it, and the same not twice."""

import asyncio
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from konfipay_async import OutcomeUnknownError, Retry
from konfipay_async.errors import (
    AlreadySubmittedError,
    ClientStateError,
    ConnectFailedError,
    ConnectionLostError,
    ForbiddenError,
    KonfipayError,
    RequestTimeoutError,
    ServerError,
    StorageError,
    UnauthorizedError,
)
from konfipay_async.ledger import Ledger
from konfipay_async.models import NewPayment, Party, PaymentOrder, StatusValue
from konfipay_async.pain import account_hash
from konfipay_async.resources.reconcile import Found, Undecided
from konfipay_async.sandbox.konfipay.banks import make_accounts
from konfipay_async.session.clock import SystemClock

OWN, _, _, INACTIVE = (account.iban for account in make_accounts(0, 4))
OTHER = "DE02120300000000202051"
HOUR = 3600.0
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


def pain(message_id: str = "M-1", *amounts: str, own: str = OWN, other: str = OTHER) -> bytes:
    """A payment file with an order for each amount."""
    orders = "".join(
        f"<CdtTrfTxInf><PmtId><EndToEndId>{message_id}-{number}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt><Cdtr><Nm>Bob</Nm></Cdtr>'
        f"<CdtrAcct><Id><IBAN>{other}</IBAN></Id></CdtrAcct></CdtTrfTxInf>"
        for number, amount in enumerate(amounts or ("10.99",))
    )
    return (
        f'<Document xmlns="{NAMESPACE}"><CstmrCdtTrfInitn><GrpHdr><MsgId>{message_id}</MsgId></GrpHdr><PmtInf>'
        f"<PmtInfId>P</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2027-02-17</Dt></ReqdExctnDt><Dbtr><Nm>Alice</Nm>"
        f"</Dbtr><DbtrAcct><Id><IBAN>{own}</IBAN></Id></DbtrAcct>{orders}</PmtInf></CstmrCdtTrfInitn></Document>"
    ).encode()


def order(amount: str = "10.99", name: str = "E-1") -> NewPayment:
    return NewPayment(
        PaymentOrder("TRF", Decimal(amount), "EUR", execution_date=date(2027, 2, 17), end_to_end_id=name),
        own=Party(iban=OWN),
        other=Party(iban=OTHER, description="Bob"),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger(path, patience=30) as ledger:
        yield ledger


@pytest.fixture
def paying(pair: Any, ledger: Ledger) -> Callable[..., Any]:
    """``async with paying({sandbox arguments}, **client arguments) as (sandbox, client)``: with the ledger."""

    def opened(server: dict[str, Any] | None = None, **arguments: Any) -> Any:
        return pair({"transactions": 0} | (server or {}), **{"ledger": ledger, "retry": Retry(base=0)} | arguments)

    return opened


def outcomes(ledger: Ledger) -> list[str]:
    """Of every entry, the oldest first."""
    return [entry.outcome for entry in reversed(ledger.entries())]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program has the ledger and does not let go of it."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


# What is sent once, and how it is prepared


@dataclass
class Step:
    """Something that is sent once: `prepare` makes what `send` needs; `route` and `kind` are its names."""

    kind: str
    prepare: Callable[[Any, Any], Awaitable[Any]]
    send: Callable[..., Awaitable[Any]]
    refuses_done: bool

    @property
    def route(self) -> str:
        return self.kind.replace("_", "-")


async def _nothing(client: Any, sandbox: Any) -> None:
    return None


async def _failed_file(client: Any, sandbox: Any) -> str:
    """A file of which the bank said no, before there was a ledger."""
    file = await client.payment_files.upload(pain("M-0"), submit=True)
    sandbox.set_payment_status(file.rid, "FIN_UPLOAD_FAILED")
    return str(file.rid)


async def _two_payments(client: Any, sandbox: Any) -> list[str]:
    return [payment.rid for payment in await client.payments.create([order(), order("0.01", "E-2")])]


STEPS = {
    "upload": Step(
        "payment_files.upload", _nothing, lambda client, _, **more: client.payment_files.upload(pain(), **more), True
    ),
    "upload and submit": Step(
        "payment_files.upload",
        _nothing,
        lambda client, _, **more: client.payment_files.upload(pain(), submit=True, **more),
        True,
    ),
    "submit by force": Step(
        "payment_files.submit",
        _failed_file,
        lambda client, rid, **more: client.payment_files.submit(rid, force=True, **more),
        True,
    ),
    "extract": Step(
        "payment_files.extract", _nothing, lambda client, _, **more: client.payment_files.extract(pain(), **more), True
    ),
    "create": Step(
        "payments.create", _nothing, lambda client, _, **more: client.payments.create([order()], **more), True
    ),
    "submit payments": Step(
        "payments.submit", _two_payments, lambda client, rids, **more: client.payments.submit(rids, **more), False
    ),
}


@pytest.fixture(params=STEPS)
def step(request: pytest.FixtureRequest) -> Step:
    return STEPS[request.param]


@pytest.fixture
def prepared(new_sandbox: Any, new_client: Any, ledger: Ledger) -> Callable[..., Any]:
    """``async with prepared(step) as (sandbox, client, given)``: what came before the step is in no ledger."""

    @asynccontextmanager
    async def opened(step: Step, **server: Any) -> AsyncIterator[Any]:
        async with new_sandbox(**{"transactions": 0} | server) as sandbox:
            async with new_client(sandbox) as client:
                given = await step.prepare(client, sandbox)
            async with new_client(sandbox, ledger=ledger, retry=Retry(base=0)) as client:
                sandbox.requests.clear()
                yield sandbox, client, given

    return opened


# Before it leaves


async def test_the_intent_is_on_disk_when_the_request_arrives(
    prepared: Any, step: Step, gate: Any, path: Path, clock: Any
) -> None:
    gate.is_open = True
    async with prepared(step, latency=1.0, sleep=gate.sleep) as (sandbox, client, given):
        await client.request("GET", "bank-accounts")  # so that the login is behind us
        gate.close()
        sending = asyncio.create_task(step.send(client, given))
        await gate.until(1)
        with Ledger(path) as another:
            (entry,) = another.entries()
            assert (entry.outcome, entry.rid, entry.kind) == ("intended", None, step.kind)
            assert (entry.origin, entry.sent_at, entry.forced) == (client.base_url, clock.time(), False)
            gate.open()
            await sending
            (entry,) = another.entries()
            assert entry.outcome == "done"
        assert sandbox.count(step.route) == 1


async def test_an_outcome_names_what_was_made(paying: Any, ledger: Ledger) -> None:
    async with paying() as (_, client):
        file = await client.payment_files.upload(pain("M-1", "10.99", "0.01"))
        payments = await client.payment_files.extract(pain())
        created = await client.payments.create([order()])
        await client.payments.submit([created[0].rid])
        await client.payment_files.submit(file.rid, force=True)
        entries = ledger.entries()[::-1]
        assert [(entry.kind, entry.outcome, entry.rid) for entry in entries] == [
            ("payment_files.upload", "done", file.rid),
            ("payment_files.extract", "done", payments[0].batch.rid),
            ("payments.create", "done", created[0].batch.rid),
            ("payments.submit", "done", None),
            ("payment_files.submit", "done", file.rid),
        ]
        upload = entries[0]
        assert upload.sha256 == hashlib.sha256(pain("M-1", "10.99", "0.01")).hexdigest()
        assert (upload.message_id, upload.orders, upload.control_sum) == ("M-1", 2, Decimal("11.00"))
        assert upload.counterparties == {account_hash(OTHER)}


async def test_a_submission_without_force_may_be_repeated_and_is_not_noted(paying: Any, ledger: Ledger) -> None:
    async with paying() as (sandbox, client):
        file = await client.payment_files.upload(pain())
        sandbox.add_fault("reset-after:payment-files.submit")
        await client.payment_files.submit(file.rid)
        await client.payment_files.submit(file.rid)
        assert sandbox.count("payment-files.submit") == 3
        assert len(sandbox.transmissions()) == 1
        assert [entry.kind for entry in ledger.entries()] == ["payment_files.upload"]


async def test_nothing_is_noted_before_the_permit_is_granted(
    paying: Any, ledger: Ledger, clock: Any, until: Any, idle: Any
) -> None:
    clock.held = True
    async with paying() as (_, client):
        await client.request("GET", "bank-accounts")
        client.budgets.authenticated.pause(30)
        sending = asyncio.create_task(client.payment_files.upload(pain()))
        await until(lambda: client.budgets.authenticated.status().waiting == 1)
        await idle()
        assert ledger.entries() == []
        clock.held = False
        clock.advance(31)
        await sending
        (entry,) = ledger.entries()
        assert entry.sent_at == clock.time()


async def test_no_connection_is_opened_before_the_intent_is_on_disk(
    raw_server: Any, new_client: Any, ledger: Ledger, path: Path, idle: Any
) -> None:
    def answer(request: Any) -> Any:
        if request.path == "authentication/token":
            return raw_server.token()
        return raw_server.reply(201, {"paymentInfo": {"rId": "r-1"}})

    async with raw_server(answer) as server, new_client(server, ledger=ledger) as client:
        await client.request("POST", "something")  # logs in
        with locked(path):
            sending = asyncio.create_task(client.payment_files.upload(pain()))
            for _ in range(20):
                await idle()
                await asyncio.to_thread(lambda: None)
            assert not sending.done()
            assert server.accepted == 2
        assert (await sending).rid == "r-1"
        assert server.accepted == 3


# A broken ledger stops it


@pytest.fixture(params=["locked", "read-only", "full", "damaged", "moved away"])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An open ledger that cannot be written any more."""
    path = tmp_path / "broken.db"
    with Ledger(path, patience=0.05) as ledger:
        assert ledger._connection is not None
        match request.param:
            case "locked":
                with locked(path):
                    yield ledger
                return
            case "read-only":
                ledger._connection.execute("PRAGMA query_only = 1")
            case "full":
                (pages,) = ledger._connection.execute("PRAGMA page_count").fetchone()
                ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
                ledger._connection.execute("PRAGMA synchronous = OFF")  # it is filled quickly
                for number in range(10_000):  # until there is no room for one more
                    try:
                        ledger.intend("k", "o", f"{number:064x}", at=0, refuse_done=True)
                    except StorageError:
                        break
            case "damaged":
                path.write_bytes(b"\xff" * path.stat().st_size)
            case "moved away":
                path.rename(tmp_path / "elsewhere.db")
        yield ledger


async def test_a_broken_ledger_stops_it_and_nothing_is_sent(
    prepared: Any, step: Step, new_client: Any, broken: Ledger
) -> None:
    async with prepared(step) as (sandbox, _, given), new_client(sandbox, ledger=broken) as client:
        await client.request("GET", "bank-accounts")
        before = client.budgets.authenticated.status()
        with pytest.raises(StorageError, match="the ledger"):
            await step.send(client, given)
        assert sandbox.count(step.route) == 0
        after = client.budgets.authenticated.status()
        assert (after.in_flight, after.granted) == (0, before.granted), "a permit was used for nothing"


async def test_a_ledger_that_is_not_open_stops_it(pair: Any, path: Path) -> None:
    async with pair(ledger=Ledger(path)) as (sandbox, client):
        with pytest.raises(ClientStateError, match="ledger is not open"):
            await client.payment_files.upload(pain())
        assert sandbox.count("payment-files.upload") == 0


async def test_a_ledger_that_breaks_between_two_attempts_stops_the_second(
    paying: Any, ledger: Ledger, clock: Any, path: Path
) -> None:
    """After a 429 the same is sent again only when that, too, is noted."""
    async with paying({"faults": ["429:payment-files.upload=7"]}) as (sandbox, client):
        slept = clock.sleep

        async def break_it(seconds: float) -> None:
            await slept(seconds)
            assert ledger._connection is not None
            ledger._connection.execute("PRAGMA query_only = 1")

        clock.sleep = break_it
        with pytest.raises(StorageError):
            await client.payment_files.upload(pain())
        assert sandbox.count("payment-files.upload") == 1
        assert outcomes(ledger) == ["refused"]


# A ledger that breaks before the outcome is noted


@pytest.mark.parametrize("how", ["locked", "read-only", "damaged", "closed"])
@pytest.mark.parametrize("fault", [None, "reset-after", "403"])
async def test_an_outcome_that_cannot_be_noted_is_the_callers_all_the_same(
    pair: Any, gate: Any, tmp_path: Path, caplog: Any, how: str, fault: str | None
) -> None:
    path = tmp_path / "brittle.db"
    gate.is_open = True
    with Ledger(path, patience=0.05) as ledger:
        async with pair({"transactions": 0, "latency": 1.0, "sleep": gate.sleep}, ledger=ledger) as (sandbox, client):
            await client.request("GET", "bank-accounts")
            if fault:
                sandbox.add_fault(f"{fault}:payment-files.upload")
            gate.close()
            sending = asyncio.create_task(client.payment_files.upload(pain()))
            await gate.until(1)
            before = path.read_bytes()
            other = sqlite3.connect(path, isolation_level=None)
            match how:
                case "locked":
                    other.execute("BEGIN EXCLUSIVE")
                case "read-only":
                    assert ledger._connection is not None
                    ledger._connection.execute("PRAGMA query_only = 1")
                case "damaged":
                    path.write_bytes(b"\xff" * len(before))
                case "closed":
                    ledger.close()
            gate.open()
            if fault:
                with pytest.raises({"reset-after": OutcomeUnknownError, "403": ForbiddenError}[fault]):
                    await sending
            else:
                assert (await sending).rid == sandbox.payment_file_rids()[0]
            other.close()
            (said,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
            assert "could not note what became of payment_files.upload" in said
            if how == "damaged":
                path.write_bytes(before)
        ledger.close()
        with Ledger(path) as again:
            assert outcomes(again) == ["intended"]
            async with pair({"transactions": 0}) as (_, other_client):
                assert other_client is not client
            with pytest.raises(AlreadySubmittedError, match="nobody noted"):
                again.intend(
                    "payment_files.upload",
                    client.base_url,
                    hashlib.sha256(pain()).hexdigest(),
                    at=again.entries()[0].sent_at + 60,
                    refuse_done=True,
                )


# Attempts


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (["401:payment-files.upload"], ["refused", "done"]),
        (["429:payment-files.uploadx3=5"], ["refused", "refused", "refused", "done"]),
        (["401:payment-files.upload", "429:payment-files.upload@2"], ["refused", "refused", "done"]),
        (["401:payment-files.uploadx9"], ["refused", "refused"]),
        (["429:payment-files.uploadx9=1"], ["refused"] * 5),
        (["429:payment-files.upload=1", "reset-after:payment-files.upload@2"], ["refused", "unknown"]),
        (["401:payment-files.upload", "500:payment-files.upload@2"], ["refused", "unknown"]),
    ],
)
async def test_every_attempt_is_an_entry_and_the_last_one_counts(
    paying: Any, ledger: Ledger, faults: list[str], expected: list[str]
) -> None:
    async with paying({"faults": faults}) as (sandbox, client):
        (result,) = await asyncio.gather(client.payment_files.upload(pain()), return_exceptions=True)
        assert isinstance(result, OutcomeUnknownError) is (expected[-1] == "unknown")
        if isinstance(result, OutcomeUnknownError):
            assert result.ledger_entry == ledger.entries()[0].id
        assert outcomes(ledger) == expected
        assert sandbox.count("payment-files.upload") == len(expected)
        sandbox.clear_faults()
        if expected[-1] == "refused":
            await client.payment_files.upload(pain())
            assert len(sandbox.payment_file_rids()) == 1
        else:
            with pytest.raises(AlreadySubmittedError) as caught:
                await client.payment_files.upload(pain())
            assert caught.value.outcome == expected[-1]


async def test_a_lent_session_that_is_closed_sends_nothing(
    new_sandbox: Any, new_client: Any, ledger: Ledger, clock: Any
) -> None:
    """So the same may be sent again."""
    async with new_sandbox(transactions=0) as sandbox, aiohttp.ClientSession() as lent:
        async with new_client(sandbox, ledger=ledger, session=lent) as client:
            await client.request("GET", "bank-accounts")
            await lent.close()
            with pytest.raises(ClientStateError, match="was closed"):
                await client.payment_files.upload(pain())
            assert outcomes(ledger) == ["not sent"]
            assert client.budgets.authenticated.status().granted == 1
        async with new_client(sandbox, ledger=ledger) as client:
            await client.payment_files.upload(pain())
        assert len(sandbox.payment_file_rids()) == 1


async def test_what_was_not_sent_is_noted_and_tried_again(
    new_sandbox: Any, new_client: Any, ledger: Ledger, clock: Any, kept_port: int
) -> None:
    sandbox = new_sandbox(transactions=0, port=kept_port)
    async with sandbox, new_client(sandbox, ledger=ledger) as client:
        await client.request("GET", "bank-accounts")
        await sandbox.__aexit__(None, None, None)
        with pytest.raises(ConnectFailedError):
            await client.payment_files.upload(pain())
        assert outcomes(ledger) == ["not sent"] * 5
        slept, left = clock.sleep, [None] * 2

        async def come_back(seconds: float) -> None:
            left.pop()
            if not left:
                clock.sleep = slept
                await sandbox.__aenter__()

        clock.sleep = come_back
        await client.payment_files.upload(pain())
        assert outcomes(ledger)[5:] == ["not sent", "not sent", "done"]
        assert len(sandbox.payment_file_rids()) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", UnauthorizedError),
        ("500", ServerError),
        ("reset-after", ConnectionLostError),
        ("garbage", KonfipayError),
        ("403", ForbiddenError),
    ],
)
async def test_a_login_that_fails_leaves_no_entry(paying: Any, ledger: Ledger, fault: str, error: Any) -> None:
    async with paying({"faults": [f"{fault}:authentication.tokenx9"]}) as (sandbox, client):
        with pytest.raises(error) as caught:
            await client.payment_files.upload(pain())
        assert not isinstance(caught.value, OutcomeUnknownError)
        assert sandbox.count("payment-files.upload") == 0
        assert ledger.entries() == []


async def test_a_second_login_that_fails_leaves_none_open(paying: Any, ledger: Ledger) -> None:
    async with paying() as (sandbox, client):
        await client.request("GET", "bank-accounts")
        sandbox.end_tokens()
        sandbox.add_fault("403:authentication.tokenx9")
        with pytest.raises(ForbiddenError):
            await client.payment_files.upload(pain())
        assert outcomes(ledger) == ["refused"]


_UNKNOWN = ("500", "502-html", "503-html", "reset-before", "reset-after", "truncated", "garbage", "html")
_REFUSED = ("400-xml", "403", "empty-404", "unknown-route")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        *(("upload", fault) for fault in (*_UNKNOWN, *_REFUSED)),
        *((name, fault) for name in STEPS if name != "upload" for fault in ("reset-after", "garbage", "403")),
    ],
)
async def test_every_fault_is_noted_for_what_it_is(prepared: Any, ledger: Ledger, name: str, fault: str) -> None:
    step, expected = STEPS[name], "unknown" if fault in _UNKNOWN else "refused"
    async with prepared(step) as (sandbox, client, given):
        sandbox.add_fault(f"{fault}:{step.route}")
        with pytest.raises(KonfipayError) as caught:
            await step.send(client, given)
        assert isinstance(caught.value, OutcomeUnknownError) is (expected == "unknown")
        assert outcomes(ledger) == [expected]
        assert sandbox.count(step.route) == 1
        if expected == "unknown":
            error = caught.value
            (entry,) = ledger.entries()
            assert (error.kind, error.ledger_entry, error.body_sha256) == (step.kind, entry.id, entry.sha256)
            assert error.sent_at == entry.sent_at
            assert error.look_up.startswith("client.")
            with pytest.raises(AlreadySubmittedError, match="nobody knows whether it arrived"):
                await step.send(client, given)
        else:
            await step.send(client, given)
        assert sandbox.count(step.route) == (1 if expected == "unknown" else 2)


async def test_an_answer_that_comes_too_late_is_unknown(prepared: Any, step: Step, ledger: Ledger, gate: Any) -> None:
    gate.is_open = True
    async with prepared(step, latency=1.0, sleep=gate.sleep) as (_, client, given):
        await client.request("GET", "bank-accounts")
        gate.close()
        with pytest.raises(OutcomeUnknownError) as caught:
            await step.send(client.with_options(timeout=1.0), given)
        assert isinstance(caught.value.__cause__, RequestTimeoutError)
        assert outcomes(ledger) == ["unknown"]
        gate.open()


# The same again


async def test_what_arrived_is_refused_within_the_period_and_not_after_it(
    prepared: Any, step: Step, ledger: Ledger, clock: Any
) -> None:
    async with prepared(step) as (sandbox, client, given):
        await step.send(client, given)
        sent_at = clock.time()
        if step.refuses_done:
            clock.now += 48 * HOUR - 1
            with pytest.raises(AlreadySubmittedError, match="with success") as caught:
                await step.send(client, given)
            assert (caught.value.sent_at, caught.value.outcome) == (sent_at, "done")
            assert caught.value.rid == ledger.entries()[0].rid
            assert sandbox.count(step.route) == 1
            clock.now += 1
            await step.send(client, given)
            assert sandbox.count(step.route) == 2
        else:  # the server refuses it
            with pytest.raises(KonfipayError):
                await step.send(client, given)
            assert outcomes(ledger) == ["done", "refused"]


async def test_the_same_payments_in_another_order_are_the_same(
    new_sandbox: Any, new_client: Any, ledger: Ledger
) -> None:
    """While nobody knows what became of their submission."""
    async with new_sandbox() as sandbox, new_client(sandbox, ledger=ledger) as client:
        rids = await _two_payments(client, sandbox)
        sandbox.add_fault("reset-after:payments.submit")
        with pytest.raises(OutcomeUnknownError):
            await client.payments.submit(rids)
        with pytest.raises(AlreadySubmittedError):
            await client.payments.submit(rids[::-1], batch_booking=False)
        with pytest.raises(AlreadySubmittedError, match="some of the same payments"):
            await client.payments.submit(rids[:1])
        assert len(sandbox.transmissions()) == 1


async def test_what_nobody_looked_up_over_the_weekend_is_not_sent_again(
    prepared: Any, step: Step, ledger: Ledger, clock: Any
) -> None:
    async with prepared(step) as (sandbox, client, given):
        sandbox.add_fault(f"reset-before:{step.route}")
        with pytest.raises(OutcomeUnknownError):
            await step.send(client, given)
        clock.now += 72 * HOUR
        with pytest.raises(AlreadySubmittedError, match="nobody knows whether it arrived"):
            await step.send(client, given)
        assert sandbox.count(step.route) == 1
        ledger.settle(ledger.entries()[0].id, "not sent")
        await step.send(client, given)
        assert outcomes(ledger) == ["not sent", "done"]


async def test_again_lets_it_pass_and_is_noted(prepared: Any, step: Step, ledger: Ledger) -> None:
    async with prepared(step) as (sandbox, client, given):
        sandbox.add_fault(f"reset-before:{step.route}")
        with pytest.raises(OutcomeUnknownError):
            await step.send(client, given)
        with pytest.raises(AlreadySubmittedError):
            await step.send(client, given)
        await step.send(client, given, again=True)
        assert [(entry.outcome, entry.forced) for entry in ledger.entries()] == [("done", True), ("unknown", False)]
        assert sandbox.count(step.route) == 2


async def test_again_is_for_once(paying: Any, ledger: Ledger) -> None:
    async with paying() as (sandbox, client):
        await client.payment_files.upload(pain())
        await client.payment_files.upload(pain(), again=True)
        with pytest.raises(AlreadySubmittedError) as caught:
            await client.payment_files.upload(pain())
        assert caught.value.rid == sandbox.payment_file_rids()[1]


async def test_a_file_that_konfipay_rejects_may_be_sent_again(paying: Any, ledger: Ledger) -> None:
    async with paying() as (sandbox, client):
        for _ in range(2):
            file = await client.payment_files.upload(pain(own=INACTIVE))
            assert file.status.value is StatusValue.KON_REJECTED
        assert [(entry.outcome, entry.rid) for entry in ledger.entries()] == [
            ("refused", rid) for rid in reversed(sandbox.payment_file_rids())
        ]


async def test_a_file_that_is_rejected_when_it_is_sent_may_be_sent_again(paying: Any, ledger: Ledger) -> None:
    async with paying({"payment_statuses": ["KON_REJECTED"]}) as (sandbox, client):
        for _ in range(2):
            assert (await client.payment_files.upload(pain(), submit=True)).status.value.has_failed
        assert outcomes(ledger) == ["refused", "refused"]
        assert sandbox.transmissions() == []


async def test_a_bad_file_leaves_no_entry(paying: Any, ledger: Ledger) -> None:
    async with paying() as (sandbox, client):
        for bad in (b"", b"<Document>", pain("M-1", "1.00").replace(b"</PmtInf>", b"</PmtInf><PmtInf></PmtInf>")):
            with pytest.raises(KonfipayError):
                await client.payment_files.upload(bad)
        assert ledger.entries() == []
        assert sandbox.count("payment-files.upload") == 0


async def test_a_file_is_the_same_however_it_goes_out(paying: Any, ledger: Ledger, new_client: Any) -> None:
    async with paying() as (sandbox, client), new_client(sandbox, ledger=ledger, uploads="json") as other:
        await other.payment_files.upload(pain())
        for upload in (
            client.payment_files.upload(pain(), submit=True),
            client.payment_files.upload(pain(), scope="Sepa", verification_of_payee=True),
            client.with_options(timeout=5).payment_files.upload(pain()),
        ):
            with pytest.raises(AlreadySubmittedError):
                await upload
        assert len(sandbox.payment_file_rids()) == 1


async def test_different_things_do_not_stand_against_each_other(paying: Any, new_sandbox: Any, new_client: Any) -> None:
    async with paying() as (sandbox, client), new_sandbox(transactions=0) as other_sandbox:
        await client.payment_files.upload(pain("M-1"))
        await client.payment_files.upload(pain("M-2"))
        await client.payments.create([order()])
        async with new_client(other_sandbox, ledger=client._wiring.ledger) as other:
            await other.payment_files.upload(pain("M-1"))
        assert len(sandbox.payment_file_rids()) == 2
        assert len(other_sandbox.payment_file_rids()) == 1


@pytest.mark.parametrize("lost", [False, True])
async def test_what_was_extracted_is_not_uploaded_as_well_nor_the_other_way_round(
    paying: Any, ledger: Ledger, lost: bool
) -> None:
    """Each would be paid: the file by itself, and its orders when they are submitted."""
    async with paying() as (sandbox, client):
        files = client.payment_files
        both = (("extract", files.extract, files.upload), ("upload", files.upload, files.extract))
        for name, first, second in both:
            if lost:
                sandbox.add_fault(f"reset-after:payment-files.{name}")
                with pytest.raises(OutcomeUnknownError):
                    await first(pain(name))
            else:
                await first(pain(name))
            with pytest.raises(AlreadySubmittedError, match=f"payment_files.{name}"):
                await second(pain(name))
            ledger.settle(ledger.entries()[0].id, "done")
        assert (sandbox.count("payment-files.extract"), sandbox.count("payment-files.upload")) == (1, 1)


@pytest.mark.parametrize("other", ["//api/v6", "/api/v6.0"])
async def test_what_went_to_another_path_of_the_server_counts(paying: Any, ledger: Ledger, other: str) -> None:
    async with paying() as (sandbox, client):
        ledger.intend(
            "payment_files.upload",
            client.base_url.replace("/api/v6", other),
            hashlib.sha256(pain()).hexdigest(),
            at=client._wiring.session.clock.time(),
            refuse_done=True,
        )
        with pytest.raises(AlreadySubmittedError, match="nobody noted"):
            await client.payment_files.upload(pain())
        assert sandbox.count("payment-files.upload") == 0


async def test_without_a_ledger_the_error_still_tells_what_was_sent(pair: Any, clock: Any) -> None:
    async with pair({"transactions": 0}) as (sandbox, client):
        sandbox.add_fault("reset-after:payment-files.upload")
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.payment_files.upload(pain("M-7", "1.10", "2.20"))
        error = caught.value
        assert (error.kind, error.method, error.path) == ("payment_files.upload", "POST", "payment-files")
        assert error.body_sha256 == hashlib.sha256(pain("M-7", "1.10", "2.20")).hexdigest()
        assert (error.message_id, error.orders, error.control_sum) == ("M-7", 2, Decimal("3.30"))
        assert error.counterparties == {account_hash(OTHER)}
        assert (error.sent_at, error.ledger_entry) == (clock.time(), None)
        assert OTHER not in str(error)
        assert "Bob" not in repr(error)
        await client.payment_files.upload(pain("M-7", "1.10", "2.20"))  # nothing remembers


async def test_a_submission_by_force_that_arrived_is_no_error_when_its_status_cannot_be_read(paying: Any) -> None:
    """Else it would be sent by force once more."""
    async with paying() as (sandbox, client):
        rid = await _failed_file(client, sandbox)
        sandbox.add_fault("403:payment-files.get")
        assert (await client.payment_files.submit(rid, force=True)).rid == rid
        assert len(sandbox.transmissions()) == 2


# Cancellation, closing


async def _agree(sandbox: Any, ledger: Ledger, content: bytes, requests: int) -> str:
    """What the ledger says of this file is what the server knows of it, after one upload that was cancelled."""
    sha256 = hashlib.sha256(content).hexdigest()
    entries = [entry for entry in ledger.entries() if entry.sha256 == sha256]
    assert requests == len(entries)
    if not entries:
        return "not sent"
    (entry,) = entries
    if entry.outcome == "done":
        assert entry.rid == sandbox.payment_file_rids()[-1]
    return entry.outcome


@pytest.mark.parametrize("fault", [None, "reset-after"])
async def test_cancelled_at_any_await_the_outcome_is_noted(
    new_sandbox: Any, new_client: Any, ledger: Ledger, fault: str | None
) -> None:
    """After so many turns of the loop, with a login before it and without."""
    seen = set()
    async with new_sandbox(transactions=0) as sandbox, new_client(sandbox, ledger=ledger) as logged_in:
        await logged_in.request("GET", "bank-accounts")
        for turns in [*range(0, 60, 3), *range(60, 2000, 95)]:
            if fault:
                sandbox.add_fault(f"{fault}:payment-files.upload")
            sandbox.requests.clear()
            content = pain(f"M-{turns}", f"{turns + 1}.00")
            async with new_client(sandbox, ledger=ledger) as fresh:
                client = logged_in if turns % 2 else fresh
                sending = asyncio.create_task(client.payment_files.upload(content))
                for _ in range(turns):
                    await asyncio.sleep(0)
                sending.cancel()
                (result,) = await asyncio.gather(sending, return_exceptions=True)
                assert client.budgets.authenticated.status().in_flight == 0
            assert isinstance(result, asyncio.CancelledError | OutcomeUnknownError) or result.rid, result
            became = await _agree(sandbox, ledger, content, sandbox.count("payment-files.upload"))
            assert became in ("not sent", "unknown" if fault else "done")
            seen.add(became)
            sandbox.clear_faults()
    assert seen == {"not sent", "unknown" if fault else "done"}


async def test_cancelled_while_the_intent_is_written_it_is_sent_and_noted(
    paying: Any, ledger: Ledger, path: Path, idle: Any, until: Any
) -> None:
    """From its permit on, the request is under way."""
    async with paying() as (sandbox, client):
        await client.request("GET", "bank-accounts")
        with locked(path):
            sending = asyncio.create_task(client.payment_files.upload(pain()))
            await until(lambda: client.budgets.authenticated.status().in_flight)
            await idle()
            sending.cancel()
            await idle()
            assert not sending.done()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert await _agree(sandbox, ledger, pain(), sandbox.count("payment-files.upload")) == "done"


async def test_cancelled_again_and_again_while_the_outcome_is_written(
    paying: Any, ledger: Ledger, path: Path, gate: Any, idle: Any
) -> None:
    gate.is_open = True
    async with paying({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        await client.request("GET", "bank-accounts")
        gate.close()
        sending = asyncio.create_task(client.payment_files.upload(pain()))
        await gate.until(1)
        with locked(path):
            gate.open()
            for _ in range(5):
                await idle()
                await asyncio.to_thread(lambda: None)
                sending.cancel()
            assert not sending.done()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert await _agree(sandbox, ledger, pain(), 1) == "done"


async def test_cancelled_between_two_attempts_there_is_no_second_and_no_open_entry(
    paying: Any, ledger: Ledger, clock: Any, until: Any
) -> None:
    async with paying() as (sandbox, client):
        await client.request("GET", "bank-accounts")
        sandbox.add_fault("429:payment-files.upload=30")
        clock.held = True
        sending = asyncio.create_task(client.payment_files.upload(pain()))
        await until(
            lambda: sandbox.count("payment-files.upload", 429) and client.budgets.authenticated.status().waiting
        )
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        clock.held = False
        assert outcomes(ledger) == ["refused"]
        assert sandbox.count("payment-files.upload") == 1


async def test_closing_waits_until_the_outcome_is_noted(
    paying: Any, ledger: Ledger, gate: Any, path: Path, idle: Any
) -> None:
    gate.is_open = True
    async with paying({"latency": 1.0, "sleep": gate.sleep}) as (sandbox, client):
        await client.request("GET", "bank-accounts")
        gate.close()
        sending = asyncio.create_task(client.payment_files.upload(pain()))
        await gate.until(1)
        with locked(path):
            closing = asyncio.create_task(client.close())
            gate.open()
            for _ in range(5):
                await idle()
                await asyncio.to_thread(lambda: None)
            assert not closing.done()
        await closing
        (entry,) = ledger.entries()
        assert (entry.outcome, entry.rid) == ("done", sandbox.payment_file_rids()[0])
        assert (await sending).rid == entry.rid


async def test_closed_between_two_attempts_there_is_no_second(
    paying: Any, ledger: Ledger, clock: Any, until: Any
) -> None:
    async with paying() as (sandbox, client):
        await client.request("GET", "bank-accounts")
        sandbox.add_fault("429:payment-files.upload=30")
        clock.held = True
        sending = asyncio.create_task(client.payment_files.upload(pain()))
        await until(lambda: client.budgets.authenticated.status().waiting)
        await client.close()
        clock.held = False
        with pytest.raises(ClientStateError):
            await sending
        assert outcomes(ledger) == ["refused"]


async def test_a_loop_that_ends_leaves_it_open(paying: Any, ledger: Ledger, gate: Any) -> None:
    """As asyncio.run does in the end, whatever runs is cancelled for good."""
    gate.is_open = True
    async with paying({"latency": 1.0, "sleep": gate.sleep}) as (_, client):
        await client.request("GET", "bank-accounts")
        gate.close()
        sending = asyncio.create_task(client.payment_files.upload(pain()))
        await gate.until(1)
        for task in asyncio.all_tasks():
            if "_attempt" in repr(task.get_coro()):
                task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert outcomes(ledger) == ["intended"]
        gate.open()


# Several at once


async def test_of_many_who_send_the_same_file_one_does(
    paying: Any, new_client: Any, ledger: Ledger, path: Path
) -> None:
    """Tasks of one client, another client with the same ledger, and one with a ledger of its own on the same file."""
    with Ledger(path, patience=30) as another:
        async with (
            paying() as (sandbox, client),
            new_client(sandbox, ledger=ledger) as second,
            new_client(sandbox, ledger=another) as third,
        ):
            uploads = [who.payment_files.upload(pain()) for who in (client, second, third) for _ in range(4)]
            results = await asyncio.gather(*uploads, return_exceptions=True)
            (sent,) = [result for result in results if not isinstance(result, AlreadySubmittedError)]
            assert sent.rid == sandbox.payment_file_rids()[0]
            assert sandbox.count("payment-files.upload") == 1
            assert outcomes(ledger) == ["done"]


async def test_while_one_begins_anew_another_may_be_first(
    paying: Any, new_client: Any, ledger: Ledger, idle: Any
) -> None:
    """Between two attempts nothing is open, so that either may send it, and still only one does."""
    faults = ["401:payment-files.upload", "429:payment-files.upload@2x2=1", "401:payment-files.upload@4"]
    async with paying({"faults": faults}) as (sandbox, client), new_client(sandbox, ledger=ledger) as second:

        async def persist(who: Any) -> Any:
            while True:
                try:
                    return await who.payment_files.upload(pain())
                except AlreadySubmittedError as error:
                    if error.outcome == "done":
                        return error.rid
                except UnauthorizedError:
                    pass
                await idle()

        results = await asyncio.gather(*(persist(who) for who in (client, second) for _ in range(3)))
        (rid,) = sandbox.payment_file_rids()
        assert results.count(rid) == 5
        (file,) = [result for result in results if result != rid]
        assert file.rid == rid
        assert sorted(outcomes(ledger)) == ["done", *["refused"] * 4]


# Other processes

CHILD = """
    import asyncio, sys
    from konfipay_async import KonfipayClient
    from konfipay_async.errors import AlreadySubmittedError
    from konfipay_async.ledger import Ledger

    async def main(base_url, key, path, content):
        with Ledger(path, patience=30) as ledger:
            async with KonfipayClient(key, base_url=base_url, ledger=ledger) as client:
                print("ready", flush=True)
                sys.stdin.readline()
                try:
                    print((await client.payment_files.upload(content.encode())).rid, flush=True)
                except AlreadySubmittedError as error:
                    print("refused", error.outcome, flush=True)

    asyncio.run(main(*sys.argv[1:]))
"""


@asynccontextmanager
async def child(sandbox: Any, path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that uploads the file when it is told to."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(CHILD), sandbox.base_url, sandbox.api_key, str(path), pain().decode()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_of_two_programs_that_send_the_same_file_one_does(new_sandbox: Any, path: Path) -> None:
    async with new_sandbox(transactions=0) as sandbox, child(sandbox, path) as first, child(sandbox, path) as second:
        said = await asyncio.gather(first.communicate(b"go\n"), second.communicate(b"go\n"))
        lines = sorted(out.decode().split()[0] for out, _ in said)
        assert lines == sorted(["refused", *sandbox.payment_file_rids()])
        assert sandbox.count("payment-files.upload") == 1


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_program_killed_while_it_sends_leaves_it_open_and_the_next_one_looks_it_up(
    new_sandbox: Any, new_client: Any, gate: Any, path: Path, arrives: bool
) -> None:
    async def sleep(seconds: float) -> None:
        if sandbox.requests[-1].route == "payment-files.upload":
            await gate.sleep(seconds)

    async with new_sandbox(transactions=0, latency=1.0, sleep=sleep) as sandbox:
        async with child(sandbox, path) as program:
            assert program.stdin is not None
            program.stdin.write(b"go\n")
            await gate.until(1)
            os.kill(program.pid, signal.SIGKILL)
            assert await program.wait() == -signal.SIGKILL
        if arrives:
            gate.open()
        else:
            gate.held[0].cancel()
            gate.is_open = True
        with Ledger(path) as ledger:
            (entry,) = ledger.entries()
            assert entry.outcome == "intended"
            async with new_client(sandbox, ledger=ledger, clock=SystemClock()) as client:
                with pytest.raises(AlreadySubmittedError, match="nobody noted") as caught:
                    await client.payment_files.upload(pain())
                assert (caught.value.outcome, caught.value.sent_at) == ("intended", entry.sent_at)
                found = await client.payment_files.reconcile(entry)
                if arrives:
                    assert found == Found(sandbox.payment_file_rids()[0])
                    with pytest.raises(AlreadySubmittedError, match="with success") as caught:
                        await client.payment_files.upload(pain())
                    assert caught.value.rid == found.rid
                else:
                    assert found == Undecided()
                    assert outcomes(ledger) == ["intended"]
                    with pytest.raises(AlreadySubmittedError):
                        await client.payment_files.upload(pain())
                    await client.payment_files.upload(pain(), again=True)
        assert len(sandbox.payment_file_rids()) == 1
