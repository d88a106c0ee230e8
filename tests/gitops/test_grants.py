"""Grants as values: one spelling, and differences that lead where they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import grants
from gitops.grants import ALL, COVERED, Difference, applied, difference

names = st.sampled_from([*sorted(COVERED), ALL, "MANAGE"])
held = st.dictionaries(st.sampled_from("abcD"), st.frozensets(names, min_size=1), max_size=4)
modes = st.sampled_from(["additive", "named", "authoritative"])
kept = st.frozensets(st.sampled_from("abcd"))


@pytest.mark.parametrize("text", ["USE_SCHEMA", "use schema", " Use  Schema ", "USAGE", "usage"])
def test_a_privilege_has_one_spelling(text: str) -> None:
    assert grants.privilege(text) == "USE_SCHEMA"


@given(held, held, modes, kept)
def test_applied_there_is_no_difference_any_more(wanted, live, mode, keep) -> None:
    found = difference(wanted, live, mode, keep)
    assert difference(wanted, applied(live, found), mode, keep) == ()


@given(held, held, kept)
def test_additive_removes_nothing(wanted, live, keep) -> None:
    assert not any(one.remove for one in difference(wanted, live, "additive", keep))


@given(held, held, modes, kept)
def test_nothing_is_taken_from_who_is_kept(wanted, live, mode, keep) -> None:
    for one in difference(wanted, live, mode, keep):
        assert not (one.remove and one.principal.casefold() in keep)


@given(held, held, modes)
def test_what_is_wanted_is_held_in_the_end(wanted, live, mode) -> None:
    after = {name.casefold(): names for name, names in applied(live, difference(wanted, live, mode)).items()}
    for name, asked in wanted.items():
        has = after.get(name.casefold(), frozenset())
        implied = COVERED if ALL in has else frozenset()
        implied |= {ALL} if has >= COVERED else frozenset()
        assert asked <= has | implied


@given(held, held)
def test_named_leaves_others_alone(wanted, live) -> None:
    touched = {one.principal for one in difference(wanted, live, "named")}
    assert touched <= set(wanted)


@given(held, held)
def test_authoritative_leaves_nobody_else(wanted, live) -> None:
    after = applied(live, difference(wanted, live, "authoritative"))
    assert {name.casefold() for name in after} <= {name.casefold() for name in wanted}


def test_all_privileges_may_read_back_one_by_one() -> None:
    assert difference({"a": frozenset({ALL})}, {"a": COVERED}, "named") == ()


def test_all_privileges_do_not_cover_manage() -> None:
    found = difference({"a": frozenset({ALL})}, {"a": COVERED | {"MANAGE"}}, "named")
    assert found == (Difference("a", (), ("MANAGE",)),)


def test_all_privileges_are_taken_back_for_less() -> None:
    found = difference({"a": frozenset({"SELECT"})}, {"a": frozenset({ALL, "MODIFY"})}, "named")
    assert found == (Difference("a", ("SELECT",), (ALL, "MODIFY")),)


def test_principals_compare_without_case() -> None:
    assert difference({"Growth": frozenset({"SELECT"})}, {"growth": frozenset({"SELECT"})}, "named") == ()
