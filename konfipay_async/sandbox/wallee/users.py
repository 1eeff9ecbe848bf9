"""Keys of application users, and roles of all kinds of users."""

import base64
import hashlib
from typing import Final

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call, Handler
from konfipay_async.sandbox.wallee.crud import create_one, delete
from konfipay_async.sandbox.wallee.wire import RefusedError, json_answer, stamp

__all__ = ["ROLE_HANDLERS", "UserKeys"]


class UserKeys:
    """The keys that signatures are verified with: `decoded` has those of each user that are active."""

    def __init__(self, user: int, key: str) -> None:
        self._keys: dict[str, dict[int, bytes]] = {str(user): {1: base64.b64decode(key)}}
        self._last = 1
        self.handlers: dict[str, Handler] = {
            "application-users.create": self._create_user,
            "application-users.delete": self._delete_user,
            "application-users.keys": self._create,
            "application-users.keys.delete": self._deactivate,
            "application-users.keys.list": self._list,
        }

    def of(self, user: str) -> tuple[bytes, ...]:
        """The decoded keys of a user; none when there is no such user."""
        return tuple(self._keys.get(user, {}).values())

    def _new(self, user: str) -> tuple[int, str]:
        self._last += 1
        raw = hashlib.sha256(f"key {self._last} of {user}".encode()).digest()
        self._keys.setdefault(user, {})[self._last] = raw
        return self._last, base64.b64encode(raw).decode()

    def _create_user(self, call: Call) -> Answer:
        """The only answer that has the new user's key, as `macKey`."""
        made = create_one(call, call.fields)
        return json_answer(call.served(made) | {"macKey": self._new(str(made["id"]))[1]}, 201, rows=1)

    def _delete_user(self, call: Call) -> Answer:
        answer = delete(call)
        self._keys.pop(str(call.id), None)
        return answer

    def _create(self, call: Call) -> Answer:
        """The only answer that has the key."""
        id_, key = self._new(self._user(call))
        return json_answer({"id": id_, "version": 1, "state": "ACTIVE", "createdOn": stamp(call.at), "key": key})

    def _list(self, call: Call) -> Answer:
        return json_answer(
            [{"id": id_, "version": 1, "state": "ACTIVE"} for id_ in self._keys.get(self._user(call), {})]
        )

    def _deactivate(self, call: Call) -> Answer:
        if self._keys.get(self._user(call), {}).pop(call.id, None) is None:
            raise RefusedError(404, f"The user has no key {call.id}")
        return Answer(204)

    def _user(self, call: Call) -> str:
        user = call.arguments["userId"]
        if user not in map(str, call.of("/application-users").ids()):
            raise RefusedError(404, f"There is no user {user!r}")
        return user


def _role(call: Call) -> int:
    role = call.query.whole("roleId", 0, 1)
    if role not in call.of("/roles"):
        raise RefusedError(404, f"There is no role {role}")
    return int(role or 0)


def _grant(call: Call) -> Answer:
    role = {"id": _role(call)}
    return call.answer(call.collection.find(role=role) or call.collection.create({"role": role}))


def _revoke(call: Call) -> Answer:
    granted = call.collection.find(role={"id": _role(call)})
    if granted is None:
        raise RefusedError(404, "The user does not have this role")
    call.collection.remove(granted["id"])
    return Answer(204)


ROLE_HANDLERS: Final[dict[str, Handler]] = {
    f"{kind}-users.{where}-roles{what}": handler
    for kind in ("application", "human", "single-sign-on")
    for where in ("account", "space")
    for what, handler in (("", _grant), (".delete", _revoke))
}
