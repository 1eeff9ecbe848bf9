"""What operations send and answer: bodies, versions, external ids, bulk, analytics, and what goes out once."""

import asyncio
import logging
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from konfipay_async.errors import (
    ClientStateError,
    ConfigurationError,
    ConflictError,
    ConnectionLostError,
    DecodeError,
    ForbiddenError,
    LinkRefusedError,
    NotFoundError,
    OutcomeUnknownError,
    UnprocessableError,
    WaitError,
    WaitTimeoutError,
)
from konfipay_async.session.message import Lane
from konfipay_async.session.retry import Retry
from konfipay_async.wallee import Record
from konfipay_async.wallee.models import AnalyticsState, Customer, Refund

ITEM = {
    "unique_id": "tea",
    "name": "Tea",
    "type": "PRODUCT",
    "quantity": 1,
    "amount_including_tax": Decimal("12.3000000000000000001"),
}


# One thing


async def test_create_read_change_delete(pair):
    async with pair() as (_, client):
        made = await client.customers.create({"given_name": "Jane", "metaData": {"order_id": "17"}})
        assert type(made) is Customer
        read = await client.customers.get(made.id)
        assert read.given_name == "Jane"
        changed = await client.customers.update(made.id, {"version": read.version, "family_name": "Doe"})
        assert (changed.version, changed.given_name, changed.family_name) == (read.version + 1, "Jane", "Doe")
        assert await client.customers.delete(made.id) is None
        with pytest.raises(NotFoundError):
            await client.customers.get(made.id)


async def test_money_goes_out_digit_by_digit(against, raw_server):
    async with against(lambda request: raw_server.reply(201, {"id": 1})) as (server, client):
        await client.payment.transactions.create({"lineItems": [ITEM]})
        assert b'"amountIncludingTax":12.3000000000000000001' in server.requests[0].body
        with pytest.raises(ConfigurationError, match=r"lineItems\[0\]\.amountIncludingTax: a float"):
            await client.payment.transactions.create({"lineItems": [ITEM | {"amount_including_tax": 12.3}]})
        assert len(server.requests) == 1


@pytest.mark.parametrize("body", [5, "text", None, [], [{"a": 1}]])
async def test_a_body_that_is_none(against, raw_server, body):
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        with pytest.raises(ConfigurationError):
            await client.customers.update(1, body)
        with pytest.raises(ConfigurationError):
            await client.customers.create(body)
        assert not server.requests


async def test_null_and_not_there_are_two_things(against, raw_server):
    async with against(lambda request: raw_server.reply(200, {"id": 1})) as (server, client):
        await client.customers.update(1, {"version": 3, "given_name": None, "family_name": msgspec.UNSET})
        assert server.requests[0].json == {"version": 3, "givenName": None}
        assert (server.requests[0].method, server.requests[0].headers["space"]) == ("PATCH", "405")


async def test_without_a_body_there_is_no_content_type(against, raw_server):
    async with against(lambda request: raw_server.reply(200, {"id": 1})) as (server, client):
        await client.customers.get(1)
        await client.payment.refunds.mark_failed(1)
        for request in server.requests:
            assert "content-type" not in request.headers
            assert request.headers["accept"] == "application/json"


async def test_texts_in_a_path_are_encoded(against, raw_server):
    async with against(lambda request: raw_server.reply(200, {"id": 1})) as (server, client):
        await client.payment.transactions.by_credentials.get("a/b c?d#e")
        assert server.requests[0].target == "/api/v2.0/payment/transactions/by-credentials/a%2Fb%20c%3Fd%23e"


@pytest.mark.parametrize("id_", [0, -1, "x", "", "1/2", None, True, 2**63, 1.0])
async def test_an_id_that_is_none_is_not_sent(against, raw_server, id_):
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        with pytest.raises(ConfigurationError, match="id="):
            await client.customers.get(id_)
        assert not server.requests


