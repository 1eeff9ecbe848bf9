"""Moving from version 5 of the API to version 6: what changed, as data; payloads; and where a program shows it.

`CHANGES` holds every change the vendor announced, one row each. `convert` gives a payload of version 5 the names of
version 6. `scan` finds the places in a source tree, of any language, that a move to version 6 has to touch.

What is said of version 6 is documented by the vendor. Where a row says "inferred", the name follows from the rules of
version 6 and was not seen anywhere; "seen in public code" means that a program which runs against version 6 uses it.
"""

import codecs
import os
import re
import stat
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from konfipay_async.errors import ConfigurationError

__all__ = ["CHANGES", "LARGEST_FILE", "Change", "Finding", "Kind", "Look", "convert", "scan"]

LARGEST_FILE = 2_000_000
"""Bytes. Larger files are data, or were generated, and are not read."""


class Kind(StrEnum):
    """What changed."""

    ENDPOINT = "endpoint"
    FIELD = "field"
    QUERY = "query"
    SCOPE = "scope"
    BEHAVIOUR = "behaviour"
    FORMAT = "format"


@dataclass(frozen=True, slots=True)
class Change:
    """One change from version 5 to version 6.

    `before` is how version 5 has it and `after` how version 6 does; paths are relative to ``api/v5`` and ``api/v6``.
    `section` is the part of the vendor's announcement it belongs to. `find` is the regular expression of its traces in
    source text; its named group, where it has one, is the trace itself.
    """

    kind: Kind
    before: str
    after: str
    reason: str
    section: str
    find: str

    def as_dict(self) -> dict[str, str]:
        """All but the expression, as `--json` prints it."""
        return {
            "kind": self.kind.value,
            "before": self.before,
            "after": self.after,
            "reason": self.reason,
            "section": self.section,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """A place in a file, counted from line 1 and column 1 (characters), that shows a change.

    `found` is the trace alone: a path, a name. What else is on the line may be a key or an IBAN, and is not kept.
    """

    path: Path
    line: int
    column: int
    found: str
    change: Change

    def as_dict(self) -> dict[str, str | int]:
        """As `--json` prints it."""
        return {
            "path": str(self.path),
            "line": self.line,
            "column": self.column,
            "found": self.found,
            **self.change.as_dict(),
        }


class Look(Enum):
    """What became of a file that `scan` came across."""

    READ = "read"
    NO_TEXT = "it is no text"
    TOO_LARGE = "it is too large"
    UNREADABLE = "it cannot be read"


# --- what leaves traces ----------------------------------------------------------------------------------------------
#
# Few of the old names are rare words. So each expression wants them where a client has them: paths behind `api/v5/`, a
# quote and a slash, or the call of an HTTP method; query names behind `?` or `&` or as quoted keys; fields as whole
# words. And all of them are looked for only in files that talk to konfipay (see _talks_of_version_5).

_API = r"(?i:api)/(?:v[1-5](?:\.\d)?|v?[#$]?\{[^{}\n]{1,40}\}|%s)/"
_CALL = r"(?i:get|post|put|delete|patch|send|request)\w{0,20}\([^\"'`\n)]{0,60}[\"'`]/?"
_FILES = r"(?<![\w-])(?P<path>(?i:Document/(?:Camt|MT\w{0,4})))(?!\w)"
_UPLOADS = r"(?i:Payment/(?:Sepa/(?:Container|Pain|DTAZV)|ISO20022/Pain))"
_ORDERS = r"(?i:Payment/Custom/Windata/Ccft)"
_ITEM_AHEAD = r"(?=/[^\n]{0,120}?/item\b)"


def _path(words: str) -> str:
    """A path that is rare enough to stand by itself."""
    return rf"(?<![\w-])(?P<path>(?i:{words}))(?![\w-])"


def _root(words: str) -> str:
    """A path of one common word: `Payment` is one only behind something that says so."""
    return (
        rf"(?:{_API}(?=(?i:{words}))|[\"'`}}]/(?={words})|[\"'`](?=(?:{words})[/?])|{_CALL}(?={words}))"
        rf"(?P<path>(?i:{words}))(?![\w-])"
    )


def _sent_by(methods: str, path: str) -> str:
    """A path on one line with the HTTP method, before or after it."""
    method = rf"(?i:\b(?:{methods}))"
    return (
        rf"{method}\w{{0,20}}\b[^\n]{{0,120}}?(?<=[\"'`/}}])(?P<behind>{path})(?![\w-])"
        rf"|(?<=[\"'`/}}])(?P<before>{path})(?![\w-])[^\n]{{0,120}}?{method}\b"
    )


def _query(words: str, *, also: str = r"(?!)") -> str:
    """A query name in an address, or as a quoted key; `also` is what else may stand before it."""
    return rf"(?:[?&](?=\w+=)|[\"'](?=\w+[\"']\]?\s*(?:=>|[:=,]))|{also})(?P<name>{words})(?!\w)"


def _field(name: str) -> str:
    """A field of JSON, or the property a class has for it."""
    return rf"(?<!\w)(?P<field>[{name[0]}{name[0].upper()}]{name[1:]})(?!\w)"


def _scope(name: str) -> str:
    """A scope's name behind the word scope: in a list, a string, a call, or as its member."""
    return (
        r"(?i:scopes?)(?:\.|::|[\"'\])]*\s*(?:=>|[:=(])\s*(?:[\[({][^\]});]{0,400}?|[^\n;]{0,80}?)"
        rf"[\"'](?:\w+[ ,]+){{0,12}})(?P<scope>{name})(?![\w/])"
    )


# --- the changes -----------------------------------------------------------------------------------------------------

# By section of the announcement: kind, version 5, version 6, what finds it, and the reason.
_SECTIONS: dict[str, tuple[tuple[Kind, str, str, str, str], ...]] = {
    "Version": (
        (
            Kind.ENDPOINT,
            "api/v5",
            "api/v6",
            r"(?i:api)/(?P<version>v[1-5](?:\.\d)?)/?(?=[\"'`\s)]|$)|[\"'](?P<word>v5(?:\.0)?)[\"']",
            "Version 5 still answers, so calls can move one by one. Links in answers may say v6.0.",
        ),
    ),
    "Paging": (
        (
            Kind.BEHAVIOUR,
            "a list comes whole",
            "pages of 100 rows; page-size up to 1000, page-number from 1 to totalPages",
            r"(?<![\w-])(?P<path>(?i:(?:Document/(?:Camt|MT\w{0,4})|PayPal/(?:Transaction|Account))(?:/History)?))"
            r"(?=[\"'`?#{$\s]|$)",
            "Every list is paged: a client that reads one page loses the rest. The announcement writes pageSize and "
            "pageNumber, programs that run send page-size and page-number. An empty list is 204 without a body.",
        ),
        (
            Kind.FIELD,
            "documentItems",
            "results",
            _field("documentItems"),
            "Rows lie in results, beside pageNumber, pageSize, totalPages, totalItems and links; the element around "
            "a list is gone.",
        ),
    ),
    "Rate limiting": (
        (
            Kind.BEHAVIOUR,
            "no limit of requests",
            "100 public and 1000 authenticated requests a minute",
            r"(?P<host>portal\.konfipay\.de)(?:/api(?:/v\d(?:\.\d)?)?)?/?(?=[\"'`\s)]|$)",
            "Holds for all versions of the API. More are answered with 429 until, at the latest, a minute has gone by.",
        ),
    ),
    "Data formats": (
        (
            Kind.FORMAT,
            "JSON or XML (application/xml, text/xml)",
            "JSON (application/json)",
            r"(?<![\w/])(?P<format>(?:application|text)/xml|ErrorItemContainer)(?!\w)",
            "XML is neither taken nor given. Payment files themselves remain XML: public code still uploads them raw, "
            "as application/xml.",
        ),
    ),
    "Renamed fields": (
        (
            Kind.FIELD,
            "relatedPaymentItems",
            "relatedPayments",
            _field("relatedPaymentItems"),
            "The word Item is gone from all names.",
        ),
        (Kind.FIELD, "errorItems", "errors", _field("errorItems"), "The word Item is gone from all names."),
        (Kind.FIELD, "errorItem", "error", _field("errorItem"), "The word Item is gone from all names."),
        (
            Kind.FIELD,
            "paymentInfoItems",
            "paymentInfos",
            _field("paymentInfoItems"),
            "The word Item is gone from all names.",
        ),
        (
            Kind.FIELD,
            "paymentStatusItem",
            "status",
            _field("paymentStatusItem"),
            "One name for the status of all things; the status inside it is statusValue.",
        ),
        (
            Kind.FIELD,
            "documentStatusItem",
            "status",
            _field("documentStatusItem"),
            "One name for the status of all things; the status inside it is statusValue.",
        ),
        (
            Kind.FIELD,
            "status (in paymentStatusItem, documentStatusItem)",
            "statusValue",
            r"(?:[pP]ayment|[dD]ocument)StatusItem\W{1,40}(?P<field>[sS]tatus)(?!\w)",
            "The element around it is called status now.",
        ),
        (
            Kind.FIELD,
            "other names with Item or Items",
            "the same without Item",
            r"[\"'](?P<field>(?!(?:error|paymentInfo|paymentStatus|documentStatus|relatedPayment|document|total)Items?"
            r"[\"'])[a-z]\w*Items?)[\"']",
            "The word Item is gone from all names. Where it named the element around a list, the rows lie in results.",
        ),
        (
            Kind.FORMAT,
            "InvalidStartDate, InvalidEndDate",
            "InvalidMinDate, InvalidMaxDate",
            r"(?<!\w)(?P<name>Invalid(?:Start|End)Date)(?!\w)",
            "Names of errors follow the query names; their codes, ERR-01-0004 and ERR-01-0005, stay: compare these.",
        ),
    ),
    'Endpoints: "item" removed': (
        (
            Kind.ENDPOINT,
            "GET Document/Camt/{rid}/item",
            "GET transaction-files/{rid}",
            _FILES + _ITEM_AHEAD,
            "What describes a file is the resource itself; the file is below it, at content.",
        ),
        (
            Kind.ENDPOINT,
            "GET Payment/Sepa/Pain/{rid}/item",
            "GET payment-files/{rid}",
            rf"(?<![\w-])(?P<path>{_UPLOADS}){_ITEM_AHEAD}",
            "One endpoint tells of payment files of all formats.",
        ),
        (
            Kind.ENDPOINT,
            "…/{rid}/item",
            "…/{rid}",
            r"(?<![\w-])(?P<path>(?!(?i:Document/(?:Camt|MT)|Payment/(?:Sepa|ISO20022)/))"
            r"(?:Document|Payment|PayPal|BankAccount|ExchangeRates?|PaymentProvider|UserGroup|User|Account|Bank)"
            rf"(?:/\w+)?){_ITEM_AHEAD}",
            "A resource is named by its id alone.",
        ),
    ),
    "Endpoints: plurals": (
        (
            Kind.ENDPOINT,
            "Payment",
            "payments",
            _root("Payment(?!/(?i:Sepa|ISO20022|Custom))"),
            "Resources are plurals. payments are single orders; files are under payment-files.",
        ),
        (Kind.ENDPOINT, "Account", "accounts", _root("Account"), "Resources are plurals (this one inferred)."),
        (Kind.ENDPOINT, "Bank", "banks", _root("Bank"), "Resources are plurals (this one inferred)."),
        (Kind.ENDPOINT, "User", "users", _root("User"), "Resources are plurals (this one inferred)."),
    ),
    "Endpoints: lower case and hyphens": (
        (
            Kind.ENDPOINT,
            "ExchangeRates",
            "exchange-rates",
            _root("ExchangeRates?"),
            "Paths are in lower case, words are joined by hyphens.",
        ),
        (
            Kind.ENDPOINT,
            "PaymentProvider",
            "payment-providers",
            _root("PaymentProvider"),
            "Paths are plurals in lower case, words are joined by hyphens (this one inferred).",
        ),
        (
            Kind.ENDPOINT,
            "UserGroup",
            "user-groups",
            _root("UserGroup"),
            "Paths are plurals in lower case, words are joined by hyphens (this one inferred).",
        ),
        (
            Kind.ENDPOINT,
            "PayPal/Transaction",
            "paypal/transactions",
            _path("PayPal/Transaction"),
            "Paths are plurals in lower case; paypal stays one word.",
        ),
        (
            Kind.ENDPOINT,
            "PayPal/Account",
            "paypal/accounts",
            _path("PayPal/Account"),
            "Paths are plurals in lower case (this one inferred); paypal stays one word.",
        ),
    ),
    "Query parameters": (
        (
            Kind.QUERY,
            "forceUpdate",
            "force-update",
            _query("forceUpdate", also=r"\b(?=forceUpdate\s*[:=])"),
            "Query names are in lower case, words are joined by hyphens.",
        ),
        (
            Kind.QUERY,
            "start",
            "min-date",
            _query("start"),
            "One pair of names bounds a period everywhere; where the booking date is meant it is min-booking-date "
            "(seen in public code).",
        ),
        (
            Kind.QUERY,
            "end",
            "max-date",
            _query("end"),
            "One pair of names bounds a period everywhere; where the booking date is meant it is max-booking-date "
            "(seen in public code).",
        ),
        (
            Kind.QUERY,
            "other names in camelCase",
            "lower-case-with-hyphens",
            r"[?&](?P<name>(?!(?:forceUpdate|pageNumber|pageSize)=)[a-z]+(?:[A-Z][a-z0-9]*)+)=",
            "Query names are in lower case, words are joined by hyphens. Fields of JSON stay in camelCase.",
        ),
    ),
    "Acknowledgement": (
        (
            Kind.BEHAVIOUR,
            "fetching something marks it as retrieved",
            "it stays new until it is acknowledged by a request of its own",
            r"(?<![\w-])(?P<path>(?i:Document/(?:Camt|MT\w{0,4})|PayPal/Transaction))"
            r"(?=/(?!History\b)(?![^\n]{0,160}?(?:/(?i:item|acknowledge)\b|ack=false)))",
            "Acknowledge after what was fetched is safely stored. A client that does not gets the same rows each time.",
        ),
        (
            Kind.QUERY,
            "ack=false",
            "nothing: leave it out",
            _query("ack", also=r"\b(?=ack\s*[:=]\s*[\"']?(?i:true|false)\b)"),
            "Fetching never acknowledges, so there is nothing to switch off.",
        ),
        (
            Kind.ENDPOINT,
            "POST Document/Camt/{rid}/Acknowledge",
            "POST transaction-files/{rid}/acknowledge",
            _FILES + r"(?=/[^\n]{0,120}?/(?i:acknowledge)\b)",
            "What could be done is what must be done (path inferred).",
        ),
    ),
    "Filters and search": (
        (
            Kind.ENDPOINT,
            "GET …/History?start=&end=",
            "the same list, with min-date and max-date",
            r"(?<![\w-])(?P<path>(?i:(?:Document|PayPal)(?:/\w+){0,2}/History))(?!\w)",
            "One list for new and for old rows; filters say which. There are more of them: amounts, accounts, texts.",
        ),
        (
            Kind.BEHAVIOUR,
            "a list without History holds what is new",
            "a list without filters holds everything; is-new=true asks for what is new",
            r"(?<![\w-])(?P<path>(?i:Document/(?:Camt|MT\w{0,4})|PayPal/Transaction))(?=[\"'`?#{$\s]|$)",
            "One list for new and for old rows; filters say which, and can be combined (the name is-new is inferred).",
        ),
    ),
    "Authentication: the client is mandatory": (
        (
            Kind.FIELD,
            "apiKey alone",
            'apiKey and client: {"name": …, "version": …}',
            r"(?:[\"'](?=apiKey[\"'])|\{\s*(?=apiKey\b)|\b(?=apiKey:))(?P<field>apiKey)"
            r"(?![\s\S]{0,300}?(?:[\"']client[\"']|\b[cC]lient(?::|\s*=\s*new\s*\w*\s*\{)))",
            "A login without client was taken until version 5, and is refused from version 6 on.",
        ),
    ),
    "Authentication: no cookies": (
        (
            Kind.ENDPOINT,
            "POST Auth/Login",
            "POST authentication/token",
            r"(?<![\w-])(?P<path>(?i:Auth/Login))(?!/Token|/token|[\w-])",
            "There is no login by cookie any more.",
        ),
        (
            Kind.BEHAVIOUR,
            "a cookie keeps the session",
            "Authorization: Bearer <accessToken>",
            r"(?<!\w)(?P<name>CookieContainer|CookieJar|cookiejar|UseCookies|withCredentials|Set-Cookie|cookies(?=\s*=))"
            r"(?!\w)",
            "Only bearer tokens authenticate; one lives 1800 seconds.",
        ),
    ),
    "Authentication: endpoints": (
        (
            Kind.ENDPOINT,
            "POST Auth/Login/Token",
            "POST authentication/token",
            _path("Auth/Login/Token"),
            "Endpoints of authentication have new names.",
        ),
        (
            Kind.ENDPOINT,
            "Auth/Logout",
            "POST authentication/token/revoke",
            _path("Auth/Logout"),
            "Revokes the token in use (method inferred).",
        ),
        (
            Kind.ENDPOINT,
            "GET Auth/Scope",
            "GET authentication/scopes",
            _path("Auth/Scope(?!/All)"),
            "What the key in use may do.",
        ),
        (
            Kind.ENDPOINT,
            "GET Auth/Scope/All",
            "GET authentication/scopes/all",
            _path("Auth/Scope/All"),
            "All scopes there are.",
        ),
    ),
    "Authentication: scopes": (
        *(
            (Kind.SCOPE, old, f"{old}s", _scope(old), "Scopes are plurals.")
            for old in (
                *("Account", "Bank", "BankAccount", "Payment", "ExchangeRate"),
                *("PaymentProvider", "User", "UserGroup"),
            )
        ),
        (
            Kind.SCOPE,
            "PaymentStatus",
            "Payments",
            _scope("PaymentStatus"),
            "The status is part of Payments. A key made through version 5 gets Payments instead.",
        ),
        (
            Kind.SCOPE,
            "Document",
            "Documents and Transactions",
            _scope("Document"),
            "Split, as the endpoints were. A key made through version 5 gets both.",
        ),
        (
            Kind.BEHAVIOUR,
            "Auth/Scope answers with the old names",
            "authentication/scopes answers with the new names",
            _path("Auth/Scope(?:/All)?"),
            "Each version answers with its own names, whichever the key was made with.",
        ),
    ),
    "Bank accounts: currency": (
        (
            Kind.ENDPOINT,
            "BankAccount",
            "bank-accounts",
            _root("BankAccount"),
            "Paths are plurals in lower case, words are joined by hyphens.",
        ),
        (
            Kind.FIELD,
            "POST, PUT BankAccount without currency",
            "POST, PUT bank-accounts with currency",
            _sent_by("post|put", "BankAccount"),
            "New: the currency belongs to an account. An IBAN and its currency name it, the IBAN alone does not.",
        ),
    ),
    "Bank accounts: asynchronous deletion": (
        (
            Kind.BEHAVIOUR,
            "DELETE BankAccount/{rid}: the account is gone with the answer",
            "DELETE bank-accounts/{rid}: the answer is an operation that was scheduled",
            _sent_by("delete", "BankAccount"),
            "The answer holds rId, statusCode, statusName, details and operationStatusUrl (path inferred).",
        ),
    ),
    "Bank accounts: status of a deletion": (
        (
            Kind.ENDPOINT,
            "no status of a deletion",
            "GET delete/status/{rid}",
            _sent_by("delete", "BankAccount"),
            "New: follow operationStatusUrl until statusName is Finished, or says that it failed.",
        ),
    ),
    "Bank accounts: activation": (
        (
            Kind.FIELD,
            "POST, PUT BankAccount without isActive",
            "POST, PUT bank-accounts with isActive",
            _sent_by("post|put", "BankAccount"),
            "New: inactive accounts are left out of everything automatic, and no payment can be made from them.",
        ),
    ),
    "Documents and transactions: endpoints": (
        (
            Kind.ENDPOINT,
            "GET Document/Camt",
            "GET transaction-files",
            _path(r"Document/Camt(?!/)"),
            "Files of accounts have a resource of their own, apart from other documents.",
        ),
        (
            Kind.ENDPOINT,
            "GET Document/MT",
            "GET transaction-files?format=…",
            _path(r"Document/MT\w{0,4}(?!/)"),
            "camt and MT94x lie in one list; a filter tells them apart (name and values 53, 52, 54, 940, 942 seen in "
            "public code).",
        ),
        (
            Kind.ENDPOINT,
            "GET Document/Camt/{rid}",
            "GET transaction-files/{rid}/content?base64-encoded=false",
            _FILES + r"(?=/(?!History\b)(?![^\n]{0,120}?/(?i:item|acknowledge)\b))",
            "The file itself (path seen in public code).",
        ),
        (
            Kind.ENDPOINT,
            "Document",
            "documents",
            _root("Document(?!/(?i:Camt|MT))"),
            "Other files of a bank stay documents (path inferred).",
        ),
        (
            Kind.BEHAVIOUR,
            "the client reads bookings out of camt and MT94x files",
            "GET transactions",
            r"(?<!\w)(?P<name>(?i:camt_?parser)|(?i:mt94\w_?parser)|tech:xsd:camt\.05\d)",
            "New: konfipay hands out bookings as JSON. The files remain, under transaction-files.",
        ),
    ),
    "Documents and transactions: acknowledgement": (
        (
            Kind.BEHAVIOUR,
            "one acknowledgement for each file",
            "transactions: one acknowledgementId for each page, for an hour",
            _FILES + r"(?=/[^\n]{0,120}?/(?i:acknowledge)\b)",
            "Bookings are acknowledged by the page they came with: POST transactions/{acknowledgementId}/acknowledge "
            "(path inferred). Files still go one by one.",
        ),
    ),
    "Documents and transactions: sequence numbers": (
        (
            Kind.FIELD,
            "LglSeqNb, ElctrncSeqNb inside the file",
            "legalSequenceNumber, electronicSequenceNumber of the transaction file",
            r"(?<!\w)(?P<name>LglSeqNb|ElctrncSeqNb)(?!\w)",
            "New: the list has the numbers of a statement, where the bank gave them.",
        ),
    ),
    "Documents and transactions: bank account": (
        (
            Kind.QUERY,
            "iban",
            "bank-account-rid",
            # As a quoted key it is a field as well: a query only behind something that says so.
            r"(?:[?&](?=iban=)|(?i:param|query|filter)\w*[^;}]{0,200}?[\"'](?=iban[\"']\]?\s*(?:=>|[:=,])))"
            r"(?P<name>iban)(?!\w)",
            "Accounts in several currencies share an IBAN (name seen in public code).",
        ),
        (
            Kind.FIELD,
            "iban (of a document)",
            "bankAccount: rId, iban, currency",
            r"[\[(]\s*[\"'](?P<field>iban)[\"']\s*[\])]",
            "Accounts in several currencies share an IBAN: rId tells them apart.",
        ),
    ),
    "Payments: overview": (
        (
            Kind.ENDPOINT,
            "no list of payment files",
            "GET payment-files, by purpose, payment-type, status and dates",
            rf"(?<![\w-])(?P<path>{_UPLOADS}){_ITEM_AHEAD}|(?<![\w-])(?P<status>PaymentStatus)(?=/)",
            "New: many files need not be asked for one by one.",
        ),
    ),
    "Payments: one endpoint for files": (
        *(
            (
                Kind.ENDPOINT,
                f"POST {path}",
                "POST payment-files",
                _path(path) + r"(?!/[^\n]{0,120}?/item\b)",
                "The format is recognised; the query scope overrides that.",
            )
            for path in ("Payment/Sepa/Container", "Payment/Sepa/Pain", "Payment/ISO20022/Pain", "Payment/Sepa/DTAZV")
        ),
    ),
    "Payments: files that wait": (
        (
            Kind.BEHAVIOUR,
            "a file is sent to the bank at once",
            "the same, or with submit=false stored, and sent by POST payment-files/{rid}/submit",
            _sent_by("post", _UPLOADS),
            "New: a file can be held back. One that was sent is not sent again without force=true, which is for files "
            "the bank rejected (the name submit is seen in public code).",
        ),
    ),
    "Payments: extraction": (
        (
            Kind.ENDPOINT,
            "the client takes files apart",
            "POST payment-files/extract",
            r"(?<!\w)(?P<name>CdtTrfTxInf|DrctDbtTxInf)(?!\w)",
            "New: the payments of a file become open orders with a common batch, and nothing is sent.",
        ),
    ),
    "Payments: orders, formerly ccft": (
        (
            Kind.ENDPOINT,
            "POST Payment/Custom/Windata/Ccft",
            "POST payments, then POST payments/submit",
            _path("Payment/Custom/Windata/Ccft"),
            "Payments are open orders first. Nothing goes to the bank before submit names them, in paymentRids.",
        ),
    ),
    "Payments: list of orders": (
        (
            Kind.ENDPOINT,
            "no list of orders",
            "GET payments, by batch-rid and status",
            _sent_by("get", _ORDERS),
            "New: an order is open while it is in no file.",
        ),
    ),
    "Payments: one order": (
        (
            Kind.ENDPOINT,
            "Payment/Custom/Windata/Ccft/{rid}",
            "GET payments/{rid}",
            rf"(?<![\w-])(?P<path>{_ORDERS})(?=/)",
            "New: batch, transaction, both accounts, and the file where there is one.",
        ),
    ),
    "Payments: deletion of orders": (
        (
            Kind.ENDPOINT,
            "orders cannot be deleted",
            "DELETE payments/{rid}",
            _sent_by("delete", _ORDERS),
            "New, and only while no file was made of the order.",
        ),
    ),
    "Payments: exact formats": (
        (
            Kind.FORMAT,
            '"pain", "container", "dtazv"',
            '"pain.001", "pain.008", …',
            r"[\"'](?P<format>pain|container|dtazv)[\"']",
            "Answers name the exact format: a comparison with the old words is never true again.",
        ),
        (
            Kind.FIELD,
            "type (of a payment file)",
            "format",
            r"(?<!\w)(?P<field>[tT]ype)(?!\w)\W{1,20}(?:pain|container|dtazv)[\"']",
            "Named as with all other files.",
        ),
        (
            Kind.FIELD,
            "a payment file is the answer",
            '{"paymentInfo": {…}}',
            _field("paymentStatusItem"),
            "Payment files lie in paymentInfo, with format, executionDate and paymentType.",
        ),
    ),
    "Payments: one collection per file": (
        (
            Kind.BEHAVIOUR,
            "a file may hold several PmtInf",
            "one PmtInf in each file",
            r"(?<!\w)(?P<name>PmtInf)(?!\w)",
            "Files with more than one are refused: send one file for each.",
        ),
    ),
    "PayPal: sandbox accounts": (
        (
            Kind.FIELD,
            "a PayPal account without isSandbox",
            "isSandbox",
            r"(?<!\w)(?P<field>[sS]tartFetchDate)(?!\w)|" + _sent_by("post|put", "PayPal/Account"),
            "New: an account in PayPal's sandbox; false if left out.",
        ),
    ),
    "Removed endpoints": (
        (
            Kind.ENDPOINT,
            "GET PaymentStatus/{rid}",
            "GET payment-files/{rid}",
            r"(?<![\w-])(?P<path>PaymentStatus)(?=/)",
            "Payment files of all formats have one endpoint, which tells their status.",
        ),
    ),
}

CHANGES: tuple[Change, ...] = tuple(
    Change(kind, before, after, reason, section, find)
    for section, rows in _SECTIONS.items()
    for kind, before, after, find, reason in rows
)
"""Every change from version 5 to version 6, in the order of the vendor's announcement."""


# --- payloads --------------------------------------------------------------------------------------------------------

_STATUS_ITEMS = frozenset({"paymentStatusItem", "documentStatusItem"})
# Version 6 has this one, in the wrapper of its pages.
_STAYS = frozenset({"totalItems"})
# These name a list inside something else, or of something else than rows.
_NO_ROWS = frozenset({"errorItems", "relatedPaymentItems", "paymentInfoItems", "totalItems"})
_ROWS = re.compile(r"[a-z]\w*Items")
_ITEM = re.compile(r"(?<=[a-z0-9])Item(?=s?$|s?[A-Z])")
_STATUS_VALUE = re.compile(r"(?:KON|FIN)_[A-Z_]+")
_OLD_FORMATS = frozenset({"pain", "container", "dtazv"})


def convert(payload: Any) -> Any:
    """A payload of version 5 with the names of version 6.

    Takes what a JSON decoder gives: dicts, lists and values, which are passed on as they are, whatever their type. The
    argument is left alone. A list in an element of its own (``{"documentItems": […]}``) becomes the list; the names
    with "Item" lose it; ``paymentStatusItem`` and ``documentStatusItem`` become ``status``, and the status inside, and
    any other status of a payment file, ``statusValue``; the ``type`` of a payment file becomes ``format``.

    Names only: values keep their old spelling (``"pain"``, links to ``api/v5.0``), and what version 6 builds anew
    (``paymentInfo``, ``bankAccount``, the wrapper of a page) is not made up. No field is lost: where the new name is
    taken already, the old one stays. A payload of version 6 comes back equal.
    """
    if isinstance(payload, dict) and len(payload) == 1:
        ((name, rows),) = payload.items()
        if isinstance(rows, list) and name not in _NO_ROWS and _ROWS.fullmatch(name):
            return _converted(rows)
    return _converted(payload)


def _converted(value: Any, *, is_status: bool = False) -> Any:
    if isinstance(value, list):
        return [_converted(element) for element in value]
    if not isinstance(value, dict):
        return value
    inside = {name: _converted(field, is_status=name in _STATUS_ITEMS) for name, field in value.items()}
    # One new name may make room for another.
    while (renamed := _renamed(inside, is_status)).keys() != inside.keys():
        inside = renamed
    return inside


def _renamed(fields: Mapping[str, Any], is_status: bool) -> dict[str, Any]:
    taken = set(fields)
    renamed = {}
    for name, value in fields.items():
        new = _new_name(name, value, is_status)
        if new in taken:
            new = name
        taken.add(new)
        renamed[new] = value
    return renamed


def _new_name(name: str, value: Any, is_status: bool) -> str:
    if name in _STATUS_ITEMS:
        return "status"
    if name == "status" and (is_status or (isinstance(value, str) and _STATUS_VALUE.fullmatch(value))):
        return "statusValue"
    if name == "type" and isinstance(value, str) and value.lower() in _OLD_FORMATS:
        return "format"
    return name if name in _STAYS else _ITEM.sub("", name)


# --- source trees ----------------------------------------------------------------------------------------------------

# Version control, dependencies, caches. Virtual environments are known by what lies in them.
_SKIPPED = frozenset(
    {
        *(".git", ".hg", ".svn", ".bzr", "CVS", "node_modules", "bower_components", "site-packages", "__pycache__"),
        *(".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".eggs", ".gradle", ".terraform"),
    }
)
# Old names that nobody else has.
_OLD = re.compile(
    r"(?<![\w-])(?:Document/(?:Camt|MT(?:94\w)?)|Payment/(?:Sepa/(?:Pain|Container|DTAZV)|ISO20022/Pain"
    r"|Custom/Windata/Ccft)|Auth/Login/Token"
    r"|api/v[1-5](?:\.\d)?/(?:BankAccount|PaymentStatus|ExchangeRates?|PaymentProvider|PayPal/Transaction))(?!\w)"
    r"|[\"'](?:(?:payment|document)StatusItem|relatedPaymentItems|paymentInfoItems)[\"']"
)
_NAMED = re.compile(r"(?i)konfipay")
_NEW = re.compile(r"(?i)api/v6|konfipay[_-]async")
_BINARY_LOOK = 8192


def scan(path: str | os.PathLike[str], *, watch: Callable[[Path, Look], None] | None = None) -> Iterator[Finding]:
    """Every place in a source tree, or in one file, that shows a change; files in the order of their names.

    Only text files of at most `LARGEST_FILE` bytes are read, in whatever encoding; version control, virtual
    environments, dependencies and caches are passed by, and links are not followed. `watch` is told of every file that
    was come across. A file counts when it talks to konfipay in the words of version 5: it holds a path or a field that
    nobody else has, or it (or its path) names konfipay and nothing in it is of version 6. So one that has been moved is
    silent. What is computed at run time cannot be seen.

    Raises ConfigurationError at once for a path that is neither a file nor a folder, or cannot be read.
    """
    root = Path(path)
    try:
        mode = root.stat().st_mode
        if stat.S_ISDIR(mode):
            with os.scandir(root):
                pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no path"
        raise ConfigurationError(f"{path}: cannot be scanned ({reason}); give a file or a folder") from None
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise ConfigurationError(f"{path}: cannot be scanned (neither a file nor a folder); give one of these")
    return _scan(root, stat.S_ISDIR(mode), watch or (lambda file, look: None))


def _scan(root: Path, is_folder: bool, watch: Callable[[Path, Look], None]) -> Iterator[Finding]:
    for file in _files(root, watch) if is_folder else (root,):
        text, look = _text(file)
        watch(file, look)
        if look is Look.READ and _talks_of_version_5(file.relative_to(root) if is_folder else file, text):
            yield from _findings(file, text)


def _files(root: Path, watch: Callable[[Path, Look], None]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        watch(Path(error.filename), Look.UNREADABLE)

    for folder, folders, files in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not _is_venv(folder, name))
        for name in sorted(files):
            file = Path(folder, name)
            try:
                # A pipe would be waited for, and what a link leads to is found where it lies.
                if stat.S_ISREG(file.lstat().st_mode):
                    yield file
            except OSError:
                watch(file, Look.UNREADABLE)


def _is_venv(folder: str, name: str) -> bool:
    return os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))


