"""What all things on a shelf have in common on the wire: list, single one, acknowledgement, content.

`shown` makes the JSON object of a number, and is told whether it is new to the key that asks.
"""

import base64
from collections.abc import Callable, Mapping

from konfipay_async.sandbox.konfipay.answers import json_answer
from konfipay_async.sandbox.konfipay.calls import Call, UnknownRidError
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.queries import is_new, switch
from konfipay_async.sandbox.konfipay.shelf import Shelf
from konfipay_async.sandbox.sending import Answer

__all__ = ["Shown", "acknowledge_thing", "asked_number", "file_answer", "get_thing", "list_things"]

Shown = Callable[[int, bool], dict[str, object]]


def list_things(call: Call, lists: Lists, shelf: Shelf, wanted: Callable[[int], bool], shown: Shown) -> Answer:
    """The asked page of what is wanted; acts the fault ``ignored-filter`` out."""
    new, whose = is_new(call.query), call.access.whose
    listed = shelf.listed(None if call.fault == "ignored-filter" else new, whose)
    return lists.answer(call, list(filter(wanted, listed)), lambda number: shown(number, shelf.is_new(number, whose)))


def asked_number(call: Call, shelf: Shelf) -> int:
    """The number of the thing in the path."""
    number = shelf.number(call.arguments[0])
    if number is None:
        raise UnknownRidError(f"There is nothing in {call.path.partition('/')[0]} with this rId.")
    return number


def get_thing(call: Call, shelf: Shelf, shown: Shown) -> Answer:
    """The thing in the path. Fetching never acknowledges (API version 6, documented)."""
    number = asked_number(call, shelf)
    return json_answer(shown(number, shelf.is_new(number, call.access.whose)))


def acknowledge_thing(call: Call, shelf: Shelf, shown: Shown) -> Answer:
    """The thing in the path is no longer new to this key, and comes back so; a second time changes nothing.

    Path and method are inferred, the answer is that of version 5. With the fault ``acknowledge-without-effect`` the
    answer is the same.
    """
    number = asked_number(call, shelf)
    if call.fault != "acknowledge-without-effect":
        shelf.set_new(number, False, call.access.whose)
    return json_answer(shown(number, False))


def file_answer(query: Mapping[str, str], raw: bytes, media_type: str) -> Answer:
    """A file as it is with ``base64-encoded=false`` (seen in public code), else in JSON (inferred)."""
    if switch(query, "base64-encoded") is False:
        return Answer(200, raw, media_type)
    return json_answer({"content": base64.b64encode(raw).decode()})
