"""One attempt of one request as the log keeps it. All of it is masked: nothing here needs to be kept from anybody.

Everything is ready for JSON: ``msgspec.json.encode(entry)``.
"""

from datetime import datetime

import msgspec

__all__ = ["Content", "Entry"]


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What was in the body of a request or an answer.

    `text` is masked JSON, on one line; None where the body was not kept, and then `sha256` tells one from another,
    unless it was not seen either (a download goes to a file of the caller's). `size` in bytes, None where unknown;
    `left_out` is how many rows of long lists are missing in `text`.
    """

    size: int | None
    type: str = ""
    text: str | None = None
    sha256: str | None = None
    left_out: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of one request, retries and logins too.

    `id` is the store's, rising in the order of writing. `timestamp` (with UTC) is when the attempt began, `duration`
    and `waited` (for the request budget, before that) are in seconds, `attempt` counts from 1. What belongs to one call
    has one `call`: its retries, and the login it had to make first. `status` is None where no answer came; `error` is
    the name of the error's class where the attempt failed, or "cancelled". `endpoint` is method and path without ids,
    `budget` "public" or "authenticated", `key_name` the name that the client's key was given.

    Headers and contents are None where only the overview was kept, contents also where there was no body.
    """

    id: int
    timestamp: datetime
    method: str
    url: str
    status: int | None
    duration: float
    waited: float = 0.0
    attempt: int = 1
    call: str = ""
    error: str | None = None
    key_name: str = ""
    endpoint: str = ""
    budget: str = "authenticated"
    request_headers: dict[str, str] | None = None
    request_content: Content | None = None
    response_headers: dict[str, str] | None = None
    response_content: Content | None = None
