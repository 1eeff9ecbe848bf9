"""What is read off a payment file, and which files are refused before they leave."""

import hashlib
import itertools
import time
from datetime import date
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konfipay_async.errors import ConfigurationError
from konfipay_async.pain import FileFacts, account_hash, checked, inspect

OWN = "DE89370400440532013000"
OTHER = "DE75512108001245126199"
THIRD = "CH9300762011623852957"
NAME = "Erika Mustermann"
PURPOSE = "Rechnung 4711 Mustermann"


def transfer(amount: str = "10.00", *, currency: str = "EUR", iban: str = OTHER) -> str:
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>E1</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{currency}">{amount}</InstdAmt></Amt><Cdtr><Nm>{NAME}</Nm></Cdtr>'
        f"<CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct><RmtInf><Ustrd>{PURPOSE}</Ustrd></RmtInf></CdtTrfTxInf>"
    )


def debit(amount: str = "10.00") -> str:
    return (
        f'<DrctDbtTxInf><PmtId><EndToEndId>E1</EndToEndId></PmtId><InstdAmt Ccy="EUR">{amount}</InstdAmt>'
        f"<Dbtr><Nm>{NAME}</Nm></Dbtr><DbtrAcct><Id><IBAN>{OTHER}</IBAN></Id></DbtrAcct></DrctDbtTxInf>"
    )


def tag(name: str, text: str | int | None) -> str:
    return "" if text is None else f"<{name}>{text}</{name}>"


def collection(*orders: str, day: str = "2025-02-18", number: int | None = None, total: str | None = None) -> str:
    return (
        f"<PmtInf><PmtInfId>P1</PmtInfId><PmtMtd>TRF</PmtMtd>{tag('NbOfTxs', number)}{tag('CtrlSum', total)}"
        f"<ReqdExctnDt>{day}</ReqdExctnDt><Dbtr><Nm>{NAME}</Nm></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{OWN}</IBAN></Id></DbtrAcct>{''.join(orders)}</PmtInf>"
    )


def debits(*orders: str) -> str:
    return (
        f"<PmtInf><ReqdColltnDt>2025-02-19</ReqdColltnDt><Cdtr><Nm>{NAME}</Nm></Cdtr>"
        f"<CdtrAcct><Id><IBAN>{OWN}</IBAN></Id></CdtrAcct>{''.join(orders)}</PmtInf>"
    )


def message(
    *collections: str,
    element: str = "CstmrCdtTrfInitn",
    number: int | str | None = None,
    total: str | None = None,
    message_id: str = "M1",
    namespace: str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09",
) -> str:
    header = f"<GrpHdr><MsgId>{message_id}</MsgId>{tag('NbOfTxs', number)}{tag('CtrlSum', total)}</GrpHdr>"
    space = f' xmlns="{namespace}"' if namespace else ""
    return f"<Document{space}><{element}>{header}{''.join(collections)}</{element}></Document>"


def pain001(*collections: str, **arguments) -> bytes:
    return message(*collections, **arguments).encode()


def pain008(*orders: str, element: str = "CstmrDrctDbtInitn") -> bytes:
    return message(
        debits(*orders), element=element, namespace="urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"
    ).encode()


def container(*documents: tuple[str, str]) -> bytes:
    parts = "".join(
        f"<{name}><HashValue>ab</HashValue><HashAlgorithm>SHA256</HashAlgorithm>{document}</{name}>"
        for name, document in documents
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><conxml xmlns="urn:conxml:xsd:container.nnn.001.02">'
        f"<ContainerId><SenderId>S</SenderId></ContainerId><CreDtTm>2025-02-18T09:00:00</CreDtTm>{parts}</conxml>"
    ).encode()


GOOD = pain001(collection(transfer("10.00"), transfer("0.05", iban=THIRD), number=2, total="10.05"), number=2)


# --- facts -----------------------------------------------------------------------------------------------------------


def test_a_transfer_file_tells_its_facts() -> None:
    assert checked(GOOD) == FileFacts(
        format="pain.001",
        sha256=hashlib.sha256(GOOD).hexdigest(),
        size=len(GOOD),
        message_id="M1",
        collections=1,
        orders=2,
        control_sum=Decimal("10.05"),
        stated_orders=2,
        stated_control_sum=None,
        currencies=frozenset({"EUR"}),
        execution_dates=frozenset({date(2025, 2, 18)}),
        own_accounts=frozenset({account_hash(OWN)}),
        counterparties=frozenset({account_hash(OTHER), account_hash(THIRD)}),
    )


