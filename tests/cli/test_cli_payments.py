"""`konfipay payments`: what is uploaded, shown, asked for, sent once, followed, and found again."""

import asyncio
import json
import os
import pty
import signal
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal

import pytest

from konfipay_async.cli.connection import default_ledger
from konfipay_async.cli.exits import Exit
from konfipay_async.sandbox import Sandbox


def loads(ended):
    """The rows of a command's JSON."""
    return [json.loads(line) for line in ended.out.splitlines()]


async def upload(piped, sandbox, file):
    (stored,) = loads(await piped(sandbox, "payments", "upload", str(file), "--json"))
    return stored["rid"]


# --- upload ----------------------------------------------------------------------------------------------------------


async def test_an_upload_is_stored_and_not_sent_and_says_what_is_in_it(piped, payment_file):
    async with Sandbox() as sandbox:
        ended = await piped(sandbox, "payments", "upload", str(payment_file("1234.50", "0.01")), "--json")
        assert ended.code == Exit.DONE
        (stored,) = loads(ended)
        assert [stored["rid"]] == sandbox.payment_file_rids()
        assert sandbox.transmissions() == []
    assert (stored["orders"], stored["control_sum"], stored["currencies"]) == (2, "1234.51", ["EUR"])
    assert (stored["status"]["value"], stored["execution_date"]) == ("KON_STORED", "2026-12-01")
    assert "pain.001: 2 orders, together 1,234.51 EUR, 2026-12-01" in ended.err
    assert f"konfipay payments submit {stored['rid']}" in ended.err
    # The accounts in it are shown to nobody.
    assert "DE" not in ended.out + ended.err


async def test_an_upload_on_a_terminal(on_terminal, payment_file):
    async with Sandbox() as sandbox:
        ended = await on_terminal(sandbox, "payments", "upload", str(payment_file()))
        (rid,) = sandbox.payment_file_rids()
    assert ended.code == Exit.DONE
    for part in (rid, "11.00", "KON_STORED", "stored, not sent"):
        assert part in ended.out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("<Document/>", None),
        ("<Document><CstmrCdtTrfInitn>", "well-formed"),
        ('<!DOCTYPE x><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>', "DOCTYPE"),
    ],
)
async def test_a_file_that_cannot_be_is_refused_before_it_leaves(piped, tmp_path, content, says):
    (tmp_path / "x.xml").write_text(content)
    async with Sandbox() as sandbox:
        ended = await piped(sandbox, "payments", "upload", "x.xml", "--no-ledger")
        if says is None:  # no payment file, but that is the API's to say
            assert ended.code == Exit.REFUSED
            return
        assert not sandbox.requests
    assert ended.code == Exit.USAGE
    assert says in ended.err


async def test_a_file_that_is_not_there(piped):
    async with Sandbox() as sandbox:
        ended = await piped(sandbox, "payments", "upload", "nothing.xml")
        assert not sandbox.requests
    assert ended.code == Exit.USAGE
    assert "nothing.xml" in ended.err


async def test_a_file_that_konfipay_rejects(piped, payment_file):
    """It is an answer: shown as any other, and exit code 3. The ledger lets it be sent again."""
    async with Sandbox() as sandbox:
        file = payment_file(account=3)
        ended = await piped(sandbox, "payments", "upload", str(file), "--json")
        assert ended.code == Exit.REFUSED
        assert loads(ended)[0]["status"]["value"] == "KON_REJECTED"
        assert "rejected" in ended.err
        assert (await piped(sandbox, "payments", "upload", str(file))).code == Exit.REFUSED


async def test_the_same_file_is_not_sent_twice(piped, payment_file):
    """Unless that is said; and nothing was sent is the exit code's meaning."""
    async with Sandbox() as sandbox:
        file = str(payment_file())
        rid = await upload(piped, sandbox, file)
        ended = await piped(sandbox, "payments", "upload", file)
        assert (ended.code, ended.out) == (Exit.USAGE, "")
        assert rid in ended.err
        assert "--again" in ended.err
        assert len(sandbox.payment_file_rids()) == 1
        assert (await piped(sandbox, "payments", "upload", file, "--again")).code == Exit.DONE
        assert (await piped(sandbox, "payments", "upload", file, "--no-ledger")).code == Exit.DONE
        assert len(sandbox.payment_file_rids()) == 3


