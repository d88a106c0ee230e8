"""Gathering the facts that the gate judges: what the pull request asks for, who approved, and who may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from gitops import request
from gitops.amendment import approvals_of_change
from gitops.breaking import breakings
from gitops.confirmation import LAKEPORT, asked_for, by_hand, unconfirmed
from gitops.errors import InvalidRequest
from gitops.gate import judge, request_files
from gitops.gate_facts import DELETED, Facts, Review, folded
from gitops.lowrisk import passes_alone
from gitops.pullrequest import Authors
from gitops.verdict import Verdict

if TYPE_CHECKING:
    from gitops.approval import ApprovalRule
    from gitops.breaking import Breaking
    from gitops.checks import Planned
    from gitops.comments import Said
    from gitops.confirmation import Confirmed
    from gitops.kind import Registry
    from gitops.policyfile import Policy
    from gitops.pullrequest import FileChange, Pull
    from gitops.request import Loaded

FILES_LISTED = 3000
"""GitHub names no more files of a pull request …"""
COMMITS_LISTED = 250
"""… and no more commits."""


_CHANGED_BY = re.compile(r"^Lakeport-Changed-By:[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)
_MODEL = re.compile(r"^Lakeport-Model:[ \t]*(\S[^\n]{0,199})", re.MULTILINE)
_CO_AUTHOR = re.compile(r"^Co-authored-by:[^<\n]*<([^>\n]+)>", re.MULTILINE | re.IGNORECASE)
_NO_REPLY = re.compile(r"(?:\d+\+)?([A-Za-z0-9_\[\]-]+)@users\.noreply\.github\.com", re.IGNORECASE)


class Reviewed(Protocol):
    """What gathering needs of :class:`gitops.pulls.Repository`."""

    def read_file(self, path: str, ref: str) -> bytes | None:
        """The bytes of a file at a commit."""

    def changes(self, pull: Pull) -> tuple[FileChange, ...]:
        """The files it changes."""

    def commit_authors(self, pull: Pull) -> Authors:
        """Who made its commits."""

    def reviews(self, pull: Pull) -> tuple[Review, ...]:
        """The review of each person that stands."""

    def can_write(self, login: str) -> bool:
        """Whether this account may write to the repository."""

    def confirmed(self, pull: Pull, app: str) -> Confirmed:
        """What was confirmed last, as this app said it."""

    def planned(self, sha: str, request: str, *, by: datetime) -> Planned | None:
        """What the plans on this commit let pass for a request by this time."""

    def conversation(self, pull: Pull) -> tuple[Said, ...]:
        """The comments of its conversation, oldest first."""


@dataclass
class _Asked:
    """What all request files of a pull request ask for together.

    ``untouched``: nobody made a commit but the author of the pull request, who may approve nothing in it.
    ``alone``: by which rule of the policy each file needs no approval; empty where by none. ``heads``: each
    file as the head has it; ``ids`` are the requests that can be read. ``slack``: who asked, as a file says.
    """

    untouched: bool = False
    rules: dict[ApprovalRule, None] = field(default_factory=dict)
    requesters: set[str] = field(default_factory=set)
    unlinked: bool = False
    alone: list[str] = field(default_factory=list)
    heads: dict[str, bytes | None] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    slack: str = ""
    problems: list[str] = field(default_factory=list)


def judge_pull(repo: Reviewed, pull: Pull, *, registry: Registry, rules: Policy) -> Verdict:
    """The gate's verdict on a pull request, by this policy, on its head commit."""
    facts = gather(repo, pull, registry=registry, rules=rules)
    return replace(judge(facts), model=facts.model)


def gather(repo: Reviewed, pull: Pull, *, registry: Registry, rules: Policy) -> Facts:
    """Everything the gate judges.

    A request that changes needs the approvals of what it was, of what it becomes, and of what is edited:
    nobody gets rid of an approval by the very change that needed it.
    """
    changes = repo.changes(pull)
    touched = {path for change in changes for path in (change.path, change.previous) if path}
    wanted = request_files(touched)
    made = repo.commit_authors(pull) if wanted else Authors(frozenset())
    unknown = made.unknown or made.unsigned or len(made.messages) >= COMMITS_LISTED
    asked = _Asked(untouched=not unknown and made.logins <= {pull.author})
    authors = made.logins | _named_in(made.messages, asked, rules)
    if len(changes) >= FILES_LISTED:
        asked.problems.append(f"The pull request touches {FILES_LISTED} files or more; GitHub names no more.")
    for path in wanted:
        _ask(asked, path, repo, pull, registry, rules)
    reviews = repo.reviews(pull) if wanted else ()
    broke = breakings(repo.conversation(pull)) if wanted else ()
    requester = None if asked.unlinked else min(asked.requesters, default=None)
    ours = asked.untouched and pull.author.casefold() == rules.review.app.casefold()
    return Facts(
        requester_github=requester,
        author=pull.author,
        head_sha=pull.head_sha,
        rules=tuple(asked.rules),
        reviews=reviews,
        writers=_writers(repo, {review.login for review in reviews} | _may_break(broke, rules)),
        files_touched=tuple(sorted(touched)),
        commit_authors=authors | asked.requesters - {requester or ""},
        unknown_authors=unknown,
        accounts={login.casefold(): one.github for one in rules.people if one.also for login in one.logins},
        breakings=broke,
        glass=rules.review.break_glass,
        passes_alone=tuple(dict.fromkeys(asked.alone)) if ours and all(asked.alone) else (),
        model=_model_in(made.messages) if ours else "",
        unconfirmed=_unconfirmed(repo, pull, asked, made, rules),
        plan_since=_plan_since(repo, pull, asked),
        problems=tuple(asked.problems),
        notes=tuple(_notes(pull, made, rules)) if wanted else (),
    )


