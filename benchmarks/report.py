"""What was found, as the page `docs/benchmarks.md`."""

from collections.abc import Sequence

from benchmarks.bench import Section

__all__ = ["missed", "page", "table", "targets"]

_HEAD = """# Benchmarks

Measured by `nox -s bench` (or `python -m benchmarks`), which wrote this page and its plot. Contenders take turns, round
by round in one run, each in a process of its own, so what else the machine does meets all of them alike: trust the
quotients more than the absolute figures. x is the median of the quotients of the rounds.

What is read from is a process of its own as well. Where the client is measured it hands out pages that the sandbox
made beforehand, because making a page takes the sandbox longer than reading it takes a client; where limits and
acknowledgements matter it is the sandbox itself.
"""


def page(sections: Sequence[Section], facts: Sequence[tuple[str, str]], plot: str) -> str:
    """The whole page."""
    parts = [
        _HEAD,
        table(("measured on", ""), facts),
        "## What it must reach\n",
        targets(sections),
        *missed(sections),
        f"![CPU per transaction, and pages per second by concurrency]({plot})\n",
    ]
    for section in sections:
        parts += [f"## {section.title}\n", f"{section.how}\n", table(section.head, section.rows)]
    return "\n".join(parts)


def targets(sections: Sequence[Section]) -> str:
    """Every target, what was measured, and whether it is met."""
    rows = [
        (target.what, target.wanted, target.measured, "yes" if target.met else "**no**")
        for section in sections
        for target in section.targets
    ]
    return table(("what", "target", "measured", "met"), rows)


def missed(sections: Sequence[Section]) -> list[str]:
    """What stands in the way of targets that are not met."""
    found = [target for section in sections for target in section.targets if not target.met and target.why]
    return ["What is not met:\n", *(f"- **{target.what}**: {target.why}" for target in found), ""] if found else []


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: words to the left, numbers to the right."""
    numeric = [bool(rows) and all(row[at][:1] in "0123456789+-" for row in rows) for at in range(len(head))]
    lines = [_line(head), _line(["--:" if right else "---" for right in numeric])]
    return "\n".join([*lines, *map(_line, rows)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
