"""Documents: fetched and sent."""

import base64
import io
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

GONE = r"reset|disconnected"
UPLOAD = {"file-name": "Gutschein Größe M.pdf", "order-type": "BKA"}


async def upload(caller: Any, body: bytes, **query: str) -> Any:
    headers = {"Content-Type": "application/octet-stream", "Authorization": f"Bearer {caller.token}"}
    async with caller.http.post(
        f"{caller.sandbox.base_url}/documents", params={**UPLOAD, **query}, data=io.BytesIO(body), headers=headers
    ) as answer:
        return answer.status, await answer.json()


async def test_documents_and_their_contents(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        documents = (await caller.get("/documents")).results
        assert len(documents) == 12
        seen = set()
        for document in documents:
            assert document.keys() == {"rId", "href", "timestamp", "isNew", "format", "fileName"}
            assert document["href"] == f"api/v6.0/documents/{document['rId']}"
            assert uuid.UUID(document["rId"]).version == 4
            assert document["format"] in document["fileName"]
            plain = await caller.get(f"/documents/{document['rId']}/content", base64_encoded="false")
            encoded = await caller.get(f"/documents/{document['rId']}/content")
            assert base64.b64decode(encoded.json["content"]) == plain.body
            seen.add((document["fileName"].rpartition(".")[2], plain.headers["Content-Type"], plain.body[:5]))
        assert seen == {
            ("pdf", "application/pdf", b"%PDF-"),
            ("csv", "text/csv; charset=utf-8", b"Titel"),
            ("txt", "text/plain; charset=utf-8", b"AKA 2"),
            ("xml", "text/xml; charset=utf-8", b"<?xml"),
        }


async def test_filters_of_documents(open_sandbox: Any) -> None:
    async with open_sandbox(documents=40) as caller:
        documents = (await caller.get("/documents")).results
        for query, wanted in (
            ({"format": "GUB"}, lambda one: one["format"] == "GUB"),
            ({"min_date": "2022-01-20"}, lambda one: one["timestamp"][:10] >= "2022-01-20"),
            ({"max_date": "2022-01-20"}, lambda one: one["timestamp"][:10] <= "2022-01-20"),
        ):
            expected = [one for one in documents if wanted(one)]
            assert 0 < len(expected) < 40
            assert (await caller.get("/documents", **query)).results == expected
        assert (await caller.get("/documents", format="XYZ")).status == 204
        assert (await caller.get("/documents", min_date="20.01.2022")).status == 400
    async with open_sandbox(documents=0) as caller:
        assert (await caller.get("/documents")).status == 204


@pytest.mark.parametrize("size", [1, 3_000_000])
async def test_what_is_sent_is_kept_byte_for_byte_and_new_to_nobody(open_sandbox: Any, size: int) -> None:
    async with open_sandbox(documents=2) as caller:
        body = bytes(range(256)) * (size // 256) or b"\x00"
        status, document = await upload(caller, body)
        assert status == 201
        assert (document["fileName"], document["format"], document["isNew"]) == (*UPLOAD.values(), False)
        assert abs(datetime.fromisoformat(document["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)
        assert (await caller.get(f"/documents/{document['rId']}")).json == document
        kept = await caller.get(f"/documents/{document['rId']}/content", base64_encoded="false")
        assert (kept.body, kept.headers["Content-Type"]) == (body, "application/pdf")
        assert (await caller.get("/documents")).results[-1] == document
        _, another = await upload(caller, body, **{"file-name": "daten.bin"})
        assert another["rId"] != document["rId"]
        kept = await caller.get(f"/documents/{another['rId']}/content", base64_encoded="false")
        assert kept.headers["Content-Type"] == "application/octet-stream"
        (arrived,) = caller.sandbox.documents.arrive(1)
        assert (await caller.get("/documents", is_new="true")).result_rids == [
            *caller.sandbox.documents.rids()[:2],
            arrived,
        ]


@pytest.mark.parametrize(("query", "body"), [({"file-name": ""}, b"x"), ({"order-type": " "}, b"x"), ({}, b"")])
async def test_an_upload_without_its_parts_is_a_400(open_sandbox: Any, query: dict[str, str], body: bytes) -> None:
    async with open_sandbox() as caller:
        status, answer = await upload(caller, body, **query)
        assert (status, answer["errors"][0]["errorCode"]) == (400, "ERR-01-0012")
        assert len(caller.sandbox.documents) == 12


async def test_an_upload_whose_answer_is_lost_was_taken(open_sandbox: Any) -> None:
    async with open_sandbox(documents=0) as caller:
        caller.sandbox.add_fault("reset-after:documents.upload")
        with pytest.raises(OSError, match=GONE):
            await upload(caller, b"x")
        assert len(caller.sandbox.documents) == 1
        caller.sandbox.add_fault("reset-before:documents.upload")
        with pytest.raises(OSError, match=GONE):
            await upload(caller, b"x")
        assert len(caller.sandbox.documents) == 1


async def test_a_body_beyond_all_measure_is_refused_and_the_connection_goes_on(open_sandbox: Any) -> None:
    async with open_sandbox(documents=0) as caller:

        async def large() -> AsyncIterator[bytes]:
            for _ in range(65):
                yield bytes(1 << 20)

        reply = await caller.send("POST", "/documents", params=UPLOAD, data=large())
        assert reply.status == 413
        assert (await caller.get("/documents")).status == 204
