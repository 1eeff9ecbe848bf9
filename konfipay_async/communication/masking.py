"""Masking: what a request or an answer looks like when nobody may learn anything from it. Pure, and the only way into
the log.

Keys, tokens, secrets and card data are masked always, by the names of their fields and wherever they turn up again.
Of everything else a value is kept only where it is known to be harmless, by its name and by its looks (see `harmless`),
or where its name was asked for. Names that are not known are masked too. Lists keep their first rows, and what is no
JSON is told by its size and its SHA-256.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import msgspec

from konfipay_async.communication import harmless
from konfipay_async.communication.entry import Content
from konfipay_async.errors import ConfigurationError

__all__ = ["Masker", "is_secret", "writable"]

_SECRET: Final = "<secret>"  # noqa: S105
# In an address, where angle brackets would be escaped.
_MASKED: Final = "***"

# Bytes. What is larger is not made into objects as a whole, for most of it is rows that are left out.
_LARGE: Final = 8192
_DEEPEST: Final = 32
_MOST_FIELDS: Final = 200
# Characters of a text that is kept, and of one whose length is told.
_LONGEST: Final = 4000
_LONG: Final = 100
# Characters of a text that is kept in which secrets are looked for: the rest is not shown.
_LOOKED_THROUGH: Final = 4 * _LONGEST
_LARGEST_TEXT: Final = 262_144

_ANY: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(float_hook=Decimal)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")

_LOOKS_SECRET: Final = re.compile(
    r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?i:\b(?:bearer|basic)\s+)\S+|[A-Za-z0-9+/_=]{40,}|"
    r"(?i:(?<![a-z0-9])[a-z]{2,5}_(?:live|test)_)\w+"
)
# However it is written: in groups, behind letters, with the digits of another script.
_DIGITS: Final = re.compile(r"\d(?:[\W_]{0,2}\d){12,}")
_GROUP: Final = re.compile(r"\d+")
_NUMBER: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_RID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# What no database takes: halves of characters, and the end of a text in C.
_UNWRITABLE: Final = re.compile("[\ud800-\udfff\0]")
# Digits.
_LONGEST_CARD: Final = 19
# Shorter ones would be found in words.
_SHORTEST_SECRET: Final = 6
_REMEMBERED: Final = 64


class Masker:
    """Masks for one log: `keep` are names of fields, parameters and headers whose values are kept, `rows` is how many
    rows of a list are. `secrets` are masked wherever they are. For one thread at a time.

    ConfigurationError for a name that is that of a secret.
    """

    def __init__(self, *, keep: Iterable[str] = (), rows: int = 3) -> None:
        if isinstance(keep, str):
            raise ConfigurationError(f"keep={keep!r}: give names in a tuple, as keep=({keep!r},)")
        self._keep = frozenset(keep)
        for name in self._keep:
            if not isinstance(name, str) or is_secret(name):
                raise ConfigurationError(f"keep: {name!r} is the name of a secret, and secrets are never kept")
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
            raise ConfigurationError(f"rows={rows!r}: give a whole number of rows that are kept of a list")
        self._keep_small = frozenset(name.lower() for name in self._keep)
        self._rows = rows
        # Those there are, and how they are written in addresses.
        self._known: Mapping[str, str] = {}
        self._seen: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)

    def know(self, *secrets: str) -> None:
        """Mask these wherever they are."""
        new = {secret: _quoted(secret) for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        # Another mapping, for the thread that masks may be looking through this one.
        self._known = {**self._known, **new}

    def url(self, base: str, path: str, query: Iterable[tuple[str, str]] = (), *, template: str = "") -> str:
        """The address of a request: `base` as it is, for it was configured, and of the rest what is harmless.

        A `template` of the path tells where it has numbers that are ids; without one no number is kept.
        """
        return f"{base.rstrip('/')}/{self._path(path, template)}{self._query(query)}"

    def path_without_ids(self, path: str) -> str:
        """What requests of one kind have in common."""
        segments = self._path(path.partition("?")[0]).split("/")
        return "/".join("{id}" if part == _MASKED or _RID.fullmatch(part) else part for part in segments)

    def headers(self, headers: Mapping[str, str], *, origin: str = "") -> dict[str, str]:
        """Headers, by the names they came with."""
        masked: dict[str, str] = {}
        for name, value in headers.items():
            small = name.lower()
            known = small in harmless.HEADERS or small in harmless.FURTHER_HEADERS or small in self._keep_small
            masked[name if known else _unknown("header", masked)] = self._header(small, value, origin)
        return masked

    def content(self, body: bytes, media_type: str = "", *, origin: str = "") -> Content:
        """A body. Its size is that after what was encoded for the way was decoded."""
        kind = self._header("content-type", media_type, origin) if media_type else ""
        walk = _Walk(self, origin)
        try:
            text = _ENCODER.encode(walk.raw(body, "", 0)).decode()
        except (msgspec.DecodeError, ValueError, RecursionError, OverflowError):
            text = None
        if text is None or len(text) > _LARGEST_TEXT:
            return Content(size=len(body), type=kind, sha256=hashlib.sha256(body).hexdigest())
        return Content(size=len(body), type=kind, text=text, left_out=walk.left_out)

    # What single values become

    def _header(self, name: str, value: str, origin: str) -> str:
        value = writable(value)
        if is_secret(name):
            scheme, space, rest = value.partition(" ")
            self._remember(rest if space else value)
            return f"{scheme} {_SECRET}" if space and scheme in ("Bearer", "Basic") else _SECRET
        shape = harmless.HEADERS.get(name)
        if shape is not None:
            if shape.fullmatch(value):
                return value
            # A type has parameters, a challenge a description.
            known = shape.match(value)
            if known is not None and name in ("content-type", "www-authenticate") and value[known.end()] in ",;":
                return f"{known[0]}{value[known.end()]} <text>"
        if name in self._keep_small:
            return self._cleaned(value)
        return self._link(value, origin) if name == "location" else "<text>"

    def _path(self, path: str, template: str = "") -> str:
        parts, names = path.split("/"), template.split("/")
        if len(names) != len(parts):
            names = [""] * len(parts)
        masked = []
        for part, name, before in zip(parts, names, ["", *parts], strict=False):
            is_id = _RID.fullmatch(part) or (name in harmless.NUMBERED and _NUMBER.fullmatch(part))
            kept = not part or part in harmless.PATHS or (is_id and not is_secret(before))
            masked.append(part if kept else _MASKED)
        return "/".join(masked)

    def _query(self, query: Iterable[tuple[str, str]]) -> str:
        masked = []
        for name, value in query:
            shape = harmless.PARAMETERS.get(name)
            kept = name in self._keep
            if is_secret(name):
                self._remember(value)
                value = _MASKED
            elif kept:
                value = quote_plus(self._cleaned(value), errors="replace")
            elif value and not (shape is not None and shape.fullmatch(value)):
                value = _MASKED
            known = shape is not None or kept or name in harmless.FIELDS or name in harmless.NAMES
            masked.append(f"{quote_plus(name) if known else _MASKED}={value}")
        return f"?{'&'.join(masked)}" if masked else ""

    def _link(self, address: str, origin: str) -> str:
        """An address that the server wrote."""
        try:
            parts = urlsplit(address)
            query = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            return _MASKED
        where = ""
        if parts.scheme or parts.netloc:
            where = f"{parts.scheme}://{parts.netloc}" if address.startswith(f"{origin}/") and origin else _MASKED
        return f"{where}{self._path(parts.path)}{self._query(query)}"

    def _cleaned(self, text: str) -> str:
        """A text that is kept, without the secrets in it."""
        whole, text = len(text), text[:_LOOKED_THROUGH]
        for secret, quoted in (*self._known.items(), *self._seen):
            text = text.replace(secret, _SECRET).replace(quoted, _SECRET)
        text = _LOOKS_SECRET.sub(_SECRET, text)
        text = _DIGITS.sub(lambda found: _without_cards(found[0]), text)
        if len(text) <= _LONGEST:
            # So much of it was secrets that the part of one may stand where it was cut.
            return text if whole <= _LOOKED_THROUGH else f"<text of {whole} characters>"
        return f"{text[:_LONGEST]}… <{max(whole, len(text)) - _LONGEST} more>"

    def _remember(self, secret: str) -> None:
        if len(secret) >= _SHORTEST_SECRET and all(secret != one for one, _ in self._seen):
            self._seen.append((secret, _quoted(secret)))

    def _scalar(self, value: Any, name: str, origin: str) -> Any:
        if value is None or value == "":
            return value
        if name in self._keep:
            if isinstance(value, str):
                return self._cleaned(value)
            return _SECRET if _is_number_of_card(value) else value
        shape = harmless.FIELDS.get(name)
        if isinstance(value, str):
            if shape is not None and shape.fullmatch(value):
                return value
            if name in harmless.URLS:
                return self._link(value, origin)
            return "<text>" if len(value) <= _LONG else f"<text of {len(value)} characters>"
        if shape is not None and shape.fullmatch(str(value).lower() if isinstance(value, bool) else str(value)):
            return value
        return "<boolean>" if isinstance(value, bool) else "<number>"


class _Walk:
    """Goes through one body, and counts the rows it leaves out."""

    def __init__(self, masker: Masker, origin: str) -> None:
        self._masker = masker
        self._origin = origin
        self.left_out = 0

    def raw(self, raw: bytes | msgspec.Raw, name: str, depth: int, *, secret: bool = False) -> Any:
        """JSON that was not decoded yet: what is large is only looked at as far as it is kept."""
        view = memoryview(raw)
        if len(view) <= _LARGE:
            return self.value(_ANY.decode(view), name, depth, secret=secret)
        start = bytes(view[:64]).lstrip()[:1]
        if start == b"{":
            return self._object(_OBJECT.decode(view), depth, secret=secret)
        if start == b"[":
            return self._array(_ARRAY.decode(view), name, depth, secret=secret)
        return self.value(_ANY.decode(view), name, depth, secret=secret)

    def value(self, value: Any, name: str, depth: int, *, secret: bool = False) -> Any:
        match value:
            case msgspec.Raw():
                return self.raw(value, name, depth, secret=secret)
            case dict():
                return self._object(value, depth, secret=secret)
            case list():
                return self._array(value, name, depth, secret=secret)
        if secret:
            if isinstance(value, str):
                self._masker._remember(value)
            return value if value is None or value == "" else _SECRET
        return self._masker._scalar(value, name, self._origin)

    def _object(self, found: dict[str, Any], depth: int, *, secret: bool) -> Any:
        if depth >= _DEEPEST:
            return "<deeper>"
        masked: dict[str, Any] = {}
        for name, value in found.items():
            if len(masked) >= _MOST_FIELDS:
                masked["<more>"] = f"<{len(found) - _MOST_FIELDS} more fields>"
                break
            hides = secret or is_secret(name)
            shown = name if self._is_known(name) else _unknown("field", masked)
            masked[shown] = self.value(value, name, depth + 1, secret=hides)
        return masked

    def _array(self, found: list[Any], name: str, depth: int, *, secret: bool) -> Any:
        if depth >= _DEEPEST:
            return "<deeper>"
        rows = self._masker._rows
        masked = [self.value(row, name, depth + 1, secret=secret) for row in found[:rows]]
        if len(found) > rows:
            self.left_out += len(found) - rows
            masked.append(f"<{len(found) - rows} more>")
        return masked

    def _is_known(self, name: str) -> bool:
        return name != "" and (
            name in harmless.FIELDS or name in harmless.NAMES or name in harmless.URLS or name in self._masker._keep
        )


@lru_cache(2048)
def is_secret(name: str) -> bool:
    """Whether a field, parameter or header of this name holds a secret."""
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return letters in harmless.SECRET_WORDS or any(part in letters for part in harmless.SECRET_PARTS)


def _unknown(what: str, taken: Mapping[str, object]) -> str:
    """A name for what has one that may be anybody's."""
    name, number = f"<{what}>", 1
    while name in taken:
        number += 1
        name = f"<{what} {number}>"
    return name


