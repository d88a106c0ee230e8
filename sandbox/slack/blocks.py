"""Slack's limits on messages and forms: what Block Kit takes, and in which words it refuses the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.slack.data import SlackError

MESSAGE_BLOCKS, VIEW_BLOCKS, ACTIONS_ELEMENTS, CONTEXT_ELEMENTS = 50, 100, 25, 10
TOTAL_MESSAGE_CHARACTERS = 13_000
"""Undocumented; between 13,172 and 13,297 characters of blocks were refused with ``msg_blocks_too_long``."""
MESSAGE_TEXT, MARKDOWN_TEXT, VIEW_BYTES = 40_000, 12_000, 250_000
SECTION_TEXT, FIELD_TEXT, FIELDS, HEADER_TEXT, LABEL_TEXT, HINT_TEXT = 3000, 2000, 10, 150, 2000, 2000
BUTTON_TEXT, ACTION_ID, BLOCK_ID, VALUE, OPTION_VALUE, OPTIONS, OPTION_GROUPS = (
    75,
    255,
    255,
    2000,
    150,
    100,
    100,
)
TITLE_TEXT, PRIVATE_METADATA, CALLBACK_ID, EXTERNAL_ID, PLACEHOLDER, ALT_TEXT = 24, 3000, 255, 255, 150, 2000

SELECTS = {
    f"{many}{what}_select"
    for many in ("", "multi_")
    for what in ("static", "external", "users", "conversations", "channels")
}
INPUT_ONLY = {
    "plain_text_input",
    "number_input",
    "email_text_input",
    "url_text_input",
    "rich_text_input",
    "file_input",
}
PICKERS = {"checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker"}
ELEMENTS = SELECTS | INPUT_ONLY | PICKERS | {"button", "overflow", "image", "workflow_button"}
BLOCKS = {
    "section",
    "divider",
    "header",
    "context",
    "actions",
    "input",
    "image",
    "rich_text",
    "markdown",
    "video",
    "file",
    "table",
    "task_card",
    "plan",
}
TABLE_ROWS, TABLE_COLUMNS, PLAN_TASKS = 100, 20, 50
TASK_STATES = {"pending", "in_progress", "complete", "error"}

Problems = Iterator[str]


def check_message(text: Any, blocks: Any) -> list[dict[str, Any]]:
    """The blocks of a message, or the error Slack answers with.

    Raises:
        SlackError: ``no_text``, ``msg_too_long``, ``invalid_blocks_format``, ``invalid_blocks``,
        ``msg_blocks_too_long``.
    """
    blocks = _parsed(blocks, "invalid_blocks_format") if blocks else []
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if not blocks and not text:
        raise SlackError("no_text")
    if len(str(text or "")) > MESSAGE_TEXT:
        raise SlackError("msg_too_long")
    problems = list(_blocks(blocks, MESSAGE_BLOCKS, "message"))
    if problems:
        raise SlackError("invalid_blocks", *problems)
    if len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > TOTAL_MESSAGE_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return _with_ids(blocks)


def check_view(view: Any) -> dict[str, Any]:
    """A form or Home tab, or the error Slack answers with: ``invalid_arguments`` with what is wrong,
    ``view_too_large``.
    """
    view = _parsed(view, "invalid_arguments")
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", "[ERROR] must provide an object [json-pointer:/view]")
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    problems = list(_view(view))
    if problems:
        raise SlackError("invalid_arguments", *problems)
    return {**view, "blocks": _with_ids(view["blocks"])}


def _view(view: dict[str, Any]) -> Problems:
    kind = view.get("type")
    if kind not in {"modal", "home"}:
        yield from _say("unsupported type", "/view/type")
    if kind == "modal":
        yield from _text(view.get("title"), TITLE_TEXT, "/view/title", plain=True)
        for part in ("submit", "close"):
            if view.get(part) is not None:
                yield from _text(view[part], TITLE_TEXT, f"/view/{part}", plain=True)
    for name, limit in (
        ("private_metadata", PRIVATE_METADATA),
        ("callback_id", CALLBACK_ID),
        ("external_id", EXTERNAL_ID),
    ):
        if len(str(view.get(name) or "")) > limit:
            yield from _say(f"must be less than {limit + 1} characters", f"/view/{name}")
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        yield from _say("missing required field: blocks", "/view")
        return
    yield from _blocks(blocks, VIEW_BLOCKS, "view")
    if kind == "modal" and not view.get("submit") and any(_is(block, "input") for block in blocks):
        yield from _say("missing required field: submit (the form has input blocks)", "/view")


def _blocks(blocks: Sequence[Any], limit: int, where: str) -> Problems:
    root = "/view/blocks" if where == "view" else "/blocks"
    if len(blocks) > limit:
        yield from _say(f"no more than {limit} items allowed", root)
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        at = f"{root}/{number}"
        if not isinstance(block, dict) or block.get("type") not in BLOCKS:
            yield from _say(
                f"unsupported type: {block.get('type') if isinstance(block, dict) else block}", f"{at}/type"
            )
            continue
        identifier = block.get("block_id")
        if identifier is not None:
            if not isinstance(identifier, str) or len(identifier) > BLOCK_ID:
                yield from _say(f"block_id must be less than {BLOCK_ID + 1} characters", at)
            elif identifier in seen:
                yield from _say(f"block_id already exists: {identifier}", at)
            seen.add(str(identifier))
        yield from _block(block, at)


def _block(block: dict[str, Any], at: str) -> Problems:
    kind = block["type"]
    if kind == "section":
        yield from _section(block, at)
    elif kind == "header":
        yield from _text(block.get("text"), HEADER_TEXT, f"{at}/text", plain=True)
    elif kind == "context":
        yield from _each(block.get("elements"), CONTEXT_ELEMENTS, f"{at}/elements")
        for number, element in enumerate(block.get("elements") or ()):
            if not _is(element, "image"):
                yield from _text(element, SECTION_TEXT, f"{at}/elements/{number}")
    elif kind == "actions":
        yield from _each(block.get("elements"), ACTIONS_ELEMENTS, f"{at}/elements")
        yield from _elements(block.get("elements") or (), f"{at}/elements", INPUT_ONLY)
    elif kind == "input":
        yield from _text(block.get("label"), LABEL_TEXT, f"{at}/label", plain=True)
        if block.get("hint") is not None:
            yield from _text(block["hint"], HINT_TEXT, f"{at}/hint", plain=True)
        yield from _elements([block.get("element")], f"{at}/element", {"button", "overflow", "image"})
    elif kind == "image" and not 0 < len(str(block.get("alt_text") or "")) <= ALT_TEXT:
        yield from _say(f"alt_text must be between 1 and {ALT_TEXT} characters", at)
    elif kind == "table":
        yield from _table(block, at)
    elif kind == "task_card":
        yield from _task(block, at)
    elif kind == "plan":
        yield from _plan(block, at)
    elif kind == "markdown" and not 0 < len(str(block.get("text") or "")) <= MARKDOWN_TEXT:
        yield from _say(f"text must be between 1 and {MARKDOWN_TEXT} characters", at)


def _table(block: dict[str, Any], at: str) -> Problems:
    rows = block.get("rows")
    yield from _each(rows, TABLE_ROWS, f"{at}/rows")
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        yield from _each(row, TABLE_COLUMNS, f"{at}/rows/{number}")
        for place, cell in enumerate(row if isinstance(row, list) else ()):
            if not any(_is(cell, kind) for kind in ("raw_text", "raw_number", "rich_text")):
                yield from _say("unsupported type of cell", f"{at}/rows/{number}/{place}")


def _plan(block: dict[str, Any], at: str) -> Problems:
    if not isinstance(block.get("title"), str) or not block["title"]:
        yield from _say("missing required field: title", at)
    tasks = block.get("tasks") or []
    if len(tasks) > PLAN_TASKS:
        yield from _say(f"no more than {PLAN_TASKS} items allowed", f"{at}/tasks")
    for number, task in enumerate(tasks):
        yield from _task(task, f"{at}/tasks/{number}")


def _task(task: Any, at: str) -> Problems:
    if not isinstance(task, dict):
        yield from _say("must be an object", at)
        return
    for name in ("task_id", "title"):
        if not isinstance(task.get(name), str) or not task[name]:
            yield from _say(f"missing required field: {name}", at)
    if task.get("status", "pending") not in TASK_STATES:
        yield from _say(f"status must be one of {', '.join(sorted(TASK_STATES))}", f"{at}/status")
    for name in ("details", "output"):
        if task.get(name) is not None and not _is(task[name], "rich_text"):
            yield from _say("must be a rich_text block", f"{at}/{name}")


def _section(block: dict[str, Any], at: str) -> Problems:
    if block.get("text") is None and not block.get("fields"):
        yield from _say("missing required field: text or fields", at)
    if block.get("text") is not None:
        yield from _text(block["text"], SECTION_TEXT, f"{at}/text")
    if block.get("fields") is not None:
        yield from _each(block["fields"], FIELDS, f"{at}/fields")
        for number, field in enumerate(block["fields"]):
            yield from _text(field, FIELD_TEXT, f"{at}/fields/{number}")
    if block.get("accessory") is not None:
        yield from _elements([block["accessory"]], f"{at}/accessory", INPUT_ONLY)


def _elements(elements: Sequence[Any], at: str, forbidden: set[str]) -> Problems:
    seen: set[str] = set()
    for number, element in enumerate(elements):
        here = at if len(elements) == 1 and not at.endswith("elements") else f"{at}/{number}"
        kind = element.get("type") if isinstance(element, dict) else None
        if kind not in ELEMENTS or kind in forbidden:
            yield from _say(f"unsupported type: {kind}", f"{here}/type")
            continue
        action = element.get("action_id")
        if kind != "image" and action is not None:
            if not 0 < len(str(action)) <= ACTION_ID:
                yield from _say(f"action_id must be between 1 and {ACTION_ID} characters", here)
            elif action in seen:
                yield from _say(f"action_id already exists: {action}", here)
            seen.add(str(action))
        yield from _element(element, kind, here)


def _element(element: dict[str, Any], kind: str, at: str) -> Problems:
    if kind == "button":
        yield from _text(element.get("text"), BUTTON_TEXT, f"{at}/text", plain=True)
        if len(str(element.get("value") or "")) > VALUE:
            yield from _say(f"value must be less than {VALUE + 1} characters", at)
        if element.get("style") not in {None, "primary", "danger"}:
            yield from _say("style must be primary or danger", at)
    if element.get("placeholder") is not None:
        yield from _text(element["placeholder"], PLACEHOLDER, f"{at}/placeholder", plain=True)
    if kind in {"static_select", "multi_static_select"}:
        groups = element.get("option_groups")
        if (element.get("options") is None) == (groups is None):
            yield from _say("must have exactly one of options, option_groups", at)
        if groups is not None:
            yield from _each(groups, OPTION_GROUPS, f"{at}/option_groups")
            for number, group in enumerate(groups):
                yield from _options(group.get("options"), OPTIONS, f"{at}/option_groups/{number}/options")
    if element.get("options") is not None:
        limit = {"checkboxes": 10, "radio_buttons": 10, "overflow": 5}.get(kind, OPTIONS)
        yield from _options(element["options"], limit, f"{at}/options")


def _options(options: Any, limit: int, at: str) -> Problems:
    yield from _each(options, limit, at)
    for number, option in enumerate(options or ()):
        yield from _text(option.get("text"), BUTTON_TEXT, f"{at}/{number}/text")
        if not 0 < len(str(option.get("value") or "")) <= OPTION_VALUE:
            yield from _say(f"value must be between 1 and {OPTION_VALUE} characters", f"{at}/{number}")


def _each(found: Any, limit: int, at: str) -> Problems:
    if not isinstance(found, list) or not found:
        yield from _say("must have at least 1 item", at)
    elif len(found) > limit:
        yield from _say(f"no more than {limit} items allowed", at)


def _text(found: Any, limit: int, at: str, *, plain: bool = False) -> Problems:
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    if not isinstance(found, dict) or found.get("type") not in kinds:
        yield from _say(f"must be a {' or '.join(sorted(kinds))} text object", at)
        return
    text = found.get("text")
    if not isinstance(text, str) or not text:
        yield from _say("must be more than 0 characters", f"{at}/text")
    elif len(text) > limit:
        yield from _say(f"must be less than {limit + 1} characters", f"{at}/text")


def _say(what: str, at: str) -> Problems:
    yield f"[ERROR] {what} [json-pointer:{at}]"


def _is(thing: Any, kind: str) -> bool:
    return isinstance(thing, dict) and thing.get("type") == kind


def _parsed(found: Any, error: str) -> Any:
    if not isinstance(found, str):
        return found
    try:
        return json.loads(found)
    except ValueError:
        raise SlackError(error) from None


def _with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Slack names the blocks and elements that came without a name."""
    named = []
    for number, block in enumerate(blocks):
        block = {"block_id": f"b{number}", **block}
        for key in ("element", "accessory"):
            if isinstance(block.get(key), dict) and block[key].get("type") != "image":
                block[key] = {"action_id": f"a{number}", **block[key]}
        if block["type"] == "actions":
            block["elements"] = [
                {"action_id": f"a{number}-{n}", **one} for n, one in enumerate(block["elements"])
            ]
        named.append(block)
    return named
