"""The table of operations: complete, and what hangs where."""

import inspect
import pydoc
import subprocess
import sys
from collections import Counter

import pytest

from konfipay_async.sandbox.wallee.routing import OPERATIONS as SANDBOX
from konfipay_async.session.message import RetryClass
from konfipay_async.wallee import WalleeClient
from konfipay_async.wallee.services import operations, snake, tree
from konfipay_async.wallee.stubs import PATH, stubs

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BY_NAME = {operation.dotted: operation for operation in operations()}


@pytest.fixture
def client() -> WalleeClient:
    return WalleeClient(512, KEY)


def test_every_service_and_operation_is_there():
    """The official SDK's numbers."""
    assert len({operation.service for operation in operations()}) == 94
    assert len(operations()) == len(BY_NAME) == 512
    methods = Counter(operation.method for operation in operations())
    assert methods == {"GET": 300, "POST": 120, "PATCH": 46, "DELETE": 46}
    assert Counter(operation.header for operation in operations()) == {"Space": 400, None: 95, "Account": 17}


def test_the_sandbox_s_table_was_written_by_somebody_else_and_says_the_same():
    """Names in braces may differ."""

    def skeleton(method: str, path: str) -> tuple[str, str]:
        return method, "/".join("{}" if word.startswith("{") else word for word in path.strip("/").split("/"))

    ours = {
        skeleton(one.method, one.path): (
            one.header,
            one.body is not None,
            {parameter.name for parameter in one.query if parameter.mandatory},
        )
        for one in operations()
    }
    assert ours == {skeleton(one.method, one.path): (one.header, one.body, set(one.needs)) for one in SANDBOX}


def test_nothing_hangs_in_two_places():
    for chain, names in tree().items():
        assert [name for name, operation in names.items() if operation is not None and (*chain, name) in tree()] == []
        assert all(name.isidentifier() and not name.startswith("_") for name in names)


@pytest.mark.parametrize(
    ("dotted", "method", "path"),
    [
        ("payment.transactions.confirm", "POST", "payment/transactions/{id}/confirm"),
        ("payment.transactions.search", "GET", "payment/transactions/search"),
        ("payment.transactions.by_credentials.get", "GET", "payment/transactions/by-credentials/{credentials}"),
        ("customers.addresses.list", "GET", "customers/{customerId}/addresses"),
        ("customers.merge", "POST", "customers/{id}/merge/{other}"),
        ("customers.bulk.delete", "DELETE", "customers/bulk"),
        ("application_users.keys.create", "POST", "application-users/{userId}/keys"),
        ("human_users.account_roles.list", "GET", "human-users/{userId}/account-roles"),
        ("countries.states.list", "GET", "countries/states"),
        ("countries.states.list_by_country_code", "GET", "countries/{countryCode}/states"),
        ("label_descriptors.groups.search", "GET", "label-descriptors/groups/search"),
        ("payment.web_apps.processors.update", "PATCH", "payment/web-apps/processors/{externalId}"),
        ("webhooks.encryption_keys.get", "GET", "webhooks/encryption-keys/{keyId}"),
        ("spaces.consumed_resources.list", "GET", "spaces/consumed-resources"),
    ],
)
def test_where_an_operation_hangs(dotted, method, path):
    assert (BY_NAME[dotted].method, BY_NAME[dotted].path) == (method, path)


def test_timeouts_of_the_seed():
    slow = {name: one.timeout for name, one in BY_NAME.items() if one.timeout != 30}
    assert slow == {
        "analytics.queries.query_external_id.get": 97,
        "analytics.queries.query_token.get": 97,
        "human_users.export": 60,
        "payment.terminals.by_identifier.perform_transaction": 90,
        "payment.terminals.perform_transaction": 90,
        "payment.transactions.export": 60,
    }


def test_what_a_repeat_would_do():
    classes = {kind: {name for name, one in BY_NAME.items() if one.retry is kind} for kind in RetryClass}
    assert classes[RetryClass.RESUMABLE] == {
        "payment.terminals.perform_transaction",
        "payment.terminals.by_identifier.perform_transaction",
    }
    assert {BY_NAME[name].method for name in classes[RetryClass.READ]} == {"GET"}
    assert "payment.transactions.create" in classes[RetryClass.ONCE]
    assert "analytics.queries.query_token.result" in classes[RetryClass.ONCE]  # each is billed
    assert "customers.update" in classes[RetryClass.IDEMPOTENT]
    assert "customers.bulk.update" in classes[RetryClass.ONCE]
    posts = {name for name in classes[RetryClass.IDEMPOTENT] if BY_NAME[name].method == "POST"}
    assert posts == {"analytics.queries.submit", "debt_collection.cases.payment_receipts"}
    assert not classes[RetryClass.ACKNOWLEDGE]


