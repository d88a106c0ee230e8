"""Comments go with what they stand at to another version of the file, and are lost only with it."""

from __future__ import annotations

import time
from typing import Any

from gitops.yamlcarry import carry
from gitops.yamlcomments import Comment, find
from gitops.yamldump import dump
from gitops.yamlfile import load


def carried(text: str, after: dict[str, Any], **more: Any) -> str:
    document = load(text.encode(), "f.yaml")
    return dump(after, comments=carry(find(document), document.data, after, **more)).decode()


def test_comments_go_with_what_they_stand_at() -> None:
    text = "a:\n- name: x  # about x\n  n: 1\n# over y\n- name: y\n  n: 2  # two\nb: 1  # about b\n# end\n"
    entries = [{"name": "z"}, {"name": "y", "n": 3}, {"name": "x", "n": 1}]
    assert carried(text, {"b": 2, "a": entries}) == (
        "b: 2  # about b\na:\n- name: z\n# over y\n- name: y\n  n: 3  # two\n"
        "- name: x  # about x\n  n: 1\n# end\n"
    )


def test_a_comment_of_what_is_removed_goes_away() -> None:
    text = "m:\n  a: 1  # one\n  # two\n  b: 2\n  c: [x, y]  # all\n  d:\n  - p  # p\n  - q  # q\n"
    assert carried(text, {"m": {"a": 1, "c": ["x"], "d": ["q"]}}) == (
        "m:\n  a: 1  # one\n  c: [x]  # all\n  d:\n  - q  # q\n"
    )
    assert carried("a:\n- b  # b\nc: 1\n", {"a": "b", "c": 1}) == "a: b\nc: 1\n"


def test_what_said_nothing_is_not_removed() -> None:
    text = "m:\n  # none yet\n  a: []\n  b:  # ask Jane\n  c: 1\n  d: [  # e\n  # f\n  ]\nn: {}  # g\n"
    after = {"m": {"c": 1}}
    again = carried(text, after)
    assert again == "m:\n  c: 1\n  # none yet\n  # ask Jane\n  # e\n  # f\n# g\n"
    assert carried(again, after) == again


def test_of_two_of_one_name_the_more_alike() -> None:
    text = "m:\n  a:\n  - {k: s, n: 1, o: 1}  # one\n  - {k: s, n: 2, o: 1}  # two\n"
    after = {"m": {"a": [{"k": "s", "n": 2, "o": 5}, {"k": "s", "n": 3}]}}
    assert carried(text, after) == "m:\n  a:\n  - {k: s, n: 2, o: 5}  # two\n  - {k: s, n: 3}  # one\n"


def test_another_version_does_not_make_it_another_library() -> None:
    text = "m:\n  a: [x==1.0,  # pinned\n  y]\n"
    assert carried(text, {"m": {"a": ["y", "x==1.1"]}}) == "m:\n  a:\n  - y\n  - x==1.1  # pinned\n"
    assert carried(text, {"m": {"a": ["y", "z==1.0"]}}) == "m:\n  a: [y, z==1.0]\n"


def test_renamed_fields_keep_their_comments() -> None:
    text = "m:\n  owner: x  # who\n  # inside\n  more:\n    deep: 1  # d\n"
    after = {"m": {"business_owner": "x"}, "rest": {"deep": 1}}
    renamed = {("m", "owner"): ("m", "business_owner"), ("m", "more"): ("rest",)}
    assert carried(text, after, renamed=renamed) == (
        "m:\n  business_owner: x  # who\n# inside\nrest:\n  deep: 1  # d\n"
    )


def test_a_comment_at_the_end_needs_something_to_be_at_the_end_of() -> None:
    after: dict[str, Any] = {"a": {"b": []}}
    at_end = Comment("# x", ("a", "b"), "end")
    assert dump(after, comments=carry([at_end], {"a": {"b": [1]}}, after)) == b"a:\n  b: []\n  # x\n"


def test_a_long_list_costs_what_its_length_says() -> None:
    text = "a:\n" + "".join(f"- b{number}  # c\n" for number in range(5_000))
    document = load(text.encode(), "f.yaml")
    after = {"a": document.data["a"][1:]}
    begin = time.process_time()
    assert len(carry(find(document), document.data, after)) == 4_999
    assert time.process_time() - begin < 2
