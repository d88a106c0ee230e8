"""Whether the repository on GitHub is set up so that no request passes without the gate: a pure judgement.

What is looked at is gathered by :mod:`gitops.doctor_look`. Each advice says in words what could happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from gitops.codeowners import FILE, Problem

PLAN, GATE = "lakeport/plan", "lakeport/gate"
REQUIRED_CHECKS = (PLAN, GATE)
RECEIPTS = "receipts"
ENVIRONMENTS = ("lakeport-plan", "lakeport-apply", "lakeport-expire")
WRITING: Mapping[str, str] = {
    "lakeport-apply": "apply what nobody approved",
    "lakeport-expire": "act as the app that opens pull requests",
}
"""Environments whose credentials may write, and what could be done with them. A plan runs on branches of pull
requests, with credentials that may only read, so its environment is open to them."""


class Level(StrEnum):
    """How bad it is: a closed set."""

    OPEN = "open"  # a request could pass without the gate
    WEAK = "weak"  # it takes somebody with more rights, or loses something else than the gate
    UNSEEN = "unseen"  # this credential may not look
    FINE = "fine"


class Advice(Struct, frozen=True, kw_only=True):
    """One thing that was looked at: what holds, or what could happen, and what to do about it."""

    level: Level
    what: str
    fix: str = ""


class Branch(Struct, frozen=True, kw_only=True):
    """The rules in force on one branch, from all rulesets together.

    ``checks`` maps required checks to the id of the app that has to write them, ``None`` for any.
    ``code_owners``: what has an owner needs the approval of one. ``bypass`` are those who may pass the rules
    by, in words; ``None`` when that cannot be seen.
    """

    exists: bool = True
    pull_required: bool = False
    code_owners: bool = False
    checks: Mapping[str, int | None] = {}
    no_force_push: bool = False
    no_deletion: bool = False
    bypass: tuple[str, ...] | None = ()


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that is judged. A field that could not be looked at is ``None``.

    ``check_app`` is the id of the app whose check runs we trust. ``writers`` says of each approver of the
    policy whether they may write. ``environments`` maps names to the branches that may use them, ``None`` for
    any. ``actions_approve``: GitHub Actions may approve pull requests. ``token_writes``: workflows get a
    token that may write unless they say otherwise. ``mark_defined``: the custom property of repositories is.
    ``owners`` is what is wrong with the code owners of the default branch, ``unknown_owners`` are the lines
    of that file that GitHub ignores, in its words. ``may_bypass`` are those who are meant to bypass the
    rules. ``shared_app``: the app whose checks we trust is that of all workflows.
    """

    default_branch: str
    main: Branch
    receipts: Branch
    check_app: int | None
    writers: Mapping[str, bool]
    environments: Mapping[str, tuple[str, ...] | None] | None
    actions_approve: bool | None
    token_writes: bool | None
    mark_defined: bool | None
    owners: tuple[Problem, ...] = ()
    unknown_owners: tuple[str, ...] = ()
    may_bypass: frozenset[str] = frozenset()
    shared_app: bool = False


def judge(facts: Facts) -> tuple[Advice, ...]:
    """All advice, the worst first."""
    looks = (_main, _bypass, _owners, _receipts, _people, _environments, _settings)
    found = [advice for look in looks for advice in look(facts)]
    order = list(Level)
    return tuple(sorted(found, key=lambda advice: order.index(advice.level)))


def verdict(found: Iterable[Advice]) -> str:
    """All advice in one sentence: whether a request could pass without the gate."""
    levels = [advice.level for advice in found]
    if Level.OPEN in levels:
        ways = levels.count(Level.OPEN)
        return f"A request could pass without the gate, in {ways} way{'s' if ways != 1 else ''}."
    if Level.UNSEEN in levels:
        return "No way past the gate was found, and not everything could be seen."
    return "No request passes without the gate."


_SET_IT = "Run `lakeport doctor --github --fix`, as somebody who administers the repository."


def _main(facts: Facts) -> Iterator[Advice]:
    branch, name, set_it = facts.main, facts.default_branch, _SET_IT
    if not branch.pull_required:
        yield Advice(
            level=Level.OPEN,
            what=f"Anybody who may write can push a request file to {name} without a pull request.",
            fix=set_it,
        )
    for check in REQUIRED_CHECKS:
        if check not in branch.checks:
            yield Advice(
                level=Level.OPEN,
                what=f"A pull request can be merged to {name} without the check {check}.",
                fix=set_it,
            )
        elif branch.checks[check] is None:
            yield Advice(
                level=Level.OPEN,
                what=f"Any app that may write checks can say {check} for us: it is not tied to one.",
                fix=set_it,
            )
        elif facts.check_app is not None and branch.checks[check] != facts.check_app:
            yield Advice(
                level=Level.OPEN,
                what=f"{check} is asked of the app {branch.checks[check]}, and is written by "
                f"{facts.check_app}: no pull request can be merged, or another app decides.",
                fix=set_it,
            )
    if facts.shared_app:
        yield Advice(
            level=Level.WEAK,
            what="Whoever may push a branch can have a workflow of theirs write our checks: for GitHub all "
            "workflows are one app. What is merged like that the apply refuses, since it judges again.",
            fix="Keep others from pushing workflows by a push ruleset on .github/, or let an app of your own "
            "write the checks (LAKEPORT_CHECK_APP).",
        )
    if not branch.no_force_push:
        yield Advice(
            level=Level.WEAK, what=f"The history of {name} can be rewritten by a force-push.", fix=set_it
        )
    if not branch.no_deletion:
        yield Advice(level=Level.WEAK, what=f"{name} can be deleted by whoever may write.", fix=set_it)
    if branch.pull_required and set(REQUIRED_CHECKS) <= branch.checks.keys():
        yield Advice(
            level=Level.FINE, what=f"{name} asks for a pull request and for {' and '.join(REQUIRED_CHECKS)}."
        )


