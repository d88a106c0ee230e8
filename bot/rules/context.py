"""What the rules may look at: fields by name, the words for their values, teams and groups, kinds by their
aliases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from rapidfuzz import fuzz

from bot.draft import Draft
from bot.rules.vocabulary import MORE_KINDS, MORE_WORDS
from bot.text import NEGATED, level
from gitops.fields import Field
from gitops.policy import Person, Policy

_NOT_AFTER = re.compile(
    r"\s*(?:one |env\w* |data )?(?:(?:is|was|would be) (?:not|wrong|far too|too) |(?:is|was|would)n't\b"
    r"|(?:is|was) (?:not|wrong)\b|not (?:needed|required|possible|allowed)\b)",
    re.I,
)
"""What behind a word says that it is not meant: "large is too big"."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A word for a kind; ``choice`` is the value of its field ``type`` that the word also names."""

    kind: str
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A word for a value, found at ``start`` to ``end`` of a text."""

    value: str
    start: int
    end: int
    text: str
    negated: bool


@dataclass(frozen=True)
class Context:
    """Everything a reader may look at beside the message. ``keys`` are the resources to write fields of."""

    catalogue: Mapping[str, Field]
    draft: Draft
    asked: str | None
    policy: Policy
    requester: Person | None
    today: date
    keys: tuple[tuple[str, int], ...] = field(default=())
    """Resource keys named by this message and where: ``("schema[raw]", 120)``."""

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds there are."""
        return self.catalogue["resources"].choices

    @cached_property
    def aliases(self) -> Mapping[str, Alias]:
        """Every word for a kind, levelled."""
        words: dict[str, Alias] = {}
        for kind in self.kinds:
            for word in (kind, *MORE_KINDS.get(kind, ())):
                words[level(word)] = Alias(kind)
        for word, kind in self.catalogue["resources"].ask.words.items():
            words.setdefault(level(word), Alias(kind))
        for kind in self.kinds:
            types = self.words(path) if (path := f"resources.{kind}.type") in self.catalogue else {}
            words |= {word: Alias(kind, choice) for word, choice in types.items()}
            for word, alias in words.items():  # "job cluster" is a job
                first = next((part for part in word.split() if part in types), None)
                if alias == Alias(kind) and first:
                    words[word] = Alias(kind, types[first])
        return words

    @cached_property
    def spelling(self) -> frozenset[str]:
        """Words for kinds and values: what a slip of the keyboard may have been meant for."""
        choices = [
            one for asked in self.catalogue.values() if asked.name in MORE_WORDS for one in asked.choices
        ]
        return frozenset({*self.aliases, *map(level, choices)})

    @cached_property
    def alias_pattern(self) -> re.Pattern[str]:
        """Any word for a kind, in the singular or plural, standing alone; group 1 is the word."""
        everyday = {level(word) for word in self.catalogue["resources"].everyday}
        others = [word for word in self.aliases if word not in everyday]
        words = "|".join(
            _in_its_place(word, others) if word in everyday else re.escape(word)
            for word in sorted(self.aliases, key=len, reverse=True)
        )
        return re.compile(rf"(?<![\w`/_.-])({words})(e?s|ta)?(?![\w`/_]|-\w|\.\w)", re.I)

    def apart(self, text: str) -> str:
        """``repo/schema/cluster`` as a list; the text keeps its length."""
        found = self.slashed.search(text)
        while found:
            text = f"{text[: found.end() - 1]},{text[found.end() :]}"
            found = self.slashed.search(text)
        return text

    @cached_property
    def slashed(self) -> re.Pattern[str]:
        """Two words for kinds with a slash between them, up to the slash."""
        words = "|".join(re.escape(word) for word in sorted(self.aliases, key=len, reverse=True))
        return re.compile(rf"(?<![\w/.-])(?:{words})/(?=(?:{words})\b)", re.I)

    def words(self, path: str, *, loose: bool = False) -> Mapping[str, str]:
        """Words for the values of this field, levelled, with the value.

        ``loose`` takes those in that only mean a value when the field is spoken of ("tiny", "training").
        """
        asked = self.catalogue[path]
        words = {level(choice): choice for choice in asked.choices}
        words |= {level(choice.replace("_", " ")): choice for choice in asked.choices}
        if loose:
            words |= {level(word): value for word, value in asked.ask.words.items()}
        more = MORE_WORDS.get(asked.name, {})
        return words | {level(word): value for word, value in more.items() if value in asked.choices}

    def words_in(self, text: str, path: str, *, loose: bool = False) -> list[Word]:
        """Words for values of this field in a text, in order, each with whether it is negated."""
        words = self.words(path, loose=loose)
        if not words:
            return []
        pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        flat = level(text)
        return [
            Word(
                words[match[0]],
                match.start(),
                match.end(),
                text[match.start() : match.end()],
                bool(NEGATED.search(text[: match.start()]) or _NOT_AFTER.match(text[match.end() :])),
            )
            for match in re.finditer(rf"(?<![\w_/.<@'-])(?:{pattern})(?![\w_/]|-\w|\.\w|@)", flat)
        ]

    def fields_named(self, name: str) -> Iterator[str]:
        """Paths of resource fields of this name, whatever the kind."""
        return (path for path, asked in self.catalogue.items() if asked.kind and asked.name == name)

    @cached_property
    def present(self) -> tuple[str, ...]:
        """Keys of the resources asked for before this message."""
        value = self.draft.said.get("resources")
        return tuple(value.value) if value and value.value else ()

    def target(self, path: str, position: int) -> str:
        """The path of a field for the resource meant at this position: the one named last before it, else
        the first.

        ``resources.schema.grants`` becomes ``resources.schema[raw].grants`` where that is what was spoken of.
        """
        asked = self.catalogue[path]
        if asked.kind is None:
            return path
        named = [(key, at) for key, at in self.keys if kind_of(key) == asked.kind]
        before = [key for key, at in named if at <= position]
        known = [key for key in self.present if kind_of(key) == asked.kind]
        key = before[-1] if before else named[0][0] if named else known[0] if known else asked.kind
        return f"resources.{key}.{asked.name}"

    def wants(self, kind: str) -> bool:
        """Whether a resource of this kind is asked for, in the draft or by this message."""
        return any(kind_of(key) == kind for key in (*self.present, *(key for key, _ in self.keys)))

    # --- teams and groups ----------------------------------------------------------------------

    @cached_property
    def team_words(self) -> Mapping[str, str]:
        """Every name of a team (its own, on GitHub, in Databricks), levelled, with the team."""
        names: dict[str, str] = {}
        for team, rules in self.policy.teams.items():
            for name in (rules.databricks_group, rules.github_team, team):
                names[level(name)] = team
                names[level(name).replace("-", " ")] = team
        return names

    def team_called(self, word: str) -> str | None:
        """The team of this name; a misspelling counts when it is close to one team only."""
        wanted = level(word.strip(" `*\"'.,"))
        if wanted in self.team_words:
            return self.team_words[wanted]
        if len(wanted) < 4:
            return None
        close = {
            team
            for name, team in self.team_words.items()
            if abs(len(name) - len(wanted)) <= 1 and fuzz.ratio(name, wanted) >= 88
        }
        return close.pop() if len(close) == 1 else None

    def group_of(self, team: str) -> str:
        """The Databricks group of a team."""
        return self.policy.teams[team].databricks_group

    @property
    def own_team(self) -> str | None:
        """The team the request is for as far as anything was said, else the requester's."""
        said = self.draft.said.get("metadata.team")
        if said and said.value in self.policy.teams:
            return str(said.value)
        return self.requester.team if self.requester else None


