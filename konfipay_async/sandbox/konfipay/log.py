"""What the sandbox remembers of each request. Neither headers nor the body are kept: they carry secrets."""

from dataclasses import dataclass, field

__all__ = ["LoggedRequest"]


@dataclass(slots=True)
class LoggedRequest:
    """One request, in the order of arrival.

    `at` is the sandbox's clock when it arrived, `path` as it came over the wire without the query, `route` a name
    from `ROUTES` or "unknown", `status` that of the answer and 0 as long as (or because) none was sent, `fault`
    the name of the fault that struck it, `rows` the number of transactions in the answer. `key` is the name (never
    the value) of the API key that the request's living token belongs to, or that a login was sent with; None when
    there is no such key.
    """

    at: float
    method: str
    path: str
    route: str
    query: dict[str, str] = field(default_factory=dict)
    status: int = 0
    fault: str | None = None
    rows: int = 0
    key: str | None = None
