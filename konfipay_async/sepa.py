"""SEPA files from plain values: pain.001 for credit transfers, pain.008 for direct debits (the extra ``sepa``).

::

    content = credit_transfers(
        Account("Muster GmbH", "DE89370400440532013000"),
        [CreditTransfer("Erika Mustermann", "DE75512108001245126199", Decimal("12.50"), "Rechnung 4711")],
        execution_date=date(2025, 3, 3),
        message_id="payroll-2025-03",
    )

A file holds exactly one collection (``<PmtInf>``), because version 6 of the API refuses more; so it has one date and,
for direct debits, one sequence type. Everything is checked before, and nothing is changed silently: a name that is
too long or has an umlaut is refused, not cut or respelled. An error says which value is wrong, as in
``transfers[3].iban``, and never what it is. Last, the file is validated against its XML schema.

The versions are pain.001.001.09 and pain.008.001.08, and amounts are in euro. sepaxml builds the file, schwifty checks
IBANs and BICs. Building takes processor time, about two seconds for 10,000 orders: await it in a thread.
"""

import re
import threading
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Any, Literal, TypeAlias, TypeVar, get_args
from xml.etree import ElementTree as ET

from konfipay_async.errors import ConfigurationError, MissingExtraError

__all__ = [
    "Account",
    "CreditTransfer",
    "DirectDebit",
    "Instrument",
    "SequenceType",
    "credit_transfers",
    "direct_debits",
]

SequenceType: TypeAlias = Literal["FRST", "RCUR", "FNAL", "OOFF"]
"""First, recurring and last of a series of debits, or the only one."""

Instrument: TypeAlias = Literal["CORE", "B2B"]
"""The direct debit scheme: for everybody, or between companies."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is that pays or collects. Direct debits need the `creditor_id`. The repr tells nothing."""

    name: str = field(repr=False)
    iban: str = field(repr=False)
    bic: str | None = field(default=None, repr=False)
    creditor_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """One payment to the account `iban`, in euro.

    An `execution_date` of its own must be that of the file; it is there so that a list of transfers with several dates
    is noticed. The repr holds no personal data.
    """

    name: str = field(repr=False)
    iban: str = field(repr=False)
    amount: Decimal
    remittance_information: str = field(repr=False)
    end_to_end_id: str = field(default="NOTPROVIDED", repr=False)
    bic: str | None = field(default=None, repr=False)
    execution_date: date | None = None


@dataclass(frozen=True, slots=True)
class DirectDebit:
    """One collection from the account `iban`, in euro, with the debtor's mandate: its id and the day it was signed.

    A `collection_date` of its own must be that of the file. The repr holds no personal data.
    """

    name: str = field(repr=False)
    iban: str = field(repr=False)
    amount: Decimal
    remittance_information: str = field(repr=False)
    mandate_id: str = field(repr=False)
    mandate_date: date
    sequence_type: SequenceType
    end_to_end_id: str = field(default="NOTPROVIDED", repr=False)
    bic: str | None = field(default=None, repr=False)
    collection_date: date | None = None


