"""Whether the repository on GitHub is set up so that no request passes without the gate: a pure judgement.

What is looked at is gathered by :mod:`gitops.doctor_look`. Each advice says in words what could happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

PLAN, GATE = "lakeport/plan", "lakeport/gate"
REQUIRED_CHECKS = (PLAN, GATE)
RULESET = "lakeport"
"""The name of the ruleset that we set."""

RECEIPTS = "receipts"


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

    ``checks`` maps required checks to the id of the app that has to write them, ``None`` for any. ``bypass``
    are those who may pass the rules by, in words; ``None`` when that cannot be seen.
    """

    exists: bool = True
    pull_required: bool = False
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


def judge(facts: Facts) -> tuple[Advice, ...]:
    """All advice, the worst first."""
    found = [*_main(facts), *_receipts(facts), *_people(facts), *_environments(facts), *_settings(facts)]
    order = list(Level)
    return tuple(sorted(found, key=lambda advice: order.index(advice.level)))


def _main(facts: Facts) -> Iterator[Advice]:
    branch, name = facts.main, facts.default_branch
    set_it = "Run `lakeport doctor --github --fix`, as somebody who administers the repository."
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
    if not branch.no_force_push:
        yield Advice(
            level=Level.WEAK, what=f"The history of {name} can be rewritten by a force-push.", fix=set_it
        )
    if branch.bypass is None:
        yield Advice(
            level=Level.UNSEEN,
            what="Who may bypass the rules cannot be seen with this credential.",
            fix="Run it as somebody who administers the repository.",
        )
    elif branch.bypass:
        yield Advice(
            level=Level.OPEN,
            what=f"{_names(branch.bypass)} may bypass the rules of {name}, and so merge without the gate.",
            fix="Take them out of the bypass list of the ruleset.",
        )
    if branch.pull_required and set(REQUIRED_CHECKS) <= branch.checks.keys():
        yield Advice(
            level=Level.FINE, what=f"{name} asks for a pull request and for {' and '.join(REQUIRED_CHECKS)}."
        )


def _receipts(facts: Facts) -> Iterator[Advice]:
    branch = facts.receipts
    if not branch.exists:
        return
    if branch.no_force_push and branch.no_deletion:
        yield Advice(level=Level.FINE, what="The branch of receipts can only grow.")
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
    for name in ("lakeport-plan", "lakeport-apply"):
        if name not in facts.environments:
            yield Advice(
                level=Level.WEAK,
                what=f"There is no environment {name}, so its workflow has no credentials of its own.",
                fix="Make it under Settings, Environments, and put the credentials there.",
            )
    branches = facts.environments.get("lakeport-apply", ())
    if branches is None or set(branches) - {facts.default_branch}:
        others = "any branch" if branches is None else ", ".join(sorted(branches))
        yield Advice(
            level=Level.OPEN,
            what=f"A workflow of {others} can use the credentials of lakeport-apply, and so apply what "
            "nobody approved.",
            fix=f"Let only {facts.default_branch} use the environment (Settings, Environments, Deployment "
            "branches).",
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


def ruleset(branch: str, check_app: int) -> dict[str, Any]:
    """The ruleset that keeps ``branch``: what ``--fix`` sends, as GitHub's REST API takes it."""
    checks = [{"context": name, "integration_id": check_app} for name in REQUIRED_CHECKS]
    return {
        "name": RULESET,
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": [f"refs/heads/{branch}"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {
                "type": "pull_request",
                "parameters": {
                    "required_approving_review_count": 0,  # the gate counts; GitHub's own author is the bot
                    "dismiss_stale_reviews_on_push": True,
                    "require_code_owner_review": False,
                    "require_last_push_approval": False,
                    "required_review_thread_resolution": False,
                },
            },
            {
                "type": "required_status_checks",
                "parameters": {
                    "strict_required_status_checks_policy": False,
                    "required_status_checks": checks,
                },
            },
        ],
    }


def ruleset_of_receipts() -> dict[str, Any]:
    """The ruleset by which the branch of receipts only grows."""
    return {
        "name": f"{RULESET}-receipts",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": [f"refs/heads/{RECEIPTS}"], "exclude": []}},
        "rules": [{"type": "deletion"}, {"type": "non_fast_forward"}],
    }


def _names(names: Iterable[str]) -> str:
    *first, last = list(names)
    return f"{', '.join(first)} and {last}" if first else last
