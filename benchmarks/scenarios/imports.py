"""How long importing takes, against what it stands on."""

import json
import os
import subprocess
import sys

from benchmarks.bench import Bench, Section, Target, median, middle_half, quotient

_IMPORTS = {
    "`konfipay_async`": "import konfipay_async",
    "aiohttp + msgspec": "import aiohttp, msgspec",
    "aiohttp + msgspec + aiolimiter + anyio": "import aiohttp, msgspec, aiolimiter, anyio",
}
_PROGRAM = """
import time
wall, cpu = time.perf_counter(), time.process_time()
{}
print([time.perf_counter() - wall, time.process_time() - cpu])
"""

# Where it is set, modules that changed are compiled again by every interpreter, which is not what is measured.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_WHY = (
    "some fifty modules and fifteen dataclasses of our own, and aiolimiter and anyio, which the client needs as well. "
    "On a shared machine the figure moves by a tenth from run to run."
)


def import_time(statement: str) -> dict[str, float]:
    """What importing takes, in a fresh interpreter: seconds, and seconds of CPU."""
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _PROGRAM.format(statement)],
        check=True,
        capture_output=True,
        text=True,
        env=_ENVIRONMENT,
    )
    wall, cpu = json.loads(ended.stdout)
    return {"wall": wall, "cpu": cpu}


def run(bench: Bench) -> Section:
    """The time `import konfipay_async` takes in a fresh interpreter."""
    rounds = bench.choose(41, 2)
    for what in _IMPORTS.values():
        import_time(what)  # compiles what never was
    runs = bench.in_turn({name: lambda what=what: import_time(what) for name, what in _IMPORTS.items()}, rounds)  # type: ignore[misc]
    section = Section(
        "Import time",
        f"Each time in a fresh interpreter, {rounds} rounds, medians; x is against aiohttp + msgspec, round by round. "
        f"All four libraries are what the client needs.",
        ("", "ms", "ms of CPU", "CPU x", "middle half"),
    )
    below = runs["aiohttp + msgspec"]
    for name, found in runs.items():
        section.rows.append(
            (
                name,
                f"{median(found, 'wall') * 1000:.0f}",
                f"{median(found, 'cpu') * 1000:.0f}",
                f"{quotient(found, below, 'cpu'):.2f}",
                middle_half(found, below, "cpu"),
            )
        )
    times = quotient(runs["`konfipay_async`"], below, "cpu")
    section.targets.append(
        Target("import time against aiohttp + msgspec", "at most 1.3 x", f"{times:.2f} x", times <= 1.3, _WHY)
    )
    return section
