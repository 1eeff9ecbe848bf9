"""`konfipay files` and `konfipay documents`: saved whole, under names that do no harm, and safe before acknowledged."""

import json
import os
from pathlib import Path

import pytest

from konfipay_async.cli.exits import Exit
from konfipay_async.cli.saving import file_name
from konfipay_async.models.documents import Document
from konfipay_async.sandbox import Sandbox

GROUPS = {"files": "transaction-files", "documents": "documents"}


def loads(ended):
    """The rows of a command's JSON."""
    return [json.loads(line) for line in ended.out.splitlines()]


def new(sandbox, group):
    return (sandbox.files if group == "files" else sandbox.documents).new_rids()


async def open_sandbox_rids(piped, sandbox, group):
    return [row["rid"] for row in loads(await piped(sandbox, group, "list", "--json"))]


@pytest.mark.parametrize("group", GROUPS)
async def test_one_is_saved_where_it_was_asked_to_be(piped, tmp_path, group):
    async with Sandbox(transactions=10, transaction_files=3, documents=2) as sandbox:
        rid, *_ = await open_sandbox_rids(piped, sandbox, group)
        ended = await piped(sandbox, group, "save", rid, "--to", "mine.xml", "--json")
        assert ended.code == Exit.DONE
        assert rid in new(sandbox, group)
    (saved,) = loads(ended)
    assert (saved["rid"], saved["path"], saved["acknowledgement"]) == (rid, "mine.xml", None)
    assert (tmp_path / "mine.xml").stat().st_size == saved["bytes"] > 0


@pytest.mark.parametrize("group", GROUPS)
async def test_all_new_ones_are_saved_and_stay_new(piped, tmp_path, group):
    async with Sandbox(transactions=10, transaction_files=3, documents=3) as sandbox:
        rids = await open_sandbox_rids(piped, sandbox, group)
        ended = await piped(sandbox, group, "save", "--new", "--to", "a/folder")
        assert ended.code == Exit.DONE
        assert new(sandbox, group) == rids
        titles, *lines = [line.split("\t") for line in ended.out.splitlines()]
        assert titles == ["rid", "path", "bytes", "acknowledgement"]
        assert [line[0] for line in lines] == rids
        names = sorted(os.listdir("a/folder"))
        assert len(names) == len(rids)
        assert all(any(rid in name for name in names) for rid in rids)
        # What is saved again is the same file.
        assert (await piped(sandbox, group, "save", "--new", "--to", "a/folder")).code == Exit.DONE
        assert sorted(os.listdir("a/folder")) == names


@pytest.mark.parametrize("group", GROUPS)
async def test_what_is_saved_can_be_acknowledged_at_once(piped, tmp_path, group):
    async with Sandbox(transactions=10, transaction_files=3, documents=3) as sandbox:
        rids = await open_sandbox_rids(piped, sandbox, group)
        ended = await piped(sandbox, group, "save", "--new", "--acknowledge", "--to", "here", "--json")
        assert ended.code == Exit.DONE
        assert new(sandbox, group) == []
    rows = loads(ended)
    assert sorted(row["rid"] for row in rows) == sorted(rids)
    assert {row["acknowledgement"] for row in rows} == {"acknowledged"}
    assert all(Path(row["path"]).stat().st_size == row["bytes"] for row in rows)


@pytest.mark.parametrize("group", GROUPS)
async def test_nothing_is_acknowledged_that_could_not_be_saved(piped, tmp_path, group):
    route = f"{GROUPS[group]}.content"
    async with Sandbox(transactions=10, transaction_files=3, documents=3, faults=[f"403:{route}@2x9"]) as sandbox:
        rids = await open_sandbox_rids(piped, sandbox, group)
        ended = await piped(sandbox, group, "save", "--new", "--acknowledge", "--to", "here", "--json")
        assert ended.code == Exit.REFUSED
        (saved,) = loads(ended)
        assert set(new(sandbox, group)) == set(rids) - {saved["rid"]}
    assert os.listdir("here") == [Path(saved["path"]).name]


async def test_a_folder_that_cannot_be_written(piped, tmp_path):
    (tmp_path / "file").touch()
    async with Sandbox(transactions=5) as sandbox:
        for words in (("--new", "--acknowledge", "--to", "file"), ("--new", "--acknowledge", "--to", "file/below")):
            assert (await piped(sandbox, "files", "save", *words)).code == Exit.STORAGE
        rid, *_ = await open_sandbox_rids(piped, sandbox, "files")
        ended = await piped(sandbox, "files", "save", rid, "--to", "no/such/folder/x.xml")
        assert ended.code == Exit.STORAGE
        assert rid in new(sandbox, "files")


