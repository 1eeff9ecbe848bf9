"""What wraps resources, and what is none: portions of lists, bulk results, errors, documents, analytics queries."""

import base64
import binascii
from datetime import datetime
from typing import Generic, TypeVar

from konfipay_async.wallee.models.record import Record
from konfipay_async.wallee.models.states import AnalyticsState
from konfipay_async.wallee.models.wire import Wire

__all__ = [
    "AnalyticsPortion",
    "AnalyticsQueryExecutionResponse",
    "BulkOperationResult",
    "Portion",
    "RenderedDocument",
    "RestApiErrorResponse",
    "SubmittedAnalyticsQueryExecution",
]

T = TypeVar("T")


class Portion(Wire, Generic[T], frozen=True, gc=False, kw_only=True):
    """A page of a list or of a search. There is no total. `offset` comes with searches only.

    Every member may be missing (official SDK); a `has_more` that is missing is None, not False.
    """

    data: list[T] | None = None
    has_more: bool | None = None
    limit: int | None = None
    offset: int | None = None


class AnalyticsPortion(Wire, frozen=True, gc=False, kw_only=True):
    """A page of the list of analytics queries, which has a shape of its own (the SDK's ResultPortionModel)."""

    items: list[Record] | None = None
    offset: int | None = None
    limit: int | None = None
    total_count: int | None = None


class RestApiErrorResponse(Wire, frozen=True, gc=False, kw_only=True):
    """The body of an answer that is no success.

    `code` is short and for programs (no list of codes is public), `id` the error's own, to quote to the vendor's
    support, `message` for people, `errors` a text per field. The last two may hold personal data.
    """

    date: datetime | None = None
    code: str | None = None
    id: str | None = None
    message: str | None = None
    errors: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"RestApiErrorResponse(code={self.code!r}, id={self.id!r})"


class BulkOperationResult(Wire, frozen=True, gc=False, kw_only=True):
    """What became of one operation of many; `link` is the API's path to the object."""

    id: int | None = None
    link: str | None = None
    status_code: int | None = None
    error: RestApiErrorResponse | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the operation was done."""
        return self.error is None and self.status_code is not None and 200 <= self.status_code < 300


class RenderedDocument(Wire, frozen=True, gc=False, kw_only=True):
    """A document; `data` is base64, `content` its bytes."""

    data: str | None = None
    mime_type: str | None = None
    title: str | None = None
    document_template_type: int | None = None

    @property
    def content(self) -> bytes:
        """ValueError where `data` is no base64."""
        try:
            return base64.b64decode(self.data or "", validate=True)
        except binascii.Error:
            raise ValueError("the document is not base64") from None

    def __repr__(self) -> str:
        return f"RenderedDocument(mime_type={self.mime_type!r}, title={self.title!r}, data=…)"


class AnalyticsQueryExecutionResponse(Wire, frozen=True, gc=False, kw_only=True):
    """What the submission of an analytics query answers."""

    query_token: str

    def __repr__(self) -> str:
        # The token is what a result is paid for and fetched by.
        return "AnalyticsQueryExecutionResponse(query_token=…)"


class SubmittedAnalyticsQueryExecution(Wire, frozen=True, gc=False, kw_only=True):
    """Where an analytics query is, and what it has cost: bytes, and billed milliseconds."""

    portal_query_token: str | None = None
    query_external_id: str | None = None
    account_id: int | None = None
    status: AnalyticsState | None = None
    original_query: str | None = None
    created_timestamp: datetime | None = None
    scanned_bytes: int | None = None
    result_file_bytes: int | None = None
    download_requests: int | None = None
    total_billed_execution_time_ms: int | None = None

    def __repr__(self) -> str:
        # Not the token, nor the query, whose values may be somebody's.
        return f"SubmittedAnalyticsQueryExecution(query_external_id={self.query_external_id!r}, status={self.status!r})"
