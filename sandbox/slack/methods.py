"""The methods of the Web API about people and conversations, and the registry that all methods are in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sandbox.slack.data import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Message,
    Person,
    SlackError,
)
from sandbox.slack.state import SlackState

Args = Mapping[str, Any]
Answer = dict[str, Any]


class World(Protocol):
    """What the methods need beside their arguments."""

    state: SlackState

    @property
    def url(self) -> str:
        """Where the page is."""

    def emit(self, event: Mapping[str, Any]) -> None:
        """Tell the bot that something happened."""

    def socket_url(self) -> str:
        """A fresh address for one Socket Mode connection."""


Method = Callable[[World, Args], Answer]
METHODS: dict[str, Method] = {}
APP_LEVEL = {"apps.connections.open"}
"""Methods that take the app-level token; all others take the bot's."""


def method(name: str) -> Callable[[Method], Method]:
    """Register a method under its name in the Web API."""

    def add(function: Method) -> Method:
        METHODS[name] = function
        return function

    return add


def need(args: Args, *names: str) -> None:
    """Refuse a call that lacks one of these arguments."""
    missing = [name for name in names if args.get(name) in (None, "")]
    if missing:
        raise SlackError(
            "invalid_arguments", *(f"[ERROR] missing required field: {name}" for name in missing)
        )


def flag(args: Args, name: str) -> bool:
    """Whether that argument says yes."""
    return str(args.get(name, "")).lower() in {"1", "true"}


def parsed(found: Any, error: str) -> Any:
    """An argument that came as JSON in a form field, or as it is."""
    if not isinstance(found, str):
        return found
    try:
        return json.loads(found)
    except ValueError:
        raise SlackError(error) from None


def _page(found: list[Any], args: Args, default: int) -> tuple[list[Any], str]:
    limit = min(max(int(args.get("limit") or default), 1), 1000)
    try:
        start = int(args.get("cursor") or 0)
    except ValueError:
        raise SlackError("invalid_cursor") from None
    return found[start : start + limit], str(start + limit) if start + limit < len(found) else ""


# ---- who -----------------------------------------------------------------------------------------


@method("api.test")
def _api_test(world: World, args: Args) -> Answer:
    if args.get("error"):
        raise SlackError(str(args["error"]))
    return {"args": {name: value for name, value in args.items() if name != "token"}}


@method("auth.test")
def _auth_test(world: World, args: Args) -> Answer:
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": "Acme",
        "user": "lakeport",
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


@method("apps.connections.open")
def _connections_open(world: World, args: Args) -> Answer:
    return {"url": world.socket_url()}


def user_json(person: Person) -> Answer:
    """A user as ``users.info`` shows it."""
    profile = {"real_name": person.name, "display_name": person.handle, "team": TEAM_ID}
    if person.email:
        profile["email"] = person.email
    return {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.handle,
        "real_name": person.name,
        "deleted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "tz": "Europe/Amsterdam",
        "tz_offset": 3600,
        "locale": "en-GB",
        "profile": profile,
    }


@method("users.info")
def _users_info(world: World, args: Args) -> Answer:
    need(args, "user")
    person = world.state.people.get(str(args["user"]))
    if person is None:
        raise SlackError("user_not_found")
    return {"user": user_json(person)}


@method("users.lookupByEmail")
def _users_lookup(world: World, args: Args) -> Answer:
    need(args, "email")
    for person in world.state.people.values():
        if person.email and person.email.lower() == str(args["email"]).lower():
            return {"user": user_json(person)}
    raise SlackError("users_not_found")


@method("users.list")
def _users_list(world: World, args: Args) -> Answer:
    found, cursor = _page(list(world.state.people.values()), args, 1000)
    return {"members": [user_json(one) for one in found], "response_metadata": {"next_cursor": cursor}}


# ---- conversations -------------------------------------------------------------------------------


def channel_json(channel: Channel) -> Answer:
    """A conversation as ``conversations.info`` shows it."""
    shared = {"id": channel.id, "is_im": channel.is_im, "is_archived": False, "is_private": channel.is_im}
    if channel.is_im:
        return {**shared, "user": next(one for one in channel.members if one != BOT_USER)}
    return {
        **shared,
        "name": channel.name,
        "is_channel": True,
        "is_member": BOT_USER in channel.members,
        "num_members": len(channel.members),
    }


