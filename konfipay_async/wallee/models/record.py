"""An open model: everything that came, reachable by the names of the API, where no typed model says more."""

from collections.abc import Iterator, Mapping
from typing import Any

from konfipay_async.wallee.names import wire_name

__all__ = ["Record"]


class Record:
    """An object of the API as it came; nothing is lost.

    Fields are attributes by their names in snake_case (``record.created_on`` is ``createdOn``), or items by their names
    on the wire (``record["createdOn"]``). Objects inside are Records themselves, numbers with digits after the point
    are Decimals, dates are texts. `raw` is the mapping. What did not come is an AttributeError (KeyError for
    items); ``record.get("created_on")`` is None then. The repr names fields and shows no values.
    """

    # No Struct, for msgspec to hand over an object as it is.
    __slots__ = ("raw",)
    raw: dict[str, Any]

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = dict(raw)

    @classmethod
    def of(cls, value: Any) -> "Record":
        """Of a mapping, or of the bare id that stands for a linked object. ValueError for anything else."""
        if isinstance(value, dict):
            return cls(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return cls({"id": value})
        raise ValueError("Expected `object`")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what copy, pickle and the like ask for
            raise AttributeError(name)
        wire = wire_name(name)
        if wire not in self.raw:
            there = ", ".join(sorted(self.raw)) or "nothing"
            raise AttributeError(f"no field {wire} came; there is {there}", name=name, obj=self)
        return _opened(self.raw[wire])

    def __getitem__(self, name: str) -> Any:
        return _opened(self.raw[name])

    def __contains__(self, name: object) -> bool:
        return name in self.raw

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, Record) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Record(id={self.raw.get('id')!r}, {', '.join(self.raw)})"

    def get(self, name: str, default: Any = None) -> Any:
        """The field of that name, in snake_case or as on the wire; `default` where it did not come."""
        wire = wire_name(name)
        return _opened(self.raw[wire]) if wire in self.raw else default


def _opened(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Record(value)
    return [_opened(item) for item in value] if isinstance(value, list) else value
