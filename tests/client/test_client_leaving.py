"""However an iterator is left: no task, no socket and no complaint stays behind.

The fixture around every test looks for tasks and complaints; here each case also asks the client for requests that are
still in flight, and the loop that ends by itself is one of a process of its own.
"""

import asyncio
import gc
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

LISTS: dict[str, Callable[[Any], Any]] = {
    "pages": lambda client: client.transactions.pages(5),
    "new pages": lambda client: client.transactions.pages(5, is_new=True),
    "stream": lambda client: client.transactions.stream(5),
    "new stream": lambda client: client.transactions.stream(5, is_new=True),
    "drain": lambda client: client.transactions.drain(5),
    "accounts": lambda client: client.bank_accounts.list(5),
    "account pages": lambda client: client.bank_accounts.pages(5),
}
SERVER = {"transactions": 300, "accounts": 100}


def is_quiet(client: Any) -> bool:
    """Nothing of a list is under way. The session has no tasks of its own between requests."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    ours = [task for task in others if "konfipay_async" in repr(task.get_coro()) and "Sandbox" not in repr(task)]
    return not ours and client.budgets.authenticated.status().in_flight == 0


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("taken", [1, 2, 7])
async def test_break(pair: Any, until: Any, name: str, taken: int) -> None:
    async with pair(SERVER, concurrency=3) as (_, client):
        count = 0
        async for _ in LISTS[name](client):
            count += 1
            if count == taken:
                break
        gc.collect()
        await until(lambda: is_quiet(client))


@pytest.mark.parametrize("name", LISTS)
async def test_an_exception_in_the_body(pair: Any, until: Any, name: str) -> None:
    async with pair(SERVER, concurrency=3) as (_, client):

        async def fail() -> None:
            async for _ in LISTS[name](client):
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        gc.collect()
        await until(lambda: is_quiet(client))


@pytest.mark.parametrize("name", LISTS)
async def test_aclose(pair: Any, name: str) -> None:
    async with pair(SERVER, concurrency=3) as (sandbox, client):
        rows = LISTS[name](client)
        await anext(rows)
        await anext(rows)
        await rows.aclose()
        assert is_quiet(client)
        asked = len(sandbox.requests)
        with pytest.raises(StopAsyncIteration):
            await anext(rows)
        assert len(sandbox.requests) == asked


@pytest.mark.parametrize("name", LISTS)
async def test_closed_before_it_began(pair: Any, name: str) -> None:
    async with pair(SERVER) as (sandbox, client):
        rows = LISTS[name](client)
        await rows.aclose()
        async with aclosing(LISTS[name](client)):
            pass
        del rows
        LISTS[name](client)
        gc.collect()
        assert sandbox.requests == []


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("held", [1, 2, 4])
async def test_cancelled_while_it_waits_for_a_page(pair: Any, gate: Any, until: Any, name: str, held: int) -> None:
    """During the login, during the first page, and while several are under way."""
    async with pair(SERVER | {"latency": 1.0, "sleep": gate.sleep}, concurrency=3) as (_, client):

        async def read() -> None:
            async for _ in LISTS[name](client):
                pass

        reading = asyncio.create_task(read())
        for index in range(held):
            await gate.until(index + 1)
            if index < min(held - 1, 2):
                gate.release(index)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        gate.open()
        gc.collect()
        await until(lambda: is_quiet(client))


@pytest.mark.parametrize("name", LISTS)
async def test_cancelled_in_the_body(pair: Any, until: Any, name: str) -> None:
    async with pair(SERVER, concurrency=3) as (_, client):
        begun = asyncio.Event()

        async def read() -> None:
            async for _ in LISTS[name](client):
                begun.set()
                await asyncio.Event().wait()

        reading = asyncio.create_task(read())
        await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        gc.collect()
        await until(lambda: is_quiet(client))


@pytest.mark.parametrize("name", LISTS)
async def test_forgotten(pair: Any, gate: Any, until: Any, name: str) -> None:
    """With pages under way. The tasks hold no reference to the generator, so it is collected."""
    gate.is_open = True
    async with pair(SERVER | {"latency": 1.0, "sleep": gate.sleep}, concurrency=3) as (_, client):
        rows = LISTS[name](client)
        await anext(rows)
        gate.close()
        del rows
        gc.collect()
        gate.open()
        await until(lambda: is_quiet(client))


@pytest.mark.parametrize("name", LISTS)
async def test_an_error_of_one_page_ends_the_others(pair: Any, gate: Any, until: Any, name: str) -> None:
    faults = ["403:transactions.list@3x99", "403:bank-accounts.list@3x99"]
    async with pair(SERVER | {"faults": faults}, concurrency=4) as (_, client):
        with pytest.raises(Exception, match="403"):
            async for _ in LISTS[name](client):
                pass
        assert is_quiet(client)


@pytest.mark.parametrize("name", LISTS)
async def test_errors_of_pages_that_nobody_waits_for_complain_to_nobody(pair: Any, until: Any, name: str) -> None:
    faults = ["403:transactions.list@2x99", "403:bank-accounts.list@2x99"]
    async with pair(SERVER | {"faults": faults}, concurrency=4) as (sandbox, client):
        rows = LISTS[name](client)
        if "drain" in name or "new" in name:
            with pytest.raises(Exception, match="403"):
                await anext(rows)
        else:
            await anext(rows)
            await until(lambda: len(sandbox.requests) >= 4)
            await until(lambda: client.budgets.authenticated.status().in_flight == 0)
        await rows.aclose()
        del rows
        gc.collect()


@pytest.mark.parametrize("name", LISTS)
async def test_the_error_of_the_body_is_not_replaced(pair: Any, name: str) -> None:
    """The list fails behind the reader's back while the reader fails on its own."""
    faults = ["500:transactions.list@4x99", "500:bank-accounts.list@4x99"]
    async with pair(SERVER | {"faults": faults}, concurrency=3) as (_, client):

        async def fail() -> None:
            async with aclosing(LISTS[name](client)) as rows:
                async for _ in rows:
                    raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()