async def test_ctrl_c_while_an_upload_is_under_way_waits_for_its_outcome(settled, piped, payment_file):
    arrived, answers = asyncio.Event(), asyncio.Event()

    async def sleep(seconds):
        if sandbox.count("payment-files.upload"):
            arrived.set()
            await answers.wait()

    async with Sandbox(faults=["slow:payment-files.upload"], sleep=sleep) as sandbox:
        settled(sandbox)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "konfipay_async", "payments", "upload", str(payment_file()),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await arrived.wait()
        process.send_signal(signal.SIGINT)
        answers.set()
        _, err = await process.communicate()
        assert process.returncode == Exit.PARTIAL
        assert b"konfipay payments ledger" in err
        (entry,) = loads(await piped(sandbox, "payments", "ledger", "--json"))
        assert (entry["outcome"], [entry["rid"]]) == ("done", sandbox.payment_file_rids())


# --- submit ----------------------------------------------------------------------------------------------------------


async def test_submit_shows_what_it_sends_and_asks(piped, on_terminal, payment_file):
    async with Sandbox(payment_statuses=["FIN_ACCEPTED"]) as sandbox:
        rid = await upload(piped, sandbox, payment_file("10.99", "0.01"))
        ended = await on_terminal(sandbox, "payments", "submit", rid, typed="y\n")
        assert ended.code == Exit.DONE
        (sent,) = sandbox.transmissions()
    assert (sent.payment_file_rid, sent.sum_of_orders) == (rid, Decimal("11.00"))
    question = ended.out[: ended.out.index("[y/N]")]
    for part in (rid, "11.00", "2 orders", "EUR", "2026-12-01", "Nordlicht", "DE13200505500722877069", "KON_STORED"):
        assert part in question
    assert "FIN_ACCEPTED" in ended.out[ended.out.index("[y/N]") :]


@pytest.mark.parametrize("typed", ["n\n", "\n", "yesterday\n", "\x04"], ids=["no", "nothing", "something else", "end"])
async def test_anything_but_yes_sends_nothing(piped, on_terminal, payment_file, typed):
    async with Sandbox() as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        ended = await on_terminal(sandbox, "payments", "submit", rid, typed=typed)
        assert ended.code == Exit.USAGE
        assert "Nothing was done." in ended.out
        assert sandbox.transmissions() == []


async def test_nobody_to_ask_is_no_yes(piped, payment_file):
    async with Sandbox() as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        ended = await piped(sandbox, "payments", "submit", rid)
        assert (ended.code, ended.out) == (Exit.USAGE, "")
        assert "--yes" in ended.err
        assert sandbox.transmissions() == []
        ended = await piped(sandbox, "payments", "submit", rid, "--yes", "--json")
        assert ended.code == Exit.DONE
        assert len(sandbox.transmissions()) == 1
    # The result alone is in the pipe; what was sent is told beside it.
    assert [row["rid"] for row in loads(ended)] == [rid]
    assert "11.00\tEUR\t2026-12-01\tNordlicht" in ended.err


async def test_ctrl_c_at_the_question_sends_nothing_and_ends_at_once(piped, payment_file):
    async with Sandbox() as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        controller, terminal = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "konfipay_async", "payments", "submit", rid,
            stdin=terminal, stdout=terminal, stderr=terminal,
        )  # fmt: skip
        os.close(terminal)
        shown = b""
        while b"[y/N]" not in shown:
            shown += await asyncio.to_thread(os.read, controller, 65536)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == Exit.USAGE
        os.close(controller)
        assert sandbox.transmissions() == []


