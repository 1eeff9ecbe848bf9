"""Where the log is kept, and how it is read: an SQLite file (``sqlite:///api.db``), or PostgreSQL by its URL (the extra
``postgres``).

Reading blocks: an event loop has it done in a thread. A store may be read by any thread, one at a time; writers are
not disturbed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from konfipay_async.communication.entry import Entry
from konfipay_async.communication.search import Figures, Filter, Loss, Minute, Page

__all__ = ["Store", "open_store"]


def open_store(url: str) -> "Store":
    """The log at a URL, to be read. It must be there.

    ConfigurationError for a URL that is none, MissingExtraError without the library, StorageError for what is no log of
    ours or cannot be read.
    """
    raise NotImplementedError


class Store:
    """A log that is open. Raises StorageError where it cannot be read."""

    def search(self, wanted: Filter = Filter(), *, limit: int = 50, at: str | None = None) -> Page:  # noqa: B008
        """The newest entries of those wanted, or those that `at` leads to: `older` or `newer` of another page."""
        raise NotImplementedError

    def get(self, number: int) -> Entry | None:
        """The entry with this id, with headers and contents where they were kept."""
        raise NotImplementedError

    def after(self, number: int, wanted: Filter = Filter(), *, limit: int = 1000) -> Sequence[Entry]:  # noqa: B008
        """The first entries that were written after the one with this id, in the order of writing, as `search`."""
        raise NotImplementedError

    def last(self) -> int:
        """The id of the entry that was written last; 0 where there is none."""
        raise NotImplementedError

    def statuses(self) -> Sequence[int | None]:
        """The statuses there are, None for no answer, for a list to choose from."""
        raise NotImplementedError

    def requests_per_minute(self, since: datetime, until: datetime, *, key_name: str | None = None) -> list[Minute]:
        """Every minute of the time from `since` to `until`, those without requests too."""
        raise NotImplementedError

    def figures(self, wanted: Filter = Filter()) -> Figures:  # noqa: B008
        """What happened, by status and by endpoint."""
        raise NotImplementedError

    def losses(self) -> Sequence[Loss]:
        """What could not be kept, oldest first."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
