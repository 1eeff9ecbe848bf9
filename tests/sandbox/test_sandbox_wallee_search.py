"""The search language of the signed API's sandbox."""

from decimal import Decimal
from typing import Any

import pytest

from konfipay_async.sandbox.wallee.search_language import QueryError, parse_order, parse_query

THING = {
    "id": 7,
    "state": "PENDING",
    "name": "John Peter",
    "amount": Decimal("10.50"),
    "on": "2024-03-05T10:00:00.000Z",
    "flag": True,
    "colors": ["red", "blue"],
    "text": "red wine, blue cheese",
    "empty": [],
    "link": {"id": 9},
}


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("", True),
        ("state:pending", True),
        ("state:PEND", False),
        ("name:'john peter'", True),
        ('name:"John Peter" state:PENDING', True),
        ("name:John", False),
        ("id:7", True),
        ("id:7.0", True),
        ("id:>6 id:<8", True),
        ("id:>7", False),
        ("id:>=7 AND id:<=7", True),
        ("amount:10.5", True),
        ("amount:<9", False),
        ("amount:x", False),
        ("on:>2024-03-05", True),
        ("on:<=2024-03-05T11:00:00+01:00", True),
        ("on:<2024-03-05T10:00:00Z", False),
        ("flag:true", True),
        ("flag:1", False),
        ("link:9", True),
        ("nothing:*", True),
        ("empty:*", True),
        ("state:*", False),
        ("NOT nothing:*", False),
        ("-state:*", True),
        ("colors:red", True),
        ("colors:~red,blue", True),
        ("colors:~red,green", False),
        ("text:~wine,CHEESE", True),
        ("text:~wine,bread", False),
        ("nothing:x", False),
        ("-nothing:x", True),
        ("nothing:<5", False),
        ("nothing:~x", False),
        ("state:x OR id:7", True),
        ("state:x OR id:7 AND id:8", False),
        ("id:8 AND state:x OR id:7", True),
        ("(state:x OR id:7) AND (id:8 OR -id:9)", True),
        ("-(state:x OR id:7)", False),
        ("NOT (state:x OR id:8)", True),
        ("  ( id:7 )\tAND\n state:PENDING ", True),
        ("name:", False),
        ("name: id:7", False),
        ("id:-7", False),
    ],
)
def test_what_matches(query: str, matches: bool) -> None:
    assert parse_query(query)(THING.get) is matches


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("state", "a comparator is missing, at position 6"),
        ("state=x", "a comparator is missing, at position 6"),
        (":x", "the name of a field is missing, at position 1"),
        ("(id:7", "a \\) is missing, at position 6"),
        ("id:7)", "there is a \\) too many, at position 5"),
        ("name:'x", "a quoted value has no end, at position 6"),
        ("id:7 AND", "a comparator is missing"),
        ("id:7 OR ", "the name of a field is missing"),
        ("id:*7", "cannot go on like that, at position 5"),
        ("name:a'b", "cannot go on like that"),
        ("name:'a'b", "cannot go on like that"),
        ("(id:7)id:8", "a space is missing"),
        ("- id:7", "the name of a field is missing"),
        ("()", "the name of a field is missing"),
        ("(" * 60 + "id:7" + ")" * 60, "too deep"),
    ],
)
def test_what_is_no_query(query: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        parse_query(query)


def test_orders() -> None:
    assert parse_order("lastName firstName:DESC id:ASC") == [("lastName", False), ("firstName", True), ("id", False)]
    for wrong in ("a:desc", ":ASC", "a:"):
        with pytest.raises(QueryError):
            parse_order(wrong)


async def test_what_is_null_is_sorted_after_the_rest(open_wallee: Any) -> None:
    async with open_wallee(transactions=0) as caller:
        add = caller.sandbox.transactions.add
        ids = [add(merchantReference=name)["id"] for name in ("b", None, "A", "c")]
        got = await caller.ids("/payment/transactions/search?order=merchantReference+id%3ADESC")
        assert got == [ids[2], ids[0], ids[3], ids[1]]