def test_a_debit_file_has_its_sides_the_other_way_round() -> None:
    facts = checked(pain008(debit("1.10"), debit("2.20")))
    assert facts.format == "pain.008"
    assert (facts.orders, facts.control_sum) == (2, Decimal("3.30"))
    assert facts.execution_dates == {date(2025, 2, 19)}
    assert facts.own_accounts == {account_hash(OWN)}
    assert facts.counterparties == {account_hash(OTHER)}


@pytest.mark.parametrize(
    "namespace",
    [
        "",
        "urn:swift:xsd:$pain.001.002.02",
        "urn:iso:std:iso:20022:tech:xsd:pain.001.003.03",
        "http://example.org/ch.02",
    ],
)
def test_the_namespace_does_not_matter(namespace) -> None:
    facts = checked(pain001(collection(transfer()), namespace=namespace))
    assert (facts.format, facts.orders) == ("pain.001", 1)


def test_a_prefix_does_not_matter() -> None:
    content = pain001(collection(transfer()), namespace="").decode()
    content = content.replace("</", "\0").replace("<", "<p:").replace("\0", "</p:")
    content = content.replace("<p:Document", '<p:Document xmlns:p="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"')
    assert checked(content.encode()).orders == 1


@pytest.mark.parametrize(
    ("element", "content", "format_"),
    [("pain.001.001.02", collection(transfer()), "pain.001"), ("pain.008.001.01", debits(debit()), "pain.008")],
)
def test_messages_named_like_their_version_are_known(element, content, format_) -> None:
    assert checked(pain001(content, element=element)).format == format_


@pytest.mark.parametrize("day", ["<Dt>2025-03-01</Dt>", "<DtTm>2025-03-01T10:00:00+01:00</DtTm>", "2025-03-01+01:00"])
def test_newer_versions_wrap_the_day(day) -> None:
    assert checked(pain001(collection(transfer(), day=f"\n {day}\n"))).execution_dates == {date(2025, 3, 1)}


def test_an_equivalent_amount_counts_and_amounts_in_remittance_do_not() -> None:
    order = transfer().replace(
        '<Amt><InstdAmt Ccy="EUR">10.00</InstdAmt></Amt>',
        '<Amt><EqvtAmt><Amt Ccy="CHF">7.5</Amt><CcyOfTrf>EUR</CcyOfTrf></EqvtAmt></Amt>',
    )
    order = order.replace("</Ustrd>", '</Ustrd><Strd><RfrdDocAmt><RmtdAmt Ccy="USD">99</RmtdAmt></RfrdDocAmt></Strd>')
    facts = checked(pain001(collection(order, transfer("2.5"))))
    assert (facts.control_sum, facts.currencies) == (Decimal("10.0"), {"CHF", "EUR"})


def test_accounts_without_an_iban_are_known_too() -> None:
    order = transfer().replace(f"<IBAN>{OTHER}</IBAN>", "<Othr><Id>4711 0815</Id></Othr>")
    assert checked(pain001(collection(order))).counterparties == {account_hash("47110815")}


def test_an_account_has_one_hash_however_it_is_written() -> None:
    assert (
        account_hash("de89 3704 0044 0532 0130 00\n") == account_hash(OWN) == hashlib.sha256(OWN.encode()).hexdigest()
    )


def test_only_the_message_s_own_headers_are_read() -> None:
    """Identifications, dates and orders of the same name stand elsewhere, too."""
    order = transfer().replace("<Cdtr>", "<Cdtr><Id><OrgId><Othr><Id>X</Id></Othr></OrgId></Id>")
    party = b"<InitgPty><Id><MsgId>no</MsgId></Id></InitgPty><CdtTrfTxInf/>"
    facts = checked(pain001(collection(order)).replace(b"</MsgId>", b"</MsgId>" + party))
    assert facts.message_id == "M1"
    assert (facts.orders, facts.counterparties) == (1, {account_hash(OTHER)})


def test_sums_are_exact_whatever_the_program_s_decimal_context() -> None:
    with localcontext(prec=3):
        facts = checked(
            pain001(collection(transfer("9999999999999.99999"), transfer("0.00001")), total="10000000000000")
        )
    assert facts.control_sum == Decimal("10000000000000.00000")


@given(cents=st.lists(st.integers(0, 10**12), min_size=1, max_size=20))
def test_the_control_sum_is_the_sum(cents) -> None:
    amounts = [f"{cent // 100}.{cent % 100:02}" for cent in cents]
    total = f"{sum(cents) // 100}.{sum(cents) % 100:02}"
    facts = checked(pain001(collection(*map(transfer, amounts), number=len(cents), total=total), number=len(cents)))
    assert facts.control_sum == Decimal(sum(cents)).scaleb(-2)
    assert facts.orders == len(cents)