_BEFORE = (
    *("a ", "an ", "the ", "this ", "that ", "one ", "two ", "three ", "another ", "new ", "also ", "no "),
    *("need ", "ein ", "das ", "kein ", "neues ", "- ", "* "),
)
_AFTER = (
    r"(?:e?s)?\s*(?:$|[^\w\s]|(?:for|in|to|with|and|or|where|that|which|called|named|please|pls|too|as well"
    r"|by|on|from|is|must|should|can|für|und|oder|mit|bitte)\b)"
)


def _in_its_place(word: str, others: Iterable[str]) -> str:
    """A pattern of a word of everyday talk where it names a thing: "a volume for files", "schema and volume".

    Not "a high volume of events", "order volumes", "volume forecast".
    """
    joined = [f"{other}{joint}" for other in others for joint in (" and ", ", ", " + ", " & ", " or ")]
    placed = "|".join(f"(?<={re.escape(before + word)})" for before in (*_BEFORE, *joined))
    return rf"(?:(?<![\s\S]){re.escape(word)}|{re.escape(word)}(?:{placed}))(?={_AFTER})"


def kind_of(key: str) -> str:
    """``schema`` for the resource key ``schema[raw]``."""
    return key.partition("[")[0]


def base_path(path: str) -> str:
    """The path in the catalogue: ``resources.schema[raw].grants`` → ``resources.schema.grants``."""
    return re.sub(r"\[[^\]]*\]", "", path)
