"""What is in a payment file, read before it leaves.

`inspect` tells the facts, `checked` refuses what would be refused or would do harm. Both are pure: bytes in, a value
or a ConfigurationError out, nothing is sent and nothing is fetched. XML is read in one pass by expat, with memory
for one order at a time; a DOCTYPE ends the reading where it begins, so that no entity is ever defined or expanded.

Names and remittance texts are not kept at all, account numbers only as SHA-256. Such a hash hides an account from
whoever glances at a log. It does not hide it from somebody who tries all accounts of a bank: treat it as personal.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from enum import Enum, auto
from functools import reduce
from typing import Literal, TypeAlias
from xml.parsers import expat

from konfipay_async.errors import ConfigurationError

__all__ = ["LARGEST", "FileFacts", "Format", "account_hash", "checked", "inspect", "is_iban"]

Format: TypeAlias = Literal["pain.001", "pain.008", "container", "dtazv"]

LARGEST = 50_000_000
"""Bytes that `checked` lets pass. A bound of ours, against the wrong file: what the API takes is not documented."""


@dataclass(frozen=True, slots=True, repr=False)
class FileFacts:
    """What a payment file says.

    - `format`: None where it is neither a pain message, a container of them nor DTAZV. Such a file has no orders,
      sums, dates and accounts here; DTAZV has none either, it is not read.
    - `sha256` of the bytes, in hex, and their number, `size`.
    - `message_id`: the message's own id; None in a container of several messages.
    - `collections`: the number of ``<PmtInf>``, wherever they stand.
    - `orders` and `control_sum`: counted and summed over the orders, whatever their currencies.
    - `stated_orders` and `stated_control_sum`: what the group headers say, added up; None where one of them is silent.
    - `currencies`, `execution_dates`: all that occur.
    - `own_accounts`: who orders, the debtor of a transfer and the creditor of a direct debit; `counterparties`: the
      other side. Each is an `account_hash`.

    The repr holds counts only.
    """

    format: Format | None
    sha256: str
    size: int
    message_id: str | None = None
    collections: int = 0
    orders: int | None = None
    control_sum: Decimal | None = None
    stated_orders: int | None = None
    stated_control_sum: Decimal | None = None
    currencies: frozenset[str] = frozenset()
    execution_dates: frozenset[date] = frozenset()
    own_accounts: frozenset[str] = frozenset()
    counterparties: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return (
            f"FileFacts(format={self.format!r}, size={self.size}, collections={self.collections}, "
            f"orders={self.orders}, control_sum={self.control_sum}, counterparties={len(self.counterparties)}, "
            f"sha256={self.sha256[:12]}…)"
        )


def account_hash(account: str) -> str:
    """The hash under which an account is known here: SHA-256, in hex, of the IBAN in capitals without white space."""
    return hashlib.sha256("".join(account.split()).upper().encode()).hexdigest()


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN, by its check digits (ISO 7064, mod 97-10); spaces do not matter."""
    iban = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", iban):
        return False
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def inspect(content: bytes) -> FileFacts:
    """Tell what a file holds.

    ConfigurationError where that cannot be told: no bytes, XML with a DOCTYPE, XML that is not well-formed, a pain
    message with an amount, a currency, a date or a number that is none.
    """
    return _inspected(content)[0]


def checked(content: bytes, *, largest: int = LARGEST, several_collections: bool = False) -> FileFacts:
    """Tell what a file holds, if it may be sent; ConfigurationError says why not.

    Refused is, beside what `inspect` cannot read: an empty file, one of more than `largest` bytes, a pain message
    without a collection (``<PmtInf>``) or without an order, a number or sum that the file states and its orders
    contradict, and, unless `several_collections` is set, a file with more than one collection: version 6 of the API
    does not take these (documented). A container counts as a whole, which is inferred. DTAZV and whatever else is no
    XML passes: its format is the server's to judge.
    """
    if isinstance(content, bytes):
        if not content:
            raise ConfigurationError("the payment file is empty")
        if len(content) > largest:
            raise ConfigurationError(
                f"the payment file has {len(content)} bytes and at most {largest} are sent; split it, or is it "
                f"another file than you meant?"
            )
    facts, contradictions = _inspected(content)
    if contradictions:
        raise ConfigurationError(f"the payment file contradicts itself: {'; '.join(contradictions)}; make it anew")
    if facts.collections > 1 and not several_collections:
        raise ConfigurationError(
            f"the payment file has {facts.collections} collections (<PmtInf>), and API version 6 refuses files with "
            f"more than one: split it into files of one collection each, or have its orders extracted"
        )
    if facts.orders is not None and not facts.collections:
        raise ConfigurationError(f"the payment file ({facts.format}) has no collection (<PmtInf>), so nothing to pay")
    if facts.orders == 0:
        raise ConfigurationError(f"the payment file ({facts.format}) has no order in it, so nothing to pay")
    return facts


