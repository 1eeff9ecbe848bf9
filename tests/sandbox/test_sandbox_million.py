"""A million rows, as many as an archive of years: what they cost."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.sandbox import ApiKey, Sandbox

MILLION = 1_000_000
KEYS = [ApiKey(f"key {number}", own_flags=True) for number in range(4)]


async def walk(caller: Any, rows: int = MILLION) -> None:
    """First, middle and last page, acknowledged; what is new then; the same to a key with flags of its own."""
    sandbox = caller.sandbox
    rids: set[str] = set()
    last = rows // 1000
    for number in (1, last // 2, last):
        page = await caller.transactions(page_number=number, page_size=1000)
        assert len(page.rids) == 1000
        assert (page.json["totalItems"], page.json["totalPages"]) == (rows, last)
        rids.update(page.rids)
        assert (await caller.acknowledge(page.acknowledgement_id)).status == 204
    assert len(rids) == 3000
    for number in (1, last // 2, last - 3):
        new = await caller.transactions(is_new="true", page_number=number, page_size=1000)
        assert (len(new.rids), new.json["totalItems"]) == (1000, rows - 3000)
        assert rids.isdisjoint(new.rids)
    assert (await caller.transactions(is_new="true", page_number=last - 2, page_size=1000)).status == 204
    assert (await caller.transactions(is_new="false", page_size=10)).json["totalItems"] == 3000
    sandbox.arrive(5)
    await caller.log_in(apiKey=sandbox.api_keys["key 1"].value)
    own = await caller.transactions(is_new="true", page_size=1000)
    assert own.json["totalItems"] == rows + 5
    assert (await caller.acknowledge(own.acknowledgement_id)).status == 204
    assert (await caller.transactions(is_new="true", page_size=10)).json["totalItems"] == rows - 995


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_a_million_rows_are_served(open_sandbox: Any, order: str) -> None:
    async with open_sandbox(transactions=MILLION, pending=1000, order=order, api_keys=KEYS) as caller:
        await walk(caller)


async def test_rows_that_are_served_are_no_objects(open_sandbox: Any, tmp_path: Path) -> None:
    """An object for each row would be 32 bytes and more for each, and a block of memory."""
    rows = 300_000
    tracemalloc.start()
    try:
        async with open_sandbox(transactions=rows, api_keys=KEYS, state=tmp_path / "state") as caller:
            await walk(caller, rows)
            kept, peak = tracemalloc.get_traced_memory()
            blocks = sum(found.count for found in tracemalloc.take_snapshot().statistics("filename"))
    finally:
        tracemalloc.stop()
    # For each row 14 bytes, one for every key with flags of its own, and one for every filter asked for lately.
    assert kept < 25 * rows + 2_000_000
    assert peak < 35 * rows + 8_000_000
    assert blocks < 50_000


def test_a_key_costs_nothing_for_each_row_and_one_byte_with_flags_of_its_own() -> None:
    rows = 200_000

    def kept(*keys: ApiKey) -> int:
        tracemalloc.start()
        try:
            sandbox = Sandbox(transactions=rows, api_keys=keys)
            assert sandbox.served_rows == 0
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    shared = kept(*(ApiKey(f"key {number}") for number in range(5)))
    own = kept(*(ApiKey(f"key {number}", own_flags=True) for number in range(5)))
    assert shared < 17 * rows
    assert own - shared < 5.2 * rows
