"""Operations on pull requests of the rehearsal GitHub: open, change, review, merge."""

from __future__ import annotations

from typing import Any

from sandbox.github.answers import Answer, ApiError, Page, invalid, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.data import Pull, Review, now
from sandbox.github.events import (
    GITHUB,
    missing_checks,
    pull_event,
    pull_json,
    review_event,
    trial_merge,
)
from sandbox.github.git import ZERO, Commit, Signature
from sandbox.github.models import account
from sandbox.github.models_git import commit, file_change
from sandbox.github.models_pulls import pull, review
from sandbox.github.objects import move
from sandbox.github.rules import required_checks

routes = Routes()
REPO = "/repos/{owner}/{repo}"
EVENTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@routes("GET", REPO + "/pulls", "pull_requests:read")
def pulls(call: Call) -> Any:
    """Pull requests, newest first, by ``state``, ``head`` (``owner:branch``) and ``base``."""
    wanted, head, base = call.query.get("state", "open"), call.query.get("head", ""), call.query.get("base")
    found = [
        it
        for it in call.repository.pulls.values()
        if wanted in ("all", it.state)
        and (not head or ":" not in head or head == f"{call.repository.owner}:{it.head_ref}")
        and base in (None, "", it.base_ref)
    ]
    key = "updated_at" if call.query.get("sort") == "updated" else "number"
    found.sort(
        key=lambda it: (getattr(it, key), it.number), reverse=call.query.get("direction", "desc") != "asc"
    )
    return Page([pull(call.state, call.repository, it) for it in found])


@routes("POST", REPO + "/pulls", "pull_requests:write")
def create_pull(call: Call) -> Any:
    """Open a pull request."""
    found, git = call.repository, call.git
    title = call.text("title", required=True, resource="PullRequest")
    head = call.text("head", required=True, resource="PullRequest").rpartition(":")[2]
    base = call.text("base", required=True, resource="PullRequest")
    ends = {name: git.resolve(f"refs/heads/{branch}") for name, branch in (("head", head), ("base", base))}
    for name, sha in ends.items():
        if sha is None:
            raise invalid("PullRequest", name)
    if any(it.state == "open" and (it.head_ref, it.base_ref) == (head, base) for it in found.pulls.values()):
        text = f"A pull request already exists for {found.owner}:{head}."
        raise invalid("PullRequest", "", "custom", text)
    head_sha, base_sha = str(ends["head"]), str(ends["base"])
    if not git.log(f"{base_sha}..{head_sha}", limit=1):
        raise invalid("PullRequest", "", "custom", f"No commits between {base} and {head}")
    found.issues += 1
    body = call.text("body") or None
    it = Pull(
        call.state.new_id(), found.issues, title, body, call.caller.login, head, head_sha, base, base_sha,
        draft=call.body.get("draft") is True,
    )  # fmt: skip
    found.pulls[it.number] = it
    git.set_ref(f"refs/pull/{it.number}/head", head_sha)
    pull_event(call.actor, found, it, "opened")
    return Answer(pull_json(call.state, found, it), 201)


@routes("GET", REPO + "/pulls/{pull_number}", "pull_requests:read")
def some_pull(call: Call) -> Any:
    """One pull request."""
    return pull_json(call.state, call.repository, call.pull)


@routes("PATCH", REPO + "/pulls/{pull_number}", "pull_requests:write")
def change_pull(call: Call) -> Any:
    """Change title, body or base; close or reopen."""
    found, it = call.repository, call.pull
    changed: dict[str, Any] = {}
    for name in ("title", "body"):
        if name in call.body and (new := call.text(name)) != getattr(it, name):
            changed[name] = {"from": getattr(it, name)}
            setattr(it, name, new)
    if base := call.text("base"):
        sha = call.git.resolve(f"refs/heads/{base}")
        if sha is None:
            raise invalid("PullRequest", "base")
        it.base_ref, it.base_sha = base, sha
    it.updated_at = now()
    wanted = call.body.get("state")
    if wanted == "open" and it.state == "closed":
        if it.merged_at or call.git.resolve(f"refs/heads/{it.head_ref}") is None:
            raise invalid("PullRequest", "state", message="state cannot be changed.")
        it.state, it.closed_at = "open", None
        pull_event(call.actor, found, it, "reopened")
    elif wanted == "closed" and it.state == "open":
        it.state, it.closed_at = "closed", now()
        pull_event(call.actor, found, it, "closed")
    elif changed:
        pull_event(call.actor, found, it, "edited", changes=changed)
    return pull_json(call.state, found, it)


