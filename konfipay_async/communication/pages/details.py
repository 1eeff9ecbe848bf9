"""One entry: all that was kept of the request and of its answer, and the other attempts of its call."""

from collections.abc import Mapping
from typing import Final

import msgspec

from konfipay_async.communication.curl import curl
from konfipay_async.communication.entry import Content, Entry
from konfipay_async.communication.pages.layout import Answer, address, page, seconds, status_text, time_of, tone
from konfipay_async.communication.pages.markup import Child, Html, tag
from konfipay_async.communication.pages.overview import attempts
from konfipay_async.communication.pages.question import Question
from konfipay_async.communication.search import Filter
from konfipay_async.communication.store import Store

__all__ = ["details"]

_MOST_ATTEMPTS: Final = 50


def details(store: Store, entry: Entry, asked: Question) -> Answer:
    """The page; `asked` is what the visitor came from, and may go back to."""
    return page(
        f"Entry {entry.id}",
        tag("p", tag("a", "Back to the log", href=f"../{asked.query()}"), class_="back"),
        _facts(entry),
        _call(store, entry),
        _side("Request", entry, entry.request_headers, entry.request_content),
        _side("Response", entry, entry.response_headers, entry.response_content),
        tag(
            "section",
            tag("h2", "As a command", id="command"),
            tag("p", "What was masked has to be put back by hand; the token comes from $TOKEN.", class_="hint"),
            _block(curl(entry), "curl command"),
            aria_labelledby="command",
        ),
        root="../",
        current="",
    )


def _facts(entry: Entry) -> Html:
    facts: list[tuple[str, Child]] = [
        ("Timestamp", time_of(entry.timestamp, exact=True)),
        ("Method", tag("span", entry.method, class_="method")),
        ("URL", address(entry.url)),
        ("Response status", tag("span", status_text(entry), class_=f"status {tone(entry)}")),
        ("Error", entry.error),
        ("Duration", seconds(entry.duration)),
        (
            "Waited for the budget",
            f"{seconds(entry.waited)} ({entry.budget})" if entry.waited >= 0.0005 else f"not at all ({entry.budget})",
        ),
        ("Attempt", entry.attempt),
        (
            "Key",
            tag("a", entry.key_name, href=f"../{Question(key=entry.key_name).query()}") if entry.key_name else None,
        ),
    ]
    return tag(
        "dl",
        [[tag("dt", name), tag("dd", value)] for name, value in facts if value],
        class_="facts",
    )


def _call(store: Store, entry: Entry) -> Html | None:
    """The login and the repetitions that belong to the same call, in their order."""
    if not entry.call:
        return None
    found = store.search(Filter(call=entry.call), limit=_MOST_ATTEMPTS)
    if len(found.entries) < 2:
        return None
    return tag(
        "section",
        tag("h2", "All attempts of this call", id="call"),
        attempts(found.entries[::-1], Question(call=entry.call), details=True, root="../", here=entry.id),
        tag("p", tag("a", "More of them", href=f"../{Question(call=entry.call).query()}")) if found.older else None,
        aria_labelledby="call",
    )


def _side(name: str, entry: Entry, headers: Mapping[str, str] | None, content: Content | None) -> Html:
    short = name.lower()
    return tag(
        "section",
        tag("h2", name, id=short),
        tag("h3", f"{name} header"),
        _headers(entry, headers, short),
        tag("h3", f"{name} content"),
        _content(entry, content, name),
        aria_labelledby=short,
    )


def _headers(entry: Entry, headers: Mapping[str, str] | None, short: str) -> Html:
    if headers is None:
        return tag("p", _absent(entry, short), class_="hint")
    if not headers:
        return tag("p", "There were none.", class_="hint")
    return tag(
        "table",
        tag("caption", f"Headers of the {short}", class_="unseen"),
        tag("thead", tag("tr", tag("th", "Name", scope="col"), tag("th", "Value", scope="col"))),
        tag(
            "tbody",
            [tag("tr", tag("th", key, scope="row"), tag("td", value)) for key, value in headers.items()],
        ),
        class_="headers",
    )


def _content(entry: Entry, content: Content | None, name: str) -> Child:
    if content is None:
        text = _absent(entry, name.lower()) if _is_overview_only(entry) else "There was none."
        return tag("p", text, class_="hint")
    size = "of unknown size" if content.size is None else f"{content.size:,} bytes"
    what = [content.type, size]
    if content.left_out:
        what.append(f"{content.left_out:,} rows left out")
    about = tag("p", " · ".join(one for one in what if one), class_="hint")
    if content.text is not None:
        return [about, _block(_pretty(content.text), f"{name} content")]
    if content.sha256 is not None:
        return [about, tag("p", "It was not kept. Its SHA-256 is ", tag("code", content.sha256), class_="hint")]
    return [about, tag("p", "It went to a file of the caller, and was not kept.", class_="hint")]


def _absent(entry: Entry, short: str) -> str:
    if _is_overview_only(entry):
        return "Only the overview was recorded. To have headers and contents too, record with level=details."
    return "No answer came." if entry.status is None and short == "response" else "It was not kept."


def _is_overview_only(entry: Entry) -> bool:
    return entry.request_headers is None and entry.response_headers is None


def _block(text: str, label: str) -> Html:
    """A text as it is. Who has no mouse can reach it, to move it to and fro."""
    return tag("pre", tag("code", text), tabindex=0, role="region", aria_label=label)


def _pretty(text: str) -> str:
    """JSON with indentation, each number with all its digits; anything else as it is."""
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, RecursionError):
        return text
