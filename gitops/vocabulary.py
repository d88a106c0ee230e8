"""The closed sets of words of a request, and the shapes of the names and addresses in it."""

from __future__ import annotations

from typing import Annotated, Literal, dataclass_transform, get_args

from msgspec import Meta, Struct, field

Environment = Literal["dev", "staging", "prod"]
Classification = Literal["public", "internal", "confidential", "restricted"]
Lifecycle = Literal["active", "retiring", "retired"]
OptionalField = Literal["technical_owner", "members", "cost_center", "expires"]
"""Fields of ``metadata`` that are only required where the policy says so."""
Cloud = Literal["azure", "aws", "gcp"]
Size = Literal["xs", "small", "medium", "large", "xl"]
Workload = Literal["etl", "ml", "analytics"]

ENVIRONMENTS: tuple[str, ...] = get_args(Environment)
CLASSIFICATIONS: tuple[str, ...] = get_args(Classification)
SIZES: tuple[str, ...] = get_args(Size)
"""From smallest to largest."""


def spelt(pattern: str, *, min_length: int | None = None, max_length: int | None = None) -> Meta:
    """That a text is, from its first character to its last, what a regular expression says.

    ``$`` alone would let a line feed pass at the end, since Python matches before it.
    """
    return Meta(pattern=rf"^(?:{pattern})$(?!\n)", min_length=min_length, max_length=max_length)


Name = Annotated[str, spelt(r"[a-z](?:-?[a-z0-9])*", min_length=3, max_length=40)]
"""Kebab-case: lower-case letters, digits and single hyphens, starting with a letter; 3 to 40 characters."""

TeamName = Annotated[str, spelt(r"[a-z](?:-?[a-z0-9])*", min_length=2, max_length=40)]
"""Kebab-case like :data:`Name`, from 2 characters, since teams are called "hr" and "qa"."""

Email = Annotated[
    str,
    spelt(
        r"[A-Za-z0-9](?:[A-Za-z0-9_+'-]|\.[A-Za-z0-9_+'-])*"
        r"@(?:[A-Za-z0-9](?:-*[A-Za-z0-9])*\.)+[A-Za-z](?:-*[A-Za-z0-9])+",
        max_length=254,
    ),
]
"""An address as people have them at work; no display name, no quoting, no comments."""

SlackId = Annotated[str, spelt(r"[UW][A-Z0-9]{2,24}")]
"""A Slack user id, such as ``U024BE7LH``; never a display name, which people change."""

GitHubLogin = Annotated[str, spelt(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*", max_length=39)]
"""A GitHub login: letters, digits and single hyphens, at most 39."""

CostCenter = Annotated[str, spelt(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", max_length=40)]
"""As the organisation's accounting writes it, such as ``CC-1042``."""

RuleId = Annotated[str, spelt(r"[a-z](?:-?[a-z0-9])*", max_length=60)]
"""The id of a rule, kebab-case, such as ``lifetime``."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of a file people write: unknown fields are errors, values are immutable and typed strictly.

    Made by ``msgspec.convert``: lists become tuples, ISO dates dates, numbers and text decimals; nothing else
    is converted.
    """
