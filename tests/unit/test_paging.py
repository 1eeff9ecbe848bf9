"""Pages of one list, fetched concurrently and handed on in order."""

import asyncio
import gc
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from konfipay_async.errors import PageEchoError, ServerError
from konfipay_async.paging.pages import Pages, checked, each, end

pytestmark = pytest.mark.usefixtures("nothing_left")


@dataclass(frozen=True)
class Numbered:
    number: int
    total_pages: int


@dataclass
class Book:
    """A list in memory whose pages arrive when the test says so, and which counts what is asked of it."""

    total: int
    open: bool = False
    asked: list[int] = field(default_factory=list)
    arrived: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    cancelled: int = 0
    gates: dict[int, asyncio.Event] = field(default_factory=dict)
    answer: Callable[[int], Any] | None = None

    def gate(self, number: int) -> asyncio.Event:
        return self.gates.setdefault(number, asyncio.Event())

    async def fetch(self, number: int) -> Numbered | None:
        self.asked.append(number)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if not self.open:
                await self.gate(number).wait()
            if self.answer is not None:
                answer = self.answer(number)
                if isinstance(answer, Exception):
                    raise answer
                return answer
            return Numbered(number, self.total)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
            self.arrived += 1


def one_page_and_errors(number: int) -> Any:
    return Numbered(1, 9) if number == 1 else ServerError("no", status=500)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def collect(book: Book, got: list[int], concurrency: int) -> None:
    """Like `numbers`, and tells what it got before it was broken off."""
    async for page in each(Pages(book.fetch, concurrency=concurrency)):
        got += [page.number]


async def numbers(book: Book, concurrency: int = 4) -> list[int]:
    return [page.number async for page in each(Pages(book.fetch, concurrency=concurrency))]


@pytest.mark.parametrize("seed", range(30))
async def test_pages_come_in_order_whatever_order_they_arrive_in(seed) -> None:
    """None twice, none missing, and never more in flight than allowed."""
    chance = random.Random(seed)
    book = Book(total=chance.randint(1, 60))
    concurrency = chance.randint(1, 9)
    reader = asyncio.ensure_future(numbers(book, concurrency))
    while not reader.done():
        waiting = [number for number in book.asked if not book.gate(number).is_set()]
        for number in chance.sample(waiting, chance.randint(0, len(waiting))):
            book.gate(number).set()
        await asyncio.sleep(0)
    assert reader.result() == list(range(1, book.total + 1))
    assert sorted(book.asked) == list(range(1, book.total + 1))
    assert book.most_in_flight <= concurrency


async def test_concurrency_is_used() -> None:
    book = Book(total=50)
    reader = asyncio.ensure_future(numbers(book, 5))
    await settle()
    assert book.asked == [1]  # page 1 says how many there are
    book.gate(1).set()
    await settle()
    assert book.asked == [1, 2, 3, 4, 5, 6]
    for number in range(1, 51):
        book.gate(number).set()
    assert await reader == list(range(1, 51))
    assert book.most_in_flight == 5


async def test_a_slow_page_does_not_stop_the_fetching_of_others() -> None:
    """No barrier: as pages arrive behind it, others are asked for, until as many wait as may be in flight."""
    book = Book(total=50)
    book.gate(1).set()
    reader = asyncio.ensure_future(numbers(book, 4))
    await settle()
    assert book.asked == [1, 2, 3, 4, 5]
    book.gate(4).set()
    await settle()
    assert book.asked == [1, 2, 3, 4, 5, 6]
    for number in (3, 5):
        book.gate(number).set()
    await settle()
    assert book.asked == [1, 2, 3, 4, 5, 6, 7, 8]
    assert book.in_flight == 4
    for number in range(2, 51):
        book.gate(number).set()
    assert await reader == list(range(1, 51))


@pytest.mark.parametrize("concurrency", [1, 2, 8])
async def test_a_slow_reader_makes_a_bounded_number_of_pages_wait(concurrency) -> None:
    """A reader that takes its time does not make the client hoard."""
    book = Book(total=100, open=True)
    pages = each(Pages(book.fetch, concurrency=concurrency))
    handed_on = 0
    async for page in pages:
        handed_on += 1
        await settle()
        assert book.arrived - handed_on <= 2 * concurrency
        if page.number == 20:
            break
    await pages.aclose()


