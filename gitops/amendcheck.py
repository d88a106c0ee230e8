"""What stands against an edit of a merged request, and the way to what was meant: pure, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct

from gitops.amendment import edits
from gitops.approval import logins_of_requester
from gitops.edited import GONE, Edit, Effect
from gitops.finding import Finding, Place, Severity
from gitops.markup import clip
from gitops.request import desired
from gitops.vocabulary import CLASSIFICATIONS, Lifecycle

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.policyfile import Policy
    from gitops.request import Loaded

STAGES = get_args(Lifecycle)
"""Every lifecycle in the only order it goes through."""

_NEW_REQUEST = "ask for it in a new request under another name, and retire this one"


def findings(before: Loaded | None, after: Loaded, registry: Registry, policy: Policy) -> list[Finding]:
    """What stands against the edit that leads from the merged file to the proposed one, in the file's order.

    ``before`` is ``None`` where nothing is merged under this path. Both have the same path, and so the same
    name, team and environment.
    """
    if before is None:
        found = list(_begins(after))
    else:
        case = _Case(tuple(edits(before, after, registry)), before, after)
        found = [
            *_lifecycle(case),
            *_nothing_else(case),
            *_requester(case, policy),
            *_owners(case),
            *_classification(case),
            *_refused(case),
            *_left_standing(case),
            *_kinds_own(case, registry, policy),
        ]
    return sorted(found, key=lambda finding: finding.sort_key)


def deleted(before: Loaded) -> Iterator[Finding]:
    """What stands against deleting the file of a request: what it asked for would be left to nobody."""
    lifecycle = before.request.metadata.lifecycle
    if lifecycle != "retired":
        first = "" if lifecycle == "retiring" else "set `lifecycle: retiring`; when that is applied, "
        yield Finding(
            "request-deleted",
            Severity.ERROR,
            "The file of a request that is not retired was deleted, or got another name.",
            Place(before.path),
            f"Put it back and {first}set `lifecycle: retired`; then delete it.",
        )


class _Case(Struct, frozen=True):
    """Both versions of a file, and what leads from the one to the other."""

    edits: tuple[Edit, ...]
    before: Loaded
    after: Loaded

    def place(self, *path: str | int) -> Place:
        """Where it stands in the proposed file, or else what it stood under."""
        value: Any = self.after.document.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return self.after.document.key_place(path)
        return self.after.document.place(path)

    def place_of(self, edit: Edit) -> Place:
        """Where an edit stands; of an entry that is gone, the list."""
        return self.after.document.key_place(edit.at) if edit.sign == GONE else self.place(*edit.at)


def _begins(after: Loaded) -> Iterator[Finding]:
    lifecycle = after.request.metadata.lifecycle
    if lifecycle != "active":
        yield Finding(
            "lifecycle-start",
            Severity.ERROR,
            f"A new request cannot be {lifecycle}: nothing of it stands yet.",
            after.document.place(("metadata", "lifecycle")),
            "Write `lifecycle: active`, or leave the line out.",
        )


def _lifecycle(case: _Case) -> Iterator[Finding]:
    """One step forward at a time."""
    was, becomes = case.before.request.metadata.lifecycle, case.after.request.metadata.lifecycle
    step = STAGES.index(becomes) - STAGES.index(was)
    if step < 0:
        rule = "lifecycle-backward"
        message = f"A request that is {was} does not become {becomes} again."
        hint = f"{_capital(_NEW_REQUEST)}." if was == "retiring" else _AGAIN
    elif step > 1:
        rule = "lifecycle-skipped"
        message = f"A request does not go from {was} to {becomes}: what it asked for would be left standing."
        hint = "Write `lifecycle: retiring` first; when that is applied and everything is gone, `retired`."
    else:
        return
    yield Finding(rule, Severity.ERROR, message, case.place("metadata", "lifecycle"), hint)


def _nothing_else(case: _Case) -> Iterator[Finding]:
    """What is taken away, and what was, is what the merged file says."""
    lifecycle = case.after.request.metadata.lifecycle
    others = [
        edit
        for edit in case.edits
        if edit.paths != ("metadata.lifecycle",) and edit.effect is not Effect.SAME
    ]
    if lifecycle != "active" and others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        what = "; ".join(clip(edit.sentence, 120) for edit in others[:_NAMED]) + more
        yield Finding(
            "lifecycle-with-changes",
            Severity.ERROR,
            f"A request that is {lifecycle} changes nothing but its lifecycle. Also edited: {what}.",
            case.place_of(others[0]),
            "Put the rest back as it is merged: what is taken away is what the merged file says.",
        )


_NAMED = 3
_AGAIN = "Ask in a new request under another name; or delete this file, and ask again when that is merged."


def _requester(case: _Case, policy: Policy) -> Iterator[Finding]:
    """Who asked decides who may not approve; only the login that the directory knows may come or go."""
    was, becomes = case.before.request.metadata, case.after.request.metadata
    by, same = was.requested_by, was.requested_by.slack == becomes.requested_by.slack
    if same and logins_of_requester(was, policy) == logins_of_requester(becomes, policy):
        return
    merged = f"{{slack: {by.slack}, github: {by.github}}}" if by.github else f"{{slack: {by.slack}}}"
    yield Finding(
        "requester-changed",
        Severity.ERROR,
        "An edit does not change who asked: it decides who may not approve.",
        case.place("metadata", "requested_by"),
        f"Write `requested_by: {merged}`. Whoever takes the request over becomes its owner.",
    )


def _owners(case: _Case) -> Iterator[Finding]:
    for field in ("business_owner", "technical_owner"):
        was = getattr(case.before.request.metadata, field)
        becomes = getattr(case.after.request.metadata, field)
        if was and was != becomes:
            yield Finding(
                "owner-changed",
                Severity.WARNING,
                f"The {field.replace('_', ' ')} {was} is replaced by {becomes or 'nobody by name'}.",
                case.place("metadata", field),
                "Both should know: have them say so in the review.",
            )


def _classification(case: _Case) -> Iterator[Finding]:
    was = case.before.request.metadata.data_classification
    becomes = case.after.request.metadata.data_classification
    if CLASSIFICATIONS.index(becomes) < CLASSIFICATIONS.index(was):
        yield Finding(
            "classification-lowered",
            Severity.WARNING,
            f"The data classification is lowered from {was} to {becomes}.",
            case.place("metadata", "data_classification"),
            f"Say in the review why it is not {was} any more; whoever approves {was} data has to approve.",
        )


def _refused(case: _Case) -> Iterator[Finding]:
    """What no edit does: take a resource out, give it another name, change what cannot change."""
    for edit in case.edits:
        if not edit.rule:
            continue
        message, hint = _MESSAGES[edit.rule], _HINTS[edit.rule]
        words = {"thing": edit.thing, "sentence": edit.sentence, "before": _plain(edit)}
        yield Finding(
            edit.rule,
            Severity.ERROR,
            _capital(message.format_map(words)),
            case.place_of(edit),
            _capital(hint.format_map(words)),
        )


_MESSAGES = {
    "resource-dropped": "{thing} is no longer in the file: it would stay, with nobody responsible for it.",
    "resource-renamed": "{sentence}: that is another one, and the first would stay with nobody responsible.",
    "field-immutable": "{sentence}: this never changes once it is merged.",
}
_HINTS = {
    "resource-dropped": "Put it back; or retire the whole request with `lifecycle: retiring`.",
    "resource-renamed": f"Write the name as it was. For another one, {_NEW_REQUEST}.",
    "field-immutable": f"Write {{before}} again. For another one, {_NEW_REQUEST}.",
}


def _plain(edit: Edit) -> str:
    return f"`{edit.before}`" if isinstance(edit.before, str | int) else "it as it was"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _left_standing(case: _Case) -> Iterator[Finding]:
    """Access that somebody takes out of the file and that nothing takes away."""
    for edit in case.edits:
        if edit.effect is Effect.LEFT and edit.risky:
            yield Finding(
                "access-left-standing",
                Severity.WARNING,
                f"{_capital(edit.sentence)}: what is granted stays granted.",
                case.place_of(edit),
                edit.instead,
            )


def _kinds_own(case: _Case, registry: Registry, policy: Policy) -> Iterator[Finding]:
    """What the kinds themselves check of an edit, for resources that stand in both versions."""

    def key(spec: Any) -> tuple[str, str]:
        return spec.kind, registry[spec.kind].identity(spec)

    old = {key(one.spec): one for one in desired(case.before, policy)}
    for index, one in enumerate(desired(case.after, policy)):
        was = old.get(key(one.spec))
        if was is None:
            continue
        for rule in registry[one.spec.kind].edits:
            for complaint in rule.check(was, one):
                place = case.place("resources", index, *complaint.parts)
                yield Finding(rule.id, rule.severity, complaint.message, place, complaint.hint)