@pytest.mark.parametrize("text", ["", ".", "..", "a\nb", "\ud800", 5])
async def test_a_text_that_is_no_part_of_a_path_is_not_sent(against, raw_server, text):
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        with pytest.raises(ConfigurationError, match="code"):
            await client.countries.get(text)
        assert not server.requests


@pytest.mark.parametrize(
    "wrong", [["amount", 1.5], ["amount", object()], ["amount", "\ud800"], ["amount", Decimal("NaN")]]
)
async def test_a_query_value_without_an_exact_text_is_not_sent(against, raw_server, wrong):
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        with pytest.raises(ConfigurationError, match="collected_amount"):
            await client.debt_collection.cases.payment_receipts(1, collected_amount=wrong[1], external_id="e")
        assert not server.requests


async def test_actions_take_their_arguments_in_the_query(against, raw_server):
    async with against(lambda request: raw_server.reply(204)) as (server, client):
        answer = await client.payment.terminals.link(7, serial_number="1 2")
        assert answer is None
        await client.subscriptions.terminate(7, respect_termination_period=True)
        await client.human_users.space_roles.delete(7, role_id=9)
        assert [(one.method, one.target.removeprefix("/api/v2.0")) for one in server.requests] == [
            ("POST", "/payment/terminals/7/link?serialNumber=1%202"),
            ("POST", "/subscriptions/7/terminate?respectTerminationPeriod=true"),
            ("DELETE", "/human-users/7/space-roles?roleId=9"),
        ]


# Scalars, files, arrays


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ({"body": b"https://pay", "Content_Type": "text/plain"}, "https://pay"),
        ({"body": "https://pay"}, "https://pay"),
        ({"body": b"https://pay"}, "https://pay"),
        ({"body": "ä".encode(), "Content_Type": "text/plain;charset=utf-8"}, "ä"),
    ],
)
async def test_texts_are_read_bare_or_as_json(against, raw_server, answer, read):
    async with against(lambda request: raw_server.reply(200, **answer)) as (server, client):
        assert await client.payment.transactions.payment_page_url(1) == read
        assert server.requests[0].headers["accept"] == "text/plain,application/json"


@pytest.mark.parametrize("body", [b"<html>sorry</html>", b"\xff\xfe"])
async def test_what_is_no_text_is_an_error(against, raw_server, body):
    async with against(lambda request: raw_server.reply(200, body), retry=Retry(attempts=1)) as (_, client):
        with pytest.raises(DecodeError):
            await client.payment.transactions.payment_page_url(1)


async def test_truths_arrays_documents_and_nothing(pair):
    async with pair() as (sandbox, client):
        transaction = sandbox.transactions.ids()[0]
        assert await client.payment.transactions.check_token_creation_possible(transaction) in (True, False)
        keys = await client.application_users.keys.create(sandbox.user_id)
        assert type(keys) is Record
        assert len([key async for key in client.application_users.keys.list(sandbox.user_id)]) >= 1
        assert len(await client.customers.email_addresses(sandbox.collection("/customers").ids()[0])) >= 0
        document = await client.payment.transactions.invoice_document(transaction)
        assert document.content
        states = [state async for state in client.countries.states.list_by_country_code("CH")]
        assert states == [state async for state in client.countries.states.list_by_country_code("CH")]


async def test_nothing_where_something_could_be(against, raw_server):
    async with against(lambda request: raw_server.reply(204)) as (_, client):
        assert [row async for row in client.customers.list()] == []
        assert await client.customers.email_addresses(1) == []
        with pytest.raises(DecodeError, match="nothing came"):
            await client.payment.tokens.active_version(1)


# Spaces and accounts


async def test_what_needs_a_space_says_so(against, raw_server):
    async with against(lambda request: raw_server.reply(200, {"id": 1}), space=None, account=None) as (server, client):
        with pytest.raises(ConfigurationError, match=r"customers.get needs the id of a space.*WALLEE_SPACE"):
            await client.customers.get(1)
        with pytest.raises(ConfigurationError, match=r"account="):
            client.analytics.queries.list()
        await client.spaces.get(1)
        await client.with_options(space=9).customers.get(1)
        await client.with_options(account="8").human_users.account_roles.create(1, role_id=2)
        assert [one.headers.get("space") for one in server.requests] == [None, "9", None]
        assert server.requests[2].headers["account"] == "8"


