"""What may be wrong with an organisation's own rules in its policy file: each at its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops.envelope import Metadata
from gitops.expressions import LOOP, VARIABLES, WORDS, Expression, NotCel, compiled
from gitops.own_rules import PLACEHOLDER, of_resources
from gitops.policycheck import Problem, Problems, guess

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.policyfile import OwnRule, Policy
    from gitops.yamltext import Path

_BOUND = re.compile(rf"{LOOP}\s*([A-Za-z_]\w*)\s*,")
_LITERAL = re.compile(r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' """, re.VERBOSE)
_FIELD = re.compile(r"(?P<section>metadata|resources\[\])\.(?P<name>[a-z_]+)(?P<rest>(?:\[\d+\]|\.[a-z_]+)*)")
_PLAIN_PATH = re.compile(r"(?:metadata|resource|cost)(?:\.[a-z_]+)+")
_COST = ("low", "high", "currency")
_SHOWN = 100


def problems(policy: Policy, registry: Registry | None) -> Problems:
    """What is wrong with the rules of a policy; ids of other rules and fields only by a registry."""
    taken = _built_in(registry) if registry is not None else frozenset()
    seen: set[str] = set()
    for index, rule in enumerate(policy.rules):
        path: Path = ("rules", index)
        if rule.id in taken or rule.id in seen:
            whose = "Lakeport has" if rule.id in taken else "There is"
            yield Problem(
                path=(*path, "id"),
                message=f"{whose} a rule {rule.id} already.",
                hint="Give it another id, such as one that starts with the organisation's name.",
                rule="policy-rule",
            )
        seen.add(rule.id)
        wrong = list(_expressions(rule, path, registry))
        yield from wrong or _placeholders(rule, path)
        if rule.field is not None:
            yield from _field(rule.field, (*path, "field"), registry)


def _built_in(registry: Registry) -> frozenset[str]:
    from gitops.rulebook import rule_ids

    return rule_ids(registry)


def _expressions(rule: OwnRule, path: Path, registry: Registry | None) -> Problems:
    for key, text in (("when", rule.when), ("check", rule.check)):
        if text is None:
            continue
        try:
            expression = compiled(text)
        except NotCel as invalid:
            yield Problem(
                path=(*path, key),
                message=invalid.message,
                hint="https://cel.dev describes the language; docs/policy.md has examples.",
                rule="policy-rule",
                inside=invalid.inside,
            )
            continue
        for word, known in _unknown(expression, registry):
            what = "variable" if known is VARIABLES else "field"
            yield Problem(
                path=(*path, key),
                message=f"There is no {what} {word[:_SHOWN]}.",
                hint=guess(word, known, f"There are {', '.join(known)}."),
                rule="policy-rule",
                inside=_first_at(word, text),
            )


def _unknown(expression: Expression, registry: Registry | None) -> Iterator[tuple[str, Sequence[str]]]:
    """Words of an expression that name no variable, or no field of one, each with what there is."""
    text = expression.text
    bound = set(_BOUND.findall(text))  # names of entries in `all`, `exists`, `map` and the like
    for name in expression.program.variables():
        if name not in VARIABLES and name not in bound:
            yield name, VARIABLES
    known: dict[str, Sequence[str]] = {"metadata": Metadata.__struct_encode_fields__, "cost": _COST}
    if registry is not None:
        names = (name for kind in registry.values() for name in kind.spec.__struct_encode_fields__)
        known["resource"] = tuple(dict.fromkeys(("kind", *names)))
    for variable, word in dict.fromkeys(WORDS.findall(_LITERAL.sub('""', text))):
        if word and variable in expression.needs and word not in known.get(variable, (word,)):
            yield word, known[variable]


def _first_at(name: str, text: str) -> tuple[int, int] | None:
    found = re.search(rf"\b{re.escape(name)}\b", text)
    if found is None:
        return None
    before = text[: found.start()]
    return before.count("\n") + 1, found.start() - before.rfind("\n")


def _placeholders(rule: OwnRule, path: Path) -> Problems:
    for key, text in (("message", rule.message), ("hint", rule.hint)):
        for found in PLACEHOLDER.finditer(text):
            wanted = found["path"]
            known = _PLAIN_PATH.fullmatch(wanted)
            if known and (of_resources(rule) or not wanted.startswith("resource.")):
                continue
            yield Problem(
                path=(*path, key),
                message=f"The placeholder {{{wanted[:_SHOWN]}}} is no field of the request.",
                hint="Write {metadata.team}, {cost.high}, or in a rule on resources {resource.name}.",
                rule="policy-rule",
            )


def _field(text: str, path: Path, registry: Registry | None) -> Problems:
    if text in ("metadata", "resources", "resources[]"):
        return
    found = _FIELD.fullmatch(text)
    if found is None:
        yield Problem(
            path=path,
            message=f"{text} is not a field that a finding can point at.",
            hint="Write metadata.purpose, resources, or resources[].size for each resource.",
            rule="policy-rule",
        )
        return
    known: tuple[str, ...] = Metadata.__struct_encode_fields__
    if found["section"] != "metadata":
        if registry is None:
            return
        names = (name for kind in registry.values() for name in kind.spec.__struct_encode_fields__)
        known = ("kind", *names)
    if found["name"] not in known:
        yield Problem(
            path=path,
            message=f"There is no field {text}.",
            hint=guess(found["name"], known, "Write a field as it stands in request files."),
            rule="policy-rule",
        )
