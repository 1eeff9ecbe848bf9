"""The pytest plugin, in suites of others: each is a folder and a process of its own."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

PLUGIN = "konfipay_async.integrations.pytest"

SUITE = """
import os
import pytest
from konfipay_async import KonfipayClient
from konfipay_async.wallee import WalleeClient

pytestmark = [pytest.mark.konfipay_sandbox(transactions=30, accounts=2), {mark}]


async def test_the_client_meets_the_sandbox(konfipay_sandbox, konfipay_client):
    rows = [row.rid async for row, _ in konfipay_client.transactions.stream()]
    assert rows == konfipay_sandbox.rids()
    assert len(rows) == 30


@pytest.mark.konfipay_sandbox(transactions=7)
async def test_the_nearest_marker_wins(konfipay_sandbox, konfipay_client):
    assert len(konfipay_sandbox.rids()) == 7
    assert len([one async for one in konfipay_client.bank_accounts.list()]) == 2


async def test_code_that_reads_the_environment_meets_the_sandbox_too(konfipay_sandbox):
    async with KonfipayClient() as client:
        assert client.base_url == konfipay_sandbox.base_url
        assert [one async for one in client.bank_accounts.list()]


@pytest.mark.wallee_sandbox(transactions=12)
async def test_the_signed_api_is_met_by_its_client(wallee_sandbox):
    async with WalleeClient() as client:
        ids = [one.id async for one in client.payment.transactions.list()]
    assert ids == wallee_sandbox.transactions.ids()
    assert len(ids) == 12


async def test_the_ledger_is_the_test_s_own(konfipay_sandbox, tmp_path):
    assert os.environ["KONFIPAY_LEDGER"].startswith(str(tmp_path))


async def test_the_environment_is_as_before():
    assert os.environ["KONFIPAY_SHARED_LIMITS"] == "nonsense"
    assert os.environ["KONFIPAY_API_KEY"] == "the developer's own"
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    """``suite(text, *arguments)``: run it in a process whose environment knows the plugin by its entry point."""
    monkeypatch.setenv("KONFIPAY_API_KEY", "the developer's own")
    for name in ("SHARED_LIMITS", "COMMUNICATION_LOG"):
        monkeypatch.setenv(f"KONFIPAY_{name}", "nonsense")  # a client that uses it cannot be made
        monkeypatch.setenv(f"WALLEE_{name}", "nonsense")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.makeini("[pytest]\n")  # so that no settings of a folder above are found
    metadata = pytester.mkdir("konfipay_plugin-0.dist-info")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: konfipay-plugin\nVersion: 0\n")
    # A name that is the module's, so that -p and pytest_plugins with that module do not register it a second time.
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{PLUGIN} = {PLUGIN}\n")

    def run(text, *arguments):
        pytester.makepyfile(test_suite=text)
        scope = ("-o", "asyncio_default_fixture_loop_scope=function") if "no:asyncio" not in arguments else ()
        return pytester.runpytest_subprocess("-W", "error", "--strict-markers", *scope, *arguments)

    return run


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_fixtures_in_both_modes(suite, mode):
    """A client, a sandbox by the marker, and an environment that leads to it for the length of a test."""
    mark = "pytest.mark.asyncio" if mode == "strict" else ""
    suite(SUITE.replace("{mark}", mark), f"--asyncio-mode={mode}").assert_outcomes(passed=6)


def test_without_pytest_asyncio_they_work_with_anyio(suite, pytester):
    """Whose plugin is there wherever the package is."""
    pytester.makepyfile(absent="import sys\nsys.modules['pytest_asyncio'] = None\n")
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n")
    suite(SUITE.replace("{mark}", "pytest.mark.anyio"), "-p", "absent", "-p", "no:asyncio").assert_outcomes(passed=6)


def test_a_suite_that_knows_nothing_of_it_runs_as_before(suite):
    """Also with the plugins it needs switched off."""
    text = "def test_mine():\n    assert True\n"
    suite(text).assert_outcomes(passed=1)
    suite(text, "-p", "no:asyncio", "-p", "no:anyio").assert_outcomes(passed=1)


def test_who_names_the_plugin_has_it_once(suite, pytester):
    """On the command line, or in a conftest."""
    pytester.makeconftest(f"pytest_plugins = [{PLUGIN!r}]\n")
    suite("def test_mine():\n    assert True\n", "-p", PLUGIN).assert_outcomes(passed=1)


def test_the_fixtures_and_the_marker_are_shown(suite):
    """To those who ask pytest for them."""
    suite("", "--fixtures").stdout.fnmatch_lines(["konfipay_sandbox*", "    A running sandbox.*", "konfipay_client*"])
    suite("", "--markers").stdout.fnmatch_lines(["@pytest.mark.konfipay_sandbox(*", "@pytest.mark.wallee_sandbox(*"])


def test_the_plugin_itself_is_light():
    """Of the package it imports nothing, so what it costs is what `import konfipay_async` costs."""
    code = (
        "import sys, types, importlib.util, pathlib\n"
        "root = pathlib.Path(importlib.util.find_spec('konfipay_async').origin).parent\n"
        "package = types.ModuleType('konfipay_async')\n"
        "package.__path__ = [str(root)]\n"
        "sys.modules['konfipay_async'] = package\n"
        "import konfipay_async.integrations.pytest\n"
        "heavy = {'aiohttp', 'msgspec', 'anyio', 'fastapi', 'konfipay_async.client', 'konfipay_async.sandbox'}\n"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