async def test_a_file_that_was_sent_is_sent_again_only_by_force_and_a_second_word(piped, on_terminal, payment_file):
    async with Sandbox(payment_statuses=("FIN_CONFIRMED",)) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        for _ in range(2):
            ended = await piped(sandbox, "payments", "submit", rid, "--yes")
            assert ended.code == Exit.DONE
        assert "was sent before" in ended.err
        assert "--force" not in ended.err
        assert len(sandbox.transmissions()) == 1
        ended = await piped(sandbox, "payments", "submit", rid, "--yes", "--force")
        assert ended.code == Exit.USAGE
        assert "--again" in ended.err
        assert len(sandbox.transmissions()) == 1
        ended = await piped(sandbox, "payments", "submit", rid, "--yes", "--force", "--again")
        assert (ended.code, "CAREFUL" in ended.err) == (Exit.DONE, True)
        assert len(sandbox.transmissions()) == 2
        ended = await on_terminal(sandbox, "payments", "submit", rid, "--force", "--no-ledger", typed="y\n")
        assert (ended.code, "AGAIN" in ended.out) == (Exit.DONE, True)
        assert len(sandbox.transmissions()) == 3


async def test_a_file_whose_upload_failed_is_konfipay_s_to_send_for_a_while(piped, payment_file):
    """It tries again by itself: by force the bank may get it twice."""
    async with Sandbox(payment_statuses=("FIN_UPLOAD_FAILED",)) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        assert (await piped(sandbox, "payments", "submit", rid, "--yes")).code == Exit.PARTIAL
        ended = await piped(sandbox, "payments", "submit", rid, "--yes", "--force")
        assert (ended.code, "--again" in ended.err, "CAREFUL" in ended.err) == (Exit.USAGE, True, True)
        assert len(sandbox.transmissions()) == 1
        ended = await piped(sandbox, "payments", "wait", rid, "--until", "FIN_UPLOAD_FAILED")
        assert ended.code == Exit.PARTIAL


async def test_a_file_that_moved_on_while_somebody_was_asked_is_not_sent_by_force(piped, payment_file):
    """What was shown is what was agreed to."""
    # Each look is a step: after it was sent, before the question, and before it is sent again.
    async with Sandbox(payment_statuses=(*["FIN_REJECTED"] * 3, "FIN_ACCEPTED")) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        await piped(sandbox, "payments", "submit", rid, "--yes")
        ended = await piped(sandbox, "payments", "submit", rid, "--force", "--yes")
        assert ended.code == Exit.USAGE
        assert "is FIN_ACCEPTED by now" in ended.err
        assert len(sandbox.transmissions()) == 1


async def test_force_is_never_proposed_for_a_file_that_was_not_sent(piped, payment_file):
    async with Sandbox(payment_statuses=("FIN_ACCEPTED",)) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        ended = await piped(sandbox, "payments", "submit", rid, "--yes", "--force")
        assert ended.code == Exit.USAGE
        assert sandbox.transmissions() == []
        for status in ("KON_STORED", "KON_ACCEPTED_AND_QUEUED"):
            sandbox.set_payment_status(rid, status)
            ended = await piped(sandbox, "payments", "submit", rid)
            assert "KON_" in ended.err
            assert "--force" not in ended.err
            assert "sent before" not in ended.err


async def test_a_file_that_is_sent_and_whose_status_cannot_be_read(piped, payment_file):
    async with Sandbox(faults=["403:payment-files.get@2x9"]) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        ended = await piped(sandbox, "payments", "submit", rid, "--yes", "--json")
        assert len(sandbox.transmissions()) == 1
    assert ended.code == Exit.PARTIAL
    assert "is sent; its status could not be read" in ended.err
    assert [row["rid"] for row in loads(ended)] == [rid]


async def test_a_file_that_was_rejected_is_sent_again_without_a_warning(piped, payment_file):
    async with Sandbox(payment_statuses=("FIN_REJECTED",)) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        assert (await piped(sandbox, "payments", "submit", rid, "--yes")).code == Exit.REFUSED
        ended = await piped(sandbox, "payments", "submit", rid, "--yes", "--force")
        assert ended.code == Exit.REFUSED
        assert "CAREFUL" not in ended.err
        assert len(sandbox.transmissions()) == 2


async def test_of_several_files_those_that_went_out_are_told_where_a_later_one_fails(piped, payment_file):
    async with Sandbox(faults=["403:payment-files.submit@2x9"]) as sandbox:
        rids = [await upload(piped, sandbox, payment_file(message_id=f"M{number}")) for number in range(2)]
        ended = await piped(sandbox, "payments", "submit", *rids, "--yes", "--json")
        assert [sent.payment_file_rid for sent in sandbox.transmissions()] == rids[:1]
    assert ended.code == Exit.REFUSED
    assert [row["rid"] for row in loads(ended)] == rids[:1]


