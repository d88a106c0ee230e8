"""Whether the words of a person bear a value out: a quote alone proves nothing, it has to speak of the value.

Used for every update that an extractor makes. What is not borne out is a guess: never taken where a wrong
value would be risky, and asked instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bot import foreign
from bot.dates import dates_in
from bot.dialogue import World
from bot.draft import Draft, FieldUpdate
from bot.namings import number_named, right_named, tokens, word_in
from bot.people import people_in
from bot.rules.context import Context, kind_of
from bot.rules.groups import principals_in
from bot.spoken import FREE_TEXT, own_words, stated
from bot.text import Message, fold, level, plain, squeeze
from gitops.fields import Field
from gitops.plan import JSON

_OWNER = re.compile(
    r"\b(?:own\w*|responsib\w*|accountab\w*|in charge|answers? for|business|product|data|technical|tech"
    r"|contact|maintain\w*|lead|manager|besitzer\w*)\b|"
    + "|".join(re.escape(word) for word in foreign.OWNERS),
    re.I,
)
_OWNER_WORDS = ("owner", "business", "technical", "responsible", "accountable")
_MEMBER = re.compile(
    r"\b(?:access|members?|join\w*|add\w*|invite\w*|include\w*|collaborat\w*|together with|plus|besides"
    r"|people|users?|give|grant|zugriff|zugang|mitglied\w*|braucht|brauchen|acceso|miembr\w*|acc[eè]s|membr\w*|メンバー)",
    re.I,
)
_NONE = re.compile(
    r"\b(?:no|not|none|nobody|without|remove\w*|drop\w*|delete\w*|empty|blank|clear|n/?a|nothing|never|don'?t"
    r"|stays?|forget|scratch|skip|leave|kein\w*|nicht|ohne|niemand\w*|sin|ningun\w*|sans|aucun\w*|senza|sem"
    r"|geen|zonder)\b|なし|不要|没有",
    re.I,
)


@dataclass(frozen=True)
class Evidence:
    """The requester's words in a draft whose last message is the one that updates were read from."""

    draft: Draft
    world: World

    def bears_out(self, update: FieldUpdate, field: Field) -> bool:
        """Whether the person said this: the quote is theirs, and the words around it speak of the value.

        For a risky field only the message itself counts, without quotations and the value of a free text.
        """
        quote = squeeze(update.quote)
        if not quote:
            return False
        text = self._stated if field.ask.risky else self._heard
        places = self._around(quote, text)
        if update.op == "unset":
            return bool(places) and (self._asked(update) or any(map(_NONE.search, places)))
        return any(self._speaks_of(update, field, around, text) for around in places)

    def quoted(self, update: FieldUpdate) -> bool:
        """Whether the quote stands in the person's own words, whatever it speaks of."""
        quote = squeeze(update.quote)
        return bool(quote) and bool(self._around(quote, self._heard))

    def says_word(self, update: FieldUpdate) -> bool:
        """Whether the very value stands in the person's words, though it is none that the field may have."""
        return isinstance(update.value, str) and bool(self._around(squeeze(update.value), self._heard))

    def names_kind_now(self, kind: str) -> bool:
        """Whether the message itself has a word for this kind of resource."""
        return bool(self.draft.heard) and self.names_kind(kind, plain(own_words(self.draft.heard[-1])))

    def touches(self, update: FieldUpdate) -> bool:
        """Whether a conclusion has at least a word in common with what the person said."""
        return any(len(word) > 2 and word in tokens(self._heard) for word in tokens(str(update.value)))

    def concluded_from(self, value: JSON) -> str:
        """The newest sentence of the person with most words of a conclusion in it; empty for none."""
        sentences = [
            one.text for text in self.draft.heard for one in Message(plain(own_words(text))).sentences
        ]
        meant = {word for word in tokens(str(value)) if len(word) > 2}
        best = max(reversed(sentences), key=lambda one: len(meant & tokens(one)), default="")
        return best if meant & tokens(best) else ""

    def has_known_word(self, field: Field) -> bool:
        """Whether the message has a word for any value of the field that the rules know."""
        return bool(self.draft.heard) and bool(
            self._context.words_in(plain(own_words(self.draft.heard[-1])), field.path)
        )

    def _speaks_of(self, update: FieldUpdate, field: Field, around: str, text: str) -> bool:
        """Whether the words around a quote name the value, by the type of the field."""
        value = update.value
        match field.type:
            case "choice":
                return self._chosen(field, str(value), around)
            case "choices" if field.path == "resources":
                return any(self.names_kind(kind_of(key), text) for key in _texts(value))
            case "integer":
                return number_named(value, around)
            case "boolean":
                return self._named(field, around, negated=not value)
            case "date":
                return self._day_named(str(value), around) or self._day_named(str(value), update.quote)
            case "person":
                return self._person(update, field, around)
            case "people":
                return (update.op == "remove" or self._asked(update) or bool(_MEMBER.search(around))) and all(
                    self._who(word, around) for word in _texts(value)
                )
            case "list" | "choices":
                removed = update.op == "remove"  # without a version: "drop lightgbm"
                words = [word.partition("==")[0] if removed else word for word in _texts(value)]
                return all(tokens(word) <= tokens(around) for word in words)
            case "text":
                return self._text(field, str(value), around)
            case "mapping":
                return isinstance(value, str) or all(tokens(word) <= tokens(text) for word in _leaves(value))
            case _:
                removed = update.op == "remove"
                return all(self._entry(entry, around, whole=not removed) for entry in _entries(value))

    @cached_property
    def _heard(self) -> str:
        return "\n".join(plain(own_words(text)) for text in self.draft.heard)

    @cached_property
    def _stated(self) -> str:
        if not self.draft.heard:
            return ""
        field = self._context.catalogue.get(re.sub(r"\[[^\]]*\]", "", self.draft.asked or ""))
        free = field is not None and field.name in FREE_TEXT
        return stated(self.draft.heard[-1], self.world.catalogue, answers_free_text=free)

    @cached_property
    def _context(self) -> Context:
        requester = self.world.policy.person(slack=self.draft.requester_slack)
        return Context(self.world.catalogue, self.draft, None, self.world.policy, requester, self.world.today)

    def _around(self, quote: str, text: str) -> list[str]:
        """Each sentence that a quote stands in, with the line it stands under; else all of the text.

        A row of a table stands under the table's first row.
        """
        whole = re.compile(rf"(?<!\w){re.escape(quote)}(?!\w)")
        sentences = Message(text).sentences
        head = next((sentence.text for sentence in sentences if sentence.text.count("|") > 1), "")
        found = [
            f"{sentence.lead or (head if '|' in sentence.text else '')}\n{sentence.text}"
            for sentence in sentences
            if whole.search(squeeze(sentence.text))
        ]
        return found or ([text] if whole.search(squeeze(text)) else [])

    def _asked(self, update: FieldUpdate) -> bool:
        return update.path == self.draft.asked

    def _chosen(self, field: Field, value: str, around: str) -> bool:
        """A word for the value that is not negated; long words may be misspelt."""
        wanted = {choice.casefold(): choice for choice in field.choices}.get(value.strip().casefold())
        wanted = wanted or field.ask.words.get(value.strip().casefold())
        if wanted is None:
            return squeeze(value) in squeeze(around)  # no value of the field: it is refused with the reason
        found = self._context.words_in(around, field.path, loose=True)
        if any(word.value == wanted and not word.negated for word in found):
            return True
        known = [
            word for word, meant in self._context.words(field.path, loose=True).items() if meant == wanted
        ]
        known += foreign.VALUES.get(field.name, {}).get(wanted, ())
        return word_in(known, around, misspelt=not found)

    def names_kind(self, kind: str, text: str) -> bool:
        """Whether a text has a word for this kind of resource, in whatever sense."""
        context = self._context
        aliases = [word for word, alias in context.aliases.items() if alias.kind == kind]
        named = any(
            (alias := context.aliases.get(level(found[1]))) and alias.kind == kind
            for found in context.alias_pattern.finditer(text)
        )
        return (
            named
            or word_in([*aliases, *foreign.KINDS.get(kind, ())], text, misspelt=True)
            or any(self._kind_of_template(kind, template, text) for template in self.world.policy.templates)
        )

    def _kind_of_template(self, kind: str, template: str, text: str) -> bool:
        return f"resources.{kind}.template" in self.world.catalogue and tokens(template) <= tokens(text)

    def _named(self, field: Field, around: str, *, negated: bool) -> bool:
        words = [field.name, field.ask.label, *field.ask.aliases, *field.ask.words]
        return word_in([level(word) for word in words], around, misspelt=False, negated=negated)

    def _day_named(self, value: str, around: str) -> bool:
        if squeeze(value) in squeeze(around):
            return True
        found = dates_in(around, self.world.today)
        return value in {spoken.day.isoformat() for spoken in found if spoken.day}

    def _person(self, update: FieldUpdate, field: Field, around: str) -> bool:
        roles = (
            self._asked(update)
            or bool(_OWNER.search(fold(around).replace("_", " ")))
            or word_in(_OWNER_WORDS, around, misspelt=True)
        )
        return roles and self._who(str(update.value), around)

    def _who(self, value: str, around: str) -> bool:
        """Whether this person is named in the text; a word that names nobody counts when it stands there."""
        context = self._context
        meant = people_in(value, context.policy, context.requester, any_case=True)
        emails = {one.email for one in meant if one.email}
        if not emails:
            return squeeze(value) in squeeze(around)
        named = {one.email for one in people_in(around, context.policy, context.requester, any_case=True)}
        return emails <= named

    def _text(self, field: Field, value: str, around: str) -> bool:
        if field.path == "metadata.team":
            return self._team(value, around)
        if field.name in FREE_TEXT:
            words = [word for word in tokens(value) if len(word) > 3]
            return sum(word in tokens(self._heard) for word in words) >= 0.6 * len(words)
        known = [word for word, meant in field.ask.words.items() if meant == value]
        return tokens(value) <= tokens(around) or word_in(map(level, known), around, misspelt=False)

    def _team(self, value: str, around: str) -> bool:
        """The team by any of its names, or "our team" for one's own."""
        context = self._context
        team = context.team_called(value)
        if team is None:
            return squeeze(value) in squeeze(around)
        own = context.requester is not None and context.requester.team == team
        if own and re.search(
            r"\b(?:we|us|our|my|unser\w*|wir|nuestr\w*|notre|nosso|nostro|ons)\b", around, re.I
        ):
            return True
        return self._group_named(context.group_of(team), around)

    def _group_named(self, group: str, around: str) -> bool:
        context = self._context
        if any(principal.name == group for principal in principals_in(around, context)):
            return True
        words = re.findall(r"[\w-]{4,}", around)
        return any(
            (team := context.team_called(word)) is not None and context.group_of(team) == group
            for word in words
        )

    def _entry(self, entry: Mapping[str, JSON], around: str, *, whole: bool) -> bool:
        """Who gets access, and with ``whole`` each thing they may do."""
        who, *rights = entry.values()
        if not isinstance(who, str):
            return False
        team = self._context.team_called(who)
        group = self._context.group_of(team) if team else who
        named = self._group_named(group, around) or (team is None and squeeze(who) in squeeze(around))
        named = named or (bool(team) and team == self._context.own_team and bool(re.search(
            r"\b(?:we|us|our|my|everyone in the team|unser\w*|uns|wir)\b", around, re.I)))  # fmt: skip
        return named and (not whole or all(right_named(right, around) for right in _leaves(rights)))


def _texts(value: JSON) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]
    return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


def _leaves(value: JSON) -> list[str]:
    if isinstance(value, Mapping):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [str(value)]


def _entries(value: JSON) -> list[Mapping[str, JSON]]:
    found = [value] if isinstance(value, Mapping) else value
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list | tuple) else []
