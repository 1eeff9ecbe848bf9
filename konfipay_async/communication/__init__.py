"""The log of API communication: every attempt of every request, masked, in a store of one's own.

::

    async with KonfipayClient(communication_log="sqlite:///api.db") as client:
        ...

Read it with ``konfipay log``, or here: ``open_store("sqlite:///api.db")``.
"""

from konfipay_async.communication.entry import Content, Entry
from konfipay_async.communication.recorder import CommunicationLog, Level, LogStatus
from konfipay_async.communication.search import EndpointFigures, Figures, Filter, Loss, Minute, Page
from konfipay_async.communication.store import Store, open_store

__all__ = [
    "CommunicationLog",
    "Content",
    "EndpointFigures",
    "Entry",
    "Figures",
    "Filter",
    "Level",
    "LogStatus",
    "Loss",
    "Minute",
    "Page",
    "Store",
    "open_store",
]
