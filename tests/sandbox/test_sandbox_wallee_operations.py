"""Every operation of the signed API's sandbox is there, and those that do something do it."""

import base64
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from konfipay_async.sandbox.wallee.routing import OPERATIONS, SERVICES, find_operation

TRANSACTIONS = "/payment/transactions"
ITEM = {"uniqueId": "a", "name": "Poster", "type": "PRODUCT", "quantity": 1, "amountIncludingTax": 12.5}


def test_the_table_is_whole() -> None:
    assert len(OPERATIONS) == 512
    assert Counter(operation.method for operation in OPERATIONS) == {"GET": 300, "POST": 120, "PATCH": 46, "DELETE": 46}
    assert Counter(operation.header for operation in OPERATIONS) == {"Space": 400, "Account": 17, None: 95}
    assert sum(operation.kind == "text" for operation in OPERATIONS) == 13
    assert len(set(SERVICES)) == 94 + 4  # the roles of three kinds of users and the web apps take two lines each


def test_every_path_finds_its_own_operation() -> None:
    for operation in OPERATIONS:
        path = "/".join(f"v{place}" if "{" in part else part for place, part in enumerate(operation.path.split("/")))
        found, arguments = find_operation(operation.method, path)
        assert found is operation
        assert all(value.startswith("v") for value in arguments.values())


def test_what_stands_in_a_path_is_decoded_after_it_was_found() -> None:
    found, arguments = find_operation("GET", "/payment/transactions/by-credentials/a%2Fb%20c")
    assert found is not None
    assert arguments == {"credentials": "a/b c"}


def filled(path: str, ids: Callable[[str], list[int]]) -> str:
    """The path with something that is there at each placeholder."""
    codes = {"/countries": "CH", "/currencies": "CHF", "/languages": "de-CH"}
    done: list[str] = []
    for part in path.split("/"):
        before = "/".join(done)
        if part == "{code}":
            done.append(codes.get(before, "x"))
        elif part.startswith("{"):
            done.append(str(next(iter(ids(before) if before in SERVICES else []), 1)))
        else:
            done.append(part)
    return "/".join(done)


async def test_all_operations_answer(open_wallee: Any) -> None:
    statuses: Counter[int] = Counter()
    async with open_wallee(transactions=30, request_limit=10_000) as caller:
        sandbox = caller.sandbox
        for operation in OPERATIONS:
            if operation.name in ("application-users.delete", "application-users.keys.delete"):
                continue  # nobody could sign any more
            pending = sandbox.transactions.add(state="PENDING")["id"]
            known = {"roleId": sandbox.collection("/roles").ids()[0], "transactionId": pending}
            target = filled(operation.path, lambda base: sandbox.collection(base).ids())
            if operation.needs:
                target += "?" + "&".join(f"{name}={known.get(name, 1)}" for name in operation.needs)
            body = [] if operation.kind == "bulk" else {"version": 1, "sql": "select 1"}
            reply = await caller.send(operation.method, target, body if operation.body else None)
            statuses[reply.status] += 1
            assert (sandbox.requests[-1].route, sandbox.requests[-1].wrong) == (operation.name, None)
            assert reply.status < 500, operation
            assert b"nothing at this path" not in reply.body, operation
    assert statuses[200] + statuses[201] + statuses[204] > 410


# --- transactions ---------------------------------------------------------------------------------------------------


async def made(caller: Any, **fields: object) -> Any:
    reply = await caller.send("POST", TRANSACTIONS, {"currency": "CHF", "lineItems": [ITEM], **fields})
    assert reply.status == 201
    return reply.json


