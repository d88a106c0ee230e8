"""The methods of the Web API about messages: post, change, delete, react; and the events they cause."""

from __future__ import annotations

from typing import Any

from sandbox.slack.blocks import check_message
from sandbox.slack.data import BOT_USER, Channel, Message, SlackError
from sandbox.slack.methods import Answer, Args, World, method, need, parsed, writable

MAX_PROMPTS = 4
"""How many sentences to begin with Slack offers in an assistant thread."""


def _metadata(args: Args) -> dict[str, Any] | None:
    found = parsed(args.get("metadata"), "invalid_metadata_format")
    if not found:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(found.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    return {"event_type": found["event_type"], "event_payload": found["event_payload"]}


def post(world: World, channel: Channel, args: Args, only_for: str | None = None) -> Message:
    """Put a message of the bot into a channel; the bot is told of it as well, as Slack does."""
    blocks = check_message(args.get("text"), args.get("blocks"))
    thread_ts = str(args["thread_ts"]) if args.get("thread_ts") else None
    if thread_ts is not None:
        root = world.state.thread(channel.id, thread_ts)[0]
        if root.thread_ts not in {None, root.ts}:
            raise SlackError("cannot_reply_to_message")
    message = Message(
        world.state.new_ts(),
        channel.id,
        BOT_USER,
        str(args.get("text") or ""),
        thread_ts,
        blocks,
        _metadata(args),
        by_bot=True,
        only_for=only_for,
    )
    world.state.post(message)
    world.state.statuses.pop((channel.id, thread_ts or ""), None)
    if only_for is None:
        world.emit(message_event(channel, message))
    return message


def message_event(channel: Channel, message: Message) -> Answer:
    """The ``message`` event of that message."""
    found = message.as_json() | {"channel": channel.id, "event_ts": message.ts, "channel_type": channel.kind}
    if message.thread_ts and message.thread_ts != message.ts:
        found["parent_user_id"] = next((m.user for m in channel.messages if m.ts == message.thread_ts), "")
    return found


@method("chat.postMessage")
def _post_message(world: World, args: Args) -> Answer:
    channel = writable(world, args)
    message = post(world, channel, args)
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json(metadata=True)}


@method("chat.postEphemeral")
def _post_ephemeral(world: World, args: Args) -> Answer:
    channel = writable(world, args)
    need(args, "user")
    if args["user"] not in channel.members:
        raise SlackError("user_not_in_channel")
    return {"message_ts": post(world, channel, args, only_for=str(args["user"])).ts}


def own(world: World, channel: Channel, ts: str, error: str) -> Message:
    """A message of the bot itself."""
    message = world.state.message(channel.id, ts)
    if not message.by_bot:
        raise SlackError(error)
    return message


def change(world: World, channel: Channel, message: Message, args: Args) -> None:
    """Give a message other text or blocks; what is not given stays, but new text without blocks drops the
    blocks.
    """
    blocks = check_message(args.get("text"), args.get("blocks"))
    former = message.as_json()
    with world.state.lock:
        if args.get("text") is not None:
            message.text = str(args["text"])
        if args.get("blocks") is not None or args.get("text") is not None:
            message.blocks = blocks
        if args.get("metadata") is not None:
            message.metadata = _metadata(args)
        message.edited = world.state.new_ts()
    world.state.touch()
    if message.only_for is None:
        world.emit(changed_event(channel, message, former))


def changed_event(channel: Channel, message: Message, former: Answer) -> Answer:
    """The ``message_changed`` event."""
    stamp = message.edited or message.ts
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": message.as_json(),
        "previous_message": former,
        "channel": channel.id,
        "ts": stamp,
        "event_ts": stamp,
        "channel_type": channel.kind,
    }


def deleted_event(channel: Channel, message: Message, at: str) -> Answer:
    """The ``message_deleted`` event."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": message.ts,
        "previous_message": message.as_json(),
        "channel": channel.id,
        "ts": at,
        "event_ts": at,
        "channel_type": channel.kind,
    }


@method("chat.update")
def _update(world: World, args: Args) -> Answer:
    channel = writable(world, args)
    need(args, "ts")
    message = own(world, channel, str(args["ts"]), "cant_update_message")
    change(world, channel, message, args)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message.as_json(metadata=True),
    }


@method("chat.delete")
def _delete(world: World, args: Args) -> Answer:
    channel = writable(world, args)
    need(args, "ts")
    message = own(world, channel, str(args["ts"]), "cant_delete_message")
    channel.messages.remove(message)
    world.state.touch()
    world.emit(deleted_event(channel, message, world.state.new_ts()))
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink")
def _permalink(world: World, args: Args) -> Answer:
    need(args, "channel", "message_ts")
    message = world.state.message(str(args["channel"]), str(args["message_ts"]))
    tail = f"?thread_ts={message.thread_ts}&cid={message.channel}" if message.thread_ts else ""
    link = f"{world.url}/archives/{message.channel}/p{message.ts.replace('.', '')}{tail}"
    return {"channel": message.channel, "permalink": link}


def _reaction(world: World, args: Args) -> tuple[Message, list[str]]:
    need(args, "channel", "name", "timestamp")
    message = world.state.message(str(args["channel"]), str(args["timestamp"]))
    return message, message.reactions.setdefault(str(args["name"]).strip(":"), [])


@method("reactions.add")
def _reactions_add(world: World, args: Args) -> Answer:
    _, users = _reaction(world, args)
    if BOT_USER in users:
        raise SlackError("already_reacted")
    users.append(BOT_USER)
    world.state.touch()
    return {}


@method("reactions.remove")
def _reactions_remove(world: World, args: Args) -> Answer:
    _, users = _reaction(world, args)
    if BOT_USER not in users:
        raise SlackError("no_reaction")
    users.remove(BOT_USER)
    world.state.touch()
    return {}


# ---- assistant -----------------------------------------------------------------------------------


@method("assistant.threads.setStatus")
def _set_status(world: World, args: Args) -> Answer:
    need(args, "channel_id", "thread_ts")
    world.state.thread(str(args["channel_id"]), str(args["thread_ts"]))
    world.state.statuses[str(args["channel_id"]), str(args["thread_ts"])] = str(args.get("status") or "")
    world.state.touch()
    return {}


@method("assistant.threads.setTitle")
def _set_title(world: World, args: Args) -> Answer:
    need(args, "channel_id", "thread_ts", "title")
    world.state.thread(str(args["channel_id"]), str(args["thread_ts"]))
    return {}


@method("assistant.threads.setSuggestedPrompts")
def _set_prompts(world: World, args: Args) -> Answer:
    need(args, "channel_id", "thread_ts", "prompts")
    world.state.thread(str(args["channel_id"]), str(args["thread_ts"]))
    prompts = parsed(args["prompts"], "invalid_arguments")
    whole = isinstance(prompts, list) and all(
        isinstance(one, dict) and one.get("title") and one.get("message") for one in prompts
    )
    if not whole or not 0 < len(prompts) <= MAX_PROMPTS:
        raise SlackError("invalid_arguments", "[ERROR] prompts are 1 to 4 of title and message")
    world.state.touch()
    return {}
