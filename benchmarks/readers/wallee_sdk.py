"""The official SDK, in the loop its users write: it has no paging of its own."""

from typing import Any

from wallee import Configuration
from wallee.service.transactions_service import TransactionsService


def listing(server: dict[str, Any], concurrency: int) -> int:
    """By cursor; one page after the other, as there is nothing else."""
    service, rows, after = _service(server), 0, None
    while True:
        page = service.get_payment_transactions(server["space"], after=after, limit=100)
        for _transaction in page.data:
            rows += 1
        if not page.has_more:
            return rows
        after = page.data[-1].id


def search(server: dict[str, Any], concurrency: int) -> int:
    """By offset."""
    service, rows = _service(server), 0
    while True:
        page = service.get_payment_transactions_search(server["space"], offset=rows, limit=100, order="id:ASC")
        for _transaction in page.data:
            rows += 1
        if not page.has_more:
            return rows


def _service(server: dict[str, Any]) -> TransactionsService:
    return TransactionsService(
        Configuration(user_id=int(server["user"]), authentication_key=server["key"], host=server["url"])
    )