@pytest.mark.parametrize("name", LISTS)
async def test_sockets_close_with_the_client(new_sandbox: Any, new_client: Any, until: Any, name: str) -> None:
    async with new_sandbox(**SERVER) as sandbox:
        async with new_client(sandbox, concurrency=3) as client:
            rows = LISTS[name](client)
            await anext(rows)
        # Not closed by us: the client is gone, and the iterator goes with it.
        del rows
        gc.collect()
        port = sandbox.base_url.split(":")[2].split("/")[0]

        def connected() -> bool:
            loop: Any = asyncio.get_running_loop()
            transports = [transport for transport in loop._transports.values() if not transport.is_closing()]
            return any(str((transport.get_extra_info("peername") or ("", ""))[1]) == port for transport in transports)

        await until(lambda: not connected())


ENDS = {
    "by itself": "",
    "with an exception": "raise ZeroDivisionError",
    "cancelled": "asyncio.current_task().cancel(); await asyncio.sleep(0)",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_loop_ends_while_lists_are_read(end: str) -> None:
    """asyncio.run shuts down what is left; everything it says counts as an error."""
    script = f"""
        import asyncio, gc, sys
        from konfipay_async import KonfipayClient
        from konfipay_async.sandbox import Sandbox

        said = []
        sys.unraisablehook = lambda args: said.append(repr(args.exc_value) + repr(args.object))

        async def main():
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: said.append(repr(context)))
            loop.slow_callback_duration = 60  # a busy machine is no fault
            async with Sandbox(transactions=300, accounts=100) as sandbox:
                async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, concurrency=3) as client:
                    kept = [
                        client.transactions.pages(5),
                        client.transactions.stream(5),
                        client.transactions.stream(5, is_new=True),
                        client.transactions.drain(5),
                        client.bank_accounts.list(5),
                    ]
                    for rows in kept:
                        await anext(rows)
                    globals()["kept"] = kept
                    {ENDS[end]}

        try:
            asyncio.run(main(), debug=True)
        except (ZeroDivisionError, asyncio.CancelledError):
            pass
        globals().pop("kept", None)
        gc.collect()
        print(said)
        sys.exit(bool(said))
    """
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


@pytest.mark.parametrize("name", LISTS)
def test_a_loop_in_a_thread_ends_while_a_list_is_read(new_sandbox: Any, new_client: Any, name: str) -> None:
    said: list[Any] = []
    kept: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["message"]))
        async with new_sandbox(**SERVER) as sandbox, new_client(sandbox, concurrency=3) as client:
            rows = LISTS[name](client)
            kept.append(rows)
            await anext(rows)

    thread = threading.Thread(target=lambda: asyncio.run(main(), debug=True))
    thread.start()
    thread.join()
    kept.clear()
    gc.collect()
    assert said == []
