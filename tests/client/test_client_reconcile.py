"""What became of something whose outcome is unknown: found, possible, or not decided. Never "absent"."""

import asyncio
import pickle
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import KonfipayClient, Limits, OutcomeUnknownError, Retry
from konfipay_async.errors import AlreadySubmittedError, ConfigurationError, KonfipayError, ServerError
from konfipay_async.ledger import Ledger
from konfipay_async.models import NewPayment, Party, PaymentOrder
from konfipay_async.resources.reconcile import Candidates, Found, Undecided
from konfipay_async.sandbox import Sandbox
from konfipay_async.sandbox.konfipay.banks import make_accounts

OWN, _, _, INACTIVE = (account.iban for account in make_accounts(0, 4))
OTHER, THIRD = "DE02120300000000202051", "DE89370400440532013000"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


def pain(message_id: str = "M-1", *orders: tuple[str, str], own: str = OWN) -> bytes:
    """A payment file with these orders, each an amount and the account that gets it."""
    rows = "".join(
        f"<CdtTrfTxInf><PmtId><EndToEndId>{message_id}-{number}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt><Cdtr><Nm>Bob</Nm></Cdtr>'
        f"<CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct></CdtTrfTxInf>"
        for number, (amount, iban) in enumerate(orders or (("10.00", OTHER), ("0.99", THIRD)))
    )
    return (
        f'<Document xmlns="{NAMESPACE}"><CstmrCdtTrfInitn><GrpHdr><MsgId>{message_id}</MsgId></GrpHdr><PmtInf>'
        f"<PmtInfId>P</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2027-02-17</Dt></ReqdExctnDt><Dbtr><Nm>Alice</Nm>"
        f"</Dbtr><DbtrAcct><Id><IBAN>{own}</IBAN></Id></DbtrAcct>{rows}</PmtInf></CstmrCdtTrfInitn></Document>"
    ).encode()


def dtazv(units: int = 1500) -> bytes:
    """A DTAZV file with one order."""
    code, number = OWN[4:12], OWN[12:]
    record = (
        f"0768T{code}EUR{number}000000{code}EUR{number}{'CHASUS33XXX':11}{'US':3}{'':140}{'US':3}{'ACME Inc.':140}"
        f"{'':70}{'/US123456789':35}USD{units:0>14}000{'Invoice 77':140}{'00' * 4}{'':25}00{'':2}{'':27}"
        f"{'':35}0{'':51}00"
    )
    head = f"0256Q{code}{'4711':10}{'Nordlicht':140}25021701250218N00{code}{'':68}"
    return f"{head}{record}0256Z{units:015d}{1:015d}{'':221}".encode()


@dataclass
class Skewed:
    """The client's clock, which is wrong by `by` seconds. It waits for nothing."""

    by: float = 0.0
    slept: float = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def time(self) -> float:
        return time.time() + self.by

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


@dataclass
class World:
    """A sandbox in whose past one can be, a client, and perhaps its ledger."""

    sandbox: Sandbox
    client: KonfipayClient
    clock: Skewed
    ledger: Ledger | None
    past: list[float]

    async def upload_before(self, content: bytes, seconds: float) -> str:
        """Somebody else uploaded this so long ago; its rId."""
        self.past[0] = -seconds
        async with KonfipayClient(
            self.sandbox.api_key, base_url=self.sandbox.base_url, limits=Limits(per_second=10_000), clock=self.clock
        ) as somebody:
            file = await somebody.payment_files.upload(content)
        self.past[0] = 0.0
        return file.rid

    async def lose(self, content: bytes | None = None, *, arrives: bool = True, **more: Any) -> OutcomeUnknownError:
        """Upload it, and get no answer."""
        self.sandbox.add_fault(f"reset-{'after' if arrives else 'before'}:payment-files.upload")
        with pytest.raises(OutcomeUnknownError) as caught:
            await self.client.payment_files.upload(pain() if content is None else content, **more)
        self.sandbox.clear_faults()
        return caught.value

    async def reconcile(self, sent: Any) -> Any:
        return await self.client.payment_files.reconcile(sent)

    @property
    def rids(self) -> list[str]:
        return self.sandbox.payment_file_rids()


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., Any]:
    """``async with world(skew=0.0, ledger=False, **sandbox arguments) as world``"""

    @asynccontextmanager
    async def opened(*, skew: float = 0.0, ledger: bool = False, **server: Any) -> AsyncIterator[World]:
        past, clock = [0.0], Skewed(skew)
        kept = Ledger(tmp_path / "ledger.db") if ledger else None
        if kept is not None:
            kept.open()
        try:
            async with Sandbox(transactions=0, now=lambda: time.monotonic() + past[0], **server) as sandbox:
                client = KonfipayClient(
                    sandbox.api_key,
                    base_url=sandbox.base_url,
                    limits=Limits(per_second=10_000),
                    clock=clock,
                    ledger=kept,
                    retry=Retry(base=0),
                )
                async with client:
                    yield World(sandbox, client, clock, kept, past)
        finally:
            if kept is not None:
                kept.close()

    return opened


