"""What became of things that were asked for."""

from enum import StrEnum

__all__ = ["Acknowledgement"]


class Acknowledgement(StrEnum):
    """What became of an acknowledgement."""

    ACKNOWLEDGED = "acknowledged"
    """The rows of the page are no longer new."""
    GONE = "gone"
    """The id expired (after an hour), was used or is unknown: the rows come again if they are still new."""
