"""OpenTelemetry (the extra ``otel``): spans and metrics of what a client sends, without personal data.

::

    telemetry = Telemetry()
    async with KonfipayClient(recorder=telemetry) as client:
        telemetry.observe(client.budgets)

Names follow the semantic conventions for HTTP clients where there are some. A path is given as its template
(``transactions/{acknowledgement_id}/acknowledge``): no id, no query, no header and no body is told.
"""

from collections.abc import Callable, Iterable

from konfipay_async.errors import MissingExtraError, RateLimitedError, TransportError
from konfipay_async.pull import Report, Step
from konfipay_async.session.budget import Budgets, BudgetStatus
from konfipay_async.session.manager import Attempt

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import SpanKind, StatusCode, TracerProvider
except ModuleNotFoundError as error:
    raise MissingExtraError("OpenTelemetry", "otel") from error

__all__ = ["Telemetry"]

_NAME = "konfipay_async"
_NANOSECONDS = 1_000_000_000


class Telemetry:
    """A recorder: hand it to the client. The providers default to the global ones.

    One span for each attempt, a child of the span that is current where the call is made. Histograms
    ``http.client.request.duration`` and ``konfipay.budget.wait`` (seconds), counters ``konfipay.requests.repeated`` and
    ``konfipay.requests.limited`` (429), and of the budgets one observes, gauges ``konfipay.budget.left``,
    ``konfipay.budget.waiting`` (callers), ``konfipay.budget.longest_wait``, ``konfipay.budget.pause`` and
    ``konfipay.budget.lease_age`` (seconds; how long the oldest permit has been out with its request).
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)
        meter = metrics.get_meter(_NAME, meter_provider=meter_provider)
        self._duration = meter.create_histogram("http.client.request.duration", "s", "from sending to the whole answer")
        self._wait = meter.create_histogram("konfipay.budget.wait", "s", "waiting for the request budget")
        self._repeated = meter.create_counter("konfipay.requests.repeated", "{request}", "attempts after the first")
        self._limited = meter.create_counter("konfipay.requests.limited", "{request}", "answers of 429")
        self._rows = meter.create_counter("konfipay.pull.rows", "{row}", "transactions stored by pulls")
        self._seen: dict[int, tuple[int, int]] = {}
        self._meter = meter

    def record(self, attempt: Attempt) -> None:
        """Tell of one attempt. Does not block."""
        request = attempt.request
        attributes: dict[str, str | int] = {"http.request.method": request.method}
        if request.template:
            attributes["url.template"] = request.template
        if attempt.response is not None:
            attributes["http.response.status_code"] = attempt.response.status
        if attempt.error is not None:
            attributes["error.type"] = type(attempt.error).__name__
        elif attempt.response is None:
            attributes["error.type"] = "cancelled"
        started = int(attempt.started_at * _NANOSECONDS)
        span = self._tracer.start_span(
            f"{request.method} {request.template}".rstrip(),
            context.get_current(),
            SpanKind.CLIENT,
            {**attributes, "http.request.resend_count": attempt.number - 1, "konfipay.budget.wait": attempt.waited},
            start_time=started,
        )
        if "error.type" in attributes:
            span.set_status(StatusCode.ERROR)
        span.end(started + int(attempt.duration * _NANOSECONDS))
        if attempt.response is not None or isinstance(attempt.error, TransportError):
            self._duration.record(attempt.duration, attributes)
        self._wait.record(
            attempt.waited, {"konfipay.budget": request.budget, "konfipay.lane": request.lane.name.lower()}
        )
        if attempt.number > 1:
            self._repeated.add(1, attributes)
        if isinstance(attempt.error, RateLimitedError):
            self._limited.add(1, attributes)

    def watch(self, step: Step, report: Report) -> None:
        """Count the rows of a pull: hand it to `pull` as its `watch`. Counter ``konfipay.pull.rows``, new or known."""
        counts = (report.new, report.known)
        # A pull that failed was never finished, and its report's id may be another's by now.
        before = counts if step is Step.OPENED else self._seen.get(id(report), (0, 0))
        self._seen[id(report)] = counts
        self._rows.add(report.new - before[0], {"konfipay.pull.outcome": "new"})
        self._rows.add(report.known - before[1], {"konfipay.pull.outcome": "known"})
        if step is Step.FINISHED:
            del self._seen[id(report)]

    def observe(self, budgets: Budgets, **attributes: str) -> None:
        """Watch these budgets whenever metrics are read; `attributes` tell clients apart."""

        def observed(read: Callable[[BudgetStatus], float]) -> Callable[[CallbackOptions], Iterable[Observation]]:
            def observe(options: CallbackOptions) -> Iterable[Observation]:
                for name in ("public", "authenticated"):
                    status = budgets.of(name).status()
                    yield Observation(read(status), {"konfipay.budget": name, **attributes})

            return observe

        gauge = self._meter.create_observable_gauge
        gauge("konfipay.budget.left", [observed(lambda status: status.left)], "{request}")
        gauge("konfipay.budget.waiting", [observed(lambda status: status.waiting)], "{request}")
        gauge("konfipay.budget.longest_wait", [observed(lambda status: status.longest_wait)], "s")
        gauge("konfipay.budget.pause", [observed(lambda status: status.paused_for)], "s")
        gauge("konfipay.budget.lease_age", [observed(lambda status: status.lease_age)], "s")