async def test_views_of_one_client(pair):
    async with pair({"spaces": 2}) as (sandbox, client):
        other = client.with_options(space=sandbox.spaces[1])
        assert (client.space, other.space) == tuple(sandbox.spaces)
        assert other.budgets is client.budgets
        assert [row.id async for row in other.payment.transactions.list()] != sandbox.transactions.ids()
        with pytest.raises(ForbiddenError):
            await client.with_options(space=1).customers.get(1)


# Versions


@pytest.mark.parametrize(
    "update",
    [
        lambda client: client.customers.update(1, {"given_name": "Jane"}),
        lambda client: client.payment.transactions.confirm(1, {}),
        lambda client: client.payment.transactions.update(1, {"version": None}),
        lambda client: client.webhooks.urls.bulk.update([{"id": 1, "version": 3}, {"id": 2}]),
    ],
)
async def test_an_update_without_a_version_is_not_sent(against, raw_server, update):
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        with pytest.raises(ConfigurationError, match="needs the version"):
            await update(client)
        assert not server.requests


@pytest.mark.parametrize("id_", [{}, {"id": None}, {"id": 0}, {"id": "x"}])
async def test_a_bulk_update_that_does_not_say_of_what_is_not_sent(against, raw_server, id_):
    async with against(lambda request: raw_server.reply(200, [])) as (server, client):
        with pytest.raises(ConfigurationError, match="id"):
            await client.customers.bulk.update([{"id": 1, "version": 1}, {"version": 2, **id_}])
        assert not server.requests


async def test_a_stale_version_is_a_conflict(pair):
    async with pair() as (sandbox, client):
        customer = sandbox.collection("/customers").ids()[0]
        read = await client.customers.get(customer)
        await client.customers.update(customer, {"version": read.version, "given_name": "Jane"})
        with pytest.raises(ConflictError, match="update_with") as raised:
            await client.customers.update(customer, {"version": read.version, "given_name": "Joan"})
        assert raised.value.field_errors
        assert raised.value.error_id
        assert not raised.value.may_be_done


async def test_eight_at_once_count_to_eight(pair):
    async with pair() as (sandbox, client):
        customer = (await client.customers.create({"meta_data": {"count": "0"}})).id

        def one_more(read: Customer) -> dict[str, Any]:
            return {"meta_data": {"count": str(int((read.meta_data or {})["count"]) + 1)}}

        await asyncio.gather(
            *[client.customers.update_with(customer, one_more, attempts=8, expand=["meta_data"]) for _ in range(8)]
        )
        assert sandbox.collection("/customers").get(customer)["metaData"] == {"count": "8"}


async def test_update_with_gives_up_in_the_end_and_asks_nothing_where_nothing_changes(pair):
    async with pair() as (sandbox, client):
        customer = sandbox.collection("/customers").ids()[0]

        def change(read: Customer) -> dict[str, Any]:
            sandbox.collection("/customers").change(customer, givenName="Joan")
            return {"given_name": "Jane"}

        with pytest.raises(ConflictError):
            await client.customers.update_with(customer, change, attempts=3)
        assert sandbox.count("customers.update", 409) == 3
        assert (await client.customers.update_with(customer, lambda read: None)).id == customer
        assert sandbox.count("customers.update") == 3
        with pytest.raises(ConfigurationError, match="returns a mapping"):
            await client.customers.update_with(customer, lambda read: read)
        with pytest.raises(ConfigurationError, match="attempts"):
            await client.customers.update_with(customer, change, attempts=0)


