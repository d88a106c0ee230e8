"""Filling a repository: the template is rendered again and pushed as a single commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitops.clients import translate
from gitops.errors import StalePlan
from gitops.plan import Change
from handlers._scaffold_files import File, digest_of, render, templates
from handlers._scaffold_look import elements_of, files_at, in_the_way, marker_in, owner_of
from handlers._scaffold_marker import Marker, context_of, files_of
from handlers._scaffold_paths import CODEOWNERS, MARKER

if TYPE_CHECKING:
    from github import Github, InputGitTreeElement
    from github.GitCommit import GitCommit
    from github.GitRef import GitRef
    from github.Repository import Repository


def apply(change: Change, client: Github) -> None:
    """Render again and push: a tree, a commit and the branch, three writes however many files."""
    after = change.after
    with translate("GitHub"):
        repository = client.get_repo(f"{after['organisation']}/{after['repo']}")
        marker = marker_in(repository)
        if marker is not None and (marker.request, marker.template) == (after["mark"], after["template"]):
            return
        branch = repository.get_git_ref(f"heads/{repository.default_branch}")
        head = repository.get_git_commit(branch.object.sha)
        there = files_at(repository, head.tree.sha)
        owner = owner_of(repository)
        taken = owner != after["mark"] and (owner or not after["adopt"])
        purpose = after["context"]["values"]["purpose"]
        if marker is not None or taken or in_the_way(repository, there, purpose):
            raise StalePlan(
                f"The repository {after['repo']} is not empty any more, or not of {after['mark']}.",
                why="A template never overwrites files, and only goes where the request owns the place.",
                fix="Look at the new plan of the pull request.",
            )
        template = after["template"]
        if template not in templates() or digest_of(template) != after["digest"]:
            raise StalePlan(
                f"The template {template} is not the one of the approved plan.",
                why="It was changed after the plan was approved.",
                fix="Open a pull request that touches the file, look at the new plan, and have it approved.",
            )
        owned = bool(there.keys() & {*CODEOWNERS})
        elements = _files(after, owned=owned, owner="" if owned else _owner_of_files(repository, after))
        message = f"Start from the template {template} {after['version']}\n\nRequest: {after['mark']}"
        _commit(repository, branch, head, elements, message)


def _commit(
    repository: Repository,
    branch: GitRef,
    head: GitCommit,
    elements: list[InputGitTreeElement],
    message: str,
) -> None:
    """One commit on top of what was looked at; what somebody pushed since makes the last write fail."""
    from github import GithubException

    tree = repository.create_git_tree(elements, base_tree=head.tree)
    commit = repository.create_git_commit(message, tree, [head])
    try:
        branch.edit(commit.sha)
    except GithubException as error:
        if error.status not in (409, 422):
            raise
        raise StalePlan(
            f"Somebody pushed to the repository {repository.name} at the same time.",
            why="A template never overwrites files.",
            fix="Look at the new plan of the pull request.",
        ) from None


def _owner_of_files(repository: Repository, after: Mapping[str, Any]) -> str:
    """The team as CODEOWNERS names it; none that may not write, which GitHub would ignore without a word."""
    slug = after["owners"].rpartition("/")[2]
    writes = slug and any(team.slug == slug and team.permissions.push for team in repository.get_teams())
    return str(after["owners"]) if writes else ""


def _files(after: Mapping[str, Any], *, owned: bool, owner: str) -> list[InputGitTreeElement]:
    """What is written: the rendered files, who owns them where nothing says it yet, and our note.

    ``owned``: the repository says already who owns its files; ``owner`` is who shall, where it does not.
    """
    rendered = render(after["template"], after["context"])
    written = [file for file in rendered if not (owned and file.path in CODEOWNERS)]
    marker = Marker(
        request=after["mark"],
        template=after["template"],
        version=after["version"],
        digest=after["digest"],
        context=context_of(after["context"]),
        files=files_of(written),
    )
    files = {file.path: file for file in written} | {MARKER: File(MARKER, marker.text())}
    if owner and not files.keys() & {*CODEOWNERS}:
        files[CODEOWNERS[0]] = File(CODEOWNERS[0], f"* {owner}\n")
    return elements_of(files)