# --- containers ------------------------------------------------------------------------------------------------------


def test_a_container_of_one_collection_may_be_sent() -> None:
    facts = checked(container(("MsgPain001", message(collection(transfer()), number=1, total="10.00"))))
    assert (facts.format, facts.message_id, facts.collections, facts.orders) == ("container", "M1", 1, 1)
    assert (facts.stated_orders, facts.stated_control_sum) == (1, Decimal("10.00"))


def test_a_container_is_counted_as_a_whole() -> None:
    first = message(collection(transfer("1.00")), number=1, total="1.00")
    second = message(debits(debit("2.00")), element="CstmrDrctDbtInitn", number=1, message_id="M2")
    content = container(("MsgPain001", first), ("MsgPain008", second))
    with pytest.raises(ConfigurationError, match="2 collections"):
        checked(content)
    facts = checked(content, several_collections=True)
    assert facts.format == "container"
    assert facts.message_id is None
    assert (facts.orders, facts.control_sum) == (2, Decimal("3.00"))
    assert (facts.stated_orders, facts.stated_control_sum) == (2, None)
    assert facts.execution_dates == {date(2025, 2, 18), date(2025, 2, 19)}
    assert facts.own_accounts == {account_hash(OWN)}


def test_each_message_of_a_container_must_add_up_by_itself() -> None:
    first = message(collection(transfer("1.00")), total="2.00")
    second = message(collection(transfer("2.00")), total="1.00")
    with pytest.raises(ConfigurationError, match=r"states the sum 2\.00 and the orders make 1\.00"):
        checked(container(("MsgPain001", first), ("MsgPain001", second)), several_collections=True)


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_file_with_two_collections_is_refused() -> None:
    content = pain001(collection(transfer()), collection(transfer()))
    assert inspect(content).collections == 2
    with pytest.raises(ConfigurationError, match=r"2 collections.*version 6.*split") as caught:
        checked(content)
    assert NAME not in str(caught.value)
    assert checked(content, several_collections=True).orders == 2


def test_collections_count_wherever_they_stand() -> None:
    inner = collection(transfer("1.00"))
    nested = collection(transfer("2.00"), inner)
    with pytest.raises(ConfigurationError, match="2 collections"):
        checked(pain001(nested))
    assert inspect(pain001(nested)).control_sum == Decimal("2.00")
    with pytest.raises(ConfigurationError, match="2 collections"):
        checked(b"<Other><PmtInf/><x:PmtInf xmlns:x='urn:x'/></Other>")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pain001(), "no collection"),
        (pain001(collection()), "no order"),
        (container(("MsgPain001", message())), "no collection"),
        (b"", "empty"),
        (pain001(collection(transfer(), number=2)), "a collection states 2 orders and there are 1"),
        (pain001(collection(transfer(), total="10.01")), r"a collection states the sum 10\.01 .* make 10\.00"),
        (pain001(collection(transfer()), number=3), "the group header states 3 orders and there are 1"),
        (pain001(collection(transfer()), total="1"), "the group header states the sum 1 "),
    ],
)
def test_what_would_pay_nothing_or_contradicts_itself_is_refused(content, reason) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        checked(content)


def test_a_sum_may_be_stated_with_other_zeros() -> None:
    assert checked(pain001(collection(transfer("10.00"), total="10"), total="010.000")).orders == 1


AMOUNTS = ["-1.00", "+1.00", "NaN", "Infinity", "1E2", "", "1,00", "1 00", "٣.00", "1.000000", "1" * 19, "."]


@pytest.mark.parametrize("read", [inspect, checked])
@pytest.mark.parametrize("amount", AMOUNTS)
def test_an_amount_that_is_none_is_refused(amount, read) -> None:
    with pytest.raises(ConfigurationError, match="order 2 has an amount that is none"):
        read(pain001(collection(transfer(), transfer(amount))))


def test_a_value_with_an_element_inside_is_refused() -> None:
    """Some readers would see 10 and others 100."""
    with pytest.raises(ConfigurationError, match=r"inside a value \(<InstdAmt>\)"):
        inspect(pain001(collection(transfer("10<x/>0"))))
    with pytest.raises(ConfigurationError, match=r"inside a value \(<CtrlSum>\)"):
        inspect(pain001(collection(transfer()), total="<CtrlSum>10</CtrlSum>"))


