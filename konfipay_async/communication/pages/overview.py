"""The overview: a filter, and the entries it leaves, newest first."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from konfipay_async.communication.entry import Entry
from konfipay_async.communication.pages.layout import Answer, address, page, seconds, status_text, time_of, tone
from konfipay_async.communication.pages.markup import Child, Html, tag
from konfipay_async.communication.pages.question import Question, moment
from konfipay_async.communication.search import NO_ANSWER, Loss, Page
from konfipay_async.communication.store import Store
from konfipay_async.errors import ConfigurationError

__all__ = ["TITLE", "attempts", "overview", "refusal"]

TITLE: Final = "API communication"
_ROWS: Final = 50
_LOSSES: Final = 20
# Entries that are looked at for one page, where no index leads to what is wanted: about a twentieth of a second.
_LOOKS_AT: Final = 50_000

_CLASSES: Final = {
    "2xx": "2xx done",
    "3xx": "3xx elsewhere",
    "4xx": "4xx refused",
    "5xx": "5xx failed there",
    NO_ANSWER: "no answer",
}
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def overview(store: Store, asked: Question, *, details: bool) -> Answer:
    """The page; with `details` each entry leads to its own. ConfigurationError for what cannot be asked."""
    found = store.search(asked.filter(), limit=_ROWS, at=asked.at or None, looks_at=_LOOKS_AT)
    return page(
        TITLE,
        _losses(store.losses()),
        _form(asked, store.statuses()),
        _narrowed(asked),
        _table(found, asked, details=details),
        _searched(found, asked),
        _paging(found, asked),
        root="./",
        current="Log",
    )


def refusal(store: Store, asked: Question, error: ConfigurationError) -> Answer:
    """The page where the filter cannot be: what is wrong with it, and the form as it was filled in."""
    return page(
        TITLE,
        tag("p", tag("strong", "This filter cannot be."), " ", str(error), class_="notice bad", role="alert"),
        _form(asked, store.statuses()),
        root="./",
        status=400,
        current="Log",
    )


def attempts(entries: Sequence[Entry], asked: Question, *, details: bool, root: str, here: int | None = None) -> Html:
    """Entries as a table; `here` is the one whose page it is. Roles are said where the style sheet makes rows of a
    narrow screen into blocks, for browsers forget then that it is a table."""
    together = Counter(entry.call for entry in entries if entry.call)
    origins = {_split(entry.url)[0] for entry in entries}
    # What all have in common is said once.
    origin = origins.pop() if len(origins) == 1 else ""
    url = ["URL", tag("span", " at ", origin, class_="origin") if origin else None]
    head: list[Child] = ["Time (UTC)", "Method", url, "Status", "Duration", *(["Details"] if details else [])]
    return tag(
        "table",
        tag("caption", "Requests", class_="unseen"),
        tag(
            "thead",
            tag("tr", [tag("th", name, scope="col", role="columnheader") for name in head], role="row"),
            role="rowgroup",
        ),
        tag(
            "tbody",
            [
                _row(entry, asked, together, origin, details=details, root=root, here=entry.id == here)
                for entry in entries
            ],
            role="rowgroup",
        ),
        class_="entries",
        role="table",
    )


def _row(
    entry: Entry, asked: Question, together: Counter[str], known: str, *, details: bool, root: str, here: bool
) -> Html:
    origin, path = _split(entry.url)
    linked = entry.call and not asked.call and (entry.attempt > 1 or together[entry.call] > 1)
    marks = [
        "login" if entry.endpoint == "POST authentication/token" else None,
        f"attempt {entry.attempt}" if entry.attempt > 1 else None,
    ]
    return tag(
        "tr",
        tag("td", time_of(entry.timestamp), role="cell", class_="time"),
        tag("td", tag("span", entry.method, class_="method"), role="cell", class_="how"),
        tag(
            "td",
            tag("span", origin, class_="origin") if origin and origin != known else None,
            address(path),
            [[" ", tag("span", mark, class_="mark")] for mark in marks if mark],
            [" ", tag("a", "same call", href=f"{root}{Question(call=entry.call).query()}", class_="mark")]
            if linked
            else None,
            role="cell",
            class_="url",
        ),
        tag(
            "td",
            tag("span", status_text(entry), class_=f"status {tone(entry)}"),
            [" ", tag("span", entry.error, class_="error")] if entry.error else None,
            role="cell",
            class_="outcome",
        ),
        tag(
            "td",
            seconds(entry.duration),
            [" ", tag("span", f"after {seconds(entry.waited)} waiting", class_="waited")]
            if entry.waited >= 0.0005
            else None,
            role="cell",
            class_="duration",
        ),
        tag("td", _magnifier(entry, asked, root, here=here), role="cell", class_="details") if details else None,
        role="row",
        class_="here" if here else None,
    )


def _magnifier(entry: Entry, asked: Question, root: str, *, here: bool) -> Html:
    name = f"Details of {entry.method} {_split(entry.url)[1]}, {status_text(entry)}, entry {entry.id}"
    shape = tag(
        "svg",
        tag("circle", cx="6.5", cy="6.5", r="4.5"),
        tag("path", d="M10 10l4 4"),
        viewBox="0 0 16 16",
        aria_hidden="true",
        focusable="false",
    )
    return tag(
        "a",
        shape,
        tag("span", name, class_="unseen"),
        href=f"{root}entries/{entry.id}{asked.query()}",
        title="Details",
        aria_current="true" if here else None,
    )


def _table(found: Page, asked: Question, *, details: bool) -> Html | None:
    if found.entries:
        return attempts(found.entries, asked, details=details, root="./")
    if found.searched_to:
        return None  # it is said how far
    if asked.at:
        return tag(
            "p", "There is nothing more. ", tag("a", "To the newest", href=f"./{asked.query(at='')}"), class_="empty"
        )
    if asked.is_narrowed:
        return tag("p", "No request fits this filter. ", tag("a", "Show all", href="./"), class_="empty")
    return tag("p", "Nothing was recorded yet.", class_="empty")


def _searched(found: Page, asked: Question) -> Html | None:
    """How far a search came that looked at as many entries as one page may."""
    if found.searched_to is None:
        return None
    way, place = ("up to", found.newer) if asked.at.startswith(">") else ("down to", found.older)
    begin, end = ("Only requests", "were looked at") if found.entries else ("No request", "fits this filter")
    return tag(
        "p",
        f"{begin} {way} ",
        time_of(found.searched_to, exact=True),
        f" {end}. ",
        tag("a", "Look further", href=f"./{asked.query(at=place or '')}"),
        class_="notice",
    )


def _paging(found: Page, asked: Question) -> Html | None:
    if not (found.newer or found.older or asked.at):
        return None
    ways = [
        ("Newest", "" if asked.at else None, None),
        ("Newer", found.newer, "prev"),
        ("Older", found.older, "next"),
    ]
    return tag(
        "nav",
        [
            tag("a", name, href=f"./{asked.query(at=place)}", rel=rel)
            if place is not None
            else tag("span", name, aria_disabled="true")
            for name, place, rel in ways
        ],
        aria_label="Pages",
        class_="paging",
    )


def _form(asked: Question, there: Sequence[int | None]) -> Html:
    statuses = {"": "any", **_CLASSES, **{str(one): str(one) for one in there if one is not None}}
    methods = {"": "any", **{one: one for one in _METHODS}}
    return tag(
        "form",
        _field("From (UTC)", _moment_input("from", asked.since, "From", ends=False), class_="day"),
        _field("To (UTC)", _moment_input("to", asked.until, "To", ends=True), class_="day"),
        _field("Status", _choice("status", asked.status.lower(), statuses)),
        _field("Method", _choice("method", asked.method.upper(), methods)),
        _field(
            "URL contains", tag("input", type="search", name="url", value=asked.url, autocomplete="off"), class_="wide"
        ),
        tag(
            "label",
            tag("input", type="checkbox", name="errors", value="1", checked=bool(asked.errors)),
            " Errors only",
            class_="check",
        ),
        [
            tag("input", type="hidden", name=name, value=value)
            for name, value in (("key", asked.key), ("call", asked.call))
            if value
        ],
        tag(
            "p",
            tag("button", "Filter", type="submit"),
            tag("a", "Show all", href="./") if asked.is_narrowed else None,
        ),
        method="get",
        action="./",
        role="search",
        aria_label="Filter",
    )


def _field(label: str, control: Html, *, class_: str | None = None) -> Html:
    return tag("label", tag("span", label), control, class_=class_)


def _moment_input(name: str, text: str, label: str, *, ends: bool) -> Html:
    """What cannot be read is shown as it was typed: a field for dates would hide it."""
    try:
        value = f"{moment(text, label, ends=ends):%Y-%m-%dT%H:%M:%S}" if text else ""
    except ConfigurationError:
        return tag("input", type="text", name=name, value=text, aria_invalid="true")
    return tag("input", type="datetime-local", name=name, value=value, step=1)


def _choice(name: str, value: str, choices: dict[str, str]) -> Html:
    # What was typed into the address is no less chosen.
    choices = choices if value in choices else {**choices, value: value}
    return tag(
        "select", [tag("option", text, value=key, selected=key == value) for key, text in choices.items()], name=name
    )


def _narrowed(asked: Question) -> Html | None:
    """What the form does not show of the filter, and the way out of it."""
    shown = [
        ("call", "The attempts of one call", asked.query(call="", at="")),
        ("key", f"The key {asked.key}", asked.query(key="", at="")),
    ]
    notes = [
        tag("p", text, " only. ", tag("a", "Show others too", href=f"./{query}"), class_="notice")
        for name, text, query in shown
        if getattr(asked, name)
    ]
    return tag("div", notes) if notes else None


def _losses(losses: Sequence[Loss]) -> Html | None:
    if not losses:
        return None
    count = sum(loss.entries for loss in losses)
    latest = list(losses)[: -_LOSSES - 1 : -1]
    return tag(
        "details",
        tag("summary", f"{count} {'entry' if count == 1 else 'entries'} could not be kept: this log is not whole"),
        tag("ul", [tag("li", time_of(loss.at, exact=True), f": {loss.entries}, {loss.reason}") for loss in latest]),
        tag("p", f"And {len(losses) - len(latest)} times before.") if len(losses) > len(latest) else None,
        class_="notice bad",
    )


def _split(url: str) -> tuple[str, str]:
    """The origin of an address, and the rest of it."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return (f"{scheme}{separator}{host}", f"{slash}{path}") if separator and slash else ("", url)
