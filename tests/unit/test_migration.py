"""What changed from version 5: each change with its replacement, payloads converted, source trees searched."""

import os
import re
from collections import Counter
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import konfipay_async
from konfipay_async.errors import ConfigurationError
from konfipay_async.migration import CHANGES, LARGEST_FILE, Change, Finding, Kind, Look, convert, scan

# --- every change ----------------------------------------------------------------------------------------------------

# One for each part of the announcement that tells of a change; "Version" is ours.
SECTIONS = [
    "Version",
    "Paging",
    "Rate limiting",
    "Data formats",
    "Renamed fields",
    'Endpoints: "item" removed',
    "Endpoints: plurals",
    "Endpoints: lower case and hyphens",
    "Query parameters",
    "Acknowledgement",
    "Filters and search",
    "Authentication: the client is mandatory",
    "Authentication: no cookies",
    "Authentication: endpoints",
    "Authentication: scopes",
    "Bank accounts: currency",
    "Bank accounts: asynchronous deletion",
    "Bank accounts: status of a deletion",
    "Bank accounts: activation",
    "Documents and transactions: endpoints",
    "Documents and transactions: acknowledgement",
    "Documents and transactions: sequence numbers",
    "Documents and transactions: bank account",
    "Payments: overview",
    "Payments: one endpoint for files",
    "Payments: files that wait",
    "Payments: extraction",
    "Payments: orders, formerly ccft",
    "Payments: list of orders",
    "Payments: one order",
    "Payments: deletion of orders",
    "Payments: exact formats",
    "Payments: one collection per file",
    "PayPal: sandbox accounts",
    "Removed endpoints",
]

