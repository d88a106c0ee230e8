"""What a new project starts with: one of our templates, rendered and pushed as a single commit.

The owner mark is the file ``.lakeport/scaffold.json`` on the default branch, which names the request, the
template with its version, and what was written (:mod:`handlers._scaffold_marker`). From then on the content
belongs to the team: nothing in it is drift. A newer template changes nothing by itself; `lakeport scaffold
update` proposes it in a pull request. A scaffold has no end of its own: it goes with its repository, so
retiring it changes nothing.

What looks, plans and touches is imported by the function that needs it: a check of files needs none of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gitops.clients import organisation_github
from gitops.kind import Desired, Kind
from handlers._scaffold_fields import EDITS, RULES, ScaffoldSpec, derive, identity

if TYPE_CHECKING:
    from github import Github

    from gitops.plan import Change
    from handlers._scaffold_look import ScaffoldState


def read(desired: Desired[ScaffoldSpec], client: Github) -> ScaffoldState | None:
    """What stands; see :func:`handlers._scaffold_look.read`."""
    from handlers import _scaffold_look

    return _scaffold_look.read(desired, client)


def read_all(wanted: Sequence[Desired[ScaffoldSpec]], client: Github) -> Sequence[ScaffoldState | None]:
    """What stands of many; see :func:`handlers._scaffold_look.read_all`."""
    from handlers import _scaffold_look

    return _scaffold_look.read_all(wanted, client)


def plan(desired: Desired[ScaffoldSpec], state: ScaffoldState | None) -> Sequence[Change]:
    """One commit for an empty repository; see :func:`handlers._scaffold_plan.plan`."""
    from handlers import _scaffold_plan

    return _scaffold_plan.plan(desired, state)


def apply(change: Change, client: Github) -> None:
    """Render and push; see :func:`handlers._scaffold_apply.apply`."""
    from handlers import _scaffold_apply

    _scaffold_apply.apply(change, client)


def retire(desired: Desired[ScaffoldSpec], state: ScaffoldState) -> Sequence[Change]:
    """Nothing: the files stay in their repository, which is archived."""
    del desired, state
    return ()


def outputs(desired: Desired[ScaffoldSpec], state: ScaffoldState) -> Mapping[str, str]:
    """``template`` with its ``version``, and ``url`` of the repository."""
    del desired
    if not state.stands:
        return {}
    return {"template": state.template, "version": state.version, "url": state.url}


KIND: Kind[ScaffoldSpec, ScaffoldState, Github] = Kind(
    name="scaffold",
    spec=ScaffoldSpec,
    summary="the first files of a repository, from a template",
    aliases=("template", "skeleton", "boilerplate", "starter project", "project template"),
    after=("repo",),
    identity=identity,
    called=lambda spec: f"the scaffold of {spec.repo}",
    connect=organisation_github,
    read=read,
    plan=plan,
    retire=retire,
    apply=apply,
    outputs=outputs,
    derive=derive,
    rules=RULES,
    edits=EDITS,
    read_all=read_all,
    system="GitHub",
)
