"""What the sandbox remembers of each request: no body, no credentials, no card details."""

from dataclasses import dataclass, field

__all__ = ["SeenRequest"]


@dataclass(slots=True)
class SeenRequest:
    """One request, in the order of arrival.

    `at` is the sandbox's monotonic clock when it arrived. `target` is path and query exactly as they came over the
    wire. `route` is the name of the operation or "unknown", `headers` are in lower case and without Authorization.
    `status` is that of the answer, and 0 as long as (or because) none was sent. `fault` is the name of the fault that
    struck it, `rows` the number of objects in the answer. `wrong` says why the signature was refused, None when it
    was not.
    """

    at: float
    method: str
    target: str
    route: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    fault: str | None = None
    rows: int = 0
    wrong: str | None = None