# Found, or not


@pytest.mark.parametrize("submit", [False, True])
async def test_the_one_file_that_is_alike_and_new_is_found(world: Any, submit: bool) -> None:
    async with world() as w:
        error = await w.lose(submit=submit)
        assert await w.reconcile(error) == Found(w.rids[0])
        assert await w.reconcile(error) == Found(w.rids[0])


async def test_what_did_not_arrive_is_never_called_absent(world: Any) -> None:
    async with world() as w:
        error = await w.lose(arrives=False)
        assert await w.reconcile(error) == Undecided()
        # The late request arrives after all.
        await w.upload_before(pain(), 0)
        assert await w.reconcile(error) == Found(w.rids[0])


@pytest.mark.parametrize(
    "other",
    [
        pain("M-1", ("10.00", OTHER)),
        pain("M-1", ("10.00", OTHER), ("0.98", THIRD)),
        pain("M-1", ("10.00", OTHER), ("0.99", OTHER)),
        pain("M-1", ("10.00", OTHER), ("0.49", THIRD), ("0.50", THIRD)),
        pain("M-1", ("10.99", OTHER), ("0.01", THIRD)),
    ],
    ids=["fewer orders", "another sum", "another counterparty", "more orders", "another sum of as many"],
)
async def test_other_orders_are_not_alike(world: Any, other: bytes) -> None:
    async with world() as w:
        error = await w.lose(arrives=False)
        await w.upload_before(other, 0)
        assert await w.reconcile(error) == Undecided()
        await w.upload_before(pain(), 0)
        assert await w.reconcile(error) == Found(w.rids[1])


async def test_two_that_are_alike_are_candidates(world: Any) -> None:
    async with world() as w:
        error = await w.lose()
        await w.upload_before(pain("M-2"), 0)
        assert await w.reconcile(error) == Candidates(tuple(w.rids))


async def test_the_same_file_of_a_moment_ago_is_a_candidate_and_not_found(world: Any) -> None:
    async with world() as w:
        before = await w.upload_before(pain(), 60)
        error = await w.lose(arrives=False)
        assert await w.reconcile(error) == Candidates((before,))


async def test_beside_the_same_file_of_a_moment_ago_the_new_one_is_a_candidate_too(world: Any) -> None:
    async with world() as w:
        before = await w.upload_before(pain(), 60)
        error = await w.lose()
        assert await w.reconcile(error) == Candidates((w.rids[1], before))


async def test_the_same_file_of_long_ago_is_another(world: Any) -> None:
    async with world() as w:
        await w.upload_before(pain(), 600)
        error = await w.lose(arrives=False)
        assert await w.reconcile(error) == Undecided()
        error = await w.lose()
        assert await w.reconcile(error) == Found(w.rids[1])


async def test_sums_are_exact_whatever_the_program_does_with_decimals(world: Any) -> None:
    async with world() as w:
        with localcontext(prec=3):
            error = await w.lose(pain("M-1", ("123456.78", OTHER), ("0.99", THIRD)))
            assert await w.reconcile(error) == Found(w.rids[0])


async def test_many_others_of_the_day_are_no_hindrance(world: Any) -> None:
    async with world() as w:
        for number in range(30):
            await w.upload_before(pain(f"O-{number}", (f"{number + 1}.00", OTHER)), 400 if number % 2 else 30)
        error = await w.lose()
        w.sandbox.requests.clear()
        assert await w.reconcile(error) == Found(w.rids[-1])
        # Only what is not too old is looked into.
        assert w.sandbox.count("payments.list") == 16


async def test_faults_while_it_is_looked_up_decide_nothing(world: Any) -> None:
    async with world() as w:
        error = await w.lose()
        for fault in (
            "500:payment-files.listx3",
            "reset-after:payments.list",
            "429:payments.list=1",
            "truncated:payments.list",
        ):
            w.sandbox.add_fault(fault)
            assert await w.reconcile(error) == Found(w.rids[0])
            w.sandbox.clear_faults()
        w.sandbox.add_fault("500:payments.listx99")
        with pytest.raises(ServerError):
            await w.reconcile(error)


# Clocks


@pytest.mark.parametrize("skew", [-3600.0, -240.0, 240.0, 3600.0, 86_400.0])
async def test_a_clock_that_is_wrong_is_corrected_by_the_servers(world: Any, skew: float) -> None:
    async with world(skew=skew) as w:
        before = await w.upload_before(pain(), 120)
        error = await w.lose(arrives=False)
        assert abs(error.sent_at - time.time() - skew) < 30
        assert await w.reconcile(error) == Candidates((before,))
    async with world(skew=skew) as w:
        await w.upload_before(pain(), 400)
        assert await w.reconcile(await w.lose()) == Found(w.rids[1])


