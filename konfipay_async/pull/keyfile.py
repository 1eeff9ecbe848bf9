"""Many keys in one file: which to pull with, and for each what and where to. Pure but for reading the file.

::

    [defaults]
    to = "postgresql://localhost/bank"
    acknowledge = true

    [keys.north]
    api_key_env = "KONFIPAY_NORTH"

    [keys.south]
    api_key_file = "/run/secrets/south"
    since = 2026-01-01
    acknowledge = false

A key itself has no place in the file, only where it is. Whatever is not understood is refused with line and column.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

from konfipay_async.client import check_settings
from konfipay_async.errors import ConfigurationError
from konfipay_async.pull.plan import Plan
from konfipay_async.pull.schedules import cron_of
from konfipay_async.pull.sinks.noting import What

__all__ = ["Entry", "read_keys"]

_DATABASE = "sqlite:///transactions.db"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One table `[keys.name]`: a key, by where it is to be found, and what to pull with it.

    `to` is the address of the database and `source` the key's name in it. `requests_per_minute` is for customers whose
    limit was raised. `schedule` says how often workers pull with it, see `schedules.cron_of`; `base_url`, `routes`,
    `filter_names`, `paging_names` and `timeouts` (seconds) are those of `KonfipayClient`.
    """

    name: str
    plan: Plan
    api_key_env: str | None = None
    api_key_file: Path | None = None
    base_url: str | None = None
    to: str = field(default=_DATABASE, repr=False)  # it may hold a password
    source: str = ""
    pending_table: bool = False
    concurrency: int = 8
    requests_per_minute: int | None = None
    routes: Mapping[str, str] = field(default_factory=dict)
    filter_names: Mapping[str, str] = field(default_factory=dict)
    paging_names: tuple[str, str] | None = None
    timeouts: Mapping[str, float] = field(default_factory=dict)
    schedule: str | None = None

    def api_key(self) -> str:
        """The key. ConfigurationError where there is none."""
        if self.api_key_env is not None:
            key = os.environ.get(self.api_key_env, "")
            if not key.strip():
                raise ConfigurationError(f"there is no API key in the environment variable {self.api_key_env}")
            return key
        assert self.api_key_file is not None, "one of the two is checked for"  # noqa: S101
        try:
            return self.api_key_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise ConfigurationError(f"{self.api_key_file}: cannot be read ({reason})") from None


