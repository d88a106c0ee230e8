"""Scores and talks as lines for a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from bot.rehearsal.player import Line, Talk
from bot.rehearsal.score import Score

_NARROWEST, _WIDEST = 60, 140
_MARKS: Mapping[str, str] = {"person": ">", "bot": "  ", "read": "  ~"}


def width() -> int:
    """Columns of the terminal, within what can be read."""
    return max(_NARROWEST, min(shutil.get_terminal_size().columns, _WIDEST))


def table(scores: Sequence[Score], columns: int) -> Iterator[str]:
    """A line for each scenario: its id, fields right, questions put; and below it what is wrong."""
    head = "scenario"
    widest = max(len(head), *(len(score.id) for score in scores))
    yield f"{head:<{widest}}  {'fields':>7}  {'asked':>6}"
    for score in scores:
        right, asked = f"{score.right}/{score.expected}", f"{score.questions}/{score.max_questions}"
        yield f"{score.id:<{widest}}  {right:>7}  {asked:>6}"
        yield from (line for problem in score.problems for line in _hanging("  - ", problem, columns))


def _hanging(begin: str, text: str, columns: int) -> Iterator[str]:
    """A line that goes on below its last column."""
    wide = max(columns - len(begin), _NARROWEST - 20)
    first, *rest = wrap(text, wide, break_on_hyphens=False) or [""]
    yield f"{begin}{first}".rstrip()
    yield from (" " * len(begin) + line for line in rest)


def summary(totals: Mapping[str, int], columns: int) -> Iterator[str]:
    """The numbers over all scenarios, as sentences."""
    right, expected, played = totals["fields_right"], totals["fields_expected"], totals["scenarios"]
    share = f"{100 * right / expected:.1f}" if expected else "100.0"
    many = "scenario" if played == 1 else "scenarios"
    said = (
        f"{played} {many}: {right} of {expected} fields right ({share} %). "
        f"Files exactly as meant: {totals['files_exact']}. "
        f"Invented: {totals['invented']}, {totals['invented_risky']} of them risky. "
        f"Not asked what had to be asked: {totals['must_ask_missed']}. "
        f"Not refused what had to be refused: {totals['must_refuse_missed']}. "
        f"Asked more than allowed: {totals['questions_over']}. Tokens: {totals['tokens']}, "
        f"{totals['tokens'] / played:.0f} for each request."
    )
    yield from wrap(said, columns, break_on_hyphens=False)


def transcript(score: Score, talk: Talk, columns: int) -> Iterator[str]:
    """The talk, line by line: ``>`` is the person; and what is wrong with what came of it."""
    yield f"--- {score.id}"
    for line in talk.lines:
        yield from _said(line, columns)
    yield from (part for problem in score.problems for part in _hanging("  ! ", problem, columns))
    yield ""


def _said(line: Line, columns: int) -> Iterator[str]:
    mark = f"{_MARKS[line.who]} "
    for index, paragraph in enumerate(line.text.splitlines() or [""]):
        begin = mark if index == 0 else " " * len(mark)
        yield from _hanging(begin, paragraph, columns)
