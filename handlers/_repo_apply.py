"""Carrying out one change of a repository: looks before it touches, and keeps what an earlier run made."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from gitops.clients import translate
from gitops.errors import ConfigurationError
from gitops.ownership import require_still_ours
from gitops.patience import until
from gitops.plan import Change, Verb
from gitops.policy_repositories import MARK
from handlers import _repo_api as api
from handlers import _repo_settings, _repo_workflow
from handlers._repo_look import holders, level_of, mark_of, ruleset

if TYPE_CHECKING:
    from handlers._repo_api import Client

After = Mapping[str, Any]


def apply(change: Change, client: Client) -> None:
    """One change; a repository that an interrupted run made is found and kept."""
    action = change.action.partition(":")[0]
    with translate("GitHub"):
        if action == "repository" and change.verb is Verb.CREATE:
            _make(client, change.after)
        elif action == "repository":
            _archive(client, change.after)
        else:
            act = _ACTIONS[action]
            api.fresh(lambda: act(client, change.after))


def _of(after: After, *parts: str) -> str:
    return api.path("repos", after["organisation"], after["name"], *parts)


# -- the repository itself ---------------------------------------------------------------------------------


def _make(client: Client, after: After) -> None:
    """Create unless it stands; then wait until its first commit can be read, as the scaffold needs it."""
    full_name = f"{after['organisation']}/{after['name']}"
    there = api.look(client, _of(after))
    if there is not None and (mark_of(there) or "workflow" not in after):
        _require_ours(there, after["mark"])
    elif "workflow" in after:
        _repo_workflow.make(client, after, stands=there is not None)
        found = until(
            partial(api.look, client, _of(after)), what=f"The repository {full_name}", where="GitHub"
        )
        _correct(client, found, after)
    else:
        _create(client, after)
    until(lambda: _readable(client, after), what=f"The repository {full_name}", where="GitHub")


def _create(client: Client, after: After) -> None:
    from github import GithubException

    body = {
        "name": after["name"],
        "description": after["description"],
        "visibility": after["visibility"],
        "auto_init": True,
        "custom_properties": {**after.get("properties", {}), MARK: after["mark"]},
        **after.get("merge", {}),
    }
    try:
        with _properties_defined(body["custom_properties"]):
            api.ask(client, "POST", api.path("orgs", after["organisation"], "repos"), body)
    except GithubException as error:
        # A repeated POST after a lost answer: what it made the first time is ours.
        if not api.says(422, "already exists", error):
            raise


def _correct(client: Client, found: Mapping[str, Any], after: After) -> None:
    """Bring what the organisation's workflow made to what was approved; our mark, that it is done, last."""
    if mark_of(found):
        _require_ours(found, after["mark"])
    asked = {
        "visibility": after["visibility"],
        "description": after["description"],
        **after.get("merge", {}),
    }
    differs = {name: value for name, value in asked.items() if (found.get(name) or "") != (value or "")}
    if differs:
        api.fresh(lambda: api.ask(client, "PATCH", _of(after), differs))
    values = {**after.get("properties", {}), MARK: after["mark"]}
    held = found.get("custom_properties") or {}
    if any(held.get(name) != value for name, value in values.items()):
        api.fresh(lambda: _set_properties(client, after, values))


def _readable(client: Client, after: After) -> bool | None:
    """True once it shows, with its mark and its first commit."""
    found = api.look(client, _of(after))
    if found is None or not mark_of(found):
        return None
    _require_ours(found, after["mark"])
    return True if api.look(client, _of(after, "git", "ref", "heads", found["default_branch"])) else None


def _archive(client: Client, after: After) -> None:
    found = api.ask(client, "GET", _of(after))
    _require_ours(found, after["mark"])
    if not found["archived"]:
        api.ask(client, "PATCH", _of(after), {"archived": True})


def _require_ours(found: Mapping[str, Any], mark: str) -> None:
    require_still_ours(f"the repository {found['full_name']}", mark_of(found), mark)


# -- its settings ------------------------------------------------------------------------------------------


def _set_properties(client: Client, after: After, values: Mapping[str, Any]) -> None:
    properties = [{"property_name": name, "value": value} for name, value in sorted(values.items())]
    with _properties_defined(values):
        api.ask(client, "PATCH", _of(after, "properties", "values"), {"properties": properties})


