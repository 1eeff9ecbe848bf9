"""Made-up objects, each a pure function of the seed, its service and its number. Nobody and nothing in them exists.

A transaction, its refund, completion and so on find each other by numbers: of the transactions the first in ten is
fulfilled and has a charge attempt, a completion, an invoice and a refund, and the second in ten is voided and has that.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Self

__all__ = ["IdOf", "count_of", "make"]

_FIRST_DAY: Final = date(2024, 1, 1)
"""When the first of everything was created; the others follow every ten minutes."""
_STEP: Final = 600

IdOf = Callable[[str, int], int]
"""Gives the id of the object of a service with this number, in the same space."""

_FOLLOWERS: Final = {
    "/payment/bank-transactions": 0,
    "/payment/bank-transactions/charges": 0,
    "/payment/bank-transactions/refunds": 0,
    "/payment/charge-attempts": 0,
    "/payment/charges": 0,
    "/payment/delivery-indications": 0,
    "/payment/refunds": 0,
    "/payment/transactions/completions": 0,
    "/payment/transactions/invoices": 0,
    "/payment/transactions/line-item-versions": 0,
    "/payment/transactions/voids": 1,
}
"""What every tenth transaction has, and which of ten that is."""
_FEW: Final = 5


def count_of(base: str, transactions: int) -> int:
    """How many objects of a service there are beside so many transactions."""
    if base in ("/payment/transactions", "/payment/transaction-groups"):
        return transactions
    return (transactions + 9 - _FOLLOWERS[base]) // 10 if base in _FOLLOWERS else _FEW


_GIVEN: Final = ("Anna", "Ben", "Chiara", "David", "Eva", "Felix", "Greta", "Hannes", "Ida", "Jonas", "Zoë", "Łukasz")
_FAMILY: Final = ("Muster", "Beispiel", "Fröhlich", "Example", "Probst", "Testa", "Öztürk", "Sample", "D’Essai", "Ähr")
_STREETS: Final = ("Musterweg", "Beispielgasse", "Teststrasse", "Rue de l’Exemple")
_TOWNS: Final = (("Winterthur", "8400", "CH"), ("Bern", "3011", "CH"), ("Köln", "50667", "DE"), ("Wien", "1010", "AT"))
_GOODS: Final = ("Notebook, dotted", "Poster A2", "Ink, blue", "Ruler", "Lamp", "Stool")
_CURRENCIES: Final = ("CHF", "EUR", "CHF", "EUR", "CHF", "USD")
_STATES: Final = (
    *("FULFILL", "VOIDED", "FULFILL", "COMPLETED", "AUTHORIZED"),
    *("FULFILL", "FAILED", "FULFILL", "CONFIRMED", "PENDING"),
)


@lru_cache
def _day(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


@dataclass(frozen=True, slots=True)
class _Draw:
    """What an object is made from: bytes that are always the same for it."""

    seed: int
    base: str
    space: int | None
    number: int
    id_of: IdOf
    raw: bytes

    @classmethod
    def of(cls, seed: int, base: str, space: int | None, number: int, id_of: IdOf) -> Self:
        raw = hashlib.blake2b(f"{seed}|{base}|{space}|{number}".encode(), digest_size=32).digest()
        return cls(seed, base, space, number, id_of, raw)

    def transaction(self) -> Self:
        """Of the transaction that this object belongs to."""
        base = "/payment/transactions"
        return self.of(self.seed, base, self.space, self.number * 10 + _FOLLOWERS[self.base], self.id_of)

    @property
    def id(self) -> int:
        return self.id_of(self.base, self.number)

    @property
    def stub(self) -> dict[str, int]:
        return {"id": self.id}

    def link(self, base: str, number: int) -> dict[str, int]:
        """A stub of another object."""
        return {"id": self.id_of(base, number)}

    def pick(self, place: int, choices: tuple[Any, ...]) -> Any:
        """One of the choices."""
        return choices[self.raw[place] % len(choices)]

    def amount(self, place: int) -> Decimal:
        """An amount of 1.00 to 656.35."""
        return Decimal(100 + (self.raw[place] << 8 | self.raw[place + 1])).scaleb(-2)

    def moment(self, later: int = 0) -> str:
        """When it was created, or so many seconds later."""
        day, seconds = divmod(self.number * _STEP + later, 86_400)
        minutes, second = divmod(seconds, 60)
        return f"{_day(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.000Z"

    def text(self, place: int) -> str:
        """Eight letters and digits."""
        return self.raw[place : place + 4].hex()


def make(seed: int, base: str, number: int, id_: int, space: int | None, id_of: IdOf) -> dict[str, Any]:
    """The object of this service with this number and id. `space` is None for what is in no space."""
    draw = _Draw.of(seed, base, space, number, id_of)
    common: dict[str, Any] = {"id": id_, "version": 1 + draw.raw[31] % 5, "createdOn": draw.moment()}
    if space is not None:
        common["linkedSpaceId"] = space
    return common | _MAKERS.get(base, _plain)(draw)


def _plain(draw: _Draw) -> dict[str, Any]:
    return {"name": f"Sample {draw.number + 1}", "state": "ACTIVE"}


def _person(draw: _Draw) -> dict[str, Any]:
    town, postcode, country = draw.pick(5, _TOWNS)
    given, family = draw.pick(3, _GIVEN), draw.pick(4, _FAMILY)
    return {
        "givenName": given,
        "familyName": family,
        "street": f"{draw.pick(6, _STREETS)} {draw.raw[7] % 90 + 1}",
        "postcode": postcode,
        "city": town,
        "country": country,
        "emailAddress": f"{draw.text(8)}@example.com",
    }


def _line_item(draw: _Draw, amount: Decimal) -> dict[str, Any]:
    tax = (amount * 81 / 1081).quantize(Decimal("0.01"))
    return {
        "uniqueId": f"item-{draw.text(12)}",
        "name": draw.pick(12, _GOODS),
        "sku": draw.text(12),
        "type": "PRODUCT",
        "quantity": 1 + draw.raw[13] % 3,
        "amountIncludingTax": amount,
        "amountExcludingTax": amount - tax,
        "taxAmount": tax,
        "taxes": [{"title": "VAT", "rate": Decimal("8.1")}],
        "shippingRequired": True,
    }


def _transaction(draw: _Draw) -> dict[str, Any]:
    amount, currency = draw.amount(1), draw.pick(0, _CURRENCIES)
    state = _STATES[draw.number % 10]
    address = _person(draw)
    made = {
        "state": state,
        "currency": currency,
        "authorizationAmount": amount,
        "completedAmount": amount if state in ("COMPLETED", "FULFILL") else Decimal(0),
        "refundedAmount": _refunded(amount) if draw.number % 10 == 0 else Decimal(0),
        "totalAppliedFees": Decimal(0),
        "totalSettledAmount": Decimal(0),
        "merchantReference": f"order-{draw.number + 1:06d}",
        "customerId": f"c-{draw.raw[14]:03d}",
        "customerEmailAddress": address["emailAddress"],
        "language": "de-CH",
        "timeZone": "Europe/Zurich",
        "environment": "LIVE",
        "completionBehavior": "COMPLETE_DEFERRED",
        "customersPresence": "VIRTUAL_PRESENT",
        "autoConfirmationEnabled": True,
        "chargeRetryEnabled": True,
        "group": draw.link("/payment/transaction-groups", draw.number),
        "paymentConnectorConfiguration": draw.link("/payment/connector-configurations", draw.raw[15] % 3),
        "billingAddress": address,
        "lineItems": [_line_item(draw, amount)],
        "metaData": {"shop": draw.pick(16, ("north", "south")), "basket": draw.text(17)},
    }
    if state in ("AUTHORIZED", "COMPLETED", "FULFILL", "VOIDED"):
        made |= {"confirmedOn": draw.moment(20), "processingOn": draw.moment(21), "authorizedOn": draw.moment(24)}
    if state in ("COMPLETED", "FULFILL"):
        made["completedOn"] = draw.moment(60)
    if state == "FAILED":
        made |= {"failedOn": draw.moment(30), "userFailureMessage": "The payment was declined."}
        made["failureReason"] = {"id": 1, "category": "END_USER", "name": {"en-US": "Declined"}}
    return made


def _refunded(amount: Decimal) -> Decimal:
    return (amount / 2).quantize(Decimal("0.01"))


def _refund(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "SUCCESSFUL",
        "type": "MERCHANT_INITIATED_ONLINE",
        "amount": _refunded(draw.transaction().amount(1)),
        "externalId": f"refund-{draw.text(8)}",
        "transaction": draw.transaction().stub,
        "completion": draw.id_of("/payment/transactions/completions", draw.number),
        "environment": "LIVE",
        "succeededOn": draw.moment(90),
        "reductions": [],
        "lineItems": [_line_item(draw, _refunded(draw.transaction().amount(1)))],
        "labels": [],
    }


def _completion(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "SUCCESSFUL",
        "mode": "ONLINE",
        "amount": draw.transaction().amount(1),
        "taxAmount": Decimal(0),
        "linkedTransaction": draw.transaction().id,
        "lastCompletion": True,
        "succeededOn": draw.moment(60),
        "lineItemVersion": draw.link("/payment/transactions/line-item-versions", draw.number),
        "lineItems": [_line_item(draw, draw.transaction().amount(1))],
        "labels": [],
    }


def _void(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "SUCCESSFUL",
        "mode": "ONLINE",
        "transaction": draw.transaction().stub,
        "linkedTransaction": draw.transaction().id,
        "succeededOn": draw.moment(60),
        "labels": [],
    }


def _invoice(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "PAID",
        "amount": draw.transaction().amount(1),
        "outstandingAmount": Decimal(0),
        "taxAmount": Decimal(0),
        "linkedTransaction": draw.transaction().id,
        "completion": draw.link("/payment/transactions/completions", draw.number),
        "dueOn": draw.moment(30 * 86_400),
        "paidOn": draw.moment(60),
        "lineItems": [_line_item(draw, draw.transaction().amount(1))],
        "environment": "LIVE",
    }


def _charge(draw: _Draw) -> dict[str, Any]:
    return {"state": "SUCCESSFUL", "type": "SYNCHRONOUS", "transaction": draw.transaction().stub}


def _charge_attempt(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "SUCCESSFUL",
        "environment": "PRODUCTION",
        "charge": draw.link("/payment/charges", draw.number),
        "linkedTransaction": draw.transaction().id,
        "connectorConfiguration": draw.link("/payment/connector-configurations", 0),
        "succeededOn": draw.moment(24),
        "labels": [{"id": draw.id * 10 + 1, "contentAsString": "Sample Card"}],
    }


def _line_item_version(draw: _Draw) -> dict[str, Any]:
    amount = draw.transaction().amount(1)
    return {
        "state": "ACTIVE",
        "amount": amount,
        "transaction": draw.transaction().stub,
        "lineItems": [_line_item(draw, amount)],
    }


def _delivery_indication(draw: _Draw) -> dict[str, Any]:
    return {"state": "MANUAL_CHECK_REQUIRED", "transaction": draw.transaction().stub}


def _customer(draw: _Draw) -> dict[str, Any]:
    person = _person(draw)
    return {
        "givenName": person["givenName"],
        "familyName": person["familyName"],
        "emailAddress": person["emailAddress"],
        "customerId": f"c-{draw.number + 1:03d}",
        "language": "de-CH",
        "preferredCurrency": draw.pick(0, _CURRENCIES),
        "metaData": {"level": draw.pick(9, ("gold", "silver"))},
    }


def _token(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "externalId": f"token-{draw.text(8)}",
        "tokenReference": f"reference-{draw.number + 1}",
        "customerId": f"c-{draw.number + 1:03d}",
        "enabledForOneClickPayment": True,
    }


def _token_version(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "name": "Sample Card **** 0000",
        "token": draw.link("/payment/tokens", draw.number),
        "paymentMethod": draw.link("/payment/methods", 0),
        "activatedOn": draw.moment(5),
    }


def _connector_configuration(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "name": f"Connector {draw.number + 1}",
        "connector": draw.link("/payment/connectors", draw.number),
        "processorConfiguration": draw.link("/payment/processor-configurations", 0),
        "paymentMethodConfiguration": draw.link("/payment/method-configurations", draw.number),
    }


def _method_configuration(draw: _Draw) -> dict[str, Any]:
    name = draw.pick(0, ("Invoice", "Card", "Mobile"))
    return {
        "state": "ACTIVE",
        "name": name,
        "sortOrder": draw.number,
        "title": {"en-US": name},
        "resolvedTitle": {"en-US": name},
        "dataCollectionType": "OFFSITE",
        "oneClickPaymentMode": "ALLOW",
        "paymentMethod": draw.link("/payment/methods", draw.number),
    }


def _bank_transaction(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "SETTLED",
        "flowDirection": "INFLOW",
        "postingAmount": draw.transaction().amount(1),
        "valueAmount": draw.transaction().amount(1),
        "totalAdjustmentAmountIncludingTax": Decimal(0),
        "paymentDate": draw.moment(),
        "valueDate": draw.moment(86_400),
        "reference": draw.text(8),
        "currencyBankAccount": draw.link("/payment/currency-bank-accounts", 0),
    }


def _charge_bank_transaction(draw: _Draw) -> dict[str, Any]:
    return {
        "transactionCurrencyAmount": draw.transaction().amount(1),
        "transactionCurrencyValueAmount": draw.transaction().amount(1),
        "linkedTransaction": draw.transaction().id,
        "transaction": draw.transaction().stub,
        "bankTransaction": draw.link("/payment/bank-transactions", draw.number),
    }


def _refund_bank_transaction(draw: _Draw) -> dict[str, Any]:
    return {
        "refundCurrencyAmount": _refunded(draw.transaction().amount(1)),
        "refund": draw.link("/payment/refunds", draw.number),
        "bankTransaction": draw.link("/payment/bank-transactions", draw.number),
    }


def _terminal(draw: _Draw) -> dict[str, Any]:
    return {"state": "ACTIVE", "name": f"Till {draw.number + 1}", "identifier": f"5000{draw.number:04d}"}


def _link(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "name": f"Link {draw.number + 1}",
        "externalId": f"link-{draw.text(8)}",
        "protectionMode": "NO_PROTECTION",
        "currency": "CHF",
        "url": f"https://pay.example.com/{draw.text(4)}",
    }


def _webhook_url(draw: _Draw) -> dict[str, Any]:
    return {"state": "ACTIVE", "name": f"Shop {draw.number + 1}", "url": f"https://shop.example.com/{draw.number + 1}"}


def _webhook_listener(draw: _Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "name": f"Listener {draw.number + 1}",
        "entity": 1472041829003,
        "entityStates": ["AUTHORIZED", "FULFILL"],
        "notifyEveryChange": False,
        "enablePayloadSignatureAndState": True,
        "url": draw.link("/webhooks/urls", draw.number),
    }


def _account(draw: _Draw) -> dict[str, Any]:
    return {"state": "ACTIVE", "name": f"Sample company {draw.number + 1}", "active": True}


def _country(draw: _Draw) -> dict[str, Any]:
    name, code, numeric = (
        *(("Switzerland", "CH", "756"), ("Germany", "DE", "276"), ("Austria", "AT", "040")),
        *(("France", "FR", "250"), ("Liechtenstein", "LI", "438")),
    )[draw.number % 5]
    return {"name": name, "isoCode2": code, "numericCode": numeric}


def _state_of_country(draw: _Draw) -> dict[str, Any]:
    name, code = (("Zürich", "ZH"), ("Bern", "BE"), ("Bayern", "BY"), ("Tirol", "7"))[draw.number % 4]
    return {"name": name, "code": code, "countryCode": ("CH", "CH", "DE", "AT")[draw.number % 4]}


def _currency(draw: _Draw) -> dict[str, Any]:
    code = ("CHF", "EUR", "USD", "JPY", "KWD")[draw.number % 5]
    return {"currencyCode": code, "fractionDigits": {"JPY": 0, "KWD": 3}.get(code, 2), "name": code}


def _language(draw: _Draw) -> dict[str, Any]:
    code = ("de-CH", "de-DE", "en-US", "fr-FR", "it-CH")[draw.number % 5]
    return {"ietfCode": code, "iso2Code": code[:2], "name": code, "primaryOfGroup": code != "de-CH"}


_MAKERS: Final[dict[str, Callable[[_Draw], dict[str, Any]]]] = {
    "/accounts": _account,
    "/countries": _country,
    "/countries/states": _state_of_country,
    "/currencies": _currency,
    "/customers": _customer,
    "/languages": _language,
    "/payment/bank-transactions": _bank_transaction,
    "/payment/bank-transactions/charges": _charge_bank_transaction,
    "/payment/bank-transactions/refunds": _refund_bank_transaction,
    "/payment/charge-attempts": _charge_attempt,
    "/payment/charges": _charge,
    "/payment/connector-configurations": _connector_configuration,
    "/payment/delivery-indications": _delivery_indication,
    "/payment/links": _link,
    "/payment/method-configurations": _method_configuration,
    "/payment/refunds": _refund,
    "/payment/terminals": _terminal,
    "/payment/token-versions": _token_version,
    "/payment/tokens": _token,
    "/payment/transactions": _transaction,
    "/payment/transactions/completions": _completion,
    "/payment/transactions/invoices": _invoice,
    "/payment/transactions/line-item-versions": _line_item_version,
    "/payment/transactions/voids": _void,
    "/webhooks/listeners": _webhook_listener,
    "/webhooks/urls": _webhook_url,
}
