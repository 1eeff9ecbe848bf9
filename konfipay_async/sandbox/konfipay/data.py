"""Bookings as a pure function of the seed and the row number. Nothing is stored: a row is made when it is served.

Row numbers grow with time. Working day ``d`` (Monday to Friday, from 3 January 2022) has the ``2 d + 1`` rows from
``d * d`` on, so a thousand rows cover a month and a half and a million almost four years, and the first row of a
date is known without a search. The filterable facts (account, direction, amount) are single bytes of a stream
drawn from the seed, so that a filter over a million rows does not have to make any of them.

Amounts are whole cents all the way; the JSON number is written from them and never goes through a float.
"""

import hashlib
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Literal

import msgspec

from konfipay_async.sandbox.konfipay.banks import Account, make_accounts, make_parties, make_uuid
from konfipay_async.sandbox.konfipay.texts import BOOKING_TEXTS, PURPOSES
from konfipay_async.sandbox.konfipay.times import FIRST_DAY, stamp, working_day

__all__ = ["MOST_ACCOUNTS", "MOST_ROWS", "Criteria", "Ledger", "Parent", "amount_text", "file_rid", "first_row_of"]

Parent = Literal["document", "transactionFile"]

MOST_ROWS: Final = 20_000_000
MOST_ACCOUNTS: Final = 200
"""The account is one byte of the stream modulo the number of accounts; above that some would be rare."""

_WIDTH: Final = 40
"""Bytes of the stream for each row; what stands where is written in `Ledger.json`."""
_BLOCK: Final = 256
"""Rows for which the stream is drawn at once."""
_CREDITS: Final = 160
"""A row is a credit when its direction byte is below: five rows in eight."""
_HAS_REFERENCE: Final = 0x10
"""The bit of byte 12 that gives a row a customer reference."""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


@lru_cache(maxsize=256)
def _stream(seed: int, block: int) -> bytes:
    return hashlib.shake_128(f"rows|{seed}|{block}".encode()).digest(_BLOCK * _WIDTH)


@lru_cache(maxsize=1024)
def _date_and_offset(number: int) -> tuple[str, str]:
    day = working_day(number)
    return day.isoformat(), stamp(day, "")[-6:]


def first_row_of(day: date) -> int:
    """The number of the first row that is booked on that date or later."""
    elapsed = (day - FIRST_DAY).days
    if elapsed <= 0:
        return 0
    week, weekday = divmod(elapsed, 7)
    return int((week * 5 + min(weekday, 5)) ** 2)


def file_rid(seed: int, account: int, day: int, name: str) -> str:
    """The rId of the file of that account, working day and format, which a row of that day refers to."""
    return make_uuid("file", seed, account, day, name)


def _cents(tier: int, high: int, low: int) -> int:
    value = high << 8 | low
    if tier < 96:
        cents = 100 + (value >> 3)
    elif tier < 200:
        cents = 1_000 + value
    elif tier < 250:
        cents = 50_000 + value * 17
    else:
        cents = 1_000_000 + value * 1_531
    return cents // 100 * 100 if tier % 16 == 5 else cents


def amount_text(cents: int) -> str:
    """Cents as a JSON number with exact digits: 500, 10.90, -0.05."""
    units, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{units}.{rest:02d}" if rest else f"{sign}{units}"


def _remittance(kind: int, number: bytes) -> str:
    before, after = PURPOSES[kind & 7]
    return f"{before}{int.from_bytes(number, 'big') % 1_000_000:06d}{after}"


def _reference(byte: int) -> str:
    return f"KD-{10000 + byte * 7}"


def _always(account: int, day: int, pending: bool) -> bool:
    return True


def _by_byte(column: int, table: list[bool]) -> Callable[[bytes], bytes]:
    """A test of one byte of each row; `table` has the result for each value."""
    results = bytes(table)
    return lambda stream: stream[column::_WIDTH].translate(results)


