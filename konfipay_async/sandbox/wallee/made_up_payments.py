"""Made-up transactions and all that belongs to them.

They find each other by numbers: of the transactions the first in ten is fulfilled and has a charge attempt, a
completion, an invoice and a refund, and the second in ten is voided and has that.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from konfipay_async.sandbox.wallee.draws import Draw
from konfipay_async.sandbox.wallee.people import CURRENCIES, person

__all__ = ["PAYMENT_MAKERS"]

_GOODS: Final = ("Notebook, dotted", "Poster A2", "Ink, blue", "Ruler", "Lamp", "Stool")
_STATES: Final = (
    *("FULFILL", "VOIDED", "FULFILL", "COMPLETED", "AUTHORIZED"),
    *("FULFILL", "FAILED", "FULFILL", "CONFIRMED", "PENDING"),
)


def _line_item(draw: Draw, amount: Decimal) -> dict[str, Any]:
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


def _transaction(draw: Draw) -> dict[str, Any]:
    amount, currency = draw.amount(1), draw.pick(0, CURRENCIES)
    state = _STATES[draw.number % 10]
    address = person(draw)
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


def _refund(draw: Draw) -> dict[str, Any]:
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


def _completion(draw: Draw) -> dict[str, Any]:
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


def _void(draw: Draw) -> dict[str, Any]:
    return {
        "state": "SUCCESSFUL",
        "mode": "ONLINE",
        "transaction": draw.transaction().stub,
        "linkedTransaction": draw.transaction().id,
        "succeededOn": draw.moment(60),
        "labels": [],
    }


def _invoice(draw: Draw) -> dict[str, Any]:
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


def _charge(draw: Draw) -> dict[str, Any]:
    return {"state": "SUCCESSFUL", "type": "SYNCHRONOUS", "transaction": draw.transaction().stub}


def _charge_attempt(draw: Draw) -> dict[str, Any]:
    return {
        "state": "SUCCESSFUL",
        "environment": "PRODUCTION",
        "charge": draw.link("/payment/charges", draw.number),
        "linkedTransaction": draw.transaction().id,
        "connectorConfiguration": draw.link("/payment/connector-configurations", 0),
        "succeededOn": draw.moment(24),
        "labels": [{"id": draw.id * 10 + 1, "contentAsString": "Sample Card"}],
    }


def _line_item_version(draw: Draw) -> dict[str, Any]:
    amount = draw.transaction().amount(1)
    return {
        "state": "ACTIVE",
        "amount": amount,
        "transaction": draw.transaction().stub,
        "lineItems": [_line_item(draw, amount)],
    }


def _delivery_indication(draw: Draw) -> dict[str, Any]:
    return {"state": "MANUAL_CHECK_REQUIRED", "transaction": draw.transaction().stub}


def _bank_transaction(draw: Draw) -> dict[str, Any]:
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


def _charge_bank_transaction(draw: Draw) -> dict[str, Any]:
    return {
        "transactionCurrencyAmount": draw.transaction().amount(1),
        "transactionCurrencyValueAmount": draw.transaction().amount(1),
        "linkedTransaction": draw.transaction().id,
        "transaction": draw.transaction().stub,
        "bankTransaction": draw.link("/payment/bank-transactions", draw.number),
    }


def _refund_bank_transaction(draw: Draw) -> dict[str, Any]:
    return {
        "refundCurrencyAmount": _refunded(draw.transaction().amount(1)),
        "refund": draw.link("/payment/refunds", draw.number),
        "bankTransaction": draw.link("/payment/bank-transactions", draw.number),
    }


PAYMENT_MAKERS: Final[dict[str, Callable[[Draw], dict[str, Any]]]] = {
    "/payment/bank-transactions": _bank_transaction,
    "/payment/bank-transactions/charges": _charge_bank_transaction,
    "/payment/bank-transactions/refunds": _refund_bank_transaction,
    "/payment/charge-attempts": _charge_attempt,
    "/payment/charges": _charge,
    "/payment/delivery-indications": _delivery_indication,
    "/payment/refunds": _refund,
    "/payment/transactions": _transaction,
    "/payment/transactions/completions": _completion,
    "/payment/transactions/invoices": _invoice,
    "/payment/transactions/line-item-versions": _line_item_version,
    "/payment/transactions/voids": _void,
}