async def test_a_transaction_from_its_creation_to_its_refund(open_wallee: Any) -> None:
    async with open_wallee(transactions=0) as caller:
        transaction = await made(caller)
        assert (transaction["state"], transaction["authorizationAmount"]) == ("PENDING", Decimal("12.5"))
        path = f"{TRANSACTIONS}/{transaction['id']}"
        assert (await caller.send("POST", f"{path}/confirm", {"merchantReference": "a"})).status == 409
        confirmed = await caller.send("POST", f"{path}/confirm", {"version": 1, "merchantReference": "a"})
        assert (confirmed.json["state"], confirmed.json["version"]) == ("CONFIRMED", 2)
        assert (await caller.send("POST", f"{path}/complete-online")).status == 422
        assert (await caller.send("POST", f"{path}/process-without-interaction")).json["state"] == "AUTHORIZED"
        completion = (await caller.send("POST", f"{path}/complete-online")).json
        assert (completion["amount"], completion["mode"]) == (Decimal("12.5"), "ONLINE")
        assert (await caller.get(path)).json["state"] == "COMPLETED"
        [invoice] = (await caller.get(f"{TRANSACTIONS}/invoices")).json["data"]
        assert invoice["completion"] == {"id": completion["id"]}
        assert (await caller.send("POST", f"{path}/void-online")).status == 422
        refund = {
            "externalId": "r",
            "type": "MERCHANT_INITIATED_ONLINE",
            "transaction": transaction["id"],
            "amount": 4.25,
        }
        first = await caller.send("POST", "/payment/refunds", refund)
        again = await caller.send("POST", "/payment/refunds", refund)
        assert first.json == again.json
        assert first.json["transaction"] == {"id": transaction["id"]}
        assert (await caller.get(path)).json["refundedAmount"] == Decimal("4.25")
        too_much = await caller.send("POST", "/payment/refunds", refund | {"externalId": "s", "amount": 8.26})
        assert (too_much.status, too_much.json["errors"]) == (422, {"amount": "more than zero to 8.25 is left"})


async def test_a_transaction_is_completed_in_parts(open_wallee: Any) -> None:
    async with open_wallee(transactions=0) as caller:
        path = f"{TRANSACTIONS}/{(await made(caller))['id']}"
        await caller.send("POST", f"{path}/process-card-details", {"cardData": {}})
        part = {"externalId": "p", "lineItems": [{"uniqueId": "a", "quantity": 1, "amount": 2.5}]}
        first = await caller.send("POST", f"{path}/complete-partially-online", part)
        assert (await caller.send("POST", f"{path}/complete-partially-online", part)).json == first.json
        assert (await caller.get(path)).json["state"] == "AUTHORIZED"
        rest = {"lineItems": [{"uniqueId": "a", "quantity": 1, "amount": 10}]}
        last = (await caller.send("POST", f"{path}/complete-partially-offline", rest)).json
        assert (last["lastCompletion"], last["mode"]) == (True, "OFFLINE")
        assert (await caller.get(path)).json["completedAmount"] == Decimal("12.5")


async def test_an_authorized_transaction_is_voided(open_wallee: Any) -> None:
    async with open_wallee(transactions=0) as caller:
        mine = caller.sandbox.transactions.add(state="AUTHORIZED")
        void = (await caller.send("POST", f"{TRANSACTIONS}/{mine['id']}/void-online?expand=transaction")).json
        assert (void["state"], void["transaction"]["state"]) == ("SUCCESSFUL", "VOIDED")


