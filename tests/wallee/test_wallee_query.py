"""Queries, built and read: what one writes the other understands, and no value ends where it should not."""

import copy
import enum
import pickle
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from konfipay_async.errors import ConfigurationError, QuerySyntaxError
from konfipay_async.sandbox.wallee.search_language import Condition, Term, parse_query
from konfipay_async.wallee.parsing import parse, query_text
from konfipay_async.wallee.query import Chain, Comparison, Not, Q, Query


class Color(enum.StrEnum):
    RED = "RED"


class Number(enum.Enum):
    TWO = 2


# --- what is built -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (Q.state == "PENDING", "state:PENDING"),
        (Q.state != "PENDING", "-state:PENDING"),
        (Q.first_name == "John Peter", 'firstName:"John Peter"'),
        (Q.last_name == "O'Neil", 'lastName:"O\'Neil"'),
        (Q.name == 'the "best"', "name:'the \"best\"'"),
        (Q.quantity < 2, "quantity:<2"),
        (Q.quantity <= 2, "quantity:<=2"),
        (Q.quantity > 2, "quantity:>2"),
        (Q.quantity >= 2, "quantity:>=2"),
        (Q.payment_method.is_null(), "paymentMethod:*"),
        (Q.payment_method == None, "paymentMethod:*"),  # noqa: E711
        (Q.payment_method != None, "-paymentMethod:*"),  # noqa: E711
        (Q.color.contains("red", "blue"), "color:~red,blue"),
        (Q.color.contains("dark red"), 'color:~"dark red"'),
        (Q.charge.transaction.created_by == 7, "charge.transaction.createdBy:7"),
        (Q["charge.transaction"]["contains"] == 7, "charge.transaction.contains:7"),
        (Q.state.one_of("A"), "state:A"),
        (Q.state.one_of("A", "B", "C"), "state:A OR state:B OR state:C"),
        (~(Q.a == 1), "-a:1"),
        (~~(Q.a == 1), "a:1"),
        ((Q.a == 1) & (Q.b == 2) & (Q.c == 3), "a:1 AND b:2 AND c:3"),
        ((Q.a == 1) & ((Q.b == 2) & (Q.c == 3)), "a:1 AND b:2 AND c:3"),
        ((Q.a == 1) & (Q.b == 2) | (Q.c == 3), "(a:1 AND b:2) OR c:3"),
        ((Q.a == 1) & ((Q.b == 2) | (Q.c == 3)), "a:1 AND (b:2 OR c:3)"),
        (~((Q.a == 1) | (Q.b == 2)), "-(a:1 OR b:2)"),
        (Not(Not(Q.a == 1)), "-(-a:1)"),
    ],
    ids=str,
)
def test_what_is_built_is_written_in_the_grammar(query: Query, text: str) -> None:
    assert str(query) == text
    assert parse(text) == query


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (-7, '"-7"'),
        (Decimal("1E+2"), "100"),
        (Decimal("0.10"), "0.10"),
        (True, "true"),
        (False, "false"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), '"2026-03-01T12:00:00Z"'),
        (datetime(2026, 3, 1, 12, 0, 0, 5, timezone(timedelta(hours=1))), '"2026-03-01T11:00:00.000005Z"'),
        (Color.RED, "RED"),
        (Number.TWO, "2"),
        ("", '""'),
        ("AND", '"AND"'),
        ("*", '"*"'),
        ("<5", '"<5"'),
        ("Zoë", '"Zoë"'),
        ("a) OR (b:1", '"a) OR (b:1"'),
    ],
    ids=str,
)
def test_every_kind_of_value_has_its_spelling(value: object, text: str) -> None:
    """And whatever the grammar could take for its own stands in quotes."""
    assert str(Q.a == value) == f"a:{text}"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1.5, "give a Decimal"),
        (float("nan"), "give a Decimal"),
        (Decimal("NaN"), "finite"),
        (Decimal("Infinity"), "finite"),
        (datetime(2026, 3, 1), "time zone"),  # noqa: DTZ001
        ([1], "str, int"),
        (b"a", "str, int"),
        ("both ' and \"", "both kinds of quotes"),
        ("back\\slash", "backslash"),
        ("nul\0", "control character"),
        ("\ud800", "no valid Unicode"),
    ],
    ids=repr,
)
def test_what_has_no_exact_spelling_is_refused(value: object, hint: str) -> None:
    """Wherever a value can stand."""
    for compare in (Q.a.__eq__, Q.a.__lt__, Q.a.contains, Q.a.one_of):
        with pytest.raises(ConfigurationError, match=hint):
            compare(value)  # type: ignore[arg-type]


