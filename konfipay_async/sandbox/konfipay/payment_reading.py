"""What stands in a payment file: pain.001 and pain.008 of every version, SEPA containers around them, and DTAZV.

Pure: bytes in, a value out. Only what the sandbox needs is read; a file is not checked against its schema. XML with a
document type is refused before anything in it is looked at, so there are no entities to expand and none to fetch.

Files with more than one PmtInf are refused (API version 6, documented). The format is detected, and the query
parameter `scope` overrides that (documented). Its value Sepa was seen in public code; Iso20022 and Dtazv, and that
upper and lower case are the same, are inferred. So are the format names "container" and "dtazv", which version 5 had,
and what a file's payment type is: TRF and CBTRF stand in documented samples, DD does not.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from konfipay_async.sandbox.konfipay.banks import make_iban
from konfipay_async.sandbox.konfipay.queries import INVALID_PARAMETER, BadParameterError

__all__ = ["Order", "PaymentDocument", "read_payment_document"]

_SCOPES: Final = {
    "sepa": ("pain.001", "pain.008", "container"),
    "iso20022": ("pain.001", "pain.008"),
    "dtazv": ("dtazv",),
}
_KIND: Final = re.compile(r"pain\.00[18](?=\.)", re.ASCII)
_AMOUNT: Final = re.compile(r"\d{1,15}(\.\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Order:
    """One order: money that goes from an account of the client to somebody (TRF, CBTRF), or the other way (DD)."""

    type: str
    amount: Decimal
    currency: str
    execution_date: date
    other_iban: str
    other_name: str
    other_bic: str | None = None
    country: str | None = None
    end_to_end_id: str = "NOTPROVIDED"
    purpose_code: str | None = None
    charge_bearer: str | None = None
    instr_id: str | None = None
    remittance: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentDocument:
    """A payment file as it was read.

    `own_name` and `own_currency` are None where the file does not say them. `problem` is why a file that can be read
    cannot be right, in English, None for a file that can: its totals are not those of its orders.
    """

    format: str
    message_id: str
    payment_type: str
    execution_date: date
    own_iban: str
    own_name: str | None
    own_currency: str | None
    batch_booking: bool | None
    orders: tuple[Order, ...]
    problem: str | None


def read_payment_document(raw: bytes, scope: str | None = None) -> PaymentDocument:
    """Read the file. One that cannot be read, or is of a format that `scope` excludes, is a BadParameterError."""
    allowed = None if scope is None else _SCOPES.get(scope.lower())
    if scope is not None and allowed is None:
        raise BadParameterError(INVALID_PARAMETER, "scope: allowed are Sepa, Iso20022 and Dtazv")
    document = _read_dtazv(raw) if raw.startswith(b"0256Q") else _read_xml(raw)
    if allowed is not None and document.format not in allowed:
        _refuse(f"it is {document.format}, which the scope excludes")
    return document


def _refuse(why: str) -> NoReturn:
    raise BadParameterError(INVALID_PARAMETER, f"The payment file cannot be read: {why}.")


def _amount(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text) or not Decimal(text):
        _refuse("an amount is missing or not possible")
    return Decimal(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _refuse("a date is missing or not possible")


# XML


def _read_xml(raw: bytes) -> PaymentDocument:
    root = _tree(raw)
    if root.tag not in ("Document", "conxml"):
        _refuse("it is neither a pain message nor a container")
    found = [(message, batch) for message in root.iter("Document") for batch in message.iter("PmtInf")]
    if len(found) > 1:
        raise BadParameterError(INVALID_PARAMETER, "The file holds more than one PmtInf. Send a file for each of them.")
    if not found:
        _refuse("there is no PmtInf in it")
    document = _read_message(*found[0])
    return document if root.tag == "Document" else replace(document, format="container")


def _tree(raw: bytes) -> Element:
    """The elements by their local names. Each Document keeps its namespace, as an attribute."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        builder.start(tag, {"xmlns": namespace} if tag == "Document" else attributes)

    def document_type(*_: object) -> None:
        _refuse("it has a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: builder.end(name.rpartition(" ")[2])
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = document_type
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, LookupError, ValueError):  # the last two come from encodings nobody knows
        _refuse("it is no well-formed XML")
    return builder.close()


def _read_message(message: Element, batch: Element) -> PaymentDocument:
    found = _KIND.search(message.get("xmlns", ""))
    if found is None:
        _refuse("its namespace is neither that of pain.001 nor of pain.008")
    credit = found.group() == "pain.001"
    own, other = ("Dbtr", "Cdtr") if credit else ("Cdtr", "Dbtr")
    text = _texts(batch)
    day = "ReqdExctnDt" if credit else "ReqdColltnDt"
    execution_date = _date(text(day, f"{day}/Dt", f"{day}/DtTm")[:10])
    read = _order_reader("TRF" if credit else "DD", other, execution_date, text("PmtTpInf/CtgyPurp/Cd"), text("ChrgBr"))
    orders = tuple(map(read, batch.findall("CdtTrfTxInf" if credit else "DrctDbtTxInf")))
    header = next(message.iter("GrpHdr"), None)
    if header is None or not orders:
        _refuse("its header or its orders are missing")
    head = _texts(header)
    if not head("MsgId"):
        _refuse("there is no MsgId in it")
    own_iban = text(f"{own}Acct/Id/IBAN", f"{own}Acct/Id/Othr/Id")
    if not own_iban:
        _refuse("the ordering account is missing")
    booking = text("BtchBookg")
    return PaymentDocument(
        format=found.group(),
        message_id=head("MsgId"),
        payment_type="TRF" if credit else "DD",
        execution_date=execution_date,
        own_iban=own_iban,
        own_name=text(f"{own}/Nm") or None,
        own_currency=text(f"{own}Acct/Ccy") or None,
        batch_booking=booking in ("true", "1") if booking else None,
        orders=orders,
        problem=_problem((head, text), orders),
    )


