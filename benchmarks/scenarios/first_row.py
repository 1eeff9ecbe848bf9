"""How long until the first row is there."""

from benchmarks.bench import Bench, Section, median

_NAMES = {
    "ours:stream": "konfipay-async, `stream()`",
    "floor:rows": "floor",
    "httpx_pydantic:rows": "httpx + pydantic",
    "requests_json:rows": "requests + json",
    "dlt_rest:rows": "dlt RESTClient",
}


def run(bench: Bench) -> Section:
    """From making a client to its first row: the login and one page of a thousand rows."""
    section = Section(
        "Time to the first row",
        "From making the client to the first row of a list of 60 pages of 1000 rows: a login, and a page that has to "
        "be there whole. Two answers cannot take less than two latencies.",
        ("", "0 ms", "100 ms"),
    )
    names = bench.installed(_NAMES)
    found = {
        latency: bench.read_in_turn(names, bench.choose(11, 1), pages=60, milliseconds=latency, only_first=True)
        for latency in (0, 100)
    }
    for name in names:
        section.rows.append(
            (_NAMES[name], *(f"{median(found[latency][name], 'wall') * 1000:.1f} ms" for latency in (0, 100)))
        )
    return section
