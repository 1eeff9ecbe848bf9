"""docs/endpoints.md: every endpoint with its method, its handler in the sandbox and a test, and no gap.

With ``KONFIPAY_WRITE_DOCS=1`` in the environment the table is written anew.
"""

import ast
import os
import re
from collections.abc import AsyncGenerator
from contextlib import suppress
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import KonfipayClient, Limits, OutcomeUnknownError
from konfipay_async.errors import KonfipayError
from konfipay_async.models import NewBankAccount, NewPayment, NewPayPalAccount, Party, PaymentOrder
from konfipay_async.resources.bank_accounts import DeleteOperation
from konfipay_async.routes import ROUTES
from konfipay_async.sandbox import Sandbox
from konfipay_async.sandbox.konfipay.routes import find_endpoint

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "endpoints.md"
WRITE = os.environ.get("KONFIPAY_WRITE_DOCS") == "1"

# Where a route is not sent by the one method of its name, or not only.
METHODS = {
    "authentication.token": (),
    "transactions.list": ("transactions.pages", "transactions.stream", "transactions.drain", "transactions.count"),
    "transaction_files.content": ("transaction_files.content", "transaction_files.save"),
    "documents.content": ("documents.content", "documents.save"),
    "bank_accounts.delete_status": ("DeleteOperation.refresh", "DeleteOperation.wait"),
    "payment_files.list": (
        "payment_files.list",
        "payment_files.pages",
        "payment_files.reconcile",
        "payments.reconcile",
    ),
    "payment_files.get": ("payment_files.get", "payment_files.changes", "payment_files.wait"),
    "payments.list": ("payments.list", "payments.pages", "payments.reconcile"),
}
DRAINED = ("transaction_files.list", "documents.list", "paypal.transactions.list")

DRIVEN_BY = {
    "authentication.token": "client/test_client_accounts.py::test_after_revoking_the_next_request_logs_in",
    "authentication.revoke": "client/test_client_accounts.py::test_after_revoking_the_next_request_logs_in",
    "authentication.scopes": "client/test_client_accounts.py::test_the_scopes_of_a_key",
    "authentication.all_scopes": "client/test_client_accounts.py::test_the_scopes_of_a_key",
    "transactions.list": "client/test_client_lists.py::test_pages_and_rows_in_order",
    "transactions.acknowledge": "client/test_client_drain.py::test_an_id_is_used_once",
    "transaction_files.list": "client/test_client_files.py::test_transaction_files_by_format_and_account",
    "transaction_files.get": "client/test_client_rows.py::test_one_row",
    "transaction_files.content": "client/test_client_files.py::test_the_content_is_the_file_as_the_bank_made_it",
    "transaction_files.acknowledge": "client/test_client_files.py::test_the_recipe_of_the_docstring",
    "documents.list": "client/test_client_rows.py::test_rows_and_pages_in_order",
    "documents.get": "client/test_client_files.py::test_a_document_is_handed_over",
    "documents.content": "client/test_client_files.py::test_a_document_is_handed_over",
    "documents.upload": "client/test_client_files.py::test_a_document_is_handed_over",
    "documents.acknowledge": "client/test_client_rows.py::test_acknowledged_outside_a_drain",
    "paypal.accounts.list": "client/test_client_paypal.py::test_accounts_in_pages_and_rows",
    "paypal.accounts.get": "client/test_client_paypal.py::test_accounts_in_pages_and_rows",
    "paypal.accounts.create": "client/test_client_paypal.py::test_an_account_is_created",
    "paypal.accounts.update": "client/test_client_paypal.py::test_an_account_is_changed",
    "paypal.transactions.list": "client/test_client_paypal.py::test_what_a_transaction_says",
    "paypal.transactions.get": "client/test_client_paypal.py::test_konfipay_asks_paypal_first_where_it_is_told_to",
    "paypal.transactions.acknowledge": "client/test_client_rows.py::test_acknowledging_each_row_as_it_comes_skips_none",
    "bank_accounts.list": "client/test_client_lists.py::test_bank_accounts",
    "bank_accounts.get": "client/test_client_accounts.py::test_an_account_is_created_and_changed",
    "bank_accounts.create": "client/test_client_accounts.py::test_an_account_is_created_and_changed",
    "bank_accounts.update": "client/test_client_accounts.py::test_an_account_is_created_and_changed",
    "bank_accounts.delete": "client/test_client_accounts.py::test_waiting_until_an_account_is_gone",
    "bank_accounts.delete_status": "client/test_client_accounts.py::test_looking_by_oneself",
    "payment_files.list": "client/test_client_payments.py::test_files_in_pages_and_rows",
    "payment_files.get": "client/test_client_payments.py::test_a_file_is_stored_and_not_sent",
    "payment_files.upload": "client/test_client_payments.py::test_a_file_is_stored_and_not_sent",
    "payment_files.submit": "client/test_client_payments.py::test_a_stored_file_is_sent",
    "payment_files.extract": "client/test_client_payments.py::test_the_orders_of_a_file_become_open_payments",
    "payments.list": "client/test_client_payments.py::test_payments_in_pages_and_by_their_filters",
    "payments.get": "client/test_client_payments.py::test_payments_are_created_in_a_batch_and_not_sent",
    "payments.create": "client/test_client_payments.py::test_payments_are_created_in_a_batch_and_not_sent",
    "payments.update": "client/test_client_payments.py::test_an_open_payment_is_changed_and_deleted",
    "payments.delete": "client/test_client_payments.py::test_an_open_payment_is_changed_and_deleted",
    "payments.submit": "client/test_client_payments.py::test_payments_are_submitted_and_read_back",
    **{
        f"{name}.{verb}": "client/test_client_accounts.py::test_what_is_only_read"
        for name in ("exchange_rates", "accounts", "banks", "payment_providers", "users", "user_groups")
        for verb in ("list", "get")
    },
}


