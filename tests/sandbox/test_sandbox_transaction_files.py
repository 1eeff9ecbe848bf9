"""Transaction files: what they are, and that they say what the transactions say."""

import base64
import re
import uuid
from collections import Counter
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

WORDS = {"53": "camt.053", "52": "camt.052", "54": "camt.054", "940": "MT940", "942": "MT942", "Pdf": "PDF"}


def amounts(rows: list[dict[str, Any]]) -> Counter[Decimal]:
    return Counter(row["amount"] * (1 if row["creditDebitIndicator"] == "CRDT" else -1) for row in rows)


def parsed(raw: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(raw)  # noqa: S314 - our own file


def camt_amounts(root: ElementTree.Element) -> Counter[Decimal]:
    found: Counter[Decimal] = Counter()
    for entry in root.iterfind(".//{*}Ntry"):
        credit = entry.findtext("{*}CdtDbtInd") == "CRDT"
        found[Decimal(entry.findtext("{*}Amt", "")) * (1 if credit else -1)] += 1
    return found


async def fetch(caller: Any, rid: str) -> bytes:
    reply = await caller.get(f"/transaction-files/{rid}/content", base64_encoded="false")
    assert reply.status == 200
    return bytes(reply.body)


async def test_a_file_has_the_documented_object(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=50) as caller:
        page = await caller.get("/transaction-files", format="53", page_size=5)
        accounts = {row["rId"]: row for row in (await caller.get("/bank-accounts")).results}
        for file in page.results:
            assert file["href"] == f"api/v6.0/transaction-files/{file['rId']}"
            account = accounts[file["bankAccount"]["rId"]]
            assert file["bankAccount"] == {name: account[name] for name in ("rId", "iban", "currency")}
            name = rf"2022-\d\d-\d\d_C53_{account['iban']}_{account['currency']}_22-\d{{5}}\.xml"
            assert re.fullmatch(name, file["fileName"])
            assert file["electronicSequenceNumber"] == file["legalSequenceNumber"] >= 1
            assert file["isNew"] is True
            assert re.fullmatch(r"2022-01-\d\dT20:30:00\+01:00", file["timestamp"])
            assert uuid.UUID(file["rId"]).version == 4
            assert (await caller.get(f"/transaction-files/{file['rId'].upper()}")).json == file
        (pdf, *_) = (await caller.get("/transaction-files", format="Pdf")).results
        assert not {"electronicSequenceNumber", "legalSequenceNumber"} & pdf.keys()


@pytest.mark.parametrize("parent", ["document", "transactionFile"])
async def test_every_transaction_comes_from_a_file_that_is_there(open_sandbox: Any, parent: str) -> None:
    async with open_sandbox(transactions=60, pending=20, parent=parent) as caller:
        for row in (await caller.transactions()).transactions:
            file = (await caller.get(f"/transaction-files/{row[parent]['rId']}")).json
            assert file["format"] == row[parent]["format"]
            assert file["bankAccount"] == row["bankAccount"]
            assert file["timestamp"][:10] == row[parent]["timestamp"][:10] == row["bookingDate"][:10]
            assert str(file["electronicSequenceNumber"]) == row["electronicSequenceNumber"]


@pytest.mark.parametrize("word", ["53", "52", "54"])
async def test_a_camt_file_holds_the_transactions_of_its_day(open_sandbox: Any, word: str) -> None:
    async with open_sandbox(transactions=150, pending=70, accounts=2) as caller:
        rows = (await caller.transactions(page_size=1000)).transactions
        files = (await caller.get("/transaction-files", format=word, page_size=1000)).results
        held = 0
        for file in files:
            root = parsed(await fetch(caller, file["rId"]))
            assert root.tag == f"{{urn:iso:std:iso:20022:tech:xsd:{WORDS[word]}.001.08}}Document"
            assert root.findtext(".//{*}Acct/{*}Id/{*}IBAN") == file["bankAccount"]["iban"]
            assert root.findtext(".//{*}Acct/{*}Ccy") == file["bankAccount"]["currency"]
            assert root.findtext(".//{*}ElctrncSeqNb") == str(file["electronicSequenceNumber"])
            wanted = [
                row
                for row in rows
                if row["bankAccount"] == file["bankAccount"]
                and row["bookingDate"][:10] == file["timestamp"][:10]
                and (row["document"]["format"] == "camt.052") == (word == "52")
                and (word != "54" or row["creditDebitIndicator"] == "CRDT")
            ]
            assert camt_amounts(root) == amounts(wanted)
            assert {element.text for element in root.iterfind(".//{*}Ustrd")} == {row["purpose"] for row in wanted}
            status = "PDNG" if word == "52" else "BOOK"
            assert {element.text for element in root.iterfind(".//{*}Sts/{*}Cd")} <= {status}
            balances = [
                Decimal(one.findtext("{*}Amt", "")) * (1 if one.findtext("{*}CdtDbtInd") == "CRDT" else -1)
                for one in root.iterfind(".//{*}Bal")
            ]
            assert len(balances) == (0 if word == "54" else 2)
            if balances:
                assert balances[1] - balances[0] == sum(amounts(wanted).elements())
            held += len(wanted)
        assert held == {"53": 80, "52": 70}.get(word, held) > 20


@pytest.mark.parametrize(("word", "pending"), [("940", False), ("942", True)])
async def test_an_mt_file_is_ascii_and_holds_the_transactions_of_its_day(
    open_sandbox: Any, word: str, pending: bool
) -> None:
    async with open_sandbox(transactions=100, pending=40, accounts=1) as caller:
        rows = (await caller.transactions(page_size=1000)).transactions
        held = 0
        for file in (await caller.get("/transaction-files", format=word)).results:
            reply = await caller.get(f"/transaction-files/{file['rId']}/content", base64_encoded="false")
            assert reply.headers["Content-Type"] == "text/plain; charset=us-ascii"
            lines = reply.body.decode("ascii").split("\r\n")
            assert lines[-2:] == ["-", ""]
            assert max(map(len, lines)) <= 65
            wanted = [
                row
                for row in rows
                if (row["document"]["format"] == "camt.052") == pending
                and row["bookingDate"][:10] == file["timestamp"][:10]
            ]
            found = Counter(
                Decimal(f"{'-' if mark == 'D' else ''}{amount.replace(',', '.')}")
                for mark, amount in re.findall(r"^:61:\d{10}([CD])([\d,]+)NTRF", "\n".join(lines), re.MULTILINE)
            )
            assert found == amounts(wanted)
            held += len(wanted)
        assert held == (40 if pending else 60)


async def test_a_pdf_is_one_and_its_table_of_places_is_right(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=100) as caller:
        for file in (await caller.get("/transaction-files", format="Pdf", page_size=8)).results:
            reply = await caller.get(f"/transaction-files/{file['rId']}/content", base64_encoded="false")
            assert reply.headers["Content-Type"] == "application/pdf"
            raw = reply.body
            assert raw.startswith(b"%PDF-1.4\n")
            assert raw.endswith(b"%%EOF\n")
            table = int(re.findall(rb"startxref\n(\d+)\n", raw)[0])
            assert raw[table : table + 4] == b"xref"
            for number, place in enumerate(re.findall(rb"(\d{10}) 00000 n", raw), start=1):
                assert raw[int(place) :].startswith(b"%d 0 obj\n" % number)
            length, stream = re.findall(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", raw, re.DOTALL)[0]
            assert int(length) == len(stream)


async def test_content_comes_in_json_unless_asked_for_as_it_is(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=20) as caller:
        file = (await caller.get("/transaction-files", format="53")).results[0]
        path = f"/transaction-files/{file['rId']}/content"
        plain = await caller.get(path, base64_encoded="false")
        assert plain.headers["Content-Type"] == "text/xml; charset=utf-8"
        for query in ({}, {"base64_encoded": "true"}):
            encoded = await caller.get(path, **query)
            assert encoded.headers["Content-Type"].startswith("application/json")
            assert base64.b64decode(encoded.json["content"]) == plain.body
        assert (await caller.get(path, base64_encoded="no")).status == 400
        assert (await caller.get(f"/transaction-files/{file['rId']}")).json["isNew"], "fetching never acknowledges"


async def test_the_same_seed_makes_the_same_files(open_sandbox: Any) -> None:
    async def all_of(seed: int) -> list[tuple[str, bytes]]:
        async with open_sandbox(transactions=30, accounts=2, seed=seed) as caller:
            return [(rid, await fetch(caller, rid)) for rid in caller.sandbox.files.rids()]

    first = await all_of(1)
    assert first == await all_of(1)
    assert {rid for rid, _ in first}.isdisjoint(rid for rid, _ in await all_of(2))


async def test_filters_of_the_list(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=200) as caller:
        files = (await caller.get("/transaction-files", page_size=1000)).results
        assert [file["rId"] for file in files] == caller.sandbox.files.rids()
        account = files[0]["bankAccount"]["rId"]

        async def check(wanted: Any, **query: object) -> None:
            expected = [file for file in files if wanted(file)]
            assert 0 < len(expected) < len(files)
            assert (await caller.get("/transaction-files", page_size=1000, **query)).results == expected

        for word, name in WORDS.items():
            await check(lambda file, name=name: file["format"] == name, format=word)
        await check(lambda file: file["timestamp"][:10] >= "2022-01-12", min_date="2022-01-12")
        await check(lambda file: file["timestamp"][:10] <= "2022-01-12", max_date="2022-01-12")
        await check(lambda file: file["bankAccount"]["rId"] == account, bank_account_rid=account)
        await check(
            lambda file: (
                file["bankAccount"]["rId"] == account
                and file["format"] == "MT940"
                and "2022-01-05" <= file["timestamp"][:10] <= "2022-01-12"
            ),
            bank_account_rid=account,
            format="940",
            min_date="2022-01-05",
            max_date="2022-01-12",
            is_new="true",
        )
        for query in (
            {"is_new": "false"},
            {"bank_account_rid": uuid.uuid4()},
            {"bank_account_rid": ""},
            {"min_date": "2030-01-01"},
        ):
            assert (await caller.get("/transaction-files", **query)).status == 204
        for query, code in (
            ({"format": "camt.053"}, "ERR-00-0000"),
            ({"is_new": "yes"}, "ERR-00-0000"),
            ({"page_number": "0"}, "ERR-00-0000"),
            ({"min_date": "x"}, "ERR-01-0004"),
            ({"max_date": "x"}, "ERR-01-0005"),
            ({"min_date": "2022-02-02", "max_date": "2022-02-01"}, "ERR-01-0006"),
        ):
            reply = await caller.get("/transaction-files", **query)
            assert (reply.status, reply.error_code) == (400, code)


async def test_a_day_s_files_arrive_with_its_first_transaction(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=4, accounts=1) as caller:
        assert len(caller.sandbox.files) == 12
        caller.sandbox.arrive(1)  # the second of the third day's five
        assert len(caller.sandbox.files) == 18
        caller.sandbox.arrive(4)
        assert len(caller.sandbox.files) == 18
        caller.sandbox.arrive(1)
        assert len(caller.sandbox.files) == 24
    async with open_sandbox(transactions=4, arrivals_per_request=20, accounts=1) as caller:
        await caller.transactions()
        assert len(caller.sandbox.files) == 30
    async with open_sandbox(transactions=0) as caller:
        assert (await caller.get("/transaction-files")).status == 204
        caller.sandbox.files.arrive(3)
        assert len((await caller.get("/transaction-files")).results) == 3
    async with open_sandbox(transactions=100, transaction_files=5) as caller:
        caller.sandbox.arrive(500)
        assert len((await caller.get("/transaction-files")).results) == 5


async def test_a_file_s_flag_is_seen_in_its_transactions(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=9, accounts=1) as caller:
        row = (await caller.transactions()).transactions[4]
        assert row["document"]["isNew"] is True
        assert (await caller.send("POST", f"/transaction-files/{row['document']['rId']}/acknowledge")).status == 200
        page = await caller.transactions(is_new="true")
        assert {one["document"]["rId"] for one in page.transactions if not one["document"]["isNew"]} == {
            row["document"]["rId"]
        }
        assert len(page.rids) == 9, "the flags of transactions are others"
        assert caller.sandbox.transaction(row["rId"])["document"]["isNew"] is False
        await caller.acknowledge(page.acknowledgement_id)
        assert len(caller.sandbox.files.new_rids()) == len(caller.sandbox.files) - 1