# Kind, a line of a program, the trace in it, and what version 6 must have in its place.
ROWS = [
    ("endpoint", 'api = "https://portal.konfipay.de/api/v5"', "v5", "api/v6"),
    ("behaviour", 'get(base + "/Document/Camt")', "Document/Camt", "pages of 100 rows; page-size up to 1000"),
    ("field", 'rows = answer["documentItems"]', "documentItems", "results"),
    (
        "behaviour",
        'url: "https://portal.konfipay.de"',
        "portal.konfipay.de",
        "100 public and 1000 authenticated requests",
    ),
    ("format", 'headers = {"Accept": "application/xml"}', "application/xml", "JSON (application/json)"),
    ("field", 'answer["relatedPaymentItems"]', "relatedPaymentItems", "relatedPayments"),
    ("field", 'answer["errorItems"]', "errorItems", "errors"),
    ("field", "public Error ErrorItem { get; set; }", "ErrorItem", "error"),
    ("field", "answer.paymentInfoItems.map(show)", "paymentInfoItems", "paymentInfos"),
    ("field", 'answer["paymentStatusItem"]', "paymentStatusItem", "status"),
    ("field", 'answer["documentStatusItem"]', "documentStatusItem", "status"),
    ("field", "file.PaymentStatusItem.Status", "Status", "statusValue"),
    ("field", 'answer["bankAccountItems"]', "bankAccountItems", "the same without Item"),
    ("format", 'if message == "InvalidStartDate":', "InvalidStartDate", "InvalidMinDate, InvalidMaxDate"),
    ("endpoint", '"Document/Camt/" + rid + "/item"', "Document/Camt", "GET transaction-files/{rid}"),
    ("endpoint", 'f"{base}/Payment/Sepa/Pain/{rid}/item"', "Payment/Sepa/Pain", "GET payment-files/{rid}"),
    ("endpoint", 'f"{base}/PayPal/Transaction/{rid}/item"', "PayPal/Transaction", "…/{rid}"),
    ("endpoint", "GET /api/v5/payment", "payment", "payments"),
    ("endpoint", '"/Account"', "Account", "accounts"),
    ("endpoint", 'f"{base}/Bank?blz=10010010"', "Bank", "banks"),
    ("endpoint", 'GetAsync("User")', "User", "users"),
    ("endpoint", '"api/v5/ExchangeRates"', "ExchangeRates", "exchange-rates"),
    ("endpoint", '"/PaymentProvider"', "PaymentProvider", "payment-providers"),
    ("endpoint", '"UserGroup/" + rid', "UserGroup", "user-groups"),
    ("endpoint", '$"api/{version}/PayPal/Transaction"', "PayPal/Transaction", "paypal/transactions"),
    ("endpoint", '"/PayPal/Account"', "PayPal/Account", "paypal/accounts"),
    ("query", 'url + "?forceUpdate=true"', "forceUpdate", "force-update"),
    ("query", '"Document/Camt/History?start=2024-01-01"', "start", "min-date"),
    ("query", 'params = {"from": a, "end": b}', "end", "max-date"),
    ("query", '"?pageCount=10"', "pageCount", "lower-case-with-hyphens"),
    ("behaviour", 'get(f"/Document/Camt/{rid}")', "Document/Camt", "it stays new until it is acknowledged"),
    ("query", 'get(f"/Document/Camt/{rid}?ack=false")', "ack", "nothing: leave it out"),
    (
        "endpoint",
        'post(f"/Document/MT940/{rid}/Acknowledge")',
        "Document/MT940",
        "POST transaction-files/{rid}/acknowledge",
    ),
    (
        "endpoint",
        '"/PayPal/Transaction/History"',
        "PayPal/Transaction/History",
        "the same list, with min-date and max-date",
    ),
    ("behaviour", '"/PayPal/Transaction"', "PayPal/Transaction", "is-new=true asks for what is new"),
    ("field", 'body = {"apiKey": key}', "apiKey", 'apiKey and client: {"name": …, "version": …}'),
    ("endpoint", 'post("/Auth/Login", body)', "Auth/Login", "POST authentication/token"),
    ("behaviour", "handler.CookieContainer = new()", "CookieContainer", "Authorization: Bearer <accessToken>"),
    ("endpoint", 'post("/Auth/Login/Token")', "Auth/Login/Token", "POST authentication/token"),
    ("endpoint", 'get("/Auth/Logout")', "Auth/Logout", "POST authentication/token/revoke"),
    ("endpoint", 'get("/Auth/Scope")', "Auth/Scope", "GET authentication/scopes"),
    ("endpoint", 'get("/Auth/Scope/All")', "Auth/Scope/All", "GET authentication/scopes/all"),
    ("scope", 'scopes = ["Account", "Bank"]', "Account", "Accounts"),
    ("scope", 'scopes = ["Account", "Bank"]', "Bank", "Banks"),
    ("scope", '"scope": "Bank BankAccount"', "BankAccount", "BankAccounts"),
    ("scope", "needs(Scope.Payment)", "Payment", "Payments"),
    ("scope", "Scope::ExchangeRate", "ExchangeRate", "ExchangeRates"),
    ("scope", 'has_scope("PaymentProvider")', "PaymentProvider", "PaymentProviders"),
    ("scope", "scopes: [\n  'User',\n  'UserGroup',\n]", "User", "Users"),
    ("scope", "scopes: [\n  'User',\n  'UserGroup',\n]", "UserGroup", "UserGroups"),
    ("scope", 'Scopes = new[] { "PaymentStatus" }', "PaymentStatus", "Payments"),
    ("scope", "'scopes' => ['Document']", "Document", "Documents and Transactions"),
    ("behaviour", 'get("/Auth/Scope")', "Auth/Scope", "authentication/scopes answers with the new names"),
    ("endpoint", 'url = f"{base}/BankAccount"', "BankAccount", "bank-accounts"),
    ("field", 'client.PostAsync("BankAccount", body)', "BankAccount", "POST, PUT bank-accounts with currency"),
    (
        "behaviour",
        'delete(f"{base}/BankAccount/{rid}")',
        "BankAccount",
        "the answer is an operation that was scheduled",
    ),
    ("endpoint", 'fetch(`${base}/BankAccount/${rid}`, {method: "DELETE"})', "BankAccount", "GET delete/status/{rid}"),
    ("field", "PUT /api/{version}/BankAccount", "BankAccount", "POST, PUT bank-accounts with isActive"),
    ("endpoint", "'api/v4/Document/Camt'", "Document/Camt", "GET transaction-files"),
    ("endpoint", "'api/v5.0/Document/MT'", "Document/MT", "GET transaction-files?format=…"),
    ("endpoint", '"document/camt/" + rid', "document/camt", "GET transaction-files/{rid}/content?base64-encoded=false"),
    ("endpoint", '"/Document/Other"', "Document", "documents"),
    ("behaviour", "from camt_parser import parse", "camt_parser", "GET transactions"),
    (
        "behaviour",
        'post(f"/Document/Camt/{rid}/Acknowledge")',
        "Document/Camt",
        "one acknowledgementId for each page, for an hour",
    ),
    ("field", 'tree.find("ElctrncSeqNb")', "ElctrncSeqNb", "legalSequenceNumber, electronicSequenceNumber"),
    ("query", '"/Document/Camt?iban=" + iban', "iban", "bank-account-rid"),
    ("field", 'row["iban"]', "iban", "bankAccount: rId, iban, currency"),
    (
        "endpoint",
        'f"{base}/PaymentStatus/{rid}"',
        "PaymentStatus",
        "GET payment-files, by purpose, payment-type, status and dates",
    ),
    ("endpoint", '"/Payment/Sepa/Container"', "Payment/Sepa/Container", "POST payment-files"),
    ("endpoint", '"/Payment/Sepa/Pain"', "Payment/Sepa/Pain", "POST payment-files"),
    ("endpoint", '"/Payment/ISO20022/Pain"', "Payment/ISO20022/Pain", "POST payment-files"),
    ("endpoint", '"/Payment/Sepa/DTAZV"', "Payment/Sepa/DTAZV", "POST payment-files"),
    ("behaviour", 'http.post("/Payment/Sepa/Pain")', "Payment/Sepa/Pain", "POST payment-files/{rid}/submit"),
    ("endpoint", "for order in tree.iter('CdtTrfTxInf'):", "CdtTrfTxInf", "POST payment-files/extract"),
    (
        "endpoint",
        '"/Payment/Custom/Windata/Ccft"',
        "Payment/Custom/Windata/Ccft",
        "POST payments, then POST payments/submit",
    ),
    (
        "endpoint",
        'get("/Payment/Custom/Windata/Ccft")',
        "Payment/Custom/Windata/Ccft",
        "GET payments, by batch-rid and status",
    ),
    ("endpoint", 'f"/Payment/Custom/Windata/Ccft/{rid}"', "Payment/Custom/Windata/Ccft", "GET payments/{rid}"),
    (
        "endpoint",
        'delete(f"/Payment/Custom/Windata/Ccft/{rid}")',
        "Payment/Custom/Windata/Ccft",
        "DELETE payments/{rid}",
    ),
    ("format", 'if kind == "pain":', "pain", '"pain.001", "pain.008", …'),
    ("field", '"type": "container"', "type", "format"),
    ("field", 'answer["paymentStatusItem"]', "paymentStatusItem", '{"paymentInfo": {…}}'),
    ("behaviour", 'ET.SubElement(root, "PmtInf")', "PmtInf", "one PmtInf in each file"),
    ("field", '{"startFetchDate": day}', "startFetchDate", "isSandbox"),
    ("endpoint", 'f"{base}/PaymentStatus/{rid}"', "PaymentStatus", "GET payment-files/{rid}"),
]


