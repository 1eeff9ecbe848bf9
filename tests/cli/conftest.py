"""The command line is tested as a user runs it: as a process."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Konfipay = Callable[..., Awaitable[Ended]]


def environment(**more: str) -> dict[str, str]:
    """The environment without a user's own settings; the process warns of what it leaves open."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KONFIPAY_")}
    return kept | {"PYTHONWARNINGS": "error", "COLUMNS": "200", "NO_COLOR": "1"} | more


@pytest.fixture
def konfipay(tmp_path: Path) -> Konfipay:
    """Run a command in a folder of its own, to its end."""

    async def run(*arguments: str, **more: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "konfipay_async",
            *arguments,
            cwd=tmp_path,
            env=environment(**more),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert b"Traceback" not in out + err, (out + err).decode()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    return run
