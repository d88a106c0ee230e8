"""The command ``lakeport``: what people and workflows call, and the one place that catches failures.

Exit codes are those of :mod:`gitops.errors`. Everything that takes long to import is imported by the command
that needs it: ``--help`` and ``check`` load no SDK, and ``rich`` only when there is something to show.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitops import commands
from gitops.errors import InvalidRequest, LakeportError, UsageError
from gitops.terminal import (
    Format,
    answer,
    as_text,
    landed_as_json,
    note,
    say,
    show_findings,
    show_landed,
    show_plans,
)

if TYPE_CHECKING:
    from gitops.finding import Finding
    from gitops.kind import Registry

INTERRUPTED = 130
DEFECT = 70

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Request files or folders; all of them when left out.")
]
All = Annotated[bool, typer.Option("--all", help="Every request file.")]
Since = Annotated[
    str | None,
    typer.Option("--changed-since", metavar="REV", help="Files that this branch changed since it left REV."),
]
PolicyFrom = Annotated[
    str | None, typer.Option("--policy-from", metavar="REV", help="Judge by the policy of this commit.")
]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON, on standard output.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it to this file.")]
Pull = Annotated[int, typer.Option("--pull", metavar="N", min=1, help="Number of the pull request.")]


def build_app(registry: Registry) -> typer.Typer:
    """The commands, for these kinds of resources."""
    app = typer.Typer(
        name="lakeport",
        help="From a request file to a working data project: check, plan, apply.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def lakeport(
        _version: Annotated[
            bool,
            typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
        ] = False,
    ) -> None:
        """From a request file to a working data project: check, plan, apply."""

    _reading(app, registry)
    _posting(app, registry)
    _applying(app, registry)
    return app


def _reading(app: typer.Typer, registry: Registry) -> None:
    """The commands that change nothing anywhere."""

    @app.command()
    def check(
        paths: Paths = None,
        everything: All = False,
        changed_since: Since = None,
        policy_from: PolicyFrom = None,
        format_: Annotated[
            Format, typer.Option("--format", help="How findings are shown.")
        ] = Format.TERMINAL,
        as_json: Json = False,
    ) -> None:
        """Find everything wrong in request files.

        Looks at no other system. Exit code 1 with errors.
        """
        checked, _ = commands.check_files(registry, paths, everything, changed_since, policy_from)
        show_findings(checked, Format.JSON if as_json else format_)
        raise typer.Exit(0 if checked.ok else 1)

    @app.command()
    def plan(
        paths: Paths = None,
        everything: All = False,
        changed_since: Since = None,
        policy_from: PolicyFrom = None,
        out: Out = None,
        as_json: Json = False,
    ) -> None:
        """Show what would change, and change nothing.

        Exit code 1 with errors in files, 5 when something is refused, 3 or 4 when a system cannot be asked.
        """
        from gitops import checking, report
        from gitops.drawing import Clients

        checked, rules = commands.check_files(registry, paths, everything, changed_since, policy_from)
        if sys.stderr.isatty() and not as_json:
            note("Looking at the live systems …")  # they may take their time to answer, or not to
        drawn = checking.plan(checked, registry=registry, rules=rules, clients=Clients(os.environ))
        if out is not None:
            commands.write(out, report.dumps(drawn))
        if as_json:
            say(report.dumps(drawn))
        else:
            show_plans(checked, drawn)
        raise typer.Exit(drawn.exit_code)

    @app.command()
    def status(
        name: Annotated[str | None, typer.Argument(help="Id or name of one request.")] = None,
        as_json: Json = False,
    ) -> None:
        """Show where requests stand, from Git alone."""
        from gitops import status as standing

        rows = standing.rows(commands.checkout_here(), name)
        if as_json:
            say(as_text({"requests": [row.as_json() for row in rows]}))
        else:
            from gitops.render import open_console, print_status

            print_status(open_console(sys.stdout), rows)

    @app.command()
    def schema(
        check_: Annotated[
            bool, typer.Option("--check", help="Say whether requests/schema.json is current.")
        ] = False,
        out: Out = None,
        as_json: Json = False,
    ) -> None:
        """Print the JSON schema of request files."""
        from gitops.request import json_schema

        text = as_text(json_schema(registry))
        if check_:
            commands.compare_schema(text)
            answer(as_json, "The published schema is current.", {"current": True})
        elif out is not None:
            commands.write(out, text)
        else:
            say(text)


def _posting(app: typer.Typer, registry: Registry) -> None:
    """The commands that say something on a pull request."""

    @app.command(name="report")
    def report_(
        plan_file: Annotated[Path, typer.Option("--plan", metavar="FILE", help="What `plan --out` wrote.")],
        pull: Pull,
        sha: Annotated[str, typer.Option("--sha", help="The commit that was planned.")],
        as_json: Json = False,
    ) -> None:
        """Post a plan on its pull request.

        One comment, kept up to date, and the check run that carries what may be approved.
        """
        from gitops import posting, report

        found = report.loads(commands.read_report(plan_file), file=str(plan_file))
        conclusion = posting.post_report(
            commands.repository(), found, number=pull, sha=commands.commit_id(sha)
        )
        answer(as_json, f"{posting.plan_title(found)} ({conclusion})", {"conclusion": conclusion})

    @app.command()
    def gate(pull: Pull, as_json: Json = False) -> None:
        """Judge the approvals of a pull request.

        Says in words and as a check run whether they satisfy the policy. Exit code 5 when they do not.
        """
        from gitops import checking, gating, posting

        rules = checking.read_policy(commands.checkout_here())
        repo = commands.repository()
        found = repo.pull(pull)
        verdict = gating.judge_pull(repo, found, registry=registry, rules=rules)
        posting.post_gate(repo, found, verdict)
        data = {
            "outcome": str(verdict.outcome),
            "passed": verdict.passed,
            "sentences": list(verdict.sentences),
        }
        answer(as_json, "\n".join(verdict.sentences), data)
        raise typer.Exit(0 if verdict.passed else 5)


def _applying(app: typer.Typer, registry: Registry) -> None:
    """The command that changes the live systems."""

    @app.command()
    def apply(
        journal: Annotated[
            Path | None,
            typer.Option("--journal", metavar="FILE", help="Add every step to this file, as it happens."),
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Carry out what is merged and approved.

        Every request that is not applied yet, each with a receipt whatever happens. The exit code is the
        worst of all requests: 5 when one is refused, 6 when one is applied in part or not at all.
        """
        from gitops.engine import Journal

        commands.stop_on_sigterm()
        notes = Journal(journal, tell=lambda key, what: note(f"{what:<8} {key}"))
        landed = commands.apply_all(registry, notes, (lambda one: None) if as_json else show_landed)
        if notes.broken:
            note(notes.broken)
        if as_json:
            say(as_text({"requests": [landed_as_json(one) for one in landed]}))
        elif not landed:
            say("Everything that is merged is applied.\n")
        raise typer.Exit(max((one.exit_code for one in landed), default=0))


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"lakeport {commands.version()}\n")
        raise typer.Exit


