"""What :mod:`gitops.doctor` judges, looked at on GitHub; and the rulesets, set there.

Rulesets are read as they hold for a branch (``GET /repos/{owner}/{repo}/rules/branches/{branch}``), so that
those of the organisation count too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitops.clients import translate
from gitops.doctor import RECEIPTS, Branch, Facts, ruleset, ruleset_of_receipts
from gitops.errors import ConfigurationError

if TYPE_CHECKING:
    from github import Github

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
    def facts(self, approvers: Iterable[str]) -> Facts:
        """Look at everything; what may not be seen is ``None``.

        Raises:
            RemoteError: the repository cannot be seen at all, or GitHub did not answer.
        """
        repository = self._hub.get_repo(self._name)
        main = repository.default_branch
        workflow = self._get(f"/repos/{self._name}/actions/permissions/workflow") or {}
        properties = self._get(f"/orgs/{self._organisation}/properties/schema")
        return Facts(
            default_branch=main,
            main=self._branch(main),
            receipts=self._branch(RECEIPTS),
            check_app=self._app_id(),
            writers={
                login: repository.get_collaborator_permission(login) in ("admin", "write")
                for login in sorted(set(approvers))
                if self._get(f"/users/{quote(login)}") is not None
            },
            environments=self._environments(),
            actions_approve=workflow.get("can_approve_pull_request_reviews"),
            token_writes=None if not workflow else workflow.get("default_workflow_permissions") == "write",
            mark_defined=None
            if properties is None
            else any(one.get("property_name") == PROPERTY for one in properties),
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
        for rule in rules or ():
            if rule["type"] == "required_status_checks":
                for one in (rule.get("parameters") or {}).get("required_status_checks", ()):
                    checks[one["context"]] = one.get("integration_id") or checks.get(one["context"])
        return Branch(
            pull_required="pull_request" in types,
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
            for one in whole["bypass_actors"]:
                sort = {"OrganizationAdmin": "owners of the organisation", "DeployKey": "deploy keys"}
                words = sort.get(one["actor_type"], f"{one['actor_type']} {one.get('actor_id')}")
                found.append(words)
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
        """Set our rulesets on the default branch and on the receipts; gives what was done, in sentences.

        One of that name is brought to what it should be. Nothing of others is touched.

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
        wanted = [ruleset(facts.default_branch, facts.check_app), ruleset_of_receipts()]
        there = {one["name"]: one["id"] for one in self._get(f"/repos/{self._name}/rulesets") or ()}
        said = []
        for one in wanted:
            path = f"/repos/{self._name}/rulesets"
            name = one["name"]
            if name in there:
                self._hub.requester.requestJsonAndCheck("PUT", f"{path}/{there[name]}", input=one)
                said.append(f"The ruleset {name} is as it should be.")
            else:
                self._hub.requester.requestJsonAndCheck("POST", path, input=one)
                said.append(f"The ruleset {name} was made.")
        return tuple(said)

    def _get(self, path: str) -> Any:
        """What is at this address; ``None`` when there is nothing, or we may not see it."""
        from github import GithubException

        try:
            return self._hub.requester.requestJsonAndCheck("GET", path)[1]
        except GithubException as error:
            if error.status in (403, 404):
                return None
            raise
