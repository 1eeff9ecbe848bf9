"""The formats in which statements come."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from konfipay_async.sandbox.konfipay.camt import camt
from konfipay_async.sandbox.konfipay.mt94x import mt940, mt942
from konfipay_async.sandbox.konfipay.pdf import pdf
from konfipay_async.sandbox.konfipay.statements import Statement

__all__ = ["FORMATS", "Format"]


def _pdf(statement: Statement) -> bytes:
    currency = statement.account.currency
    lines = [f"Kontoauszug {statement.number}", statement.account.iban, f"{statement.day}", ""]
    lines += [f"{entry.booked}  {entry.signed:>14.2f} {currency}  {entry.name}" for entry in statement.entries]
    return pdf([*lines, "", f"Saldo       {statement.closing:>14.2f} {currency}"])


@dataclass(frozen=True, slots=True)
class Format:
    """A format. `word` is what the filter calls it (seen in public code); the names of those that are no camt are
    inferred.
    """

    name: str
    word: str
    order_type: str
    ending: str
    media_type: str
    write: Callable[[Statement], bytes]
    pending: bool = False
    credits_only: bool = False


_XML: Final = "text/xml; charset=utf-8"
FORMATS: Final = (
    Format("camt.053", "53", "C53", "xml", _XML, partial(camt, "camt.053")),
    Format("camt.052", "52", "C52", "xml", _XML, partial(camt, "camt.052"), pending=True),
    Format("camt.054", "54", "C54", "xml", _XML, partial(camt, "camt.054"), credits_only=True),
    Format("MT940", "940", "STA", "sta", "text/plain; charset=us-ascii", mt940),
    Format("MT942", "942", "VMK", "sta", "text/plain; charset=us-ascii", mt942, pending=True),
    Format("PDF", "Pdf", "PDF", "pdf", "application/pdf", _pdf),
)
