"""What a request records of decisions about it: exceptions to rules, and drift that is left as it is."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta

from gitops.kind import Ask
from gitops.vocabulary import GitHubLogin, Part, RuleId, spelt

Sentence = Annotated[str, spelt(r"\S(?:.*\S)?", min_length=3, max_length=500)]
"""One line of text without spaces at its ends, 3 to 500 characters."""


class RecordedException(Part, kw_only=True):
    """An exception of this request to one rule; ``field`` narrows it to a place (``metadata.expires``).

    It holds up to and including ``until``, and only once ``approver`` has approved the pull request.
    """

    rule: Annotated[RuleId, Ask(label="Rule", help="The id of a rule, such as `lifetime`.", risky=True)]
    reason: Annotated[
        Sentence,
        Ask(label="Reason", help="One sentence, such as `The audit runs until December.`", risky=True),
    ]
    approver: Annotated[
        GitHubLogin,
        Ask(label="Approver", help="The GitHub login of who agrees to it, such as `petra-v`.", risky=True),
    ]
    until: Annotated[
        date, Ask(label="Until", help="Its last day, as year-month-day, such as `2027-03-01`.", risky=True)
    ]
    field: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None,
        Ask(label="Field", help="Only what the rule says there, such as `metadata.expires`.", risky=True),
    ] = None


class IgnoredDrift(Part, kw_only=True):
    """Something that may stand differently from the file, for a reason, up to and including ``until``.

    ``resource`` is named as the report of the drift has it: a resource (``schema/ml_dev.churn``), or one part
    of it (``schema/ml_dev.churn/grants``).
    """

    resource: Annotated[
        Annotated[str, spelt(r"[a-z_]+/\S(?:.*\S)?", max_length=300)],
        Ask(label="Resource", help="Kind and name, such as `compute/growth-churn-dev`.", risky=True),
    ]
    until: Annotated[
        date, Ask(label="Until", help="Its last day, as year-month-day, such as `2027-03-01`.", risky=True)
    ]
    reason: Annotated[
        Sentence,
        Ask(label="Reason", help="One sentence, such as `It is larger for the year's end.`", risky=True),
    ]
