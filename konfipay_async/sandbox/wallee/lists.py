"""Lists by cursor and searches by offset: which objects are on the page that is asked for."""

from typing import Any, Final

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call
from konfipay_async.sandbox.wallee.links import lookup, render
from konfipay_async.sandbox.wallee.search_language import QueryError, parse_order, parse_query, sort_key
from konfipay_async.sandbox.wallee.wire import JSON, RefusedError, encode

__all__ = ["LARGEST_OFFSET", "LARGEST_PAGE", "list_page", "matching", "search_page", "unpaged"]

LARGEST_PAGE: Final = 100
LARGEST_OFFSET: Final = 10_000
"""Above it a search is 416 (the status is documented, the number is the official SDK's)."""
_USUAL: Final = 10
_MOST_PAGES: Final = 200


def list_page(call: Call) -> Answer:
    """``after`` and ``before`` name objects and need not exist; `hasMore` looks the way that was asked for (made up).

    With `before` alone the page ends right before that object, as the description says.
    """
    limit = call.query.whole("limit", _USUAL, 1, LARGEST_PAGE) or _USUAL
    after, before = call.query.whole("after", None, 1), call.query.whole("before", None, 1)
    order = call.query.text("order") or "ASC"
    if order not in ("ASC", "DESC"):
        raise RefusedError(400, "order is not possible", {"order": "ASC and DESC are expected"})
    collection = call.collection
    older, newer = (after, before) if order == "ASC" else (before, after)
    start = 0 if older is None else collection.place(older + 1)
    stop = len(collection) if newer is None else collection.place(newer)
    from_the_end = (before is not None and after is None) != (order == "DESC")
    if from_the_end:
        ids = collection.window(max(start, stop - limit), stop)
    else:
        ids = collection.window(start, min(stop, start + limit))
    if order == "DESC":
        ids.reverse()
    return _page(call, ids, {"hasMore": stop - start > limit, "limit": limit})


def search_page(call: Call) -> Answer:
    """A page of what matches, see `matching`."""
    limit = call.query.whole("limit", _USUAL, 1, LARGEST_PAGE) or _USUAL
    offset = call.query.whole("offset", 0, 0) or 0
    if offset > LARGEST_OFFSET:
        raise RefusedError(416, "The offset is too large", {"offset": f"at most {LARGEST_OFFSET}"})
    found = matching(call)
    more = len(found) > offset + limit
    return _page(call, found[offset : offset + limit], {"offset": offset, "hasMore": more, "limit": limit})


def matching(call: Call) -> list[int]:
    """The ids of all that match the parameter `query`, in the order of the parameter `order`.

    Remembered until anything changes, so that the next page costs nothing.
    """
    query, order = call.query.text("query") or "", call.query.text("order") or ""
    collection, base = call.collection, call.operation.target
    found = call.world.found.get((collection, query, order))
    if found is not None:
        return found
    try:
        matches, fields = parse_query(query), parse_order(order)
    except QueryError as error:
        raise RefusedError(400, "The search cannot be read", {"query": str(error)}) from None
    follow = call.world.follow(call.space)
    if not query.strip() and fields in ([], [("id", False)]):
        found = collection.ids()
    else:
        things = [thing for thing in collection if matches(lambda name: lookup(thing, base, name, follow))]  # noqa: B023
        for name, down in reversed(fields):
            things.sort(key=lambda thing: sort_key(lookup(thing, base, name, follow)), reverse=down)
        found = [thing["id"] for thing in things]
    call.world.found[collection, query, order] = found
    return found


def unpaged(call: Call) -> Answer:
    """All objects at once, in the shape of a list."""
    return _page(call, call.collection.ids(), {"hasMore": False, "limit": LARGEST_PAGE})


def _page(call: Call, ids: list[int], around: dict[str, Any]) -> Answer:
    expand, collection, pages = call.expand, call.collection, call.world.pages
    key = (collection, tuple(ids), str(expand))
    if key not in pages:
        if len(pages) >= _MOST_PAGES:
            pages.clear()
        follow = call.world.follow(call.space)
        pages[key] = encode([render(collection.view(id_), call.operation.target, expand, follow) for id_ in ids])
    return Answer(200, b'{"data":%b,%b' % (pages[key], encode(around)[1:]), JSON, rows=len(ids))
