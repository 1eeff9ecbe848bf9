"""What shapes an answer is checked before it is sent."""

import pytest

from konfipay_async.errors import ConfigurationError
from konfipay_async.wallee import shape
from konfipay_async.wallee.query import Q


@pytest.mark.parametrize(
    ("by", "sent"),
    [
        ("last_name", "lastName"),
        ("lastName:desc  first_name", "lastName:DESC firstName"),
        (["last_name:ASC", Q.first_name], "lastName:ASC firstName"),
        (Q.charge.transaction.created_on, "charge.transaction.createdOn"),
        ((name for name in ("a", "b:DESC")), "a b:DESC"),
    ],
    ids=["one", "text", "list", "path", "generator"],
)
def test_an_order_of_fields(by, sent):
    assert shape.order(by) == sent


@pytest.mark.parametrize("by", ["", " ", [], "a:UP", "a:", ":ASC", "a+b", "a,b", 5, None, [5], ["a", None]], ids=repr)
def test_an_order_that_is_none(by):
    with pytest.raises(ConfigurationError, match="order"):
        shape.order(by)


def test_a_list_is_ordered_by_time_only():
    assert (shape.list_order("asc"), shape.list_order("DESC")) == ("ASC", "DESC")
    for other in ("createdOn", "", None):
        with pytest.raises(ConfigurationError, match="by time only"):
            shape.list_order(other)


@pytest.mark.parametrize(
    ("links", "sent"),
    [
        ("group", ("group",)),
        ("charge.transaction,labels", ("charge.transaction", "labels")),
        (
            ["payment_connector_configuration.processor_configuration", " group , group"],
            ("paymentConnectorConfiguration.processorConfiguration", "group"),
        ),
        ([Q.meta_data, Q.charge.transaction], ("metaData", "charge.transaction")),
        ("a.b.c.d", ("a.b.c.d",)),
        ([], ()),
        ("", ()),
    ],
    ids=str,
)
def test_links_to_expand(links, sent):
    """Each once; in snake_case or as on the wire; commas or a list."""
    assert shape.expand(links) == sent


def test_the_api_expands_four_levels():
    with pytest.raises(ConfigurationError, match=r"'a\.b\.c\.d\.e' is 5 levels deep, the API expands 4"):
        shape.expand("x,a.b.c.d.e")


@pytest.mark.parametrize("links", ["a b", "a..b", "a:b", "*", "a&b=c", 5, None, [b"a"]], ids=repr)
def test_what_is_no_link(links):
    with pytest.raises(ConfigurationError, match="expand"):
        shape.expand(links)


def test_a_page_has_1_to_100_rows():
    assert [shape.limit(size) for size in (1, 100)] == [1, 100]
    for other in (0, 101, -1, True, 10.0, "10", None):
        with pytest.raises(ConfigurationError, match="1 to 100"):
            shape.limit(other)


def test_a_search_skips_up_to_10_000_rows():
    assert [shape.offset(rows) for rows in (0, 10_000)] == [0, 10_000]
    for other in (-1, 10_001, False, "0"):
        with pytest.raises(ConfigurationError, match="0 to 10000"):
            shape.offset(other)


def test_an_id_is_a_positive_integer():
    assert [shape.identifier(value) for value in (1, "42", 2**63 - 1)] == [1, 42, 2**63 - 1]
    for other in (0, -1, 2**63, True, 1.0, "", "1/../2", "abc", "²", "9" * 30, None):
        with pytest.raises(ConfigurationError, match=r"space=.*positive integer"):
            shape.identifier(other, "space")


def test_metadata_within_the_limits():
    pairs = {f"{number:040}": "v" * 512 for number in range(25)}
    assert shape.metadata(pairs) == pairs


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ({str(number): "" for number in range(26)}, "26 keys, the API takes 25"),
        ({"k" * 41: ""}, "41 characters, the API takes 1 to 40"),
        ({"": ""}, "0 characters"),
        ({"key": "canary" * 100}, "'key' has 600 characters, the API takes 512"),
        ({"key": 5}, "texts"),
        ({5: "v"}, "texts"),
        ([("key", "v")], "mapping"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_metadata_beyond_them(pairs, told):
    """A value is not repeated."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        shape.metadata(pairs)
    assert "canary" not in str(caught.value)
