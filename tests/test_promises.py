"""docs/promises.md: every promise names tests, and those are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "promises.md"
ROWS = re.findall(r"^\| (?!promise \||--)(.+?) \| (.+) \|$", PAGE.read_text("utf-8"), re.M)


@cache
def collected(path: str) -> frozenset[str]:
    """What a file has to run, as pytest names it: ``test_x`` and ``TestThem::test_x``."""
    found: set[str] = set()
    for node in ast.parse((TESTS / path).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return frozenset(name for name in found if name.rpartition("::")[2].startswith("test_"))


def test_there_are_promises() -> None:
    assert len(ROWS) > 60
    assert len({promise for promise, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("promise", "kept"), ROWS, ids=[promise[:60] for promise, _ in ROWS])
def test_a_promise_is_kept_by_tests_that_exist(promise: str, kept: str) -> None:
    named = kept.split("<br>")
    for one in named:
        assert re.fullmatch(r"`[\w/]+\.py::[\w:]+`", one), one
        path, _, name = one.strip("`").partition("::")
        assert (TESTS / path).is_file(), path
        assert name in collected(path), one