def credit_transfers(
    account: Account,
    transfers: Iterable[CreditTransfer],
    *,
    execution_date: date,
    urgent: bool = False,
    batch_booking: bool = True,
    message_id: str | None = None,
    created_at: datetime | None = None,
    transliterate: bool = False,
) -> bytes:
    """A pain.001 file of these transfers.

    - `urgent`: same-day transfers outside the SEPA scheme (service level URGP), which banks charge for.
    - `batch_booking`: one entry on the own statement for all, or one each.
    - `message_id`: tells files apart, and is the id of the collection as well, so it comes back with the booking. Up
      to 35 characters; made at random where it is not given. Give one that a program which is begun again gives again:
      by it and the orders a ledger notices that the file was sent before.
    - `created_at`: a time with its zone; now, where it is not given. With it and a `message_id` the same values make
      the same bytes.
    - `transliterate`: spell umlauts ae, oe, ue and ss, write accented letters without accents and ``&`` as ``+``, in
      names and remittance information. A payee's name so changed may fail the bank's verification of payee.

    ConfigurationError names the value that is wrong, MissingExtraError the extra that is missing.
    """
    _need_the_extra()
    from sepaxml import SepaTransfer  # type: ignore[import-untyped]

    orders = _orders("transfers", transfers, CreditTransfer)
    execution_date = _day("execution_date", execution_date)
    config = _config(account, transliterate)
    payments = []
    for number, transfer in enumerate(orders):
        where = f"transfers[{number}]"
        _same_day(f"{where}.execution_date", transfer.execution_date, execution_date)
        payments.append({**_payment(where, transfer, transliterate), "execution_date": execution_date})
    return _built(
        SepaTransfer,
        "pain.001.001.09",
        config,
        payments,
        message_id=message_id,
        created_at=created_at,
        batch_booking=_flag("batch_booking", batch_booking),
        service_level="URGP" if _flag("urgent", urgent) else "SEPA",
    )


def direct_debits(
    account: Account,
    debits: Iterable[DirectDebit],
    *,
    collection_date: date,
    instrument: Instrument = "CORE",
    batch_booking: bool = True,
    message_id: str | None = None,
    created_at: datetime | None = None,
    transliterate: bool = False,
) -> bytes:
    """A pain.008 file of these direct debits; arguments and errors as for `credit_transfers`."""
    _need_the_extra()
    from sepaxml import SepaDD

    orders = _orders("debits", debits, DirectDebit)
    collection_date = _day("collection_date", collection_date)
    config = {
        **_config(account, transliterate),
        "creditor_id": _creditor_id("account.creditor_id", account.creditor_id),
        "instrument": _one_of("instrument", instrument, Instrument),
    }
    payments = []
    for number, debit in enumerate(orders):
        where = f"debits[{number}]"
        _same_day(f"{where}.collection_date", debit.collection_date, collection_date)
        payment = {
            **_payment(where, debit, transliterate),
            "type": _one_of(f"{where}.sequence_type", debit.sequence_type, SequenceType),
            "collection_date": collection_date,
            "mandate_id": _identifier(f"{where}.mandate_id", debit.mandate_id),
            "mandate_date": _day(f"{where}.mandate_date", debit.mandate_date),
        }
        if payment["mandate_date"] > collection_date:
            raise ConfigurationError(f"{where}.mandate_date: the mandate is signed after the day of collection")
        if payment["type"] != orders[0].sequence_type:
            raise ConfigurationError(
                f"{where}.sequence_type is {debit.sequence_type} and that of debits[0] is {orders[0].sequence_type}: "
                f"{_SPLIT}, so make one file for each sequence type"
            )
        payments.append(payment)
    return _built(
        SepaDD,
        "pain.008.001.08",
        config,
        payments,
        message_id=message_id,
        created_at=created_at,
        batch_booking=_flag("batch_booking", batch_booking),
        service_level="SEPA",
    )


_SPLIT = "a file holds one collection, because API version 6 refuses more"

O = TypeVar("O", CreditTransfer, DirectDebit)  # noqa: E741


def _need_the_extra() -> None:
    try:
        import schwifty  # noqa: F401
        import sepaxml  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtraError("building SEPA files", "sepa") from None


# --- building --------------------------------------------------------------------------------------------------------

# sepaxml registers its namespaces in a table of the whole process, which two threads must not do at once.
_ONE_AT_A_TIME = threading.Lock()


