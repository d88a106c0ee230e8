"""What the commands show: what was asked for on standard output, the rest on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops.checking import Checked
    from gitops.landing import Landed
    from gitops.report import Report


class Format(StrEnum):
    """How findings are shown."""

    TERMINAL = "terminal"
    JSON = "json"
    GITHUB = "github"


def say(text: str) -> None:
    """Write on standard output, as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def note(text: str) -> None:
    """Write one line on standard error, made visible."""
    from gitops.markup import visible

    sys.stderr.write(visible(text.rstrip("\n")) + "\n")
    sys.stderr.flush()


def as_text(data: Any) -> str:
    """JSON for people and machines."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def answer(as_json: bool, text: str, data: Mapping[str, Any]) -> None:
    """Say the lines, or the data with ``--json``."""
    from gitops.markup import visible

    say(as_text(data) if as_json else "".join(f"{visible(line)}\n" for line in text.splitlines()))


def show_findings(checked: Checked, format_: Format) -> None:
    """The findings of a check, and one line that sums them up."""
    from gitops import render

    if format_ is Format.JSON:
        found = [finding.as_json() for finding in checked.findings]
        say(as_text({"ok": checked.ok, "files": list(checked.files), "findings": found}))
        return
    if format_ is Format.GITHUB:
        say(render.findings_github(checked.findings))
    elif checked.findings:
        render.print_findings(render.open_console(sys.stdout), checked.findings, checked.sources)
    say(render.findings_summary(checked.findings, len(checked.files)) + "\n")


def show_plans(checked: Checked, drawn: Report) -> None:
    """The findings and the plans."""
    from gitops import render

    console = render.open_console(sys.stdout)
    render.print_findings(console, checked.findings, checked.sources)
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
