"""The filters of transactions that look at texts."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async.sandbox.konfipay.data import Criteria, Ledger

LEDGER = Ledger(7, 4)
ROWS = [json.loads(LEDGER.json(number, is_new=True, pending=False)) for number in range(600)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"remittance_text": "VIELEN DANK"}, lambda row: "vielen Dank" in row["purpose"]),
        ({"remittance_text": "größe m"}, lambda row: "Größe M" in row["purpose"]),
        ({"remittance_text": "7"}, lambda row: "7" in row["purpose"]),
        ({"customer_reference": "KD-1"}, lambda row: "customerReference" in row),
        ({"customer_reference": "kd-101"}, lambda row: row.get("customerReference", "").startswith("KD-101")),
        ({"payment_type": "dauerauftrag"}, lambda row: "DAUERAUFTRAG" in row["bookingText"]),
        ({"payment_type": "Überweisung"}, lambda row: "ÜBERWEISUNG" in row["bookingText"]),
        ({"account_holder": "schweiz"}, lambda row: row["bankAccount"]["currency"] == "CHF"),
        ({"account_description": "usd"}, lambda row: row["bankAccount"]["currency"] == "USD"),
        (
            {"account_holder": "Nordlicht", "payment_type": "kart", "remittance_text": "rechnung", "is_new": "true"},
            lambda row: "KART" in row["bookingText"] and "Rechnung" in row["purpose"],
        ),
    ],
)
async def test_texts_are_found_anywhere_and_in_any_case(open_sandbox: Any, query: dict[str, str], wanted: Any) -> None:
    async with open_sandbox(transactions=600, pending=100) as caller:
        rows = (await caller.transactions(page_size=1000)).transactions
        expected = [row["rId"] for row in rows if wanted(row)]
        assert 0 < len(expected) < 600
        assert (await caller.transactions(page_size=1000, **query)).rids == expected


async def test_filters_that_exclude_each_other_lead_to_204(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=600) as caller:
        first, _, third, _ = (await caller.get("/bank-accounts")).results
        for query in (
            {"bank_account_rid": first["rId"], "iban": third["iban"]},
            {"iban": first["iban"], "account_holder": "schweiz"},
            {"account_description": "chf", "account_holder": "GmbH"},
            {"min_amount": 100, "max_amount": 99},
            {"payment_type": "LOHN/GEHALT", "credit_or_debit_indicator": "CRDT"},
            {"remittance_text": "no such text"},
            {"booking_status": "pending"},
        ):
            reply = await caller.transactions(**query)
            assert (reply.status, reply.body) == (204, b"")


texts = st.none() | st.sampled_from(["", "e", "kd-10", "1", "99", "gut", "ü", "rechnung re-", "lohn/gehalt", "no"])


@settings(deadline=None)
@given(texts, texts, texts, st.tuples(st.integers(0, 600), st.integers(0, 600)).map(sorted))
def test_text_filters_agree_with_the_rows_themselves(
    remittance: str | None, reference: str | None, booking_text: str | None, window: list[int]
) -> None:
    first, end = window
    criteria = Criteria(remittance=remittance, reference=reference, booking_text=booking_text)
    found = LEDGER.matches(criteria, bytearray(600), first, end)
    assert [bool(flag) for flag in found] == [
        (remittance is None or remittance in row["purpose"].casefold())
        and (reference is None or ("customerReference" in row and reference in row["customerReference"].casefold()))
        and (booking_text is None or booking_text in row["bookingText"].casefold())
        for row in ROWS[first:end]
    ]


def test_rows_have_customer_references_of_one_kind() -> None:
    references = [row["customerReference"] for row in ROWS if "customerReference" in row]
    assert 200 < len(references) < 400
    assert all(re.fullmatch(r"KD-\d{5}", reference) for reference in references)
