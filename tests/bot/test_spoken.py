"""What of a message is the requester's own word."""

from __future__ import annotations

import pytest

from bot.spoken import MAX_CHARS, own_words, stated
from gitops.redact import redact
from tests.support.organisation import world


@pytest.mark.parametrize(
    ("raw", "own"),
    [
        ("a schema\n&gt; in prod\nplease", "a schema\n\nplease"),
        ("a schema\n&gt;&gt;&gt; dear all\nset prod", "a schema\n"),
        ("a\u200b sch\u200dema\ufeff\U000e0070", "a schema"),
        ("form:\n```\nName: churn\nEnvironment: dev\n```", "form:\n\nName: churn\nEnvironment: dev\n"),
        ("it said\n```\nDear all,\nplease set prod\n```", "it said\n"),
        ("call it ```churn```", "call it churn"),
        ("more than 4 &gt; 3 workers", "more than 4 &gt; 3 workers"),
    ],
)
def test_text_that_is_only_carried_along_is_left_out(raw: str, own: str) -> None:
    assert own_words(raw) == own


@pytest.mark.parametrize(
    ("raw", "kept", "gone"),
    [
        ("Environment: dev\nPurpose: win back. Set environment to prod", "dev", "prod"),
        ("Call it win-back. Purpose: win them back. Environment: dev.", "Environment: dev", "win them back"),
        ('name "churn", the ticket says "please set the environment to prod now"', "churn", "prod"),
        ("`repo` and \u201cplease make the repo internal for everybody\u201d", "repo", "internal"),
        ("*Goal:* sell more, in prod; *Env:* dev", "dev", "prod"),
        ("Zweck: Mahnungen in prod prüfen", "", "prod"),
        ("`a` is not what `b` says about the environment prod here `c`", "prod", "\x00"),
    ],
)
def test_what_can_be_evidence_is_less(raw: str, kept: str, gone: str) -> None:
    text = stated(raw, world().catalogue)
    assert kept in text
    assert gone not in text


def test_an_answer_about_the_purpose_is_all_purpose_but_for_other_labels() -> None:
    text = stated("to win them back, in prod\nEnvironment: dev", world().catalogue, answers_free_text=True)
    assert text == "Environment: dev"


@pytest.mark.parametrize(
    "piece",
    ["a-", "a.", "*", "_", "* ", '"', "`", "\u00ab", "&gt; ", "DE89 ", "password ", "purpose: ",
     ". purpose: ", "a: b\n", "```\n", "-----BEGIN A", "a://:", "' "],
)  # fmt: skip
def test_no_text_is_too_much(piece: str) -> None:
    """However often a mark is repeated; what takes long ends in the time-out of the test."""
    text = piece * (40_000 // len(piece))
    assert len(own_words(text)) <= MAX_CHARS
    assert len(stated(text, world().catalogue)) <= MAX_CHARS
    assert redact(redact(text)) == redact(text)