def found_in(text: str, tmp_path: Path, name: str = "source.txt") -> list[Finding]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return list(scan(file))


def test_every_section_of_the_announcement_has_a_row() -> None:
    assert list(dict.fromkeys(change.section for change in CHANGES)) == SECTIONS


def test_every_change_says_what_comes_instead_and_why() -> None:
    for change in CHANGES:
        assert all(change.as_dict().values()), change
        assert change.reason.endswith(".")
    assert len({(change.kind, change.before, change.section) for change in CHANGES}) == len(CHANGES)


def test_every_change_has_an_example_below() -> None:
    assert [kind for kind, *_ in ROWS] == [change.kind for change in CHANGES]


@pytest.mark.parametrize(
    ("change", "row"), list(zip(CHANGES, ROWS, strict=True)), ids=lambda value: getattr(value, "before", "")
)
def test_a_change_is_found_with_its_replacement(change: Change, row: tuple[str, str, str, str], tmp_path: Path) -> None:
    _, line, trace, after = row
    assert after in change.after
    findings = [one for one in found_in(f"a program for konfipay\n{line}\n", tmp_path) if one.change == change]
    assert findings
    finding = findings[0]
    assert finding.found == trace
    lines = ["a program for konfipay", *line.split("\n")]
    assert lines[finding.line - 1][finding.column - 1 :].startswith(trace)


