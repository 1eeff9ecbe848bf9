"""Named faults: what can go wrong on purpose, when, and how often.

This module knows no HTTP. A sandbox asks its plan for each request whether a fault strikes, and then acts the
fault out itself. Route names end in a verb (``transactions.list``), and a fault that makes sense for some verbs
only neither strikes nor counts on other routes.
"""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox.arguments import number, whole

__all__ = ["FAULTS", "Fault", "FaultPlan"]

FAULTS: Final[dict[str, str]] = {
    "400-xml": "400 with the XML error container that version 5 was seen to send",
    "401": "401, the token (or the API key) is refused this once; the token stays alive",
    "403": "403 with JSON errors, as for a key that lacks the scope",
    "429": "429; VALUE is the Retry-After header as it is sent, without VALUE there is none",
    "500": "500 with a short JSON body",
    "502-html": "502 with the HTML page of a proxy",
    "503-html": "503 with an HTML page; VALUE is the Retry-After header",
    "acknowledge-without-effect": "success, and what was acknowledged stays new; the id of a page is used up",
    "empty-404": "404 with an empty body",
    "garbage": "200 with bytes that are no JSON; nothing was done",
    "html": "200 with an HTML page; nothing was done",
    "ignored-filter": "the is-new filter is ignored",
    "reset-after": "the work is done, then the connection is reset without an answer",
    "reset-before": "the connection is reset before anything is done",
    "slow": "the work is done, the answer is held back; VALUE is the seconds (default 1)",
    "submit-without-effect": "success, and nothing goes to the bank; what was open stays open",
    "truncated": "the work is done, the body ends in the middle",
    "unknown-route": "404 with the body of an unknown endpoint",
    "wrong-echo": "pageNumber in the answer is not the page that was asked for",
}
"""Every fault's name and what it does, for help texts."""

_VERBS: Final[dict[str, str]] = {
    "acknowledge-without-effect": ".acknowledge",
    "ignored-filter": ".list",
    "submit-without-effect": ".submit",
    "wrong-echo": ".list",
}

_HEADER_FAULTS: Final = ("429", "503-html")

