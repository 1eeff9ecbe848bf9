"""How a command reaches konfipay: the options that all of them have, and the ledger of what must happen once."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from konfipay_async.cli.exits import Exit, exit_of
from konfipay_async.cli.output import note
from konfipay_async.client import KonfipayClient
from konfipay_async.errors import (
    ConfigurationError,
    DecodeError,
    KonfipayError,
    OutcomeUnknownError,
    StatusError,
    StorageError,
    TransportError,
)
from konfipay_async.ledger import Ledger
from konfipay_async.resources.wiring import Uploads
from konfipay_async.session.manager import Attempt, Recorder
from konfipay_async.session.retry import Outcome, outcome_of

__all__ = [
    "CONNECTION",
    "LEDGER",
    "Connection",
    "LedgerPlace",
    "connected",
    "default_ledger",
    "read_file",
    "read_secret",
]


@Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class Connection:
    """Where the API is, with which key, and what of it was inferred wrong."""

    base_url: str | None = None
    """The API, if it is not https://portal.konfipay.de/api/v6 (or KONFIPAY_BASE_URL)."""
    api_key_file: Path | None = None
    """A file that holds the API key and nothing else. Without it the key is that in KONFIPAY_API_KEY."""
    route: Annotated[list[str] | None, Parameter(negative=())] = None
    """Correct a route that was inferred, NAME='METHOD path'; may be given several times."""
    filter_name: Annotated[list[str] | None, Parameter(negative=())] = None
    """Correct the name of a filter that was inferred, NAME=the-api-s-name; may be given several times."""
    paging_names: str | None = None
    """Correct the names of paging, NUMBER,SIZE: those of the page number and of the page size."""
    uploads: Uploads = "raw"
    """How payment files go out: as they are, or as base64 inside JSON."""
    request_timeout: Annotated[list[str] | None, Parameter(negative=())] = None
    """Seconds to wait for the answers of a route, ROUTE=SECONDS; may be given several times."""

    def client(
        self,
        *,
        concurrency: int = 8,
        ledger: Ledger | None = None,
        recorder: Recorder | None = None,
        api_key: str | None = None,
    ) -> KonfipayClient:
        """A client, not opened yet; `api_key` takes the place of the user's.

        Raises ConfigurationError where there is no key, or a setting is none.
        """
        return KonfipayClient(
            _key(self.api_key_file) if api_key is None else api_key,
            base_url=self.base_url,
            concurrency=concurrency,
            routes=_named(self.route, "--route"),
            filter_names=_named(self.filter_name, "--filter-name"),
            paging_names=_pair(self.paging_names),
            uploads=self.uploads,
            timeouts={name: _seconds(value) for name, value in _named(self.request_timeout, _TIMEOUT).items()},
            ledger=ledger,
            recorder=recorder,
            trust_env=True,
        )


@Parameter(name="*", group="Ledger")
@dataclass(frozen=True, kw_only=True)
class LedgerPlace:
    """Where it is noted what was sent."""

    ledger: Path | None = None
    """The file that remembers what was sent, so that nothing is sent twice unseen. Default: KONFIPAY_LEDGER, or
    konfipay-async/ledger.db in your state directory (XDG_STATE_HOME)."""
    no_ledger: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    """Remember nothing: then nothing keeps the same from being sent twice."""

    def path(self) -> Path | None:
        """The file, None for none. ConfigurationError where two things are asked for at once."""
        if self.no_ledger:
            if self.ledger is not None:
                raise ConfigurationError("--ledger and --no-ledger exclude each other: leave one out")
            return None
        return default_ledger() if self.ledger is None else self.ledger

    def opened(self) -> Ledger | None:
        """The ledger, to be opened with `with`; its folder is made where it is the usual one. StorageError."""
        path = self.path()
        if path is None:
            return None
        if self.ledger is None and not os.environ.get("KONFIPAY_LEDGER"):
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(
                    f"the folder {path.parent} for the ledger cannot be made ({error.strerror}): name a file with "
                    f"--ledger, or go without, with --no-ledger"
                ) from None
        return Ledger(path)


CONNECTION = Connection()
LEDGER = LedgerPlace()


