"""The options of `lakeport new`: what they say of a request, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitops.answers import field_at, value_of
from gitops.draft import METADATA, Value, kind_of
from gitops.errors import UsageError
from gitops.fields import RESOURCES, catalogue

if TYPE_CHECKING:
    import argparse

    from gitops.compose import Composed
    from gitops.fields import Field
    from gitops.kind import Registry
    from gitops.policyfile import Policy


def add_fields(parser: argparse.ArgumentParser) -> None:
    """The fields of the envelope, what is wanted, and ``--set`` for any field."""
    for path, one in catalogue({}).items():
        if path != RESOURCES:
            kind = "WORD" if one.choices else one.type.upper()
            parser.add_argument(_flag(path), metavar=kind, dest=path, help=one.ask.help)
    parser.add_argument(
        "--with", metavar="KINDS", dest="wanted", help="Kinds of resources, such as repo,schema,compute."
    )
    parser.add_argument(
        "--without", metavar="KINDS", default="", help="What comes along by default and is not wanted."
    )
    parser.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        dest="settings",
        action="append",
        default=[],
        help="Any field, such as compute.size=small; as often as needed.",
    )


@dataclass
class Given:
    """What the options say, by path, and what is wrong with others, by the name they were given."""

    said: dict[str, Value] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def given(
    options: argparse.Namespace, fields: Mapping[str, Field], registry: Registry, policy: Policy
) -> Given:
    """What the options say, as :func:`gitops.compose.compose` takes it."""
    envelope = {path: getattr(options, path) for path in catalogue({}) if path != RESOURCES}
    pairs = [(_flag(path), path, text) for path, text in envelope.items() if text is not None]
    pairs += [("--with", RESOURCES, options.wanted)] if options.wanted is not None else []
    pairs += [(f"--set {name}", name, text) for name, text in map(_setting, options.settings)]
    result = Given()
    for flag, name, text in pairs:
        try:
            path, one = field_at(name, fields)
            result.said[path] = Value(value_of(one, text, registry, policy), "said", text)
        except UsageError as error:
            result.problems[name] = f"{flag}: {error.what} {error.fix}".rstrip()
    try:
        for key in value_of(fields[RESOURCES], options.without, registry, policy):
            result.said[f"{RESOURCES}.{key}"] = Value(False, "said")
    except UsageError as error:
        result.problems["--without"] = f"--without: {error.what} {error.fix}".rstrip()
    return result


def _setting(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value


def still_needed(from_options: Given, composed: Composed, fields: Mapping[str, Field]) -> Iterator[str]:
    """What keeps the options from being a request, each as a line that says what to write."""
    yield from from_options.problems.values()
    wanted = composed.values[RESOURCES].value if RESOURCES in composed.values else ()
    kinds = {kind_of(key) for key in wanted}
    for path in from_options.said if wanted else ():
        section, _, rest = path.partition(".")
        key = rest.partition(".")[0]
        if section == RESOURCES and "." in rest and key not in wanted and key not in kinds:
            yield f"--set {rest}: no {key} is wanted. Add it to --with."
    for path in composed.missing:
        if path not in from_options.problems:
            yield f"{_option(path)}: {_help(path, fields)}"


def _option(path: str) -> str:
    """The option that says a field."""
    if path == RESOURCES:
        return "--with"
    return _flag(path) if path.startswith(f"{METADATA}.") else f"--set {path.removeprefix(f'{RESOURCES}.')}=…"


def _flag(path: str) -> str:
    return "--" + path.removeprefix(f"{METADATA}.").replace("_", "-")


def _help(path: str, fields: Mapping[str, Field]) -> str:
    _, one = field_at(path, fields)
    known = all(choice in one.ask.help for choice in one.choices)
    return one.ask.help + ("" if known else f" One of {', '.join(one.choices)}.")
