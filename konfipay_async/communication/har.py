"""Entries as HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), which the network panel of every browser opens.
Pure; what was masked stays masked.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from konfipay_async.communication.entry import Content, Entry

__all__ = ["as_har", "har_file"]


def har_file(entries: Iterable[Entry], *, version: str) -> Iterator[str]:
    """The text of a HAR file, in pieces; `version` is that of what writes it."""
    creator = json.dumps({"name": "konfipay-async", "version": version})
    yield f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": ['
    before = "\n"
    for entry in entries:
        yield before + json.dumps(as_har(entry), ensure_ascii=False)
        before = ",\n"
    yield "\n]}}\n"


def as_har(entry: Entry) -> dict[str, Any]:
    """One entry of a HAR file. Waiting for the request budget is its time blocked; no answer is status 0."""
    waited, took = round(entry.waited * 1000, 3), round(entry.duration * 1000, 3)
    headers = entry.response_headers or {}
    return {
        "startedDateTime": (entry.timestamp - timedelta(seconds=entry.waited)).isoformat(timespec="milliseconds"),
        "time": round(waited + took, 3),
        "request": {
            "method": entry.method,
            "url": entry.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs((entry.request_headers or {}).items()),
            "queryString": _pairs(parse_qsl(urlsplit(entry.url).query, keep_blank_values=True)),
            "headersSize": -1,
            "bodySize": _size(entry.request_content),
            **({"postData": _posted(entry.request_content)} if entry.request_content is not None else {}),
        },
        "response": {
            "status": entry.status or 0,
            "statusText": _reason(entry.status),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(headers.items()),
            "content": _received(entry.response_content, headers.get("content-type", "")),
            "redirectURL": next((value for name, value in headers.items() if name.lower() == "location"), ""),
            "headersSize": -1,
            "bodySize": _size(entry.response_content),
        },
        "cache": {},
        "timings": {"blocked": waited, "send": 0, "wait": took, "receive": 0},
        "comment": ", ".join(filter(None, (f"attempt {entry.attempt} of call {entry.call}", entry.error))),
        "_key": entry.key_name,
    }


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _size(content: Content | None) -> int:
    if content is None:
        return 0
    return -1 if content.size is None else content.size


def _posted(content: Content) -> dict[str, Any]:
    return {"mimeType": content.type, "params": [], "text": content.text or "", **_note(content)}


def _received(content: Content | None, media_type: str) -> dict[str, Any]:
    if content is None:
        return {"size": 0, "mimeType": media_type or "x-unknown"}
    text = {} if content.text is None else {"text": content.text}
    return {"size": content.size or 0, "mimeType": media_type or "x-unknown", **text, **_note(content)}


def _note(content: Content) -> dict[str, str]:
    if content.text is None:
        return {"comment": f"not kept; SHA-256 {content.sha256}" if content.sha256 else "not kept"}
    return {"comment": f"{content.left_out} rows left out"} if content.left_out else {}


def _reason(status: int | None) -> str:
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""
