"""What CONTRIBUTING.md says of adding a kind: the listing of what it took is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LISTED = re.findall(r"^    ([\w/]+\.py) +(\d+) lines ", (ROOT / "CONTRIBUTING.md").read_text(), re.M)


def test_the_listing_is_there() -> None:
    assert "handlers/volume.py" in dict(LISTED)


@pytest.mark.parametrize(("path", "lines"), LISTED, ids=[path for path, _ in LISTED])
def test_what_a_kind_took_is_about_what_it_says(path: str, lines: str) -> None:
    text = (ROOT / path).read_text()
    if path == "tests/handlers/test_edits.py":  # every kind has its part of it
        found = re.search(r'^    "volume": \{\n(?:        .*\n)*    \},\n', text, re.M)
        assert found, path
        text = found[0]
    assert text.count("\n") == pytest.approx(int(lines), rel=0.15)


def test_neither_the_bot_nor_gitops_knows_the_kind() -> None:
    """They go by the record alone; so the next kind needs no line of theirs either."""
    known = [
        path.relative_to(ROOT).as_posix()
        for folder in ("bot", "gitops")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"""["']volumes?["']|handlers\.volume""", path.read_text())
    ]
    assert known == []
