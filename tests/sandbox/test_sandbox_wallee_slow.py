"""What takes its time in the signed API's sandbox, by a clock that does not wait: analytics and terminals."""

import asyncio
from typing import Any

import pytest


class Clock:
    """A clock that stands still until it is slept on; what is signed carries its time."""

    def __init__(self) -> None:
        self.moment = 1_700_000_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.moment

    def time(self) -> float:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds


@pytest.fixture
def standing() -> Clock:
    return Clock()


async def test_a_query_is_processed_by_the_clock(open_wallee: Any, standing: Clock) -> None:
    async with open_wallee(clock=standing, analytics_seconds=60.0) as caller:

        async def ask(method: str, target: str, body: object = None) -> Any:
            return await caller.send(method, f"/analytics/queries{target}", body, iat=int(standing.moment))

        submit = "/submit?queryExternalId=one"
        token = (await ask("POST", submit, {"sql": "select 1"})).json["queryToken"]
        assert (await ask("POST", submit, {"sql": "select 2"})).json == {"queryToken": token}
        for path in (f"/queryToken/{token}", "/queryExternalId/one"):
            running = await ask("GET", path)
            assert (running.status, running.json["status"]) == (202, "PROCESSING")
            early = await ask("GET", f"{path}/result")
            assert (early.status, early.body) == (202, b"")
        standing.moment += 60
        done = await ask("GET", f"/queryToken/{token}")
        assert (done.status, done.json["status"], done.json["downloadRequests"]) == (200, "SUCCESS", 0)
        url = (await ask("GET", f"/queryToken/{token}/result")).body.decode()
        assert caller.sandbox.analytics.billed("one") == 1
        async with caller.http.get(url) as file:
            assert (await file.text()).startswith("currency,amount")
        async with caller.http.get(url, headers={"Authorization": "Bearer x"}) as file:
            assert file.status == 400
        standing.moment += 300
        async with caller.http.get(url) as file:
            assert file.status == 403
        listed = (await ask("GET", "?offset=0&limit=10")).json
        assert (listed["totalCount"], listed["items"][0]["portalQueryToken"]) == (1, token)


async def test_a_query_is_cancelled_or_fails(open_wallee: Any) -> None:
    async with open_wallee(analytics_seconds=3600.0) as caller:
        for name in ("one", "two"):
            await caller.send("POST", f"/analytics/queries/submit?queryExternalId={name}", {"sql": "select 1"})
        assert (await caller.send("DELETE", "/analytics/queries/queryExternalId/one")).status == 204
        caller.sandbox.analytics.end("two", "FAILED")
        for name, status in (("one", "CANCELLED"), ("two", "FAILED")):
            path = f"/analytics/queries/queryExternalId/{name}"
            assert (await caller.get(path)).json["status"] == status
            assert (await caller.get(f"{path}/result")).status == 204
        assert (await caller.get("/analytics/queries/queryExternalId/three")).status == 404
        with pytest.raises(KeyError):
            caller.sandbox.analytics.billed("three")


async def test_a_run_at_a_terminal_goes_on_where_it_stopped(open_wallee: Any, standing: Clock) -> None:
    arguments = {"terminal_seconds": 200.0, "terminal_patience": 90.0}
    async with open_wallee(transactions=0, clock=standing, **arguments) as caller:
        mine = caller.sandbox.transactions.add(state="PENDING")["id"]
        terminal = caller.sandbox.collection("/payment/terminals").get(
            caller.sandbox.collection("/payment/terminals").ids()[0]
        )
        by_id, by_name = terminal["id"], f"by-identifier/{terminal['identifier']}"
        statuses = []
        for which in (by_id, by_name, by_id):
            target = f"/payment/terminals/{which}/perform-transaction?transactionId={mine}"
            reply = await caller.send("POST", target, iat=int(standing.moment))
            statuses.append(reply.status)
        assert statuses == [504, 504, 200]
        assert standing.slept == [90, 90, 20]
        assert reply.json["state"] == "AUTHORIZED"
        assert caller.sandbox.terminals.begun == [mine]


async def test_two_at_once_wait_for_one_run(open_wallee: Any) -> None:
    async with open_wallee(transactions=0, terminal_seconds=0.4) as caller:
        mine = caller.sandbox.transactions.add(state="PENDING")["id"]
        terminal = caller.sandbox.collection("/payment/terminals").ids()[0]
        target = f"/payment/terminals/{terminal}/perform-transaction?transactionId={mine}"
        one, other = await asyncio.gather(caller.send("POST", target), caller.send("POST", target))
        assert one.json == other.json
        assert caller.sandbox.terminals.begun == [mine]


async def test_what_cannot_be_performed(open_wallee: Any) -> None:
    async with open_wallee(transactions=1) as caller:
        [done] = caller.sandbox.transactions.ids()
        terminal = caller.sandbox.collection("/payment/terminals").ids()[0]
        path = f"/payment/terminals/{terminal}/perform-transaction"
        assert (await caller.send("POST", path)).status == 400
        assert (await caller.send("POST", f"{path}?transactionId=1")).status == 422
        assert (await caller.send("POST", f"{path}?transactionId={done}")).status == 422
        nowhere = "/payment/terminals/by-identifier/none/perform-transaction"
        assert (await caller.send("POST", f"{nowhere}?transactionId={done}")).status == 404
