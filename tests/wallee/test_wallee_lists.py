"""Lists by cursor, searches by offset and beyond, and that nothing stays behind however they are left."""

import asyncio
import gc
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from konfipay_async.errors import (
    ConfigurationError,
    DecodeError,
    ForbiddenError,
    ListError,
    NotFoundError,
    PageEchoError,
    QuerySyntaxError,
    RangeError,
    ServerError,
)
from konfipay_async.session.retry import Retry
from konfipay_async.wallee import Q, Transaction

LISTS = {
    "list": lambda client: client.payment.transactions.list(limit=5),
    "backwards": lambda client: client.payment.transactions.list(limit=5, before=2**62),
    "search": lambda client: client.payment.transactions.search(limit=5),
    "unpaged": lambda client: client.countries.list(),
    "export": lambda client: client.payment.transactions.export(),
}


async def ids(rows: Any) -> list[int]:
    return [row.id async for row in rows]


async def failing(rows: Any, kind: type[Exception], says: str = "") -> list[int]:
    """What comes before the error."""
    came: list[int] = []
    while True:
        try:
            came.append((await anext(rows)).id)
        except kind as error:
            return came if says in str(error) else []


def query_of(request: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}


class Book:
    """Answers searches over so many rows, with an offset limit of its own."""

    def __init__(self, server: Any, rows: int, *, most: int = 10_000, heeds_windows: bool = True) -> None:
        self._reply = server.reply
        self._ids = range(1, rows + 1)
        self._most = most
        self._heeds = heeds_windows

    def __call__(self, request: Any) -> bytes:
        query = query_of(request)
        limit, offset = int(query["limit"]), int(query.get("offset", "0"))
        if offset > self._most:
            return self._reply(416, {"code": "offset"})
        window = re.search(r"id:>(\d+)", query.get("query", "")) if self._heeds else None
        found = [row for row in self._ids if window is None or row > int(window[1])]
        page = [{"id": row} for row in found[offset : offset + limit]]
        return self._reply(
            200, {"data": page, "hasMore": offset + limit < len(found), "limit": limit, "offset": offset}
        )


# By cursor