_NAME: Final = re.compile("|".join(sorted(map(re.escape, FAULTS), key=len, reverse=True)))
_REST: Final = re.compile(
    r"(?::(?P<route>[a-z][a-z.-]*?))?(?:@(?P<nth>\d+))?(?:x(?P<times>\d+))?(?:%(?P<probability>[0-9.]+))?"
)
_SYNTAX: Final = "NAME[:ROUTE][@NTH][xTIMES][%PROBABILITY][=VALUE]"
_LIMIT: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    `name` is one of `FAULTS`. `route` restricts it to one route name; None is every route where the fault makes
    sense. Requests to those routes are counted from the moment the fault is added. `nth` (from 1) is the first
    request that is struck, then `times` requests in a row are. With `probability` (above 0, at most 1) each
    request from the nth on is struck by chance, at most `times` times. `times` left out is once, and without an
    end when there is a probability. `retry_after` is the literal header of ``429`` and ``503-html``, `delay` the
    seconds of ``slow``.
    """

    name: str
    route: str | None = None
    nth: int | None = None
    times: int | None = None
    probability: float | None = None
    retry_after: str | None = None
    delay: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot strike."""
        if self.name not in FAULTS:
            raise ConfigurationError(_unknown(self.name))
        if self.nth is not None:
            whole(f"fault {self.name}: nth", self.nth, 1, _LIMIT)
        if self.times is not None:
            whole(f"fault {self.name}: times", self.times, 1, _LIMIT)
        if self.probability is not None:
            number(f"fault {self.name}: probability", self.probability, zero=False, unit="chance", most=1.0)
        if self.delay is not None:
            if self.name != "slow":
                raise ConfigurationError(f"fault {self.name}: only 'slow' takes a delay, {self.delay!r} was given")
            number("fault slow: delay", self.delay, zero=True)
        if self.retry_after is not None:
            if self.name not in _HEADER_FAULTS:
                raise ConfigurationError(
                    f"fault {self.name}: only {' and '.join(_HEADER_FAULTS)} take a Retry-After, "
                    f"{self.retry_after!r} was given"
                )
            if not isinstance(self.retry_after, str) or not self.retry_after.isprintable():
                raise ConfigurationError(
                    f"fault {self.name}: retry_after={self.retry_after!r} is not possible: "
                    "allowed is one line of text, sent as it stands"
                )

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read ``NAME[:ROUTE][@NTH][xTIMES][%PROBABILITY][=VALUE]``, e.g. ``429:transactions.list@3x2=17``."""
        head, equals, value = text.partition("=")
        found = _NAME.match(head)
        rest = _REST.fullmatch(head, found.end()) if found else None
        if found is None or (rest is None and re.match(r"[a-z0-9-]", head[found.end() : found.end() + 1])):
            raise ConfigurationError(_unknown(re.split("[:@%]", head, maxsplit=1)[0]))
        if rest is None:
            raise ConfigurationError(f"the fault {text!r} cannot be read: expected is {_SYNTAX}")
        name = found.group()
        retry_after: str | None = None
        delay: float | None = None
        if equals and name in _HEADER_FAULTS:
            retry_after = value
        elif equals and name == "slow":
            delay = _float(text, value)
        elif equals:
            raise ConfigurationError(
                f"the fault {text!r} takes no value: only {', '.join(_HEADER_FAULTS)} (Retry-After) "
                "and slow (seconds) do"
            )
        return cls(
            name,
            route=rest["route"],
            nth=int(rest["nth"]) if rest["nth"] else None,
            times=int(rest["times"]) if rest["times"] else None,
            probability=_float(text, rest["probability"]) if rest["probability"] else None,
            retry_after=retry_after,
            delay=delay,
        )

    def concerns(self, route: str) -> bool:
        """Whether a request to this route is counted, and may be struck."""
        if self.route is not None and self.route != route:
            return False
        return route.endswith(_VERBS.get(self.name, ""))


def _float(text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ConfigurationError(f"the fault {text!r} cannot be read: {value!r} is no number") from None


def _unknown(name: str) -> str:
    return f"there is no fault {name!r}: known are {', '.join(sorted(FAULTS))}; expected is {_SYNTAX}"


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0


class FaultPlan:
    """The faults of one sandbox, and how far each has come. Chances are drawn from the seed alone."""

    def __init__(self, seed: int, routes: Iterable[str]) -> None:
        self._random = random.Random(seed)
        self._routes = tuple(routes)
        self._armed: list[_Armed] = []

    def add(self, fault: Fault | str) -> Fault:
        """Arm a fault, given as such or as text. An unknown route name is a ConfigurationError."""
        if isinstance(fault, str):
            fault = Fault.parse(fault)
        if fault.route is not None and fault.route not in self._routes:
            raise ConfigurationError(
                f"fault {fault.name}: there is no route {fault.route!r}: known are {', '.join(self._routes)}"
            )
        if fault.route is not None and not fault.concerns(fault.route):
            raise ConfigurationError(
                f"fault {fault.name}: it has no meaning on {fault.route!r}, only on routes "
                f"ending in {_VERBS[fault.name]!r}"
            )
        self._armed.append(_Armed(fault))
        return fault

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def strike(self, route: str, *, applies: Callable[[Fault], bool] = lambda fault: True) -> Fault | None:
        """Count one request and say which fault strikes it: the first armed one whose turn it is.

        `applies` may exclude faults that a request of this route cannot show; those do not count it.
        """
        struck: Fault | None = None
        for armed in self._armed:
            if not armed.fault.concerns(route) or not applies(armed.fault):
                continue
            armed.seen += 1
            if self._due(armed) and struck is None:
                armed.struck += 1
                struck = armed.fault
        return struck

    def _due(self, armed: _Armed) -> bool:
        fault = armed.fault
        if armed.seen < (fault.nth or 1):
            return False
        if fault.probability is not None:
            # Drawn even when `times` is used up, so that the later draws of other faults do not depend on it.
            chance = self._random.random() < fault.probability
            return chance and (fault.times is None or armed.struck < fault.times)
        return armed.struck < (fault.times or 1)