@pytest.mark.parametrize("words", [(), ("x", "--new")], ids=["neither", "both"])
async def test_either_ids_or_all_new_ones(piped, words):
    async with Sandbox() as sandbox:
        ended = await piped(sandbox, "files", "save", *words)
        assert not sandbox.requests
    assert ended.code == Exit.USAGE
    assert "--new" in ended.err


async def test_a_terminal_shows_where_each_is(on_terminal):
    async with Sandbox(documents=2) as sandbox:
        ended = await on_terminal(sandbox, "documents", "save", "--new", "--to", "here")
    assert ended.code == Exit.DONE
    shown = {Path(line).name for line in ended.out.splitlines() if line.strip().startswith("here/")}
    assert shown == set(os.listdir("here"))


@pytest.mark.parametrize(
    ("given", "format_", "name"),
    [
        ("statement.xml", "camt.053", "statement-r-1.xml"),
        ("no suffix", None, "no suffix-r-1"),
        (None, "camt.053", "r-1.xml"),
        (None, "Pdf", "r-1.pdf"),
        (None, None, "r-1"),
        ("../../etc/passwd", None, "_.._etc_passwd-r-1"),
        ("..\\..\\x.exe", None, "_.._x-r-1.exe"),
        (".hidden", None, "hidden-r-1"),
        ("a\x1b[31m\nb\tc:d.pdf", None, "a__31m_b_c_d-r-1.pdf"),
        ("Umsätze Büro.pdf", None, "Umsätze Büro-r-1.pdf"),
        ("x" * 300 + ".xml", None, "x" * 100 + "-r-1.xml"),
    ],
)
def test_names_do_no_harm(given, format_, name):
    assert file_name(Document(rid="r-1", file_name=given, format=format_)) == name


# --- sending documents -----------------------------------------------------------------------------------------------


async def test_a_document_goes_to_the_bank_after_a_yes(piped, on_terminal, tmp_path):
    (tmp_path / "advice.xml").write_text("<x/>")
    words = ("documents", "upload", "advice.xml", "--order-type", "BKA")
    async with Sandbox(documents=0) as sandbox:
        assert (await piped(sandbox, *words)).code == Exit.USAGE
        assert (await on_terminal(sandbox, *words, typed="n\n")).code == Exit.USAGE
        assert not sandbox.requests
        ended = await on_terminal(sandbox, *words, typed="y\n")
        assert ended.code == Exit.DONE
        assert "Send advice.xml (4 bytes) to the bank, with the order type BKA?" in ended.out
        again = await piped(sandbox, *words, "--yes")
        assert again.code == Exit.USAGE
        assert "--again" in again.err
        assert (await piped(sandbox, *words, "--yes", "--again", "--file-name", "other.xml")).code == Exit.DONE
        queries = [request.query for request in sandbox.requests if request.route == "documents.upload"]
    assert [query["file-name"] for query in queries] == ["advice.xml", "other.xml"]
    assert {query["order-type"] for query in queries} == {"BKA"}


async def test_a_document_without_an_answer(piped, tmp_path):
    (tmp_path / "advice.xml").write_text("<x/>")
    async with Sandbox(faults=["reset-after:documents.upload"]) as sandbox:
        ended = await piped(sandbox, "documents", "upload", "advice.xml", "--order-type", "BKA", "--yes")
    assert ended.code == Exit.PARTIAL
    assert "konfipay documents list" in ended.err
    assert "konfipay payments settle 1 arrived" in ended.err


@pytest.mark.parametrize("group", GROUPS)
async def test_an_acknowledgement_without_an_answer_may_be_repeated(piped, tmp_path, group):
    faults = [f"html:{GROUPS[group]}.acknowledgex2"]
    async with Sandbox(transactions=10, transaction_files=2, documents=2, faults=faults) as sandbox:
        words = (group, "save", "--new", "--acknowledge", "--to", "all")
        ended = await piped(sandbox, *words)
        assert ended.code == Exit.PARTIAL
        assert "may be repeated" in ended.err
        (saved,) = os.listdir("all")
        assert (await piped(sandbox, *words)).code == Exit.DONE
        assert saved in os.listdir("all")
        assert new(sandbox, group) == []
