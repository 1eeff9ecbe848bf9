"""The second client: a REST API whose every request carries its own signed token.

::

    from konfipay_async.wallee import Q, WalleeClient

    async with WalleeClient(space=405) as client:
        async for transaction in client.payment.transactions.search(query=Q.state == "PENDING"):
            print(transaction.id, transaction.completed_amount)
"""

from konfipay_async.wallee.bulk import BulkResult
from konfipay_async.wallee.client import WalleeClient
from konfipay_async.wallee.models import Record, Transaction
from konfipay_async.wallee.query import Q

__all__ = ["BulkResult", "Q", "Record", "Transaction", "WalleeClient"]
