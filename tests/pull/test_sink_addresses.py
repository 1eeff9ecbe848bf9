"""Sinks by their address, and by `--to`."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
import warm

from konfipay_async.errors import ConfigurationError
from konfipay_async.pull.sinks.addresses import sink_at
from konfipay_async.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("program")


@pytest.mark.parametrize("address", ["jsonl:", "csv:", "parquet://bookings"])
def test_an_address_without_a_folder(address: str) -> None:
    """Two slashes would make an absolute path of what looks like a relative one."""
    with pytest.raises(ConfigurationError, match=r"names no folder; write \w+:FOLDER"):
        sink_at(address, origin="x")


@pytest.mark.parametrize("address", ["jsonlines:x", "jsonl", "parquet", "xlsx:/tmp/x", ""])
def test_an_address_of_no_kind_says_which_there_are(address: str) -> None:
    """When it is opened; nothing is made."""
    with pytest.raises(ConfigurationError, match=r"sqlite:///.*postgresql://.*jsonl:FOLDER, csv:FOLDER or parquet:"):
        sink_at(address, origin="x").open()


async def pulled(address: str, folder: Path, *more: str) -> tuple[int, Any]:
    async with Sandbox(transactions=30, pending=5) as sandbox:
        settings = {"KONFIPAY_API_KEY": sandbox.api_key, "KONFIPAY_BASE_URL": sandbox.base_url}
        process = await asyncio.create_subprocess_exec(
            *(*warm.COMMAND, "pull", "--to", address, "--json", *more),
            cwd=folder,
            env=os.environ | settings,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
    return process.returncode or 0, json.loads(out)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
async def test_the_command_writes_files(kind: str, tmp_path: Path) -> None:
    """Into a folder that it makes, without a word about a database."""
    code, report = await pulled(f"{kind}:bookings", tmp_path, "--acknowledge", "--page-size", "10")
    assert (code, report["new"], report["acknowledged"]) == (0, 25, 3)
    assert report["summary"].startswith(f"Stored in bookings ({kind})")
    assert list((tmp_path / "bookings").rglob(f"part-default-*.{kind}"))


async def test_the_command_writes_into_postgresql(postgres: Any, tmp_path: Path) -> None:
    """With pending entries in their own table, and the address nowhere."""
    address = postgres.url().replace("postgres@", "postgres:geheim@")
    code, report = await pulled(address, tmp_path, "--pending-table")
    assert (code, report["new"]) == (0, 30)
    assert "geheim" not in json.dumps(report)
    assert postgres.execute("SELECT count(*) FROM konfipay.pending_transactions") == [(5,)]
    assert postgres.execute("SELECT count(*) FROM konfipay.transactions") == [(25,)]