def methods_of(route: str) -> tuple[str, ...]:
    if route in METHODS:
        return METHODS[route]
    if not route.endswith(".list"):
        return (route,)
    resource = route.removesuffix("list")
    return (route, f"{resource}pages", *((f"{resource}drain",) if route in DRAINED else ()))


def handler_of(route: str) -> str:
    """What the sandbox has there, by its own look at method and path."""
    at = ROUTES[route]
    path = at.fill(rid="some-id", acknowledgement_id="some-id")
    endpoint, _, _ = find_endpoint(at.method, f"/api/v6/{path}")
    assert endpoint is not None, f"the sandbox has no {at.method} {path}"
    return endpoint.name


# The table


def row_of(route: str) -> str:
    at = ROUTES[route]
    treated = f"{'public, ' if at.budget == 'public' else ''}{at.lane.name.lower()}, {at.retry.value}"
    methods = ", ".join(f"`{method}`" for method in methods_of(route)) or "by itself"
    file, _, test = DRIVEN_BY[route].partition("::")
    cells = [
        f"`{route}`",
        f"`{at.method} {at.path}`",
        at.mark,
        at.scope or "–",
        treated,
        methods,
        f"`{handler_of(route)}`",
        f"[`{test}`](../tests/{file})",
    ]
    return f"| {' | '.join(cells)} |"


def table() -> str:
    head = ["Route", "Endpoint", "Mark", "Scope", "Treated", "Method", "Sandbox", "Driven by"]
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *map(row_of, ROUTES)])


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split("<!-- table -->\n")
    _, after = rest.split("<!-- /table -->")
    whole = f"{before}<!-- table -->\n{table()}\n<!-- /table -->{after}"
    if WRITE:
        PAGE.write_text(whole, encoding="utf-8")
        text = whole
    assert text == whole, "run it again with KONFIPAY_WRITE_DOCS=1"


# That each row is so


def test_every_route_has_a_test_and_no_test_is_of_none() -> None:
    assert set(DRIVEN_BY) == set(ROUTES)
    assert set(METHODS) | set(DRAINED) <= set(ROUTES)


@cache
def functions_in(file: str) -> dict[str, str]:
    """The tests of a file by their names, as their source."""
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name: ast.get_source_segment(source, node) or "" for node in functions}


@pytest.mark.parametrize("route", ROUTES)
def test_the_test_that_drives_it_is_there_and_calls_it(route: str) -> None:
    file, _, name = DRIVEN_BY[route].partition("::")
    assert name.startswith("test_")
    source = functions_in(file)[name]
    called = {method.rpartition(".")[2] for method in methods_of(route)}
    if called:
        assert any(re.search(rf"\.{method}\b", source) for method in called)
    else:  # it goes by itself, and is seen in the sandbox
        assert handler_of(route) in source