def _built(
    builder: Any,
    schema: str,
    config: dict[str, Any],
    payments: list[dict[str, Any]],
    *,
    message_id: str | None,
    created_at: datetime | None,
    batch_booking: bool,
    service_level: str,
) -> bytes:
    from sepaxml.validation import ValidationError, try_valid_xml  # type: ignore[import-untyped]

    message_id = uuid.uuid4().hex if message_id is None else _identifier("message_id", message_id)
    created = _moment(created_at)
    with _ONE_AT_A_TIME:
        # Only batches share a collection, so they are always built as one. Cleaning would change texts silently.
        initiation = builder({**config, "currency": "EUR", "batch": True}, schema=schema, clean=False)
        for payment in payments:
            initiation.add_payment(payment)
        built = initiation.export(validate=False)
    root = ET.fromstring(built)  # noqa: S314  (just built, from checked values)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    root.set("xmlns", f"urn:iso:std:iso:20022:tech:xsd:{schema}")
    _set(root, "*/GrpHdr/MsgId", message_id)
    _set(root, "*/GrpHdr/CreDtTm", created)
    _set(root, "*/PmtInf/PmtInfId", message_id)
    _set(root, "*/PmtInf/BtchBookg", "true" if batch_booking else "false")
    _set(root, "*/PmtInf/PmtTpInf/SvcLvl/Cd", service_level)
    for agent in root.iterfind("*/PmtInf/DbtrAgt/FinInstnId"):
        if not len(agent):  # without a BIC it must say so
            ET.SubElement(ET.SubElement(agent, "Othr"), "Id").text = "NOTPROVIDED"
    content: bytes = b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="utf-8")
    try:
        try_valid_xml(content, schema)
    except ValidationError:
        # Its text quotes the file.
        raise ConfigurationError(f"these values make no valid {schema}, although each of them seems right") from None
    return content


def _set(root: ET.Element, path: str, text: str) -> None:
    (element,) = root.findall(path)
    element.text = text


def _config(account: Account, transliterate: bool) -> dict[str, Any]:
    if not isinstance(account, Account):
        raise ConfigurationError(f"account: give an Account, not {type(account).__name__}")
    _flag("transliterate", transliterate)
    config = {
        "name": _text("account.name", account.name, 70, transliterate),
        "IBAN": _iban("account.iban", account.iban),
    }
    if account.bic is not None:
        config["BIC"] = _bic("account.bic", account.bic)
    return config


def _payment(where: str, order: CreditTransfer | DirectDebit, transliterate: bool) -> dict[str, Any]:
    payment = {
        "name": _text(f"{where}.name", order.name, 70, transliterate),
        "IBAN": _iban(f"{where}.iban", order.iban),
        "amount": _cents(f"{where}.amount", order.amount),
        "description": _text(f"{where}.remittance_information", order.remittance_information, 140, transliterate),
        "endtoend_id": _identifier(f"{where}.end_to_end_id", order.end_to_end_id),
    }
    if order.bic is not None:
        payment["BIC"] = _bic(f"{where}.bic", order.bic)
    return payment


# --- checking --------------------------------------------------------------------------------------------------------

# What every bank of the SEPA area takes, by the rules of the European Payments Council.
_BEYOND = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_CHARACTERS = "A-Z a-z 0-9 / - ? : ( ) . , ' + and the space"
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS", "&": "+"}
)
_COMBINING = re.compile("[\u0300-\u036f]")
_CREDITOR_ID = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_MOST = Decimal("999999999.99")


def _orders(what: str, orders: Iterable[O], kind: type[O]) -> Sequence[O]:
    listed = list(orders)
    if not listed:
        raise ConfigurationError(f"{what}: there are none, and a file without orders is refused")
    for number, order in enumerate(listed):
        if not isinstance(order, kind):
            raise ConfigurationError(f"{what}[{number}]: give a {kind.__name__}, not {type(order).__name__}")
    return listed


