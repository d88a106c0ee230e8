"""Data hidden in our words on GitHub: nothing in it can end the comment it stands in, or do anything."""

from __future__ import annotations

import json
import re
from typing import Any


def hide(name: str, data: Any) -> str:
    """JSON as one line of Markdown that GitHub does not show; found again by the name."""
    text = json.dumps(data, separators=(",", ":"))
    return f"<!-- lakeport:{name} {re.sub(r'[<>&@#`-]', _escaped, text)} -->"


def _escaped(sign: re.Match[str]) -> str:
    return f"\\u{ord(sign[0]):04x}"


def find_hidden(name: str, text: str, limit: int) -> Any:
    """The data under this name; ``None`` for none, for two, for one of more than ``limit`` characters."""
    lines = re.findall(rf"^<!-- lakeport:{re.escape(name)} ([^\n<>]*) -->\r?$", text, re.MULTILINE)
    if len(lines) != 1 or len(lines[0]) > limit:
        return None
    try:
        return json.loads(lines[0])
    except (ValueError, RecursionError):
        return None