def lists(raw_server: Any, files: Sequence[dict[str, Any]], payments: Any, date_header: str | None = "now") -> Any:
    """A server with these payment files and, by file, these payments; uploads get no answer."""

    def reply(rows: Sequence[Any], **headers: str) -> bytes:
        page = {"pageNumber": 1, "pageSize": 1000, "totalPages": 1, "totalItems": len(rows), "results": rows}
        return bytes(raw_server.reply(200, page, **headers))

    def answer(request: Any) -> Any:
        path, _, query = request.target.removeprefix("/api/v6/").partition("?")
        said = format_datetime(datetime.now(UTC), usegmt=True) if date_header == "now" else date_header
        headers = {} if said is None else {"Date": said}
        match path:
            case "authentication/token":
                return raw_server.token()
            case "payments":
                (rid,) = [part.partition("=")[2] for part in query.split("&") if part.startswith("payment-file-rid=")]
                return reply(payments(rid))
            case "payment-files" if request.method == "GET":
                return reply([{"paymentInfo": file} for file in files], **headers)
        return None

    return raw_server(answer)


def listed(rid: str, at: str | None = None) -> dict[str, Any]:
    moment = datetime.now(UTC).isoformat(timespec="seconds") if at is None else at
    return {"rId": rid, "timestamp": moment, "status": {"statusValue": "KON_STORED"}}