def read_keys(path: Path) -> list[Entry]:
    """The entries of a file, in its order. ConfigurationError for whatever is wrong with it.

    `api_key_file` and `folder` are relative to the file.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        content = tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is no UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {_syntax(error)}") from None
    return _Reader(path, text).entries(content)


# What may stand in a table: the type of its value in TOML, and what to call that.
_SETTINGS: dict[str, tuple[type, str]] = {
    "api_key_env": (str, "the name of an environment variable"),
    "api_key_file": (str, "the path of a file"),
    "base_url": (str, "an address in quotes"),
    "to": (str, "an address in quotes"),
    "source": (str, "a name in quotes"),
    "what": (str, " or ".join(f'"{what}"' for what in get_args(What))),
    "acknowledge": (bool, "true or false"),
    "pending": (bool, "true or false"),
    "pending_table": (bool, "true or false"),
    "since": (date, "a day like 2026-01-31, without quotes"),
    "until": (date, "a day like 2026-01-31, without quotes"),
    "folder": (str, "the path of a folder"),
    "page_size": (int, "a number from 1 to 1000"),
    "concurrency": (int, "a number from 1"),
    "requests_per_minute": (int, "a number from 1"),
    "routes": (dict, "a table of texts"),
    "filter_names": (dict, "a table of texts"),
    "paging_names": (list, 'two names, like ["page-number", "page-size"]'),
    "timeouts": (dict, "a table of seconds"),
    "schedule": (str, 'an interval like "15m", or five fields of cron'),
}
_OF_ONE_KEY = ("api_key_env", "api_key_file", "source")
_OF_PLANS = ("what", "acknowledge", "pending", "since", "until", "folder", "page_size")
_OF_CLIENTS = ("base_url", "routes", "filter_names", "paging_names", "timeouts")
_NUMBERS = {"page_size": 1000, "concurrency": 100, "requests_per_minute": 1_000_000}


class _Reader:
    """Checks what was read, and knows where in the text it stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def entries(self, content: Mapping[str, Any]) -> list[Entry]:
        for name in content:
            if name not in ("defaults", "keys"):
                raise self._unknown((name,), ("defaults", "keys"), "table")
        defaults = self._settings(("defaults",), content.get("defaults", {}))
        for name in _OF_ONE_KEY:
            if name in defaults:
                raise self._wrong(("defaults", name), f"{name} belongs to one key: write it into its table")
        keys = content.get("keys", {})
        if not isinstance(keys, dict) or not keys:
            raise ConfigurationError(f"{self._path}: there are no keys in it: write a table [keys.NAME] for each")
        entries = [self._entry(("keys", name), defaults, table) for name, table in keys.items()]
        homes: dict[tuple[str, str], str] = {}
        for entry in entries:
            first = homes.setdefault((entry.to, entry.source), entry.name)
            if first != entry.name:
                raise self._wrong(
                    ("keys", entry.name),
                    f"it writes into the same database under the same source {entry.source!r} as {first!r}: "
                    "give one of them another source, or another database (to)",
                )
        return entries

    def _entry(self, path: tuple[str, str], defaults: Mapping[str, Any], table: object) -> Entry:
        own = self._settings(path, table)
        if len([name for name in ("api_key_env", "api_key_file") if name in own]) != 1:
            raise self._wrong(path, "say where its key is: api_key_env or api_key_file, one of the two")
        settings = {**defaults, **own}
        folder = self._path.parent
        for name in ("api_key_file", "folder"):
            if name in settings:
                settings[name] = folder / Path(settings[name]).expanduser()
        # Days replace an acknowledgement that is only a default, and a folder is for files alone.
        if "since" in own and "acknowledge" not in own:
            settings.pop("acknowledge", None)
        if settings.get("what") != "files" and "folder" not in own:
            settings.pop("folder", None)
        if settings.get("pending_table"):
            settings["pending"] = True
        if "paging_names" in settings:
            settings["paging_names"] = tuple(settings["paging_names"])
        try:
            plan = Plan(**{name: settings.pop(name) for name in _OF_PLANS if name in settings})
        except ConfigurationError as error:
            raise self._wrong(path, str(error)) from None
        return Entry(**{"name": path[1], "source": path[1], **settings, "plan": plan})

    def _settings(self, path: tuple[str, ...], table: object) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self._wrong(path, f"write it as a table: [{'.'.join(path)}]")
        for name, value in table.items():
            here = (*path, name)
            if re.sub("[^a-z]", "", name.lower()) in _SECRETS:
                raise self._wrong(here, f"{_NO_SECRETS} (the value is not shown)")
            if name not in _SETTINGS:
                raise self._unknown(here, tuple(_SETTINGS), "setting")
            self._check(here, value)
        return dict(table)

    def _check(self, here: tuple[str, ...], value: object) -> None:
        name = here[-1]
        kind, wanted = _SETTINGS[name]
        fits = isinstance(value, kind) and not (isinstance(value, bool) and kind is int)
        if kind is date:
            fits = fits and not isinstance(value, datetime)
        if name == "what":
            fits = value in get_args(What)
        if name in _NUMBERS:
            fits = fits and isinstance(value, int) and 1 <= value <= _NUMBERS[name]
        if isinstance(value, dict):
            fits = fits and all(
                _is_number(item) if name == "timeouts" else isinstance(item, str) for item in value.values()
            )
        if isinstance(value, list):
            fits = fits and len(value) == 2 and all(isinstance(item, str) for item in value)
        if kind is str:
            fits = fits and bool(value)
        if not fits:
            raise self._wrong(here, f"{name}: give {wanted}")
        try:
            if name in _OF_CLIENTS:
                given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value}
                check_settings(**given)
            if name == "schedule":
                cron_of(str(value), "")
        except ConfigurationError as error:
            raise self._wrong(here, str(error)) from None
        if name in ("api_key_env", "api_key_file") and re.fullmatch(r"[A-Za-z0-9]{40,}", str(value)):
            raise self._wrong(here, f"this looks like the key itself. {_NO_SECRETS}")

    def _unknown(self, here: tuple[str, ...], known: tuple[str, ...], what: str) -> ConfigurationError:
        close = difflib.get_close_matches(here[-1], known, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        return self._wrong(here, f"there is no {what} {here[-1]!r}{hint}; there are {', '.join(known)}")

    def _wrong(self, here: tuple[str, ...], what: str) -> ConfigurationError:
        line, column = _position(self._text, here)
        return ConfigurationError(f"{self._path}: line {line}, column {column}: {what}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_SECRETS = {"apikey", "key", "secret", "apisecret", "token", "accesstoken", "password"}
_NO_SECRETS = "A key has no place in this file: name an environment variable (api_key_env) or a file (api_key_file)"


def _syntax(error: tomllib.TOMLDecodeError) -> str:
    """What tomllib says, with the place in front. It names no values."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
    if match is None:
        return str(error)
    place = f"line {match[2]}, column {match[3]}" if match[2] else "at its end"
    return f"{place}: {match[1]}"


def _position(text: str, path: tuple[str, ...]) -> tuple[int, int]:
    """The line and column where this stands, both from 1.

    It is in the first line without which the lines from the start on do not hold it. Not each number of lines makes
    sense by itself: values may be longer than a line.
    """
    lines = text.splitlines(keepends=True)
    without, with_it = 0, len(lines)
    while True:
        middle = (without + with_it) // 2
        tries = [*range(middle, with_it), *range(middle - 1, without, -1)]
        for count in tries:
            if count > without and (holds := _holds("".join(lines[:count]), path)) is not None:
                without, with_it = (without, count) if holds else (count, with_it)
                break
        else:
            break
    line = lines[without] if without < len(lines) else ""
    match = re.search(rf"(?<![\w-]){re.escape(path[-1])}(?![\w-])", line)
    return without + 1, match.start() + 1 if match else 1


def _holds(text: str, path: tuple[str, ...]) -> bool | None:
    """Whether it is there; None where the text makes no sense."""
    try:
        value: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True