def _own_commits(call: Call) -> tuple[str, list[Commit]]:
    """Where the pull request left its base, and its commits, oldest first."""
    it = call.pull
    start = call.git.merge_base(it.base_sha, it.head_sha) or it.base_sha
    return start, call.git.log(f"{start}..{it.head_sha}")[::-1]


@routes("GET", REPO + "/pulls/{pull_number}/commits", "pull_requests:read")
def pull_commits(call: Call) -> Any:
    """Its commits, oldest first."""
    return Page([commit(call.state, call.repository, each) for each in _own_commits(call)[1]])


@routes("GET", REPO + "/pulls/{pull_number}/files", "pull_requests:read")
def pull_files(call: Call) -> Any:
    """The files it changes."""
    it = call.pull
    changes = call.git.changes(_own_commits(call)[0], it.head_sha)
    return Page([file_change(call.state, call.repository, it.head_sha, file) for file in changes])


@routes("POST", REPO + "/pulls/{pull_number}/requested_reviewers", "pull_requests:write")
def request_reviewers(call: Call) -> Any:
    """Ask people for a review."""
    found, it = call.repository, call.pull
    for login in call.body.get("reviewers", []):
        person = call.state.account(str(login))
        if person is None or person.login == it.user or call.state.permission(found, person.login) == "none":
            raise ApiError(422, "Reviews may only be requested from collaborators.")
        if person.login not in it.requested:
            it.requested.append(person.login)
            reviewer = account(call.state, person.login)
            pull_event(call.actor, found, it, "review_requested", requested_reviewer=reviewer)
    return Answer(pull(call.state, found, it), 201)


# -- reviews ------------------------------------------------------------------------------------------


@routes("GET", REPO + "/pulls/{pull_number}/reviews", "pull_requests:read")
def reviews(call: Call) -> Any:
    """Reviews, oldest first."""
    return Page([review(call.state, call.repository, call.pull, each) for each in call.pull.reviews])


@routes("POST", REPO + "/pulls/{pull_number}/reviews", "reviews:write")
def create_review(call: Call) -> Any:
    """Review a pull request at its head, or at the commit given; nobody approves their own."""
    found, it = call.repository, call.pull
    event = call.text("event")
    if event not in EVENTS:
        raise invalid("PullRequestReview", "event")
    if call.caller.login == it.user and event != "COMMENT":
        word = "approve" if event == "APPROVE" else "request changes on"
        raise ApiError(422, "Unprocessable Entity", [{"message": f"Can not {word} your own pull request"}])
    if event != "APPROVE" and not call.text("body"):
        raise ApiError(422, "Unprocessable Entity", [{"message": "body can't be blank"}])
    sha = call.text("commit_id") or it.head_sha
    if sha not in {each.sha for each in _own_commits(call)[1]}:
        raise invalid("PullRequestReview", "commit_id")
    given = Review(call.state.new_id(), call.caller.login, call.text("body"), EVENTS[event], sha, now())
    it.reviews.append(given)
    if given.user in it.requested:
        it.requested.remove(given.user)
    review_event(call.actor, found, it, given, "submitted")
    return review(call.state, found, it, given)


def _the_review(call: Call) -> Review:
    number = call.number("review_id")
    found = next((each for each in call.pull.reviews if each.id == number), None)
    if found is None:
        raise not_found()
    return found


