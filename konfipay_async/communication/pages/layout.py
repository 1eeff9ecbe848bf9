"""What every page has around it: an answer with its headers, a frame, and how moments and times are said."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from konfipay_async.communication.entry import Entry
from konfipay_async.communication.pages.markup import Child, Html, document, tag

__all__ = ["GUARDS", "ICON", "STYLE", "Answer", "address", "asset", "page", "seconds", "status_text", "time_of", "tone"]


@dataclass(frozen=True)
class Answer:
    """An answer to a request: its status, its headers, and its body."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


STYLE: Final = "style.css"
ICON: Final = "icon.svg"

_HERE: Final = Path(__file__).parent
_ASSETS: Final = {
    STYLE: ("text/css; charset=utf-8", (_HERE / STYLE).read_bytes()),
    ICON: ("image/svg+xml", (_HERE / ICON).read_bytes()),
}
_STYLE_VERSION: Final = hashlib.sha256(_ASSETS[STYLE][1]).hexdigest()[:12]

# Nothing runs, nothing comes from elsewhere, nobody frames it, and nobody is told that it was read.
GUARDS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def asset(name: str) -> Answer | None:
    """A file that pages need, None for what is none. There is nothing in it that not everybody may see."""
    if name not in _ASSETS:
        return None
    media_type, body = _ASSETS[name]
    # The address of the style sheet changes with it.
    headers = {**GUARDS, "Content-Type": media_type, "Cache-Control": "private, max-age=86400"}
    return Answer(200, headers, body)


def page(title: str, *content: Child, root: str, status: int = 200, current: str | None = None) -> Answer:
    """A page; `root` leads to the overview from there. `current` is the name of the link in its head that leads here;
    without any there are no such links."""
    links = [] if current is None else [("Log", root), ("Requests per minute", f"{root}minutes")]
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · konfipay-async"),
        tag("link", rel="icon", href=f"{root}{ICON}", type="image/svg+xml"),
        tag("link", rel="stylesheet", href=f"{root}{STYLE}?{_STYLE_VERSION}"),
    ]
    body = [
        tag("a", "Skip to content", class_="skip", href="#content"),
        tag(
            "header",
            tag("p", "konfipay-async", class_="name"),
            tag("nav", [_link(*link, current) for link in links], aria_label="Sections") if links else None,
        ),
        tag("main", tag("h1", title), content, id="content", tabindex=-1),
        tag("footer", tag("p", "Recorded on the side of the client by konfipay-async, and masked. All times are UTC.")),
    ]
    headers = {**GUARDS, "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return Answer(status, headers, document(head, body).encode())


def _link(name: str, target: str, current: str | None) -> Html:
    return tag("a", name, href=target, aria_current="page" if name == current else None)


def address(url: str) -> Html:
    """An address, that breaks between its parts where there is too little room for it."""
    return tag("span", [[tag("wbr"), part] for part in re.split(r"(?<=[/?&])", url)], class_="path")


def time_of(moment: datetime, *, exact: bool = False) -> Html:
    """A moment, for people and for programs; where it is not named beside it, with its time zone (`exact`)."""
    text = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
    return tag("time", f"{text} UTC" if exact else text, datetime=moment.isoformat(timespec="milliseconds"))


def seconds(duration: float) -> str:
    """A duration, in the unit in which it is read best."""
    return f"{duration:.2f} s" if duration >= 0.9995 else f"{duration * 1000:.0f} ms"


def status_text(entry: Entry) -> str:
    """The status in numbers and words."""
    if entry.status is None:
        return "no answer"
    try:
        return f"{entry.status} {HTTPStatus(entry.status).phrase}"
    except ValueError:
        return str(entry.status)


def tone(entry: Entry) -> str:
    """How it went, as a class for the style sheet: good, odd (told to go elsewhere), bad (refused), or broken."""
    if entry.status is None or entry.status >= 500:
        return "broken"
    if entry.status >= 400 or entry.error is not None:
        return "bad"
    return "odd" if entry.status >= 300 else "good"
