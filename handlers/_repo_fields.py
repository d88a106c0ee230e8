"""What people write about a repository: its fields, what follows from what they said, and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from msgspec import Meta

from gitops.edited import Edited, Effect
from gitops.kind import Ask, Complaint, Desired, Rule, Spec
from gitops.vocabulary import Part, spelt

if TYPE_CHECKING:
    from gitops.policy import Policy

Permission = Literal["pull", "triage", "push", "maintain", "admin"]
LEVELS: tuple[str, ...] = get_args(Permission)
"""From least to most."""
TeamSlug = Annotated[str, spelt(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?", max_length=100)]
Topic = Annotated[str, spelt(r"[a-z0-9][a-z0-9-]{0,49}")]


RepoName = Annotated[
    str, spelt(r"(?!.*\.(?:[gG][iI][tT]|[wW][iI][kK][iI])$)[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*", max_length=100)
]
"""Letters and digits, single ``.``, ``_`` or ``-`` between them; no suffix that GitHub gives a meaning."""


class TeamAccess(Part):
    """What one team of the organisation may do in the repository."""

    team: Annotated[
        TeamSlug,
        Ask(label="Team", help="The team's slug on GitHub, such as `growth`.", risky=True),
        Edited(immutable=True),
    ]
    permission: Annotated[
        Permission,
        Ask(
            label="Permission",
            help="`pull`, `triage`, `push`, `maintain` or `admin`.",
            risky=True,
            words={"read": "pull", "write": "push", "view": "pull", "edit": "push"},
            meanings={
                "pull": "read the code and clone it",
                "triage": "read the code, and sort issues and pull requests",
                "push": "read and write code",
                "maintain": "write code and run the repository, but not destroy or expose it",
                "admin": "everything, also to delete it or hand it over",
            },
        ),
    ]


class RepoSpec(Spec, tag="repo"):
    """A GitHub repository."""

    name: Annotated[
        RepoName,
        Ask(
            label="Repository",
            help="Its name on GitHub, such as `growth-churn-prediction`.",
            aliases=("repo name", "repository name"),
        ),
        Edited(immutable=True),
    ]
    visibility: Annotated[
        Literal["private", "internal"],
        Ask(
            label="Visibility",
            help="`internal`: everybody in the company can read it; `private`: only the teams below.",
            risky=True,
            infer=False,
            aliases=("visible to", "who can see it"),
            words={
                "company": "internal",
                "company-wide": "internal",
                "closed": "private",
                "hidden": "private",
            },
            meanings={
                "internal": "everybody in the company can read the code",
                "private": "only the teams that are given access can read it",
            },
            question="Who may see the repository?",
            why="It decides who can read the code.",
        ),
    ]
    access: Annotated[
        Annotated[tuple[TeamAccess, ...], Meta(max_length=50)],
        Ask(
            label="Repository access",
            help="Teams and what they may do, such as `[{team: growth, permission: maintain}]`.",
            risky=True,
            infer=False,
            aliases=("teams", "repo access", "collaborators"),
        ),
        Edited(
            gone=Effect.TAKEN,
            same=itemgetter("team"),
            added="the team {team} gets {permission}",
            dropped="the team {team} loses {permission}",
        ),
    ] = ()
    topics: Annotated[
        Annotated[tuple[Topic, ...], Meta(max_length=20)],
        Ask(
            label="Topics",
            help="Words to find it by, lower-case with hyphens, such as `[churn]`.",
            aliases=("tags", "labels", "keywords"),
        ),
        Edited(gone=Effect.TAKEN),
    ] = ()


def identity(spec: RepoSpec) -> str:
    """GitHub does not tell names apart by case."""
    return spec.name.lower()


def derive(values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """The name by the naming rule, the policy's defaults, and the own team as maintainer."""
    team = policy.teams.get(str(origin["team"]))
    name = policy.default_name(
        "repo", team=str(origin["team"]), name=str(origin["name"]), environment=str(origin["environment"])
    )
    derived: dict[str, Any] = {"name": name, **policy.defaults_for("repo", origin)}
    keys = ("team", "environment", "data_classification")
    visibility = policy.effective(*(str(origin.get(key, "")) for key in keys)).visibility.value
    if visibility:
        derived["visibility"] = visibility
    if team is not None:
        derived["access"] = [{"team": team.github_team, "permission": "maintain"}]
    return {key: value for key, value in derived.items() if key not in values and value is not None}


def _visibility(desired: Desired[RepoSpec], policy: Policy) -> Iterator[Complaint]:
    wanted = policy.effective_for(desired.origin).visibility
    if wanted.value and desired.spec.visibility != wanted.value:
        yield Complaint(
            path="visibility",
            message=f"Repositories for {wanted.who} must be {wanted.value}{policy.said(wanted)}.",
            hint=f"Write `visibility: {wanted.value}`.",
        )


def _one_entry_per_team(desired: Desired[RepoSpec], policy: Policy) -> Iterator[Complaint]:
    del policy
    seen: set[str] = set()
    for index, entry in enumerate(desired.spec.access):
        if entry.team in seen:
            yield Complaint(
                path=f"access[{index}].team",
                message=f"The team {entry.team} is there twice.",
                hint="A team has one permission: delete one of the two.",
            )
        seen.add(entry.team)


RULES = (
    Rule(
        id="repo-visibility",
        title="The repository may be read by too many",
        why="Code of restricted work carries samples, names of columns and the ways around them; not "
        "everybody in the company may read that. The policy says by classification who may.",
        fix="Write the visibility that the policy asks for, or a lower classification if that is the truth.",
        wrong="""\
metadata:
  data_classification: restricted
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: internal
""",
        right="""\
metadata:
  data_classification: restricted
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: private
""",
        check=_visibility,
        exceptable=True,
    ),
    Rule(
        id="repo-access-twice",
        title="A team has two permissions on a repository",
        why="GitHub keeps one permission for each team; which of the two would hold is chance.",
        fix="Keep the entry with the permission that is meant, and delete the other.",
        wrong="""\
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: internal
  access:
  - {team: growth, permission: maintain}
  - {team: growth, permission: push}
""",
        right="""\
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: internal
  access:
  - {team: growth, permission: maintain}
  - {team: risk, permission: push}
""",
        check=_one_entry_per_team,
    ),
)
