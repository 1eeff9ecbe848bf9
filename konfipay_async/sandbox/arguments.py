"""Checks of arguments. Every refusal says what was given, unless it is a secret, and what is allowed."""

import math
from collections.abc import Sequence

from konfipay_async.errors import ConfigurationError

__all__ = ["choice", "number", "secret", "whole"]


def whole(name: str, value: object, least: int, most: int) -> int:
    """The value, when it is an int from `least` to `most`; else ConfigurationError."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigurationError(f"{name}={value!r} is not possible: allowed is a whole number from {least} to {most}")
    return value


def number(name: str, value: object, *, zero: bool, unit: str = "seconds", most: float = math.inf) -> float:
    """The value as a finite float above zero (or zero, when `zero` is true); else ConfigurationError."""
    allowed = f"a number of {unit}, {'zero or more' if zero else 'more than zero'}"
    if most != math.inf:
        allowed += f", at most {most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigurationError(f"{name}={value!r} is not possible: allowed is {allowed}")
    if value < 0 or value > most or (value == 0 and not zero):
        raise ConfigurationError(f"{name}={value!r} is not possible: allowed is {allowed}")
    return float(value)


def choice(name: str, value: object, allowed: Sequence[str]) -> str:
    """The value, when it is one of the allowed words; else ConfigurationError."""
    if not isinstance(value, str) or value not in allowed:
        raise ConfigurationError(f"{name}={value!r} is not possible: allowed are {', '.join(map(repr, allowed))}")
    return value


def secret(name: str, value: object) -> str:
    """The value, when it can be an API key; else ConfigurationError, the only one here that does not show it."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value.strip():
        raise ConfigurationError(f"{name} is not possible: allowed is a text of printable ASCII characters")
    return value
