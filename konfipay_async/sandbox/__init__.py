"""A konfipay to test against: a server on this machine that behaves as the real one is known to.

::

    async with Sandbox(transactions=5_000) as sandbox:
        ...  # point a client at sandbox.base_url with sandbox.api_key

Several applications with a key each, one of them with is-new flags of its own::

    async with Sandbox(api_keys=[ApiKey("reports", own_flags=True)]) as sandbox:
        ...  # sandbox.api_key and sandbox.api_keys["reports"].value

It has transaction files, documents and PayPal transactions as well::

    async with Sandbox(documents=3) as sandbox:
        sandbox.documents.arrive(2)
        ...  # sandbox.documents.new_rids() are five

The signed REST API has a sandbox of its own::

    async with WalleeSandbox(transactions=5_000) as sandbox:
        ...  # point a client at sandbox.base_url with sandbox.user_id, sandbox.authentication_key and sandbox.space

Nothing leaves the machine, and all names, accounts and bookings are made up.
"""

from konfipay_async.sandbox.faults import FAULTS, Fault
from konfipay_async.sandbox.konfipay.keys import ApiKey
from konfipay_async.sandbox.konfipay.log import LoggedRequest
from konfipay_async.sandbox.konfipay.payment_book import Transmission
from konfipay_async.sandbox.konfipay.routes import ROUTES
from konfipay_async.sandbox.konfipay.server import SANDBOX_API_KEY, Sandbox
from konfipay_async.sandbox.konfipay.shelf import Shelf
from konfipay_async.sandbox.wallee.log import SeenRequest
from konfipay_async.sandbox.wallee.server import SANDBOX_AUTHENTICATION_KEY, WalleeSandbox

__all__ = [
    "FAULTS",
    "ROUTES",
    "SANDBOX_API_KEY",
    "SANDBOX_AUTHENTICATION_KEY",
    "ApiKey",
    "Fault",
    "LoggedRequest",
    "Sandbox",
    "SeenRequest",
    "Shelf",
    "Transmission",
    "WalleeSandbox",
]