def _readable(world: World, args: Args) -> Channel:
    need(args, "channel")
    found = world.state.channels.get(str(args["channel"]))
    if found is None:
        raise SlackError("channel_not_found")
    if BOT_USER not in found.members:
        raise SlackError("not_in_channel")
    return found


def writable(world: World, args: Args) -> Channel:
    """The channel to post to: an id, a name, or a person's id for the direct conversation."""
    need(args, "channel")
    which = str(args["channel"])
    found = world.state.direct(which) if which in world.state.people else world.state.channel(which)
    if BOT_USER not in found.members:
        raise SlackError("not_in_channel")
    return found


@method("conversations.info")
def _conversations_info(world: World, args: Args) -> Answer:
    need(args, "channel")
    found = world.state.channels.get(str(args["channel"]))
    if found is None:
        raise SlackError("channel_not_found")
    return {"channel": channel_json(found)}


@method("conversations.list")
def _conversations_list(world: World, args: Args) -> Answer:
    found, cursor = _page([one for one in world.state.channels.values() if not one.is_im], args, 100)
    return {"channels": [channel_json(one) for one in found], "response_metadata": {"next_cursor": cursor}}


@method("conversations.members")
def _conversations_members(world: World, args: Args) -> Answer:
    found, cursor = _page(_readable(world, args).members, args, 100)
    return {"members": found, "response_metadata": {"next_cursor": cursor}}


@method("conversations.open")
def _conversations_open(world: World, args: Args) -> Answer:
    need(args, "users")
    users = args["users"] if isinstance(args["users"], list) else str(args["users"]).split(",")
    if len(users) != 1 or users[0] not in world.state.people:
        raise SlackError("user_not_found" if len(users) == 1 else "users_list_not_supplied")
    found = world.state.direct(users[0])
    return {"channel": {"id": found.id} if not flag(args, "return_im") else channel_json(found)}


@method("conversations.join")
def _conversations_join(world: World, args: Args) -> Answer:
    need(args, "channel")
    found = world.state.channel(str(args["channel"]))
    if found.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    if BOT_USER not in found.members:
        found.members.append(BOT_USER)
    world.state.touch()
    return {"channel": channel_json(found)}


def _shown(world: World, message: Message, args: Args) -> Answer:
    found = message.as_json(metadata=flag(args, "include_all_metadata"))
    replies = [
        m
        for m in world.state.channels[message.channel].messages
        if m.thread_ts == message.ts and m.ts != message.ts
    ]
    replies = [m for m in replies if m.only_for is None]
    if replies:
        found |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
        found["reply_users"] = sorted({m.user for m in replies})
    return found


@method("conversations.history")
def _conversations_history(world: World, args: Args) -> Answer:
    channel = _readable(world, args)
    oldest, latest = str(args.get("oldest") or "0"), str(args.get("latest") or "9")
    inclusive = flag(args, "inclusive")
    roots = [m for m in channel.messages if m.only_for is None and m.thread_ts in {None, m.ts}]
    inside = [m for m in roots if oldest < m.ts < latest or (inclusive and m.ts in {oldest, latest})]
    found, cursor = _page(inside[::-1], args, 100)
    messages = [_shown(world, one, args) for one in found]
    return {"messages": messages, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


@method("conversations.replies")
def _conversations_replies(world: World, args: Args) -> Answer:
    channel = _readable(world, args)
    need(args, "ts")
    ts = str(args["ts"])
    asked = world.state.thread(channel.id, ts)
    oldest = str(args.get("oldest") or "0")
    found, cursor = _page([m for m in asked if m.ts == ts or m.ts > oldest], args, 1000)
    messages = [
        _shown(world, one, args) if one.ts == ts else one.as_json(metadata=flag(args, "include_all_metadata"))
        for one in found
    ]
    return {"messages": messages, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


@method("team.info")
def _team_info(world: World, args: Args) -> Answer:
    return {"team": {"id": TEAM_ID, "name": "Acme", "domain": TEAM_DOMAIN}}


@method("bots.info")
def _bots_info(world: World, args: Args) -> Answer:
    return {
        "bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER, "name": "Lakeport", "deleted": False}
    }
