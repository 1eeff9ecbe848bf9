"""Statements in the older text format: MT940 (statement) and MT942 (intraday report), with the German field 86."""

import unicodedata
from decimal import Decimal
from typing import Final

from konfipay_async.sandbox.konfipay.statements import Entry, Statement

__all__ = ["mt940", "mt942"]

_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "ss", "ı": "i"})
_LINE: Final = 65
_PART: Final = 27
"""Characters of one part of the remittance in field 86."""


def mt940(statement: Statement) -> bytes:
    """The statement with its balances, in ASCII, lines ended by CR LF."""
    day, currency = f"{statement.day:%y%m%d}", statement.account.currency
    return _message(
        statement,
        [f":60F:{_mark(statement.opening)}{day}{currency}{_amount(statement.opening)}"],
        [f":62F:{_mark(statement.closing)}{day}{currency}{_amount(statement.closing)}"],
    )


def mt942(statement: Statement) -> bytes:
    """The bookings with their sums, in ASCII, lines ended by CR LF."""
    currency = statement.account.currency
    offset = statement.created[-6:].replace(":", "")
    sums = []
    for mark, credit in (("D", False), ("C", True)):
        amounts = [entry.amount for entry in statement.entries if entry.credit == credit]
        sums.append(f":90{mark}:{len(amounts)}{currency}{_amount(sum(amounts, Decimal(0)))}")
    return _message(statement, [f":34F:{currency}0,", f":13D:{statement.day:%y%m%d}2030{offset}"], sums)


def _message(statement: Statement, before: list[str], behind: list[str]) -> bytes:
    lines = [":20:KONFIPAY", f":25:{statement.account.iban}", f":28C:{statement.number}/1", *before]
    for entry in statement.entries:
        reference = entry.bank_reference or "NONREF"
        lines.append(
            f":61:{entry.value:%y%m%d}{entry.booked:%m%d}{'C' if entry.credit else 'D'}"
            f"{_amount(entry.amount)}NTRFNONREF//{reference}"
        )
        text = _details(entry)
        lines += [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\r\n".join([*lines, *behind, "-", ""]).encode("ascii")


def _details(entry: Entry) -> str:
    parts = [f":86:{166 if entry.credit else 177}?00{_plain(entry.booking_text)[:_PART]}"]
    purpose = _plain(entry.purpose)
    parts += [f"?{20 + at // _PART}{purpose[at : at + _PART]}" for at in range(0, len(purpose), _PART)]
    for field, value in ((30, entry.bic), (31, entry.iban), (32, _plain(entry.name)[:_PART])):
        if value:
            parts.append(f"?{field}{value}")
    return "".join(parts)


def _plain(text: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", text.translate(_UMLAUTS)).encode("ascii", "ignore").decode()
    return ascii_text.replace("?", ".")


def _mark(amount: Decimal) -> str:
    return "C" if amount >= 0 else "D"


def _amount(amount: Decimal) -> str:
    return f"{abs(amount):.2f}".replace(".", ",")