_Texts = Callable[..., str]


def _texts(element: Element) -> _Texts:
    """A function that gives the text at the first of some paths where there is one, "" where there is none."""

    def text(*paths: str) -> str:
        return next(filter(None, ((element.findtext(path) or "").strip() for path in paths)), "")

    return text


def _order_reader(
    type_: str, other: str, execution_date: date, purpose: str, bearer: str
) -> Callable[[Element], Order]:
    def read(element: Element) -> Order:
        text = _texts(element)
        amount = next((found for found in map(element.find, ("Amt/InstdAmt", "InstdAmt")) if found is not None), None)
        currency = "" if amount is None else amount.get("Ccy", "")
        iban = text(f"{other}Acct/Id/IBAN", f"{other}Acct/Id/Othr/Id")
        if amount is None or not currency or not iban:
            _refuse("an order lacks its amount, its currency or the other account")
        return Order(
            type=type_,
            amount=_amount((amount.text or "").strip()),
            currency=currency,
            execution_date=execution_date,
            other_iban=iban,
            other_name=text(f"{other}/Nm"),
            other_bic=text(f"{other}Agt/FinInstnId/BICFI", f"{other}Agt/FinInstnId/BIC") or None,
            country=text(f"{other}/PstlAdr/Ctry") or (iban[:2] if iban[:2].isalpha() else None),
            end_to_end_id=text("PmtId/EndToEndId") or "NOTPROVIDED",
            purpose_code=text("Purp/Cd") or purpose or None,
            charge_bearer=text("ChrgBr") or bearer or None,
            instr_id=text("PmtId/InstrId") or None,
            remittance=text("RmtInf/Ustrd") or None,
        )

    return read


def _problem(parts: tuple[_Texts, ...], orders: tuple[Order, ...]) -> str | None:
    total = sum((order.amount for order in orders), Decimal())
    for text in parts:
        number, control_sum = text("NbOfTxs"), text("CtrlSum")
        if number and (not number.isdecimal() or int(number) != len(orders)):
            return "NbOfTxs is not the number of the orders"
        if control_sum and (not _AMOUNT.fullmatch(control_sum) or Decimal(control_sum) != total):
            return "CtrlSum is not the sum of the orders"
    return None


# DTAZV: records of fixed length, the fields by their places


def _read_dtazv(raw: bytes) -> PaymentDocument:
    text = raw.decode("latin-1").replace("\r", "").replace("\n", "")
    head, body, tail = text[:256], text[256:-256], text[-256:]
    if len(text) < 512 + 768 or len(body) % 768 or not tail.startswith("0256Z"):
        _refuse("it is no complete DTAZV file")
    records = [body[place : place + 768] for place in range(0, len(body), 768)]
    execution_date = _short_date(head[171:177])
    orders = tuple(_read_dtazv_order(record, execution_date) for record in records)
    own = {make_iban("DE", record[5:13] + record[16:26]) for record in records}
    currencies = {record[13:16].strip() for record in records}
    if len(own) > 1 or len(currencies) > 1:
        _refuse("it is of more than one ordering account")
    whole_units = sum(int(order.amount) for order in orders)
    totals = (tail[5:20], tail[20:35])
    right = (f"{whole_units:015d}", f"{len(orders):015d}")
    return PaymentDocument(
        format="dtazv",
        message_id=f"DTAZV-{head[163:169]}-{head[169:171]}",
        payment_type="CBTRF",
        execution_date=execution_date,
        own_iban=own.pop(),
        own_name=head[23:58].strip() or None,
        own_currency=currencies.pop() or None,
        batch_booking=None,
        orders=orders,
        problem=None if totals == right else "the totals in the last record are not those of the orders",
    )


def _read_dtazv_order(record: str, execution_date: date) -> Order:
    if not record.startswith("0768T") or not (record[5:13] + record[16:26]).isdecimal():
        _refuse("it is no complete DTAZV file")
    own_date = record[26:32].strip("0 ")
    return Order(
        type="CBTRF",
        amount=_amount(f"{record[458:472].lstrip('0 ') or '0'}.{record[472:475]}").normalize() + 0,
        currency=record[455:458],
        execution_date=_short_date(record[26:32]) if own_date else execution_date,
        other_iban=record[420:455].strip().removeprefix("/"),
        other_name=record[210:245].strip(),
        other_bic=record[53:64].strip() or None,
        country=record[207:210].strip() or None,
        remittance=" ".join(record[475:615].split()) or None,
    )


def _short_date(text: str) -> date:
    return _date(f"20{text[:2]}-{text[2:4]}-{text[4:]}")
