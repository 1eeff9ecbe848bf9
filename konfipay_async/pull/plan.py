"""What to pull with one key, as a value that is checked before anything is opened, and how it is carried out."""

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from konfipay_async.client import KonfipayClient
from konfipay_async.errors import ConfigurationError
from konfipay_async.pull.puller import pull
from konfipay_async.pull.ranges import pull_range
from konfipay_async.pull.report import Report
from konfipay_async.pull.singles import pull_files, pull_paypal
from konfipay_async.pull.sinks import Sink
from konfipay_async.pull.sinks.noting import What
from konfipay_async.pull.work import Watch

__all__ = ["Plan", "carry_out"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to pull with one key.

    `since` and `until` are days, both included (`until` alone makes no range): with them everything of these days is
    read, new or not, and nothing is acknowledged. Files go into `folder`. The rest is as for the functions that do it:
    `pull`, `pull_range`, `pull_files`, `pull_paypal`. Raises ConfigurationError for what does not go together.
    """

    what: What = "transactions"
    acknowledge: bool = False
    since: date | None = None
    until: date | None = None
    pending: bool = False
    page_size: int = 1000
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.since is None:
            raise ConfigurationError("until needs since: the first day of the range")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ConfigurationError(f"since={self.since} is after until={self.until}: give the earlier day first")
        if self.since is not None and self.acknowledge:
            raise ConfigurationError(
                "since and acknowledge exclude each other: days are read whatever is new, and not acknowledged"
            )
        if self.pending and self.what != "transactions":
            raise ConfigurationError(f"pending entries are transactions: leave pending out with what={self.what!r}")
        if (self.folder is None) == (self.what == "files"):
            raise ConfigurationError("a folder goes with what='files', and files need one: give both or neither")

    @property
    def noun(self) -> str:
        """What the rows are, in words."""
        return "PayPal transactions" if self.what == "paypal" else self.what

    @property
    def title(self) -> str:
        """What is pulled, in words."""
        if self.since is None:
            return "what is new" if self.what == "transactions" else f"new {self.noun}"
        return f"the {self.noun} from {self.since} to {'today' if self.until is None else self.until}"


async def carry_out(
    plan: Plan, client: KonfipayClient, sink: Sink, *, stop: asyncio.Event | None = None, watch: Watch | None = None
) -> Report:
    """Pull as planned; arguments, report and errors are those of the function that does it."""
    size, acknowledge = plan.page_size, plan.acknowledge
    if plan.what == "files" and plan.folder is not None:
        return await pull_files(
            client,
            sink,
            plan.folder,
            acknowledge=acknowledge,
            since=plan.since,
            until=plan.until,
            page_size=min(size, _FILES_AT_ONCE),
            stop=stop,
            watch=watch,
        )
    if plan.what == "paypal":
        return await pull_paypal(
            client,
            sink,
            acknowledge=acknowledge,
            since=plan.since,
            until=plan.until,
            page_size=size,
            stop=stop,
            watch=watch,
        )
    if plan.since is not None:
        return await pull_range(
            client, sink, plan.since, plan.until, pending=plan.pending, page_size=size, stop=stop, watch=watch
        )
    return await pull(
        client, sink, acknowledge=acknowledge, pending=plan.pending, page_size=size, stop=stop, watch=watch
    )


# A row of the list of files is an acknowledgement of its own: what is fetched ahead waits long for its turn.
_FILES_AT_ONCE = 100
