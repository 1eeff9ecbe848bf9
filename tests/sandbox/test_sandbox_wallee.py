"""The signed API's sandbox: lists, searches, get, create, update, delete."""

from decimal import Decimal
from typing import Any

import pytest

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import WalleeSandbox

TRANSACTIONS = "/payment/transactions"


async def test_a_list_begins_with_ten_in_the_order_of_creation(open_wallee: Any) -> None:
    async with open_wallee(transactions=25) as caller:
        reply = await caller.get(TRANSACTIONS)
        assert reply.status == 200
        assert (reply.json["hasMore"], reply.json["limit"]) == (True, 10)
        assert [row["id"] for row in reply.json["data"]] == caller.sandbox.transactions.ids()[:10]


async def test_the_cursor_leads_through_the_whole_list(open_wallee: Any) -> None:
    async with open_wallee(transactions=250) as caller:
        seen: list[int] = []
        while True:
            after = f"&after={seen[-1]}" if seen else ""
            page = (await caller.get(f"{TRANSACTIONS}?limit=100{after}")).json
            seen += [row["id"] for row in page["data"]]
            if not page["hasMore"]:
                break
        assert seen == caller.sandbox.transactions.ids()
        assert [entry.rows for entry in caller.sandbox.requests] == [100, 100, 50]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("limit=3&order=DESC", [9, 8, 7]),
        ("limit=3&after={4}", [5, 6, 7]),
        ("limit=3&before={4}", [1, 2, 3]),
        ("limit=9&after={2}&before={6}", [3, 4, 5]),
        ("limit=2&after={2}&before={6}", [3, 4]),
        ("limit=2&order=DESC&after={4}", [3, 2]),
        ("limit=2&order=DESC&before={4}", [6, 5]),
        ("limit=9&order=DESC&after={6}&before={2}", [5, 4, 3]),
        ("limit=5&after={9}", []),
        ("limit=5&before={0}", []),
    ],
)
async def test_cursors_and_orders(open_wallee: Any, query: str, numbers: list[int]) -> None:
    async with open_wallee(transactions=10) as caller:
        ids = caller.sandbox.transactions.ids()
        assert await caller.ids(f"{TRANSACTIONS}?{query.format(*ids)}") == [ids[number] for number in numbers]


async def test_a_cursor_need_not_be_the_id_of_anything(open_wallee: Any) -> None:
    async with open_wallee(transactions=5) as caller:
        ids = caller.sandbox.transactions.ids()
        assert await caller.ids(f"{TRANSACTIONS}?after={ids[1] + 1}") == ids[2:]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=0", "after=-3", "order=asc"])
async def test_what_a_list_cannot_be_asked(open_wallee: Any, query: str) -> None:
    async with open_wallee(transactions=5) as caller:
        reply = await caller.get(f"{TRANSACTIONS}?{query}")
        assert reply.status == 400
        assert list(reply.json["errors"]) == [query.partition("=")[0]]


async def test_a_search_filters_sorts_and_pages(open_wallee: Any) -> None:
    async with open_wallee(transactions=200) as caller:
        rows = [caller.sandbox.transactions.get(id_) for id_ in caller.sandbox.transactions.ids()]
        wanted = [row for row in rows if row["state"] == "FULFILL" and row["currency"] in ("CHF", "EUR")]
        wanted.sort(key=lambda row: row["authorizationAmount"], reverse=True)
        query = "query=state%3Afulfill%20AND%20(currency%3ACHF%20OR%20currency%3AEUR)&order=authorizationAmount%3ADESC"
        got: list[int] = []
        while True:
            page = (await caller.get(f"{TRANSACTIONS}/search?{query}&limit=30&offset={len(got)}")).json
            got += [row["id"] for row in page["data"]]
            if not page["hasMore"]:
                break
        assert got == [row["id"] for row in wanted]
        assert len(got) > 60


async def test_a_search_beyond_the_largest_offset_is_416(open_wallee: Any) -> None:
    async with open_wallee(transactions=5) as caller:
        assert (await caller.get(f"{TRANSACTIONS}/search?offset=10000")).json["data"] == []
        assert (await caller.get(f"{TRANSACTIONS}/search?offset=10001")).status == 416