async def test_update_with_where_a_path_has_two_ids(pair):
    async with pair() as (sandbox, client):
        customer = sandbox.collection("/customers").ids()[0]
        comment = await client.customers.comments.create(customer, {"content": "tea"})
        changed = await client.customers.comments.update_with(
            customer, comment.id, lambda it: {"content": f"{it.content}!"}
        )
        assert changed.content == "tea!"


async def test_an_update_whose_answer_was_lost_is_repeated_and_never_done_twice(pair):
    """The repeat meets the version that the first one made."""
    async with pair({"faults": ["reset-after:customers.update@1"]}) as (sandbox, client):
        customer = sandbox.collection("/customers").ids()[0]
        version = (await client.customers.get(customer)).version
        with pytest.raises(ConflictError) as raised:
            await client.customers.update(customer, {"version": version, "given_name": "Jane"})
        assert raised.value.may_be_done
        assert sandbox.collection("/customers").get(customer)["givenName"] == "Jane"
        sandbox.add_fault("reset-after:customers.update@1")
        with pytest.raises(ConflictError):  # it would be applied to what may be its own outcome
            await client.customers.update_with(customer, lambda read: {"given_name": f"{read.given_name}!"})
        assert sandbox.collection("/customers").get(customer)["givenName"] == "Jane!"


# Once


async def test_a_create_without_an_external_id_goes_out_once(pair):
    async with pair({"faults": ["reset-after:payment.transactions.create"]}) as (sandbox, client):
        before = len(sandbox.transactions.ids())
        with pytest.raises(OutcomeUnknownError) as raised:
            await client.payment.transactions.create({"lineItems": [ITEM]})
        assert raised.value.kind == "payment.transactions.create"
        assert "client.payment.transactions" in raised.value.look_up
        assert (sandbox.count("payment.transactions.create"), len(sandbox.transactions.ids())) == (1, before + 1)


async def test_a_create_with_an_external_id_is_repeated_and_done_once(pair):
    async with pair({"faults": ["reset-after:payment.refunds.create"]}) as (sandbox, client):
        before = len(sandbox.collection("/payment/refunds").ids())
        transaction = (await anext(client.payment.transactions.search(query="state:FULFILL"))).id
        refund = {"external_id": "r-1", "type": "MERCHANT_INITIATED_ONLINE", "transaction": transaction, "amount": 1}
        made = await client.payment.refunds.create(refund)
        assert type(made) is Refund
        assert sandbox.count("payment.refunds.create") == 2
        assert len(sandbox.collection("/payment/refunds").ids()) == before + 1


async def test_an_external_id_that_must_be_there(against, raw_server):
    async with against(lambda request: raw_server.reply(201, {"id": 1})) as (server, client):
        for create in (
            client.payment.refunds.create,
            client.payment.tokens.create,
            client.subscriptions.charges.create,
        ):
            with pytest.raises(ConfigurationError, match="externalId"):
                await create({"amount": 1})
        assert not server.requests


@pytest.mark.parametrize("given", [None, "", " ", [], ["x"], True, 5, "x" * 101])
async def test_an_external_id_that_no_repeat_is_known_by(against, raw_server, given):
    """In a body or in the query: what is none would make a repeat do it twice."""
    async with against(lambda request: raw_server.reply(503)) as (server, client):
        with pytest.raises(ConfigurationError, match="externalId"):
            await client.payment.refunds.create({"external_id": given})
        with pytest.raises(ConfigurationError, match="external_id"):
            await client.debt_collection.cases.payment_receipts(5, collected_amount=10, external_id=given)
        if given is not None:
            with pytest.raises(ConfigurationError, match="externalId"):
                await client.payment.transactions.complete_partially_online(1, {"external_id": given})
        assert not server.requests


@pytest.mark.parametrize("nothing", [None, "", []])
async def test_what_must_be_in_the_query_is_not_left_out(against, raw_server, nothing):
    async with against(lambda request: raw_server.reply(204)) as (server, client):
        with pytest.raises(ConfigurationError, match="role_id"):
            await client.application_users.account_roles.delete(9, role_id=nothing)
        with pytest.raises(ConfigurationError, match="start_date"):
            client.spaces.consumed_resources.list(start_date=nothing, end_date="2026-02-01")
        assert not server.requests


