"""What a pull did, counted while it works."""

from dataclasses import asdict, dataclass

__all__ = ["Report"]


@dataclass
class Report:
    """The counts of one pull; a progress display may read it at any time.

    `transactions` came in `pages`; `new` of them were not in the sink before, `known` were. `acknowledged` and
    `expired` count acknowledgements (pages): for the expired ones konfipay no longer knew the id. Where an answer was
    lost that means that they were done, else their rows come again.
    `resent` of them were left over from an earlier pull. `expected` is what konfipay said is in the list (rows).
    `requests` counts every request sent, logins and retries too; `seconds` is the time taken. `complete` is False
    where the pull was asked to stop, or failed, before the list was at its end.
    """

    pages: int = 0
    transactions: int = 0
    new: int = 0
    known: int = 0
    acknowledged: int = 0
    expired: int = 0
    resent: int = 0
    expected: int = 0
    requests: int = 0
    seconds: float = 0.0
    complete: bool = False

    def as_dict(self) -> dict[str, object]:
        """The counts by name, as `--json` prints them."""
        return asdict(self)
