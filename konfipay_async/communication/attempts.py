"""What is kept of an attempt until it is masked, and the entry that it becomes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from konfipay_async.communication.entry import Content, Entry
from konfipay_async.communication.masking import Masker, writable
from konfipay_async.session.manager import Attempt

__all__ = ["Heard", "Source", "entry_of", "heard"]


@dataclass(frozen=True)
class Source:
    """Whose attempts they are: the API's base URL and origin, the key's name, and headers that all requests have."""

    base_url: str
    origin: str
    key_name: str
    headers: Mapping[str, str] = field(repr=False)


_Details = tuple[Mapping[str, str], bytes | None, Mapping[str, str] | None, bytes | None]


class Heard(NamedTuple):
    """What is kept of an attempt until it is masked; `details` are None where the overview is enough."""

    source: Source
    at: float
    method: str
    path: str
    from_origin: bool
    query: tuple[tuple[str, str], ...]
    template: str
    status: int | None
    error: str | None
    duration: float
    waited: float
    number: int
    call: int
    budget: str
    details: _Details | None
    size: int


def heard(source: Source, attempt: Attempt, *, details: bool) -> Heard:
    """What to keep of an attempt; without details no body is held on to."""
    request, response, error = attempt.request, attempt.response, attempt.error
    more: _Details | None = None
    size = 0
    if details:
        headers = {**request.headers, **attempt.authorisation}
        if response is None:
            more = (headers, request.body, None, None)
        else:
            streamed = request.download is not None and 200 <= response.status < 300
            more = (headers, request.body, response.headers, None if streamed else response.body)
            size = len(response.body)
        size += len(request.body or b"")
    return Heard(
        source,
        attempt.started_at,
        request.method,
        request.told,
        request.from_origin,
        request.query,
        request.template,
        None if response is None else response.status,
        type(error).__name__ if error is not None else "cancelled" if response is None else None,
        attempt.duration,
        attempt.waited,
        attempt.number,
        attempt.call,
        request.budget,
        more,
        size,
    )


def entry_of(note: Heard, masker: Masker, *, run: str) -> Entry:
    """It, masked. `run` makes the numbers of calls different from those of other processes."""
    source = note.source
    base = source.origin if note.from_origin else source.base_url
    fields: dict[str, Any] = {}
    if note.details is not None:
        headers, body, answered, answer = note.details
        fields["request_headers"] = masker.headers({**source.headers, **headers}, origin=source.origin)
        if body:
            kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
            fields["request_content"] = masker.content(body, kind, origin=source.origin)
        if answered is not None:
            fields["response_headers"] = masker.headers(answered, origin=source.origin)
            if answer is None:
                size = answered.get("content-length", "")
                fields["response_content"] = Content(
                    size=int(size) if re.fullmatch("[0-9]{1,18}", size) else None,
                    type=fields["response_headers"].get("content-type", ""),
                )
            elif answer:
                kind = answered.get("content-type", "")
                fields["response_content"] = masker.content(answer, kind, origin=source.origin)
    return Entry(
        id=0,
        timestamp=datetime.fromtimestamp(note.at, UTC),
        method=note.method,
        url=masker.url(base, note.path, note.query, template=note.template),
        status=note.status,
        duration=note.duration,
        waited=note.waited,
        attempt=note.number,
        call=f"{run}-{note.call}",
        error=note.error,
        key_name=writable(source.key_name),
        endpoint=f"{note.method} {note.template or masker.path_without_ids(note.path)}",
        budget=note.budget,
        **fields,
    )
