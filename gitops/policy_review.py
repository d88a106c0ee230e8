"""What the policy says of review: how long a plan is good, who may break the glass, what passes alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, get_origin

from msgspec import Meta

from gitops.edited import Edited
from gitops.vocabulary import Classification, Environment, GitHubLogin, Part, RuleId, spelt

if TYPE_CHECKING:
    from msgspec import Struct

    from gitops.kind import Registry
    from gitops.model import FieldInfo
    from gitops.policyfile import Policy
    from gitops.yamltext import Path

SlackChannel = Annotated[str, spelt(r"[CG][A-Z0-9]{2,24}|")]
"""The id of a Slack channel, such as ``C024BE7LR``; empty for none."""

Account = Annotated[str, spelt(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*(?:\[bot\])?", max_length=45)]
"""The login of a person or of a GitHub app: ``lakeport[bot]``."""

_NEVER_ALONE = ("name", "team", "environment", "requested_by", "lifecycle", "revision")
"""Fields that say who asked, what the request is, whether it ends, or that its plan is approved anew."""


class BreakGlass(Part, kw_only=True):
    """Who may let a request pass in an emergency: ``count`` of these ``people`` (GitHub logins) together.

    ``alert`` is the Slack channel that is told each time.
    """

    people: Annotated[tuple[GitHubLogin, ...], Meta(min_length=1, max_length=50)]
    alert: SlackChannel = ""
    count: Annotated[int, Meta(ge=1, le=9)] = 1


class PassesAlone(Part, kw_only=True):
    """An edit of a merged request that needs nobody's approval, when all of this holds.

    Nothing but ``changes`` is edited: fields of a request, none of them risky. The request is in one of the
    ``environments``, with data of one of the ``classifications``. The upper bound of its estimated monthly
    cost is at most ``max_monthly_cost``, in the policy's currency; without it, no higher than it was.
    """

    id: RuleId
    changes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=50)]
    environments: Annotated[tuple[Environment, ...], Meta(min_length=1)]
    classifications: Annotated[tuple[Classification, ...], Meta(min_length=1)]
    max_monthly_cost: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None


class ReviewRules(Part, kw_only=True):
    """The section ``review``.

    ``plan_valid_days`` is how many days after it was drawn a plan may still be carried out. ``app`` is the
    login of the GitHub app that the bot signs in as: what it says was confirmed in Slack, was confirmed.
    """

    plan_valid_days: Annotated[int, Meta(ge=1, le=90)] = 7
    break_glass: BreakGlass | None = None
    passes_alone: tuple[PassesAlone, ...] = ()
    app: Account = "lakeport[bot]"


def harmless(registry: Registry) -> tuple[str, ...]:
    """The fields that ``changes`` can name, sorted: single values that can change and are risky nowhere.

    A list is none of them, since an edit of one adds or takes away.
    """
    from gitops.envelope import Metadata
    from gitops.model import fields_of

    models: list[type[Struct]] = [Metadata, *(kind.spec for kind in registry.values())]
    fields = [field for model in models for field in fields_of(model).values()]
    never = {*_NEVER_ALONE, *(field.key for field in fields if not _is_harmless(field))}
    return tuple(sorted({field.key for field in fields} - never))


def _is_harmless(field: FieldInfo) -> bool:
    from gitops.model import bare, noted

    if field.ask is None or field.ask.risky:
        return False
    value = bare(field.annotation)
    single = value in (str, int, float, bool, date) or get_origin(value) is Literal
    return single and not any(isinstance(note, Edited) and note.immutable for note in noted(field.annotation))


def problems(policy: Policy) -> Iterator[tuple[Path, str, str]]:
    """What is wrong with the section whichever kinds there are: where in it, a sentence, and what to do."""
    glass = policy.review.break_glass
    if glass is not None:
        known = {login: policy.person(github=login) for login in glass.people}
        for index, login in enumerate(glass.people):
            if known[login] is None:
                yield (
                    ("break_glass", "people", index),
                    f"{login} may break the glass and is not among the people.",
                    "Add the person under people, with the GitHub login.",
                )
        if len({person.slack for person in known.values() if person}) < glass.count:
            yield (
                ("break_glass", "count"),
                f"{glass.count} people have to break the glass together, and fewer are named.",
                "Name more people, or lower the count.",
            )
    seen: set[str] = set()
    for index, rule in enumerate(policy.review.passes_alone):
        if rule.id in seen:
            yield (
                ("passes_alone", index, "id"),
                f"Two rules are called {rule.id}.",
                "Give each an id of its own: the record says which rule let an edit pass.",
            )
        seen.add(rule.id)
        for place, name in enumerate(rule.changes):
            if name in policy.approvals_for_change:
                yield (
                    ("passes_alone", index, "changes", place),
                    f"approvals_for_change asks for approvals of an edit of {name}.",
                    "Take it out of one of the two.",
                )
        limit = policy.monthly_cost.approvals_above
        if rule.max_monthly_cost is not None and rule.max_monthly_cost > limit:
            yield (
                ("passes_alone", index, "max_monthly_cost"),
                f"{rule.id} lets more pass than the {limit:,} above which the cost needs approvals.",
                "Keep it at monthly_cost.approvals_above or below.",
            )


def problems_with_kinds(policy: Policy, registry: Registry) -> Iterator[tuple[Path, str, str]]:
    """The words under ``changes`` that no edit without an approval can be, in the same form."""
    from gitops.policycheck import guess

    if not policy.review.passes_alone:
        return
    known = harmless(registry)
    for index, rule in enumerate(policy.review.passes_alone):
        for place, name in enumerate(rule.changes):
            if name not in known:
                yield (
                    ("passes_alone", index, "changes", place),
                    f"An edit of {name} cannot pass without an approval.",
                    guess(name, known, f"Fields that can: {', '.join(known)}."),
                )