def paid(*orders: tuple[str | None, str | None], file: str | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, (amount, iban) in enumerate(orders or (("10.00", OTHER), ("0.99", THIRD))):
        row: dict[str, Any] = {"rId": f"p-{number}"}
        if amount is not None:
            row["transaction"] = {"type": "TRF", "amount": float(amount), "currency": "EUR"}
        if iban is not None:
            row["otherPartyBankAccount"] = {"iban": iban}
        if file is not None:
            row["paymentFile"] = {"rId": file}
        rows.append(row)
    return rows


async def lost(client: Any) -> OutcomeUnknownError:
    with pytest.raises(OutcomeUnknownError) as caught:
        await client.payment_files.upload(pain())
    return caught.value


@pytest.mark.parametrize(
    ("payments", "expected"),
    [
        (lambda rid: paid(), Found("f-1")),
        (lambda rid: paid(file=rid), Found("f-1")),
        (lambda rid: paid(file="another"), Candidates(("f-1",))),  # it does not know the filter
        (lambda rid: [], Candidates(("f-1",))),
        (lambda rid: paid(("10.00", None), ("0.99", THIRD)), Candidates(("f-1",))),
        (lambda rid: paid(("10.00", OTHER), (None, THIRD)), Candidates(("f-1",))),
        (lambda rid: paid(("10.00", f"{OTHER[:4]} {OTHER[4:].lower()}"), ("0.99", THIRD)), Found("f-1")),
        (lambda rid: paid(("10.00", OTHER), ("0.98", None)), Undecided()),
    ],
)
async def test_where_too_little_is_known_of_a_file_it_is_a_candidate(
    raw_server: Any, new_client: Any, payments: Any, expected: Any
) -> None:
    async with (
        lists(raw_server, [listed("f-1")], payments) as server,
        new_client(server, clock=Skewed()) as client,
    ):
        assert await client.payment_files.reconcile(await lost(client)) == expected


@pytest.mark.parametrize(
    "timestamp", [None, "2025-02-18T10:00:00", "2099-02-18T10:00:00.123"], ids=["none", "no offset", "future"]
)
async def test_a_file_whose_time_is_not_known_is_a_candidate(
    raw_server: Any, new_client: Any, timestamp: str | None
) -> None:
    file = listed("f-1", timestamp or "")
    if timestamp is None:
        del file["timestamp"]
    async with (
        lists(raw_server, [file], lambda rid: paid()) as server,
        new_client(server, clock=Skewed()) as client,
    ):
        assert await client.payment_files.reconcile(await lost(client)) == Candidates(("f-1",))


@pytest.mark.parametrize("says", [None, "soon", "Tue, 99 Foo 2026"])
async def test_a_server_that_does_not_say_the_time_makes_nothing_certain(
    raw_server: Any, new_client: Any, says: str | None
) -> None:
    async with (
        lists(raw_server, [listed("f-1")], lambda rid: paid(), says) as server,
        new_client(server, clock=Skewed()) as client,
    ):
        assert await client.payment_files.reconcile(await lost(client)) == Candidates(("f-1",))


async def test_a_file_that_a_moving_list_shows_twice_is_one(raw_server: Any, new_client: Any) -> None:
    async with (
        lists(
            raw_server,
            [listed("f-1"), listed("f-2"), listed("f-1")],
            lambda rid: paid() if rid == "f-1" else paid(("1.00", OTHER)),
        ) as server,
        new_client(server, clock=Skewed()) as client,
    ):
        assert await client.payment_files.reconcile(await lost(client)) == Found("f-1")


@pytest.mark.parametrize(("held", "expected"), [(0.0, Found("f-1")), (1.0, Candidates(("f-1",)))])
async def test_a_slow_answer_makes_the_servers_clock_uncertain(
    raw_server: Any, new_client: Any, held: float, expected: Any
) -> None:
    """It may have looked at its clock at any time meanwhile, so what came a little before may be something else."""
    sent_at = asked_at = 0.0

    async def answer(request: Any) -> Any:
        nonlocal asked_at
        if request.path == "authentication/token":
            return raw_server.token()
        if request.method == "POST":
            return None
        if not asked_at:
            await asyncio.sleep(held)
            asked_at = time.time()
        # Created 1.25 s before it was sent, by the server's clock, which shows whole seconds.
        created = datetime.fromtimestamp(sent_at - asked_at % 1 - 1.25, UTC).isoformat()
        rows = [{"paymentInfo": listed("f-1", created)}] if request.path == "payment-files" else paid()
        page = {"pageNumber": 1, "pageSize": 1000, "totalPages": 1, "totalItems": len(rows), "results": rows}
        return raw_server.reply(200, page, Date=format_datetime(datetime.fromtimestamp(asked_at, UTC), usegmt=True))

    async with raw_server(answer) as server, new_client(server, clock=Skewed()) as client:
        error = await lost(client)
        sent_at = error.sent_at
        assert await client.payment_files.reconcile(error) == expected


# What was lost on the way


async def test_a_format_that_is_not_read_has_candidates_only(world: Any) -> None:
    async with world() as w:
        error = await w.lose(dtazv())
        assert (error.orders, error.control_sum) == (None, None)
        assert await w.reconcile(error) == Candidates((w.rids[0],))
        # Whatever came since may be it.
        await w.upload_before(pain(), 0)
        assert await w.reconcile(error) == Candidates(tuple(w.rids))


async def test_an_error_that_was_pickled_knows_no_counterparties_and_has_candidates_only(world: Any) -> None:
    async with world() as w:
        error = pickle.loads(pickle.dumps(await w.lose()))  # noqa: S301
        assert error.counterparties == frozenset()
        assert (error.kind, error.orders, error.control_sum) == ("payment_files.upload", 2, Decimal("10.99"))
        assert await w.reconcile(error) == Candidates((w.rids[0],))
        await w.upload_before(pain("M-2", ("1.00", OTHER)), 0)
        assert await w.reconcile(error) == Candidates((w.rids[0],))


async def test_what_was_sent_by_hand_is_looked_up_elsewhere(world: Any) -> None:
    async with world() as w:
        w.sandbox.add_fault("500:payments.create")
        with pytest.raises(OutcomeUnknownError) as caught:
            await w.client.request("POST", "payments", json=[])
        for reconcile in (w.client.payment_files.reconcile, w.client.payments.reconcile):
            with pytest.raises(ConfigurationError, match="this was POST payments"):
                await reconcile(caught.value)


# Payments: extracted, created, submitted


def new_payment(amount: str = "1.00", iban: str = OTHER, day: int = 17) -> NewPayment:
    order = PaymentOrder("TRF", Decimal(amount), "EUR", execution_date=date(2027, 2, day))
    return NewPayment(order, own=Party(iban=OWN), other=Party(iban=iban, description="Bob"))


BOTH = (new_payment("10.00"), new_payment("0.99", THIRD))


async def lose_it(w: Any, route: str, sending: Any, *, arrives: bool = True) -> OutcomeUnknownError:
    """It gets no answer; the error, and the entry of the ledger where there is one."""
    w.sandbox.add_fault(f"reset-{'after' if arrives else 'before'}:{route}")
    with pytest.raises(OutcomeUnknownError) as caught:
        await sending
    w.sandbox.clear_faults()
    assert caught.value.look_up in ("client.payments.reconcile(error)", "client.payment_files.reconcile(error)")
    return caught.value


@dataclass
class Way:
    """How payments with the orders of BOTH come to be."""

    route: str
    send: Callable[[Any], Any]


WAYS = {
    "extract": Way("payment-files.extract", lambda client, **more: client.payment_files.extract(pain(), **more)),
    "create": Way("payments.create", lambda client, **more: client.payments.create(BOTH, **more)),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


async def batches(w: Any) -> list[str]:
    return list(dict.fromkeys([payment.batch.rid async for payment in w.client.payments.list()]))


@pytest.mark.parametrize("by", ["error", "entry", "pickled entry of a killed program"])
async def test_the_batch_of_what_was_extracted_or_created_is_found(world: Any, way: Way, by: str) -> None:
    async with world(ledger=True) as w:
        error = await lose_it(w, way.route, way.send(w.client))
        assert (error.orders, error.control_sum, len(error.counterparties)) == (2, Decimal("10.99"), 2)
        (batch,) = await batches(w)
        (entry,) = w.ledger.entries()
        sent = error if by == "error" else pickle.loads(pickle.dumps(entry))  # noqa: S301
        assert await w.client.payments.reconcile(sent) == Found(batch)
        (entry,) = w.ledger.entries()
        assert (entry.outcome, entry.rid) == ("done", batch)
        assert await w.reconcile(sent) == Found(batch)
        with pytest.raises(AlreadySubmittedError, match="with success"):
            await way.send(w.client)


async def test_a_batch_that_is_not_there_is_never_called_absent(world: Any, way: Way) -> None:
    async with world(ledger=True) as w:
        error = await lose_it(w, way.route, way.send(w.client), arrives=False)
        assert await w.reconcile(error) == Undecided()
        await w.client.payments.create([new_payment("10.00"), new_payment("0.98", THIRD)])
        await w.client.payments.create([new_payment("10.98"), new_payment("0.02", THIRD), new_payment("0.01", THIRD)])
        await w.client.payments.create([new_payment("10.00", THIRD), new_payment("0.99", THIRD)])
        assert await w.reconcile(error) == Undecided()
        assert w.ledger.entries(outcome="unknown")


async def test_batches_that_are_alike_are_candidates(world: Any, way: Way) -> None:
    async with world() as w:
        error = await lose_it(w, way.route, way.send(w.client))
        await way.send(w.client)
        assert await w.reconcile(error) == Candidates(tuple(await batches(w)))


async def test_a_batch_of_a_moment_ago_is_a_candidate_and_of_long_ago_none(world: Any, way: Way) -> None:
    async with world() as w:
        for seconds in (600, 60):
            w.past[0] = -seconds
            await way.send(w.client)
        w.past[0] = 0.0
        error = await lose_it(w, way.route, way.send(w.client), arrives=False)
        assert await w.reconcile(error) == Candidates(((await batches(w))[1],))


async def test_a_batch_that_the_ledger_knows_to_be_another_is_none(world: Any, way: Way) -> None:
    async with world(ledger=True) as w:
        other = "payments.create" if way.route != "payments.create" else "payment_files.extract"
        await WAYS["create" if way.route != "payments.create" else "extract"].send(w.client)
        assert w.ledger.entries()[0].kind == other
        error = await lose_it(w, way.route, way.send(w.client), arrives=False)
        assert await w.reconcile(error) == Undecided()


async def test_two_batches_of_unknown_outcome_may_be_each_other(world: Any, way: Way) -> None:
    async with world(ledger=True) as w:
        first = await lose_it(w, way.route, way.send(w.client), arrives=False)
        second = await lose_it(w, way.route, way.send(w.client, again=True))
        for error in (first, second):
            assert await w.reconcile(error) == Candidates(tuple(await batches(w)))


async def test_a_batch_in_a_file_may_have_come_with_it(world: Any, way: Way) -> None:
    async with world(ledger=True) as w:
        error = await lose_it(w, way.route, way.send(w.client), arrives=False)
        await w.upload_before(pain("M-7"), 0)  # by somebody else
        assert await w.reconcile(error) == Candidates(tuple(await batches(w)))
        await w.client.payment_files.upload(pain("M-8", ("10.00", OTHER), ("0.99", THIRD)), again=True)
        assert await w.reconcile(error) == Candidates(tuple((await batches(w))[:1])), "the second is our own upload"


async def test_a_batch_of_which_one_was_deleted_is_a_candidate(world: Any, way: Way) -> None:
    async with world() as w:
        error = await lose_it(w, way.route, way.send(w.client))
        first, _ = [payment async for payment in w.client.payments.list()]
        await w.client.payments.delete(first.rid)
        assert await w.reconcile(error) == Candidates((first.batch.rid,))


async def submittable(w: Any, *payments: NewPayment) -> list[str]:
    """Payments that are in no ledger; their rIds."""
    async with KonfipayClient(
        w.sandbox.api_key, base_url=w.sandbox.base_url, limits=Limits(per_second=1e4)
    ) as somebody:
        return [payment.rid for payment in await somebody.payments.create(payments or BOTH)]


@pytest.mark.parametrize("by", ["error", "entry"])
async def test_a_submission_whose_payments_are_all_in_new_files_is_found(world: Any, by: str) -> None:
    async with world(ledger=True) as w:
        rids = await submittable(w, new_payment(), new_payment("2.00"), new_payment("3.00", day=18))
        error = await lose_it(w, "payments.submit", w.client.payments.submit(rids))
        assert error.rids == w.ledger.entries()[0].rids == tuple(rids)
        sent = error if by == "error" else w.ledger.entries()[0]
        assert len(w.rids) == 2
        for _ in range(2):
            assert await w.client.payments.reconcile(sent) == Found(w.rids[0], (w.rids[1],))
            assert w.ledger.entries()[0].outcome == "done"


async def test_a_submission_that_did_not_arrive_is_undecided(world: Any) -> None:
    async with world(ledger=True) as w:
        rids = await submittable(w)
        error = await lose_it(w, "payments.submit", w.client.payments.submit(rids), arrives=False)
        assert await w.reconcile(error) == Undecided()
        await w.client.payments.delete(rids[0])
        assert await w.reconcile(error) == Undecided()
        assert w.ledger.entries()[0].outcome == "unknown"


async def test_a_submission_of_which_some_are_in_a_file_has_candidates(world: Any) -> None:
    async with world() as w:
        rids = await submittable(w)
        error = await lose_it(w, "payments.submit", w.client.payments.submit(rids), arrives=False)
        await w.client.payments.submit(rids[:1])
        assert await w.reconcile(error) == Candidates(tuple(w.rids))


async def test_files_from_before_a_submission_did_not_come_of_it(world: Any) -> None:
    async with world() as w:
        rids = await submittable(w)
        w.past[0] = -60.0
        await w.client.payments.submit(rids)
        w.past[0] = 0.0
        error = await lose_it(w, "payments.submit", w.client.payments.submit(rids))
        assert await w.reconcile(error) == Candidates(tuple(w.rids))


async def test_two_submissions_of_unknown_outcome_may_be_each_other(world: Any) -> None:
    async with world(ledger=True) as w:
        rids = await submittable(w)
        first = await lose_it(w, "payments.submit", w.client.payments.submit(rids), arrives=False)
        second = await lose_it(w, "payments.submit", w.client.payments.submit(rids[::-1], again=True))
        for error in (first, second):
            assert await w.reconcile(error) == Candidates(tuple(w.rids))
        w.ledger.settle(first.ledger_entry, "not sent")
        assert await w.reconcile(second) == Found(w.rids[0])


async def test_a_payment_that_cannot_be_read_is_an_error_and_no_answer(world: Any) -> None:
    async with world() as w:
        rids = await submittable(w)
        error = await lose_it(w, "payments.submit", w.client.payments.submit(rids))
        for fault in ("500:payments.getx99", "unknown-route:payments.getx99"):
            w.sandbox.add_fault(fault)
            with pytest.raises(KonfipayError):
                await w.reconcile(error)
            w.sandbox.clear_faults()


async def failed_file(w: Any) -> str:
    rid = await w.upload_before(pain("M-0"), 60)
    w.past[0] = -50.0
    await w.client.payment_files.submit(rid)
    w.past[0] = 0.0
    w.sandbox.set_payment_status(rid, "FIN_UPLOAD_FAILED")
    return str(rid)


@pytest.mark.parametrize("by", ["error", "entry"])
async def test_a_submission_by_force_is_found_where_the_file_went_out_since(world: Any, by: str) -> None:
    async with world(ledger=True, payment_statuses=["FIN_UPLOAD_SUCCEEDED"]) as w:
        rid = await failed_file(w)
        error = await lose_it(w, "payment-files.submit", w.client.payment_files.submit(rid, force=True))
        assert await w.reconcile(error if by == "error" else w.ledger.entries()[0]) == Found(rid)
        assert [(entry.outcome, entry.rid) for entry in w.ledger.entries()] == [("done", rid)]


async def test_a_submission_by_force_is_undecided_where_the_status_is_still_the_failure(world: Any) -> None:
    async with world(ledger=True) as w:
        rid = await failed_file(w)
        error = await lose_it(w, "payment-files.submit", w.client.payment_files.submit(rid, force=True), arrives=False)
        assert await w.reconcile(error) == Undecided()
        assert w.ledger.entries()[0].outcome == "unknown"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("FIN_PARTIALLY_ACCEPTED", Found), ("FIN_REJECTED", Candidates), ("FIN_VEU_CANCELED", Candidates)],
)
async def test_a_file_that_was_with_the_bank_since_is_not_undecided(world: Any, status: str, expected: type) -> None:
    """Also where the bank had something against it: what it took of it is paid."""
    async with world(ledger=True, payment_statuses=["FIN_UPLOAD_SUCCEEDED"]) as w:
        rid = await failed_file(w)
        error = await lose_it(w, "payment-files.submit", w.client.payment_files.submit(rid, force=True))
        w.sandbox.set_payment_status(rid, status)
        assert isinstance(await w.reconcile(error), expected)


