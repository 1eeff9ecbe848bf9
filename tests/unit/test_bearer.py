"""A bearer token's life, on virtual time: how many logins, who waits for them, and what is left behind."""

import asyncio
import copy
import logging
from collections.abc import Iterable
from typing import Any

import pytest

from konfipay_async.errors import ClientStateError, KonfipayError, UnauthorizedError
from konfipay_async.session.auth import Refusal
from konfipay_async.session.bearer import Bearer, Token
from konfipay_async.session.message import Request

REQUEST: Request[Any] = Request("GET", "transactions", read=lambda response: response)


class Logins:
    """Answers logins with numbered tokens after a while, or fails as told."""

    def __init__(self, time: Any, *, lifetime: float = 1800.0, takes: float = 2.0) -> None:
        self.time = time
        self.lifetime = lifetime
        self.takes = takes
        self.begun: list[float] = []
        self.ended = 0
        self.fails: list[Exception | None] = []

    async def __call__(self) -> Token:
        self.begun.append(self.time.monotonic())
        number = len(self.begun)
        try:
            await self.time.sleep(self.takes)
        finally:
            self.ended += 1
        if self.fails and (error := self.fails.pop(0)) is not None:
            raise error
        return Token(f"token-{number}", self.lifetime)


def value(headers: Any) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


async def ask(bearer: Bearer) -> str:
    return value(await bearer.authorise(REQUEST))


async def ask_all(bearer: Bearer, count: int) -> Iterable[str]:
    return await asyncio.gather(*(ask(bearer) for _ in range(count)))


def test_a_thousand_callers_make_one_login(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual)
        assert set(await ask_all(Bearer(logins, clock=virtual), 1000)) == {"token-1"}
        assert len(logins.begun) == 1

    virtual.run(main())


