"""What can be done many times over, in a process of its own: `python crunch.py PART FIRST COUNT` prints a JSON object.

FIRST is a seed. The tests beside it run several of these at once. Whatever fails ends the process, with the seed in
its traceback.
"""

import asyncio
import importlib.util
import json
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from aiohttp import web

from konfipay_async import KonfipayClient, KonfipayError, answers
from konfipay_async.models.bank_accounts import BankAccount
from konfipay_async.pull.sinks.rows import row
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox
from konfipay_async.session.message import Response
from konfipay_async.session.retry import Retry

UNIT = Path(__file__).parents[1] / "unit"


def load(name: str) -> ModuleType:
    """A module of the unit tests, by its file: the simulations live there."""
    spec = importlib.util.spec_from_file_location(f"soak_{name}", UNIT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# --- the simulations of the unit tests -----------------------------------------------------------------------------


def budget(first: int, count: int) -> dict[str, object]:
    """The budget on virtual time, see tests/unit/test_budget.py."""
    virtual, unit = load("conftest").VirtualTime, load("test_budget")
    requests = full = 0
    for seed in range(first, first + count):
        time = virtual()
        try:
            world = unit.World(seed, time)
            time.run(world.run())
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        finally:
            time.close()
        most = unit.most_in_a_moving_window(world.arrivals, world.period)
        assert most <= world.limit, f"seed {seed}: {most} of {world.limit} in a moving window"
        for step in range(10):
            offset = world.period * step / 10
            most_fixed = unit.most_in_a_fixed_window(world.arrivals, world.period, offset)
            assert most_fixed <= world.limit, f"seed {seed}: {most_fixed} of {world.limit} in a fixed window"
        requests += len(world.arrivals)
        full += most == world.limit
    assert full > count / 50, "the simulations are too lazy to show anything"
    return {"requests at the server": requests, "windows filled to the limit": full}


def stories(first: int, count: int) -> dict[str, object]:
    """Stories of a drain, half of them with others who move the list too, see tests/unit/test_drain.py."""
    story = load("test_drain").Story

    async def main() -> None:
        for seed in range(first, first + count):
            try:
                await story(seed, others=seed % 2 == 1).play()
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise
        for _ in range(5):
            await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    asyncio.run(main())
    return {}


def machine(first: int, count: int) -> dict[str, object]:
    """The drain as a state machine, see tests/unit/test_drain_machine.py."""
    from hypothesis import HealthCheck, Phase, seed, settings
    from hypothesis.stateful import run_state_machine_as_test

    told = settings(
        max_examples=count,
        stateful_step_count=60,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # to make it small, give the unit test its seed
        suppress_health_check=list(HealthCheck),
    )
    drain_machine = load("test_drain_machine").DrainMachine
    run_state_machine_as_test(seed(first)(drain_machine), settings=told)
    return {}


# --- payments --------------------------------------------------------------------------------------------------------


def payments(first: int, count: int) -> dict[str, object]:
    """A program that pays while everything goes wrong, see paying.py."""
    import paying

    seen: Counter[str] = Counter()

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        for seed in range(first, first + count):
            try:
                seen.update(await paying.story(seed))
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    complaints: list[dict[str, Any]] = []
    asyncio.run(main())
    assert not complaints, complaints
    return dict(seen)


# --- money ---------------------------------------------------------------------------------------------------------


def _amount(chance: random.Random) -> str:
    """A JSON number: cents mostly, and everything a server could mean by a number."""
    match chance.randrange(8):
        case 0 | 1 | 2:
            return f"{chance.randrange(10 ** chance.randint(1, 12))}.{chance.randrange(100):02d}"
        case 3:
            return str(chance.randrange(10 ** chance.randint(1, 30)))
        case 4:
            digits = chance.randint(1, 25)
            return f"{chance.randrange(10 ** chance.randint(1, 15))}.{chance.randrange(10**digits):0{digits}d}"
        case 5:
            whole, part = chance.randrange(1, 10), chance.randrange(10**5)
            return f"{whole}.{part:05d}{chance.choice('eE')}{chance.choice(('', '+', '-'))}{chance.randint(0, 20)}"
        case 6:
            return f"0.{'0' * chance.randint(0, 15)}{chance.randrange(1, 10**9)}{'0' * chance.randint(0, 4)}"
        case _:
            return f"-{chance.randrange(10**9)}.{chance.randrange(10**4):04d}"


def _plain(number: str) -> str:
    """The number as it must stand in the database, by moving digits about and nothing else."""
    sign, body, exponent = re.fullmatch(r"(-?)([\d.]+)(?:[eE]([+-]?\d+))?", number).groups()  # type: ignore[union-attr]
    whole, _, part = body.partition(".")
    digits, point = whole + part, len(whole) + int(exponent or 0)
    if point > len(digits):
        digits = digits.ljust(point, "0")
    if point <= 0:
        digits, point = "0" * (1 - point) + digits, 1
    before, after = digits[:point].lstrip("0") or "0", digits[point:]
    text = before + ("." + after if after else "")
    return text if not text.strip("0.") else sign + text


def amounts(first: int, count: int) -> dict[str, object]:
    """Pages of 1000 amounts from the JSON to the database and back; some of them need the tolerant decoder."""
    read = answers.transactions_of("GET", "transactions", 1)
    tolerant = 0
    with tempfile.TemporaryDirectory() as folder:
        sink = SqlSink(f"sqlite:///{folder}/amounts.db", origin="a test")
        with sink:
            for page in range(first, first + count):
                chance = random.Random(page)
                sent = [_amount(chance) for _ in range(1000)]
                rows = [
                    f'{{"rId":"{index}","amount":{number},"currency":"EUR","creditDebitIndicator":"CRDT"}}'
                    for index, number in enumerate(sent)
                ]
                if page % 5 == 0:  # a number where a text was promised, so that all of the page is read tolerantly
                    rows[0] = rows[0].replace('"currency":"EUR"', '"currency":978')
                    tolerant += 1
                envelope = read(Response(200, {}, _page(rows)))
                assert envelope is not None
                got = envelope.results.transactions
                for number, one in zip(sent, got, strict=True):
                    assert one.amount == Decimal(number), f"page {page}: {number} was read as {one.amount}"
                sink.write(got, None)
                kept = _kept(folder)
                for index, number in enumerate(sent):
                    expected = _plain(number)
                    assert kept[str(index)] == expected, f"page {page}: {number} is kept as {kept[str(index)]}"
    return {"pages read tolerantly": tolerant}


def _page(rows: list[str]) -> bytes:
    results = f'{{"acknowledgementId":"key","transactions":[{",".join(rows)}]}}'
    count = len(rows)
    head = f'"pageNumber":1,"pageSize":{count},"totalPages":1,"totalItems":{count}'
    return f'{{{head},"results":{results}}}'.encode()


def _kept(folder: str) -> dict[str, str]:
    with closing(sqlite3.connect(f"{folder}/amounts.db")) as connection:
        return dict(connection.execute("SELECT rid, amount FROM transactions"))


# --- bodies --------------------------------------------------------------------------------------------------------


async def real_bodies() -> dict[str, list[bytes]]:
    """What a sandbox answers: pages with either name of the file object, accounts, a login, and its errors."""
    found: dict[str, list[bytes]] = {"transactions": [], "accounts": [], "token": [], "error": []}
    for parent in ("document", "transactionFile"):
        async with (
            Sandbox(transactions=6, pending=1, parent=parent) as sandbox,  # type: ignore[arg-type]
            KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, retry=Retry(attempts=1)) as client,
        ):
            found["transactions"].append((await client.request("GET", "transactions")).body)
            found["accounts"].append((await client.request("GET", "bank-accounts")).body)
            login = {"apiKey": sandbox.api_key, "client": {"name": "a", "version": "1"}}
            answer = await client.request("POST", "authentication/token", json=login)
            found["token"].append(answer.body)
            for fault in ("400-xml", "403", "502-html", "unknown-route", "500"):
                sandbox.add_fault(f"{fault}:transactions.list")
                try:
                    await client.request("GET", "transactions")
                except KonfipayError as error:
                    found["error"].append(getattr(error, "body", None) or b"{}")
    return found


ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**40, 1.5, -0.0, 1e308, "", " ", "0", "1", "true",
    "NaN", "Infinity", "-1", "1e5", "9" * 400, "null", "2025-02-30", "2025-02-18", "2025-02-18T10:00:00+01:00",
    "2025-02-18T25:00:00", "0001-01-01", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00", "CRDT", "\x00",
    "\U0001f600", "a'b\"c`d", [], {}, [[]], [None], {"": None}, {"rId": 1}, [1, "a", None],
]  # fmt: skip
# Not what json.dumps would write; spliced into the text in the place of a value.
RAW = [
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e999999999999", "1E-999999999", "0." + "0" * 500 + "1",
    "9" * 4000, "9" * 5000, "1" * 200 + "." + "1" * 200, "01", "+1", ".5", "1.", '"\\ud800"', '"\\udc00\\ud800"',
    '"\\u0000"', '"\\x"', "tru", "'a'", "[" * 1200 + "]" * 1200, "[" * 100_000, '{"a":' * 900 + "1" + "}" * 900, "",
    "//", '"' + "x" * 100_000 + '"', '{"a":1,"a":2}', "1e-400", "1.0E+40", "1e41", "123e-45",
]  # fmt: skip
BYTES = [
    b"\xff", b"\xc3", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\x00", b'"', b"\\", b"{",
    b"}", b"[", b"]", b",", b":", b"\n", b"<", b"<!doctype html>", b"<?xml version='1.0'?>", b"\xff\xfe",
]  # fmt: skip
_MARK = "THE-PLACE-OF-A-RAW-VALUE"


