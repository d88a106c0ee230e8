"""What follows from what was done: refs move, pull requests follow, webhooks and workflows are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.github.data import CheckRun, Comment, Pull, Repository, Review, Run, now
from sandbox.github.git import EMPTY_TREE, ZERO, Commit, GitError, Signature
from sandbox.github.models import Json, account, organisation, repository
from sandbox.github.models_checks import check, run
from sandbox.github.models_pulls import comment, full_pull, issue, pull, review
from sandbox.github.rules import required_checks
from sandbox.github.state import Event, GitHubState

GITHUB = ("GitHub", "noreply@github.com")


@dataclass(frozen=True)
class Actor:
    """Who does it; ``quiet`` when it is a workflow with its own token, which starts no other workflow."""

    state: GitHubState
    login: str
    quiet: bool = False

    @property
    def email(self) -> str:
        """The address of the account."""
        found = self.state.account(self.login)
        return self.state.email(found) if found else ""


def common(state: GitHubState, found: Repository, actor: str) -> Json:
    """What every payload carries."""
    owner = state.data.organisations.get(found.owner.lower())
    more = {"organization": organisation(state, owner)} if owner else {}
    return {"repository": repository(state, found), **more, "sender": account(state, actor)}


def trial_merge(state: GitHubState, found: Repository, it: Pull) -> str | None:
    """The commit behind ``refs/pull/<n>/merge``, made anew when a branch moved; None on a conflict."""
    git = state.git(found)
    base = git.resolve(f"refs/heads/{it.base_ref}")
    if it.state != "open" or base is None:
        return None
    ref = f"refs/pull/{it.number}/merge"
    stands = git.resolve(ref)
    if stands and git.commit(stands).parents == (base, it.head_sha):
        return stands
    tree = git.merge_tree(base, it.head_sha)
    if tree is None:
        return None
    by = Signature(*GITHUB, git.commit(it.head_sha).committer.date)
    made = git.add_commit(tree, [base, it.head_sha], f"Merge {it.head_sha} into {base}", by, by)
    git.set_ref(ref, made)
    return made


def pull_json(state: GitHubState, found: Repository, it: Pull) -> Json:
    """A pull request with everything."""
    merge = trial_merge(state, found, it)
    return full_pull(state, found, it, test_merge=merge, blocked=bool(missing_checks(state, found, it)))


def missing_checks(state: GitHubState, found: Repository, it: Pull) -> list[str]:
    """Required checks whose newest run on the head is not success, neutral or skipped, or of another app."""
    apps = {each.slug: each.id for each in state.data.apps.values()}
    stands: dict[tuple[str, int | None], bool] = {}
    for status in found.statuses:
        if status.sha == it.head_sha:
            stands[status.context, None] = status.state == "success"
    for each in sorted(found.checks.values(), key=lambda check_run: check_run.id):
        if each.head_sha == it.head_sha:
            good = each.conclusion in ("success", "neutral", "skipped")
            stands |= dict.fromkeys([(each.name, None), (each.name, apps.get(each.app, 0))], good)
    required = required_checks(found, f"refs/heads/{it.base_ref}")
    return list(dict.fromkeys(name for name, app in required if not stands.get((name, app))))


def pull_event(
    by: Actor, found: Repository, it: Pull, action: str, *, name: str = "pull_request", **more: Any
) -> None:
    """Emit an event about a pull request; workflows run on its trial merge, or not at all on a conflict."""
    state, actor = by.state, by.login
    body = pull_json(state, found, it)
    ref = f"refs/pull/{it.number}/merge"
    closed = it.state == "closed"
    sha = (it.merge_sha or it.head_sha) if closed else (trial_merge(state, found, it) or "")
    if name != "pull_request":
        body = pull(state, found, it)
    payload = {"action": action, "number": it.number, "pull_request": body, **more}
    if name.startswith("pull_request_review"):
        del payload["number"]
    state.emit(
        Event(
            name,
            found.full_name,
            payload | common(state, found, actor),
            actor,
            sha=sha,
            ref=ref,
            head_sha=it.head_sha,
            head_branch=it.head_ref,
            quiet=by.quiet,
        )
    )


def review_event(by: Actor, found: Repository, it: Pull, given: Review, action: str) -> None:
    """Emit ``pull_request_review``; the payload writes the state in small letters, unlike the API."""
    body = review(by.state, found, it, given) | {"state": given.state.lower()}
    pull_event(by, found, it, action, name="pull_request_review", review=body)


def branch_event(by: Actor, found: Repository, name: str, payload: Json) -> None:
    """Emit an event whose workflows run on the default branch."""
    state = by.state
    ref = f"refs/heads/{found.default_branch}"
    sha = state.git(found).resolve(ref) or ""
    actor = by.login
    state.emit(
        Event(
            name,
            found.full_name,
            payload | common(state, found, actor),
            actor,
            sha=sha,
            ref=ref,
            head_sha=sha,
            head_branch=found.default_branch,
            quiet=by.quiet,
        )
    )


def comment_event(by: Actor, found: Repository, it: Comment, action: str, **more: Any) -> None:
    """Emit ``issue_comment``."""
    about = issue(by.state, found, found.pulls[it.number])
    payload = {"action": action, "issue": about, "comment": comment(by.state, found, it), **more}
    branch_event(by, found, "issue_comment", payload)


def check_event(by: Actor, found: Repository, it: CheckRun, action: str) -> None:
    """Emit ``check_run``."""
    branch_event(by, found, "check_run", {"action": action, "check_run": check(by.state, found, it)})


def run_event(by: Actor, found: Repository, it: Run, action: str) -> None:
    """Emit ``workflow_run``."""
    branch_event(by, found, "workflow_run", {"action": action, "workflow_run": run(by.state, found, it)})


def moved(by: Actor, found: Repository, ref: str, before: str, after: str) -> None:
    """A ref was made, moved or taken away (:data:`ZERO` stands for absent): tell it and let pulls follow."""
    found.pushed_at = found.updated_at = now()
    state, actor = by.state, by.login
    git = state.git(found)
    forced = ZERO not in (before, after) and not git.is_ancestor(before, after)
    state.emit(
        Event(
            "push",
            found.full_name,
            _push(by, found, ref, before, after) | {"forced": forced},
            actor,
            sha="" if after == ZERO else after,
            ref=ref,
            head_sha=after,
            head_branch=ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
            quiet=by.quiet,
        )
    )
    for it in list(found.pulls.values()):
        if it.state != "open" or f"refs/heads/{it.head_ref}" != ref:
            continue
        it.updated_at = now()
        if after == ZERO:
            it.state, it.closed_at = "closed", now()
            pull_event(by, found, it, "closed")
            continue
        it.head_sha = after
        it.base_sha = git.resolve(f"refs/heads/{it.base_ref}") or it.base_sha
        git.set_ref(f"refs/pull/{it.number}/head", after)
        pull_event(by, found, it, "synchronize", before=before, after=after)


def _push(by: Actor, found: Repository, ref: str, before: str, after: str) -> Json:
    state = by.state
    git = state.git(found)
    commits: list[Commit] = []
    if after != ZERO:
        others = (
            ["--not", *(name for name in git.refs("refs/heads/") if name != ref)] if before == ZERO else []
        )
        try:
            span = after if before == ZERO else f"{before}..{after}"
            commits = git.log(span, *others, limit=20)
        except GitError:
            commits = []
    shown = [_payload_commit(state, found, each) for each in reversed(commits)]
    head = _payload_commit(state, found, git.commit(after)) if after != ZERO else None
    page = f"{state.url}/{found.full_name}"
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": before == ZERO,
        "deleted": after == ZERO,
        "base_ref": None,
        "compare": f"{page}/compare/{before[:12]}...{after[:12]}",
        "commits": shown,
        "head_commit": head,
        "pusher": {"name": by.login, "email": by.email},
        **common(state, found, by.login),
    }


def _payload_commit(state: GitHubState, found: Repository, it: Commit) -> Json:
    """A commit as the payload of a push shows it."""
    git = state.git(found)
    words = {"added": "added", "removed": "removed"}
    lists: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    if len(it.parents) < 2:
        for path, status in git.names(it.parents[0] if it.parents else EMPTY_TREE, it.sha):
            lists[words.get(status, "modified")].append(path)
    return {
        "id": it.sha,
        "tree_id": it.tree,
        "distinct": True,
        "message": it.message,
        "timestamp": it.committer.date,
        "url": f"{state.url}/{found.full_name}/commit/{it.sha}",
        "author": {"name": it.author.name, "email": it.author.email},
        "committer": {"name": it.committer.name, "email": it.committer.email},
        **lists,
    }
