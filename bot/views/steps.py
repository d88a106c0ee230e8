"""How far the apply is: a plan of tasks in one message that is updated in place."""

from __future__ import annotations

from collections.abc import Sequence

from bot.views.blocks import Block, Message, clip, context, escaped

STEPS, LONGEST = 50, 150
"""A plan block holds fifty tasks (docs.slack.dev, plan block)."""

_STATUS = {"waiting": "pending", "running": "in_progress", "done": "complete", "failed": "error"}


def steps_message(steps: Sequence[tuple[str, str]], *, done: int, total: int, over: bool = False) -> Message:
    """``steps`` are a state and a summary each, ``over`` once nothing is carried out any more.

    The text beside the blocks, which is what is read aloud, also names what is under way and what failed.
    """
    head = "Carried out" if over else "Carrying it out"
    title = f"{head}: {done} of {total} step{'' if total == 1 else 's'} {'is' if done == 1 else 'are'} done."
    tasks = [_task(number, state, words) for number, (state, words) in enumerate(steps[:STEPS])]
    blocks: list[Block] = [{"type": "plan", "title": title, "tasks": tasks}]
    if total > len(tasks):
        blocks.append(context(f"… and {total - len(tasks)} more."))
    told = [
        f"{state.capitalize()}: {clip(words, LONGEST)}."
        for state, words in steps
        if state in ("running", "failed")
    ]
    return Message(clip(escaped(" ".join([title, *told])), 1000), tuple(blocks))


def _task(number: int, state: str, words: str) -> Block:
    title = clip(words, LONGEST) or "…"
    if state not in _STATUS:  # such as not_run: Slack has no sign for it
        title = f"{title} ({state.replace('_', ' ')})"
    return {"task_id": f"step-{number}", "title": title, "status": _STATUS.get(state, "pending")}
