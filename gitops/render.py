"""How results and pull requests read.

Findings are :mod:`gitops.render_findings`; plans (:mod:`gitops.render_plan`,
:mod:`gitops.render_plan_terminal`) can be imported from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops.console import open_console
from gitops.markup import LIMIT, Page, clip, code, escape, visible
from gitops.noted import note
from gitops.plan_words import money
from gitops.render_plan import PLAN_MARKER, new_plan, plan_comment
from gitops.render_plan_terminal import print_plan

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.amendment import Amendment
    from gitops.cost import Money
    from gitops.noted import Origin
    from gitops.plan import Change
    from gitops.policy import ApprovalRule
    from gitops.receipts import Receipt, Step

__all__ = [
    "LIMIT",
    "PLAN_MARKER",
    "code",
    "commit_message",
    "escape",
    "money",
    "open_console",
    "plan_comment",
    "print_plan",
    "print_steps",
    "pull_body",
    "pull_title",
    "result_comment",
    "result_marker",
]


# --- results --------------------------------------------------------------------------------------

_OUTCOMES = {
    "done": ("✅", "done"),
    "already": ("☑️", "stood already"),
    "failed": ("❌", "failed"),
    "not_run": ("⏸️", "not run"),
    "undone": ("↩️", "taken away again"),
}
_TITLES = {
    "started": "Being applied",
    "waiting": "Taken away, but for what holds data",
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


_RESUME = (
    "Nothing goes on by itself. When the cause is gone, an approver comments `/lakeport apply --resume` "
    "here, or starts the apply workflow with the name of the request and `resume`."
)


def result_marker(request: str) -> str:
    """The first line of the comment with the result of one request."""
    return f"<!-- lakeport:result {request} -->"


def result_comment(receipt: Receipt, extra: Sequence[Change] = ()) -> str:
    """What became of a merged request, for its pull request.

    ``extra`` is what would be done now and was not approved: the reason why nothing was done.
    """
    page = Page(f"{result_marker(receipt.request)}\n## {_TITLES.get(receipt.status, receipt.status)}")
    page.add(f"{code(receipt.request)} at commit {code(receipt.commit[:12])}, receipt {receipt.number}.")
    if receipt.error:
        page.add(f"> {escape(receipt.error, 2000)}", what="errors")
    new_plan(page, extra)
    header = "| Outcome | What | Time |\n|---|---|---|"
    page.rows(header, (_step(step) for step in receipt.steps), what="steps")
    links = [
        f"- {code(key)}: {', '.join(f'{escape(name)} {link(value)}' for name, value in values.items())}"
        for key, values in receipt.outputs.items()
        if values
    ]
    page.rows("#### What stands now", links, what="links")
    after = _NEXT.get(receipt.status, "")
    if receipt.hold:
        page.add(f"**On hold.** {escape(receipt.hold, 1000)} {_RESUME}")
    elif after:
        page.add(after)
    if receipt.due:
        page.add(f"What holds data is dropped on {escape(receipt.due)}, without another approval.")
    if receipt.run_url:
        page.add(f"<sub>Run: {link(receipt.run_url)}</sub>")
    return str(page)


def link(value: str) -> str:
    """A link for a plain https address (loopback http too), code for anything else."""
    plain = visible(value)
    harmless = plain.isascii() and not set(plain) & set(" <>()[]\"'`|\\")
    if harmless and plain.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        return f"<{plain}>"
    return code(value)


def _step(step: Step) -> str:
    sign, words = _OUTCOMES.get(str(step.outcome), ("", str(step.outcome)))
    error = "".join(f"<br>{escape(words, 1000)}" for words in (step.error, step.doubt) if words)
    summary = f"{escape(step.summary)}<br>" if step.summary else ""
    time = f"{step.seconds:.1f} s" if step.seconds else ""
    time += f", {step.attempts} tries" if step.attempts > 1 else ""
    return f"| {sign} {words} | {summary}{code(step.key, 200)}{error} | {time} |"


def print_steps(console: Console, receipt: Receipt) -> None:
    """The result of one request for a terminal."""
    from rich.text import Text

    styles = {"applied": "green", "partial": "yellow", "waiting": "yellow"}
    title = _TITLES.get(receipt.status, receipt.status)
    console.print(
        Text.assemble((visible(receipt.request), "bold"), ": ", (title, styles.get(receipt.status, "red"))),
        soft_wrap=True,
    )
    if receipt.error:
        console.print(Text(f"  {visible(receipt.error)}", "red"), soft_wrap=True)
    if receipt.hold:
        console.print(Text(f"  on hold: {visible(receipt.hold)}", "yellow"), soft_wrap=True)
    for step in receipt.steps:
        words = _OUTCOMES.get(str(step.outcome), ("", str(step.outcome)))[1]
        more = " ".join(filter(None, (step.error, step.doubt)))
        line = f"  {words:<14} {visible(step.key)}" + (f": {visible(more)}" if more else "")
        console.print(Text(line), soft_wrap=True)


# --- pull requests --------------------------------------------------------------------------------


def pull_title(document: Mapping[str, Any], *, change: bool = False) -> str:
    """The title of the pull request of a request file, such as ``Onboard churn-prediction (growth, dev)``.

    ``change``: the request is merged already, and this is another version of it.
    """
    meta = document["metadata"]
    begins = "Change" if change else "Onboard"
    verb = {"retiring": "Retire", "retired": "Close"}.get(str(meta.get("lifecycle", "active")), begins)
    return visible(f"{verb} {meta['name']} ({meta['team']}, {meta['environment']})")


def pull_body(
    document: Mapping[str, Any],
    *,
    cost: Money | None = None,
    approvals: Sequence[ApprovalRule] = (),
    requester: str = "",
    permalink: str = "",
    amendment: Amendment | None = None,
    origins: Sequence[Origin] = (),
    file_digest: str = "",
) -> str:
    """The body of the pull request: who asked, for what, what it costs, who must approve.

    ``requester`` is a name as people know it; ``permalink`` the Slack thread. ``amendment`` is what becomes
    different about a request that is merged; ``requester`` then is who asks for that. ``origins`` says where
    each value comes from, in the file of this digest; the plan shows it to reviewers.
    """
    meta = document["metadata"]
    noted = f"\n{note(file_digest, origins)}\n" if file_digest else ""
    purpose = escape(meta.get("purpose", ""), 1000) or "No purpose was given."
    page = Page(f"> {purpose}", limit=LIMIT - len(noted) - _ADDED)
    asked = "Asked for" if amendment is None else "A change of a merged request, asked for"
    who = f"{asked} by **{escape(requester)}**" if requester else asked
    where = f" in {link(permalink)}" if permalink else ""
    page.add(
        f"{who}{where}, for the team {code(meta['team'])} in {code(meta['environment'])}, {money(cost)}."
    )
    if amendment is not None:
        from gitops import render_amendment

        render_amendment.section(page, amendment)
    rows = (f"- {code(entry.get('kind', ''))} {_resource(entry)}" for entry in document.get("resources", ()))
    page.rows("### Resources", rows, what="resources")
    rules = (
        f"- {rule.count} of {', '.join(code(login) for login in sorted(rule.approvers))}: {escape(rule.why)}"
        for rule in approvals
    )
    page.rows("### Who must approve", rules, what="approval rules")
    if origins:
        from gitops import render_sources

        render_sources.section(page, origins)
    page.add(
        "The plan follows as a comment. Approvals count on the newest commit only, and never from the person "
        "who asked."
    )
    return f"{page}{noted}"


_ADDED = 1000
"""Room for what whoever opens a pull request adds to its text: which thread it is from, why it is opened."""


def _resource(entry: Mapping[str, Any]) -> str:
    """The plain fields of a resource, in the file's order."""
    fields = [
        (key, value) for key, value in entry.items() if key != "kind" and not isinstance(value, dict | list)
    ]
    return ", ".join(f"{escape(key)} {code(value)}" for key, value in fields if value not in (None, ""))


def commit_message(
    document: Mapping[str, Any],
    *,
    request: str,
    permalink: str = "",
    changed_by: str = "",
    confirmed: Sequence[str] = (),
    readers: Sequence[str] = (),
) -> str:
    """The message of the one commit: the title, and trailers that machines read.

    ``changed_by`` is the Slack id of who asks for a change of a merged request, ``confirmed`` what
    :func:`gitops.confirmation.trailers` says of the file, ``readers`` the models that read what was said.
    """
    lines = [pull_title(document, change=bool(changed_by)), "", f"Lakeport-Request: {visible(request)}"]
    if changed_by:
        lines.append(f"Lakeport-Changed-By: {visible(changed_by)}")
    lines += map(visible, confirmed)
    if readers:
        lines.append(f"Lakeport-Model: {visible(clip(', '.join(readers), 200))}")
    if permalink:
        lines.append(f"Lakeport-Thread: {visible(permalink)}")
    return "\n".join(lines) + "\n"
