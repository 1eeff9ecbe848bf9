"""A program that pays as a careful user writes it, everything that can happen to it, and what must hold afterwards.

A story is a function of its seed. In it the program is begun up to three times: whatever ends it early, the next run
goes on from what it finds.
"""

import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from runpy import run_path
from typing import Any

from konfipay_async import KonfipayClient, KonfipayError, Limits, OutcomeUnknownError, Retry
from konfipay_async.errors import AlreadySubmittedError, ConflictError
from konfipay_async.ledger import Entry, Ledger
from konfipay_async.models import NewPayment, Party, Payment, PaymentOrder, StatusValue
from konfipay_async.resources.reconcile import Found
from konfipay_async.sandbox import Fault, Sandbox
from konfipay_async.sandbox.faults import FAULTS
from konfipay_async.sandbox.konfipay.banks import make_accounts

kept_port = run_path(str(Path(__file__).parents[1] / "ports.py"))["kept_port"]

OWN, _, _, INACTIVE = (account.iban for account in make_accounts(0, 4))
OTHERS = ("DE02120300000000202051", "DE89370400440532013000", "DE75512108001245126199")
DAY = date(2027, 2, 17)

SENT, NOT_SENT, UNKNOWN = "sent", "not sent", "unknown"
TRIES = 3


# --- the program ---------------------------------------------------------------------------------------------------