def test_nothing_is_smaller_than_null() -> None:
    with pytest.raises(ConfigurationError, match="is_null"):
        Q.a < None  # type: ignore[operator]  # noqa: B015


@pytest.mark.parametrize("values", [(), ("a,b",), ("a", "b,c")])
def test_a_comma_divides_what_is_contained(values: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="comma"):
        Q.color.contains(*values)


def test_values_that_are_contained_stand_in_quotes_together() -> None:
    with pytest.raises(ConfigurationError, match="both kinds of quotes"):
        Q.color.contains("it's", 'a "b"')


def test_one_of_nothing_is_refused() -> None:
    """It would be a query that finds everything, or nothing."""
    with pytest.raises(ConfigurationError, match="one value or more"):
        Q.state.one_of()


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a..b", ".a", "a.", "-a", "1a", 'a"', "Straße"])
def test_a_name_is_a_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no field"):
        Q[name]


def test_python_s_own_and_or_not_are_caught() -> None:
    """They would drop a part of the query without a word."""
    with pytest.raises(TypeError, match="join with &"):
        print((Q.a == 1) and (Q.b == 2))
    with pytest.raises(TypeError, match="turn round with ~"):
        print(not (Q.a > 1))
    with pytest.raises(TypeError, match="compare it"):
        print(not Q.a)
    for forgotten_brackets in (lambda: Q.a == 1 & Q.b == 2, lambda: Q.a == "x" | Q.b == 2, lambda: Q.a & (Q.b == 1)):
        with pytest.raises(TypeError, match="its own brackets"):
            forgotten_brackets()
    with pytest.raises(TypeError):
        (Q.a == 1) & "b:2"  # type: ignore[operator]


def test_a_chain_has_terms_and_connectives() -> None:
    with pytest.raises(ConfigurationError, match="two terms or more"):
        Chain((Q.a == 1,), ())
    with pytest.raises(ConfigurationError, match="two terms or more"):
        Chain((Q.a == 1, Q.b == 2), ())


def test_a_repr_shows_no_value() -> None:
    query = (Q.last_name == "Mustermann") & ~(Q.a == 1)
    assert "Mustermann" not in repr(query)
    assert "lastName" in repr(query)
    assert repr(Q) == "Q"
    assert repr(Q.a.b) == "Field('a.b')"


def test_queries_and_fields_can_be_copied() -> None:
    query = (Q.a == 1) | (Q.b.is_null())
    assert pickle.loads(pickle.dumps(query)) == query  # noqa: S301
    assert copy.deepcopy(query) == query
    assert str(copy.copy(Q.a.b)) == "a.b"
    assert len({Q.a, Q.b}) == 2


