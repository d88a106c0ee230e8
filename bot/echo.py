"""A change that somebody else made on the pull request: said back in words, and confirmed by the requester.

Pure. What counts on GitHub is :mod:`gitops.confirmation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.asking import Replies, composed_of
from bot.dialogue import Agreed, Answer, Card, Declined, Echo, Note, Restored, Revised, Settled, World
from bot.draft import Draft, Patch, Revision, Stage
from bot.values import field_of
from gitops import amendment
from gitops.draft import Value
from gitops.edited import Effect
from gitops.errors import InvalidRequest
from gitops.fields import RESOURCES
from gitops.plan import digest
from gitops.recompose import said_of
from gitops.request import Loaded, load_request

ASKS = "revision"
"""What the message asks for that waits for an answer; no field has this path."""
SHOWN = 15

CHANGED = "{who} changed the file on the pull request:"
BROKEN = (
    "{who} changed the file on the pull request, and what it says now is no valid request. The check there "
    "says what is wrong. I ask you about it once that is put right."
)
GONE = "{who} deleted the file on the pull request. Nothing can be merged before it is back."
FORMATTING = "Only how it is written differs; it means the same as before."
UNKNOWN = "I do not know what it said before, so read all of it on the pull request."
AGAIN = "It was changed again after this."
AGREED = "You confirmed this; it stands on the pull request."
DECLINED = "You said that this is not what you want; it stands on the pull request."
OVERWRITTEN = "Your own version took the place of this."
BACK = "{who} put back what you had confirmed, so there is nothing for you to do."
MINE = (
    "It cannot be merged like this. Your own version is on the card: Confirm puts it back. Or say what "
    "should be different; what I cannot read as a change I pass on to the reviewers."
)
STALE = "That was about another version of the file than the one that stands now, so nothing happened."


def revised(draft: Draft, event: Revised, world: World) -> tuple[Draft, Replies]:
    """Say what changed, and ask whether that is what the person wants."""
    settled = outdated(draft, AGAIN)
    who = event.login or "Somebody"
    after = _loaded(event.text, draft, world)
    if event.text is None or after is None:
        words = GONE if event.text is None else BROKEN
        return replace(draft, revision=None), (*settled, Note(words.format(who=who)))
    named = digest(event.text.encode())
    revision = Revision(who, event.sha, named, event.text, event.before)
    words_ = (CHANGED.format(who=who), *_differences(_loaded(event.before, draft, world), after, world))
    return replace(draft, revision=revision), (*settled, Echo(words_, named, event.url))


def restored(draft: Draft, event: Restored, world: World) -> tuple[Draft, Replies]:
    """What was confirmed stands again: nothing has to be confirmed."""
    waited = draft.revision is not None
    settled = outdated(draft, AGAIN)
    draft = replace(draft, revision=None)
    composed = composed_of(draft, world)
    if draft.state is Stage.REVIEWING and composed.raw is not None and digest(composed.raw) == event.digest:
        draft = replace(draft, state=Stage.SUBMITTED, confirmed_digest=event.digest, asked=None)
    told = (Note(BACK.format(who=event.login or "Somebody")),) if waited else ()
    return draft, (*settled, *told)


def agreed(draft: Draft, event: Agreed, world: World) -> tuple[Draft, Replies]:
    """The person wants the change: the draft takes it up, and GitHub is told."""
    revision = _meant(draft, event.digest)
    if revision is None or draft.pull_number is None:
        return draft, (Note(STALE),)
    shown = (*_words(draft, revision, world), AGREED)
    answer = Answer(draft.pull_number, revision, True, shown)
    if draft.confirmed_digest == revision.digest:
        return draft, (answer,)  # pressed twice, or once more since GitHub did not answer
    taken = _taken_up(draft, revision, world)
    composed = composed_of(taken, world)
    made = digest(composed.raw) if composed.raw is not None else None
    if draft.state is Stage.SUBMITTED or made == revision.digest:
        taken = replace(
            taken, state=Stage.SUBMITTED, confirmed_digest=revision.digest, asked=None, unclear={}, skipped=()
        )
    return taken, (answer, Card(taken, composed, made))


def declined(draft: Draft, event: Declined, world: World) -> tuple[Draft, Replies]:
    """The person does not want the change: GitHub is told, and their own version can be confirmed again."""
    revision = _meant(draft, event.digest)
    if revision is None or draft.pull_number is None:
        return draft, (Note(STALE),)
    shown = (*_words(draft, revision, world), DECLINED)
    answer = Answer(draft.pull_number, revision, False, shown, then=MINE)
    return replace(draft, state=Stage.REVIEWING, confirmed_digest=None), (answer,)


def outdated(draft: Draft, why: str) -> tuple[Settled, ...]:
    """The question that stands, without its buttons: another version took the place of what it asks about."""
    asked = draft.revision
    return () if asked is None else (Settled(ASKS, "\n".join((CHANGED.format(who=asked.login), why))),)


def _meant(draft: Draft, pressed: str) -> Revision | None:
    """What a press is about, while it is what was asked last."""
    found = draft.revision
    return found if found is not None and found.digest == pressed else None


# --- words ------------------------------------------------------------------------------------------


def _words(draft: Draft, revision: Revision, world: World) -> tuple[str, ...]:
    """The words of the message that asked."""
    after = _loaded(revision.text, draft, world)
    lines = () if after is None else _differences(_loaded(revision.before, draft, world), after, world)
    return (CHANGED.format(who=revision.login), *lines)


def _differences(before: Loaded | None, after: Loaded, world: World) -> tuple[str, ...]:
    """A line on each edit."""
    if before is None:
        return (UNKNOWN,)
    found = [
        line
        for edit in amendment.edits(before, after, world.registry)
        if edit.effect is not Effect.SAME
        for line in (f"{edit.sign} {edit.sentence}", *(f"    {detail}" for detail in edit.details))
    ]
    more = (f"and {len(found) - SHOWN} more; the pull request shows all of them",) if found[SHOWN:] else ()
    return (*found[:SHOWN], *more) or (FORMATTING,)


def _loaded(text: str | None, draft: Draft, world: World) -> Loaded | None:
    """The request that a text is; ``None`` where it is none."""
    if text is None or draft.submitted_path is None:
        return None
    try:
        return load_request(text.encode(), draft.submitted_path, world.registry)
    except InvalidRequest:
        return None


# --- the draft --------------------------------------------------------------------------------------


def _taken_up(draft: Draft, revision: Revision, world: World) -> Draft:
    """The draft with what the other person changed, as one turn that can be taken back.

    What the requester changed meanwhile, and the other person did not, stays.
    """
    after = _loaded(revision.text, draft, world)
    if after is None:
        return draft
    before = _loaded(revision.before, draft, world)
    becomes = said_of(after, world.registry)
    was = said_of(before, world.registry) if before is not None else {}
    changed: dict[str, Value | None] = {
        path: replace(value, source="said")
        for path, value in becomes.items()
        if path not in was or was[path].value != value.value
    }
    changed |= {path: _emptied(path, world) for path in was if path not in becomes}
    if not was or not _same_resources(draft.said, was):
        # Their resources go by other names than the draft's: it says what the file says, and nothing else.
        changed = dict.fromkeys(draft.said) | {
            path: replace(value, source="said") for path, value in becomes.items()
        }
    turn = draft.turn + 1
    patches = [Patch(path, draft.said.get(path), value, "", "", turn) for path, value in changed.items()]
    return draft.changed(patches).marked(draft)


def _emptied(path: str, world: World) -> Value | None:
    """What a value that left the file becomes: said to be none, where that can be."""
    field = field_of(path, world)
    return Value(None, "said") if field is not None and not field.required else None


def _same_resources(said: Mapping[str, Value], was: Mapping[str, Value]) -> bool:
    mine, theirs = said.get(RESOURCES), was.get(RESOURCES)
    listed = [set(map(str, one.value)) if one is not None and one.value else set() for one in (mine, theirs)]
    return bool(said) and listed[0] <= listed[1]
