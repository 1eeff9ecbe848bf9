"""The table of endpoints, who may call them, and the lists that are only looked things up in."""

import re
import uuid
from typing import Any

import pytest

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import ROUTES, ApiKey
from konfipay_async.sandbox.konfipay.calls import Endpoint
from konfipay_async.sandbox.konfipay.keys import SCOPES
from konfipay_async.sandbox.konfipay.routes import AREAS, find_endpoint

ENDPOINTS = [endpoint for area in AREAS for endpoint in area.endpoints]
MASTER_DATA = ["exchange-rates", "accounts", "banks", "payment-providers", "users", "user-groups"]


def filled(endpoint: Endpoint) -> str:
    return re.sub(r"{\w+}", str(uuid.UUID(int=5)), endpoint.path)


def test_every_endpoint_is_found_by_its_own_path_and_no_two_are_the_same() -> None:
    assert len({endpoint.name for endpoint in ENDPOINTS}) == len(ENDPOINTS) == len(ROUTES) - 1
    for base in ("/api/v6", "/api/v6.0"):
        for endpoint in ENDPOINTS:
            found, path, arguments = find_endpoint(endpoint.method, f"{base}/{filled(endpoint)}")
            assert found is endpoint
            assert path == filled(endpoint)
            assert arguments == (str(uuid.UUID(int=5)),) * endpoint.path.count("{")


def test_every_scope_of_version_6_opens_something() -> None:
    assert {endpoint.scope for endpoint in ENDPOINTS} - {None} == set(SCOPES)
    assert [endpoint.name for endpoint in ENDPOINTS if endpoint.public] == ["authentication.token"]


async def test_a_key_may_do_what_its_scopes_say(open_sandbox: Any) -> None:
    keys = [ApiKey(scope, scopes=frozenset({scope})) for scope in SCOPES]
    async with open_sandbox(api_keys=keys, authenticated_limit=100_000) as caller:
        for key in keys:
            await caller.log_in(apiKey=key.value)
            for endpoint in ENDPOINTS:
                if endpoint.public or endpoint.name == "authentication.revoke":
                    continue
                reply = await caller.send(endpoint.method, f"/{filled(endpoint)}")
                if endpoint.scope in (None, key.name):
                    assert reply.status not in (401, 403, 500), endpoint.name
                else:
                    assert (reply.status, reply.error_code) == (403, "ERR-00-0000"), endpoint.name
                    assert reply.json["errors"][0]["errorMessage"] == "Forbidden"
        assert caller.sandbox.over_limit == 0


async def test_scopes_are_told(open_sandbox: Any) -> None:
    some = ApiKey("some", scopes=frozenset({"Users", "Banks"}))
    none = ApiKey("none", scopes=frozenset())
    async with open_sandbox(api_keys=[some, none]) as caller:
        for key, scopes in ((caller.sandbox.api_key, list(SCOPES)), (some.value, ["Banks", "Users"]), (none.value, [])):
            await caller.log_in(apiKey=key)
            assert (await caller.get("/authentication/scopes")).json == scopes
            assert (await caller.get("/authentication/scopes/all")).json == list(SCOPES)


def test_a_scope_that_does_not_exist_is_refused() -> None:
    for scopes in (frozenset({"Transaction"}), frozenset({"Users", "transactions"}), "Users"):
        with pytest.raises(ConfigurationError, match="scopes of the API key 'x' are not possible: allowed is a set"):
            ApiKey("x", scopes=scopes)  # type: ignore[arg-type]


async def test_a_revoked_token_is_dead_at_once_and_no_other(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        first = caller.token
        await caller.log_in()
        reply = await caller.send("POST", "/authentication/token/revoke", token=first)
        assert (reply.status, reply.body) == (204, b"")
        assert (await caller.send("GET", "/transactions", token=first)).status == 401
        assert (await caller.send("POST", "/authentication/token/revoke", token=first)).status == 401
        assert (await caller.transactions()).status == 200
        assert caller.sandbox.count("authentication.revoke") == 2


@pytest.mark.parametrize("root", MASTER_DATA)
async def test_lists_to_look_things_up_in(open_sandbox: Any, root: str) -> None:
    async with open_sandbox() as caller:
        page = await caller.get(f"/{root}")
        rows = page.results
        assert page.json["totalItems"] == len(rows) > 1
        for row in rows:
            assert (await caller.get(f"/{root}/{row['rId']}")).json == row
        assert len({row["rId"] for row in rows}) == len(rows)
        assert (await caller.get(f"/{root}", page_number=2, page_size=1)).results == rows[1:2]
        assert (await caller.get(f"/{root}", page_number=len(rows) + 1, page_size=1)).status == 204
        reply = await caller.get(f"/{root}/{uuid.uuid4()}")
        assert (reply.status, reply.error_code) == (404, "ERR-01-0001")
        caller.sandbox.add_fault(f"wrong-echo:{root}.list")
        assert (await caller.get(f"/{root}")).json["pageNumber"] == 2


async def test_every_list_can_show_a_wrong_echo(open_sandbox: Any) -> None:
    lists = [endpoint for endpoint in ENDPOINTS if endpoint.name.endswith(".list")]
    assert len(lists) >= 13
    async with open_sandbox() as caller:
        for endpoint in lists:
            caller.sandbox.add_fault(f"wrong-echo:{endpoint.name}")
            reply = await caller.get(f"/{endpoint.path}")
            assert reply.status == 204 or reply.json["pageNumber"] == 2, endpoint.name
            assert caller.sandbox.requests[-1].fault == "wrong-echo"
