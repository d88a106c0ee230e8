"""What could be chosen for a field: what each value is, what it costs, and what the policy says to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.asking import composed_of
from bot.dialogue import World
from bot.draft import Draft
from bot.policywords import allowed
from bot.values import field_of
from gitops.compose import Composed
from gitops.cost import Money
from gitops.draft import METADATA, Value, kind_of, made_up
from gitops.errors import InvalidRequest
from gitops.fields import RESOURCES, Field
from gitops.finding import Severity
from gitops.plan import JSON
from gitops.request import desired, load_request, path_of


@dataclass(frozen=True, slots=True)
class Offer:
    """A value of a field: ``meaning`` and ``made_of`` say what it is, ``refusal`` why it is not "
    "allowed here.
    """

    value: JSON
    meaning: str = ""
    made_of: str = ""
    cost: Money | None = None
    refusal: str = ""


def offers(path: str, draft: Draft, world: World) -> tuple[Offer, ...]:
    """Each value of a field of a closed set; of a resource's field also whether it may be, and its cost."""
    field = field_of(path, world)
    if field is None:
        return ()
    meanings = field.ask.meanings
    if field.kind is None or not (field.choices or field.type == "boolean"):
        values = allowed(field, composed_of(draft, world), world)
        return tuple(Offer(value, meanings.get(value, "")) for value in values)
    values_tried: tuple[JSON, ...] = (True, False) if field.type == "boolean" else field.choices
    return tuple(_tried(path, value, meanings.get(str(value), ""), draft, world) for value in values_tried)


def _tried(path: str, value: JSON, meaning: str, draft: Draft, world: World) -> Offer:
    """What becomes of the resource alone with this value."""
    found = composed_of(_alone(path, value, draft, world), world)
    return Offer(value, meaning, _made_of(path, found, world), found.cost, refusal(path, found))


def refusal(path: str, composed: Composed) -> str:
    """Why the policy does not allow the value at a path; empty where it does."""
    return next(
        (
            finding.message
            for finding in composed.findings
            if finding.severity is Severity.ERROR and finding.place.path == path
        ),
        "",
    )


def _alone(path: str, value: JSON, draft: Draft, world: World) -> Draft:
    """The draft with only the resource of a path, which has this value; what is not known is made up."""
    said = {
        f"{METADATA}.{name}": Value(made, "default")
        for name, made in made_up(world.policy, world.today, last=False).items()
    }
    said |= {
        name: item
        for name, item in composed_of(draft, world).values.items()
        if name.startswith(f"{METADATA}.") and "requested_by" not in name
    }
    said |= draft.said
    said |= {RESOURCES: Value([path.split(".")[1]], "said"), path: Value(value, "said")}
    return replace(draft, said=said, merged=None)


def _made_of(path: str, composed: Composed, world: World) -> str:
    """What stands behind the resource of a path, in a few words; empty where there is nothing to say."""
    if composed.raw is None or composed.document is None:
        return ""
    metadata = composed.document[METADATA]
    where = path_of(*(str(metadata[key]) for key in ("environment", "team", "name")))
    kind = kind_of(path.split(".")[1])
    try:
        wanted = desired(load_request(composed.raw, where, world.registry), world.policy)
    except InvalidRequest:
        return ""
    one = next((item for item in wanted if item.spec.kind == kind), None)
    return world.registry[kind].made_of(one) if one else ""


def cheaper(draft: Draft, world: World) -> Iterator[tuple[str, JSON, Money]]:
    """What would make the request cheaper: a path, a smaller value, and what all of it costs then."""
    composed = composed_of(draft, world)
    if composed.cost is None:
        return
    for path, value in composed.values.items():
        field = field_of(path, world)
        for less in _less(field, value.value) if field and field.kind else ():
            found = composed_of(replace(draft, said={**draft.said, path: Value(less, "said")}), world)
            if found.cost is not None and found.cost.high < composed.cost.high and not refusal(path, found):
                yield path, less, found.cost


def _less(field: Field, value: JSON) -> Iterator[JSON]:
    """The next smaller value, where values have an order."""
    if value is True:
        yield False
    elif field.type == "integer" and isinstance(value, int):
        least = field.minimum if field.minimum is not None else 0
        if value > least:
            yield max(least, value // 2)
    elif field.type == "choice" and value in field.choices[1:]:
        yield field.choices[field.choices.index(str(value)) - 1]
