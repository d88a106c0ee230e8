"""What the commands show: what was asked for on standard output, the rest on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops.checking import Checked
    from gitops.report import Report
    from gitops.site import Landed


NOBODY_READS = 141
"""The exit code when standard output was closed: that of a process which SIGPIPE ends."""


class Format(StrEnum):
    """How findings are shown."""

    TERMINAL = "terminal"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def say(text: str) -> None:
    """Write on standard output, as it is.

    Raises:
        SystemExit: nobody reads it any more (`lakeport schema | head`).
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer is flushed at the end, and must go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(NOBODY_READS) from None


def note(text: str) -> None:
    """Write one line on standard error, made visible."""
    from gitops.markup import visible

    sys.stderr.write(visible(text.rstrip("\n")) + "\n")
    sys.stderr.flush()


def as_text(data: Any) -> str:
    """JSON for people and machines, in ASCII: what a terminal would show otherwise is escaped."""
    import json

    return json.dumps(data, indent=2) + "\n"


def answer(as_json: bool, text: str, data: Mapping[str, Any]) -> None:
    """Say the lines, or the data with ``--json``."""
    from gitops.markup import visible

    say(as_text(data) if as_json else "".join(f"{visible(line)}\n" for line in text.splitlines()))


def show_findings(checked: Checked, format_: Format) -> None:
    """The findings of a check, but not as SARIF; for people, one line sums them up.

    On GitHub they are annotations, and in full in the log too.
    """
    from gitops import render_findings as render

    findings, limit = checked.findings, ""
    if format_ is Format.JSON:
        found = [finding.as_json() for finding in findings]
        say(as_text({"ok": checked.ok, "files": list(checked.files), "findings": found}))
        return
    if format_ is Format.GITHUB:
        # Of an annotation the log has the sentence alone, so the places are in it for themselves.
        limit = render.github_limit(findings)
        say(render.findings_github(findings))
    if findings:
        from gitops.render import open_console

        render.print_findings(open_console(sys.stdout), findings, checked.sources)
    say((f"{limit}\n" if limit else "") + render.findings_summary(findings, len(checked.files)) + "\n")


def show_plans(checked: Checked, drawn: Report) -> None:
    """The findings and the plans."""
    from gitops import render
    from gitops.render_findings import print_findings

    console = render.open_console(sys.stdout)
    print_findings(console, checked.findings, checked.sources)
    for entry in drawn.entries:
        render.print_plan(console, entry)
    if not drawn.entries:
        say("No request file to plan.\n")


def show_landed(one: Landed) -> None:
    """What became of one request."""
    from gitops import render

    if one.receipt is not None:
        render.print_steps(render.open_console(sys.stdout), one.receipt)
    if one.error:
        note(f"{one.request}: {one.error}")


def landed_as_json(one: Landed) -> dict[str, Any]:
    """Keys ``request, exit_code, error, receipt``."""
    receipt = one.receipt.as_json() if one.receipt else None
    return {"request": one.request, "exit_code": one.exit_code, "error": one.error, "receipt": receipt}