@pytest.mark.parametrize("faults", ["reset-after", "html"])
async def test_a_submission_without_an_answer_is_neither_refused_nor_without_connection(piped, payment_file, faults):
    """The bank may have it: repeating it is safe, and shows what became of it."""
    async with Sandbox(faults=[f"{faults}:payment-files.submitx9"]) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        ended = await piped(sandbox, "payments", "submit", rid, "--yes")
    assert ended.code == Exit.PARTIAL
    assert f"POST payment-files/{rid}/submit" in ended.err
    assert "may be repeated" in ended.err


@pytest.mark.parametrize("first", ["reset-after", "500"])
async def test_a_submission_that_is_refused_after_an_attempt_without_an_answer(piped, payment_file, first):
    faults = [f"{first}:payment-files.submit@1", "403:payment-files.submit@2x9"]
    async with Sandbox(faults=faults) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        assert (await piped(sandbox, "payments", "submit", rid, "--yes")).code == Exit.PARTIAL


async def test_a_submission_that_is_refused_was_not_done(piped, payment_file):
    async with Sandbox(faults=["403:payment-files.submitx9"]) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        assert (await piped(sandbox, "payments", "submit", rid, "--yes")).code == Exit.REFUSED


async def test_an_unknown_file_stops_everything_before_the_question(piped, payment_file):
    async with Sandbox() as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        ended = await piped(sandbox, "payments", "submit", rid, "00000000-0000-0000-0000-000000000000", "--yes")
        assert ended.code == Exit.REFUSED
        assert sandbox.transmissions() == []
        assert (await piped(sandbox, "payments", "submit", "--yes")).code == Exit.USAGE


# --- wait ------------------------------------------------------------------------------------------------------------


async def test_wait_shows_the_status_as_it_changes(piped, payment_file):
    async with Sandbox(payment_statuses=("KON_ACCEPTED_AND_QUEUED", "FIN_ACCEPTED", "FIN_CONFIRMED")) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        await piped(sandbox, "payments", "submit", rid, "--yes")  # reads it once
        ended = await piped(sandbox, "payments", "wait", rid)
        assert ended.code == Exit.DONE
    assert [line.split("\t")[1] for line in ended.out.splitlines()] == ["status", "FIN_CONFIRMED"]


async def test_wait_on_a_terminal_has_a_line_for_each_status(piped, on_terminal, payment_file):
    statuses = ("KON_ACCEPTED_AND_QUEUED", "KON_ACCEPTED_AND_QUEUED", "FIN_UPLOAD_SUCCEEDED", "FIN_ACCEPTED")
    async with Sandbox(payment_statuses=statuses) as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        await piped(sandbox, "payments", "submit", rid, "--yes")
        ended = await on_terminal(sandbox, "payments", "wait", rid, "--until", "fin_accepted")
    assert ended.code == Exit.DONE
    lines = [line for line in ended.out.splitlines() if "FIN_UPLOAD_SUCCEEDED" in line or "FIN_ACCEPTED" in line]
    assert any("The transfer of the file was successful" in line for line in lines)
    assert any("Everything about the order could be done" in line for line in lines)


async def test_wait_for_what_ends_badly(piped, payment_file):
    async with Sandbox() as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        sandbox.set_payment_status(rid, "FIN_REJECTED", "AC04", reason="Konto aufgelöst")
        ended = await piped(sandbox, "payments", "wait", rid, "--json")
    assert ended.code == Exit.REFUSED
    (row,) = loads(ended)
    assert (row["rid"], row["status"]["value"], row["status"]["reason"]) == (rid, "FIN_REJECTED", "Konto aufgelöst")
    assert "seen_at" in row


async def test_wait_for_what_is_not_over_in_time(piped, payment_file):
    async with Sandbox() as sandbox:
        rid = await upload(piped, sandbox, payment_file())
        ended = await piped(sandbox, "payments", "wait", rid, "--timeout", "0.1", "--until", "PAID")
        assert ended.code == Exit.PARTIAL
        assert "KON_STORED" in ended.out
        assert "no status of this name is known" in ended.err
        sandbox.requests.clear()
        assert (await piped(sandbox, "payments", "wait", rid, "--timeout", "0")).code == Exit.USAGE
        assert not sandbox.requests