@dataclass
class Program:
    """Pays some orders in one of five ways, and says how that ended: sent, not sent or unknown.

    It sends again only what certainly was not done: after every error but OutcomeUnknownError, and after that never
    but where the server itself refuses what was sent before. Files are built anew for every try: they say when.
    """

    way: str
    client: KonfipayClient
    ledger: Ledger | None
    orders: int = 1
    own: str = OWN
    name: str = "M"
    failed_rid: str = ""  # of the file that is to be sent by force
    resumed: bool = False
    insists: bool = False  # whether it uses again=True where that is right
    rebuilds: bool = True  # whether its files have other bytes each time

    async def run(self) -> str:
        match self.way:
            case "stored":
                return await self._pay_file(at_once=False)
            case "at once":
                return await self._pay_file(at_once=True)
            case "by force":
                return await self._pay_by_force()
            case "created" | "extracted":
                return await self._pay_orders()
        raise ValueError(self.way)

    # A file

    async def _pay_file(self, *, at_once: bool) -> str:
        rid: str | None = None
        for _ in range(TRIES):
            try:
                file = await self.client.payment_files.upload(self.content(), submit=at_once)
            except AlreadySubmittedError as error:
                rid = error.rid if error.outcome == "done" else await self._look_up(self._open_entry(_UPLOAD))
            except OutcomeUnknownError as error:
                rid = await self._look_up(error)
            except KonfipayError:
                continue
            else:
                rid = file.rid
            if rid is None:
                await self._be_hasty()
                return UNKNOWN
            return await self._became(rid) if at_once else await self._submit(rid)
        return UNKNOWN if self.resumed else NOT_SENT  # the run before may have sent it

    def _open_entry(self, kind: str) -> Entry:
        assert self.ledger is not None
        return next(entry for entry in self.ledger.entries(kind=kind) if entry.is_open)

    async def _be_hasty(self) -> None:
        """Nobody knows what became of the file: build it anew under another id. The ledger must not let that pass."""
        if self.ledger is None:
            return
        try:
            await self.client.payment_files.upload(self.content(named=os.urandom(8).hex()), submit=True)
        except OutcomeUnknownError:
            pass
        except KonfipayError:  # not every try comes as far as the ledger
            return
        raise AssertionError("a file was sent while the outcome of its twin was open")

    async def _look_up(self, sent: Any) -> str | None:
        for _ in range(TRIES):
            try:
                found = await self.client.payment_files.reconcile(sent)
            except KonfipayError:
                continue
            return found.rid if isinstance(found, Found) else None
        return None

    async def _became(self, rid: str) -> str:
        """What became of a file that was to be sent."""
        for _ in range(TRIES):
            try:
                file = await self.client.payment_files.get(rid)
            except KonfipayError:
                continue
            return _said(file.status.value if file.status else None)
        return UNKNOWN

    async def _submit(self, rid: str) -> str:
        for _ in range(TRIES):
            try:
                file = await self.client.payment_files.submit(rid)
            except KonfipayError:
                continue
            return _said(file.status.value if file.status else None)
        return UNKNOWN

    async def _pay_by_force(self) -> str:
        """Send a file again which the bank refused; that it did is looked up each time."""
        for _ in range(TRIES):
            try:
                file = await self.client.payment_files.get(self.failed_rid)
                if file.status is None or file.status.value is not StatusValue.FIN_UPLOAD_FAILED:
                    return _said(file.status.value if file.status else None)
                await self.client.payment_files.submit(self.failed_rid, force=True)
            except (OutcomeUnknownError, AlreadySubmittedError) as error:
                if await self._found("payment_files.submit", error) is not None:
                    return SENT
                return await self._became(self.failed_rid)
            except KonfipayError:
                continue
            return SENT
        return UNKNOWN

    async def _found(self, kind: str, error: OutcomeUnknownError | AlreadySubmittedError) -> str | None:
        """What reconcile finds of it, where it is open."""
        if isinstance(error, OutcomeUnknownError):
            return await self._look_up(error)
        return None if error.outcome == "done" else await self._look_up(self._open_entry(kind))

    # Single orders

    async def _pay_orders(self) -> str:
        found = await self._find() if self.resumed else []
        for _ in range(TRIES):
            if found is None:
                return UNKNOWN
            if found:
                break
            try:
                if self.way == "created":
                    found = list(await self.client.payments.create(self.payments()))
                else:
                    found = list(await self.client.payment_files.extract(self.content()))
            except (OutcomeUnknownError, AlreadySubmittedError) as error:
                batch = await self._found(_BEGINS[self.way], error)
                found = await self._find() or None
                assert batch is None or found is None or batch in [one.batch.rid for one in found if one.batch]
            except KonfipayError:
                continue
        if not found:
            return UNKNOWN if found is None else NOT_SENT
        if not any(payment.is_open for payment in found):
            return SENT  # by the run before
        return await self._submit_orders([payment.rid for payment in found])

    async def _find(self) -> list[Payment] | None:
        """The orders by their ids; None where they cannot be looked up, or are only some."""
        for _ in range(TRIES):
            try:
                listed = [payment async for payment in self.client.payments.list()]
            except KonfipayError:
                continue
            ours = [one for one in listed if one.order and (one.order.end_to_end_id or "").startswith(f"{self.name}-")]
            return ours if len(ours) in (0, self.orders) else None
        return None

    async def _submit_orders(self, rids: list[str]) -> str:
        in_doubt = False
        for _ in range(TRIES):
            try:
                await self.client.payments.submit(rids, again=in_doubt)
            except ConflictError:
                return SENT  # before, and konfipay refuses to do it twice
            except (OutcomeUnknownError, AlreadySubmittedError) as error:
                if await self._found("payments.submit", error) is not None or await self._are_in_a_file(rids):
                    return SENT
                if not self.insists:
                    return UNKNOWN
                in_doubt = True
            except KonfipayError:
                continue
            else:
                return SENT
        return UNKNOWN if in_doubt or self.resumed else NOT_SENT

    async def _are_in_a_file(self, rids: list[str]) -> bool:
        try:
            return all([not (await self.client.payments.get(rid)).is_open for rid in rids])
        except KonfipayError:
            return False

    # What is paid

    def amounts(self) -> list[str]:
        return [f"{number + 1}.{number:02d}" for number in range(self.orders)]

    def payments(self) -> list[NewPayment]:
        return [
            NewPayment(
                PaymentOrder("TRF", Decimal(amount), "EUR", execution_date=DAY, end_to_end_id=f"{self.name}-{number}"),
                own=Party(iban=self.own),
                other=Party(iban=OTHERS[number % len(OTHERS)], description="Bob"),
            )
            for number, amount in enumerate(self.amounts())
        ]

    def content(self, named: str | None = None) -> bytes:
        built_at = datetime.now(UTC).isoformat() if self.rebuilds else "2027-02-01T00:00:00Z"
        orders = "".join(
            f"<CdtTrfTxInf><PmtId><EndToEndId>{self.name}-{number}</EndToEndId></PmtId>"
            f'<Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt><Cdtr><Nm>Bob</Nm></Cdtr>'
            f"<CdtrAcct><Id><IBAN>{OTHERS[number % len(OTHERS)]}</IBAN></Id></CdtrAcct></CdtTrfTxInf>"
            for number, amount in enumerate(self.amounts())
        )
        return (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
            f"<GrpHdr><MsgId>{named or self.name}</MsgId><CreDtTm>{built_at}</CreDtTm></GrpHdr>"
            f"<PmtInf><PmtInfId>P</PmtInfId><PmtMtd>TRF</PmtMtd>"
            f"<ReqdExctnDt><Dt>{DAY}</Dt></ReqdExctnDt><Dbtr><Nm>Alice</Nm></Dbtr>"
            f"<DbtrAcct><Id><IBAN>{self.own}</IBAN></Id></DbtrAcct>{orders}</PmtInf></CstmrCdtTrfInitn></Document>"
        ).encode()


