"""The command ``lakeport``: which commands there are, and the one place that catches failures.

Exit codes are those of :mod:`gitops.errors`. Only the module of the command that is called is imported, and
what takes long to import only where it is needed: ``--help`` and ``check`` load no SDK.

A command is a module ``gitops.commands.<name>`` with two functions, those of :class:`Command`, and one line
in the table below; one of a layer above is handed in by whoever calls :func:`main`. Its help is that line,
its arguments, and the epilog that it gives the parser: examples and exit codes, as they are to be shown.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol, cast

from gitops.errors import InvalidRequest, LakeportError, UsageError
from gitops.terminal import Format, as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.arguments import Parser
    from gitops.kind import Registry

INTERRUPTED = 130
DEFECT = 70

ABOUT = "From a request file to a working data project: check, plan, apply."

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Write a request": {
        "new": "Write a request file from options, or by asking.",
        "fmt": "Write request files in canonical form; comments stay.",
        "migrate": "Upgrade request files of an older version of the format.",
        "schema": "Print the JSON schema of request files.",
    },
    "Check and plan": {
        "check": "Find everything wrong in request files.",
        "plan": "Show what would change, and change nothing.",
        "explain": "Say why a rule exists and how to satisfy it.",
        "diff": "Show what changed in request files, in words.",
        "policy": "Check the policy file, and what a change of it would mean.",
        "status": "Show where requests stand, from Git alone.",
        "drift": "Find what stands differently from what was applied.",
        "orphans": "Find what is marked as ours and named by no request.",
    },
    "Answer an auditor": {
        "audit": "Say what was asked, approved and done, with citations.",
        "receipts": "Verify the receipts of what was done.",
    },
    "Set up": {
        "doctor": "Say whether a request could pass without the gate.",
        "codeowners": "Write who owns code and policy into CODEOWNERS.",
    },
    "Pull requests": {
        "report": "Post a plan on its pull request.",
        "gate": "Judge the approvals of a pull request.",
        "comment": "Do what a comment on a pull request orders.",
        "expire": "Warn of end dates, and ask to retire what is over.",
    },
    "Change the live systems": {
        "apply": "Carry out what is merged and approved.",
        "verify": "Try what a request set up, and leave it as it was.",
    },
}
"""Every command and what it does in one line, in the groups and the order of the help."""

COMMANDS: Mapping[str, str] = {name: line for group in GROUPS.values() for name, line in group.items()}


class Command(Protocol):
    """What the module of a command holds."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say what the command takes."""

    def run(self, options: argparse.Namespace, registry: Registry) -> int:
        """Do it and return the exit code; failures are :class:`~gitops.errors.LakeportError`."""


class Further(NamedTuple):
    """A command of a layer above: the title of its group, what it does in one line, its module."""

    group: str
    line: str
    module: str


NONE_FURTHER: Mapping[str, Further] = MappingProxyType({})


