"""A client process: reads pages by one of `readers` whenever it is told to, and says what that took.

Each way to read lives in a process of its own, so that none pays for what another has loaded; they are asked in turn.
"""

import asyncio
import gc
import importlib
import inspect
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.children import answer_until_closed


def peak_memory() -> int:
    """Bytes. Linux counts in ru_maxrss what the parent held before this process began, so it is asked otherwise."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Answer questions like ``{"url": …, "concurrency": 8, "limit": null}`` until the parent is gone."""
    module, _, way = sys.argv[1].partition(":")
    read = getattr(importlib.import_module(f"benchmarks.readers.{module}"), way)

    def answer(question: dict[str, Any]) -> dict[str, float]:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        result = read(**question)
        rows = asyncio.run(result) if inspect.iscoroutine(result) else result
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"cpu": cpu, "wall": wall, "rows": rows, "peak": peak_memory()}

    answer_until_closed({}, answer)


if __name__ == "__main__":
    main()
