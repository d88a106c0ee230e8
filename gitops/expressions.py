"""CEL expressions of the policy: compiled once, evaluated over a request as data.

    variable     what it is
    metadata     the metadata of the request, every field there is (``null`` where it is left out)
    resource     one resource, every field there is
    request      the whole request: ``request.resources.exists(one, one.kind == "repo")``
    cost         the estimated monthly cost, ``cost.low`` and ``cost.high``, in ``cost.currency``
    today        the date, a timestamp like all dates: ``metadata.expires - today < duration("720h")``

Texts of requests are values of these variables and never part of an expression.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from gitops.cost import Money
    from gitops.request import Loaded

VARIABLES = ("metadata", "resource", "request", "cost", "today")
MAX_LOOPS = 3
"""An expression goes over lists at most so many times: each may hold a hundred entries."""
FAILURES = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What evaluating an expression raises."""

LOOP = r"\.\s*(?:all|exists|exists_one|map|filter)\s*\("
WORDS = re.compile(rf"\b({'|'.join(VARIABLES)})\b(?:\.([A-Za-z_]\w*)\b(?!\s*\())?")
"""Variables, each with the field of it that is looked at, if it is one."""

_LOOP = re.compile(LOOP)
_ERROR = re.compile(r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): (?:Syntax error: )?(?P<what>.*)")
_SHOWN = 100
_REMEMBERED = 10_000


class NotCel(Exception):
    """An expression that cannot be compiled: what is wrong with it, at a line and column (from 1) of it."""

    def __init__(self, message: str, inside: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.inside = inside


class Expression(msgspec.Struct, frozen=True):
    """A compiled expression, and which fields of which variables it looks at (``None``: at the whole).

    ``few`` are these as pairs, where they are all that it depends on.
    """

    text: str
    program: Any
    needs: Mapping[str, frozenset[str] | None]
    few: tuple[tuple[str, str], ...] | None


@cache
def _cel() -> Any:
    """The compiled part of the package ``cel``, without its command line, which takes 200 ms to import."""
    from importlib.machinery import PathFinder
    from importlib.util import find_spec, module_from_spec

    package = find_spec("cel")
    spec = package and PathFinder.find_spec("cel.cel", package.submodule_search_locations)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("the package common-expression-language is not installed")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=1024)
def compiled(text: str) -> Expression:
    """Compile an expression.

    Raises:
        NotCel: it is not CEL, or not what a rule may be.
    """
    if len(_LOOP.findall(text)) > MAX_LOOPS:
        raise NotCel(f"The expression goes over lists more than {MAX_LOOPS} times.")
    try:
        program = _cel().compile(text)
    except FAILURES as error:
        found = _ERROR.search(str(error))
        if found is None:
            raise NotCel("This is not CEL.") from None
        what = found["what"].replace("<EOF>", "the end").replace("\\'", "'")
        words = what.split(" expecting ")[0][:_SHOWN]
        inside = int(found["line"]), int(found["column"])
        raise NotCel(f"This is not CEL: {words}.", inside) from None
    used = [name for name in program.variables() if name in VARIABLES]
    needs = {name: _looked_at(name, text) for name in used}
    few = [(name, field) for name, fields in needs.items() for field in sorted(fields or ())]
    sure = all(needs.values()) and needs.keys() <= {"metadata", "resource"}
    return Expression(text, program, needs, tuple(few) if sure else None)


def _looked_at(variable: str, text: str) -> frozenset[str] | None:
    """The fields of a variable in an expression, when it is only ever followed by one: fewer to convert."""
    every = [field for name, field in WORDS.findall(text) if name == variable]
    return frozenset(every) if all(every) and variable != "request" else None


class Scope:
    """A request as the variables of expressions; :meth:`look_at` says which resource ``resource`` is."""

    def __init__(self, loaded: Loaded, money: Money | None, currency: str, today: date) -> None:
        self._loaded = loaded
        self._money = money
        self._currency = currency
        self._today = today
        self._index: int | None = None

    def look_at(self, index: int | None) -> None:
        """From now on ``resource`` is this one; ``None``: there is none."""
        self._index = index

    def truth(self, text: str) -> bool:
        """Whether an expression is true.

        What only depends on a few single values is remembered: of many requests, most are alike.

        Raises:
            TypeError: it is neither true nor false; and whatever evaluating it raises.
        """
        expression = compiled(text)
        key = self._key(expression)
        if key is not None and (known := _remembered.get(key)) is not None:
            return known
        found = expression.program.execute(
            {name: self.variable(name, fields) for name, fields in expression.needs.items()}
        )
        if not isinstance(found, bool):
            raise TypeError(f"it gives {type(found).__name__}, neither true nor false")
        if key is not None:
            if len(_remembered) >= _REMEMBERED:
                _remembered.clear()
            _remembered[key] = found
        return found

    def _key(self, expression: Expression) -> Hashable | None:
        """The expression and all values that it depends on; ``None`` where they are not single values."""
        if expression.few is None:
            return None
        key: list[Any] = [expression.text]
        for name, field in expression.few:
            part = self._part(name)
            value = getattr(part, field, part)  # a field that is not there is no single value
            if value.__class__ not in _SINGLE:
                return None
            key += (value.__class__, value)
        return tuple(key)

    def _part(self, name: str) -> Any:
        request = self._loaded.request
        return request.metadata if name == "metadata" else request.resources[self._index or 0]

    def variable(self, name: str, fields: frozenset[str] | None = None) -> Any:
        """A variable as CEL takes it, with these of its fields."""
        match name:
            case "metadata" | "resource":
                return _plain(self._part(name), fields)
            case "request":
                request = self._loaded.request
                resources = [_plain(spec, None) for spec in request.resources]
                return {"metadata": _plain(request.metadata, None), "resources": resources}
            case "cost":
                low, high = (self._money.low, self._money.high) if self._money else (0, 0)
                return {"low": float(low), "high": float(high), "currency": self._currency}
            case _:
                return _timestamp(self._today)


_remembered: dict[Hashable, bool] = {}
_SINGLE = frozenset({str, int, bool, date, type(None)})


def _plain(part: Any, fields: frozenset[str] | None) -> dict[str, Any]:
    """A model as CEL takes it: mappings and lists; a date as a timestamp, which CEL can count with."""
    names = part.__struct_fields__
    found = {name: _value(getattr(part, name)) for name in names if fields is None or name in fields}
    tag = part.__struct_config__.tag
    return found if tag is None else found | {"kind": tag}


def _value(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, date):
        return _timestamp(value)
    if isinstance(value, msgspec.Struct):
        return _plain(value, None)
    if isinstance(value, Mapping):
        return {key: _value(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_value(entry) for entry in value]
    return str(value)


def _timestamp(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
