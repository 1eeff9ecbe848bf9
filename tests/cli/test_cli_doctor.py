"""`konfipay doctor` against a sandbox that is as expected, and against ones that are not."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from konfipay_async import KonfipayClient
from konfipay_async.cli.checks import Outcome, checks, compare
from konfipay_async.cli.exits import Exit
from konfipay_async.errors import ConfigurationError
from konfipay_async.resources.results import Acknowledgement
from konfipay_async.resources.transactions import Transactions
from konfipay_async.routes import ROUTES
from konfipay_async.sandbox import ApiKey, Sandbox


async def found(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    acknowledge = options.pop("acknowledge", False)
    async with KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, **options) as client:
        return {check.name: check async for check in checks(client, routes=client.routes, acknowledge=acknowledge)}


@asynccontextmanager
async def serving(answer: Callable[[web.Request, str], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A server that lets everybody in, and answers all else by `answer`, which is given the path too."""

    async def all_of_it(request: web.Request) -> web.Response:
        path = request.path.removeprefix("/api/v6/")
        if path == "authentication/token":
            return web.json_response({"accessToken": "t", "expiresIn": 1800})
        return await answer(request, path)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", all_of_it)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/v6"
    finally:
        await runner.cleanup()


def unknown_route() -> web.Response:
    return web.json_response({"Message": "no", "ApiDocumentationLink": "x"}, status=404)


async def test_where_everything_fits_nothing_differs_and_nothing_is_changed() -> None:
    async with Sandbox(transactions=250) as sandbox:
        new = sandbox.new_rids()
        seen = await found(sandbox)
        assert sandbox.new_rids() == new
        assert {request.method for request in sandbox.requests if request.route != "authentication.token"} == {"GET"}
    assert not [check for check in seen.values() if check.outcome in (Outcome.FAILED, Outcome.DIFFERS)]
    for name in ROUTES:
        if name.endswith((".list", ".get", ".content")):
            empty = name.startswith("payment")  # nothing was uploaded
            is_known = not empty or name.endswith(".list") or name == "payment_providers.get"
            assert seen[name].outcome is (Outcome.GOOD if is_known else Outcome.UNKNOWN), name
    for name in ("connection and key", "clock", "scopes", "paging names", "is-new filter"):
        assert seen[name].outcome is Outcome.GOOD, name
    assert seen["acknowledging"].outcome is Outcome.UNKNOWN


async def test_acknowledging_is_tried_only_when_asked_for() -> None:
    async with Sandbox(transactions=5) as sandbox:
        seen = await found(sandbox, acknowledge=True)
        assert len(sandbox.new_rids()) == 4
    assert seen["acknowledging"].outcome is Outcome.GOOD


@pytest.mark.parametrize("fault", ["acknowledge-without-effect", "empty-404:transactions.acknowledge"])
async def test_acknowledging_that_changes_nothing_is_no_good(fault) -> None:
    async with Sandbox(transactions=5, faults=[fault]) as sandbox:
        check = (await found(sandbox, acknowledge=True))["acknowledging"]
        assert len(sandbox.new_rids()) == 5
    assert check.outcome is Outcome.FAILED


async def test_an_acknowledgement_whose_id_is_called_unknown_is_no_good(monkeypatch) -> None:
    async def gone(*_) -> Acknowledgement:
        return Acknowledgement.GONE

    monkeypatch.setattr(Transactions, "acknowledge", gone)
    async with Sandbox(transactions=5) as sandbox:
        check = (await found(sandbox, acknowledge=True))["acknowledging"]
    assert (check.outcome, check.detail) == (Outcome.FAILED, "one transaction: gone, and it is new as before")


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


@pytest.mark.parametrize("name", ["documents.get", "documents.content", "paypal.accounts.get", "users.get"])
async def test_a_route_by_which_things_are_read_is_asked_for_what_the_list_shows_first(name: str) -> None:
    async with Sandbox(transactions=5) as sandbox:
        seen = await found(sandbox, routes={name: "GET papers/{rid}/x"})
    assert seen[name].outcome is Outcome.FAILED
    assert "papers/" in seen[name].detail
    assert seen["paypal.transactions.get"].outcome is Outcome.GOOD


async def test_corrections_are_asked_by_so_that_they_can_be_seen_to_mend() -> None:
    async with Sandbox(transactions=50, paging_names=("pageNumber", "pageSize")) as sandbox:
        seen = await found(sandbox, paging_names=("pageNumber", "pageSize"))
    assert not [check for check in seen.values() if check.outcome in (Outcome.FAILED, Outcome.DIFFERS)]


async def test_another_name_of_the_is_new_filter_is_asked_by() -> None:
    """A server that calls it only-new, and ignores what it does not know."""
    rows = [{"rId": "a", "isNew": True}, {"rId": "b", "isNew": False}]

    async def answer(request: web.Request, path: str) -> web.Response:
        if path != "transactions":
            return unknown_route()
        wanted = request.query.get("only-new")
        kept = [row for row in rows if wanted is None or row["isNew"] is (wanted == "true")]
        size = int(request.query["page-size"])
        page = {"pageNumber": 1, "pageSize": size, "totalPages": 1, "totalItems": len(kept)}
        return web.json_response({**page, "results": {"transactions": kept}})

    outcomes = []
    async with serving(answer) as base_url:
        for names in ({}, {"is_new": "only-new"}):
            async with KonfipayClient("k" * 64, base_url=base_url, filter_names=names) as client:
                seen = {check.name: check async for check in checks(client)}
            outcomes.append(seen["is-new filter"].outcome)
            assert "…" not in repr(seen["is-new filter"].mend)
    assert outcomes == [Outcome.FAILED, Outcome.GOOD]