def test_an_order_has_one_amount() -> None:
    amount = '<Amt><InstdAmt Ccy="EUR">10.00</InstdAmt></Amt>'
    with pytest.raises(ConfigurationError, match="order 1 has no amount"):
        inspect(pain001(collection(transfer().replace(amount, ""))))
    with pytest.raises(ConfigurationError, match="order 1 has more than one amount"):
        inspect(pain001(collection(transfer().replace(amount, amount * 2))))


@pytest.mark.parametrize("currency", ["", "eur", "EURO", NAME])
def test_a_currency_has_three_letters(currency) -> None:
    with pytest.raises(ConfigurationError, match="currency of three letters") as caught:
        inspect(pain001(collection(transfer(currency=currency))))
    assert NAME not in str(caught.value)


@pytest.mark.parametrize("day", ["", "18.02.2025", "2025-02-30", "2025-W08-2", "0000-01-01", NAME, "٢٠٢٥-01-01"])
def test_a_day_that_is_none_is_refused(day) -> None:
    with pytest.raises(ConfigurationError, match="execution date") as caught:
        inspect(pain001(collection(transfer(), day=day)))
    assert NAME not in str(caught.value)


@pytest.mark.parametrize("number", ["-1", "one", "1.0", "", "1" * 16])
def test_a_stated_number_that_is_none_is_refused(number) -> None:
    with pytest.raises(ConfigurationError, match="NbOfTxs"):
        inspect(pain001(collection(transfer()), number=number))


@pytest.mark.parametrize("total", ["-1", "NaN", "1e5", ""])
def test_a_stated_sum_that_is_none_is_refused(total) -> None:
    with pytest.raises(ConfigurationError, match="CtrlSum"):
        inspect(pain001(collection(transfer()), total=total))


@pytest.mark.parametrize("content", [GOOD.decode(), bytearray(GOOD), memoryview(GOOD), None, 5, "file.xml"])
def test_a_file_is_bytes(content) -> None:
    for read in (inspect, checked):
        with pytest.raises(ConfigurationError, match=f"got {type(content).__name__}"):
            read(content)


def test_a_file_that_is_too_large_is_refused_with_its_size() -> None:
    with pytest.raises(ConfigurationError, match=f"{len(GOOD)} bytes and at most {len(GOOD) - 1}"):
        checked(GOOD, largest=len(GOOD) - 1)
    assert checked(GOOD, largest=len(GOOD)).orders == 2
    with pytest.raises(ConfigurationError, match="50000001 bytes"):
        checked(b"0" * 50_000_001)


@pytest.mark.parametrize("cut", [1, 30, 300, len(GOOD) - 1])
def test_a_file_that_was_cut_off_is_refused(cut) -> None:
    with pytest.raises(ConfigurationError, match="not well-formed XML"):
        checked(GOOD[:cut])


@pytest.mark.parametrize(
    "content",
    [
        GOOD + GOOD,
        GOOD.replace(b"</MsgId>", b"</MsgI>"),
        GOOD.replace(b"M1", b"M&1"),
        GOOD.replace(b"M1", b"&other;"),
        GOOD.replace(b"M1", b"M\xfc1"),
        GOOD.replace(b"<MsgId>", b"<x:MsgId>"),
        b'\n<?xml version="1.0"?>' + GOOD,
        b'<?xml version="1.0" encoding="UTF-16"?>' + GOOD,
        GOOD.decode().encode("utf-32"),
    ],
)
def test_what_looks_like_xml_and_is_none_is_refused(content) -> None:
    with pytest.raises(ConfigurationError, match=r"not well-formed XML: .* in line"):
        checked(content)


@pytest.mark.parametrize("encoding", ["klingon", "utf-7", "idna", "base64", "shift_jis"])
def test_an_encoding_that_is_not_known_is_refused(encoding) -> None:
    with pytest.raises(ConfigurationError, match=r"encoding|not well-formed"):
        checked(f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + GOOD)


# --- entities --------------------------------------------------------------------------------------------------------

BOMB = '<!DOCTYPE Document [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
DOCTYPES = {
    "bomb": BOMB,
    "file": '<!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "dtd": '<!DOCTYPE Document SYSTEM "http://localhost:9/x.dtd">',
    "parameter": '<!DOCTYPE Document [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    "plain": "<!DOCTYPE Document>",
    "without an end": '<!DOCTYPE Document [<!ENTITY a "',
    "after a comment": "<!-- <Document> -->\n<?pi <Document>?>" + BOMB,
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "windows-1252", "us-ascii"]


def encoded(text: str, encoding: str) -> bytes:
    # A UTF-16 of a given byte order without a mark has to say so only in its first bytes.
    name = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(encoding, encoding)
    return f'<?xml version="1.0" encoding="{name}"?>\n{text}'.encode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
