"""What can be asked of the log, and what it answers: plain values."""

import re
from dataclasses import dataclass
from datetime import datetime

from konfipay_async.communication.entry import Entry
from konfipay_async.errors import ConfigurationError

__all__ = ["NO_ANSWER", "EndpointFigures", "Figures", "Filter", "Loss", "Minute", "Page"]

NO_ANSWER = "none"
"""The status of what got no answer, as a filter is given it."""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which entries are asked for; what is None or empty does not matter.

    `since` (included) and `until` (not included) have a time zone. `statuses` are numbers ("401"), classes ("4xx") or
    "none" for what got no answer; `only_errors` are those of 400 and above, what got none, and what
    could not be read. `url` is a text the URL
    has, whatever its case. ConfigurationError for what cannot be, as a date filter that is upside down.
    """

    since: datetime | None = None
    until: datetime | None = None
    statuses: tuple[str, ...] = ()
    only_errors: bool = False
    method: str | None = None
    url: str | None = None
    key_name: str | None = None
    call: str | None = None

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise ConfigurationError(f"{name}: give a time with its time zone")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ConfigurationError(
                f"the filter begins at {self.since:%Y-%m-%d %H:%M:%S%z} and ends at {self.until:%Y-%m-%d %H:%M:%S%z}, "
                f"which is no later: give the earlier moment first"
            )
        for status in self.statuses:
            if status != NO_ANSWER and not re.fullmatch(r"[1-5](?:xx|[0-9]{2})", status):
                raise ConfigurationError(
                    f"{status[:20]!r} is no status: give one like 401, a class like 4xx, or {NO_ANSWER} for what got "
                    f"no answer"
                )
        if self.method is not None and not re.fullmatch(r"[A-Z]{1,20}", self.method):
            raise ConfigurationError(f"{self.method[:20]!r} is no method: give one like GET")


@dataclass(frozen=True)
class Page:
    """Entries, newest first, without headers and contents.

    `older` and `newer` lead on: hand one to `Store.search` as its `at`. None where there are no more. `searched_to`
    (with UTC) is how far a search came that had looked at as many entries as it may: it goes on where the page leads.
    """

    entries: tuple[Entry, ...]
    older: str | None = None
    newer: str | None = None
    searched_to: datetime | None = None


@dataclass(frozen=True)
class Minute:
    """How many attempts began in the minute that begins at `at` (with UTC), by budget, and to how many of them 429 came
    back."""

    at: datetime
    public: int = 0
    authenticated: int = 0
    public_limited: int = 0
    authenticated_limited: int = 0


@dataclass(frozen=True)
class EndpointFigures:
    """How one endpoint fared: attempts, those that failed (as `only_errors` has it), seconds of half of those that
    were answered, and of nineteen in twenty (None where none was), to the millisecond."""

    endpoint: str
    attempts: int
    failed: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True)
class Figures:
    """What happened: how many attempts, by status (None: no answer), and by endpoint, the busiest first."""

    attempts: int
    statuses: dict[int | None, int]
    endpoints: tuple[EndpointFigures, ...]


@dataclass(frozen=True)
class Loss:
    """How many entries could not be kept until `at` (with UTC) since the loss before, and why."""

    at: datetime
    entries: int
    reason: str