def _said(status: StatusValue | None) -> str:
    if status is None or status in ("KON_STORED", StatusValue.FIN_UPLOAD_FAILED):
        return UNKNOWN
    return NOT_SENT if status is StatusValue.KON_REJECTED else SENT


# --- what must hold ------------------------------------------------------------------------------------------------

WAYS = ("stored", "at once", "by force", "created", "extracted")
_UPLOAD = "payment_files.upload"
_BEGINS = {
    "stored": _UPLOAD,
    "at once": _UPLOAD,
    "by force": "payment_files.submit",
    "created": "payments.create",
    "extracted": "payment_files.extract",
}


async def prepare(way: str, sandbox: Sandbox, program: Program) -> None:
    """What there was before: a file the bank refused, where one is to be sent by force."""
    if way == "by force":
        file = await program.client.payment_files.upload(program.content(), submit=True)
        sandbox.set_payment_status(file.rid, "FIN_UPLOAD_FAILED")
        program.failed_rid = file.rid


def check(way: str, orders: int, told: str, sandbox: Sandbox, entries: Sequence[Entry] | None, others: int = 0) -> None:
    """No order went to the bank twice, what the program told is so, and so is every entry of its ledger.

    `others` are files that a colleague uploaded, with as many orders.
    """
    before = 1 if way == "by force" else 0
    sent = sandbox.transmissions()[before:]
    assert len(sent) <= 1, f"{way}: sent {len(sent)} times"
    assert told in {0: (NOT_SENT, UNKNOWN), 1: (SENT, UNKNOWN)}[len(sent)], f"{way}: {told}, and sent {len(sent)} times"
    if entries is None:
        return
    if way in ("created", "extracted"):
        done = len(sandbox.payment_rids()) // orders - others
        _agree([entry for entry in entries if entry.kind == "payments.submit"], len(sent))
    else:
        done = len(sent) if way == "by force" else len(sandbox.payment_file_rids()) - others
    _agree([entry for entry in entries if entry.kind == _BEGINS[way]], done)


def _agree(entries: Sequence[Entry], done: int) -> None:
    """So many of the entries are of what the server did."""
    certain = sum(entry.outcome == "done" or entry.rid is not None for entry in entries)
    possible = certain + sum(entry.is_open for entry in entries)
    said = [(entry.outcome, entry.rid) for entry in entries]
    assert certain <= done <= possible, f"the server did {done}, and the ledger has {said}"


# --- what can happen -----------------------------------------------------------------------------------------------

