"""Processes that are asked and answer, a line of JSON each way; they end with the process that started them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["ROOT", "Child", "answer_until_closed"]

ROOT = Path(__file__).resolve().parents[1]
"""Where the project is: `python -m benchmarks.…` works from there."""


class Child:
    """A module of this package, run as a process. `ready` is what it said when it was ready."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._name = " ".join(map(str, (module, *arguments)))
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._receive()

    def ask(self, question: object) -> Any:
        """Its answer to this question."""
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._receive()

    def close(self) -> None:
        """Let it end, and wait until it has."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process {self._name!r} ended with code {self._process.wait()}")
        return json.loads(line)


def answer_until_closed(ready: object, answer: Callable[[Any], object]) -> None:
    """The child's side: say that it is ready, then answer questions until nobody is there to ask."""
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
