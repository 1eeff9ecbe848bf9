"""Terminals: a transaction that is performed there takes its time, and a repeated request goes on with it."""

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call, Handler
from konfipay_async.sandbox.wallee.clock import Clock
from konfipay_async.sandbox.wallee.wire import RefusedError, stamp

__all__ = ["Terminals"]


class Terminals:
    """The runs of one sandbox: each takes `seconds` from the first request on.

    A request waits for the end, at most `patience`, and is answered with 504 then (the status is made up; that a repeat
    goes on where it stopped is documented). `begun` are the ids of the transactions whose run has begun, in this order.
    """

    def __init__(self, clock: Clock, seconds: float, patience: float) -> None:
        self.begun: list[int] = []
        self._clock = clock
        self._seconds = seconds
        self._patience = patience
        self._since: dict[int, float] = {}
        self.handlers: dict[str, Handler] = {
            "payment.terminals.by-identifier.perform-transaction": self._perform,
            "payment.terminals.perform-transaction": self._perform,
        }

    async def _perform(self, call: Call) -> Answer:
        terminals = call.of("/payment/terminals")
        if "id" in call.arguments:
            call.named("/payment/terminals")
        elif terminals.find(identifier=call.arguments["identifier"]) is None:
            raise RefusedError(404, "There is no terminal with this identifier here")
        id_ = call.query.whole("transactionId", None, 1)
        if id_ is None or id_ not in call.collection:
            raise RefusedError(422, "The transaction is not possible", {"transactionId": "the id of one is expected"})
        if id_ not in self._since:
            found = call.collection.get(id_)
            if found["state"] not in ("PENDING", "CONFIRMED"):
                raise RefusedError(422, "The state does not allow it", {"state": f"it is {found['state']}"})
            self._since[id_] = self._clock.monotonic()
            self.begun.append(id_)
            call.collection.change(id_, state="PROCESSING", processingOn=stamp(call.at))
        left = self._since[id_] + self._seconds - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(min(left, self._patience))
        if left > self._patience:
            raise RefusedError(504, "The transaction is still running")
        if call.collection.get(id_)["state"] == "PROCESSING":
            call.collection.change(id_, state="AUTHORIZED", authorizedOn=stamp(call.at))
        return call.answer(call.collection.get(id_))
