"""How the rule book reads: a page in a terminal, the list of all rules, and ``docs/rules.md``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from gitops.finding import Severity
from gitops.markup import escape, visible
from gitops.rulebook import OWN, Entry, example_request

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}
_CODE = re.compile(r"(`[^`]+`)")


# --- in a terminal --------------------------------------------------------------------------------


def print_rule(console: Console, entry: Entry) -> None:
    """One rule as a page: what it is, why, how to satisfy it, and an example of both."""
    from rich.text import Text

    console.print(Text.assemble((entry.id, "bold"), "  ", (str(entry.severity), _STYLES[entry.severity])))
    console.print(_prose(f"{entry.title}."), style="bold")
    _part(console, "Why", entry.why)
    _part(console, "What to do", entry.fix)
    _example(console, "Wrong", entry.wrong, "red")
    _example(console, "Right", entry.right, "green")


def print_rules(console: Console, book: Mapping[str, Entry]) -> None:
    """All rules by chapter, one line each."""
    from rich.text import Text

    width = max(len(rule) for rule in book)
    for chapter, entries in _chapters(book.values()):
        console.print(Text(visible(chapter), "bold"))
        for entry in entries:
            line = Text.assemble("  ", (visible(entry.id).ljust(width), _STYLES[entry.severity]), "  ")
            line.append_text(_prose(entry.title))
            console.print(line, soft_wrap=True)
        console.print()
    console.print("`lakeport explain RULE` says why a rule exists and how to satisfy it.", soft_wrap=True)


def _part(console: Console, title: str, text: str) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print()
    console.print(Text(title, "bold"))
    for paragraph in text.strip().splitlines():
        console.print(Padding(_prose(paragraph), (0, 0, 0, 2), expand=False))


def _example(console: Console, title: str, text: str, style: str) -> None:
    from rich.text import Text

    if not text:
        return
    console.print()
    console.print(Text(title, f"bold {style}"))
    for line in text.splitlines():
        console.print(Text(f"  {visible(line)}", style), soft_wrap=True)


def _prose(text: str) -> Text:
    """A sentence; what stands between backticks is code."""
    from rich.text import Text

    pieces = _CODE.split(visible(text))
    return Text.assemble(*((piece, "cyan") if index % 2 else piece for index, piece in enumerate(pieces)))


def _chapters(entries: Iterable[Entry]) -> Iterable[tuple[str, Iterable[Entry]]]:
    return groupby(entries, key=lambda entry: entry.chapter)


# --- as markdown ----------------------------------------------------------------------------------

_HEAD = """\
# The rules

Every finding of `lakeport check` carries the id of a rule. Here is for each of them why it exists and what
to do; `lakeport explain RULE` shows the same in a terminal. `lakeport explain --markdown` makes this page.

An **error** stops a request, a **warning** does not. The rules of an organisation's own policy are not on
this page: `lakeport explain` finds them in `requests/policy.yaml`.

The examples show the lines that matter, in place of those of this request:

```yaml
{request}```

Where a path is given (`# requests/…`), the lines belong to that file; lines of `requests/policy.yaml` are
merged into the policy, where `null` takes a key out. `⟨U+202E⟩` stands for a character that cannot be seen,
`⟨0xE9⟩` for a byte, and `⟨a times 9⟩` for nine times the same. A test sees that every wrong example breaks
its rule and no other, and that every right one breaks none.
"""


def book_markdown(book: Mapping[str, Entry]) -> str:
    """The page ``docs/rules.md``; every rule is a heading, so ``rules.md#yaml-alias`` leads to it."""
    chapters = [(title, list(entries)) for title, entries in _chapters(book.values())]
    parts = [_HEAD.format(request=example_request())]
    for title, entries in chapters:
        links = [f"- [`{entry.id}`](#{entry.id}): {entry.title}" for entry in entries]
        parts.append("\n".join([f"**{title}**", "", *links, ""]))
    for title, entries in chapters:
        parts.append(f"## {title}\n")
        parts += [f"### {entry.id}\n\n{rule_markdown(entry)}" for entry in entries]
    return "\n".join(parts)


def rule_markdown(entry: Entry) -> str:
    """One rule without its heading; what an organisation typed is escaped."""
    safe = escape if entry.chapter == OWN else str.strip
    parts = [f"**{safe(entry.title)}.** ({entry.severity})", safe(entry.why), safe(entry.fix)]
    for title, example in (("Wrong", entry.wrong), ("Right", entry.right)):
        if example:
            parts.append(f"{title}:\n\n```yaml\n{example.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"