async def test_the_same_orders_of_another_month_are_a_candidate(world: Any) -> None:
    """What arrives does so within the hour; a standing order is made anew."""
    async with world(ledger=True) as w:
        error = await w.lose(arrives=False)
        await w.upload_before(pain(), -2 * 3600)
        assert await w.reconcile(error) == Candidates((w.rids[0],))


async def test_what_was_submitted_payment_by_payment_may_be_the_file_that_is_found(world: Any) -> None:
    """konfipay makes a file of it, and the ledger does not know which."""
    async with world(ledger=True) as w:
        error = await w.lose(arrives=False)
        await w.client.payments.submit(await submittable(w))
        await w.upload_before(pain(), 0)
        assert isinstance(await w.reconcile(error), Candidates)


async def test_a_submission_that_made_several_files_may_have_made_the_one_that_is_found(world: Any) -> None:
    """The ledger notes the first of them alone."""
    async with world(ledger=True) as w:
        error = await w.lose(arrives=False)
        rids = await submittable(w, *BOTH, new_payment("3.00", day=18))
        lost = await lose_it(w, "payments.submit", w.client.payments.submit(rids))
        assert isinstance(await w.reconcile(lost), Found)
        await w.upload_before(pain(), 0)
        assert isinstance(await w.reconcile(error), Candidates)


