"""What every command says when the API says no, and what it never repeats."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from konfipay_async.cli.app import run
from konfipay_async.cli.exits import EXIT_CODES, Exit, advice, exit_of
from konfipay_async.errors import (
    AlreadySubmittedError,
    BadRequestError,
    ClientStateError,
    ConfigurationError,
    ConnectFailedError,
    DecodeError,
    DeleteFailedError,
    OutcomeUnknownError,
    ResponseTooLargeError,
    StorageBusyError,
    StorageError,
    WaitTimeoutError,
)

TOKEN = "CanaryToken" + "8" * 40
EVERYTHING = f"{TOKEN} DE89370400440532013000 Kanaria Vogelsang, Zwitscherpfad 4711"
CANARIES = ("CanaryToken", "8888", "DE8937", "04004405", "Kanaria", "Vogelsang", "Zwitscher", "CanarySecret")
RID = "5d3f0c1e-0d8f-4f4e-9a55-1c2f5d0a7b11"


@dataclass
class Refusing:
    """A server that lets everybody in and then says no, at length."""

    base_url: str
    api_key: str = "k" * 64
    status: int = 400


@pytest.fixture
async def refusing() -> AsyncIterator[Refusing]:
    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path.endswith("authentication/token"):
            return web.json_response({"accessToken": TOKEN, "expiresIn": 1800, "tokenType": "bearer"})
        items = [{"errorCode": EVERYTHING, "errorMessage": EVERYTHING, "errorDetails": EVERYTHING}]
        return web.Response(
            status=server.status, text=json.dumps({"errors": items}), headers={"X": EVERYTHING}, reason=EVERYTHING
        )

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server = Refusing(f"http://127.0.0.1:{runner.addresses[0][1]}/api/v6")
    yield server
    await runner.cleanup()


COMMANDS = [
    "accounts list",
    f"accounts get {RID}",
    "accounts create --iban DE02120300000000202051 --currency EUR",
    f"accounts update {RID} --deactivate",
    f"accounts delete {RID} --yes",
    "transactions list --new",
    f"transactions acknowledge {RID} --yes",
    "files list",
    f"files get {RID}",
    f"files save {RID}",
    "files save --new --acknowledge",
    f"files acknowledge {RID} --yes",
    "documents list --json",
    f"documents get {RID}",
    "documents save --new",
    "documents upload file --order-type BKA --yes",
    f"documents acknowledge {RID} --yes",
    "payments upload file",
    f"payments submit {RID} --yes",
    "payments list",
    f"payments get {RID}",
    f"payments wait {RID}",
    "payments extract file",
    "payments orders list",
    f"payments orders get {RID}",
    f"payments orders submit {RID} --yes",
    f"payments orders delete {RID} --yes",
    "paypal accounts list",
    f"paypal accounts get {RID}",
    "paypal accounts create --description x --client-id y --client-secret-file secret",
    f"paypal accounts update {RID} --activate --client-secret-file secret",
    "paypal transactions list",
    f"paypal transactions get {RID}",
    f"paypal transactions acknowledge {RID} --yes",
    "scopes",
]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_refusal_is_one_message_without_what_the_server_said(piped, payment_file, tmp_path, refusing, command):
    payment_file(name="file")
    (tmp_path / "secret").write_text("CanarySecret" + "9" * 30)
    ended = await piped(refusing, *command.split())
    assert ended.code == Exit.REFUSED
    assert ended.err.count("konfipay: ") == 1
    assert "HTTP 400" in ended.err
    for canary in CANARIES:
        assert canary not in ended.out + ended.err


@pytest.mark.parametrize("command", ["payments upload file", "documents upload file --order-type BKA --yes"])
async def test_nobody_knows_is_said_without_what_the_server_said(piped, payment_file, refusing, command):
    payment_file(name="file")
    refusing.status = 500
    ended = await piped(refusing, *command.split())
    assert ended.code == Exit.PARTIAL
    assert "Look it up" in ended.err
    for canary in CANARIES:
        assert canary not in ended.out + ended.err


async def test_what_never_left_is_no_connection_and_may_be_sent_again(piped, payment_file):
    nowhere = Refusing("http://127.0.0.1:1/api/v6")
    ended = await piped(nowhere, "payments", "upload", str(payment_file()))
    assert (ended.code, ended.out) == (Exit.NO_CONNECTION, "")
    assert "127.0.0.1:1" in ended.err
    assert "settle" not in ended.err


def test_a_command_without_a_key(monkeypatch, capsys):
    monkeypatch.delenv("KONFIPAY_API_KEY", raising=False)
    assert run(["accounts", "list"]) == Exit.USAGE
    assert "KONFIPAY_API_KEY" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 2),
        (ClientStateError("x"), 2),
        (AlreadySubmittedError("x"), 2),
        (BadRequestError("x"), 3),
        (DecodeError("x"), 3),
        (DeleteFailedError("x"), 3),
        (ResponseTooLargeError("x"), 3),
        (ConnectFailedError("x"), 4),
        (StorageError("x"), 5),
        (StorageBusyError("x"), 5),
        (OutcomeUnknownError("x"), 6),
        (WaitTimeoutError("x"), 6),
    ],
)
def test_exit_codes_by_kind(error, code):
    assert exit_of(error) == code


def test_every_exit_code_is_explained():
    for code in set(Exit) - {Exit.BUG}:
        assert f"{code.value} " in EXIT_CODES


def test_most_errors_speak_for_themselves():
    assert advice(BadRequestError("x")) == ""
    assert advice(OutcomeUnknownError("x")) == ""


@pytest.mark.parametrize(
    "command",
    [
        "pull --api-key-file SECRET",
        "accounts list --api-key-file SECRET",
        "paypal accounts create --description x --client-id y --client-secret-file SECRET",
        "wallee verify-webhook body --signature x --key-file SECRET",
        "wallee list transactions --authentication-key-file SECRET --user-id 1 --space 1",
    ],
)
@pytest.mark.parametrize(
    "secret",
    ["Canary" + "k" * 58, "Canary+/" * 5 + "YWJj=", "/Canary/" + "k" * 40, "/Canary" + "k" * 40, "Canary\nCanary"],
)
def test_a_secret_typed_where_its_file_belongs_is_not_repeated(monkeypatch, capsys, tmp_path, command, secret):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KONFIPAY_API_KEY", "k" * 64)
    (tmp_path / "body").write_text("{}")
    assert run([secret if word == "SECRET" else word for word in command.split()]) == Exit.USAGE
    shown = capsys.readouterr()
    assert "this looks like the secret itself" in shown.err
    assert "Canary" not in shown.out + shown.err


def test_a_file_that_is_there_is_called_no_secret(monkeypatch, capsys, tmp_path):
    """Whatever its name looks like."""
    name = "the_key_of_the_account_in_the_north_of_it"
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(["accounts", "list", "--api-key-file", name]) == Exit.USAGE
    shown = capsys.readouterr().err
    assert name in shown.replace("\n", "")
    assert "secret itself" not in shown
