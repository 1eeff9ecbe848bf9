"""The commands around the pull: help, the sandbox, what is missing."""

import asyncio
import re
import signal
import subprocess
import sys

import pytest
import warm

from konfipay_async import KonfipayClient, __version__
from konfipay_async.cli.app import app, run
from konfipay_async.wallee import WalleeClient

pytestmark = pytest.mark.usefixtures("program")


@pytest.mark.parametrize("command", [[], ["pull"], ["sandbox"]], ids=lambda words: " ".join(words) or "konfipay")
async def test_every_command_has_help(konfipay, command):
    """With exit codes, and for commands with examples."""
    ended = await konfipay(*command, "--help")
    assert ended.code == 0
    assert "Exit codes" in ended.out
    assert not command or "Examples" in ended.out


def commands(group, *words):
    """Every command below this one, by its words."""
    for name in group:
        if not name.startswith("-"):
            yield (*words, name)
            yield from commands(group[name], *words, name)


COMMANDS = sorted(commands(app))


def test_there_are_the_commands_that_were_promised():
    """And no group is empty."""
    assert {words[0] for words in COMMANDS} >= {
        *("accounts", "transactions", "files", "payments", "documents", "paypal", "scopes", "pull", "sandbox"),
    }
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_and_all_its_options(words, capsys, monkeypatch):
    """With examples that name it, exit codes, and a text for each option."""
    monkeypatch.setenv("COLUMNS", "300")
    assert run([*words, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Exit codes" in text
    if "COMMAND" in text.splitlines()[0] and words != ("sandbox",):  # which does something without one
        return
    assert "Examples:" in text
    assert f"konfipay {' '.join(words)}" in text[text.index("Examples:") :]
    # A line of a box that begins with an option or argument, and has nothing behind its name and kind.
    named = re.findall(r"^│ [* ]*(?:--[\w-]+|[A-Z]+).*│$", text, re.MULTILINE)
    bare = [line for line in named if re.fullmatch(r"│ [* ]*(?:--[\w-]+[ ,]*)*(?:[A-Z.]+ *)*│", line)]
    assert named
    assert not bare


async def test_version(konfipay):
    """The version is that of the package."""
    assert (await konfipay("--version")).out.strip() == __version__


async def test_an_unknown_command(konfipay):
    """Named, with what there is."""
    ended = await konfipay("pulll")
    assert ended.code == 2
    assert "pull" in ended.err


async def test_the_sandbox_serves_until_it_is_stopped(tmp_path):
    """It prints what to set, answers a client, and ends at SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        *warm.COMMAND, "sandbox", "--port", "0", "--transactions", "30",
        "--fault", "503-html:transactions.list@1",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, env=None,
    )  # fmt: skip
    assert process.stdout is not None
    text = ""
    while "konfipay pull" not in text:
        text += (await process.stdout.readline()).decode()
    settings = dict(re.findall(r"export (\w+)=(\S+)", text))
    async with KonfipayClient(settings["KONFIPAY_API_KEY"], base_url=settings["KONFIPAY_BASE_URL"]) as client:
        assert len([row async for row in client.transactions.stream()]) == 30
    process.send_signal(signal.SIGTERM)
    rest = (await process.stdout.read()).decode()
    assert await process.wait() == 0
    assert "3 requests served" in rest


async def test_the_sandbox_of_the_signed_api_serves_until_it_is_stopped(tmp_path):
    """It prints what to set, answers a client, and ends at SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        *warm.COMMAND, "sandbox", "wallee", "--port", "0", "--transactions", "30", "--fault", "503-html@1",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    text = ""
    while "konfipay wallee" not in text:
        text += (await process.stdout.readline()).decode()
    settings = dict(re.findall(r"(WALLEE_\w+)=(\S+)", text))
    async with WalleeClient(
        settings["WALLEE_USER_ID"],
        settings["WALLEE_AUTHENTICATION_KEY"],
        base_url=settings["WALLEE_BASE_URL"],
        space=int(settings["WALLEE_SPACE"]),
    ) as client:
        assert len([row async for row in client.payment.transactions.list()]) == 30
    process.send_signal(signal.SIGTERM)
    rest = (await process.stdout.read()).decode()
    assert await process.wait() == 0
    assert "requests served" in rest


async def test_several_keys(tmp_path):
    """Each is printed with its name and whose flags it reads."""
    process = await asyncio.create_subprocess_exec(
        *warm.COMMAND, "sandbox", "--port", "0", "--key", "erp", "--own-key", "reports",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    text = ""
    while "konfipay pull" not in text:
        text += (await process.stdout.readline()).decode()
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    keys = re.findall(r"KONFIPAY_API_KEY=(\w{64})  # (.*)", text)
    assert [words for _, words in keys] == [
        "main, the client's flags",
        "erp, the client's flags",
        "reports, flags of its own",
    ]
    assert len({value for value, _ in keys}) == 3


async def test_the_names_of_faults(konfipay):
    """Listed with what each does."""
    ended = await konfipay("sandbox", "--faults")
    assert ended.code == 0
    assert "reset-after" in ended.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "nonsense"], "nonsense"),
        (["--port", "70000"], "70000"),
        (["--transactions", "-1"], "-1"),
        (["--latency", "soon"], "--latency"),
    ],
)
async def test_bad_input(konfipay, arguments, says):
    """Usage, in one message."""
    for words in (["sandbox"], ["sandbox", "wallee"]):
        ended = await konfipay(*words, *arguments)
        assert ended.code == 2
        assert says in ended.err


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
def test_a_missing_extra_says_which_to_install(missing):
    """Not a traceback."""
    code = f"import sys; sys.modules[{missing!r}] = None; from konfipay_async.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "konfipay-async[cli" in ended.stderr
    assert "Traceback" not in ended.stderr
