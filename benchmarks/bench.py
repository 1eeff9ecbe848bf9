"""What every scenario works with: contenders measured in turn, and the sections that come out."""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, TypeVar

from benchmarks.children import Child

__all__ = ["Bench", "Section", "Target", "median", "middle_half", "quotient"]

T = TypeVar("T")

_NEEDS = {"httpx_pydantic": ("httpx", "pydantic"), "requests_json": ("requests",), "dlt_rest": ("requests", "dlt")}


@dataclass(frozen=True)
class Target:
    """Something the client is to reach. `met` is decided on the figure itself, `measured` is how it is written; `why`
    is what stands in the way where it is not."""

    what: str
    wanted: str
    measured: str
    met: bool
    why: str = ""


@dataclass
class Section:
    """What one scenario found: how, in prose, a table, the targets it decides, and numbers for the plot."""

    title: str
    how: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)


class Bench:
    """One run: how thorough it is, its progress, and the processes it shares. Close it, and they end."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self._stack = ExitStack()
        self._server: Child | None = None
        self._task = ""
        self._began = time.monotonic()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def begin(self, task: str) -> None:
        """Say what comes next."""
        self._task = task
        self._say("")

    def _say(self, text: str) -> None:
        line = f"{time.monotonic() - self._began:6.1f} s  {self._task}{text}"
        if sys.stderr.isatty():
            print(f"\r\x1b[2K{line}", end="\n" if not text else "", file=sys.stderr, flush=True)
        elif not text:
            print(line, file=sys.stderr, flush=True)

    def choose(self, full: T, quick: T) -> T:
        """How much: for the figures, or to see that it runs."""
        return quick if self.quick else full

    def url(self, *, pages: int, milliseconds: int = 0) -> str:
        """The base URL of a list of so many rendered pages of a thousand rows, each answer so late."""
        if self._server is None:
            self._server = self._stack.enter_context(Child("serving", "rendered"))
        return f"{self._server.ready['origin']}/{milliseconds}/{pages}/api/v6"

    def in_turn(self, contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
        """What each answers in each round. Every round asks all of them and begins with another one.

        So what else the machine does, and its drift, meets all alike: compare round by round. A round before the
        first warms up and is thrown away.
        """
        names = list(contenders)
        found: dict[str, list[T]] = {name: [] for name in names}
        for number in range(-1, rounds):
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                self._say(f": round {number + 1} of {rounds}, {name}")
                answer = contenders[name]()
                if number >= 0:
                    found[name].append(answer)
        return found

    def read_in_turn(
        self, readers: Iterable[str], rounds: int, *, pages: int, milliseconds: int = 0, **question: object
    ) -> dict[str, list[dict[str, float]]]:
        """`in_turn` for ways to read, each in a process of its own; see `reading`."""
        url = self.url(pages=pages, milliseconds=milliseconds)
        with ExitStack() as stack:
            children = {name: stack.enter_context(Child("reading", name)) for name in readers}

            def asking(child: Child) -> Callable[[], dict[str, float]]:
                return lambda: child.ask({"url": url, **question})

            return self.in_turn({name: asking(child) for name, child in children.items()}, rounds)

    def installed(self, readers: Iterable[str]) -> list[str]:
        """Those of the readers whose libraries are here."""
        return [name for name in readers if not missing([name])]


def missing(readers: Iterable[str]) -> list[str]:
    """The libraries these readers need and this interpreter has not."""
    needed = {library for name in readers for library in _NEEDS.get(name.partition(":")[0], ())}
    return sorted(library for library in needed if find_spec(library) is None)


def median(runs: Sequence[Mapping[str, float]], name: str) -> float:
    """The median of one figure."""
    return statistics.median(run[name] for run in runs)


def quotient(above: Sequence[Mapping[str, float]], below: Sequence[Mapping[str, float]], name: str) -> float:
    """The median of the quotients round by round."""
    return statistics.median(a[name] / b[name] for a, b in zip(above, below, strict=True))


def middle_half(above: Sequence[Mapping[str, float]], below: Sequence[Mapping[str, float]], name: str) -> str:
    """Between which values the middle half of the quotients lies."""
    quotients = sorted(a[name] / b[name] for a, b in zip(above, below, strict=True))
    if len(quotients) < 4:
        return "-"
    low, _, high = statistics.quantiles(quotients, n=4)
    return f"{low:.2f} to {high:.2f}"