@pytest.mark.parametrize("rows", [0, 1, 99, 100, 101, 250])
async def test_a_list_to_its_end(pair, rows):
    async with pair({"transactions": rows}) as (sandbox, client):
        assert await ids(client.payment.transactions.list()) == sandbox.transactions.ids()
        assert sandbox.count("payment.transactions.list") == max(1, -(-rows // 100))


async def test_rows_are_typed(pair):
    async with pair() as (_, client):
        rows = [row async for row in client.payment.transactions.list(limit=7, max_items=9)]
        assert [type(row) for row in rows] == [Transaction] * 9
        first = await anext(client.countries.list())
        assert first.name


async def test_from_and_to(pair):
    async with pair({"transactions": 30}) as (sandbox, client):
        every = sandbox.transactions.ids()
        lists = client.payment.transactions.list
        assert await ids(lists(limit=4, after=every[9])) == every[10:]
        assert await ids(lists(limit=4, after=every[9], before=every[20])) == every[10:20]
        assert await ids(lists(limit=4, before=every[20])) == every[:20][::-1]  # nearest first
        assert await ids(lists(limit=4, order="DESC")) == every[::-1]
        assert await ids(lists(limit=4, order="desc", after=every[9])) == every[:9][::-1]


@pytest.mark.parametrize("most", [0, 1, 5, 10, 11])
async def test_max_items_asks_for_no_more_than_that(pair, most):
    async with pair({"transactions": 30}) as (sandbox, client):
        assert await ids(client.payment.transactions.list(limit=5, max_items=most)) == sandbox.transactions.ids()[:most]
        assert (
            await ids(client.payment.transactions.search(limit=5, max_items=most)) == sandbox.transactions.ids()[:most]
        )
        listed = [seen.rows for seen in sandbox.requests if "search" not in seen.target]
        searched = [seen.rows for seen in sandbox.requests if "search" in seen.target]
        assert sum(listed) == (1 if most == 1 else -(-most // 5) * 5)
        assert sum(searched) < most + 5 + len(searched)  # pages of a search overlap by a row


async def test_one_page_is_read_ahead_and_no_more(pair, until):
    async with pair({"transactions": 30}) as (sandbox, client):
        rows = client.payment.transactions.list(limit=5)
        await anext(rows)
        await until(lambda: len(sandbox.requests) == 2)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(sandbox.requests) == 2
        await rows.aclose()


async def test_a_list_of_part_of_something(pair):
    async with pair() as (sandbox, client):
        customer = sandbox.collection("/customers").ids()[0]
        made = await client.customers.comments.create(customer, {"content": "tea"})
        assert (await ids(client.customers.comments.list(customer, limit=2)))[-1] == made.id
        with pytest.raises(NotFoundError):
            await ids(client.customers.comments.list(1))


@pytest.mark.parametrize("limit", [0, 101, -1, True, "5", 5.0])
async def test_a_limit_that_cannot_be(pair, limit):
    async with pair() as (sandbox, client):
        for ask in (
            client.payment.transactions.list,
            client.payment.transactions.search,
            client.analytics.queries.list,
        ):
            with pytest.raises(ConfigurationError, match="limit"):
                ask(limit=limit)
        assert not sandbox.requests


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_items": -1},
        {"max_items": 1.5},
        {"after": 0},
        {"before": "x"},
        {"order": "id:ASC"},
        {"expand": "a.b.c.d.e"},
        {"extra": {"limit": 3}},
        {"extra": [("a", "b")]},
    ],
)
async def test_what_a_list_does_not_take(pair, wrong):
    async with pair() as (sandbox, client):
        with pytest.raises(ConfigurationError):
            client.payment.transactions.list(**wrong)
        assert not sandbox.requests


async def test_expand_is_repeated_and_extra_goes_along(pair):
    async with pair() as (sandbox, client):
        rows = client.payment.transactions.list(expand=["group", "meta_data"], extra={"beta": True}, max_items=1)
        assert len(await ids(rows)) == 1
        assert sandbox.requests[0].target.endswith(
            "/payment/transactions?limit=1&expand=group&expand=metaData&beta=true"
        )


async def test_a_server_that_ignores_the_cursor_is_found_out(against, raw_server):
    page = raw_server.reply(200, {"data": [{"id": 1}, {"id": 2}], "hasMore": True})
    async with against(lambda request: page) as (server, client):
        with pytest.raises(PageEchoError):
            await ids(client.customers.list(limit=2))
        assert len(server.requests) == 2


async def test_rows_come_before_the_error_behind_them(against, raw_server):
    def answer(request: Any) -> bytes:
        if "after" in request.target:
            return raw_server.reply(500)
        return raw_server.reply(200, {"data": [{"id": 1}, {"id": 2}], "hasMore": True})

    async with against(answer, retry=Retry(attempts=1)) as (_, client):
        assert await failing(client.customers.list(limit=2), ServerError) == [1, 2]


@pytest.mark.parametrize("body", [{"data": None}, {"data": []}, {"data": [], "hasMore": False, "limit": 100}])
async def test_an_empty_list_however_it_is_written(against, raw_server, body):
    async with against(lambda request: raw_server.reply(200, body)) as (server, client):
        assert await ids(client.customers.list()) == []
        assert await ids(client.customers.search()) == []
        assert len(server.requests) == 2


@pytest.mark.parametrize("body", [{}, {"hasMore": False}, {"rows": [{"id": 1}]}])
async def test_what_is_no_page_is_no_end(against, raw_server, body):
    async with against(lambda request: raw_server.reply(200, body), retry=Retry(attempts=1)) as (_, client):
        for rows in (client.customers.list(), client.customers.search(), client.countries.list()):
            with pytest.raises(DecodeError, match="no `data`"):
                await ids(rows)
        with pytest.raises(DecodeError, match="no `items`"):
            await ids(client.analytics.queries.list())


async def test_no_rows_and_yet_more_of_them_is_no_end(against, raw_server):
    body = {"data": [], "hasMore": True}
    async with against(lambda request: raw_server.reply(200, body)) as (server, client):
        for rows in (
            client.customers.list(),
            client.customers.search(),
            client.customers.search(order="version"),
        ):
            with pytest.raises(ListError, match="answers with none"):
                await ids(rows)
        assert len(server.requests) == 3


async def test_cursors_that_go_in_a_circle_are_found_out(against, raw_server):
    def answer(request: Any) -> bytes:
        row = {"2": 1}.get(query_of(request).get("after", ""), 2)
        return raw_server.reply(200, {"data": [{"id": row}], "hasMore": True})

    async with against(answer) as (server, client):
        assert await failing(client.customers.list(limit=1), PageEchoError) == [2]
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    "asked", [{"after": 5}, {"after": 5, "before": 9}, {"before": 1}, {"after": 1, "order": "DESC"}]
)
async def test_rows_on_the_wrong_side_of_a_cursor_are_not_handed_out(against, raw_server, asked):
    body = {"data": [{"id": 4}, {"id": 6}], "hasMore": False}
    async with against(lambda request: raw_server.reply(200, body)) as (_, client):
        with pytest.raises(PageEchoError, match="by their ids"):
            await anext(client.customers.list(**asked))


@pytest.mark.parametrize("nearest_first", [True, False])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
async def test_backwards_is_nearest_first_however_the_server_sends_it(against, raw_server, nearest_first, order):
    def answer(request: Any) -> bytes:
        before = int(query_of(request)["before"])
        beyond = range(before - 1, 0, -1) if order == "ASC" else range(before + 1, 20)
        page = [{"id": row} for row in beyond[:4]]
        return raw_server.reply(200, {"data": page[:: 1 if nearest_first else -1], "hasMore": len(beyond) > 4})

    async with against(answer) as (_, client):
        rows = await ids(client.customers.list(limit=4, before=10, order=order))
        assert rows == (list(range(9, 0, -1)) if order == "ASC" else list(range(11, 20)))


async def test_backwards_in_no_order_at_all_is_found_out(against, raw_server):
    body = {"data": [{"id": 4}, {"id": 6}, {"id": 5}], "hasMore": False}
    async with against(lambda request: raw_server.reply(200, body)) as (_, client):
        with pytest.raises(PageEchoError):
            await anext(client.customers.list(before=10))


async def test_max_items_counts_rows_where_pages_are_smaller_than_asked_for(against, raw_server):
    def answer(request: Any) -> bytes:
        after = int(query_of(request).get("after", "0"))
        return raw_server.reply(200, {"data": [{"id": after + 1}, {"id": after + 2}], "hasMore": True})

    async with against(answer) as (server, client):
        assert await ids(client.customers.list(limit=5, max_items=7)) == [1, 2, 3, 4, 5, 6, 7]
        assert len(server.requests) == 4


async def test_without_has_more_a_full_page_has_more(against, raw_server):
    def answer(request: Any) -> bytes:
        after = int(query_of(request).get("after", "0"))
        return raw_server.reply(200, {"data": [{"id": row} for row in range(after + 1, min(after + 3, 6))]})

    async with against(answer) as (_, client):
        assert await ids(client.customers.list(limit=2)) == [1, 2, 3, 4, 5]


async def test_one_unknown_state_does_not_spoil_a_page(against, raw_server):
    body = {"data": [{"id": 1, "state": "BRAND_NEW", "completedAmount": 0.1}, {"id": 2, "group": 7}], "hasMore": False}
    async with against(lambda request: raw_server.reply(200, body)) as (_, client):
        first, second = [row async for row in client.payment.transactions.list()]
        assert (first.state, str(first.completed_amount)) == ("BRAND_NEW", "0.1")
        assert second.group.id == 7


# By offset


@pytest.mark.parametrize("rows", [0, 1, 5, 6, 30, 43])
async def test_a_search_to_its_end_in_order(pair, rows):
    async with pair({"transactions": rows}) as (sandbox, client):
        assert await ids(client.payment.transactions.search(limit=5)) == sandbox.transactions.ids()


async def test_a_short_search_is_one_request(pair):
    async with pair({"transactions": 90}) as (sandbox, client):
        assert len(await ids(client.payment.transactions.search())) == 90
        assert sandbox.count("payment.transactions.search") == 1


async def test_pages_are_fetched_together_and_bounded(pair, clock):
    most = 0
    async with pair({"transactions": 60, "latency": 0.0}, concurrency=4) as (sandbox, client):
        budget = client.budgets.authenticated
        async for _ in client.payment.transactions.search(limit=2):
            most = max(most, budget.status().in_flight)
        assert 2 <= most <= 4
        assert len(sandbox.requests) <= 60 + 4


async def test_query_and_order_go_along(pair):
    async with pair({"transactions": 60}) as (sandbox, client):
        pending = [row async for row in client.payment.transactions.search(query=Q.state == "PENDING", order="id:DESC")]
        assert pending
        assert {row.state for row in pending} == {"PENDING"}
        assert [row.id for row in pending] == sorted((row.id for row in pending), reverse=True)
        assert await ids(client.payment.transactions.search(query="state:PENDING")) == [row.id for row in pending][::-1]
        assert "order=id%3ADESC&query=state%3APENDING" in sandbox.requests[0].target


async def test_a_query_that_cannot_be_read_is_not_sent(pair):
    async with pair() as (sandbox, client):
        with pytest.raises(QuerySyntaxError):
            client.payment.transactions.search(query="state:PENDING AND (")
        assert not sandbox.requests


async def test_what_has_no_id_is_searched_without_an_order(pair):
    async with pair() as (sandbox, client):
        found = [row async for row in client.countries.search(limit=5)]
        assert len(found) > 3
        assert "order" not in sandbox.requests[0].target


@pytest.mark.parametrize("query", [None, "state:PENDING OR state:FULFILL"])
async def test_past_the_offset_limit_by_windows(against, raw_server, query):
    """The server's limit is lower than the one we know: 416."""
    async with against(Book(raw_server, 95, most=20)) as (server, client):
        assert await ids(client.customers.search(limit=5, query=query)) == list(range(1, 96))
        windows = {query_of(request).get("query") for request in server.requests}
        narrowed = {f"id:>{row}" for row in (25, 50, 75)}
        if query is None:
            assert windows == {None, *narrowed}
        else:
            assert windows == {query, *(f"({query}) AND {one}" for one in narrowed)}


async def test_past_ten_thousand_rows(against, raw_server):
    async with against(Book(raw_server, 10_207), concurrency=16, limits=None) as (server, client):
        assert await ids(client.customers.search(max_items=10_205)) == list(range(1, 10_206))
        assert "id:>10099" in query_of(server.requests[-1])["query"]
        assert not [request for request in server.requests if int(query_of(request)["offset"]) > 10_000]


async def test_another_order_ends_where_the_api_ends(against, raw_server):
    async with against(Book(raw_server, 60, most=20)) as (_, client):
        ordered = client.customers.search(limit=5, order="created_on")
        assert await failing(ordered, ListError, "Leave the order out") == list(range(1, 26))
        assert len(await ids(client.customers.search(limit=5, order="created_on", max_items=25))) == 25


async def test_a_server_that_ignores_the_window_is_found_out(against, raw_server):
    async with against(Book(raw_server, 60, most=20, heeds_windows=False)) as (_, client):
        with pytest.raises(ListError, match="ignores"):
            await ids(client.customers.search(limit=5))


@pytest.mark.parametrize("order", [lambda id_: -id_, lambda id_: id_ % 7 * 100 + id_])
async def test_a_server_that_does_not_order_by_id_is_found_out(against, raw_server, order):
    """Newest first, or by something else: before the first row that is not in its place."""

    def answer(request: Any) -> bytes:
        query = query_of(request)
        window = re.search(r"id:>(\d+)", query.get("query", ""))
        found = sorted((row for row in range(1, 61) if window is None or row > int(window[1])), key=order)
        offset = int(query["offset"])
        page = [{"id": row} for row in found[offset : offset + 20]]
        return raw_server.reply(200, {"data": page, "hasMore": offset + 20 < len(found)})

    async with against(answer) as (_, client):
        with pytest.raises(ListError, match="does not order by id"):
            await anext(client.customers.search(limit=20))


async def test_pages_smaller_than_asked_for_leave_nothing_out(against, raw_server):
    """In another order than by id nobody knows where they go on."""

    def answer(request: Any) -> bytes:
        query = query_of(request)
        window = re.search(r"id:>(\d+)", query.get("query", ""))
        found = list(range(1 if window is None else int(window[1]) + 1, 48))
        offset = int(query["offset"])
        page = found[offset : offset + 4]
        return raw_server.reply(200, {"data": [{"id": row} for row in page], "hasMore": offset + 4 < len(found)})

    async with against(answer) as (_, client):
        assert await ids(client.customers.search(limit=10)) == list(range(1, 48))
        assert await ids(client.customers.search(limit=10, max_items=33)) == list(range(1, 34))
        with pytest.raises(PageEchoError, match="limit="):
            await anext(client.customers.search(limit=10, order="version"))
        assert await ids(client.customers.search(limit=4, order="version")) == list(range(1, 48))


class Till:
    """Searches over what is still open."""

    def __init__(self, server: Any, rows: int) -> None:
        self._reply = server.reply
        self.open = set(range(10, 10 + rows))

    def __call__(self, request: Any) -> bytes:
        query = query_of(request)
        limit, offset = int(query["limit"]), int(query["offset"])
        window = re.search(r"id:>(\d+)", query["query"])
        found = sorted(row for row in self.open if window is None or row > int(window[1]))
        page = [{"id": row} for row in found[offset : offset + limit]]
        return self._reply(200, {"data": page, "hasMore": offset + limit < len(found), "limit": limit})


@pytest.mark.parametrize(("limit", "rows"), [(1, 20), (2, 40), (20, 200)])
async def test_rows_that_leave_the_result_while_it_is_read_take_no_others_along(against, raw_server, limit, rows):
    """Each row that is handed out is changed, so that it matches no more; at first a page is fetched several times."""
    till = Till(raw_server, rows)
    async with against(till) as (server, client):
        came = []
        async for row in client.payment.transactions.search(query=Q.state == "FULFILL", limit=limit):
            came.append(row.id)
            till.open.discard(row.id)
        assert came == list(range(10, 10 + rows))
        assert len(server.requests) <= rows / limit + 2 * 16 + 2


async def test_rows_that_come_into_the_result_while_it_is_read_bring_none_twice(against, raw_server):
    """And in between nothing is lost, whatever leaves at the same time."""
    till = Till(raw_server, 200)
    async with against(till, concurrency=4) as (_, client):
        came = []
        async for row in client.customers.search(query="state:ACTIVE", limit=10):
            came.append(row.id)
            if row.id == 45:
                till.open |= {1, 2, 3}
                till.open.discard(12)
            if row.id == 120:
                till.open -= {121, 130, 150}
        assert came == sorted(set(came))
        assert set(came) >= set(range(10, 210)) - {121, 130, 150}


async def test_a_search_that_nobody_disturbs_asks_for_each_page_once(against, raw_server):
    till = Till(raw_server, 200)
    async with against(till, concurrency=4) as (server, client):
        assert len(await ids(client.customers.search(query="state:ACTIVE", limit=20))) == 200
        assert {query_of(request)["query"] for request in server.requests} == {"state:ACTIVE"}
        offsets = [int(query_of(request)["offset"]) for request in server.requests]
        assert sorted(offsets) == sorted(set(offsets))
        assert len(offsets) <= 11 + 4


async def test_a_416_at_the_beginning_is_an_error(against, raw_server):
    async with against(lambda request: raw_server.reply(416)) as (_, client):
        with pytest.raises(RangeError):
            await ids(client.customers.search())


@pytest.mark.parametrize("wrong", [{"limit": 10}, {"offset": 5}])
async def test_a_page_that_is_another_one_is_found_out(against, raw_server, wrong):
    body = {"data": [{"id": 1}], "limit": 5, "offset": 0, "hasMore": False} | wrong
    async with against(lambda request: raw_server.reply(200, body)) as (_, client):
        with pytest.raises(PageEchoError):
            await ids(client.customers.search(limit=5))


async def test_an_error_comes_at_its_place(against, raw_server):
    book = Book(raw_server, 60)

    def answer(request: Any) -> bytes:
        return raw_server.reply(500) if query_of(request)["offset"] == "20" else book(request)

    async with against(answer, retry=Retry(attempts=1)) as (_, client):
        assert await failing(client.customers.search(limit=5), ServerError) == list(range(1, 22))


# Other shapes


async def test_the_list_of_analytics_queries(against, raw_server):
    def answer(request: Any) -> bytes:
        query = query_of(request)
        offset, limit = int(query["offset"]), int(query["limit"])
        items = [{"queryToken": str(n)} for n in range(25)][offset : offset + limit]
        return raw_server.reply(200, {"items": items, "offset": offset, "limit": limit, "totalCount": 25})

    async with against(answer) as (server, client):
        tokens = [row.query_token async for row in client.analytics.queries.list(limit=10)]
        assert tokens == [str(n) for n in range(25)]
        assert server.requests[0].headers["account"] == "7"


async def test_an_export_as_it_comes(pair):
    async with pair({"transactions": 12}) as (sandbox, client):
        chunks = [chunk async for chunk in client.payment.transactions.export(fields=["id", "state"], order="id:ASC")]
        lines = b"".join(chunks).decode().split()
        assert len([line for line in lines if str(sandbox.transactions.ids()[3]) in line]) == 1
        assert sandbox.requests[0].headers["accept"] == "text/csv,application/json"
        assert "fields=id&fields=state" in sandbox.requests[0].target


async def test_an_export_is_never_whole_in_memory(against, raw_server):
    big = b"id\r\n" + b"x" * 8_000_000
    async with against(
        lambda request: raw_server.reply(200, big, Content_Type="text/csv"), max_response_bytes=1000
    ) as (
        _,
        client,
    ):
        sizes = [len(chunk) async for chunk in client.human_users.export()]
        assert sum(sizes) == len(big)
        assert max(sizes) < 2_000_000


async def test_an_export_that_breaks_off_is_not_begun_anew_unseen(against, raw_server):
    cut = raw_server.reply(200, b"id\r\n" + b"x" * 499_996, Content_Type="text/csv")[:-1]

    def answer(request: Any) -> bytes:
        loop.call_later(0.02, lambda: [task.cancel() for task in list(server._tasks)])
        return cut

    loop = asyncio.get_running_loop()
    async with against(answer) as (server, client):
        with pytest.raises(ListError, match="broke off after 499999 bytes"):
            async for _ in client.human_users.export():
                pass


async def test_an_export_that_fails_is_an_error(pair):
    async with pair() as (_, client):
        with pytest.raises(ForbiddenError):
            async for _ in client.with_options(space=1).payment.transactions.export():
                pass


# However it is left


def is_quiet(client: Any) -> bool:
    return client.budgets.authenticated.status().in_flight == 0


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("taken", [1, 4])
async def test_break(pair, until, name, taken):
    async with pair({"transactions": 60}) as (_, client):
        count = 0
        async for _ in LISTS[name](client):
            count += 1
            if count == taken:
                break
        gc.collect()
        await until(lambda: is_quiet(client))


@pytest.mark.parametrize("name", LISTS)
async def test_aclose_and_what_comes_after_it(pair, name):
    async with pair({"transactions": 60}) as (sandbox, client):
        rows = LISTS[name](client)
        await anext(rows)
        await rows.aclose()
        assert is_quiet(client)
        asked = len(sandbox.requests)
        with pytest.raises(StopAsyncIteration):
            await anext(rows)
        assert len(sandbox.requests) == asked


@pytest.mark.parametrize("name", LISTS)
async def test_never_begun(pair, name):
    async with pair() as (sandbox, client):
        rows = LISTS[name](client)
        del rows
        gc.collect()
        assert not sandbox.requests


@pytest.mark.parametrize("name", LISTS)
async def test_cancelled_in_the_middle(pair, until, name):
    async with pair({"transactions": 60}) as (_, client):

        async def read() -> None:
            async for _ in LISTS[name](client):
                await asyncio.sleep(0)

        task = asyncio.create_task(read())
        await until(lambda: not is_quiet(client))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gc.collect()
        await until(lambda: is_quiet(client))
