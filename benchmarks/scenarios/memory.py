"""Peak memory, for a short list and a long one."""

import json
import statistics
from collections.abc import Callable

from benchmarks.bench import Bench, Section, Target
from benchmarks.children import Child


def run(bench: Bench) -> Section:
    """The peak of a fresh process that handles few rows, and of one that handles many; streamed and pulled."""
    section = Section(
        "Peak memory",
        "`stream()`, and a pull of the sandbox into an SQLite file with acknowledgements, with 8 pages in flight, each "
        "time in a fresh process: the most memory it ever had, interpreter and libraries included, median of the "
        "processes.",
        ("", "rows", "peak", "x"),
    )
    _measure(bench, section, "stream", _streaming(bench), bench.choose((20, 1000), (2, 10)), bench.choose(5, 1))
    _measure(bench, section, "pull", _pulling, bench.choose((60, 300), (2, 6)), bench.choose(3, 1))
    return section


def _streaming(bench: Bench) -> Callable[[int], dict[str, float]]:
    def stream(pages: int) -> dict[str, float]:
        with Child("reading", "ours:stream") as child:
            answer: dict[str, float] = child.ask({"url": bench.url(pages=pages)})
        return answer

    return stream


def _pulling(pages: int) -> dict[str, float]:
    with (
        Child("serving", "sandbox", json.dumps({"transactions": pages * 1000})) as sandbox,
        Child("reading", "ours:pull") as child,
    ):
        answer: dict[str, float] = child.ask({"url": sandbox.ready["url"], "api_key": sandbox.ready["key"]})
    return answer


def _measure(
    bench: Bench,
    section: Section,
    way: str,
    handle: Callable[[int], dict[str, float]],
    pages: tuple[int, int],
    rounds: int,
) -> None:
    short, long = pages

    def peak(pages: int) -> float:
        answer = handle(pages)
        if answer["rows"] != pages * 1000:
            raise RuntimeError(f"{answer['rows']} rows of {pages * 1000}")
        return answer["peak"]

    found = bench.in_turn({"short": lambda: peak(short), "long": lambda: peak(long)}, rounds)
    few, many = (statistics.median(found[name]) for name in ("short", "long"))
    section.rows += [
        (f"`{way}()`", f"{short * 1000:,}", f"{few / 2**20:.1f} MiB", ""),
        (f"`{way}()`", f"{long * 1000:,}", f"{many / 2**20:.1f} MiB", f"{many / few:.2f}"),
    ]
    section.targets.append(
        Target(
            f"peak memory of `{way}()` at {long * 1000:,} rows against {short * 1000:,}",
            "within 10 %",
            f"{many / few - 1:+.1%}",
            many <= 1.1 * few,
        )
    )