# --- what is read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('firstName:"John Peter" lastName:Doe', 'firstName:"John Peter" AND lastName:Doe'),
        ("charge.transaction.state=PENDING AND currency=EUR", "charge.transaction.state:PENDING AND currency:EUR"),
        ("quantity:>2 quantity:<=10", "quantity:>2 AND quantity:<=10"),
        ("NOT currency:EUR", "-currency:EUR"),
        ("-currency:EUR", "-currency:EUR"),
        (
            "state:SUCCESSFUL AND (currency:CHF OR currency:EUR)",
            "state:SUCCESSFUL AND (currency:CHF OR currency:EUR)",
        ),
        ("paymentMethod:*", "paymentMethod:*"),
        ("color:~red,blue,green", "color:~red,blue,green"),
    ],
)
def test_the_seed_s_examples(text: str, written: str) -> None:
    assert str(parse(text)) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (" a:1\tAND\r\nb:2 ", "a:1 AND b:2"),
        ("((a:1))", "a:1"),
        ("( a:1 OR b:2 )", "a:1 OR b:2"),
        ("NOT (a:1)", "-a:1"),
        ("a=<1 b=>=2 c=* d=~x", "a:<1 AND b:>=2 AND c:* AND d:~x"),
        ("createdOn:>2026-01-01T00:00:00Z", 'createdOn:>"2026-01-01T00:00:00Z"'),
        ("a:1 OR b:2 AND c:3 d:4", "a:1 OR b:2 AND c:3 AND d:4"),
        ("AND:1 OR OR:2", "AND:1 OR OR:2"),
        ("NOT:1", "NOT:1"),
        ("snake_case:1", "snake_case:1"),
        (r"a:'\'", r'a:"\"'),
    ],
)
def test_what_else_the_grammar_allows(text: str, written: str) -> None:
    """A mixture of AND and OR without brackets is left for the API to understand, as it was written."""
    assert str(parse(text)) == written


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "empty"),
        ("  ", 2, "empty"),
        ("a", 1, "comes one of"),
        ("a >2", 1, "comes one of"),
        ("firstName:John Peter lastName:Doe", 20, "comes one of"),
        ("a:", 2, "value is missing"),
        ("a: b:1", 2, "value is missing"),
        ("a==1", 2, "value is missing"),
        ("a:1 AND", 7, "nothing comes after AND"),
        ("a:1 AND OR b:2", 8, "stands between two terms"),
        ("OR b:2", 0, "stands between two terms"),
        ("a:1 and b:2", 7, "in capitals"),
        ("a:1 AND(b:2)", 7, "space is missing after AND"),
        ("(a:1", 0, "not closed"),
        ("a:1 (b:1 OR (c:2)", 4, "not closed"),
        ("a:1)", 3, "closes nothing"),
        ("()", 1, "name is missing"),
        ('"x":1', 0, "name is missing"),
        ("a.:1", 1, "comes one of"),
        ('a:"1', 2, "quote is not closed"),
        ("a:'1\"", 2, "quote is not closed"),
        ("NOT(a:1)", 3, "space is missing after NOT"),
        ("- a:1", 2, "no space may follow"),
        ("--a:1", 1, "name is missing"),
        ("lastName:O'Neil", 10, "quotes of the other kind"),
        ("a:*5", 3, "no value follows"),
        ("a:1(b:1)", 3, "space is missing"),
        ('a:"1"b:1', 5, "space is missing"),
        ("(" * 51 + "a:1" + ")" * 51, 50, "deep"),
    ],
)
def test_a_mistake_is_shown_where_it_is(text: str, position: int, reason: str) -> None:
    with pytest.raises(QuerySyntaxError, match=reason) as caught:
        parse(text)
    assert caught.value.position == position
    assert f"character {position + 1}:" in str(caught.value)
    if text.strip():
        _, line, caret = str(caught.value).split("\n")
        assert len(caret) - 3 == position
        assert len(line) - 2 == min(len(text), position + 40)


def test_what_is_shown_holds_no_value() -> None:
    """But the names of fields, so that one finds the place."""
    with pytest.raises(QuerySyntaxError) as caught:
        parse('firstName:"Erika Maria" AND name:Mustermann Gabler AND (x:1')
    shown = str(caught.value).split("\n")[1]
    assert shown == '  firstName:"····· ·····" AND name:·········· ······ ··· (·:·'
    assert pickle.loads(pickle.dumps(caught.value)).position == 50  # noqa: S301


