"""What people write about a repository: its fields, what follows from what they said, and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from gitops.kind import Ask, Complaint, Desired, Rule, Spec
from gitops.vocabulary import Part

if TYPE_CHECKING:
    from gitops.policy import Policy

Permission = Literal["pull", "triage", "push", "maintain", "admin"]
TeamSlug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$", max_length=100)]
Topic = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")]


def _no_suffix(name: str) -> str:
    if name.lower().endswith((".git", ".wiki")):
        raise ValueError("a repository's name cannot end in .git or .wiki")
    return name


RepoName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*$", min_length=1, max_length=100),
    AfterValidator(_no_suffix),
]
"""Letters and digits, single ``.``, ``_`` or ``-`` between them; no suffix that GitHub gives a meaning."""


class TeamAccess(Part):
    """What one team of the organisation may do in the repository."""

    team: Annotated[
        TeamSlug, Ask(label="Team", help="The team's slug on GitHub, such as `growth`.", risky=True)
    ]
    permission: Annotated[
        Permission,
        Ask(
            label="Permission",
            help="`pull`, `triage`, `push`, `maintain` or `admin`.",
            risky=True,
            words={"read": "pull", "write": "push", "view": "pull", "edit": "push"},
        ),
    ]


class RepoSpec(Spec):
    """A GitHub repository."""

    kind: Literal["repo"]
    name: Annotated[
        RepoName,
        Ask(
            label="Repository",
            help="Its name on GitHub, such as `growth-churn-prediction`.",
            aliases=("repo name", "repository name"),
        ),
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
        ),
    ]
    access: Annotated[
        Annotated[tuple[TeamAccess, ...], Field(max_length=50)],
        Ask(
            label="Repository access",
            help="Teams and what they may do, such as `[{team: growth, permission: maintain}]`.",
            risky=True,
            infer=False,
            aliases=("teams", "repo access", "collaborators"),
        ),
    ] = ()
    topics: Annotated[
        Annotated[tuple[Topic, ...], Field(max_length=20)],
        Ask(
            label="Topics",
            help="Words to find it by, lower-case with hyphens, such as `[churn]`.",
            aliases=("tags", "labels", "keywords"),
        ),
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
    derived: dict[str, Any] = {"name": name, **policy.defaults_for("repo")}
    limits = policy.limits_of(str(origin["environment"]), str(origin.get("data_classification", "")))
    if limits.visibility:
        derived["visibility"] = limits.visibility
    if team is not None:
        derived["access"] = [{"team": team.github_team, "permission": "maintain"}]
    return {key: value for key, value in derived.items() if key not in values and value is not None}


def _visibility(desired: Desired[RepoSpec], policy: Policy) -> Iterator[Complaint]:
    wanted = policy.limits_of(desired.origin.environment, desired.origin.data_classification).visibility
    if wanted and desired.spec.visibility != wanted:
        yield Complaint(
            path="visibility",
            message=f"Repositories for {desired.origin.data_classification} data must be {wanted}.",
            hint=f"Write `visibility: {wanted}`.",
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
    Rule(id="repo-visibility", why="Sensitive work is not readable by everybody.", check=_visibility),
    Rule(
        id="repo-access-twice",
        why="Which of two permissions holds would be chance.",
        check=_one_entry_per_team,
    ),
)
