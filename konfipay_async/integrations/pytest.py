"""pytest: `konfipay_sandbox`, `konfipay_client` and `wallee_sandbox`, with pytest-asyncio in its auto and strict modes.

::

    @pytest.mark.konfipay_sandbox(transactions=30, faults=["reset-after:transactions.acknowledge"])
    async def test_mine(konfipay_sandbox, konfipay_client):
        ...

The marker takes the arguments of `Sandbox`; on a class or a module it holds for all tests there, the nearest one wins.
`wallee_sandbox` and the marker of that name are the same for the signed REST API.
Every suite loads this module where the package is installed, so it imports what it needs when a fixture is used.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

try:
    from pytest_asyncio import fixture
except ModuleNotFoundError:  # anyio's plugin is always there, and runs plain fixtures in its own tests
    fixture = pytest.fixture  # type: ignore[assignment]

if TYPE_CHECKING:
    from konfipay_async import KonfipayClient
    from konfipay_async.sandbox import Sandbox, WalleeSandbox


@fixture
async def konfipay_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> "AsyncIterator[Sandbox]":
    """A running sandbox. KONFIPAY_API_KEY and KONFIPAY_BASE_URL become its own, so that the test meets no real bank;
    KONFIPAY_LEDGER is the test's own, and the Redis and the communication log of this machine are not used."""
    from konfipay_async.sandbox import Sandbox

    monkeypatch.delenv("KONFIPAY_SHARED_LIMITS", raising=False)
    monkeypatch.delenv("KONFIPAY_COMMUNICATION_LOG", raising=False)
    monkeypatch.setenv("KONFIPAY_LEDGER", str(tmp_path / "konfipay-ledger.db"))
    async with Sandbox(**_arguments(request, "konfipay_sandbox")) as sandbox:
        monkeypatch.setenv("KONFIPAY_API_KEY", sandbox.api_key)
        monkeypatch.setenv("KONFIPAY_BASE_URL", sandbox.base_url)
        yield sandbox  # noqa: ASYNC119 (a fixture is always run to its end)


@fixture
async def konfipay_client(konfipay_sandbox: "Sandbox") -> "AsyncIterator[KonfipayClient]":
    """An open client of the test's sandbox."""
    from konfipay_async import KonfipayClient

    async with KonfipayClient(konfipay_sandbox.api_key, base_url=konfipay_sandbox.base_url) as client:
        yield client  # noqa: ASYNC119


@fixture
async def wallee_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> "AsyncIterator[WalleeSandbox]":
    """A running sandbox of the signed REST API, and the environment variables of `WalleeClient` become its own; those
    of a Redis and of a communication log are not used."""
    from konfipay_async.sandbox import WalleeSandbox

    monkeypatch.delenv("WALLEE_SHARED_LIMITS", raising=False)
    monkeypatch.delenv("WALLEE_COMMUNICATION_LOG", raising=False)
    async with WalleeSandbox(**_arguments(request, "wallee_sandbox")) as sandbox:
        monkeypatch.setenv("WALLEE_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("WALLEE_USER_ID", sandbox.user_id)
        monkeypatch.setenv("WALLEE_AUTHENTICATION_KEY", sandbox.authentication_key)
        monkeypatch.setenv("WALLEE_SPACE", str(sandbox.space))
        monkeypatch.setenv("WALLEE_ACCOUNT", str(sandbox.account))
        yield sandbox  # noqa: ASYNC119


def _arguments(request: pytest.FixtureRequest, marker: str) -> dict[str, Any]:
    farthest_first = reversed(list(request.node.iter_markers(marker)))
    return {name: value for mark in farthest_first for name, value in mark.kwargs.items()}


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, also to --strict-markers."""
    for marker, sandbox in (("konfipay_sandbox", "Sandbox"), ("wallee_sandbox", "WalleeSandbox")):
        config.addinivalue_line(
            "markers", f"{marker}(**arguments): arguments of konfipay_async.sandbox.{sandbox} for this test's sandbox"
        )
