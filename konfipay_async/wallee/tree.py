"""The services on the client, found when they are asked for. `tree.pyi` beside it tells type checkers what there is."""

from collections.abc import Iterable
from typing import Any

from konfipay_async.wallee.wiring import Wiring

__all__ = ["Services"]


class Services:
    """Every service of the API, by the words of its path."""

    _wiring: Wiring

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what copy, pickle and the like ask for
            raise AttributeError(name)
        from konfipay_async.wallee.calls import node

        return getattr(node(self._wiring, ()), name)

    def __dir__(self) -> Iterable[str]:
        from konfipay_async.wallee.services import tree

        return [*super().__dir__(), *tree()[()]]