_ROUTES = {
    "stored": ("payment-files.upload", "payment-files.submit", "payment-files.get"),
    "at once": ("payment-files.upload", "payment-files.get"),
    "by force": ("payment-files.submit", "payment-files.get"),
    "created": ("payments.create", "payments.submit", "payments.get"),
    "extracted": ("payment-files.extract", "payments.submit", "payments.get"),
}
_LOOKING = ("payment-files.list", "payments.list", "authentication.token")
_MAKING = ("upload", "submit", "extract", "create")
# A success that did nothing is told by what is read back, which this program does not look at: the commands do.
_WITHOUT_EFFECT = ("acknowledge-without-effect", "submit-without-effect")
_NAMES = tuple(name for name in FAULTS if name not in (*_WITHOUT_EFFECT, "ignored-filter"))
_WISHES = (None, "0", "1", "3", "-5", "99999999", "soon")


class Clock:
    """Waits for nothing: its monotonic time jumps. The time of day is that of the machine, and a little wrong."""

    def __init__(self, wrong_by: float) -> None:
        self.wrong_by = wrong_by
        self.skipped = 0.0
        self.waited: Callable[[], Any] | None = None

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def time(self) -> float:
        return time.time() + self.wrong_by

    async def sleep(self, seconds: float) -> None:
        self.skipped += seconds
        await asyncio.sleep(0)
        if self.waited is not None:
            await self.waited()


@dataclass
class Lateness:
    """The nth request that makes something is held up on its way, until so many others have come or all is over."""

    nth: int = 0
    until: int = 0
    seen: int = 0
    sandbox: Sandbox | None = None
    held: "asyncio.Event" = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        if seconds > 1e-6:  # a fault is slow
            await asyncio.sleep(seconds)
            return
        assert self.sandbox is not None
        if self.seen >= self.nth > 0:
            self.until -= 1
            if self.until < 0:
                self.held.set()
            return
        if self.nth and self.sandbox.requests[-1].route.endswith(_MAKING):
            self.seen += 1
            if self.seen == self.nth:
                await self.held.wait()


async def story(seed: int) -> Counter[str]:
    """Play it, and say what there was of it."""
    with kept_port() as port:
        return await _story(seed, port)


