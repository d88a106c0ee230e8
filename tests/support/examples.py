"""The examples of the rule book as files on disk, and what a check finds in them.

How an example is written, :mod:`gitops.rulebook` says. Beyond that a header line may end in ``, whole`` (the
text is the whole file), ``, merged`` (so it stands on the default branch), ``, deleted``,
``, open on another branch``, ``, a named pipe`` or ``-> target`` (a link). ``⟨U+200B⟩`` is a character,
``⟨0xE9⟩`` a byte, ``⟨a times 9⟩`` nine times a.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import handlers
from gitops import checking, yamlfile
from gitops.checkout import POLICY, Checkout
from gitops.finding import Finding
from gitops.policyfile import Policy, examine, load_policy
from gitops.rulebook import example_request
from tests.support.gitrepo import GitRepo

TODAY = date(2026, 11, 23)
SAMPLE_POLICY = Path(__file__).resolve().parents[2] / POLICY

_HEADER = re.compile(
    r"# (requests/[^\s,]+)(?:, (whole|merged|deleted|open on another branch|a named pipe)| -> (\S+))?"
)
OPEN = "open on another branch"
_SECTIONS = ("apiVersion", "kind", "metadata", "resources")


@dataclass(frozen=True)
class Piece:
    """One file of an example: ``how`` is the word after the comma; ``target`` is where a link leads."""

    path: str
    how: str
    target: str
    text: str


def pieces(example: str) -> list[Piece]:
    """The files of an example; a request without a header is where its metadata says."""
    found: list[Piece] = []
    lines: list[str] = []
    header: re.Match[str] | None = None
    for line in [*example.splitlines(), None]:
        start = _HEADER.fullmatch(line) if line is not None else None
        if line is not None and start is None:
            lines.append(line)
        elif lines or header:
            path, how, target = header.groups() if header else ("", None, None)
            found.append(Piece(path, how or "", target or "", "".join(f"{text}\n" for text in lines)))
            lines = []
        header = start or header
    return found


def findings(example: str, folder: Path) -> list[Finding]:
    """What ``lakeport check`` finds in an example; with merged files, on a branch that leaves them."""
    parts = pieces(example)
    policies = [part for part in parts if part.path == POLICY]
    requests = [part for part in parts if part.path != POLICY] or [Piece("", "", "", "")]
    policy = _merged_policy(policies[0].text) if policies else SAMPLE_POLICY.read_bytes()
    repo = GitRepo.make(folder, {POLICY: policy})
    repo.commit("Merged", dict(_file(part) for part in requests if part.how == "merged"))
    for part in requests:
        _propose(repo, part)
    repo.commit("Proposed", {})
    checkout = Checkout.here(folder)
    rules, said = examine(policy, registry=handlers.registry())
    if rules is None:
        return said
    changed = any(part.how in ("merged", OPEN) for part in requests)
    base = "HEAD~1" if changed else None
    chosen = checking.choose(checkout, (), changed_since=base)
    checked = checking.check(checkout, chosen, registry=handlers.registry(), rules=rules, day=TODAY)
    return [*said, *checked.findings]


def policy_of(example: str) -> Policy:
    """The sample policy with the example's piece merged into it."""
    [part] = pieces(example)
    return load_policy(_merged_policy(part.text), registry=handlers.registry())


def _propose(repo: GitRepo, part: Piece) -> None:
    name, raw = _file(part)
    path = repo.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if part.how == OPEN:
        repo.git("switch", "--quiet", "-c", name.replace("requests/", "request/").removesuffix(".yaml"))
        repo.commit("Open", {name: raw})
        repo.git("switch", "--quiet", "main")
    elif part.how == "deleted":
        path.unlink()
    elif part.how == "a named pipe":
        os.mkfifo(path)
    elif part.target:
        path.symlink_to(part.target)
    elif part.how != "merged":
        path.write_bytes(raw)


def _file(part: Piece) -> tuple[str, bytes]:
    text = part.text if part.how == "whole" else request_with(part.text)
    metadata = dict(
        re.findall(r"(?m)^  (environment|team|name): (\S+)$", _sections(text).get("metadata", ""))
    )
    path = part.path or "requests/{environment}/{team}/{name}.yaml".format(**metadata)
    return path, _expanded(text)


def request_with(lines: str) -> str:
    """The example request with these lines in place of its own."""
    own, given = _sections(example_request()), _sections(lines)
    metadata = given.get("metadata", "")
    said = set(re.findall(r"(?m)^  (\w+):", metadata))
    kept = [
        line
        for line in own["metadata"].splitlines(keepends=True)
        if not (key := re.match(r"  (\w+):", line)) or key[1] not in said
    ]
    merged = own | given | {"metadata": "".join(kept) + metadata.removeprefix("metadata:\n")}
    return given.get("", "") + "".join(merged[name] for name in _SECTIONS)


def _sections(text: str) -> dict[str, str]:
    """The text of each top-level field; what stands before the first of them has the name ``""``."""
    found = {"": ""}
    here = ""
    for line in text.splitlines(keepends=True):
        name = line.partition(":")[0]
        if name in _SECTIONS and (not here or "---\n" not in found[here]):
            here = name
            found[here] = ""
        found[here] += line
    return found


def _expanded(text: str) -> bytes:
    text = re.sub(r"⟨([^⟨⟩]+) times (\d+)⟩", lambda match: match[1] * int(match[2]), text)
    text = re.sub(r"⟨U\+([0-9A-F]{4,6})⟩", lambda match: chr(int(match[1], 16)), text)
    return re.sub(
        rb"\xe2\x9f\xa80x([0-9A-F]{2})\xe2\x9f\xa9",
        lambda match: bytes.fromhex(match[1].decode()),
        text.encode(),
    )


def _merged_policy(piece: str) -> bytes:
    """The sample policy with a piece merged into it, the way of RFC 7396."""
    base = yamlfile.load(SAMPLE_POLICY.read_bytes(), POLICY).data
    return yamlfile.dump(_patched(base, yamlfile.load(piece.encode(), POLICY).data))


def _patched(base: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _patched(merged.get(key), value)
    return merged
