"""Bytes of request files that mean no good, each with the rule that it ends in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from gitops.yamltext import MAX_BYTES

ROOT = Path(__file__).resolve().parents[2]
PATH = "requests/dev/growth/churn-prediction.yaml"
VALID = (ROOT / "tests/data" / PATH).read_text("utf-8")
LINE, END = 14, 40
"""Where the resources of the valid file begin, and the line after its last."""


def replaced(before: str, after: str) -> str:
    """The valid file with one piece of it, which is there once, replaced."""
    assert VALID.count(before) == 1, before
    return VALID.replace(before, after)


def with_line(line: str) -> str:
    """The valid file with one more line in its metadata, which is :data:`LINE`."""
    return replaced("  lifecycle: active\n", f"  lifecycle: active\n{line}\n")


TAGS = [
    "!!python/object/apply:os.system [id]",
    "!!python/object/apply:subprocess.check_output [[id]]",
    "!!python/object/new:subprocess.Popen [[id]]",
    "!!python/object/apply:builtins.eval ['1']",
    "!!python/object/apply:builtins.exec ['import os']",
    "!!python/object:__main__.Loaded {}",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/tuple [1]",
    "!!python/dict {}",
    "!!python/str x",
    "!!python/bytes aGk=",
    "!!python/complex 1j",
    "!<tag:yaml.org,2002:python/object/apply:os.system> [id]",
    "!ruby/object:Gem::Installer {i: x}",
    "!!javax.script.ScriptEngineManager [x]",
    "!!js/function 'x'",
    "!!binary aGk=",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!pairs [a: 1]",
    "!!timestamp 2027-04-30",
    "!!float 1",
    "!!int '1'",
    "!!bool yes",
    "!!null ''",
    "!!map {}",
    "!!seq []",
    "!!str 017",
    "!!merge <<",
    "!!value =",
    "!local x",
    "!e!x y",
    "! x",
    "!include /etc/passwd",
    "!env HOME",
    "!vault secret",
    "!Ref x",
]


LAUGHS = "a0: &a0 [lol, lol]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
STRUCTURES: dict[str, tuple[str, str, int]] = {
    "a key twice": (with_line("  lifecycle: retired"), "yaml-duplicate", LINE),
    "a key twice, once in quotes": (with_line('  "lifecycle": retired'), "yaml-duplicate", LINE),
    "a key twice, once by its number": (with_line('  "lifecycl\\u0065": retired'), "yaml-duplicate", LINE),
    "a key twice among braces": (
        replaced("{slack: U024BE7LH,", "{slack: U024BE7LH, slack: U1X,"),
        "yaml-duplicate",
        12,
    ),
    "a section twice": (VALID + "resources: []\n", "yaml-duplicate", END),
    "a merge key": (with_line("  <<: {team: risk}"), "yaml-merge", LINE),
    "a merge key in a list": (with_line("  <<: [{team: risk}]"), "yaml-merge", LINE),
    "an anchor": (with_line("  cost_center: &cc CC-1"), "yaml-anchor", LINE),
    "an anchor on a key": (with_line("  &key cost_center: CC-1"), "yaml-anchor", LINE),
    "an alias of nothing": (with_line("  cost_center: *cc"), "yaml-alias", LINE),
    "an alias as a key": (with_line("  *key : CC-1"), "yaml-alias", LINE),
    "an anchor in itself": (with_line("  members: &m [*m]"), "yaml-anchor", LINE),
    "an anchor of a mapping in itself": (with_line("  members: &m {m: *m}"), "yaml-anchor", LINE),
    "a billion laughs": (LAUGHS, "yaml-anchor", 1),
    "a quadratic blow-up": ("a: &a " + "x" * 90_000 + "\nb: [" + "*a," * 50_000 + "]\n", "yaml-anchor", 1),
    "a list as a key": (with_line("  ? [a, b]\n  : c"), "yaml-key", LINE),
    "a mapping as a key": (with_line("  {a: b}: c"), "yaml-key", LINE),
    "an empty key": (with_line('  "": c'), "yaml-key", LINE),
    "no key": (with_line("  : c"), "yaml-syntax", LINE),
    "a second document": (VALID + "---\n" + VALID, "yaml-documents", END),
    "a hundred documents": ("--- {}\n" * 100, "yaml-documents", 2),
    "a document after its end": (VALID + "...\n---\n" + VALID, "yaml-documents", END + 1),
    "a directive": ("%YAML 1.1\n---\n" + VALID, "yaml-directive", 1),
    "a tag directive": ("%TAG !e! tag:example.com,2000:\n---\n" + VALID, "yaml-directive", 1),
    "text": ("just text\n", "yaml-mapping", 1),
    "a list": ("- a\n- b\n", "yaml-mapping", 1),
    "an unknown section": (VALID + "secrets: {}\n", "schema-unknown", END),
    "two levels astray": (replaced("  team: growth\n", "    team: growth\n"), "yaml-syntax", 6),
    "a bracket left open": (replaced("topics: [churn]", "topics: [churn"), "yaml-syntax", 20),
    "a brace too many": (replaced("liwei}", "liwei}}"), "yaml-syntax", 12),
    "quotes left open": (replaced("purpose: Predict", 'purpose: "Predict'), "yaml-syntax", END),
}


DEEP = 20_000
LARGE: dict[str, tuple[bytes, str]] = {
    "deep lists": (b"a: " + b"[" * DEEP, "yaml-depth"),
    "deep lists that close": (b"a: " + b"[" * DEEP + b"]" * DEEP, "yaml-depth"),
    "deep mappings": (b"a: " + b"{a: " * DEEP + b"}" * DEEP, "yaml-depth"),
    "deep lists and mappings": (b"a: " + b"[{a: " * DEEP, "yaml-depth"),
    "deep block lists": (b"a:\n" + b"- " * DEEP + b"x\n", "yaml-depth"),
    "deep block mappings": (b"".join(b" " * n + b"a:\n" for n in range(700)), "yaml-depth"),
    "deep keys": (b"? " * DEEP, "yaml-key"),
    "a scalar of 50 MB": (b"a: " + b"x" * 50_000_000, "yaml-size"),
    "a quoted scalar of 50 MB": (b'a: "' + b"\\n" * 25_000_000 + b'"', "yaml-size"),
    "a comment of 50 MB": (b"#" * 50_000_000, "yaml-size"),
    "50 MB of nothing": (b"\n" * 50_000_000, "yaml-size"),
    "one byte too many": (VALID.encode().ljust(MAX_BYTES + 1, b"\n"), "yaml-size"),
    "many values": (b"a: [" + b"1," * 120_000 + b"]", "yaml-size"),
    "many keys": (b"".join(b"k%d:\n" % n for n in range(14_000)), "schema-unknown"),
    "many keys, all the same": (b"a:\n" * 80_000, "yaml-duplicate"),
    "many resources": (VALID.encode() + b"- kind: repo\n" * 7_000, "schema"),
    "a long key": (b"k" * 200_000 + b": 1\n", "yaml-syntax"),
    "a long key in quotes": (b'"' + b"k" * 1000 + b'": 1\n', "schema-unknown"),
    "a long text": (replaced("Predict", "x" * 200_000).encode(), "schema"),
    "a long name": (replaced("name: churn-prediction", f"name: {'a-' * 60_000}a").encode(), "schema"),
    "a long list of nothing": (replaced("topics: [churn]", f"topics: [{'~,' * 14_000}]").encode(), "schema"),
    "many escapes": (b'a: "' + b"\\u202e" * 40_000 + b'"\n', "yaml-value-character"),
    "many wrong escapes": (b'a: "' + b"\\q" * 100_000 + b'"\n', "yaml-syntax"),
    "many quotes": (b"a: " + b"'" * 100_001 + b"\n", "yaml-syntax"),
    "many tabs": (b"\t" * 200_000, "yaml-character"),
    "many anchors": (b"".join(b"a%d: &a%d 1\n" % (n, n) for n in range(15_000)), "yaml-anchor"),
    "many tags": (b"".join(b"a%d: !t 1\n" % n for n in range(15_000)), "yaml-tag"),
    "many directives": (b"%A b\n" * 40_000 + b"---\na: 1\n", "yaml-syntax"),
    "many invisible characters": ("\u200b".encode() * 80_000, "yaml-character"),
    "all invisible characters": (
        "".join(map(chr, [*range(0x200B, 0x2070), *range(0xE0000, 0xE1000)])).encode(),
        "yaml-character",
    ),
    "a pattern's nightmare": (
        replaced("jane.doe@acme.example", "a" * 3_000 + "." * 3_000 + "@").encode(),
        "schema",
    ),
    "a pattern's nightmare in a domain": (
        replaced("jane.doe@acme.example", "a@" + "a-" * 50_000).encode(),
        "schema",
    ),
    "a pattern's nightmare in a requirement": (
        replaced("lightgbm==4.5.0", "a" + "._" * 50_000 + "$").encode(),
        "schema",
    ),
    "a number of 5,000 digits": (
        replaced("max_workers: 4", "max_workers: " + "9" * 5_000).encode(),
        "schema",
    ),
    "a number of 200,000 digits": (
        replaced("max_workers: 4", "max_workers: -" + "9" * 200_000).encode(),
        "schema",
    ),
    "a number of 18 digits": (replaced("max_workers: 4", "max_workers: " + "9" * 18).encode(), "schema"),
    "a number of 19 digits": (replaced("max_workers: 4", "max_workers: " + "9" * 19).encode(), "schema"),
}


ENCODINGS: dict[str, tuple[bytes, str, int]] = {
    "a byte order mark": (b"\xef\xbb\xbf" + VALID.encode(), "yaml-character", 1),
    "UTF-16 with a mark": (VALID.encode("utf-16"), "yaml-encoding", 1),
    "UTF-16, little end first": (VALID.encode("utf-16-le"), "yaml-character", 1),
    "UTF-16, big end first": (VALID.encode("utf-16-be"), "yaml-character", 1),
    "UTF-32": (VALID.encode("utf-32"), "yaml-encoding", 1),
    "Latin-1": (replaced("Predict", "Pr\u00e9dict").encode("latin-1"), "yaml-encoding", 8),
    "an overlong slash": (VALID.encode() + b"# \xc0\xaf\n", "yaml-encoding", END),
    "an overlong NUL": (VALID.encode() + b"# \xc0\x80\n", "yaml-encoding", END),
    "half a pair": (VALID.encode() + b"# \xed\xa0\x80\n", "yaml-encoding", END),
    "past the last character": (VALID.encode() + b"# \xf4\x90\x80\x80\n", "yaml-encoding", END),
    "a character cut short": (VALID.encode() + b"# \xe2\x82", "yaml-encoding", END),
    "NUL": (replaced("Predict", "Pre\0dict").encode(), "yaml-character", 8),
    "NUL at the end": (VALID.encode() + b"\0", "yaml-character", END),
    "NUL by its number": (replaced("Predict which", '"\\0" #').encode(), "yaml-value-character", 8),
    "escape": (replaced("Predict", "\x1b[2J\x1b]0;x\x07").encode(), "yaml-character", 8),
    "escape by its number": (replaced("Predict which", '"\\e[2J" #').encode(), "yaml-value-character", 8),
    "a tab to indent": (replaced("  team: growth", "\tteam: growth").encode(), "yaml-character", 6),
    "a tab before a comment": (
        replaced("topics: [churn]", "topics: [churn]\t# x").encode(),
        "yaml-character",
        19,
    ),
    "a tab in text": (replaced("Predict", "Pre\tdict").encode(), "yaml-character", 8),
    "lines that end in CR LF": (VALID.replace("\n", "\r\n").encode(), "yaml-character", 1),
    "lines that end in CR": (VALID.replace("\n", "\r").encode(), "yaml-character", 1),
    "one line that ends in CR": (replaced("growth\n  env", "growth\r  env").encode(), "yaml-character", 6),
    "lines that end in NEL": (VALID.replace("\n", "\x85").encode(), "yaml-character", 1),
    "a line separator": (replaced("Predict", "Pre\u2028dict").encode(), "yaml-character", 8),
    "text that runs backwards": (replaced("Predict", "\u202etciderP").encode(), "yaml-character", 8),
    "text that is isolated": (replaced("Predict", "\u2066Predict\u2069").encode(), "yaml-character", 8),
    "a mark from right to left": (replaced("Predict", "Predict\u200f").encode(), "yaml-character", 8),
    "a blank of no width": (replaced("Predict", "Pre\u200bdict").encode(), "yaml-character", 8),
    "a joiner": (replaced("Predict", "Pre\u200ddict").encode(), "yaml-character", 8),
    "a soft hyphen": (replaced("Predict", "Pre\u00addict").encode(), "yaml-character", 8),
    "a Hangul filler": (replaced("Predict", "Pre\u3164dict").encode(), "yaml-character", 8),
    "a variation selector": (replaced("Predict", "Pre\ufe01dict").encode(), "yaml-character", 8),
    "a joiner of graphemes": (replaced("Predict", "Pre\u034fdict").encode(), "yaml-character", 8),
    "a control of musicians": (replaced("Predict", "Pre\U0001d173dict").encode(), "yaml-character", 8),
    "a control of stenographers": (replaced("Predict", "Pre\U0001bca0dict").encode(), "yaml-character", 8),
    "a tag character": (replaced("Predict", "Pre\U000e0041dict").encode(), "yaml-character", 8),
    "hidden in a comment": (VALID.encode() + "# a\u202eb\n".encode(), "yaml-character", END),
}


def _sample() -> Iterator[tuple[str, bytes, str]]:
    """Some of each sort of hostile bytes, by name, with the rule that they end in."""
    for name, (text, rule, _) in STRUCTURES.items():
        yield name, text.encode(), rule
    for name, (raw, rule) in LARGE.items():
        yield name, raw, rule
    for name, (raw, rule, _) in ENCODINGS.items():
        yield name, raw, rule
    yield "nothing", b"", "yaml-empty"
    yield "only a comment", b"# x\n", "yaml-empty"
    yield "a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "yaml-encoding"
    yield "a program", b"\x7fELF\2\1\1\0" + bytes(200), "yaml-character"
    yield "JSON", json.dumps({"a": [1, 2.5, None]}).encode(), "schema-unknown"


SAMPLE = {name: (raw, rule) for name, raw, rule in _sample()}