async def test_line_items_that_are_not_complete(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        reply = await caller.send("POST", TRANSACTIONS, {"lineItems": [ITEM, {"uniqueId": "b"}]})
        assert reply.status == 422
        assert reply.json["errors"]["lineItems[1].name"] == "must be given"
        reply = await caller.send("POST", TRANSACTIONS, {"lineItems": [ITEM | {"amountIncludingTax": "12.5"}]})
        assert (reply.status, list(reply.json["errors"])) == (422, ["lineItems[0].amountIncludingTax"])
        assert (await caller.send("POST", TRANSACTIONS, {})).status == 400


async def test_an_offline_refund_waits_until_it_is_marked(open_wallee: Any) -> None:
    async with open_wallee(transactions=1) as caller:
        refund = {"externalId": "r", "type": "MERCHANT_INITIATED_OFFLINE", "amount": 0.01}
        [id_] = caller.sandbox.transactions.ids()
        waiting = (await caller.send("POST", "/payment/refunds", refund | {"transaction": id_})).json
        assert waiting["state"] == "PENDING"
        path = f"/payment/refunds/{waiting['id']}"
        assert (await caller.send("POST", f"{path}/mark-succeeded")).json["state"] == "SUCCESSFUL"
        assert (await caller.send("POST", f"{path}/mark-failed")).status == 422


async def test_credentials_stand_for_a_transaction(open_wallee: Any) -> None:
    async with open_wallee(transactions=2) as caller:
        id_ = caller.sandbox.transactions.ids()[1]
        reply = await caller.get(f"{TRANSACTIONS}/{id_}/credentials")
        assert reply.headers["Content-Type"].startswith("text/plain")
        path = f"{TRANSACTIONS}/by-credentials/{reply.body.decode()}"
        assert (await caller.get(path)).json["id"] == id_
        assert (await caller.get(f"{path}x")).status == 404
        assert (await caller.get(f"{path}/mobile-sdk-url")).body.startswith(b"https://")
        assert (await caller.get(f"{path}/one-click-tokens")).json["data"]


async def test_a_card_may_need_the_buyer_and_a_token_does_not(open_wallee: Any) -> None:
    async with open_wallee(transactions=0) as caller:
        path = f"{TRANSACTIONS}/{(await made(caller))['id']}"
        assert (await caller.send("POST", f"{path}/process-card-details-threed", {})).body.startswith(b"https://")
        assert (await caller.get(path)).json["state"] == "PROCESSING"
        token = caller.sandbox.collection("/payment/tokens").ids()[0]
        with_token = f"{TRANSACTIONS}/{(await made(caller, token=token))['id']}"
        charge = (await caller.send("POST", f"{with_token}/process-with-token?expand=transaction")).json
        assert charge["transaction"]["state"] == "AUTHORIZED"
        without = f"{TRANSACTIONS}/{(await made(caller))['id']}"
        assert (await caller.send("POST", f"{without}/process-with-token")).status == 422


# --- the rest -------------------------------------------------------------------------------------------------------


async def test_bulk_has_a_result_for_each_operation(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        reply = await caller.send("POST", "/customers/bulk", [{"givenName": "A"}, {"metaData": {"k" * 41: ""}}, 7])
        assert reply.status == 200
        assert [result["statusCode"] for result in reply.json] == [201, 422, 400]
        id_ = reply.json[0]["id"]
        assert reply.json[0]["link"] == f"/api/v2.0/customers/{id_}"
        assert "metaData" in reply.json[1]["error"]["errors"]
        changes = [{"id": id_, "version": 1, "givenName": "B"}, {"id": id_, "version": 1}, {"version": 1}]
        assert [r["statusCode"] for r in (await caller.send("PATCH", "/customers/bulk", changes)).json] == [
            200,
            409,
            400,
        ]
        gone = await caller.send("DELETE", "/customers/bulk", [id_, id_])
        assert [(r["id"], r["statusCode"]) for r in gone.json] == [(id_, 204), (id_, 404)]
        assert (await caller.send("DELETE", "/customers/bulk", [1] * 101)).status == 413
        assert (await caller.send("DELETE", "/customers/bulk", {})).status == 400


async def test_an_export_is_csv(open_wallee: Any) -> None:
    async with open_wallee(transactions=30) as caller:
        query = (
            "fields=id&fields=completedAmount&fields=billingAddress.city&query=state%3AFULFILL&order=id%3ADESC&limit=2"
        )
        reply = await caller.get(f"{TRANSACTIONS}/export?{query}")
        assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
        last = caller.sandbox.transactions.get(caller.sandbox.transactions.ids()[27])
        head, first, _ = reply.body.decode().splitlines()
        assert head == "id,completedAmount,billingAddress.city"
        assert first == f"{last['id']},{last['completedAmount']},{last['billingAddress']['city']}"
        assert (await caller.get(f"{TRANSACTIONS}/export?offset=100001")).status == 416


async def test_a_role_is_granted_and_taken_away(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        user = caller.sandbox.collection("/human-users").ids()[0]
        role = caller.sandbox.collection("/roles").ids()[0]
        path = f"/human-users/{user}/account-roles"
        granted = (await caller.send("POST", f"{path}?roleId={role}")).json
        assert granted["role"] == {"id": role}
        assert granted in (await caller.get(path)).json["data"]
        assert (await caller.send("DELETE", f"{path}?roleId={role}")).status == 204
        assert (await caller.send("DELETE", f"{path}?roleId={role}")).status == 404
        assert (await caller.get("/human-users/1/account-roles")).status == 404


async def test_a_new_key_signs_until_it_is_deactivated(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        path = f"/application-users/{caller.sandbox.user_id}/keys"
        key = (await caller.send("POST", path)).json
        assert (await caller.get("/customers", key=key["key"])).status == 200
        assert [one["id"] for one in (await caller.get(path)).json] == [1, key["id"]]
        assert (await caller.send("DELETE", f"{path}/{key['id']}")).status == 204
        assert (await caller.get("/customers", key=key["key"])).status == 401


async def test_a_new_user_has_a_key(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        user = (await caller.send("POST", "/application-users", {"name": "Second"})).json
        assert (await caller.get("/customers", key=user["macKey"], sub=str(user["id"]))).status == 200
        assert (await caller.send("DELETE", f"/application-users/{user['id']}")).status == 204
        assert (await caller.get("/customers", key=user["macKey"], sub=str(user["id"]))).status == 401


async def test_documents_are_base64_in_json(open_wallee: Any) -> None:
    async with open_wallee(transactions=1) as caller:
        [id_] = caller.sandbox.transactions.ids()
        document = (await caller.get(f"{TRANSACTIONS}/{id_}/invoice-document")).json
        assert base64.b64decode(document["data"]).startswith(b"%PDF")
        assert document["mimeType"] == "application/pdf"
        receipts = await caller.get(f"{TRANSACTIONS}/{id_}/terminal-receipts?format=PDF&width=40")
        assert base64.b64decode(receipts.json["data"][0]["data"]).startswith(b"%PDF")
        assert (await caller.get(f"{TRANSACTIONS}/{id_}/terminal-receipts?width=40")).json["errors"] == {
            "format": "must be given"
        }


async def test_bare_arrays_and_scalars(open_wallee: Any) -> None:
    async with open_wallee(transactions=1) as caller:
        [id_] = caller.sandbox.transactions.ids()
        assert {state["countryCode"] for state in (await caller.get("/countries/CH/states")).json} == {"CH"}
        assert (await caller.get("/currencies/JPY")).json["fractionDigits"] == 0
        assert (await caller.get("/languages/xx")).status == 404
        assert (await caller.get(f"{TRANSACTIONS}/{id_}/check-token-creation-possible")).json is True
        assert (await caller.get("/web-apps/installed")).body == b"true"


async def test_suitable_goods_fulfil_the_transaction(open_wallee: Any) -> None:
    async with open_wallee(transactions=1) as caller:
        [id_] = caller.sandbox.transactions.ids()
        caller.sandbox.transactions.change(id_, state="COMPLETED")
        [indication] = caller.sandbox.collection("/payment/delivery-indications").ids()
        path = f"/payment/delivery-indications/{indication}/mark-suitable"
        assert (await caller.send("POST", path)).json["state"] == "SUITABLE"
        assert caller.sandbox.transactions.get(id_)["state"] == "FULFILL"


async def test_a_customer_goes_into_another(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        one, other = caller.sandbox.collection("/customers").ids()[:2]
        assert (await caller.send("POST", f"/customers/{one}/merge/{other}")).json["id"] == one
        assert (await caller.get(f"/customers/{other}")).status == 404
        assert (await caller.send("POST", f"/customers/{one}/merge/{one}")).status == 404


async def test_comments_belong_to_one_object(open_wallee: Any) -> None:
    async with open_wallee() as caller:
        one, other = caller.sandbox.collection("/customers").ids()[:2]
        comment = (await caller.send("POST", f"/customers/{one}/comments", {"content": "hello"})).json
        path = f"/customers/{one}/comments/{comment['id']}"
        assert (await caller.send("POST", f"{path}/pin")).status == 204
        assert "pinnedOn" in (await caller.get(path)).json
        assert (await caller.get(f"/customers/{other}/comments/{comment['id']}")).status == 404
        assert (await caller.get("/customers/1/comments")).status == 404