# --- orders ----------------------------------------------------------------------------------------------------------


async def extract(piped, sandbox, file):
    return [row["rid"] for row in loads(await piped(sandbox, "payments", "extract", str(file), "--json"))]


async def test_extracted_orders_are_open_until_they_are_submitted(piped, on_terminal, payment_file):
    async with Sandbox() as sandbox:
        rids = await extract(piped, sandbox, payment_file("10.00", "2.50"))
        assert (sandbox.payment_file_rids(), sandbox.payment_rids()) == ([], rids)
        ended = await on_terminal(sandbox, "payments", "orders", "submit", *rids, typed="y\n")
        assert ended.code == Exit.DONE
        (sent,) = sandbox.transmissions()
        assert sent.sum_of_orders == Decimal("12.50")
        assert "Send 2 payments, 12.50 EUR, to the bank?" in ended.out
        assert "Nordlicht" in ended.out
        again = await piped(sandbox, "payments", "orders", "submit", *rids, "--yes")
        assert again.code == Exit.USAGE
        assert "--skip-submitted" in again.err
        assert len(sandbox.transmissions()) == 1


async def test_orders_that_stay_open_were_not_sent(piped, payment_file):
    """Where konfipay cannot make a file of them."""
    async with Sandbox(faults=["submit-without-effect"]) as sandbox:
        rids = await extract(piped, sandbox, payment_file())
        ended = await piped(sandbox, "payments", "orders", "submit", *rids, "--yes", "--json")
        assert ended.code == Exit.PARTIAL
        assert "2 of 2 are still open" in ended.err
        assert [row["payment_file"] for row in loads(ended)] == [None, None]
        assert sandbox.transmissions() == []
        assert (await piped(sandbox, "payments", "orders", "submit", *rids, "--yes")).code == Exit.DONE


async def test_orders_are_not_submitted_unasked(piped, payment_file):
    async with Sandbox() as sandbox:
        rids = await extract(piped, sandbox, payment_file())
        assert (await piped(sandbox, "payments", "orders", "submit", *rids)).code == Exit.USAGE
        assert (await piped(sandbox, "payments", "orders", "submit", "--yes")).code == Exit.USAGE
        assert sandbox.transmissions() == []
        ended = await piped(sandbox, "payments", "orders", "submit", *rids, "--yes", "--no-batch-booking", "--json")
        assert ended.code == Exit.DONE
        (sent,) = sandbox.transmissions()
        assert sent.batch_booking is False
    assert {row["payment_file"]["rid"] for row in loads(ended)} == {sent.payment_file_rid}


async def test_what_was_submitted_before_can_be_skipped(piped, payment_file):
    async with Sandbox() as sandbox:
        first, second = await extract(piped, sandbox, payment_file())
        assert (await piped(sandbox, "payments", "orders", "submit", first, "--yes")).code == Exit.DONE
        ended = await piped(sandbox, "payments", "orders", "submit", first, second, "--yes", "--skip-submitted")
        assert ended.code == Exit.DONE
        assert [sent.payment_rids for sent in sandbox.transmissions()] == [(first,), (second,)]


async def test_orders_are_deleted_after_a_yes(piped, on_terminal, payment_file):
    async with Sandbox() as sandbox:
        first, second = await extract(piped, sandbox, payment_file())
        assert (await piped(sandbox, "payments", "orders", "delete", first)).code == Exit.USAGE
        assert (await on_terminal(sandbox, "payments", "orders", "delete", first, typed="n\n")).code == Exit.USAGE
        assert sandbox.payment_rids() == [first, second]
        assert (await on_terminal(sandbox, "payments", "orders", "delete", first, typed="y\n")).code == Exit.DONE
        assert sandbox.payment_rids() == [second]
        await piped(sandbox, "payments", "orders", "submit", second, "--yes")
        ended = await piped(sandbox, "payments", "orders", "delete", second, "--yes")
        assert ended.code == Exit.REFUSED
        assert sandbox.payment_rids() == [second]


