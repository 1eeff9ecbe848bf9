"""Flags of files, documents and PayPal transactions: the same rules for all three."""

import uuid
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import ApiKey
from konfipay_async.sandbox.konfipay.shelf import Shelf

LISTS = {
    "/transaction-files": ("transaction_files", "files"),
    "/documents": ("documents", "documents"),
    "/paypal/transactions": ("paypal_transactions", "paypal_transactions"),
}
each_list = pytest.mark.parametrize("path", LISTS)


def shelf_of(sandbox: Any, path: str) -> Shelf:
    found = getattr(sandbox, LISTS[path][1])
    assert isinstance(found, Shelf)
    return found


@pytest.fixture
def open_list(open_sandbox: Any) -> Any:
    def opened(path: str, count: int, **arguments: Any) -> Any:
        return open_sandbox(**{"transactions": 0, LISTS[path][0]: count, **arguments})

    return opened


@each_list
@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_all_pages_are_the_list(open_list: Any, path: str, order: str) -> None:
    async with open_list(path, 23, order=order) as caller:
        pages = [await caller.get(path, page_number=number, page_size=10) for number in (1, 2, 3)]
        rids = [rid for page in pages for rid in page.result_rids]
        assert rids == shelf_of(caller.sandbox, path).rids()
        assert len(set(rids)) == 23
        stamps = [row["timestamp"] for page in pages for row in page.results]
        assert stamps == sorted(stamps, reverse=order == "newest")
        assert (pages[1].json["pageNumber"], pages[1].json["totalItems"], pages[1].json["totalPages"]) == (2, 23, 3)
        assert pages[1].json["links"][0]["href"] == f"{caller.sandbox.base_url}{path}?pageNumber=2&pageSize=10"
        assert (await caller.get(path, page_number=4, page_size=10)).status == 204
        (late,) = shelf_of(caller.sandbox, path).arrive(1)
        assert shelf_of(caller.sandbox, path).rids() == ([*rids, late] if order == "oldest" else [late, *rids])


@each_list
async def test_an_acknowledged_thing_is_no_longer_new(open_list: Any, path: str) -> None:
    async with open_list(path, 5) as caller:
        things = shelf_of(caller.sandbox, path)
        rids = things.rids()
        before = (await caller.get(f"{path}/{rids[2]}")).json
        for _ in range(2):
            reply = await caller.send("POST", f"{path}/{rids[2]}/acknowledge")
            assert (reply.status, reply.json) == (200, before | {"isNew": False})
        assert (await caller.get(f"{path}/{rids[2]}")).json == before | {"isNew": False}
        assert (await caller.get(path, is_new="false")).result_rids == [rids[2]]
        assert (await caller.get(path, is_new="true")).result_rids == things.new_rids() == rids[:2] + rids[3:]
        assert [row["isNew"] for row in (await caller.get(path)).results] == [True, True, False, True, True]


@each_list
async def test_an_unknown_rid_is_a_404(open_list: Any, path: str) -> None:
    async with open_list(path, 3) as caller:
        for method, end in (("GET", ""), ("POST", "/acknowledge"), ("GET", "/content")):
            if path.startswith("/paypal") and end == "/content":
                continue
            for rid in (uuid.uuid4(), "x", "a%2Fb"):
                reply = await caller.send(method, f"{path}/{rid}{end}")
                assert (reply.status, reply.error_code) == (404, "ERR-01-0001")
        with pytest.raises(ValueError, match="there is no 'x'"):
            shelf_of(caller.sandbox, path).acknowledge_elsewhere([*shelf_of(caller.sandbox, path).rids(), "x"])
        assert len(shelf_of(caller.sandbox, path).new_rids()) == 3, "nothing is marked then"


@each_list
async def test_the_portal_marks_and_things_arrive(open_list: Any, path: str) -> None:
    async with open_list(path, 4) as caller:
        things = shelf_of(caller.sandbox, path)
        rids = things.rids()
        assert things.acknowledge_elsewhere(rids[:3]) == 3
        assert things.acknowledge_elsewhere(rids[2:]) == 1
        assert (await caller.get(path, is_new="true")).status == 204
        assert things.mark_new(rids[1:2] * 2) == 1
        arrived = things.arrive(2)
        assert (await caller.get(path, is_new="true")).result_rids == [rids[1], *arrived]
        assert things.arrive(0) == []
        with pytest.raises(ConfigurationError, match="n=-1 is not possible"):
            things.arrive(-1)


