"""Requests per minute against what the API allows: as pictures, and the same in numbers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from konfipay_async.communication.pages.layout import Answer, page
from konfipay_async.communication.pages.markup import Html, tag
from konfipay_async.communication.pages.question import Question, moment
from konfipay_async.communication.search import Minute
from konfipay_async.communication.store import Store
from konfipay_async.errors import ConfigurationError
from konfipay_async.session.budget import Limits

__all__ = ["MINUTES", "minutes", "refused_minutes"]

MINUTES: Final = "Requests per minute"

_CHOICES: Final = {"1": "1 hour", "6": "6 hours", "24": "1 day", "168": "7 days"}
_LONGEST: Final = timedelta(days=7)
_MINUTE: Final = timedelta(minutes=1)
# Bars of a picture; where there are more minutes, each is the busiest of several.
_BARS: Final = 120
_WIDTH: Final = 720
_HEIGHT: Final = 160
_STRIP: Final = 10
# One request in a thousand is seen too.
_LEAST: Final = 2.0


@dataclass(frozen=True)
class _Bar:
    """Some minutes that follow each other: the most requests in one of them, and all answers of 429, by budget."""

    at: datetime
    authenticated: int
    public: int
    authenticated_limited: int
    public_limited: int


def minutes(store: Store, asked: Question, *, now: float, limits: Limits) -> Answer:
    """The page, of the last hours or of the time between two moments. ConfigurationError for what cannot be."""
    since, until = _span(asked, datetime.fromtimestamp(now, UTC))
    found = store.requests_per_minute(since, until, key_name=asked.key or None)
    each = math.ceil(len(found) / _BARS)
    bars = _bars(found, each)
    return page(
        MINUTES,
        _ways(asked),
        tag(
            "p",
            f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC",
            f", key {asked.key} only" if asked.key else None,
            f". Each bar is the busiest of {each} minutes" if each > 1 else None,
            ". Retries and logins are counted as the API counts them.",
        ),
        _picture("Authenticated", lambda one: one.authenticated, found, bars, limits.authenticated, "for each key"),
        _picture("Public, as logins are", lambda one: one.public, found, bars, limits.public, "for each origin"),
        _refusals(bars),
        _numbers(bars, each),
        root="./",
        current=MINUTES,
    )


def refused_minutes(asked: Question, error: ConfigurationError) -> Answer:
    """The page for a time that cannot be."""
    notice = tag("p", tag("strong", "This time cannot be shown."), " ", str(error), class_="notice bad", role="alert")
    return page(MINUTES, notice, _ways(asked), root="./", status=400, current=MINUTES)


def _span(asked: Question, now: datetime) -> tuple[datetime, datetime]:
    """From a whole minute to a whole minute."""
    if asked.hours and asked.hours not in _CHOICES:
        raise ConfigurationError(f"hours: {asked.hours[:20]!r} is none of {', '.join(_CHOICES)}")
    try:
        until = moment(asked.until, "To", ends=True) if asked.until else _floor(now) + _MINUTE
        hours = timedelta(hours=int(asked.hours or "1"))
        since = _floor(moment(asked.since, "From") if asked.since else until - hours)
    except OverflowError:
        raise ConfigurationError("To: there is no time before it: give a later one") from None
    if until - since > _LONGEST:
        raise ConfigurationError(
            f"no more than {_LONGEST.days} days can be: give moments that are nearer to each other"
        )
    return since, until


def _floor(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _bars(found: Sequence[Minute], each: int) -> list[_Bar]:
    groups = [found[first : first + each] for first in range(0, len(found), each)]
    return [
        _Bar(
            group[0].at,
            max(minute.authenticated for minute in group),
            max(minute.public for minute in group),
            sum(minute.authenticated_limited for minute in group),
            sum(minute.public_limited for minute in group),
        )
        for group in groups
    ]


def _picture(
    name: str,
    count_of: Callable[[Minute | _Bar], int],
    found: Sequence[Minute],
    bars: Sequence[_Bar],
    limit: int,
    whose: str,
) -> Html:
    busiest = max(found, key=count_of)
    most = count_of(busiest)
    words = (
        f"At most {most:,}, {most / limit:.0%} of it, at {busiest.at:%Y-%m-%d %H:%M}." if most else "There were none."
    )
    # The limit is always in the picture, and so is what went beyond it (with several keys).
    scale = _HEIGHT / (max(limit, most) * 1.06)
    level = f"{_HEIGHT - limit * scale:.1f}"
    shapes = [
        _rectangle(number, len(bars), max(count * scale, _LEAST), _HEIGHT, f"{bar.at:%Y-%m-%d %H:%M}: {count:,}")
        for number, bar in enumerate(bars)
        if (count := count_of(bar))
    ]
    line = tag("line", x1=0, y1=level, x2=_WIDTH, y2=level, class_="limit")
    return tag(
        "figure",
        tag("figcaption", tag("strong", name), f" Limit {limit:,} a minute {whose}. ", words),
        _svg(f"{name}: requests per minute, limit {limit:,}. {words}", _HEIGHT, shapes, line),
        _times(bars),
        class_="chart",
    )


def _refusals(bars: Sequence[_Bar]) -> Html:
    total = _refused(sum(bar.authenticated_limited for bar in bars), sum(bar.public_limited for bar in bars))
    if not total:
        return tag("p", "No answer was 429 (too many requests).")
    shapes = [
        _rectangle(number, len(bars), _STRIP, _STRIP, f"{bar.at:%Y-%m-%d %H:%M}: {words}")
        for number, bar in enumerate(bars)
        if (words := _refused(bar.authenticated_limited, bar.public_limited))
    ]
    words = f"Answers of 429 (too many requests): {total}."
    return tag(
        "figure",
        tag("figcaption", tag("strong", "Refused"), " ", words),
        _svg(f"When they were: {words}", _STRIP, shapes),
        _times(bars),
        class_="chart refused",
    )


def _refused(authenticated: int, public: int) -> str:
    counts = ((authenticated, "authenticated"), (public, "public"))
    return " and ".join(f"{count:,} {name}" for count, name in counts if count)


def _svg(name: str, height: int, *shapes: Html | list[Html]) -> Html:
    return tag("svg", shapes, viewBox=f"0 0 {_WIDTH} {height}", preserveAspectRatio="none", role="img", aria_label=name)


def _rectangle(number: int, of: int, size: float, bottom: int, title: str) -> Html:
    width = _WIDTH / of
    return tag(
        "g",
        tag("title", title),
        tag(
            "rect",
            x=f"{number * width + width * 0.1:.2f}",
            y=f"{bottom - size:.1f}",
            width=f"{width * 0.8:.2f}",
            height=f"{size:.1f}",
        ),
    )


def _times(bars: Sequence[_Bar]) -> Html:
    """Below a picture; who cannot see it has them in numbers."""
    form = "%H:%M" if bars[-1].at - bars[0].at < timedelta(hours=20) else "%m-%d %H:%M"
    shown = [bars[0], bars[len(bars) // 2], bars[-1]] if len(bars) > 2 else [bars[0]]
    return tag("p", [tag("span", bar.at.strftime(form)) for bar in shown], class_="times", aria_hidden="true")


def _numbers(bars: Sequence[_Bar], each: int) -> Html:
    head = ["Minute (UTC)" if each == 1 else f"{each} minutes from (UTC)", "Authenticated", "Public"]
    rows = [
        tag(
            "tr",
            tag("th", f"{bar.at:%Y-%m-%d %H:%M}", scope="row"),
            [
                tag("td", f"{count:,}", f" (429: {limited:,})" if limited else None)
                for count, limited in (
                    (bar.authenticated, bar.authenticated_limited),
                    (bar.public, bar.public_limited),
                )
            ],
        )
        for bar in reversed(bars)
        if bar.authenticated or bar.public
    ]
    if not rows:
        return tag("p", "There were no requests.", class_="empty")
    return tag(
        "details",
        tag("summary", "The same in numbers"),
        tag(
            "table",
            tag("caption", "Minutes with requests, the last first", class_="unseen"),
            tag("thead", tag("tr", [tag("th", name, scope="col") for name in head])),
            tag("tbody", rows),
            class_="numbers",
        ),
    )


def _ways(asked: Question) -> Html:
    chosen = asked.hours or ("" if asked.since or asked.until else "1")
    return tag(
        "nav",
        [
            tag(
                "a",
                name,
                href=f"minutes{Question(hours=hours, key=asked.key).query()}",
                aria_current="true" if hours == chosen else None,
            )
            for hours, name in _CHOICES.items()
        ],
        aria_label="How far back",
        class_="paging",
    )
