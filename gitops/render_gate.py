"""The gate's verdict as a comment: what it comes to, each rule with its people, and what each can do next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from gitops.breaking import LEAST_REASON, command
from gitops.markup import escape
from gitops.verdict import Discount, Outcome, Verdict, Weighed, named

GATE_MARKER = "<!-- lakeport:gate -->"
GLASS_BROKEN = "GLASS BROKEN: passes without the approvals that are missing"
SHOWN, NAMED = 50, 10
"""So many sentences, and so many people of a rule, are shown."""

_TITLES = {
    Outcome.OPEN: "Approved",
    Outcome.PASSES_ALONE: "Passes without an approval, by the policy",
    Outcome.BROKEN_GLASS: GLASS_BROKEN,
    Outcome.NOT_A_REQUEST: "No request file is touched",
    Outcome.TOUCHES_MORE: "A request and something else",
    Outcome.INVALID: "Cannot be judged",
    Outcome.NOT_CONFIRMED: "Not what was confirmed in Slack",
    Outcome.CHANGES_REQUESTED: "Changes are asked for",
    Outcome.MISSING_APPROVALS: "Approvals are missing",
}
_DONE, _OPEN = "\N{WHITE HEAVY CHECK MARK}", "\N{HOURGLASS WITH FLOWING SAND}"
_AGAIN = {
    Discount.OTHER_COMMIT: "say it once more, for the commit that stands here now.",
    Discount.BEFORE_PLAN: "read the plan, and say it once more.",
    Discount.EDITED: "write a new comment; one that was edited never counts.",
    Discount.NO_COMMIT: "write a new comment that names the commit by all 40 characters.",
    Discount.NO_REASON: f"write a new comment with a reason of at least {LEAST_REASON} characters.",
    Discount.NO_WRITE_ACCESS: "ask who administers this repository for write access, and say it once more.",
}
_MERGE = "**Next:** merge it; then it is carried out."
_AFTERWARDS = "Have it looked at afterwards by those whose approval is missing."
_PUSH = "**Next:** correct it on this branch. Every push is judged again."
_SHA = re.compile(r"[0-9a-f]{40}")


def gate_title(verdict: Verdict) -> str:
    """One line for the check run and the heading."""
    lacking = sum(one.count for one in verdict.missing)
    if verdict.outcome is Outcome.MISSING_APPROVALS and len(verdict.missing) == 1:
        return "One approval is missing" if lacking == 1 else f"{lacking} approvals are missing"
    return _TITLES[verdict.outcome]


def gate_comment(verdict: Verdict) -> str:
    """The whole verdict, as markdown; it mentions nobody."""
    parts = [f"{GATE_MARKER}\n## {gate_title(verdict)}"]
    ignored = [one.sentence for one in verdict.ignored]
    below = {*ignored, *(one.sentence for one in verdict.missing)} if verdict.weighed else set()
    parts.append(_list(escape(one) for one in verdict.sentences[:SHOWN] if one not in below))
    if verdict.weighed:
        alone = verdict.outcome is Outcome.PASSES_ALONE
        rows = "\n".join(_row(one, needless=alone) for one in verdict.weighed[:SHOWN])
        parts.append(f"| what for | needs | approved by | can approve |\n| --- | --- | --- | --- |\n{rows}")
    parts.append(_list(_next(verdict)))
    if below and ignored:
        title = "1 that does not count" if len(ignored) == 1 else f"{len(ignored)} that do not count"
        rows = _list(escape(one) for one in ignored[:SHOWN])
        parts.append(f"<details open><summary>{title}</summary>\n\n{rows}\n\n</details>")
    parts.append(_emergency(verdict))
    return "\n\n".join(part for part in parts if part) + "\n"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _row(one: Weighed, *, needless: bool) -> str:
    sign = _OPEN if one.lacks and not needless else _DONE
    who = _people(one.who) if one.lacks else ""
    count = "not needed" if needless else one.count
    return f"| {sign} {escape(one.why)} | {count} | {_people(one.by)} | {who} |"


def _people(logins: Sequence[str]) -> str:
    more = [f"{len(logins) - NAMED} more"] if len(logins) > NAMED else []
    return ", ".join([*map(escape, logins[:NAMED]), *more])


def _next(verdict: Verdict) -> Iterator[str]:
    """What each person can do now, most of all who can open the gate."""
    match verdict.outcome:
        case Outcome.OPEN | Outcome.PASSES_ALONE:
            yield _MERGE
        case Outcome.BROKEN_GLASS:
            yield f"{_MERGE} {_AFTERWARDS}"
        case Outcome.INVALID | Outcome.TOUCHES_MORE:
            yield _PUSH
        case Outcome.MISSING_APPROVALS | Outcome.NOT_CONFIRMED:
            for who in dict.fromkeys(one.who for one in verdict.missing if one.who):
                names = named([escape(one) for one in who[:NAMED]], "or")
                yield f"**{names}**: read the plan, and approve under *Files changed*, *Review changes*."
            if any(len(one.who) < one.count for one in verdict.missing):
                yield "**The platform team**: name another approver in the policy; too few are left."
        case _:
            pass
    for one in verdict.ignored[:SHOWN]:
        if one.reason in _AGAIN and not verdict.passed:
            yield f"**{escape(one.login)}**: {_AGAIN[one.reason]}"


def _emergency(verdict: Verdict) -> str:
    if not verdict.glass or not _SHA.fullmatch(verdict.head):
        return ""
    names = named([escape(one) for one in verdict.glass[:NAMED]], "or")
    return (
        f"<details><summary>In an emergency</summary>\n\n{names} can let this very commit pass without them, "
        f"by a comment that ends with the reason, of at least {LEAST_REASON} characters. It is recorded, and "
        f"people are told.\n\n```text\n{command(verdict.head)} \n```\n\n</details>"
    )
