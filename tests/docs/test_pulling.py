"""What docs/pulling.md shows works."""

import re
import tomllib
from pathlib import Path

import pytest

from konfipay_async.pull import keyfile
from konfipay_async.sandbox import Sandbox

PAGE = (Path(__file__).parents[2] / "docs" / "pulling.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_file_of_keys_is_one(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    (tmp_path / "keys.toml").write_text(text)
    entries = {entry.name: entry for entry in keyfile.read_keys(tmp_path / "keys.toml")}
    assert list(entries) == list(tomllib.loads(text)["keys"])
    assert entries["archive"].plan.acknowledge is False
    assert entries["north-files"].plan.acknowledge is True


def test_every_setting_of_the_file_is_named() -> None:
    assert set(keyfile._SETTINGS) <= set(re.findall(r"\w+", PAGE))


async def test_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a database beside it."""
    (program,) = blocks("python")
    monkeypatch.chdir(tmp_path)
    async with Sandbox(transactions=30) as sandbox:
        monkeypatch.setenv("KONFIPAY_API_KEY", sandbox.api_key)
        monkeypatch.setenv("KONFIPAY_BASE_URL", sandbox.base_url)
        body = "".join(f"    {line}\n" for line in program.splitlines())
        names: dict[str, object] = {}
        exec(f"async def main():\n{body}    return report", names)  # noqa: S102
        report = await names["main"]()  # type: ignore[operator]
        assert (report.new, report.complete) == (30, True)
        assert sandbox.new_rids() == []
