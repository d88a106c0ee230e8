"""What a new project starts with: one of our templates, rendered and pushed as a single commit.

The owner mark is the file ``.lakeport/scaffold.json`` on the default branch, which names the request, the
template with its version, and what was written (:mod:`handlers._scaffold_marker`). From then on the content
belongs to the team: nothing in it is drift. A newer template changes nothing by itself; `lakeport scaffold
update` proposes it in a pull request. A scaffold has no end of its own: it goes with its repository, so
retiring it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops.clients import organisation_github, translate
from gitops.errors import StalePlan
from gitops.kind import Desired, Kind
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers._scaffold_fields import EDITS, RULES, ScaffoldSpec, derive, identity
from handlers._scaffold_files import File, digest_of, render, templates, version_of
from handlers._scaffold_look import (
    ScaffoldState,
    elements_of,
    files_at,
    in_the_way,
    marker_in,
    owner_of,
    read,
    read_all,
)
from handlers._scaffold_marker import Marker, context_of, files_of
from handlers._scaffold_paths import CODEOWNERS, MARKER
from handlers._scaffold_values import context

if TYPE_CHECKING:
    from github import Github, InputGitTreeElement
    from github.GitCommit import GitCommit
    from github.GitRef import GitRef
    from github.Repository import Repository


_OWNERS = "The team {} owns the files in CODEOWNERS, if it may write and nothing else is said there."


def plan(desired: Desired[ScaffoldSpec], state: ScaffoldState | None) -> Sequence[Change]:
    """One commit for an empty repository; nothing where it stands already."""
    spec, origin = desired.spec, desired.origin
    if state is not None:
        _refuse_where_wrong(desired, state)
        if state.stands:
            return ()
    if spec.template not in templates():
        raise RefusedChange(
            Reason.MISSING,
            f"There is no template {spec.template}.",
            f"Templates are {', '.join(templates())}.",
        )
    version = version_of(spec.template)
    return (
        Change(
            kind="scaffold",
            identity=identity(spec),
            action="files",
            verb=Verb.CREATE,
            after={
                "organisation": origin.organisation,
                "repo": spec.repo,
                "template": spec.template,
                "version": version,
                "digest": digest_of(spec.template),
                "context": context(desired).as_json(),
                "owners": f"@{origin.organisation}/{origin.github_team}" if origin.github_team else "",
                "mark": origin.request,
                "adopt": spec.adopt,
            },
            summary=f"Fill {origin.organisation}/{spec.repo} from the template {spec.template} {version}",
            details=(_OWNERS.format(origin.github_team),) if origin.github_team else (),
        ),
    )


def _refuse_where_wrong(desired: Desired[ScaffoldSpec], state: ScaffoldState) -> None:
    spec = desired.spec
    if state.files:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The repository {spec.repo} is not empty: it has {', '.join(state.files)}.",
            "A template only goes into a new repository: leave the scaffold out, or choose another one.",
        )
    if state.foreign:
        if state.owner or not spec.adopt:
            raise RefusedChange(
                Reason.NOT_OURS,
                f"The repository {spec.repo} belongs to {state.owner or 'no request'}.",
                "Choose a repository of this request; `adopt: true` fills an empty one that is nobody's.",
            )
        return
    if state.mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The repository {spec.repo} was filled by {state.mark or 'somebody else'}.",
            "Leave the scaffold out of this request, or choose another repository.",
        )
    if state.template != spec.template:
        raise RefusedChange(
            Reason.IMMUTABLE,
            f"The repository {spec.repo} was made from the template {state.template}.",
            f"Write `template: {state.template}`; another template needs another repository.",
        )


def retire(desired: Desired[ScaffoldSpec], state: ScaffoldState) -> Sequence[Change]:
    """Nothing: the files stay in their repository, which is archived."""
    del desired, state
    return ()


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


def outputs(desired: Desired[ScaffoldSpec], state: ScaffoldState) -> Mapping[str, str]:
    """``template`` with its ``version``, and ``url`` of the repository."""
    del desired
    if not state.stands:
        return {}
    return {"template": state.template, "version": state.version, "url": state.url}


KIND: Kind[ScaffoldSpec, ScaffoldState, Github] = Kind(
    name="scaffold",
    spec=ScaffoldSpec,
    summary="the first files of a repository, from a template",
    aliases=("template", "skeleton", "boilerplate", "starter project", "project template"),
    after=("repo",),
    identity=identity,
    called=lambda spec: f"the scaffold of {spec.repo}",
    connect=organisation_github,
    read=read,
    plan=plan,
    retire=retire,
    apply=apply,
    outputs=outputs,
    derive=derive,
    rules=RULES,
    edits=EDITS,
    read_all=read_all,
    system="GitHub",
)
