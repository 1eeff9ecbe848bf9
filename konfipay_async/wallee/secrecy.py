"""What is told to nobody: card details, with all that a server says of them, and paths that are as good as a key."""

import re
from collections.abc import Awaitable
from typing import TypeVar
from urllib.parse import unquote

from konfipay_async.errors import DecodeError, KonfipayError, OutcomeUnknownError, StatusError

__all__ = ["holds_card", "hushed", "told"]

T = TypeVar("T")

# What comes after these words of a path opens something to whoever has it. `queryExternalId` does not: users choose it.
_BEFORE_SECRETS = (("by-credentials",), ("querytoken",), ("web-apps", "confirm"))
_NAME = re.compile(r"[A-Za-z][A-Za-z_.\[\]-]{0,60}")


def told(path: str) -> str:
    """The path of a request, or of an operation, without its secrets; the same where there are none."""
    words = [unquote(part).lower() for part in path.split("/")]
    return "/".join(
        "{…}" if any(words[max(0, place - len(before)) : place] == [*before] for before in _BEFORE_SECRETS) else part
        for place, part in enumerate(path.split("/"))
    )


def holds_card(path: str) -> bool:
    """Whether a request's body holds card details."""
    return any(unquote(part).lower().startswith("process-card-details") for part in path.split("/"))


async def hushed(sending: Awaitable[T]) -> T:
    """What this answers. Its error, and what that came of, keep nothing that may repeat what was sent."""
    try:
        return await sending
    except KonfipayError as error:
        one: BaseException | None = error
        while one is not None:
            _hush(one)
            one = one.__cause__
        raise


def _hush(error: BaseException) -> None:
    match error:
        case StatusError():
            error.body, error.errors, error.server_message = b"", (), ""
            error.code = error.code if _NAME.fullmatch(error.code) else ""
            error.field_errors = {name if _NAME.fullmatch(name) else "…": "…" for name in error.field_errors}
        case DecodeError():
            error.body = b""
        case OutcomeUnknownError():
            error.body_sha256 = ""  # of something that few guesses lead to
