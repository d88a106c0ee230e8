"""From a merged request and what a person wants different to the next version of its file.

Only what was said is edited: other values, comments, exceptions and who asked stay as they are merged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from typing import TYPE_CHECKING, Any

from gitops import amendcheck, amendment, policy
from gitops.compose import Composed, missing_fields, placed
from gitops.draft import (
    METADATA,
    Draft,
    Value,
    complete_resources,
    kind_of,
    resource_keys,
    said_fields,
)
from gitops.envelope import Metadata
from gitops.errors import InvalidRequest
from gitops.fields import NOT_ASKED, RESOURCES
from gitops.finding import Finding, Place, Severity
from gitops.formatting import ordered
from gitops.model import fields_of
from gitops.request import Loaded, dump_request, load_request
from gitops.yamlcarry import carry
from gitops.yamlcomments import find

if TYPE_CHECKING:
    from gitops.approval import ApprovalRule
    from gitops.kind import Registry
    from gitops.plan import JSON
    from gitops.policyfile import Policy

LIFECYCLE = f"{METADATA}.lifecycle"
_NO_LABEL = re.compile(r"[^a-z0-9_-]+")


def said_of(loaded: Loaded, registry: Registry) -> dict[str, Value]:
    """What a merged file says, by the paths of :func:`gitops.fields.catalogue`, each marked ``merged``.

    Where there are several resources of a kind, the keys have the resources' names: ``schema[raw]``.
    """
    data = loaded.document.data
    found = {
        f"{METADATA}.{name}": Value(value, "merged")
        for name, value in data[METADATA].items()
        if name not in NOT_ASKED
    }
    keys = _keys(loaded, registry)
    found[RESOURCES] = Value(list(keys), "merged")
    for key, entry in zip(keys, data[RESOURCES], strict=True):
        found |= {
            f"{RESOURCES}.{key}.{name}": Value(value, "merged")
            for name, value in entry.items()
            if name != "kind"
        }
    return found


def _keys(loaded: Loaded, registry: Registry) -> tuple[str, ...]:
    """The keys of a file's resources in its order; a label is what is left of the resource's own name."""
    kinds = [spec.kind for spec in loaded.request.resources]
    found: list[str] = []
    for spec in loaded.request.resources:
        if kinds.count(spec.kind) == 1:
            found.append(spec.kind)
            continue
        name = registry[spec.kind].identity(spec).rpartition(".")[2].casefold()
        label = _NO_LABEL.sub("-", name).strip("-_")[:90] or "other"
        same = sum(key.startswith(f"{spec.kind}[{label}") for key in found)
        found.append(f"{spec.kind}[{label}]" if not same else f"{spec.kind}[{label}-{same + 1}]")
    return tuple(found)


def recompose(
    said: Mapping[str, Value],
    merged: Loaded,
    *,
    registry: Registry,
    policy: Policy,
    today: date,
) -> Composed:
    """The next version of a merged file. ``said`` began as :func:`said_of` it; what differs from that counts.

    ``raw`` and ``document`` are ``None`` while something is missing, and while nothing is different.
    """
    change = _Change(said, merged, registry, policy)
    data = change.data()
    keys = change.keys
    missing = (*_missing(data[METADATA], policy), *missing_fields(change.added, registry))
    unfinished = {path.split(".")[1] for path in missing if path.startswith(f"{RESOURCES}.")}
    written = [key for key in keys if key not in unfinished]
    data[RESOURCES] = [
        entry for key, entry in zip(keys, data[RESOURCES], strict=True) if key not in unfinished
    ]
    read = _judged(data, merged, registry, policy, today)
    nothing = read.amendment is not None and not read.amendment.edits
    return Composed(
        document=None if missing or nothing else ordered(data, registry),
        raw=None if missing or nothing else read.raw,
        values=change.values(data, written),
        missing=missing,
        findings=(*change.findings, *placed(read.findings, written, missing)),
        cost=read.cost,
        approvals=read.approvals,
        amendment=read.amendment,
    )


class _Change:
    """What is said against what is merged, resource by resource; ``added`` are the fields of new ones."""

    def __init__(self, said: Mapping[str, Value], merged: Loaded, registry: Registry, policy: Policy) -> None:
        self.said, self.merged = said, merged
        self.before = said_of(merged, registry)
        self.registry = registry
        old = [str(key) for key in self.before[RESOURCES].value]
        listed = said.get(RESOURCES, self.before[RESOURCES]).value
        wanted = [str(key) for key in listed] if isinstance(listed, list | tuple) else old
        self._old = old
        kept = [key for key in old if key in wanted]
        new, self.findings = self._new([key for key in wanted if key not in old], policy)
        self.keys = (*kept, *new)
        metadata = {name: value for name, value in self._metadata().items() if name not in NOT_ASKED}
        complete = complete_resources(metadata, said, self.keys, registry, policy) if new else {}
        self.added = {key: complete[key] for key in new}

    def _new(self, keys: Sequence[str], policy: Policy) -> tuple[list[str], list[Finding]]:
        """New resources with what comes along with them, but for kinds that the request has already."""
        draft = Draft()
        listed = {path: value for path, value in self.said.items() if path != RESOURCES}
        listed[RESOURCES] = Value(list(keys), "said")
        found = resource_keys(draft, listed, self.registry, policy)
        kinds = {kind_of(key) for key in self._old}
        return [key for key in found if key in keys or kind_of(key) not in kinds], draft.findings

    def _differs(self, path: str, value: Value) -> bool:
        before = self.before.get(path)
        return before is None or _plain(before.value) != _plain(value.value)

    def _metadata(self) -> dict[str, Any]:
        metadata = deepcopy(dict(self.merged.document.data[METADATA]))
        for path, value in self.said.items():
            section, _, name = path.partition(".")
            if section == METADATA and name and self._differs(path, value):
                _put(metadata, name, value.value)
        return metadata

    def data(self) -> dict[str, Any]:
        """The data of the next version; ``resources`` stand in the order of ``keys``."""
        data = deepcopy(dict(self.merged.document.data))
        data[METADATA] = self._metadata()
        entries = dict(zip(self._old, data[RESOURCES], strict=True))
        for key in self.keys:
            if key in self.added:
                entries[key] = {"kind": kind_of(key)} | self.added[key]
                continue
            for name, value in said_fields(self.said, key, self.keys).items():
                if _plain(entries[key].get(name)) != _plain(value.value):
                    _put(entries[key], name, value.value)
        data[RESOURCES] = [entries[key] for key in self.keys]
        return data

    def values(self, data: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Value]:
        """Every value of the next version by its path, with where it comes from."""
        found = {RESOURCES: Value(list(self.keys), self.said.get(RESOURCES, self.before[RESOURCES]).source)}
        for name, value in data[METADATA].items():
            if isinstance(value, Mapping):
                found |= {f"{METADATA}.{name}.{part}": Value(one, "merged") for part, one in value.items()}
            else:
                found[f"{METADATA}.{name}"] = self._value(f"{METADATA}.{name}", value)
        for key, entry in zip(keys, data[RESOURCES], strict=True):
            spoken = said_fields(self.said, key, self.keys)
            for name, value in entry.items():
                path = f"{RESOURCES}.{key}.{name}"
                if name != "kind":
                    found[path] = self._value(path, value, spoken.get(name), new=key in self.added)
        return found

    def _value(self, path: str, value: JSON, said: Value | None = None, *, new: bool = False) -> Value:
        said = said or self.said.get(path)
        if said is not None and _plain(said.value) == _plain(value):
            return said
        return Value(value, "default" if new else "merged")


def _put(target: dict[str, Any], name: str, value: JSON) -> None:
    if value is None:
        target.pop(name, None)
    else:
        target[name] = deepcopy(value)


def _plain(value: JSON) -> JSON:
    """A value as JSON has it, so that a tuple is the same as a list, and nothing the same as an empty one."""
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value] or None
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return value


def _missing(metadata: Mapping[str, Any], policy: Policy) -> Iterator[str]:
    """What the policy asks for by now and the file does not say; nothing of one that is taken away."""
    if metadata.get("lifecycle", "active") != "active":
        return
    where = (str(metadata[name]) for name in ("team", "environment", "data_classification"))
    required = policy.effective(*where).required
    yield from (
        f"{METADATA}.{name}" for name in fields_of(Metadata) if name in required and name not in metadata
    )


class _Read:
    """What the check of a pull request finds in the next version."""

    def __init__(self, findings: Sequence[Finding] = ()) -> None:
        self.raw: bytes | None = None
        self.findings: Sequence[Finding] = findings
        self.cost: Any = None
        self.approvals: tuple[ApprovalRule, ...] = ()
        self.amendment: amendment.Amendment | None = None


def _judged(data: Mapping[str, Any], merged: Loaded, registry: Registry, rules: Policy, today: date) -> _Read:
    """Write it with the comments of the merged file and read it again, the way a check reads it."""
    document = ordered(data, registry)
    try:
        comments = carry(find(merged.document), merged.document.data, document)
        raw = dump_request(document, comments=comments)
        loaded = load_request(raw, merged.path, registry)
    except TypeError as error:
        place = Place(merged.path)
        return _Read((Finding("schema", Severity.ERROR, str(error), place, "Say it as text."),))
    except InvalidRequest as invalid:
        return _Read(invalid.findings)
    read = _Read(
        [
            *amendcheck.findings(merged, loaded, registry, rules),
            *policy.judge(loaded, rules, registry, today=today),
        ]
    )
    read.raw = raw
    read.cost = policy.monthly_cost(loaded, rules, registry)
    read.approvals = amendment.approvals_of_change(merged, loaded, rules, registry)
    read.amendment = amendment.compare(merged, loaded, registry, rules)
    return read


def chosen_of(loaded: Loaded, registry: Registry, policy: Policy) -> dict[str, JSON]:
    """What somebody chose for the resources of a file, for another request of the same: by path.

    Left out is what follows from the request itself (names, catalogs) and what anybody gets by default; all
    of ``metadata`` has to be said anew. ``resources.<kind>: False`` keeps out what was kept out here.
    """
    found = said_of(loaded, registry)
    keys = [str(key) for key in found[RESOURCES].value]
    only = {RESOURCES: found[RESOURCES]}
    metadata = {key: value for key, value in loaded.document.data[METADATA].items() if key not in NOT_ASKED}
    other = metadata | {
        "name": f"{metadata['name'][:30]}-two",
        "environment": "dev" if metadata["environment"] != "dev" else "prod",
    }
    here, there = (complete_resources(one, only, keys, registry, policy) for one in (metadata, other))
    chosen: dict[str, JSON] = {RESOURCES: keys}
    for key in keys:
        for name in fields_of(registry[kind_of(key)].spec):
            path, derived = f"{RESOURCES}.{key}.{name}", here[key].get(name)
            follows = _plain(derived) != _plain(there[key].get(name))
            if path in found and not follows and _plain(found[path].value) != _plain(derived):
                chosen[path] = found[path].value
    kinds = {kind_of(key) for key in keys}
    along = {kind for one in kinds for kind in policy.defaults.together.get(one, ())}
    return chosen | {f"{RESOURCES}.{kind}": False for kind in sorted(along - kinds)}
