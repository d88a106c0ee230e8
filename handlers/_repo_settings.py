"""What the organisation wants of every repository, as its policy says: pure, over what was read.

A section of the policy that is left out is not managed. Of the rulesets only the one named ``lakeport``
counts; what others add to a repository (a ruleset, an environment, a property) is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops.kind import Desired
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers._repo_fields import LEVELS, RepoSpec
from handlers._repo_state import RepoState, change

if TYPE_CHECKING:
    from gitops.policy_repositories import Ruleset

RULESET = "lakeport"
"""What our ruleset is called."""

CODEOWNERS = ".github/CODEOWNERS"
"""Where it is written; one in the root or under ``docs/`` counts as well."""

Settings = Mapping[str, Any]
"""By section, only what is managed: ``merge`` {setting: bool}, ``properties`` {name: text}, ``environments``
[names], ``codeowners`` bool, ``ruleset`` (as :func:`ruleset_of` gives it, or None)."""


def wanted(desired: Desired[RepoSpec]) -> dict[str, Any]:
    """What the policy wants of this repository."""
    policy, origin = desired.origin.repositories, desired.origin
    if policy is None:
        return {}
    found: dict[str, Any] = {
        "merge": policy.merge.settings,
        "properties": {
            name: value for known, name in policy.properties.items() if (value := str(getattr(origin, known)))
        },
        "environments": sorted(policy.environments),
        "codeowners": policy.codeowners and "scaffold" not in origin.kinds,
        "ruleset": _normal(policy.ruleset) if policy.ruleset else None,
    }
    return {section: value for section, value in found.items() if value}


def _normal(ruleset: Ruleset) -> dict[str, Any]:
    return {
        "enforced": True,
        "approvals": ruleset.approvals,
        "code_owners": ruleset.code_owners,
        "dismiss_stale": ruleset.dismiss_stale,
        "checks": sorted(set(ruleset.checks)),
        "bypass_apps": sorted(set(ruleset.bypass_apps)),
        "also_bypass": 0,
        "protects": ["deletion", "non_fast_forward"],
        "branches": ["~DEFAULT_BRANCH"],
    }


def ruleset_of(given: Mapping[str, Any], bypass_apps: list[int]) -> dict[str, Any]:
    """A ruleset of GitHub's API as we compare it: what we do not set is left out.

    GitHub shows who may bypass it only to those who may change it; hidden, it is taken to be as it should.
    """
    rules = {rule["type"]: rule.get("parameters") or {} for rule in given.get("rules") or ()}
    pulls = rules.get("pull_request", {})
    checks = rules.get("required_status_checks", {}).get("required_status_checks", ())
    actors = given.get("bypass_actors")
    apps = [one.get("actor_id") for one in actors or () if one.get("actor_type") == "Integration"]
    branches = (given.get("conditions") or {}).get("ref_name") or {}
    return {
        "enforced": given.get("enforcement") == "active",
        "approvals": pulls.get("required_approving_review_count", 0) if pulls else -1,
        "code_owners": bool(pulls.get("require_code_owner_review")),
        "dismiss_stale": bool(pulls.get("dismiss_stale_reviews_on_push")),
        "checks": sorted(str(one.get("context")) for one in checks),
        "bypass_apps": bypass_apps if actors is None else sorted(apps),
        "also_bypass": len(actors or ()) - len(apps),
        "protects": sorted(rules.keys() & {"deletion", "non_fast_forward"}),
        "branches": sorted(branches.get("include") or ()),
    }


def ruleset_body(normal: Mapping[str, Any]) -> dict[str, Any]:
    """The ruleset as GitHub's API takes it."""
    rules: list[dict[str, Any]] = [{"type": name} for name in normal["protects"]]
    parameters = {
        "required_approving_review_count": normal["approvals"],
        "require_code_owner_review": normal["code_owners"],
        "dismiss_stale_reviews_on_push": normal["dismiss_stale"],
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }
    rules.append({"type": "pull_request", "parameters": parameters})
    if normal["checks"]:
        checks = {
            "strict_required_status_checks_policy": False,
            "required_status_checks": [{"context": name} for name in normal["checks"]],
        }
        rules.append({"type": "required_status_checks", "parameters": checks})
    return {
        "name": RULESET,
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": normal["branches"], "exclude": []}},
        "bypass_actors": [
            {"actor_id": app, "actor_type": "Integration", "bypass_mode": "always"}
            for app in normal["bypass_apps"]
        ],
        "rules": rules,
    }


