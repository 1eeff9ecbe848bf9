"""Content of transaction files and documents: into memory, or to a path that holds the whole file or nothing."""

import asyncio
import gzip
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from konfipay_async import OutcomeUnknownError, Retry
from konfipay_async.errors import (
    BadRequestError,
    ConfigurationError,
    ConnectionLostError,
    DecodeError,
    ForbiddenError,
    NotFoundError,
    RequestTimeoutError,
    ResponseTooLargeError,
    RouteUnknownError,
    ServerError,
    StorageError,
)
from konfipay_async.pain import LARGEST
from konfipay_async.sandbox import ApiKey

resource = pytest.mark.parametrize("name", ["transaction_files", "documents"])


@dataclass
class Served:
    """A server that has one file, and what answers for it."""

    raw_server: Any
    answers: list[Any]

    def __call__(self, request: Any) -> Any:
        if request.path == "authentication/token":
            return self.raw_server.token()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request) if callable(answer) else answer


@pytest.fixture
def serving(raw_server: Any) -> Callable[..., Any]:
    """``serving(answer, …)``: a server that gives these answers, one after another, and then the last again."""
    return lambda *answers: raw_server(Served(raw_server, list(answers)))


def head(size: int, *, status: int = 200, media_type: str = "text/xml", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {size}", f"Content-Type: {media_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunked(body: bytes, size: int = 10_000) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in [*parts, b""]
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# What the sandbox serves


@resource
async def test_the_content_is_the_file_as_the_bank_made_it(pair: Any, name: str) -> None:
    async with pair() as (sandbox, client):
        files = getattr(client, name)
        starts: dict[str, bytes] = {}
        async for file in files.list(max_date=date(2022, 1, 6)):
            content = await files.content(file.rid)
            assert isinstance(content, bytes)
            starts[file.file_name.rpartition(".")[2]] = content[:5]
            assert await files.content(file.rid) == content
        expected = {"pdf": b"%PDF-", "xml": b"<?xml"}
        assert expected.items() <= starts.items()
        assert len(starts) >= 3
        asked = [entry for entry in sandbox.requests if entry.route.endswith(".content")]
        assert {entry.query.get("base64-encoded") for entry in asked} == {"false"}


@resource
async def test_fetching_acknowledges_nothing(pair: Any, tmp_path: Path, name: str) -> None:
    async with pair() as (sandbox, client):
        files = getattr(client, name)
        shelf = sandbox.files if name == "transaction_files" else sandbox.documents
        rid = shelf.rids()[0]
        await files.content(rid)
        await files.save(rid, tmp_path / "file")
        assert shelf.rids() == shelf.new_rids()


@resource
async def test_a_saved_file_is_what_content_gives(pair: Any, tmp_path: Path, name: str) -> None:
    async with pair() as (sandbox, client):
        files = getattr(client, name)
        shelf = sandbox.files if name == "transaction_files" else sandbox.documents
        for number, rid in enumerate(shelf.rids()[:6]):
            target = tmp_path / f"{number}.file"
            saved = await files.save(rid, target if number % 2 else str(target))
            assert saved == target
            assert target.read_bytes() == await files.content(rid)
        assert names_in(tmp_path) == [f"{number}.file" for number in range(6)]


async def test_the_recipe_of_the_docstring(pair: Any, tmp_path: Path) -> None:
    async with pair({"transactions": 10}, concurrency=2) as (sandbox, client):
        async for file in client.transaction_files.drain(5):
            await client.transaction_files.save(file.rid, tmp_path / file.rid)
            await client.transaction_files.acknowledge(file.rid)
        assert names_in(tmp_path) == sorted(sandbox.files.rids())
        assert sandbox.files.new_rids() == []


async def test_transaction_files_by_format_and_account(pair: Any) -> None:
    async with pair({"transactions": 30}) as (_, client):
        every = [file async for file in client.transaction_files.list()]
        word = {"52": "camt.052", "53": "camt.053", "54": "camt.054"}
        for asked, answered in word.items():
            found = [file async for file in client.transaction_files.list(format=asked)]
            assert found == [file for file in every if file.format == answered]
            assert found
        for asked in ("940", "942", "Pdf"):
            assert [file async for file in client.transaction_files.list(format=asked)]
        account = every[0].bank_account
        assert account is not None
        found = [file async for file in client.transaction_files.list(bank_account_rid=account.rid)]
        assert found == [file for file in every if file.bank_account == account]
        with pytest.raises(ConfigurationError, match="format"):
            client.transaction_files.list(format="53.0")
        day = every[-1].timestamp.date()
        assert [file async for file in client.transaction_files.list(min_date=day + timedelta(days=1))] == []


@resource
async def test_what_is_not_there(pair: Any, tmp_path: Path, name: str) -> None:
    async with pair() as (_, client):
        files = getattr(client, name)
        for call in (files.content("nobody-s"), files.save("nobody-s", tmp_path / "x")):
            with pytest.raises(NotFoundError, match="ERR-01-0001"):
                await call
        assert names_in(tmp_path) == []


@resource
@pytest.mark.parametrize("rid", ["", "..", "a/b", "../../etc", "a\\b", "a?b c"])
async def test_what_is_no_id_is_refused_before_anything_is_sent(pair: Any, tmp_path: Path, name: str, rid: str) -> None:
    async with pair() as (sandbox, client):
        files = getattr(client, name)
        for call in (files.content(rid), files.save(rid, tmp_path / "x")):
            with pytest.raises(ConfigurationError, match="rid"):
                await call
        assert sandbox.requests == []
        assert names_in(tmp_path) == []


@resource
async def test_an_id_with_odd_signs_stays_in_its_place(serving: Any, new_client: Any, name: str) -> None:
    async with serving(head(4) + b"<a/>") as server, new_client(server) as client:
        assert await getattr(client, name).content("a?b#c%2F;é") == b"<a/>"
        assert server.requests[-1].path.split("/")[1:] == ["a%3Fb%23c%252F%3B%C3%A9", "content"]


@resource
async def test_a_key_without_the_scope_is_told_which_it_lacks(pair: Any, tmp_path: Path, name: str) -> None:
    key = ApiKey("other", scopes=frozenset({"Banks"}))
    async with pair({"api_key": key}) as (_, client):
        files = getattr(client, name)
        scope = "Documents" if name == "documents" else "Transactions"
        for call in (files.content("x"), files.save("x", tmp_path / "x")):
            with pytest.raises(ForbiddenError, match=f"It is the scope '{scope}' that this needs"):
                await call
        assert names_in(tmp_path) == []


# Content


async def test_content_tells_its_size_when_it_has_come(serving: Any, new_client: Any) -> None:
    seen: list[tuple[int, int | None]] = []
    async with serving(head(4) + b"<a/>") as server, new_client(server) as client:
        assert await client.documents.content("x", progress=lambda *values: seen.append(values)) == b"<a/>"
        assert seen == [(4, 4)]
        request = server.requests[-1]
        assert request.headers["accept"] == "*/*"
        assert request.target.endswith("documents/x/content?base64-encoded=false")


@pytest.mark.parametrize("media_type", ["text/html", "text/html; charset=utf-8", "Text/HTML"])
async def test_the_page_of_a_proxy_is_no_file(serving: Any, new_client: Any, tmp_path: Path, media_type: str) -> None:
    page = b"<html><body>Wartung, Erika Mustermann</body></html>"
    async with serving(head(len(page), media_type=media_type) + page) as server, new_client(server) as client:
        with pytest.raises(DecodeError, match="HTML page") as caught:
            await client.transaction_files.content("x")
        assert caught.value.malformed
        assert "Mustermann" not in f"{caught.value} {caught.value!r}"
        with pytest.raises(DecodeError, match="HTML page"):
            await client.transaction_files.save("x", tmp_path / "x")
        assert names_in(tmp_path) == []
        # A proxy may do that once: each was asked for a second time.
        assert len(server.of("transaction-files/x/content")) == 4


@resource
async def test_after_the_page_of_a_proxy_the_file(pair: Any, tmp_path: Path, name: str) -> None:
    route = f"{name.replace('_', '-')}.content"
    async with pair({"faults": [f"html:{route}", f"html:{route}@3"]}) as (sandbox, client):
        files = getattr(client, name)
        rid = (sandbox.files if name == "transaction_files" else sandbox.documents).rids()[0]
        content = await files.content(rid)
        assert not content.startswith(b"<!DOCTYPE")
        assert (await files.save(rid, tmp_path / "x")).read_bytes() == content


async def test_no_content_at_all_is_no_file(serving: Any, new_client: Any, tmp_path: Path) -> None:
    async with serving(b"HTTP/1.1 204 X\r\n\r\n") as server, new_client(server) as client:
        for call in (client.documents.content("x"), client.documents.save("x", tmp_path / "x")):
            with pytest.raises(DecodeError, match="got nothing"):
                await call
        assert names_in(tmp_path) == []


async def test_an_empty_file_is_an_empty_file(serving: Any, new_client: Any, tmp_path: Path) -> None:
    async with serving(head(0)) as server, new_client(server) as client:
        assert await client.documents.content("x") == b""
        assert (await client.documents.save("x", tmp_path / "x")).read_bytes() == b""


async def test_a_large_file_is_saved_and_not_held(serving: Any, new_client: Any, tmp_path: Path) -> None:
    body = os.urandom(300_000)
    async with (
        serving(head(len(body)) + body) as server,
        new_client(server, max_response_bytes=100_000) as client,
    ):
        with pytest.raises(ResponseTooLargeError, match="100000 bytes"):
            await client.documents.content("x")
        assert (await client.documents.save("x", tmp_path / "x")).read_bytes() == body


# Whole or nothing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file of before in it."""
    (tmp_path / "file").write_bytes(b"before")
    return tmp_path


def assert_untouched(folder: Path) -> None:
    assert names_in(folder) == ["file"]
    assert (folder / "file").read_bytes() == b"before"


async def test_a_file_of_before_is_replaced(serving: Any, new_client: Any, folder: Path) -> None:
    async with serving(head(4) + b"<a/>") as server, new_client(server) as client:
        await client.documents.save("x", folder / "file")
        assert names_in(folder) == ["file"]
        assert (folder / "file").read_bytes() == b"<a/>"


async def test_a_saved_file_has_the_rights_of_any_new_file(serving: Any, new_client: Any, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    async with serving(head(4) + b"<a/>") as server, new_client(server) as client:
        await client.documents.save("x", tmp_path / "file")
        assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


@resource
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("truncated", ConnectionLostError),
        ("reset-before", ConnectionLostError),
        ("reset-after", ConnectionLostError),
        ("500", ServerError),
        ("502-html", ServerError),
        ("unknown-route", RouteUnknownError),
        ("400-xml", BadRequestError),
        ("html", DecodeError),
    ],
)
async def test_what_goes_wrong_leaves_the_file_of_before(
    pair: Any, folder: Path, name: str, fault: str, error: type[Exception]
) -> None:
    route = f"{name.replace('_', '-')}.content"
    async with pair({"faults": [f"{fault}:{route}x99"]}) as (sandbox, client):
        rid = (sandbox.files if name == "transaction_files" else sandbox.documents).rids()[0]
        with pytest.raises(error):
            await getattr(client, name).save(rid, folder / "file")
        assert_untouched(folder)


@resource
async def test_a_file_is_fetched_again_from_its_beginning(pair: Any, folder: Path, name: str) -> None:
    route = f"{name.replace('_', '-')}.content"
    async with pair({"faults": [f"truncated:{route}x2", f"500:{route}@3"]}) as (sandbox, client):
        rid = (sandbox.files if name == "transaction_files" else sandbox.documents).rids()[0]
        seen: list[tuple[int, int | None]] = []
        await getattr(client, name).save(rid, folder / "file", progress=lambda *values: seen.append(values))
        whole = await getattr(client, name).content(rid)
        assert (folder / "file").read_bytes() == whole
        assert seen[-1] == (len(whole), len(whole))
        assert names_in(folder) == ["file"]


async def test_a_shorter_second_attempt_leaves_nothing_of_the_first(
    serving: Any, new_client: Any, folder: Path
) -> None:
    """A file may be made anew between two attempts."""
    seen: list[tuple[int, int | None]] = []
    answers = [head(50_000) + b"a" * 40_000, head(10) + b"b" * 10]
    async with serving(*answers) as server, new_client(server, timeouts={"documents.content": 1.5}) as client:
        await client.documents.save("x", folder / "file", progress=lambda *values: seen.append(values))
        assert (folder / "file").read_bytes() == b"b" * 10
        assert len(server.of("documents/x/content")) == 2
        assert seen[-2:] == [(40_000, 50_000), (10, 10)]
        assert names_in(folder) == ["file"]


async def test_progress_counts_up_to_the_size(serving: Any, new_client: Any, tmp_path: Path) -> None:
    body = os.urandom(1_000_000)
    for answer, size in (
        (head(len(body)) + body, len(body)),
        (chunked(body), None),
        (head(len(packed := gzip.compress(body)), Content_Encoding="gzip") + packed, None),
    ):
        seen: list[tuple[int, int | None]] = []
        async with serving(answer) as server, new_client(server) as client:
            await client.documents.save("x", tmp_path / "x", progress=lambda *values: seen.append(values))  # noqa: B023
        assert (tmp_path / "x").read_bytes() == body
        counts = [written for written, _ in seen]
        assert counts == sorted(set(counts))
        assert counts[-1] == len(body)
        assert len(counts) > 1
        assert {told for _, told in seen} == {size}


@pytest.mark.parametrize(
    "error", [ZeroDivisionError, ValueError, OSError, TimeoutError, RuntimeError, BrokenPipeError, StorageError]
)
async def test_what_progress_raises_ends_it_and_is_raised(
    serving: Any, new_client: Any, folder: Path, error: type[Exception]
) -> None:
    """As it is, whatever its kind: it is no error of the connection, and nothing is sent again for it."""

    def progress(written: int, size: int | None) -> None:
        raise error("stop")

    async with serving(head(4) + b"<a/>") as server, new_client(server) as client:
        with pytest.raises(error, match="stop") as caught:
            await client.documents.save("x", folder / "file", progress=progress)
        assert type(caught.value) is error
        assert len(server.of("documents/x/content")) == 1
        assert_untouched(folder)
        # The client goes on.
        assert await client.documents.content("x") == b"<a/>"


async def test_an_answer_that_never_ends_is_given_up_and_leaves_nothing(
    serving: Any, new_client: Any, folder: Path
) -> None:
    async with (
        serving(head(50_000) + b"a" * 40_000) as server,
        new_client(server, retry=Retry(attempts=2), timeouts={"documents.content": 0.5}) as client,
    ):
        with pytest.raises(RequestTimeoutError):
            await client.documents.save("x", folder / "file")
        assert len(server.of("documents/x/content")) == 2
        assert_untouched(folder)


@pytest.mark.parametrize("cancels", [1, 2, 5])
async def test_cancelled_in_the_middle_it_leaves_nothing(
    serving: Any, new_client: Any, folder: Path, cancels: int
) -> None:
    """Nor where it is cancelled again while it clears away."""
    half_there = asyncio.Event()
    async with serving(head(50_000) + b"a" * 40_000) as server, new_client(server) as client:
        saving = asyncio.create_task(client.documents.save("x", folder / "file", progress=lambda *_: half_there.set()))
        await half_there.wait()
        assert len(names_in(folder)) == 2
        for _ in range(cancels):
            saving.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await saving
        assert_untouched(folder)


@pytest.mark.parametrize("rounds", range(0, 40, 3))
async def test_cancelled_at_any_step_it_leaves_the_whole_file_or_that_of_before(
    pair: Any, folder: Path, rounds: int
) -> None:
    async with pair({"transactions": 10}) as (sandbox, client):
        rid = sandbox.files.rids()[0]
        whole = await client.transaction_files.content(rid)
        saving = asyncio.create_task(client.transaction_files.save(rid, folder / "file"))
        for _ in range(rounds):
            await asyncio.sleep(0)
        saving.cancel()
        await asyncio.wait([saving])
        assert names_in(folder) == ["file"]
        assert (folder / "file").read_bytes() in (b"before", whole)
        assert saving.cancelled() or (folder / "file").read_bytes() == whole


async def test_closed_in_the_middle_it_leaves_nothing(serving: Any, new_client: Any, folder: Path) -> None:
    half_there = asyncio.Event()
    async with serving(head(50_000) + b"a" * 40_000) as server:
        client = new_client(server)
        await client.open()
        saving = asyncio.create_task(client.documents.save("x", folder / "file", progress=lambda *_: half_there.set()))
        await half_there.wait()
        await client.close()
        await asyncio.wait([saving])
        assert saving.exception() is not None
        assert_untouched(folder)


async def test_two_saves_to_one_path_do_not_mix(serving: Any, new_client: Any, tmp_path: Path) -> None:
    bodies = {letter.encode() * 40_000 for letter in "ab"}
    both = asyncio.Barrier(2)

    async def answer(request: Any) -> bytes:
        body = (b"a" if "/a/" in request.path else b"b") * 40_000
        await both.wait()
        return head(len(body)) + body

    async with serving(answer) as server, new_client(server) as client:
        await asyncio.gather(*(client.documents.save(rid, tmp_path / "file") for rid in "ab"))
        assert names_in(tmp_path) == ["file"]
        assert (tmp_path / "file").read_bytes() in bodies


@contextmanager
def a_disk_of(size: int) -> Iterator[None]:
    """No file may become larger than this: what a full disk does to a write."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [10, 10_000])
async def test_a_full_disk_is_said_and_leaves_nothing(serving: Any, new_client: Any, folder: Path, room: int) -> None:
    body = b"<a/>" * 10_000
    async with serving(head(len(body)) + body) as server, new_client(server) as client:
        with a_disk_of(room), pytest.raises(StorageError, match=r"cannot write into .*: file too large"):
            await client.documents.save("x", folder / "file")
        assert len(server.of("documents/x/content")) == 1
        assert_untouched(folder)
        await client.documents.save("x", folder / "file")
        assert (folder / "file").read_bytes() == body


@pytest.mark.parametrize("place", ["missing/file", "file/file", "x" * 300])
async def test_a_place_that_takes_no_file_is_said(pair: Any, folder: Path, place: str) -> None:
    async with pair() as (sandbox, client):
        with pytest.raises(StorageError, match="cannot write"):
            await client.documents.save(sandbox.documents.rids()[0], folder / place)
        assert sandbox.count("documents.content") == 1
        assert_untouched(folder)


async def test_a_folder_that_takes_no_files_is_said(pair: Any) -> None:
    place = Path("/proc/self") if Path("/proc/self").exists() else Path("/dev/null")
    async with pair() as (sandbox, client):
        with pytest.raises(StorageError, match=f"cannot write into {place}"):
            await client.documents.save(sandbox.documents.rids()[0], place / "file")


async def test_a_path_that_is_no_file_is_refused_before_anything_is_sent(pair: Any, tmp_path: Path) -> None:
    async with pair() as (sandbox, client):
        for path in (tmp_path, str(tmp_path), ".", "..", "", "/", f"{tmp_path}/a\0b"):
            with pytest.raises(ConfigurationError, match="path is a folder"):
                await client.documents.save("x", path)
        assert sandbox.requests == []


async def test_a_folder_that_comes_into_the_way_meanwhile_is_said(
    serving: Any, new_client: Any, tmp_path: Path
) -> None:
    async with serving(head(4) + b"<a/>") as server, new_client(server) as client:
        with pytest.raises(StorageError, match="cannot write"):
            await client.documents.save(
                "x", tmp_path / "file", progress=lambda *_: (tmp_path / "file").mkdir(exist_ok=True)
            )
        assert names_in(tmp_path) == ["file"]
        assert (tmp_path / "file").is_dir()


async def test_konfipays_name_of_a_file_is_in_no_error(pair: Any, tmp_path: Path) -> None:
    """It holds the IBAN, and is what people save files by."""
    async with pair({"transactions": 10}) as (_, client):
        file = await anext(files := client.transaction_files.list())
        await files.aclose()
        assert file.bank_account.iban in file.file_name
        (tmp_path / file.file_name).mkdir()
        errors = []
        for place in (tmp_path / "missing" / file.file_name, tmp_path / file.file_name):
            with pytest.raises((StorageError, ConfigurationError)) as caught:
                await client.transaction_files.save(file.rid, place)
            errors.append(caught.value)
        assert len(errors) == 2
        for error in errors:
            assert file.bank_account.iban not in f"{error} {error!r} {pickle.dumps(error)!r}"


# Documents that are sent


async def test_a_document_is_handed_over(pair: Any) -> None:
    async with pair() as (sandbox, client):
        content = bytes(range(256)) * 100
        sent = await client.documents.upload(content, file_name="Auftrag Ü+1.pdf", order_type="BKA")
        assert (sent.file_name, sent.format, sent.is_new) == ("Auftrag Ü+1.pdf", "BKA", False)
        assert await client.documents.get(sent.rid) == sent
        assert await client.documents.content(sent.rid) == content
        assert sent.rid in sandbox.documents.rids()
        assert sandbox.count("documents.upload", 201) == 1


async def test_how_a_document_goes_out(serving: Any, new_client: Any, raw_server: Any) -> None:
    async with serving(raw_server.reply(201, {"rId": "d-1"})) as server, new_client(server) as client:
        assert (await client.documents.upload(b"\x00\xff", file_name="a b&c.bin", order_type="XYZ")).rid == "d-1"
        request = server.requests[-1]
        assert (request.method, request.body) == ("POST", b"\x00\xff")
        assert request.target == "/api/v6/documents?file-name=a%20b%26c.bin&order-type=XYZ"
        assert request.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "arguments",
    [
        {"content": b""},
        {"content": "text"},
        {"content": bytearray(b"x")},
        {"content": bytes(LARGEST + 1)},
        {"file_name": ""},
        {"file_name": None},
        {"file_name": Path("x.pdf")},
        {"order_type": ""},
        {"order_type": 5},
    ],
    ids=lambda arguments: " ".join(f"{name}={str(value)[:20]}" for name, value in arguments.items()),
)
async def test_a_document_that_cannot_be_is_refused_before_it_leaves(pair: Any, arguments: Any) -> None:
    async with pair() as (sandbox, client):
        given = {"content": b"x", "file_name": "x.pdf", "order_type": "BKA"} | arguments
        with pytest.raises(ConfigurationError, match=next(iter(arguments))):
            await client.documents.upload(given.pop("content"), **given)
        assert sandbox.requests == []


async def test_a_document_is_sent_once(pair: Any) -> None:
    for fault, arrived in (("reset-after", True), ("reset-before", False), ("500", False), ("truncated", True)):
        async with pair({"documents": 0, "faults": [f"{fault}:documents.uploadx9"]}) as (sandbox, client):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.documents.upload(b"x", file_name="x.pdf", order_type="BKA")
            assert (caught.value.kind, caught.value.path) == ("documents.upload", "documents")
            assert "documents.list" in caught.value.look_up
            assert sandbox.count("documents.upload") == 1
            assert len(sandbox.documents.rids()) == arrived


async def test_a_document_that_was_not_taken_may_be_sent_again(pair: Any) -> None:
    async with pair({"documents": 0, "faults": ["401:documents.upload", "429:documents.upload@2=1"]}) as (
        sandbox,
        client,
    ):
        await client.documents.upload(b"x", file_name="x.pdf", order_type="BKA")
        assert sandbox.count("documents.upload") == 3
        assert len(sandbox.documents.rids()) == 1


async def test_a_key_without_the_scope_sends_no_document(pair: Any) -> None:
    key = ApiKey("other", scopes=frozenset({"Transactions"}))
    async with pair({"documents": 0, "api_key": key}) as (sandbox, client):
        with pytest.raises(ForbiddenError, match="scope 'Documents'"):
            await client.documents.upload(b"x", file_name="x.pdf", order_type="BKA")
        assert sandbox.documents.rids() == []
