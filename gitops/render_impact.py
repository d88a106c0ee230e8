"""How the impact of a policy change reads: in a terminal, and as a section of a page on GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.impact import Affected, Outcome
from gitops.markup import Page, code, escape, visible

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.approval import ApprovalRule
    from gitops.impact import Impact

_WOULD = {
    Outcome.REFUSED: "would newly be refused",
    Outcome.CHANGED: "would change",
    Outcome.PASSES: "would newly pass",
}
_STYLES = {Outcome.REFUSED: "bold red", Outcome.CHANGED: "bold yellow", Outcome.PASSES: "bold green"}


def impact_summary(impact: Impact) -> str:
    """One line: ``Of 120 requests, 3 would newly be refused and 5 would change.``"""
    if impact.unusable:
        return f"{impact.unusable} So nothing is compared."
    if not impact.judged and not impact.invalid and not impact.ok:
        return "The policy has errors, so no request can be judged by it."
    parts = [f"{count} {_WOULD[outcome]}" for outcome, count in impact.counts.items() if count]
    words = " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:]))) or "none would change"
    left = f" Not valid by any policy: {_many(impact.invalid, 'file')}." if impact.invalid else ""
    return f"Of {_many(impact.judged, 'request')}, {words}.{left}"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def impact_page(impact: Impact) -> str:
    """The impact as markdown by itself."""
    page = Page("## The policy")
    impact_section(page, impact)
    return str(page)


def impact_section(page: Page, impact: Impact) -> None:
    """The impact in a page: what is wrong with the policy is said by whoever shows its findings."""
    page.add(f"### Impact of the change of the policy\n\n**{escape(impact_summary(impact))}**")
    for outcome in Outcome:
        some = [one for one in impact.affected if one.outcome is outcome]
        heading = f"#### {impact.counts.get(outcome, 0)} {_WOULD[outcome]}"
        page.rows(f"{heading}\n\n| Request | What |\n|---|---|", map(_row, some), what="requests")
        further = impact.counts.get(outcome, 0) - len(some)
        if further > 0:
            page.add(f"And {further} more.", what="counts")


def _row(one: Affected) -> str:
    lines = "<br>".join(f"{sign} {escape(words, 300)}" for sign, words in _lines(one))
    return f"| {code(one.request, 200)} | {lines} |"


def print_impact(console: Console, impact: Impact) -> None:
    """The impact for a terminal, one request after the other."""
    from rich.padding import Padding
    from rich.text import Text

    for one in impact.affected:
        head = Text.assemble((visible(one.request), "bold"), " ", (_WOULD[one.outcome], _STYLES[one.outcome]))
        console.print(head, soft_wrap=True)
        for sign, words in _lines(one):
            line = Text(f"{sign} {visible(words)}")
            if console.is_terminal:
                console.print(Padding(line, (0, 0, 0, 2), expand=False))
            else:
                console.print(Text("  ") + line, soft_wrap=True)
    if impact.affected:
        console.print()
    console.print(Text(impact_summary(impact)), soft_wrap=not console.is_terminal)


def _lines(one: Affected) -> Iterator[tuple[str, str]]:
    """What changes, each with a sign: ``+`` comes, ``-`` goes."""
    for finding in one.findings:
        yield "+", f"{finding.severity}: {finding.message} ({finding.rule})"
    for finding in one.gone:
        yield "-", f"{finding.severity}: {finding.message} ({finding.rule})"
    for rule in one.more:
        yield "+", f"approval: {_people(rule)}"
    for rule in one.fewer:
        yield "-", f"approval: {_people(rule)}"


def _people(rule: ApprovalRule) -> str:
    people = ", ".join(sorted(rule.approvers, key=str.casefold)) or "nobody the policy knows"
    return f"{rule.count} of {people}: {rule.why}"
