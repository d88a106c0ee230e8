"""How findings, results and pull requests read: all wording that is not a plan's (:mod:`gitops.render_plan`).

``escape`` and the plan's functions can be imported from here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from gitops.finding import Finding, Severity
from gitops.markup import LIMIT, Page, code, escape, visible
from gitops.render_plan import PLAN_MARKER, money, plan_comment, print_plan

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.cost import Money
    from gitops.policy import ApprovalRule
    from gitops.receipts import Receipt, Step
    from gitops.status import Row

__all__ = [
    "LIMIT",
    "PLAN_MARKER",
    "code",
    "commit_message",
    "escape",
    "findings_github",
    "findings_summary",
    "money",
    "open_console",
    "plan_comment",
    "print_findings",
    "print_plan",
    "print_status",
    "print_steps",
    "pull_body",
    "pull_title",
    "result_comment",
    "result_marker",
]


def open_console(file: IO[str]) -> Console:
    """A rich console: colours only on a terminal and without ``NO_COLOR``; no markup, no highlighting."""
    from rich.console import Console

    return Console(file=file, markup=False, highlight=False, emoji=False)


# --- findings -------------------------------------------------------------------------------------

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def findings_summary(findings: Sequence[Finding], files: int) -> str:
    """``2 errors and 1 warning in 3 files``, or ``3 files checked, nothing found``."""
    checked = _many(files, "file")
    counts = {severity: sum(found.severity is severity for found in findings) for severity in Severity}
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}
    parts = [_many(count, words[severity]) for severity, count in counts.items() if count]
    return f"{' and '.join(parts)} in {checked}" if parts else f"{checked} checked, nothing found"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def print_findings(console: Console, findings: Iterable[Finding], sources: Mapping[str, bytes]) -> None:
    """Each finding with its line and a caret under the place; ``sources`` holds the bytes of the files."""
    from rich.text import Text

    for found in findings:
        head = Text.assemble(
            (visible(str(found.place)), "bold"),
            ": ",
            (str(found.severity), _STYLES[found.severity]),
            f": {visible(found.message)} ",
            (f"[{found.rule}]", "dim"),
        )
        console.print(head, soft_wrap=True)
        for line in _excerpt(found, sources.get(found.place.file), console.width):
            console.print(Text(line, "dim"), soft_wrap=True)
        if found.hint:
            console.print(Text(f"  {visible(found.hint)}"), soft_wrap=True)


def _excerpt(found: Finding, raw: bytes | None, width: int) -> Iterator[str]:
    """The line and the caret under it; a long line is cut so that the place stays in sight."""
    lines = raw.decode("utf-8", "replace").split("\n") if raw is not None else []
    if not 0 < found.place.line <= len(lines):
        return
    text = visible(lines[found.place.line - 1].rstrip("\r"))
    start = min(max(found.place.column - 1, 0), len(text))
    same_line = found.place.end_line == found.place.line and found.place.end_column > found.place.column
    end = min(found.place.end_column - 1, len(text)) if same_line else start + 1
    room = max(width - 10, 20)
    cut = max(0, start - room // 2) if len(text) > room else 0
    shown = text[cut : cut + room]
    marks = "^" * max(_cells(text[start : min(end, cut + room)]), 1)
    number = f"{found.place.line:>5}"
    yield f"{number} | {shown}"
    yield f"{' ' * len(number)} | {' ' * _cells(text[cut:start])}{marks}"


def _cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


def findings_github(findings: Iterable[Finding]) -> str:
    """Workflow commands that GitHub shows as annotations, one line each."""
    commands = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    lines = []
    for found in findings:
        place = found.place
        numbers = {
            "line": place.line,
            "col": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        }
        parts = [f"file={_property(place.file)}"]
        parts += [f"{key}={value}" for key, value in numbers.items() if value]
        parts.append(f"title={_property(found.rule)}")
        message = f"{found.message} {found.hint}".strip()
        lines.append(f"::{commands[found.severity]} {','.join(parts)}::{_data(message)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- results --------------------------------------------------------------------------------------

_OUTCOMES = {
    "done": ("✅", "done"),
    "already": ("☑️", "stood already"),
    "failed": ("❌", "failed"),
    "not_run": ("⏸️", "not run"),
}
_TITLES = {
    "applied": "Applied",
    "partial": "Partly applied",
    "refused": "Not applied: refused",
    "failed": "Not applied: failed",
}
_NEXT = {
    "applied": "",
    "partial": "What was done stays. The next run of the apply workflow takes up the rest; "
    "no new pull request is needed unless the file is wrong.",
    "failed": "No step was carried out to its end. The next run of the apply workflow tries again; "
    "no new pull request is needed unless the file is wrong.",
    "refused": "Nothing was changed.",
}


def result_marker(request: str) -> str:
    """The first line of the comment with the result of one request."""
    return f"<!-- lakeport:result {request} -->"


def result_comment(receipt: Receipt) -> str:
    """What became of a merged request, for its pull request."""
    page = Page(f"{result_marker(receipt.request)}\n## {_TITLES.get(receipt.status, receipt.status)}")
    page.add(f"{code(receipt.request)} at commit {code(receipt.commit[:12])}, receipt {receipt.number}.")
    if receipt.error:
        page.add(f"> {escape(receipt.error, 2000)}", what="errors")
    header = "| | What | Time |\n|---|---|---|"
    page.rows(header, (_step(step) for step in receipt.steps), what="steps")
    links = [
        f"- {code(key)}: {', '.join(f'{escape(name)} {_link(value)}' for name, value in values.items())}"
        for key, values in receipt.outputs.items()
        if values
    ]
    page.rows("#### What stands now", links, what="links")
    after = _NEXT.get(receipt.status, "")
    if after:
        page.add(after)
    if receipt.run_url:
        page.add(f"<sub>Run: {_link(receipt.run_url)}</sub>")
    return str(page)


def _link(value: str) -> str:
    """A link for a plain https address (loopback http too), code for anything else."""
    plain = visible(value)
    harmless = plain.isascii() and not set(plain) & set(" <>()[]\"'`|\\")
    if harmless and plain.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        return f"<{plain}>"
    return code(value)


def _step(step: Step) -> str:
    sign, words = _OUTCOMES.get(str(step.outcome), ("", str(step.outcome)))
    error = f"<br>{escape(step.error, 1000)}" if step.error else ""
    summary = f"{escape(step.summary)}<br>" if step.summary else ""
    time = f"{step.seconds:.1f} s" if step.seconds else ""
    return f"| {sign} {words} | {summary}{code(step.key, 200)}{error} | {time} |"


def print_steps(console: Console, receipt: Receipt) -> None:
    """The result of one request for a terminal."""
    from rich.text import Text

    styles = {"applied": "green", "partial": "yellow"}
    title = _TITLES.get(receipt.status, receipt.status)
    console.print(
        Text.assemble((visible(receipt.request), "bold"), ": ", (title, styles.get(receipt.status, "red"))),
        soft_wrap=True,
    )
    if receipt.error:
        console.print(Text(f"  {visible(receipt.error)}", "red"), soft_wrap=True)
    for step in receipt.steps:
        words = _OUTCOMES.get(str(step.outcome), ("", str(step.outcome)))[1]
        line = f"  {words:<14} {visible(step.key)}" + (f": {visible(step.error)}" if step.error else "")
        console.print(Text(line), soft_wrap=True)


def print_status(console: Console, rows: Sequence[Row]) -> None:
    """One line for each request file: its id, where it stands, and since when."""
    from rich.table import Table
    from rich.text import Text

    from gitops.status import STATES

    if not rows:
        console.print("There are no requests.")
        return
    styles = {"applied": "green", "partial": "yellow", "waiting": "yellow", "changed": "yellow"}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("Request", "State", "Receipt", "At"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(
            Text(visible(row.request)),
            Text(STATES[row.state], styles.get(row.state, "red")),
            Text(str(row.receipt or "")),
            Text(visible(row.at[:16])),
        )
    console.print(table)


# --- pull requests --------------------------------------------------------------------------------


def pull_title(document: Mapping[str, Any]) -> str:
    """The title of the pull request of a request file, such as ``Onboard churn-prediction (growth, dev)``."""
    meta = document["metadata"]
    verb = {"retiring": "Retire", "retired": "Close"}.get(str(meta.get("lifecycle", "active")), "Onboard")
    return visible(f"{verb} {meta['name']} ({meta['team']}, {meta['environment']})")


def pull_body(
    document: Mapping[str, Any],
    *,
    cost: Money | None = None,
    approvals: Sequence[ApprovalRule] = (),
    requester: str = "",
    permalink: str = "",
) -> str:
    """The body of the pull request: who asked, for what, what it costs, who must approve.

    ``requester`` is a name as people know it; ``permalink`` the Slack thread.
    """
    meta = document["metadata"]
    page = Page(f"> {escape(meta.get('purpose', ''), 1000) or 'No purpose was given.'}")
    who = f"Asked for by **{escape(requester)}**" if requester else "Asked for"
    where = f" in {_link(permalink)}" if permalink else ""
    page.add(
        f"{who}{where}, for the team {code(meta['team'])} in {code(meta['environment'])}, {money(cost)}."
    )
    rows = (f"- {code(entry.get('kind', ''))} {_resource(entry)}" for entry in document.get("resources", ()))
    page.rows("### Resources", rows, what="resources")
    rules = (
        f"- {rule.count} of {', '.join(code(login) for login in sorted(rule.approvers))}: {escape(rule.why)}"
        for rule in approvals
    )
    page.rows("### Who must approve", rules, what="approval rules")
    page.add(
        "The plan follows as a comment. Approvals count on the newest commit only, and never from the person "
        "who asked."
    )
    return str(page)


def _resource(entry: Mapping[str, Any]) -> str:
    """The plain fields of a resource, in the file's order."""
    fields = [
        (key, value) for key, value in entry.items() if key != "kind" and not isinstance(value, dict | list)
    ]
    return ", ".join(f"{escape(key)} {code(value)}" for key, value in fields if value not in (None, ""))


def commit_message(document: Mapping[str, Any], *, request: str, permalink: str = "") -> str:
    """The message of the one commit: the title, and trailers that machines read."""
    lines = [pull_title(document), "", f"Lakeport-Request: {visible(request)}"]
    if permalink:
        lines.append(f"Lakeport-Thread: {visible(permalink)}")
    return "\n".join(lines) + "\n"