@asynccontextmanager
async def connected(
    connection: Connection, place: LedgerPlace | None = None, *, concurrency: int = 8
) -> AsyncGenerator[KonfipayClient]:
    """An open client. With a `place` it has the ledger there, and what must happen once is noted in it.

    Ctrl-C waits for such a request and loses its answer; where to find it is said then. Raises OutcomeUnknownError
    where a change was asked for that may have been done, also in an earlier attempt than the last.
    """
    changes = _Changes()
    with ExitStack() as stack:
        ledger = None if place is None else place.opened()
        client = connection.client(concurrency=concurrency, ledger=ledger, recorder=changes)
        if ledger is not None:
            stack.enter_context(ledger)
        try:
            async with client:
                yield client
        except asyncio.CancelledError:
            if ledger is not None:
                note("What was sent is in the ledger: konfipay payments ledger")
            raise
        except KonfipayError as error:
            if not changes.unanswered or exit_of(error) not in (Exit.REFUSED, Exit.NO_CONNECTION):
                raise
            raise OutcomeUnknownError(
                f"{error} Nobody knows whether this was done: {', '.join(changes.unanswered)}. The same command may be "
                f"repeated: without --force nothing is done twice."
            ) from error


class _Changes:
    """Remembers which changes were asked for and not answered. Logins change nothing."""

    def __init__(self) -> None:
        # In the order they were made.
        self.unanswered: dict[str, None] = {}

    def record(self, attempt: Attempt) -> None:
        request, error = attempt.request, attempt.error
        if request.method == "GET" or request.budget == "public":
            return
        change = f"{request.method} {request.path}"
        if isinstance(error, TransportError | StatusError | DecodeError):
            if outcome_of(error) in _MAY_BE_DONE:
                self.unanswered[change] = None
        elif attempt.response is not None:
            self.unanswered.pop(change, None)


_MAY_BE_DONE = (Outcome.UNKNOWN, Outcome.UNREADABLE, Outcome.UNEXPECTED)


def default_ledger() -> Path:
    """KONFIPAY_LEDGER, or a file in the state directory of this user as the system has it."""
    named = os.environ.get("KONFIPAY_LEDGER")
    if named:
        return Path(named)
    # A relative path there is invalid and to be ignored (XDG Base Directory Specification).
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = _state_of_this_system()
    return state / "konfipay-async" / "ledger.db"


def read_secret(path: Path, option: str) -> str:
    """A secret that stands alone in a file. ConfigurationError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        # A path that leads somewhere is one; the root, though, is above whatever begins with a slash.
        leads_there = os.path.lexists(path) or (path.parent.name and os.path.isdir(path.parent))
        if not leads_there and re.fullmatch(r"[\w+/=-]{30,}|.*\n.*", str(path), re.DOTALL):
            raise ConfigurationError(
                f"{option}: this looks like the secret itself. Name the file it is in; and make a new one, because "
                f"what is typed is remembered"
            ) from None
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"{option} {path}: cannot be read ({reason})") from None


def read_file(path: Path) -> bytes:
    """What is in a file that a command was given. ConfigurationError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _state_of_this_system() -> Path:
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"])
    try:
        home = Path.home()
    except RuntimeError:
        raise ConfigurationError(
            "there is no home directory for the ledger: name a file with --ledger, or go without, with --no-ledger"
        ) from None
    return home / ("Library/Application Support" if sys.platform == "darwin" else ".local/state")


def _key(path: Path | None) -> str:
    if path is None:
        key = os.environ.get("KONFIPAY_API_KEY", "")
        if not key.strip():
            raise ConfigurationError(
                "there is no API key: set KONFIPAY_API_KEY, or name a file with --api-key-file. Keys are made in "
                "konfipay under Client management > API > API keys. To see it work without one: konfipay pull --sandbox"
            )
        return key
    return read_secret(path, "--api-key-file")


_TIMEOUT = "--request-timeout"


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{_TIMEOUT}: {text!r} is no number of seconds") from None


def _pair(names: str | None) -> tuple[str, str] | None:
    if names is None:
        return None
    number, _, size = names.partition(",")
    return number, size


def _named(settings: list[str] | None, option: str) -> dict[str, str]:
    named = {}
    for setting in settings or ():
        name, separator, value = setting.partition("=")
        if not separator:
            raise ConfigurationError(f"{option} {setting!r}: write it NAME=VALUE")
        named[name] = value
    return named
