"""The log as pages for a browser: server-rendered, without any JavaScript. Adapters are in `integrations`."""

from konfipay_async.communication.pages.answering import respond
from konfipay_async.communication.pages.front import Pages
from konfipay_async.communication.pages.layout import Answer
from konfipay_async.communication.pages.rights import Hook, Rights, Visitor, from_loopback

__all__ = ["Answer", "Hook", "Pages", "Rights", "Visitor", "from_loopback", "respond"]
