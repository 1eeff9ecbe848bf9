"""Payment files and payments (single orders) of one sandbox, and what went to the bank. Knows no HTTP.

All of it is in memory. A file's orders are payments too: they can be listed by the file (seen in public code). A
payment is open while it is in no file. Once it is in one, nobody can change it, whatever becomes of the file
(documented).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Final

import msgspec

from konfipay_async.sandbox.konfipay.banks import Account, make_uuid
from konfipay_async.sandbox.konfipay.german_time import german_time
from konfipay_async.sandbox.konfipay.payment_reading import Order, PaymentDocument
from konfipay_async.sandbox.konfipay.payment_status import (
    REJECTED,
    STORED,
    WITH_ORDER_ID,
    PaymentStatus,
    StatusPath,
    usual_status,
)
from konfipay_async.sandbox.konfipay.queries import BadParameterError

__all__ = ["Batch", "Payment", "PaymentBook", "PaymentFile", "Transmission"]

_UNKNOWN_ACCOUNT: Final = ("ERR-04-0009", "UnknownBankAccount")
"""Name and number were seen in public code, with status 400."""
_ORDER_ID_SIGNS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True)
class Transmission:
    """One payment file on its way to the bank; sent again with force, the same file is a further one.

    `sha256` is that of the file's bytes, of a file that konfipay makes from payments that of its orders.
    `payment_rids` are the orders in it, `number_of_orders` as many, `sum_of_orders` their amounts, whatever the
    currency. `batch_booking` is None where nobody said. `at` is the sandbox's clock, in seconds. What a bank answers
    later does not matter here: an upload that fails is a transmission too. A file that konfipay itself rejects is none.
    """

    payment_file_rid: str
    message_id: str
    sha256: str
    payment_rids: tuple[str, ...]
    number_of_orders: int
    sum_of_orders: Decimal
    batch_booking: bool | None
    at: float


@dataclass(frozen=True, slots=True)
class Batch:
    """What came in together. `size` is how many came, also after some were deleted (inferred)."""

    rid: str
    size: int


@dataclass(slots=True, eq=False, repr=False)
class PaymentFile:
    """A payment file. `held` is a status that stays until the file is sent (again); a stored one has none."""

    rid: str
    created: datetime
    account: Account
    document: PaymentDocument
    sha256: str
    payments: tuple["Payment", ...] = ()
    held: PaymentStatus | None = None
    sent_at: float | None = None
    order_id: str = ""
    reads: int = 0

    @property
    def is_stored(self) -> bool:
        """Whether it waits to be sent for the first time."""
        return self.sent_at is None and self.held is None


@dataclass(slots=True, eq=False, repr=False)
class Payment:
    """A single order. `account` is the ordering one as it was when the order came, `own_name` what it was called."""

    rid: str
    created: datetime
    batch: Batch
    account: Account
    own_name: str | None
    order: Order
    file: PaymentFile | None = None


class PaymentBook:
    """Everything of the payments. `accounts` are looked at each time, so they may change.

    With `duplicate_check` a file is rejected when the same bytes came before and were not rejected then.
    """

    def __init__(
        self,
        accounts: Sequence[Account],
        path: StatusPath,
        *,
        duplicate_check: bool,
        seed: int,
        start: float,
    ) -> None:
        self.files: dict[str, PaymentFile] = {}
        self.payments: dict[str, Payment] = {}
        self.transmissions: list[Transmission] = []
        self._accounts = accounts
        self._path = path
        self._duplicate_check = duplicate_check
        self._seed = seed
        self._epoch = datetime.now(UTC) - timedelta(seconds=start)
        self._numbers = count(1)

    # Accounts

    def account_with(self, rid: str | None, iban: str | None, currency: str | None, wanted: str | None) -> Account:
        """The account that fits all of rId, IBAN and currency, as far as they are given.

        Two accounts may share an IBAN (documented); then one in the `wanted` currency comes first. No account is a
        BadParameterError: error 04-0009.
        """
        plain = None if iban is None else _plain(iban)
        fitting = [
            account
            for account in self._accounts
            if (rid is None or account.rid == rid.lower())
            and plain in (None, _plain(account.iban))
            and currency in (None, account.currency)
        ]
        if not fitting or (rid is None and iban is None):
            raise BadParameterError(_UNKNOWN_ACCOUNT, "The ordering account is none of this client's.")
        return next((account for account in fitting if account.currency == wanted), fitting[0])

    def _account_of(self, document: PaymentDocument) -> Account:
        return self.account_with(None, document.own_iban, document.own_currency, document.orders[0].currency)

    def _account_now(self, account: Account) -> Account:
        return self.account_with(account.rid, None, None, None)

    # What comes in

    def store(self, document: PaymentDocument, content: bytes, at: float) -> PaymentFile:
        """Keep a file, with a payment for each of its orders; not sent yet, and perhaps rejected already."""
        account = self._account_of(document)
        file = PaymentFile(
            self._rid("payment-file"), self._wall(at), account, document, hashlib.sha256(content).hexdigest()
        )
        file.held = _rejection(document, account)
        if self._duplicate_check and file.held is None and self._came_before(file.sha256):
            file.held = _rejected("DoubleSubmission", "The same file was submitted before.")
        self.files[file.rid] = file
        _assign(file, self.extract(document, at))
        return file

    def _came_before(self, sha256: str) -> bool:
        return any(
            file.sha256 == sha256 and (file.held is None or file.held.value != REJECTED) for file in self.files.values()
        )

    def extract(self, document: PaymentDocument, at: float) -> list[Payment]:
        """Open payments from the orders of a file, which is not kept."""
        account = self._account_of(document)
        return self.add([(account, document.own_name, order) for order in document.orders], at)

    def add(self, rows: Sequence[tuple[Account, str | None, Order]], at: float) -> list[Payment]:
        """Open payments, as a batch: each the ordering account, what it is called, and the order."""
        batch = Batch(self._rid("batch"), len(rows))
        created = self._wall(at)
        added = [Payment(self._rid("payment"), created, batch, account, name, order) for account, name, order in rows]
        self.payments.update((payment.rid, payment) for payment in added)
        return added

    def bundle(self, payments: Sequence[Payment], batch_booking: bool, at: float) -> list[PaymentFile]:
        """Files for these open payments: one for each ordering account, type and execution date (inferred).

        If one of the accounts is gone, that is a BadParameterError, and all payments stay open.
        """
        groups: dict[tuple[str, str, date], list[Payment]] = {}
        accounts = {payment.account.rid: self._account_now(payment.account) for payment in payments}
        for payment in payments:
            key = (payment.account.rid, payment.order.type, payment.order.execution_date)
            groups.setdefault(key, []).append(payment)
        return [
            self._bundle_one(accounts[rid], type_, day, members, batch_booking, at)
            for (rid, type_, day), members in groups.items()
        ]

    def _bundle_one(
        self, account: Account, type_: str, day: date, payments: list[Payment], batch_booking: bool, at: float
    ) -> PaymentFile:
        orders = tuple(payment.order for payment in payments)
        document = PaymentDocument(
            format="pain.008" if type_ == "DD" else "pain.001",
            message_id=f"KONFIPAY-{next(self._numbers)}",
            payment_type=type_,
            execution_date=day,
            own_iban=account.iban,
            own_name=account.holder,
            own_currency=account.currency,
            batch_booking=batch_booking,
            orders=orders,
            problem=None,
        )
        digest = hashlib.sha256(msgspec.json.encode(orders)).hexdigest()
        file = PaymentFile(self._rid("payment-file"), self._wall(at), account, document, digest)
        self.files[file.rid] = file
        _assign(file, payments)
        return file

    # What goes out

    def transmit(self, file: PaymentFile, at: float) -> None:
        """Send the file to the bank, whatever happened to it before, unless konfipay rejects it.

        If its account is gone, that is a BadParameterError, and nothing changes.
        """
        file.account = self._account_now(file.account)
        file.held = _rejection(file.document, file.account)
        if file.held is None and self._path.first == REJECTED:
            file.held = usual_status(REJECTED)
        if file.held is not None:
            return
        file.sent_at, file.reads = at, 0
        file.order_id = self._order_id()
        self.transmissions.append(
            Transmission(
                payment_file_rid=file.rid,
                message_id=file.document.message_id,
                sha256=file.sha256,
                payment_rids=tuple(payment.rid for payment in file.payments),
                number_of_orders=len(file.document.orders),
                sum_of_orders=sum((order.amount for order in file.document.orders), Decimal()),
                batch_booking=file.document.batch_booking,
                at=at,
            )
        )

    def _order_id(self) -> str:
        """Four signs, the first one a letter, none like the one before (a sample has A1BC)."""
        number, text = len(self.transmissions) + 36**3 * 13, ""
        for _ in range(3):
            number, sign = divmod(number, 36)
            text = _ORDER_ID_SIGNS[sign] + text
        return _ORDER_ID_SIGNS[number % 26] + text

    # What is seen

    def status_at(self, file: PaymentFile, at: float) -> PaymentStatus:
        """The file's status then."""
        if file.held is not None:
            return file.held
        if file.sent_at is None:
            return usual_status(STORED)
        return usual_status(self._path.at(at - file.sent_at, file.reads))

    def hold(self, rid: str, status: PaymentStatus) -> None:
        """The file has this status until it is sent again. An unknown rId is a ValueError."""
        if rid not in self.files:
            raise ValueError(f"there is no payment file {rid!r} in this sandbox")
        self.files[rid].held = status

    def info(self, file: PaymentFile, at: float) -> dict[str, object]:
        """The file as it is served (documented)."""
        return {
            "rId": file.rid,
            "timestamp": file.created.isoformat(),
            "format": file.document.format,
            "executionDate": file.document.execution_date.isoformat(),
            "paymentType": file.document.payment_type,
            "status": self._shown_status(file, at),
        }

    def _shown_status(self, file: PaymentFile, at: float) -> dict[str, object]:
        status = self.status_at(file, at)
        fields: dict[str, object] = {"statusValue": status.value}
        if status.value in WITH_ORDER_ID and file.sent_at is not None:
            fields |= {"uploadTimestamp": self._wall(file.sent_at).isoformat(), "orderID": file.order_id}
        explained = {
            "reasonCode": status.reason_code,
            "reason": status.reason,
            "additionalInformation": status.additional_information,
        }
        fields |= {name: text for name, text in explained.items() if text is not None}
        if status.error is not None:
            name, details = status.error
            fields["error"] = {
                "errorCode": "ERR-00-0000",
                "errorMessage": name,
                "errorDetails": details,
                "timestamp": file.created.isoformat(),
            }
        return fields

    def shown_payment(self, payment: Payment, at: float) -> dict[str, object]:
        """The payment as it is served (documented); `bic` is inferred."""
        order = payment.order
        transaction = {
            "type": order.type,
            "amount": msgspec.Raw(f"{order.amount:f}".encode()),
            "currency": order.currency,
            "country": order.country,
            "executionDate": order.execution_date.isoformat(),
            "endToEndId": order.end_to_end_id,
            "purposeCode": order.purpose_code,
            "chargeBearer": order.charge_bearer,
            "instrId": order.instr_id,
            "rmtInfoUStrd": order.remittance,
        }
        other = {
            "rId": make_uuid("other", self._seed, order.other_iban),
            "iban": order.other_iban,
            "bic": order.other_bic,
            "description": order.other_name,
        }
        shown: dict[str, object] = {
            "rId": payment.rid,
            "timestamp": payment.created.isoformat(),
            "batch": {"rId": payment.batch.rid, "numberOfElements": payment.batch.size},
            "transaction": _present(transaction),
            "initPartyBankAccount": {
                "rId": payment.account.rid,
                "iban": payment.account.iban,
                "description": payment.own_name or payment.account.description,
            },
            "otherPartyBankAccount": _present(other),
        }
        if payment.file is not None:
            shown["paymentFile"] = self.info(payment.file, at)
        return shown

    def _rid(self, kind: str) -> str:
        return make_uuid(kind, self._seed, next(self._numbers))

    def _wall(self, at: float) -> datetime:
        return german_time(self._epoch + timedelta(seconds=at))


def _assign(file: PaymentFile, payments: Sequence[Payment]) -> None:
    file.payments = tuple(payments)
    for payment in payments:
        payment.file = file


def _plain(iban: str) -> str:
    return "".join(iban.split()).upper()


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _rejected(name: str, details: str) -> PaymentStatus:
    return PaymentStatus(REJECTED, error=(name, details))


def _rejection(document: PaymentDocument, account: Account) -> PaymentStatus | None:
    if document.problem is not None:
        return _rejected("InvalidPaymentFile", f"{document.problem}.")
    if not account.is_active:
        return _rejected("InactiveBankAccount", "The ordering account is inactive.")
    return None
