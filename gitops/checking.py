"""Checking and planning a set of request files: what ``lakeport check`` and ``lakeport plan`` do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitops import policy, request
from gitops.checkout import POLICY, Checkout, clashes
from gitops.errors import InvalidRequest, LakeportError, UsageError
from gitops.fanout import spread
from gitops.finding import Finding, Place, Severity
from gitops.plan import digest
from gitops.standing import Standing, claims_of, judge_together, standing_of

if TYPE_CHECKING:
    from pathlib import Path

    from gitops import yamltext
    from gitops.changed import Pair
    from gitops.drawing import Clients
    from gitops.kind import Registry
    from gitops.plan import Plan
    from gitops.policy import Policy
    from gitops.report import Entry, Report
    from gitops.request import Loaded


class Chosen(Struct, frozen=True, kw_only=True):
    """The files somebody asked about.

    ``base`` is the commit that a change is looked at since, ``everything`` that it is all there is;
    ``together``: they are judged among all other requests, not each alone.
    """

    files: tuple[str, ...]
    deleted: tuple[str, ...] = ()
    base: str = ""
    everything: bool = False
    together: bool = True


class Checked(Struct, frozen=True, kw_only=True, dict=True):
    """What a check found: its files, those of them that are requests, and all findings.

    ``base`` is the commit that a change was looked at since, empty when there was none.
    """

    files: tuple[str, ...]
    valid: frozenset[str]
    findings: tuple[Finding, ...]
    checkout: Checkout
    base: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    @cached_property
    def sources(self) -> Mapping[str, bytes]:
        """The bytes of the files that have findings, as far as they can be read."""
        found = {}
        for name in {finding.place.file for finding in self.findings}:
            try:
                found[name] = self.checkout.read(name)
            except LakeportError:
                continue  # that is what the finding is about
        return found


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
        found = checkout.changes_since(changed_since)
        return Chosen(files=found.files, deleted=found.deleted, base=found.base)
    return Chosen(files=checkout.all_files(), everything=True)


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
    registry = dict(registry)  # asked for thousands of times

    def survey(names: Sequence[str]) -> Surveyed:
        return _survey(names, checkout, registry, rules, day)

    parts = spread(survey, chosen.files, Surveyed)
    edits = _edits(checkout, chosen, registry)
    findings = [
        *_deleted(checkout, chosen, registry),
        *_amended(checkout, chosen, edits, registry, rules),
        *(found for part in parts for found in part.findings),
    ]
    standings = [standing for part in parts for standing in part.standings]
    if chosen.everything:
        findings += clashes(chosen.files)
    if chosen.together:
        others = _others(checkout, chosen, edits, standings, registry, rules)
        wanted = frozenset(chosen.files)
        judged = judge_together(
            [*others, *standings], rules, _places(checkout)
        )  # the chosen ones are too much
        findings += [finding for finding in judged if finding.place.file in wanted]
    return Checked(
        files=chosen.files,
        valid=frozenset(path for part in parts for path in part.valid),
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        checkout=checkout,
        base=chosen.base,
    )


class Surveyed(Struct, frozen=True, kw_only=True):
    """What there is to say of some files, each looked at alone; ``valid`` are those that are requests."""

    findings: list[Finding]
    standings: list[Standing]
    valid: list[str]


BATCH = 64
"""Files that are read, and then judged, at a time: doing one thing many times over takes a tenth less."""


def _survey(
    names: Sequence[str], checkout: Checkout, registry: Registry, rules: Policy, day: date
) -> Surveyed:
    found = Surveyed(findings=[], standings=[], valid=[])
    for start in range(0, len(names), BATCH):
        for one in _valid(names[start : start + BATCH], checkout, registry, rules, day, found):
            findings, money = policy.judged(one, rules, registry, today=day)
            found.findings.extend(findings)
            if standing := standing_of(one, registry, money):
                found.standings.append(standing)
    return found


def _valid(
    names: Sequence[str], checkout: Checkout, registry: Registry, rules: Policy, day: date, found: Surveyed
) -> list[Loaded]:
    """Those of the files that are requests; what there is to say of the others is put into ``found``."""
    valid = []
    for name in names:
        try:
            valid.append(request.load_request(checkout.read(name), name, registry))
        except InvalidRequest as invalid:
            found.findings.extend(invalid.findings)
            found.findings.extend(_further(name, checkout, registry, rules, day))
    found.valid.extend(one.path for one in valid)
    return valid


def _further(
    name: str, checkout: Checkout, registry: Registry, rules: Policy, day: date
) -> Iterable[Finding]:
    """What the policy says of a file that is not valid, as far as it can be known."""
    from gitops.guess import guessed_findings

    try:
        raw = checkout.read(name)
    except InvalidRequest:
        return ()
    return guessed_findings(
        raw, name, registry, lambda loaded: policy.judge(loaded, rules, registry, today=day)
    )


def _others(
    checkout: Checkout,
    chosen: Chosen,
    edits: Sequence[Pair],
    standings: Sequence[Standing],
    registry: Registry,
    rules: Policy,
) -> list[Standing]:
    """The requests beside the chosen ones that may have a say, as far as they can be read.

    Nobody asks for their findings. Of a change these are the requests of the same teams, and those whose text
    has the name of something that is newly claimed.
    """
    if chosen.base:
        names = _concerned(checkout, edits, standings, registry)
    else:
        names = set() if chosen.everything else set(checkout.all_files())
    found = []
    for name in sorted(names.difference(chosen.files)):
        try:
            loaded = request.load_request(checkout.read(name), name, registry)
        except InvalidRequest:
            continue
        if standing := standing_of(loaded, registry, policy.monthly_cost(loaded, rules, registry)):
            found.append(standing)
    return found


def _concerned(
    checkout: Checkout, edits: Sequence[Pair], standings: Sequence[Standing], registry: Registry
) -> set[str]:
    """Files that a change may get into a conflict with; what was claimed before was judged before."""
    before = {edit.path: claims_of(edit.before, registry) for edit in edits if edit.before is not None}
    names = set(checkout.of_teams({standing.team for standing in standings}))
    words = {
        max(identity.split("."), key=len)
        for standing in standings
        for kind, identity in standing.claims
        if (kind, identity) not in before.get(standing.path, ())
    }
    return names | set(checkout.mentioning(sorted(words))) if words else names


def _places(checkout: Checkout) -> Callable[[str, yamltext.Path], Place]:
    """Where a value stands in a file; read again, since findings between requests are rare."""
    from gitops import yamlfile

    return lambda name, path: yamlfile.load(checkout.read(name), name).place(path)


def _deleted(checkout: Checkout, chosen: Chosen, registry: Registry) -> Iterable[Finding]:
    """A file may go only once its request is retired: what it asked for would be left to nobody."""
    if not chosen.deleted:
        return
    from gitops import changed

    yield from changed.deleted(checkout, chosen.base, chosen.deleted, registry)


def _edits(checkout: Checkout, chosen: Chosen, registry: Registry) -> list[Pair]:
    """The chosen files beside what they were at the base; none without one."""
    if not chosen.base or not chosen.files:
        return []
    from gitops import changed

    return list(changed.pairs(checkout, chosen.base, chosen.files, registry))


def _amended(
    checkout: Checkout, chosen: Chosen, edits: Sequence[Pair], registry: Registry, rules: Policy
) -> Iterable[Finding]:
    """What stands against the edits of files that are merged already, and other open requests' claims."""
    if edits:
        from gitops import changed

        yield from changed.findings(checkout, chosen.base, edits, registry, rules)