@pytest.mark.parametrize(("body", "sent"), [({}, 1), ({"external_id": "c"}, 2)])
async def test_an_external_id_that_may_be_there(against, raw_server, body, sent):
    def answer(request: Any) -> bytes | None:
        return None if len(server.requests) == 1 else raw_server.reply(200, {"id": 1})

    async with against(answer) as (server, client):
        try:
            await client.payment.transactions.complete_partially_online(1, body)
        except OutcomeUnknownError:
            assert sent == 1
        assert len(server.requests) == sent


async def test_a_terminal_goes_on_where_it_was(against, raw_server):
    def answer(request: Any) -> bytes | None:
        return None if len(server.requests) < 3 else raw_server.reply(200, {"id": 9, "state": "FULFILL"})

    async with against(answer) as (server, client):
        paid = await client.payment.terminals.perform_transaction(1, transaction_id=9)
        assert paid.state == "FULFILL"
        assert len(server.requests) == 3


async def test_an_address_that_is_billed_is_not_asked_for_twice(against, raw_server):
    async with against(lambda request: None) as (server, client):
        with pytest.raises(OutcomeUnknownError):
            await client.analytics.queries.query_token.result("t")
        assert len(server.requests) == 1


async def test_credentials_in_a_path_are_told_to_nobody(against, raw_server, caplog):
    async with against(lambda request: None, retry=Retry(attempts=2)) as (_, client):
        with caplog.at_level(logging.DEBUG), pytest.raises(ConnectionLostError) as raised:
            await client.payment.transactions.by_credentials.get("very-secret")
    assert "very-secret" not in f"{raised.value}{raised.value!r}{caplog.text}"
    assert "by-credentials/{credentials}" in str(raised.value)


async def test_card_details_are_in_no_error_and_no_log(against, raw_server, caplog):
    card = {"primary_account_number": "4111111111111111", "card_verification_code": "987"}
    said = {"code": "declined", "message": "no 4111111111111111", "errors": {"number": "4111111111111111"}}
    async with against(lambda request: raw_server.reply(422, said)) as (server, client):
        with caplog.at_level(logging.DEBUG):
            with pytest.raises(UnprocessableError, match=r"422, declined, see number") as raised:
                await client.payment.transactions.process_card_details(1, card)
            server.answer = lambda request: None
            with pytest.raises(OutcomeUnknownError) as unknown:
                await client.payment.transactions.process_card_details_threed(1, card)
            with pytest.raises(ConfigurationError) as refused:
                await client.payment.transactions.process_card_details(1, card | {"amount": 4.5})
    everything = [raised.value, raised.value.__dict__, unknown.value, unknown.value.__dict__, refused.value]
    told = f"{everything}{raised.value}{unknown.value}{refused.value}{caplog.text}"
    assert not unknown.value.body_sha256
    assert "4111" not in told
    assert "987" not in told


# Bulk


async def test_bulk_in_chunks_in_order(pair):
    async with pair() as (sandbox, client):
        made = await client.customers.bulk.create([{"given_name": str(n)} for n in range(7)], chunk=3)
        assert [one.index for one in made] == list(range(7))
        assert all(one.succeeded and one.status == 201 for one in made)
        assert sandbox.count("customers.bulk.create") == 3
        names = [sandbox.collection("/customers").get(one.id)["givenName"] for one in made]
        assert names == [str(n) for n in range(7)]
        gone = await client.customers.bulk.delete([one.id for one in made])
        assert [one.status for one in gone] == [204] * 7


