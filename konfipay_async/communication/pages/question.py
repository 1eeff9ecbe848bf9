"""What a visitor asks for: the query of an address, as it was typed, and the filter it stands for."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode

from konfipay_async.communication.search import Filter
from konfipay_async.errors import ConfigurationError

__all__ = ["Question", "moment"]

_MOST_FIELDS: Final = 50


@dataclass(frozen=True, kw_only=True)
class Question:
    """The fields of the form, each as it was typed, empty where it was not; `at` leads to another page, `hours` back
    from now."""

    since: str = ""
    until: str = ""
    status: str = ""
    method: str = ""
    url: str = ""
    key: str = ""
    call: str = ""
    errors: str = ""
    at: str = ""
    hours: str = ""

    @classmethod
    def read(cls, query: str) -> Self:
        """The fields of a query. Others do not matter, and of several with one name the last does.

        ConfigurationError for a query with far too many.
        """
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS, separator="&")
        except ValueError:
            raise ConfigurationError(f"the address asks for too much: give {_MOST_FIELDS} fields at most") from None
        names = {name: field for field, name in _NAMES.items()}
        return cls(**{names[name]: value.strip() for name, value in pairs if name in names})

    def query(self, **changes: str) -> str:
        """The query that asks for this, with some fields changed: empty, or with its question mark."""
        asked = replace(self, **changes)
        pairs = [(name, getattr(asked, field)) for field, name in _NAMES.items()]
        text = urlencode([(name, value) for name, value in pairs if value])
        return f"?{text}" if text else ""

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for some entries only."""
        return replace(self, at="") != Question()

    def filter(self) -> Filter:
        """The filter. ConfigurationError says what cannot be."""
        if "\0" in f"{self.url}{self.key}{self.call}":
            raise ConfigurationError("a text to look for has a character that nothing has: leave it out")
        return Filter(
            since=moment(self.since, "From") if self.since else None,
            until=moment(self.until, "To", ends=True) if self.until else None,
            statuses=tuple(one.strip().lower() for one in self.status.split(",")) if self.status else (),
            only_errors=bool(self.errors),
            method=self.method.upper() or None,
            url=self.url or None,
            key_name=self.key or None,
            call=self.call or None,
        )


# Of the address, which says from and to.
_NAMES: Final = {name: {"since": "from", "until": "to"}.get(name, name) for name in Question.__dataclass_fields__}


def moment(text: str, label: str, *, ends: bool = False) -> datetime:
    """A moment in UTC. A day stands for its begin, or for its end.

    ConfigurationError, with the label of the field, for what is no date.
    """
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text) + timedelta(days=1 if ends else 0)
            return datetime.combine(day, time(), UTC)
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"{label}: {text[:30]!r} is no date: give one like 2026-01-31 or 2026-01-31T09:30, in UTC"
        ) from None