@contextmanager
def _properties_defined(names: Mapping[str, Any]) -> Iterator[None]:
    """GitHub's 422 for a custom property that the organisation has not defined, as what to do about it."""
    from github import GithubException

    try:
        yield
    except GithubException as error:
        if not api.says(422, "propert", error):
            raise
        said = str(error.data)
        name = next((name for name in sorted(names) if f"'{name}'" in said), MARK)
        raise ConfigurationError(
            f"The organisation does not define the custom property {name}, or not with that value.",
            why="The policy wants it on every repository."
            if name != MARK
            else "Every repository carries it as the mark of the request that owns it.",
            fix=f"An owner of the organisation adds {name} under Settings, Custom properties, as text.",
            where="GitHub",
        ) from None


def _settings(client: Client, after: After) -> None:
    body = {key: after[key] for key in ("visibility", "description") if key in after}
    api.ask(client, "PATCH", _of(after), body | dict(after.get("merge", {})))


def _topics(client: Client, after: After) -> None:
    held = set(api.ask(client, "GET", _of(after, "topics"))["names"])
    wanted = held - set(after.get("without", ())) | set(after["topics"])
    if wanted != held:
        api.ask(client, "PUT", _of(after, "topics"), {"names": sorted(wanted)})


def _environment(client: Client, after: After) -> None:
    """A PUT without a body would still take the protection from one that is there."""
    where = _of(after, "environments", after["environment"])
    if api.look(client, where) is None:
        api.ask(client, "PUT", where)


def _codeowners(client: Client, after: After) -> None:
    """Never over one that is there, in any of the places that GitHub knows."""
    from github import GithubException

    if api.look(client, _of(after, "codeowners", "errors")) is not None:
        return
    content = base64.b64encode(str(after["content"]).encode()).decode()
    body = {"message": "Say who owns the code", "content": content}
    try:
        api.ask(client, "PUT", _of(after, "contents", *after["path"].split("/")), body)
    except GithubException as error:
        if not api.says(422, "sha", error):  # written since: by a repeated call, or by somebody
            raise


def _ruleset(client: Client, after: After) -> None:
    from github import GithubException

    name, wanted = f"{after['organisation']}/{after['name']}", after["ruleset"]
    body = _repo_settings.ruleset_body(wanted)
    found = ruleset(client, name)
    if found is None:
        try:
            api.ask(client, "POST", _of(after, "rulesets"), body)
        except GithubException as error:
            # A repeated POST after a lost answer: names of rulesets are unique.
            if error.status != 422 or (found := ruleset(client, name)) is None:
                raise
    if found is not None and _repo_settings.ruleset_of(found, wanted["bypass_apps"]) != wanted:
        api.ask(client, "PUT", _of(after, "rulesets", str(found["id"])), body)


# -- who may what ------------------------------------------------------------------------------------------


def _access(client: Client, after: After) -> None:
    """A team; an archived repository takes no change, which is no failure where nothing would change."""
    from github import GithubException

    repository = ("repos", after["organisation"], after["name"])
    where = api.path("orgs", after["organisation"], "teams", after["team"], *repository)
    permission = after["permission"]
    try:
        if permission is None:
            api.absent(lambda: api.ask(client, "DELETE", where), 404)
        else:
            api.ask(client, "PUT", where, {"permission": permission})
    except GithubException as error:
        if not api.says(403, "archived", error) or _teams(client, after).get(after["team"]) != permission:
            raise


def _teams(client: Client, after: After) -> dict[str, str]:
    return {str(row["slug"]): level_of(row) for row in api.listed(client, _of(after, "teams"))}


def _person(client: Client, after: After) -> None:
    """A person; an invitation that is open is theirs already, and is taken back like access."""
    login, permission = after["login"], after["permission"]
    held, invitation = holders(client, f"{after['organisation']}/{after['name']}").get(login, ("", 0))
    if held == (permission or ""):
        return
    if permission is None:
        part = ("invitations", str(invitation)) if invitation else ("collaborators", login)
        api.absent(lambda: api.ask(client, "DELETE", _of(after, *part)), 404)
        return
    if after.get("invite") == "organisation":
        membership = api.path("orgs", after["organisation"], "memberships", login)
        if api.look(client, membership) is None:
            api.ask(client, "PUT", membership, {"role": "member"})
    api.ask(client, "PUT", _of(after, "collaborators", login), {"permission": permission})


_ACTIONS: Mapping[str, Callable[[Client, After], None]] = {
    "mark": lambda client, after: _set_properties(client, after, {MARK: after["mark"]}),
    "settings": _settings,
    "merge": _settings,
    "properties": lambda client, after: _set_properties(client, after, after["properties"]),
    "topics": _topics,
    "environment": _environment,
    "codeowners": _codeowners,
    "ruleset": _ruleset,
    "access": _access,
    "person": _person,
}
