"""Operations on what governs a repository of the rehearsal GitHub, from rulesets to code owners."""

from __future__ import annotations

import re
from typing import Any

from sandbox.github.answers import Answer, Page, invalid, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.data import PERMISSIONS, now
from sandbox.github.models import node

routes = Routes()
REPO = "/repos/{owner}/{repo}"
CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
RULES = ("deletion", "non_fast_forward", "pull_request", "required_status_checks", "required_linear_history")


# -- rulesets -----------------------------------------------------------------------------------------


def _ruleset(call: Call, number: int, *, full: bool) -> Any:
    kept = call.repository.rulesets[number]
    name = call.repository.full_name
    url = f"{call.state.url}/repos/{name}/rulesets/{number}"
    parts = ("name", "target", "enforcement", "created_at", "updated_at")
    body = {
        "id": number,
        "node_id": node("RepositoryRuleset", number),
        "source": name,
        "source_type": "Repository",
        **{part: kept[part] for part in parts},
        "_links": {"self": {"href": url}, "html": {"href": f"{call.state.url}/{name}/rules/{number}"}},
    }
    if full:
        body |= {part: kept[part] for part in ("conditions", "rules", "bypass_actors")}
    return body


def _the_ruleset(call: Call) -> int:
    number = call.number("ruleset_id")
    if number not in call.repository.rulesets:
        raise not_found()
    return number


def _keep(call: Call, number: int) -> None:
    """Store what was sent over what was there; a name stands once."""
    new: dict[str, Any] = {"created_at": now(), "target": "branch", "bypass_actors": []}
    kept = call.repository.rulesets.get(number, new)
    given: dict[str, Any] = {
        name: call.body[name]
        for name in ("name", "target", "enforcement", "conditions", "rules", "bypass_actors")
        if name in call.body
    }
    fresh: dict[str, Any] = {"conditions": {}, "rules": [], **kept, **given, "updated_at": now()}
    if not fresh.get("name"):
        raise invalid("Ruleset", "name", "missing_field")
    if fresh.get("enforcement") not in ("active", "disabled", "evaluate"):
        raise invalid("Ruleset", "enforcement")
    if any(rule.get("type") not in RULES for rule in fresh["rules"]):
        raise invalid("Ruleset", "rules")
    others = {each["name"] for key, each in call.repository.rulesets.items() if key != number}
    if fresh["name"] in others:
        raise invalid("Ruleset", "name", "custom", "Name must be unique")
    call.repository.rulesets[number] = fresh


@routes("GET", REPO + "/rulesets", "metadata:read")
def rulesets(call: Call) -> Any:
    """Its rulesets without their rules; the organisation has none here."""
    return Page([_ruleset(call, number, full=False) for number in call.repository.rulesets])


@routes("POST", REPO + "/rulesets", "administration:write")
def create_ruleset(call: Call) -> Any:
    """Make a ruleset."""
    number = call.state.new_id()
    _keep(call, number)
    return Answer(_ruleset(call, number, full=True), 201)


@routes("GET", REPO + "/rulesets/{ruleset_id}", "metadata:read")
def some_ruleset(call: Call) -> Any:
    """One ruleset with its rules; who may bypass it is for those who may change it."""
    body = _ruleset(call, _the_ruleset(call), full=True)
    if call.level(call.repository) != "admin":
        del body["bypass_actors"]
    return body


@routes("PUT", REPO + "/rulesets/{ruleset_id}", "administration:write")
def change_ruleset(call: Call) -> Any:
    """Change a ruleset; what is not sent stays."""
    number = _the_ruleset(call)
    _keep(call, number)
    return _ruleset(call, number, full=True)


# -- environments and secrets -------------------------------------------------------------------------


def _environment(call: Call, name: str) -> Any:
    found = call.repository.environments[name]
    url = f"{call.state.url}/repos/{call.repository.full_name}/environments/{name}"
    html = f"{call.state.url}/{call.repository.full_name}/deployments/activity_log?environments_filter={name}"
    times = {"created_at": found["created_at"], "updated_at": found["created_at"]}
    about = {"id": found["id"], "node_id": node("Environment", found["id"]), "name": name}
    return {**about, "url": url, "html_url": html, **times, "protection_rules": []}


@routes("GET", REPO + "/environments", "actions:read")
def environments(call: Call) -> Any:
    """Its environments."""
    return Page([_environment(call, name) for name in call.repository.environments], "environments")


@routes("GET", REPO + "/environments/{environment_name}", "actions:read")
def some_environment(call: Call) -> Any:
    """One environment."""
    if call.parameters["environment_name"] not in call.repository.environments:
        raise not_found()
    return _environment(call, call.parameters["environment_name"])


@routes("PUT", REPO + "/environments/{environment_name}", "administration:write")
def put_environment(call: Call) -> Any:
    """Make an environment, or find it."""
    name = call.parameters["environment_name"]
    call.repository.environments.setdefault(name, {"id": call.state.new_id(), "created_at": now()})
    return _environment(call, name)


def _secrets(call: Call, names: list[str]) -> Page:
    times = {"created_at": call.repository.created_at, "updated_at": call.repository.created_at}
    return Page([{"name": name, **times} for name in names], "secrets")


@routes("GET", REPO + "/actions/secrets", "actions:read")
def secrets(call: Call) -> Any:
    """Names of its Actions secrets; a value is never told."""
    return _secrets(call, call.repository.secrets)


@routes("GET", REPO + "/actions/organization-secrets", "actions:read")
def organisation_secrets(call: Call) -> Any:
    """Names of the organisation's secrets that it may use."""
    found = call.state.data.organisations.get(call.repository.owner.lower())
    return _secrets(call, found.secrets if found else [])


# -- code owners --------------------------------------------------------------------------------------


@routes("GET", REPO + "/codeowners/errors", "metadata:read")
def codeowners_errors(call: Call) -> Any:
    """What is wrong with its CODEOWNERS, 404 without one: owners that may not write there do not count."""
    found, git = call.repository, call.git
    head = git.resolve(f"refs/heads/{found.default_branch}")
    path = next((path for path in CODEOWNERS if head and git.entry(head, path)), None)
    if head is None or path is None:
        raise not_found()
    entry = git.entry(head, path)
    text = git.blob(entry.sha).decode("utf-8", "replace") if entry else ""
    errors = []
    for number, line in enumerate(text.splitlines(), 1):
        for owner in re.findall(r"@\S+", line.partition("#")[0]):
            if not _may_write(call, owner.removeprefix("@")):
                errors.append(_unknown(line, number, owner, path))
    return {"errors": errors}


def _may_write(call: Call, owner: str) -> bool:
    state, found = call.state, call.repository
    if "/" in owner:
        team = state.data.teams.get(owner.lower())
        held = team.repositories.get(found.full_name.lower(), "none") if team else "none"
    else:
        held = state.permission(found, owner)
    return PERMISSIONS.index(held) >= PERMISSIONS.index("push")


def _unknown(line: str, number: int, owner: str, path: str) -> Any:
    hint = f"make sure {owner} exists and has write access to the repository"
    return {
        "line": number,
        "column": line.index(owner) + 1,
        "source": line,
        "kind": "Unknown owner",
        "suggestion": hint,
        "message": f"Unknown owner on line {number}: {hint}",
        "path": path,
    }
