"""What a card shows of a change: every edit against the merged file, and what becomes of it; pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.blocks import Block, clip, context, section
from gitops.amendment import Amendment
from gitops.edited import Effect
from gitops.render_amendment import cost_line

GRAVE = (Effect.TAKEN, Effect.REFUSED, Effect.LEFT)
SHOWN, LINE = 15, 300
NONE = "A change of a merged request. Nothing is different yet."


def amended(amendment: Amendment | None) -> Iterator[Block]:
    """The edits as lines, those that take something away or are refused first; nothing for a new request."""
    if amendment is None or amendment.new:
        return
    found = [edit for edit in amendment.edits if edit.effect is not Effect.SAME]
    if not found:
        yield context(NONE)
        return
    found.sort(key=lambda edit: edit.effect not in GRAVE)
    lines = [clip(f"{edit.sign} {edit.sentence} ({edit.means})", LINE) for edit in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"and {len(found) - SHOWN} more; the pull request shows all of them")
    yield section("\n".join(["Against what is merged:", *lines]))
    if cost := cost_line(amendment):
        yield context(cost)
