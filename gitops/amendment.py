"""An edit of a merged request: what changed, what the plan makes of it, what it costs, and who must approve.

Pure: the merged file and the proposed one in, an :class:`Amendment` out. What stands against an edit is
:mod:`gitops.amendcheck`, how one reads :mod:`gitops.render_amendment`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops.approval import ADDITION, REMOVAL, RISKY, ApprovalRule, approvals, rules_for_changes
from gitops.cost import Money
from gitops.edited import CHANGED, GIVEN, GONE, Edit, Effect
from gitops.edits import edits_of
from gitops.envelope import Metadata
from gitops.leaves import leaves
from gitops.policy import monthly_cost

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.policyfile import Policy
    from gitops.request import Loaded


class Amendment(Struct, frozen=True, kw_only=True):
    """What leads from one version of a request file to another.

    A cost is ``None`` where nothing costs anything. ``new``: nothing is merged yet. ``formatting``: the bytes
    differ, and nothing they say. ``more`` are the approvals that become necessary by it; ``still`` those that
    only the merged version needs, which are asked for this one time more.
    """

    request: str
    path: str
    new: bool = False
    formatting: bool = False
    edits: tuple[Edit, ...] = ()
    cost_before: Money | None = None
    cost_after: Money | None = None
    more: tuple[ApprovalRule, ...] = ()
    still: tuple[ApprovalRule, ...] = ()

    @property
    def removes(self) -> tuple[str, ...]:
        """Everything that is taken away, a sentence each."""
        return tuple(edit.sentence for edit in self.edits if edit.effect is Effect.TAKEN)

    def as_json(self) -> dict[str, Any]:
        """All fields, and ``removes``."""
        return {
            "request": self.request,
            "path": self.path,
            "new": self.new,
            "formatting": self.formatting,
            "edits": [edit.as_json() for edit in self.edits],
            "removes": list(self.removes),
            "cost_before": self.cost_before.as_json() if self.cost_before else None,
            "cost_after": self.cost_after.as_json() if self.cost_after else None,
            "more": [rule.as_json() for rule in self.more],
            "still": [rule.as_json() for rule in self.still],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Amendment:
        """The inverse of :meth:`as_json`."""
        before, after = (data[key] and Money.from_json(data[key]) for key in ("cost_before", "cost_after"))
        return cls(
            request=str(data["request"]),
            path=str(data["path"]),
            new=bool(data["new"]),
            formatting=bool(data["formatting"]),
            edits=tuple(Edit.from_json(edit) for edit in data["edits"]),
            cost_before=before,
            cost_after=after,
            more=tuple(ApprovalRule.from_json(rule) for rule in data["more"]),
            still=tuple(ApprovalRule.from_json(rule) for rule in data["still"]),
        )


def compare(before: Loaded | None, after: Loaded, registry: Registry, policy: Policy) -> Amendment:
    """What changed between the merged file (``None``: there is none) and the proposed one."""
    found = tuple(edits(before, after, registry))
    was = approvals(before, policy, registry) if before else ()
    becomes = approvals(after, policy, registry)
    asked = (*becomes, *_of_the_edit(before, after, found, policy))
    return Amendment(
        request=after.id,
        path=after.path,
        new=before is None,
        formatting=before is not None and not found and before.file_digest != after.file_digest,
        edits=found,
        cost_before=monthly_cost(before, policy, registry) if before else None,
        cost_after=monthly_cost(after, policy, registry),
        more=tuple(rule for rule in asked if rule not in was),
        still=tuple(rule for rule in was if rule not in becomes),
    )


def approvals_of_change(
    before: Loaded | None, after: Loaded | None, policy: Policy, registry: Registry
) -> tuple[ApprovalRule, ...]:
    """The approvals of what a request was, of what it becomes, and of what is edited for that.

    ``None`` stands for a file that is not there. Nobody gets rid of an approver by the very edit that would
    have needed them.
    """
    rules = [rule for one in (before, after) if one for rule in approvals(one, policy, registry)]
    if before and after:
        rules += _of_the_edit(before, after, edits(before, after, registry), policy)
    return tuple(dict.fromkeys(rules))


def _of_the_edit(
    before: Loaded | None, after: Loaded, found: Iterable[Edit], policy: Policy
) -> tuple[ApprovalRule, ...]:
    return rules_for_changes(touched(found), after.request.metadata, policy) if before else ()


def touched(found: Iterable[Edit]) -> frozenset[str]:
    """What the policy can ask further approvals for: the fields that are edited, and of which sort it is.

    What leaves the file counts as a removal, also where nothing is taken away for it.
    """
    names: set[str] = set()
    for edit in found:
        if edit.effect is Effect.SAME:
            continue
        names |= {edit.field} - {""}
        if edit.sign == GONE or edit.effect is Effect.TAKEN:
            names.add(REMOVAL)
        if edit.effect is Effect.MADE:
            names.add(ADDITION)
        if edit.risky:
            names.add(RISKY)
    return frozenset(names)


def edits(before: Loaded | None, after: Loaded, registry: Registry) -> Iterator[Edit]:
    """All edits: what stands at the top of the file, then the metadata, then each resource."""
    old: Mapping[str, Any] = before.document.data if before else {}
    new = after.document.data
    rest = [{key: value for key, value in data.items() if key not in _PARTS} for data in (old, new)]
    yield from edits_of(None, *rest, was=before and before.request, wanted=after.request)
    yield from edits_of(
        Metadata,
        old.get("metadata", {}),
        new["metadata"],
        was=before and before.request.metadata,
        wanted=after.request.metadata,
        path="metadata",
        at=("metadata",),
    )
    yield from _resources(before, after, registry)


_PARTS = ("metadata", "resources")


# --- resources ------------------------------------------------------------------------------------


class _Resource(Struct, frozen=True):
    """An entry of ``resources``: its index, what the file says, what the model holds, how it is called."""

    index: int
    data: Mapping[str, Any]
    spec: Any
    called: str


def _listed(loaded: Loaded | None, registry: Registry) -> dict[str, _Resource]:
    """The resources of a file by ``kind/identity``."""
    found = {}
    for index, spec in enumerate(loaded.request.resources if loaded else ()):
        kind = registry[spec.kind]
        data = loaded.document.data["resources"][index] if loaded else {}
        found[f"{spec.kind}/{kind.identity(spec)}"] = _Resource(index, data, spec, kind.called(spec))
    return found


def _resources(before: Loaded | None, after: Loaded, registry: Registry) -> Iterator[Edit]:
    old, new = _listed(before, registry), _listed(after, registry)
    renamed = _renamed(
        {key: one for key, one in old.items() if key not in new},
        {key: one for key, one in new.items() if key not in old},
    )
    for key, one in new.items():
        if key in old:
            yield from edits_of(
                type(one.spec),
                old[key].data,
                one.data,
                was=old[key].spec,
                wanted=one.spec,
                path=f"resources[{key}]",
                at=("resources", one.index),
                thing=old[key].called,
                resource=key,
            )
        elif key in renamed:
            yield _moved(renamed[key], old[renamed[key]], key, one)
        else:
            yield _added(key, one)
    for key, one in old.items():
        if key not in new and key not in renamed.values():
            yield _dropped(key, one)


def _renamed(gone: Mapping[str, _Resource], come: Mapping[str, _Resource]) -> dict[str, str]:
    """New key → old key where one resource of a kind went and another came: the most alike go together."""
    found: dict[str, str] = {}
    likeness = {
        (len(leaves(was.data).items() & leaves(one.data).items()), old, new)
        for old, was in gone.items()
        for new, one in come.items()
        if was.spec.kind == one.spec.kind
    }
    for _, old, new in sorted(likeness, key=lambda pair: (-pair[0], pair[1:])):
        if new not in found and old not in found.values():
            found[new] = old
    return found


def _added(key: str, one: _Resource) -> Edit:
    return Edit(
        sign=GIVEN,
        value=f"{one.called} is new",
        effect=Effect.MADE,
        paths=(f"resources[{key}]",),
        at=("resources", one.index),
        thing=one.called,
        resource=key,
        details=_details({}, one.data, None, one.spec),
        after=one.data,
    )


def _dropped(key: str, one: _Resource) -> Edit:
    return Edit(
        sign=GONE,
        value=f"{one.called} is no longer in the file",
        effect=Effect.REFUSED,
        paths=(f"resources[{key}]",),
        at=("resources",),
        thing=one.called,
        resource=key,
        rule="resource-dropped",
        before=one.data,
    )


def _moved(old_key: str, was: _Resource, key: str, one: _Resource) -> Edit:
    return Edit(
        sign=CHANGED,
        value=f"{was.called} would become {one.called}",
        effect=Effect.REFUSED,
        paths=(f"resources[{old_key}]", f"resources[{key}]"),
        at=("resources", one.index),
        thing=was.called,
        resource=old_key,
        details=_details(was.data, one.data, was.spec, one.spec),
        rule="resource-renamed",
        before=was.data,
        after=one.data,
    )


def _details(old: Mapping[str, Any], new: Mapping[str, Any], was: Any, wanted: Any) -> tuple[str, ...]:
    """What is in a resource that is new, or what another one has that would take its place."""
    data = {key: value for key, value in new.items() if key != "kind"}
    before = {key: value for key, value in old.items() if key != "kind"}
    found = edits_of(type(wanted), before, data, was=was, wanted=wanted)
    return tuple(f"{edit.sign} {edit.words}" for edit in found if edit.effect is not Effect.SAME)
