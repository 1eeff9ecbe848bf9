"""Transactions: bookings as JSON, page by page, with the acknowledgement that belongs to each page."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, Self, TypedDict, Unpack

import msgspec

from konfipay_async.answers import acknowledged, transactions_of
from konfipay_async.errors import ConfigurationError
from konfipay_async.filters import Query, checked_page_size, query_of
from konfipay_async.models.page import Link
from konfipay_async.models.transactions import CreditDebitIndicator, Transaction
from konfipay_async.paging.drain import Drain
from konfipay_async.paging.pages import Pages, Reader, each
from konfipay_async.resources.lists import heeding
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.wiring import Wiring
from konfipay_async.session.message import Response

__all__ = ["TransactionFilters", "TransactionPage", "Transactions"]


class TransactionFilters(TypedDict, total=False):
    """Filters of the list. Names of dates, account, status and indicator were seen in public code; `is_new` and all
    from `min_amount` on are described in words only, and their names inferred: correct one with
    ``filter_names={…}``. Filters that exclude each other find nothing. `iban`, `account_description` and
    `account_holder` are those of your account."""

    is_new: bool | None
    min_booking_date: date | None
    max_booking_date: date | None
    booking_status: Literal["booked", "pending"] | None
    bank_account_rid: str | None
    credit_or_debit_indicator: Literal["CRDT", "DBIT"] | CreditDebitIndicator | None
    min_amount: Decimal | int | None
    max_amount: Decimal | int | None
    iban: str | None
    account_description: str | None
    account_holder: str | None
    remittance_text: str | None
    customer_reference: str | None
    payment_type: str | None


@dataclass(frozen=True, slots=True, eq=False)
class TransactionPage:
    """One page of transactions.

    `number` counts from 1, `size` is the page size (rows), `total_pages` and `total_items` what the server counted.
    `acknowledgement_id` covers exactly `transactions` and lives for one hour (documented). `raw` is the page as it
    came, where `keep_raw` asked for it.
    """

    number: int
    size: int
    total_pages: int
    total_items: int
    links: list[Link]
    acknowledgement_id: str
    transactions: list[Transaction]
    raw: bytes | None = field(repr=False)
    _acknowledge: Callable[[str], Awaitable[Acknowledgement]] = field(repr=False)

    async def acknowledge(self) -> Acknowledgement:
        """Tell konfipay that these rows are processed. See `Transactions.acknowledge`."""
        return await self._acknowledge(self.acknowledgement_id)

    @property
    def rids(self) -> list[str]:
        """The ids of the rows."""
        return [transaction.rid for transaction in self.transactions]

    @property
    def units(self) -> Mapping[str, Sequence[str]]:
        """What is acknowledged together: all rows, by the one id."""
        return {self.acknowledgement_id: self.rids}

    def only(self, keys: Collection[str]) -> Self:
        """The page: it has one unit."""
        return self


class Transactions:
    """`client.transactions`

    All three iterators are async generators: iterate them, do not await them. Each fetches up to `concurrency` pages
    at once; leave them with `break` whenever you like. They raise ConfigurationError at once, and while iterating what
    requests raise, PageEchoError, and FilterIgnoredError where the server does not know the is-new filter.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._acknowledgements = wiring.acknowledgements

    def pages(
        self,
        page_size: int = 1000,
        *,
        keep_raw: bool = False,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[TransactionFilters],
    ) -> AsyncGenerator[TransactionPage]:
        """Yield the list page by page.

        With ``is_new=True`` one pass is made over a list that moves while it is read: acknowledge its pages as they
        come, none is skipped for it. `drain` makes passes until nothing is left.

        `page_size` is rows per request, 1 to 1000; `keep_raw` keeps each page's bytes beside its rows; `extra` passes
        query names the client does not know.
        """
        return each(self._reader(page_size, extra, filters, keep_raw=keep_raw))

    def stream(
        self, page_size: int = 1000, *, extra: Mapping[str, object] | None = None, **filters: Unpack[TransactionFilters]
    ) -> AsyncGenerator[tuple[Transaction, str]]:
        """Yield ``(transaction, acknowledgement_id)`` for every row.

        An id may be acknowledged once the last row of its page was yielded, before that it is
        AcknowledgementTooEarlyError. Arguments as for `pages`.
        """
        return self._rows(self._reader(page_size, extra, filters))

    def drain(
        self,
        page_size: int = 1000,
        *,
        keep_raw: bool = False,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[TransactionFilters],
    ) -> AsyncGenerator[TransactionPage]:
        """Yield pages of new transactions until none is left but those you were given and did not acknowledge.

        Process a page, then ``await page.acknowledge()``. A page that is left unacknowledged stays new, and is not
        yielded again while it is remembered (the last 16 pages, or twice `concurrency`, if that is more). Arguments as
        for `pages`; ``is_new=False`` is refused.
        Raises also DrainUnfinishedError, where rows come again and again, and AcknowledgementWithoutEffectError.
        """
        if filters.get("is_new") is None:
            filters["is_new"] = True
        if filters["is_new"] is not True:
            raise ConfigurationError("drain() reads what is new: is_new=False has no end to drain to; use pages()")
        return each(self._reader(page_size, extra, filters, keep_raw=keep_raw, until_empty=True))

    async def count(self, *, extra: Mapping[str, object] | None = None, **filters: Unpack[TransactionFilters]) -> int:
        """How many there are, as the server counts them: one request, for a page of one row.

        Arguments as for `pages`. Raises ConfigurationError, and what requests raise.
        """
        names, reserved = self._wiring.names_of("transactions.list"), self._wiring.paging_names.reserved
        query = query_of(filters, TransactionFilters, extra=extra, names=names, reserved=reserved)
        page = await self._fetcher(query, 1, filters, keep_raw=False)(1)
        return 0 if page is None else page.total_items

    async def acknowledge(self, acknowledgement_id: str) -> Acknowledgement:
        """Mark the rows of one page as no longer new; do so after they are safe, and within the hour.

        Returns ACKNOWLEDGED, or GONE, which is also what a repeat after a lost answer meets.
        Raises AcknowledgementTooEarlyError for a page that `stream` has not yielded whole, and what requests raise.
        Path and method are inferred: correct them with ``routes={"transactions.acknowledge": …}``; a path without
        ``{acknowledgement_id}`` sends the id as JSON body.
        """
        route = self._wiring.routes["transactions.acknowledge"]
        body = None
        if "{acknowledgement_id}" not in route.path:
            body = msgspec.json.encode({"acknowledgementId": acknowledgement_id})
        took_effect = await self._acknowledgements.settle(
            acknowledgement_id,
            lambda: self._wiring.send(
                "transactions.acknowledge", acknowledged, body=body, acknowledgement_id=acknowledgement_id
            ),
        )
        return Acknowledgement.ACKNOWLEDGED if took_effect else Acknowledgement.GONE

    async def _rows(self, reader: Reader[TransactionPage]) -> AsyncGenerator[tuple[Transaction, str]]:
        try:
            while (page := await reader.next()) is not None:
                rows, key = page.transactions, page.acknowledgement_id
                if rows:
                    self._acknowledgements.withhold(key)
                    for transaction in rows[:-1]:
                        yield transaction, key
                    self._acknowledgements.release(key)
                    yield rows[-1], key
        finally:
            await reader.close()

    def _reader(
        self,
        page_size: int,
        extra: Mapping[str, object] | None,
        filters: TransactionFilters,
        *,
        keep_raw: bool = False,
        until_empty: bool = False,
    ) -> Reader[TransactionPage]:
        wiring = self._wiring
        size = checked_page_size(page_size)
        names, reserved = wiring.names_of("transactions.list"), wiring.paging_names.reserved
        query = query_of(filters, TransactionFilters, extra=extra, names=names, reserved=reserved)
        fetch = self._fetcher(query, size, filters, keep_raw)
        if not filters.get("is_new"):
            return Pages(fetch, concurrency=wiring.concurrency)
        return Drain(
            fetch,
            page_size=size,
            concurrency=wiring.concurrency,
            until_empty=until_empty,
            acknowledgements=self._acknowledgements,
            acknowledged_by="transactions.acknowledge",
        )

    def _fetcher(
        self, query: Query, size: int, filters: TransactionFilters, keep_raw: bool
    ) -> Callable[[int], Awaitable[TransactionPage | None]]:
        async def fetch(number: int) -> TransactionPage | None:
            return await self._wiring.page(
                "transactions.list",
                lambda method, path: self._page_reader(method, path, number, keep_raw),
                query,
                number,
                size,
            )

        return heeding(fetch, lambda page: _ignored(page, filters))

    def _page_reader(
        self, method: str, path: str, number: int, keep_raw: bool
    ) -> Callable[[Response], TransactionPage | None]:
        read_envelope = transactions_of(method, path, number)

        def read(response: Response) -> TransactionPage | None:
            envelope = read_envelope(response)
            if envelope is None:
                return None
            return TransactionPage(
                number=envelope.page_number,
                size=envelope.page_size,
                total_pages=envelope.total_pages,
                total_items=envelope.total_items,
                links=envelope.links,
                acknowledgement_id=envelope.results.acknowledgement_id,
                transactions=envelope.results.transactions,
                raw=response.body if keep_raw else None,
                _acknowledge=self.acknowledge,
            )

        return read


def _ignored(page: TransactionPage | None, filters: TransactionFilters) -> str | None:
    """The filter that rows of this page contradict: its name is inferred, the server may not know it."""
    rows = [] if page is None else page.transactions
    is_new, least, most = filters.get("is_new"), filters.get("min_amount"), filters.get("max_amount")
    if is_new is not None and any(row.is_new is (not is_new) for row in rows):
        return "is_new"
    # Whether amounts of debits count as negative is not documented; credits are the same either way.
    if least is not None and any(_is_credit(row) and row.amount < least for row in rows):
        return "min_amount"
    if most is not None and any(_is_credit(row) and row.amount > most for row in rows):
        return "max_amount"
    return None


def _is_credit(row: Transaction) -> bool:
    return row.credit_debit_indicator == CreditDebitIndicator.CRDT
