"""Analytics: a query is submitted, takes its time, and has a result that every download of is billed."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final, Literal

from konfipay_async.sandbox.sending import Answer
from konfipay_async.sandbox.wallee.calls import Call, Handler
from konfipay_async.sandbox.wallee.wire import CSV, RefusedError, json_answer, stamp, text_answer

__all__ = ["DOWNLOADS", "Analytics", "End"]

End = Literal["CANCELLED", "FAILED", "SUCCESS"]

DOWNLOADS: Final = "/analytics-results/"
"""Where results lie, which nobody signs for."""
_URL_LIFETIME: Final = 300.0
"""Seconds (documented)."""
_LONGEST_SQL: Final = 100_000
_RESULT: Final = b"currency,amount\r\nCHF,12.30\r\nEUR,45.60\r\n"


@dataclass(slots=True)
class _Query:
    token: str
    external_id: str
    sql: str
    account: int
    since: float
    end: End | None = None
    downloads: int = 0


class Analytics:
    """The queries of one sandbox. Each is processed for `seconds` and then succeeds, unless it is ended otherwise."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._queries: list[_Query] = []
        self._urls: dict[str, float] = {}
        paths = ("query-external-id", "query-token")
        self.handlers: dict[str, Handler] = {
            "analytics.queries": self._list,
            "analytics.queries.submit": self._submit,
            **{f"analytics.queries.{path}.get": self._get for path in paths},
            **{f"analytics.queries.{path}.result": self._result for path in paths},
            **{f"analytics.queries.{path}.delete": self._cancel for path in paths},
        }

    # What tests do and ask

    def end(self, name: str, how: End) -> None:
        """The query with this token or external id ends at once like this. An unknown one is a KeyError."""
        self._named(name).end = how

    def billed(self, name: str) -> int:
        """How many URLs of its result were handed out. An unknown name is a KeyError."""
        return self._named(name).downloads

    def download(self, path: str, now: float) -> Answer:
        """What lies at a URL that was handed out less than five minutes ago; else 403, as of a store of files."""
        if now - self._urls.get(path, -_URL_LIFETIME) >= _URL_LIFETIME:
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")
        return Answer(200, _RESULT, CSV)

    # Handlers

    def _submit(self, call: Call) -> Answer:
        """The same external id again is the same query."""
        external_id = call.query.text("queryExternalId") or ""
        sql = call.fields.get("sql")
        if not isinstance(sql, str) or not 3 <= len(sql) <= _LONGEST_SQL:
            raise RefusedError(422, "The query is not possible", {"sql": f"3 to {_LONGEST_SQL} characters"})
        for query in self._queries:
            if query.external_id == external_id:
                break
        else:
            token = hashlib.sha256(f"query {len(self._queries)}".encode()).hexdigest()[:32]
            query = _Query(token, external_id, sql, call.world.account, call.at)
            self._queries.append(query)
        return json_answer({"queryToken": query.token}, 201, rows=1)

    def _list(self, call: Call) -> Answer:
        offset, limit = call.query.whole("offset", 0, 0) or 0, call.query.whole("limit", 100, 1, 100) or 100
        items = [self._shown(query, call.at) for query in self._queries[offset : offset + limit]]
        body = {"offset": offset, "limit": limit, "totalCount": len(self._queries), "items": items}
        return json_answer(body, rows=len(items))

    def _get(self, call: Call) -> Answer:
        """202 as long as it is processed (that the body is the same then is inferred)."""
        shown = self._shown(self._asked(call), call.at)
        return json_answer(shown, 202 if shown["status"] == "PROCESSING" else 200, rows=1)

    def _result(self, call: Call) -> Answer:
        """A URL, and it is billed; 202 as long as there is none, 204 when there will be none."""
        query = self._asked(call)
        state = self._state(query, call.at)
        if state != "SUCCESS":
            return Answer(202 if state == "PROCESSING" else 204)
        query.downloads += 1
        path = f"{DOWNLOADS}{query.token}-{query.downloads}.csv"
        self._urls[path] = call.at
        return text_answer(call.base_url.removesuffix("/api/v2.0") + path)

    def _cancel(self, call: Call) -> Answer:
        query = self._asked(call)
        if self._state(query, call.at) == "PROCESSING":
            query.end = "CANCELLED"
        return Answer(204)

    def _asked(self, call: Call) -> _Query:
        [name] = call.arguments.values()
        try:
            return self._named(name)
        except KeyError:
            raise RefusedError(404, f"There is no query {name!r}") from None

    def _named(self, name: str) -> _Query:
        for query in self._queries:
            if name in (query.token, query.external_id):
                return query
        raise KeyError(name)

    def _state(self, query: _Query, at: float) -> str:
        return query.end or ("SUCCESS" if at - query.since >= self._seconds else "PROCESSING")

    def _shown(self, query: _Query, at: float) -> dict[str, Any]:
        state = self._state(query, at)
        return {
            "portalQueryToken": query.token,
            "queryExternalId": query.external_id,
            "accountId": query.account,
            "status": state,
            "originalQuery": query.sql,
            "createdTimestamp": stamp(query.since),
            "downloadRequests": query.downloads,
            "scannedBytes": 10 << 20,
            "resultFileBytes": len(_RESULT) if state == "SUCCESS" else 0,
            "totalBilledExecutionTimeMs": round(1000 * min(at - query.since, self._seconds)),
        }
