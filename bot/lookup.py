"""What a word of a question is: a field, a value, a kind of resource, a library, or a term of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.dialogue import World
from bot.draft import Draft
from bot.glossary import TERMS, Meaning, inside, meanings
from bot.offers import Offer, offers
from bot.policywords import amount, holds, layer_words, listed
from bot.questions import resource_name
from bot.text import fold
from bot.values import field_of, said_as
from gitops.compose import Composed
from gitops.draft import Value, kind_of
from gitops.fields import RESOURCES, Field
from gitops.kind import AnyKind
from gitops.layers import Layer, distribution_name
from gitops.model import entry_type, literals

MAX_LISTED, MAX_FIELDS = 40, 3

_MEANING = re.compile(
    r"\b(?:mean|means|meaning|stand for|explain|difference|what(?:'s| is| are)(?: a| an| the)?|define"
    r"|definition|bedeut\w*|hei(?:ß|ss)t|unterschied|erklär\w*|was (?:ist|sind))\b",
    re.I,
)
_WHY = re.compile(
    r"\b(?:why|where does|where did|where do|how come|who said|who chose|warum|wieso|woher)\b", re.I
)
_LIBRARY = re.compile(r"\b(?:librar(?:y|ies)|packages?|install\w*|import|pip|bibliothek\w*|paket\w*)\b", re.I)
_PERMITTED = re.compile(
    r"\b(?:allowed|permitted|possible|available|okay?|can (?:i|we)|could (?:i|we)|may (?:i|we)|is there"
    r"|are there|erlaubt|möglich|kann ich|können wir|darf)\b",
    re.I,
)
_ACCESS = re.compile(
    r"\b(?:permissions?|rights?|access|privileges?|levels?|rechte|zugriff\w*|berechtigung\w*)\b", re.I
)
_GERMAN = {
    "grosse": "size", "vorlage": "template", "umgebung": "environment", "katalog": "catalog",
    "klassifizierung": "data classification", "sichtbarkeit": "visibility", "laufzeit": "end date",
}  # fmt: skip
_EXAMPLE = re.compile(r",? such as [^;]*?(?=\.?$|;)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]")
_PLAIN = frozenset({
    "use", "end", "goal", "reason", "title", "group", "people", "users", "add", "at least", "up to", "stage",
    "idle", "hidden", "closed", "company", "database", "description", "exactly", "only these", "until",
})  # fmt: skip
"""Aliases that are everyday words: alone they say too little of what a question is about."""


def about_words(text: str, draft: Draft, composed: Composed, world: World) -> str:
    """The answer to a question by what its words name; empty where they name nothing that is known."""
    flat = f" {fold(text)} "
    flat += " ".join(name for word, name in _GERMAN.items() if _mentions(flat, word))
    if _WHY.search(text):
        return _reason(flat, composed, world)
    if _LIBRARY.search(text):
        return _library(text, composed, world)
    if _MEANING.search(text):
        values = _values(flat, world, strict=False)
        if values:
            return "\n".join(_explained(values, world))
        term = _term(flat)
        if term:
            return term
    elif _PERMITTED.search(text):
        told = verdicts(text, draft, composed, world)
        if told:
            return "\n".join(told[:MAX_LISTED])
    return _of_what_is_named(flat, draft, composed, world)


def _of_what_is_named(flat: str, draft: Draft, composed: Composed, world: World) -> str:
    """The field, the value or the kind of resource that a question names, the first of these."""
    fields = _fields(flat, world)
    if fields:
        paths = _asked_paths(fields, composed, world)[:MAX_FIELDS]
        return "\n".join(_of_field(path, draft, composed, world) for path in paths)
    values = _values(flat, world, strict=True)
    if values:
        return "\n".join(_explained(values, world))
    told = [*_verdicts(flat, draft, composed, world)][:MAX_LISTED]
    return "\n".join(told) if told else _kind(flat, world)


def _term(flat: str) -> str:
    """A word of ours, the longest that is named."""
    words = re.sub(r"[^\w]+", " ", flat)
    return next((TERMS[word] for word in sorted(TERMS, key=len, reverse=True) if f" {word}" in words), "")


def fields_named(text: str, composed: Composed, world: World) -> list[str]:
    """The paths of the fields that a question names."""
    flat = f" {fold(text)} "
    return _asked_paths(_fields(flat, world), composed, world)


def verdicts(text: str, draft: Draft, composed: Composed, world: World) -> list[str]:
    """Of the values that a question names: whether they may be had here, and what they cost."""
    return [*_verdicts(f" {fold(text)} ", draft, composed, world)]


def _mentions(flat: str, word: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(fold(word))}(?:e?s|n|en)?(?![\w-])", flat))


def _says(flat: str, value: str) -> bool:
    return _mentions(flat, value) or _mentions(flat, value.replace("_", " "))


# --- values -----------------------------------------------------------------------------------------


def _values(flat: str, world: World, *, strict: bool) -> list[Meaning]:
    """The values that a question names; ``strict``: not those that are everyday words."""
    without = re.sub(r"\b(?:pull|merge) requests?\b|\bopen source\b", " ", flat)
    found = [
        one
        for one in meanings(world.registry, world.catalogue)
        if one.path != RESOURCES
        and _says(without, one.value)
        and not (strict and one.value in ("pull", "push", "named", "public", "job", "cluster"))
    ]
    named = {one.path: sum(other.path == one.path for other in found) for one in found}
    most = max(named.values(), default=0)
    together = [one for one in found if named[one.path] == most] if most > 1 else found
    return list({(one.label, one.value): one for one in together}.values())


def _verdicts(flat: str, draft: Draft, composed: Composed, world: World) -> Iterator[str]:
    """Whether the values that a question names may be had here."""
    for field in world.catalogue.values():
        if field.path in (RESOURCES, "metadata.environment", "metadata.data_classification"):
            continue
        wanted = [value for value in _all_of(field, world) if len(value) > 1 and _says(flat, value)]
        if field.type == "boolean" and _mentions(flat, field.ask.label):
            wanted = ["True"]
        if not wanted:
            continue
        path = _asked_paths([field], composed, world)[0]
        there = {str(offer.value): offer for offer in offers(path, draft, world)}
        for value in wanted:
            offer = there.get(value, Offer(value, refusal="the policy does not offer it here."))
            told = _offered(offer, "yes").removeprefix("• ")
            yield f"{field.ask.label} {told}"


def _all_of(field: Field, world: World) -> tuple[str, ...]:
    """Every value of a field that the policy or the language lists, allowed here or not."""
    if field.name == "catalog":
        return tuple(name for names in world.policy.catalogs.values() for name in names)
    if field.name == "template":
        return world.policy.templates
    return field.choices if field.type == "choice" else ()


def _explained(found: list[Meaning], world: World) -> Iterator[str]:
    for one in found[:6]:
        line = f"{one.value} ({one.label[:1].lower()}{one.label[1:]}): {one.words}."
        layer = _layer(one, world)
        demands = listed(layer_words(layer)) if layer is not None else ""
        yield f"{line} The policy says: {demands}." if demands else line


def _layer(one: Meaning, world: World) -> Layer | None:
    """What the policy says about an environment or a classification."""
    sections: Mapping[str, Mapping[str, Layer]] = {
        "metadata.environment": {str(key): layer for key, layer in world.policy.environments.items()},
        "metadata.data_classification": {
            str(key): layer for key, layer in world.policy.classification.items()
        },
    }
    return sections.get(one.path, {}).get(one.value)


# --- fields -----------------------------------------------------------------------------------------


def _fields(flat: str, world: World) -> list[Field]:
    """The fields that a question names, by the longest of their names."""
    found: list[tuple[int, Field]] = []
    kinds = {kind.name for kind in world.registry.values() if _named(flat, kind)}
    if _ACCESS.search(flat):
        inside = [field for field in world.catalogue.values() if field.kind and field.type == field.name]
        named = [field for field in inside if any(_mentions(flat, name) for name in _names(field))]
        return [field for field in inside if field.kind in kinds] or (named if len(named) == 1 else inside)
    if re.search(r"\bteams?\b", flat):
        return [world.catalogue["metadata.team"]]
    for field in world.catalogue.values():
        hits = [name for name in _names(field) if name not in _PLAIN and _mentions(flat, name)]
        if field.name == "name" and field.kind is not None and not any(" " in hit for hit in hits):
            continue
        if hits and field.path != RESOURCES:
            found.append((max(map(len, hits)), field))
    if not found:  # the last word of a label: "workers" of "Max workers"
        found = [
            (0, field)
            for field in world.catalogue.values()
            if len(last := field.ask.label.casefold().split()[-1]) > 4 and _mentions(flat, last)
        ]
    found = [one for one in found if one[1].kind in kinds] or found
    longest = max((length for length, _ in found), default=0)
    return [field for length, field in found if length == longest]


def _names(field: Field) -> set[str]:
    return {field.name.replace("_", " "), field.ask.label.casefold(), *field.ask.aliases}


def _named(flat: str, kind: AnyKind) -> bool:
    return any(_mentions(flat, word) for word in (kind.name, *kind.aliases))


def _asked_paths(fields: list[Field], composed: Composed, world: World) -> list[str]:
    """The fields at the resources that the request has; of a kind it has not, at a first one."""
    listed_keys = composed.values.get(RESOURCES)
    keys = [str(key) for key in listed_keys.value] if listed_keys and listed_keys.value else []
    paths = []
    for field in fields:
        of_kind = [key for key in keys if kind_of(key) == field.kind]
        paths.append(f"{RESOURCES}.{(of_kind or [field.kind])[0]}.{field.name}" if field.kind else field.path)
    present = [path for path in paths if not path.startswith(RESOURCES) or path.split(".")[1] in keys]
    return present or paths


def _of_field(path: str, draft: Draft, composed: Composed, world: World) -> str:
    """What a field is, what it is now, and what there is to choose from."""
    field = field_of(path, world)
    if field is None:
        return ""
    where = resource_name(path, composed)
    head = f"{field.ask.label}{f' of the {where}' if where and len(where.split()) > 1 else ''}"
    now = composed.values.get(path)
    current = (
        f", now {said_as(now.value)}{_source(now)}"
        if now is not None and now.value not in (None, [], ())
        else ""
    )
    found = offers(path, draft, world)
    what = field.ask.help.replace("`", "")
    what = _EXAMPLE.sub("", what) if found else what  # the values follow, and need none
    lines = [f"{head}{current}. {what}"]
    if found and not any(offer.meaning or offer.made_of or offer.refusal for offer in found):
        lines.append(
            f"There {'are' if len(found) > 1 else 'is'} "
            f"{listed(str(one.value) for one in found[:MAX_LISTED])}."
        )
    elif found:
        lines += [_offered(offer) for offer in found[:MAX_LISTED]]
    elif field.minimum is not None or field.maximum is not None:
        bounds = [f"at least {field.minimum}"] if field.minimum is not None else []
        bounds += [f"at most {field.maximum}"] if field.maximum is not None else []
        lines.append(f"It can be {listed(bounds)}.")
    lines += _inside(field, world)
    return "\n".join(lines)


def _source(value: Value) -> str:
    return {"default": " (default)", "looked_up": " (looked up)", "inferred": " (my reading)"}.get(
        value.source, ""
    )


def _offered(offer: Offer, otherwise: str = "allowed here") -> str:
    parts = [offer.meaning, offer.made_of]
    parts += [f"about {amount(offer.cost)} a month"] if offer.cost is not None and offer.cost.high else []
    parts += [f"not here: {offer.refusal}"] if offer.refusal else []
    told = "; ".join(filter(None, parts)) or otherwise
    return f"• {said_as(offer.value)}: {told}"


def _inside(field: Field, world: World) -> Iterator[str]:
    """The values inside a list of mappings: which privileges or levels there are."""
    for info in inside(field, world.registry):
        values = tuple(literals(info.annotation)) or tuple(literals(entry_type(info.annotation)))
        told = info.ask.meanings if info.ask else {}
        for value in values:
            yield f"• {value}{f': {told[str(value)]}' if str(value) in told else ''}"


# --- libraries, kinds, reasons ----------------------------------------------------------------------


def _library(text: str, composed: Composed, world: World) -> str:
    """Which libraries are allowed, or whether one is."""
    effective = holds(composed, world)
    for name in _NAME.findall(text):
        limit = effective.denied.get(distribution_name(name))
        if limit is not None:
            return f"No: {name} may not be installed; the policy denies it for {limit.who}."
    allowed = [limit for limit in effective.libraries if limit.value]
    named = [
        name for name in _NAME.findall(text) if any(distribution_name(name) in one.value for one in allowed)
    ]
    if named:
        return f"Yes: {listed(named)} may be installed."
    denied = f" Not allowed: {listed(sorted(effective.denied))}." if effective.denied else ""
    if allowed:
        return (
            f"Only these libraries may be installed: "
            f"{listed(sorted(allowed[-1].value)[:MAX_LISTED])}.{denied}"
        )
    return f"Any Python package from the package index may be installed, best with its version.{denied}"


def _kind(flat: str, world: World) -> str:
    """A kind of resource, or all of them."""
    named = [kind for kind in world.registry.values() if _named(flat, kind)]
    if named:
        return "\n".join(f"{kind.name}: {kind.summary}." for kind in named)
    if re.search(r"\b(?:resources?|kinds?|things?|can i (?:get|have|order|ask for)|options|offer)\b", flat):
        return "\n".join(
            ["You can ask for:", *(f"• {kind.name}: {kind.summary}" for kind in world.registry.values())]
        )
    return ""


def _reason(flat: str, composed: Composed, world: World) -> str:
    """Where a value of the request comes from: by its field, or by the value itself."""
    paths = _asked_paths(fields, composed, world) if (fields := _fields(flat, world)) else []
    paths += [
        path
        for path, value in composed.values.items()
        if isinstance(value.value, str) and len(value.value) > 1 and _mentions(flat, value.value)
    ]
    known = [path for path in dict.fromkeys(paths) if path in composed.values and field_of(path, world)]
    return "\n".join(_told(path, composed.values[path], world) for path in known[:2])


def _told(path: str, value: Value, world: World) -> str:
    field = field_of(path, world)
    label = field.ask.label if field else path
    where = {
        "said": f'you said so: "{value.quote[:200]}"' if value.quote else "you said so",
        "looked_up": "it stands in the directory",
        "default": "nobody said it, so it follows from the policy or a naming rule",
        "inferred": f'I concluded it from "{value.quote[:200]}"'
        if value.quote
        else "I concluded it from your words",
    }[value.source]
    return f"{label}: {said_as(value.value)}; {where}. Say another value to change it."
