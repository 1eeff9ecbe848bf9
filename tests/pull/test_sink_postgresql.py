"""The SQL sink, on a real PostgreSQL."""

from decimal import Decimal
from typing import Any

from konfipay_async.models.transactions import CreditDebitIndicator, Transaction
from konfipay_async.pull.sinks import Written
from konfipay_async.pull.sinks.sql import SqlSink

ORIGIN = "https://portal.konfipay.de"


def booking(rid: str = "t-1", amount: Any = Decimal("10.90"), **fields: Any) -> Transaction:
    indicator = fields.pop("credit_debit_indicator", CreditDebitIndicator.CRDT)
    return Transaction(rid=rid, amount=amount, currency="EUR", credit_debit_indicator=indicator, **fields)


def test_counts(postgres) -> None:
    with SqlSink(postgres.url(), origin=ORIGIN) as sink:
        assert sink.write([booking("a"), booking("b")], "ack-1") == Written(2, 0)
        assert sink.write([booking("b", bic="X"), booking("c")], "ack-2") == Written(1, 1, 1)
        assert sink.count() == 3
        assert sink.pending() == ["ack-1", "ack-2"]
