"""From an address to a page. Pure, but for what is read from the log: it blocks, so an event loop has it done in a
thread."""

import re

from konfipay_async.communication.pages.details import details
from konfipay_async.communication.pages.layout import Answer, page
from konfipay_async.communication.pages.markup import tag
from konfipay_async.communication.pages.minutes import minutes, refused_minutes
from konfipay_async.communication.pages.overview import overview, refusal
from konfipay_async.communication.pages.question import Question
from konfipay_async.communication.pages.rights import Rights
from konfipay_async.communication.store import Store
from konfipay_async.errors import ConfigurationError
from konfipay_async.session.budget import Limits

__all__ = ["forbidden", "respond", "unavailable"]


def respond(store: Store, path: str, query: str, rights: Rights, *, now: float, limits: Limits) -> Answer:
    """The page at a path below where the pages are mounted ("/", "/minutes", "/entries/17"), as much of it as the
    visitor may see; `now` is the time since the epoch. StorageError where the log cannot be read."""
    if not rights.overview:
        return forbidden("the log of API communication", path)
    try:
        asked = Question.read(query)
    except ConfigurationError as error:
        return refusal(store, Question(), error) if path == "/" else _missing(path)
    match path:
        case "/":
            try:
                return overview(store, asked, details=rights.details)
            except ConfigurationError as error:
                return refusal(store, asked, error)
        case "/minutes":
            try:
                return minutes(store, asked, now=now, limits=limits)
            except ConfigurationError as error:
                return refused_minutes(asked, error)
    found = re.fullmatch(r"/entries/([0-9]{1,18})", path, re.ASCII)
    if found is None:
        return _missing(path)
    if not rights.details:
        return forbidden("the details of API communication", path)
    entry = store.get(int(found[1]))
    return _missing(path) if entry is None else details(store, entry, asked)


def forbidden(what: str, path: str) -> Answer:
    """The page for who may not see something."""
    return page(
        "Not for you to see",
        tag("p", f"You may not see {what}."),
        tag(
            "p",
            "Who may is for the application to say in which these pages are. Where it says nothing, they are shown to "
            "its own machine only, under the name localhost or the address 127.0.0.1.",
        ),
        root=_root(path),
        status=403,
    )


def unavailable(reason: str, path: str) -> Answer:
    """The page for a log that cannot be read."""
    return page("The log cannot be read", tag("p", reason, role="alert"), root=_root(path), status=503)


def _missing(path: str) -> Answer:
    root = _root(path)
    return page(
        "Not found",
        tag("p", "There is no such page or entry. Entries go when they are old, or when the log is full."),
        tag("p", tag("a", "To the log", href=root)),
        root=root,
        status=404,
        current="",
    )


def _root(path: str) -> str:
    """The way from a path back to where the pages are mounted."""
    return "../" * (path.count("/") - 1) or "./"
