"""Updates of what others change too: read, change, send with the version; and all of it again where that was stale."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from konfipay_async.errors import ConfigurationError, ConflictError
from konfipay_async.wallee.services import snake

__all__ = ["updated_with"]


def updated_with(arguments: tuple[str, ...]) -> Callable[..., Any]:
    """The method `update_with` of a service whose objects are found by these arguments."""
    names = tuple(map(snake, arguments))
    signature = inspect.Signature(
        [
            *(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", *names, "change")),
            inspect.Parameter("attempts", inspect.Parameter.KEYWORD_ONLY, default=5),
            inspect.Parameter("expand", inspect.Parameter.KEYWORD_ONLY, default=()),
        ]
    )

    def update_with(*given: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        """Read it, let `change` say what to change, and send that with the version read; the answer to it.

        `change` is given the object and returns the fields to send, or None where nothing is to be changed (then the
        object is the answer). Where somebody else was faster (409), all of it is done again, at most `attempts` times;
        so `change` must be fit to be called more than once. The last ConflictError is raised; so is one that may be
        answered to an attempt of ours whose answer was lost (`may_be_done`).
        """
        bound = signature.bind(*given, **named)
        bound.apply_defaults()
        own = bound.arguments
        ids = [own[name] for name in names]
        return _update(own["self"], ids, own["change"], own["attempts"], own["expand"])

    update_with.__signature__ = signature  # type: ignore[attr-defined]
    return update_with


async def _update(service: Any, ids: list[Any], change: Callable[[Any], Any], attempts: int, expand: Any) -> Any:
    if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
        raise ConfigurationError("attempts: give a whole number, 1 or more")
    for left in reversed(range(attempts)):
        current = await service.get(*ids, expand=expand)
        changes = change(current)
        if changes is None:
            return current
        if not isinstance(changes, Mapping):
            raise ConfigurationError("update_with(): `change` returns a mapping of what to change, or None")
        version = getattr(current, "version", None)
        if version is None:
            raise ConfigurationError("update_with(): what was read has no version, so its update cannot be made safe")
        try:
            return await service.update(*ids, {"version": version, **changes}, expand=expand)
        except ConflictError as error:
            if left == 0 or error.may_be_done:
                raise
    raise AssertionError("unreachable")  # pragma: no cover
