"""The status of a payment file: which values there are, what comes along with them, and how one follows another.

The values, and with which of them there is an order id, are documented (version 5's reference and help texts of
others). KON_STORED, for a file that was not sent yet, is made up: what the real one says then is not documented. So
are the error and reason that come with a value here, unless a documented sample has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from konfipay_async.errors import ConfigurationError

__all__ = ["REJECTED", "STORED", "USUAL_PATH", "WITH_ORDER_ID", "PaymentStatus", "StatusPath", "usual_status"]

REJECTED: Final = "KON_REJECTED"
"""konfipay itself refuses the file: the bank never sees it."""
STORED: Final = "KON_STORED"
USUAL_PATH: Final = ("KON_ACCEPTED_AND_QUEUED", "FIN_UPLOAD_SUCCEEDED", "FIN_ACCEPTED", "FIN_CONFIRMED")
WITH_ORDER_ID: Final = frozenset(
    {
        *("FIN_UPLOAD_SUCCEEDED", "FIN_VEU_FORWARDED", "FIN_VEU_CANCELED", "FIN_ACCEPTED"),
        *("FIN_CONFIRMED", "FIN_PARTIALLY_ACCEPTED", "FIN_REJECTED"),
    }
)

_REASONS: Final = {
    "FIN_UPLOAD_SUCCEEDED": ("TS01", "The transfer of the file was successful"),
    "FIN_ACCEPTED": ("DS07", "Everything about the order could be done"),
    "FIN_CONFIRMED": ("TS01", "The transfer of the file was successful"),
    "FIN_REJECTED": ("TD02", "The file cannot be read (unknown format)"),
}
_ERRORS: Final = {
    REJECTED: ("PaymentFileRejected", "The sandbox was told to reject this file."),
    "FIN_UPLOAD_FAILED": ("UploadFailed", "The bank refused the upload."),
}


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    """A status value and what explains it. `error` is the name of an error and its details."""

    value: str
    reason_code: str | None = None
    reason: str | None = None
    additional_information: str | None = None
    error: tuple[str, str] | None = None


def usual_status(value: str) -> PaymentStatus:
    """The value with the reason or error that this sandbox gives with it."""
    code, reason = _REASONS.get(value, (None, None))
    return PaymentStatus(value, code, reason, error=_ERRORS.get(value))


class StatusPath:
    """The values that a sent file has one after another; the last one stays.

    It takes `every` seconds to the next one, or, with 0, a read of the file. Raises ConfigurationError for a path
    without values and for what is no value.
    """

    def __init__(self, values: Sequence[str], every: float) -> None:
        if isinstance(values, str) or not values or not all(isinstance(value, str) and value for value in values):
            raise ConfigurationError(
                f"payment_statuses={values!r} is not possible: allowed is a sequence of status values, at least one"
            )
        self._values = tuple(values)
        self._every = every

    @property
    def first(self) -> str:
        """The value in the answer to the request that sent the file."""
        return self._values[0]

    def at(self, seconds: float, reads: int) -> str:
        """The value so long after sending, and after so many reads."""
        steps = int(seconds / self._every) if self._every else reads
        return self._values[min(steps, len(self._values) - 1)]
