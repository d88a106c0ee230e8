"""The values a template is rendered with: what the request says, and the template's own variables."""

from __future__ import annotations

from collections.abc import Mapping

from gitops.kind import Desired
from gitops.plan import Reason, RefusedChange
from handlers._scaffold_fields import ScaffoldSpec
from handlers._scaffold_files import package_name, plain, variables
from handlers._scaffold_marker import Context


def context(desired: Desired[ScaffoldSpec], recorded: Context | None = None) -> Context:
    """What the template of the request is rendered with.

    With ``recorded``, what a repository was filled with, everything stays as it was there that the template
    still takes.

    Raises:
        RefusedChange: an input that the template does not offer.
    """
    before = recorded or Context()
    values = {**_said(desired), **_known(before.values, _said(desired))}
    for name, default in variables(desired.spec.template).items():
        if not name.startswith("_") and name not in values:
            values[name] = _own(name, default, desired.spec, before.values)
    return Context(
        project=before.project or desired.spec.repo,
        package=before.package or package_name(desired.origin.name),
        values=values,
    )


def _known(values: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in names}


def _said(desired: Desired[ScaffoldSpec]) -> dict[str, str]:
    """What every template may use of the request."""
    origin = desired.origin
    return {
        "name": origin.name,
        "repo": desired.spec.repo,
        "organisation": origin.organisation,
        "team": origin.team,
        "environment": origin.environment,
        "purpose": origin.purpose,
        "owner": origin.technical_owner,
        "group": origin.group,
        "github_team": origin.github_team,
    }


def _own(name: str, default: str | list[str], spec: ScaffoldSpec, recorded: Mapping[str, str]) -> str:
    """One of the template's own variables: as recorded, else as in the request, else its default."""
    if not isinstance(default, list):
        return recorded.get(name, spec.inputs.get(name, default))
    if recorded.get(name) in default:
        return recorded[name]
    value = spec.inputs.get(name, default[0])
    if value not in default:
        raise RefusedChange(
            Reason.MISSING,
            f"The template {spec.template} has no such {name}: {plain(value)[:60]}.",
            f"Choose {' or '.join(default)}.",
        )
    return value