# --- what nobody knows -----------------------------------------------------------------------------------------------


async def test_an_upload_without_an_answer_is_found_again(piped, payment_file):
    """Exit code 6 says what to do, and doing it settles the ledger."""
    async with Sandbox(faults=["reset-after:payment-files.upload"]) as sandbox:
        file = str(payment_file())
        ended = await piped(sandbox, "payments", "upload", file)
        assert (ended.code, ended.out) == (Exit.PARTIAL, "")
        assert "konfipay payments reconcile 1" in ended.err
        again = await piped(sandbox, "payments", "upload", file)
        assert again.code == Exit.USAGE
        assert len(sandbox.payment_file_rids()) == 1
        (open_one,) = loads(await piped(sandbox, "payments", "ledger", "--open", "--json"))
        assert (open_one["entry"], open_one["outcome"], open_one["orders"]) == (1, "unknown", 2)
        ended = await piped(sandbox, "payments", "reconcile", "--json")
        assert ended.code == Exit.DONE
        assert loads(ended) == [
            {"entry": 1, "kind": "payment_files.upload", "result": "found", "rids": sandbox.payment_file_rids()}
        ]
        (settled_one,) = loads(await piped(sandbox, "payments", "ledger", "--json"))
        assert (settled_one["outcome"], settled_one["rid"]) == ("done", sandbox.payment_file_rids()[0])
        ended = await piped(sandbox, "payments", "reconcile")
        assert ended.code == Exit.DONE
        assert "Nothing is open." in ended.err


async def test_an_upload_that_never_arrived_is_settled_by_hand(piped, on_terminal, payment_file):
    async with Sandbox(faults=["reset-before:payment-files.upload"]) as sandbox:
        file = str(payment_file())
        assert (await piped(sandbox, "payments", "upload", file)).code == Exit.PARTIAL
        ended = await piped(sandbox, "payments", "reconcile", "1")
        assert ended.code == Exit.PARTIAL
        assert "undecided" in ended.out
        assert "settle 1 absent" in ended.err
        assert (await piped(sandbox, "payments", "settle", "1", "absent")).code == Exit.USAGE
        assert (await piped(sandbox, "payments", "settle", "1", "absent", "--rid", "x", "--yes")).code == Exit.USAGE
        ended = await on_terminal(sandbox, "payments", "settle", "1", "absent", typed="y\n")
        assert ended.code == Exit.DONE
        assert "the same may be sent again" in ended.out
        assert (await piped(sandbox, "payments", "settle", "1", "absent", "--yes")).code == Exit.USAGE
        assert (await piped(sandbox, "payments", "upload", file)).code == Exit.DONE
        # It was there after all.
        assert (await piped(sandbox, "payments", "settle", "1", "arrived", "--rid", "x", "--yes")).code == Exit.DONE
        assert (await piped(sandbox, "payments", "settle", "1", "absent", "--yes")).code == Exit.USAGE


async def test_what_may_be_on_its_way_is_not_said_to_be_absent(piped, payment_file, tmp_path):
    """Its program may be waiting for the answer."""
    async with Sandbox() as sandbox:
        await piped(sandbox, "payments", "upload", str(payment_file()))
        with closing(sqlite3.connect(next(tmp_path.rglob("ledger.db")))) as ledger, ledger:
            ledger.execute("UPDATE submissions SET outcome = 'intended', rid = NULL, sent_at = sent_at + 60")
        sandbox.add_fault("403:payments.listx99")
        ended = await piped(sandbox, "payments", "settle", "1", "absent", "--yes")
        assert (ended.code, "on its way this moment" in ended.err) == (Exit.USAGE, True)


async def test_files_that_could_be_it_are_named_and_one_is_chosen_by_hand(piped, payment_file):
    async with Sandbox(faults=["reset-after:payment-files.upload"]) as sandbox:
        file = str(payment_file())
        await piped(sandbox, "payments", "upload", file)
        await piped(sandbox, "payments", "upload", file, "--no-ledger")
        rids = sandbox.payment_file_rids()
        (row,) = loads(await piped(sandbox, "payments", "reconcile", "--json"))
        assert (row["result"], sorted(row["rids"])) == ("candidates", sorted(rids))
        assert (await piped(sandbox, "payments", "settle", "1", "arrived", "--rid", rids[0], "--yes")).code == Exit.DONE
        (entry,) = loads(await piped(sandbox, "payments", "ledger", "--json"))
        assert (entry["outcome"], entry["rid"]) == ("done", rids[0])


