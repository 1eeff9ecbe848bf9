"""The plot beside the page: CPU per transaction, and pages per second by concurrency."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["draw"]

_OURS, _OTHERS, _FAINT = "#0b5fa5", "#9aa5b1", "#5f6b76"


def draw(cpu: Mapping[str, float], pages: Mapping[str, float], file: Path) -> None:
    """`cpu` is μs by "name|latency", `pages` pages per second by how many are in flight."""
    mpl.rcParams.update(
        {"font.family": "sans-serif", "font.size": 10, "svg.hashsalt": "konfipay", "svg.fonttype": "none"}
    )
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])

    bars = [(name.partition("|")[0], value) for name, value in cpu.items() if name.endswith("|0")]
    for place, (name, value) in enumerate(reversed(bars)):
        left.barh(place, value, height=0.6, color=_OURS if name == bars[0][0] else _OTHERS)
        left.text(value, place, f" {value:.1f}", va="center", color=_FAINT)
    left.set_yticks(range(len(bars)), [name.replace("`", "") for name, _ in reversed(bars)])
    left.set_title("μs of CPU per transaction, no latency", loc="left", fontsize=11)
    left.set_xticks([])
    left.margins(x=0.12)
    left.spines[["top", "right", "bottom"]].set_visible(False)
    left.tick_params(axis="y", length=0)

    flights = [int(count) for count in pages]
    right.plot(flights, [count / 0.1 for count in flights], color=_OTHERS, linewidth=1, linestyle="--")
    right.plot(flights, list(pages.values()), color=_OURS, marker="o", markersize=4)
    last = flights[-1]
    right.annotate("possible", (last, last / 0.1), (-12, 0), textcoords="offset points", ha="right", color=_FAINT)
    middle = flights[len(flights) // 2]
    right.annotate("measured", (middle, pages[str(middle)]), (10, -12), textcoords="offset points", color=_OURS)
    right.set_xscale("log", base=2)
    right.set_yscale("log", base=2)
    right.set_xticks(flights, [str(count) for count in flights])
    right.set_yticks([count * 10 for count in flights], [str(count * 10) for count in flights])
    right.minorticks_off()
    right.set_xlabel("pages in flight")
    right.set_title("pages per second at 100 ms", loc="left", fontsize=11)
    right.spines[["top", "right"]].set_visible(False)

    figure.savefig(file, metadata={"Date": None})
