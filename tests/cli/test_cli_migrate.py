"""`konfipay migrate`"""

import json
import re

import pytest

from konfipay_async.migration import CHANGES, LARGEST_FILE

SOURCE = """\
API = "https://portal.konfipay.de/api/v5"
rows = get(API + "/ExchangeRates").json()
errors = answer["errorItems"]
more = answer["errorItems"]
"""


@pytest.fixture
def tree(tmp_path):
    """A program of version 5, in two files, and one that has nothing to do with it."""
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "konfipay.py").write_text(SOURCE)
    (folder / "login.rb").write_text("post '/api/v4/Auth/Login/Token'\n")
    (folder / "shop.py").write_text('answer["errorItems"]\n')
    return folder


async def test_help(konfipay):
    """Says how --check ends."""
    ended = await konfipay("migrate", "--help")
    assert ended.code == 0
    assert "Examples" in ended.out
    assert "End with exit code 6 if anything is found" in ended.out


async def test_a_line_of_any_number_is_shown_as_it_is(konfipay, tmp_path):
    """Also one that is the name of an emoji between its colons."""
    (tmp_path / "x.py").write_text("\n" * 99 + 'answer["errorItems"]  # konfipay\n' + "/api/v5\n")
    ended = await konfipay("migrate", "x.py")
    assert "x.py:100:" in ended.out


async def test_in_a_pipe_every_finding_is_a_line(konfipay, tree):
    """With file, line and column, and a summary at the end."""
    ended = await konfipay("migrate", "src")
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert ended.err == ""
    assert lines[2].startswith("src/konfipay.py:2:20: ExchangeRates → exchange-rates: ")
    assert [line.split(" → ")[0] for line in lines[3:6]] == [
        "src/konfipay.py:3:18: errorItems",
        "src/konfipay.py:4:16: errorItems",
        "src/login.rb:1:15: POST Auth/Login/Token",
    ]
    assert lines[6] == "6 places in 2 files (3 endpoint, 2 field, 1 behaviour); 3 files read."
    assert len(lines) == 7


async def test_on_a_terminal_findings_are_tables_by_file(konfipay, tree):
    """What is found twice in a file takes one row."""
    (tree / "konfipay.py").write_text(SOURCE + 'answer["errorItems"]\n' * 10)
    ended = await konfipay("migrate", "src", FORCE_COLOR="1")
    assert ended.code == 0
    lines = re.sub(r"\x1b\[[\d;]*m", "", ended.out).splitlines()
    assert [line.split()[0] for line in lines if "src/" in line] == ["src/konfipay.py", "src/login.rb"]
    (errors,) = [line for line in lines if "errorItems" in line]
    assert errors.strip().startswith("konfipay.py:3, 4, 5,")
    assert "version 5" in ended.out
    assert "and 7 more" in ended.out
    assert "16 places in 2 files" in lines[-1]


async def test_as_json_every_finding_is_an_object(konfipay, tree):
    """And nothing else is printed."""
    ended = await konfipay("migrate", "src", "--json")
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert len(found) == 6
    assert found[2] == {
        "path": "src/konfipay.py",
        "line": 2,
        "column": 20,
        "found": "ExchangeRates",
        "kind": "endpoint",
        "before": "ExchangeRates",
        "after": "exchange-rates",
        "reason": "Paths are in lower case, words are joined by hyphens.",
        "section": "Endpoints: lower case and hyphens",
    }


@pytest.mark.parametrize("form", [(), ("--json",)])
async def test_check_ends_with_6_while_anything_is_left(konfipay, tree, form):
    """And with 0 when nothing is."""
    assert (await konfipay("migrate", "src", "--check", *form)).code == 6
    (tree / "konfipay.py").unlink()
    (tree / "login.rb").unlink()
    ended = await konfipay("migrate", "src", "--check", *form)
    assert ended.code == 0
    assert ended.out == ("" if form else "Nothing of version 5 found; 1 file read.\n")


async def test_a_file_that_is_left_out_is_told(konfipay, tmp_path):
    """Beside the objects where these are asked for. It is no finding."""
    (tmp_path / "konfipay.sql").write_bytes(b"errorItems\n" * (LARGEST_FILE // 10))
    ended = await konfipay("migrate", ".", "--check")
    assert ended.code == 0
    assert "konfipay.sql: not looked at, it is larger than 2 MB" in ended.out
    ended = await konfipay("migrate", ".", "--json")
    assert ended.out == ""
    assert "konfipay.sql: not looked at" in ended.err


async def test_one_file(konfipay, tree):
    """Is named as it was given."""
    ended = await konfipay("migrate", "src/login.rb")
    assert ended.out.splitlines()[-1] == "1 place in 1 file (1 endpoint); 1 file read."
    assert ended.out.startswith("src/login.rb:1:15: ")


@pytest.mark.parametrize("form", [{}, {"FORCE_COLOR": "1"}])
async def test_list_shows_every_change(konfipay, form):
    """With section, both versions and the reason."""
    ended = await konfipay("migrate", "--list", **form)
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == f"{len(CHANGES)} changes."
    assert all(change.section in ended.out for change in CHANGES)
    if not form:
        assert len(ended.out.splitlines()) == len(CHANGES) + 1
        assert all(f"{change.before} → {change.after}: {change.reason}" in ended.out for change in CHANGES)


async def test_list_as_json(konfipay):
    """One object for each change."""
    ended = await konfipay("migrate", "--list", "--json")
    assert [json.loads(line) for line in ended.out.splitlines()] == [change.as_dict() for change in CHANGES]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["nowhere"], "nowhere: cannot be scanned (No such file or directory); give a file or a folder"),
        ([], "there is no PATH"),
        (["src", "--list"], "leave PATH and --check out"),
        (["--list", "--check"], "leave PATH and --check out"),
    ],
)
async def test_what_makes_no_sense_is_said(konfipay, tree, arguments, hint):
    """With exit code 2."""
    ended = await konfipay("migrate", *arguments)
    assert ended.code == 2
    assert hint in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("form", [{}, {"FORCE_COLOR": "1"}])
async def test_names_of_files_break_no_line(konfipay, tmp_path, form):
    """Whatever they hold."""
    for name in ("a\n[red].py", b"\xff\x1b[2J.py".decode(errors="surrogateescape")):
        (tmp_path / name).write_text("konfipay errorItems")
    ended = await konfipay("migrate", ".", **form)
    assert ended.code == 0
    assert "a?[red].py" in ended.out
    assert "\x1b[2J" not in ended.out
    assert "2 places in 2 files" in ended.out
