"""Answers of faults that are no API's own: of a proxy, of a broken server."""

from typing import Final

from konfipay_async.sandbox.sending import Answer

__all__ = ["stand_in"]

_PROXY_PAGE: Final = (
    b"<!DOCTYPE html>\n<html><head><title>%b</title></head>\n"
    b"<body><center><h1>%b</h1></center><hr><center>proxy</center></body></html>\n"
)

_HTML: Final = "text/html; charset=utf-8"


def stand_in(name: str, retry_after: str | None) -> Answer | None:
    """The answer of the fault with this name; None when it has none that every API could give."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    match name:
        case "502-html":
            return Answer(502, _PROXY_PAGE % (b"502 Bad Gateway", b"502 Bad Gateway"), _HTML)
        case "503-html":
            text = b"503 Service Temporarily Unavailable"
            return Answer(503, _PROXY_PAGE % (text, text), _HTML, headers)
        case "html":
            return Answer(200, _PROXY_PAGE % (b"Maintenance", "Wartungsarbeiten – bitte später".encode()), _HTML)
        case "garbage":
            return Answer(200, b'\x00\xff\xfe{"pageNumber":\x80,,\x01', "application/json; charset=utf-8")
        case "empty-404":
            return Answer(404, b"", "text/plain")
        case _:
            return None
