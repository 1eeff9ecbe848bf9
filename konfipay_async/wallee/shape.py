"""What shapes an answer, checked before it is sent: order, expanded links, page sizes, ids; and metadata.

The limits are those of the API's description, the ones for offsets the official SDK's.
"""

import math
import re
from collections.abc import Iterable, Mapping

from konfipay_async.errors import ConfigurationError
from konfipay_async.wallee.names import wire_path
from konfipay_async.wallee.query import Field

__all__ = [
    "expand",
    "external_id",
    "identifier",
    "limit",
    "list_order",
    "metadata",
    "offset",
    "order",
    "seconds",
]

_DEPTH = 4
_KEYS, _KEY, _TEXT = 25, 40, 512
_EXTERNAL = 100
_PAGE = 100
_OFFSET = 10_000


def order(by: str | Field | Iterable[str | Field]) -> str:
    """The order of a search: ``"last_name"``, ``"last_name:DESC first_name"``, ``["last_name:DESC", Q.first_name]``.

    Raises ConfigurationError for what is no field, another direction than ASC or DESC, and nothing at all.
    """
    items = [item for part in _parts(by, "order") for item in part.split()]
    if not items:
        raise ConfigurationError("order: give a field or more, such as 'created_on:DESC'")
    return " ".join(map(_ordered, items))


def list_order(direction: str) -> str:
    """The order of a list, which is by time: "ASC" or "DESC". ConfigurationError for anything else."""
    if not isinstance(direction, str) or direction.upper() not in ("ASC", "DESC"):
        raise ConfigurationError("order: a list is ordered by time only, 'ASC' or 'DESC'; search() orders by fields")
    return direction.upper()


def expand(links: str | Field | Iterable[str | Field]) -> tuple[str, ...]:
    """The links to be sent in full: ``"group"``, ``"charge.transaction,labels"``, ``[Q.token, "meta_data"]``.

    Each once, in the order given. Raises ConfigurationError for what is no field, and for more than four levels.
    """
    items = [item.strip() for part in _parts(links, "expand") for item in part.split(",")]
    paths = [wire_path(item, "expand") for item in items if item]
    for path in paths:
        levels = path.count(".") + 1
        if levels > _DEPTH:
            raise ConfigurationError(f"expand: {path!r} is {levels} levels deep, the API expands {_DEPTH}")
    return tuple(dict.fromkeys(paths))


def limit(size: object) -> int:
    """A page size, 1 to 100 rows. ConfigurationError for others."""
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= _PAGE:
        raise ConfigurationError(f"limit={_number(size)}: a page has 1 to {_PAGE} rows; max_items= caps the whole list")
    return size


def offset(rows: object) -> int:
    """How many rows a search skips, 0 to 10,000. ConfigurationError for others."""
    if isinstance(rows, bool) or not isinstance(rows, int) or not 0 <= rows <= _OFFSET:
        raise ConfigurationError(f"offset={_number(rows)}: a search skips 0 to {_OFFSET} rows")
    return rows


def identifier(value: object, name: str = "id") -> int:
    """The id of a resource: a positive integer of 64 bits, or its digits. ConfigurationError for others."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise ConfigurationError(f"{name}={_number(value)}: give a positive integer of 64 bits")
    return value


def external_id(value: object, name: str) -> str:
    """An id of yours, by which the API knows a repeat: a text of 1 to 100 characters. ConfigurationError for others."""
    if not isinstance(value, str) or not value.strip() or len(value) > _EXTERNAL:
        raise ConfigurationError(
            f"{name}: give a text of 1 to {_EXTERNAL} characters, another for everything that is done: by it the API "
            f"knows a repeat, and does nothing twice"
        )
    return value


def seconds(value: object, name: str) -> float:
    """A time that ends. ConfigurationError for others."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigurationError(f"{name}={value!r}: give seconds, above 0")
    return float(value)


def metadata(pairs: Mapping[str, str]) -> dict[str, str]:
    """Metadata as it is sent. ConfigurationError for more than 25 keys, 40 characters of a key, 512 of a value."""
    if not isinstance(pairs, Mapping):
        raise ConfigurationError(f"metadata: give a mapping of texts to texts, this is a {type(pairs).__name__}")
    if len(pairs) > _KEYS:
        raise ConfigurationError(f"metadata: {len(pairs)} keys, the API takes {_KEYS}")
    for key, value in pairs.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ConfigurationError("metadata: keys and values are texts")
        if not 1 <= len(key) <= _KEY:
            raise ConfigurationError(
                f"metadata: the key {key[:_KEY]!r}… has {len(key)} characters, the API takes 1 to {_KEY}"
            )
        if len(value) > _TEXT:
            raise ConfigurationError(
                f"metadata: the value of {key!r} has {len(value)} characters, the API takes {_TEXT}"
            )
    return dict(pairs)


def _parts(given: object, what: str) -> list[str]:
    several = [given] if isinstance(given, str | Field) or not isinstance(given, Iterable) else list(given)
    for item in several:
        if not isinstance(item, str | Field):
            raise ConfigurationError(f"{what}: give fields as texts or as Q.field, this is a {type(item).__name__}")
    return [str(item) for item in several]


def _ordered(item: str) -> str:
    name, colon, direction = item.partition(":")
    if colon and direction.upper() not in ("ASC", "DESC"):
        raise ConfigurationError(f"order: after {name!r} comes ':ASC' or ':DESC'; fields are divided by spaces")
    return wire_path(name, "order") + colon + direction.upper()


def _number(value: object) -> str:
    return repr(value) if isinstance(value, bool | int | float) else f"<{type(value).__name__}>"
