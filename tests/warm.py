"""Programs of this package, started in a tenth of the time: each is a fork of a process that has imported everything.

``[*COMMAND, "pull", …]`` is for tests what ``konfipay pull …`` is for users while `warm()` lasts: arguments, folder,
environment, standard streams, signals and the exit code are the caller's. Tests of imports want the real thing.
"""

import gc
import importlib
import marshal
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["COMMAND", "script", "warm"]

_SOCKET = "TESTS_WARM_SOCKET"
_ASKING = [sys.executable, "-I", "-S", str(Path(__file__).with_name("asking.py"))]
COMMAND = [*_ASKING, "-m", "konfipay_async"]


def script(path: Path) -> list[str]:
    """What starts a script of the tests."""
    return [*_ASKING, str(path)]


@contextmanager
def warm() -> Iterator[None]:
    """While this lasts, commands can be started. It ends with the process that began it, whatever becomes of that."""
    with tempfile.TemporaryDirectory(prefix="warm") as folder:  # the name of a socket must be short
        address = os.path.join(folder, "s")
        process = subprocess.Popen([sys.executable, __file__, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline()
        os.environ[_SOCKET] = address
        try:
            yield
        finally:
            del os.environ[_SOCKET]
            process.stdin.close()
            process.stdout.close()
            process.wait()


def _serve(address: str) -> None:
    """The half that stays. Returns in the forks alone, ready to run what they were asked for."""
    for name in ("konfipay_async.cli.app", "konfipay_async.pull.sinks.postgresql"):
        importlib.import_module(name)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # none is waited for
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(100)
        gc.collect()
        gc.freeze()
        print("ready", flush=True)
        while True:
            readable, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in readable:
                sys.exit()
            connection, _ = listener.accept()
            if not os.fork():
                break
            connection.close()
    _watch_over_a_fork(connection)


def _watch_over_a_fork(connection: socket.socket) -> None:
    size, descriptors, _, _ = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as told:
        arguments, environment, folder = marshal.loads(told.read(int.from_bytes(size, "big")))  # noqa: S302
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    if not (child := os.fork()):
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        connection.close()
        os.close(ended)
        os.close(wake)
        return _become(descriptors, arguments, environment, folder)
    os.closerange(0, 3)
    for descriptor in descriptors:
        os.close(descriptor)
    connection.send(b"%d\n" % child)
    if connection in select.select([ended, connection], [], [])[0]:
        os.kill(child, signal.SIGKILL)  # whoever asked is gone
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        connection.send(b"%d\n" % code)
    os._exit(0)


def _become(descriptors: list[int], arguments: list[str], environment: dict[str, str], folder: str) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", 1 if os.isatty(1) else -1, "utf-8", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, "utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if wish := environment.get("PYTHONWARNINGS"):
        warnings.simplefilter(wish)  # type: ignore[arg-type]
    sys.argv = arguments


if __name__ == "__main__":
    _serve(sys.argv[1])
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.path.dirname(sys.argv[0])
        runpy.run_path(sys.argv[0], run_name="__main__")
