"""How fast pages come when each takes 100 ms, by how many are in flight."""

from benchmarks.bench import Bench, Section, Target, median

_LATENCY = 0.1
_SHARE = 0.9


def run(bench: Bench) -> Section:
    """Pages per second by concurrency, with the limits lifted."""
    pages = bench.choose({1: 30, 2: 60, 4: 120, 8: 800, 16: 800, 32: 1600}, {8: 24})
    section = Section(
        "Pages per second at 100 ms",
        "`pages()`, limits lifted, pages of 1000 rows; included are the login and the first page, which says how many "
        "there are: beside those two nothing is in flight. Possible is concurrency ÷ latency. The floor is that of CPU "
        "per transaction, which knows no order.",
        ("in flight", "pages read", "pages per second", "possible", "share", "the floor's share"),
    )
    measured: dict[int, float] = {}
    for concurrency, count in pages.items():
        runs = bench.read_in_turn(
            ["ours:pages", "floor:pages"], bench.choose(3, 1), pages=count, milliseconds=100, concurrency=concurrency
        )
        rate, floor = (count / median(found, "wall") for found in runs.values())
        possible = concurrency / _LATENCY
        measured[concurrency] = rate
        section.rows.append(
            (
                str(concurrency),
                str(count),
                f"{rate:.1f}",
                f"{possible:.0f}",
                f"{rate / possible:.0%}",
                f"{floor / possible:.0%}",
            )
        )
    section.numbers = {str(concurrency): rate for concurrency, rate in measured.items()}
    section.targets.append(
        Target(
            "pages at 100 ms, 8 in flight",
            "at least 90 % of 80 pages/s",
            f"{measured[8]:.1f} pages/s, {measured[8] / 80:.0%}",
            measured[8] >= _SHARE * 80,
            "each place is taken for 100 ms, for the milliseconds the source needs to send 700 KB, and for those of "
            "reading them, on a core on which seven others are read; the first page is read alone. The floor's share "
            "says what the machine allows.",
        )
    )
    return section