async def test_a_file_that_went_out_before_it_was_forced_is_a_candidate(world: Any) -> None:
    async with world(ledger=True, payment_statuses=["FIN_UPLOAD_SUCCEEDED"]) as w:
        rid = await w.upload_before(pain("M-0"), 60)
        w.past[0] = -50.0
        await w.client.payment_files.submit(rid)
        w.past[0] = 0.0
        error = await lose_it(w, "payment-files.submit", w.client.payment_files.submit(rid, force=True), arrives=False)
        assert await w.reconcile(error) == Candidates((rid,))


async def test_a_file_that_was_forced_twice_tells_of_neither(world: Any) -> None:
    async with world(ledger=True, payment_statuses=["FIN_UPLOAD_SUCCEEDED"]) as w:
        rid = await failed_file(w)
        first = await lose_it(w, "payment-files.submit", w.client.payment_files.submit(rid, force=True), arrives=False)
        await w.client.payment_files.submit(rid, force=True, again=True)
        assert await w.reconcile(first) == Candidates((rid,))


# With a ledger


async def test_what_is_found_is_noted_and_then_refused(world: Any) -> None:
    async with world(ledger=True) as w:
        error = await w.lose()
        assert await w.reconcile(error) == Found(w.rids[0])
        (entry,) = w.ledger.entries()
        assert (entry.outcome, entry.rid) == ("done", w.rids[0])
        with pytest.raises(AlreadySubmittedError) as caught:
            await w.client.payment_files.upload(pain())
        assert caught.value.rid == w.rids[0]
        w.sandbox.requests.clear()
        assert await w.reconcile(error) == Found(w.rids[0])
        assert w.sandbox.requests == []