def _plan_since(repo: Reviewed, pull: Pull, asked: _Asked) -> datetime | None:
    """When the last of the plans that are to be approved was there to be read, as far as there are any."""
    if pull.merged:
        return None
    now = datetime.now(UTC)
    found = [repo.planned(pull.head_sha, one, by=now) for one in asked.ids]
    return max((one.since for one in found if one is not None), default=None)


def _model_in(messages: Iterable[str]) -> str:
    """What our app says of who read the words; of several commits the last one that says it."""
    said = [found[1].strip() for message in messages if (found := _MODEL.search(message))]
    return said[-1] if said else ""


def _notes(pull: Pull, made: Authors, rules: Policy) -> Iterator[str]:
    if made.unsigned:
        yield _UNSIGNED
    if by_hand(pull.author, rules.review.app):
        yield _BY_HAND.format(who=pull.author)


def _unconfirmed(repo: Reviewed, pull: Pull, asked: _Asked, made: Authors, rules: Policy) -> tuple[str, ...]:
    """Why the files are not what was confirmed in Slack; nothing for what a person brings by hand."""
    app = rules.review.app
    if not (asked.heads and asked_for(pull.author, made.logins, app)):
        return ()
    confirmed = repo.confirmed(pull, app)
    slack = confirmed.by if confirmed.by not in ("", LAKEPORT) else asked.slack
    person = rules.person(slack=slack) if slack else None
    name = person.name if person else slack or "the person who asked"
    return unconfirmed(asked.heads, confirmed, author=pull.author, app=app, name=name)


_BY_HAND = "Written by hand: {who} opened this pull request, and nobody confirmed it in Slack."
_UNSIGNED = "A commit names an app as its author without GitHub's signature: whoever may push can write that."


def _may_break(broke: Iterable[Breaking], rules: Policy) -> set[str]:
    """Of those who mean to break the glass, whom the policy lets: of nobody else anything is asked."""
    named = folded(rules.review.break_glass.people) if rules.review.break_glass else frozenset()
    return {one.login for one in broke if one.login.casefold() in named}


def _ask(asked: _Asked, path: str, repo: Reviewed, pull: Pull, registry: Registry, rules: Policy) -> None:
    head, base = repo.read_file(path, pull.head_sha), repo.read_file(path, pull.base_sha)
    asked.heads[path] = head
    was = _loaded(base, path, registry, [])
    becomes = _loaded(head, path, registry, asked.problems)
    asked.rules |= dict.fromkeys(approvals_of_change(was, becomes, rules, registry))
    asked.alone.append(passes_alone(was, becomes, rules, registry) if was and becomes else "")
    if head is None:
        if was is None:
            asked.problems.append(f"{path} cannot be read.")
        else:
            _note_requester(asked, was, rules)
            if was.request.metadata.lifecycle != "retired":
                asked.problems.append(f"{path} is deleted, and its request is not retired.")
    elif becomes is not None:
        asked.ids.append(becomes.id)
        _note_requester(asked, becomes, rules)


def _named_in(messages: Iterable[str], asked: _Asked, rules: Policy) -> frozenset[str]:
    """The logins of those whom commit messages name as who asked for a change, or as co-authors.

    Anybody can type such a line, and all that it does is to bar whom it names. Somebody it names whom nobody
    knows is somebody unlinked behind the request.
    """
    found: set[str] = set()
    for message in messages:
        for slack in _CHANGED_BY.findall(message):
            person = rules.person(slack=slack)
            found |= {person.github} if person else set()
            asked.unlinked = asked.unlinked or person is None
        for email in _CO_AUTHOR.findall(message):
            ours = _NO_REPLY.fullmatch(email)
            person = rules.person(email=email)
            found |= {ours[1]} if ours else {person.github} if person else set()
            asked.unlinked = asked.unlinked or not (ours or person)
    return frozenset(found)


def _loaded(raw: bytes | None, path: str, registry: Registry, problems: list[str]) -> Loaded | None:
    if raw is None:
        return None
    try:
        return request.load_request(raw, path, registry)
    except InvalidRequest as invalid:
        count = len(invalid.findings)
        problems.append(f"{path} is not valid: {count} finding{'s' if count != 1 else ''}.")
        return None


def _note_requester(asked: _Asked, loaded: Loaded, rules: Policy) -> None:
    """Who asked, as the directory links them, else as the file does.

    The bot writes a login into the file that the person has proved to be theirs. Whoever else writes one is
    the author and approves nothing. Where somebody added a commit, or the directory knows the login as
    another's, what the file says proves nothing. It bars the person it names in any case.
    """
    by = loaded.request.metadata.requested_by
    asked.slack = asked.slack or by.slack
    person = rules.person(slack=by.slack)
    if person is not None:
        asked.requesters.add(person.github)
    elif not by.github or not asked.untouched or rules.person(github=by.github) is not None:
        asked.unlinked = True
    if by.github:
        asked.requesters.add(by.github)


def _writers(repo: Reviewed, logins: Iterable[str]) -> frozenset[str]:
    return frozenset(login for login in sorted(logins) if login != DELETED and repo.can_write(login))
