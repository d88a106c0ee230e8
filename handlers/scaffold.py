"""What a new project starts with: one of our templates, rendered and pushed as a single commit.

The owner mark is the file ``.lakeport/scaffold.json`` on the default branch, which names the request and the
template. From then on the content belongs to the team: nothing in it is drift, and a newer template changes
nothing. A scaffold has no end of its own: it goes with its repository, so retiring it changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops.clients import organisation_github, translate
from gitops.errors import StalePlan
from gitops.kind import Desired, Kind
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers._scaffold_fields import EDITS, RULES, ScaffoldSpec, derive, identity
from handlers._scaffold_files import (
    MARKER,
    digest_of,
    markdown,
    package_name,
    plain,
    quoted,
    render,
    templates,
    variables,
)

if TYPE_CHECKING:
    from github import Github
    from github.ContentFile import ContentFile
    from github.Repository import Repository
REPOSITORY_MARK = "lakeport-request"
"""The custom property by which a repository says which request it belongs to."""


@dataclass(frozen=True, kw_only=True)
class ScaffoldState:
    """What is in the repository: our marker, or (``stands`` false) what keeps us from filling it.

    ``files`` names some files that are in the way; ``owner`` is the mark of a repository that is not this
    request's, empty where nobody's.
    """

    stands: bool = True
    template: str = ""
    mark: str = ""
    files: tuple[str, ...] = ()
    foreign: bool = False
    owner: str = ""
    url: str = ""


def read(desired: Desired[ScaffoldSpec], client: Github) -> ScaffoldState | None:
    """Two calls for an empty repository, three for one with our marker."""
    spec, origin = desired.spec, desired.origin
    with translate("GitHub"):
        repository = _repository(client, f"{origin.organisation}/{spec.repo}")
        if repository is None or (repository.archived and origin.lifecycle != "active"):
            return None
        paths = _paths(repository)
        if MARKER not in paths:
            others = tuple(sorted(paths - {"README.md"}))
            owner = _owner(repository)
            foreign = owner != origin.request
            if not others and not foreign:
                return None
            return ScaffoldState(stands=False, files=others[:3], foreign=foreign, owner=owner)
        marker = _marker(repository)
        return ScaffoldState(
            template=str(marker.get("template", "")),
            mark=str(marker.get("request", "")),
            url=repository.html_url,
        )


def _repository(client: Github, full_name: str) -> Repository | None:
    from github import UnknownObjectException

    try:
        return client.get_repo(full_name)
    except UnknownObjectException:
        return None


def _owner(repository: Repository) -> str:
    """The request that the repository belongs to, as its own kind marks it."""
    return str((repository.custom_properties or {}).get(REPOSITORY_MARK) or "")


def _paths(repository: Repository) -> set[str]:
    """The files on the default branch; none in a repository without a commit."""
    from github import GithubException

    try:
        tree = repository.get_git_tree(repository.default_branch, recursive=True)
    except GithubException as error:
        if error.status in (404, 409):
            return set()
        raise
    return {entry.path for entry in tree.tree if entry.type == "blob"}


def _marker(repository: Repository) -> Mapping[str, Any]:
    """The marker's content; one that cannot be read is nobody's."""
    content = repository.get_contents(MARKER)
    if isinstance(content, list):
        return {}
    return _parsed(content)


def _parsed(content: ContentFile) -> Mapping[str, Any]:
    try:
        found = json.loads(content.decoded_content)
    except (ValueError, AssertionError):
        return {}
    return found if isinstance(found, dict) else {}


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
                "template_digest": digest_of(spec.template),
                "context": _context(desired),
                "mark": origin.request,
                "adopt": spec.adopt,
            },
            summary=f"Fill {origin.organisation}/{spec.repo} from the template {spec.template}",
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


def _context(desired: Desired[ScaffoldSpec]) -> dict[str, Any]:
    """Every value a template can use, each also in a spelling for code and for Markdown."""
    spec, origin = desired.spec, desired.origin
    texts = {
        "name": origin.name,
        "repo": spec.repo,
        "organisation": origin.organisation,
        "team": origin.team,
        "environment": origin.environment,
        "purpose": origin.purpose,
        "owner": origin.technical_owner,
        "group": origin.group,
        "github_team": origin.github_team,
    }
    for name, default in variables(spec.template).items():
        if not name.startswith("_") and name not in texts:
            texts[name] = _own(name, default, spec)
    return {
        "project": spec.repo,
        "package": package_name(origin.name),
        "text": {name: plain(value) for name, value in texts.items()},
        "quoted": {name: quoted(value) for name, value in texts.items()},
        "markdown": {name: markdown(value) for name, value in texts.items()},
    }


def _own(name: str, default: str | list[str], spec: ScaffoldSpec) -> str:
    """The value of one of the template's own variables."""
    if not isinstance(default, list):
        return spec.inputs.get(name, default)
    value = spec.inputs.get(name, default[0])
    if value not in default:
        raise RefusedChange(
            Reason.MISSING,
            f"The template {spec.template} has no such {name}: {plain(value)[:60]}.",
            f"Choose {' or '.join(default)}.",
        )
    return value


def retire(desired: Desired[ScaffoldSpec], state: ScaffoldState) -> Sequence[Change]:
    """Nothing: the files stay in their repository, which is archived."""
    del desired, state
    return ()


def apply(change: Change, client: Github) -> None:
    """Render again and push: a tree, a commit, and the branch that points to it."""
    after = change.after
    with translate("GitHub"):
        repository = client.get_repo(f"{after['organisation']}/{after['repo']}")
        paths = _paths(repository)
        if MARKER in paths:
            marker = _marker(repository)
            if (marker.get("request"), marker.get("template")) == (after["mark"], after["template"]):
                return
        owner = _owner(repository)
        if paths - {"README.md"} or (owner != after["mark"] and (owner or not after["adopt"])):
            raise StalePlan(
                f"The repository {after['repo']} is not empty any more, or not of {after['mark']}.",
                why="A template never overwrites files, and only goes where the request owns the place.",
                fix="Look at the new plan of the pull request.",
            )
        template = after["template"]
        if template not in templates() or digest_of(template) != after["template_digest"]:
            raise StalePlan(
                f"The template {template} is not the one of the approved plan.",
                why="It was changed after the plan was approved.",
                fix="Open a pull request that touches the file, look at the new plan, and have it approved.",
            )
        _push(repository, after)


def _push(repository: Repository, after: Mapping[str, Any]) -> None:
    from github import InputGitTreeElement

    marker = {
        "template": after["template"],
        "template_digest": after["template_digest"],
        "request": after["mark"],
    }
    rendered = render(after["template"], after["context"])
    elements = [
        InputGitTreeElement(
            path=file.path, mode="100755" if file.executable else "100644", type="blob", content=file.text
        )
        for file in rendered
    ]
    text = json.dumps(marker, indent=2) + "\n"
    elements.append(InputGitTreeElement(path=MARKER, mode="100644", type="blob", content=text))
    branch = repository.get_git_ref(f"heads/{repository.default_branch}")
    head = repository.get_git_commit(branch.object.sha)
    tree = repository.create_git_tree(elements, base_tree=head.tree)
    message = f"Start from the template {after['template']}\n\nRequest: {after['mark']}"
    commit = repository.create_git_commit(message, tree, [head])
    branch.edit(commit.sha)


def outputs(desired: Desired[ScaffoldSpec], state: ScaffoldState) -> Mapping[str, str]:
    """``template``, and ``url`` of the repository."""
    del desired
    return {"template": state.template, "url": state.url} if state.stands else {}


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
)
