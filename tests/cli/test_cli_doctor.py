"""`konfipay doctor` against a sandbox that is as expected, and against ones that are not."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from konfipay_async import KonfipayClient
from konfipay_async.cli.checks import Outcome, checks, compare
from konfipay_async.cli.exits import Exit
from konfipay_async.errors import ConfigurationError
from konfipay_async.routes import ROUTES
from konfipay_async.sandbox import ApiKey, Sandbox


async def found(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    acknowledge = options.pop("acknowledge", False)
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, **options) as client:
        return {check.name: check async for check in checks(client, routes=client.routes, acknowledge=acknowledge)}


async def test_where_everything_fits_nothing_differs_and_nothing_is_changed() -> None:
    async with Sandbox(transactions=250) as sandbox:
        new = sandbox.new_rids()
        seen = await found(sandbox)
        assert sandbox.new_rids() == new
        assert {request.method for request in sandbox.requests if request.route != "authentication.token"} == {"GET"}
    assert not [check for check in seen.values() if check.outcome in (Outcome.FAILED, Outcome.DIFFERS)]
    for name in ROUTES:
        if name.endswith(".list"):
            assert seen[name].outcome is Outcome.GOOD, name
    for name in ("connection and key", "clock", "scopes", "paging names", "is-new filter"):
        assert seen[name].outcome is Outcome.GOOD, name
    assert seen["acknowledging"].outcome is Outcome.UNKNOWN


async def test_acknowledging_is_tried_only_when_asked_for() -> None:
    async with Sandbox(transactions=5) as sandbox:
        seen = await found(sandbox, acknowledge=True)
        assert len(sandbox.new_rids()) == 4
    assert seen["acknowledging"].outcome is Outcome.GOOD


async def test_other_paging_names_are_found_and_mended() -> None:
    async with Sandbox(transactions=50, paging_names=("pageNumber", "pageSize")) as sandbox:
        check = (await found(sandbox))["paging names"]
    assert check.outcome is Outcome.DIFFERS
    assert check.mend == {"paging_names": ("pageNumber", "pageSize")}


async def test_an_ignored_filter_is_found() -> None:
    async with Sandbox(transactions=50, faults=["ignored-filter:transactions.listx100"]) as sandbox:
        sandbox.acknowledge_elsewhere(sandbox.rids()[:20])
        check = (await found(sandbox))["is-new filter"]
    assert check.outcome is Outcome.FAILED


async def test_a_route_that_is_not_there_fails_its_check_and_a_correction_is_looked_at() -> None:
    async with Sandbox(transactions=5) as sandbox:
        seen = await found(sandbox, routes={"documents.list": "GET papers", "banks.list": "GET banks"})
    assert seen["documents.list"].outcome is Outcome.FAILED
    assert seen["banks.list"].outcome is Outcome.GOOD


async def test_a_list_under_another_likely_path_is_found(unused_tcp_port_factory: Any) -> None:
    """A server that calls PayPal's accounts otherwise."""

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/authentication/token"):
            return web.json_response({"accessToken": "t", "expiresIn": 1800})
        if request.path.endswith("/pay-pal/accounts"):
            return web.Response(status=204)
        return web.json_response({"Message": "no", "ApiDocumentationLink": "x"}, status=404)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = unused_tcp_port_factory()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with KonfipayClient("k" * 64, base_url=f"http://127.0.0.1:{port}/api/v6") as client:
            seen = {check.name: check async for check in checks(client)}
    finally:
        await runner.cleanup()
    assert seen["paypal.accounts.list"].outcome is Outcome.DIFFERS
    assert seen["paypal.accounts.list"].mend == {"routes": {"paypal.accounts.list": "GET pay-pal/accounts"}}
    assert seen["documents.list"].outcome is Outcome.FAILED


async def test_a_key_that_lacks_scopes_is_told_and_fails_nothing() -> None:
    key = ApiKey("small", scopes=frozenset({"Transactions"}))
    async with Sandbox(transactions=5, api_key=key) as sandbox:
        seen = await found(sandbox)
    assert seen["users.list"].outcome is Outcome.UNKNOWN
    assert "without" in seen["scopes"].detail
    assert "Payments" in seen["scopes"].detail


# --- the description of the portal ------------------------------------------------------------------------------------