@each_list
async def test_flags_belong_to_the_client_or_to_a_key(open_list: Any, path: str) -> None:
    keys = [ApiKey("shared"), ApiKey("own", own_flags=True)]
    async with open_list(path, 3, api_keys=keys) as caller:
        things = shelf_of(caller.sandbox, path)
        rids = things.rids()
        await caller.send("POST", f"{path}/{rids[0]}/acknowledge")
        await caller.log_in(apiKey=keys[0].value)
        assert (await caller.get(path, is_new="true")).result_rids == rids[1:]
        await caller.log_in(apiKey=keys[1].value)
        assert (await caller.get(path, is_new="true")).result_rids == rids
        await caller.send("POST", f"{path}/{rids[1]}/acknowledge")
        assert things.new_rids() == things.new_rids("shared") == rids[1:]
        assert things.new_rids("own") == [rids[0], rids[2]]
        assert things.acknowledge_elsewhere(rids, "own") == 2
        assert things.mark_new(rids) == 1
        with pytest.raises(ConfigurationError, match="known are 'main', 'shared', 'own'"):
            things.new_rids("nobody")


@each_list
async def test_faults_of_lists_and_acknowledgements(open_list: Any, path: str) -> None:
    async with open_list(path, 3) as caller:
        things = shelf_of(caller.sandbox, path)
        rids = things.rids()
        things.acknowledge_elsewhere(rids[:2])
        caller.sandbox.add_fault("ignored-filter")
        assert (await caller.get(path)).result_rids == rids
        assert (await caller.get(path, is_new="true")).result_rids == rids, "the one that asks for it is struck"
        assert (await caller.get(path, is_new="true")).result_rids == rids[2:]
        caller.sandbox.add_fault("wrong-echo")
        assert [(await caller.get(path)).json["pageNumber"] for _ in range(2)] == [2, 1]
        caller.sandbox.add_fault("acknowledge-without-effect")
        for left in ([rids[2]], []):
            reply = await caller.send("POST", f"{path}/{rids[2]}/acknowledge")
            assert (reply.status, reply.json["isNew"]) == (200, False)
            assert things.new_rids() == left
        caller.sandbox.add_fault("reset-after")
        things.mark_new(rids)
        with pytest.raises(OSError, match=r"reset|disconnected"):
            await caller.send("POST", f"{path}/{rids[0]}/acknowledge")
        assert things.new_rids() == rids[1:]


@settings(deadline=None)
@given(
    start=st.integers(0, 6),
    newest=st.booleans(),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["arrive", "upload", "retrieved", "new"]), st.sampled_from([None, "own"]), st.integers(0, 9)
        ),
        max_size=20,
    ),
)
def test_a_shelf_does_what_a_list_of_flags_does(start: int, newest: bool, steps: list[Any]) -> None:
    make = partial(Shelf, own=1, order="newest" if newest else "oldest", whose=lambda key: 0 if key is None else 1)
    things = make(str, start)
    model = {None: [True] * start, "own": [True] * start}
    for word, key, number in steps:
        if word == "arrive":
            assert things.arrive(number) == [str(len(model[None]) + one) for one in range(number)]
            for flags in model.values():
                flags += [True] * number
        elif word == "upload":
            things.add(1, new=False)
            for flags in model.values():
                flags.append(False)
        elif number < len(model[None]):
            change = things.mark_new if word == "new" else things.acknowledge_elsewhere
            assert change([str(number)], key) == (model[key][number] != (word == "new"))
            model[key][number] = word == "new"
    numbers = list(range(len(model[None])))
    if newest:
        numbers.reverse()
    assert things.rids() == list(map(str, numbers))
    for key, flags in model.items():
        assert things.new_rids(key) == [str(number) for number in numbers if flags[number]]
        assert list(things.listed(False, 0 if key is None else 1)) == [one for one in numbers if not flags[one]]
