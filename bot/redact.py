"""Secrets in a text, taken out before it leaves the house."""

from __future__ import annotations

import re

_SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,})"),
    re.compile(
        r"\b(?:dapi[0-9a-f]{16,}|dkea[0-9a-f]{16,}|dose[0-9a-f]{16,}|AKIA[0-9A-Z]{16}"
        r"|AIza[\w-]{30,})"
    ),
    re.compile(r"\bsk-[\w-]{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\bBearer\s+[\w.~+/-]{12,}=*", re.I),
    re.compile(
        r"(?P<label>\b(?:password|passwd|passwort|secret|token|api[_ -]?key|access[_ -]?key)\b\s*(?:is|="
        r"|:)\s*)\S+",
        re.I,
    ),
    re.compile(r"(?P<label>://[^\s/:@]+:)[^\s/@]+(?=@)"),
)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")


def redact(text: str) -> str:
    """The text without keys, tokens, passwords behind a label, and card numbers (by their check digit)."""
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: f"{found.groupdict().get('label') or ''}[removed]", text)
    return _CARD.sub(lambda found: "[removed]" if _is_card(found[0]) else found[0], text)


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()][::-1]
    doubled = [digit if index % 2 == 0 else sum(divmod(digit * 2, 10)) for index, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0
