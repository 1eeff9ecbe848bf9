"""Payment files: uploaded, listed, looked at, sent, or taken apart into open payments.

Paths, filters and the parameters of an upload are documented or were seen in public code, and so is a body of plain
XML. A body of JSON with the file as base64 is inferred, and so is what an extract is sent.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable
from datetime import date
from typing import ClassVar

import msgspec

from konfipay_async.sandbox.konfipay.answers import json_answer, rid_not_found
from konfipay_async.sandbox.konfipay.calls import Call, Endpoint
from konfipay_async.sandbox.konfipay.lists import Lists
from konfipay_async.sandbox.konfipay.payment_book import PaymentBook, PaymentFile
from konfipay_async.sandbox.konfipay.payment_reading import PaymentDocument, read_payment_document
from konfipay_async.sandbox.konfipay.queries import INVALID_PARAMETER, BadParameterError, dates, switch
from konfipay_async.sandbox.sending import Answer

__all__ = ["PaymentFiles"]

_NO_FILE = "There is no payment file with this rId."


class PaymentFiles:
    """The payment files of a book."""

    def __init__(self, book: PaymentBook, lists: Lists) -> None:
        self._book = book
        self._lists = lists

    def _upload(self, call: Call) -> Answer:
        """Keep the file and, unless `submit` is false, send it. What konfipay rejects is a 201 too."""
        send = switch(call.query, "submit")
        switch(call.query, "verification-of-payee")
        document, content = _read(call)
        file = self._book.store(document, content, call.at)
        if send is not False and file.is_stored:
            self._book.transmit(file, call.at)
        return self._answer(file, call, 201)

    def _list(self, call: Call) -> Answer:
        wanted = self._filter(call)
        return self._lists.answer(call, list(filter(wanted, self._book.files.values())), self._shown_at(call.at))

    def _filter(self, call: Call) -> Callable[[PaymentFile], bool]:
        """What `purpose` filters by is not documented: here it is the purpose code of an order in the file."""
        query = call.query
        created = _within(*dates(query, "min-date", "max-date"))
        executed = _within(*dates(query, "min-execution-date", "max-execution-date"))
        purpose, kind, status = query.get("purpose"), query.get("payment-type"), query.get("status")
        account = query.get("bank-account-rid", "").lower()

        def wanted(file: PaymentFile) -> bool:
            return (
                created(file.created.date())
                and executed(file.document.execution_date)
                and kind in (None, file.document.payment_type)
                and account in ("", file.account.rid)
                and (status is None or status == self._book.status_at(file, call.at).value)
                and (purpose is None or any(order.purpose_code == purpose for order in file.document.orders))
            )

        return wanted

    def _get(self, call: Call) -> Answer:
        """The file; a read is a step of its status, where the status takes steps by reads."""
        file = self._find(call)
        if file is None:
            return rid_not_found(_NO_FILE)
        file.reads += 1
        return self._answer(file, call)

    def _submit(self, call: Call) -> Answer:
        """Send a file that was only stored; with `force` any file. Otherwise nothing is sent (documented)."""
        force = switch(call.query, "force")
        switch(call.query, "verification-of-payee")
        file = self._find(call)
        if file is None:
            return rid_not_found(_NO_FILE)
        if (force or file.is_stored) and call.fault != "submit-without-effect":
            self._book.transmit(file, call.at)
        return self._answer(file, call)

    def _extract(self, call: Call) -> Answer:
        """Open payments with a common batch; the file itself is neither kept nor sent (documented)."""
        document, _ = _read(call)
        payments = self._book.extract(document, call.at)
        return json_answer([self._book.shown_payment(payment, call.at) for payment in payments], 201)

    def _find(self, call: Call) -> PaymentFile | None:
        return self._book.files.get(call.arguments[0].lower())

    def _shown_at(self, at: float) -> Callable[[PaymentFile], object]:
        return lambda file: {"paymentInfo": self._book.info(file, at)}

    def _answer(self, file: PaymentFile, call: Call, status: int = 200) -> Answer:
        return json_answer(self._shown_at(call.at)(file), status)

    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("payment-files.extract", "POST", "payment-files/extract", "Payments", _extract),
        Endpoint("payment-files.get", "GET", "payment-files/{rid}", "Payments", _get),
        Endpoint("payment-files.list", "GET", "payment-files", "Payments", _list),
        Endpoint("payment-files.submit", "POST", "payment-files/{rid}/submit", "Payments", _submit),
        Endpoint("payment-files.upload", "POST", "payment-files", "Payments", _upload),
    )


class _Envelope(msgspec.Struct):
    content: str


def _read(call: Call) -> tuple[PaymentDocument, bytes]:
    """The file in the body, read and as bytes."""
    content = call.body
    if call.content_type == "application/json":
        try:
            content = b64decode(msgspec.json.decode(call.body, type=_Envelope).content, validate=True)
        except (msgspec.MsgspecError, binascii.Error, ValueError):
            raise BadParameterError(
                INVALID_PARAMETER, 'The body is no JSON object {"content": "<the file as base64>"}.'
            ) from None
    return read_payment_document(content, call.query.get("scope")), content


def _within(first: date | None, last: date | None) -> Callable[[date], bool]:
    return lambda day: (first is None or day >= first) and (last is None or day <= last)