def test_a_long_query_is_shown_around_the_mistake() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(" AND ".join(f"field{number}:1" for number in range(1000)) + " x")
    _, line, caret = str(caught.value).split("\n")
    assert len(line) < 110
    assert caret.index("^") == 62


def test_text_and_query_are_sent_alike() -> None:
    assert query_text("state=PENDING") == query_text(Q.state == "PENDING") == "state:PENDING"
    for neither in (Q.state, 5, None):
        with pytest.raises(ConfigurationError, match="built with Q"):
            query_text(neither)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="a query is a text"):
        parse(b"a:1")  # type: ignore[arg-type]


# --- both ----------------------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z][a-zA-Z0-9]{0,5}(\.[a-z][a-zA-Z0-9]{0,5}){0,2}", fullmatch=True)
VALUES = st.one_of(
    st.text(max_size=12),
    st.text(alphabet=" ()'\":=<>*~,-ANDORT\\\n", max_size=8),
).filter(
    lambda text: (
        not ('"' in text and "'" in text) and not re.search("[\\\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", text)
    )
)
COMPARISONS = st.one_of(
    st.builds(lambda name: Q[name].is_null(), NAMES),
    st.builds(lambda name, value: Q[name] == value, NAMES, VALUES),
    st.builds(lambda name, value: Q[name] >= value, NAMES, VALUES),
    st.builds(
        lambda name, values: Q[name].contains(*values),
        NAMES,
        st.lists(VALUES.filter(lambda v: "," not in v), min_size=1, max_size=3).filter(
            lambda values: not {'"', "'"} <= set("".join(values))
        ),
    ),
)
QUERIES = st.recursive(
    COMPARISONS,
    lambda terms: st.one_of(
        terms.map(Not),
        st.builds(lambda a, b: a & b, terms, terms),
        st.builds(lambda a, b: a | b, terms, terms),
        st.lists(terms, min_size=2, max_size=4).flatmap(
            lambda several: st.lists(
                st.sampled_from(["AND", "OR"]), min_size=len(several) - 1, max_size=len(several) - 1
            ).map(lambda how: Chain(tuple(several), tuple(how)))
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(QUERIES)
def test_what_is_written_is_read_as_it_was_meant(query: Query) -> None:
    assert parse(str(query)) == query


@given(VALUES)
@example('x" OR a:*')
@example("x' OR (a:*")
@example("x:1) OR (a:*")
@example("-x")
@example("")
def test_no_value_gets_out_of_its_place(value: str) -> None:
    """Whatever a stranger types into a search, the query has the one term it was built with."""
    assert parse(str((Q.a == value) & (Q.b == 1))) == Chain((Comparison("a", ":", value), Q.b == 1), ("AND",))


@given(st.one_of(st.text(max_size=20), st.text(alphabet="ab.:=<>*~()-'\" ANDORT\n", max_size=25)))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        query = parse(text)
    except QuerySyntaxError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017
    else:
        assert parse(str(query)) == query


def understood(query: Query) -> object:
    """What the sandbox should make of it, which reads the language by itself."""
    match query:
        case Comparison():
            return Term(query.name, query.comparator, query.value)
        case Not():
            return Condition("NOT", (understood(query.term),))  # type: ignore[arg-type]
        case Chain():
            return Condition(query.connectives[0], tuple(map(understood, query.terms)))  # type: ignore[arg-type]
    raise AssertionError(query)


@settings(max_examples=60)
@given(QUERIES.filter(lambda query: not _mixed(query)))
def test_the_sandbox_understands_what_is_written(query: Query) -> None:
    """Two readings of one description, made apart from one another."""
    assert parse_query(str(query)) == understood(query)


def _mixed(query: Query) -> bool:
    """Whether AND and OR meet somewhere without brackets."""
    match query:
        case Not():
            return _mixed(query.term)
        case Chain():
            return len(set(query.connectives)) > 1 or any(map(_mixed, query.terms))
    return False
