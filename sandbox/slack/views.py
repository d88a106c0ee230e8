"""The methods of the Web API about forms (modals) and the Home tab."""

from __future__ import annotations

from typing import Any

from sandbox.slack.blocks import check_view
from sandbox.slack.data import SlackError, View
from sandbox.slack.methods import Answer, Args, World, method, need


@method("views.open")
def _views_open(world: World, args: Args) -> Answer:
    need(args, "trigger_id", "view")
    content = _modal(args)
    trigger = world.state.use_trigger(args["trigger_id"])
    return {"view": world.state.open_view(trigger.user, content, push=False).as_json()}


@method("views.push")
def _views_push(world: World, args: Args) -> Answer:
    need(args, "trigger_id", "view")
    content = _modal(args)
    trigger = world.state.use_trigger(args["trigger_id"])
    return {"view": world.state.open_view(trigger.user, content, push=True).as_json()}


def _modal(args: Args) -> dict[str, Any]:
    content = check_view(args["view"])
    if content["type"] != "modal":
        raise SlackError("invalid_arguments", "[ERROR] only a modal can be opened [json-pointer:/view/type]")
    return content


@method("views.update")
def _views_update(world: World, args: Args) -> Answer:
    need(args, "view")
    view = world.state.view(str(args.get("view_id") or args.get("external_id") or ""))
    content = check_view(args["view"])
    if args.get("hash") and args["hash"] != view.hash:
        raise SlackError("hash_conflict")
    return {"view": world.state.change_view(view, content).as_json()}


@method("views.publish")
def _views_publish(world: World, args: Args) -> Answer:
    need(args, "user_id", "view")
    content = check_view(args["view"])
    if content["type"] != "home" or args["user_id"] not in world.state.people:
        raise SlackError(
            "invalid_arguments", "[ERROR] must be a home view for a person [json-pointer:/view/type]"
        )
    user = str(args["user_id"])
    former = world.state.homes.get(user)
    if args.get("hash") and former is not None and args["hash"] != former.hash:
        raise SlackError("hash_conflict")
    view = former or View(world.state.new_id("V"), user, "", None, content, "")
    world.state.homes[user] = view
    return {"view": world.state.change_view(view, content).as_json()}
