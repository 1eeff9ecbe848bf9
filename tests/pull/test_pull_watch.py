"""Pulling again and again, on a clock of the test's."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from konfipay_async import errors
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.pull.watch import Heartbeat, Round, again_and_again, passes


class FakeTime:
    """It stands still until somebody sleeps, then jumps to that one's end."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_800_000_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.now += seconds


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


class Rounds:
    """Pulls that take `taken` seconds and meet these errors, one after another; it stops behind the last."""

    def __init__(self, clock: FakeTime, *outcomes: BaseException | None, taken: float = 0.0) -> None:
        self.clock = clock
        self.outcomes = list(outcomes)
        self.taken = taken
        self.began: list[float] = []
        self.told: list[Round] = []
        self.stop = asyncio.Event()

    async def pull(self) -> None:
        self.began.append(self.clock.now)
        self.clock.now += self.taken
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            self.stop.set()
        if outcome is not None:
            raise outcome

    async def run(self, every: float, jitter: Callable[[], float] = lambda: 0.5) -> None:
        await again_and_again(
            self.pull, every=every, clock=self.clock, stop=self.stop, tell=self.told.append, jitter=jitter
        )

    @property
    def pauses(self) -> list[float]:
        return [second - first for first, second in zip(self.began, self.began[1:], strict=False)]


NO_CONNECTION = errors.ConnectFailedError("no connection")


async def test_it_is_counted_from_start_to_start(clock):
    """However long a pull takes; one that takes longer than that is followed at once."""
    rounds = Rounds(clock, None, None, None, taken=100.0)
    await rounds.run(every=900.0)
    assert rounds.pauses == pytest.approx([900.0, 900.0])
    slow = Rounds(clock, None, None, taken=1000.0)
    await slow.run(every=900.0)
    assert slow.pauses == [1000.0]


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 810.0), (1.0, 990.0)])
async def test_those_who_begin_together_do_not_stay_together(clock, jitter, pause):
    """A tenth more or less."""
    rounds = Rounds(clock, None, None)
    await rounds.run(every=900.0, jitter=lambda: jitter)
    assert rounds.pauses == pytest.approx([pause])


async def test_after_an_error_that_passes_the_next_round_comes_soon_then_later_and_later(clock):
    """Up to the usual pause; a success makes all forgotten."""
    rounds = Rounds(clock, *[NO_CONNECTION] * 7, None, NO_CONNECTION, None)
    await rounds.run(every=900.0, jitter=lambda: 0.0)
    assert rounds.pauses == pytest.approx([30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 810.0, 30.0])
    assert [ended.failures for ended in rounds.told] == [1, 2, 3, 4, 5, 6, 7, 0, 1]
    assert rounds.told[0].error is NO_CONNECTION


async def test_a_pause_after_an_error_is_never_longer_than_the_usual_one(clock):
    """Who pulls every ten seconds does so after an error too; a thousand failures are no overflow."""
    rounds = Rounds(clock, *[NO_CONNECTION] * 1100, None)
    await rounds.run(every=10.0, jitter=lambda: 0.0)
    assert set(rounds.pauses) == {10.0}


