"""The half of warm.py that a test starts in place of a program. Imports next to nothing: that is the point of it."""

import marshal
import os
import signal
import socket
import sys

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def pass_on(number: int, _: object) -> None:
    try:  # noqa: SIM105 (contextlib is one more import)
        os.kill(child, number)
    except ProcessLookupError:  # it ended this moment
        pass


# Until it is known to whom they go; the program, which is another process' child, does not inherit this.
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(os.environ["TESTS_WARM_SOCKET"])
    told = marshal.dumps((sys.argv[1:], dict(os.environ), os.getcwd()))
    socket.send_fds(connection, [len(told).to_bytes(8, "big") + told], [0, 1, 2])
    answers = connection.makefile("rb")
    child = int(answers.readline())
    for number in SIGNALS:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.closerange(0, 3)  # whoever reads hears of the end of the program, not of this
    code = int(answers.readline())
if code < 0:
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
