"""What a handler gets: one request that has passed signature, limits and headers, as a plain value."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.collection import Collection
from konfipay_async.sandbox.wallee.links import Expand, parse_expand, render
from konfipay_async.sandbox.wallee.routing import Operation
from konfipay_async.sandbox.wallee.wire import RefusedError, json_answer
from konfipay_async.sandbox.wallee.world import World

__all__ = ["Call", "Handler", "Parameters", "whole_number"]


class Parameters:
    """The query as it came; of a name that comes several times `text` gives the first one."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def all(self, name: str) -> list[str]:
        """Every value of this name."""
        return [value for key, value in self._pairs if key == name]

    def text(self, name: str) -> str | None:
        """The value, None when the name is missing or has an empty one."""
        return next(iter(self.all(name)), None) or None

    def whole(self, name: str, default: int | None, least: int, most: int | None = None) -> int | None:
        """A whole number; anything else is 400."""
        text = self.text(name)
        if text is None:
            return default
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
        if number < least or (most is not None and number > most):
            allowed = f"from {least}" + ("" if most is None else f" to {most}")
            raise RefusedError(400, f"{name} is not possible", {name: f"a whole number {allowed} is expected"})
        return number


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `arguments` stand at the placeholders of the path, `at` is the server's time, `user` has signed.

    `body` is the JSON of the request, None without one. `base_url` is where the sandbox is.
    """

    operation: Operation
    arguments: dict[str, str]
    query: Parameters
    body: Any = field(repr=False)
    space: int | None
    user: str
    world: World
    at: float
    base_url: str

    @property
    def collection(self) -> Collection:
        """The objects this operation is about."""
        return self.of(self.operation.target, nested=True)

    def of(self, base: str, *, nested: bool = False) -> Collection:
        """The objects of a service, in the space of the request.

        With `nested` those that are part of the objects the path names; when there is no such object it is 404.
        """
        parents: list[str] = []
        parts = base.split("/")
        for place, part in enumerate(parts):
            if nested and part.startswith("{"):
                name = part[1:-1]
                if whole_number(name, self.arguments[name]) not in self.of("/".join(parts[:place])):
                    raise RefusedError(404, f"There is no object with the id {self.arguments[name]} here")
                parents.append(self.arguments[name])
        return self.world.collection(base, self.space, tuple(parents))

    @property
    def id(self) -> int:
        """The id in the path; one that is no number is 400."""
        return whole_number("id", self.arguments["id"])

    def named(self, base: str | None = None) -> dict[str, Any]:
        """The object that the path names, of this service or of another one; 404 when there is none."""
        collection = self.of(base or self.operation.base, nested=True)
        try:
            return collection.get(self.id)
        except KeyError:
            raise RefusedError(404, f"There is no object with the id {self.id} here") from None

    @property
    def fields(self) -> dict[str, Any]:
        """The body, which must be an object; else 400."""
        if not isinstance(self.body, dict):
            raise RefusedError(400, "The body is no JSON object")
        return self.body

    @property
    def expand(self) -> Expand:
        """What is to be expanded."""
        return parse_expand(self.query.all("expand"))

    def served(self, thing: dict[str, Any], base: str | None = None) -> dict[str, Any]:
        """The object as it goes into the answer."""
        return render(thing, base or self.operation.target, self.expand, self.world.follow(self.space))

    def answer(self, thing: dict[str, Any], status: int = 200, base: str | None = None) -> Answer:
        """The object as an answer."""
        return json_answer(self.served(thing, base), status, rows=1)


def whole_number(name: str, text: str) -> int:
    """An id in a path; one that is no number is 400."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise RefusedError(400, f"The {name} is not possible", {name: "a whole number is expected"})
    return int(text)


Handler = Callable[[Call], Answer | Awaitable[Answer]]
