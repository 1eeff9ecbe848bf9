"""Which cores a process may use: one for the client that is measured, the others for whatever it talks to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["elsewhere", "on_one_core"]


@contextmanager
def on_one_core() -> Iterator[None]:
    """Processes that are started meanwhile have one core."""
    with _on(_all()[:1]):
        yield


@contextmanager
def elsewhere() -> Iterator[None]:
    """Processes that are started meanwhile have the other cores, where there are others."""
    with _on(_all()[1:] or _all()):
        yield


def _all() -> list[int]:
    """None where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def _on(cores: list[int]) -> Iterator[None]:
    """Processes inherit what the one that starts them has."""
    before = _all()
    if cores:
        os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)