def _places(value: Any, found: list[tuple[Any, Any]]) -> None:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for at, inner in steps:
        found.append((value, at))
        _places(inner, found)


def mutated(body: bytes, chance: random.Random) -> bytes:
    """One to three changes of what the body means, sometimes one or two of its bytes."""
    raw: list[str] = []
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if isinstance(value, dict | list) and chance.random() < 0.9:
        for _ in range(chance.randint(1, 3)):
            value = _changed(value, chance, raw)
        text = json.dumps(value, ensure_ascii=chance.random() < 0.5, allow_nan=True)
        for piece in raw:
            text = text.replace(f'"{_MARK}"', piece, 1)
        body = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.3:
        for _ in range(chance.randint(1, 2)):
            body = _bent(body, chance)
    return body


def _changed(value: Any, chance: random.Random, raw: list[str]) -> Any:
    places: list[tuple[Any, Any]] = []
    _places(value, places)
    if not places or chance.random() < 0.01:
        return deepcopy(chance.choice(ODD))
    holder, at = chance.choice(places)
    old = holder[at]
    match chance.randrange(8):
        case 0:
            del holder[at]
        case 1:
            holder[at] = _MARK
            raw.append(chance.choice(RAW))
        case 2:
            holder[at] = str(old) if not isinstance(old, str) else chance.choice((0, 1, [old], {"value": old}))
        case 3:
            holder[at] = [old]
        case 4:
            other, where = chance.choice(places)
            holder[at] = deepcopy(other[where])
        case 5:
            if isinstance(holder, dict):
                holder[str(at).swapcase()] = holder.pop(at)
            else:
                holder.insert(at, deepcopy(old))
        case _:
            holder[at] = deepcopy(chance.choice(ODD))
    return value


