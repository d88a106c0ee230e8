"""A newer template over what people made of the older one: nothing of theirs is lost, nothing is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.history import History
from handlers._scaffold_files import File
from handlers._scaffold_marker import blob_id
from handlers._scaffold_merge import Merge, Sides, merge
from tests.fakes.scaffold import Content, kept, sha_of

LINES = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def rendered(texts: Mapping[str, str]) -> dict[str, File]:
    return {path: File(path, text) for path, text in texts.items()}


def merged(then: Mapping[str, str], now: Mapping[str, str], there: Mapping[str, Content]) -> Merge:
    stands = {path: kept(content) for path, content in there.items()}
    by_id = {sha_of("blob", raw): raw for _, raw in stands.values()}
    return merge(
        Sides(
            recorded={path: blob_id(text) for path, text in then.items()},
            then=lambda: rendered(then),
            now=rendered(now),
            there={
                path: SimpleNamespace(mode=mode, sha=sha_of("blob", raw))
                for path, (mode, raw) in stands.items()
            },
            content=by_id.__getitem__,
            names=("mine 1.0.0", "mine 1.1.0"),
            history=History(Path()),
        )
    )


def one(then: str | None, now: str | None, there: Content | None) -> Merge:
    """The same of one file, ``a``."""
    return merged(
        {} if then is None else {"a": then},
        {} if now is None else {"a": now},
        {} if there is None else {"a": there},
    )


def test_what_nobody_touched_is_replaced() -> None:
    found = one("old", "new", "old")
    assert (found.writes, found.replaced) == ({"a": File("a", "new")}, ["a"])


def test_what_is_new_in_the_template_is_added() -> None:
    found = one(None, "new", None)
    assert (found.writes, found.added) == ({"a": File("a", "new")}, ["a"])


def test_what_people_deleted_stays_deleted() -> None:
    found = one("old", "new", None)
    assert (found.writes, found.left) == ({}, {"a": "was deleted here"})


def test_what_the_template_has_no_more_goes_where_nobody_touched_it() -> None:
    found = one("old", None, "old")
    assert (found.writes, found.deleted) == ({"a": None}, ["a"])


def test_what_the_template_has_no_more_stays_where_people_changed_it() -> None:
    found = one("old", None, "theirs")
    assert (found.writes, found.left) == ({}, {"a": "was changed here, and the template has it no more"})


def test_what_people_added_themselves_stays() -> None:
    found = one(None, "new", "theirs")
    assert (found.writes, found.left) == ({}, {"a": "was here before the template had one"})


@pytest.mark.parametrize(
    ("then", "now", "there"),
    [
        ("x", "x", "x"),
        ("x", "x", "theirs"),
        ("x", "x", None),
        ("x", "y", "y"),
        (None, "y", "y"),
        ("x", None, None),
    ],
)
def test_what_is_as_it_should_be_is_not_spoken_of(then: Any, now: Any, there: Any) -> None:
    assert one(then, now, there) == Merge()


def test_changes_in_different_places_go_together() -> None:
    found = one(LINES, LINES.replace("seven", "SEVEN"), LINES.replace("one", "ONE"))
    assert found.writes == {"a": File("a", LINES.replace("seven", "SEVEN").replace("one", "ONE"))}
    assert (found.merged, found.conflicts) == (["a"], [])


def test_changes_in_the_same_place_are_marked_and_said() -> None:
    found = one(LINES, LINES.replace("four", "new"), LINES.replace("four", "theirs"))
    assert (found.merged, found.conflicts) == ([], ["a"])
    file = found.writes["a"]
    assert file is not None
    assert file.text == LINES.replace(
        "four\n", "<<<<<<< this repository\ntheirs\n=======\nnew\n>>>>>>> mine 1.1.0\n"
    )


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    changed = LINES.replace("four", "4")
    found = one(LINES, changed.replace("one", "1"), changed)
    assert (found.conflicts, found.writes) == ([], {"a": File("a", changed.replace("one", "1"))})


def test_people_had_the_change_before_the_template() -> None:
    found = one(LINES, LINES.replace("four", "4"), LINES.replace("four", "4").replace("one", "1"))
    assert found == Merge()


def test_a_file_that_people_made_executable_stays_so() -> None:
    found = one(LINES, LINES.replace("seven", "7"), ("100755", LINES.replace("one", "1")))
    assert found.writes == {"a": File("a", LINES.replace("seven", "7").replace("one", "1"), executable=True)}


def test_a_file_from_another_template_than_recorded_is_a_conflict_and_no_loss() -> None:
    found = merge(
        Sides(
            recorded={"a": blob_id("something else")},
            then=dict,
            now=rendered({"a": "new\n"}),
            there={"a": SimpleNamespace(mode="100644", sha="1")},
            content=lambda sha: b"theirs\n",
            names=("1", "2"),
            history=History(Path()),
        )
    )
    file = found.writes["a"]
    assert found.conflicts == ["a"]
    assert file is not None
    assert {"theirs", "new"} <= set(file.text.splitlines())


@pytest.mark.parametrize("theirs", [b"\xff\xfe", b"\x89PNG\0", b"a\0b", b"x" * 1_000_001])
def test_what_cannot_be_merged_stays(theirs: bytes) -> None:
    found = one("old", "new", theirs)
    assert (found.writes, found.left) == ({}, {"a": "is no text here that could be merged"})


@pytest.mark.parametrize("mode", ["120000", "160000"])
@pytest.mark.parametrize("target", ["old", "/etc/passwd", "../../x"])
def test_a_link_or_a_submodule_is_left(mode: str, target: str) -> None:
    for then, now in (("old", "new"), ("old", None), (None, "new")):
        found = one(then, now, (mode, target))
        assert (found.writes, found.left) == ({}, {"a": "is no plain file here"})


BLOCKED = {
    "a file where a folder would be": ("a/b", {"a": "x"}, "would be in a folder"),
    "a link where a folder would be": ("a/b", {"a": ("120000", "/etc")}, "would be in a folder"),
    "a submodule where a folder would be": ("a/b/c", {"a/b": ("160000", "")}, "would be in a folder"),
    "a link in another spelling": ("src/b", {"SRC": ("120000", "..")}, "would be in a folder"),
    "a folder where the file would be": ("a", {"a/b": "x"}, "is a folder"),
    "the file in another spelling": ("README.md", {"Readme.md": "x"}, "another spelling"),
    "accents made in another way": ("caf\u00e9", {"cafe\u0301": "x"}, "another spelling"),
    "a folder in another spelling": ("src", {"Src/x": "x"}, "is a folder"),
}


@pytest.mark.parametrize(("path", "there", "why"), BLOCKED.values(), ids=BLOCKED.keys())
def test_what_is_new_takes_nobodys_place(path: str, there: dict[str, Content], why: str) -> None:
    found = merged({}, {path: "new"}, there)
    assert found.writes == {}
    assert why in found.left[path]


LINE = st.sampled_from(["alpha", "beta", "gamma", "delta"])
TEXT = st.lists(LINE, max_size=6).map(lambda lines: "".join(f"{line}\n" for line in lines))


@settings(max_examples=40, deadline=None)
@given(then=TEXT, now=TEXT, theirs=TEXT)
def test_nothing_that_people_wrote_is_lost(then: str, now: str, theirs: str) -> None:
    """Every line that they added is in the result, and what only one side changed is taken from that side."""
    found = one(then, now, theirs)
    file = found.writes.get("a")
    result = file.text if file is not None else theirs
    added = set(theirs.splitlines()) - set(then.splitlines())
    assert added <= set(result.splitlines())
    if theirs == then:
        assert result == now
    if now == then:
        assert result == theirs
    assert ("<<<<<<<" in result) == bool(found.conflicts)


@settings(max_examples=40, deadline=None)
@given(
    then=st.dictionaries(st.sampled_from("abc"), TEXT),
    now=st.dictionaries(st.sampled_from("abc"), TEXT),
    there=st.dictionaries(st.sampled_from("abcd"), TEXT),
)
def test_every_write_has_a_reason_and_no_file_of_people_alone_is_touched(
    then: dict[str, str], now: dict[str, str], there: dict[str, str]
) -> None:
    found = merged(then, now, there)
    reasons = [*found.added, *found.replaced, *found.merged, *found.conflicts, *found.deleted]
    assert sorted(reasons) == sorted(found.writes)
    assert not found.left.keys() & found.writes.keys()
    assert found.writes.keys() <= then.keys() | now.keys()
    for path, file in found.writes.items():
        assert file is not None or there[path] == then[path], "only what nobody changed goes"
