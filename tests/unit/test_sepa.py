"""SEPA files from values: what comes out is what was put in, and what is wrong is named without being told."""

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import schwifty
import sepaxml
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from konfipay_async.errors import ConfigurationError, MissingExtraError
from konfipay_async.pain import account_hash, checked
from konfipay_async.sepa import Account, CreditTransfer, DirectDebit, credit_transfers, direct_debits

# sepaxml asks elements for their truth, which Python 3.12 and later deprecate.
pytestmark = pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")

OWN = "DE89370400440532013000"
OTHER = "DE75512108001245126199"
NAME = "Erika Mustermann"
PURPOSE = "Rechnung 4711"
DAY = date(2025, 3, 3)
NOW = datetime(2025, 3, 1, 10, 0, 5, tzinfo=UTC)
ACCOUNT = Account("Muster GmbH", OWN, bic="COBADEFFXXX", creditor_id="DE98ZZZ09999999999")
TRANSFER = CreditTransfer(NAME, OTHER, Decimal("12.50"), PURPOSE)
DEBIT = DirectDebit(NAME, OTHER, Decimal("12.50"), PURPOSE, "MANDATE-1", date(2024, 1, 1), "RCUR")
SCHEMAS = Path(sepaxml.__file__).parent / "schemas"


def transfers(*given: CreditTransfer, account: Account = ACCOUNT, **arguments: Any) -> bytes:
    return credit_transfers(account, given or [TRANSFER], **{"execution_date": DAY, **arguments})


def debits(*given: DirectDebit, account: Account = ACCOUNT, **arguments: Any) -> bytes:
    return direct_debits(account, given or [DEBIT], **{"collection_date": DAY, **arguments})


BOTH = [
    pytest.param(transfers, TRANSFER, "transfers", id="transfer"),
    pytest.param(debits, DEBIT, "debits", id="debit"),
]
both = pytest.mark.parametrize(("build", "order", "what"), BOTH)


