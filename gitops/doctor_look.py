"""What :mod:`gitops.doctor` judges, looked at on GitHub; and the rulesets, set there.

Rulesets are read as they hold for a branch (``GET /repos/{owner}/{repo}/rules/branches/{branch}``), so that
those of the organisation count too.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitops.clients import translate
from gitops.codeowners import FILE, Problem, problems
from gitops.doctor import RECEIPTS, Branch, Facts
from gitops.doctor_rulesets import RULESET, ruleset, ruleset_of_receipts
from gitops.errors import ConfigurationError
from gitops.pulls import CHECK_APP

if TYPE_CHECKING:
    from github import Github

    from gitops.policyfile import Policy

PROPERTY = "lakeport-request"
_PER_PAGE = 100


class Look:
    """One repository on GitHub, as whoever the credential belongs to sees it."""

    def __init__(self, hub: Github, full_name: str, check_app: str) -> None:
        self._hub = hub
        self._name = full_name
        self._organisation = full_name.partition("/")[0]
        self._check_app = check_app

    @translate("GitHub")
    def facts(self, policy: Policy, may_bypass: Iterable[str] = ()) -> Facts:
        """Look at everything; what may not be seen is ``None``. ``may_bypass`` are actors in our words.

        Raises:
            RemoteError: the repository cannot be seen at all, or GitHub did not answer.
        """
        repository = self._hub.get_repo(self._name)
        main = repository.default_branch
        workflow = self._get(f"/repos/{self._name}/actions/permissions/workflow") or {}
        properties = self._get(f"/orgs/{self._organisation}/properties/schema")
        approvers = {login for team in policy.teams.values() for login in team.approvers}
        return Facts(
            default_branch=main,
            main=self._branch(main),
            receipts=self._branch(RECEIPTS),
            check_app=self._app_id(),
            writers={
                login: repository.get_collaborator_permission(login) in ("admin", "write")
                for login in sorted(approvers)
                if self._get(f"/users/{quote(login)}") is not None
            },
            environments=self._environments(),
            actions_approve=workflow.get("can_approve_pull_request_reviews"),
            token_writes=None if not workflow else workflow.get("default_workflow_permissions") == "write",
            mark_defined=None
            if properties is None
            else any(one.get("property_name") == PROPERTY for one in properties),
            owners=self._owners(main, policy),
            unknown_owners=self._unknown_owners(main),
            may_bypass=frozenset(may_bypass),
            shared_app=self._check_app == CHECK_APP,
        )

    def _owners(self, branch: str, policy: Policy) -> tuple[Problem, ...]:
        path = f"/repos/{self._name}/contents/{FILE}?ref={quote(branch, safe='')}"
        found = self._get(path) or {}
        raw = base64.b64decode(found.get("content") or "")
        return problems(raw.decode("utf-8", "replace"), policy)

    def _unknown_owners(self, branch: str) -> tuple[str, ...]:
        """What GitHub says of the lines that it ignores, each with its number."""
        path = f"/repos/{self._name}/codeowners/errors?ref={quote(branch, safe='')}"
        found = self._get(path) or {}
        return tuple(
            f"line {one.get('line')}, {one.get('kind')} ({str(one.get('source', '')).strip()})."
            for one in found.get("errors", ())
        )

    def _app_id(self) -> int | None:
        found = self._get(f"/apps/{quote(self._check_app)}")
        return int(found["id"]) if found else None

    def _branch(self, name: str) -> Branch:
        if self._get(f"/repos/{self._name}/branches/{quote(name, safe='')}") is None:
            return Branch(exists=False)
        rules = self._get(f"/repos/{self._name}/rules/branches/{quote(name, safe='')}?per_page={_PER_PAGE}")
        types = {rule["type"] for rule in rules or ()}
        checks: dict[str, int | None] = {}
        owners = False
        for rule in rules or ():
            if rule["type"] == "pull_request":
                owners = owners or bool((rule.get("parameters") or {}).get("require_code_owner_review"))
            if rule["type"] == "required_status_checks":
                for one in (rule.get("parameters") or {}).get("required_status_checks", ()):
                    checks[one["context"]] = one.get("integration_id") or checks.get(one["context"])
        return Branch(
            pull_required="pull_request" in types,
            code_owners=owners,
            checks=checks,
            no_force_push="non_fast_forward" in types,
            no_deletion="deletion" in types,
            bypass=self._bypass(rules or ()),
        )

    def _bypass(self, rules: Iterable[Mapping[str, Any]]) -> tuple[str, ...] | None:
        """Who may pass these rules by; GitHub tells it only to those who may change them."""
        found: list[str] = []
        for rule in {rule["ruleset_id"]: rule for rule in rules}.values():
            if rule.get("ruleset_source_type") == "Organization":
                path = f"/orgs/{self._organisation}/rulesets/{rule['ruleset_id']}"
            else:
                path = f"/repos/{self._name}/rulesets/{rule['ruleset_id']}"
            whole = self._get(path)
            if whole is None or "bypass_actors" not in whole:
                return None
            found += map(_words, whole["bypass_actors"])
        return tuple(dict.fromkeys(found))

    def _environments(self) -> Mapping[str, tuple[str, ...] | None] | None:
        answer = self._get(f"/repos/{self._name}/environments?per_page={_PER_PAGE}")
        if answer is None:
            return None
        found: dict[str, tuple[str, ...] | None] = {}
        for one in answer.get("environments", ()):
            policy = one.get("deployment_branch_policy")
            if not policy:
                found[one["name"]] = None
            elif policy.get("protected_branches"):
                found[one["name"]] = ("every protected branch",)
            else:
                path = f"/repos/{self._name}/environments/{quote(one['name'], safe='')}"
                named = self._get(f"{path}/deployment-branch-policies?per_page={_PER_PAGE}") or {}
                found[one["name"]] = tuple(item["name"] for item in named.get("branch_policies", ()))
        return found

    @translate("GitHub")
    def fix(self, facts: Facts) -> tuple[str, ...]:
        """Set our rulesets and the rights of workflows; gives what was done, in sentences.

        A ruleset of that name is brought to what it should be; of who may bypass it those stay who are meant
        to. Nothing of others is touched.

        Raises:
            ConfigurationError: the app that writes our checks is not known.
            RemoteError: this credential may not, or GitHub did not answer.
        """
        if facts.check_app is None:
            raise ConfigurationError(
                f"GitHub knows no app {self._check_app}.",
                why="The required checks are tied to the app that writes them.",
                fix="Set LAKEPORT_CHECK_APP to the slug of that app, or leave it out for GitHub Actions.",
            )
        there = {one["name"]: one["id"] for one in self._get(f"/repos/{self._name}/rulesets") or ()}
        wanted = [
            ruleset(facts.default_branch, facts.check_app, self._kept(there.get(RULESET), facts)),
            ruleset_of_receipts(),
        ]
        said = []
        for one in wanted:
            path, name = f"/repos/{self._name}/rulesets", one["name"]
            if name in there:
                self._hub.requester.requestJsonAndCheck("PUT", f"{path}/{there[name]}", input=one)
                said.append(f"The ruleset {name} is as it should be.")
            else:
                self._hub.requester.requestJsonAndCheck("POST", path, input=one)
                said.append(f"The ruleset {name} was made.")
        if facts.actions_approve or facts.token_writes:
            rights = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
            path = f"/repos/{self._name}/actions/permissions/workflow"
            self._hub.requester.requestJsonAndCheck("PUT", path, input=rights)
            said.append("Workflows may only read unless they say otherwise, and approve nothing.")
        return tuple(said)

    def _kept(self, number: int | None, facts: Facts) -> list[Mapping[str, Any]]:
        """Who may bypass our ruleset and is meant to."""
        whole = self._get(f"/repos/{self._name}/rulesets/{number}") if number else None
        actors = (whole or {}).get("bypass_actors") or ()
        return [one for one in actors if _words(one) in facts.may_bypass]

    def _get(self, path: str) -> Any:
        """What is at this address; ``None`` when there is nothing, or we may not see it."""
        from github import GithubException

        try:
            return self._hub.requester.requestJsonAndCheck("GET", path)[1]
        except GithubException as error:
            if error.status in (403, 404):
                return None
            raise


def _words(actor: Mapping[str, Any]) -> str:
    """An actor of a bypass list: ``Team 77``, ``Integration 15368``, ``RepositoryRole 5`` and the like."""
    sorts = {"OrganizationAdmin": "owners of the organisation", "DeployKey": "deploy keys"}
    return sorts.get(actor["actor_type"], f"{actor['actor_type']} {actor.get('actor_id')}")
