"""What the policy says to a request, in sentences: what is allowed, what it demands, who approves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.dialogue import World
from gitops.approval import ApprovalRule
from gitops.compose import Composed
from gitops.cost import Money
from gitops.draft import METADATA
from gitops.fields import RESOURCES, Field
from gitops.layers import Approvals, Effective, Layer
from gitops.policyfile import ClassificationRules
from gitops.vocabulary import SIZES

_PEOPLE = 8


def holds(composed: Composed, world: World) -> Effective:
    """What the policy says to this request, as far as its team, environment and classification are known."""
    return world.policy.effective(
        *(said_of(composed, key) for key in ("team", "environment", "data_classification"))
    )


def said_of(composed: Composed, name: str) -> str:
    """A value of the envelope as text; empty while it is not known."""
    value = composed.values.get(f"{METADATA}.{name}")
    return str(value.value) if value and value.value is not None else ""


def allowed(field: Field, composed: Composed, world: World) -> tuple[str, ...]:
    """The values that there are for a field; those that policy rules out for this request are left away."""
    if field.path == RESOURCES:
        return field.choices
    if field.path == f"{METADATA}.team":
        return tuple(world.policy.teams)
    if field.path == f"{METADATA}.environment":
        return tuple(name for name in field.choices if name in world.policy.environments)
    effective = holds(composed, world)
    if field.name == "template":
        return effective.templates.value
    if field.name == "catalog":
        every = (name for names in world.policy.catalogs.values() for name in names)
        return effective.catalogs.value or tuple(every)
    if field.choices == SIZES:
        return SIZES[: SIZES.index(effective.max_size.value) + 1]
    return field.choices


def layer_words(layer: Layer) -> Iterator[str]:
    """What one layer of the policy demands, a clause each."""
    if layer.max_size is not None:
        yield f"sizes up to {layer.max_size}"
    if layer.gpu is not None:
        yield "GPU allowed" if layer.gpu else "no GPU"
    if layer.visibility is not None:
        yield f"repositories are {layer.visibility}"
    if layer.max_lifetime_days is not None:
        yield f"kept for at most {layer.max_lifetime_days} days at a time"
    if layer.required:
        yield f"required: {listed(name.replace('_', ' ') for name in layer.required)}"
    if isinstance(layer, ClassificationRules) and layer.catalogs is not None:
        yield f"only in the catalogs {listed(layer.catalogs)}"
    if layer.approvals is not None:
        yield approval_words(layer.approvals)


def approval_words(asked: Approvals) -> str:
    """``2 approvals, from the team and ml-platform``."""
    groups = ("your own team's approvers" if name == "team" else f"those of {name}" for name in asked.groups)
    return f"{asked.count} approval{'s' if asked.count != 1 else ''}, from {listed(groups)}"


def approver_lines(rules: Sequence[ApprovalRule], world: World) -> Iterator[str]:
    """Who has to approve and why, with people's names; one line for each rule."""
    for rule in rules:
        people = [names(login, world) for login in sorted(rule.approvers)]
        more = f" and {len(people) - _PEOPLE} more" if len(people) > _PEOPLE else ""
        who = (
            f"{listed(people[:_PEOPLE], 'or')}{more}"
            if people
            else "nobody, which the platform team has to solve"
        )
        count = f"{rule.count} of " if len(people) > 1 else ""
        yield f"{count}{who}, because of {rule.why[:1].lower()}{rule.why[1:]}."


def names(login: str, world: World) -> str:
    """A person by their GitHub login, as colleagues know them."""
    person = world.policy.person(github=login)
    return person.name if person else login


def amount(money: Money) -> str:
    """``126 to 788 EUR``."""
    low, high = f"{money.low:,.0f}", f"{money.high:,.0f}"
    return f"{low} {money.currency}" if low == high else f"{low} to {high} {money.currency}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """``a, b and c``."""
    *most, end = [*words] or [""]
    return f"{', '.join(most)} {last} {end}" if most else end