def test_old_paths_of_the_announcement_have_their_new_ones() -> None:
    table = {change.before: change.after for change in CHANGES if change.kind is Kind.ENDPOINT}
    assert table["POST Auth/Login/Token"] == "POST authentication/token"
    assert table["ExchangeRates"] == "exchange-rates"
    assert table["GET Document/Camt/{rid}/item"] == "GET transaction-files/{rid}"
    assert table["GET PaymentStatus/{rid}"] == "GET payment-files/{rid}"
    new = " ".join(change.after for change in CHANGES if change.kind is Kind.ENDPOINT)
    paths = re.findall(r"(?:GET|POST|PUT|DELETE) ([a-z/{}-]+)(?=[ ,?;]|$)", new)
    assert len(paths) == len(re.findall(r"GET|POST|PUT|DELETE", new)), "a path that is not in lower case with hyphens"


@pytest.mark.parametrize(
    "change", [one for one in CHANGES if one.kind is Kind.FIELD and f"{one.before}{one.after}".isalpha()]
)
def test_fields_are_converted_as_the_table_has_them(change: Change) -> None:
    if change.after != "results":  # of a list of rows
        assert convert({change.before: {"a": 1}}) == {change.after: {"a": 1}}


# --- payloads --------------------------------------------------------------------------------------------------------


def test_a_list_in_an_element_of_its_own_becomes_the_list() -> None:
    row = {"rId": "a", "isNew": True, "format": "camt.053", "href": "api/v5.0/Document/Camt/a"}
    assert convert({"documentItems": [row, row]}) == [row, row]
    assert convert({"documentItems": []}) == []


def test_a_payment_file_gets_the_new_names() -> None:
    old = {
        "rId": "a",
        "type": "pain",
        "paymentStatusItem": {
            "status": "KON_REJECTED",
            "orderID": "A1BC",
            "errorItem": {"errorCode": "ERR-00-0000", "timestamp": "2025-01-08T13:55:50+01:00"},
        },
    }
    assert convert(old) == {
        "rId": "a",
        "format": "pain",
        "status": {
            "statusValue": "KON_REJECTED",
            "orderID": "A1BC",
            "error": {"errorCode": "ERR-00-0000", "timestamp": "2025-01-08T13:55:50+01:00"},
        },
    }


def test_a_status_by_itself_is_known_by_its_value() -> None:
    assert convert({"status": "FIN_CONFIRMED", "orderID": "A1BC"}) == {
        "statusValue": "FIN_CONFIRMED",
        "orderID": "A1BC",
    }
    assert convert({"status": "Completed"}) == {"status": "Completed"}
    assert convert({"documentStatusItem": {"status": "new word"}}) == {"status": {"statusValue": "new word"}}


def test_errors_stay_around_their_list() -> None:
    assert convert({"errorItems": [{"errorCode": "ERR-04-0009"}]}) == {"errors": [{"errorCode": "ERR-04-0009"}]}


def test_values_are_passed_on_as_they_are() -> None:
    amount = Decimal("10.990")
    converted = convert({"payPalTransactionItem": {"amount": amount, "count": 5, "type": "TRF", "none": None}})
    assert converted == {"payPalTransaction": {"amount": amount, "count": 5, "type": "TRF", "none": None}}
    assert converted["payPalTransaction"]["amount"] is amount
    assert str(amount) == "10.990"
    assert convert("documentItems") == "documentItems"
    assert convert(None) is None


