"""What stands around the resources of a request: who wants it, for what, where, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache, reduce
from operator import itemgetter, or_
from typing import Annotated, Any, Literal

from msgspec import Meta, defstruct, field

from gitops.edited import Edited, Effect
from gitops.kind import Ask, Registry, Spec
from gitops.recorded import IgnoredDrift, RecordedException, Sentence
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


class RequestedBy(Part, kw_only=True):
    """Who asked: the ids that platforms give out, never a display name."""

    slack: Annotated[
        SlackId,
        Ask(label="Slack", help="Slack user id, such as `U024BE7LH`.", risky=True, infer=False),
        Edited(changed=Effect.RECORDED),
    ]
    github: (
        Annotated[
            GitHubLogin,
            Ask(label="GitHub", help="GitHub login, such as `liwei`.", risky=True, infer=False),
            Edited(changed=Effect.RECORDED),
        ]
        | None
    ) = None


def _ending(metadata: Metadata) -> Effect:
    """What becomes of another lifecycle: ``retiring`` takes everything away."""
    return Effect.TAKEN if metadata.lifecycle == "retiring" else Effect.RECORDED


class Metadata(Part, kw_only=True):
    """The envelope of a request. Name, team and environment are its identity and never change."""

    name: Annotated[
        Name,
        Ask(
            label="Name",
            help="Lower-case words with hyphens, 3 to 40 characters, such as `churn-prediction`.",
            default=False,
            aliases=("project", "project name", "title"),
            question="What shall the project be called?",
            why="The names of everything that is made follow from it, and it cannot be changed later.",
        ),
        Edited(immutable=True),
    ]
    team: Annotated[
        TeamName,
        Ask(
            label="Team",
            help="The team it is for, as the policy names it, such as `growth`.",
            risky=True,
            aliases=("squad", "group", "on behalf of"),
            question="Which team is it for?",
            why="The team gets access, and its approvers review the request.",
        ),
        Edited(immutable=True),
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
            meanings={
                "dev": "to try things; nobody else depends on it",
                "staging": "to rehearse what goes to production",
                "prod": "what others depend on",
            },
            question="Which environment is it for?",
            why="Catalog, limits and approvals follow from it.",
        ),
        Edited(immutable=True),
    ]
    purpose: Annotated[
        Sentence,
        Ask(
            label="Purpose",
            help="One sentence on what it is for, such as `Predict which subscribers will leave next month.`",
            default=False,
            aliases=("goal", "description", "what for", "reason"),
            question="What is it for, in one sentence?",
            why="The people who review the request want to know.",
        ),
        Edited(note="a repository's description follows"),
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
            question="Who is the business owner?",
            why="Somebody has to answer for the data and its use; I never guess that.",
        ),
        Edited(changed=Effect.RECORDED),
    ]
    technical_owner: Annotated[
        Email | None,
        Ask(
            label="Technical owner",
            help="Who looks after it, by e-mail, such as `li.wei@acme.example`; else the requester.",
            risky=True,
            infer=False,
            aliases=("tech owner", "technical contact", "maintainer"),
            question="Who looks after it technically?",
            why="They are asked when something breaks.",
        ),
        Edited(changed=Effect.RECORDED),
    ] = None
    members: Annotated[
        Annotated[tuple[Email, ...], Meta(max_length=100)],
        Ask(
            label="Members",
            help="People who get access besides the team, by e-mail, such as `[li.wei@acme.example]`.",
            risky=True,
            default=False,
            infer=False,
            aliases=("people", "collaborators", "users", "access for"),
            question="Who gets access besides the team?",
            why="People are named one by one; I never guess that.",
        ),
        Edited(gone=Effect.TAKEN, note="each gets what the policy gives members"),
    ] = ()
    cost_center: Annotated[
        CostCenter | None,
        Ask(
            label="Cost center",
            help="Who pays, such as `CC-1042`; else the team's.",
            infer=False,
            aliases=("cost centre", "kostenstelle", "budget"),
            question="Which cost center pays?",
            why="The bill goes there.",
        ),
        Edited(note="tags follow"),
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
            meanings={
                "public": "anybody may know it, also outside the company",
                "internal": "anybody in the company may know it, nobody outside",
                "confidential": "only those who need it for their work, such as data about customers",
                "restricted": "the strictest: harm to people or to the company if it leaks",
            },
            question="How is the data classified?",
            why="It decides who has to approve and what is allowed; I never guess that.",
        ),
        Edited(changed=Effect.RECORDED, note="limits and approvals follow"),
    ]
    expires: Annotated[
        date | None,
        Ask(
            label="End date",
            help="The last day it is needed, as year-month-day, such as `2027-04-30`.",
            default=False,
            infer=False,
            aliases=("expiry", "until", "end", "expiration", "needed until", "end date"),
            question="Until when do you need it?",
            why="Nothing is taken away without asking; a date such as 30 April 2027 is enough.",
        ),
        Edited(changed=Effect.RECORDED),
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
        Edited(changed=_ending, note="it holds for everything the request made"),
    ] = "active"
    exceptions: Annotated[
        Annotated[tuple[RecordedException, ...], Meta(max_length=20)],
        Ask(
            label="Exceptions",
            help="Recorded exceptions to rules, each with `rule`, `reason`, `approver` and `until`.",
            risky=True,
            default=False,
            infer=False,
        ),
        Edited(
            changed=Effect.RECORDED,
            same=lambda entry: " ".join(str(entry[key]) for key in ("rule", "field") if entry.get(key)),
        ),
    ] = ()
    drift_ignored: Annotated[
        Annotated[tuple[IgnoredDrift, ...], Meta(max_length=20)],
        Ask(
            label="Ignored drift",
            help="What may stand differently for a while, each with `resource`, `until` and `reason`.",
            risky=True,
            default=False,
            infer=False,
        ),
        Edited(changed=Effect.RECORDED, same=itemgetter("resource")),
    ] = ()
    revision: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        Ask(
            label="Revision",
            help="Counts how often the file was approved anew as it is, to bring back what drifted, such as "
            "`2`.",
            default=False,
            infer=False,
        ),
        Edited(changed=Effect.RECORDED, note="what drifted is brought back"),
    ] = None


class Request(Part, kw_only=True):
    """A request file; :func:`request_model` gives the subclass for the kinds of a registry."""

    api_version: Literal["lakeport/v1"] = field(name="apiVersion")
    kind: Literal["Onboarding"]
    metadata: Metadata
    resources: tuple[Spec, ...]


def request_model(registry: Registry) -> type[Request]:
    """The model of request files for these kinds; resources are told apart by their ``kind``. Cached."""
    return _request_model(tuple(kind.spec for kind in registry.values()))


@lru_cache(maxsize=32)
def _request_model(specs: Sequence[type[Spec]]) -> type[Request]:
    if not specs:
        raise ValueError("a registry has at least one kind")
    entry: Any = reduce(or_, specs)
    about = Meta(
        min_length=1,
        max_length=MAX_RESOURCES,
        title="Resources",
        description="What is wanted, at least one; a kind may be there several times, under other names.",
    )
    model: Any = defstruct(
        "RequestFile",
        [("resources", Annotated[tuple[entry, ...], about])],
        bases=(Request,),
        module=__name__,
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=True,
    )
    found: type[Request] = model
    return found