async def test_without_a_ledger_the_list_is_where_to_look(piped, payment_file):
    async with Sandbox(faults=["reset-after:payment-files.upload"]) as sandbox:
        ended = await piped(sandbox, "payments", "upload", str(payment_file()), "--no-ledger")
    assert ended.code == Exit.PARTIAL
    assert "konfipay payments list" in ended.err
    assert "reconcile" not in ended.err.replace("client.payment_files.reconcile", "")


async def test_a_submission_of_orders_without_an_answer_is_found_again(piped, payment_file):
    async with Sandbox(faults=["reset-after:payments.submit"]) as sandbox:
        rids = await extract(piped, sandbox, payment_file())
        ended = await piped(sandbox, "payments", "orders", "submit", *rids, "--yes")
        assert ended.code == Exit.PARTIAL
        assert "konfipay payments reconcile 2" in ended.err
        looked = await piped(sandbox, "payments", "reconcile", "--json")
        assert looked.code == Exit.DONE
        (sent,) = sandbox.transmissions()
    assert loads(looked) == [
        {"entry": 2, "kind": "payments.submit", "result": "found", "rids": [sent.payment_file_rid]}
    ]


async def test_what_cannot_be_found_again_is_looked_up_by_hand(piped, payment_file):
    """A new account, which the same ledger holds."""
    new = ("accounts", "create", "--iban", "DE02120300000000202051", "--currency", "EUR", "--description", "x")
    async with Sandbox(faults=["reset-after:bank-accounts.create"]) as sandbox:
        ended = await piped(sandbox, *new)
        assert (ended.code, "konfipay payments settle 1 arrived" in ended.err) == (Exit.PARTIAL, True)
        looked = await piped(sandbox, "payments", "reconcile", "--json")
    assert looked.code == Exit.PARTIAL
    assert loads(looked)[0]["result"] == "look"
    assert "konfipay accounts list" in looked.err


async def test_an_extraction_without_an_answer_is_found_again_by_its_batch(piped, payment_file):
    async with Sandbox(faults=["reset-after:payment-files.extract"]) as sandbox:
        file = str(payment_file())
        assert (await piped(sandbox, "payments", "extract", file)).code == Exit.PARTIAL
        looked = await piped(sandbox, "payments", "reconcile", "--json")
        assert looked.code == Exit.DONE
        (row,) = loads(looked)
        orders = loads(await piped(sandbox, "payments", "orders", "list", "--batch-rid", row["rids"][0], "--json"))
        assert [order["rid"] for order in orders] == sandbox.payment_rids()


# --- the ledger ------------------------------------------------------------------------------------------------------


async def test_the_ledger_is_listed_and_holds_no_account(piped, on_terminal, payment_file, tmp_path):
    async with Sandbox() as sandbox:
        assert "There are none." in (await on_terminal(sandbox, "payments", "ledger")).out
        assert not (tmp_path / "ledger.db").exists()
        rid = await upload(piped, sandbox, payment_file())
        shown = await on_terminal(sandbox, "payments", "ledger")
        ended = await piped(sandbox, "payments", "ledger", "--json")
    assert rid in shown.out
    (entry,) = loads(ended)
    assert (entry["kind"], entry["control_sum"], entry["origin"]) == ("payment_files.upload", "11.00", sandbox.base_url)
    assert "counterparties" not in entry


