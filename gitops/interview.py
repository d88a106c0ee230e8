"""Asking a person in a terminal for what a request still needs, until it is complete and they say yes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from gitops.answers import field_at, value_of
from gitops.draft import METADATA, Value
from gitops.errors import LakeportError, Refused, UsageError
from gitops.fields import RESOURCES
from gitops.finding import Severity
from gitops.plan_words import money
from gitops.request import dump_request
from gitops.yamlcomments import Comment

if TYPE_CHECKING:
    from gitops.compose import Composed
    from gitops.fields import Field
    from gitops.finding import Finding
    from gitops.kind import Registry
    from gitops.policyfile import Policy
    from gitops.yamltext import Path

_SOURCES = {"looked_up": "# looked up", "default": "# default", "inferred": "# inferred"}
_CONFIRM = "Enter writes it, FIELD=VALUE changes something, q leaves: "


class Left(Exception):
    """The person does not want to go on."""


@dataclass(frozen=True)
class Interview:
    """Questions and answers: ``hear`` shows a prompt and gives the line typed, ``tell`` shows a line.

    ``compose`` makes a request of what was said so far. ``width`` is that of the terminal, in characters.
    """

    fields: Mapping[str, Field]
    registry: Registry
    policy: Policy
    compose: Callable[[Mapping[str, Value]], Composed]
    hear: Callable[[str], str]
    tell: Callable[[str], None]
    width: int = 80

    def run(self, said: dict[str, Value], finish: Callable[[Composed], None]) -> Composed:
        """The request as the person confirmed it; it has no errors. ``said`` is what they said already.

        ``finish`` is done with it; where that is refused, the person can change something.

        Raises:
            Left: they left, or the input ended.
        """
        shown: list[str] = []
        while True:
            composed = self.compose(said)
            if composed.missing:
                said = self._asked(composed.missing[0], said)
                continue
            lines = ["", *summary(composed)]
            for line in lines if lines != shown else ():
                self.tell(line)
            shown = lines
            answer = self._heard(_CONFIRM)
            if answer:
                said = self._changed(answer, said)
            elif errors(composed):
                self.tell("It has errors: correct them first.")
            elif self._finished(composed, finish):
                return composed

    def _finished(self, composed: Composed, finish: Callable[[Composed], None]) -> bool:
        try:
            finish(composed)
        except Refused as refused:
            self._refuse(refused)
            return False
        return True

    def _asked(self, path: str, said: dict[str, Value]) -> dict[str, Value]:
        """What was said, with the answer to one question; the question is asked until it has a good one."""
        full, field = field_at(path, self.fields)
        self.tell("")
        for line in self._question(path, field):
            self.tell(line)
        while True:
            answer = self._heard("> ")
            if not answer:
                self.tell("  This one has to be said; q leaves.")
                continue
            try:
                return self._taken(full, field, answer, said)
            except UsageError as error:
                self._refuse(error)

    def _question(self, path: str, field: Field) -> Iterator[str]:
        if field.path == RESOURCES:
            yield "What is needed? Several with commas."
            yield from (f"  {kind.name:<10}{kind.summary}" for kind in self.registry.values())
            return
        yield f"{field.ask.label} ({path.removeprefix(f'{METADATA}.')})"
        yield from wrap(field.ask.help, self.width, initial_indent="  ", subsequent_indent="  ")
        if field.path == f"{METADATA}.team":
            yield f"  One of {', '.join(self.policy.teams)}."
        elif not all(choice in field.ask.help for choice in field.choices):
            yield f"  One of {', '.join(field.choices)}."

    def _taken(self, path: str, field: Field, answer: str, said: dict[str, Value]) -> dict[str, Value]:
        """What was said, and the answer, unless the policy has something against it.

        Raises:
            UsageError: it has, or it is no value of the field.
        """
        value = value_of(field, answer, self.registry, self.policy)
        more = said | {path: Value(value, "said", answer)}
        for finding in errors(self.compose(more)):
            if finding.place.path == path:
                raise UsageError(finding.message, fix=finding.hint)
        return more

    def _changed(self, answer: str, said: dict[str, Value]) -> dict[str, Value]:
        """What was said with ``FIELD=VALUE`` in place of what it said of the field."""
        name, equals, text = answer.partition("=")
        try:
            if not equals:
                raise UsageError(f"{answer} is no FIELD=VALUE.", fix="Write it like expires=2027-04-30.")
            full, field = field_at(name.strip(), self.fields)
            if not text.strip():
                return {path: value for path, value in said.items() if path != full}
            return self._taken(full, field, text, said)
        except UsageError as error:
            self._refuse(error)
            return said

    def _refuse(self, error: LakeportError) -> None:
        for line in filter(None, (error.what, error.fix)):
            for part in wrap(line, self.width, initial_indent="  ", subsequent_indent="  "):
                self.tell(part)

    def _heard(self, prompt: str) -> str:
        try:
            answer = self.hear(prompt).strip()
        except EOFError:
            raise Left from None
        if answer in ("q", "quit", "exit"):
            raise Left
        return answer


def errors(composed: Composed) -> tuple[Finding, ...]:
    """What keeps a request from being one."""
    return tuple(finding for finding in composed.findings if finding.severity is Severity.ERROR)


def summary(composed: Composed) -> Iterator[str]:
    """A complete request for the person who asks: the file, where its values come from, and what follows."""
    yield from annotated(composed).splitlines()
    yield ""
    for finding in composed.findings:
        yield f"{finding.severity}: {finding.words}"
    yield f"It costs {money(composed.cost)}."
    for rule in composed.approvals:
        people = f"{rule.count} approval{'' if rule.count == 1 else 's'}"
        yield f"{rule.why} needs {people}, from {', '.join(sorted(rule.approvers)) or 'nobody there is'}."


def annotated(composed: Composed) -> str:
    """The file of a complete request, with a comment at each value that the person did not say."""
    assert composed.document is not None
    keys = [str(key) for key in composed.values[RESOURCES].value]
    comments: dict[Path, Comment] = {}
    for name, value in composed.values.items():
        if value.source != "said" and name != RESOURCES:
            path = _path_in_file(name, keys)
            comments[path] = Comment(_SOURCES[value.source], path, "beside")
    return dump_request(composed.document, comments=[*comments.values()]).decode()


def _path_in_file(name: str, keys: list[str]) -> Path:
    """``resources.schema[raw].name`` → ``("resources", 2, "name")``; of a mapping, the mapping's own path."""
    section, _, rest = name.partition(".")
    if section != RESOURCES:
        return (section, rest.partition(".")[0])
    key = next(key for key in keys if rest.startswith(f"{key}."))
    return (RESOURCES, keys.index(key), rest.removeprefix(f"{key}."))
