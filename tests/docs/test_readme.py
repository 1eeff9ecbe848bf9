"""What the README says is so."""

import asyncio
import os
import re
import sys
from pathlib import Path

from konfipay_async import __version__
from konfipay_async.cli.exits import Exit
from konfipay_async.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAM = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
INSTALL, TEST = (block.strip() for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[:2])


def test_the_first_screen_shows_the_program_and_the_command():
    """In the first forty lines."""
    screen = "\n".join(README.splitlines()[:40])
    assert PROGRAM in screen
    assert INSTALL in screen
    assert INSTALL.endswith("konfipay pull --sandbox")


def test_continuous_integration_runs_the_test_command_of_the_readme():
    """To the letter."""
    assert TEST in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


async def run(code: list[str], **more: str) -> str:
    async with Sandbox(transactions=30) as sandbox:
        settings = {"KONFIPAY_API_KEY": sandbox.api_key, "KONFIPAY_BASE_URL": sandbox.base_url}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", *code, env=os.environ | settings, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        assert sandbox.new_rids() == []
    return out.decode()


async def test_the_program_of_the_readme_runs():
    """Against a konfipay on this machine."""
    assert len((await run(["-c", PROGRAM])).splitlines()) == 30


def test_the_readme_names_every_exit_code():
    """And none that does not exist."""
    (sentence,) = re.findall(r"Exit codes: (.*?)\.\n", README, re.DOTALL)
    assert sorted(map(int, re.findall(r"\b\d\b", sentence))) == sorted(set(Exit) - {Exit.BUG})


def test_the_changelog_begins_with_this_version():
    """Whoever changes one changes the other."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[([^\]]+)\]", changelog, re.MULTILINE)[0] == __version__
