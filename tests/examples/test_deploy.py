"""The files that deploy workers: their commands are commands of ours, and they keep to what they promise."""

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from konfipay_async.cli.app import app
from konfipay_async.pull.keyfile import read_keys
from konfipay_async.pull.watch import Heartbeat
from konfipay_async.session.clock import SystemClock

DEPLOY = Path(__file__).parents[2] / "examples" / "deploy"
# What is read somewhere, by us or by libpq.
SETTINGS = {"KONFIPAY_FLEET_DATABASE", "KONFIPAY_SHARED_LIMITS", "PGPASSWORD", "PGPASSFILE"}


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def bound(words: Sequence[str]) -> dict[str, object]:
    """The arguments of a command of ours. It fails where there is no such command, or no such option."""
    _, arguments, _ = app.parse_args(list(words), exit_on_error=False, print_error=False)
    return dict(arguments.arguments)


def listed(text: str, name: str) -> list[list[str]]:
    """The lists of words behind a name."""
    return [json.loads(words) for words in re.findall(rf"^\s*{name}:? (\[.*\])$", text, re.MULTILINE)]


def commands() -> list[list[str]]:
    image = read("Dockerfile").replace("\\\n", " ")
    of_units = re.findall(r"^ExecStart(?:Pre)?=/opt/konfipay/bin/konfipay (.*)$", read("konfipay-worker.service"), re.M)
    of_services = [words for words in listed(read("compose.yaml"), "command") if words[0] == "fleet"]
    return [*listed(image, "CMD")[-1:], *of_services, *map(shlex.split, of_units)]


def test_there_are_a_schedule_and_a_worker_in_each_of_them() -> None:
    assert [words[:2] for words in commands()] == [
        *(["fleet", "worker"], ["fleet", "schedule"], ["fleet", "worker"], ["fleet", "schedule"], ["fleet", "worker"]),
    ]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_is_one_of_ours(words: list[str]) -> None:
    assert bound(words)["config"] == Path("/etc/konfipay/keys.toml")


def test_the_keys_are_read_and_none_is_in_them() -> None:
    entries = read_keys(DEPLOY / "keys.toml")
    assert [(entry.name, entry.schedule) for entry in entries] == [("north", "15m"), ("north-paypal", "30 4 * * 1-5")]
    assert {entry.api_key_file for entry in entries} == {DEPLOY / "keys" / "north"}


@pytest.mark.parametrize("name", [".gitignore", ".dockerignore"])
def test_keys_and_passwords_stay_out_of_git_and_of_the_image(name: str) -> None:
    """They are where the examples say that they belong, in a folder of the project."""
    lines = [line.rstrip("/") for line in (DEPLOY.parents[1] / name).read_text(encoding="utf-8").splitlines()]
    assert "examples/deploy/keys" in lines
    assert ".env" in lines or "**/.env" in lines


def test_the_health_check_tells_a_worker_that_lives_from_one_that_does_not(tmp_path: Path) -> None:
    """By the age of its heartbeat; the file it looks at is the one the worker is told to write."""
    image = read("Dockerfile").replace("\\\n", " ")
    check = json.loads(re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", image, re.M)[0])
    assert str(bound(listed(image, "CMD")[-1])["heartbeat"]) == "/run/konfipay/alive"
    alive = tmp_path / "alive"
    here = [word.replace("/run/konfipay/alive", str(alive)) for word in check]
    Heartbeat(alive, SystemClock()).say("waiting")
    assert subprocess.run(here, check=False).returncode == 0
    os.utime(alive, (time.time() - 120, time.time() - 120))
    assert subprocess.run(here, check=False).returncode != 0


def test_nobody_is_root_and_nothing_secret_is_in_an_image_or_a_unit() -> None:
    assert re.search(r"^USER [1-9]", read("Dockerfile"), re.M)
    assert "DynamicUser=yes" in read("konfipay-worker.service")
    for name in ("Dockerfile", "compose.yaml", "konfipay-worker.service"):
        assert not re.search(r"://[^@\s/]+:[^@\s/]+@", read(name)), name
    used = set(re.findall(r"\b((?:KONFIPAY|PG)[A-Z_]{3,})\b", read("compose.yaml") + read("konfipay-worker.service")))
    assert used == SETTINGS


def test_the_unit_has_sections_and_settings_by_the_line() -> None:
    section = ""
    seen: dict[str, set[str]] = {}
    for line in read("konfipay-worker.service").splitlines():
        if line.startswith("["):
            section = line
        elif line and not line.startswith("#"):
            name, equals, _ = line.partition("=")
            assert equals and re.fullmatch(r"[A-Z][A-Za-z]+", name), line  # noqa: PT018
            seen.setdefault(section, set()).add(name)
    assert list(seen) == ["[Unit]", "[Service]", "[Install]"]
    assert {"Restart", "LoadCredential", "NoNewPrivileges", "ProtectSystem"} <= seen["[Service]"]