async def test_one_of_many_that_fails_is_no_exception(against, raw_server):
    results = [
        {"id": 1, "statusCode": 201},
        {"statusCode": 422, "error": {"code": "bad", "id": "e1", "message": "no", "errors": {"name": "too long"}}},
        {"id": 3, "statusCode": 409},
    ]
    async with against(lambda request: raw_server.reply(200, results)) as (_, client):
        first, second, third = await client.webhooks.urls.bulk.create([{"name": "a"}, {"name": "b"}, {"name": "c"}])
        assert (first.succeeded, first.id, second.succeeded) == (True, 1, False)
        assert (second.error.code, second.error.error_id, second.error.field_errors) == (
            "bad",
            "e1",
            {"name": "too long"},
        )
        assert isinstance(third.error, ConflictError)


async def test_too_many_at_once_are_sent_in_smaller_chunks(against, raw_server):
    def answer(request: Any) -> bytes:
        sent = request.json
        if len(sent) > 3:
            return raw_server.reply(413, {"code": "too_many"})
        return raw_server.reply(200, [{"id": id_, "statusCode": 204} for id_ in sent])

    async with against(answer) as (server, client):
        results = await client.customers.bulk.delete(range(1, 11))
        assert [one.id for one in results] == list(range(1, 11))
        assert [len(request.json) for request in server.requests] == [10, 5, 2, 2, 2, 2, 2]
        assert server.requests[0].method == "DELETE"


async def test_a_chunk_of_which_nobody_knows_does_not_hide_the_others(pair):
    async with pair({"faults": ["reset-after:customers.bulk.create@2"]}) as (sandbox, client):
        made = await client.customers.bulk.create([{"given_name": str(n)} for n in range(6)], chunk=2)
        assert [one.succeeded for one in made] == [True, True, False, False, True, True]
        assert isinstance(made[2].error, OutcomeUnknownError)
        assert sandbox.count("customers.bulk.create") == 3


async def test_a_413_for_a_single_one(against, raw_server):
    async with against(lambda request: raw_server.reply(413)) as (server, client):
        (result,) = await client.customers.bulk.delete([1])
        assert result.status == 413
        assert not result.succeeded
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("do", "answered"),
    [
        (lambda bulk: bulk.create([{}, {}]), [{"id": 1, "statusCode": 201}]),
        (lambda bulk: bulk.create([{}, {}]), []),
        (lambda bulk: bulk.delete([5, "6"]), [{"id": 6, "statusCode": 204}, {"id": 5, "statusCode": 404}]),
        (
            lambda bulk: bulk.update([{"id": 5, "version": 1}, {"id": "6", "version": 1}]),
            [{"id": 5, "statusCode": 200}, {"id": 7, "statusCode": 200}],
        ),
    ],
)
async def test_answers_that_cannot_be_told_apart(against, raw_server, do, answered):
    """All was done, some, or none: nobody knows."""
    async with against(lambda request: raw_server.reply(200, answered)) as (server, client):
        results = await do(client.customers.bulk)
        assert [one.succeeded for one in results] == [False, False]
        for one in results:
            assert isinstance(one.error, OutcomeUnknownError)
            assert isinstance(one.error.__cause__, DecodeError)
            assert one.error.kind.startswith("customers.bulk.")
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_who_is_refused_as_such_does_not_go_on_asking(against, raw_server, status):
    def answer(request: Any) -> bytes:
        if len(server.requests) > 1:
            return raw_server.reply(status)
        return raw_server.reply(200, [{"id": id_, "statusCode": 204} for id_ in request.json])

    async with against(answer) as (server, client):
        results = await client.customers.bulk.delete(range(1, 11), chunk=2)
        assert [one.succeeded for one in results] == [True] * 2 + [False] * 8
        assert {one.error.status for one in results[2:]} == {status}
        assert len(server.requests) == 2


