"""A PostgreSQL of our own: one server for all tests of a session, on a socket in a folder that goes with it."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

PostgresServer = run_path(str(Path(__file__).parents[2] / "benchmarks" / "postgres_server.py"))["PostgresServer"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    if sys.platform == "win32":
        pytest.skip("a server on a Unix socket")
    folder = Path(tempfile.mkdtemp(prefix="konfipay-"))  # not below pytest's own, which nobody else may enter
    try:
        server = PostgresServer(folder)
        server.start()
        yield server
        server.stop("immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres(postgres_server: Any) -> Any:
    """The server, with nothing of ours in its database."""
    postgres_server.execute("DROP SCHEMA IF EXISTS konfipay CASCADE")
    return postgres_server
