"""Documents: what else banks send and take (fields of version 5; that version 6 kept them is inferred)."""

from datetime import datetime

import msgspec

from konfipay_async.models.wire import Wire

__all__ = ["Document"]


class Document(Wire, frozen=True, gc=False):
    """One document. konfipay passes its content through unread."""

    rid: str = msgspec.field(name="rId")
    href: str | None = None
    timestamp: datetime | None = None
    is_new: bool | None = None
    format: str | None = None
    file_name: str | None = None
