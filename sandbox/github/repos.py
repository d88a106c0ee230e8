"""Operations on repositories as a whole: make, change, archive, topics, labels."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from sandbox.github.answers import Answer, ApiError, Page, invalid, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.data import Repository, Visibility, now
from sandbox.github.events import GITHUB
from sandbox.github.git import Signature
from sandbox.github.models import SETTINGS, repository
from sandbox.github.models_pulls import label
from sandbox.github.orgs import checked_properties, put_properties

routes = Routes()
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")


def _shown(call: Call, found: Repository) -> Any:
    person = call.state.permission(found, call.token.login) if call.token else "pull"
    return repository(call.state, found, permission="admin" if call.app else person, full=True)


@routes("GET", "/orgs/{org}/repos", "organisation:read")
def repositories(call: Call) -> Any:
    """Repositories of an organisation that the caller may see."""
    name = call.organisation.login
    all_of = [each for each in call.state.data.repositories.values() if each.owner == name]
    seen = [each for each in all_of if call.level(each) != "none"]
    return Page([repository(call.state, each) | {"custom_properties": each.properties} for each in seen])


@routes("POST", "/orgs/{org}/repos", "organisation:write")
def create_repository(call: Call) -> Any:
    """Make a repository; with ``auto_init`` it has a first commit."""
    name = call.text("name", required=True, resource="Repository")
    if not NAME.fullmatch(name) or name in (".", ".."):
        raise invalid("Repository", "name")
    owner = call.organisation.login
    if call.state.repository(f"{owner}/{name}"):
        message = "name already exists on this account"
        failed = [{"resource": "Repository", "code": "custom", "field": "name", "message": message}]
        raise ApiError(422, "Repository creation failed.", failed)
    visibility = _visibility(call)
    values = checked_properties(call, call.body.get("custom_properties") or {})
    found = call.state.add_repository(owner, name, visibility=visibility)
    _change(call, found)
    put_properties(found, values)
    if call.app is None:
        found.collaborators[call.caller.login.lower()] = "admin"
    if call.body.get("auto_init"):
        git = call.state.git(found)
        text = f"# {name}\n" + (f"{found.description}\n" if found.description else "")
        tree = git.add_tree(None, [("README.md", "100644", git.add_blob(text.encode()))])
        by = call.signature()
        sha = git.add_commit(tree, [], "Initial commit", by, Signature(*GITHUB, by.date))
        git.set_ref(f"refs/heads/{found.default_branch}", sha)
    return Answer(_shown(call, found), 201)


@routes("GET", "/repos/{owner}/{repo}", "metadata:read")
def some_repository(call: Call) -> Any:
    """One repository."""
    return _shown(call, call.repository)


def _visibility(call: Call) -> Visibility:
    word = call.body.get("visibility") or ("private" if call.body.get("private") else "public")
    if word not in get_args(Visibility):
        raise invalid("Repository", "visibility")
    return cast("Visibility", word)


def _change(call: Call, found: Repository) -> None:
    for name in SETTINGS:
        if name in call.body:
            if not isinstance(call.body[name], bool):
                raise invalid("Repository", name)
            found.settings[name] = call.body[name]
    for name in ("description", "homepage"):
        if name in call.body:
            setattr(found, name, call.text(name) or None)
    found.updated_at = now()


@routes("PATCH", "/repos/{owner}/{repo}", "administration:write")
def change_repository(call: Call) -> Any:
    """Change settings, visibility, default branch; archive or unarchive."""
    found, body = call.repository, call.body
    if found.archived and body.get("archived") is not False:
        raise ApiError(403, "Repository was archived so is read-only.")
    if "default_branch" in body:
        branch = call.text("default_branch")
        if call.git.resolve(f"refs/heads/{branch}") is None:
            message = f"The branch {branch} was not found. Please push that ref first."
            raise invalid("Repository", "default_branch", message=message)
        found.default_branch = branch
    if "visibility" in body or "private" in body:
        found.visibility = _visibility(call)
    if isinstance(body.get("archived"), bool):
        found.archived = body["archived"]
    _change(call, found)
    return _shown(call, found)


@routes("DELETE", "/repos/{owner}/{repo}", "administration:write")
def delete_repository(call: Call) -> Any:
    """Take a repository away, with everything in it."""
    found = call.repository
    call.git.remove()
    del call.state.data.repositories[found.full_name.lower()]
    for each in call.state.data.teams.values():
        each.repositories.pop(found.full_name.lower(), None)
    return Answer(None, 204)


@routes("GET", "/repos/{owner}/{repo}/topics", "metadata:read")
def topics(call: Call) -> Any:
    """Topics."""
    return {"names": call.repository.topics}


@routes("PUT", "/repos/{owner}/{repo}/topics", "administration:write")
def set_topics(call: Call) -> Any:
    """Replace the topics."""
    names = call.body.get("names")
    if not isinstance(names, list) or not all(
        isinstance(n, str) and TOPIC.fullmatch(n.lower()) for n in names
    ):
        raise ApiError(
            422, "Validation Failed", [{"resource": "Repository", "field": "topics", "code": "invalid"}]
        )
    if call.repository.archived:
        raise ApiError(403, "Repository was archived so is read-only.")
    call.repository.topics = sorted({name.lower() for name in names})
    return {"names": call.repository.topics}


# -- labels -------------------------------------------------------------------------------------------


@routes("GET", "/repos/{owner}/{repo}/labels", "metadata:read")
def labels(call: Call) -> Any:
    """Labels of a repository."""
    return Page([label(call.state, call.repository, name) for name in call.repository.labels])


@routes("POST", "/repos/{owner}/{repo}/labels", "conversation:write")
def create_label(call: Call) -> Any:
    """Make a label."""
    found, name = call.repository, call.text("name", required=True, resource="Label")
    if name in found.labels:
        raise invalid("Label", "name", "already_exists")
    ensure_label(call, found, name)
    return Answer(label(call.state, found, name), 201)


@routes("GET", "/repos/{owner}/{repo}/labels/{name}", "metadata:read")
def some_label(call: Call) -> Any:
    """One label."""
    if call.parameters["name"] not in call.repository.labels:
        raise not_found()
    return label(call.state, call.repository, call.parameters["name"])


def ensure_label(call: Call, found: Repository, name: str) -> None:
    """A label comes into being when it is first put on something."""
    if name not in found.labels:
        about = {"color": str(call.body.get("color", "ededed")), "description": call.body.get("description")}
        found.labels[name] = {"id": call.state.new_id(), **about}