def _text(file: Path) -> tuple[str, Look]:
    try:
        with file.open("rb") as source:
            data = source.read(LARGEST_FILE + 1)
    except OSError:
        return "", Look.UNREADABLE
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    elif b"\0" in data[:_BINARY_LOOK]:
        return "", Look.NO_TEXT
    elif len(data) > LARGEST_FILE:
        return "", Look.TOO_LARGE
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            # Any of the 8-bit encodings: what is looked for is the same in all of them.
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n"), Look.READ


def _talks_of_version_5(place: Path, text: str) -> bool:
    if _OLD.search(text):
        return True
    return bool(_NAMED.search(text) or _NAMED.search(str(place))) and not _NEW.search(text)


def _findings(file: Path, text: str) -> list[Finding]:
    starts = [0, *(newline.end() for newline in re.finditer("\n", text))]
    found = []
    for pattern, change in _patterns():
        for match in pattern.finditer(text):
            group = match.lastgroup or 0
            line = bisect_right(starts, match.start(group))
            column = match.start(group) - starts[line - 1] + 1
            found.append(Finding(file, line, column, match[group], change))
    # At one place, what to write comes before what to think of.
    return sorted(found, key=lambda one: (one.line, one.column, one.change.kind is Kind.BEHAVIOUR))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Change], ...]:
    return tuple((re.compile(change.find, re.MULTILINE), change) for change in CHANGES)