def parsed(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314


def text(content: bytes, path: str) -> str | None:
    """The text of the first element at a path below the message, names without their space."""
    root = parsed(content)
    return root.findtext("{*}" + root[0].tag.rpartition("}")[2] + "/" + "/".join("{*}" + p for p in path.split("/")))


def is_valid(content: bytes) -> bool:
    namespace = parsed(content).tag[1:].partition("}")[0]
    return bool(schema(namespace.rpartition(":")[2]).is_valid(content.decode()))


@cache
def schema(name: str) -> Any:
    return xmlschema.XMLSchema(SCHEMAS / f"{name}.xsd")


# --- what comes out --------------------------------------------------------------------------------------------------


def test_a_transfer_file_holds_what_was_put_in() -> None:
    content = transfers(
        CreditTransfer(NAME, OTHER, Decimal("12.50"), PURPOSE, end_to_end_id="E-1", bic="SOLADEST600"),
        CreditTransfer(NAME, OWN, Decimal("0.05"), PURPOSE),
        message_id="M-1",
        created_at=NOW,
    )
    facts = checked(content)
    assert (facts.format, facts.message_id, facts.collections, facts.orders) == ("pain.001", "M-1", 1, 2)
    assert facts.control_sum == facts.stated_control_sum == Decimal("12.55")
    assert (facts.stated_orders, facts.currencies, facts.execution_dates) == (2, {"EUR"}, {DAY})
    assert facts.own_accounts == {account_hash(OWN)}
    assert facts.counterparties == {account_hash(OTHER), account_hash(OWN)}
    assert is_valid(content)
    assert b"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09" in content
    for path, value in {
        "GrpHdr/CreDtTm": "2025-03-01T10:00:05Z",
        "GrpHdr/InitgPty/Nm": "Muster GmbH",
        "PmtInf/PmtInfId": "M-1",
        "PmtInf/PmtMtd": "TRF",
        "PmtInf/BtchBookg": "true",
        "PmtInf/PmtTpInf/SvcLvl/Cd": "SEPA",
        "PmtInf/Dbtr/Nm": "Muster GmbH",
        "PmtInf/DbtrAgt/FinInstnId/BICFI": "COBADEFFXXX",
        "PmtInf/CdtTrfTxInf/PmtId/EndToEndId": "E-1",
        "PmtInf/CdtTrfTxInf/Cdtr/Nm": NAME,
        "PmtInf/CdtTrfTxInf/CdtrAgt/FinInstnId/BICFI": "SOLADEST600",
        "PmtInf/CdtTrfTxInf/RmtInf/Ustrd": PURPOSE,
    }.items():
        assert text(content, path) == value, path


def test_a_debit_file_holds_what_was_put_in() -> None:
    content = debits(
        dataclasses.replace(DEBIT, end_to_end_id="E-1", bic="SOLADEST600"),
        dataclasses.replace(DEBIT, iban=OWN, amount=Decimal("7")),
        message_id="M-1",
        created_at=NOW,
        instrument="B2B",
    )
    facts = checked(content)
    assert (facts.format, facts.message_id, facts.collections, facts.orders) == ("pain.008", "M-1", 1, 2)
    assert facts.control_sum == facts.stated_control_sum == Decimal("19.50")
    assert (facts.stated_orders, facts.currencies, facts.execution_dates) == (2, {"EUR"}, {DAY})
    assert facts.own_accounts == {account_hash(OWN)}
    assert facts.counterparties == {account_hash(OTHER), account_hash(OWN)}
    assert is_valid(content)
    assert b"urn:iso:std:iso:20022:tech:xsd:pain.008.001.08" in content
    for path, value in {
        "GrpHdr/CreDtTm": "2025-03-01T10:00:05Z",
        "PmtInf/PmtInfId": "M-1",
        "PmtInf/PmtMtd": "DD",
        "PmtInf/BtchBookg": "true",
        "PmtInf/PmtTpInf/SvcLvl/Cd": "SEPA",
        "PmtInf/PmtTpInf/LclInstrm/Cd": "B2B",
        "PmtInf/PmtTpInf/SeqTp": "RCUR",
        "PmtInf/Cdtr/Nm": "Muster GmbH",
        "PmtInf/CdtrAgt/FinInstnId/BICFI": "COBADEFFXXX",
        "PmtInf/CdtrSchmeId/Id/PrvtId/Othr/Id": "DE98ZZZ09999999999",
        "PmtInf/DrctDbtTxInf/PmtId/EndToEndId": "E-1",
        "PmtInf/DrctDbtTxInf/DrctDbtTx/MndtRltdInf/MndtId": "MANDATE-1",
        "PmtInf/DrctDbtTxInf/DrctDbtTx/MndtRltdInf/DtOfSgntr": "2024-01-01",
        "PmtInf/DrctDbtTxInf/DbtrAgt/FinInstnId/BICFI": "SOLADEST600",
        "PmtInf/DrctDbtTxInf/Dbtr/Nm": NAME,
        "PmtInf/DrctDbtTxInf/RmtInf/Ustrd": PURPOSE,
    }.items():
        assert text(content, path) == value, path


@both
def test_without_a_bic_the_file_says_so(build, order, what) -> None:
    content = build(order, account=dataclasses.replace(ACCOUNT, bic=None))
    side = "DbtrAgt" if build is transfers else "CdtrAgt"
    assert text(content, f"PmtInf/{side}/FinInstnId/Othr/Id") == "NOTPROVIDED"
    assert b"<BICFI>" not in content
    assert is_valid(content)
    assert checked(content).orders == 1


@both
def test_without_batch_booking_there_is_still_one_collection(build, order, what) -> None:
    content = build(order, order, batch_booking=False)
    assert text(content, "PmtInf/BtchBookg") == "false"
    assert checked(content).collections == 1


def test_an_urgent_transfer_has_its_service_level() -> None:
    content = transfers(urgent=True)
    assert text(content, "PmtInf/PmtTpInf/SvcLvl/Cd") == "URGP"
    assert is_valid(content)


@both
def test_the_same_values_make_the_same_bytes(build, order, what) -> None:
    first = build(order, message_id="M-1", created_at=NOW)
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))
    assert build(order, message_id="M-1", created_at=berlin) == first
    assert build(order, message_id="M-2", created_at=NOW) != first


