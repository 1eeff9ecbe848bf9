"""Bookings as an Arrow table."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow
import pyarrow.compute
import pytest

from konfipay_async.errors import StorageError
from konfipay_async.models.transactions import BankAccountRef, CreditDebitIndicator, Transaction
from konfipay_async.pull.arrow import SCALE, table
from konfipay_async.pull.sinks.rows import COLUMNS

SUMMER = timezone(timedelta(hours=2))


def booking(rid: str = "t-1", amount: str = "10.90", **fields: Any) -> Transaction:
    return Transaction(
        rid=rid, amount=Decimal(amount), currency="EUR", credit_debit_indicator=CreditDebitIndicator.CRDT, **fields
    )


def test_values_have_their_types() -> None:
    """Exact amounts, days in the offset they were sent with, moments in UTC."""
    late = datetime(2025, 7, 18, 0, 30, tzinfo=SUMMER)
    [row] = table(
        [booking(timestamp=late, booking_date=late, is_new=True, bank_account=BankAccountRef(rid="ba-1"))]
    ).to_pylist()
    assert row["amount"] == Decimal("10.90")
    assert row["timestamp"] == datetime(2025, 7, 17, 22, 30, tzinfo=UTC)
    assert row["booking_date"] == date(2025, 7, 18)
    assert row["is_new"] is True
    assert row["bank_account_rid"] == "ba-1"
    assert row["name"] is None


def test_amounts_add_up_exactly() -> None:
    """In Arrow itself."""
    found = table([booking(amount="0.10"), booking(amount="0.20")])
    assert pyarrow.compute.sum(found["amount"]).as_py() == Decimal("0.30")


def test_every_table_has_the_same_schema() -> None:
    """Also one of nothing, so that tables can be put together; the columns are those of a booking."""
    full, empty = table([booking(name="x")]), table([])
    assert full.schema == empty.schema
    assert pyarrow.concat_tables([full, empty, table([booking(amount="1")])]).num_rows == 2
    sinks = {"source", "first_seen_at", "last_seen_at", "changed_at"}
    assert full.column_names == [name for name in COLUMNS if name not in sinks]


def test_amounts_as_text_have_every_digit() -> None:
    """Also those that no decimal128 holds."""
    amounts = ["10.90", "10.9", "0." + "3" * 30, "9" * 40]
    found = table([booking(amount=amount) for amount in amounts], amounts="text")
    assert found["amount"].to_pylist() == amounts


@pytest.mark.parametrize("amount", ["0." + "0" * SCALE + "1", "9" * (38 - SCALE + 1)])
def test_an_amount_that_does_not_fit_is_refused(amount: str) -> None:
    """By the id of its booking, not rounded."""
    with pytest.raises(StorageError, match="booking bad: the field amount does not fit"):
        table([booking("good"), booking("bad", amount)])


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00Z"])
def test_the_year_1_stands_for_never_and_is_kept(text: str) -> None:
    """In UTC it would begin in a year that is none."""
    [row] = table([booking(timestamp=datetime.fromisoformat(text))]).to_pylist()
    assert row["timestamp"] == datetime(1, 1, 1, tzinfo=UTC)


def test_a_time_without_an_offset_is_german() -> None:
    """As it is in PostgreSQL."""
    moments = [datetime.fromisoformat("2025-07-01T12:00:00"), datetime.fromisoformat("2025-01-01T12:00:00")]
    found = table([booking(timestamp=moment) for moment in moments])
    assert [moment.hour for moment in found["timestamp"].to_pylist()] == [10, 11]