def plan(checked: Checked, *, registry: Registry, rules: Policy, clients: Clients) -> Report:
    """Draw the plan of every file without errors; what cannot be drawn is an error of its entry alone."""
    from gitops import beside, earlier, retirement
    from gitops.drawing import draw_all
    from gitops.drifted import without_ignored
    from gitops.report import Entry, Report  # `check` has no need of them

    entries: list[Entry] = []
    wanted: list[tuple[int, Loaded, tuple[str, ...]]] = []
    for pair in _pairs(checked, registry):
        name, after = pair.path, pair.after
        findings = tuple(finding for finding in checked.findings if finding.place.file == name)
        if after is None:
            raw = checked.sources.get(name, b"")
            entries.append(Entry(request=name, path=name, file_digest=digest(raw), findings=findings))
            continue
        entry = _entry(pair, after, findings, registry, rules, new=bool(checked.base))
        if not entry.exit_code:
            wanted.append((len(entries), after, () if pair.comparable else (_ALONE,)))
        entries.append(entry)
    requests = [one for _, one, _ in wanted]
    before = earlier.of_checkout(requests, checked.checkout, registry)
    settled = earlier.settled(requests, checked.checkout)
    plans = draw_all(
        requests,
        registry=registry,
        policy=rules,
        clients=clients,
        earlier=before,
        settled=settled,
        every=beside.neighbours(requests, checked.checkout, registry),
    )
    for (index, one, notes), drawn in zip(wanted, plans, strict=True):
        if not isinstance(drawn, LakeportError):
            drawn = without_ignored(drawn, one, before[one.id], registry, rules)
            notes = (*notes, *retirement.notes(drawn, rules.retirement))
        entries[index] = _drawn(entries[index], drawn, notes, one, registry, rules)
    own = frozenset(checked.files)
    return Report(
        entries=tuple(entries),
        findings=tuple(finding for finding in checked.findings if finding.place.file not in own),
    )