def described(**changes: Any) -> dict[str, Any]:
    """An OpenAPI description of all routes; `changes` replace paths."""
    paths: dict[str, Any] = {}
    for route in ROUTES.values():
        path = f"/api/v6/{route.path.replace('{rid}', '{Id}')}"
        paths.setdefault(path, {})[route.method.lower()] = {"parameters": []}
    for before, after in changes.pop("moved", {}).items():
        paths[after] = paths.pop(before)
    return {"openapi": "3.0.1", "paths": paths}


def test_a_description_that_agrees() -> None:
    assert {check.outcome for check in compare(described())} == {Outcome.GOOD}


def test_a_path_that_is_spelled_otherwise_is_mended() -> None:
    moved = {"/api/v6/transaction-files/{Id}/acknowledge": "/api/v6/transactionfile/{Id}/acknowledge"}
    differing = [check for check in compare(described(moved=moved)) if check.outcome is not Outcome.GOOD]
    assert [check.name for check in differing] == ["transaction_files.acknowledge"]
    assert differing[0].mend == {"routes": {"transaction_files.acknowledge": "POST transactionfile/{rid}/acknowledge"}}


def test_another_method_is_mended() -> None:
    description = described()
    description["paths"]["/api/v6/authentication/token/revoke"] = {"delete": {}}
    differing = [check for check in compare(description) if check.outcome is not Outcome.GOOD]
    assert [check.mend for check in differing] == [
        {"routes": {"authentication.revoke": "DELETE authentication/token/revoke"}}
    ]


def test_names_of_queries_are_mended() -> None:
    description = described()
    names = ("pageNumber", "pageSize", "new-only")
    description["paths"]["/api/v6/transactions"]["get"]["parameters"] = [
        {"in": "query", "name": name} for name in names
    ]
    differing = [check for check in compare(description) if check.outcome is not Outcome.GOOD]
    assert differing[0].mend == {"paging_names": ("pageNumber", "pageSize"), "filter_names": {"is_new": "new-only"}}


def test_what_is_not_described_fails() -> None:
    description = described()
    del description["paths"]["/api/v6/banks"]
    del description["paths"]["/api/v6/banks/{Id}"]
    assert {check.name for check in compare(description) if check.outcome is Outcome.FAILED} == {
        "banks.list",
        "banks.get",
    }


def test_what_is_no_description_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no OpenAPI"):
        compare({"swagger": "2.0"})


# --- the command ------------------------------------------------------------------------------------------------------


async def test_the_command_says_it_fits(konfipay: Any) -> None:
    async with Sandbox(transactions=50) as sandbox:
        ended = await konfipay("doctor", KONFIPAY_API_KEY=sandbox.api_key, KONFIPAY_BASE_URL=sandbox.base_url)
    assert ended.code == Exit.DONE, ended.err
    assert "is-new filter\tgood" in ended.out
    assert sandbox.api_key not in ended.out + ended.err


async def test_the_command_prints_what_mends_it(konfipay: Any) -> None:
    async with Sandbox(transactions=50, paging_names=("pageNumber", "pageSize")) as sandbox:
        ended = await konfipay("doctor", "--json", KONFIPAY_API_KEY=sandbox.api_key, KONFIPAY_BASE_URL=sandbox.base_url)
    assert ended.code == Exit.REFUSED
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [line["mend"] for line in lines if line["mend"]] == [{"paging_names": ["pageNumber", "pageSize"]}]
    assert "paging_names=('pageNumber', 'pageSize')" in ended.err


async def test_a_refused_key_and_no_connection_end_the_command(konfipay: Any, unused_tcp_port: int) -> None:
    async with Sandbox(transactions=5) as sandbox:
        refused = await konfipay("doctor", KONFIPAY_API_KEY="k" * 64, KONFIPAY_BASE_URL=sandbox.base_url)
    assert refused.code == Exit.REFUSED
    assert "refuses the API key" in refused.out


async def test_a_description_is_compared_without_a_key(konfipay: Any, tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(described()), encoding="utf-8-sig")
    assert (await konfipay("doctor", "--openapi", "api.json")).code == Exit.DONE
    (tmp_path / "api.json").write_text("openapi: 3.0.1")
    ended = await konfipay("doctor", "--openapi", "api.json")
    assert (ended.code, "is no JSON" in ended.err) == (Exit.USAGE, True)
    assert (await konfipay("doctor", "--openapi", "nowhere.json")).code == Exit.USAGE