async def test_a_query_that_cannot_be_read_says_where(open_wallee: Any) -> None:
    async with open_wallee(transactions=5) as caller:
        reply = await caller.get(f"{TRANSACTIONS}/search?query=state%3DPENDING")
        assert reply.status == 400
        assert reply.json["errors"] == {"query": "a comparator is missing, at position 6"}


async def test_a_search_sees_what_has_changed(open_wallee: Any) -> None:
    async with open_wallee(transactions=30) as caller:
        search = f"{TRANSACTIONS}/search?query=merchantReference%3Amine"
        assert await caller.ids(search) == []
        mine = caller.sandbox.transactions.add(merchantReference="mine")
        assert await caller.ids(search) == [mine["id"]]
        caller.sandbox.transactions.change(mine["id"], merchantReference="yours")
        assert await caller.ids(search) == []


async def test_amounts_are_exact_numbers(open_wallee: Any) -> None:
    async with open_wallee(transactions=0) as caller:
        id_ = caller.sandbox.transactions.add(completedAmount=Decimal("1234567890123456.78901234"))["id"]
        reply = await caller.get(f"{TRANSACTIONS}/{id_}")
        assert b'"completedAmount":1234567890123456.78901234' in reply.body
        assert type(reply.json["id"]) is int


async def test_what_is_not_there_is_404_in_the_shape_of_an_error(open_wallee: Any) -> None:
    async with open_wallee(transactions=5) as caller:
        for target in (f"{TRANSACTIONS}/1", "/payment/nothing", TRANSACTIONS + "//"):
            reply = await caller.get(target)
            assert reply.status == 404
            assert set(reply.json) == {"code", "date", "id", "message"}
        assert (await caller.get(f"{TRANSACTIONS}/x")).status == 400


async def test_spaces_are_apart(open_wallee: Any) -> None:
    async with open_wallee(transactions=5) as caller:
        first, second = caller.sandbox.spaces
        there = caller.sandbox.collection(TRANSACTIONS, space=second).ids()
        assert (await caller.get(f"{TRANSACTIONS}/{there[0]}", space=second)).json["linkedSpaceId"] == second
        assert (await caller.get(f"{TRANSACTIONS}/{there[0]}", space=first)).status == 404


