"""The tree of failures a person can see, each with its exit code.

    LakeportError            1   anything below that has no code of its own
    ├── InvalidRequest       1   findings in request files or policy
    ├── UsageError           2   the command was called in a way it does not take
    ├── ConfigurationError   3   a credential or setting is missing or wrong
    ├── RemoteError          4   Slack, GitHub, Databricks or a model did not do what was asked
    │   ├── RemoteUnavailable    … did not answer in time, or not at all
    │   └── RemoteDenied         … answered that we may not
    ├── Refused              5   Lakeport will not do it, and says why
    │   ├── NotApproved          no approved plan, or not approved by the right people
    │   └── StalePlan            the world moved since the plan was approved
    ├── ApplyFailed          6   some steps were carried out and some were not; the receipt has them
    └── Waits                7   left alone for now: another run is at it, or it is on hold

Exit code 130 is Ctrl-C and 70 a defect of ours; both are given in :func:`gitops.cli.main`, the one place
that catches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitops.finding import Finding


class LakeportError(Exception):
    """A failure written for the person who reads it: what happened, why, and what to do next.

    ``what``, ``why`` and ``fix`` are plain sentences without markup and without secrets; ``where`` is a
    place such as ``requests/dev/growth/churn.yaml:12:3`` or a system such as ``GitHub``. ``points`` are what
    is to say one by one, as a reason.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(
        self, what: str, *, why: str = "", fix: str = "", where: str = "", points: Sequence[str] = ()
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why or "\n".join(points)
        self.points = tuple(points)
        self.fix = fix
        self.where = where

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> tuple[str, ...]:
        """What is said, one after the other; where a typed text is part of one, it may hold line feeds."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        why = self.points or (self.why,)
        return tuple(part for part in (head, *why, self.fix) if part)

    def as_json(self) -> dict[str, object]:
        """The same for a machine: keys ``code, what, why, fix, where``."""
        return {
            "code": self.code,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
            "where": self.where,
        }


class InvalidRequest(LakeportError):
    """Request files or the policy have findings of severity ``error``; all of them are carried.

    ``sources`` holds the bytes of the files they are about, where whoever raises it has them at hand.
    """

    code = "invalid_request"

    def __init__(self, findings: Sequence[Finding], sources: Mapping[str, bytes] | None = None) -> None:
        self.findings = tuple(findings)
        self.sources = sources or {}
        count = len(self.findings)
        super().__init__(f"{count} finding{'s' if count != 1 else ''}")

    def as_json(self) -> dict[str, object]:
        """The error's own keys and ``findings``."""
        return super().as_json() | {"findings": [finding.as_json() for finding in self.findings]}


class UsageError(LakeportError):
    """The command was called in a way it does not take."""

    exit_code = 2
    code = "usage"


class ConfigurationError(LakeportError):
    """A credential or a setting is missing or wrong."""

    exit_code = 3
    code = "configuration"


class RemoteError(LakeportError):
    """A system we talk to did not do what was asked."""

    exit_code = 4
    code = "remote"


class RemoteUnavailable(RemoteError):
    """The system did not answer in time, or not at all; trying again later may help."""

    code = "remote_unavailable"


class RemoteDenied(RemoteError):
    """The system answered that this credential may not do that; trying again will not help."""

    code = "remote_denied"


class Refused(LakeportError):
    """Lakeport will not do it; nothing was changed."""

    exit_code = 5
    code = "refused"


class NotApproved(Refused):
    """There is no approved plan, or the approvals do not satisfy the policy."""

    code = "not_approved"


class StalePlan(Refused):
    """What would be done now is not what was approved."""

    code = "stale_plan"


class ApplyFailed(LakeportError):
    """Some steps failed; what was done stands in the receipt and the next run finishes the rest."""

    exit_code = 6
    code = "apply_failed"


class Waits(LakeportError):
    """A request was left alone for now: another run is applying it, or a person has to resume it."""

    exit_code = 7
    code = "waits"
