"""Where each value of a request comes from, for its pull request: condensed, what was concluded in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops.markup import Page, code, escape

INFERRED = "inferred"
ORDER: Mapping[str, str] = {
    "said": "Said by the person who asked",
    "looked_up": "Looked up in the directory or the policy",
    "default": "Default of the policy or of a naming rule",
}
"""Sources that are listed by name, in this order; what was inferred stands above them."""
_NAMES, _QUOTE, _VALUE = 120, 200, 120


class Origin(NamedTuple):
    """A value of the file: ``path`` as people are asked, ``source``, the value as text, the words it "
    "is from.
    """

    path: str
    source: str
    value: str
    quote: str = ""


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
