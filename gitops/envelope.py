"""What stands around the resources of a request: who wants it, for what, where, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache, reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, StringConstraints, create_model

from gitops.kind import Ask, Registry, Spec
from gitops.vocabulary import (
    Classification,
    CostCenter,
    Email,
    Environment,
    GitHubLogin,
    Lifecycle,
    Name,
    Part,
    SlackId,
    TeamName,
)

API_VERSION = "lakeport/v1"
KIND = "Onboarding"
MAX_RESOURCES = 50

Sentence = Annotated[str, StringConstraints(pattern=r"^\S(?:.*\S)?$", min_length=3, max_length=500)]
"""One line of text without spaces at its ends, 3 to 500 characters."""


class RequestedBy(Part):
    """Who asked: the ids that platforms give out, never a display name."""

    slack: Annotated[
        SlackId, Ask(label="Slack", help="Slack user id, such as `U024BE7LH`.", risky=True, infer=False)
    ]
    github: (
        Annotated[
            GitHubLogin, Ask(label="GitHub", help="GitHub login, such as `liwei`.", risky=True, infer=False)
        ]
        | None
    ) = None


class Metadata(Part):
    """The envelope of a request. Name, team and environment are its identity and never change."""

    name: Annotated[
        Name,
        Ask(
            label="Name",
            help="Lower-case words with hyphens, 3 to 40 characters, such as `churn-prediction`.",
            default=False,
            aliases=("project", "project name", "title"),
        ),
    ]
    team: Annotated[
        TeamName,
        Ask(
            label="Team",
            help="The team it is for, as the policy names it, such as `growth`.",
            risky=True,
            aliases=("squad", "group", "on behalf of"),
        ),
    ]
    environment: Annotated[
        Environment,
        Ask(
            label="Environment",
            help="`dev` to try things, `staging` to rehearse, `prod` for what others depend on.",
            risky=True,
            infer=False,
            aliases=("env", "stage", "workspace"),
            words={
                "development": "dev",
                "sandbox": "dev",
                "stg": "staging",
                "stage": "staging",
                "preprod": "staging",
                "production": "prod",
                "live": "prod",
            },
        ),
    ]
    purpose: Annotated[
        Sentence,
        Ask(
            label="Purpose",
            help="One sentence on what it is for, such as `Predict which subscribers will leave next month.`",
            default=False,
            aliases=("goal", "description", "what for", "reason"),
        ),
    ]
    business_owner: Annotated[
        Email,
        Ask(
            label="Business owner",
            help="Who answers for the data and its use, by e-mail, such as `jane.doe@acme.example`.",
            risky=True,
            default=False,
            infer=False,
            aliases=("owner", "product owner", "responsible", "accountable"),
        ),
    ]
    technical_owner: Annotated[
        Email | None,
        Ask(
            label="Technical owner",
            help="Who looks after it, by e-mail, such as `li.wei@acme.example`; else the requester.",
            risky=True,
            infer=False,
            aliases=("tech owner", "technical contact", "maintainer"),
        ),
    ] = None
    members: Annotated[
        Annotated[tuple[Email, ...], Field(max_length=100)],
        Ask(
            label="Members",
            help="People who get access besides the team, by e-mail, such as `[li.wei@acme.example]`.",
            risky=True,
            default=False,
            infer=False,
            aliases=("people", "collaborators", "users", "access for"),
        ),
    ] = ()
    cost_center: Annotated[
        CostCenter | None,
        Ask(
            label="Cost center",
            help="Who pays, such as `CC-1042`; else the team's.",
            infer=False,
            aliases=("cost centre", "kostenstelle", "budget"),
        ),
    ] = None
    data_classification: Annotated[
        Classification,
        Ask(
            label="Data classification",
            help="How sensitive the data is: `public`, `internal`, `confidential` or `restricted`.",
            risky=True,
            default=False,
            infer=False,
            aliases=("classification", "sensitivity", "confidentiality", "data class"),
        ),
    ]
    expires: Annotated[
        date | None,
        Ask(
            label="End date",
            help="The last day it is needed, as year-month-day, such as `2027-04-30`.",
            default=False,
            infer=False,
            aliases=("expiry", "until", "end", "expiration", "needed until", "end date"),
        ),
    ] = None
    requested_by: Annotated[
        RequestedBy,
        Ask(
            label="Requested by", help="Who asked, such as `{slack: U024BE7LH, github: liwei}`.", infer=False
        ),
    ]
    lifecycle: Annotated[
        Lifecycle,
        Ask(
            label="Lifecycle",
            help="`active`; `retiring` takes everything away; `retired` when that is done.",
            infer=False,
        ),
    ] = "active"


class Request(Part):
    """A request file; :func:`request_model` gives the subclass for the kinds of a registry."""

    api_version: Literal["lakeport/v1"] = Field(alias="apiVersion")
    kind: Literal["Onboarding"]
    metadata: Metadata
    resources: tuple[SerializeAsAny[Spec], ...]


def request_model(registry: Registry) -> type[Request]:
    """The model of request files for these kinds; resources are told apart by their ``kind``. Cached."""
    return _request_model(tuple(kind.spec for kind in registry.values()))


@lru_cache(maxsize=32)
def _request_model(specs: Sequence[type[Spec]]) -> type[Request]:
    if not specs:
        raise ValueError("a registry has at least one kind")
    entry: Any = specs[0]
    if len(specs) > 1:
        entry = Annotated[reduce(or_, specs), Field(discriminator="kind")]
    resources = (
        tuple[entry, ...],
        Field(
            min_length=1,
            max_length=MAX_RESOURCES,
            title="Resources",
            description="What is wanted, at least one; a kind may be there several times, under other names.",
        ),
    )
    model: type[Request] = create_model(
        "RequestFile", __base__=Request, __module__=__name__, resources=resources
    )
    return model
