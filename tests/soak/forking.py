"""A process that stays, imports everything once, and forks for every job, so that each can be killed by itself.

It reads a JSON object a line, answers with the child's process id, then with how the child ended. `serve` has one child
at a time, `serve_many` as many as it is told of.
"""

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

__all__ = ["serve", "serve_many"]

_BUG = 1


def serve(work: Callable[[dict[str, Any]], int]) -> None:
    """`work` is done in a child and gives its exit code. What it prints goes to the file `said` of the job."""
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            _be_a_child(work, job)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def serve_many(work: Callable[[dict[str, Any]], int]) -> None:
    """The same for several at a time: {"born": id} for each job, in order, and {"ended": id, "code": code}."""
    alive: set[int] = set()
    told, is_open = b"", True
    while is_open or alive:
        if is_open and select.select([0], [], [], 0.01 if alive else None)[0]:
            more = os.read(0, 65536)
            is_open, told = bool(more), told + more
            *lines, told = told.split(b"\n")
            for line in lines:
                child = os.fork()
                if not child:
                    _be_a_child(work, json.loads(line))
                alive.add(child)
                print(json.dumps({"born": child}), flush=True)
        if not is_open:
            for child in alive:
                os.kill(child, signal.SIGKILL)
        for child in list(alive):
            ended, status = os.waitpid(child, 0 if not is_open else os.WNOHANG)
            if ended:
                alive.discard(child)
                print(json.dumps({"ended": child, "code": os.waitstatus_to_exitcode(status)}), flush=True)


def _be_a_child(work: Callable[[dict[str, Any]], int], job: dict[str, Any]) -> None:
    code = _BUG
    try:
        said = os.open(job["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for file, number in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(file, number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = work(job)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
