"""The core many times over: budget and drain on seeded simulations, and money and bodies through the decoders."""

from collections import Counter
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(7200)


def _sum(told: list[dict[str, Any]]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for one in told:
        total.update({name: value for name, value in one.items() if isinstance(value, int)})
    return dict(total.most_common())


def _seeds(first: int, count: int) -> str:
    return f"{first} to {first + count - 1}"


def test_budget(soak: Any, crunch: Any) -> None:
    """No window at the server over its limit, no permit lost or doubled."""
    count = soak.count(10, 10_000)
    what = f"{count:,} simulations of the budget"
    soak.record(what, _seeds(0, count))
    soak.record(what, _seeds(0, count), **_sum(crunch("budget", 0, count)))


def test_drain_stories(soak: Any, crunch: Any) -> None:
    """Half of them with others who move the list: every row is handed out, and it ends."""
    count = soak.count(10, 10_000)
    soak.record(f"{count:,} stories of a drain", _seeds(10_000, count))
    crunch("stories", 10_000, count)


def test_drain_machine(soak: Any, crunch: Any) -> None:
    """Turn by turn, with every fault at every await."""
    count = soak.count(4, 5_000)
    soak.record(f"{count:,} runs of the drain's state machine, 60 steps each", "one a process: where its share begins")
    crunch("machine", 0, count)


def test_amounts_keep_every_digit(soak: Any, crunch: Any) -> None:
    """From the JSON through either decoder into SQLite, compared digit by digit."""
    pages = soak.count(2, 1000)
    what = f"{pages * 1000:,} random amounts through decoding and SQLite"
    soak.record(what, _seeds(0, pages))
    soak.record(what, _seeds(0, pages), **_sum(crunch("amounts", 0, pages)))


def test_mutated_bodies_are_read_or_refused(soak: Any, crunch: Any) -> None:
    """Nothing but KonfipayError leaves a reader."""
    count = soak.count(200, 100_000)
    what = f"{count:,} mutated bodies through the readers, and what is read into rows"
    soak.record(what, _seeds(0, count))
    soak.record(what, _seeds(0, count), **_sum(crunch("bodies", 0, count)))


def test_mutated_bodies_reach_nobody_behind_a_client(soak: Any, crunch: Any) -> None:
    """Nothing but KonfipayError leaves a client, and no list goes on for ever."""
    count = soak.count(20, 10_000)
    what = f"{count:,} mutated bodies as answers to a client"
    soak.record(what, _seeds(0, count))
    soak.record(what, _seeds(0, count), **_sum(crunch("client", 0, count)))


@pytest.mark.parametrize("seed", [1])
def test_atheris(soak: Any, crunch: Any, seed: int) -> None:
    """The same, led by coverage. A sample without atheris does nothing, and a full run says so."""
    count = soak.count(1_000, 1_000_000)
    what = f"{count:,} inputs of atheris to the readers"
    soak.record(what, str(seed))
    (told,) = crunch("atheris", seed, count, 1)
    soak.record(what, str(seed), **told)
