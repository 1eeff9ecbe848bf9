"""Leaving iterators under uvloop: as in test_client_leaving.py, no task, no socket and no complaint stays behind."""

import asyncio
import functools
import gc
import platform
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

import pytest

if sys.platform == "win32" or platform.python_implementation() != "CPython":
    pytest.skip("there is no uvloop for this platform", allow_module_level=True)

import uvloop

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


def under_uvloop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in a loop of uvloop's, in asyncio's debug mode; nothing may be left of it."""

    async def watched(**fixtures: Any) -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        async with asyncio.timeout(20):  # a loop of uvloop's that waits does not let pytest's timeout in
            await test(**fixtures)
        gc.collect()
        for _ in range(3):
            await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"
        assert not complaints, f"the loop complains: {complaints}"

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        with asyncio.Runner(debug=True, loop_factory=uvloop.new_event_loop) as runner:
            runner.run(watched(**fixtures))

    return run


def is_quiet(client: Any) -> bool:
    """Nothing of a list is under way."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    ours = [task for task in others if "konfipay_async" in repr(task.get_coro()) and "Sandbox" not in repr(task)]
    return not ours and client.budgets.authenticated.status().in_flight == 0


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("taken", [1, 7])
@under_uvloop
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
@under_uvloop
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
@under_uvloop
async def test_aclose(pair: Any, name: str) -> None:
    async with pair(SERVER, concurrency=3) as (sandbox, client):
        async with aclosing(LISTS[name](client)) as rows:
            await anext(rows)
            await anext(rows)
        assert is_quiet(client)
        asked = len(sandbox.requests)
        with pytest.raises(StopAsyncIteration):
            await anext(rows)
        assert len(sandbox.requests) == asked


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("held", [1, 2, 4])
@under_uvloop
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
@under_uvloop
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
@under_uvloop
async def test_forgotten(pair: Any, gate: Any, until: Any, name: str) -> None:
    """With pages under way."""
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
@under_uvloop
async def test_the_client_closes_in_mid_stream(new_sandbox: Any, new_client: Any, until: Any, name: str) -> None:
    """The iterator is still there, and says what it meets; then it goes too."""
    async with new_sandbox(**SERVER) as sandbox:
        async with new_client(sandbox, concurrency=3) as client:
            rows = LISTS[name](client)
            await anext(rows)
        with pytest.raises(Exception, match="closed"):
            async for _ in rows:
                pass
        del rows
        gc.collect()
        await until(lambda: is_quiet(client))


@pytest.mark.parametrize("name", LISTS)
@under_uvloop
async def test_the_client_closes_while_a_page_is_awaited(
    new_sandbox: Any, new_client: Any, gate: Any, until: Any, name: str
) -> None:
    """Whoever waits is told; nobody hangs."""
    async with new_sandbox(**SERVER, latency=1.0, sleep=gate.sleep) as sandbox:
        client = new_client(sandbox, concurrency=3)
        await client.open()

        async def read() -> None:
            async for _ in LISTS[name](client):
                pass

        reading = asyncio.create_task(read())
        for index in range(2):  # the login, and the first page
            await gate.until(index + 1)
            gate.release(index)
        await gate.until(3)
        await client.close()
        gate.open()
        await asyncio.wait([reading])
        assert "closed" in str(reading.exception())
        gc.collect()
        await until(lambda: is_quiet(client))


ENDS = {
    "by itself": "",
    "with an exception": "raise ZeroDivisionError",
    "cancelled": "asyncio.current_task().cancel(); await asyncio.sleep(0)",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_loop_ends_while_lists_are_read(end: str) -> None:
    """Everything that is said at the loop's end counts as an error."""
    script = f"""
        import asyncio, gc, sys, uvloop
        from konfipay_async import KonfipayClient
        from konfipay_async.sandbox import Sandbox

        said = []
        sys.unraisablehook = lambda args: said.append(repr(args.exc_value) + repr(args.object))

        async def main():
            asyncio.get_running_loop().slow_callback_duration = 60  # how quick this machine is, is not asked here
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: said.append(repr(context)))
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
            with asyncio.Runner(debug=True, loop_factory=uvloop.new_event_loop) as runner:
                runner.run(main())
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

    def run() -> None:
        with asyncio.Runner(debug=True, loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    kept.clear()
    gc.collect()
    assert said == []