def _text(where: str, value: object, longest: int, transliterate: bool) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: give a str, not {type(value).__name__}")
    text = _transliterated(value) if transliterate else value
    if not text.strip():
        raise ConfigurationError(f"{where}: is empty")
    beyond = _BEYOND.search(text)
    if beyond is not None:
        hint = "" if transliterate else "; transliterate=True respells umlauts and accents"
        raise ConfigurationError(
            f"{where}: character {beyond.start() + 1} (U+{ord(beyond[0]):04X}) is none that all SEPA banks take: "
            f"{_CHARACTERS}{hint}"
        )
    if len(text) > longest:
        raise ConfigurationError(f"{where}: has {len(text)} characters, and at most {longest} are allowed")
    return text


def _transliterated(text: str) -> str:
    spelled = unicodedata.normalize("NFC", text).translate(_GERMAN)
    return _COMBINING.sub("", unicodedata.normalize("NFD", spelled))


def _identifier(where: str, value: object) -> str:
    text = _text(where, value, 35, transliterate=False)
    if text.startswith("/") or text.endswith("/") or "//" in text:
        raise ConfigurationError(f"{where}: an id must not begin or end with a slash, nor have two in a row")
    return text


def _iban(where: str, value: object) -> str:
    from schwifty import IBAN
    from schwifty.exceptions import InvalidChecksumDigits, SchwiftyException

    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: give a str, not {type(value).__name__}")
    try:
        return IBAN(value).compact
    except InvalidChecksumDigits:
        raise ConfigurationError(f"{where}: the check digits of the IBAN are wrong, is it mistyped?") from None
    except SchwiftyException:
        raise ConfigurationError(f"{where}: is no IBAN, look at its country, length and characters") from None


def _bic(where: str, value: object) -> str:
    from schwifty import BIC
    from schwifty.exceptions import SchwiftyException

    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: give a str or None, not {type(value).__name__}")
    try:
        return BIC(value).compact
    except SchwiftyException:
        raise ConfigurationError(f"{where}: is no BIC, look at its length (8 or 11) and its country") from None


def _creditor_id(where: str, value: object) -> str:
    if value is None:
        raise ConfigurationError(f"{where}: direct debits need the creditor id")
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: give a str, not {type(value).__name__}")
    creditor_id = value.replace(" ", "")
    if not _CREDITOR_ID.fullmatch(creditor_id):
        raise ConfigurationError(f"{where}: is no creditor id, such as DE98ZZZ09999999999")
    # As in an IBAN, ISO 7064 mod 97-10; the business code (characters 5 to 7) is left out.
    digits = "".join(str(int(character, 36)) for character in creditor_id[7:] + creditor_id[:4])
    if int(digits) % 97 != 1:
        raise ConfigurationError(f"{where}: its check digits are wrong, is it mistyped?")
    return creditor_id


def _cents(where: str, value: object) -> int:
    if not isinstance(value, Decimal):
        raise ConfigurationError(f"{where}: give a Decimal in euro, not {type(value).__name__}")
    if not value.is_finite() or not 0 < value <= _MOST:
        raise ConfigurationError(f"{where}: give more than 0 and at most {_MOST:,} euro")
    exact = Context(prec=15, traps=[Inexact, InvalidOperation])
    try:
        return int(exact.scaleb(exact.quantize(value, Decimal("0.01")), 2))
    except DecimalException:
        raise ConfigurationError(f"{where}: has parts of a cent") from None


def _day(where: str, value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ConfigurationError(f"{where}: give a datetime.date, not {type(value).__name__}")
    return value


def _same_day(where: str, value: object, day: date) -> None:
    if value is not None and _day(where, value) != day:
        raise ConfigurationError(f"{where} is {value} and the file's is {day}: {_SPLIT}, so make one file for each day")


def _moment(value: object) -> str:
    moment = datetime.now(UTC) if value is None else value
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise ConfigurationError("created_at: give a datetime with its time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _flag(where: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{where}: give True or False, not {type(value).__name__}")
    return value


def _one_of(where: str, value: object, allowed: Any) -> str:
    if not isinstance(value, str) or value not in get_args(allowed):
        raise ConfigurationError(f"{where}: give one of {', '.join(get_args(allowed))}")
    return value
