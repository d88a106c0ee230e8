"""A merged request that somebody wants different: who may ask, the draft it begins with, and its own turns.

Pure. Which requests there are, and what their files say, is :mod:`bot.requests`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.asking import Replies, composed_of, reply_with
from bot.changes import apply_updates
from bot.dialogue import Changed, Event, Moved, Note, Retired, Said, World
from bot.draft import Draft, FieldUpdate, Merged, Patch, Stage
from bot.text import plain
from bot.values import field_of
from gitops.draft import Value
from gitops.kind import Registry
from gitops.policy import Policy
from gitops.recompose import LIFECYCLE, said_of
from gitops.request import Loaded, load_request, request_id

RETIRE = re.compile(
    r"^\W*(?:please )?(?:retire|decommission|tear down|shut down|take down|delete|remove|get rid of)"
    r"(?: (?:it|this|that|all of it|everything|the (?:whole )?(?:project|request|thing)))?(?: please)?\W*$",
    re.I,
)
"""What a person says who wants everything that a merged request made to be taken away."""
REOPENED = (Stage.APPLIED, Stage.FAILED, Stage.WITHDRAWN)
"""States of a thread in which the person may say what should change about what is merged."""
WHAT = (
    "This is {name} as it is merged. Say what should be different, such as “make the cluster medium” or "
    "“until 30 June”, or use the form. Everything you do not speak of stays as it is."
)
RETIRING = (
    "This takes away everything that {name} made: {things}. It happens once you confirm it here, the "
    "approvers agree and it is merged; the plan on the pull request shows each step. Data is never deleted: "
    "what still holds some is left standing, and you are told. Nobody can take it back after the merge."
)
RETIRED_ALREADY = "{name} is {lifecycle} already."
NOT_THEIRS = (
    "Only the person who asked for {name}, its owners and the members of the team {team} can change it. "
    "Ask one of them."
)
OWN_APPROVAL = (
    "You are one of those who approve changes of {name}, and nobody approves what they asked for themselves. "
    "Have the person who asked for it, or somebody else of the team, ask for this change."
)
MOVED = (
    "Somebody else changed {name} in the meantime. Here is your change on top of what stands now; look at it "
    "and confirm it again."
)
WITHDRAWN = "The change is withdrawn. What is merged stays as it is."
UNCHANGED = "Nothing is different from what is merged, so there is nothing to confirm."


def name_of(merged: Merged) -> str:
    """The id of the request that is changed, such as ``dev/growth/churn-prediction``."""
    return request_id(merged.path)


def loaded_of(merged: Merged, registry: Registry) -> Loaded:
    """The merged request as a value."""
    return load_request(merged.text.encode(), merged.path, registry)


def may_change(loaded: Loaded, slack: str, policy: Policy) -> bool:
    """Whether a person may ask for a change: who asked first, the owners, and the team, by the directory."""
    metadata = loaded.request.metadata
    if metadata.requested_by.slack == slack:
        return True
    person = policy.person(slack=slack)
    if person is None:
        return False
    owners = {metadata.business_owner.casefold(), (metadata.technical_owner or "").casefold()}
    return person.team == metadata.team or person.email.casefold() in owners


def approves_own(draft: Draft, world: World) -> str:
    """Why this person cannot be the one who asks for the change, empty when they can.

    The gate knows the person who asked first, and nobody else who spoke for the request.
    """
    person = world.policy.person(slack=draft.requester_slack)
    if draft.merged is None or person is None:
        return ""
    loaded = loaded_of(draft.merged, world.registry)
    if loaded.request.metadata.requested_by.slack == person.slack:
        return ""
    login = person.github.casefold()
    approvers = {one.casefold() for rule in composed_of(draft, world).approvals for one in rule.approvers}
    return OWN_APPROVAL.format(name=loaded.id) if login in approvers else ""


def change_of(start: Draft, merged: Merged, registry: Registry) -> Draft:
    """The draft of a change: it says what the merged file says. ``start`` is where the talk takes place.

    Raises:
        InvalidRequest: the merged file is none of a request.
    """
    return Draft(
        id=start.id,
        requester_slack=start.requester_slack,
        channel=start.channel,
        thread_ts=start.thread_ts,
        said=said_of(loaded_of(merged, registry), registry),
        merged=merged,
        round=start.round,
    )


def concerns(draft: Draft, event: Event, updates: Sequence[FieldUpdate], world: World) -> bool:
    """Whether what somebody said would make a merged request different, or says that they want it gone."""
    if not isinstance(event, Said):
        return True
    heard = draft.hear(event.text)
    after = apply_updates(heard, updates, event.ts, world).draft
    return bool(RETIRE.match(plain(event.text))) or (after.said, after.unclear) != (draft.said, draft.unclear)


def retired(draft: Draft, event: Retired, world: World) -> tuple[Draft, Replies]:
    """Everything is to go: nothing else of the request may change with it, so other edits are taken back."""
    if draft.merged is None:
        return draft, (Note("Only a request that is merged can be retired. This one can be withdrawn."),)
    loaded = loaded_of(draft.merged, world.registry)
    lifecycle = loaded.request.metadata.lifecycle
    if lifecycle != "active":
        return draft, (Note(RETIRED_ALREADY.format(name=loaded.id, lifecycle=lifecycle)),)
    before, turn = draft, draft.turn + 1
    wanted = said_of(loaded, world.registry) | {LIFECYCLE: Value("retiring", "said", "retire")}
    patches = [
        Patch(path, draft.said.get(path), wanted.get(path), "", event.ts, turn)
        for path in dict.fromkeys((*draft.said, *wanted))
    ]
    draft = draft.changed(patches)
    if draft.said == before.said:
        return reply_with(
            draft, (Note("It is set to be retired; press Confirm on the card."),), world, show=True
        )
    draft = replace(draft, unclear={}, skipped=(), confirmed_digest=None).marked(before)
    if draft.state is Stage.SUBMITTED:
        draft = replace(draft, state=Stage.REVIEWING)
    kinds = world.registry
    things = ", ".join(kinds[spec.kind].called(spec) for spec in loaded.request.resources)
    note = Note(RETIRING.format(name=loaded.id, things=things))
    return reply_with(draft, (Changed(("lifecycle active → retiring",)), note), world, show=True)


def moved(draft: Draft, event: Moved, world: World) -> tuple[Draft, Replies]:
    """The merged file is another by now: the same edits on top of it, to be confirmed anew."""
    if draft.merged is None:
        return draft, ()
    before = said_of(loaded_of(draft.merged, world.registry), world.registry)
    merged = replace(draft.merged, text=event.text)
    now = said_of(loaded_of(merged, world.registry), world.registry)
    mine = {path: value for path, value in draft.said.items() if value != before.get(path)}
    theirs = [path for path in mine if before.get(path) != now.get(path)]
    draft = replace(
        draft,
        merged=merged,
        said=now | {path: value for path, value in mine.items() if path not in theirs},
        log=(),
        marks=(),
        confirmed_digest=None,
        submitted_path=None,
    )
    said = MOVED.format(name=name_of(merged))
    if theirs:
        fields = ", ".join(found.ask.label if (found := field_of(path, world)) else path for path in theirs)
        said = f"{said} Both of you changed this, so say again what you want of it: {fields}."
    return reply_with(draft, (Note(said),), world, show=True)
