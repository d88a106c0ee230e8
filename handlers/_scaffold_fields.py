"""What people write about a scaffold: its fields, what follows from what they said, and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from gitops.edited import Edited, Effect
from gitops.finding import Severity
from gitops.kind import Ask, Complaint, Desired, EditRule, Rule, Spec
from gitops.suggest import did_you_mean
from gitops.vocabulary import spelt
from handlers._scaffold_files import plain, templates, variables

if TYPE_CHECKING:
    from gitops.policy import Policy

Variable = Annotated[str, spelt(r"[a-z][a-z0-9_]{0,39}")]
Text = Annotated[str, Meta(max_length=500)]


class ScaffoldSpec(Spec, tag="scaffold"):
    """The first commit of a repository, made from a template."""

    repo: Annotated[
        Annotated[str, spelt(r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*", max_length=100)],
        Ask(
            label="Repository to fill",
            help="Where it goes, a repository of this request, such as `growth-churn-prediction`.",
        ),
        Edited(immutable=True),
    ]
    template: Annotated[
        Annotated[str, spelt(r"[a-z](?:-?[a-z0-9])*", max_length=60)],
        Ask(
            label="Template",
            help="What the project starts with, such as `databricks-pipeline`.",
            infer=False,
            aliases=("skeleton", "boilerplate", "starter", "cookiecutter"),
            words={
                "library": "python-library",
                "package": "python-library",
                "pipeline": "databricks-pipeline",
            },
            question="Which template shall the project start with?",
            why="It becomes the first commit of the repository.",
        ),
        Edited(changed=Effect.REFUSED),
    ]
    inputs: Annotated[
        Annotated[Mapping[Variable, Text], Meta(max_length=20)],
        Ask(
            label="Template inputs",
            help='Values of the template\'s own variables, such as `{python: "3.12"}`.',
            infer=False,
        ),
        Edited(changed=Effect.RECORDED),
    ] = {}


def identity(spec: ScaffoldSpec) -> str:
    """One scaffold for each repository."""
    return spec.repo.lower()


def derive(values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """The repository of the request, and the policy's template, or the only one that is allowed."""
    derived: dict[str, Any] = {"repo": origin.get("resources", {}).get("repo", {}).get("name")}
    if derived["repo"] is None:
        derived["repo"] = policy.default_name(
            "repo", team=str(origin["team"]), name=str(origin["name"]), environment=str(origin["environment"])
        )
    keys = ("team", "environment", "data_classification")
    allowed = policy.effective(*(str(origin.get(key, "")) for key in keys)).templates.value
    if len(allowed) == 1:
        derived["template"] = allowed[0]
    derived |= policy.defaults_for("scaffold", origin)
    return {key: value for key, value in derived.items() if key not in values and value is not None}


def _template_allowed(desired: Desired[ScaffoldSpec], policy: Policy) -> Iterator[Complaint]:
    allowed = policy.effective_for(desired.origin).templates
    offered = [name for name in allowed.value if name in templates()]
    if desired.spec.template not in offered:
        choices = f"Choose {' or '.join(offered)}." if offered else "The policy offers none."
        yield Complaint(
            path="template",
            message=f"There is no template {desired.spec.template} on offer.",
            hint=did_you_mean(desired.spec.template, offered) or choices,
        )


def _inputs_known(desired: Desired[ScaffoldSpec], policy: Policy) -> Iterator[Complaint]:
    del policy
    if not desired.spec.inputs or desired.spec.template not in templates():
        return
    own = {
        name: default
        for name, default in variables(desired.spec.template).items()
        if not name.startswith("_")
    }
    every = f"Its variables are {', '.join(own)}." if own else "It has none."
    for name, value in desired.spec.inputs.items():
        if name not in own:
            yield Complaint(
                path=f"inputs.{name}",
                message=f"The template {desired.spec.template} has no variable {name}.",
                hint=did_you_mean(name, own) or every,
            )
        elif isinstance(own[name], list) and value not in own[name]:
            yield Complaint(
                path=f"inputs.{name}",
                message=f"{name} cannot be {plain(value)[:60]}.",
                hint=did_you_mean(value, own[name]) or f"Choose {' or '.join(own[name])}.",
            )


RULES = (
    Rule(
        id="scaffold-template",
        title="The template is not on offer",
        why="A template becomes the first commit of a repository, and what is in it runs in its pipelines. "
        "The platform team reviews a template before the policy offers it.",
        fix="Choose one that the policy offers.",
        wrong="""\
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: internal
- kind: scaffold
  repo: growth-churn-prediction
  template: databrics-pipeline
""",
        right="""\
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: internal
- kind: scaffold
  repo: growth-churn-prediction
  template: databricks-pipeline
""",
        check=_template_allowed,
        exceptable=True,
    ),
    Rule(
        id="scaffold-inputs",
        title="An input the template does not take",
        why="A variable that the template does not know would do nothing, and a value it does not know would "
        "make a project that does not work.",
        fix="Use the variables of the template, and one of the listed values where it lists them; leave "
        "`inputs` out to take what the template has.",
        wrong="""\
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: internal
- kind: scaffold
  repo: growth-churn-prediction
  template: databricks-pipeline
  inputs: {pyhton: "3.12"}
""",
        right="""\
resources:
- kind: repo
  name: growth-churn-prediction
  visibility: internal
- kind: scaffold
  repo: growth-churn-prediction
  template: databricks-pipeline
  inputs: {python: "3.12"}
""",
        check=_inputs_known,
    ),
)


def _made_once(before: Desired[ScaffoldSpec], after: Desired[ScaffoldSpec]) -> Iterator[Complaint]:
    repo = after.spec.repo
    if after.spec.template != before.spec.template:
        yield Complaint(
            path="template",
            message=f"A template is only the first commit of {repo}; once made, the plan refuses another.",
            hint=f"Write `template: {before.spec.template}`; another template needs another repository.",
        )
    elif after.spec.inputs != before.spec.inputs:
        yield Complaint(
            path="inputs",
            message=f"Inputs only go into the first commit of {repo}; once made, they change nothing.",
            hint="Change the files in the repository itself.",
        )


EDITS = (
    EditRule(
        id="scaffold-first-commit",
        severity=Severity.WARNING,
        title="A template is not applied a second time",
        why="A template makes the first commit of a repository; from then on the content is the team's own.",
        fix="Write the template and the inputs as they were, and change the files in the repository itself. "
        "Another template needs another repository.",
        wrong="""\
# requests/dev/growth/churn-prediction.yaml, merged
resources:
- kind: scaffold
  repo: growth-churn-prediction
  template: databricks-pipeline
# requests/dev/growth/churn-prediction.yaml
resources:
- kind: scaffold
  repo: growth-churn-prediction
  template: python-library
""",
        right="""\
# requests/dev/growth/churn-prediction.yaml, merged
resources:
- kind: scaffold
  repo: growth-churn-prediction
  template: databricks-pipeline
# requests/dev/growth/churn-prediction.yaml
resources:
- kind: scaffold
  repo: growth-churn-prediction
  template: databricks-pipeline
""",
        check=_made_once,
    ),
)
