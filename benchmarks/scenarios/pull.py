"""A pull from end to end: fetch, decode, commit, acknowledge, with the limits lifted and one core for the client."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bench import Bench, Section, Target, median
from benchmarks.children import Child
from benchmarks.cores import elsewhere, on_one_core
from benchmarks.postgres_server import PostgresServer
from benchmarks.readers import API_KEY

CEILING = 16_667
"""Rows per second that the API's own limit allows: 1000 requests a minute, of 1000 rows."""

_WHY = {
    "SQLite": "the database's own work. A bare executemany of the same rows, with nothing looked up and nothing read "
    "from a network, takes two thirds of what a row may take altogether: ids are random, so that each page of bookings "
    "touches a thousand pages of three indexes, and all of them go to the disk. Reading has to fit beside it.",
    "PostgreSQL": "a third of the time the client waits for the server's disk and for a core the server shares with "
    "the source. The client's CPU alone would carry more than the target.",
}


def run(bench: Bench) -> Section:
    """Rows per second into SQLite and into PostgreSQL."""
    pages = bench.choose(100, 3)
    with ExitStack() as stack:
        runs = bench.in_turn(_contenders(stack, pages), bench.choose(5, 1))
    section = Section(
        "A pull from end to end",
        f"{pages} pages of 1000 new rows, which the sandbox made beforehand, into a fresh database: fetched, decoded, "
        f"committed (flushed to disk), acknowledged, the acknowledgement noted, until nothing is new; the login "
        f"included. Limits lifted, no latency, 8 pages in flight. The client's process has one core, the source and "
        f"PostgreSQL have the others. 2 x {CEILING:,} rows/s is twice what the API's limits allow one key.",
        ("into", "rows per second", "rows per second of the client's CPU", "the client's core in use"),
    )
    for name, found in runs.items():
        speed = pages * 1000 / median(found, "wall")
        busy = median(found, "cpu") / median(found, "wall")
        section.rows.append((name, f"{speed:,.0f}", f"{pages * 1000 / median(found, 'cpu'):,.0f}", f"{busy:.0%}"))
        section.numbers[name] = speed
        section.targets.append(
            Target(
                f"a pull into {name}, from end to end",
                f"at least {2 * CEILING:,} rows/s",
                f"{speed:,.0f} rows/s",
                speed >= 2 * CEILING,
                _WHY[name],
            )
        )
    return section


def _contenders(stack: ExitStack, pages: int) -> dict[str, Callable[[], dict[str, float]]]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    place = Path(tempfile.mkdtemp(prefix="konfipay-"))  # of its own: PostgreSQL's user must get in
    stack.callback(shutil.rmtree, place)
    with elsewhere():
        server = PostgresServer(place, fsync=True)
        server.start()
        stack.callback(server.stop, "immediate")
        source = stack.enter_context(Child("serving", "new"))
    with on_one_core():
        clients = [stack.enter_context(Child("reading", "ours:pull")) for _ in range(2)]

    def pull(client: Child, address: str) -> dict[str, float]:
        source.ask({"pages": pages})
        answer = client.ask({"url": f"{source.ready['origin']}/api/v6", "api_key": API_KEY, "to": address})
        left = source.ask("end")["new"]
        if answer["rows"] != pages * 1000 or left:
            raise RuntimeError(f"{answer['rows']} rows of {pages * 1000}, {left} left")
        return answer

    def sqlite() -> dict[str, float]:
        try:
            return pull(clients[0], f"sqlite:///{folder}/new.db")
        finally:
            for left in folder.glob("new.db*"):
                left.unlink()

    def postgresql() -> dict[str, float]:
        server.execute("DROP SCHEMA IF EXISTS konfipay CASCADE", "CHECKPOINT")
        return pull(clients[1], server.url())

    return {"SQLite": sqlite, "PostgreSQL": postgresql}
