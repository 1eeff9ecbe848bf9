"""Spans and metrics of a real client against the sandbox, read as an exporter would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from konfipay_async import KonfipayClient, Retry
from konfipay_async.integrations.opentelemetry import Telemetry
from konfipay_async.pull import Report, Step, pull
from konfipay_async.pull.sinks.sql import SqlSink
from konfipay_async.sandbox import Sandbox

PATIENT = Retry(base=0.0)


@pytest.fixture
def otel() -> Any:
    exporter = InMemorySpanExporter()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    yield Telemetry(tracer_provider=tracers, meter_provider=meters), exporter, reader, tracers
    tracers.shutdown()
    meters.shutdown()


@asynccontextmanager
async def pair(recorder: Any = None, **options: Any) -> AsyncIterator[tuple[Sandbox, KonfipayClient]]:
    async with (
        Sandbox(**options) as sandbox,
        KonfipayClient(sandbox.api_key, base_url=sandbox.base_url, retry=PATIENT, recorder=recorder) as client,
    ):
        yield sandbox, client


def metrics(reader: InMemoryMetricReader) -> dict[str, list[Any]]:
    """The points of each metric, by its name."""
    data = reader.get_metrics_data()
    found: dict[str, list[Any]] = {}
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                found.setdefault(metric.name, []).extend(metric.data.data_points)
    return found


async def test_each_attempt_is_a_span_below_the_callers(otel) -> None:
    telemetry, exporter, _, tracers = otel
    async with pair(telemetry, transactions=30, faults=["500:transactions.list"]) as (sandbox, client):
        with tracers.get_tracer("test").start_as_current_span("nightly run") as above:
            async for page in client.transactions.drain(10):
                await page.acknowledge()
    spans = [span for span in exporter.get_finished_spans() if span.name != "nightly run"]
    assert len(spans) == len(sandbox.requests)
    assert {span.name for span in spans} == {
        "POST authentication/token",
        "GET transactions",
        "POST transactions/{acknowledgement_id}/acknowledge",
    }
    assert {span.parent.span_id for span in spans} == {above.get_span_context().span_id}
    failed = [span for span in spans if not span.status.is_unset]
    assert [(span.attributes["error.type"], span.attributes["http.response.status_code"]) for span in failed] == [
        ("ServerError", 500)
    ]
    assert max(span.attributes["http.request.resend_count"] for span in spans) == 1
    assert all(span.end_time >= span.start_time for span in spans)


async def test_metrics_tell_waits_repeats_limits_and_what_is_left(otel) -> None:
    telemetry, _, reader, _ = otel
    async with pair(telemetry, transactions=30, faults=["429:bank-accounts.list=1"]) as (sandbox, client):
        telemetry.observe(client.budgets, key="erp")
        assert [account async for account in client.bank_accounts.list()]
        found = metrics(reader)
    assert sum(point.value for point in found["konfipay.requests.limited"]) == 1
    assert sum(point.value for point in found["konfipay.requests.repeated"]) == 1
    assert sum(point.count for point in found["konfipay.budget.wait"]) == len(sandbox.requests)
    left = {point.attributes["konfipay.budget"]: point.value for point in found["konfipay.budget.left"]}
    assert left == {"public": 99, "authenticated": 998}
    assert {point.attributes["key"] for point in found["konfipay.budget.left"]} == {"erp"}


async def test_a_request_that_does_not_end_shows_in_the_age_of_its_lease(otel) -> None:
    telemetry, _, reader, _ = otel
    async with pair(telemetry, faults=["slow:bank-accounts.list=60"]) as (_, client):
        telemetry.observe(client.budgets)
        asking = asyncio.create_task(anext(client.bank_accounts.list()))
        async with asyncio.timeout(10):
            while not client.budgets.authenticated.status().in_flight:  # noqa: ASYNC110
                await asyncio.sleep(0)
        ages = {
            point.attributes["konfipay.budget"]: point.value for point in metrics(reader)["konfipay.budget.lease_age"]
        }
        asking.cancel()
        await asyncio.wait([asking])
    assert ages["public"] == 0
    assert 0 < ages["authenticated"] < 60


async def test_rows_of_a_pull_are_counted(otel, tmp_path) -> None:
    telemetry, _, reader, _ = otel
    async with pair(transactions=30) as (sandbox, client):
        for _ in range(2):
            sink = SqlSink(f"sqlite:///{tmp_path}/a.db", origin=sandbox.base_url)
            await pull(client, sink, acknowledge=False, page_size=10, watch=telemetry.watch)
    rows = {point.attributes["konfipay.pull.outcome"]: point.value for point in metrics(reader)["konfipay.pull.rows"]}
    assert rows == {"new": 30, "known": 30}


def test_a_pull_that_failed_takes_nothing_from_another(otel) -> None:
    """Whose report may be at its place in memory."""
    telemetry, _, reader, _ = otel
    report = Report(new=20)
    telemetry.watch(Step.OPENED, Report())
    telemetry.watch(Step.COMMITTED, report)
    report.new = 0
    telemetry.watch(Step.OPENED, report)
    report.new = 5
    telemetry.watch(Step.FINISHED, report)
    rows = {point.attributes["konfipay.pull.outcome"]: point.value for point in metrics(reader)["konfipay.pull.rows"]}
    assert rows["new"] == 25


async def test_nothing_of_anybody_is_told(otel) -> None:
    """Neither in spans nor in metrics: no key, token, IBAN or id."""
    telemetry, exporter, reader, _ = otel
    async with pair(telemetry, transactions=10) as (sandbox, client):
        pages = [page async for page in client.transactions.pages(is_new=True, iban="DE02120300000000202051")]
        pages = [page async for page in client.transactions.pages(is_new=True)]
        await pages[0].acknowledge()
        await client.bank_accounts.get(pages[0].transactions[0].bank_account.rid)
    told = "".join(span.to_json() for span in exporter.get_finished_spans()) + str(reader.get_metrics_data())
    assert "GET bank-accounts/{rid}" in told
    for page in pages:
        assert page.acknowledgement_id not in told
        for row in page.transactions:
            for secret in (row.rid, row.name, row.iban, row.bank_account.rid, row.bank_account.iban):
                assert secret is None or secret not in told
    assert sandbox.api_key not in told
    assert "DE02120300000000202051" not in told