def main(
    registry: Registry,
    arguments: Sequence[str] | None = None,
    further: Mapping[str, Further] = NONE_FURTHER,
) -> int:
    """Run the command and return its exit code; every failure becomes words here, and nowhere else."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _debugging()
    try:
        try:
            return _run(given, registry, further)
        except LakeportError as error:
            return _fail(error, given, registry)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except Exception as error:  # noqa: BLE001 - the one place that catches: a defect of ours, said in a sentence
        return _defect(error, given)


def _run(given: Sequence[str], registry: Registry, further: Mapping[str, Further]) -> int:
    word, *rest = given or ["--help"]
    if word == "help" and rest:
        word, *rest = *rest, "--help"
    if word in ("help", "-h", "--help"):
        say(overview(further))
    elif word == "--version":
        from gitops.commands.shared import version

        say(f"lakeport {version()}\n")
    elif word in COMMANDS:
        command = load(word)
        return command.run(parser_of(word, command).parse(rest), registry)
    elif word in further:
        command = load(word, further[word].module)
        return command.run(parser_of(word, command, further[word].line).parse(rest), registry)
    else:
        _refuse(word, further)
    return 0


def overview(further: Mapping[str, Further] = NONE_FURTHER) -> str:
    """What ``lakeport --help`` shows."""
    lines = ["Usage: lakeport COMMAND [OPTION ...] [ARGUMENT ...]", "", ABOUT]
    groups = {title: dict(group) for title, group in GROUPS.items()}
    for name, one in further.items():
        groups.setdefault(one.group, {})[name] = one.line
    for title, group in groups.items():
        lines += ["", f"{title}:", *(f"  {name:<10} {line}" for name, line in group.items())]
    lines += ["", "Options:", "  -h, --help  Show this and leave.", "  --version   Show the version."]
    lines += ["", "`lakeport help COMMAND` says what a command takes."]
    return "".join(f"{line}\n" for line in lines)


def load(name: str, module: str = "") -> Command:
    """The module of a command, by its name in the table; ``module`` where it is none of ours."""
    from importlib import import_module

    return cast("Command", import_module(module or f"gitops.commands.{name}"))


def parser_of(name: str, command: Command, line: str = "") -> Parser:
    """What reads the words after the name of a command."""
    from gitops.arguments import Parser

    parser = Parser(prog=f"lakeport {name}", description=line or COMMANDS[name])
    command.add_arguments(parser)
    return parser


def _refuse(word: str, further: Mapping[str, Further]) -> NoReturn:
    """Raise for a first word that is no command."""
    if word.startswith("-"):
        raise UsageError(
            f"There is no command before {word}.", fix="Options come after it, as in `lakeport check --json`."
        )
    from gitops.suggest import did_you_mean

    what = f"There is no command {word or repr(word)}. {did_you_mean(word, [*COMMANDS, *further])}"
    raise UsageError(what.rstrip(), fix="`lakeport --help` shows the commands.")


# --- failures in words


def _fail(error: LakeportError, given: Sequence[str], registry: Registry) -> int:
    format_ = _format(given)
    if _debug():
        _trace(error)
    if format_ is Format.JSON:
        say(as_text({"ok": False, "error": error.as_json()}))
    elif isinstance(error, InvalidRequest):
        _show(error, format_, registry)
    else:
        for sentence in error.sentences():  # each is made one line: a typed line feed fakes no other
            note(sentence)
    return error.exit_code


def _show(invalid: InvalidRequest, format_: Format, registry: Registry) -> None:
    """Findings that stopped the command: for people on standard error, and in the form that was asked for."""
    from gitops import render_findings as render
    from gitops.render import open_console

    if format_ is Format.GITHUB:
        say(render.findings_github(invalid.findings))
    elif format_ is Format.SARIF:
        from gitops.commands.shared import sarif

        say(sarif(invalid.findings, invalid.sources, registry))
    render.print_findings(open_console(sys.stderr), invalid.findings, invalid.sources)
    note(f"{render.findings_summary(invalid.findings, 0)}; lakeport stopped there.")


def _defect(error: Exception, given: Sequence[str]) -> int:
    what = f"Lakeport itself has failed ({type(error).__name__}); this is a defect, not your mistake."
    fix = "Set LAKEPORT_DEBUG=1 and run it again to see where, and report it."
    if _debug():
        _trace(error)
    if _format(given) is Format.JSON:
        said = {"code": "defect", "what": what, "why": "", "fix": fix, "where": ""}
        say(as_text({"ok": False, "error": said}))
    note(what)
    note(fix)
    return DEFECT


def _format(given: Sequence[str]) -> Format:
    """The form that was asked for, also where the rest of the line makes no sense."""
    if "--json" in given:
        return Format.JSON
    asked = [word.removeprefix("--format=") for word in given if word.startswith("--format=")]
    asked += [after for word, after in pairwise(given) if word == "--format"]
    return next((Format(word) for word in asked if word in list(Format)), Format.TERMINAL)


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
