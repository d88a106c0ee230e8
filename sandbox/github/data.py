"""The records the rehearsal GitHub keeps beside the Git data, from accounts to workflow runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Permission = Literal["none", "pull", "triage", "push", "maintain", "admin"]
Visibility = Literal["public", "private", "internal"]
PERMISSIONS: tuple[Permission, ...] = ("none", "pull", "triage", "push", "maintain", "admin")
"""From least to most; GitHub calls ``pull`` "read" and ``push`` "write" in some answers."""


OF_PERMISSION: dict[Permission, str] = {
    "none": "none",
    "pull": "read",
    "triage": "read",
    "push": "write",
    "maintain": "write",
    "admin": "admin",
}
"""The old four words."""


def permission_flags(permission: Permission) -> dict[str, bool]:
    """``{"admin": …, "maintain": …, "push": …, "triage": …, "pull": …}``."""
    held = PERMISSIONS.index(permission)
    return {name: held >= PERMISSIONS.index(name) for name in reversed(PERMISSIONS[1:])}


def now() -> str:
    """The present moment as GitHub writes it, such as ``2026-11-21T05:48:05Z``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Account:
    """A person, an organisation or an app's bot; ``login`` is compared without regard to case."""

    id: int
    login: str
    type: Literal["User", "Organization", "Bot"]
    name: str = ""
    email: str = ""
    created_at: str = field(default_factory=now)


@dataclass
class Organisation:
    """Members (login → ``admin`` | ``member``) and the custom properties repositories may carry.

    ``invited`` are those who have yet to accept; ``secrets`` are names of Actions secrets.
    """

    login: str
    members: dict[str, str] = field(default_factory=dict)
    invited: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Team:
    """A team of an organisation and what it may do (repository full name → permission)."""

    id: int
    organisation: str
    slug: str
    name: str
    description: str = ""
    members: list[str] = field(default_factory=list)
    repositories: dict[str, Permission] = field(default_factory=dict)
    created_at: str = field(default_factory=now)


@dataclass
class App:
    """A GitHub App, installed on every organisation; ``permissions`` None: everything."""

    id: int
    slug: str
    organisation: str
    permissions: dict[str, str] | None = None
    private_key: str = field(default="", repr=False)
    created_at: str = field(default_factory=now)

    @property
    def login(self) -> str:
        """The account its commits and comments are made by."""
        return f"{self.slug}[bot]"


@dataclass
class Token:
    """Who a bearer is; ``permissions`` and ``repository`` narrow what an app's token may do."""

    value: str = field(repr=False)
    login: str
    app: str = ""
    permissions: dict[str, str] | None = None
    repository: str = ""
    run_id: int = 0


@dataclass
class Review:
    """A review of a pull request, of the very commit ``commit_id``."""

    id: int
    user: str
    body: str
    state: str
    commit_id: str
    submitted_at: str


@dataclass
class Comment:
    """A comment in the conversation of pull request ``number``; ``app`` is set when an app wrote it."""

    id: int
    number: int
    user: str
    body: str
    app: str = ""
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class LineComment:
    """A comment on a line of the new version of a file; ``hunk`` is the difference down to that line."""

    id: int
    number: int
    user: str
    body: str
    path: str
    line: int
    hunk: str
    commit_id: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Pull:
    """A pull request between two branches of one repository; ``head_sha`` follows the branch while open."""

    id: int
    number: int
    title: str
    body: str | None
    user: str
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    state: Literal["open", "closed"] = "open"
    draft: bool = False
    labels: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    merge_sha: str | None = None
    merged_at: str | None = None
    merged_by: str | None = None
    closed_at: str | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class CheckRun:
    """A check run on a commit, made by an app; ``output`` has title, summary, text and annotations."""

    id: int
    name: str
    head_sha: str
    app: str
    status: str = "queued"
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    external_id: str = ""
    details_url: str = ""
    output: dict[str, Any] = field(default_factory=dict)


@dataclass
class Status:
    """A commit status; the newest of a context counts."""

    id: int
    sha: str
    state: str
    context: str
    user: str
    description: str | None = None
    target_url: str | None = None
    created_at: str = field(default_factory=now)


@dataclass
class Job:
    """One job of a workflow run; its check run has the same id."""

    id: int
    key: str
    name: str
    status: str = "queued"
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


@dataclass
class Run:
    """A run of a workflow file; its log is ``<home>/logs/<id>.txt``."""

    id: int
    number: int
    name: str
    path: str
    event: str
    head_branch: str
    head_sha: str
    actor: str
    title: str
    group: str = ""
    pulls: list[int] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    status: str = "queued"
    conclusion: str | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Invitation:
    """An invitation to work on a repository, of somebody who is not in the organisation."""

    id: int
    login: str
    permission: Permission
    inviter: str
    created_at: str = field(default_factory=now)


@dataclass
class Repository:
    """Everything about one repository that is not Git; ``issues`` counts pull request numbers.

    ``signed`` are the commits that GitHub made for an app, and so signed.
    """

    id: int
    owner: str
    name: str
    visibility: Visibility = "private"
    description: str | None = None
    homepage: str | None = None
    default_branch: str = "main"
    archived: bool = False
    topics: list[str] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, bool] = field(default_factory=dict)
    collaborators: dict[str, Permission] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)
    required_checks: list[str] = field(default_factory=list)
    rulesets: dict[int, dict[str, Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    issues: int = 0
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    line_comments: dict[int, LineComment] = field(default_factory=dict)
    checks: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    signed: set[str] = field(default_factory=set)
    runs: dict[int, Run] = field(default_factory=dict)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    pushed_at: str = field(default_factory=now)

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"


@dataclass
class Hook:
    """A webhook: which events go where, signed with what, and what became of them (newest last)."""

    id: int
    url: str
    secret: str = field(repr=False)
    events: list[str]
    deliveries: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Data:
    """All that is remembered, by its natural key (lower-case logins and full names)."""

    next_id: int = 1000
    accounts: dict[str, Account] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
