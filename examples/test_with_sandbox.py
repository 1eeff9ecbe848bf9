"""Test your own code against a konfipay on this machine: real HTTP, made-up bookings, and what can go wrong by name.

``pip install 'konfipay-async[pytest]'`` and ``pytest examples/test_with_sandbox.py``. The fixtures come with the
package, there is nothing to set up.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from konfipay_async import KonfipayClient, Transaction
from konfipay_async.sandbox import Sandbox

# What is tested. Yours is in a module of its own.


async def move(client: KonfipayClient, book: Callable[[Sequence[Transaction]], None]) -> None:
    """Book what is new; what could not be booked stays new."""
    async for page in client.transactions.drain(50, booking_status="booked"):
        book(page.transactions)
        await page.acknowledge()


async def turnover(client: KonfipayClient) -> dict[str, Decimal]:
    """What came and went, by currency."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    async for transaction, _ in client.transactions.stream():
        sums[transaction.currency] += transaction.signed_amount
    return dict(sums)


# The tests

pytestmark = pytest.mark.asyncio


@pytest.mark.konfipay_sandbox(transactions=120)
async def test_everything_new_is_booked_once(konfipay_sandbox: Sandbox, konfipay_client: KonfipayClient) -> None:
    booked: list[Transaction] = []
    await move(konfipay_client, booked.extend)
    assert sorted(one.rid for one in booked) == sorted(konfipay_sandbox.rids())
    assert konfipay_sandbox.new_rids() == []


@pytest.mark.konfipay_sandbox(transactions=120)
async def test_what_cannot_be_booked_stays_new(konfipay_sandbox: Sandbox, konfipay_client: KonfipayClient) -> None:
    def refuse(_: Sequence[Transaction]) -> None:
        raise OSError("the ledger is closed")

    with pytest.raises(OSError, match="closed"):
        await move(konfipay_client, refuse)
    assert len(konfipay_sandbox.new_rids()) == 120


@pytest.mark.konfipay_sandbox(transactions=120, faults=["reset-after:transactions.acknowledge@2", "503-html@4"])
async def test_a_bad_line_books_nothing_twice(konfipay_sandbox: Sandbox, konfipay_client: KonfipayClient) -> None:
    booked: list[Transaction] = []
    await move(konfipay_client, booked.extend)
    assert sorted(one.rid for one in booked) == sorted(konfipay_sandbox.rids())


@pytest.mark.konfipay_sandbox(transactions=50, arrivals_per_request=5, arrivals_total=20)
async def test_what_arrives_meanwhile_is_booked_too(konfipay_client: KonfipayClient) -> None:
    booked: list[Transaction] = []
    await move(konfipay_client, booked.extend)
    assert len({one.rid for one in booked}) == 70


@pytest.mark.konfipay_sandbox(transactions=500)
async def test_money_is_summed_to_the_cent(konfipay_sandbox: Sandbox, konfipay_client: KonfipayClient) -> None:
    expected: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in map(konfipay_sandbox.transaction, konfipay_sandbox.rids()):
        sign = 1 if row["creditDebitIndicator"] == "CRDT" else -1
        expected[row["currency"]] += sign * row["amount"]
    assert await turnover(konfipay_client) == expected
