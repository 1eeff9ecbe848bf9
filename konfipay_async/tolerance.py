"""What the models of both APIs bear: enumerations that stay open, digits that stay exact, and values of another type.

The functions bend an untyped value towards a type; what they cannot bend they give back, for its field to be named.
"""

import enum
import re
from decimal import Decimal
from typing import Any

__all__ = ["OpenEnum", "as_day", "as_text", "as_truth", "as_whole", "exact"]


class OpenEnum(enum.StrEnum):
    """An enumeration that keeps a value it does not know: it reads as a member named and valued like the text."""

    @classmethod
    def _missing_(cls, value: object) -> "OpenEnum | None":
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


def exact(text: str) -> Decimal | str:
    """A number's digits, all of them; an untyped number would pass through float and lose digits of money."""
    try:
        return Decimal(text)
    except ArithmeticError:  # an exponent beyond everything: left for the field to be named
        return text


def as_text(value: Any) -> Any:
    """A number as the text of its digits."""
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def as_whole(value: Any) -> Any:
    """A text of digits, or a decimal without a fraction, as a whole number."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()):
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < 10**18 and value == value.to_integral_value():
        return int(value)
    return value


def as_day(value: Any) -> Any:
    """The day of a time."""
    return value[:10] if isinstance(value, str) and value[10:11] in ("T", " ") else value


def as_truth(value: Any) -> Any:
    """The words for it, 0 and 1."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return bool(value) if value in (0, 1) else value
