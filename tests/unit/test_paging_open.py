"""Lists that tell no total: by cursor, by number until one is the last, and a body chunk by chunk."""

import asyncio
from typing import Any

import pytest

from konfipay_async.errors import ListError
from konfipay_async.paging.chunks import Chunks
from konfipay_async.paging.cursors import CursorPages
from konfipay_async.paging.open_ended import OpenEnded
from konfipay_async.paging.pages import each


class Shelf:
    """So many pages, each of which takes a second; page n fails where told."""

    def __init__(self, pages: int, *, fails: int | None = None) -> None:
        self.pages = pages
        self.fails = fails
        self.asked: list[int] = []
        self.in_flight = 0
        self.most = 0

    async def page(self, index: int) -> int:
        self.asked.append(index)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await asyncio.sleep(1)
        finally:
            self.in_flight -= 1
        if index == self.fails:
            raise ZeroDivisionError
        return index

    async def after(self, cursor: int | None) -> tuple[int, int | None]:
        page = await self.page(0 if cursor is None else cursor)
        return page, page + 1 if page + 1 < self.pages else None

    def is_last(self, page: int) -> bool:
        return page >= self.pages - 1


async def all_of(reader: Any) -> list[Any]:
    return [page async for page in each(reader)]


@pytest.mark.parametrize("pages", [1, 2, 3, 20])
@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_every_page_in_order_and_no_more_than_allowed_at_once(virtually, pages, concurrency) -> None:
    async def main(time: Any) -> None:
        shelf = Shelf(pages)
        assert await all_of(OpenEnded(shelf.page, shelf.is_last, concurrency=concurrency)) == list(range(pages))
        assert shelf.most <= concurrency
        assert len(shelf.asked) < pages + concurrency
        assert shelf.in_flight == 0

    virtually(main)


def test_a_list_of_one_page_is_asked_for_once(virtually) -> None:
    async def main(time: Any) -> None:
        shelf = Shelf(1)
        await all_of(OpenEnded(shelf.page, shelf.is_last, concurrency=8))
        assert shelf.asked == [0]

    virtually(main)


def test_what_is_in_flight_doubles_until_it_is_enough(virtually) -> None:
    """64 pages, a second each, 8 at once: 1, 2, 4 and then 8."""

    async def main(time: Any) -> None:
        shelf = Shelf(64)
        began = time.monotonic()
        await all_of(OpenEnded(shelf.page, shelf.is_last, concurrency=8))
        assert time.monotonic() - began == pytest.approx(3 + 8, abs=0.1)
        assert shelf.most == 8

    virtually(main)


def test_a_reader_that_stands_still_holds_twice_as_many_as_are_fetched(virtually) -> None:
    async def main(time: Any) -> None:
        shelf = Shelf(100)
        reader = OpenEnded(shelf.page, shelf.is_last, concurrency=4)
        assert await reader.next() == 0
        await asyncio.sleep(60)
        assert len(shelf.asked) == 1 + 8
        await reader.close()
        assert await reader.next() is None

    virtually(main)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_no_more_than_asked_for(virtually, most) -> None:
    async def main(time: Any) -> None:
        shelf = Shelf(10)
        reader = OpenEnded(shelf.page, shelf.is_last, concurrency=4, most=most)
        assert await all_of(reader) == list(range(most))
        assert not reader.ended
        assert sorted(shelf.asked) == list(range(most))

    virtually(main)


@pytest.mark.parametrize("kind", ["number", "cursor"])
def test_an_error_comes_at_its_place(virtually, kind) -> None:
    async def main(time: Any) -> None:
        shelf = Shelf(9, fails=5)
        reader: Any = CursorPages(shelf.after)
        if kind == "number":
            reader = OpenEnded(shelf.page, shelf.is_last, concurrency=3)
        assert [await reader.next() for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(ZeroDivisionError):
            await reader.next()
        await reader.close()
        assert shelf.in_flight == 0

    virtually(main)


def test_the_next_page_is_fetched_while_one_is_read(virtually) -> None:
    async def main(time: Any) -> None:
        shelf = Shelf(5)
        began = time.monotonic()
        reader: CursorPages[int, int] = CursorPages(shelf.after)
        async for _ in each(reader):
            await asyncio.sleep(1)
        assert time.monotonic() - began == pytest.approx(1 + 5, abs=0.1)
        assert shelf.most == 1

    virtually(main)


@pytest.mark.parametrize("kind", ["number", "cursor"])
def test_closed_at_any_time(virtually, kind) -> None:
    async def main(time: Any) -> None:
        for moment in (0, 0.5, 1.0, 1.5, 7.0):
            shelf = Shelf(50)
            reader: Any = CursorPages(shelf.after)
            if kind == "number":
                reader = OpenEnded(shelf.page, shelf.is_last, concurrency=3)
            reading = asyncio.create_task(all_of(reader))
            await asyncio.sleep(moment)
            reading.cancel()
            await asyncio.wait([reading])
            await reader.close()
            assert shelf.in_flight == 0
            assert await reader.next() is None

    virtually(main)


# Chunks


def test_a_body_waits_for_its_reader(virtually) -> None:
    written = 0

    async def main(time: Any) -> None:
        async def send(download: Any) -> None:
            nonlocal written
            await download.begin(None)
            for number in range(50):
                await download.write(b"%d," % number)
                written += 1

        chunks = Chunks(send)
        assert await chunks.next() == b"0,"
        await asyncio.sleep(1)
        assert written < 12
        assert b"".join([chunk async for chunk in each(chunks)]) == b"".join(b"%d," % number for number in range(1, 50))

    virtually(main)


def test_a_body_that_begins_anew_before_any_of_it_was_read(virtually) -> None:
    async def main(time: Any) -> None:
        async def send(download: Any) -> None:
            for chunk in (b"old", b"new"):
                await download.begin(3)
                await download.write(chunk)

        assert [chunk async for chunk in each(Chunks(send))] == [b"new"]

    virtually(main)


def test_a_body_that_begins_anew_after_it_was_read(virtually) -> None:
    async def main(time: Any) -> None:
        async def send(download: Any) -> None:
            await download.begin(3)
            await download.write(b"old")
            await asyncio.sleep(1)
            await download.begin(3)

        chunks = Chunks(send)
        assert await chunks.next() == b"old"
        with pytest.raises(ListError, match="after 3 bytes"):
            await chunks.next()

    virtually(main)


def test_an_error_comes_after_what_came_before_it_and_a_closed_one_is_over(virtually) -> None:
    async def main(time: Any) -> None:
        async def send(download: Any) -> None:
            await download.begin(None)
            await download.write(b"a")
            raise ZeroDivisionError

        chunks = Chunks(send)
        assert await chunks.next() == b"a"
        with pytest.raises(ZeroDivisionError):
            await chunks.next()
        await chunks.close()
        assert await chunks.next() is None
        never = Chunks(send)
        await never.close()
        assert await never.next() is None

    virtually(main)