async def test_what_was_done_is_told_to_who_stops_waiting(against, raw_server, until):
    """And of the chunk that was on its way that nobody knows."""
    second = asyncio.Event()

    def answer(request: Any) -> bytes | None:
        if len(server.requests) > 1:
            second.set()
            return None
        return raw_server.reply(200, [{"id": id_, "statusCode": 204} for id_ in request.json])

    told: list[Any] = []
    async with against(answer) as (server, client):
        deleting = asyncio.create_task(client.customers.bulk.delete(range(1, 7), chunk=2, watch=told.append))
        await second.wait()
        deleting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deleting
    assert [(one.index, one.id, one.succeeded) for one in told] == [
        (0, 1, True),
        (1, 2, True),
        (2, None, False),
        (3, None, False),
    ]
    assert all(isinstance(one.error, OutcomeUnknownError) for one in told[2:])


async def test_a_client_that_is_closed_in_between_keeps_what_was_done(against, raw_server):
    """The chunk that was on its way is waited for; the rest is not sent."""
    closing: list[asyncio.Task[None]] = []

    def answer(request: Any) -> bytes:
        if len(server.requests) > 1:
            closing.append(asyncio.get_running_loop().create_task(client.close()))
        return raw_server.reply(200, [{"id": 1, "statusCode": 201}] * len(request.json))

    async with against(answer) as (server, client):
        results = await client.customers.bulk.create([{}] * 6, chunk=2)
        await closing[0]
        assert [one.succeeded for one in results] == [True] * 4 + [False] * 2
        assert {type(one.error) for one in results[4:]} == {ClientStateError}
        assert len(server.requests) == 2
        with pytest.raises(ClientStateError):
            await client.customers.bulk.create([{}] * 6, chunk=2)


async def test_each_is_told_of_as_soon_as_it_is_known(against, raw_server):
    def answer(request: Any) -> bytes:
        assert len(told) == 2 * (len(server.requests) - 1)
        return raw_server.reply(200, [{"id": 1, "statusCode": 201}] * len(request.json))

    told: list[Any] = []
    async with against(answer) as (server, client):
        assert await client.customers.bulk.create([{}] * 5, chunk=2, watch=told.append) == told


@pytest.mark.parametrize(
    "wrong", [{"items": "abc"}, {"items": {"a": 1}}, {"items": 5}, {"items": [], "chunk": 0}, {"items": [], "watch": 5}]
)
async def test_what_bulk_does_not_take(against, raw_server, wrong):
    async with against(lambda request: raw_server.reply(200, [])) as (server, client):
        with pytest.raises(ConfigurationError):
            await client.customers.bulk.create(**wrong)
        with pytest.raises(ConfigurationError, match="float"):
            await client.customers.bulk.create([{"a": 1}] * 3 + [{"a": 0.5}], chunk=1)
        with pytest.raises(ConfigurationError, match=r"items\[1\]"):
            await client.customers.bulk.delete([1, "x"])
        assert await client.customers.bulk.create([]) == []
        assert not server.requests


# Analytics


async def test_an_analytics_query_from_submit_to_download(pair, caplog, clock):
    async with pair() as (sandbox, client):
        queries = client.analytics.queries
        submitted = await queries.submit({"sql": "SELECT id FROM transaction"}, query_external_id="january")
        again = await queries.submit({"sql": "SELECT id FROM transaction"}, query_external_id="january")
        assert submitted.query_token == again.query_token
        told = await queries.wait(query_external_id="january")
        assert told.status is AnalyticsState.SUCCESS
        with caplog.at_level(logging.WARNING):
            content = b"".join([chunk async for chunk in queries.download(query_token=submitted.query_token)])
        assert content
        assert "billed" in caplog.text
        assert not [one for one in sandbox.requests if "/result" in one.target][1:]


async def test_waiting_is_patient_and_ends(against, raw_server, clock):
    async with against(lambda request: raw_server.reply(202, {"status": "PROCESSING"})) as (server, client):
        with pytest.raises(WaitTimeoutError) as raised:
            await client.analytics.queries.wait(query_token="t", timeout=600)
        assert raised.value.last.status == "PROCESSING"
        assert len(server.requests) < 20
        assert clock.now == 1600


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
async def test_a_query_that_fails(against, raw_server, status):
    async with against(lambda request: raw_server.reply(200, {"status": status})) as (_, client):
        with pytest.raises(WaitError, match=status):
            await client.analytics.queries.wait(query_token="t")


