"""What a pull does, as one JSON object a line on standard error, for whoever collects logs."""

import json
import logging
import sys
from datetime import UTC, datetime

from konfipay_async.pull.report import Report
from konfipay_async.pull.work import Step

__all__ = ["EventLog"]


class EventLog(logging.Handler):
    """Writes events. What the package logs as a warning or worse is an event too.

    Every line has `at` (UTC), `event` and, where it is about a key, `source`. None holds anything of anybody's
    bookings.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def install(self) -> None:
        """Hear what the package logs, for the rest of the process."""
        logger = logging.getLogger("konfipay_async")
        logger.addHandler(self)
        logger.propagate = False

    def write(self, event: str, **facts: object) -> None:
        """Write one event; facts that are None are left out."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        said = {name: value for name, value in facts.items() if value is not None}
        sys.stderr.write(json.dumps({"at": at, "event": event, **said}, default=str) + "\n")
        sys.stderr.flush()

    def step(self, source: str, step: Step, report: Report) -> None:
        """A step was taken by the pull of a key."""
        self.write(step.name.lower(), source=source, seconds=round(report.seconds, 3), **report.counts())

    def emit(self, record: logging.LogRecord) -> None:
        """Write what the package logs."""
        self.write("log", level=record.levelname.lower(), logger=record.name, message=record.getMessage())