async def test_create_read_update_and_delete_a_customer(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        made = await caller.send("POST", "/customers", {"givenName": "Jane", "metaData": {"a": "b"}})
        assert made.status == 201
        assert "metaData" not in made.json
        path = f"/customers/{made.json['id']}"
        assert (await caller.get(f"{path}?expand=metaData")).json["metaData"] == {"a": "b"}
        body = {"version": 1, "givenName": None, "familyName": "Doe"}
        changed = (await caller.send("PATCH", path, body)).json
        assert (changed["version"], changed["familyName"], "givenName" in changed) == (2, "Doe", False)
        assert (await caller.send("PATCH", path, body)).status == 409
        assert (await caller.send("PATCH", path, {"familyName": "Ray"})).status == 409
        assert (await caller.send("DELETE", path)).status == 204
        assert (await caller.get(path)).status == 404


async def test_what_has_a_state_stays_readable_when_it_is_deleted(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        [id_, *_] = caller.sandbox.collection("/payment/tokens").ids()
        assert (await caller.send("DELETE", f"/payment/tokens/{id_}")).status == 204
        found = (await caller.get(f"/payment/tokens/{id_}")).json
        assert found["state"] == "DELETED"
        reply = await caller.send("PATCH", f"/payment/tokens/{id_}", {"version": found["version"], "customerId": "x"})
        assert reply.status == 422


async def test_an_external_id_is_carried_out_once(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        first = await caller.send("POST", "/payment/tokens", {"externalId": "one"})
        again = await caller.send("POST", "/payment/tokens", {"externalId": "one", "customerId": "other"})
        assert first.status == again.status == 201
        assert first.json == again.json
        missing = await caller.send("POST", "/payment/tokens", {})
        assert (missing.status, missing.json["errors"]) == (400, {"externalId": "must be given"})


async def test_only_a_pending_transaction_can_be_changed(open_wallee: Any) -> None:
    async with open_wallee(transactions=0) as caller:
        for state, status in (("PENDING", 200), ("FULFILL", 422)):
            mine = caller.sandbox.transactions.add(state=state)
            body = {"version": mine["version"], "metaData": {"k": "v"}}
            assert (await caller.send("PATCH", f"{TRANSACTIONS}/{mine['id']}", body)).status == status


@pytest.mark.parametrize(
    "metadata", [{str(n): "" for n in range(26)}, {"k" * 41: ""}, {"k": "v" * 513}, {"k": 1}, ["k"]]
)
async def test_metadata_has_limits(open_wallee: Any, metadata: object) -> None:
    async with open_wallee() as caller:
        reply = await caller.send("POST", "/customers", {"metaData": metadata})
        assert (reply.status, list(reply.json["errors"])) == (422, ["metaData"])


async def test_links_are_stubs_until_they_are_expanded(open_wallee: Any) -> None:
    async with open_wallee(transactions=20) as caller:
        [attempt] = (await caller.get("/payment/charge-attempts?limit=1")).json["data"]
        assert list(attempt["charge"]) == ["id"]
        path = f"/payment/charge-attempts/{attempt['id']}"
        for query in ("expand=charge.transaction,labels", "expand=charge.transaction&expand=labels"):
            expanded = (await caller.get(f"{path}?{query}")).json
            assert expanded["charge"]["transaction"]["id"] == attempt["linkedTransaction"]
            assert "lineItems" not in expanded["charge"]["transaction"]
            assert expanded["labels"][0]["contentAsString"] == "Sample Card"
        deep = (await caller.get(f"{path}?expand=charge.transaction.lineItems")).json
        assert deep["charge"]["transaction"]["lineItems"]
        currency = deep["charge"]["transaction"]["currency"]
        search = f"query=charge.transaction.state%3AFULFILL%20charge.transaction.currency%3A%22{currency}%22"
        assert attempt["id"] in await caller.ids(f"/payment/charge-attempts/search?{search}")
        assert await caller.ids("/payment/charge-attempts/search?query=charge.transaction.state%3APENDING") == []


@pytest.mark.parametrize("expand", ["a.b.c.d.e", "a..b", "a,"])
async def test_what_cannot_be_expanded(open_wallee: Any, expand: str) -> None:
    async with open_wallee(transactions=1) as caller:
        reply = await caller.get(f"{TRANSACTIONS}?expand={expand}")
        assert (reply.status, list(reply.json["errors"])) == (400, ["expand"])
        assert (await caller.get(f"{TRANSACTIONS}?expand=a.b.c.d&expand=")).status == 200


async def test_the_same_seed_makes_the_same_data() -> None:
    one, same, other = WalleeSandbox(seed=7), WalleeSandbox(seed=7), WalleeSandbox(seed=8)
    id_ = one.transactions.ids()[-1]
    assert one.transactions.get(id_) == same.transactions.get(id_) != other.transactions.get(id_)


async def test_what_belongs_to_a_transaction_agrees_with_it() -> None:
    sandbox = WalleeSandbox(transactions=41)
    for refund in sandbox.collection("/payment/refunds"):
        transaction = sandbox.transactions.get(refund["transaction"]["id"])
        assert refund["amount"] == transaction["refundedAmount"]
    for void in sandbox.collection("/payment/transactions/voids"):
        assert sandbox.transactions.get(void["linkedTransaction"])["state"] == "VOIDED"
    assert len(sandbox.collection("/payment/refunds")) == 5
    assert len(sandbox.collection("/payment/transactions/voids")) == 4


@pytest.mark.parametrize(
    "arguments", [{"transactions": -1}, {"spaces": 0}, {"tolerance": -1.0}, {"request_limit": 0}, {"faults": ["401x0"]}]
)
def test_arguments_that_are_not_possible(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        WalleeSandbox(**arguments)


def test_collections_have_names() -> None:
    sandbox = WalleeSandbox()
    with pytest.raises(ConfigurationError, match="known are"):
        sandbox.collection("/payment/transaction")
    with pytest.raises(ConfigurationError, match="`of` is for"):
        sandbox.collection("/customers/{customerId}/addresses")
    assert len(sandbox.collection("/customers/{customerId}/addresses", of=7)) == 2
    with pytest.raises(KeyError):
        sandbox.transactions.get(1)