@pytest.mark.parametrize(
    "payload",
    [
        {"paymentStatusItem": {"a": 1}, "status": "x"},
        {"paymentStatusItem": {"status": "a", "statusValue": "b"}},
        {"errorItem": 1, "error": 2},
        {"type": "pain", "format": "pain.001"},
        {"paymentStatusItem": 1, "documentStatusItem": 2},
    ],
)
def test_where_the_new_name_is_taken_nothing_is_lost(payload: dict[str, Any]) -> None:
    assert leaves(convert(payload)) == leaves(payload)


V6 = [
    {"pageNumber": 1, "pageSize": 100, "totalPages": 1, "totalItems": 2, "links": [{"rel": "self"}], "results": []},
    {
        "paymentInfo": {
            "rId": "a",
            "format": "pain.001",
            "paymentType": "TRF",
            "status": {"statusValue": "FIN_CONFIRMED"},
        }
    },
    {"batch": {"rId": "a", "numberOfElements": 5}, "transaction": {"type": "TRF", "amount": Decimal(10055)}},
    {
        "results": {
            "acknowledgementId": "a",
            "transactions": [{"document": {"isNew": True}, "bankAccount": {"iban": "x"}}],
        }
    },
    {"rId": "a", "statusCode": 1, "statusName": "Scheduled", "operationStatusUrl": "u", "operationStatusMethod": "GET"},
    [{"errors": [{"errorCode": "ERR-01-0001"}]}],
]


@pytest.mark.parametrize("payload", V6)
def test_a_payload_of_version_6_comes_back_equal(payload: Any) -> None:
    assert convert(payload) == payload


def leaves(value: Any) -> Counter[str]:
    """The values at the ends of a payload, and how many fields there are above them."""
    if isinstance(value, list):
        return sum(map(leaves, value), Counter())
    if isinstance(value, dict):
        return sum(map(leaves, value.values()), Counter({"fields": len(value)}))
    return Counter([repr(value)])


OLD_NAMES = [
    *("errorItems", "errorItem", "paymentInfoItems", "paymentStatusItem", "documentStatusItem", "relatedPaymentItems"),
    *("documentItems", "bankAccountItem", "paymentItemItem", "statusItem", "typeItem", "xItemsItem", "paymentItemId"),
]
NEW_NAMES = [
    *("status", "statusValue", "error", "errors", "type", "format", "totalItems", "results", "items", "item", "Item"),
    *("payment", "bankAccount", "rId", "x", "xs", "paymentInfos"),
]
SCALARS = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(max_size=3)
WORDS = st.sampled_from(["pain", "Container", "KON_REJECTED", "FIN_CONFIRMED", "TRF", "active", ""])


def payloads(names: list[str], words: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner, max_size=5),
        max_leaves=12,
    )


@settings(deadline=None)
@given(payloads(OLD_NAMES + NEW_NAMES, WORDS))
def test_no_value_is_lost_or_made_up(payload: Any) -> None:
    before = deepcopy(payload)
    converted = convert(payload)
    assert payload == before
    unwrapped = isinstance(payload, dict) and isinstance(converted, list)
    assert leaves(converted) + Counter({"fields": int(unwrapped)}) == leaves(payload)


@settings(deadline=None)
@given(payloads(OLD_NAMES + NEW_NAMES, WORDS))
def test_converting_twice_changes_nothing_more(payload: Any) -> None:
    once = convert(payload)
    assert convert(once) == once


@settings(deadline=None)
@given(payloads(NEW_NAMES, st.sampled_from(["pain.001", "TRF", "active"])))
def test_payloads_of_version_6_stay(payload: Any) -> None:
    assert convert(payload) == payload


# --- source trees ----------------------------------------------------------------------------------------------------

PYTHON = '''\
"""Fetch statements from konfipay and send payments."""
import os
import requests

API = "https://portal.konfipay.de/api/v5"


class Payment:
    status: str = "open"


def login(session):
    answer = session.post(f"{API}/Auth/Login/Token", json={"apiKey": os.environ["KONFIPAY_KEY"]})
    session.headers["Authorization"] = "Bearer " + answer.json()["accessToken"]


def statements(session):
    for item in session.get(f"{API}/Document/Camt").json()["documentItems"]:
        yield item["iban"], session.get(f"{API}/Document/Camt/{item['rId']}", params={"ack": "false"}).content
        session.post(f"{API}/Document/Camt/{item['rId']}/Acknowledge")


def pay(session, xml):
    answer = session.post(f"{API}/Payment/Sepa/Pain", data=xml, headers={"Content-Type": "application/xml"})
    if answer.status_code == 400:
        raise RuntimeError(answer.json()["errorItems"][0]["errorMessage"])
    return answer.json()["paymentStatusItem"]["status"]
'''

