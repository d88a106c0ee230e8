"""Which file was confirmed: only our app's word counts, the newest one, and only for these very bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.confirmation import (
    LAKEPORT,
    UNWANTED,
    WANTED,
    Confirmed,
    Pushed,
    Word,
    asked_for,
    by_hand,
    in_words,
    last_word,
    trailers,
    unconfirmed,
)
from gitops.plan import digest

APP, LI, NADIA = "lakeport[bot]", "U024BE7LH", "nadia-k"
PATH = "requests/dev/growth/churn.yaml"
FILES = (b"one\n", b"two\n", b"three\n")

one_word = st.builds(
    lambda raw, wanted, creator, by: Word(
        creator=creator,
        state=WANTED if wanted else UNWANTED,
        description=in_words(digest(raw), by, wanted=wanted),
    ),
    st.sampled_from(FILES),
    st.booleans(),
    st.sampled_from([APP, APP, NADIA, "github-actions[bot]"]),
    st.sampled_from([LI, LAKEPORT]),
)
histories = st.lists(
    st.builds(
        lambda number, words, logins: Pushed(sha=f"{number:040x}", words=tuple(words), logins=logins),
        st.integers(0, 9),
        st.lists(one_word, max_size=4),
        st.sampled_from([(APP,), (NADIA,), ("omar-f", NADIA), ()]),
    ),
    max_size=6,
)


def word(raw: bytes, *, by: str = LI, creator: str = APP, wanted: bool = True) -> Word:
    state = WANTED if wanted else UNWANTED
    return Word(creator=creator, state=state, description=in_words(digest(raw), by, wanted=wanted))


def said(raw: bytes, **more: object) -> Pushed:
    return Pushed(sha="a" * 40, logins=(APP,), words=(word(raw, **more),))  # type: ignore[arg-type]


def why(raw: bytes | None, confirmed: Confirmed, author: str = APP) -> tuple[str, ...]:
    return unconfirmed({PATH: raw}, confirmed, author=author, app=APP, name="Li Wei")


# --- laws


@given(histories)
def test_it_is_what_replaying_every_word_of_ours_leaves(history: list[Pushed]) -> None:
    standing: list[tuple[str, str, str]] = []
    for commit in reversed(history):
        for one in reversed(commit.words):
            if one.creator != APP:
                continue
            named = one.description.split()[0]
            standing = [each for each in standing if each[0] != named]
            if one.state == WANTED:
                standing.append((named, one.description.split()[-1], commit.sha))
    found = last_word(history, APP)
    assert (found.digest, found.by, found.commit) == (standing[-1] if standing else ("", "", ""))


@given(histories, st.lists(one_word.filter(lambda one: one.creator != APP), max_size=5))
def test_whatever_others_say_on_any_commit_changes_nothing(history: list[Pushed], others: list[Word]) -> None:
    crowded = [Pushed(sha=c.sha, logins=c.logins, words=(*others, *c.words, *others)) for c in history]
    assert last_word(crowded, APP) == last_word(history, APP)


@given(histories, st.sampled_from(FILES))
def test_the_newest_word_of_ours_on_the_head_decides_for_its_file(history: list[Pushed], raw: bytes) -> None:
    assert why(raw, last_word([said(raw), *history], APP)) == ()
    turned_down = last_word([said(raw, wanted=False), *history], APP)
    assert turned_down.digest != digest(raw)
    assert len(why(raw, turned_down)) == 1


@given(histories, st.binary(max_size=20))
def test_other_bytes_are_never_confirmed(history: list[Pushed], raw: bytes) -> None:
    assert why(raw + b"\n", last_word([said(raw), *history], APP)) != ()


@given(st.text(max_size=120))
def test_a_description_that_is_not_ours_word_for_word_says_nothing(text: str) -> None:
    of_ours = (Word(creator=APP, state=WANTED, description=text),)
    assert last_word([Pushed(sha="a" * 40, words=of_ours)], APP) == Confirmed()
    longer = in_words(digest(b"one\n"), LI) + (text or " ")
    of_ours = (Word(creator=APP, state=WANTED, description=longer),)
    assert last_word([Pushed(sha="a" * 40, words=of_ours)], APP).by in ("", longer.split()[-1])


# --- cases


def test_no_commit_is_looked_at_beyond_the_one_that_decides() -> None:
    def commits() -> Iterator[Pushed]:
        yield Pushed(sha="c" * 40, logins=(NADIA,))
        yield said(b"one\n")
        raise AssertionError("one commit too many")

    found = last_word(commits(), APP)
    assert (found.digest, found.by, found.since) == (digest(b"one\n"), LI, (NADIA,))


def test_what_is_said_fits_a_status() -> None:
    longest = "U" + "A" * 25
    assert len(in_words(digest(b""), longest, wanted=False)) <= 140
    assert last_word([said(b"", by="U" + "A" * 24)], APP).by == "U" + "A" * 24


def test_a_person_who_says_it_in_our_words_is_not_believed() -> None:
    forged = Pushed(sha="b" * 40, logins=(NADIA,), words=(word(b"two\n", creator=NADIA),))
    found = last_word([forged, said(b"one\n")], APP)
    assert why(b"two\n", found) == ("It waits for Li Wei to confirm the change by nadia-k in Slack.",)


def test_the_error_states_say_nothing() -> None:
    for state in ("pending", "error"):
        one = Word(creator=APP, state=state, description=in_words(digest(b"one\n"), LI))
        assert last_word([Pushed(sha="a" * 40, words=(one,))], APP) == Confirmed()


def test_what_is_turned_down_leaves_what_was_confirmed_before() -> None:
    found = last_word(
        [Pushed(sha="b" * 40, logins=(NADIA,), words=(word(b"two\n", wanted=False),)), said(b"one\n")], APP
    )
    assert why(b"one\n", found) == (), "putting it back needs nobody's word"
    assert why(b"two\n", found) == ("Li Wei said in Slack that the change by nadia-k is not what they want.",)
    again = last_word([said(b"two\n"), *[said(b"two\n", wanted=False), said(b"one\n")]], APP)
    assert why(b"two\n", again) == ()


def test_a_file_that_is_gone_or_came_besides_is_not_confirmed() -> None:
    found = last_word([said(b"one\n")], APP)
    assert why(None, found) == ("It waits for Li Wei to confirm what stands in Slack.",)
    both = {PATH: b"one\n", "requests/dev/growth/other.yaml": b"other\n"}
    (only,) = unconfirmed(both, found, author=APP, app=APP, name="Li Wei")
    assert "what stands in requests/dev/growth/other.yaml" in only


def test_of_what_lakeport_wrote_nobody_in_slack_is_waited_for() -> None:
    edited = Pushed(sha="b" * 40, logins=(NADIA,))
    found = last_word([edited, said(b"one\n", by=LAKEPORT)], APP)
    assert why(b"one\n", found) == ()
    assert why(b"two\n", found) == (
        "Lakeport wrote this, and the change by nadia-k is not of it: put it back, or ask for it in Slack.",
    )


def test_another_app_than_ours_speaks_for_nobody() -> None:
    (only,) = why(b"one\n", Confirmed(), author="other[bot]")
    assert (
        only
        == "other[bot] opened this, and the policy (review.app) names lakeport[bot] as who speaks for people."
    )


@pytest.mark.parametrize(
    ("author", "made_by", "hand", "asked"),
    [
        ("jane", {"jane"}, True, False),
        ("jane", {"jane", "Lakeport[bot]"}, True, True),
        ("lakeport[bot]", set(), False, True),
        ("other[bot]", {"jane"}, False, True),
    ],
)
def test_what_a_person_writes_by_hand_they_confirm_by_opening_it(
    author: str, made_by: set[str], hand: bool, asked: bool
) -> None:
    assert by_hand(author, APP) is hand
    assert asked_for(author, made_by, APP) is asked


def test_a_machine_account_can_speak_for_people_where_the_policy_says_so() -> None:
    assert not by_hand("Acme-Robot", "acme-robot")
    robot = Pushed(sha="a" * 40, words=(word(b"one\n", creator="Acme-Robot"),))
    assert last_word([robot], "acme-robot").digest == digest(b"one\n")


def test_the_trailers_are_for_people() -> None:
    assert trailers("sha256:0", LI) == ("Lakeport-Confirmed: sha256:0", "Lakeport-Confirmed-By: U024BE7LH")