def _by_bytes(first: int, end: int, test: Callable[..., bool]) -> Callable[[bytes], bytes]:
    """A test of the bytes of each row from column `first` to before `end`."""
    return lambda stream: bytes(
        test(*columns) for columns in zip(*(stream[column::_WIDTH] for column in range(first, end)), strict=True)
    )


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a row must be. None (and 0 for `first_row`) is no condition. Amounts are cents, both ends included.

    The texts are in small letters (casefold), and a row must contain them.
    """

    accounts: frozenset[int] | None = None
    credit: bool | None = None
    pending: bool | None = None
    first_row: int = 0
    end_row: int | None = None
    min_cents: int | None = None
    max_cents: int | None = None
    remittance: str | None = None
    reference: str | None = None
    booking_text: str | None = None


class Ledger:
    """The rows of one seed, and the accounts they are booked on."""

    def __init__(self, seed: int, accounts: int, parent: Parent = "document") -> None:
        self.seed = seed
        self.accounts: tuple[Account, ...] = make_accounts(seed, accounts)
        self._parent_name = parent
        self._parties = {
            country: tuple(
                (_json(party.name), f'"iban":"{party.iban}",', f'"bic":"{party.bic}",')
                for party in make_parties(seed, country)
            )
            for country in ("DE", "CH")
        }
        self._bank_accounts = tuple(
            f'"bankAccount":{{"rId":"{account.rid}","iban":"{account.iban}","currency":"{account.currency}"}}}}'
            for account in self.accounts
        )
        self._parent: Callable[[int, int, bool, bool], str] = lru_cache(maxsize=2048)(self._make_parent)

    def _bytes(self, row: int) -> bytes:
        block, index = divmod(row, _BLOCK)
        return _stream(self.seed, block)[index * _WIDTH : (index + 1) * _WIDTH]

    def rid(self, row: int) -> str:
        """The row's rId, a valid version 4 UUID. The row number can be found from it again, see `row_of`."""
        return self._rid(row, self._bytes(row)[28:40])

    def _rid(self, row: int, tail: bytes) -> str:
        # Version and variant sit in bytes 6 and 8 of a UUID, which are 2 and 4 of the part after the first four.
        tail = bytes((*tail[:2], tail[2] & 0x0F | 0x40, tail[3], tail[4] & 0x3F | 0x80, *tail[5:]))
        text = tail.hex()
        head = row ^ zlib.crc32(tail, self.seed & 0xFFFFFFFF)
        return f"{head:08x}-{text[:4]}-{text[4:8]}-{text[8:12]}-{text[12:]}"

    def row_of(self, rid: str, rows: int) -> int | None:
        """The number of the row with this rId, None when none of the first `rows` rows has it."""
        try:
            raw = bytes.fromhex(rid.replace("-", ""))
        except ValueError:
            return None
        if len(raw) != 16:
            return None
        row = int.from_bytes(raw[:4], "big") ^ zlib.crc32(raw[4:], self.seed & 0xFFFFFFFF)
        return row if row < rows and self.rid(row) == rid.lower() else None

    def account_of(self, row: int) -> int:
        """The index of the account the row is booked on."""
        return self._bytes(row)[0] % len(self.accounts)

    def matches(self, criteria: Criteria, pending: bytearray, first: int, end: int) -> bytearray:
        """One byte (0 or 1) for each row from `first` to before `end`; `pending` has a byte for every row."""
        conditions: list[bytes | bytearray] = []
        if criteria.first_row > 0 or criteria.end_row is not None:
            begin = min(max(criteria.first_row, first), end)
            stop = min(max(end if criteria.end_row is None else criteria.end_row, begin), end)
            conditions.append(bytes(begin - first) + b"\x01" * (stop - begin) + bytes(end - stop))
        if criteria.pending is not None:
            part = pending[first:end]
            conditions.append(part if criteria.pending else part.translate(bytes((1, 0)) + bytes(254)))
        begin, skip = first // _BLOCK, first % _BLOCK
        for test in self._tests(criteria):
            found = b"".join(test(_stream(self.seed, block)) for block in range(begin, -(-end // _BLOCK)))
            conditions.append(found[skip : skip + end - first])
        if not conditions:
            return bytearray(b"\x01" * (end - first))
        every = int.from_bytes(conditions[0], "little")
        for condition in conditions[1:]:
            every &= int.from_bytes(condition, "little")
        return bytearray(every.to_bytes(end - first, "little"))

    def _tests(self, criteria: Criteria) -> Iterator[Callable[[bytes], bytes]]:
        """Functions that make a piece of the stream into one byte (0 or 1) for each of its rows."""
        count = len(self.accounts)
        if criteria.accounts is not None:
            yield _by_byte(0, [byte % count in criteria.accounts for byte in range(256)])
        if criteria.credit is not None:
            yield _by_byte(1, [(byte < _CREDITS) == criteria.credit for byte in range(256)])
        if criteria.min_cents is not None or criteria.max_cents is not None:
            low = 0 if criteria.min_cents is None else criteria.min_cents
            high = math.inf if criteria.max_cents is None else criteria.max_cents
            yield _by_bytes(2, 5, lambda tier, high_byte, low_byte: low <= _cents(tier, high_byte, low_byte) <= high)
        text = criteria.remittance
        if text is not None:
            yield _by_bytes(7, 12, lambda kind, *number: text in _remittance(kind, bytes(number)).casefold())
        if criteria.reference is not None:
            yield _by_byte(12, [bool(byte & _HAS_REFERENCE) for byte in range(256)])
            yield _by_byte(15, [criteria.reference in _reference(byte).casefold() for byte in range(256)])
        if criteria.booking_text is not None:
            having = {
                kind: [criteria.booking_text in text.casefold() for text in texts]
                for kind, texts in BOOKING_TEXTS.items()
            }
            accounts = [self.accounts[byte % count].country for byte in range(256)]
            yield lambda stream: bytes(
                having[accounts[account], direction < _CREDITS][kind & 7]
                for account, direction, kind in zip(
                    stream[0::_WIDTH], stream[1::_WIDTH], stream[6::_WIDTH], strict=True
                )
            )

    def json(
        self, row: int, *, is_new: bool, pending: bool, file_is_new: Callable[[int, int, bool], bool] = _always
    ) -> str:
        """The row as it is served: the fields of a transaction (API version 6, documented and seen in public code).

        A pending row comes from an intraday report (camt.052) and lacks some of the optional fields. `file_is_new`
        says for an account, a working day and "pending" whether the file with such rows is new.
        """
        b = self._bytes(row)
        account_index = b[0] % len(self.accounts)
        account = self.accounts[account_index]
        credit = b[1] < _CREDITS
        name, iban, bic = self._parties[account.country][b[5] & 127]
        booking_text = BOOKING_TEXTS[account.country, credit][b[6] & 7]
        number = int.from_bytes(b[8:12], "big")
        optional, end_to_end = b[12], b[13]
        day = math.isqrt(row)
        day_text, offset = _date_and_offset(day)
        # Fourteen hours from six in the morning, shared out among the day's rows.
        seconds = 21_600 + (row - day * day) * 50_400 // (2 * day + 1)
        clock = f"T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        booked_at = f"{day_text}{clock}{offset}"
        value_at = booked_at
        if optional & 0x60 == 0x60:
            value_day, value_offset = _date_and_offset(day + 1)
            value_at = f"{value_day}{clock}{value_offset}"
        if pending:
            name_field = "" if optional & 1 else f'"name":{name},'
            if optional & 2:
                iban = bic = ""
            reference = "" if optional & 4 else f'"bankReference":"{number:012d}",'
            prima_nota = identification = end_to_end_field = ""
        else:
            name_field = f'"name":{name},'
            if optional & 7 == 0:
                bic = ""
            reference = f'"bankReference":"{number:012d}",'
            prima_nota = f'"primaNota":"{9300 + (b[14] & 63)}",'
            identification = "" if credit and optional & 8 else f'"paymentIdentificationId":"konfipay-1-{11111 + row}",'
            if end_to_end < 80:
                end_to_end_field = '"endToEndId":"NOTPROVIDED",'
            elif end_to_end < 100:
                end_to_end_field = '"endToEndId":null,'
            else:
                end_to_end_field = f'"endToEndId":"E2E-{day_text}-{number:010d}",'
        customer = f'"customerReference":"{_reference(b[15])}",' if optional & _HAS_REFERENCE else ""
        parent = self._parent(account_index, day, pending, file_is_new(account_index, day, pending))
        return (
            f'{{"rId":"{self._rid(row, b[28:40])}","timestamp":"{booked_at}",'
            f'"amount":{amount_text(_cents(b[2], b[3], b[4]))},"currency":"{account.currency}",'
            f'"creditDebitIndicator":"{"CRDT" if credit else "DBIT"}","electronicSequenceNumber":"{day + 1}",'
            f'{name_field}{iban}{bic}"bookingText":"{booking_text}",'
            f'"purpose":"{_remittance(b[7], b[8:12])}","bookingDate":"{booked_at}",'
            f'"valueDate":"{value_at}","isNew":{"true" if is_new else "false"},'
            f"{reference}{identification}{prima_nota}{end_to_end_field}{customer}"
            f"{parent}{self._bank_accounts[account_index]}"
        )

    def _make_parent(self, account: int, day: int, pending: bool, is_new: bool) -> str:
        """The file the row comes from. Acknowledging rows does not touch the file's own isNew flag here (whether it
        does in reality is not documented).
        """
        day_text, offset = _date_and_offset(day)
        report = "camt.052" if pending else "camt.053"
        rid = file_rid(self.seed, account, day, report)
        if self._parent_name == "document":
            new = "true" if is_new else "false"
            return f'"document":{{"rId":"{rid}","timestamp":"{day_text}","isNew":{new},"format":"{report}"}},'
        return (
            f'"transactionFile":{{"rId":"{rid}","timestamp":"{day_text}T20:30:00{offset}","format":"{report}",'
            f'"legalSequenceNumber":{day + 1},"electronicSequenceNumber":{day + 1}}},'
        )