@pytest.mark.parametrize("concurrency", [1, 2, 8])
async def test_what_is_in_flight_and_what_waits_is_bounded_together(concurrency) -> None:
    book = Book(total=100, open=True)
    handed_on = 0
    async for page in each(Pages(book.fetch, concurrency=concurrency)):
        handed_on += 1
        assert page.number == handed_on
        if handed_on % 7 == 0:
            await settle()
        assert len(book.asked) - handed_on <= 2 * concurrency
    assert handed_on == 100


# --- lists that change ---------------------------------------------------------------------------------------------


async def test_nothing_at_all_is_an_empty_list() -> None:
    book = Book(total=0, open=True, answer=lambda _: None)
    assert await numbers(book) == []
    assert book.asked == [1]


async def test_an_empty_first_page_ends_the_list() -> None:
    book = Book(total=0, open=True, answer=lambda _: Numbered(1, 0))
    assert await numbers(book) == [1]
    assert book.asked == [1]


async def test_a_list_that_grows_is_read_to_its_new_end() -> None:
    book = Book(total=0, open=True, answer=lambda number: Numbered(number, 3 + number // 2))
    assert await numbers(book) == [1, 2, 3, 4, 5]  # the fifth says that it is the last


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_growth_that_only_the_last_page_tells_is_seen(concurrency) -> None:
    book = Book(total=0, open=True, answer=lambda number: Numbered(number, 4 if number < 4 else 9))
    assert await numbers(book, concurrency) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("steps", range(6))
@pytest.mark.parametrize("reader_first", [True, False])
async def test_growth_is_seen_also_where_the_reader_comes_by_as_the_page_arrives(reader_first, steps) -> None:
    """A reader that is woken in the same turn of the loop in which the last page arrives misses nothing."""
    book = Book(total=0, answer=lambda number: Numbered(number, 2 if number == 1 else 4))
    for number in (1, 3, 4):
        book.gate(number).set()
    got: list[int] = []
    ready = asyncio.Event()

    async def read() -> None:
        async for page in each(Pages(book.fetch, concurrency=2)):
            got.append(page.number)
            if page.number == 1:
                ready.set()
                if not reader_first:
                    await settle()  # so that page 2 queues at its gate before the reader does
                await book.gate(2).wait()
                for _ in range(steps):
                    await asyncio.sleep(0)

    reader = asyncio.ensure_future(read())
    await ready.wait()
    await settle()
    await settle()
    book.gate(2).set()
    await reader
    assert got == [1, 2, 3, 4]


async def test_an_older_answer_that_arrives_later_does_not_hide_the_growth() -> None:
    """Page 2 was made before the list grew and comes last; page 5 has told already that there are six."""
    book = Book(total=0, answer=lambda number: Numbered(number, 5 if number < 5 else 6))
    reader = asyncio.ensure_future(numbers(book, 2))
    for number in (1, 3, 4, 5, 2, 6):
        book.gate(number).set()
        await settle()
    assert await reader == [1, 2, 3, 4, 5, 6]


async def test_a_list_that_shrinks_ends_where_it_says() -> None:
    """204 behind the new end, and no error for it."""
    book = Book(total=0, open=True, answer=lambda number: Numbered(number, 10 - number) if number <= 5 else None)
    assert await numbers(book) == [1, 2, 3, 4, 5]


async def test_a_hole_does_not_end_the_list() -> None:
    """204 in the middle: what comes behind it is handed on."""
    book = Book(total=0, open=True, answer=lambda number: None if number == 3 else Numbered(number, 5))
    assert await numbers(book, 2) == [1, 2, 4, 5]


async def test_an_echo_of_the_last_page_is_the_end_of_a_shrinking_list() -> None:
    book = Book(total=0, open=True, answer=lambda number: Numbered(min(number, 4), 9 if number < 3 else 4))
    assert await numbers(book, 3) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("asked", "number", "total"),
    [(1, 2, 5), (2, 1, 5), (3, 1, 3), (2, 3, 3), (1, 2, 2), (5, 4, 5), (4, 0, 4)],
)
def test_another_page_than_the_one_asked_for_is_an_error(asked, number, total) -> None:
    with pytest.raises(PageEchoError, match=f"asked for page {asked}.*page {number} of {total}"):
        checked(Numbered(number, total), asked)


def test_the_page_asked_for_passes() -> None:
    page = Numbered(3, 2)
    assert checked(page, 3) is page
    assert checked(None, 3) is None
    assert checked(Numbered(2, 2), 7) is None


async def test_a_server_that_does_not_understand_paging_is_an_error_not_a_loop() -> None:
    """It answers with page 1 of many, whatever is asked."""
    book = Book(total=0, open=True, answer=lambda _: Numbered(1, 30))
    got: list[int] = []
    with pytest.raises(PageEchoError):
        await collect(book, got, 4)
    assert got == [1]


# --- leaving -------------------------------------------------------------------------------------------------------


async def test_an_error_is_raised_at_the_place_of_its_page() -> None:
    """Pages before it are handed on first; those behind it are given up."""
    boom = ServerError("boom", status=500)
    book = Book(total=0, answer=lambda number: boom if number == 4 else Numbered(number, 30))
    book.gate(4).set()
    book.gate(1).set()
    got: list[int] = []

    reader = asyncio.ensure_future(collect(book, got, 3))
    await settle()
    assert not reader.done()
    for number in (2, 3):
        book.gate(number).set()
    with pytest.raises(ServerError) as caught:
        await reader
    assert caught.value is boom
    assert got == [1, 2, 3]
    assert book.in_flight == 0
    assert max(book.asked) <= 5


async def test_two_errors_leave_none_behind(nothing_left) -> None:
    book = Book(total=0, open=True, answer=one_page_and_errors)
    with pytest.raises(ServerError):
        await numbers(book, 5)
    await nothing_left()


async def test_break_leaves_nothing_behind(nothing_left) -> None:
    """Also without aclose(): the garbage collector and the loop do the rest."""
    book = Book(total=30)
    for number in (1, 2):
        book.gate(number).set()
    async for page in each(Pages(book.fetch, concurrency=4)):  # noqa: B007
        break
    await settle()
    await nothing_left()
    assert book.in_flight == 0


async def test_break_after_an_unseen_error_leaves_nothing_behind(nothing_left) -> None:
    book = Book(total=0, open=True, answer=one_page_and_errors)
    async for _ in each(Pages(book.fetch, concurrency=4)):
        await settle()
        break
    await nothing_left()


async def test_an_exception_of_the_reader_leaves_nothing_behind(nothing_left) -> None:
    book = Book(total=30)
    book.gate(1).set()

    async def read() -> None:
        async for _ in each(Pages(book.fetch, concurrency=4)):
            await settle()
            raise KeyError("the reader's own")

    with pytest.raises(KeyError):
        await read()
    await nothing_left()
    assert book.in_flight == 0
    assert book.cancelled == 4


@pytest.mark.parametrize("steps", range(12))
async def test_cancellation_at_any_moment_leaves_nothing_behind(nothing_left, steps) -> None:
    book = Book(total=30)
    book.gate(1).set()
    book.gate(2).set()
    reader = asyncio.ensure_future(numbers(book, 3))
    for _ in range(steps):
        await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert book.in_flight == 0
    await nothing_left()


async def test_a_generator_that_is_dropped_leaves_nothing_behind(nothing_left) -> None:
    """Begun, then forgotten: its tasks hold no reference to it, so that it can be collected."""
    book = Book(total=30)
    book.gate(1).set()
    pages = each(Pages(book.fetch, concurrency=4))
    await anext(pages)
    await settle()
    assert book.in_flight == 4
    del pages
    gc.collect()
    await settle()
    assert book.in_flight == 0
    await nothing_left()


async def test_a_generator_that_was_never_begun_asks_for_nothing(nothing_left) -> None:
    book = Book(total=30)
    pages = each(Pages(book.fetch, concurrency=4))
    del pages
    await nothing_left()
    assert book.asked == []


async def test_closing_ends_what_is_in_flight() -> None:
    book = Book(total=30)
    book.gate(1).set()
    pages = each(Pages(book.fetch, concurrency=4))
    await anext(pages)
    await settle()
    await pages.aclose()
    assert book.in_flight == 0
    assert book.cancelled == 4


def test_the_end_of_a_loop_leaves_nothing_behind() -> None:
    """asyncio.run with a generator left open ends cleanly."""
    book = Book(total=30)
    kept: list[Any] = []
    reports: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
        book.gate(1).set()
        kept.append(each(Pages(book.fetch, concurrency=4)))
        await anext(kept[0])
        await settle()

    asyncio.run(main())
    gc.collect()
    assert book.in_flight == 0
    assert reports == []


async def test_end_swallows_the_errors_of_tasks_nobody_wants() -> None:
    async def fail() -> None:
        raise ValueError

    tasks = [asyncio.ensure_future(fail()), asyncio.ensure_future(asyncio.Event().wait())]
    await asyncio.sleep(0)
    await end(tasks)
    assert all(task.done() for task in tasks)
    await end([])
