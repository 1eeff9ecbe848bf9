"""Which log is read, and which of its entries: the options that the commands of `konfipay log` share."""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from konfipay_async.cli.watching import seconds_of
from konfipay_async.communication import Filter, Store, open_store
from konfipay_async.errors import ConfigurationError

__all__ = ["PLACE", "SELECTION", "Place", "Selection", "moment"]

_Flag = Parameter(negative=(), show_default=False)


@Parameter(name="*", group="Log")
@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the log is."""

    store: str | None = None
    """The log, as a URL like sqlite:///api.db. Default: KONFIPAY_COMMUNICATION_LOG."""

    def url(self) -> str:
        """The URL that was given. ConfigurationError where there is none."""
        url = self.store or os.environ.get("KONFIPAY_COMMUNICATION_LOG")
        if not url:
            raise ConfigurationError(
                "which log? Name it with --store sqlite:///api.db, or set KONFIPAY_COMMUNICATION_LOG, with which it is "
                "recorded too"
            )
        return url

    def opened(self) -> Store:
        """The log, to be closed with `with`. ConfigurationError, MissingExtraError, StorageError."""
        return open_store(self.url())


@Parameter(name="*", group="Selection")
@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which entries."""

    since: Annotated[str | None, Parameter(name="--from")] = None
    """From this moment on: a day (2026-01-31), a time (2026-01-31T10:30, local unless it has an offset), or how long
    ago (15m, 2h, 1d)."""
    until: Annotated[str | None, Parameter(name="--to")] = None
    """Until this moment; of a day all of it."""
    status: str | None = None
    """Only these: numbers and classes with commas between them, like 4xx,500, and none for what got no answer."""
    only_errors: Annotated[bool, _Flag] = False
    """Only what failed: 400 and above, what got no answer, and what could not be read."""
    url: str | None = None
    """Only what has this text in its URL, whatever its case."""
    method: str | None = None
    """Only this method, like POST."""
    key: str | None = None
    """Only what was sent with the key of this name."""
    call: str | None = None
    """Only what belongs to this call: its retries, and its login."""

    def filter(self) -> Filter:
        """As the log understands it. ConfigurationError for what cannot be."""
        return Filter(
            since=None if self.since is None else moment(self.since, "--from"),
            until=None if self.until is None else moment(self.until, "--to", ends=True),
            statuses=tuple(one.strip().lower() for one in self.status.split(",")) if self.status else (),
            only_errors=self.only_errors,
            url=self.url,
            method=None if self.method is None else self.method.upper(),
            key_name=self.key,
            call=self.call,
        )


PLACE = Place()
SELECTION = Selection()


def moment(text: str, option: str, *, ends: bool = False) -> datetime:
    """The moment a text tells; of a day its begin, or, where something `ends` there, its end. ConfigurationError."""
    text = text.strip()
    if re.fullmatch(r"[0-9.]+ ?(s|m|min|h|d)", text):
        return datetime.now(UTC) - timedelta(seconds=seconds_of(text, option))
    try:
        found = datetime.fromisoformat(text)
        if ends and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            found += timedelta(days=1)
        return (found if found.tzinfo is not None else found.astimezone()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ConfigurationError(
            f"{option} {text[:40]!r} is no moment: give a day (2026-01-31), a time (2026-01-31T10:30) or how long ago "
            f"(15m, 2h, 1d)"
        ) from None
