"""What people use instead: httpx with pydantic, a loop over requests, dlt's RESTClient."""

from benchmarks.bench import Bench, Section, Target, median, quotient

_NAMES = {
    "ours:stream": "konfipay-async, `stream()`",
    "httpx_pydantic:rows": "httpx + pydantic",
    "requests_json:rows": "requests + json",
    "dlt_rest:rows": "dlt RESTClient",
}
_LATENCIES = (0, 100)
_TARGETS = {"httpx_pydantic:rows": 3.0, "dlt_rest:rows": 5.0}


def run(bench: Bench) -> Section:
    """CPU per transaction and wall time of each, at 0 and 100 ms."""
    pages = bench.choose(60, 2)
    names = bench.installed(_NAMES)
    section = Section(
        "What people use instead",
        f"{pages} pages of 1000 rows; ours and httpx with 8 in flight, requests and dlt one page after the other, "
        f"which is all they do. Ours and pydantic make models with exact dates and `Decimal` amounts, the other two "
        f"dicts with float amounts. CPU is the client process', x is against ours, round by round.",
        ("", "latency", "μs of CPU per transaction", "CPU x", "transactions per second", "wall x"),
    )
    for latency in _LATENCIES:
        rounds = bench.choose(15 if latency == 0 else 5, 1)
        runs = bench.read_in_turn(names, rounds, pages=pages, milliseconds=latency)
        ours = runs["ours:stream"]
        for name, found in runs.items():
            cpu, wall = median(found, "cpu"), median(found, "wall")
            section.numbers[f"{_NAMES[name]}|{latency}"] = cpu / pages / 1000 * 1e6
            section.rows.append(
                (
                    _NAMES[name],
                    f"{latency} ms",
                    f"{cpu / pages / 1000 * 1e6:.2f}",
                    f"{quotient(found, ours, 'cpu'):.2f}",
                    f"{pages * 1000 / wall:,.0f}",
                    f"{quotient(found, ours, 'wall'):.2f}",
                )
            )
            if name in _TARGETS:
                times, wanted = quotient(found, ours, "cpu"), _TARGETS[name]
                section.targets.append(
                    Target(
                        f"CPU of {_NAMES[name]} against ours, {latency} ms",
                        f"at least {wanted:g} x",
                        f"{times:.2f} x",
                        times >= wanted,
                    )
                )
    return section
