"""Python libraries in a text: with versions in any spelling, or as plain names where they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.draft import FieldUpdate
from bot.rules.context import Context
from bot.rules.reading import CHATTER, Reading, live
from bot.text import NEGATED, NOTHING, UNKNOWN, Message, Sentence, wants_nothing

_LIBRARY = re.compile(
    r"(?<![\w./-])(?P<name>[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*)(?:\[[\w,-]+\])?"
    r"(?P<pin>\s*(?:==|~=|>=|<=|===?)\s*|\s+(?:v|version |ver\.? "
    r"|in version )?)(?P<version>\d+(?:\.\d+)+(?:[a-z]+\d+)?)\b(?![/.]\d)"
)
_SHOULD_BE = re.compile(
    r"(?<![\w./-])(?P<name>[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*)(?P<pin>\s+(?:should be|must be"
    r"|has to be|to|at|is|in)"
    r"(?: version)? v?)(?P<version>\d+\.\d+\.\d+)\b(?![/.]\d)"
)
_NO_LIBRARY = frozenset(
    [
        *[
            "be",
            "to",
            "at",
            "is",
            "in",
            "it",
            "them",
            "this",
            "that",
            "should",
            "must",
            "has",
            "have",
            "we",
            "use",
            "want",
            "need",
            "same",
            "one",
            "upgrade",
            "update",
            "downgrade",
            "bump",
            "switch",
            "change",
            "move",
            "semver",
        ],
        "until",
        "till",
        "til",
        "bis",
        "by",
        "on",
        "am",
        "at",
        "of",
        "to",
        "from",
        "version",
        "v",
        "python",
        "py",
        "spark",
        "dbr",
        "runtime",
        "java",
        "scala",
        "since",
        "about",
        "ca",
        "approx",
        "cost",
        "and",
        "or",
        "with",
        "max",
        "min",
        "um",
        "uhr",
        "vom",
        "release",
        "lts",
    ]
)


def libraries_in(text: str, *, cue: bool) -> list[tuple[str, str, bool]]:
    """Libraries with versions: (``name==version``, the words, negated).

    ``cue``: two-part versions count as well.
    """
    found = []
    for match in (*_LIBRARY.finditer(text), *_SHOULD_BE.finditer(text)):
        pinned = "=" in match["pin"]
        version = match["version"]
        a_date = not pinned and re.fullmatch(r"\d{1,2}\.\d{1,2}\.(?:20)?\d\d", version)
        clear = pinned or cue or (version.count(".") >= 2 and not a_date)
        if match["name"].lower() in _NO_LIBRARY or not clear:
            continue
        operator = match["pin"].strip() if pinned else "=="
        found.append(
            (f"{match['name']}{operator}{version}", match[0], bool(NEGATED.search(text[: match.start()])))
        )
    return found


_NAME = r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*"
_ITEM = rf"{_NAME}(?:\s*[=<>~]=?=?\s*\d[\w.]*|\s+v?\d+(?:\.\d+)+)?"
_LIST = rf"(?P<list>{_ITEM}(?:(?:\s*,\s*(?:and |und )?|\s+(?:and|und|&|plus)\s+|\s*&\s*){_ITEM})*)"
_INSTALL = re.compile(
    rf"\b(?:install|(?:libs?|librar(?:y|ies)|packages?|dependencies)(?: like| such as"
    rf"|:))\s+{_LIST}(?=\s*(?:$|[.;!)]|,? (?:on|in|there|too|as well|please|pls)\b))"
    rf"|\bwith\s+{_LIST.replace('list', 'list2')} (?:pre)?installed\b"
)
_NO_NAME = frozenset(
    [
        "the",
        "a",
        "an",
        "it",
        "this",
        "that",
        "these",
        "those",
        "them",
        "some",
        "any",
        "all",
        "my",
        "our",
        "your",
        "their",
        "its",
        "what",
        "whatever",
        "which",
        "more",
        "other",
        "same",
        "on",
        "in",
        "and",
        "libraries",
        "packages",
        "libs",
        "version",
        "versions",
        "stuff",
        "things",
        "something",
        "everything",
        "anything",
        "no",
        "not",
    ]
)


def listed_in(text: str) -> list[str]:
    """Libraries without a version, where a list of them is asked for: "install prophet and pandas on it"."""
    names = []
    for match in _INSTALL.finditer(text):
        if NEGATED.search(text[: match.start()]):
            continue
        items = re.split(
            r"\s*,\s*(?:and |und )?|\s+(?:and|und|&|plus)\s+|\s*&\s*", match["list"] or match["list2"]
        )
        names += [
            item
            for item in items
            if re.fullmatch(_NAME, item) and item not in _NO_NAME and not _not_a_name(item)
        ]
    return list(dict.fromkeys(names))


def answer_libraries(text: str, path: str, context: Context) -> Reading | None:
    """Libraries, pinned where a version is said; plain names count too when separated by commas or alone."""
    del path, context
    pinned = [
        (spec, text.find(words)) for spec, words, negated in libraries_in(text, cue=True) if not negated
    ]
    rest = _LIBRARY.sub(lambda match: "," * len(match[0]), re.split(r"\. |[.!?]$", text)[0])
    rest = re.sub(r"\b(?:and|und|plus)\b", lambda match: "," * len(match[0]), rest)
    plain = []
    for part in re.finditer(r"[^,+\n&]+", rest):
        name = re.sub(
            r"^(?:just|only|also|maybe|with|use|please|we need|and|if possible)\s+|\s+(?:please|pls|too"
            r"|only)$",
            "",
            part[0].strip(" `*.\"'"),
        )
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*", name) and not _not_a_name(name):
            plain.append((name, part.start()))
    if pinned or plain:
        found = sorted([*pinned, *plain], key=lambda pair: pair[1])
        return Reading(list(dict.fromkeys(name for name, _ in found)), text)
    return Reading([], text) if wants_nothing(text) else None


def _not_a_name(word: str) -> bool:
    return (
        bool(NOTHING.search(word) or UNKNOWN.search(word) or CHATTER.search(word))
        or word.lower() in _NO_LIBRARY
    )


_CAN_GO = re.compile(
    r"\s*(?:can go|can be (?:dropped|removed)|(?:is|are) (?:not|no longer) needed|(?:is|are)n't needed"
    r"|is out|should go)\b",
    re.I,
)
_LIBRARY_CUE = re.compile(
    r"\b(?:libs?|librar(?:y|ies)|packages?|install\w*|pip|dependenc\w+|bibliothek\w*|paket\w*|on (?:it|top)"
    r"|with)\b",
    re.I,
)
_ADD_OR_DROP = re.compile(
    r"\b(?:(?P<drop>drop|remove|without|instead of|rather than|replaces?|no longer|take out|uninstall|forget"
    r"|skip)|add|install|use|put|with"
    r"|need|want)\b",
    re.I,
)


def read_libraries(message: Message, context: Context) -> list[FieldUpdate]:
    """Libraries, pinned as said, or by name behind "install"; "drop pickle5" takes one away."""
    updates = []
    for path in context.fields_named("libraries"):
        wanted = context.wants(context.catalogue[path].kind or "")
        for sentence in live(message):
            target = context.target(path, sentence.start)
            cue = bool(_LIBRARY_CUE.search(sentence.text))
            marked = sentence.text.replace("`", " ")
            found = libraries_in(marked, cue=cue)
            for spec, quote, negated in found:
                named = wanted or cue or context.alias_pattern.search(sentence.text)
                if not (named or re.search(r"[=<>~]", quote)):
                    continue
                verbs = list(_ADD_OR_DROP.finditer(sentence.text[: max(0, marked.find(quote))]))
                dropped = negated or bool(verbs and verbs[-1]["drop"])
                updates.append(FieldUpdate(target, "remove" if dropped else "add", [spec], quote))
            updates += [
                FieldUpdate(target, "add", [name], name)
                for name in listed_in(marked)
                if not any(spec.startswith(name) for spec, _, _ in found)
            ]
            if _DROPS.search(sentence.text) or _CAN_GO.search(sentence.text):
                updates += _dropped(sentence, path, context)
    return updates


_DROPS = re.compile(
    r"\b(?:instead of|rather than|replaces?|drop|remove|without|no longer|take out|uninstall|forget|skip)\b",
    re.I,
)


def _dropped(sentence: Sentence, path: str, context: Context) -> Iterator[FieldUpdate]:
    """Libraries of the draft named by their bare name in a sentence that drops something."""
    for said_path, said in context.draft.said.items():
        if said_path.endswith(".libraries") and isinstance(said.value, list):
            for spec in said.value:
                name = re.split(r"[=<>~\[]", str(spec))[0]
                found = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w=-])", sentence.text, re.I)
                verbs = list(_ADD_OR_DROP.finditer(sentence.text[: found.start()])) if found else []
                goes = bool(found and _CAN_GO.match(sentence.text[found.end() :]))
                if goes or (verbs and verbs[-1]["drop"]):
                    yield FieldUpdate(said_path, "remove", [name], name)
