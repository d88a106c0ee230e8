"""What an organisation wants of every repository: the section ``repositories`` of the policy.

Whatever it does not say is not managed: it is neither set nor drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta, field
from msgspec.structs import asdict

from gitops.vocabulary import Part, spelt

PropertyName = Annotated[str, spelt(r"[A-Za-z0-9_$#-]{1,75}")]
SecretName = Annotated[str, spelt(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", max_length=100)]
"""As GitHub shows it: upper case, and never one of its own."""
EnvironmentName = Annotated[str, spelt(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?", max_length=100)]
InputName = Annotated[str, spelt(r"[A-Za-z_][A-Za-z0-9_-]*", max_length=100)]
CheckName = Annotated[str, spelt(r"\S(?:.*\S)?", max_length=200)]
Known = Literal[
    "team", "environment", "cost_center", "data_classification", "business_owner", "technical_owner"
]
"""What a custom property may be filled with."""

MARK = "lakeport-request"
"""The custom property that names the owning request; an owner of the organisation defines it as text."""

MERGE = {
    "squash": "allow_squash_merge",
    "merge_commit": "allow_merge_commit",
    "rebase": "allow_rebase_merge",
    "auto_merge": "allow_auto_merge",
    "delete_branch": "delete_branch_on_merge",
}
"""Merge settings by our name: what GitHub calls them."""


class Ruleset(Part, kw_only=True):
    """The ruleset ``lakeport`` on the default branch: no deletion, no forced push, changes by pull request.

    ``bypass_apps`` are ids of GitHub apps that may push all the same: at least the one that Lakeport signs in
    as, or the first commit of a template would be refused.
    """

    approvals: Annotated[int, Meta(ge=0, le=10)] = 1
    code_owners: bool = False
    dismiss_stale: bool = True
    checks: Annotated[tuple[CheckName, ...], Meta(max_length=20)] = ()
    bypass_apps: Annotated[tuple[Annotated[int, Meta(ge=1)], ...], Meta(min_length=1, max_length=10)]


class Merge(Part):
    """How pull requests may be merged, and whether their branch goes then; left out: as it is."""

    squash: bool | None = None
    merge_commit: bool | None = None
    rebase: bool | None = None
    auto_merge: bool | None = None
    delete_branch: bool | None = None

    @property
    def settings(self) -> dict[str, bool]:
        """By the names of GitHub's API, only what is said."""
        return {MERGE[name]: value for name, value in asdict(self).items() if value is not None}


class Secrets(Part):
    """Names of Actions secrets that must be there, and who sets them; never a value."""

    names: Annotated[tuple[SecretName, ...], Meta(min_length=1, max_length=100)]
    set_by: Annotated[str, Meta(min_length=1, max_length=100)]


class Inputs(Part):
    """Our fields, and the input of the workflow that each is given to; left out: not given.

    ``marker`` tells the run from all others and must be part of the workflow's ``run-name``. ``topics`` are
    joined with commas.
    """

    name: InputName
    marker: InputName
    visibility: InputName | None = None
    description: InputName | None = None
    team: InputName | None = None
    github_team: InputName | None = None
    environment: InputName | None = None
    data_classification: InputName | None = None
    cost_center: InputName | None = None
    business_owner: InputName | None = None
    technical_owner: InputName | None = None
    topics: InputName | None = None
    request: InputName | None = None

    @property
    def given(self) -> dict[str, str]:
        """Input by field, only those that are given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class RepositoryWorkflow(Part):
    """The organisation's own workflow that makes repositories; it is started instead of making one."""

    repository: Annotated[
        str, spelt(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*/[A-Za-z0-9._-]*[A-Za-z0-9_-]", max_length=140)
    ]
    file: Annotated[str, spelt(r"[A-Za-z0-9._-]+\.ya?ml", max_length=100)]
    inputs: Inputs
    ref: Annotated[str, spelt(r"[A-Za-z0-9](?:[/._-]?[A-Za-z0-9])*", max_length=200)] = "main"
    timeout_minutes: Annotated[int, Meta(ge=1, le=15)] = 10


class Repositories(Part, kw_only=True):
    """What is wanted of every repository that a request asks for.

    ``properties`` are custom properties of the organisation, by what they are filled with. ``invite`` says
    whether a member of a request who is not in the organisation is invited, and to what; left out, nobody is.
    """

    ruleset: Ruleset | None = None
    merge: Merge = Merge()
    environments: Annotated[tuple[EnvironmentName, ...], Meta(max_length=20)] = ()
    secrets: Secrets | None = None
    properties: Mapping[Known, PropertyName] = field(default_factory=dict)
    codeowners: bool = False
    invite: Literal["organisation", "repository"] | None = None
    workflow: RepositoryWorkflow | None = None


def problems(wanted: Repositories) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What the types do not see: where in the section, a sentence, and what to do."""
    seen: dict[str, str] = {}
    for name, property_name in wanted.properties.items():
        if property_name == MARK:
            yield (
                ("properties", name),
                f"The property {MARK} is the mark of the owning request.",
                "Name another property.",
            )
        if seen.setdefault(property_name, name) != name:
            yield (
                ("properties", name),
                f"The property {property_name} is filled twice.",
                "Give each its own property.",
            )
    if wanted.workflow is not None:
        given = list(wanted.workflow.inputs.given.values())
        for field_name, one in wanted.workflow.inputs.given.items():
            if given.count(one) > 1:
                yield (
                    ("workflow", "inputs", field_name),
                    f"The input {one} is given twice.",
                    "Give each field to an input of its own.",
                )
