"""How much of the rate that the limits allow is used, while there is work."""

import asyncio
import json
import random
import selectors
import statistics
import time
from collections import deque
from typing import Any

from benchmarks.bench import Bench, Section, Target
from benchmarks.children import Child
from benchmarks.scenarios.drain import Starts, drain
from konfipay_async import Budget, KonfipayClient, Lane, Limits

_LIMIT, _PERIOD, _LATENCY, _PAGE_SIZE = 100, 6.0, 0.1, 10


def run(bench: Bench) -> Section:
    """The share used by `pages()` and `drain()` in real time, and by a budget on a virtual clock."""
    section = Section(
        "Share of the allowed rate",
        f"Allowed are (limit - reserve) · period ÷ (period + mean latency) requests a period. In real time against the "
        f"sandbox, which enforces {_LIMIT} requests in any {_PERIOD:g} s, with {_LATENCY * 1000:.0f} ms of latency; "
        f"what the first full budget gives at the start is left out. On a virtual clock the budget alone, "
        f"1000 requests in 60 s, 64 tasks, latencies from 50 ms to 1.5 s, half an hour.",
        ("", "allowed per period", "used", "share", "most in one window", "429"),
    )
    periods = bench.choose(6, 0)
    section_rows: list[tuple[str, float, float, int, int, int]] = []
    if periods:
        for name, read in (("`pages()`", _pages), ("`drain()` with acknowledgements", drain)):
            bench.begin(f"share of the allowed rate: {name}, {periods * _PERIOD:.0f} s")
            section_rows.append((name, *_in_real_time(read, periods)))
    bench.begin("share of the allowed rate: virtual clock")
    section_rows.append(("budget on a virtual clock", *_on_a_virtual_clock(bench.choose(30, 3))))
    for name, allowed, used, peak, limit, refused in section_rows:
        section.rows.append(
            (name, f"{allowed:.1f}", f"{used:.1f}", f"{used / allowed:.1%}", f"{peak} of {limit}", str(refused))
        )
        wanted = 0.95 if "drain" in name else 0.99
        section.targets.append(
            Target(
                f"share of the allowed rate, {name}",
                f"at least {wanted:.0%}, no 429",
                f"{used / allowed:.1%}, {refused} x 429",
                used / allowed >= wanted and refused == 0 and peak <= limit,
            )
        )
    return section


async def _pages(ready: dict[str, Any], limits: Limits, starts: Starts, page_size: int) -> None:
    async with KonfipayClient(ready["key"], base_url=ready["url"], limits=limits, recorder=starts) as client:
        async for _page in client.transactions.pages(page_size):
            pass


def _in_real_time(read: Any, periods: int) -> tuple[float, float, int, int, int]:
    starts = Starts()
    limits = Limits(authenticated=_LIMIT, period=_PERIOD)
    requests = _LIMIT * (periods + 2)
    settings = {
        # A drain spends every other request on an acknowledgement; its pages are as many again.
        "transactions": requests * _PAGE_SIZE,
        "latency": _LATENCY,
        "authenticated_limit": _LIMIT,
        "period": _PERIOD,
    }

    async def for_a_while() -> None:
        async with asyncio.timeout((periods + 1.5) * _PERIOD):
            await read(ready, limits, starts, _PAGE_SIZE)

    with Child("serving", "sandbox", json.dumps(settings)) as sandbox:
        ready = sandbox.ready
        try:
            asyncio.run(for_a_while())
        except TimeoutError:
            pass
        else:
            raise RuntimeError("there was too little to read")
        facts = sandbox.ask("end")
    latency = statistics.fmean(starts.took)
    allowed = _bulk(_LIMIT) * _PERIOD / (_PERIOD + latency)
    return allowed, _steady(sorted(starts.at), _LIMIT) * _PERIOD, facts["peak"], _LIMIT, facts["over_limit"]


def _bulk(limit: int) -> int:
    """What the default reserve leaves of the limit."""
    return limit - int(limit * Limits().reserve)


def _steady(at: list[float], limit: int) -> float:
    """Starts per second once the first full budget is spent: whole rounds of the budget, wherever they begin."""
    bulk = _bulk(limit)
    rounds = (len(at) - bulk) // bulk - 1
    spans = [at[begin + rounds * bulk] - at[begin] for begin in range(bulk, len(at) - rounds * bulk)]
    return rounds * bulk / statistics.fmean(spans)


class _Jumping(selectors.SelectSelector):
    """A selector that does not wait: time jumps to the next thing that is due.

    A round of the loop takes a microsecond, because aiolimiter sleeps until what rounding may make this very moment.
    """

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found:
            self.now += timeout or 1e-6
        return found


class _VirtualClock:
    """The time of the loop, which jumps."""

    def monotonic(self) -> float:
        """See `Clock`."""
        return asyncio.get_running_loop().time()

    def time(self) -> float:
        """See `Clock`."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        await asyncio.sleep(seconds)


def _virtual_loop() -> asyncio.AbstractEventLoop:
    selector = _Jumping()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    return loop


def _on_a_virtual_clock(minutes: int) -> tuple[float, float, int, int, int]:
    limit, period = 1000, 60.0
    arrived: list[float] = []
    took: list[float] = []
    chance = random.Random(0)

    async def work(budget: Budget, loop: asyncio.AbstractEventLoop) -> None:
        while loop.time() < (minutes + 1) * period:
            permit = await budget.take(Lane.BULK)
            way, back = chance.uniform(0.025, 0.75), chance.uniform(0.025, 0.75)
            await asyncio.sleep(way)
            arrived.append(loop.time())
            await asyncio.sleep(back)
            took.append(way + back)
            permit.answered()

    async def simulate() -> None:
        loop = asyncio.get_running_loop()
        budget = Budget(limit, reserve=0.02, clock=_VirtualClock())
        await asyncio.gather(*(work(budget, loop) for _ in range(64)))

    with asyncio.Runner(loop_factory=_virtual_loop) as runner:
        runner.run(simulate())
    allowed = _bulk(limit) * period / (period + statistics.fmean(took))
    arrived.sort()
    used = _steady(arrived, limit) * period
    window: deque[float] = deque()
    peak = 0
    for moment in arrived:
        window.append(moment)
        while window[0] <= moment - period:
            window.popleft()
        peak = max(peak, len(window))
    return allowed, used, peak, limit, 0
