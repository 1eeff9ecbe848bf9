"""The command line, tested as a user runs it: as a process, or in this one where that shows the same and is quicker."""

import asyncio
import io
import os
import pty
import re
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from konfipay_async.cli.app import run as run_command
from konfipay_async.sandbox import Sandbox
from konfipay_async.sandbox.konfipay.banks import make_accounts


@dataclass
class Ended:
    """How a command ended. On a terminal everything is in `out`."""

    code: int
    out: str
    err: str = ""


Konfipay = Callable[..., Awaitable[Ended]]

# To whom payment files pay.
OTHER_IBAN = "DE02120300000000202051"


def environment(**more: str) -> dict[str, str]:
    """The environment without a user's own settings; the process warns of what it leaves open."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KONFIPAY_")}
    return kept | {"PYTHONWARNINGS": "error", "COLUMNS": "200", "NO_COLOR": "1"} | more


@pytest.fixture
def konfipay(program: list[str], tmp_path: Path) -> Konfipay:
    """Run a command in a folder of its own, to its end."""

    async def run(*arguments: str, **more: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            *program,
            *arguments,
            cwd=tmp_path,
            env=environment(**more),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert b"Traceback" not in out + err, (out + err).decode()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    return run


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Sandbox], None]:
    """Set what a user would: the key, the address of a sandbox, a ledger, a terminal's width, and a folder to be in."""

    def set_up(sandbox: Sandbox) -> None:
        for name in [name for name in os.environ if name.startswith("KONFIPAY_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("KONFIPAY_API_KEY", sandbox.api_key)
        monkeypatch.setenv("KONFIPAY_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("KONFIPAY_LEDGER", str(tmp_path / "ledger.db"))
        monkeypatch.setenv("COLUMNS", "160")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.chdir(tmp_path)

    return set_up


@pytest.fixture
def piped(settled: Callable[[Sandbox], None], capsys: pytest.CaptureFixture[str]) -> Konfipay:
    """Run a command against a sandbox in this process, with pipes around it. It never shows the key."""

    async def run(sandbox: Sandbox, *arguments: str) -> Ended:
        settled(sandbox)
        capsys.readouterr()
        code = await asyncio.to_thread(run_command, arguments)
        shown = capsys.readouterr()
        assert sandbox.api_key not in shown.out + shown.err
        assert "\x1b" not in shown.out + shown.err
        return Ended(code, shown.out, shown.err)

    return run


@pytest.fixture
def on_terminal(settled: Callable[[Sandbox], None], monkeypatch: pytest.MonkeyPatch) -> Konfipay:
    """Run a command against a sandbox in this process, on a terminal on which somebody has typed `typed` already."""

    async def run(sandbox: Sandbox, *arguments: str, typed: str = "", columns: int = 160) -> Ended:
        settled(sandbox)
        monkeypatch.setenv("COLUMNS", str(columns))
        with _terminal(typed) as shown:
            code = await asyncio.to_thread(run_command, arguments)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown().decode()).replace("\r\n", "\n")
        assert sandbox.api_key not in text
        return Ended(code, text)

    return run


@contextmanager
def _terminal(typed: str) -> Iterator[Callable[[], bytes]]:
    """Standard input and output are a terminal; yields what tells, afterwards, what was shown on it."""
    controller, terminal = pty.openpty()
    os.write(controller, typed.encode())
    seen = bytearray()

    def read() -> None:
        while True:
            try:
                chunk = os.read(controller, 65536)
            except OSError:  # how a terminal says that its other end is closed
                return
            seen.extend(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = os.fdopen(os.dup(terminal), encoding="utf-8")
    sys.stdout = os.fdopen(os.dup(terminal), "w", buffering=1, encoding="utf-8")
    sys.stderr = os.fdopen(os.dup(terminal), "w", buffering=1, encoding="utf-8")
    os.close(terminal)
    try:
        yield lambda: bytes(seen)
    finally:
        for file in (sys.stdin, sys.stdout, sys.stderr):
            assert isinstance(file, io.TextIOWrapper)
            file.close()
        sys.stdin, sys.stdout, sys.stderr = before
        reader.join()
        os.close(controller)


@pytest.fixture
def payment_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a payment file of the sandbox's first account, or of another one."""

    def write(*amounts: str, account: int = 0, message_id: str = "MSG-1", name: str = "salaries.xml") -> Path:
        own = make_accounts(0, 4)[account]
        amounts = amounts or ("10.99", "0.01")
        orders = "".join(
            f'<CdtTrfTxInf><PmtId><EndToEndId>E{number}</EndToEndId></PmtId><Amt><InstdAmt Ccy="{own.currency}">'
            f"{amount}</InstdAmt></Amt><Cdtr><Nm>Käthe Müller</Nm></Cdtr><CdtrAcct><Id><IBAN>{OTHER_IBAN}</IBAN></Id>"
            f"</CdtrAcct></CdtTrfTxInf>"
            for number, amount in enumerate(amounts)
        )
        path = tmp_path / name
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">'
            f"<CstmrCdtTrfInitn><GrpHdr><MsgId>{message_id}</MsgId><NbOfTxs>{len(amounts)}</NbOfTxs>"
            f"<CtrlSum>{sum(map(Decimal, amounts))}</CtrlSum></GrpHdr><PmtInf><PmtInfId>P-1</PmtInfId>"
            f"<PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2026-12-01</Dt></ReqdExctnDt><Dbtr><Nm>Nordlicht</Nm></Dbtr>"
            f"<DbtrAcct><Id><IBAN>{own.iban}</IBAN></Id><Ccy>{own.currency}</Ccy></DbtrAcct>{orders}</PmtInf>"
            f"</CstmrCdtTrfInitn></Document>",
            encoding="utf-8",
        )
        return path

    return write