@both
def test_a_message_id_that_is_not_given_is_always_another(build, order, what) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    contents = [build(order) for _ in range(2)]
    ids = {checked(content).message_id for content in contents}
    assert len(ids) == 2
    assert all(len(message_id or "") == 32 for message_id in ids)
    created = datetime.fromisoformat(text(contents[0], "GrpHdr/CreDtTm") or "")
    assert before <= created <= datetime.now(UTC)


@both
def test_spaces_in_an_iban_do_not_matter(build, order, what) -> None:
    content = build(dataclasses.replace(order, iban="de75 5121 0800 1245 1261 99"))
    assert checked(content).counterparties == {account_hash(OTHER)}
    assert OTHER.encode() in content


@both
def test_orders_may_come_from_a_generator(build, order, what) -> None:
    call: Callable[..., bytes] = credit_transfers if build is transfers else direct_debits
    day = {"execution_date": DAY} if build is transfers else {"collection_date": DAY}
    assert checked(call(ACCOUNT, (order for _ in range(3)), **day)).orders == 3


AMOUNTS = st.integers(1, 99_999_999_999).map(lambda cents: Decimal(cents).scaleb(-2))
TEXTS = st.text("abcXYZ019/-?:().,'+ ", min_size=1, max_size=70).filter(str.strip)
BANK_CODES = st.sampled_from(["37040044", "51210800", "50010517"])
IBANS = st.builds(
    lambda bank, number: schwifty.IBAN.generate("DE", bank, f"{number:010}").compact,
    BANK_CODES,
    st.integers(0, 10**10 - 1),
)


@given(st.lists(st.builds(CreditTransfer, TEXTS, IBANS, AMOUNTS, TEXTS), min_size=1, max_size=5), st.booleans())
@settings(max_examples=10, deadline=None)
def test_whatever_is_right_goes_in_and_out_again(given, batch_booking) -> None:
    content = transfers(*given, batch_booking=batch_booking)
    facts = checked(content)
    assert facts.orders == len(given)
    assert facts.control_sum == sum(transfer.amount for transfer in given)
    assert facts.counterparties == {account_hash(transfer.iban) for transfer in given}
    root = parsed(content)
    assert [element.text for element in root.iterfind(".//{*}Cdtr/{*}Nm")] == [transfer.name for transfer in given]
    purposes = [element.text for element in root.iterfind(".//{*}Ustrd")]
    assert purposes == [transfer.remittance_information for transfer in given]


def test_amounts_are_exact_whatever_the_program_s_decimal_context() -> None:
    with localcontext(prec=3):
        content = transfers(dataclasses.replace(TRANSFER, amount=Decimal("999999999.99")))
    assert checked(content).control_sum == Decimal("999999999.99")


