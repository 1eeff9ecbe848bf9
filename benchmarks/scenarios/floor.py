"""What the client's promises cost, against the least one can do by hand."""

from benchmarks.bench import Bench, Section, Target, median, middle_half, quotient

_NAMES = {
    "ours:stream": "`stream()`",
    "floor:generator": "floor, an async generator of rows and ids",
    "floor:rows": "floor, a plain loop over the rows",
    "ours:pages": "`pages()`",
    "floor:pages": "floor, rows not looked at",
    "floor:held": "floor, rows not looked at, a page kept until the next is there",
}
_COMPARED = (
    ("ours:stream", "floor:generator"),
    ("ours:stream", "floor:rows"),
    ("ours:pages", "floor:held"),
    ("ours:pages", "floor:pages"),
)
_MOST = 1.10
_WHY = (
    "the floor reads a page and drops it at once, so that the next one is read into memory the processor still has in "
    "its cache. Who iterates keeps a page until the next is there, and that alone costs a good part of it: see the "
    "floor that keeps one. Pages that are fetched ahead and handed out in order wait for their turn besides."
)


def run(bench: Bench) -> Section:
    """CPU per transaction of `stream()` and `pages()` against the floor."""
    pages, processes = bench.choose(100, 4), bench.choose(4, 1)
    # The layout of a process' memory is worth a few per cent: several processes each.
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in _NAMES}
    for _ in range(processes):
        for name, found in bench.read_in_turn(_NAMES, bench.choose(10, 2), pages=pages).items():
            runs[name] += found
    section = Section(
        "CPU per transaction, against the floor",
        f"CPU time of the client's process, {len(runs['ours:stream'])} rounds over {processes} processes each, {pages} "
        f"pages of 1000 rows, 8 in flight. The floor is bare aiohttp and hand-written msgspec models of the same "
        f"fields: no limits, no retries, no checks. `stream()` hands out each row with the id of its page, in order, "
        f"from an async generator; the floor that does just that is its own. Against a plain loop over pages in "
        f"whatever order they arrive stands also what any such generator costs, which is more than all that is ours. "
        f"How much that is depends on the machine's caches: pages that wait for their turn have gone cold by then. The "
        f"same code was 1.12 x the plain loop on a machine with quiet caches and 1.5 to 1.7 x on a shared one.",
        ("", "μs per transaction"),
    )
    for name, label in _NAMES.items():
        section.rows.append((label, f"{median(runs[name], 'cpu') / pages / 1000 * 1e6:.2f}"))
    for name, below in _COMPARED:
        times = quotient(runs[name], runs[below], "cpu")
        section.targets.append(
            Target(
                f"CPU of {_NAMES[name]} against the {_NAMES[below]}",
                f"at most {_MOST:.2f} x",
                f"{times:.2f} x (middle half {middle_half(runs[name], runs[below], 'cpu')})",
                times <= _MOST,
                _WHY,
            )
        )
    return section
