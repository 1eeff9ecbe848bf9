"""The state file: what survives, what is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from konfipay_async.errors import ConfigurationError
from konfipay_async.sandbox import Sandbox


def sandbox(path: Path, **arguments: object) -> Sandbox:
    return Sandbox(**({"transactions": 50, "state": path} | arguments))  # type: ignore[arg-type]


def test_flags_and_arrivals_survive(tmp_path: Path) -> None:
    path = tmp_path / "state"
    first = sandbox(path)
    first.acknowledge_elsewhere(first.rids()[10:30])
    late = first.arrive(3, where="start") + first.arrive(2, pending=True) + first.arrive(2, pending=True)
    first.mark_new(first.rids()[15:17])
    first.acknowledge_elsewhere(late[1:2])
    for _ in range(2):
        again = sandbox(path)
        assert again.rids() == first.rids()
        assert again.new_rids() == first.new_rids()
        assert again.transaction(late[-1]) == first.transaction(late[-1])


def test_a_long_journal_is_shortened_and_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "state"
    first = sandbox(path)
    for _ in range(3):
        for rid in first.rids():
            first.acknowledge_elsewhere([rid])
            first.mark_new([rid])
    first.acknowledge_elsewhere(first.rids()[::7])
    first.arrive(4)
    assert len(path.read_bytes().splitlines()) > 200
    again = sandbox(path)
    assert again.new_rids() == first.new_rids()
    assert len(path.read_bytes().splitlines()) == 3
    assert sandbox(path).new_rids() == first.new_rids()
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "state"
    first = sandbox(path)
    first.acknowledge_elsewhere(first.rids()[:5])
    before = first.new_rids()
    first.acknowledge_elsewhere(first.rids()[5:9])
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines(keepends=True)[-1])):
        path.write_bytes(whole[:-cut])
        again = sandbox(path)
        assert again.new_rids() == before
        again.acknowledge_elsewhere(again.rids()[20:21])
        assert len(sandbox(path).new_rids()) == len(before) - 1


def test_it_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "state"
    program = (
        "import os, signal, sys\n"
        "from konfipay_async.sandbox import Sandbox\n"
        "sandbox = Sandbox(transactions=50, state=sys.argv[1])\n"
        "sandbox.acknowledge_elsewhere(sandbox.rids()[:40])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert ended.returncode == -9
    assert sandbox(path).new_rids() == Sandbox(transactions=50).rids()[40:]


@pytest.mark.parametrize("content", [b"hello", b"{}\n", b'{"format": "other"}\n', b"\x00\xff\n", b"\n", b"[1]\nabc\n"])
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="no state file of this sandbox"):
        sandbox(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("other", [{"seed": 1}, {"transactions": 51}, {"pending": 3}, {"accounts": 3}])
def test_other_data_are_refused(tmp_path: Path, other: dict[str, int]) -> None:
    path = tmp_path / "state"
    sandbox(path)
    (name,) = other
    with pytest.raises(ConfigurationError, match=f"other data .{name} "):
        sandbox(path, **other)


@pytest.mark.parametrize(
    "line", [b"abc", b'["new",[1]]', b'["new",[3,50]]', b'["new",[-1,3]]', b'["arrive",1,"middle",0]', b"[]", b"7"]
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "state"
    sandbox(path)
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(ConfigurationError, match="line 2 of the state file"):
        sandbox(path)


def test_an_empty_file_is_taken_and_an_impossible_path_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.touch()
    first = sandbox(path)
    first.acknowledge_elsewhere(first.rids())
    assert sandbox(path).new_rids() == []
    with pytest.raises(ConfigurationError, match="cannot be used"):
        sandbox(tmp_path / "missing" / "state")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        sandbox(tmp_path)


def test_two_writers_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "state"
    first, second = sandbox(path), sandbox(path)
    first.acknowledge_elsewhere(first.rids()[:1])
    with pytest.raises(ConfigurationError, match="another process writes"):
        second.acknowledge_elsewhere(second.rids()[1:2])
