"""A GitHub repository in the organisation: visibility, topics, who may what, what the policy wants of all.

The owner mark is the custom property ``lakeport-request``. A repository is never deleted: retiring archives
it. An archived repository of ours is absent for a request that retires, and stands for one that asks for it
again: that one is refused, since unarchiving brings old content and access back, which people must decide.

What looks, plans and touches is imported by the function that needs it: a check of files needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops.clients import organisation_github, translate
from gitops.kind import Desired, Held, Kind
from handlers._repo_fields import LEVELS, RULES, RepoSpec, derive, identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitops.kind import Marked, Tell
    from gitops.plan import Change
    from handlers._repo_api import Client
    from handlers._repo_state import RepoState


def read(desired: Desired[RepoSpec], client: Client) -> RepoState | None:
    """What stands; see :func:`handlers._repo_look.read`."""
    from handlers import _repo_look

    with translate("GitHub"):
        return _repo_look.read(desired, client)


def read_all(wanted: Sequence[Desired[RepoSpec]], client: Client) -> Sequence[RepoState | None]:
    """What stands of many; see :func:`handlers._repo_look.read_all`."""
    from handlers import _repo_look

    with translate("GitHub"):
        return _repo_look.read_all(wanted, client)


def marked(client: Client) -> list[Marked]:
    """Every repository that carries our mark and is not archived."""
    from handlers import _repo_look

    with translate("GitHub"):
        return list(_repo_look.marked(client))


def plan(desired: Desired[RepoSpec], state: RepoState | None) -> Sequence[Change]:
    """Create or correct; see :func:`handlers._repo_plan.plan`."""
    from handlers import _repo_plan

    return _repo_plan.plan(desired, state)


def retire(desired: Desired[RepoSpec], state: RepoState) -> Sequence[Change]:
    """Revoke, then archive; see :func:`handlers._repo_plan.retire`."""
    from handlers import _repo_plan

    return _repo_plan.retire(desired, state)


def apply(change: Change, client: Client) -> None:
    """One change; see :func:`handlers._repo_apply.apply`."""
    from handlers import _repo_apply

    _repo_apply.apply(change, client)


def verify(desired: Desired[RepoSpec], client: Client, tell: Tell) -> Iterator[str]:
    """What GitHub takes without a word and does not do: owners of code that do not count, secrets unset."""
    from handlers import _repo_api as api
    from handlers import _repo_look, _repo_settings

    name = f"{desired.origin.organisation}/{desired.spec.name}"
    tell(f"Looking at the repository {name}")
    with translate("GitHub"):
        state = _repo_look.read(desired, client)
        if state is None or not state.stands:
            yield f"The repository {name} does not stand."
            return
        owners = api.look(client, api.path("repos", *name.split("/"), "codeowners", "errors"))
    yield from _repo_settings.secrets_note(desired, state.missing_secrets)
    for one in (owners or {}).get("errors", ()):
        yield f"CODEOWNERS of {name}, line {one['line']}: {one['kind']}. GitHub ignores that line."


def adopt(desired: Desired[RepoSpec], state: RepoState) -> Mapping[str, Any]:
    """What the file would say for what stands; see :func:`handlers._repo_plan.adopt`."""
    from handlers import _repo_plan

    return _repo_plan.adopt(desired, state)


def outputs(desired: Desired[RepoSpec], state: RepoState) -> Mapping[str, str]:
    """``url``: its page on GitHub."""
    del desired
    return {"url": state.url} if state.stands else {}


def access(spec: RepoSpec) -> Iterator[Held]:
    """The teams of the file and their permission."""
    for entry in spec.access:
        yield Held(principal=entry.team, levels=(entry.permission,), thing=spec.name)


KIND: Kind[RepoSpec, RepoState, Client] = Kind(
    name="repo",
    spec=RepoSpec,
    summary="a GitHub repository",
    aliases=("repository", "git repo", "github repo", "code repository", "git repository"),
    identity=identity,
    called=lambda spec: f"the repository {spec.name}",
    connect=organisation_github,
    read=read,
    read_all=read_all,
    plan=plan,
    retire=retire,
    apply=apply,
    outputs=outputs,
    derive=derive,
    rules=RULES,
    marked=marked,
    verify=verify,
    adopt=adopt,
    access=access,
    system="GitHub",
    member_levels=LEVELS,
)