def test_deletes_that_cannot_be_undone_say_so():
    permanent = {name for name, one in BY_NAME.items() if one.permanent}
    assert {name.rpartition(".")[0] for name in permanent} == {
        *(
            "accounts",
            "application_users",
            "customers",
            "customers.bulk",
            "human_users",
            "roles",
            "single_sign_on_users",
            "spaces",
        ),
        *("payment.connector_configurations", "payment.links", "payment.method_configurations", "payment.terminals"),
        *("payment.processor_configurations", "payment.tokens", "payment.web_apps.connectors"),
        "payment.web_apps.processors",
    }
    assert {BY_NAME[name].method for name in permanent} == {"DELETE"}
    assert {name for name in permanent if ".bulk." in name} == {"customers.bulk.delete"}


def test_creates_with_an_external_id():
    external = {name for name, one in BY_NAME.items() if one.external == "mandatory"}
    assert len(external) == 12
    assert external >= {"payment.refunds.create", "payment.tokens.create", "payment.transactions.invoices.replace"}
    assert "payment.transactions.create" not in external


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("transactionId", "transaction_id"),
        ("by-credentials", "by_credentials"),
        ("id", "id"),
        ("queryToken", "query_token"),
    ],
)
def test_names_of_python(name, python):
    assert snake(name) == python


# Names at run time


def test_dir_and_help_know_the_names(client):
    assert {"payment", "customers", "webhooks", "request"} <= set(dir(client))
    names = set(dir(client.payment.transactions))
    assert {"list", "search", "get", "create", "update", "update_with", "confirm", "voids"} <= names
    assert "delete" not in names  # the API has none
    told = pydoc.render_doc(client.payment.transactions, renderer=pydoc.plaintext)
    assert "confirm(self, /, id, body, *, expand=(), extra=None)" in told
    assert "POST /payment/transactions/{id}/confirm" in told
    assert "update_with(self, id, change, *, attempts=5, expand=())" in told
    assert "cannot be undone" in pydoc.render_doc(client.spaces.delete)
    assert "goes on where it was" in client.payment.terminals.perform_transaction.__doc__
    assert "billed" in client.analytics.queries.query_token.result.__doc__


def test_every_operation_has_a_method_with_a_signature(client):
    for operation in operations():
        here = client
        for word in (*operation.chain, operation.name):
            here = getattr(here, word)
        assert inspect.signature(here).parameters["extra"].default is None
        assert f"{operation.method} /{operation.path}" in here.__doc__


def test_help_says_what_is_awaited_and_what_iterated(client):
    for operation in operations():
        here = client
        for word in (*operation.chain, operation.name):
            here = getattr(here, word)
        is_generator = operation.is_listed or operation.shape in ("list", "search", "portions", "csv")
        assert ("async generator" in here.__doc__, "Await it" in here.__doc__) == (is_generator, not is_generator)
    assert "cannot be undone" in client.customers.bulk.delete.__doc__


def test_a_typo_is_told_the_nearest_name(client):
    with pytest.raises(AttributeError, match=r"client\.payment has no 'transaktions': did you mean 'transactions'\?"):
        client.payment.transaktions  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'customers'"):
        client.custmers  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no 'zzz': there are get, list, search"):
        client.payment.charge_attempts.zzz  # noqa: B018
    assert not hasattr(client, "_nothing")


def test_arguments_that_are_missing_or_too_many(client):
    with pytest.raises(TypeError, match="'id'"):
        client.customers.get()
    with pytest.raises(TypeError, match="serial_number"):
        client.payment.terminals.link(1)
    with pytest.raises(TypeError, match="unexpected"):
        client.customers.get(1, colour="red")


# For type checkers


def test_the_stub_says_what_the_table_says():
    """``nox -s stubs`` writes it."""
    assert PATH.read_text("utf-8") == stubs()


def test_the_stub_is_written_as_the_formatter_would():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", str(PATH)], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stdout
