"""The plan of a scaffold: one commit for an empty repository, and why there can be none."""

from __future__ import annotations

from collections.abc import Sequence

from gitops.kind import Desired
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers._scaffold_fields import ScaffoldSpec, identity
from handlers._scaffold_files import digest_of, templates, version_of
from handlers._scaffold_look import ScaffoldState
from handlers._scaffold_values import context

_OWNERS = "The team {} owns the files in CODEOWNERS, if it may write and nothing else is said there."


def plan(desired: Desired[ScaffoldSpec], state: ScaffoldState | None) -> Sequence[Change]:
    """One commit for an empty repository; nothing where it stands already."""
    spec, origin = desired.spec, desired.origin
    if state is not None:
        _refuse_where_wrong(desired, state)
        if state.stands:
            return ()
    if spec.template not in templates():
        raise RefusedChange(
            Reason.MISSING,
            f"There is no template {spec.template}.",
            f"Templates are {', '.join(templates())}.",
        )
    version = version_of(spec.template)
    return (
        Change(
            kind="scaffold",
            identity=identity(spec),
            action="files",
            verb=Verb.CREATE,
            after={
                "organisation": origin.organisation,
                "repo": spec.repo,
                "template": spec.template,
                "version": version,
                "digest": digest_of(spec.template),
                "context": context(desired).as_json(),
                "owners": f"@{origin.organisation}/{origin.github_team}" if origin.github_team else "",
                "mark": origin.request,
                "adopt": spec.adopt,
            },
            summary=f"Fill {origin.organisation}/{spec.repo} from the template {spec.template} {version}",
            details=(_OWNERS.format(origin.github_team),) if origin.github_team else (),
        ),
    )


def _refuse_where_wrong(desired: Desired[ScaffoldSpec], state: ScaffoldState) -> None:
    spec = desired.spec
    if state.files:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The repository {spec.repo} is not empty: it has {', '.join(state.files)}.",
            "A template only goes into a new repository: leave the scaffold out, or choose another one.",
        )
    if state.foreign:
        if state.owner or not spec.adopt:
            raise RefusedChange(
                Reason.NOT_OURS,
                f"The repository {spec.repo} belongs to {state.owner or 'no request'}.",
                "Choose a repository of this request; `adopt: true` fills an empty one that is nobody's.",
            )
        return
    if state.mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The repository {spec.repo} was filled by {state.mark or 'somebody else'}.",
            "Leave the scaffold out of this request, or choose another repository.",
        )
    if state.template != spec.template:
        raise RefusedChange(
            Reason.IMMUTABLE,
            f"The repository {spec.repo} was made from the template {state.template}.",
            f"Write `template: {state.template}`; another template needs another repository.",
        )