def test_threads_may_build_at_once() -> None:
    contents: list[bytes] = []
    ready = threading.Barrier(4)

    def run(build: Callable[..., bytes]) -> None:
        ready.wait()
        contents.extend(build() for _ in range(2))

    threads = [threading.Thread(target=run, args=[build]) for build in [transfers, debits] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(contents) == 8
    assert all(checked(content).orders == 1 for content in contents)


# --- what is refused -------------------------------------------------------------------------------------------------


def refused(build: Callable[..., bytes], *orders: Any, **arguments: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        build(*orders, **arguments)
    told = f"{caught.value}{caught.value!r}"
    for secret in ("Mustermann", "Müller", OWN, OTHER, "4711", OTHER[4:], "MANDATE"):
        assert secret not in told
    return str(caught.value)


WRONG: list[tuple[str, Any, str]] = [
    ("name", "Jörg Müller", r"character 2 (U+00F6)"),
    ("name", "Erika\nMustermann", "U+000A"),
    ("name", "Mustermann & Co", "U+0026"),
    ("name", "x" * 71, "71 characters, and at most 70"),
    ("name", "", "is empty"),
    ("name", "   ", "is empty"),
    ("name", None, "not NoneType"),
    ("remittance_information", "x" * 141, "141 characters, and at most 140"),
    ("remittance_information", "Rechnung 4711 €", "U+20AC"),
    ("remittance_information", "", "is empty"),
    ("end_to_end_id", "x" * 36, "36 characters, and at most 35"),
    ("end_to_end_id", "/x", "slash"),
    ("end_to_end_id", "x/", "slash"),
    ("end_to_end_id", "x//y", "slash"),
    ("end_to_end_id", "", "is empty"),
    ("end_to_end_id", "ä", "U+00E4"),
    ("iban", "DE75512108001245126198", "check digits"),
    ("iban", "DE7551210800124512619", "is no IBAN"),
    ("iban", "XX75512108001245126199", "is no IBAN"),
    ("iban", "", "is no IBAN"),
    ("iban", "DE7551210800124512619Ä", "is no IBAN"),
    ("iban", 5, "not int"),
    ("bic", "COBADEFF1", "is no BIC"),
    ("bic", "COBAXXFF", "is no BIC"),
    ("bic", "", "is no BIC"),
    ("bic", 5, "not int"),
    ("amount", 12.5, "not float"),
    ("amount", 12, "not int"),
    ("amount", "12.50", "not str"),
    ("amount", True, "not bool"),
    ("amount", Decimal(0), "more than 0"),
    ("amount", Decimal("-1.00"), "more than 0"),
    ("amount", Decimal("NaN"), "more than 0"),
    ("amount", Decimal("sNaN"), "more than 0"),
    ("amount", Decimal("Infinity"), "more than 0"),
    ("amount", Decimal("1000000000.00"), "999,999,999.99"),
    ("amount", Decimal("1E+999999"), "999,999,999.99"),
    ("amount", Decimal("0.005"), "parts of a cent"),
    ("amount", Decimal("12.501"), "parts of a cent"),
    ("amount", Decimal("1E-999999"), "parts of a cent"),
    ("amount", Decimal("0.01" + "0" * 50 + "1"), "parts of a cent"),
]


@both
@pytest.mark.parametrize(("field", "value", "reason"), WRONG)
def test_what_is_wrong_is_named_by_its_place(build, order, what, field, value, reason) -> None:
    message = refused(build, order, dataclasses.replace(order, **{field: value}))
    assert message.startswith(f"{what}[1].{field}: ")
    assert reason in message


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("mandate_id", "", "is empty"),
        ("mandate_id", "x" * 36, "at most 35"),
        ("mandate_date", datetime(2024, 1, 1, tzinfo=UTC), "not datetime"),
        ("mandate_date", "2024-01-01", "not str"),
        ("mandate_date", date(2025, 3, 4), "after the day of collection"),
        ("sequence_type", "XXXX", "FRST, RCUR, FNAL, OOFF"),
        ("sequence_type", None, "FRST, RCUR, FNAL, OOFF"),
    ],
)
def test_what_is_wrong_with_a_mandate_is_named(field, value, reason) -> None:
    message = refused(debits, DEBIT, dataclasses.replace(DEBIT, **{field: value}))
    assert message.startswith(f"debits[1].{field}: ")
    assert reason in message