def _quoted(secret: str) -> str:
    return quote(secret, safe="", errors="replace")


def writable(text: str) -> str:
    """The text, without what cannot be stored."""
    return _UNWRITABLE.sub("\ufffd", text)


def _without_cards(text: str) -> str:
    """Digits in groups: those that are the number of a card together are masked, a date beside them is not."""
    groups = list(_GROUP.finditer(text))
    parts: list[str] = []
    shown, number = 0, 0
    while number < len(groups):
        end = _end_of_card(groups, number)
        if end is None:
            number += 1
            continue
        parts += [text[shown : groups[number].start()], _SECRET]
        shown, number = groups[end].end(), end + 1
    return "".join([*parts, text[shown:]])


def _end_of_card(groups: "Sequence[re.Match[str]]", first: int) -> int | None:
    """The last group of a card that begins with the first one."""
    digits, end = "", None
    for number in range(first, len(groups)):
        digits += groups[number][0]
        if len(digits) > _LONGEST_CARD:
            break
        if _is_card(digits):
            end = number
    return end


def _is_number_of_card(value: Any) -> bool:
    if not isinstance(value, int | Decimal) or not -(10**_LONGEST_CARD) < value < 10**_LONGEST_CARD:
        return False
    return int(value) == value and _is_card(str(abs(int(value))))


def _is_card(text: str) -> bool:
    if not 13 <= len(text) <= _LONGEST_CARD:
        return False
    digits = [int(sign) for sign in text]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
