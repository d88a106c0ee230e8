"""Checking and planning a set of request files: what ``lakeport check`` and ``lakeport plan`` do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from gitops import policy, request
from gitops.checkout import POLICY, Checkout
from gitops.errors import InvalidRequest, LakeportError, UsageError
from gitops.finding import Finding, Place, Severity
from gitops.plan import digest

if TYPE_CHECKING:
    from pathlib import Path

    from gitops.drawing import Clients
    from gitops.kind import Registry
    from gitops.policy import Policy
    from gitops.report import Entry, Report
    from gitops.request import Loaded


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The files somebody asked about. ``together``: they are judged among all other requests, not alone."""

    files: tuple[str, ...]
    deleted: tuple[str, ...] = ()
    base: str = ""
    together: bool = True


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found: the files that are requests, all findings, and the bytes of the files."""

    files: tuple[str, ...]
    loaded: Mapping[str, Loaded]
    findings: tuple[Finding, ...]
    sources: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


def today() -> date:
    """The date in UTC: a check says the same wherever it runs."""
    return datetime.now(UTC).date()


def choose(
    checkout: Checkout, paths: Sequence[Path], *, everything: bool = False, changed_since: str | None = None
) -> Chosen:
    """The files that the arguments of a command name; all of them when it names none.

    Raises:
        UsageError: the arguments do not go together, or name what does not exist.
    """
    if sum((bool(paths), everything, changed_since is not None)) > 1:
        raise UsageError("Give paths, or --all, or --changed-since; not two of them.")
    if paths:
        return Chosen(files=checkout.named(paths), together=False)
    if changed_since is not None:
        return Chosen(
            files=checkout.changed_since(changed_since),
            deleted=checkout.deleted_since(changed_since),
            base=checkout.merge_base(changed_since),
        )
    return Chosen(files=checkout.all_files())


def read_policy(checkout: Checkout, revision: str | None = None) -> Policy:
    """The policy of the working tree, or of a revision: a pull request is never judged by its own policy.

    Raises:
        UsageError: there is none.
        InvalidRequest: it has findings.
    """
    if revision is None:
        return policy.load_policy(checkout.read(POLICY))
    return policy.load_policy(checkout.read_at(revision, POLICY))


def check(checkout: Checkout, chosen: Chosen, *, registry: Registry, rules: Policy, day: date) -> Checked:
    """Read and judge the chosen files; other files count only for what two requests may not both have."""
    sources: dict[str, bytes] = {}
    loaded: dict[str, Loaded] = {}
    findings = list(_deleted(checkout, chosen, registry))
    for name in chosen.files:
        try:
            sources[name] = checkout.read(name)
            loaded[name] = request.load_request(sources[name], name, registry)
        except InvalidRequest as invalid:
            findings += invalid.findings
    wanted = frozenset(loaded)
    others = _others(checkout, chosen, registry) if chosen.together else ()
    everyone = [*others, *loaded.values()]  # the chosen ones last: they are what is too much
    judged = policy.judge_all(everyone, rules, registry, today=day)
    findings += [finding for finding in judged if finding.place.file in wanted]
    return Checked(
        files=chosen.files,
        loaded=loaded,
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        sources=sources,
    )


def _others(checkout: Checkout, chosen: Chosen, registry: Registry) -> Iterable[Loaded]:
    """The requests beside the chosen ones, as far as they can be read: nobody asks for their findings."""
    for name in checkout.all_files():
        if name not in chosen.files:
            try:
                yield request.load_request(checkout.read(name), name, registry)
            except InvalidRequest:
                continue


def _deleted(checkout: Checkout, chosen: Chosen, registry: Registry) -> Iterable[Finding]:
    """A file may go only once its request is retired: what it asked for would be left to nobody."""
    for name in chosen.deleted:
        try:
            before = request.load_request(checkout.read_at(chosen.base, name), name, registry)
        except InvalidRequest:
            continue  # it never was a request that could have been carried out
        if str(before.request.metadata.lifecycle) != "retired":
            yield Finding(
                "request-deleted",
                Severity.ERROR,
                "The file of a request that is not retired was deleted, or got another name.",
                Place(name),
                "Put it back and set lifecycle: retiring; when that is applied, retired; then delete it.",
            )


def plan(checked: Checked, *, registry: Registry, rules: Policy, clients: Clients) -> Report:
    """Draw the plan of every file without errors; what cannot be drawn is an error of its entry alone."""
    from gitops.report import Report  # `check` has no need of it

    entries = []
    for name in checked.files:
        findings = tuple(finding for finding in checked.findings if finding.place.file == name)
        entries.append(_entry(name, checked, findings, registry=registry, rules=rules, clients=clients))
    own = frozenset(checked.files)
    return Report(
        entries=tuple(entries),
        findings=tuple(finding for finding in checked.findings if finding.place.file not in own),
    )


def _entry(
    name: str,
    checked: Checked,
    findings: tuple[Finding, ...],
    *,
    registry: Registry,
    rules: Policy,
    clients: Clients,
) -> Entry:
    from gitops.report import Entry

    one = checked.loaded.get(name)
    if one is None:
        raw = checked.sources.get(name, b"")
        return Entry(request=name, path=name, file_digest=digest(raw), findings=findings)
    money = policy.monthly_cost(one, rules, registry)
    bare = Entry(
        request=one.id,
        path=name,
        file_digest=one.file_digest,
        findings=findings,
        cost=money,
        rules=policy.approvals(one, rules, registry),
    )
    if bare.exit_code:
        return bare
    from gitops.drawing import draw

    try:
        drawn = draw(one, registry=registry, policy=rules, clients=clients)
    except LakeportError as error:
        return bare.without_plan(" ".join(filter(None, (error.what, error.why, error.fix))), error.exit_code)
    return bare.with_plan(drawn)
