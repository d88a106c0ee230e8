"""How far the setting up is: one message that is updated in place."""

from __future__ import annotations

from collections.abc import Sequence

from bot.views.blocks import Message, clip, context, fitting, section
from gitops.live import SIGNS

STEPS, LONGEST = 40, 150


def steps_message(steps: Sequence[tuple[str, str]], *, done: int, total: int, over: bool = False) -> Message:
    """``steps`` are a state and a summary each, ``over`` once nothing is carried out any more.

    The state stands in words beside its sign, for those who hear the message instead of seeing it.
    """
    head = "Setting up is over" if over else "Setting up"
    text = f"{head}: {done} of {total} step{'' if total == 1 else 's'} {'is' if done == 1 else 'are'} done."
    lines = [
        f"{SIGNS.get(state, '○')} {state.replace('_', ' ')}: {clip(words, LONGEST)}" for state, words in steps
    ]
    more = [f"… and {total - STEPS} more."] if total > STEPS else []
    blocks = [section(text), *(context(line) for line in [*lines[:STEPS], *more])]
    return Message(text, fitting(blocks))
