"""Print what is new, then tell konfipay that it is processed.

Run it against a konfipay on this machine: `konfipay sandbox` in another terminal prints the two variables to set.
"""

import asyncio

from konfipay_async import KonfipayClient


async def main() -> None:
    async with KonfipayClient() as client:  # KONFIPAY_API_KEY and KONFIPAY_BASE_URL
        async for page in client.transactions.drain(booking_status="booked"):
            for transaction in page.transactions:
                print(transaction.booking_date, transaction.signed_amount, transaction.currency)
            await page.acknowledge()  # only now: these rows are no longer new


if __name__ == "__main__":
    asyncio.run(main())
