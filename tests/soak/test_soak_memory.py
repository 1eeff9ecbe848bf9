"""A million rows into every kind of sink: the process that pulls them does not grow."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.timeout(7200)

MiB = 1024 * 1024


KINDS = ("sqlite", "postgresql", "jsonl", "csv", "parquet", "function")


async def test_memory_is_flat(soak: Any, nurseries: Any, tmp_path: Path, postgres: Any) -> None:
    """What it has after a tenth of the rows is within 10 % of the most it ever has."""
    pages, size = soak.count(30, 1000), soak.count(50, 1000)
    asyncio.get_running_loop().set_debug(False)  # it would be the sandbox' memory that grows, and its time
    what = f"{pages * size:,} rows into each kind of sink; MiB of the process after a tenth of them, and at most"
    grown: dict[str, float] = {}
    told: dict[str, str] = {}

    async def one(children: Any, kind: str) -> None:
        addresses = {"sqlite": f"sqlite:///{tmp_path}/pull.db", "postgresql": postgres.url(), "function": "function"}
        said = tmp_path / "said"
        said.unlink(missing_ok=True)
        unlimited = {"authenticated_limit": 1_000_000, "public_limit": 1_000_000}
        async with Sandbox(transactions=pages * size, transaction_files=0, **unlimited) as sandbox:
            code = await children.run(
                base_url=sandbox.base_url,
                api_key=sandbox.api_key,
                to=addresses.get(kind, f"{kind}:{tmp_path}/{kind}"),
                page_size=size,
                said=str(said),
                within=900,
            )
        assert code == 0, said.read_text()
        shutil.rmtree(tmp_path / kind, ignore_errors=True)
        resident = json.loads(said.read_text())
        assert resident[-1][0] == pages * size
        early = max(memory for rows, memory in resident if rows <= pages * size / 10)
        most = max(memory for _, memory in resident)
        grown[kind] = most / early - 1
        told[kind] = f"{early / MiB:.1f}, {most / MiB:.1f}"
        soak.record(what, **told)

    soak.record(what)
    await nurseries(one, KINDS, "memory_in_children.py", processes=1)
    assert max(grown.values()) <= 0.1, grown