async def test_what_is_not_found_stays_open(world: Any) -> None:
    async with world(ledger=True) as w:
        error = await w.lose(arrives=False)
        await w.upload_before(pain(), 60)
        for expected in (Candidates((w.rids[0],)),) * 2:
            assert await w.reconcile(error) == expected
        assert [entry.outcome for entry in w.ledger.entries()] == ["unknown"]
        with pytest.raises(AlreadySubmittedError, match="nobody knows"):
            await w.client.payment_files.upload(pain())


async def test_an_entry_is_looked_up_like_the_error(world: Any) -> None:
    """All that a program that was killed leaves behind."""
    async with world(ledger=True) as w:
        await w.lose()
        (entry,) = w.ledger.entries()
        assert await w.reconcile(entry) == Found(w.rids[0])
        assert w.ledger.entries()[0].outcome == "done"
        await w.lose(pain("M-2", ("7.00", THIRD)), arrives=False)
        assert await w.reconcile(w.ledger.entries()[0]) == Undecided()


async def test_what_the_ledger_knows_to_be_something_else_is_no_candidate(world: Any) -> None:
    async with world(ledger=True) as w:
        await w.client.payment_files.upload(pain("M-1"))
        error = await w.lose(pain("M-2"), arrives=False)
        assert await w.reconcile(error) == Undecided()
        error = await w.lose(pain("M-3"), again=True)
        w.ledger.settle(w.ledger.entries(outcome="unknown")[1].id, "not sent")  # somebody has looked
        assert await w.reconcile(error) == Found(w.rids[1])


async def test_a_file_that_was_submitted_by_force_may_still_be_the_one_that_was_lost(world: Any) -> None:
    """Its id came from the portal: that something was done to it says nothing of where it came from."""
    async with world(ledger=True) as w:
        error = await w.lose()
        await w.client.payment_files.submit(w.rids[0], force=True)
        assert await w.reconcile(error) == Found(w.rids[0])


