"""Changes as values: what is part of their digest, and what is only for people."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gitops.plan import Change, Verb

texts = st.text(max_size=20)
CHANGE = Change(kind="compute", identity="growth-x", action="cluster", verb=Verb.CREATE, after={"a": 1})


@given(summary=texts, details=st.lists(texts).map(tuple), removes=st.lists(texts).map(tuple))
def test_a_change_survives_json(summary: str, details: tuple[str, ...], removes: tuple[str, ...]) -> None:
    change = replace(CHANGE, summary=summary, details=details, removes=removes)
    assert Change.from_json(json.loads(json.dumps(change.as_json()))) == change


@given(texts, st.lists(texts).map(tuple))
def test_what_is_said_about_a_change_is_no_part_of_its_digest(summary: str, details: tuple[str, ...]) -> None:
    assert replace(CHANGE, summary=summary, details=details).digest == CHANGE.digest
    assert replace(CHANGE, after={"a": 2}).digest != CHANGE.digest


def test_a_change_of_an_earlier_version_has_no_details() -> None:
    data = CHANGE.as_json()
    del data["details"]
    assert Change.from_json(data) == CHANGE
