"""What the policy would say of a file that cannot be taken as it is, so that one run says everything.

What is wrong is mended by guessing, twice and differently; what the policy says of both is true whatever was
meant. Nothing here ever makes a file valid: the guesses are judged and thrown away.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import msgspec
from msgspec import inspect

from gitops import yamlfile
from gitops.diagnosis import Problem, problems
from gitops.envelope import Request, request_model
from gitops.errors import InvalidRequest
from gitops.finding import Finding
from gitops.kind import Registry
from gitops.request import Loaded, request_id, slips_of_path
from gitops.yamltext import MAX_FINDINGS, Path, path_text

_ROUNDS = 3
"""How often mending may show what was wrong behind it."""


def guessed_findings(
    raw: bytes, path: str, registry: Registry, judge: Callable[[Loaded], Iterable[Finding]]
) -> list[Finding]:
    """What ``judge`` says of a file with problems, whichever way they are mended; nothing on the problems."""
    try:
        identity = request_id(path)
    except InvalidRequest:
        return []
    document, unreadable = yamlfile.survey(raw, path)
    if document is None:
        return []
    data, model = copy.deepcopy(document.data), request_model(registry)
    slips = slips_of_path(data, identity)
    for key, says in slips.items():
        data["metadata"][key] = says
    said: list[dict[tuple[str, str, str], Finding]] = []
    wrong = {finding.place.path for finding in unreadable} | {f"metadata.{key}" for key in slips}
    for variant in (0, 1):
        request, mended = _mend(data, model, variant)
        if request is None:
            return []
        wrong |= {path_text(path) for path in mended}
        loaded = Loaded(identity, path, document, request)
        said.append({(one.rule, one.message, one.place.path): one for one in judge(loaded)})
    first, second = said
    return [one for key, one in first.items() if key in second and not _within(one.place.path, wrong)]


def _within(path: str, wrong: set[str]) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in wrong if one)


def _mend(data: dict[str, Any], model: type[Request], variant: int) -> tuple[Request | None, set[Path]]:
    """The data as a request with what is wrong replaced, and the paths of what was; ``None``: no idea how."""
    mended, paths = copy.deepcopy(data), set[Path]()
    for _ in range(_ROUNDS):
        found = list(islice(problems(mended, model), MAX_FINDINGS))
        if not found:
            return msgspec.convert(mended, model), paths
        for problem in found:
            paths.add(problem.path)
            if not _replace(mended, problem, variant):
                return None, paths
    return None, paths


def _replace(data: Any, problem: Problem, variant: int) -> bool:
    """Put what was probably meant, or anything that is allowed, where the problem is."""
    *above, last = problem.path or ("",)
    for part in above:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return True  # it went with what it stood in
    if problem.suffix == "-unknown" or (problem.at_key and problem.wanted is None):
        value = data.pop(last, None)  # what is not there cannot be mended
        if problem.meant is not None and problem.meant not in data:
            data[problem.meant] = value
        return True
    if problem.meant is not None:
        data[last] = problem.meant
        return True
    if problem.wanted is None or not problem.path:
        return False
    try:
        data[last] = _anything(problem.wanted, variant)
    except LookupError:
        return False
    return True


_TEXTS = ("growth-churn", "growth_churn", "a@b.example", "U024BE7LH")


def _anything(kind: inspect.Type, variant: int) -> Any:
    """A value of the type; another one for another variant, where there are two.

    Raises:
        LookupError: none is known.
    """
    match kind:
        case inspect.Metadata():
            return _anything(kind.type, variant)
        case inspect.UnionType():
            return _anything(
                next(one for one in kind.types if not isinstance(one, inspect.NoneType)), variant
            )
        case inspect.LiteralType():
            return kind.values[-variant]
        case inspect.BoolType():
            return bool(variant)
        case inspect.IntType():
            return (kind.ge or 1) if not variant else (kind.le or 1)
        case inspect.DateType():
            return "2999-12-31" if variant else "2000-01-01"
        case inspect.VarTupleType():
            return [_anything(kind.item_type, variant)] * (kind.min_length or 0)
        case inspect.DictType():
            return {}
        case inspect.StructType():
            needed = {field.encode_name: field.type for field in kind.fields if field.required}
            tag = {kind.tag_field: kind.tag} if kind.tag_field else {}
            return tag | {key: _anything(one, variant) for key, one in needed.items()}
        case inspect.StrType():
            return _text(kind, variant)
        case _:
            raise LookupError(type(kind).__name__)


def _text(kind: inspect.StrType, variant: int) -> str:
    for text in _TEXTS:
        for varied in (text + "x" if variant else text, text):
            long_enough = len(varied) >= (kind.min_length or 0)
            if long_enough and (kind.pattern is None or re.search(kind.pattern, varied)):
                return varied
    raise LookupError(kind.pattern)
