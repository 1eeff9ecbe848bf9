"""Several API keys: whose flags, whose tokens, whose ids, whose limit."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import SANDBOX_API_KEY, ApiKey, Sandbox
from konfipay_async.sandbox.konfipay.data import Criteria, Ledger
from konfipay_async.sandbox.konfipay.store import Store

LEDGER = Ledger(1, 4)
KEYS = (ApiKey("other"), ApiKey("reports", own_flags=True), ApiKey("audit", own_flags=True))


@pytest.fixture
def open_keys(open_sandbox: Any) -> Callable[..., Any]:
    """A started sandbox with the keys "main", "other", "reports" and "audit", and a logged-in caller for each."""

    @asynccontextmanager
    async def opened(**arguments: Any) -> AsyncIterator[dict[str, Any]]:
        async with open_sandbox(**({"api_keys": KEYS, "transactions": 20} | arguments)) as caller:
            callers = {name: replace(caller, token=None) for name in caller.sandbox.api_keys}
            for name, each in callers.items():
                assert (await each.log_in(apiKey=caller.sandbox.api_keys[name].value)).status == 200
            caller.sandbox.requests.clear()
            yield callers

    return opened


# The keys themselves


def test_a_key_is_made_from_its_name_and_never_shown() -> None:
    key = ApiKey("reports", own_flags=True)
    assert re.fullmatch("[A-Za-z0-9]{64}", key.value)
    assert key == ApiKey("reports", own_flags=True)
    assert key.value != ApiKey("audit").value
    assert key.value not in repr(key)
    assert ApiKey("reports", value="mine").value == "mine"


@pytest.mark.parametrize("name", ["", " x", "a\nb", 5, None, "S" * 64])
def test_a_name_that_is_not_possible_is_not_repeated(name: Any) -> None:
    with pytest.raises(ConfigurationError, match="the name of an API key") as caught:
        ApiKey(name)
    assert "S" * 8 not in str(caught.value)


@pytest.mark.parametrize("value", ["Schlüssel", "very\nsecret", "  ", 987])
def test_a_value_that_is_not_possible_is_not_repeated(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="the value of the API key 'x' is not possible") as caught:
        ApiKey("x", value=value)
    assert not any(part in str(caught.value) for part in ("Schl", "secret", "987"))


def test_the_keys_of_a_sandbox() -> None:
    plain = Sandbox(transactions=1)
    assert plain.api_key == SANDBOX_API_KEY
    assert dict(plain.api_keys) == {"main": ApiKey("main", value=SANDBOX_API_KEY)}
    sandbox = Sandbox(transactions=1, api_key=KEYS[1], api_keys=iter(KEYS[2:]))
    assert list(sandbox.api_keys) == ["reports", "audit"]
    assert sandbox.api_key == KEYS[1].value
    assert KEYS[1].value not in repr(sandbox) + repr(sandbox.api_keys)
    with pytest.raises(TypeError):
        sandbox.api_keys["x"] = KEYS[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"api_keys": [ApiKey("main")]}, "two API keys have the name 'main'"),
        ({"api_keys": [ApiKey("a"), ApiKey("a", value="other")]}, "two API keys have the name 'a'"),
        ({"api_keys": [ApiKey("a", value=SANDBOX_API_KEY)]}, "'main' and 'a' have the same value"),
        ({"api_keys": "SecretText"}, "allowed are ApiKey objects"),
        ({"api_keys": [ApiKey(f"k{number}") for number in range(100)]}, "101 API keys are too many: allowed are 100"),
        ({"api_key": ""}, "api_key is not possible"),
    ],
)
def test_keys_that_do_not_go_together(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        Sandbox(**arguments)
    assert SANDBOX_API_KEY not in str(caught.value)
    assert "SecretText" not in str(caught.value)


def test_an_unknown_key_is_refused_without_being_repeated() -> None:
    sandbox = Sandbox(transactions=3, api_keys=KEYS)
    rids = sandbox.rids()
    calls: list[Callable[[str], object]] = [
        sandbox.new_rids,
        sandbox.end_tokens,
        sandbox.deactivate,
        sandbox.reactivate,
        lambda key: sandbox.acknowledge_elsewhere(rids, key),
        lambda key: sandbox.mark_new(rids, key),
        lambda key: sandbox.transaction(rids[0], key),
        lambda key: sandbox.count("unknown", key=key),
        lambda key: sandbox.peak("authenticated", key),
    ]
    for call in calls:
        with pytest.raises(ConfigurationError, match="known are 'main', 'other', 'reports', 'audit'") as caught:
            call(KEYS[0].value)
        assert KEYS[0].value not in str(caught.value)
    with pytest.raises(ConfigurationError, match="not counted by key"):
        sandbox.peak("public", "main")
    assert sandbox.new_rids() == rids


# Flags


async def test_whose_flags_an_acknowledgement_changes(open_keys: Any) -> None:
    async with open_keys() as callers:
        sandbox = callers["main"].sandbox
        rids = sandbox.rids()
        page = await callers["reports"].transactions(is_new="true", page_size=8)
        assert (await callers["reports"].acknowledge(page.acknowledgement_id)).status == 204
        page = await callers["main"].transactions(is_new="true", page_size=5)
        assert page.rids == rids[:5]
        assert (await callers["main"].acknowledge(page.acknowledgement_id)).status == 204
        seen = {"main": rids[5:], "other": rids[5:], "reports": rids[8:], "audit": rids}
        for name, caller in callers.items():
            assert (await caller.transactions(is_new="true")).rids == seen[name] == sandbox.new_rids(name)
            old = await caller.transactions(is_new="false")
            assert old.rids == [rid for rid in rids if rid not in seen[name]]
            served = (await caller.transactions()).transactions
            assert [row["isNew"] for row in served] == [rid in seen[name] for rid in rids]
            assert served[6] == sandbox.transaction(rids[6], name)
        assert sandbox.new_rids() == seen["main"]
        assert sandbox.transaction(rids[6])["isNew"]


async def test_the_portal_changes_the_flags_of_the_client_only(open_keys: Any) -> None:
    async with open_keys() as callers:
        sandbox = callers["main"].sandbox
        rids = sandbox.rids()
        assert sandbox.acknowledge_elsewhere(rids[:6]) == 6
        assert sandbox.new_rids("main") == sandbox.new_rids("other") == rids[6:]
        assert (await callers["reports"].transactions(is_new="true")).rids == rids
        # "Key acknowledgements" of the portal.
        assert sandbox.acknowledge_elsewhere(rids[:10], "reports") == 10
        assert sandbox.mark_new(rids) == 6
        assert (await callers["reports"].transactions(is_new="true")).rids == rids[10:]
        assert sandbox.mark_new(rids[:1], "reports") == 1
        assert (await callers["reports"].transactions(is_new="true")).rids == rids[:1] + rids[10:]
        # A key without flags of its own has those of the client.
        assert sandbox.acknowledge_elsewhere(rids[3:], "other") == 17
        assert sandbox.new_rids() == sandbox.new_rids("main") == rids[:3]
        assert sandbox.new_rids("audit") == rids


async def test_an_id_is_unknown_to_another_key(open_keys: Any) -> None:
    async with open_keys() as callers:
        sandbox = callers["main"].sandbox
        page = await callers["main"].transactions(page_size=5)
        # Even a key with the same flags cannot use it, and trying does not use it up.
        for name in ("other", "reports"):
            reply = await callers[name].acknowledge(page.acknowledgement_id)
            assert (reply.status, reply.json["errors"][0]["errorCode"]) == (404, "ERR-01-0001")
        assert sandbox.new_rids() == sandbox.new_rids("reports") == sandbox.rids()
        # It belongs to the key and not to the token it was fetched with.
        sandbox.end_tokens("main")
        await callers["main"].log_in()
        assert (await callers["main"].acknowledge(page.acknowledgement_id)).status == 204
        assert len(sandbox.new_rids()) == 15


async def test_faults_of_flags_concern_the_key_that_asks(open_keys: Any) -> None:
    async with open_keys() as callers:
        sandbox = callers["main"].sandbox
        sandbox.acknowledge_elsewhere(sandbox.rids()[:15], "reports")
        sandbox.add_fault("ignored-filter")
        sandbox.add_fault("acknowledge-without-effect")
        page = await callers["reports"].transactions(is_new="true")
        assert [row["isNew"] for row in page.transactions] == [False] * 15 + [True] * 5
        assert (await callers["reports"].acknowledge(page.acknowledgement_id)).status == 204
        assert len(sandbox.new_rids("reports")) == 5


async def test_what_arrives_is_new_to_every_key_and_all_drain_by_themselves(open_keys: Any) -> None:
    async with open_keys(transactions=60, order="newest", arrivals_per_request=2, arrivals_total=30) as callers:

        async def drain(caller: Any) -> list[str]:
            seen: list[str] = []
            while (page := await caller.transactions(is_new="true", page_size=7)).status == 200:
                seen += page.rids
                assert (await caller.acknowledge(page.acknowledgement_id)).status == 204
            return seen

        names = ("main", "reports", "audit")
        await asyncio.gather(*(drain(callers[name]) for name in names))
        sandbox = callers["main"].sandbox
        late = sandbox.arrive(3, where="start") + sandbox.arrive(2, where="end", pending=True)
        for name in names:
            assert sorted(sandbox.new_rids(name)) == sorted(late)
            assert sorted(await drain(callers[name])) == sorted(late)
        assert sandbox.new_rids("other") == []
        assert len(sandbox.rids()) == 95


steps = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(1, 9), st.sampled_from(["start", "end"])),
        st.tuples(st.integers(0, 2), st.sets(st.integers(0, 200), max_size=20), st.booleans()),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(start=st.integers(0, 50), steps=steps, credit=st.none() | st.booleans())
def test_sets_of_flags_do_not_touch_each_other(start: int, steps: list[Any], credit: bool | None) -> None:
    store = Store(LEDGER, start, 0, "oldest", own=2)
    new: list[set[int]] = [set(range(start)) for _ in range(3)]
    wanted = Criteria(credit=credit)
    for step in steps:
        if step[0] == "arrive":
            rows = store.arrive(step[1], step[2])
            for each in new:
                each.update(rows)
        elif len(store):
            whose, numbers, flag = step
            rows = range(0)
            chosen = {number % len(store) for number in numbers}
            changed = store.set_new(chosen, flag, whose)
            assert set(changed) == (chosen - new[whose] if flag else chosen & new[whose])
            new[whose] = new[whose] | chosen if flag else new[whose] - chosen
        listed = list(store.select(wanted, None).rows(0, 1000))
        for whose in range(3):
            for is_new in (True, False):
                rows_of_page = list(store.select(wanted, is_new, whose).rows(0, 1000))
                assert rows_of_page == [row for row in listed if (row in new[whose]) is is_new]
            assert set(store.new_rows(whose)) == new[whose]
            assert set(store.retrieved_rows(whose)) == set(store.all_rows()) - new[whose]


# Tokens, limits, the log


async def test_tokens_belong_to_a_key(open_keys: Any) -> None:
    async with open_keys(one_token=True) as callers:
        sandbox = callers["main"].sandbox
        assert [(await caller.transactions()).status for caller in callers.values()] == [200] * 4
        sandbox.end_tokens("reports")
        assert [(await caller.transactions()).status for caller in callers.values()] == [200, 200, 401, 200]
        sandbox.end_tokens()
        assert [(await caller.transactions()).status for caller in callers.values()] == [401] * 4


async def test_a_deactivated_key(open_keys: Any) -> None:
    async with open_keys() as callers:
        reports, sandbox = callers["reports"], callers["reports"].sandbox
        page = await reports.transactions(page_size=5)
        await reports.acknowledge(page.acknowledgement_id)
        page = await reports.transactions(is_new="true", page_size=5)
        sandbox.deactivate("reports")
        reply = await reports.transactions()
        assert (reply.status, reply.body) == (401, b"")
        assert (await reports.acknowledge(page.acknowledgement_id)).status == 401
        reply = await reports.log_in(apiKey=sandbox.api_keys["reports"].value)
        assert (reply.status, reply.body) == (401, b"")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer error=")
        assert sandbox.requests[-1].key == "reports"
        assert (await callers["main"].transactions()).status == 200
        sandbox.reactivate("reports")
        assert (await reports.transactions()).status == 401, "its old token stays dead"
        assert (await reports.log_in(apiKey=sandbox.api_keys["reports"].value)).status == 200
        assert (await reports.acknowledge(page.acknowledgement_id)).status == 204
        assert sandbox.new_rids("reports") == sandbox.rids()[10:]


async def test_a_key_that_is_deactivated_while_its_login_waits(open_sandbox: Any) -> None:
    waiting, may_go = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        waiting.set()
        await may_go.wait()

    async with open_sandbox(log_in=False, latency=1.0, sleep=sleep) as caller:
        login = asyncio.create_task(caller.log_in())
        await waiting.wait()
        caller.sandbox.deactivate("main")
        may_go.set()
        assert (await login).status == 401


async def test_each_key_has_its_own_limit_and_the_public_one_is_shared(open_keys: Any, clock: Any) -> None:
    async with open_keys(authenticated_limit=3, public_limit=7, **clock.arguments) as callers:
        main, other, sandbox = callers["main"], callers["other"], callers["main"].sandbox
        assert [(await main.get("/bank-accounts")).status for _ in range(5)] == [200, 200, 200, 429, 429]
        assert [(await other.get("/bank-accounts")).status for _ in range(2)] == [200, 200]
        assert (sandbox.peak("authenticated"), sandbox.peak("authenticated", "main")) == (7, 5)
        assert (sandbox.peak("authenticated", "other"), sandbox.peak("authenticated", "audit")) == (2, 0)
        assert sandbox.over_limit == 2
        assert sandbox.count("bank-accounts.list", 429, key="main") == 2
        assert sandbox.count("bank-accounts.list", 429, key="other") == 0
        assert sandbox.count("bank-accounts.list", key="other") == 2
        # Five logins were public already: that of the fixture and one for each key.
        sandbox.end_tokens()
        assert [(await main.transactions()).status, (await other.transactions()).status] == [401, 401]
        reply = await callers["reports"].log_in(apiKey=sandbox.api_keys["reports"].value)
        assert (reply.status, reply.headers["Retry-After"]) == (429, "60")
        assert (sandbox.over_limit, sandbox.peak("public")) == (3, 8)


async def test_a_new_token_does_not_begin_a_new_count(open_keys: Any, clock: Any) -> None:
    async with open_keys(authenticated_limit=2, window="fixed", **clock.arguments) as callers:
        audit = callers["audit"]
        assert [(await audit.get("/bank-accounts")).status for _ in range(2)] == [200, 200]
        await audit.log_in(apiKey=audit.sandbox.api_keys["audit"].value)
        assert (await audit.get("/bank-accounts")).status == 429
        clock.time += 60
        assert (await audit.get("/bank-accounts")).status == 200


async def test_the_log_has_names_and_no_values(open_keys: Any) -> None:
    async with open_keys() as callers:
        sandbox = callers["main"].sandbox
        dead = callers["other"].token
        sandbox.end_tokens("other")
        sandbox.add_fault("500:authentication.token")
        for name, caller in callers.items():
            await caller.log_in(apiKey=sandbox.api_keys[name].value)
            await caller.transactions()
        await callers["main"].log_in(apiKey="wrong")
        await callers["main"].log_in(apiKey=["main"])
        await callers["main"].send("POST", "/authentication/token", data=b"nonsense")
        await callers["main"].send("GET", "/transactions", token=dead)
        log = [(entry.route.partition(".")[0], entry.key) for entry in sandbox.requests]
        assert log[:8] == [(part, name) for name in callers for part in ("authentication", "transactions")]
        assert log[8:] == [("authentication", None)] * 3 + [("transactions", None)]
        text = repr(sandbox.requests)
        assert not any(key.value in text for key in sandbox.api_keys.values())


# The state file


def sandbox_of(path: Path, *keys: ApiKey, **arguments: Any) -> Sandbox:
    return Sandbox(transactions=50, state=path, api_keys=keys, **arguments)


def test_own_flags_survive(tmp_path: Path) -> None:
    path = tmp_path / "state"
    first = sandbox_of(path, *KEYS)
    rids = first.rids()
    first.acknowledge_elsewhere(rids[:10])
    first.acknowledge_elsewhere(rids[5:30], "reports")
    first.mark_new(rids[7:9], "reports")
    late = first.arrive(3, where="start")
    first.acknowledge_elsewhere(late[:2], "audit")
    assert all(key.value.encode() not in path.read_bytes() for key in first.api_keys.values())
    for keys in (KEYS, KEYS[::-1], KEYS[1:], (*KEYS, ApiKey("more", own_flags=True))):
        again = sandbox_of(path, *keys)
        for name in (None, "main", "reports", "audit"):
            assert again.new_rids(name) == first.new_rids(name)
    assert again.new_rids("more") == again.rids()


def test_a_long_journal_with_own_flags_is_shortened_and_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "state"
    first = sandbox_of(path, *KEYS)
    for rid in first.rids():
        for name in ("main", "reports", "audit"):
            first.acknowledge_elsewhere([rid], name)
        first.mark_new([rid], "reports")
        first.mark_new([rid], "audit")
    first.acknowledge_elsewhere(first.rids()[::7], "audit")
    again = sandbox_of(path, *KEYS)
    assert len(path.read_bytes().splitlines()) == 3, "the head, the client and audit; reports has nothing retrieved"
    for name in ("main", "other", "reports", "audit"):
        assert again.new_rids(name) == first.new_rids(name) == sandbox_of(path, *KEYS).new_rids(name)


def test_a_file_of_one_key_goes_on_with_several_and_back(tmp_path: Path) -> None:
    path = tmp_path / "state"
    # Written by the version that knew one key only.
    path.write_bytes(
        b'{"format":"konfipay-async sandbox state 1","seed":0,"transactions":50,"pending":0,"accounts":4,'
        b'"order":"oldest"}\n["retrieved",[0,9]]\n["arrive",2,"end",0]\n["new",[3,4]]\n'
    )
    plain = sandbox_of(path)
    expected = [rid for number, rid in enumerate(plain.rids()) if number in (3, 4) or number > 9]
    assert plain.new_rids() == expected
    several = sandbox_of(path, *KEYS)
    assert several.new_rids("main") == several.new_rids("other") == expected
    assert several.new_rids("reports") == several.rids()
    several.acknowledge_elsewhere(expected[:2], "other")
    assert sandbox_of(path).new_rids() == expected[2:], "there are no own flags in it yet"
    alone = Sandbox(transactions=50, state=path, api_key=ApiKey("main", own_flags=True))
    assert (alone.new_rids(), alone.new_rids("main")) == (expected[2:], alone.rids())


@pytest.mark.parametrize("keys", [(), (ApiKey("reports"),), (ApiKey("audit", own_flags=True),)])
def test_own_flags_that_nobody_has_are_refused(tmp_path: Path, keys: tuple[ApiKey, ...]) -> None:
    path = tmp_path / "state"
    first = sandbox_of(path, *KEYS)
    first.acknowledge_elsewhere(first.rids()[:1], "reports")
    content = path.read_bytes()
    with pytest.raises(ConfigurationError, match="flags of the API key 'reports', and this sandbox has no key of that"):
        sandbox_of(path, *keys)
    assert path.read_bytes() == content


@pytest.mark.parametrize("line", [b'["new",[1,2],""]', b'["new",[1,2],7]', b'["new",[1,2],"reports","x"]'])
def test_a_line_of_flags_that_cannot_be_read_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "state"
    sandbox_of(path, *KEYS)
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(ConfigurationError, match="line 2 of the state file"):
        sandbox_of(path, *KEYS)


async def test_acknowledged_over_the_wire_survives_a_restart_for_the_key(open_keys: Any, tmp_path: Path) -> None:
    async with open_keys(state=tmp_path / "state") as callers:
        page = await callers["reports"].transactions(is_new="true", page_size=12)
        await callers["reports"].acknowledge(page.acknowledgement_id)
        rids = callers["main"].sandbox.rids()
    async with open_keys(state=tmp_path / "state") as callers:
        assert (await callers["reports"].transactions(is_new="true")).rids == rids[12:]
        assert (await callers["audit"].transactions(is_new="true")).rids == rids
        assert (await callers["main"].transactions(is_new="true")).rids == rids
