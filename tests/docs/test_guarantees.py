"""Whatever the documents say is proven by a test: the test exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_proof_of_a_guarantee_is_a_test():
    """By its name, somewhere in tests/."""
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= there


def test_every_setting_of_the_uncertain_is_one():
    """Names of routes and filters that the document offers to correct are known to the client."""
    from konfipay_async.resources.transactions import TransactionFilters
    from konfipay_async.routes import ROUTES

    text = (ROOT / "docs" / "uncertain.md").read_text(encoding="utf-8")
    assert set(re.findall(r'routes=\{"([\w.]+)"', text)) <= set(ROUTES)
    assert set(re.findall(r'filter_names=\{"(\w+)"', text)) <= set(TransactionFilters.__annotations__)
