"""Every endpoint of API version 6 that the client uses: how it is reached, treated, and how well it is known.

Marks: DOC is stated in the description of API version 6, OBS was seen in public code that talks to the service, INF is
inferred from the naming rules of version 6. Whatever is inferred can be corrected without a new release:
``KonfipayClient(routes={"transactions.acknowledge": "POST transactions/acknowledge"})``.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

import msgspec

from konfipay_async.errors import ConfigurationError
from konfipay_async.session.message import BudgetName, Lane, RetryClass

__all__ = ["ROUTES", "Route", "checked_timeout", "routes_with", "segment"]


class Route(msgspec.Struct, frozen=True):
    """One endpoint. `path` is relative to the base URL, with ``{name}`` for what the caller fills in; `scope` is the
    right an API key must have for it, `timeout` in seconds for one attempt."""

    method: str
    path: str
    mark: Literal["DOC", "OBS", "INF"]
    retry: RetryClass
    scope: str | None = None
    lane: Lane = Lane.SINGLE
    budget: BudgetName = "authenticated"
    timeout: float = 60.0

    def fill(self, **names: str) -> str:
        """The path with its names filled in and percent-encoded. ConfigurationError for what is no path segment."""
        return self.path.format(**{name: segment(value, name) for name, value in names.items()})


_READ, _IDEMPOTENT, _ONCE = RetryClass.READ, RetryClass.IDEMPOTENT, RetryClass.ONCE
_ACKNOWLEDGE = RetryClass.ACKNOWLEDGE

# Seconds. Pages of a thousand rows, files and answers of banks are made while the client waits; the public code we know
# raised its timeout for them, in two steps.
_SLOW, _SLOWEST = 180.0, 600.0

ROUTES: Mapping[str, Route] = MappingProxyType(
    {
        "authentication.token": Route(
            "POST", "authentication/token", "DOC", _IDEMPOTENT, budget="public", timeout=30.0
        ),
        # The path is documented, the method inferred.
        "authentication.revoke": Route("POST", "authentication/token/revoke", "INF", _IDEMPOTENT, timeout=30.0),
        "authentication.scopes": Route("GET", "authentication/scopes", "DOC", _READ),
        "authentication.all_scopes": Route("GET", "authentication/scopes/all", "DOC", _READ),
        "transactions.list": Route("GET", "transactions", "OBS", _READ, "Transactions", Lane.BULK, timeout=_SLOW),
        "transactions.acknowledge": Route(
            "POST",
            "transactions/{acknowledgement_id}/acknowledge",
            "INF",
            _ACKNOWLEDGE,
            "Transactions",
            Lane.ACKNOWLEDGE,
        ),
        "transaction_files.list": Route(
            "GET", "transaction-files", "DOC", _READ, "Transactions", Lane.BULK, timeout=_SLOW
        ),
        "transaction_files.get": Route("GET", "transaction-files/{rid}", "DOC", _READ, "Transactions"),
        "transaction_files.content": Route(
            "GET", "transaction-files/{rid}/content", "OBS", _READ, "Transactions", timeout=_SLOWEST
        ),
        "transaction_files.acknowledge": Route(
            "POST", "transaction-files/{rid}/acknowledge", "INF", _ACKNOWLEDGE, "Transactions", Lane.ACKNOWLEDGE
        ),
        "documents.list": Route("GET", "documents", "INF", _READ, "Documents", Lane.BULK, timeout=_SLOW),
        "documents.get": Route("GET", "documents/{rid}", "INF", _READ, "Documents"),
        "documents.content": Route("GET", "documents/{rid}/content", "INF", _READ, "Documents", timeout=_SLOWEST),
        "documents.upload": Route("POST", "documents", "INF", _ONCE, "Documents", timeout=_SLOWEST),
        "documents.acknowledge": Route(
            "POST", "documents/{rid}/acknowledge", "INF", _ACKNOWLEDGE, "Documents", Lane.ACKNOWLEDGE
        ),
        "paypal.accounts.list": Route("GET", "paypal/accounts", "INF", _READ, "PayPal"),
        "paypal.accounts.get": Route("GET", "paypal/accounts/{rid}", "INF", _READ, "PayPal"),
        "paypal.accounts.create": Route("POST", "paypal/accounts", "INF", _ONCE, "PayPal"),
        "paypal.accounts.update": Route("PUT", "paypal/accounts", "INF", _IDEMPOTENT, "PayPal"),
        "paypal.transactions.list": Route(
            "GET", "paypal/transactions", "INF", _READ, "PayPal", Lane.BULK, timeout=_SLOW
        ),
        "paypal.transactions.get": Route("GET", "paypal/transactions/{rid}", "DOC", _READ, "PayPal", timeout=_SLOW),
        "paypal.transactions.acknowledge": Route(
            "POST", "paypal/transactions/{rid}/acknowledge", "INF", _ACKNOWLEDGE, "PayPal", Lane.ACKNOWLEDGE
        ),
        # Not paging for hours, but a handful of rows somebody waits for.
        "bank_accounts.list": Route("GET", "bank-accounts", "OBS", _READ, "BankAccounts"),
        "bank_accounts.get": Route("GET", "bank-accounts/{rid}", "INF", _READ, "BankAccounts"),
        "bank_accounts.create": Route("POST", "bank-accounts", "DOC", _ONCE, "BankAccounts"),
        "bank_accounts.update": Route("PUT", "bank-accounts", "DOC", _IDEMPOTENT, "BankAccounts"),
        "bank_accounts.delete": Route("DELETE", "bank-accounts/{rid}", "INF", _IDEMPOTENT, "BankAccounts"),
        "bank_accounts.delete_status": Route("GET", "delete/status/{rid}", "DOC", _READ, "BankAccounts"),
        "payment_files.list": Route("GET", "payment-files", "DOC", _READ, "Payments", Lane.BULK, timeout=_SLOW),
        "payment_files.get": Route("GET", "payment-files/{rid}", "DOC", _READ, "Payments"),
        "payment_files.upload": Route("POST", "payment-files", "DOC", _ONCE, "Payments", timeout=_SLOWEST),
        "payment_files.submit": Route(
            "POST", "payment-files/{rid}/submit", "DOC", _IDEMPOTENT, "Payments", timeout=_SLOWEST
        ),
        "payment_files.extract": Route("POST", "payment-files/extract", "DOC", _ONCE, "Payments", timeout=_SLOWEST),
        "payments.list": Route("GET", "payments", "DOC", _READ, "Payments", Lane.BULK, timeout=_SLOW),
        "payments.get": Route("GET", "payments/{rid}", "DOC", _READ, "Payments"),
        "payments.create": Route("POST", "payments", "DOC", _ONCE, "Payments", timeout=_SLOW),
        "payments.update": Route("PUT", "payments/{rid}", "INF", _IDEMPOTENT, "Payments"),
        "payments.delete": Route("DELETE", "payments/{rid}", "DOC", _IDEMPOTENT, "Payments"),
        "payments.submit": Route("POST", "payments/submit", "DOC", _ONCE, "Payments", timeout=_SLOWEST),
        "exchange_rates.list": Route("GET", "exchange-rates", "DOC", _READ, "ExchangeRates"),
        "exchange_rates.get": Route("GET", "exchange-rates/{rid}", "INF", _READ, "ExchangeRates"),
        "accounts.list": Route("GET", "accounts", "INF", _READ, "Accounts"),
        "accounts.get": Route("GET", "accounts/{rid}", "INF", _READ, "Accounts"),
        "banks.list": Route("GET", "banks", "INF", _READ, "Banks"),
        "banks.get": Route("GET", "banks/{rid}", "INF", _READ, "Banks"),
        "payment_providers.list": Route("GET", "payment-providers", "INF", _READ, "PaymentProviders"),
        "payment_providers.get": Route("GET", "payment-providers/{rid}", "INF", _READ, "PaymentProviders"),
        "users.list": Route("GET", "users", "INF", _READ, "Users"),
        "users.get": Route("GET", "users/{rid}", "INF", _READ, "Users"),
        "user_groups.list": Route("GET", "user-groups", "INF", _READ, "UserGroups"),
        "user_groups.get": Route("GET", "user-groups/{rid}", "INF", _READ, "UserGroups"),
    }
)


# Tokens of the server, not ids that a user types: whatever they hold goes back as it came.
_OPAQUE = frozenset({"acknowledgement_id"})


def routes_with(
    changes: Mapping[str, str] | None = None, timeouts: Mapping[str, float] | None = None
) -> Mapping[str, Route]:
    """The routes with a user's corrections, written ``"METHOD path"``, and timeouts in seconds for one attempt.

    Raises ConfigurationError for others.
    """
    routes = dict(ROUTES)
    for argument, given in (("routes", changes), ("timeouts", timeouts)):
        if given is not None and not isinstance(given, Mapping):
            raise ConfigurationError(f"{argument} must be a mapping of route names, not {type(given).__name__}")
        for name in given or ():
            if name not in routes:
                there = ", ".join(sorted(routes))
                raise ConfigurationError(f"{argument}: there is no route {name!r}; there are {there}")
    for name, seconds in (timeouts or {}).items():
        routes[name] = msgspec.structs.replace(routes[name], timeout=checked_timeout(seconds, f"timeouts[{name!r}]"))
    for name, text in (changes or {}).items():
        if not isinstance(text, str):
            raise ConfigurationError(f"routes[{name!r}] must be a str like 'POST transactions/acknowledge'")
        match = re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) /?((?:[\w/.~-]|\{\w+\})+)", text)
        if match is None or any(part in ("", ".", "..") for part in match[2].split("/")):
            raise ConfigurationError(f"routes[{name!r}] = {text!r}: write it like 'POST transactions/acknowledge'")
        known = re.findall(r"\{\w+\}", routes[name].path)
        for placeholder in re.findall(r"\{\w+\}", match[2]):
            if placeholder not in known:
                raise ConfigurationError(
                    f"routes[{name!r}]: {placeholder} is not known here; what may stand in braces is "
                    f"{', '.join(known) or 'nothing'}"
                )
        missing = [placeholder for placeholder in known if placeholder not in match[2]]
        if missing and missing != ["{acknowledgement_id}"]:  # which may go into the body instead
            raise ConfigurationError(f"routes[{name!r}] = {text!r}: without {missing[0]} it would be another endpoint")
        routes[name] = msgspec.structs.replace(routes[name], method=match[1], path=match[2])
    return MappingProxyType(routes)


def checked_timeout(seconds: object, name: str) -> float:
    """A timeout in seconds, above 0. ConfigurationError for others (to aiohttp 0 would mean none at all)."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{name}={seconds!r}: give seconds, above 0")
    return float(seconds)


def segment(value: str, name: str) -> str:
    """One percent-encoded segment of a path. ConfigurationError where the value would leave its place."""
    forbidden = r"[\x00-\x20\x7f]" if name in _OPAQUE else r"[/\\\x00-\x20\x7f]"
    if not isinstance(value, str) or not value or value in (".", "..") or re.search(forbidden, value):
        raise ConfigurationError(f"{name}={value!r} is no id: it must not be empty, a dot or hold a slash")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise ConfigurationError(f"{name} holds a character that is no valid Unicode") from None