PYTHON_FINDINGS = {
    5: {"api/v6", "100 public and 1000 authenticated requests a minute"},
    13: {"POST authentication/token", 'apiKey and client: {"name": …, "version": …}'},
    18: {
        "GET transaction-files",
        "results",
        "pages of 100 rows; page-size up to 1000, page-number from 1 to totalPages",
        "a list without filters holds everything; is-new=true asks for what is new",
    },
    19: {
        "GET transaction-files/{rid}/content?base64-encoded=false",
        "it stays new until it is acknowledged by a request of its own",
        "bankAccount: rId, iban, currency",
        "nothing: leave it out",
    },
    20: {
        "POST transaction-files/{rid}/acknowledge",
        "transactions: one acknowledgementId for each page, for an hour",
    },
    24: {
        "POST payment-files",
        "the same, or with submit=false stored, and sent by POST payment-files/{rid}/submit",
        "JSON (application/json)",
    },
    26: {"errors"},
    27: {"status", "statusValue", '{"paymentInfo": {…}}'},
}

CSHARP = """\
using System.Net;
using System.Net.Http;

namespace Acme.Konfipay
{
    public class Payment { public string Status { get; set; } }

    public class AccountClient
    {
        private readonly HttpClient http = new(new HttpClientHandler { CookieContainer = new CookieContainer() });

        public async Task Delete(Guid rid) => await http.DeleteAsync($"api/v5/BankAccount/{rid}");

        public async Task<PayPal> Refresh(Guid rid) =>
            await http.GetFromJsonAsync<PayPal>($"api/v5/PayPal/Transaction/{rid}?forceUpdate=true");

        public async Task<bool> IsDone(Guid rid)
        {
            var file = await http.GetFromJsonAsync<PaymentFile>($"api/v5/PaymentStatus/{rid}");
            return file.PaymentStatusItem.Status == "FIN_CONFIRMED" && file.Type == "pain";
        }

        public Task<Rates> Between(string from, string to) =>
            http.GetFromJsonAsync<Rates>($"api/v5/ExchangeRates?start={from}&end={to}");
    }
}
"""

CSHARP_FINDINGS = {
    10: {"Authorization: Bearer <accessToken>"},
    12: {
        "bank-accounts",
        "GET delete/status/{rid}",
        "DELETE bank-accounts/{rid}: the answer is an operation that was scheduled",
    },
    15: {"paypal/transactions", "force-update", "it stays new until it is acknowledged by a request of its own"},
    19: {"GET payment-files/{rid}", "GET payment-files, by purpose, payment-type, status and dates"},
    20: {"status", "statusValue", '{"paymentInfo": {…}}', '"pain.001", "pain.008", …', "format"},
    24: {"exchange-rates", "min-date", "max-date"},
}


@pytest.mark.parametrize(
    ("source", "expected"), [(PYTHON, PYTHON_FINDINGS), (CSHARP, CSHARP_FINDINGS)], ids=["python", "c#"]
)
def test_a_client_of_version_5_is_gone_through_line_by_line(source: str, expected: Any, tmp_path: Path) -> None:
    by_line: dict[int, set[str]] = {}
    for finding in found_in(source, tmp_path):
        by_line.setdefault(finding.line, set()).add(finding.change.after)
    assert by_line == expected


MOVED = '''\
"""Fetch bookings from konfipay and send payments."""
API = "https://portal.konfipay.de/api/v6"


class Payment:
    status = "open"


def login(session, key):
    session.post(f"{API}/authentication/token", json={"client": CLIENT, "apiKey": key})


def rows(session):
    page = session.get(f"{API}/transactions", params={"is-new": "true", "page-size": 1000}).json()
    yield from ((row["iban"], row["amount"]) for row in page["results"]["transactions"])
    session.post(f"{API}/transactions/{page['results']['acknowledgementId']}/acknowledge")


def pay(session, xml):
    answer = session.post(f"{API}/payment-files", data=xml, headers={"Content-Type": "application/xml"})
    return answer.json()["paymentInfo"]["status"]["statusValue"]
'''