def _bent(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body) + 1)
    match chance.randrange(4):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + chance.choice(BYTES) + body[at:]
        case 2:
            return body[:at] + chance.choice(BYTES) + body[at + chance.randint(1, 4) :]
        case _:
            return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


def readers() -> dict[str, Callable[[Response], Any]]:
    """Every way an answer is read."""
    return {
        "transactions": answers.transactions_of("GET", "transactions", 1),
        "accounts": answers.page_of(BankAccount, "GET", "bank-accounts", 1),
        "account": answers.json_value(BankAccount, "GET", "bank-accounts/x"),
        "token": answers.token("POST", "authentication/token"),
        "acknowledged": answers.acknowledged("POST", "transactions/x/acknowledge"),
    }


def survives(reader: Callable[[Response], Any], status: int, body: bytes) -> str:
    """Read it, and make rows of what is read. What is no error of ours leaves."""
    try:
        value = reader(Response(status, {"retry-after": "1"}, body))
        for transaction in getattr(getattr(value, "results", None), "transactions", ()):
            row(transaction, "a source", "now")
            _ = transaction.origin
            try:
                _ = transaction.signed_amount
            except ValueError:  # an indicator nobody knows, as documented
                assert transaction.credit_debit_indicator not in ("CRDT", "DBIT")
    except KonfipayError as error:
        return _named(error)
    return "read"


def _named(error: KonfipayError) -> str:
    assert str(error) and repr(error)  # noqa: PT018 (neither may crash)
    return type(error).__name__


def bodies(first: int, count: int) -> dict[str, object]:
    """Mutated bodies through every reader: a value comes out, or an error of ours."""
    real = asyncio.run(real_bodies())
    all_readers = readers()
    came: Counter[str] = Counter()
    for seed in range(first, first + count):
        chance = random.Random(seed)
        kind = chance.choice(("transactions", "transactions", "transactions", "accounts", "token", "error"))
        body = mutated(chance.choice(real[kind]), chance)
        status = (
            chance.choice((400, 401, 404, 410, 429, 500)) if kind == "error" else chance.choice((200, 200, 200, 201))
        )
        names = [kind] if kind in all_readers and chance.random() < 0.8 else list(all_readers)
        for name in names:
            try:
                came[survives(all_readers[name], status, body)] += 1
            except BaseException as error:
                error.add_note(f"seed {seed}, reader {name}, status {status}, body {body[:2000]!r}")
                raise
    return dict(came.most_common())


