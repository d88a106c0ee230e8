"""Brings the repositories of applied requests a newer template, each in one pull request.

Nothing is ever forced: a branch that people pushed to is theirs, and a pull request that they closed stays
closed. A second run finds what the first one made, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops.clients import translate
from gitops.errors import LakeportError
from gitops.kind import Desired
from gitops.plan import RefusedChange
from handlers._scaffold_fields import ScaffoldSpec
from handlers._scaffold_files import File, digest_of, render, templates, version_of
from handlers._scaffold_look import Found, content_of, elements_of, files_at, full_name, known
from handlers._scaffold_marker import Marker, files_of, parse
from handlers._scaffold_merge import Sides, merge
from handlers._scaffold_past import rendered_then, require_committed
from handlers._scaffold_paths import MARKER
from handlers._scaffold_proposal import PREFIX, Proposal, digest_in, mark
from handlers._scaffold_values import context

if TYPE_CHECKING:
    from github import Github
    from github.GitCommit import GitCommit
    from github.PullRequest import PullRequest
    from github.Repository import Repository

    from gitops.history import History


class Outcome(StrEnum):
    """What became of one repository."""

    CURRENT = "current"  # it has the template as it is now
    OPENED = "opened"  # a pull request was opened
    UPDATED = "updated"  # its pull request was brought up to date
    UNCHANGED = "unchanged"  # its pull request is as it should be
    PLANNED = "planned"  # a pull request would be opened or brought up to date
    PEOPLE = "people"  # people pushed to the branch, and go on from there
    DECLINED = "declined"  # people closed the pull request, or took it back
    ABSENT = "absent"  # there is no repository, or none that is filled or can be written to
    FAILED = "failed"


class Update(Struct, frozen=True, kw_only=True):
    """What became of one repository; ``before`` and ``after`` are versions of the template.

    ``conflicts`` are the files in which people have to resolve something, ``left`` those that stay as they
    are, with the reason. ``exit_code`` is that of the failure, 0 without one.
    """

    request: str
    repository: str
    template: str
    outcome: Outcome
    before: str = ""
    after: str = ""
    pull: str = ""
    writes: int = 0
    conflicts: tuple[str, ...] = ()
    left: Mapping[str, str] = {}
    error: str = ""
    exit_code: int = 0


@dataclass(frozen=True, kw_only=True)
class Site:
    """What an update works with: GitHub, the history the templates are in, and whether it only looks."""

    client: Github
    history: History
    dry_run: bool = False


def update(desired: Desired[ScaffoldSpec], found: Found | None, site: Site) -> Update:
    """Bring one repository what is new in its template; ``found`` is its note, where it has one."""
    about: dict[str, Any] = {
        "request": desired.origin.request,
        "repository": full_name(desired),
        "template": desired.spec.template,
    }
    if found is None or found.archived:
        return Update(**about, outcome=Outcome.ABSENT)
    about |= {"before": found.marker.version}
    try:
        version = _newer(desired, found.marker, site.history)
        if not version:
            return Update(**about, outcome=Outcome.CURRENT, after=found.marker.version)
        about |= {"after": version}
        with translate("GitHub"):
            return _propose(desired, found.marker, site, about)
    except LakeportError as error:
        text, code = " ".join(str(error).split()), error.exit_code
    except RefusedChange as refused:
        text, code = f"{refused.message} {refused.fix}".rstrip(), 1
    return Update(**about, outcome=Outcome.FAILED, error=text, exit_code=code)


def _newer(desired: Desired[ScaffoldSpec], marker: Marker, history: History) -> str:
    """The version to bring a repository; empty where it has the template as it is."""
    template = desired.spec.template
    if (marker.request, marker.template) != (desired.origin.request, template):
        raise LakeportError(
            f"The repository {desired.spec.repo} was not filled from {template} by this request.",
            why=f"Its {MARKER} says something else.",
            fix="Put back what that file was, from the history of the repository.",
        )
    if template not in templates():
        raise LakeportError(f"There is no template {template} any more.")
    if marker.digest == digest_of(template):
        return ""
    version = version_of(template)
    if version == marker.version:
        raise LakeportError(
            f"The template {template} was changed, and is still called version {version}.",
            fix="Raise `_version` in its cookiecutter.json.",
            where=f"templates/{template}",
        )
    require_committed(history, template)
    return version


def _propose(desired: Desired[ScaffoldSpec], marker: Marker, site: Site, about: Mapping[str, Any]) -> Update:
    repository = site.client.get_repo(full_name(desired))
    trunk = repository.default_branch
    head = repository.get_git_commit(repository.get_git_ref(f"heads/{trunk}").object.sha)
    proposal = _proposal(desired, marker, repository, head, site)
    about = dict(about) | {
        "writes": len(proposal.merge.writes),
        "conflicts": tuple(proposal.merge.conflicts),
        "left": proposal.merge.left,
    }
    owner = desired.origin.organisation
    of_branch = list(repository.get_pulls(state="all", base=trunk, head=f"{owner}:{proposal.branch}"))
    pull = next((one for one in of_branch if one.state == "open"), None)
    if pull is None and of_branch:
        return Update(**about, outcome=Outcome.DECLINED, pull=of_branch[0].html_url)
    tip = _tip(repository, proposal.branch)
    if tip is not None and not digest_in(tip.message):
        return Update(**about, outcome=Outcome.PEOPLE, pull=pull.html_url if pull else "")
    older = _superseded(repository, trunk, proposal.branch)
    pushed = tip is not None and digest_in(tip.message) == proposal.digest
    told = pull is not None and (pull.body or "").startswith(mark(proposal.digest))
    if pushed and told and not older:
        return Update(**about, outcome=Outcome.UNCHANGED, pull=pull.html_url if pull else "")
    if site.dry_run:
        return Update(**about, outcome=Outcome.PLANNED, pull=pull.html_url if pull else "")
    if not pushed:
        _push(repository, proposal, head, tip)
    shown = _tell(repository, proposal, pull, [one.number for one in older], owner, told=told)
    for one in older:
        one.edit(state="closed")
    return Update(**about, outcome=Outcome.UPDATED if pull else Outcome.OPENED, pull=shown.html_url)


def _proposal(
    desired: Desired[ScaffoldSpec], marker: Marker, repository: Repository, head: GitCommit, site: Site
) -> Proposal:
    """What would be written on top of this commit."""
    template = desired.spec.template
    there = files_at(repository, head.tree.sha)

    @cache
    def content(sha: str) -> bytes:
        return content_of(repository.get_git_blob(sha))

    if MARKER not in there or parse(content(there[MARKER].sha)) != marker:
        raise LakeportError(
            f"The repository {desired.spec.repo} was changed at the same time.", fix="Run it again."
        )
    values = context(desired, marker.context)
    now = {file.path: file for file in render(template, values.as_json())}
    sides = Sides(
        recorded=marker.files,
        then=cache(partial(rendered_then, site.history, marker)),
        now=now,
        there=there,
        content=content,
        names=(f"{template} {marker.version}", f"{template} {version_of(template)}"),
        history=site.history,
    )
    merged = merge(sides)
    written = [file for path, file in now.items() if path in marker.files or path not in merged.left]
    after = Marker(
        request=marker.request,
        template=template,
        version=version_of(template),
        digest=digest_of(template),
        context=values,
        files=files_of(written),
    )
    return Proposal(before=marker, after=after, merge=merged)


def _tip(repository: Repository, branch: str) -> GitCommit | None:
    """The commit that a branch is at."""
    ref = known(lambda: repository.get_git_ref(f"heads/{branch}").object.sha)
    return None if ref is None else repository.get_git_commit(ref)


def _superseded(repository: Repository, trunk: str, branch: str) -> list[PullRequest]:
    """Open pull requests of ours for an older version, to which nobody pushed."""
    return [
        pull
        for pull in repository.get_pulls(state="open", base=trunk)
        if pull.head.ref.startswith(PREFIX)
        and pull.head.ref != branch
        and getattr(pull.head.repo, "full_name", "") == repository.full_name  # a fork may be gone
        and digest_in(repository.get_git_commit(pull.head.sha).message)
    ]


def _push(repository: Repository, proposal: Proposal, head: GitCommit, tip: GitCommit | None) -> None:
    """One commit on the branch: what stands on the default branch, with the proposal on top.

    It never takes the place of another commit: what somebody pushes meanwhile makes the last write fail.
    """
    from github import GithubException

    note = File(MARKER, proposal.after.text())
    elements = elements_of({**proposal.merge.writes, MARKER: note})
    tree = repository.create_git_tree(elements, base_tree=head.tree)
    parents = [head] if tip is None else [tip, head]
    commit = repository.create_git_commit(proposal.message, tree, parents)
    try:
        if tip is None:
            repository.create_git_ref(f"refs/heads/{proposal.branch}", commit.sha)
        else:
            repository.get_git_ref(f"heads/{proposal.branch}").edit(commit.sha)
    except GithubException as error:
        if error.status not in (409, 422):
            raise
        there = _tip(repository, proposal.branch)
        if there is None or there.sha != commit.sha:  # our own first try may have come through
            raise LakeportError(
                f"Somebody pushed to {proposal.branch} of {repository.name} at the same time.",
                fix="Run it again.",
            ) from None


def _tell(
    repository: Repository,
    proposal: Proposal,
    pull: PullRequest | None,
    replaces: Sequence[int],
    owner: str,
    *,
    told: bool,
) -> PullRequest:
    """The pull request, opened or with its text brought up to date."""
    from github import GithubException

    title, body = proposal.title, proposal.body(replaces)
    if pull is not None:
        if not told:
            pull.edit(title=title, body=body)
        return pull
    trunk = repository.default_branch
    try:
        return repository.create_pull(trunk, proposal.branch, title=title, body=body)
    except GithubException as error:
        if error.status != 422 or "already exists" not in str(error.data):
            raise
        head = f"{owner}:{proposal.branch}"
        return next(iter(repository.get_pulls(state="open", base=trunk, head=head)))
