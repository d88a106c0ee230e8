"""Texts that are YAML, nearly YAML, or were: made up from a grammar of everything the language is odd in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from tests.support.hostile import VALID

SCALARS = [
    *("a", "b", "key", "a b", "a:b", "a#b", "a'b", 'a"b', "a\\b", "x=y", "é", "日本", "e\u0301", "", "#"),
    *("true", "false", "True", "TRUE", "null", "Null", "NULL", "~", "no", "off", "y", "N", "on"),
    *("0", "1", "-1", "-0", "00", "017", "0x1", "0x", "0o7", "0o", "0b1", "+1", "1_000", "1,2", "12:30"),
    *("1.5", ".5", "5.", "0.", "0.0", "-0.0", "-.5", "1e3", "1E3", "1e-3", "-1e3", "1e", "e1", "1.0.0"),
    *(".inf", "-.inf", ".nan", ".NaN", "NaN", "nan", "inf", "2027-04-30"),
    *("99999999999999999", "100000000000000000", "999999999999999999", "9999999999999999999"),
    *("-99999999999999999999", "18446744073709551616"),
    *(
        "-",
        "--",
        "---",
        "...",
        "- a",
        "-a",
        "?",
        "?a",
        "a?",
        ":",
        ":a",
        "a:",
        "::",
        "a::b",
        "=",
        "@a",
        "`",
        "%a",
    ),
    *("|", ">", "|-", ">+", "'", '"', "''", '""', "'a'", '"a"', "'a''b'", '"a b"', '"true"', "'1'"),
    *(
        "'a\n  b'",
        '"a\n\n  b"',
        "[a\n  b]",
        "!",
        "!!str",
        "!t 1",
        "! 1",
        "!!int 1",
        "&x 1",
        "&x",
        "*x",
        "<<",
        "\\",
        "$",
        "\u00a0",
        "\ufeff",
        "\u2028",
    ),
    *(
        "[",
        "]",
        "{",
        "}",
        "[]",
        "{}",
        "[a]",
        "[a,]",
        "[,]",
        "[a: b]",
        "[? a]",
        "{a}",
        "{a: b}",
        "{a:b}",
        "{a: b,}",
    ),
    *("{a: b, c}", '{"a":b}', "{a: [b, {c: d}]}", "{?a: b}", "{? a : b}"),
]
KEYS = [
    *(
        "a",
        "b",
        "c",
        "name",
        "a b",
        "a-b",
        "a.b",
        "'q'",
        '"q"',
        "é",
        "x?",
        "?x",
        "-x",
        "$x",
        "a'",
        "a#",
        "<",
        "=",
    ),
    *("0", "1", "1.5", "true", "null", "~", "''", "[a]", "{a: b}"),
]
QUOTED = ['"q"', "'q'", '"a b"', "'a: b'", '""', '"a # b"']
BETWEEN = [
    *(" ", "  ", "   ", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "\n\n", " \n", "\t", "\r\n"),
    *(": ", ":", ", ", ",", "- ", "? ", "[", "]", "{", "}", "'", '"', " #c\n", "# c\n"),
    *("|\n", "|\n  ", ">\n  ", "|2\n    ", "--- ", "\n---\n", "\n...\n"),
]
BLOCKS = ["|", "|-", "|+", ">", ">-", ">+", "|2", "|1-"]
DEEPEST = 5


def text(random: Random) -> str:
    """One text: a line, a tree, a soup of pieces, a tree that was damaged, or a request file that was."""
    ways: Sequence[Callable[[Random], str]] = (_line, _line, _tree, _soup, _damaged_tree, _damaged_request)
    return random.choice(ways)(random)


def _line(random: Random) -> str:
    return f"a: {_flow(random, 0, DEEPEST - 1)}\n"


def _tree(random: Random) -> str:
    return _mapping(random, 0, 0) + "\n"


def _soup(random: Random) -> str:
    return "".join(
        random.choice((SCALARS, BETWEEN, BETWEEN)[random.randrange(3)]) for _ in range(random.randint(1, 14))
    )


def _damaged_tree(random: Random) -> str:
    return _damaged(random, _tree(random))


def _damaged_request(random: Random) -> str:
    lines = VALID.splitlines(keepends=True)
    start = random.randrange(len(lines))
    some = "a: 1\n" + "".join(lines[start : start + random.randint(1, 8)])
    return _damaged(random, random.choice((VALID, VALID, some)))


def _damaged(random: Random, whole: str) -> str:
    """The text with up to four pieces put in, taken away, replaced or doubled."""
    parts = list(whole)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(parts) + 1)
        way = random.randrange(4)
        if way < 2:
            parts[at : at + way] = random.choice((SCALARS, BETWEEN)[random.randrange(2)])
        elif way == 2:
            del parts[at : at + random.randint(1, 6)]
        else:
            start = random.randrange(len(parts) + 1)
            parts[at:at] = parts[start : start + random.randint(1, 20)]
    return "".join(parts)


def _mapping(random: Random, indent: int, depth: int) -> str:
    ends = ("", "", "", "", "", " # c", " ")
    lines = []
    for _ in range(random.randint(1, 4)):
        colon = random.choice((":", ": ", ": ", ": ", " : ", ":  "))
        value = _value(random, indent, depth)
        lines.append(" " * indent + random.choice(KEYS) + colon + value + random.choice(ends))
    return "\n".join(lines)


def _list(random: Random, indent: int, depth: int) -> str:
    lines = []
    for _ in range(random.randint(1, 3)):
        inner = _value(random, indent + 2, depth)
        if random.random() < 0.3:
            inner = _mapping(random, indent + 2, depth).lstrip(" ")
        lines.append(" " * indent + "-" + random.choice((" ", " ", " ", "  ", "")) + inner)
    return "\n".join(lines)


def _value(random: Random, indent: int, depth: int) -> str:
    way = random.random()
    if way < 0.5 or depth >= DEEPEST:
        return random.choice(SCALARS)
    if way < 0.7:
        return _flow(random, indent, depth + 1)
    if way < 0.75:
        pads = (" " * (indent + random.randrange(4)) for _ in range(random.randrange(4)))
        return random.choice(BLOCKS) + "\n" + "".join(f"{pad}{random.choice(SCALARS)}\n" for pad in pads)
    if way < 0.8:
        return f"{random.choice(SCALARS)}\n{' ' * (indent + random.randrange(3))}{random.choice(SCALARS)}"
    if way < 0.85:
        quote = random.choice("'\"")
        return quote + " ".join(random.choice(SCALARS) for _ in range(random.randrange(4))) + quote
    if way < 0.92:
        return "\n" + _mapping(random, indent + random.choice((0, 1, 2, 2, 2, 4)), depth + 1)
    return "\n" + _list(random, indent + random.choice((0, 0, 2)), depth + 1)


def _flow(random: Random, indent: int, depth: int) -> str:
    """Between brackets; with a key in quotes the value may follow the colon at once, as in JSON."""
    entries = []
    pairs = random.random() < 0.6
    for _ in range(random.randrange(4)):
        value = _value(random, indent, depth)
        if pairs or random.random() < 0.2:
            value = (
                random.choice(random.choice((KEYS, QUOTED)))
                + random.choice((": ", ":", " : ", ":  "))
                + value
            )
        entries.append(value)
    inner = random.choice((", ", ", ", ",", ",\n " + " " * indent)).join(entries)
    return f"{{{inner}}}" if pairs else f"[{inner}]"
