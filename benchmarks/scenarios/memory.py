"""Peak memory, for a short list and a long one."""

import statistics

from benchmarks.bench import Bench, Section, Target
from benchmarks.children import Child


def run(bench: Bench) -> Section:
    """The peak of a fresh process that streams 20 thousand rows, and of one that streams a million."""
    short, long = bench.choose((20, 1000), (4, 20))

    def peak(pages: int) -> float:
        with Child("reading", "ours:stream") as child:
            answer = child.ask({"url": bench.url(pages=pages)})
        if answer["rows"] != pages * 1000:
            raise RuntimeError(f"{answer['rows']} rows of {pages * 1000}")
        return float(answer["peak"])

    found = bench.in_turn({"short": lambda: peak(short), "long": lambda: peak(long)}, bench.choose(5, 1))
    few, many = (statistics.median(found[name]) for name in ("short", "long"))
    section = Section(
        "Peak memory",
        "`stream()` with 8 pages in flight, each time in a fresh process: the most memory it ever had, interpreter and "
        "libraries included, median of the processes.",
        ("rows", "peak", "x"),
        [
            (f"{short * 1000:,}", f"{few / 2**20:.1f} MiB", ""),
            (f"{long * 1000:,}", f"{many / 2**20:.1f} MiB", f"{many / few:.2f}"),
        ],
    )
    section.targets.append(
        Target(
            f"peak memory at {long * 1000:,} rows against {short * 1000:,}",
            "within 10 %",
            f"{many / few - 1:+.1%}",
            many <= 1.1 * few,
        )
    )
    return section
