"""Documents: other files of banks, which pass through unread in both directions.

Only that this part of the API exists is documented; its paths and shapes are inferred.
"""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from konfipay_async.sandbox.konfipay.answers import json_answer
from konfipay_async.sandbox.konfipay.banks import make_uuid
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint
from konfipay_async.sandbox.konfipay.fetching import (
    acknowledge_thing,
    asked_number,
    file_answer,
    get_thing,
    list_things,
)
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.pdf import pdf
from konfipay_async.sandbox.konfipay.queries import MISSING_PARAMETER, BadParameterError, in_period
from konfipay_async.sandbox.konfipay.shelf import MakeShelf
from konfipay_async.sandbox.konfipay.times import stamp, stamp_now, working_day
from konfipay_async.sandbox.sending import Answer

__all__ = ["Documents"]

_KINDS: Final = (("BKA", "pdf"), ("GUB", "csv"), ("AKA", "txt"), ("GBF", "xml"))
"""Order types (named in the product's help) and what comes with them here."""

_MEDIA_TYPES: Final = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class _Document:
    rid: str
    timestamp: str
    order_type: str
    file_name: str
    content: bytes | None = None
    """What was sent to the sandbox; None for a document that is made up when it is fetched."""


def _made_up(ending: str, title: str) -> bytes:
    match ending:
        case "pdf":
            return pdf([title])
        case "csv":
            return f"Titel;Währung;Betrag\r\n{title};EUR;10,99\r\n".encode()
        case "xml":
            return f'<?xml version="1.0" encoding="UTF-8"?>\n<Mitteilung><Titel>{title}</Titel></Mitteilung>\n'.encode()
        case _:
            return f"{title}\r\nMit freundlichen Grüßen\r\n".encode()


class Documents:
    """`count` made-up documents, one for each working day, and those that are sent to the sandbox."""

    def __init__(self, seed: int, count: int, shelf: MakeShelf, lists: Lists) -> None:
        self._seed = seed
        self._lists = lists
        self._uploaded: dict[int, _Document] = {}
        self.shelf = shelf(lambda number: self._document(number).rid, count)

    def _document(self, number: int) -> _Document:
        if number in self._uploaded:
            return self._uploaded[number]
        order_type, ending = _KINDS[number % len(_KINDS)]
        day = working_day(number)
        return _Document(
            rid=make_uuid("document", self._seed, number),
            timestamp=stamp(day, "07:15:00"),
            order_type=order_type,
            file_name=f"{day}_{order_type}_{number + 1:05d}.{ending}",
        )

    def _shown(self, number: int, new: bool) -> dict[str, object]:
        document = self._document(number)
        return {
            "rId": document.rid,
            "href": f"api/v6.0/documents/{document.rid}",
            "timestamp": document.timestamp,
            "isNew": new,
            "format": document.order_type,
            "fileName": document.file_name,
        }

    def _list(self, call: Call) -> Answer:
        inside, order_type = in_period(call.query), call.query.get("format")

        def wanted(number: int) -> bool:
            document = self._document(number)
            return order_type in (None, document.order_type) and inside(date.fromisoformat(document.timestamp[:10]))

        return list_things(call, self._lists, self.shelf, wanted, self._shown)

    def _get(self, call: Call) -> Answer:
        return get_thing(call, self.shelf, self._shown)

    def _get_content(self, call: Call) -> Answer:
        document = self._document(asked_number(call, self.shelf))
        ending = document.file_name.rpartition(".")[2].lower()
        raw = document.content
        if raw is None:
            raw = _made_up(ending, f"{document.order_type} {document.timestamp}")
        return file_answer(call.query, raw, _MEDIA_TYPES.get(ending, "application/octet-stream"))

    def _acknowledge(self, call: Call) -> Answer:
        return acknowledge_thing(call, self.shelf, self._shown)

    def _upload(self, call: Call) -> Answer:
        """The body is kept as it is. It is listed from now on, and not new to anybody (inferred)."""
        for name in ("file-name", "order-type"):
            if not call.query.get(name, "").strip():
                raise BadParameterError(MISSING_PARAMETER, f"{name} is missing.")
        if not call.body:
            raise BadParameterError(MISSING_PARAMETER, "The body is empty.")
        number = len(self.shelf)
        self._uploaded[number] = _Document(
            rid=make_uuid("upload", self._seed, number),
            timestamp=stamp_now(),
            order_type=call.query["order-type"],
            file_name=call.query["file-name"],
            content=call.body,
        )
        self.shelf.add(1, new=False)
        return json_answer(self._shown(number, False), 201)

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("documents.list", "GET", "documents", "Documents", _list),
        Endpoint("documents.upload", "POST", "documents", "Documents", _upload),
        Endpoint("documents.get", "GET", "documents/{rid}", "Documents", _get),
        Endpoint("documents.content", "GET", "documents/{rid}/content", "Documents", _get_content),
        Endpoint("documents.acknowledge", "POST", "documents/{rid}/acknowledge", "Documents", _acknowledge),
    )