def _pairs(checked: Checked, registry: Registry) -> Iterator[Pair]:
    """Every file beside what is merged of it; without a base nothing is."""
    from gitops.changed import Pair, pairs

    if checked.base:
        yield from pairs(checked.checkout, checked.base, checked.files, registry)
        return
    for name in checked.files:
        valid = name in checked.valid
        after = request.load_request(checked.checkout.read(name), name, registry) if valid else None
        yield Pair(path=name, after=after)


def _entry(
    pair: Pair, after: Loaded, findings: tuple[Finding, ...], registry: Registry, rules: Policy, *, new: bool
) -> Entry:
    """What there is to say of a request without looking at the live systems; the gate asks the same rules.

    ``new``: one that is not merged is a new request.
    """
    from gitops.amendment import approvals_of_change, compare
    from gitops.report import Entry

    before = pair.before
    return Entry(
        request=after.id,
        path=pair.path,
        file_digest=after.file_digest,
        findings=findings,
        cost=policy.monthly_cost(after, rules, registry),
        rules=approvals_of_change(before, after, rules, registry),
        amendment=compare(before, after, registry, rules) if before else None,
        new=new and before is None and pair.comparable,
    )


_ALONE = "What is merged is not valid by the rules of today, so there is nothing to hold the edit against."


def _drawn(
    entry: Entry,
    drawn: Plan | LakeportError,
    notes: tuple[str, ...],
    loaded: Loaded,
    registry: Registry,
    rules: Policy,
) -> Entry:
    """The same with its plan and further notes on it, or with the reason why there is none."""
    if isinstance(drawn, LakeportError):
        what = " ".join(filter(None, (drawn.what, drawn.why, drawn.fix)))
        return entry.without_plan(what, drawn.exit_code)
    from gitops.effective_access import principals, shifts

    return entry.with_plan(
        replace(drawn, notes=(*drawn.notes, *notes)),
        places=_of_interest(drawn, loaded, registry),
        principals=principals(shifts(drawn.changes), rules, loaded.request.metadata.members),
    )


def _of_interest(drawn: Plan, loaded: Loaded, registry: Registry) -> dict[str, Place]:
    """Where the resources stand of which something is refused, taken away or written over."""
    from gitops.plan_words import taken

    named = {f"{refusal.kind}/{refusal.identity}" for refusal in drawn.refusals}
    named |= {
        f"{change.kind}/{change.identity}"
        for change in drawn.changes
        if taken(change) or change.key in drawn.drifted
    }
    keys = [f"{spec.kind}/{registry[spec.kind].identity(spec)}" for spec in loaded.request.resources]
    return {
        key: loaded.document.place(("resources", index)) for index, key in enumerate(keys) if key in named
    }
