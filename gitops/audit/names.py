"""Names that an auditor typed and nothing was found for: one that the record never had is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, get_args

from gitops.audit import ledger
from gitops.errors import UsageError
from gitops.suggest import did_you_mean
from gitops.vocabulary import CLASSIFICATIONS, ENVIRONMENTS, Lifecycle

if TYPE_CHECKING:
    from gitops.audit.facts import Given
    from gitops.audit.record import Record

CLOSED: Mapping[str, tuple[str, ...]] = {
    "environment": ENVIRONMENTS,
    "classification": CLASSIFICATIONS,
    "lifecycle": get_args(Lifecycle),
}
"""Fields of a row that have one of a few values."""


def require_known(record: Record, filters: Mapping[str, str]) -> None:
    """Refuse a value of a filter of the list that no row has, whatever the other filters say.

    Raises:
        UsageError: nobody could have been found by it; says what is near, or what there is.
    """
    rows = list(ledger.rows(record))
    for name, values in CLOSED.items():
        wanted = filters.get(name, "")
        if wanted and wanted not in values and all(getattr(row, name) != wanted for row in rows):
            raise UsageError(
                f"No request is of the {name} {wanted}. {did_you_mean(wanted, values)}".rstrip(),
                fix=f"Write one of {', '.join(values)}.",
            )
    _refuse_unknown("was ever of the team", filters.get("team", ""), (row.team for row in rows))
    owners = (name for row in rows for name in (row.owner, row.business_owner))
    _refuse_unknown("was ever owned by", filters.get("owner", ""), owners)
    approvers = (name for one in record.receipts for name in one.approvers)
    _refuse_unknown("was ever approved by", filters.get("approver", ""), approvers)


def require_named(record: Record, thing: str, principal: str) -> None:
    """Refuse an object and a principal of which no version of any request ever said anything.

    Raises:
        UsageError: there is no such name; says what is near.
    """
    after = {change.after for merge in record.merges for change in merge.changes if change.after}
    facts = record.versions.take(sorted(after))
    versions = [facts[blob] for blob in after if blob in facts]
    unreadable = sum(bool(version.unreadable) for version in versions)
    why = f"Versions of files that cannot be read ({unreadable}) may name it." if unreadable else ""
    given = [one for version in versions for one in version.given]
    resources = (name for version in versions for _, name in version.resources)
    things = (part for name in (*_each(given, lambda one: one.thing), *resources) for part in _above(name))
    _refuse_unknown("ever named", thing, things, why)
    _refuse_unknown("ever named", principal, _each(given, lambda one: one.principal), why)


def _each(given: Iterable[Given], of: Callable[[Given], str]) -> list[str]:
    return list(dict.fromkeys(of(one) for one in given))


def _above(name: str) -> list[str]:
    """The name, and what stands above it: ``ml_prod.sales`` and ``ml_prod``."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _refuse_unknown(how: str, wanted: str, names: Iterable[str], why: str = "") -> None:
    known = list(dict.fromkeys(name for name in names if name))
    if wanted and wanted.casefold() not in map(str.casefold, known):
        raise UsageError(
            f"No request on record {how} {wanted}. {did_you_mean(wanted, known)}".rstrip(),
            why=why,
            fix="Look at the spelling; `lakeport audit list --csv` has the names.",
        )
