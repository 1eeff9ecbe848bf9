"""The client itself: its settings, its limits, its life, and what it never says."""

import asyncio
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from konfipay_async.communication import CommunicationLog
from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    RateLimitedError,
    RedirectRefusedError,
    RequestTimeoutError,
)
from konfipay_async.sandbox import WalleeSandbox
from konfipay_async.session.budget import Budgets, Limits
from konfipay_async.session.message import Lane, RetryClass
from konfipay_async.session.retry import Retry
from konfipay_async.wallee import WalleeClient
from konfipay_async.wallee.client import LIMITS

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class Log:
    """A recorder that remembers."""

    def __init__(self) -> None:
        self.attempts: list[Any] = []

    def record(self, attempt: Any) -> None:
        self.attempts.append(attempt)


# Settings


def test_settings_of_the_environment(monkeypatch):
    for name, value in {
        "USER_ID": "512",
        "AUTHENTICATION_KEY": KEY,
        "SPACE": "405",
        "ACCOUNT": "7",
        "BASE_URL": "https://checkout.postfinance.ch/api/v2.0/",
    }.items():
        monkeypatch.setenv(f"WALLEE_{name}", value)
    client = WalleeClient()
    assert (client.space, client.account) == (405, 7)
    assert client.base_url == "https://checkout.postfinance.ch/api/v2.0"
    assert WalleeClient(space="406").space == 406


@pytest.mark.parametrize("name", ["user_id", "authentication_key", "base_url", "space"])
def test_an_argument_that_is_empty_is_not_papered_over(monkeypatch, name):
    monkeypatch.setenv(f"WALLEE_{name.upper()}", "512" if name != "authentication_key" else KEY)
    with pytest.raises(ConfigurationError):
        WalleeClient(**{"user_id": 1, "authentication_key": KEY, name: ""})


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_id": "me"},
        {"authentication_key": "not base64!"},
        {"base_url": "http://app-wallee.com/api/v2.0"},
        {"base_url": "nonsense"},
        {"space": "x"},
        {"account": 0},
        {"limits": "none"},
        {"limits": Limits(authenticated=100)},
        {"limits": 0},
        {"limits": True},
        {"limits": 600, "budgets": Budgets.from_limits(Limits())},
        {"concurrency": 0},
        {"max_response_bytes": 0},
        {"timeouts": {"payment.transactions.lst": 3}},
        {"timeouts": {"payment.transactions.list": 0}},
        {"proxy": "nonsense"},
        {"communication_log": 5},
    ],
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(ConfigurationError) as raised:
        WalleeClient(**{"user_id": 512, "authentication_key": KEY, **wrong})
    assert KEY not in str(raised.value)


def test_a_misspelt_timeout_is_told_the_nearest_name():
    with pytest.raises(ConfigurationError, match=r"did you mean 'payment\.transactions\.export'"):
        WalleeClient(512, KEY, timeouts={"payment.transaction.export": 5})


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"retry": 3}, {"lane": 1.5}, {"space": "x"}])
def test_options_that_cannot_be(wrong):
    with pytest.raises(ConfigurationError):
        WalleeClient(512, KEY).with_options(**wrong)


async def test_options_and_timeouts_reach_the_request(pair):
    log = Log()
    async with pair(recorder=log, timeouts={"customers.list": 7}) as (sandbox, client):
        transaction = sandbox.transactions.ids()[0]
        view = client.with_options(timeout=5, lane=Lane.ACKNOWLEDGE)
        await view.payment.transactions.get(transaction)
        await client.payment.transactions.get(transaction)
        [row async for row in client.customers.list(max_items=1)]
        asked = [(one.request.timeout, one.request.lane) for one in log.attempts]
        assert asked == [(5, Lane.ACKNOWLEDGE), (30, Lane.SINGLE), (7, Lane.BULK)]
        assert log.attempts[0].request.retry is RetryClass.READ


