"""Grants as values: one spelling, and differences that lead where they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import grants
from gitops.grants import ALL, COVERED, Difference, applied, difference, folded, shown, union, within

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


# --- what was given before, and what other files want -------------------------------------------------------


@given(held, held, held, modes)
def test_what_others_want_is_never_taken(wanted, live, others, mode) -> None:
    before, after = folded(live), folded(applied(live, difference(wanted, live, mode, others=others)))
    for name, theirs in folded(others).items():
        had = before.get(name, frozenset()) | (COVERED if ALL in before.get(name, ()) else frozenset())
        has = after.get(name, frozenset()) | (COVERED if ALL in after.get(name, ()) else frozenset())
        assert theirs & had & COVERED <= has


@given(held, held, held, held, modes)
def test_with_others_there_is_no_difference_either_once_applied(wanted, live, gave, others, mode) -> None:
    found = difference(wanted, live, mode, gave=gave, others=others)
    assert difference(wanted, applied(live, found), mode, gave=gave, others=others) == ()
    assert shown(found, applied(live, found))


@given(held, held)
def test_named_takes_what_was_given_and_nothing_else(live, gave) -> None:
    found = difference({}, live, "named", gave=gave)
    for one in found:
        given = folded(gave)[one.principal.casefold()]
        assert set(one.remove) <= given | (COVERED if ALL in given else frozenset())
        assert not one.add
    assert not difference({}, live, "additive", gave=gave)


def test_what_was_given_as_all_is_taken_one_by_one() -> None:
    everything = frozenset({ALL})
    assert difference({}, {"a": COVERED}, "named", gave={"A": everything}) == (
        Difference("a", (), tuple(sorted(COVERED))),
    )


def test_where_all_goes_what_another_file_wants_is_granted_by_itself() -> None:
    found = difference(
        {},
        {"a": frozenset({ALL})},
        "named",
        gave={"a": frozenset({ALL})},
        others={"a": frozenset({"SELECT"})},
    )
    assert found == (Difference("a", ("SELECT",), (ALL,)),)


def test_names_that_differ_in_case_alone_are_one_principal() -> None:
    live = {"Growth": frozenset({"SELECT"}), "growth": frozenset({"MODIFY"})}
    assert difference({"growth": frozenset({"SELECT", "MODIFY"})}, live, "named") == ()
    assert union([live]) == {"Growth": frozenset({"SELECT", "MODIFY"})}


def test_what_does_not_show_yet() -> None:
    found = [Difference("a", ("SELECT",), ("MODIFY",))]
    assert not shown(found, {})
    assert not shown(found, {"a": frozenset({"SELECT", "MODIFY"})})
    assert shown(found, {"A": frozenset({"SELECT"})})
    assert shown([Difference("a", (ALL,))], {"a": COVERED})
    assert shown([Difference("a", ("SELECT",))], {"a": frozenset({ALL})})


def test_what_is_held_by_all_of_them() -> None:
    assert within(("SELECT", "USE_CATALOG"), frozenset({ALL})) == ("SELECT",)
    assert within(("SELECT", "MODIFY"), frozenset({"MODIFY"})) == ("MODIFY",)
