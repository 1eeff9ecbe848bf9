"""HTML from elements, in which a text is always text: whatever it holds, it is escaped where it is written.

There is no way to hand in markup of one's own, and none to make a script or a style sheet, in which escaping would be
another one. That is all that a template engine would have been wanted for here, so none is needed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

__all__ = ["Attribute", "Child", "Html", "document", "shown", "tag"]


@dataclass(frozen=True)
class Html:
    """Finished markup, as `tag` makes it."""

    text: str


Child: TypeAlias = "str | int | Html | Iterable[Child] | None"
"""What may be in an element; None is nothing."""

Attribute: TypeAlias = str | int | bool | None
"""True is an attribute without a value, False and None are none."""

_VOID: Final = frozenset({"input", "link", "meta", "wbr"})
_NEVER: Final = frozenset({"script", "style"})
_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9]*")
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
# Controls, what turns the direction of a text around, what nobody sees, and halves of characters.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """An element. ``class_`` is the attribute class, ``aria_label`` is aria-label."""
    if not _NAME.fullmatch(name) or name.lower() in _NEVER:
        raise ValueError(f"no element <{name}> is made here")
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        parts.append(f" {key.rstrip('_').replace('_', '-')}")
        if value is not True:
            parts.append(f'="{_escaped(str(value))}"')
    parts.append(">")
    if name in _VOID:
        return Html("".join(parts))
    if name == "pre":
        parts.append("\n")  # the first line break in it is no part of its text
    _write(children, parts)
    parts.append(f"</{name}>")
    return Html("".join(parts))


def document(head: Iterable[Child], body: Iterable[Child]) -> str:
    """A whole page, in English."""
    return "<!doctype html>\n" + tag("html", tag("head", head), tag("body", body), lang="en").text


def shown(text: str) -> str:
    """A text of which nothing is hidden: what cannot be seen, or would turn the rest around, becomes its number."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _write(child: Child, parts: list[str]) -> None:
    match child:
        case None:
            pass
        case Html():
            parts.append(child.text)
        case str() | int():
            parts.append(_escaped(str(child)))
        case _:
            for one in child:
                _write(one, parts)


def _escaped(text: str) -> str:
    return shown(text).translate(_ESCAPES)
