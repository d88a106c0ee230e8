"""Comments of a YAML file: found where they stand, written where they belong, none lost and none made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from gitops.errors import InvalidRequest
from gitops.yamlcomments import find
from gitops.yamldump import dump
from gitops.yamlfile import load
from tests.support.strewn import strewn, written


def rewritten(text: str) -> str:
    document = load(text.encode(), "f.yaml")
    return dump(document.data, comments=find(document)).decode()


def found(text: str) -> list[tuple[str, tuple[str | int, ...], str]]:
    return [(item.text, item.path, item.where) for item in find(load(text.encode(), "f.yaml"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1  # c\n", [("# c", ("a",), "beside")]),
        ("# c\na: 1\n", [("# c", ("a",), "above")]),
        ("a: 1\n# c\n", [("# c", (), "end")]),
        ("a: 1\n# c", [("# c", (), "end")]),
        ("a:\n  b: 1\n  # c\nd: 2\n", [("# c", ("a",), "end")]),
        ("a:\n  b: 1\n# c\nd: 2\n", [("# c", ("d",), "above")]),
        ("a:\n  b: 1\n    # c\n# d\ne: 2\n", [("# c", ("a",), "end"), ("# d", ("e",), "above")]),
        ("a:\n  b: 1\n# c\n  # d\ne: 2\n", [("# c", ("e",), "above"), ("# d", ("e",), "above")]),
        ("a:  # c\n  b: 1\n", [("# c", ("a",), "beside")]),
        ("a:\n# c\n  b: 1\n", [("# c", ("a", "b"), "above")]),
        ("a:\n  # c\n  1\n", [("# c", ("a",), "above")]),
        ("a:  # c\n", [("# c", ("a",), "beside")]),
        ("a: []  # c\n", [("# c", ("a",), "beside")]),
        ("a: [\n  # c\n]\n", [("# c", ("a",), "above")]),
        ("a:\n- b: 1  # c\n", [("# c", ("a", 0, "b"), "beside")]),
        ("a:\n- # c\n  b: 1\n", [("# c", ("a", 0), "above")]),
        ("a:\n# c\n- b: 1\n", [("# c", ("a", 0), "above")]),
        ("a:\n- {b: 1, c: 2}  # d\n", [("# d", ("a", 0), "beside")]),
        ("a:\n- b\n# c\nd: 1\n", [("# c", ("a",), "end")]),
        ("a:\n  - b\n# c\nd: 1\n", [("# c", ("d",), "above")]),
        ("a: [b, c]  # d\n", [("# d", ("a",), "beside")]),
        (
            "a: [  # b\n  c,  # d\n  # e\n  f\n  # g\n]  # h\n",
            [
                ("# b", ("a",), "beside"),
                ("# d", ("a", 0), "beside"),
                ("# e", ("a", 1), "above"),
                ("# g", ("a",), "end"),
                ("# h", ("a",), "end"),
            ],
        ),
        ("a: {b: 1,  # c\n  d: 2}  # e\n", [("# c", ("a", "b"), "beside"), ("# e", ("a", "d"), "beside")]),
        (
            "{a: 1,  # b\n# c\nd: 2\n# e\n}  # f\n",
            [("# b", ("a",), "beside"), ("# c", ("d",), "above"), ("# e", (), "end"), ("# f", (), "end")],
        ),
        ("a: |  # b\n  # no\n  c # no\n# d\ne: 1\n", [("# b", ("a",), "beside"), ("# d", ("e",), "above")]),
        ("a: >-\n  # no\n\n# b\n", [("# b", (), "end")]),
        ("a: b#no  # c\n", [("# c", ("a",), "beside")]),
        ("a: 'b # no'  # c\n'd # no': 1\n", [("# c", ("a",), "beside")]),
        ('a: "b\n  # no"  # c\n', [("# c", ("a",), "beside")]),
        ("a: b\n  c  # d\n", [("# d", ("a",), "beside")]),
        ("a: 1  # b # c  \n", [("# b # c", ("a",), "beside")]),
        ("a: 1  #\n", [("#", ("a",), "beside")]),
        ("--- # a\nb: 1\n", [("# a", ("b",), "above")]),
        ("a: 1\n... # b\n# c\n", [("# b", (), "end"), ("# c", (), "end")]),
        ("a: https://x/y#z\n", []),
        ("# c\n? a\n  ", [("# c", ("a",), "above")]),
        ("a: b # c\nd: |\n  e\n  ", [("# c", ("a",), "beside")]),
        ("# a\n{}\n", [("# a", (), "end")]),
    ],
)
def test_what_a_comment_belongs_to(text: str, expected: list[Any]) -> None:
    assert found(text) == expected


def test_a_file_with_comments_everywhere() -> None:
    text = (
        "# top\n\n#second   \nkind: |  # of text\n  # no comment\n  text # nor this\n# between\n"
        'metadata: # meta\n   name: "a # b" # real\n\n   # why\n   team: growth\n'
        "   members: [  # who\n    x,  # first\n      # second one\n  y\n # tail\n   ]  # after\n"
        "   # cost_center: CC\nresources:\n  # first\n  - kind: repo # k\n    name: x#y\n    access:\n"
        "      - {team: growth, permission: maintain} # us\n      # - {team: risk}\n    topics: [churn] # t\n"
        "  -\n    # schema\n    kind: schema\n    grants: [{principal: g, # p\n"
        "     on: [A, # a\n    B]}] # end\n"
        "    # last of it\n# end of file\n"
    )
    assert rewritten(text) == (
        "# top\n#second\n"
        'kind: "# no comment\\ntext # nor this\\n"  # of text\n'
        "# between\n"
        "metadata:  # meta\n"
        '  name: "a # b"  # real\n'
        "  # why\n"
        "  team: growth\n"
        "  members:  # who\n"
        "  - x  # first\n"
        "  # second one\n"
        "  - y\n"
        "  # tail\n"
        "  # after\n"
        "  # cost_center: CC\n"
        "resources:\n"
        "# first\n"
        "- kind: repo  # k\n"
        "  name: x#y\n"
        "  access:\n"
        "  - {team: growth, permission: maintain}  # us\n"
        "  # - {team: risk}\n"
        "  topics: [churn]  # t\n"
        "# schema\n"
        "- kind: schema\n"
        "  grants:\n"
        "  - principal: g  # p\n"
        "    on:\n"
        "    - A  # a\n"
        "    - B  # end\n"
        "  # last of it\n"
        "# end of file\n"
    )


def test_the_policy_keeps_all_its_comments() -> None:
    text = Path("requests/policy.yaml").read_text("utf-8")
    again = rewritten(text)
    assert yaml.load(again, yaml.BaseLoader) == yaml.load(text, yaml.BaseLoader)
    assert rewritten(again) == again
    comments = [item.text for item in find(load(text.encode(), "f"))]
    assert len(comments) > 30
    assert [item.text for item in find(load(again.encode(), "f"))] == comments


# --- laws -----------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["a", "b", "c d", "e#f", "# g", "no: h", "i" * 50, "- j", "k\nl", "'m", '"n', "", "[", "}"]
)
KEYS = st.sampled_from(["a", "b", "c d", "e#f", "# g", "h"])
VALUES = st.recursive(
    WORDS | st.integers(-5, 5) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.data(), st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_every_comment_survives_once_in_order_and_nothing_else_changes(
    choose: st.DataObject, data: dict[str, Any]
) -> None:
    text, comments = choose.draw(strewn(choose.draw(written(data))))
    try:
        document = load(text.encode(), "f.yaml")
    except InvalidRequest:
        assume(False)
    assume(document.data == data)  # else a "comment" was put into the middle of a text
    assert [item.text for item in find(document)] == comments
    raw = dump(data, comments=find(document))
    again = load(raw, "f.yaml")
    assert again.data == data
    assert [item.text for item in find(again)] == comments
    assert dump(again.data, comments=find(again)) == raw


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_without_comments_nothing_is_found(data: dict[str, Any]) -> None:
    assert find(load(dump(data), "f.yaml")) == ()