@pytest.mark.parametrize("route", ROUTES)
def test_the_sandbox_asks_for_the_same_scope(route: str) -> None:
    """They were written apart."""
    at = ROUTES[route]
    endpoint, _, _ = find_endpoint(at.method, f"/api/v6/{at.fill(rid='x', acknowledgement_id='x')}")
    assert endpoint is not None
    assert endpoint.scope == at.scope
    assert endpoint.public is (at.budget == "public")


# That each method sends what its row says


def resources(client: KonfipayClient) -> dict[str, Any]:
    """Every resource of the client by its name; PayPal has two in one."""
    names = [name for name, kind in vars(KonfipayClient).items() if isinstance(kind, cached_property)]
    found = {name: getattr(client, name) for name in names}
    paypal = found.pop("paypal")
    return found | {"paypal.accounts": paypal.accounts, "paypal.transactions": paypal.transactions}


def public_methods(kind: type) -> set[str]:
    return {name for name, value in vars(kind).items() if not name.startswith("_") and callable(value)}


def test_every_method_of_every_resource_is_in_the_table() -> None:
    found = {name: type(of) for name, of in resources(KonfipayClient("AKeyForTestsOnly")).items()}
    there = {f"{name}.{method}" for name, kind in found.items() for method in public_methods(kind)}
    there |= {f"DeleteOperation.{method}" for method in public_methods(DeleteOperation)}
    assert {method for route in ROUTES for method in methods_of(route)} == there


IBAN = "DE02120300000000202051"
PAYMENT = NewPayment(PaymentOrder("TRF", Decimal(1), "EUR"), Party(rid="x"), Party(iban=IBAN))
LOST = OutcomeUnknownError("an upload without an answer", method="POST", path="payment-files", body_sha256="0" * 64)
LOST.kind = "payment_files.upload"
LOST_PAYMENTS = OutcomeUnknownError("a creation without an answer", method="POST", path="payments")
LOST_PAYMENTS.kind = "payments.create"

# What a method takes, where that is neither nothing nor an id.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "paypal.accounts.create": (NewPayPalAccount("d", "c", "s"),),
    "paypal.accounts.update": ("x", NewPayPalAccount("d", "c", "s")),
    "bank_accounts.create": (NewBankAccount(IBAN, "EUR"),),
    "bank_accounts.update": ("x", NewBankAccount(IBAN, "EUR")),
    "documents.upload": (b"x",),
    "payment_files.upload": (b"0256Q",),
    "payment_files.extract": (b"0256Q",),
    "payment_files.reconcile": (LOST,),
    "payments.reconcile": (LOST_PAYMENTS,),
    "payments.create": ([PAYMENT],),
    "payments.update": ("x", PAYMENT),
    "payments.submit": (["x"],),
}
TAKES_NOTHING = {"list", "pages", "stream", "drain", "count", "revoke", "scopes", "all_scopes"}


async def call(client: KonfipayClient, method: str, folder: Path) -> None:
    """Call it with something that it takes; what the server says to that does not matter here."""
    resource, _, name = method.rpartition(".")
    if resource == "DeleteOperation":
        first = await anext(accounts := client.bank_accounts.list())
        await accounts.aclose()
        await getattr(await client.bank_accounts.delete(first.rid), name)()
        return
    given = ARGUMENTS.get(method, () if name in TAKES_NOTHING else ("x",))
    if name == "save":
        given = ("x", folder / "x")
    named = {"file_name": "x.pdf", "order_type": "BKA"} if method == "documents.upload" else {}
    with suppress(KonfipayError):
        answer = getattr(resources(client)[resource], name)(*given, **named)
        if isinstance(answer, AsyncGenerator):
            await anext(answer, None)
            await answer.aclose()
        else:
            await answer


@pytest.mark.parametrize("route", ROUTES)
async def test_its_methods_send_it(route: str, tmp_path: Path) -> None:
    at = ROUTES[route]
    # A link of the server's says v6.0.
    path = re.compile(r"/api/v6(\.0)?/" + re.sub(r"\{\w+\}", "[^/]+", at.path))
    async with (
        Sandbox(transactions=20, delete_polls=1) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, limits=Limits(per_second=10_000)) as client,
    ):
        for method in methods_of(route) or ("users.list",):
            if route != "authentication.token":
                await client.request("GET", "users")  # so that there is a token to revoke
                sandbox.requests.clear()
            await call(client, method, tmp_path)
            sent = [(entry.method, entry.route) for entry in sandbox.requests if path.fullmatch(entry.path)]
            assert (at.method, handler_of(route)) in sent, method