async def test_the_ledger_is_where_it_was_asked_to_be(piped, payment_file, tmp_path, monkeypatch):
    """The option, else KONFIPAY_LEDGER, else the state directory, whose folder is made for its owner alone."""
    async with Sandbox() as sandbox:
        file = str(payment_file())
        assert (await piped(sandbox, "payments", "upload", file, "--ledger", "mine.db")).code == Exit.DONE
        assert (tmp_path / "mine.db").is_file()
        assert not (tmp_path / "ledger.db").exists()
        assert len(loads(await piped(sandbox, "payments", "ledger", "--ledger", "mine.db", "--json"))) == 1
        assert (await piped(sandbox, "payments", "upload", file)).code == Exit.DONE
        assert (tmp_path / "ledger.db").is_file()
        both = await piped(sandbox, "payments", "upload", file, "--ledger", "mine.db", "--no-ledger")
        assert both.code == Exit.USAGE


@pytest.mark.parametrize(
    ("settings", "system", "place"),
    [
        ({"XDG_STATE_HOME": "{}/state"}, "linux", "state/konfipay-async/ledger.db"),
        ({"XDG_STATE_HOME": "relative"}, "linux", ".local/state/konfipay-async/ledger.db"),
        ({}, "linux", ".local/state/konfipay-async/ledger.db"),
        ({}, "darwin", "Library/Application Support/konfipay-async/ledger.db"),
        ({"LOCALAPPDATA": "{}/Local"}, "win32", "Local/konfipay-async/ledger.db"),
        ({"KONFIPAY_LEDGER": "{}/x.db", "XDG_STATE_HOME": "{}/state"}, "linux", "x.db"),
    ],
)
def test_the_usual_place_is_the_system_s(tmp_path, monkeypatch, settings, system, place):
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "KONFIPAY_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in settings.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    monkeypatch.setattr("konfipay_async.cli.connection.sys.platform", system)
    assert default_ledger() == tmp_path / place


async def test_the_folder_of_the_usual_place_is_made_for_its_owner(konfipay, payment_file, tmp_path):
    async with Sandbox() as sandbox:
        settings = {"KONFIPAY_API_KEY": sandbox.api_key, "KONFIPAY_BASE_URL": sandbox.base_url}
        state = tmp_path / "state"
        ended = await konfipay("payments", "upload", str(payment_file()), XDG_STATE_HOME=str(state), **settings)
        assert ended.code == Exit.DONE, ended.err
        folder = state / "konfipay-async"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "ledger.db").stat().st_mode & 0o777 == 0o600
        (tmp_path / "file").touch()
        ended = await konfipay(
            "payments", "upload", str(payment_file(name="other.xml")), XDG_STATE_HOME=str(tmp_path / "file"), **settings
        )
        assert ended.code == Exit.STORAGE
        assert "--no-ledger" in ended.err


async def test_a_ledger_that_cannot_be_used_sends_nothing(piped, payment_file, tmp_path):
    with sqlite3.connect(tmp_path / "theirs.db") as theirs:
        theirs.execute("CREATE TABLE customers (name TEXT)")
    theirs.close()
    async with Sandbox() as sandbox:
        for place in ("no/such/folder/ledger.db", "theirs.db"):
            ended = await piped(sandbox, "payments", "upload", str(payment_file()), "--ledger", place)
            assert ended.code == Exit.STORAGE
            assert "ledger" in ended.err
        assert not sandbox.requests


async def test_entries_that_cannot_be_looked_up(piped, payment_file, tmp_path):
    async with Sandbox() as sandbox, Sandbox(faults=["reset-before:payment-files.upload"]) as other:
        await upload(piped, sandbox, payment_file())
        await piped(other, "payments", "upload", str(payment_file(message_id="M-2")))
        of_server = sandbox.base_url.replace("/v6", "/v6.0")
        with closing(sqlite3.connect(next(tmp_path.rglob("ledger.db")))) as ledger, ledger:
            ledger.execute(
                "UPDATE submissions SET outcome = 'unknown', rid = NULL, origin = ? WHERE id = 1", [of_server]
            )
        found = await piped(sandbox, "payments", "reconcile", "--json")
        assert [row["entry"] for row in loads(found)] == [1], "another path of the same server"
        for entry, says in (("7", "no entry 7"), ("1", "settled already"), ("2", f"--base-url {other.base_url}")):
            ended = await piped(sandbox, "payments", "reconcile", entry)
            assert ended.code == Exit.USAGE
            assert says in ended.err
        assert "Nothing is open." in (await piped(sandbox, "payments", "reconcile")).err