def corrections(desired: Desired[RepoSpec], state: RepoState | None) -> Iterator[Change]:
    """What differs; ``None`` is a repository that is yet to be made, which gets the first two at birth.

    The ruleset comes last: what it would hold up is written before.
    """
    asked = wanted(desired)
    stands = state.settings if state is not None else {}
    if asked.get("codeowners"):
        _require_writing_owners(desired)
    if state is not None:
        yield from _values(desired, asked, stands)
    for name in asked.get("environments", ()):
        if name not in stands.get("environments", ()):
            yield change(
                desired,
                f"environment:{name}",
                Verb.CREATE,
                before=None,
                after={"environment": name},
                summary=f"Add the environment {name} to {desired.spec.name}",
            )
    if asked.get("codeowners") and not stands.get("codeowners"):
        owner = f"@{desired.origin.organisation}/{desired.origin.github_team}"
        yield change(
            desired,
            "codeowners",
            Verb.CREATE,
            before=None,
            after={"path": CODEOWNERS, "content": f"* {owner}\n"},
            summary=f"Make {owner} the owner of the code of {desired.spec.name}",
        )
    if "ruleset" in asked and stands.get("ruleset") != asked["ruleset"]:
        before = stands.get("ruleset")
        yield change(
            desired,
            "ruleset",
            Verb.UPDATE if before else Verb.CREATE,
            before=before,
            after={"ruleset": asked["ruleset"]},
            summary=f"{'Correct' if before else 'Add'} the ruleset {RULESET} on the default branch of "
            f"{desired.spec.name}: {_said(asked['ruleset'])}",
        )


def _values(desired: Desired[RepoSpec], asked: Settings, stands: Settings) -> Iterator[Change]:
    for section, action, what in (
        ("merge", "merge", "merge settings"),
        ("properties", "properties", "custom properties"),
    ):
        held = stands.get(section, {})
        differs = {k: v for k, v in asked.get(section, {}).items() if held.get(k) != v}
        if differs:
            yield change(
                desired,
                action,
                Verb.UPDATE,
                before={name: held.get(name) for name in differs},
                after={section: differs},
                summary=f"{desired.spec.name}: set the {what} "
                + ", ".join(f"{name} to {_word(value)}" for name, value in sorted(differs.items())),
            )


def _word(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _said(normal: Mapping[str, Any]) -> str:
    count = normal["approvals"]
    return f"no forced push, no deletion, {count} approval{'s' if count != 1 else ''} of a pull request"


def _require_writing_owners(desired: Desired[RepoSpec]) -> None:
    """GitHub ignores an owner of code who may not write it, without a word."""
    team = desired.origin.github_team
    held = next((entry.permission for entry in desired.spec.access if entry.team == team), None)
    if held is None or LEVELS.index(held) < LEVELS.index("push"):
        raise RefusedChange(
            Reason.MISSING,
            f"The team {team} is to own the code of {desired.spec.name}, and may not write it: GitHub would "
            "ignore it in CODEOWNERS without a word.",
            f"Give the team {team} `push` or more under `access`.",
        )


def missing_secrets(desired: Desired[RepoSpec], there: set[str]) -> tuple[str, ...]:
    """Names of Actions secrets that the policy wants and nobody has set yet."""
    policy = desired.origin.repositories
    if policy is None or policy.secrets is None:
        return ()
    return tuple(sorted(set(policy.secrets.names) - there))


def secrets_note(desired: Desired[RepoSpec], missing: tuple[str, ...]) -> tuple[str, ...]:
    """A sentence for the reviewer on secrets that are not there, and who sets them."""
    policy = desired.origin.repositories
    if not missing or policy is None or policy.secrets is None:
        return ()
    return (f"{policy.secrets.set_by} sets the Actions secrets that are missing: {', '.join(missing)}.",)