def test_a_client_that_was_moved_is_silent(tmp_path: Path) -> None:
    assert found_in(MOVED, tmp_path) == []
    ours = "from konfipay_async import KonfipayClient\nrow['iban']; scopes = ['User']; headers = 'text/xml'\n"
    assert found_in(ours, tmp_path) == []


def test_this_client_speaks_version_6() -> None:
    root = Path(konfipay_async.__file__).parent
    for place in ("resources", "session", "paging", "models", "pull", "client.py", "routes.py"):
        looks: list[Look] = []
        assert list(scan(root / place, watch=lambda _, look, looks=looks: looks.append(look))) == []
        assert Look.READ in looks


@pytest.mark.parametrize(
    "text",
    [
        'get("Document/Camt", params={"start": day, "end": day, "iban": own})',
        'get("Document/Camt", params={"iban": own})',
        'params = {\n    "iban": own,\n}',
        'query["iban"] = own',
        "'query' => ['iban' => $own]",
    ],
)
def test_an_iban_that_is_asked_for_is_found_as_a_quoted_key_too(text: str, tmp_path: Path) -> None:
    found = found_in(f"# konfipay\n{text}\n", tmp_path)
    assert "bank-account-rid" in {finding.change.after for finding in found if finding.found == "iban"}


def test_an_iban_in_a_body_is_no_query(tmp_path: Path) -> None:
    text = 'post("api/v5/BankAccount", json={"iban": own, "description": "Rent"})\nsent = {"query": 1}; {"iban": own}\n'
    assert "bank-account-rid" not in {finding.change.after for finding in found_in(text, tmp_path)}


@pytest.mark.parametrize(
    "line",
    [
        'requests.get("https://gitlab.example/api/v4/users")',
        'requests.get("https://shop.example/api/v1/User")',
        'payment = Payment(status="Payment", user=User())',
        'answer["errorItems"]; cart["lineItems"]; row["iban"]',
        'connection.get(queue, ack=False); "ack=false"; "?start=1&end=2"',
        'headers = {"Accept": "application/xml"}; scopes = ["User", "Document"]',
        "document/camt is lower case in a sentence",
        'post("oauth/login/token"); "my-Document/Camt"',
    ],
)
def test_programs_that_do_not_talk_to_konfipay_are_silent(line: str, tmp_path: Path) -> None:
    assert found_in(f"{line}\n", tmp_path) == []


@pytest.mark.parametrize(
    "line",
    [
        "class Payment: pass  # a Payment, a Document, an Account, a User of a Bank",
        'payment = {"Payment": 1, "Document": 2, "User": 3}',
        '"totalItems", menuItems, "Items", itemized, errorItemsCount',
        "GET /api/v6.0/documents; authentication/token/revoke; paypal/transactions; payments/submit",
        'get(f"{base}/bank-accounts/{rid}"), delete(f"{base}/payments/{rid}"), "/users", "/user-groups"',
        'query = {"min-date": a, "max-date": b, "force-update": True}; backstart=1; weekend=2',
        'json={"apiKey": key, "client": {"name": "shop", "version": "1"}}',
        "json: { apiKey: key, client: { name: 'shop' } }",
        'new { apiKey = key, client = new { name = "shop" } }',
        "https://portal.konfipay.de/api-docs/index.html",
        "DocumentItem, PaymentItems and the like are names of classes",
        "pain, container and dtazv in a sentence; painful",
    ],
)
def test_words_that_only_look_alike_are_left_alone(line: str, tmp_path: Path) -> None:
    assert [finding.found for finding in found_in(f"for konfipay\n{line}\n", tmp_path)] == []


def test_old_paths_are_known_without_the_name(tmp_path: Path) -> None:
    findings = found_in('get(base + "api/v4/Document/Camt/History")', tmp_path)
    assert {finding.change.kind for finding in findings} == {Kind.ENDPOINT, Kind.BEHAVIOUR}


