"""Pull what is new into a database, showing how far it is. Ctrl-C finishes the page in hand.

``pip install 'konfipay-async[sql,cli]'`` and ``python examples/batch_pull.py sqlite:///bookings.db``. To try it, run
`konfipay sandbox` in another terminal; it prints the two variables to set.
"""

import argparse
import asyncio
import signal

from konfipay_async import KonfipayClient
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.sinks.sql import SqlSink


def show(step: Step, report: Report) -> None:
    if step is Step.COMMITTED:
        print(f"{report.transactions} of {report.expected} in {report.seconds:.1f} s", flush=True)


async def main(database: str, acknowledge: bool, page_size: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with KonfipayClient() as client:  # KONFIPAY_API_KEY and KONFIPAY_BASE_URL
        sink = SqlSink(database, origin=client.base_url)
        report = await pull(client, sink, acknowledge=acknowledge, page_size=page_size, stop=stop, watch=show)
    print(f"{report.new} new, {report.known} known", "" if report.complete else "(stopped: run it again for the rest)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", help="an address such as sqlite:///bookings.db")
    parser.add_argument("--acknowledge", action="store_true", help="for every program of your konfipay client")
    parser.add_argument("--page-size", type=int, default=1000)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.database, arguments.acknowledge, arguments.page_size))
