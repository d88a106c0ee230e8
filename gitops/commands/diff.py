"""`lakeport diff`: what changed in request files, in words, and what stands against it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from gitops.checkout import ROOT
from gitops.commands import shared
from gitops.errors import InvalidRequest, LakeportError, UsageError
from gitops.finding import Finding, Severity

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from gitops.amendment import Amendment
    from gitops.checkout import Checkout
    from gitops.kind import Registry
    from gitops.policy import Policy
    from gitops.request import Loaded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to compare, and with what."""
    parser.add_argument(
        "what",
        nargs="*",
        metavar="PATH|ID",
        help="Request files, folders or ids such as dev/growth/churn-prediction; all that differ when left "
        "out. Two files are compared with each other, the older one first.",
    )
    parser.add_argument(
        "--base",
        metavar="REV",
        help="Compare the working tree with where it left this commit; the default branch when left out.",
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport diff
  lakeport diff dev/growth/churn-prediction --base HEAD~1
  lakeport diff old.yaml new.yaml

Looks at no other system. Exit code 1 when something stands against an edit, or a
file is not valid; a difference alone is none. `changed` of --json says whether
there is one."""


@dataclass
class _Result:
    """What was compared: edits by file, files that are deleted, files that cannot be compared, findings.

    ``sources`` are the bytes of the files that have findings.
    """

    amendments: list[Amendment] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    incomparable: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    sources: dict[str, bytes] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def changed(self) -> bool:
        return bool(self.deleted) or any(one.edits or one.formatting or one.new for one in self.amendments)


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Compare, and show it."""
    from gitops import checking

    checkout = shared.checkout_here()
    rules = checking.read_policy(checkout)
    if _two_files(options.what, options.base):
        result = _files(options.what, registry, rules)
    else:
        result = _working_tree(checkout, options.what, options.base, registry, rules)
    result.findings.sort(key=lambda finding: finding.sort_key)
    _show(result, options.json)
    return 0 if result.ok else 1


def _two_files(what: Sequence[str], base: str | None) -> bool:
    return base is None and len(what) == 2 and all(Path(name).is_file() for name in what)


# --- two files ------------------------------------------------------------------------------------


def _files(what: Sequence[str], registry: Registry, rules: Policy) -> _Result:
    from gitops import amendcheck, amendment

    result = _Result()
    found = [_load(name, registry, result) for name in what]
    before, after = found
    if before is None or after is None:
        return result
    one = amendment.compare(before, after, registry, rules)
    result.amendments.append(structs.replace(one, path=" → ".join(what)))
    if before.id == after.id:  # otherwise they are two requests, and nobody edits one into the other
        against = amendcheck.findings(before, after, registry, rules)
        result.findings += [_renamed(finding, what[1]) for finding in against]
    return result


def _load(name: str, registry: Registry, result: _Result) -> Loaded | None:
    """A file anywhere as the request that it says it is; its findings go to the result."""
    from gitops import request, yamlfile, yamltext

    try:
        with Path(name).open("rb") as file:
            raw = file.read(yamltext.MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from error
    result.sources[name] = raw
    try:
        metadata = yamlfile.load(raw, name).data.get("metadata")
        parts = metadata if isinstance(metadata, dict) else {}
        path = request.path_of(*(str(parts.get(key)) for key in ("environment", "team", "name")))
        return request.load_request(raw, path, registry)
    except InvalidRequest as invalid:
        result.findings += [_renamed(finding, name) for finding in invalid.findings]
        return None


def _renamed(finding: Finding, name: str) -> Finding:
    related = tuple(
        structs.replace(other, place=structs.replace(other.place, file=name)) for other in finding.related
    )
    return structs.replace(finding, place=structs.replace(finding.place, file=name), related=related)


# --- the working tree -----------------------------------------------------------------------------


def _working_tree(
    checkout: Checkout, what: Sequence[str], base: str | None, registry: Registry, rules: Policy
) -> _Result:
    from gitops import amendcheck, amendment, changed

    commit = checkout.merge_base(base or checkout.trunk())
    names, gone = checkout.differing(commit)
    if what:
        wanted = _wanted(checkout, what, [*names, *gone])
        names, gone = (tuple(name for name in some if name in wanted) for some in (names, gone))
    result = _Result()
    for pair in changed.pairs(checkout, commit, names, registry):
        if pair.after is None:
            result.findings += pair.problems
        elif not pair.comparable:
            result.incomparable.append(pair.path)
        else:
            one = amendment.compare(pair.before, pair.after, registry, rules)
            result.amendments.append(one)
            result.findings += amendcheck.findings(pair.before, pair.after, registry, rules)
    result.deleted += gone
    result.findings += changed.deleted(checkout, commit, gone, registry)
    for name in {finding.place.file for finding in result.findings}.intersection(names):
        with suppress(LakeportError):  # that it cannot be read is what the finding says
            result.sources[name] = checkout.read(name)
    return result


def _wanted(checkout: Checkout, what: Sequence[str], differing: Sequence[str]) -> set[str]:
    """Those of the differing files that a person named: by path, by folder, or by the id of the request.

    Raises:
        UsageError: a word names neither a file that is here nor one that differs.
    """
    found: set[str] = set()
    for word in what:
        by_id = f"{ROOT}/{word}.yaml"
        try:
            path = Path(word)  # a link is looked at, not where it leads
            full = path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name
            there = os.path.lexists(full)
            by_path = full.relative_to(checkout.root).as_posix()
        except (OSError, RuntimeError, ValueError):  # outside of the checkout, or no path at all
            there, by_path = False, word
        folder = "" if by_path == "." else f"{by_path}/"
        matching = {name for name in differing if name in (by_id, by_path) or name.startswith(folder)}
        if not (matching or there or os.path.lexists(checkout.root / by_id)):
            raise UsageError(
                f"There is no request {word}.",
                fix="Give a file or folder below requests/, or an id such as dev/growth/churn-prediction.",
            )
        found |= matching
    return found


# --- showing --------------------------------------------------------------------------------------


def _show(result: _Result, as_json: bool) -> None:
    if as_json:
        from gitops.terminal import as_text, say

        say(as_text(_as_json(result)))
        return
    from gitops import render
    from gitops.markup import visible
    from gitops.render_amendment import print_amendment
    from gitops.render_findings import findings_summary, print_findings

    console = render.open_console(sys.stdout)
    if not result.changed and not result.findings and not result.incomparable:
        console.print("No difference.")
    for amendment in result.amendments:
        print_amendment(console, amendment)
        console.print()
    lines = [f"{path}: deleted" for path in result.deleted]
    lines += [
        f"{path}: what is merged is not valid by the rules of today, so there is nothing to compare with"
        for path in result.incomparable
    ]
    for line in lines:
        console.print(visible(line), soft_wrap=True)
        console.print()
    if result.findings:
        print_findings(console, result.findings, result.sources)
        console.print(findings_summary(result.findings, 0), soft_wrap=True)


def _as_json(result: _Result) -> dict[str, Any]:
    return {
        "ok": result.ok,
        "changed": result.changed,
        "files": [one.as_json() for one in result.amendments],
        "deleted": result.deleted,
        "incomparable": result.incomparable,
        "findings": [finding.as_json() for finding in result.findings],
    }