def _bypass(facts: Facts) -> Iterator[Advice]:
    branch = facts.main
    if branch.bypass is None:
        yield Advice(
            level=Level.UNSEEN,
            what="Who may bypass the rules cannot be seen with this credential.",
            fix="Run it as somebody who administers the repository.",
        )
        return
    others = [one for one in branch.bypass if one not in facts.may_bypass]
    if others:
        yield Advice(
            level=Level.OPEN,
            what=f"{_names(others)} may bypass the rules of {facts.default_branch}, and so merge without the "
            "gate.",
            fix="Take them out of the bypass list of the ruleset, or name those who are meant to with "
            "--may-bypass.",
        )
    if len(others) < len(branch.bypass):
        named = _names(one for one in branch.bypass if one in facts.may_bypass)
        yield Advice(level=Level.FINE, what=f"{named} may bypass the rules, as you named them.")


def _owners(facts: Facts) -> Iterator[Advice]:
    if not facts.main.code_owners:
        yield Advice(
            level=Level.OPEN,
            what="A pull request that changes the policy, a workflow or the code of the gate can be merged "
            "without anybody's approval: the gate judges request files alone.",
            fix=_SET_IT,
        )
    for one in facts.owners:
        yield Advice(
            level=Level.OPEN if one.open else Level.WEAK,
            what=one.what,
            fix="Take that line away."
            if one.line
            else "Run `lakeport codeowners`, and merge what it writes.",
        )
    for words in facts.unknown_owners:
        yield Advice(
            level=Level.OPEN,
            what=f"GitHub ignores a line of {FILE}: {words}",
            fix="Give that team write access to the repository, or name another.",
        )
    if facts.main.code_owners and not facts.owners and not facts.unknown_owners:
        yield Advice(level=Level.FINE, what="Code, workflows and policy need the approval of their owner.")


def _receipts(facts: Facts) -> Iterator[Advice]:
    branch = facts.receipts
    if not branch.exists:
        return
    if branch.no_force_push and branch.no_deletion:
        what = (
            "The branch of receipts can only grow. Whoever may write to the repository may add to it; "
            "`lakeport receipts verify` names what is no link of the chain."
        )
        yield Advice(level=Level.FINE, what=what)
        return
    yield Advice(
        level=Level.WEAK,
        what="The branch of receipts can be rewritten or deleted by whoever may write.",
        fix="Run `lakeport doctor --github --fix`; until then `lakeport receipts verify` shows it only to "
        "somebody who verified before.",
    )


def _people(facts: Facts) -> Iterator[Advice]:
    without = sorted(login for login, writes in facts.writers.items() if not writes)
    if without:
        yield Advice(
            level=Level.WEAK,
            what=f"{_names(without)} may approve by the policy, and may not write to the repository, so that "
            "their approval never counts.",
            fix="Give them write access, or take them out of the policy.",
        )
    elif facts.writers:
        yield Advice(level=Level.FINE, what="Every approver of the policy may write to the repository.")


def _environments(facts: Facts) -> Iterator[Advice]:
    if facts.environments is None:
        yield Advice(level=Level.UNSEEN, what="The environments cannot be seen with this credential.")
        return
    for name in ENVIRONMENTS:
        if name not in facts.environments:
            yield Advice(
                level=Level.WEAK,
                what=f"There is no environment {name}, so its workflow has no credentials of its own.",
                fix="Make it under Settings, Environments, and put the credentials there.",
            )
    for name, harm in WRITING.items():
        branches = facts.environments.get(name, ())
        if branches is None or set(branches) - {facts.default_branch}:
            others = "any branch" if branches is None else ", ".join(sorted(branches))
            yield Advice(
                level=Level.OPEN,
                what=f"A workflow of {others} can use the credentials of {name}, and so {harm}.",
                fix=f"Let only {facts.default_branch} use it (Settings, Environments, Deployment branches).",
            )


def _settings(facts: Facts) -> Iterator[Advice]:
    if facts.actions_approve:
        yield Advice(
            level=Level.WEAK,
            what="GitHub Actions may approve pull requests; the gate counts no bot, other rules might.",
            fix="Turn it off under Settings, Actions, General.",
        )
    if facts.token_writes:
        yield Advice(
            level=Level.WEAK,
            what="A workflow that does not say what it may do gets a token that may write.",
            fix="Choose the read-only token under Settings, Actions, General.",
        )
    if facts.actions_approve is None or facts.token_writes is None:
        yield Advice(
            level=Level.UNSEEN, what="The settings of GitHub Actions cannot be seen with this credential."
        )
    if facts.mark_defined is False:
        yield Advice(
            level=Level.WEAK,
            what="The organisation does not define the custom property lakeport-request, so that no "
            "repository can be made.",
            fix="An owner of the organisation adds it under Settings, Custom properties, as text.",
        )
    elif facts.mark_defined is None:
        yield Advice(level=Level.UNSEEN, what="The custom properties of the organisation cannot be seen.")


def _names(names: Iterable[str]) -> str:
    *first, last = list(names)
    return f"{', '.join(first)} and {last}" if first else last
