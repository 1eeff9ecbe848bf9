"""Order, flags, selections and acknowledgement ids, without a server."""

from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async.sandbox.konfipay.acknowledgements import Acknowledgements
from konfipay_async.sandbox.konfipay.data import Criteria, Ledger
from konfipay_async.sandbox.konfipay.store import Order, Store

LEDGER = Ledger(1, 4)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(1, 40), st.sampled_from(["start", "end", None]), st.booleans()),
        st.tuples(st.just("flag"), st.sets(st.integers(0, 10_000), max_size=30), st.booleans()),
    ),
    max_size=8,
)
criteria = st.builds(
    Criteria,
    credit=st.none() | st.booleans(),
    pending=st.none() | st.booleans(),
    accounts=st.none() | st.frozensets(st.integers(0, 3)),
)


@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(0, 9000),
    order=st.sampled_from(["oldest", "newest"]),
    steps=steps,
    wanted=criteria,
    is_new=st.none() | st.booleans(),
    size=st.integers(1, 1000),
)
def test_all_pages_together_are_the_filtered_list(
    start: int, order: Order, steps: list[Any], wanted: Criteria, is_new: bool | None, size: int
) -> None:
    pending = min(start, 100)
    store = Store(LEDGER, start, pending, order)
    listed = list(range(start)) if order == "oldest" else list(range(start))[::-1]
    new = dict.fromkeys(listed, True)
    is_pending = {number: number >= start - pending for number in listed}
    for step in steps:
        if step[0] == "arrive":
            rows = list(store.arrive(step[1], step[2], pending=step[3]))
            at_end = (step[2] or ("end" if order == "oldest" else "start")) == "end"
            listed = listed + rows if at_end else rows[::-1] + listed
            new |= dict.fromkeys(rows, True)
            is_pending |= dict.fromkeys(rows, step[3])
        elif listed:
            rows = sorted({number % len(listed) for number in step[1]})
            changed = store.set_new(rows, step[2])
            assert list(changed) == [number for number in rows if new[number] != step[2]]
            new |= dict.fromkeys(rows, step[2])
        # A selection before the next change must not be served after it.
        store.select(wanted, is_new)
    plain = LEDGER.matches(
        Criteria(accounts=wanted.accounts, credit=wanted.credit), bytearray(len(listed)), 0, len(listed)
    )
    expected = [
        number
        for number in listed
        if plain[number] and is_new in (None, new[number]) and wanted.pending in (None, is_pending[number])
    ]
    selection = store.select(wanted, is_new)
    assert len(selection) == len(expected)
    paged: list[int] = []
    size = max(size, len(expected) // 50)  # a few dozen pages are enough
    for offset in range(0, len(expected) + size, size):
        paged.extend(selection.rows(offset, size))
    assert paged == expected
    assert list(store.new_rows()) == [number for number in listed if new[number]]
    assert list(store.all_rows()) == listed


def test_a_filter_sees_rows_that_arrive_later() -> None:
    store = Store(LEDGER, 10, 0, "oldest")
    assert len(store.select(Criteria(pending=True), None)) == 0
    rows = store.arrive(3, "start", pending=True)
    assert list(store.select(Criteria(pending=True), True).rows(0, 9)) == list(rows)[::-1]


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 5000), min_size=1, max_size=200), max_size=5))
def test_an_id_stands_for_exactly_its_rows_and_once(pages: list[set[int]]) -> None:
    ids = Acknowledgements(60.0)
    names = [ids.issue(array("I", sorted(rows, reverse=True)), 0.0) for rows in pages]
    assert len(set(names)) == len(pages)
    for name, rows in zip(names, pages, strict=True):
        assert sorted(ids.use(name, 1.0) or []) == sorted(rows)
        assert ids.use(name, 1.0) is None


def test_an_id_ends_after_its_lifetime_and_is_forgotten() -> None:
    ids = Acknowledgements(60.0)
    late, in_time = ids.issue(array("I", [1]), 0.0), ids.issue(array("I", [2]), 0.0)
    assert ids.use(in_time, 59.999) is not None
    assert ids.use(late, 60.0) is None
    for second in range(1000):
        ids.issue(array("I", [second]), float(second))
    assert len(ids) <= 60


def test_an_unknown_rid_is_named() -> None:
    with pytest.raises(ValueError, match="no transaction 'abc'"):
        Store(LEDGER, 10, 0, "oldest").rows_of(["abc"])