def test_a_file_is_known_by_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "src" / "Konfipay"
    folder.mkdir(parents=True)
    (folder / "errors.py").write_text('answer["errorItems"]\n')
    (tmp_path / "src" / "shop.py").write_text('answer["errorItems"]\n')
    assert [finding.path for finding in scan(tmp_path / "src")] == [folder / "errors.py"]


def test_secrets_on_a_line_are_not_kept(tmp_path: Path) -> None:
    key, iban = "K" * 64, "DE02300606010002474689"
    text = f'konfipay: {{"apiKey": "{key}"}}\nget("/Document/Camt?iban={iban}&start=x")\n'
    findings = found_in(text, tmp_path)
    assert {finding.found for finding in findings} >= {"apiKey", "iban", "Document/Camt"}
    assert not any(key in repr(finding) or iban in str(finding.as_dict()) for finding in findings)


LINE = 'konfipay["errorItems"]'


@pytest.mark.parametrize(
    "data",
    [
        f"ä\n{LINE}".encode(),
        f"ä\r\n{LINE}\r\n".encode("cp1252"),
        f"\ufeffä\r{LINE}".encode(),
        f"ä\n{LINE}".encode("utf-16"),
        b"\xff\n" + LINE.encode() + b"\n\xfe",
    ],
)
def test_text_is_read_in_whatever_encoding(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(data)
    assert [(one.line, one.column, one.found) for one in scan(file)] == [(2, 11, "errorItems")]


def test_a_tree_with_odd_files(tmp_path: Path) -> None:
    """One file of each kind that is not read, each with a line that would be found."""
    root = tmp_path / "tree"
    for name in (".git", "node_modules", "venv", "sub", "a.lib/site-packages", "sub/__pycache__"):
        (root / name).mkdir(parents=True)
        (root / name / "source.py").write_text(LINE)
    (root / "venv" / "pyvenv.cfg").touch()
    (root / "picture.png").write_bytes(b"\x89PNG\0" + LINE.encode())
    (root / "huge.json").write_bytes(LINE.encode() + b"\n" * LARGEST_FILE)
    (root / "empty.py").touch()
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to(root)
    (root / "dangling").symlink_to(root / "nowhere")
    (root / "link.py").symlink_to(root / "sub" / "source.py")
    (root / os.fsdecode(b"\xff.py")).write_text(LINE)
    seen: list[tuple[str, Look]] = []
    found = [finding.path for finding in scan(root, watch=lambda file, look: seen.append((file.name, look)))]
    assert found == [root / os.fsdecode(b"\xff.py"), root / "sub" / "source.py"]
    assert dict(seen) == {
        "empty.py": Look.READ,
        "huge.json": Look.TOO_LARGE,
        "picture.png": Look.NO_TEXT,
        os.fsdecode(b"\xff.py"): Look.READ,
        "source.py": Look.READ,
    }
    assert len(seen) == 5


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(LINE)
    seen = {}

    def watch(file: Path, look: Look) -> None:
        seen[file.name] = look
        (tmp_path / "b.py").unlink(missing_ok=True)

    assert [finding.path.name for finding in scan(tmp_path, watch=watch)] == ["a.py"]
    assert seen == {"a.py": Look.READ, "b.py": Look.UNREADABLE}


def test_a_path_that_does_not_exist_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "nowhere", tmp_path / "pipe", "a\0b"):
        with pytest.raises(ConfigurationError, match=r"cannot be scanned .* give"):
            scan(path)


def test_findings_come_in_the_order_of_the_tree(tmp_path: Path) -> None:
    for name in ("b.py", "a.py", "sub/c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{LINE}\nx['documentItems'], {LINE}\n")
    places = [(str(one.path.relative_to(tmp_path)), one.line, one.column) for one in scan(tmp_path)]
    assert places == sorted(places)
    assert [place[1:] for place in places[:3]] == [(1, 11), (2, 4), (2, 31)]
    assert {name for name, *_ in places} == {"a.py", "b.py", "sub/c.py"}