@both
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "x" * 71, "at most 70"),
        ("name", "Jörg", "U+00F6"),
        ("iban", "DE89370400440532013001", "check digits"),
        ("bic", "?", "is no BIC"),
    ],
)
def test_what_is_wrong_with_the_account_is_named(build, order, what, field, value, reason) -> None:
    message = refused(build, order, account=dataclasses.replace(ACCOUNT, **{field: value}))
    assert message.startswith(f"account.{field}: ")
    assert reason in message


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "need the creditor id"),
        ("DE98ZZZ09999999998", "check digits"),
        ("DE89ZZZ09999999999", "check digits"),
        ("ZZZ09999999999", "is no creditor id"),
        ("DE98ZZZ0999999999Ä", "is no creditor id"),
        (98, "not int"),
    ],
)
def test_direct_debits_need_a_creditor_id_that_is_one(value, reason) -> None:
    message = refused(debits, account=dataclasses.replace(ACCOUNT, creditor_id=value))
    assert message.startswith("account.creditor_id: ")
    assert reason in message
    assert transfers(account=dataclasses.replace(ACCOUNT, creditor_id=value))


@pytest.mark.parametrize("value", ["DE98 ZZZ0 9999 9999 99", "DE98ABC09999999999", "AT61ZZZ01234567890"])
def test_creditor_ids_of_other_business_codes_and_countries_are_known(value) -> None:
    content = debits(account=dataclasses.replace(ACCOUNT, creditor_id=value))
    assert text(content, "PmtInf/CdtrSchmeId/Id/PrvtId/Othr/Id") == value.replace(" ", "")


@both
@pytest.mark.parametrize(
    ("argument", "value", "reason"),
    [
        ("account", OWN, "give an Account, not str"),
        ("batch_booking", "yes", "not str"),
        ("batch_booking", None, "not NoneType"),
        ("transliterate", 1, "not int"),
        ("message_id", "", "is empty"),
        ("message_id", "x" * 36, "at most 35"),
        ("message_id", "a//b", "slash"),
        ("message_id", 5, "not int"),
        ("created_at", datetime(2025, 3, 1), "time zone"),  # noqa: DTZ001
        ("created_at", DAY, "time zone"),
        ("created_at", 1.5, "time zone"),
    ],
)
def test_what_is_wrong_with_the_file_is_named(build, order, what, argument, value, reason) -> None:
    message = refused(build, order, **{argument: value})
    assert message.startswith(f"{argument}: ")
    assert reason in message


@pytest.mark.parametrize("day", [datetime(2025, 3, 3, tzinfo=UTC), "2025-03-03", None])
def test_a_day_is_a_date(day) -> None:
    assert refused(transfers, execution_date=day).startswith("execution_date: give a datetime.date")
    assert refused(debits, collection_date=day).startswith("collection_date: give a datetime.date")
    if day is not None:
        message = refused(transfers, dataclasses.replace(TRANSFER, execution_date=day))
        assert message.startswith("transfers[0].execution_date: give a datetime.date")


def test_an_instrument_is_one_of_two() -> None:
    assert "CORE, B2B" in refused(debits, instrument="COR1")
    assert refused(transfers, urgent="soon").startswith("urgent: ")


def test_a_file_of_several_days_must_be_split() -> None:
    same, other = (dataclasses.replace(TRANSFER, execution_date=day) for day in (DAY, date(2025, 3, 4)))
    assert checked(transfers(TRANSFER, same)).collections == 1
    message = refused(transfers, TRANSFER, same, other)
    assert message.startswith("transfers[2].execution_date is 2025-03-04 and the file's is 2025-03-03")
    assert "one file for each day" in message
    message = refused(debits, DEBIT, dataclasses.replace(DEBIT, collection_date=date(2025, 3, 4)))
    assert message.startswith("debits[1].collection_date is 2025-03-04")


def test_a_file_of_several_sequence_types_must_be_split() -> None:
    for sequence_type in ("FRST", "RCUR", "FNAL", "OOFF"):
        content = debits(dataclasses.replace(DEBIT, sequence_type=sequence_type))
        assert text(content, "PmtInf/PmtTpInf/SeqTp") == sequence_type
    message = refused(debits, DEBIT, dataclasses.replace(DEBIT, sequence_type="FRST"))
    assert message.startswith("debits[1].sequence_type is FRST and that of debits[0] is RCUR")
    assert "one file for each sequence type" in message