async def test_a_file_that_was_built_anew_is_not_sent_while_its_twin_is_unknown(world: Any) -> None:
    async with world(ledger=True) as w:
        error = await w.lose(pain("M-1"), submit=True)
        for anew in (pain("M-2"), pain("M-1").replace(b"<PmtInfId>P<", b"<PmtInfId>Q<")):
            with pytest.raises(AlreadySubmittedError, match="nobody knows"):
                await w.client.payment_files.upload(anew, submit=True)
            with pytest.raises(AlreadySubmittedError, match="nobody knows"):
                await w.client.payment_files.extract(anew)
        assert await w.reconcile(error) == Found(w.rids[0])
        with pytest.raises(AlreadySubmittedError, match="with success"):
            await w.client.payment_files.upload(pain("M-1").replace(b"<PmtInfId>P<", b"<PmtInfId>Q<"), submit=True)
        await w.client.payment_files.upload(pain("M-2"), submit=True)  # it is known now, so these are further orders
        assert len(w.sandbox.transmissions()) == 2


async def test_two_with_the_same_orders_whose_outcomes_are_unknown_may_be_each_other(world: Any) -> None:
    """One of them arrived, and nothing tells which."""
    async with world(ledger=True) as w:
        first = await w.lose(pain("M-1"), arrives=False)
        second = await w.lose(pain("M-2"), again=True)
        for error in (first, second):
            assert await w.reconcile(error) == Candidates((w.rids[0],))
        assert [entry.outcome for entry in w.ledger.entries()] == ["unknown", "unknown"]
        w.ledger.settle(first.ledger_entry, "not sent")
        assert await w.reconcile(second) == Found(w.rids[0])


async def test_one_with_the_same_orders_that_was_sent_afterwards_changes_nothing(world: Any) -> None:
    async with world(ledger=True) as w:
        first = await w.lose(pain("M-1"))
        w.clock.by += 60
        w.past[0] += 60
        # A minute later, by both clocks.
        second = await w.lose(pain("M-2"), arrives=False, again=True)
        w.clock.by -= 60
        w.past[0] -= 60
        assert await w.reconcile(first) == Found(w.rids[0])
        assert await w.reconcile(second) == Undecided()


async def test_the_same_file_sent_again_on_purpose_may_be_either(world: Any) -> None:
    async with world(ledger=True) as w:
        first = await w.lose(arrives=False)
        second = await w.lose(again=True)
        for error in (first, second):
            assert await w.reconcile(error) == Candidates((w.rids[0],))


async def test_a_file_that_is_found_rejected_may_be_sent_again(world: Any) -> None:
    async with world(ledger=True) as w:
        error = await w.lose(pain(own=INACTIVE))
        assert await w.reconcile(error) == Found(w.rids[0])
        assert [(entry.outcome, entry.rid) for entry in w.ledger.entries()] == [("refused", w.rids[0])]
        assert (await w.client.payment_files.upload(pain(own=INACTIVE))).status.value.has_failed


async def test_an_entry_of_another_ledger_is_not_settled(world: Any, tmp_path: Path) -> None:
    """The error comes from another process, whose entry of that number is something else here."""
    async with world(ledger=True) as w:
        await w.lose(pain("M-9", ("5.00", OTHER)), arrives=False)
        with Ledger(tmp_path / "other.db") as other:
            async with KonfipayClient(w.sandbox.api_key, base_url=w.sandbox.base_url, ledger=other) as client:
                w.sandbox.add_fault("reset-after:payment-files.upload")
                error = await lost(client)
        assert error.ledger_entry == w.ledger.entries()[0].id
        assert await w.reconcile(error) == Found(w.rids[0])
        assert [entry.outcome for entry in w.ledger.entries()] == ["unknown"]


async def test_a_ledger_that_cannot_be_written_keeps_no_answer_back(world: Any, caplog: Any) -> None:
    async with world(ledger=True) as w:
        error = await w.lose()
        w.ledger._connection.execute("PRAGMA query_only = 1")
        assert await w.reconcile(error) == Found(w.rids[0])
        assert "could not note what was found" in caplog.text
        assert w.ledger.entries()[0].outcome == "unknown"


async def test_two_who_look_it_up_at_once_agree(world: Any) -> None:
    async with world(ledger=True) as w:
        error = await w.lose()
        answers = await asyncio.gather(*(w.reconcile(error) for _ in range(4)))
        assert set(answers) == {Found(w.rids[0])}
        assert [entry.outcome for entry in w.ledger.entries()] == ["done"]


async def test_looking_up_repeats_nothing(world: Any) -> None:
    async with world(ledger=True) as w:
        error = await w.lose(submit=True)
        w.sandbox.requests.clear()
        await w.reconcile(error)
        assert {request.method for request in w.sandbox.requests} == {"GET"}
        assert len(w.sandbox.transmissions()) == 1