@pytest.mark.parametrize(
    "error",
    [
        errors.UnauthorizedError("the key", status=401),
        errors.ForbiddenError("the scope", status=403),
        errors.ConfigurationError("an argument"),
        errors.StorageError("no room is left"),
        errors.RouteUnknownError("no such route", status=404),
        errors.ResponseTooLargeError("too large"),
        errors.FilterIgnoredError("is_new"),
        errors.PageEchoError("paging"),
        errors.DecodeError("a field", malformed=False),
        errors.AcknowledgementWithoutEffectError("no effect"),
        ZeroDivisionError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_does_not_pass_ends_it(clock, error):
    """Also in a later round."""
    rounds = Rounds(clock, None, error, None)
    with pytest.raises(type(error)):
        await rounds.run(every=60.0)
    assert len(rounds.began) == 2


@pytest.mark.parametrize(
    "error",
    [
        NO_CONNECTION,
        errors.ConnectionLostError("reset"),
        errors.RequestTimeoutError("slow"),
        errors.ServerError("503", status=503),
        errors.RateLimitedError("429", status=429),
        errors.DecodeError("an HTML page", malformed=True),
        errors.DrainUnfinishedError("it moves"),
        errors.ListError("it moves"),
        errors.StorageAwayError("the database stops"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes(error):
    assert passes(error)


@pytest.mark.parametrize(
    ("address", "later"), [("postgresql://127.0.0.1:1/bank", True), ("postgresql:///bank?host=/no/such/socket", True)]
)
def test_a_database_that_is_away_may_be_back_later(address, later):
    """No server listens there now."""
    with pytest.raises(errors.StorageError) as caught:
        SqlSink(address, origin="a test").open()
    assert passes(caught.value) is later


def test_a_database_that_does_not_exist_will_not_by_itself(postgres):
    """Its server says so."""
    address = str(postgres.url())
    with pytest.raises(errors.StorageError) as caught:
        SqlSink(address.replace("/postgres?", "/nosuch?"), origin="a test").open()
    assert "/postgres?" in address
    assert not passes(caught.value)


async def test_another_pull_that_holds_the_sink_ends_the_first_round_and_no_later_one(clock):
    """Two watches of one key: the second leaves. A pull by hand does not end the first."""
    busy = errors.StorageBusyError("process 7 holds it")
    with pytest.raises(errors.StorageBusyError):
        await Rounds(clock, busy, None).run(every=60.0)
    rounds = Rounds(clock, None, busy, None)
    await rounds.run(every=60.0)
    assert len(rounds.began) == 3


async def test_told_to_stop_it_does_not_wait_for_the_next_round(clock):
    """It rests at that time."""
    stop = asyncio.Event()
    never = asyncio.Event()
    resting = asyncio.Event()

    async def sleep(seconds: float) -> None:
        resting.set()
        await never.wait()

    clock.sleep = sleep

    async def pull() -> None: ...

    task = asyncio.create_task(again_and_again(pull, every=900.0, clock=clock, stop=stop))
    await resting.wait()
    stop.set()
    await task


async def test_cancelled_while_it_rests_it_leaves_nothing_behind(clock):
    """No sleeper, no one who waits to be told."""
    resting = asyncio.Event()

    async def sleep(seconds: float) -> None:
        resting.set()
        await asyncio.Event().wait()

    clock.sleep = sleep

    async def pull() -> None: ...

    before = asyncio.all_tasks()
    task = asyncio.create_task(again_and_again(pull, every=900.0, clock=clock, stop=asyncio.Event()))
    await resting.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert asyncio.all_tasks() == before


# The heartbeat


def test_a_heartbeat_says_how_it_fares(tmp_path: Path, clock):
    """One JSON object, with what was said last."""
    file = tmp_path / "alive"
    heart = Heartbeat(file, clock)
    assert json.loads(file.read_text())["state"] == "starting"
    heart.say("waiting", round=3, failures=0)
    clock.now += 60.0
    heart.say("failing", failures=1)
    said = json.loads(file.read_text())
    assert (said["state"], said["round"], said["failures"], said["at"]) == (
        "failing",
        3,
        1,
        "2027-01-15T08:02:40+00:00",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["alive"]


async def test_it_goes_on_whatever_else_goes_on(tmp_path: Path, clock):
    """Every ten seconds, with what was said last; on a folder that is gone for a while it is silent."""
    folder = tmp_path / "run"
    folder.mkdir()
    file = folder / "alive"
    heart = Heartbeat(file, clock)
    heart.say("pulling", round=1)
    beats: list[str] = []
    slept = clock.sleep

    async def sleep(seconds: float) -> None:
        beats.append(json.loads(file.read_text())["at"] if file.exists() else "")
        if len(beats) == 3:
            file.unlink()
            folder.rmdir()
        if len(beats) == 5:
            folder.mkdir()
        if len(beats) == 7:
            task.cancel()
        await slept(seconds)

    clock.sleep = sleep
    task = asyncio.create_task(heart.go_on())
    await asyncio.wait([task])
    assert task.cancelled()
    at = "2027-01-15T08:0"
    assert beats == [
        f"{at}1:40+00:00",
        f"{at}1:50+00:00",
        f"{at}2:00+00:00",
        "",
        "",
        f"{at}2:30+00:00",
        f"{at}2:40+00:00",
    ]
    assert json.loads(file.read_text())["round"] == 1


def test_a_heartbeat_that_cannot_be_written_is_said_at_the_start_only(tmp_path: Path, clock):
    """Later its age says enough."""
    with pytest.raises(errors.ConfigurationError, match="no/alive"):
        Heartbeat(tmp_path / "no" / "alive", clock)
    folder = tmp_path / "folder"
    folder.mkdir()
    heart = Heartbeat(folder / "alive", clock)
    (folder / "alive").unlink()
    folder.rmdir()
    heart.say("waiting")