def main(registry: Registry, arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; every failure becomes words here, and nowhere else."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    _debugging()
    try:
        code = typer.main.get_command(build_app(registry)).main(given, "lakeport", standalone_mode=False)
    except LakeportError as error:
        return _fail(error, given)
    except typer.TyperException as error:
        return _fail(UsageError(error.format_message(), fix="`lakeport --help` shows what it takes."), given)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except Exception as error:  # noqa: BLE001 - the one place that catches: a defect of ours, said in a sentence
        return _defect(error, given)
    return code if isinstance(code, int) else 0


def _fail(error: LakeportError, given: Sequence[str]) -> int:
    findings: Sequence[Finding] = error.findings if isinstance(error, InvalidRequest) else ()
    if _debug():
        _trace(error)
    if "--json" in given:
        say(as_text({"ok": False, "error": error.as_json()}))
    elif findings:
        from gitops import render

        if Format.GITHUB.value in given:
            say(render.findings_github(findings))
        render.print_findings(render.open_console(sys.stderr), findings, {})
    else:
        for line in str(error).splitlines():
            note(line)
    return error.exit_code


def _defect(error: Exception, given: Sequence[str]) -> int:
    what = f"Lakeport itself has failed ({type(error).__name__}); this is a defect, not your mistake."
    fix = "Set LAKEPORT_DEBUG=1 and run it again to see where, and report it."
    if _debug():
        _trace(error)
    if "--json" in given:
        say(
            as_text(
                {"ok": False, "error": {"code": "defect", "what": what, "why": "", "fix": fix, "where": ""}}
            )
        )
    note(what)
    note(fix)
    return DEFECT


def _debug() -> bool:
    return os.environ.get("LAKEPORT_DEBUG", "") not in ("", "0")


def _debugging() -> None:
    """With LAKEPORT_DEBUG=1 our own modules log; never the SDKs, whose logs may hold credentials."""
    if _debug():
        import logging

        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logger = logging.getLogger("gitops")
        logger.handlers = [handler]
        logger.setLevel(logging.DEBUG)


def _trace(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)