def test_a_thousand_callers_and_an_expired_token_make_one_login(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        await virtual.sleep(4000)
        assert set(await ask_all(bearer, 1000)) == {"token-2"}
        assert len(logins.begun) == 2

    virtual.run(main())


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_the_login_goes_on_when_the_caller_who_began_it_is_cancelled(virtual, seconds) -> None:
    async def main() -> None:
        logins = Logins(virtual)
        bearer = Bearer(logins, clock=virtual)
        first = asyncio.ensure_future(ask(bearer))
        await asyncio.sleep(seconds)
        others = [asyncio.ensure_future(ask(bearer)) for _ in range(10)]
        await virtual.sleep(0.1)
        first.cancel()
        assert set(await asyncio.gather(*others)) == {"token-1"}
        assert first.cancelled()
        assert len(logins.begun) == 1

    virtual.run(main())


def test_a_login_nobody_waits_for_any_more_is_not_lost(virtual) -> None:
    """All callers were cancelled: the token serves the next one, and a failure is nobody's complaint."""

    async def main() -> None:
        for fails in (None, KonfipayError("no")):
            logins = Logins(virtual)
            logins.fails = [fails]
            bearer = Bearer(logins, clock=virtual)
            callers = [asyncio.ensure_future(ask(bearer)) for _ in range(3)]
            await virtual.sleep(1)
            for caller in callers:
                caller.cancel()
            await asyncio.wait(callers)
            await virtual.sleep(5)
            assert await ask(bearer) == ("token-1" if fails is None else "token-2")

    virtual.run(main())


def test_renewal_begins_before_the_end_and_blocks_nobody(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual, takes=10)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        login_sent = logins.begun[0]
        await virtual.sleep(login_sent + 1739.5 - virtual.monotonic())
        assert await ask(bearer) == "token-1"
        await virtual.sleep(0)
        assert len(logins.begun) == 1
        await virtual.sleep(1)
        asked = virtual.monotonic()
        assert set(await ask_all(bearer, 1000)) == {"token-1"}
        assert virtual.monotonic() - asked < 0.01
        await virtual.sleep(5)
        assert await ask(bearer) == "token-1"
        await virtual.sleep(6)
        assert await ask(bearer) == "token-2"
        assert len(logins.begun) == 2

    virtual.run(main())


def test_a_renewal_that_takes_longer_than_the_token_lives_is_waited_for(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        logins.takes = 100
        await virtual.sleep(1750)
        assert await ask(bearer) == "token-1"
        await virtual.sleep(60)
        assert await ask(bearer) == "token-2"
        assert len(logins.begun) == 2

    virtual.run(main())


def test_no_task_idles_for_a_renewal(virtual) -> None:
    async def main() -> None:
        bearer = Bearer(Logins(virtual), clock=virtual)
        await ask(bearer)
        await virtual.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await virtual.sleep(1790)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual.run(main())


def test_expiry_counts_from_before_the_login_was_sent(virtual) -> None:
    """The server's clock began before the answer arrived: a slow login does not prolong the token."""

    async def main() -> None:
        logins = Logins(virtual, lifetime=100, takes=30)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        await virtual.sleep(71)
        assert await ask(bearer) == "token-2"

    virtual.run(main())


@pytest.mark.parametrize("lifetime", [1.0, 10.0, 59.0, 60.0])
def test_a_token_shorter_than_the_margin_works(virtual, lifetime) -> None:
    """It is used for most of its life, instead of being renewed with every request."""

    async def main() -> None:
        logins = Logins(virtual, lifetime=lifetime, takes=0.01)
        bearer = Bearer(logins, clock=virtual)
        begun = virtual.monotonic()
        asked = 0
        while virtual.monotonic() < begun + 10 * lifetime:
            await ask(bearer)
            asked += 1
            await virtual.sleep(lifetime / 50)
        assert asked > 400
        assert 10 <= len(logins.begun) <= 14

    virtual.run(main())


def test_a_short_token_is_renewed_in_the_last_fifth_of_its_life(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual, lifetime=4, takes=0)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        for after, begun in ((3.1, 1), (3.3, 2)):
            await virtual.sleep(logins.begun[0] + after - virtual.monotonic())
            assert await ask(bearer) == "token-1"
            await virtual.sleep(0)
            assert len(logins.begun) == begun

    virtual.run(main())


def test_a_token_that_is_dead_on_arrival_is_handed_to_those_who_waited_for_it(virtual) -> None:
    """Better a 401 that says so than a login that never ends."""

    async def main() -> None:
        logins = Logins(virtual, lifetime=1, takes=2)
        bearer = Bearer(logins, clock=virtual)
        assert await ask(bearer) == "token-1"
        assert await ask(bearer) == "token-2"
        assert len(logins.begun) == 2

    virtual.run(main())


def test_a_401_for_the_current_token_ends_it_and_for_an_older_one_costs_no_login(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual)
        bearer = Bearer(logins, clock=virtual)
        old = await bearer.authorise(REQUEST)
        assert bearer.refused(old) is Refusal.CURRENT
        assert bearer.refused(old) is Refusal.STALE  # a hundred requests may have carried it
        new = await bearer.authorise(REQUEST)
        assert value(new) == "token-2"
        assert bearer.refused(old) is Refusal.STALE
        assert await ask(bearer) == "token-2"
        assert bearer.refused(new) is Refusal.CURRENT
        assert len(logins.begun) == 2

    virtual.run(main())


def test_many_refusals_of_one_token_make_one_login(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual)
        bearer = Bearer(logins, clock=virtual)
        headers = await asyncio.gather(*(bearer.authorise(REQUEST) for _ in range(100)))
        refusals = [bearer.refused(one) for one in headers]
        assert refusals.count(Refusal.CURRENT) == 1
        assert refusals.count(Refusal.STALE) == 99
        assert set(await ask_all(bearer, 100)) == {"token-2"}
        assert len(logins.begun) == 2

    virtual.run(main())


def test_a_refusal_during_a_renewal_waits_for_that_renewal(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual, takes=10)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        await virtual.sleep(1750)
        headers = await bearer.authorise(REQUEST)
        await virtual.sleep(1)
        assert bearer.refused(headers) is Refusal.CURRENT
        assert await ask(bearer) == "token-2"
        assert len(logins.begun) == 2

    virtual.run(main())


def test_whoever_waits_for_a_login_that_fails_gets_its_error(virtual, caplog) -> None:
    """And nobody else is alarmed: the log mentions it for those who look closely."""

    async def main() -> None:
        logins = Logins(virtual)
        refused = UnauthorizedError("the key is refused", status=401)
        logins.fails = [refused]
        bearer = Bearer(logins, clock=virtual)
        results = await asyncio.gather(*(ask(bearer) for _ in range(5)), return_exceptions=True)
        assert results == [refused] * 5
        assert await ask(bearer) == "token-2"

    with caplog.at_level(logging.DEBUG):
        virtual.run(main())
    assert [record.levelname for record in caplog.records if "login failed" in record.message] == ["DEBUG"]


def test_a_failing_renewal_leaves_the_living_token_in_use_and_is_not_hammered(virtual, caplog) -> None:
    async def main() -> None:
        logins = Logins(virtual, takes=0.1)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        logins.fails = [KonfipayError("not now")] * 1000
        await virtual.sleep(1741)
        for _ in range(500):
            assert await ask(bearer) == "token-1"
            await virtual.sleep(0.1)
        assert len(logins.begun) - 1 == 10  # in 50 seconds: each takes a tenth, and then there is peace for five
        logins.fails.clear()
        await virtual.sleep(6)
        await ask(bearer)
        await virtual.sleep(1)
        assert (await ask(bearer)).startswith("token-")
        assert await ask(bearer) != "token-1"

    with caplog.at_level(logging.DEBUG):
        virtual.run(main())
    assert "not now" in caplog.text
    assert {record.levelname for record in caplog.records if "login failed" in record.message} == {"WARNING"}


def test_a_renewal_that_fails_for_another_reason_is_not_hammered_either(virtual) -> None:
    """A login that breaks in a way nobody foresaw: the living token serves on."""

    async def main() -> None:
        logins = Logins(virtual, takes=0.1)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        logins.fails = [RuntimeError("a bug")] * 1000
        await virtual.sleep(1741)
        for _ in range(500):
            assert await ask(bearer) == "token-1"
            await virtual.sleep(0.1)
        assert len(logins.begun) <= 13

    virtual.run(main())


def test_close_ends_a_login_under_way(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual, takes=1000)
        bearer = Bearer(logins, clock=virtual)
        await bearer.close()  # nothing to end
        caller = asyncio.ensure_future(ask(bearer))
        await virtual.sleep(1)
        closed_at = virtual.monotonic()
        await bearer.close()
        assert virtual.monotonic() - closed_at < 1
        assert logins.ended == 1
        await asyncio.wait([caller])
        assert isinstance(caller.exception(), ClientStateError)
        await bearer.close()

    virtual.run(main())


def test_close_ends_a_background_renewal(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual)
        bearer = Bearer(logins, clock=virtual)
        await ask(bearer)
        logins.takes = 1000
        await virtual.sleep(1750)
        await ask(bearer)
        await virtual.sleep(1)
        await bearer.close()
        assert logins.ended == 2

    virtual.run(main())


def test_whoever_waits_for_a_login_that_close_ends_gets_an_error_of_ours(virtual) -> None:
    """Nobody cancelled the caller: a CancelledError would vanish in its task group as if it had been."""

    async def main() -> None:
        bearer = Bearer(Logins(virtual, takes=1000), clock=virtual)
        caller = asyncio.ensure_future(ask(bearer))
        await virtual.sleep(1)
        await bearer.close()
        await asyncio.wait([caller])
        assert not caller.cancelled()
        assert isinstance(caller.exception(), KonfipayError)

    virtual.run(main())


def test_a_login_that_a_stranger_cancels_is_not_said_to_be_ended_by_close(virtual) -> None:
    """A sweep over all tasks: those who wait for the login are cancelled with it, and the next one logs in again."""

    async def main() -> None:
        bearer = Bearer(Logins(virtual), clock=virtual)
        caller = asyncio.ensure_future(ask(bearer))
        await virtual.sleep(1)
        (login,) = asyncio.all_tasks() - {asyncio.current_task(), caller}
        login.cancel()
        await asyncio.wait([caller])
        assert caller.cancelled()
        assert await ask(bearer) == "token-2"

    virtual.run(main())


def test_a_caller_who_is_cancelled_while_the_client_closes_is_cancelled(virtual) -> None:
    """His own cancellation is not turned into an error."""

    async def main() -> None:
        async def login() -> Token:
            try:
                await virtual.sleep(1000)
            except asyncio.CancelledError:
                return Token("too late to be stopped", 1800)
            raise AssertionError("it was not cancelled")

        bearer = Bearer(login, clock=virtual)
        caller = asyncio.ensure_future(ask(bearer))
        await virtual.sleep(1)
        caller.cancel()
        await bearer.close()
        await asyncio.wait([caller])
        assert caller.cancelled()

    virtual.run(main())


def test_close_waits_no_longer_than_a_login_that_just_ended(virtual) -> None:
    """Closing in the very turn in which the login ends, whether well or badly."""

    async def main() -> None:
        for fails in (None, KonfipayError("no")):
            for steps in range(6):
                logins = Logins(virtual, takes=0)
                logins.fails = [fails]
                bearer = Bearer(logins, clock=virtual)
                caller = asyncio.ensure_future(ask(bearer))
                for _ in range(steps):
                    await asyncio.sleep(0)
                async with asyncio.timeout(5):
                    await bearer.close()
                    await asyncio.wait([caller])
                caller.cancelled() or caller.exception()

    virtual.run(main())


def test_a_token_is_held_from_its_login_to_its_end(virtual) -> None:
    async def main() -> None:
        logins = Logins(virtual, lifetime=100, takes=2)
        bearer = Bearer(logins, clock=virtual)
        assert not bearer.holds_token
        await ask(bearer)
        assert bearer.holds_token
        await virtual.sleep(97)
        assert bearer.holds_token
        await virtual.sleep(2)
        assert not bearer.holds_token

    virtual.run(main())


def test_a_token_that_is_forgotten_is_replaced(virtual) -> None:
    async def main() -> None:
        bearer = Bearer(Logins(virtual), clock=virtual)
        await ask(bearer)
        bearer.forget()
        assert not bearer.holds_token
        assert await ask(bearer) == "token-2"

    virtual.run(main())


def test_no_repr_shows_a_token(virtual) -> None:
    async def main() -> None:
        bearer = Bearer(Logins(virtual), clock=virtual)
        await ask(bearer)
        for thing in (bearer, bearer._held, Token("token-1", 5), copy.copy(bearer)):
            assert "token-1" not in repr(thing)

    virtual.run(main())