@pytest.mark.parametrize("both", [{}, {"query_token": "a", "query_external_id": "b"}])
async def test_which_query(against, raw_server, both):
    async with against(lambda request: raw_server.reply(200, {})) as (_, client):
        with pytest.raises(ConfigurationError, match="one of both"):
            await client.analytics.queries.wait(**both)


@pytest.mark.parametrize("status", [202, 204])
async def test_a_result_that_is_not_there(against, raw_server, status):
    async with against(lambda request: raw_server.reply(status)) as (_, client):
        with pytest.raises(WaitError, match="no result"):
            await anext(client.analytics.queries.download(query_token="t"))


@pytest.mark.parametrize(
    "address", ["http://files.example/x?sig=secret", "nonsense", "ftp://files.example/x", "https://[]@"]
)
async def test_an_address_that_is_not_followed(against, raw_server, address):
    body = address.encode()
    async with against(lambda request: raw_server.reply(200, body, Content_Type="text/plain")) as (server, client):
        with pytest.raises(LinkRefusedError) as raised:
            await anext(client.analytics.queries.download(query_token="t"))
        assert "secret" not in str(raised.value)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 403])
async def test_the_file_is_asked_for_without_a_signature(against, raw_server, status, caplog):
    def answer(request: Any) -> bytes:
        if "result" in request.target:
            return raw_server.reply(200, f"{server.origin}/files/x%2Fy?sig=a%2bb+c&empty=".encode())
        return raw_server.reply(status, b"a,b\n1,2\n")

    async with against(answer) as (server, client):
        with caplog.at_level(logging.DEBUG):
            if status == 200:
                rows = [chunk async for chunk in client.analytics.queries.download(query_token="t")]
                assert b"".join(rows) == b"a,b\n1,2\n"
            else:
                with pytest.raises(ForbiddenError) as raised:
                    await anext(client.analytics.queries.download(query_token="t"))
                assert "sig=" not in f"{raised.value}{raised.value!r}"
        asked = server.requests[1]
        assert asked.target == "/files/x%2Fy?sig=a%2bb+c&empty="
        assert "authorization" not in asked.headers
        assert "sig=" not in caplog.text


# The escape hatch


async def test_request_signs_what_no_service_covers(pair):
    async with pair() as (sandbox, client):
        answer = await client.request("get", "/payment/transactions", query={"limit": 2, "expand": ["group", "token"]})
        assert answer.status == 200
        assert sandbox.requests[0].target.endswith("?limit=2&expand=group&expand=token")
        assert sandbox.requests[0].headers["space"] == str(sandbox.space)
        with pytest.raises(NotFoundError):
            await client.request("POST", "payment/terminals/1/refresh", json={"a": Decimal("1.10")}, lane=Lane.BULK)


@pytest.mark.parametrize(
    ("named", "sent"),
    [
        ({}, ("405", "7")),
        ({"space": None}, (None, "7")),
        ({"space": 9, "account": None}, ("9", None)),
        ({"account": "8"}, ("405", "8")),
    ],
)
async def test_a_request_goes_to_the_space_and_account_that_are_named(against, raw_server, named, sent):
    """The client's own where none is, and none where None is."""
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        await client.request("GET", "x", **named)
        with pytest.raises(ConfigurationError, match="space"):
            await client.request("GET", "x", space="x")
        (request,) = server.requests
        assert (request.headers.get("space"), request.headers.get("account")) == sent


@pytest.mark.parametrize("path", ["", "/", "//x", "https://x/y", "a?b", "a#b", "../x", "a/%2e%2e/b", "a\\b", "a\nb"])
async def test_a_path_that_leads_elsewhere(against, raw_server, path):
    async with against(lambda request: raw_server.reply(200, {})) as (server, client):
        with pytest.raises(ConfigurationError, match="path: give it relative"):
            await client.request("GET", path)
        assert not server.requests
