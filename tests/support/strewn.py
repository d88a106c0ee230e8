"""YAML as people write it: data in some style of writing, and comments anywhere a comment can be."""

from __future__ import annotations

import re
from typing import Any

import yaml
from hypothesis import strategies as st

from gitops.yamldump import dump

_TAILS = ["", " # x", "#", ": y", "]", '"', " - z"]


@st.composite
def written(draw: st.DrawFn, data: dict[str, Any]) -> str:
    """The data as YAML: in canonical form, or in one of the styles that PyYAML knows."""
    if draw(st.booleans()):
        return dump(data).decode()
    styles: dict[str, Any] = {
        "default_flow_style": draw(st.sampled_from([None, False, True])),
        "default_style": draw(st.sampled_from([None, '"', "'", "|", ">"])),
        "indent": draw(st.integers(2, 4)),
        "width": draw(st.sampled_from([10, 40, 200])),
    }
    text: str = yaml.dump(data, Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=True, **styles)
    return text


@st.composite
def strewn(draw: st.DrawFn, text: str) -> tuple[str, list[str]]:
    """The text with comments, and the comments in its order; some may stand in the middle of a text."""
    if draw(st.booleans()):
        text = "\n".join(re.sub(r"(?<=[,\[{]) ?", "\n", line) for line in text.split("\n"))
    result: list[str] = []
    comments: list[str] = []

    def comment() -> str:
        comments.append(f"# c{len(comments)}{draw(st.sampled_from(_TAILS))}")
        return comments[-1]

    for line in text.split("\n")[:-1]:
        for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
            result.append(" " * draw(st.integers(0, 6)) + comment())
        result.append(line + (f"  {comment()}" if draw(st.integers(0, 3)) == 0 else ""))
    for _ in range(draw(st.integers(0, 2))):
        result.append(" " * draw(st.integers(0, 6)) + comment())
    return "\n".join(result) + "\n", comments