@routes("GET", REPO + "/pulls/{pull_number}/reviews/{review_id}", "pull_requests:read")
def some_review(call: Call) -> Any:
    """One review."""
    return review(call.state, call.repository, call.pull, _the_review(call))


@routes("PUT", REPO + "/pulls/{pull_number}/reviews/{review_id}/dismissals", "pull_requests:write")
def dismiss_review(call: Call) -> Any:
    """Make a review count no more, saying why."""
    given = _the_review(call)
    call.text("message", required=True, resource="PullRequestReview")
    if given.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise ApiError(422, "Can not dismiss a commented pull request review")
    given.state = "DISMISSED"
    review_event(call.actor, call.repository, call.pull, given, "dismissed")
    return review(call.state, call.repository, call.pull, given)


# -- merge --------------------------------------------------------------------------------------------


@routes("GET", REPO + "/pulls/{pull_number}/merge", "pull_requests:read")
def is_merged(call: Call) -> Any:
    """204 when merged, 404 when not."""
    if call.pull.merged_at is None:
        raise not_found()
    return Answer(None, 204)


@routes("PUT", REPO + "/pulls/{pull_number}/merge", "contents:write")
def merge(call: Call) -> Any:
    """Merge by ``merge``, ``squash`` or ``rebase`` once every required check stands."""
    found, it = call.repository, call.pull
    method = call.body.get("merge_method") or "merge"
    allowed = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
    if method not in allowed:
        raise invalid("PullRequest", "merge_method")
    if it.state != "open" or it.draft or not found.settings.get(allowed[method], True):
        raise ApiError(405, "Pull Request is not mergeable")
    if call.text("sha") and call.text("sha") != it.head_sha:
        raise ApiError(409, "Head branch was modified. Review and try the merge again.")
    missing = missing_checks(call.state, found, it)
    if len(missing) == 1:
        raise ApiError(405, f'Required status check "{missing[0]}" is expected.')
    if missing:
        count = len(set(required_checks(found, f"refs/heads/{it.base_ref}")))
        raise ApiError(405, f"{len(missing)} of {count} required status checks are expected.")
    trial = trial_merge(call.state, found, it)
    made = trial and _merged(call, method, call.git.commit(trial))
    if not made:
        raise ApiError(405, "Pull Request is not mergeable")
    before = call.git.resolve(f"refs/heads/{it.base_ref}") or ZERO
    it.state, it.merge_sha, it.merged_by = "closed", made, call.caller.login
    it.merged_at = it.closed_at = it.updated_at = now()
    move(call, f"refs/heads/{it.base_ref}", before, made, merging=True)
    pull_event(call.actor, found, it, "closed")
    if found.settings.get("delete_branch_on_merge"):
        move(call, f"refs/heads/{it.head_ref}", it.head_sha, ZERO)
    return {"sha": made, "merged": True, "message": "Pull Request successfully merged"}


def _merged(call: Call, method: str, trial: Commit) -> str | None:
    """The commit the base moves to; None when the commits do not apply one by one (rebase)."""
    found, it, git = call.repository, call.pull, call.git
    author = call.signature()
    committer = Signature(*GITHUB, author.date)
    base = trial.parents[0]
    if method == "rebase":
        tip: str | None = base
        for each in _own_commits(call)[1]:
            tip = tip and git.rebased(each, tip, Signature(*GITHUB, author.date))
        return tip
    if method == "squash":
        title, text = (
            f"{it.title} (#{it.number})",
            "\n\n".join(f"* {c.message}" for c in _own_commits(call)[1]),
        )
        first = call.state.account(it.user)
        if first is not None:
            author = Signature(first.name or first.login, call.state.email(first), author.date)
        parents = [base]
    else:
        title, text = f"Merge pull request #{it.number} from {found.owner}/{it.head_ref}", it.title
        parents = [base, it.head_sha]
    title, text = call.text("commit_title") or title, call.body.get("commit_message", text)
    return git.add_commit(trial.tree, parents, f"{title}\n\n{text}".rstrip(), author, committer)
