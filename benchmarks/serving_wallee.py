"""The sandbox of the signed REST API, in a process of its own. Its pages are made once and served from memory then."""

import asyncio
import json
import sys
import threading
from concurrent.futures import Future
from typing import Any

from benchmarks.children import answer_until_closed
from konfipay_async.sandbox import WalleeSandbox


async def _serve(settings: dict[str, Any], listening: "Future[Any]") -> None:
    async with WalleeSandbox(request_limit=1_000_000_000, **settings) as sandbox:
        ready = {"url": sandbox.base_url, "user": sandbox.user_id, "key": sandbox.authentication_key}
        listening.set_result({**ready, "space": sandbox.space})
        await asyncio.Event().wait()


def main() -> None:
    """Serve until the parent is gone."""
    listening: Future[Any] = Future()

    def run() -> None:
        try:
            asyncio.run(_serve(json.loads(sys.argv[1]), listening))
        except BaseException as error:
            listening.set_exception(error)

    # A daemon: it need not be stopped, there is nothing to save.
    threading.Thread(target=run, daemon=True).start()
    answer_until_closed(listening.result(), lambda question: question)


if __name__ == "__main__":
    main()
