"""Names of the API's fields: snake_case here, camelCase on the wire, dots from one object to the next."""

import re

from konfipay_async.errors import ConfigurationError

__all__ = ["wire_name", "wire_path"]


def wire_name(name: str) -> str:
    """``completed_on`` as the API writes it, ``completedOn``; what is not plain snake_case is left as it is."""
    if not _SNAKE.fullmatch(name):
        return name
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def wire_path(path: str, what: str) -> str:
    """``charge.transaction.completed_on`` as the API writes it. `what` tells an error's reader what it is for.

    Raises ConfigurationError for what is no name, or several.
    """
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        shown = f"{path!r}" if isinstance(path, str) and len(path) <= 80 else f"<{type(path).__name__}>"
        raise ConfigurationError(
            f"{what}: {shown} is no field. A field is written in letters and digits, such as 'completed_on' or "
            f"'completedOn', with dots to what is inside: 'charge.transaction.state'."
        )
    return ".".join(wire_name(part) for part in path.split("."))


_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
