"""Questions in the middle of a conversation: recognised in many wordings, and answered from what is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import rules
from bot.answers import MAX_ANSWERS, UNKNOWN, answers
from bot.asides import MOST, asides
from bot.conversation import composed_of, step
from bot.dialogue import Ask, Changed, Filled, Note, Said
from bot.draft import Draft, Patch, Stage
from gitops.draft import Value
from tests.support.organisation import LI_WEI, draft, world

WORLD = world()


def under_way(**more: object) -> Draft:
    """A request for a repository, a schema and a cluster; purpose, owner, class and end are still open."""
    values = {"resources": ["repo", "schema", "compute"], "metadata.name": "trial-conversion", **more}
    return step(draft(), Filled(LI_WEI, values, "1.0"), world=WORLD)[0]


def complete() -> Draft:
    return under_way(
        **{
            "metadata.purpose": "Find out who pays.",
            "metadata.business_owner": "jane.doe@acme.example",
            "metadata.data_classification": "internal",
            "metadata.expires": "2027-04-30",
        }
    )


def told(text: str, state: Draft | None = None) -> str:
    return "\n".join(answers(text, state or under_way(), WORLD))


SIZES = "• small: workers Standard_D8ds_v5 (8 vCPU, 32 GiB); about 126 to 788 EUR a month"
MISSING = "Still missing: purpose, business owner, data classification and end date."
PROBES = {
    "what sizes are there?": SIZES,
    "which sizes can I choose from?": SIZES,
    "what t-shirt sizes do you have": SIZES,
    "Quick question: how big can it be?": SIZES,
    "welche Größen gibt es?": SIZES,
    "can you list the sizes?": SIZES,
    "is xl allowed in dev?": "Size xl: workers",
    "can we have an xl one?": "not here: The size xl is larger than dev allows",
    "what does maintain mean?": "maintain (repository access, permission): write code and run the repository",
    "what's admin?": "admin (repository access, permission): everything",
    "what does restricted mean?": "The policy says: no GPU, repositories are private and 1 approval",
    "explain confidential": "confidential (data classification): only those who need it",
    "what is the difference between internal and confidential?": "confidential (data classification)",
    "was bedeutet confidential?": "confidential (data classification)",
    "what does USE_SCHEMA mean?": "USE_SCHEMA (grants, privileges): look into the schema",
    "what does CAN_RESTART mean": "CAN_RESTART (compute access, level): run notebooks on it",
    "what is a sql warehouse?": "sql_warehouse (type): for queries and dashboards",
    "what's etl?": "etl (workload): to move and shape data",
    "what does authoritative mean?": "everybody else loses theirs",
    "what does default mean?": "Default: nobody said it",
    "what does looked up mean?": "Looked up: it stands in the directory",
    "what is a pull request?": "A pull request is the proposal",
    "what's a DBU?": "A DBU is the unit in which Databricks bills",
    "what privileges are there?": "• SELECT: read its tables and views",
    "which permissions can a team get on the repo?": "• triage: read the code, and sort issues",
    "should we use prod?": "prod (environment): what others depend on",
    "which environments are there?": "• staging: to rehearse what goes to production",
    "how is data classified, what classifications are there?": "• restricted: the strictest",
    "what templates are there?": "There are databricks-pipeline and python-library.",
    "which catalogs can I use?": "There are ml_dev, analytics_dev and risk_dev.",
    "can we use ml_prod?": "Catalog ml_prod: not here: the policy does not offer it here.",
    "which libraries are allowed?": "Not allowed: insecure-package and pickle5.",
    "can I install pickle5?": "No: pickle5 may not be installed; the policy denies it for acme.",
    "what teams are there?": "There are growth, risk, supply and ml-platform.",
    "can I have a GPU?": "GPU yes: workers Standard_NC8as_T4_v3 (8 vCPU, 56 GiB, 1 T4)",
    "how many workers can I get?": "at least 1 and at most 100",
    "what kinds of things can I ask for?": "• schema: a Unity Catalog schema for tables",
    "who approves this?": "Nadia Karim, because of the environment dev.",
    "who has to sign off on this?": "Nadia Karim",
    "who needs to approve it": "Nadia Karim",
    "do I need an approval?": "Nadia Karim",
    "wer muss das genehmigen?": "Nadia Karim",
    "ok, and who will review that?": "Nadia Karim",
    "how much is that?": "About 126 to 788 EUR a month.",
    "what does it cost": "About 126 to 788 EUR a month.",
    "what would this cost us per month?": "About 126 to 788 EUR a month.",
    "was kostet das?": "About 126 to 788 EUR a month.",
    "how much would medium be?": "Size medium: workers Standard_D16ds_v5",
    "why is it so expensive?": "What would make it cheaper:\n• size xs: 63 to 394 EUR a month",
    "how can I make it cheaper?": "• max workers 1: 126 to 526 EUR a month",
    "can we reduce the cost?": "What would make it cheaper:",
    "why do you ask?": "Purpose: The people who review the request want to know.",
    "why do you need to know that?": "Purpose: The people who review",
    "why?": "Purpose: The people who review",
    "What's the difference between medium and large?": "Size medium: workers Standard_D16ds_v5",
    "why do we need a classification?": "It decides who has to approve and what is allowed",
    "what is missing?": MISSING,
    "what else do you need?": MISSING,
    "what do you still need from me": MISSING,
    "are we done?": MISSING,
    "was fehlt noch?": MISSING,
    "how many more questions?": MISSING,
    "how long can I keep it?": "For dev at most 180 days at a time: until 2027-05-22.",
    "what's the maximum lifetime?": "For dev at most 180 days",
    "can we extend it later?": "It can be extended later by changing the date.",
    "until when can we have it?": "For dev at most 180 days",
    "what happens when it expires?": "Nothing is deleted by itself on the end date.",
    "will it be deleted after the end date?": "Nothing is deleted by itself",
    "what happens next?": "Then you confirm the file on the card; I open a pull request",
    "and then?": "Then you confirm the file on the card",
    "how does this work?": "I open a pull request",
    "wie geht es weiter?": "I open a pull request",
    "can you show me the file?": "There is no whole file yet.",
    "what does the yaml look like": "There is no whole file yet.",
    "why ml_dev?": "Catalog: ml_dev; nobody said it, so it follows from the policy or a naming rule.",
    "where does growth come from?": "Team: growth; it stands in the directory.",
    "how do I undo that?": "Undo takes the last change back",
    "can I still change it later?": "Say what should be different",
    "how can I cancel this?": "Withdraw ends the request",
    "what can you do?": "I am a program that turns what you need into a request file",
    "are you a bot?": "I am a program",
    "who is the CEO?": UNKNOWN,
    "what's the meaning of life?": UNKNOWN,
    "where is the coffee machine?": UNKNOWN,
}


@pytest.mark.parametrize("text", PROBES)
def test_a_question_is_answered_from_what_is_known(text: str) -> None:
    assert PROBES[text] in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "make it large, how much is that?",
        "medium please, and how much is that",
        "call it trial-conversion; who approves this?",
        "Two workers are enough. What is missing?",
        "no GPU (why do you ask?)",
        "jane owns it - what happens next?",
        "hi! what sizes are there",
        "ok thanks, show me the file",
        "btw who has to approve that?",
    ],
)
def test_a_question_beside_something_else_is_answered_too(text: str) -> None:
    assert told(text) not in ("", UNKNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "we need a schema for growth, please, which will be used by risk",
        "predict who will leave next month",
        "What we need is a small cluster",
        "When nobody uses it for 20 minutes, stop it",
        "Jane Doe, who also approves the budget, owns it",
        "find out how much people pay and why they leave",
        "small, 2 workers, until end of April",
        "internal",
        "nobody else",
        "how are you?",
        "find out how much of them is used, and why",
        "could you please set up a project called Customer Lifetime Value?",
        "it costs us a fortune today, that is why we want this",
    ],
)
def test_what_asks_nothing_is_not_answered(text: str) -> None:
    assert told(text) == ""


@pytest.mark.parametrize(
    "text", ["could you please set up a schema for growth?", "can we get a small cluster in dev?"]
)
def test_a_polite_request_is_no_question_once_it_was_read(text: str) -> None:
    assert answers(text, under_way(), WORLD, only=False) == ()


def talk(state: Draft, text: str) -> tuple[Draft, list[object]]:
    """What the bot does with a message, read by the rules."""
    requester = WORLD.policy.person(slack=LI_WEI)
    read = rules.extract(
        WORLD.catalogue, state, state.asked, text, policy=WORLD.policy, requester=requester, today=WORLD.today
    )
    moved, replies = step(state, Said(LI_WEI, text, "2.0"), updates=read, world=WORLD)
    return moved, list(replies)


def test_a_value_set_in_the_same_message_counts_for_the_answer() -> None:
    state, replies = talk(under_way(), "make the size medium, how much is that?")
    assert any(isinstance(reply, Changed) for reply in replies)
    notes = [reply.text for reply in replies if isinstance(reply, Note)]
    assert any(note.startswith("About 253 to 1,577 EUR a month.") for note in notes)
    assert state.said["resources.compute.size"].value == "medium"


def test_the_conversation_goes_on_after_an_answer() -> None:
    before = under_way()
    state, replies = talk(before, "what does maintain mean?")
    assert [reply.path for reply in replies if isinstance(reply, Ask)] == [before.asked] == [state.asked]
    assert state.said == before.said


def test_a_whole_file_is_shown_when_asked_for() -> None:
    state = complete()
    raw = composed_of(state, WORLD).raw
    assert raw is not None
    assert raw.decode() in told("show me the file", state)


def test_nothing_missing_is_said_and_so_is_what_stands_in_the_way() -> None:
    assert told("what is missing?", complete()) == "Nothing is missing."
    late = step(complete(), Filled(LI_WEI, {"metadata.expires": "2029-01-01"}, "3.0"), world=WORLD)[0]
    assert told("what is missing?", late).startswith(
        "Nothing is missing, but this stands in the way: The lifetime"
    )


@pytest.mark.parametrize(
    ("stage", "part"),
    [
        (Stage.REVIEWING, "Press Confirm on the card"),
        (Stage.SUBMITTED, "The pull request waits for its checks and its approval."),
        (Stage.MERGED, "It is merged; now everything is set up by itself."),
        (Stage.APPLIED, "Nothing more: everything stands."),
        (Stage.FAILED, "what was done stays"),
        (Stage.WITHDRAWN, "this request was withdrawn"),
    ],
)
def test_what_happens_next_depends_on_where_the_request_stands(stage: Stage, part: str) -> None:
    assert part in told("what happens next?", replace(complete(), state=stage))


def test_after_a_retirement_nothing_is_said_to_stand() -> None:
    ended = complete().changed([Patch("metadata.lifecycle", None, Value("retiring", "said"), "x", "4.0", 4)])
    said = told("what happens next?", replace(ended, state=Stage.APPLIED))
    assert "what it had was taken away" in said
    assert "everything stands" not in said


def test_after_the_merge_questions_are_still_answered_and_nothing_else_is_taken() -> None:
    state = replace(complete(), state=Stage.MERGED)
    for text, part in (
        ("what happens next?", "It is merged"),
        ("make it large", "is being carried out right now"),
    ):
        moved, replies = talk(state, text)
        assert moved.said == state.said
        assert [part in reply.text for reply in replies if isinstance(reply, Note)] == [True]


def test_under_review_a_question_nobody_here_can_answer_is_left_to_the_reviewers() -> None:
    state = replace(complete(), state=Stage.SUBMITTED, pull_number=7)
    _, replies = talk(state, "who is the CEO?")
    assert UNKNOWN not in [reply.text for reply in replies if isinstance(reply, Note)]


def test_before_anything_is_known_the_answers_say_so() -> None:
    assert told("how much is it?", draft()) == "I can say that as soon as I know what you need."
    assert SIZES in told("what sizes are there?", draft())
    assert "1 approval, from your own team's approvers" in told("who approves this?", draft())


@pytest.mark.parametrize(
    "text",
    ["what sizes are there? " * 2000, "why " * 10_000, "how much " * 5000 + "?", "what is " + "x" * 40_000],
)
def test_a_message_full_of_questions_gets_no_more_than_a_few_answers(text: str) -> None:
    assert len(asides(text)) <= MOST
    assert len(answers(text, under_way(), WORLD)) <= MAX_ANSWERS


def test_at_most_three_answers_are_given_to_one_message() -> None:
    asked = "what sizes are there? who approves? what is missing? how much is it? what happens next?"
    assert len(answers(asked, under_way(), WORLD)) == MAX_ANSWERS == 3
