"""What is asked and what is not, what can be chosen, why, and how a question can be left open."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace as changed

from bot import orders, views
from bot.asking import composed_of, next_question
from bot.conversation import step
from bot.dialogue import Answered, Ask, Filled, Note, World
from bot.draft import Draft
from bot.questions import LATER, LEAVE, question
from gitops.draft import Value
from gitops.policyfile import Defaults, EnvironmentRules, Policy
from tests.support.organisation import LI_WEI, draft, policy, world

WORLD = world()
ALWAYS_ASKED = {
    "metadata.name", "metadata.purpose", "metadata.business_owner", "metadata.data_classification",
}  # fmt: skip
KINDS = (
    ["repo"],
    ["scaffold"],
    ["schema"],
    ["compute"],
    ["repo", "schema", "compute"],
    ["schema[a]", "schema[b]"],
)


def said(**values: Any) -> Draft:
    """A draft in which ``resources`` and fields (``metadata__team``) were said."""
    found = {name.replace("__", "."): Value(value, "said") for name, value in values.items()}
    return replace(draft(), said=found)


def asked(path: str, state: Draft, where: World = WORLD) -> Ask:
    return question(path, composed_of(state, where), state, where)


def without_defaults(**more: Any) -> World:
    """The sample organisation, where the policy fills nothing in."""
    plain: Policy = changed(policy(), defaults=Defaults(), default_catalog={}, **more)
    return replace(WORLD, policy=plain)


# --- what is not asked ------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", KINDS, ids=",".join)
def test_only_what_nobody_else_can_know_is_asked(kinds: list[str]) -> None:
    """Over every team, environment, classification and type, for a person of the directory."""
    teams, environments = [None, *WORLD.policy.teams], [None, *WORLD.policy.environments]
    for team, environment, kind in product(teams, environments, (None, "sql_warehouse", "job")):
        values = {
            "metadata__team": team,
            "metadata__environment": environment,
            "resources__compute__type": kind,
        }
        state = said(resources=kinds, **{name: value for name, value in values.items() if value})
        ends = {"metadata.expires"} if environment in (None, "dev") else set()
        assert set(composed_of(state, WORLD).missing) == ALWAYS_ASKED | ends


def test_the_cost_center_is_not_missing_while_the_team_is() -> None:
    state = replace(said(resources=["schema"], metadata__environment="prod"), requester_slack="U0STRANGER")
    assert "metadata.team" in composed_of(state, WORLD).missing
    assert "metadata.cost_center" not in composed_of(state, WORLD).missing


def test_what_policy_leaves_one_choice_for_is_not_asked() -> None:
    rules: Any = policy()
    one = changed(rules.environments["dev"], max_size="xs", visibility="private")
    environments: dict[str, EnvironmentRules] = {"dev": one}
    only = without_defaults(
        teams={"growth": rules.teams["growth"]},
        environments=environments,
        catalogs={"dev": ("ml_dev",)},
        templates=("python-library",),
    )
    state = replace(said(resources=["repo", "scaffold", "schema", "compute"]), requester_slack="U0STRANGER")
    found = composed_of(state, only)
    values = {path: value.value for path, value in found.values.items()}
    assert values["metadata.team"] == "growth"
    assert values["metadata.environment"] == "dev"
    assert values["resources.schema.catalog"] == "ml_dev"
    assert values["resources.scaffold.template"] == "python-library"
    assert values["resources.repo.visibility"] == "private"
    assert values["resources.compute.size"] == "xs"
    assert {value.source for path, value in found.values.items() if path != "resources"} <= {
        "default",
        "looked_up",
    }


def test_without_defaults_what_has_several_choices_is_asked() -> None:
    where = without_defaults()
    state = said(resources=["repo", "scaffold", "schema", "compute"], metadata__environment="dev")
    missing = composed_of(state, where).missing
    fields = ("schema.catalog", "scaffold.template", "repo.visibility", "compute.type", "compute.size")
    assert {f"resources.{name}" for name in fields} <= set(missing)


# --- how it is asked --------------------------------------------------------------------------------


def test_choices_are_those_that_policy_allows_here() -> None:
    dev = said(resources=["schema", "compute"], metadata__environment="dev")
    prod = said(resources=["schema", "compute"], metadata__environment="prod")
    assert asked("resources.schema.catalog", dev).choices == ("ml_dev", "analytics_dev", "risk_dev")
    assert asked("resources.schema.catalog", prod).choices == ("ml_prod", "analytics_prod", "risk_prod")
    assert asked("resources.compute.size", dev).choices == ("xs", "small", "medium")
    assert asked("resources.compute.size", prod).choices == ("xs", "small", "medium", "large", "xl")
    assert asked("resources.scaffold.template", dev).choices == ("databricks-pipeline", "python-library")
    assert asked("resources.compute.gpu", dev).choices == ("yes", "no")


def test_every_question_says_why_it_is_asked() -> None:
    state = said(resources=["repo", "scaffold", "schema", "compute"])
    for path in WORLD.catalogue:
        put = asked(path, state)
        assert put.question.endswith("?")
        assert put.why


def test_the_end_date_comes_with_the_latest_day_there_is() -> None:
    assert "For dev the latest day is 2027-05-22" in asked("metadata.expires", said(resources=["schema"])).why


def test_with_several_of_a_kind_a_question_says_which_one_it_is_about() -> None:
    where = without_defaults()
    one = said(resources=["schema"])
    several = said(resources=["schema[raw]", "schema[features]"])
    assert asked("resources.schema.catalog", one, where).question == "Which catalog shall it live in?"
    put = asked("resources.schema[raw].catalog", several, where)
    assert put.question == "The schema raw: which catalog shall it live in?"
    put = asked("resources.schema[features].comment", several, where)
    assert put.question == "What should the comment of the schema features be?"


def test_values_that_have_a_meaning_are_offered_with_it() -> None:
    put = asked("metadata.data_classification", said(resources=["schema"]))
    shown = views.message(put)
    told = [
        text["text"] for block in shown.blocks if block["type"] == "context" for text in block["elements"]
    ]
    assert any("• restricted: the strictest" in text for text in told)
    assert "Choose from public, internal, confidential, restricted." in shown.text


def test_few_choices_are_buttons_and_many_a_menu() -> None:
    few = views.message(Ask("metadata.team", "Which?", tuple("abcdef"))).blocks[-1]["elements"]
    many = views.message(Ask("metadata.team", "Which?", tuple("abcdefg"))).blocks[-1]["elements"]
    assert [element["type"] for element in few] == ["button"] * 6
    assert [element["type"] for element in many] == ["static_select"]


def test_more_choices_than_a_menu_holds_can_be_written() -> None:
    put = views.message(Ask("metadata.team", "Which?", tuple(f"team-{number}" for number in range(130))))
    assert len(put.blocks[-1]["elements"][0]["options"]) == 100
    assert "There are 30 more" in str(put.blocks)


def test_people_are_chosen_from_those_in_slack() -> None:
    put = views.message(asked("metadata.members", said(resources=["schema"]))).blocks[-1]
    assert put["elements"][0]["type"] == "multi_users_select"
    chosen = {"type": "multi_users_select", "block_id": put["block_id"], "action_id": views.ANSWER}
    event = views.event_of(chosen | {"selected_users": ["U0JANEDOE", "U0SAMOKAF"]}, LI_WEI)
    assert event == Answered("metadata.members", ["<@U0JANEDOE>", "<@U0SAMOKAF>"], LI_WEI)
    moved, _ = step(begun(), event, world=WORLD)
    assert moved.said["metadata.members"].value == ["jane.doe@acme.example", "sam.okafor@acme.example"]
    assert views.event_of(chosen | {"selected_users": []}, LI_WEI) is None


def test_the_path_goes_along_with_the_message() -> None:
    (order,) = orders.of_replies([asked("metadata.expires", said(resources=["schema"]))])
    assert order["asks"] == "metadata.expires"


# --- not knowing ------------------------------------------------------------------------------------


def begun() -> Draft:
    state, _ = step(
        draft(), Filled(LI_WEI, {"resources": ["schema"], "metadata.name": "churn"}, "1"), world=WORLD
    )
    return state


def pressed(put: Ask) -> Answered:
    """The press of the button that leaves a question open."""
    elements = views.message(put).blocks[-1]["elements"]
    (button,) = [one for one in elements if one["action_id"] == "answer:later"]
    event = views.event_of(button, LI_WEI, "2")
    assert isinstance(event, Answered)
    return event


def test_a_question_can_be_left_open_and_comes_back_at_the_end() -> None:
    state = begun()
    assert state.asked == "metadata.purpose"
    put = asked(state.asked, state)
    assert put.later == LATER
    moved, replies = step(state, pressed(put), world=WORLD)
    assert moved.said == state.said
    assert moved.skipped == ("metadata.purpose",)
    assert [reply.path for reply in replies if isinstance(reply, Ask)] == ["metadata.business_owner"]
    assert asked("metadata.purpose", moved).later == ""
    whole = replace(moved, skipped=(*moved.skipped, *sorted(ALWAYS_ASKED), "metadata.expires"))
    assert next_question(whole, composed_of(whole, WORLD), WORLD) == "metadata.purpose"


def test_the_button_of_a_question_answered_since_does_nothing() -> None:
    state = begun()
    event = pressed(asked("metadata.purpose", state))
    state, _ = step(state, Filled(LI_WEI, {"metadata.purpose": "Find out who pays."}, "3"), world=WORLD)
    moved, replies = step(state, event, world=WORLD)
    assert moved == state
    assert [reply.text for reply in replies if isinstance(reply, Note)]


def test_what_is_not_required_can_be_left_as_it_is() -> None:
    state = replace(begun(), unclear={"resources.schema.grants": "Full access can mean several things."})
    put = asked("resources.schema.grants", state)
    assert put.later == LEAVE
    assert put.why == "Full access can mean several things."


def test_without_resources_there_is_nothing_to_leave_open() -> None:
    assert asked("resources", draft()).later == ""
