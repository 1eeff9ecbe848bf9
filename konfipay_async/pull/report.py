"""What a pull did, counted while it works."""

from dataclasses import asdict, dataclass

from konfipay_async.pull.sinks import Written

__all__ = ["Report"]


@dataclass
class Report:
    """The counts of one pull; a progress display may read it at any time.

    `transactions` (or files, or PayPal transactions) came in `pages`; `new` of them were not in the sink before,
    `known` were, and `changed` of the known ones say something else than they did. `acknowledged` and `expired` count
    acknowledgements (of pages, or of what is acknowledged one by one): for the expired ones konfipay no longer knew
    the id. Where an answer was lost that means that they were done, else their rows come again.
    `resent` of them were left over from an earlier pull. `expected` is what konfipay said is in the list (rows).
    `requests` counts every request sent, logins and retries too, and those of other clients with the same budgets;
    `seconds` is the time taken. `complete` is False where the pull was asked to stop, or failed, before the list was
    at its end.
    """

    pages: int = 0
    transactions: int = 0
    new: int = 0
    known: int = 0
    changed: int = 0
    acknowledged: int = 0
    expired: int = 0
    resent: int = 0
    expected: int = 0
    requests: int = 0
    seconds: float = 0.0
    complete: bool = False

    def add(self, written: Written) -> None:
        """Count what a sink has written."""
        self.new += written.new
        self.known += written.known
        self.changed += written.changed

    def counts(self) -> dict[str, int]:
        """The numbers by name, without the seconds."""
        return {name: value for name, value in asdict(self).items() if type(value) is int}

    def as_dict(self) -> dict[str, object]:
        """The counts by name, as `--json` prints them."""
        return asdict(self)
