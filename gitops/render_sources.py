"""Where each value of a request comes from, as its pull request and its plan say it.

In the text of the pull request it is condensed, what was concluded in full. The plan shows what nobody said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gitops.markup import Page, code, escape
from gitops.noted import INFERRED, UNSAID, Noted, Origin

ORDER: Mapping[str, str] = {
    "said": "Said by the person who asked",
    "looked_up": "Looked up in the directory or the policy",
    "default": "Default of the policy or of a naming rule",
}
"""Sources that are listed by name, in this order; what was inferred stands above them."""
_NAMES, _QUOTE, _VALUE = 120, 200, 120


# --- the text of the pull request -----------------------------------------------------------------


def section(page: Page, origins: Sequence[Origin]) -> None:
    """Add what was concluded, each with its words, and below it the rest by where it comes from."""
    concluded = [origin for origin in origins if origin.source == INFERRED]
    page.rows(
        "### Concluded, not said: please look at these",
        (_concluded(origin) for origin in concluded),
        what="concluded values",
    )
    lines = [*_lines(origins)]
    if lines:
        counts = ", ".join(
            f"{count} {source.replace('_', ' ')}"
            for source in (*ORDER, INFERRED)
            if (count := sum(origin.source == source for origin in origins))
        )
        head = f"<details><summary>Where the values come from: {counts}</summary>"
        page.add("\n\n".join([head, "\n".join(lines), "</details>"]))


def _concluded(origin: Origin) -> str:
    words = f", from the words “{escape(origin.quote, _QUOTE)}”" if origin.quote else ""
    return f"- {code(origin.path)} {code(origin.value, _VALUE)}{words}"


def _lines(origins: Sequence[Origin]) -> Iterator[str]:
    for source, title in ORDER.items():
        paths = [origin.path for origin in origins if origin.source == source]
        if paths:
            more = f" and {len(paths) - _NAMES} more" if len(paths) > _NAMES else ""
            yield f"- {title}: {', '.join(map(code, paths[:_NAMES]))}{more}"


# --- the plan -------------------------------------------------------------------------------------

BY_HAND = "The file was written by hand: nothing is known of where its values come from."
ALL_SAID = "Each value was said by a person or stood in the merged file, as far as the bot knows."
_FROM = {INFERRED: "**concluded**", "looked_up": "looked up", "default": "default"}
_HEAD = "| Field | Value | Where from | Words |\n|---|---|---|---|"


def unsaid(page: Page, noted: Noted, file_digest: str, *, rank: int, room: int) -> None:
    """Add what nobody said: concluded values in plain sight, looked up and default ones folded."""
    if not noted.file_digest:
        page.add(BY_HAND, rank=rank)
        return
    if noted.file_digest != file_digest:
        page.add(
            "The file is another than the one of which the bot noted where the values come from: nothing is "
            "known of these.",
            rank=rank,
        )
        return
    if not noted.values and not noted.left:
        page.add(ALL_SAID, rank=rank)
        return
    first = [one for one in noted.values if one.source == INFERRED]
    rest = [one for one in noted.values if one.source != INFERRED]
    page.rows(
        f"#### Concluded by the bot, not said: please look at these\n\n{_HEAD}",
        map(_row, first),
        what="concluded values",
        rank=rank,
        room=room,
    )
    if rest or noted.left:
        counts = [f"{sum(one.source == source for one in rest)} {_FROM[source]}" for source in UNSAID[1:]]
        title = f"Not said by anybody: {', '.join(counts)} ({noted.said} said or merged before)"
        page.fold(title, _HEAD, map(_row, rest), what="values that nobody said", rank=rank, room=room)
        if noted.left:
            page.add(f"*And {noted.left} more that nobody said.*", rank=rank)


def _row(one: Origin) -> str:
    words = f"“{escape(one.quote, _QUOTE)}”" if one.quote else ""
    return f"| {code(one.path)} | {code(one.value, _VALUE)} | {_FROM[one.source]} | {words} |"
