"""Which rule ids the sources can put into a finding, read off the sources themselves.

Counted is every text that is given to something called ``rule``: as an argument of
:class:`~gitops.finding.Finding` or of a function that hands its own ``rule`` on to one, as a default, or as a
value that is assigned.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_ID = re.compile(r"[a-z]+(-[a-z0-9]+)*")


@cache
def in_sources() -> frozenset[str]:
    """All ids in ``gitops`` and ``handlers``; the rules of kinds and those of a policy are not among them."""
    trees = [
        ast.parse(file.read_text("utf-8"))
        for name in ("gitops", "handlers")
        for file in sorted((ROOT / name).rglob("*.py"))
    ]
    makers = _makers(trees)
    found: set[object] = set()
    for tree in trees:
        constants = dict(_assigned(tree.body))
        for node in ast.walk(tree):
            for given in _given(node, makers):
                text = constants.get(given.id, given) if isinstance(given, ast.Name) else given
                # Of `"a" if … else "b"` both may be given.
                found |= {part.value for part in ast.walk(text) if isinstance(part, ast.Constant)}
    return frozenset(text for text in found if isinstance(text, str) and _ID.fullmatch(text))


def _makers(trees: list[ast.Module]) -> Mapping[str, int]:
    """What makes findings → the position of its rule: ``Finding``, and what hands its own ``rule`` on."""
    makers = {"Finding": 0}
    known = 0
    while len(makers) > known:
        known = len(makers)
        for tree in trees:
            for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
                names = [one.arg for one in function.args.args if one.arg not in ("self", "cls")]
                calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
                if "rule" in names and any(_called(call) in makers for call in calls):
                    makers.setdefault(function.name, names.index("rule"))
    return makers


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _given(node: ast.AST, makers: Mapping[str, int]) -> Iterator[ast.expr]:
    """What a piece of code gives to something called ``rule``."""
    if isinstance(node, ast.Call):
        yield from (word.value for word in node.keywords if word.arg == "rule")
        position = makers.get(_called(node))
        if position is not None and len(node.args) > position:
            yield node.args[position]
    elif isinstance(node, ast.FunctionDef):
        arguments = node.args
        defaults = [
            *zip(arguments.args[::-1], arguments.defaults[::-1], strict=False),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        yield from (value for one, value in defaults if one.arg == "rule" and value is not None)
    elif isinstance(node, ast.stmt):
        yield from (value for name, value in _assigned([node]) if name == "rule")


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names and what is assigned to them, also several at once."""
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    names = (one.id for one in target.elts if isinstance(one, ast.Name))
                    yield from zip(names, node.value.elts, strict=False)
