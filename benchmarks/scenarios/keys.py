"""Many keys: what a pull costs beside its rows, when one process pulls with one key after another."""

import json
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bench import Bench, Section, median
from benchmarks.children import Child
from benchmarks.cores import elsewhere, on_one_core
from benchmarks.postgres_server import PostgresServer

ROWS = 100
_AT_ONCE = 8


def run(bench: Bench) -> Section:
    """CPU of the client for a pull that finds nothing, and for one that finds a hundred rows."""
    keys = bench.choose(60, 2)
    settings = {"transactions": ROWS, "keys": keys, "transaction_files": 0}
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="konfipay-"))  # of its own: PostgreSQL's user must get in
        stack.callback(shutil.rmtree, place)
        with elsewhere():
            server = PostgresServer(place, fsync=True)
            server.start()
        stack.callback(server.stop, "immediate")
        with on_one_core():
            client = stack.enter_context(Child("reading", "ours:keys"))

        def once() -> dict[str, float]:
            server.execute("DROP SCHEMA IF EXISTS konfipay CASCADE")
            found = {}
            with elsewhere():
                sandbox = stack.enter_context(Child("serving", "sandbox", json.dumps(settings)))
            question = {
                "url": sandbox.ready["url"],
                "api_keys": sandbox.ready["keys"],
                "to": server.url(),
                "at_once": _AT_ONCE,
            }
            for what, rows in (("some", keys * ROWS), ("none", 0)):
                answer = client.ask(question)
                if answer["rows"] != rows:
                    raise RuntimeError(f"{answer['rows']} rows of {rows}")
                found[f"{what} wall"], found[f"{what} cpu"] = answer["wall"] / keys, answer["cpu"] / keys
            sandbox.close()
            return found

        runs = bench.in_turn({"keys": once}, bench.choose(5, 1))["keys"]
    section = Section(
        "Many keys",
        f"{keys} keys, each with a list of its own, {_AT_ONCE} at a time in one process on one core, into PostgreSQL: "
        f"login, list, commit, acknowledgement, and the sink opened and closed for each. Limits lifted, no latency.",
        ("new rows for each key", "ms of the client's CPU for each", "pulls per minute and core"),
    )
    for what, rows in (("none", 0), ("some", ROWS)):
        cpu = median(runs, f"{what} cpu")
        section.rows.append((str(rows), f"{cpu * 1000:.1f}", f"{60 / cpu:,.0f}"))
        section.numbers[what] = cpu
    return section