class _Impatient:
    """A clock on which nobody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def client(first: int, count: int) -> dict[str, object]:
    """Mutated bodies as a server's answers to a whole client: lists are read, and end, or end in an error of ours."""
    came: Counter[str] = Counter()

    async def main() -> None:
        real = await real_bodies()
        now = {"body": b"", "status": 200}

        async def answer(request: web.BaseRequest) -> web.Response:
            await request.read()
            if request.path.endswith("/token"):
                return web.Response(body=real["token"][0], content_type="application/json")
            return web.Response(status=now["status"], body=now["body"], content_type="application/json")

        runner = web.ServerRunner(web.Server(answer, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v6"
        async with KonfipayClient(
            "AKeyForTestsOnly", base_url=url, clock=_Impatient(), retry=Retry(attempts=2), concurrency=3
        ) as one:
            lists: dict[str, Callable[[], Any]] = {
                "pages": lambda: one.transactions.pages(2),
                "new pages": lambda: one.transactions.pages(2, is_new=True, min_amount=Decimal(1)),
                "stream": lambda: one.transactions.stream(3),
                "drain": lambda: one.transactions.drain(3, keep_raw=True),
                "accounts": lambda: one.bank_accounts.list(2),
            }
            for seed in range(first, first + count):
                chance = random.Random(seed)
                name = chance.choice(list(lists))
                kind = "accounts" if name == "accounts" else "transactions"
                now["body"], now["status"] = mutated(chance.choice(real[kind]), chance), 200
                if chance.random() < 0.1:
                    now["body"], now["status"] = mutated(chance.choice(real["error"]), chance), 400
                try:
                    async with asyncio.timeout(20):
                        came[await _read(lists[name](), chance)] += 1
                except BaseException as error:
                    error.add_note(f"seed {seed}, {name}, status {now['status']}, body {now['body'][:2000]!r}")
                    raise
        await runner.cleanup()

    asyncio.run(main())
    return dict(came.most_common())


async def _read(rows: Any, chance: random.Random) -> str:
    acknowledges = chance.random() < 0.5
    try:
        taken = 0
        async for one in rows:
            taken += 1
            if acknowledges and hasattr(one, "acknowledge"):
                await one.acknowledge()
            if taken > 60:
                await rows.aclose()
                return "left after many"
    except KonfipayError as error:
        return _named(error)
    return "read"


def atheris(first: int, count: int) -> dict[str, object]:
    """libFuzzer over the readers, led by what it covers; `count` inputs. Says so where atheris is not installed."""
    if importlib.util.find_spec("atheris") is None:
        return {"not run": "atheris is not installed"}
    # libFuzzer ends its process when it is through: one more of it.
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for kind, found in asyncio.run(real_bodies()).items():
            for index, body in enumerate(found):
                (corpus / f"{kind}-{index}").write_bytes(bytes([index % 5]) + body)
        done = subprocess.run(
            [sys.executable, __file__, "atheris-run", str(first), str(count), str(corpus)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"seed {first}: {done.stderr[-6000:]}"
        told = re.search(r"Done (\d+) runs", done.stderr)
        assert told is not None, done.stderr[-2000:]
        covered = re.findall(r"cov: (\d+)", done.stderr)
        return {"inputs": int(told[1]), "edges covered": max(map(int, covered), default=0)}


def _atheris_run(seed: str, count: str, corpus: str) -> None:
    import atheris as fuzzer

    readers_are_in = ("answers", "models.times", "models.transactions", "models.wire", "pull.sinks.rows")
    for name in (*readers_are_in, "session.headers", "tolerance"):
        _instrument(fuzzer, sys.modules[f"konfipay_async.{name}"])
    kinds = list(readers().values())

    def one_input(data: bytes) -> None:
        if data:
            survives(kinds[data[0] % len(kinds)], 200 if data[0] < 200 else 400, data[1:])

    fuzzer.Setup(
        ["crunch", f"-runs={count}", f"-seed={seed or 1}", "-max_len=20000", "-rss_limit_mb=1500", corpus], one_input
    )
    fuzzer.Fuzz()


def _instrument(fuzzer: Any, module: ModuleType) -> None:
    for name, value in list(vars(module).items()):
        if callable(value) and getattr(value, "__module__", None) == module.__name__ and hasattr(value, "__code__"):
            setattr(module, name, fuzzer.instrument_func(value))


PARTS: dict[str, Callable[[int, int], dict[str, object]]] = {
    "budget": budget,
    "stories": stories,
    "machine": machine,
    "amounts": amounts,
    "bodies": bodies,
    "client": client,
    "payments": payments,
    "atheris": atheris,
}

if __name__ == "__main__":
    if sys.argv[1] == "atheris-run":
        _atheris_run(*sys.argv[2:])
    else:
        print(json.dumps(PARTS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))))