# White space, a byte order mark and the zero bytes of UTF-16 may come before XML's first character.
_XML_START = re.compile(rb"[\s\x00\xef\xbb\xbf\xfe\xff]*+<")
# A DTAZV file begins with its header: the length of the record, then the letter Q.
_DTAZV_START = b"0256Q"


def _inspected(content: bytes) -> tuple[FileFacts, list[str]]:
    """The facts, and in what the file contradicts itself."""
    if not isinstance(content, bytes):
        raise ConfigurationError(f"a payment file is bytes, as they are in the file; got {type(content).__name__}")
    sha256, size = hashlib.sha256(content).hexdigest(), len(content)
    if not _XML_START.match(content):
        return FileFacts("dtazv" if content.startswith(_DTAZV_START) else None, sha256, size), []
    reading = _Reading()
    reading.read(content)
    messages = reading.messages
    if not messages:
        return FileFacts(None, sha256, size, collections=reading.collections), []
    one = messages[0] if len(messages) == 1 else None
    stated_orders = [message.stated.orders for message in messages if message.stated.orders is not None]
    stated_sums = [message.stated.amount for message in messages if message.stated.amount is not None]
    facts = FileFacts(
        one.kind if one is not None and reading.root == "Document" else "container",
        sha256,
        size,
        message_id=None if one is None else one.message_id,
        collections=reading.collections,
        orders=sum(message.counted.orders for message in messages),
        control_sum=_total(message.counted.amount for message in messages),
        stated_orders=sum(stated_orders) if len(stated_orders) == len(messages) else None,
        stated_control_sum=_total(stated_sums) if len(stated_sums) == len(messages) else None,
        currencies=frozenset().union(*(message.currencies for message in messages)),
        execution_dates=frozenset().union(*(message.execution_dates for message in messages)),
        own_accounts=frozenset().union(*(message.own_accounts for message in messages)),
        counterparties=frozenset().union(*(message.counterparties for message in messages)),
    )
    return facts, reading.contradictions


# --- what stands where in a message ----------------------------------------------------------------------------------

_Path: TypeAlias = tuple[str, ...]


class _Meaning(Enum):
    MESSAGE_ID = auto()
    ORDERS = auto()
    SUM = auto()
    DAY = auto()
    OWN_ACCOUNT = auto()
    AMOUNT = auto()
    COUNTERPARTY = auto()


def _meanings(order: str, day: str, own: str, other: str, amounts: Iterable[_Path]) -> dict[_Path, _Meaning]:
    """Paths below the message's element: the same in every version of a message, and in every namespace."""
    return {
        ("GrpHdr", "MsgId"): _Meaning.MESSAGE_ID,
        ("GrpHdr", "NbOfTxs"): _Meaning.ORDERS,
        ("GrpHdr", "CtrlSum"): _Meaning.SUM,
        ("PmtInf", "NbOfTxs"): _Meaning.ORDERS,
        ("PmtInf", "CtrlSum"): _Meaning.SUM,
        ("PmtInf", day): _Meaning.DAY,
        ("PmtInf", day, "Dt"): _Meaning.DAY,
        ("PmtInf", day, "DtTm"): _Meaning.DAY,
        ("PmtInf", own, "Id", "IBAN"): _Meaning.OWN_ACCOUNT,
        ("PmtInf", own, "Id", "Othr", "Id"): _Meaning.OWN_ACCOUNT,
        **{("PmtInf", order, *amount): _Meaning.AMOUNT for amount in amounts},
        ("PmtInf", order, other, "Id", "IBAN"): _Meaning.COUNTERPARTY,
        ("PmtInf", order, other, "Id", "Othr", "Id"): _Meaning.COUNTERPARTY,
    }