@both
def test_a_file_without_orders_is_refused(build, order, what) -> None:
    call: Callable[..., bytes] = credit_transfers if build is transfers else direct_debits
    day = {"execution_date": DAY} if build is transfers else {"collection_date": DAY}
    with pytest.raises(ConfigurationError, match=f"{what}: there are none"):
        call(ACCOUNT, [], **day)


@both
def test_an_order_of_another_kind_is_refused(build, order, what) -> None:
    for stranger in (None, {"name": NAME}, DEBIT if build is transfers else TRANSFER):
        message = refused(build, order, stranger)
        assert message.startswith(f"{what}[1]: give a {type(order).__name__}, not {type(stranger).__name__}")


@given(st.one_of(st.text(max_size=40), st.text("DECHATFR0123456789 ", max_size=36)))
@settings(max_examples=300, deadline=None)
def test_no_iban_and_no_bic_breaks_the_check(value) -> None:
    """Whatever it is, it is refused by name, or it is one."""
    for field in ("iban", "bic"):
        try:
            content = transfers(dataclasses.replace(TRANSFER, **{field: value}))
        except ConfigurationError as error:
            refusal = str(error)
        else:
            refusal = ""
            assert checked(content).orders == 1
        assert refusal == "" or refusal.startswith(f"transfers[0].{field}: ")


# --- respelling ------------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("Jörg Müller-Lüdenscheidt", "Joerg Mueller-Luedenscheidt"),
        ("Ärzte Öl Übung Straße ẞ", "Aerzte Oel Uebung Strasse SS"),
        ("Jo\u0308rg", "Joerg"),
        ("José Çelik & Søn".replace("ø", "o"), "Jose Celik + Son"),
        ("Plain", "Plain"),
    ],
)
def test_umlauts_are_respelled_when_asked_for(build, order, what, written, spelled) -> None:
    account = dataclasses.replace(ACCOUNT, name=written)
    changed = dataclasses.replace(order, name=written, remittance_information=written)
    content = build(changed, account=account, transliterate=True)
    assert content.count(f">{spelled}<".encode()) == 4  # the account's name stands twice
    if written != spelled:
        assert "U+" in refused(build, changed)


@both
def test_what_has_no_respelling_is_refused_and_length_is_counted_after_it(build, order, what) -> None:
    for name, reason in (("Søren", "U+00F8"), ("Иван", "U+0418"), ("ü" * 36, "72 characters"), ("\u0308", "is empty")):
        message = refused(build, dataclasses.replace(order, name=name), transliterate=True)
        assert message.startswith(f"{what}[0].name: ")
        assert reason in message


@both
def test_ids_are_never_respelled(build, order, what) -> None:
    message = refused(build, dataclasses.replace(order, end_to_end_id="Müller"), transliterate=True)
    assert message.startswith(f"{what}[0].end_to_end_id: ")


# --- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [ACCOUNT, TRANSFER, DEBIT])
def test_reprs_tell_no_account_and_no_name(value) -> None:
    for secret in ("Muster", OWN, OTHER, "4711", "COBA", "DE98", "MANDATE"):
        assert secret not in repr(value)
    assert "12.50" in repr(value) or value is ACCOUNT


@pytest.mark.parametrize("missing", ["sepaxml", "schwifty"])
def test_without_its_libraries_it_says_what_to_install(missing) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
from datetime import date
from konfipay_async.errors import MissingExtraError
from konfipay_async.sepa import Account, credit_transfers, direct_debits
for build, day in ((credit_transfers, "execution_date"), (direct_debits, "collection_date")):
    try:
        build(Account("x", "y"), [], **{{day: date(2025, 1, 1)}})
    except MissingExtraError as error:
        print(error.extra, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("sepa ") and "pip install 'konfipay-async[sepa]'" in line for line in lines)
    assert issubclass(MissingExtraError, ConfigurationError)