def test_a_doctype_is_refused_in_every_encoding(doctype, encoding) -> None:
    content = encoded(doctype + message(collection(transfer())).replace("M1", "&b;"), encoding)
    for read in (inspect, checked):
        with pytest.raises(ConfigurationError, match="DOCTYPE"):
            read(content)


def test_a_doctype_in_utf_7_is_not_let_through() -> None:
    hidden = b'<?xml version="1.0" encoding="utf-7"?>' + BOMB.encode("utf-7") + GOOD
    with pytest.raises(ConfigurationError):
        checked(hidden)


def test_text_that_only_looks_like_a_doctype_is_let_through() -> None:
    for text in ("&lt;!DOCTYPE x&gt;", "<![CDATA[<!DOCTYPE x [<!ENTITY a 'b'>]>]]>"):
        assert checked(pain001(collection(transfer().replace(PURPOSE, text)))).orders == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_is_read_in_every_encoding(encoding) -> None:
    facts = checked(encoded(message(collection(transfer())), encoding))
    assert (facts.orders, facts.counterparties) == (1, {account_hash(OTHER)})


def test_the_declared_encoding_is_the_one_used() -> None:
    text = message(collection(transfer()), message_id="Mü")
    assert inspect(encoded(text, "iso-8859-1")).message_id == "Mü"
    assert inspect(encoded(text, "iso-8859-15")).message_id == "Mü"
    assert inspect(encoded(text, "utf-16")).message_id == "Mü"


def test_references_to_characters_are_read() -> None:
    assert checked(GOOD.replace(b"0.05", b"0.&#48;5")).control_sum == Decimal("10.05")


# --- other files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (b"0256Q23456789  " + b" " * 241 + b"0768T", "dtazv"),
        (b"0128AGK", None),
        (b"just text", None),
        (b"\x00\x01\x02", None),
        (b"\n", None),
        (b"%PDF-1.4 <Document>", None),
    ],
)
def test_what_is_no_xml_passes_as_it_is(content, format_) -> None:
    facts = checked(content)
    assert facts == FileFacts(format_, hashlib.sha256(content).hexdigest(), len(content))
    assert facts.orders is facts.control_sum is None


def test_other_xml_passes_without_a_format() -> None:
    facts = checked(b"<Document><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr></BkToCstmrStmt></Document>")
    assert (facts.format, facts.collections, facts.orders, facts.message_id) == (None, 0, None, None)


# --- what is not told ------------------------------------------------------------------------------------------------


def test_the_repr_holds_no_account_and_no_name() -> None:
    for content in (GOOD, pain008(debit()), pain001(collection(transfer()), message_id=NAME)):
        shown = repr(checked(content))
        for secret in (OWN, OTHER, NAME, PURPOSE, account_hash(OTHER)):
            assert secret not in shown
    assert "orders=2, control_sum=10.05, counterparties=2" in repr(checked(GOOD))


def refusal(content: bytes) -> str:
    try:
        checked(content)
    except ConfigurationError as error:
        return str(error)
    return ""


def test_no_error_holds_an_account_or_a_name() -> None:
    texts = []
    for start, end in itertools.pairwise(range(0, len(GOOD), 40)):
        texts.extend(refusal(GOOD[:start] + damage + GOOD[end:]) for damage in (b"", b"<", b"&", b"\x00", b"9"))
    assert len(list(filter(None, texts))) > len(texts) / 2
    for secret in (OWN, OTHER, THIRD, "Mustermann", "4711"):
        assert not any(secret in text for text in texts)


@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_whatever_comes_is_told_or_refused(noise, at) -> None:
    for content in (noise, GOOD[:at] + noise + GOOD[at:], b"<" + noise):
        try:
            facts = checked(content)
        except ConfigurationError:
            continue
        assert facts.sha256 == hashlib.sha256(content).hexdigest()


def test_twenty_megabytes_are_read_quickly() -> None:
    orders = 20_000_000 // len(transfer())
    content = pain001(collection(*[transfer("1.01")] * orders, number=orders))
    assert len(content) > 19_000_000
    start = time.process_time()
    facts = checked(content)
    took = time.process_time() - start
    assert (facts.orders, facts.control_sum) == (orders, orders * Decimal("1.01"))
    assert took < 15  # about one and a half on a small machine; what grows faster than the file takes minutes


def test_a_deep_file_is_no_trouble() -> None:
    deep = 200_000
    assert checked(b"<a>" * deep + b"</a>" * deep).format is None
    within = transfer().replace(PURPOSE, "<a>" * deep + "</a>" * deep)
    assert checked(pain001(collection(within))).orders == 1