async def _story(seed: int, port: int) -> Counter[str]:
    chance = random.Random(seed)
    way = chance.choice(WAYS)
    orders = chance.choice((1, 1, 2, 5))
    own = INACTIVE if way in ("stored", "at once") and chance.random() < 0.06 else OWN
    seen: Counter[str] = Counter()
    late = Lateness()
    if chance.random() < 0.12:
        late.nth, late.until = chance.choice((1, 1, 2)), chance.choice((1, 3, 8, 10**6))
        seen["arrived late"] += 1
    # As short as it must be where something is slow, and else long enough for a machine that does much else.
    timeout = 0.06 if late.nth else 20.0
    faults = [_fault(chance, way) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    if chance.random() < 0.2:
        faults += [Fault(chance.choice(_NAMES), probability=chance.choice((0.05, 0.2))) for _ in range(4)]
    faults = [fault for fault in faults if _makes_sense(fault)]
    if any(fault.name == "slow" for fault in faults):
        timeout = 0.06
    clock = Clock(chance.choice((0.0, 0.0, -200.0, 90.0)))
    past = 0.0
    sandbox = late.sandbox = Sandbox(
        transactions=0,
        now=lambda: time.monotonic() - past,
        paypal_transactions=0,
        transaction_files=0,
        documents=0,
        public_limit=10**6,
        authenticated_limit=10**6,
        latency=1e-9,
        sleep=late.sleep,
        seed=0,
        duplicate_check=chance.random() < 0.1,
        port=port,
    )
    retry = Retry(attempts=chance.choice((1, 2, 5)), base=0)
    limits = Limits(public=10**6, authenticated=10**6, per_second=1e6)

    def new_client(ledger: Ledger | None = None) -> KonfipayClient:
        return KonfipayClient(
            sandbox.api_key,
            base_url=sandbox.base_url,
            limits=limits,
            clock=clock,
            ledger=ledger,
            retry=retry,
            concurrency=2,
        )

    folder = tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)  # noqa: S108
    with folder as path:
        ledger = Ledger(Path(path) / "ledger.db", patience=30) if chance.random() < 0.8 else None
        if ledger is not None:
            ledger.open()
        try:
            async with sandbox:
                program = Program(way, new_client(), ledger, orders, own, insists=chance.random() < 0.5)
                program.rebuilds = bool(seed % 2)
                colleague = Program("stored", program.client, None, orders, own, name="C")
                others = 0
                async with program.client:
                    nth, late.nth = late.nth, 0
                    await prepare(way, sandbox, program)
                    if way in ("stored", "at once") and chance.random() < 0.15:
                        # Less than two seconds before, clocks that show whole seconds could not tell.
                        past = chance.choice((10.0, 200.0, 1000.0))
                        await colleague.client.payment_files.upload(colleague.content())
                        past, others = 0.0, 1
                    late.nth = nth
                for fault in faults:
                    sandbox.add_fault(fault)
                if chance.random() < 0.05:
                    seen["server was away"] += 1
                    await _go_away(sandbox, clock, chance.choice((0, 1, 3, 20)))
                told = UNKNOWN
                runs = chance.choice((1, 2, 3)) if ledger is not None else 1
                for run in range(runs):
                    disturbed = chance.random() < 0.5 and (run < runs - 1 or ledger is None)
                    if run and chance.random() < 0.5:
                        sandbox.clear_faults()
                    program.client = new_client(ledger)
                    program.resumed = run > 0
                    end = await _run(program, timeout, chance if disturbed else None)
                    told = end or UNKNOWN
                    if disturbed:
                        seen["interrupted" if end is None else "done before it was interrupted"] += 1
                    if end is not None:
                        break
                clock.waited = None
                late.held.set()
                for _ in range(20):
                    await asyncio.sleep(0)
                entries = None if ledger is None else ledger.entries()
                check(way, orders, told, sandbox, entries, others)
                seen[{SENT: "sent once", NOT_SENT: "not sent", UNKNOWN: "unknown, and said so"}[told]] += 1
                seen["faults that struck"] += sum(request.fault is not None for request in sandbox.requests)
        finally:
            if ledger is not None:
                ledger.close()
    return seen


async def _run(program: Program, timeout: float, disturbed: random.Random | None) -> str | None:
    """How the program ended, or None where it was interrupted: cancelled, or its client was closed."""
    session = program.client
    async with session:
        program.client = session.with_options(timeout=timeout)
        running = asyncio.create_task(program.run())
        if disturbed is not None:
            for _ in range(int(10 ** disturbed.uniform(0, 3.5))):
                if running.done():
                    break
                await asyncio.sleep(0)
            for _ in range(disturbed.choice((1, 1, 3))):
                if disturbed.random() < 0.2:
                    await session.close()
                running.cancel()
                await asyncio.sleep(0)
        try:
            return await running
        except asyncio.CancelledError:
            return None


async def _go_away(sandbox: Sandbox, clock: Clock, waits: int) -> None:
    """The server does not listen, and comes back when the client has waited so many times."""
    await sandbox.__aexit__(None, None, None)
    left = waits

    async def waited() -> None:
        nonlocal left
        left -= 1
        if left < 0 and clock.waited is not None:
            clock.waited = None
            await sandbox.__aenter__()

    clock.waited = waited


def _fault(chance: random.Random, way: str) -> Fault:
    name = chance.choice(_NAMES)
    route = chance.choice((*_ROUTES[way] * 3, *_LOOKING))
    return Fault(
        name,
        route=route,
        nth=chance.choice((1, 1, 1, 2, 3)),
        times=chance.choice((1, 1, 2, 5)),
        retry_after=chance.choice(_WISHES) if name in ("429", "503-html") else None,
        delay=0.1 if name == "slow" else None,
    )


def _makes_sense(fault: Fault) -> bool:
    return fault.route is None or fault.concerns(fault.route)
