"""When faults strike, and how they are written."""

import pytest

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import FAULTS, ROUTES, Fault
from konfipay_async.sandbox.faults import FaultPlan

LIST, ACKNOWLEDGE = "transactions.list", "transactions.acknowledge"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429", Fault("429")),
        ("429=17", Fault("429", retry_after="17")),
        ("429=Wed, 21 Oct 2026 07:28:00 GMT", Fault("429", retry_after="Wed, 21 Oct 2026 07:28:00 GMT")),
        ("429:transactions.list@3x2=-5", Fault("429", LIST, nth=3, times=2, retry_after="-5")),
        ("400-xmlx2", Fault("400-xml", times=2)),
        ("html:bank-accounts.get", Fault("html", "bank-accounts.get")),
        ("503-html%0.25", Fault("503-html", probability=0.25)),
        ("slow:authentication.token@1=2.5", Fault("slow", "authentication.token", nth=1, delay=2.5)),
        ("reset-after:transactions.acknowledge@2", Fault("reset-after", ACKNOWLEDGE, nth=2)),
        ("garbagex3%0.5", Fault("garbage", times=3, probability=0.5)),
        *((name, Fault(name)) for name in FAULTS),
    ],
)
def test_parse(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resett", "no fault 'resett': known are 400-xml, 401, 403, 429"),
        ("", "no fault ''"),
        ("4290", "no fault '4290'"),
        ("429@", "expected is NAME"),
        ("429@0", "nth=0 is not possible"),
        ("429x0", "times=0 is not possible"),
        ("500%1.5", "at most 1"),
        ("500%1.2.3", "is no number"),
        ("500=3", "takes no value"),
        ("slow=fast", "'fast' is no number"),
        ("slow=-1", "zero or more"),
        ("slow=nan", "zero or more"),
        ("429=a\r\nb", "one line of text"),
    ],
)
def test_what_cannot_be_read_is_refused_with_help(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace("(", "\\(")):
        Fault.parse(text)


def test_values_belong_to_their_faults() -> None:
    with pytest.raises(ConfigurationError, match="only 'slow' takes a delay"):
        Fault("500", delay=1.0)
    with pytest.raises(ConfigurationError, match="only 429 and 503-html"):
        Fault("500", retry_after="1")
    plan = FaultPlan(0, ROUTES)
    with pytest.raises(ConfigurationError, match=r"no route 'transactions': known are authentication\.token"):
        plan.add("500:transactions")
    with pytest.raises(ConfigurationError, match=r"no meaning on 'transactions\.list'"):
        plan.add(Fault("acknowledge-without-effect", LIST))


def strikes(plan: FaultPlan, routes: list[str]) -> list[str | None]:
    return [fault.name if (fault := plan.strike(route)) else None for route in routes]


def test_once_by_default() -> None:
    plan = FaultPlan(0, ROUTES)
    plan.add("500")
    assert strikes(plan, [LIST] * 3) == ["500", None, None]


def test_nth_on_its_route_some_times_in_a_row() -> None:
    plan = FaultPlan(0, ROUTES)
    plan.add(f"403:{LIST}@2x2")
    assert strikes(plan, [ACKNOWLEDGE, LIST, ACKNOWLEDGE, LIST, LIST, LIST]) == [None, None, None, "403", "403", None]


def test_faults_count_only_where_they_make_sense() -> None:
    plan = FaultPlan(0, ROUTES)
    plan.add("acknowledge-without-effect@2")
    plan.add("wrong-echo")
    assert strikes(plan, [LIST, ACKNOWLEDGE, LIST, ACKNOWLEDGE]) == [
        "wrong-echo", None, None, "acknowledge-without-effect",
    ]  # fmt: skip


def test_the_first_of_two_strikes_and_the_second_waits_for_its_turn() -> None:
    plan = FaultPlan(0, ROUTES)
    plan.add("500")
    plan.add("403")
    assert strikes(plan, [LIST] * 3) == ["500", "403", None]
    plan.clear()
    plan.add("403")
    plan.clear()
    assert strikes(plan, [LIST]) == [None]


def test_chance_is_drawn_from_the_seed() -> None:
    def run(seed: int) -> list[str | None]:
        plan = FaultPlan(seed, ROUTES)
        plan.add("500%0.3")
        return strikes(plan, [LIST] * 300)

    assert run(1) == run(1) != run(2)
    assert 50 < run(1).count("500") < 130
    limited = FaultPlan(1, ROUTES)
    limited.add("500x4%0.3")
    assert strikes(limited, [LIST] * 300).count("500") == 4