async def test_the_program_of_the_readme_runs():
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (program,) = [one for one in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "WalleeClient" in one]
    async with WalleeSandbox(transactions=60) as sandbox:
        settings = {
            "WALLEE_USER_ID": sandbox.user_id,
            "WALLEE_AUTHENTICATION_KEY": sandbox.authentication_key,
            "WALLEE_BASE_URL": sandbox.base_url,
            "WALLEE_SPACE": str(sandbox.space),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-c", program), env=os.environ | settings, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert 0 < len(out.decode().splitlines()) <= 20


# Secrets


async def test_no_key_and_no_token_in_what_is_said(pair, caplog):
    log = Log()
    async with pair(recorder=log) as (sandbox, client):
        with caplog.at_level(logging.DEBUG):
            await client.request("GET", "languages")
        said = f"{client!r}{client}{client.payment!r}{vars(client)!r}{log.attempts!r}{caplog.text}"
        assert sandbox.authentication_key not in said
        assert "Bearer" not in said
        assert "authorization" not in {name.lower() for one in log.attempts for name in one.request.headers}


async def test_redirects_are_not_followed(against, raw_server):
    async with against(lambda request: raw_server.reply(302, Location="https://elsewhere.example")) as (server, client):
        with pytest.raises(RedirectRefusedError):
            await client.customers.get(1)
        assert len(server.requests) == 1


# Life


async def test_before_and_after(pair):
    with pytest.raises(ClientStateError, match="not open yet"):
        await WalleeClient(512, KEY, space=1).customers.get(1)
    async with pair() as (_, client):
        pass
    await client.close()
    with pytest.raises(ClientStateError, match="closed"):
        await client.customers.get(1)
    with pytest.raises(ClientStateError, match="opened before"):
        await client.open()


async def test_a_timeout(against, raw_server):
    def answer(request: Any) -> bytes:
        return b""  # and nothing more

    async with against(answer, retry=Retry(attempts=1)) as (_, client):
        with pytest.raises(RequestTimeoutError):
            await client.with_options(timeout=1.0).customers.get(1)


async def test_a_view_that_is_closed_too_closes_the_log_once(pair, tmp_path):
    with CommunicationLog(f"sqlite:///{tmp_path / 'api.db'}") as log:
        async with pair(communication_log=log) as (_, client):
            await client.with_options(timeout=5.0).close()
        assert log._users == 1


async def test_what_is_sent_is_kept_in_the_log_of_communication(pair, tmp_path):
    async with pair(communication_log=f"sqlite:///{tmp_path / 'api.db'}", key_name="shop") as (sandbox, client):
        await client.customers.get(sandbox.collection("/customers").ids()[0])
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"/api/v2.0/customers/" in kept
    assert sandbox.authentication_key.encode() not in kept


async def test_card_details_are_not_in_the_log_of_communication(pair, tmp_path):
    async with pair(communication_log=f"sqlite:///{tmp_path / 'api.db'}?level=details") as (_, client):
        card = {
            "cardData": {
                "primaryAccountNumber": "4111111111111111",
                "cardVerificationCode": "9879879879879879879",
                "cardHolderName": "Jane",
            }
        }
        with pytest.raises(Exception):  # noqa: B017, PT011
            await client.payment.transactions.process_card_details(1, card)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"process-card-details" in kept
    for secret in (b"4111111111111111", b"9879879879879879879", b"Jane"):
        assert secret not in kept


# Limits


def test_the_limit_is_for_two_minutes():
    assert LIMITS.period == 120
    assert WalleeClient(512, KEY).budgets.authenticated.status().limit == LIMITS.authenticated
    budget = WalleeClient(512, KEY, limits=77).budgets.authenticated
    assert (budget.limit, budget.period) == (77, 120)


@pytest.mark.parametrize("space", [True, False])
async def test_the_limit_is_asked_for(pair, space):
    async with pair({"request_limit": 77}, limits="ask", **({} if space else {"space": None})) as (sandbox, client):
        status = client.budgets.authenticated.status()
        assert (status.limit, status.left) == (77, 77 - 1 - space)
        assert len(sandbox.requests) == 1 + space


@pytest.mark.parametrize("status", [403, 404])
async def test_a_limit_that_may_not_be_read(against, raw_server, status):
    async with against(lambda request: raw_server.reply(status, {}), limits="ask") as (server, client):
        assert client.budgets.authenticated.status().limit == LIMITS.authenticated
        assert await client.learn_limit() is None
        assert len(server.requests) == 4


async def test_the_lower_one_counts(against, raw_server):
    def answer(request: Any) -> bytes:
        return raw_server.reply(200, {"id": 1, "requestLimit": 500 if "spaces" in request.target else 90})

    async with against(answer) as (server, client):
        assert await client.learn_limit() == 90
        # Neither belongs to a space, which may even be one the user must not ask.
        assert not [request for request in server.requests if {"space", "account"} & set(request.headers)]
        assert client.budgets.authenticated.status().limit == 90


@pytest.mark.parametrize("limit", [0, -1, "many", None, 1.5])
async def test_a_limit_that_is_none_is_not_kept(against, raw_server, limit):
    async with against(lambda request: raw_server.reply(200, {"requestLimit": limit})) as (_, client):
        assert await client.learn_limit() is None


async def test_an_open_that_fails_leaves_nothing_open(against, raw_server):
    async with against(lambda request: raw_server.reply(500)) as (server, _):
        client = WalleeClient(512, KEY, base_url=server.base_url, limits="ask", retry=Retry(attempts=1))
        with pytest.raises(Exception, match="500"):
            await client.open()
        with pytest.raises(ClientStateError, match="closed"):
            await client.request("GET", "spaces")


async def test_a_shared_limit_is_not_asked_for(redis_server):
    client = WalleeClient(512, KEY, limits=Limits(period=120.0, shared=redis_server.url))
    with pytest.raises(ConfigurationError, match="given, not asked for"):
        await client.learn_limit()
    await client.close()


@pytest.mark.parametrize("retry_after", [True, False])
async def test_the_limit_holds_at_the_server(pair, retry_after, clock):
    server = {"request_limit": 20, "retry_after": retry_after}
    async with pair(server, limits=Limits(authenticated=20, period=120.0, per_second=1e6)) as (sandbox, client):
        await asyncio.gather(*[client.request("GET", "languages") for _ in range(50)])
        assert sandbox.over_limit == 0
        assert clock.now >= 1000 + 2 * 120


async def test_a_429_pauses_everybody(pair, clock):
    async with pair({"request_limit": 5}, limits=Limits(authenticated=50, period=120.0, per_second=1e6)) as (
        sandbox,
        client,
    ):
        await asyncio.gather(*[client.request("GET", "languages") for _ in range(8)])
        assert sandbox.over_limit >= 1
        assert clock.now >= 1120


async def test_a_429_that_does_not_end(pair):
    async with pair({"faults": ["429x9"]}, retry=Retry(attempts=2)) as (sandbox, client):
        with pytest.raises(RateLimitedError):
            await client.request("GET", "languages")
        assert len(sandbox.requests) == 2


async def test_clients_share_budgets(pair, clock):
    async with pair() as (sandbox, client):
        other = WalleeClient(
            sandbox.user_id, sandbox.authentication_key, base_url=sandbox.base_url, budgets=client.budgets, clock=clock
        )
        async with other:
            await other.request("GET", "languages")
        assert client.budgets.authenticated.status().granted == 1


# What an import costs


def test_an_import_loads_no_library_of_an_extra_and_reads_no_table():
    code = (
        "import sys\nimport konfipay_async.wallee\n"
        "unwanted = ('jwt', 'cryptography', 'sqlalchemy', 'konfipay_async.wallee.calls')\n"
        "print([name for name in unwanted if name in sys.modules])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
