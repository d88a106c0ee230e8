"""What a person types for a field, on a command line or in answer to a question, as the value in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gitops import yamlfile
from gitops.diagnosis import problem_of_value
from gitops.draft import METADATA, kind_of
from gitops.envelope import Metadata
from gitops.errors import InvalidRequest, UsageError
from gitops.fields import RESOURCES, Field
from gitops.kind import Registry
from gitops.plan import JSON
from gitops.policyfile import Policy
from gitops.suggest import did_you_mean

_OF_RESOURCE = re.compile(rf"{RESOURCES}\.(?P<key>[a-z_]+(?:\[[a-z0-9_-]+\])?)\.(?P<field>[a-z_]+)")
_BOOLEANS = {
    "true": True,
    "yes": True,
    "y": True,
    "on": True,
    "false": False,
    "no": False,
    "n": False,
    "off": False,
}


def field_at(path: str, fields: Mapping[str, Field]) -> tuple[str, Field]:
    """The full path and the field that somebody means: ``expires``, ``compute.size``, ``schema[raw].grants``.

    Raises:
        UsageError: there is none.
    """
    for full in (path, f"{METADATA}.{path}", f"{RESOURCES}.{path}"):
        if full in fields:
            return full, fields[full]
        found = _OF_RESOURCE.fullmatch(full)
        field = fields.get(f"{RESOURCES}.{kind_of(found['key'])}.{found['field']}") if found else None
        if field is not None:
            return full, field
    short = [name.removeprefix(f"{METADATA}.").removeprefix(f"{RESOURCES}.") for name in fields]
    word = path.removeprefix(f"{METADATA}.").removeprefix(f"{RESOURCES}.")
    own = [name for name in short if name.startswith(f"{kind_of(word.partition('.')[0])}.")]
    example = next((name for name in short if "." in name), "")
    listed = own or [
        *(name for name in short if "." not in name),
        f"and those of resources, such as {example}",
    ]
    close = did_you_mean(word, short)
    raise UsageError(f"There is no field {path}.", fix=close or f"Fields are {', '.join(listed)}.")


def value_of(field: Field, text: str, registry: Registry, policy: Policy) -> JSON:
    """The value of a field from what was typed: ``yes``, ``a, b``, ``[{principal: growth, …}]``.

    Raises:
        UsageError: it cannot be one, with the reason and what to write instead.
    """
    if field.path == RESOURCES:
        return _resource_keys(text, registry)
    value = _converted(field, text.strip(), policy)
    model: Any = registry[field.kind].spec if field.kind else Metadata
    problem = problem_of_value(value, model, field.name)
    if problem is not None:
        raise UsageError(problem.message, fix=problem.hint)
    return value


def _converted(field: Field, text: str, policy: Policy) -> JSON:
    match field.type:
        case "integer":
            return int(text) if re.fullmatch(r"-?[0-9]{1,17}", text) else text
        case "boolean":
            return _BOOLEANS.get(text.lower(), text)
        case "choice":
            words = {choice.casefold(): choice for choice in field.choices}
            words |= {word.casefold(): choice for word, choice in field.ask.words.items()}
            return words.get(text.casefold(), text)
        case "text" | "date":
            return text
        case "person":
            return _email(text, policy)
        case "people":
            return [_email(part, policy) for part in _parts(field, text)]
        case "list" | "choices":
            return _parts(field, text)
        case _:
            value = _flow(field, text)
            return [value] if isinstance(value, dict) and field.type != "mapping" else value


def _email(text: str, policy: Policy) -> str:
    """The address of a person of the policy by GitHub login or Slack id; any other text stays as it is."""
    name = text.removeprefix("@")
    person = policy.person(github=name) or policy.person(slack=name) if name else None
    return person.email if person else text


def _parts(field: Field, text: str) -> list[Any]:
    """``a, b`` or ``[a, b]``."""
    if text.startswith("["):
        value = _flow(field, text)
        return value if isinstance(value, list) else [value]
    return [part.strip() for part in text.split(",") if part.strip()]


def _flow(field: Field, text: str) -> JSON:
    """A list or mapping in the way the file has it."""
    try:
        return yamlfile.load(f"value: {text}\n".encode(), field.path).data["value"]
    except InvalidRequest as invalid:
        finding = invalid.findings[0]
        raise UsageError(f"{field.name}: {finding.message}", fix=f"{finding.hint} {field.ask.help}") from None


def _resource_keys(text: str, registry: Registry) -> list[str]:
    keys = [part.strip() for part in text.split(",")]
    words = {alias.casefold(): kind.name for kind in registry.values() for alias in kind.aliases}
    found = [words.get(key.casefold(), key) for key in keys if key]
    for key in found:
        if kind_of(key) not in registry:
            close = did_you_mean(kind_of(key), registry)
            message = f"There is no kind of resource called {kind_of(key)}."
            raise UsageError(message, fix=close or f"Kinds are {', '.join(registry)}.")
    return list(dict.fromkeys(found))
