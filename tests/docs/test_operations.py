"""What docs/operations.md says is so."""

import re
import shlex
from pathlib import Path

import pytest

from konfipay_async.cli.app import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CODE = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "konfipay_async").rglob("*.py"))


def commands() -> list[str]:
    """Whole command lines: those of the block, and those in the text that have options."""
    (block,) = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    lines = [line.partition("#")[0].strip() for line in block.splitlines() if line.startswith("konfipay")]
    return lines + re.findall(r"`(konfipay [a-z ]+ --[^`]+)`", PAGE)


@pytest.mark.parametrize("line", commands())
def test_each_command_is_one(line: str) -> None:
    words = shlex.split(line.replace("…", "host/name"))[1:]
    if words[0] == "fleet" and "--config" not in words:
        words += ["--config", "keys.toml"]
    app.parse_args(words, exit_on_error=False, print_error=False)


def test_what_is_named_is_there() -> None:
    for name in re.findall(r"`((?:konfipay|http)\.[a-z._]+)`", PAGE):
        assert f'"{name}"' in CODE, name
    for event in ("began", "ended", "taken_up", "away", "back", "unshared"):
        assert f"`{event}`" in PAGE
        assert f'"{event}"' in CODE
    for link in re.findall(r"\]\((?!http)([^)#]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