@pytest.mark.parametrize(
    "body", ['{"scopes": ["A"], "count": 3}', '"x"', "null", "3", "[[1]]", "[" * 5000, "<html>", "", '{"a": null}']
)
async def test_scopes_and_lists_that_are_none_end_no_check_with_an_error(body: str) -> None:
    async def answer(request: web.Request, path: str) -> web.Response:
        return web.Response(text=body, content_type="application/json", headers={"Date": "x"})

    async with (
        serving(answer) as base_url,
        KonfipayClient("k" * 64, base_url=base_url) as client,
    ):
        seen = {check.name: check async for check in checks(client)}
    assert seen["scopes"].outcome is Outcome.DIFFERS
    assert seen["clock"].outcome is Outcome.UNKNOWN
    assert Outcome.GOOD not in {seen[name].outcome for name in ("paging names", "is-new filter", "users.get")}


async def test_a_list_under_another_likely_path_is_found() -> None:
    """A server that calls PayPal's accounts otherwise."""

    async def answer(request: web.Request, path: str) -> web.Response:
        return web.Response(status=204) if path == "pay-pal/accounts" else unknown_route()

    async with (
        serving(answer) as base_url,
        KonfipayClient("k" * 64, base_url=base_url) as client,
    ):
        seen = {check.name: check async for check in checks(client)}
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


def test_names_that_were_corrected_agree() -> None:
    description = described()
    names = ("pageNumber", "pageSize", "new-only")
    description["paths"]["/api/v6/transactions"]["get"]["parameters"] = [
        {"in": "query", "name": name} for name in names
    ]
    found = compare(description, paging_names=("pageNumber", "pageSize"), filter_names={"is_new": "new-only"})
    assert {check.outcome for check in found} == {Outcome.GOOD}


@pytest.mark.parametrize("parameters", [None, {}, 3, "x", [None, "x", {"name": None}]])
def test_a_description_whose_parameters_are_none(parameters: Any) -> None:
    description = described()
    description["paths"]["/api/v6/transactions"]["get"]["parameters"] = parameters
    assert {check.outcome for check in compare(description)} == {Outcome.GOOD}


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
    assert "--paging-names pageNumber,pageSize" in ended.err


async def test_payment_files_go_out_as_it_is_said(konfipay: Any, payment_file: Any) -> None:
    kinds = []

    async def answer(request: web.Request, path: str) -> web.Response:
        kinds.append(request.content_type)
        return web.Response(status=422)

    upload = ("payments", "upload", str(payment_file()), "--no-ledger")
    async with serving(answer) as base_url:
        settings = {"KONFIPAY_API_KEY": "k" * 64, "KONFIPAY_BASE_URL": base_url}
        for words in ((), ("--uploads", "json")):
            assert (await konfipay(*upload, *words, **settings)).code == Exit.REFUSED
    assert kinds == ["application/xml", "application/json"]


async def test_the_settings_of_the_client_are_options_of_every_command(piped: Any) -> None:
    async with Sandbox(transactions=50, paging_names=("pageNumber", "pageSize")) as sandbox:
        assert (await piped(sandbox, "doctor", "--paging-names", "pageNumber,pageSize")).code == Exit.DONE
        sandbox.requests.clear()
        for words in (
            ("--uploads", "xml"),
            ("--paging-names", "pageNumber"),
            ("--request-timeout", "transactions.list"),
            ("--request-timeout", "transactions.list=soon"),
            ("--request-timeout", "transactions.list=nan"),
            ("--request-timeout", "nothing=1"),
        ):
            assert (await piped(sandbox, "transactions", "list", *words)).code == Exit.USAGE, words
        assert not sandbox.requests
    async with Sandbox(faults=["slow:authentication.scopesx9=60"]) as sandbox:
        ended = await piped(sandbox, "scopes", "--request-timeout", "authentication.scopes=0.05")
        assert ended.code == Exit.NO_CONNECTION


async def test_a_refused_key_and_no_connection_end_the_command(konfipay: Any) -> None:
    async with Sandbox(transactions=5) as sandbox:
        refused = await konfipay("doctor", KONFIPAY_API_KEY="k" * 64, KONFIPAY_BASE_URL=sandbox.base_url)
    assert refused.code == Exit.REFUSED
    assert "refuses the API key" in refused.out


async def test_a_description_is_compared_without_a_key(konfipay: Any, tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(described()), encoding="utf-8-sig")
    assert (await konfipay("doctor", "--openapi", "api.json")).code == Exit.DONE
    ended = await konfipay("doctor", "--openapi", "api.json", "--route", "banks.list=GET houses")
    assert (ended.code, "houses is not described" in ended.out) == (Exit.REFUSED, True)
    (tmp_path / "api.json").write_text("openapi: 3.0.1")
    ended = await konfipay("doctor", "--openapi", "api.json")
    assert (ended.code, "is no JSON" in ended.err) == (Exit.USAGE, True)
    assert (await konfipay("doctor", "--openapi", "nowhere.json")).code == Exit.USAGE
