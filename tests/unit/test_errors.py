"""Every error prints, pickles and copies, and the tree in the module's docstring is the tree."""

import ast
import asyncio
import copy
import inspect
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import errors

CLASSES = [
    value
    for name in errors.__all__
    if isinstance(value := getattr(errors, name), type) and issubclass(value, errors.KonfipayError)
]
ITEMS = [errors.ErrorItem("ERR-01-0001", "RIdNotFound", "Erika Mustermann", "2025-01-08T13:55:50+01:00")]

ARGUMENTS: dict[type, dict[str, Any]] = {
    errors.StatusError: {
        "status": 418,
        "method": "GET",
        "path": "a/b",
        "errors": ITEMS,
        "request_ids": {"x-request-id": "abc"},
        "retry_after": 7.5,
        "body": b"Erika Mustermann",
    },
    errors.DecodeError: {"where": "GET a page 3", "field": "$.a[1].b", "body": b"Erika Mustermann", "malformed": True},
    errors.OutcomeUnknownError: {"method": "POST", "path": "a/b", "sent_at": 12.5, "body_sha256": "abcd"},
}


def example(kind: type[errors.KonfipayError]) -> errors.KonfipayError:
    if kind is errors.MissingExtraError:
        return errors.MissingExtraError("The sink", "sql")
    for base, arguments in ARGUMENTS.items():
        if issubclass(kind, base):
            return kind("it went wrong", **arguments)
    if issubclass(kind, errors.TransportError):
        return kind("it went wrong", sent=False)
    return kind("it went wrong")


def _pickled(protocol: int) -> Any:
    return lambda error: pickle.loads(pickle.dumps(error, protocol))  # noqa: S301


DUPLICATES = [copy.copy, copy.deepcopy, *(_pickled(protocol) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1))]


@pytest.mark.parametrize("duplicate", DUPLICATES)
def test_a_copy_keeps_message_and_attributes(duplicate) -> None:
    """Apart from what the server said in full, which reads as empty."""
    for kind in CLASSES:
        error = example(kind)
        error.add_note("a note")
        again = duplicate(error)
        assert type(again) is kind
        assert str(again) == str(error)
        assert again.args == error.args
        assert again.__notes__ == ["a note"]
        for name, value in vars(error).items():
            if name in ("body", "errors"):
                assert getattr(again, name) in (b"", ())
                assert value  # there was something to lose
            else:
                assert getattr(again, name) == value, name


def test_no_pickle_holds_what_the_server_said() -> None:
    for kind in CLASSES:
        assert b"Mustermann" not in pickle.dumps(example(kind))


def test_errors_print_well() -> None:
    for kind in CLASSES:
        error = example(kind)
        assert str(error) == error.args[0]
        assert repr(error) == f"{kind.__name__}({error.args[0]!r})"
        assert "Mustermann" not in f"{error}{error!r}"
        assert isinstance(error, errors.KonfipayError)


def test_an_error_without_a_message_prints_too() -> None:
    for kind in [kind for kind in CLASSES if kind is not errors.MissingExtraError]:
        assert isinstance(str(kind("")), str)
        bare = kind.__new__(kind)
        assert str(bare) == kind.__name__


def test_an_attribute_that_is_not_there_is_an_attribute_error() -> None:
    for kind in CLASSES:
        with pytest.raises(AttributeError):
            _ = example(kind).no_such_thing
        with pytest.raises(AttributeError):
            _ = example(kind)._private


def test_what_the_server_said_hangs_on_the_error() -> None:
    error = example(errors.BadRequestError)
    assert isinstance(error, errors.StatusError)
    assert error.errors == tuple(ITEMS)
    assert error.codes == ("ERR-01-0001",)
    assert error.body == b"Erika Mustermann"
    assert errors.DecodeError("x").body == b""
    assert errors.StatusError("x").codes == ()


def test_an_error_item_shows_its_code_only() -> None:
    assert repr(ITEMS[0]) == "ErrorItem(code='ERR-01-0001')"
    assert ITEMS[0] == ("ERR-01-0001", "RIdNotFound", "Erika Mustermann", "2025-01-08T13:55:50+01:00")


def test_sent_is_false_only_where_that_is_certain() -> None:
    assert errors.TransportError("x").sent is True
    assert errors.ConnectionLostError("x").sent is True
    assert errors.RequestTimeoutError("x").sent is True
    assert errors.ConnectFailedError("x").sent is False


def test_a_missing_extra_says_what_to_install() -> None:
    error = errors.MissingExtraError("The sink", "sql")
    assert error.extra == "sql"
    assert "pip install 'konfipay-async[sql]'" in str(error)


def test_a_closed_client_is_a_runtime_error_too() -> None:
    assert issubclass(errors.ClientStateError, RuntimeError)


def test_errors_are_no_cancellation_and_no_timeout_of_python() -> None:
    """They would be swallowed by asyncio.timeout and task groups."""
    for kind in CLASSES:
        assert not issubclass(kind, asyncio.CancelledError | TimeoutError | OSError)


# --- the tree ------------------------------------------------------------------------------------------------------


def drawn() -> dict[str, str]:
    """Each class of the docstring's tree, and the one it hangs from."""
    parents: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"( {4}[│├└─ ]*)([A-Z]\w+Error)\b", line)
        if match is None:
            continue
        while path and path[-1][0] >= len(match[1]):
            path.pop()
        parents[match[2]] = path[-1][1] if path else ""
        path.append((len(match[1]), match[2]))
    return parents


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert drawn() == {
        kind.__name__: "" if kind is errors.KonfipayError else kind.__bases__[0].__name__ for kind in CLASSES
    }


def test_every_error_of_the_module_is_public() -> None:
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == errors.__name__
    }
    assert defined == {kind.__name__ for kind in CLASSES}


def test_every_error_says_what_it_means() -> None:
    for kind in CLASSES:
        assert kind.__doc__
        assert kind.__name__.endswith("Error")


def test_the_module_imports_nothing_of_the_package() -> None:
    tree = ast.parse(Path(inspect.getfile(errors)).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert not (node.module or "").startswith("konfipay")
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("konfipay") for alias in node.names)
