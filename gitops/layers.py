"""What the layers of a policy say together: the organisation, the environment, the classification, the team.

A limit only ever narrows on the way down. A default is taken from the nearest layer that has one. Required
fields, denied libraries and approvals add up. Every value knows which layer it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from msgspec import Meta, Struct, field, structs

from gitops.vocabulary import SIZES, OptionalField, Part, Size

if TYPE_CHECKING:
    from gitops.policyfile import Policy
    from gitops.yamltext import Path

T = TypeVar("T")

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Visibility = Literal["private", "internal"]
_STRICTEST_VISIBILITY = ("private", "internal")


class Approvals(Part, kw_only=True):
    """``count`` different people, at least one from each group of ``from`` (a team's name, or ``team``)."""

    groups: Annotated[tuple[str, ...], Meta(min_length=1)] = field(name="from")
    count: Annotated[int, Meta(ge=1, le=9)] = 1


class Libraries(Part):
    """Python libraries by name: those nobody may install, and, where it is given, the only ones."""

    denied: tuple[Text, ...] = ()
    allowed: tuple[Text, ...] | None = None


class FieldDefaults(Part):
    """Values that are taken where nobody says anything, by kind of resource and field."""

    fields: Mapping[str, Mapping[str, Any]] = {}


class Layer(Part, kw_only=True):
    """What can be said at every level; what is left out is said by the levels above, or by nobody.

    ``max_size`` is the largest size; ``visibility`` the one that repositories must have; ``node_families``
    are patterns of machine types (``Standard_D*``); ``templates`` the only ones on offer; ``required`` are
    fields of ``metadata``; ``max_lifetime_days`` is how far away ``expires`` may be; ``approvals`` are asked
    for besides those of the other levels.
    """

    max_size: Size | None = None
    gpu: bool | None = None
    visibility: Visibility | None = None
    node_families: tuple[Text, ...] | None = None
    templates: tuple[Text, ...] | None = None
    libraries: Libraries = Libraries()
    required: tuple[OptionalField, ...] = ()
    max_lifetime_days: Annotated[int, Meta(ge=1)] | None = None
    approvals: Approvals | None = None
    defaults: FieldDefaults = FieldDefaults()


class Limit(Struct, Generic[T], frozen=True):
    """A value and the layer that says it: ``who`` stands in a sentence ("dev", "restricted data", "growth").

    ``path`` is where it stands in the policy file; both are empty where no layer says anything.
    """

    value: T
    who: str = ""
    path: Path = ()


class Asked(NamedTuple):
    """Approvals that a layer asks for: id of the rule, the beginning of a sentence why, and what is asked."""

    id: str
    why: str
    approvals: Approvals


class Effective(Struct, frozen=True, kw_only=True):
    """What holds for one team, environment and classification, all layers together."""

    max_size: Limit[Size]
    gpu: Limit[bool]
    visibility: Limit[Visibility | None]
    max_lifetime_days: Limit[int | None]
    templates: Limit[tuple[str, ...]]
    catalogs: Limit[tuple[str, ...]]
    node_families: tuple[Limit[tuple[str, ...]], ...]
    libraries: tuple[Limit[frozenset[str]], ...]
    denied: Mapping[str, Limit[str]]
    required: Mapping[str, Limit[str]]
    approvals: tuple[Asked, ...]
    defaults: Mapping[str, Mapping[str, Any]]

    def library_refused(self, name: str) -> Limit[Any] | None:
        """What keeps a Python library from being installed, in any spelling of its name, if anything."""
        plain = distribution_name(name)
        if plain in self.denied:
            return self.denied[plain]
        return next((limit for limit in self.libraries if plain not in limit.value), None)

    def node_refused(self, node_type: str) -> Limit[Any] | None:
        """What keeps a machine of this type from being used, if anything."""
        for limit in self.node_families:
            if not any(matches(node_type, pattern) for pattern in limit.value):
                return limit
        return None


class Level(NamedTuple):
    """A layer in its place: how it is called in a sentence, where it stands in the file, and what it says."""

    who: str
    path: Path
    says: Layer


def levels(policy: Policy, team: str, environment: str, classification: str) -> Iterator[Level]:
    """The layers that hold for a request, from the outermost to the nearest."""
    yield Level(policy.organisation, (), policy)
    nearer: tuple[tuple[str, str, str, Mapping[Any, Layer]], ...] = (
        (environment, "environments", environment, policy.environments),
        (f"{classification} data", "classification", classification, policy.classification),
        (team, "teams", team, policy.teams),
    )
    for who, section, name, layers in nearer:
        if name in layers:
            yield Level(who, (section, name), layers[name])


def merge(policy: Policy, team: str, environment: str, classification: str) -> Effective:
    """Everything that holds for a request; an environment that the policy does not know allows the least."""
    found = combine(policy, tuple(levels(policy, team, environment, classification)), environment)
    if environment in policy.environments:
        return found
    return structs.replace(found, max_size=Limit("xs"), gpu=Limit(False))


def combine(policy: Policy, found: Sequence[Level], environment: str) -> Effective:
    """What these layers say together, the outermost first; the catalogs are those of the environment."""
    return Effective(
        max_size=_strictest(found, "max_size", SIZES.index, "xl"),
        gpu=_strictest(found, "gpu", bool, True),
        visibility=_strictest(found, "visibility", _STRICTEST_VISIBILITY.index, None),
        max_lifetime_days=_strictest(found, "max_lifetime_days", int, None),
        templates=_shared(found, "templates", Limit(policy.templates, policy.organisation, ("templates",))),
        catalogs=_shared(found[1:], "catalogs", _catalogs(policy, environment)),
        node_families=tuple(_lists(found, "node_families")),
        libraries=tuple(_only(found)),
        denied=_first(_denied(found)),
        required=_first(_each(found, "required")),
        approvals=tuple(_approvals(found)),
        defaults=_defaults(found),
    )


def _strictest(found: Sequence[Level], name: str, rank: Callable[[Any], int], otherwise: Any) -> Limit[Any]:
    """The smallest value that a layer says, of equal ones the outermost."""
    best: Limit[Any] | None = None
    for level in found:
        value = getattr(level.says, name)
        if value is not None and (best is None or rank(value) < rank(best.value)):
            best = Limit(value, level.who, (*level.path, name))
    return best or Limit(otherwise)


def _lists(found: Sequence[Level], name: str) -> Iterator[Limit[tuple[str, ...]]]:
    for level in found:
        value = getattr(level.says, name, None)
        if value is not None:
            yield Limit(value, level.who, (*level.path, name))


def _shared(found: Sequence[Level], name: str, whole: Limit[tuple[str, ...]]) -> Limit[tuple[str, ...]]:
    """What all the lists have in common, in the order of the first; said by the last that left some out."""
    for limit in _lists(found, name):
        few = {entry.casefold() for entry in limit.value}
        both = tuple(entry for entry in whole.value if entry.casefold() in few)
        if len(both) < len(whole.value):
            whole = Limit(both, limit.who, limit.path)
    return whole


def _catalogs(policy: Policy, environment: str) -> Limit[tuple[str, ...]]:
    catalogs: Mapping[Any, tuple[str, ...]] = policy.catalogs
    return Limit(catalogs.get(environment, ()), environment, ("catalogs", environment))


def _only(found: Sequence[Level]) -> Iterator[Limit[frozenset[str]]]:
    for level in found:
        allowed = level.says.libraries.allowed
        if allowed is not None:
            names = frozenset(map(distribution_name, allowed))
            yield Limit(names, level.who, (*level.path, "libraries", "allowed"))


def _denied(found: Sequence[Level]) -> Iterator[Limit[str]]:
    for level in found:
        for index, name in enumerate(level.says.libraries.denied):
            yield Limit(distribution_name(name), level.who, (*level.path, "libraries", "denied", index))


def _each(found: Sequence[Level], name: str) -> Iterator[Limit[str]]:
    for limit in _lists(found, name):
        for index, value in enumerate(limit.value):
            yield Limit(value, limit.who, (*limit.path, index))


def _first(limits: Iterator[Limit[str]]) -> dict[str, Limit[str]]:
    """By value; of two that say the same, the outermost."""
    by_value: dict[str, Limit[str]] = {}
    for limit in limits:
        by_value.setdefault(limit.value, limit)
    return by_value


_ASKED = {
    "": ("organisation", "The organisation"),
    "environments": ("environment-{}", "The environment {}"),
    "classification": ("classification-{}", "Data classified as {}"),
    "teams": ("team-{}", "The team {}"),
}


def _approvals(found: Sequence[Level]) -> Iterator[Asked]:
    for level in found:
        if level.says.approvals is not None:
            section, name = (str(level.path[0]), level.path[1]) if level.path else ("", "")
            identity, why = _ASKED[section]
            yield Asked(identity.format(name), why.format(name), level.says.approvals)


def _defaults(found: Sequence[Level]) -> dict[str, dict[str, Any]]:
    by_kind: dict[str, dict[str, Any]] = {}
    for level in found:
        for kind, values in level.says.defaults.fields.items():
            by_kind.setdefault(kind, {}).update(values)
    return by_kind


def distribution_name(name: str) -> str:
    """A Python distribution's name in the one spelling all its spellings share (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def matches(name: str, pattern: str) -> bool:
    """Whether a name looks like a pattern, in which only ``*`` and ``?`` are more than themselves."""
    head, star, rest = pattern.partition("*")
    if not rest and "?" not in head:  # most are like this, and compiling hundreds of them takes its time
        return name.startswith(head) if star else name == head
    return fnmatchcase(name, pattern.replace("[", "[[]"))
