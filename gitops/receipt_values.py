"""What of a value goes into a receipt: no secret, and nothing too long. It stays data, whatever it says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from gitops.markup import clip
from gitops.plan import JSON, canonical, digest
from gitops.redact import REMOVED, redact

LONGEST_TEXT = 1_000
"""Characters; a longer text is told by its digest and length."""
LONGEST_NAME = 200
LARGEST = 4_000
"""Bytes of a whole value as JSON: what was found, wanted and found again stay below 16 KB together."""
_DEEPEST = 12
_LARGEST_NUMBER = 2**63

_SECRET = re.compile(
    r"(?:^|[^a-z])(?:pass(?:word|wd|phrase)|pwd|secret|(?<!idempotency[^a-z])token|credentials?|sas"
    r"|(?:api|access|account|private|shared|storage|subscription|signing|encryption)[^a-z]?key)"
    r"(?:[^a-z]?(?:value|text|string))?$|account[^a-z]?key\.",
    re.IGNORECASE,
)
_ENVIRONMENT = re.compile(
    r"(?:^|_)env(?:iron)?(?:_?vars?|_variables)?$|environment_variables$", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_REFERENCE = re.compile(r"\{\{secrets/[A-Za-z0-9._@-]{1,128}/[A-Za-z0-9._@-]{1,128}\}\}")


def recorded(value: JSON) -> JSON:
    """The value as JSON that can be written and read again, whatever it was; nothing is raised.

    A text under a name of a secret (``token``, ``spark.password``) or among environment variables is removed,
    as is what looks like a secret anywhere; a reference to a secret that is kept elsewhere stays. What is
    too long becomes ``{"$digest": "sha256:…", "bytes": 12345}``, over what would have stood there.
    """
    clean = _clean(value, depth=0, secret=False)
    if len(canonical(clean)) <= LARGEST:
        return clean
    if isinstance(clean, dict):
        for name in sorted(clean, key=lambda name: len(canonical(clean[name])), reverse=True):
            told = _told(clean[name])
            if len(canonical(told)) < len(canonical(clean[name])):
                clean[name] = told
            if len(canonical(clean)) <= LARGEST:
                return clean
    return _told(clean)


def _clean(value: JSON, *, depth: int, secret: bool) -> JSON:
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        pair = value.get("key", value.get("name")) if "value" in value else None
        return {
            clip(redact(_written(str(name)[:LONGEST_TEXT])), LONGEST_NAME): _clean(
                part,
                depth=depth + 1,
                secret=secret or _keeps(str(pair if name == "value" and pair else name), part),
            )
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(part, depth=depth + 1, secret=secret) for part in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        fits = abs(value) < _LARGEST_NUMBER if isinstance(value, int) else math.isfinite(value)
        return (REMOVED if secret else value) if fits else str(value)
    return _text(str(value), secret)


def _keeps(name: str, part: JSON) -> bool:
    """Whether what stands under this name is a secret, as far as the name tells."""
    words = _CAMEL.sub("_", name)
    return bool(_SECRET.search(words) or (isinstance(part, Mapping) and _ENVIRONMENT.search(words)))


def _text(text: str, secret: bool) -> JSON:
    if secret and text:
        return text if _REFERENCE.fullmatch(text) else REMOVED
    text = _written(text)
    if len(text) <= LONGEST_TEXT:
        return redact(text)
    return _told(text)


def _written(text: str) -> str:
    """As UTF-8 can write it."""
    return text.encode("utf-8", "replace").decode()


def _told(value: JSON) -> JSON:
    raw = canonical(value)
    return {"$digest": digest(raw), "bytes": len(raw)}
