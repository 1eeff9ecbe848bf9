"""What each fault does to a real connection, and to the data."""

from typing import Any

import aiohttp
import pytest

from konfipay_async.sandbox import FAULTS


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "headers"),
    [
        ("429", 429, "text/plain", {"Retry-After": None}),
        ("429=17", 429, "text/plain", {"Retry-After": "17"}),
        ("429=-5", 429, "text/plain", {"Retry-After": "-5"}),
        ("429=Wed, 21 Oct 2026 07:28:00 GMT", 429, "text/plain", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
        ("500", 500, "application/json", {}),
        ("502-html", 502, "text/html", {}),
        ("503-html=3", 503, "text/html", {"Retry-After": "3"}),
        ("html", 200, "text/html", {}),
        ("garbage", 200, "application/json", {}),
        ("401", 401, "text/plain", {}),
        ("403", 403, "application/json", {}),
        ("unknown-route", 404, "application/json", {}),
        ("empty-404", 404, "text/plain", {}),
        ("400-xml", 400, "application/xml", {}),
    ],
)
async def test_answers_in_place_of_the_real_one(
    open_sandbox: Any, fault: str, status: int, content_type: str, headers: dict[str, str | None]
) -> None:
    async with open_sandbox(transactions=5) as caller:
        page = await caller.transactions()
        caller.sandbox.add_fault(fault)
        reply = await caller.acknowledge(page.acknowledgement_id)
        assert reply.status == status
        assert reply.headers["Content-Type"].startswith(content_type)
        for name, value in headers.items():
            assert reply.headers.get(name) == value
        assert len(caller.sandbox.new_rids()) == 5, "nothing was done"
        assert caller.sandbox.requests[-1].fault == fault.split("=")[0]
        assert caller.sandbox.over_limit == 0
        assert (await caller.acknowledge(page.acknowledgement_id)).status == 204


async def test_bodies_of_the_answers(open_sandbox: Any) -> None:
    async with open_sandbox() as caller:
        caller.sandbox.add_fault("garbage")
        with pytest.raises(ValueError, match=r"codec can't decode|Expecting value"):
            _ = (await caller.transactions()).json
        caller.sandbox.add_fault("400-xml")
        assert b"<ErrorItemContainer><ErrorItems><ErrorItem><ErrorCode>" in (await caller.transactions()).body
        caller.sandbox.add_fault("empty-404")
        assert (await caller.transactions()).body == b""
        caller.sandbox.add_fault("unknown-route")
        assert "ApiDocumentationLink" in (await caller.transactions()).json
        caller.sandbox.add_fault("401")
        assert (await caller.transactions()).headers["WWW-Authenticate"].startswith("Bearer error=")


@pytest.mark.parametrize(("fault", "done"), [("reset-before", False), ("reset-after", True)])
async def test_resets(open_sandbox: Any, fault: str, done: bool) -> None:
    async with open_sandbox(transactions=5) as caller:
        page = await caller.transactions()
        caller.sandbox.add_fault(f"{fault}:transactions.acknowledge")
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)) as caught:
            await caller.acknowledge(page.acknowledgement_id)
        assert isinstance(caught.value, ConnectionResetError) or "reset" in str(caught.value)
        assert (len(caller.sandbox.new_rids()) == 0) is done
        assert (caller.sandbox.requests[-1].status, caller.sandbox.requests[-1].fault) == (0, fault)


async def test_a_truncated_page_and_a_truncated_acknowledgement(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=500) as caller:
        caller.sandbox.add_fault("truncatedx2")
        with pytest.raises(aiohttp.ClientPayloadError):
            await caller.transactions(page_size=500)
        with pytest.raises(aiohttp.ClientPayloadError):
            await caller.transactions(page_number=9)
        page = await caller.transactions()
        caller.sandbox.add_fault("truncated")
        with pytest.raises(aiohttp.ClientPayloadError):
            await caller.acknowledge(page.acknowledgement_id)
        assert len(caller.sandbox.new_rids()) == 400


async def test_slow_does_the_work_first(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(transactions=5, latency=0.5, **clock.arguments) as caller:
        page = await caller.transactions()
        clock.slept.clear()
        caller.sandbox.add_fault("slow=30")
        caller.sandbox.add_fault("slow@2")
        assert (await caller.acknowledge(page.acknowledgement_id)).status == 204
        await caller.transactions()
        assert clock.slept == [0.5, 30.0, 0.5, 1.0]


async def test_wrong_echo(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=30) as caller:
        caller.sandbox.add_fault("wrong-echo:transactions.list@2")
        echoes = [(await caller.transactions(page_number=2, page_size=10)).json["pageNumber"] for _ in range(3)]
        assert echoes == [2, 3, 2]


async def test_ignored_filter(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=30) as caller:
        caller.sandbox.acknowledge_elsewhere(caller.sandbox.rids()[:20])
        caller.sandbox.add_fault("ignored-filter")
        assert len((await caller.transactions()).rids) == 30
        assert len((await caller.transactions(is_new="true")).rids) == 30
        assert len((await caller.transactions(is_new="true")).rids) == 10


async def test_acknowledge_without_effect(open_sandbox: Any) -> None:
    async with open_sandbox(transactions=5) as caller:
        page = await caller.transactions()
        caller.sandbox.add_fault("acknowledge-without-effect")
        assert (await caller.acknowledge(page.acknowledgement_id)).status == 204
        assert len(caller.sandbox.new_rids()) == 5
        assert (await caller.acknowledge(page.acknowledgement_id)).status == 404


async def test_faults_can_hit_the_login_and_can_be_cleared(open_sandbox: Any) -> None:
    async with open_sandbox(log_in=False, faults=["401:authentication.token", "500:authentication.token@2"]) as caller:
        assert (await caller.log_in()).status == 401
        caller.sandbox.clear_faults()
        assert (await caller.log_in()).status == 200


async def test_a_request_over_the_limit_uses_up_no_fault(open_sandbox: Any, clock: Any) -> None:
    async with open_sandbox(authenticated_limit=1, **clock.arguments) as caller:
        await caller.transactions()
        caller.sandbox.add_fault("500")
        assert (await caller.transactions()).status == 429
        clock.time += 60
        assert (await caller.transactions()).status == 500


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - {"submit-without-effect"}))
async def test_after_every_fault_the_sandbox_goes_on(open_sandbox: Any, clock: Any, fault: str) -> None:
    async with open_sandbox(transactions=5, **clock.arguments) as caller:
        caller.sandbox.add_fault(fault)
        for _ in range(3):
            try:
                await caller.acknowledge((await caller.transactions(is_new="true")).acknowledgement_id)
            except (aiohttp.ClientError, ValueError, KeyError):
                continue
        assert caller.sandbox.new_rids() == []
        assert [entry.fault for entry in caller.sandbox.requests if entry.fault] == [fault]