_TRANSFER_AMOUNTS = [("Amt", "InstdAmt"), ("Amt", "EqvtAmt", "Amt")]
_MEANINGS: dict[Format, dict[_Path, _Meaning]] = {
    "pain.001": _meanings("CdtTrfTxInf", "ReqdExctnDt", "DbtrAcct", "CdtrAcct", _TRANSFER_AMOUNTS),
    "pain.008": _meanings("DrctDbtTxInf", "ReqdColltnDt", "CdtrAcct", "DbtrAcct", [("InstdAmt",)]),
}
# The last names of these paths. Most elements of a file are none of them and cost no more than this look.
_LEAVES = frozenset(path[-1] for meanings in _MEANINGS.values() for path in meanings)
_ORDER: dict[Format, str] = {"pain.001": "CdtTrfTxInf", "pain.008": "DrctDbtTxInf"}
# The element that holds a message. Before 2009 it was named like the version.
_TRANSFERS = re.compile(r"CstmrCdtTrfInitn|pain\.001\..*")
_DEBITS = re.compile(r"CstmrDrctDbtInitn|pain\.008\..*")

# Digits as ISO 20022 bounds them; Python's Decimal would read signs, exponents, NaN and other scripts' digits too.
_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{0,5})?")
_SUM = re.compile(r"[0-9]{1,18}(\.[0-9]{0,17})?")
_NUMBER = re.compile(r"[0-9]{1,15}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Wide enough for every digit of every order, whatever context the program has set.
_EXACT = Context(prec=80)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(_EXACT.add, amounts, Decimal(0))


@dataclass(slots=True)
class _Counted:
    orders: int = 0
    amount: Decimal = Decimal(0)

    def add(self, orders: int, amount: Decimal) -> None:
        self.orders += orders
        self.amount = _EXACT.add(self.amount, amount)


@dataclass(slots=True)
class _Stated:
    orders: int | None = None
    amount: Decimal | None = None


@dataclass(slots=True)
class _Message:
    kind: Format
    depth: int  # of its element; the root's is 1
    message_id: str | None = None
    counted: _Counted = field(default_factory=_Counted)
    stated: _Stated = field(default_factory=_Stated)
    currencies: set[str] = field(default_factory=set)
    execution_dates: set[date] = field(default_factory=set)
    own_accounts: set[str] = field(default_factory=set)
    counterparties: set[str] = field(default_factory=set)


class _Reading:
    """One pass over one XML file."""

    def __init__(self) -> None:
        self.root = ""
        self.messages: list[_Message] = []
        self.collections = 0
        self.contradictions: list[str] = []
        self._path: list[str] = []
        self._local: dict[str, str] = {}
        # Where we are: in a message, in a collection, and the amount of the order we are in.
        self._message: _Message | None = None
        self._counted = _Counted()
        self._stated = _Stated()
        self._amount: Decimal | None = None
        # The value we are in: what it means, its currency, and what has come of its text.
        self._meaning: _Meaning | None = None
        self._currency = ""
        self._text: list[str] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, content: bytes) -> None:
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as error:
            raise ConfigurationError(
                f"the payment file is not well-formed XML: {expat.ErrorString(error.code)} in line {error.lineno}; "
                f"was it cut off or re-encoded on its way?"
            ) from None
        except (LookupError, ValueError):
            raise ConfigurationError("the payment file declares an encoding that is not known; make it UTF-8") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = self._local.get(name)
        if local is None:
            local = self._local[name] = name.rpartition(" ")[2]
        path = self._path
        path.append(local)
        message = self._message
        if self._meaning is not None:
            self._start_inside_a_value(self._meaning)
        if local == "PmtInf":
            self.collections += 1
        if message is None:
            self._start_outside(local)
        elif local == "PmtInf" and len(path) == message.depth + 1:
            self._counted, self._stated = _Counted(), _Stated()
        elif local in _LEAVES:
            self._meaning = _MEANINGS[message.kind].get(tuple(path[message.depth :]))
            if self._meaning is not None:
                self._currency = attributes.get("Ccy", "")
                self._text = []
                self._parser.CharacterDataHandler = self._text.append

    def _start_outside(self, local: str) -> None:
        if len(self._path) == 1:
            self.root = local
        if _TRANSFERS.fullmatch(local):
            self._message = _Message("pain.001", depth=len(self._path))
        elif _DEBITS.fullmatch(local):
            self._message = _Message("pain.008", depth=len(self._path))
        if self._message is not None:
            self.messages.append(self._message)

    def _start_inside_a_value(self, meaning: _Meaning) -> None:
        # A day may stand in an element of its own. Of any other value it would depend on the reader what it is.
        if meaning is not _Meaning.DAY:
            raise ConfigurationError(f"the payment file has elements inside a value (<{self._path[-2]}>); make it anew")
        self._ends_value()

    def _ends_value(self) -> None:
        self._meaning = None
        self._parser.CharacterDataHandler = None

    def _end(self, _: str) -> None:
        path, message = self._path, self._message
        if message is not None:
            if self._meaning is not None:
                self._note(message, self._meaning, "".join(self._text).strip())
                self._ends_value()
            below = len(path) - message.depth
            if below == 0:
                self._message_ends(message)
            elif below == 1 and path[-1] == "PmtInf":
                self._collection_ends(message)
            elif below == 2 and path[-1] == _ORDER[message.kind] and path[-2] == "PmtInf":
                self._order_ends(message)
        path.pop()

    def _note(self, message: _Message, meaning: _Meaning, text: str) -> None:
        match meaning:
            case _Meaning.AMOUNT:
                self._note_amount(message, text)
            case _Meaning.COUNTERPARTY:
                message.counterparties.add(account_hash(text))
            case _Meaning.OWN_ACCOUNT:
                message.own_accounts.add(account_hash(text))
            case _Meaning.DAY:
                message.execution_dates.add(_day(text))
            case _Meaning.MESSAGE_ID:
                message.message_id = text or None
            case _Meaning.ORDERS:
                if not _NUMBER.fullmatch(text):
                    raise ConfigurationError("the payment file states a number of orders that is none (<NbOfTxs>)")
                self._states(message).orders = int(text)
            case _Meaning.SUM:
                if not _SUM.fullmatch(text):
                    raise ConfigurationError("the payment file states a control sum that is none (<CtrlSum>)")
                self._states(message).amount = Decimal(text)

    def _states(self, message: _Message) -> _Stated:
        return message.stated if self._path[message.depth] == "GrpHdr" else self._stated

    def _note_amount(self, message: _Message, text: str) -> None:
        if not _AMOUNT.fullmatch(text):
            raise ConfigurationError(
                f"the payment file's {self._this_order(message)} has an amount that is none: it takes up to 18 "
                f"digits and 5 more after a point, and no sign"
            )
        if not _CURRENCY.fullmatch(self._currency):
            raise ConfigurationError(
                f"the payment file's {self._this_order(message)} has an amount without a currency of three letters"
            )
        if self._amount is not None:
            raise ConfigurationError(f"the payment file's {self._this_order(message)} has more than one amount")
        self._amount = Decimal(text)
        message.currencies.add(self._currency)

    def _order_ends(self, message: _Message) -> None:
        amount, self._amount = self._amount, None
        if amount is None:
            raise ConfigurationError(f"the payment file's {self._this_order(message)} has no amount")
        self._counted.add(1, amount)

    def _collection_ends(self, message: _Message) -> None:
        self._compare("a collection", self._stated, self._counted)
        message.counted.add(self._counted.orders, self._counted.amount)

    def _message_ends(self, message: _Message) -> None:
        self._compare("the group header", message.stated, message.counted)
        self._message = None

    def _compare(self, what: str, stated: _Stated, counted: _Counted) -> None:
        if stated.orders is not None and stated.orders != counted.orders:
            self.contradictions.append(f"{what} states {stated.orders} orders and there are {counted.orders}")
        if stated.amount is not None and stated.amount != counted.amount:
            self.contradictions.append(f"{what} states the sum {stated.amount} and the orders make {counted.amount}")

    def _this_order(self, message: _Message) -> str:
        return f"order {message.counted.orders + self._counted.orders + 1}"


def _refuse_doctype(*_: object) -> None:
    raise ConfigurationError(
        "the payment file has a DOCTYPE declaration, which no payment file needs and which can define entities that "
        "grow without bound or read files; make it without"
    )


def _day(text: str) -> date:
    try:
        if _DAY.match(text):  # a time or a time zone may follow
            return date.fromisoformat(text[:10])
    except ValueError:
        pass
    raise ConfigurationError("the payment file has an execution date that is none; it is written yyyy-mm-dd")
