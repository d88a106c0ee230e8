"""Secrets in a text, taken out before it leaves the house: keys, tokens, passwords, card and account numbers.

Patterns of our own: the libraries for this look through source code line by line, guess by entropy (which
takes commit ids and UUIDs away as well), and know neither Databricks nor card numbers.
"""

from __future__ import annotations

import re

REMOVED = "[removed]"

_KEYS = re.compile(
    r"""
      -----BEGIN\ [A-Z0-9 ]*PRIVATE\ KEY(?:\ BLOCK)?-----.*?
          (?:-----END\ [A-Z0-9 ]*PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    | \bgh[pousr]_[A-Za-z0-9]{16,} | \bgithub_pat_\w{20,} | \bglpat-[\w-]{16,}       # GitHub, GitLab
    | \bv1\.[0-9a-f]{40}\b                                                            # GitHub App, old
    | \bxox[a-z](?:\.xox[a-z])?-[\w-]{10,} | \bxapp-[\w-]{10,} | \bxwfp-[\w-]{10,}    # Slack
    | hooks\.slack\.com/(?:services|workflows|triggers)/[\w/]+
    | \b(?:dapi|dkea|dose|dsap)[0-9a-f]{16,}(?:-\d+)?                                 # Databricks
    | \b(?:AKIA|ASIA|ABIA|ACCA|AIDA|AROA)[0-9A-Z]{16}\b                               # AWS
    | \bAIza[\w-]{30,} | \bya29\.[\w-]{20,} | \bGOCSPX-[\w-]{20,}                      # Google
    | \bsk-[\w-]{16,} | \b[rs]k_(?:live|test)_[A-Za-z0-9]{16,} | \bwhsec_[A-Za-z0-9]{16,}  # OpenAI, Stripe
    | \beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}                                      # JWT
    | \bpypi-[\w-]{40,} | \bnpm_[A-Za-z0-9]{30,} | \bdckr_pat_[\w-]{20,} | \bhf_[A-Za-z0-9]{30,}
    | \bSG\.[\w-]{16,}\.[\w-]{16,} | \bkey-[0-9a-f]{32}\b | \bAC[0-9a-f]{32}\b
    | \bhv[sb]\.[\w-]{24,} | \bage-secret-key-1[0-9a-z]{50,}
    | [?&](?:sig|signature|X-Amz-Signature|X-Goog-Signature)=[\w%+/=.-]{16,}          # signed addresses
    | (?<![\w/+=-])[A-Za-z0-9+/]{86}==                                                # Azure storage, Cosmos
    | (?<![\w/+~.-])[\w.~-]{3}8Q~[\w.~-]{31,34}(?![\w~-])                             # Azure AD client secret
    """,
    re.X | re.S | re.I,
)
_LABELLED = re.compile(
    r"""
    (?P<label>
        (?<![A-Za-z])(?:(?:password|passwort|passwd|passphrase|pwd|secret|token|credentials?|contraseña|kennwort)
           |(?:api|access|account|private|secret|shared\ access|subscription|storage)[_ -]?key
           |client[_ -]?secret|mot\ de\ passe|pin\ code)
        \b["']?\s*(?:is|ist|lautet|es|est|[=:])\s*["'`]?
        | \b(?:Bearer|Basic)\s+(?=[A-Za-z.~+/_-]*[\d=])(?=[\w.~+/-]{12,})
    )
    (?P<value>[^\s"'`,;]+)
    """,
    re.X | re.I,
)
"""A password has no form; the word before it gives it away."""

_IN_ADDRESS = re.compile(r"(?P<label>://[^\s/:@]{0,200}:)[^\s/@]{1,500}(?=@)")
_NO_VALUE = re.compile(
    r"(?:a|an|the|in|on|to|for|not|no|never|needed|required|stored|kept|what|which|set)", re.I
)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_IBAN = re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?(?![\w-])")


def redact(text: str) -> str:
    """The text without secrets: by their form, by the word before them, or by their check digit.

    Commit ids, UUIDs, versions, dates, addresses and names stay.
    """
    text = _KEYS.sub(REMOVED, text)
    text = _IN_ADDRESS.sub(lambda found: f"{found['label']}{REMOVED}", text)
    text = _LABELLED.sub(_without_value, text)
    text = _IBAN.sub(lambda found: REMOVED if _is_iban(found[0]) else found[0], text)
    return _CARD.sub(lambda found: REMOVED if _is_card(found[0]) else found[0], text)


def _without_value(found: re.Match[str]) -> str:
    """A label keeps its place; "the token is needed" names no token."""
    return found[0] if _NO_VALUE.fullmatch(found["value"].rstrip(".!?")) else f"{found['label']}{REMOVED}"


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()][::-1]
    doubled = [digit if index % 2 == 0 else sum(divmod(digit * 2, 10)) for index, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0 and any(digits)


def _is_iban(text: str) -> bool:
    """By the check digits of ISO 13616: letters as numbers, the first four at the end, modulo 97."""
    number = text.replace(" ", "")
    if not 15 <= len(number) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1
