"""Reading what is new while it moves: every row once, and an acknowledgement covers what was handed out with it."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from konfipay_async import Acknowledgement, Lane
from konfipay_async.errors import (
    AcknowledgementTooEarlyError,
    AcknowledgementWithoutEffectError,
    ConfigurationError,
    DrainUnfinishedError,
    FilterIgnoredError,
    NotFoundError,
    PageEchoError,
    RouteUnknownError,
)


async def collect(client: Any, *, page_size: int = 10, acknowledge: bool = True, **filters: Any) -> list[str]:
    """Drain to the end; the rIds as they came."""
    seen: list[str] = []
    async for page in client.transactions.drain(page_size, **filters):
        seen += page.rids
        if acknowledge:
            await page.acknowledge()
    return seen


# Everything, once


@pytest.mark.parametrize(("page_size", "concurrency"), [(1, 3), (7, 1), (7, 8), (10, 2), (50, 4), (1000, 8)])
@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_acknowledged_as_it_goes(pair: Any, page_size: int, concurrency: int, order: str) -> None:
    async with pair({"transactions": 60, "order": order}, concurrency=concurrency) as (sandbox, client):
        seen = await collect(client, page_size=page_size)
        assert seen == sandbox.rids()
        assert sandbox.new_rids() == []


@pytest.mark.parametrize(("page_size", "concurrency"), [(1, 3), (7, 1), (7, 8), (50, 4)])
async def test_acknowledged_in_background_tasks(pair: Any, page_size: int, concurrency: int) -> None:
    answers: list[Acknowledgement] = []

    async def acknowledge(page: Any) -> None:
        answers.append(await page.acknowledge())

    async with pair({"transactions": 60}, concurrency=concurrency) as (sandbox, client), asyncio.TaskGroup() as group:
        seen: list[str] = []
        async for page in client.transactions.drain(page_size):
            seen += page.rids
            group.create_task(acknowledge(page))
    assert Counter(seen) == Counter(sandbox.rids())
    assert sandbox.new_rids() == []
    assert set(answers) == {Acknowledgement.ACKNOWLEDGED}


@pytest.mark.parametrize("concurrency", [1, 2, 8])
async def test_acknowledged_only_after_the_end(pair: Any, concurrency: int) -> None:
    async with pair({"transactions": 45}, concurrency=concurrency) as (sandbox, client):
        pages = [page async for page in client.transactions.drain(10)]
        assert [rid for page in pages for rid in page.rids] == sandbox.rids()
        assert sandbox.count("transactions.acknowledge") == 0
        assert len(sandbox.new_rids()) == 45
        for page in pages:
            assert await page.acknowledge() is Acknowledgement.ACKNOWLEDGED
        assert sandbox.new_rids() == []


async def test_nothing_new(pair: Any) -> None:
    async with pair({"transactions": 0}) as (sandbox, client):
        assert await collect(client) == []
        assert sandbox.count("transactions.list") == 1


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_pages_left_are_handed_out_once_and_stay_new(pair: Any, concurrency: int) -> None:
    async with pair({"transactions": 60}, concurrency=concurrency) as (sandbox, client):
        seen: list[str] = []
        left: list[str] = []
        turn = 0
        async for page in client.transactions.drain(5):
            seen += page.rids
            turn += 1
            if turn % 3:
                await page.acknowledge()
            else:
                left += page.rids
        assert set(seen) == set(sandbox.rids())
        assert set(sandbox.new_rids()) <= set(left)
        assert sandbox.new_rids()


async def test_one_pass_over_what_is_new_skips_nothing_while_it_is_acknowledged(pair: Any) -> None:
    async with pair({"transactions": 60}, concurrency=3) as (sandbox, client):
        seen: list[str] = []
        async for page in client.transactions.pages(7, is_new=True):
            seen += page.rids
            await page.acknowledge()
        assert seen == sandbox.rids()
        assert sandbox.new_rids() == []


async def test_stream_of_what_is_new_skips_nothing_while_it_is_acknowledged(pair: Any) -> None:
    async with pair({"transactions": 60}, concurrency=3) as (sandbox, client):
        seen: list[str] = []
        last = ""
        async for row, key in client.transactions.stream(7, is_new=True):
            if last not in ("", key):
                assert await client.transactions.acknowledge(last) is Acknowledgement.ACKNOWLEDGED
            last = key
            seen.append(row.rid)
        assert await client.transactions.acknowledge(last) is Acknowledgement.ACKNOWLEDGED
        assert seen == sandbox.rids()
        assert sandbox.new_rids() == []


async def test_a_filter_narrows_the_drain(pair: Any) -> None:
    async with pair({"transactions": 60}) as (sandbox, client):
        wanted = [rid for rid in sandbox.rids() if sandbox.transaction(rid)["creditDebitIndicator"] == "DBIT"]
        assert await collect(client, credit_or_debit_indicator="DBIT") == wanted
        assert set(sandbox.new_rids()) == set(sandbox.rids()) - set(wanted)


# Others share the list


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_arrivals_at_the_end_are_read_too_and_once(pair: Any, concurrency: int) -> None:
    server = {"transactions": 40, "arrivals_per_request": 3, "arrivals_total": 30}
    async with pair(server, concurrency=concurrency) as (sandbox, client):
        seen = await collect(client, page_size=7)
        assert Counter(seen) == Counter(sandbox.rids())
        assert len(seen) == 70
        assert sandbox.new_rids() == []


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_arrivals_at_the_start_lose_nothing(pair: Any, concurrency: int) -> None:
    server = {"transactions": 40, "arrivals_per_request": 3, "arrivals_total": 30, "order": "newest"}
    async with pair(server, concurrency=concurrency) as (sandbox, client):
        seen = await collect(client, page_size=7)
        assert set(seen) == set(sandbox.rids())
        assert sandbox.new_rids() == []


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_colleague_acknowledges(pair: Any, concurrency: int) -> None:
    async with pair({"transactions": 60}, concurrency=concurrency) as (sandbox, client):
        seen: list[str] = []
        elsewhere: set[str] = set()
        async for page in client.transactions.drain(5):
            seen += page.rids
            if len(elsewhere) < 12:
                taken = [rid for rid in sandbox.new_rids() if rid not in seen][:4]
                sandbox.acknowledge_elsewhere(taken)
                elsewhere |= set(taken)
            await page.acknowledge()
        assert set(seen) | elsewhere == set(sandbox.rids())
        assert sandbox.new_rids() == []


async def test_a_colleague_marks_a_row_as_new_again_once(pair: Any) -> None:
    async with pair({"transactions": 30}, concurrency=2) as (sandbox, client):
        seen: list[str] = []
        again: list[str] = []
        async for page in client.transactions.drain(5):
            seen += page.rids
            await page.acknowledge()
            if not again:
                again = page.rids[:1]
                sandbox.mark_new(again)
        assert Counter(seen) == Counter(sandbox.rids() + again)
        assert sandbox.new_rids() == []


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_no_new_row_is_left_unseen(pair: Any, seed: int) -> None:
    """Rows come at both ends, colleagues acknowledge and take back, pages are acknowledged now, later or never."""
    chance = random.Random(seed)
    server = {"transactions": chance.randrange(10, 50), "order": chance.choice(["oldest", "newest"]), "seed": seed}
    late: list[tuple[str, int]] = []
    waiting: list[Any] = []
    background: list[asyncio.Task[Any]] = []
    async with pair(server, concurrency=chance.choice([1, 2, 3, 8])) as (sandbox, client):
        seen: set[str] = set()
        taken_back: set[str] = set()
        events = 12
        async for page in client.transactions.drain(chance.choice([1, 3, 5, 8])):
            seen |= set(page.rids)
            match chance.randrange(5):
                case 0:
                    waiting.append(page)
                case 1:
                    background.append(asyncio.create_task(page.acknowledge()))
                case 2 | 3:
                    await page.acknowledge()
            if waiting and chance.random() < 0.3:
                await waiting.pop(0).acknowledge()
            if events and chance.random() < 0.5:
                events -= 1
                match chance.randrange(3):
                    case 0:
                        asked = sandbox.count("transactions.list")
                        arrived = sandbox.arrive(chance.randrange(1, 5), where=chance.choice(["start", "end"]))
                        late += [(rid, asked) for rid in arrived]
                    case 1:
                        new = sandbox.new_rids()
                        sandbox.acknowledge_elsewhere(chance.sample(new, min(len(new), 3)))
                    case 2:
                        # Each row once: twice would rightly look like an acknowledgement without effect.
                        old = sorted(set(sandbox.rids()) - set(sandbox.new_rids()) - taken_back)
                        again = chance.sample(old, min(len(old), 1))
                        taken_back |= set(again)
                        late += [(rid, sandbox.count("transactions.list")) for rid in again]
                        sandbox.mark_new(again)
        await asyncio.gather(*background)
        # What came in after the last look at the list nobody could see.
        too_late = {rid for rid, asked in late if asked == sandbox.count("transactions.list")}
        assert set(sandbox.new_rids()) - seen <= too_late


async def test_a_list_that_shrinks_below_the_next_page_is_read_again(pair: Any) -> None:
    """Page 2 is gone when it is asked for, since what was on it has moved up to page 1."""
    async with pair({"transactions": 11}, concurrency=1) as (sandbox, client):
        seen: set[str] = set()
        async for page in client.transactions.drain(8):
            if not seen:
                sandbox.acknowledge_elsewhere(page.rids[:3])
            seen |= set(page.rids)
        assert seen == set(sandbox.rids())


async def test_fetches_and_acknowledgements_of_a_list_never_meet(pair: Any) -> None:
    overlaps: list[tuple[str, str]] = []
    requests: list[Any] = []

    async def look(seconds: float) -> None:
        under_way = {entry.route for entry in requests if not entry.status}
        if {"transactions.list", "transactions.acknowledge"} <= under_way:
            overlaps.append(("transactions.list", "transactions.acknowledge"))
        await asyncio.sleep(0)

    server = {"transactions": 60, "latency": 0.1, "sleep": look}
    async with pair(server, concurrency=3) as (sandbox, client), asyncio.TaskGroup() as group:
        requests = sandbox.requests
        async for page in client.transactions.drain(4):
            group.create_task(page.acknowledge())
    assert overlaps == []
    assert sandbox.new_rids() == []


async def test_an_acknowledgement_asked_for_during_a_fetch_waits_for_it(pair: Any, gate: Any, idle: Any) -> None:
    gate.is_open = True
    async with pair({"transactions": 40, "latency": 1.0, "sleep": gate.sleep}, concurrency=1) as (sandbox, client):
        drain = client.transactions.drain(10)
        first = await anext(drain)
        gate.close()
        fetch = asyncio.create_task(anext(drain))
        await gate.until(1)
        acknowledging = asyncio.create_task(first.acknowledge())
        await idle()
        assert sandbox.count("transactions.acknowledge") == 0
        gate.open()
        assert await acknowledging is Acknowledgement.ACKNOWLEDGED
        assert (await fetch).rids == sandbox.rids()[10:20]
        await drain.aclose()


async def test_after_leaving_the_drain_its_pages_are_acknowledged_at_once(pair: Any) -> None:
    async with pair({"transactions": 40}, concurrency=2) as (sandbox, client):
        drain = client.transactions.drain(10)
        page = await anext(drain)
        await drain.aclose()
        assert await page.acknowledge() is Acknowledgement.ACKNOWLEDGED
        assert sandbox.new_rids() == sandbox.rids()[10:]


async def test_the_gate_opens_when_the_drain_fails(pair: Any) -> None:
    async with pair({"transactions": 40}, concurrency=1) as (sandbox, client):
        drain = client.transactions.drain(10)
        page = await anext(drain)
        sandbox.add_fault("403:transactions.list")
        with pytest.raises(Exception, match="403"):
            await anext(drain)
        assert await page.acknowledge() is Acknowledgement.ACKNOWLEDGED


async def test_a_cancelled_acknowledgement_does_not_hold_up_the_drain(pair: Any, gate: Any) -> None:
    gate.is_open = True
    async with pair({"transactions": 30, "latency": 1.0, "sleep": gate.sleep}, concurrency=1) as (sandbox, client):
        seen: list[str] = []
        async for page in client.transactions.drain(10):
            if not seen:
                gate.close()
                acknowledging = asyncio.create_task(page.acknowledge())
                await gate.until(1)
                acknowledging.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await acknowledging
                gate.open()
            else:
                await page.acknowledge()
            seen += page.rids
        assert set(seen) == set(sandbox.rids())


async def test_two_drains_of_one_client_side_by_side(pair: Any) -> None:
    async with pair({"transactions": 40}, concurrency=2) as (sandbox, client):
        halves = await asyncio.gather(
            collect(client, page_size=3, credit_or_debit_indicator="CRDT"),
            collect(client, page_size=3, credit_or_debit_indicator="DBIT"),
        )
        assert Counter(halves[0] + halves[1]) == Counter(sandbox.rids())
        assert sandbox.new_rids() == []


# What acknowledging answers


async def test_an_id_is_used_once(pair: Any) -> None:
    async with pair({"transactions": 5}) as (sandbox, client):
        page = await anext(pages := client.transactions.drain(10))
        assert await page.acknowledge() is Acknowledgement.ACKNOWLEDGED
        assert await page.acknowledge() is Acknowledgement.GONE
        await pages.aclose()
        assert sandbox.new_rids() == []


async def test_an_unknown_id_is_gone(pair: Any) -> None:
    async with pair() as (_, client):
        unknown = "00000000-0000-4000-8000-000000000000"
        assert await client.transactions.acknowledge(unknown) is Acknowledgement.GONE


@pytest.mark.parametrize("key", ["", ".", "..", "a b", "a\nb"])
async def test_what_is_no_id_is_not_sent(pair: Any, key: str) -> None:
    async with pair() as (sandbox, client):
        with pytest.raises(ConfigurationError):
            await client.transactions.acknowledge(key)
        assert sandbox.requests == []


async def test_after_its_hour_a_page_is_gone_and_comes_again(pair: Any, clock: Any) -> None:
    async with pair({"transactions": 30}, concurrency=2) as (sandbox, client):
        answers: list[Acknowledgement] = []
        seen: list[str] = []
        async for page in client.transactions.drain(10):
            if not answers:
                clock.advance(3601)
            answers.append(await page.acknowledge())
            seen += page.rids
        assert answers.count(Acknowledgement.GONE) == 2  # both pages of the first generation are too old
        assert Counter(seen) == Counter(sandbox.rids() + sandbox.rids()[:20])
        assert sandbox.new_rids() == []


async def test_acknowledgements_that_are_always_too_late_end_the_drain(pair: Any, clock: Any) -> None:
    async with pair({"transactions": 10}, concurrency=2) as (sandbox, client):

        async def too_late() -> None:
            async for page in client.transactions.drain(5):
                clock.advance(3601)
                await page.acknowledge()

        with pytest.raises(DrainUnfinishedError, match="within its hour"):
            await too_late()
        assert len(sandbox.new_rids()) == 10


@pytest.mark.parametrize("fault", ["reset-after", "truncated"])
async def test_a_lost_answer_is_gone_by_the_repeat_and_the_rows_left(pair: Any, log: Any, fault: str) -> None:
    server = {"transactions": 30, "faults": [f"{fault}:transactions.acknowledge"]}
    async with pair(server, concurrency=2) as (sandbox, client):
        answers: list[Acknowledgement] = []
        seen: list[str] = []
        async for page in client.transactions.drain(10):
            seen += page.rids
            answers.append(await page.acknowledge())
        assert answers[0] is Acknowledgement.GONE
        assert set(answers[1:]) == {Acknowledgement.ACKNOWLEDGED}
        assert seen == sandbox.rids()
        assert sandbox.new_rids() == []
        assert all(one.request.lane is Lane.ACKNOWLEDGE for one in log.of("POST", "/acknowledge"))


async def test_a_request_that_did_not_arrive_is_repeated(pair: Any) -> None:
    server = {"transactions": 10, "faults": ["reset-before:transactions.acknowledge"]}
    async with pair(server) as (sandbox, client):
        page = await anext(pages := client.transactions.drain(10))
        assert await page.acknowledge() is Acknowledgement.ACKNOWLEDGED
        await pages.aclose()
        assert sandbox.new_rids() == []


# Too early


@pytest.mark.parametrize("filters", [{}, {"is_new": True}])
async def test_a_page_is_not_acknowledged_before_its_last_row(pair: Any, filters: dict[str, Any]) -> None:
    async with pair({"transactions": 20}) as (sandbox, client):
        index = 0
        async for _, key in client.transactions.stream(5, **filters):
            index += 1
            if index % 5:
                with pytest.raises(AcknowledgementTooEarlyError, match="not handed out yet"):
                    await client.transactions.acknowledge(key)
                assert sandbox.count("transactions.acknowledge") == index // 5
            else:
                assert await client.transactions.acknowledge(key) is Acknowledgement.ACKNOWLEDGED
        assert index == 20
        assert sandbox.new_rids() == []


@pytest.mark.parametrize("filters", [{}, {"is_new": True}])
async def test_an_abandoned_page_stays_refused_and_new(pair: Any, filters: dict[str, Any], clock: Any) -> None:
    async with pair({"transactions": 20}) as (sandbox, client):
        rows = client.transactions.stream(5, **filters)
        keys = [(await anext(rows))[1] for _ in range(7)]
        await rows.aclose()
        clock.advance(1800)
        assert await client.transactions.acknowledge(keys[0]) is Acknowledgement.ACKNOWLEDGED
        for _ in range(2):
            with pytest.raises(AcknowledgementTooEarlyError):
                await client.transactions.acknowledge(keys[-1])
        assert sandbox.new_rids() == sandbox.rids()[5:]


async def test_a_page_of_one_row_can_be_acknowledged_at_once(pair: Any) -> None:
    async with pair({"transactions": 3}) as (sandbox, client):
        async for _, key in client.transactions.stream(1, is_new=True):
            assert await client.transactions.acknowledge(key) is Acknowledgement.ACKNOWLEDGED
        assert sandbox.new_rids() == []


# A server that is not what we take it for


@pytest.mark.parametrize(("page_size", "concurrency"), [(5, 1), (1, 2), (5, 8)])
async def test_acknowledging_without_effect_is_noticed(pair: Any, page_size: int, concurrency: int) -> None:
    server = {"transactions": 20, "faults": ["acknowledge-without-effectx1000"]}
    async with pair(server, concurrency=concurrency) as (sandbox, client):
        with pytest.raises(AcknowledgementWithoutEffectError, match="new again"):
            await collect(client, page_size=page_size)
        assert len(sandbox.new_rids()) == 20
        assert sandbox.count("transactions.acknowledge") <= 2 * 20


async def test_an_acknowledgement_without_effect_can_happen_once(pair: Any) -> None:
    server = {"transactions": 20, "faults": ["acknowledge-without-effect"]}
    async with pair(server, concurrency=2) as (sandbox, client):
        seen = await collect(client, page_size=5)
        assert Counter(seen) == Counter(sandbox.rids() + sandbox.rids()[:5])
        assert sandbox.new_rids() == []


@pytest.mark.parametrize("method", ["drain", "pages", "stream"])
async def test_a_filter_that_is_ignored_is_noticed(pair: Any, method: str) -> None:
    async with pair({"transactions": 20, "faults": ["ignored-filterx1000"]}) as (sandbox, client):
        sandbox.acknowledge_elsewhere(sandbox.rids()[3:5])
        with pytest.raises(FilterIgnoredError, match="filter_names"):
            async for _ in getattr(client.transactions, method)(5, is_new=True):
                pass
        assert sandbox.count("transactions.list") >= 2


async def test_a_filter_that_is_ignored_when_asking_for_what_is_not_new(pair: Any) -> None:
    async with pair({"transactions": 20, "faults": ["ignored-filterx1000"]}) as (_, client):
        with pytest.raises(FilterIgnoredError):
            async for _ in client.transactions.pages(5, is_new=False):
                pass


async def test_rows_that_stop_being_new_while_a_page_is_made_are_no_alarm(pair: Any) -> None:
    async with pair({"transactions": 20, "faults": ["ignored-filter"]}, concurrency=1) as (sandbox, client):
        done = sandbox.rids()[3:5]
        sandbox.acknowledge_elsewhere(done)
        seen = await collect(client, page_size=5)
        assert Counter(seen) == Counter(set(sandbox.rids()) - set(done))


async def test_another_name_for_the_filter(pair: Any) -> None:
    async with pair({"transactions": 5}, filter_names={"is_new": "not-retrieved"}) as (sandbox, client):
        sandbox.acknowledge_elsewhere(sandbox.rids()[:1])
        with pytest.raises(FilterIgnoredError):
            await collect(client)
        assert {entry.query.get("not-retrieved") for entry in sandbox.requests if entry.method == "GET"} == {"true"}


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("method", ["drain", "pages", "stream"])
async def test_a_page_that_was_not_asked_for_is_not_handed_out(pair: Any, method: str, nth: int) -> None:
    faults = [f"wrong-echo:transactions.list@{nth}x1000"]
    async with pair({"transactions": 20, "faults": faults}, concurrency=1) as (sandbox, client):
        handed_out: list[Any] = []

        async def read() -> None:
            async for one in getattr(client.transactions, method)(5):
                handed_out.append(one)  # noqa: PERF401

        with pytest.raises(PageEchoError, match="paging_names"):
            await read()
        assert len(handed_out) == (0 if nth == 1 else 5 if method == "stream" else 1)
        assert len(sandbox.new_rids()) == 20


@pytest.mark.parametrize("rows", [30, 250])
async def test_a_server_with_the_other_paging_names(pair: Any, rows: int) -> None:
    """It is asked once more with `pageNumber` and `pageSize`, and then with those only."""
    server = {"transactions": rows, "paging_names": ("pageNumber", "pageSize")}
    async with pair(server, concurrency=2) as (sandbox, client):
        assert await collect(client, page_size=10) == sandbox.rids()
        assert sandbox.new_rids() == []


async def test_the_other_paging_names_can_be_given(pair: Any) -> None:
    server = {"transactions": 30, "paging_names": ("pageNumber", "pageSize")}
    async with pair(server, paging_names=("pageNumber", "pageSize")) as (sandbox, client):
        assert await collect(client, page_size=10) == sandbox.rids()


async def test_an_acknowledgement_route_that_does_not_exist(pair: Any) -> None:
    async with pair({"transactions": 20, "faults": ["unknown-route:transactions.acknowledge"]}) as (sandbox, client):
        pages = client.transactions.drain(10)
        page = await anext(pages)
        with pytest.raises(RouteUnknownError, match="routes="):
            await page.acknowledge()
        await pages.aclose()
        assert len(sandbox.new_rids()) == 20


@pytest.mark.parametrize(
    "route", ["POST transactions/{acknowledgement_id}/retrieved", "PUT /transactions/{acknowledgement_id}/acknowledge"]
)
async def test_a_corrected_route_is_used_as_given(pair: Any, log: Any, route: str) -> None:
    async with pair({"transactions": 5}, routes={"transactions.acknowledge": route}) as (sandbox, client):
        pages = client.transactions.drain(10)
        page = await anext(pages)
        with pytest.raises(RouteUnknownError):
            await page.acknowledge()
        await pages.aclose()
        method, _, path = route.partition(" ")
        sent = log.attempts[-1].request
        assert (sent.method, sent.path) == (
            method,
            path.removeprefix("/").replace("{acknowledgement_id}", page.acknowledgement_id),
        )
        assert sandbox.requests[-1].path == f"/api/v6/{sent.path}"


async def test_a_route_without_a_place_for_the_id_sends_it_as_body(raw_server: Any, new_client: Any) -> None:
    def answer(request: Any) -> bytes:
        return raw_server.token() if request.path == "authentication/token" else raw_server.reply(200, {})

    async with (
        raw_server(answer) as server,
        new_client(server, routes={"transactions.acknowledge": "POST transactions/acknowledge"}) as client,
    ):
        assert await client.transactions.acknowledge("an-id") is Acknowledgement.ACKNOWLEDGED
        (sent,) = server.of("transactions/acknowledge")
        assert sent.body == b'{"acknowledgementId":"an-id"}'
        assert sent.headers["content-type"] == "application/json"
        assert sent.headers["authorization"] == "Bearer the-token"


async def test_an_empty_404_is_no_expired_id(pair: Any) -> None:
    async with pair({"transactions": 5, "faults": ["empty-404:transactions.acknowledge"]}) as (sandbox, client):
        page = await anext(pages := client.transactions.drain(10))
        with pytest.raises(NotFoundError):
            await page.acknowledge()
        await pages.aclose()
        assert len(sandbox.new_rids()) == 5


async def test_a_route_that_does_not_exist_is_no_empty_list(pair: Any) -> None:
    async with pair({"faults": ["unknown-route:transactions.list"]}) as (_, client):
        with pytest.raises(RouteUnknownError):
            await collect(client)


# Arguments


async def test_draining_what_is_not_new_is_refused(pair: Any) -> None:
    async with pair() as (sandbox, client):
        with pytest.raises(ConfigurationError, match="is_new=False"):
            client.transactions.drain(is_new=False)
        with pytest.raises(ConfigurationError, match="is_new"):
            client.transactions.drain(extra={"is-new": "false"})
        assert sandbox.requests == []
