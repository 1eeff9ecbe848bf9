"""The example that shows the log to colleagues, as it stands, with the sandbox behind it."""

import importlib.util
from pathlib import Path

import browsing
import pytest

from konfipay_async.sandbox import Sandbox

EXAMPLE = Path(__file__).parents[2] / "examples" / "log_pages.py"


def load():
    spec = importlib.util.spec_from_file_location("log_pages", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("groups", "overview", "details"),
    [
        ("Admin", 200, 200),
        ("Staff, Full access", 200, 200),
        ("Management", 200, 403),
        ("Administration", 200, 403),
        ("Staff", 403, 403),
        ("", 403, 403),
    ],
)
async def test_who_sees_what_of_the_log(tmp_path, monkeypatch, groups, overview, details):
    """As the portal has it; what the app asked for is in it when the app has ended."""
    monkeypatch.setenv("LOG", f"sqlite:///{tmp_path / 'api.db'}?level=details")
    async with Sandbox(transactions=3) as sandbox:
        monkeypatch.setenv("KONFIPAY_API_KEY", sandbox.api_key)
        monkeypatch.setenv("KONFIPAY_BASE_URL", sandbox.base_url)
        module = load()
        async with browsing.under_uvicorn(module.app) as site:
            async with site.session.get(f"{site.url}/bank-accounts") as answer:
                assert answer.status == 200
            page = await site.page("/", status=overview, X_Groups=groups)
            assert "Requests" in page.text or overview == 403
    async with browsing.by_aiohttp(module.Pages(module.LOG, may_see_overview=module.may_see_overview,
                                                may_see_details=module.may_see_details)) as site:  # fmt: skip
        text = (await site.page("/entries/1", status=details, X_Groups=groups)).text
        assert ("/authentication/token" in text) == (details == 200)
        assert sandbox.api_key not in text
