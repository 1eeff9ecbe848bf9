"""Lists whose rows are acknowledged one by one: transaction files, documents and PayPal transactions."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from konfipay_async import Acknowledgement, Lane
from konfipay_async.errors import (
    AcknowledgementWithoutEffectError,
    ConfigurationError,
    ConnectionLostError,
    FilterIgnoredError,
    ForbiddenError,
    NotFoundError,
    RouteUnknownError,
)
from konfipay_async.sandbox import ApiKey


@dataclass(frozen=True)
class Kind:
    """Where such a thing is: in the client, in the sandbox, and on the wire."""

    name: str
    of_client: str
    shelf: str
    argument: str
    route: str
    scope: str

    def of(self, client: Any) -> Any:
        for part in self.of_client.split("."):
            client = getattr(client, part)
        return client

    def on(self, sandbox: Any) -> Any:
        return getattr(sandbox, self.shelf)


FILES = Kind("files", "transaction_files", "files", "transaction_files", "transaction-files", "Transactions")
DOCUMENTS = Kind("documents", "documents", "documents", "documents", "documents", "Documents")
PAYPAL = Kind(
    "paypal", "paypal.transactions", "paypal_transactions", "paypal_transactions", "paypal.transactions", "PayPal"
)

every_kind = pytest.mark.parametrize("kind", [FILES, DOCUMENTS, PAYPAL], ids=lambda kind: kind.name)


@pytest.fixture
def things(pair: Any) -> Any:
    """``async with things(kind, how many, {sandbox arguments}, **client arguments) as (shelf, resource, sandbox)``."""

    @asynccontextmanager
    async def opened(
        kind: Kind, count: int, server: dict[str, Any] | None = None, **arguments: Any
    ) -> AsyncIterator[Any]:
        async with pair({kind.argument: count} | (server or {}), **arguments) as (sandbox, client):
            yield kind.on(sandbox), kind.of(client), sandbox

    return opened


async def rids_of(rows: Any) -> list[str]:
    return [row.rid async for row in rows]


async def read_into(seen: list[str], rows: Any) -> None:
    async for row in rows:
        seen.append(row.rid)  # noqa: PERF401 (kept up to the error)


def is_quiet(client: Any) -> bool:
    """Nothing of a list is under way: the session has no tasks of its own between requests."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    ours = [task for task in others if "konfipay_async" in repr(task.get_coro()) and "Sandbox" not in repr(task)]
    return not ours and client.budgets.authenticated.status().in_flight == 0


def assert_all_once(seen: list[str], expected: list[str]) -> None:
    """In whatever order: what one pass of a drain does not meet, its next pass does."""
    assert len(seen) == len(set(seen))
    assert set(seen) == set(expected)


# Reading


@every_kind
@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("page_size", [1, 4, 1000])
async def test_rows_and_pages_in_order(things: Any, kind: Kind, page_size: int, concurrency: int) -> None:
    async with things(kind, 9, concurrency=concurrency) as (shelf, resource, sandbox):
        assert await rids_of(resource.list(page_size)) == shelf.rids()
        assert sandbox.count(f"{kind.route}.list") == -(-9 // page_size)
        pages = [page async for page in resource.pages(page_size)]
        assert [row.rid for page in pages for row in page.items] == shelf.rids()
        assert {(page.size, page.total_items) for page in pages} == {(page_size, 9)}
        assert [page.number for page in pages] == list(range(1, len(pages) + 1))
        assert len(shelf.new_rids()) == 9


@every_kind
@pytest.mark.parametrize("method", ["list", "pages", "drain"])
async def test_nothing_there_is_an_empty_list(things: Any, kind: Kind, method: str) -> None:
    async with things(kind, 0) as (_, resource, sandbox):
        assert [one async for one in getattr(resource, method)()] == []
        assert sandbox.count(f"{kind.route}.list", 204) == 1


@every_kind
async def test_one_row(things: Any, kind: Kind) -> None:
    async with things(kind, 3) as (shelf, resource, _):
        listed = [row async for row in resource.list()]
        for row in listed:
            assert await resource.get(row.rid) == row
        assert listed[0].is_new is True
        assert len(shelf.new_rids()) == 3
        with pytest.raises(NotFoundError) as caught:
            await resource.get("nobody-s")
        assert not isinstance(caught.value, RouteUnknownError)
        assert caught.value.codes == ("ERR-01-0001",)


@every_kind
async def test_what_is_new_and_what_is_not(things: Any, kind: Kind) -> None:
    async with things(kind, 10) as (shelf, resource, _):
        shelf.acknowledge_elsewhere(shelf.rids()[::2])
        assert await rids_of(resource.list(3, is_new=True)) == shelf.new_rids() == shelf.rids()[1::2]
        assert await rids_of(resource.list(3, is_new=False)) == shelf.rids()[::2]
        assert await rids_of(resource.list(3, is_new=None)) == shelf.rids()


@every_kind
async def test_filters_arrive_by_the_names_of_the_api(things: Any, kind: Kind) -> None:
    async with things(kind, 10) as (_, resource, sandbox):
        rows = [row async for row in resource.list()]
        day = rows[-1].timestamp.date()
        found = await rids_of(resource.list(min_date=day, max_date=day, is_new=True, extra={"future-name": 1}))
        assert found == [row.rid for row in rows if row.timestamp.date() == day]
        query = sandbox.requests[-1].query
        assert query == {
            "min-date": day.isoformat(),
            "max-date": day.isoformat(),
            "is-new": "true",
            "future-name": "1",
            "page-number": "1",
            "page-size": "1000",
        }
        # Filters that exclude each other find nothing.
        assert await rids_of(resource.list(is_new=False, min_date=day)) == []
        assert sandbox.requests[-1].status == 204


@every_kind
@pytest.mark.parametrize(
    "filters",
    [
        {"is_new": "yes"},
        {"is_new": 1},
        {"min_date": "2025-01-01"},
        {"min_booking_date": date(2025, 1, 1)},
        {"page_size": 0},
        {"page_size": 1001},
        {"extra": {"page-number": 2}},
        {"extra": {"is-new": True}},
    ],
    ids=str,
)
async def test_filters_that_cannot_be_are_refused_before_anything_is_sent(
    things: Any, kind: Kind, filters: dict[str, Any]
) -> None:
    async with things(kind, 3) as (_, resource, sandbox):
        for method in (resource.list, resource.pages, resource.drain):
            with pytest.raises(ConfigurationError):
                method(**filters)
        assert sandbox.requests == []


@every_kind
async def test_filters_have_other_names_where_they_are_given(things: Any, kind: Kind) -> None:
    async with things(kind, 3, filter_names={"is_new": "onlyNew", "min_date": "from"}) as (_, resource, sandbox):
        await rids_of(resource.list(is_new=True, min_date=date(2020, 1, 1)))
        assert sandbox.requests[-1].query.keys() == {"onlyNew", "from", "page-number", "page-size"}


# Draining


@every_kind
@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("page_size", [1, 4, 1000])
async def test_acknowledging_each_row_as_it_comes_skips_none(
    things: Any, kind: Kind, page_size: int, concurrency: int
) -> None:
    async with things(kind, 23, concurrency=concurrency) as (shelf, resource, _):
        expected = shelf.rids()
        seen = []
        async for row in resource.drain(page_size):
            seen.append(row.rid)
            assert await resource.acknowledge(row.rid) is Acknowledgement.ACKNOWLEDGED
        assert seen == expected
        assert shelf.new_rids() == []


@every_kind
@pytest.mark.parametrize(("late", "concurrency"), [(2, 1), (5, 1), (11, 1), (2, 4), (5, 4), (11, 4)])
async def test_acknowledging_some_rows_later_skips_none(things: Any, kind: Kind, late: int, concurrency: int) -> None:
    """They are acknowledged by handfuls, together: pages move up by parts of a page."""
    async with things(kind, 29, concurrency=concurrency) as (shelf, resource, _):
        expected = shelf.rids()
        seen: list[str] = []
        waiting: list[str] = []
        async for row in resource.drain(4):
            seen.append(row.rid)
            waiting.append(row.rid)
            if len(waiting) == late:
                await asyncio.gather(*map(resource.acknowledge, waiting))
                waiting.clear()
        assert_all_once(seen, expected)
        assert sorted(shelf.new_rids()) == sorted(waiting)


@every_kind
@pytest.mark.parametrize("every", [2, 3, 4])
@pytest.mark.parametrize("concurrency", [1, 3])
async def test_rows_that_are_left_are_not_yielded_twice_and_hide_none(
    things: Any, kind: Kind, every: int, concurrency: int
) -> None:
    async with things(kind, 31, concurrency=concurrency) as (shelf, resource, _):
        expected = shelf.rids()
        seen: list[str] = []
        async for row in resource.drain(3):
            seen.append(row.rid)
            if len(seen) % every == 0:
                await resource.acknowledge(row.rid)
        assert_all_once(seen, expected)
        left = [rid for number, rid in enumerate(seen, 1) if number % every]
        assert sorted(shelf.new_rids()) == sorted(left)


@every_kind
@pytest.mark.parametrize("page_size", [1, 5, 1000])
async def test_a_drain_without_any_acknowledgement_ends(things: Any, kind: Kind, page_size: int) -> None:
    async with things(kind, 17) as (shelf, resource, _):
        assert await rids_of(resource.drain(page_size)) == shelf.rids()
        assert len(shelf.new_rids()) == 17
        # Another drain begins anew.
        assert await rids_of(resource.drain(page_size)) == shelf.rids()


@every_kind
@pytest.mark.parametrize("order", ["oldest", "newest"])
@pytest.mark.parametrize("acknowledge", [True, False])
async def test_what_arrives_while_it_drains_is_drained_too(
    things: Any, kind: Kind, order: str, acknowledge: bool
) -> None:
    """New ones come at the end of the list or at its start, where they push all pages on."""
    async with things(kind, 13, {"order": order}, concurrency=2) as (shelf, resource, _):
        seen: list[str] = []
        async for row in resource.drain(4):
            seen.append(row.rid)
            if len(seen) in (2, 9, 13):
                shelf.arrive(3)
            if acknowledge:
                await resource.acknowledge(row.rid)
        assert sorted(seen) == sorted(shelf.rids())
        assert len(seen) == 22
        assert shelf.new_rids() == ([] if acknowledge else shelf.rids())


@every_kind
async def test_what_a_colleague_marks_meanwhile_hides_none(things: Any, kind: Kind) -> None:
    async with things(kind, 24, concurrency=1) as (shelf, resource, _):
        expected = shelf.rids()
        seen: list[str] = []
        async for row in resource.drain(4):
            seen.append(row.rid)
            if len(seen) == 3:
                shelf.acknowledge_elsewhere(expected[16:20])
            if len(seen) == 5:
                shelf.mark_new(expected[16:18])
            await resource.acknowledge(row.rid)
        assert sorted(seen) == sorted(rid for rid in expected if rid not in expected[18:20])
        assert shelf.new_rids() == []


@every_kind
async def test_pages_of_what_is_new_skip_no_row_that_is_acknowledged_meanwhile(things: Any, kind: Kind) -> None:
    async with things(kind, 19, concurrency=2) as (shelf, resource, _):
        expected = shelf.rids()
        seen: list[str] = []
        async for page in resource.pages(3, is_new=True):
            seen += [row.rid for row in page.items]
            await resource.acknowledge(page.items[0].rid)
        assert seen == expected
        assert await rids_of(resource.list(3, is_new=True)) == shelf.new_rids()


@every_kind
async def test_two_drains_side_by_side_leave_nothing(things: Any, kind: Kind) -> None:
    async with things(kind, 25, concurrency=2) as (shelf, resource, _):
        seen: set[str] = set()

        async def work() -> None:
            async for row in resource.drain(3):
                seen.add(row.rid)
                await resource.acknowledge(row.rid)

        await asyncio.gather(work(), work())
        assert seen == set(shelf.rids())
        assert shelf.new_rids() == []


@every_kind
async def test_draining_what_is_not_new_is_refused(things: Any, kind: Kind) -> None:
    async with things(kind, 3) as (_, resource, sandbox):
        with pytest.raises(ConfigurationError, match="is_new=False has no end"):
            resource.drain(is_new=False)
        assert sandbox.requests == []
        assert len(await rids_of(resource.drain(is_new=True))) == 3
        assert len(await rids_of(resource.drain(is_new=None))) == 3


@every_kind
@pytest.mark.parametrize("method", ["drain", "list", "pages"])
async def test_a_filter_that_is_ignored_is_noticed(things: Any, kind: Kind, method: str) -> None:
    async with things(kind, 9, {"faults": [f"ignored-filter:{kind.route}.listx99"]}) as (shelf, resource, _):
        shelf.acknowledge_elsewhere(shelf.rids()[4:6])
        with pytest.raises(FilterIgnoredError, match="is_new"):
            async for _ in getattr(resource, method)(2, is_new=True):
                pass


@every_kind
async def test_a_filter_that_is_ignored_when_asking_for_what_is_not_new(things: Any, kind: Kind) -> None:
    async with things(kind, 3, {"faults": [f"ignored-filter:{kind.route}.listx99"]}) as (_, resource, _):
        with pytest.raises(FilterIgnoredError, match="is_new"):
            await rids_of(resource.list(is_new=False))


@every_kind
async def test_acknowledging_without_effect_is_noticed(things: Any, kind: Kind) -> None:
    fault = f"acknowledge-without-effect:{kind.route}.acknowledgex99"
    async with things(kind, 6, {"faults": [fault]}) as (_, resource, _):

        async def work() -> None:
            async for row in resource.drain(2):
                await resource.acknowledge(row.rid)

        with pytest.raises(AcknowledgementWithoutEffectError):
            await work()


# Leaving


@every_kind
@pytest.mark.parametrize("taken", [1, 4, 8])
async def test_break_leaves_nothing_running(pair: Any, until: Any, kind: Kind, taken: int) -> None:
    """And acknowledgements go out afterwards as before."""
    async with pair({kind.argument: 20}, concurrency=4) as (sandbox, client):
        shelf, resource = kind.on(sandbox), kind.of(client)
        seen: list[str] = []
        async for row in resource.drain(2):
            seen.append(row.rid)
            if len(seen) == taken:
                break
        gc.collect()
        await until(lambda: is_quiet(client))
        for rid in seen:
            assert await resource.acknowledge(rid) is Acknowledgement.ACKNOWLEDGED
        assert shelf.new_rids() == shelf.rids()[taken:]


@every_kind
async def test_cancelled_in_the_middle_it_leaves_nothing_running(things: Any, gate: Any, kind: Kind) -> None:
    async with things(kind, 20, {"latency": 1.0, "sleep": gate.sleep}, concurrency=3) as (shelf, resource, _):

        async def read() -> None:
            async for row in resource.drain(2):
                await resource.acknowledge(row.rid)

        reading = asyncio.create_task(read())
        await gate.until(1)  # the login
        gate.release(0)
        await gate.until(2)  # the first page
        gate.release(1)
        await gate.until(4)  # others of its generation
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        gate.open()
        assert len(shelf.new_rids()) == 20


@every_kind
async def test_forgotten_in_the_middle_it_leaves_nothing_running(things: Any, kind: Kind) -> None:
    """The fixture looks for tasks and complaints after the garbage was collected."""
    async with things(kind, 20, concurrency=4) as (_, resource, _):
        async for _row in resource.drain(2):
            break


# Acknowledging


@every_kind
async def test_acknowledged_outside_a_drain(things: Any, kind: Kind) -> None:
    async with things(kind, 5) as (shelf, resource, sandbox):
        rid = shelf.rids()[2]
        assert await resource.acknowledge(rid) is Acknowledgement.ACKNOWLEDGED
        assert rid not in shelf.new_rids()
        assert len(shelf.new_rids()) == 4
        assert (await resource.get(rid)).is_new is False
        # Again changes nothing.
        assert await resource.acknowledge(rid) is Acknowledgement.ACKNOWLEDGED
        assert sandbox.count(f"{kind.route}.acknowledge") == 2


@every_kind
async def test_what_is_not_there_is_gone(things: Any, kind: Kind) -> None:
    async with things(kind, 5) as (_, resource, sandbox):
        assert await resource.acknowledge("nobody-s") is Acknowledgement.GONE
        assert sandbox.count(f"{kind.route}.acknowledge", 404) == 1


@every_kind
@pytest.mark.parametrize(("fault", "error"), [("unknown-route", RouteUnknownError), ("empty-404", NotFoundError)])
async def test_an_answer_that_may_be_about_our_route_is_not_gone(
    things: Any, kind: Kind, fault: str, error: type[Exception]
) -> None:
    async with things(kind, 5, {"faults": [f"{fault}:{kind.route}.acknowledge"]}) as (shelf, resource, _):
        with pytest.raises(error):
            await resource.acknowledge(shelf.rids()[0])
        assert len(shelf.new_rids()) == 5


@every_kind
@pytest.mark.parametrize("fault", ["reset-before", "reset-after", "500", "503-html", "401", "truncated", "html"])
async def test_an_acknowledgement_is_repeated_until_it_is_known(things: Any, kind: Kind, fault: str) -> None:
    async with things(kind, 5, {"faults": [f"{fault}:{kind.route}.acknowledge"]}) as (shelf, resource, sandbox):
        assert await resource.acknowledge(shelf.rids()[0]) is Acknowledgement.ACKNOWLEDGED
        assert sandbox.count(f"{kind.route}.acknowledge") == 2
        assert len(shelf.new_rids()) == 4


@every_kind
async def test_a_drain_goes_on_over_faults_and_misses_nothing(things: Any, kind: Kind) -> None:
    faults = [
        f"500:{kind.route}.list@2",
        f"truncated:{kind.route}.list@4",
        f"401:{kind.route}.list@5",
        f"reset-after:{kind.route}.acknowledge@3",
        f"500:{kind.route}.acknowledge@9",
        f"slow:{kind.route}.acknowledge@12",
    ]
    async with things(kind, 23, {"faults": faults}, concurrency=2) as (shelf, resource, _):
        seen: list[str] = []
        async for row in resource.drain(4):
            seen.append(row.rid)
            await resource.acknowledge(row.rid)
        assert sorted(seen) == sorted(shelf.rids())
        assert shelf.new_rids() == []


@every_kind
async def test_a_drain_whose_page_fails_gives_its_error_and_lets_acknowledgements_go(things: Any, kind: Kind) -> None:
    async with things(kind, 12, {"faults": [f"reset-before:{kind.route}.list@2x999"]}, concurrency=1) as (
        shelf,
        resource,
        _,
    ):
        seen: list[str] = []
        with pytest.raises(ConnectionLostError):
            await read_into(seen, resource.drain(5))
        assert seen == shelf.rids()[:5]
        for rid in seen:
            assert await resource.acknowledge(rid) is Acknowledgement.ACKNOWLEDGED
        assert shelf.new_rids() == shelf.rids()[5:]


@every_kind
async def test_acknowledgements_go_first_and_lists_last(things: Any, log: Any, kind: Kind) -> None:
    async with things(kind, 3) as (_, resource, _):
        async for row in resource.drain():
            await resource.acknowledge(row.rid)
        lanes = {one.request.path.rpartition("/")[2]: one.request.lane for one in log.attempts}
        assert lanes["acknowledge"] is Lane.ACKNOWLEDGE
        assert lanes[kind.route.replace(".", "/").rpartition("/")[2]] is Lane.BULK


@every_kind
@pytest.mark.parametrize("rid", ["", ".", "..", "a/b", "../x", "a\\b", "a b", "a\n", "\x00"])
async def test_what_is_no_id_is_refused_before_anything_is_sent(things: Any, kind: Kind, rid: str) -> None:
    async with things(kind, 3) as (_, resource, sandbox):
        for call in (resource.get, resource.acknowledge):
            with pytest.raises(ConfigurationError, match="rid"):
                await call(rid)
        assert sandbox.requests == []


# Keys


@every_kind
async def test_a_key_without_the_scope_is_told_which_it_lacks(things: Any, kind: Kind) -> None:
    key = ApiKey("other", scopes=frozenset({"Banks"}))
    async with things(kind, 3, {"api_key": key}) as (shelf, resource, sandbox):
        rid = shelf.rids()[0]
        for call in (
            lambda: resource.get(rid),
            lambda: resource.acknowledge(rid),
            lambda: rids_of(resource.list()),
            lambda: rids_of(resource.drain()),
        ):
            with pytest.raises(ForbiddenError, match=f"scope '{kind.scope}'"):
                await call()
        assert len(shelf.new_rids()) == 3
        assert sandbox.api_key not in str(sandbox.requests)


@every_kind
async def test_a_key_of_that_scope_alone_will_do(things: Any, kind: Kind) -> None:
    key = ApiKey("one", scopes=frozenset({kind.scope}))
    async with things(kind, 3, {"api_key": key}) as (shelf, resource, _):
        async for row in resource.drain(2):
            await resource.acknowledge(row.rid)
        assert shelf.new_rids() == []


@every_kind
async def test_a_key_with_flags_of_its_own_drains_its_own(things: Any, kind: Kind) -> None:
    key = ApiKey("own", own_flags=True)
    async with things(kind, 5, {"api_key": key}) as (shelf, resource, _):
        shelf.acknowledge_elsewhere(shelf.rids()[:2])
        seen = []
        async for row in resource.drain(2):
            seen.append(row.rid)
            await resource.acknowledge(row.rid)
        assert seen == shelf.rids()
        assert (shelf.new_rids("own"), len(shelf.new_rids())) == ([], 3)


async def test_a_filter_is_called_otherwise_by_one_list_alone(pair: Any) -> None:
    names = {"is_new": "new", "documents.is_new": "is-new"}
    async with pair({"documents": 3, "transaction_files": 3}, filter_names=names) as (sandbox, client):
        assert len([file async for file in client.documents.list(is_new=True)]) == 3
        assert [file async for file in client.transaction_files.list(is_new=True)]
        assert [next(iter(request.query)) for request in sandbox.requests[1:]] == ["is-new", "new"]
