"""The catalogue of fields: closed, in the order of asking, typed from the models."""

from __future__ import annotations

from gitops.fields import catalogue
from tests.support.language import REGISTRY

FIELDS = catalogue(REGISTRY)


def test_the_order_of_asking() -> None:
    paths = list(FIELDS)
    assert paths[:8] == [
        "resources",
        "metadata.name",
        "metadata.team",
        "metadata.environment",
        "metadata.purpose",
        "metadata.business_owner",
        "metadata.data_classification",
        "metadata.expires",
    ]
    assert paths.index("resources.repo.name") < paths.index("resources.scaffold.repo")


def test_what_nobody_is_asked_is_not_in_it() -> None:
    assert not [
        path for path in FIELDS if "requested_by" in path or "lifecycle" in path or path.endswith("adopt")
    ]
    assert "resources.repo.kind" not in FIELDS


def test_types_choices_and_bounds() -> None:
    kinds = {path: field.type for path, field in FIELDS.items()}
    assert kinds["resources"] == "choices"
    assert kinds["metadata.name"] == "text"
    assert kinds["metadata.environment"] == "choice"
    assert kinds["metadata.business_owner"] == kinds["metadata.technical_owner"] == "person"
    assert kinds["metadata.members"] == "people"
    assert kinds["metadata.expires"] == "date"
    assert kinds["resources.compute.gpu"] == "boolean"
    assert kinds["resources.compute.max_workers"] == "integer"
    assert kinds["resources.repo.topics"] == "list"
    assert kinds["resources.repo.access"] == "access"
    assert kinds["resources.scaffold.inputs"] == "mapping"
    workers = FIELDS["resources.compute.max_workers"]
    assert (workers.minimum, workers.maximum, workers.required) == (1, 100, False)
    assert FIELDS["resources.repo.visibility"].choices == ("private", "internal")
    assert FIELDS["metadata.data_classification"].choices == (
        "public",
        "internal",
        "confidential",
        "restricted",
    )
    assert FIELDS["resources"].choices == ("compute", "repo", "scaffold")


def test_required_and_examples() -> None:
    assert FIELDS["metadata.purpose"].required
    assert not FIELDS["metadata.expires"].required
    assert FIELDS["resources.repo.name"].required
    assert FIELDS["metadata.business_owner"].example == "jane.doe@acme.example"
    assert FIELDS["resources.scaffold.template"].example == "python-library"
    assert FIELDS["metadata.expires"].example == "2027-04-30"


def test_words_for_kinds() -> None:
    assert FIELDS["resources"].ask.words["repository"] == "repo"
    assert "A repo." in FIELDS["resources"].ask.help


def test_risk_is_marked_where_a_wrong_value_hurts() -> None:
    risky = {path for path, field in FIELDS.items() if field.ask.risky}
    assert risky >= {
        "metadata.team",
        "metadata.environment",
        "metadata.business_owner",
        "metadata.technical_owner",
        "metadata.members",
        "metadata.data_classification",
    }
    never_defaulted = {path for path, field in FIELDS.items() if not field.ask.default}
    assert never_defaulted >= {"metadata.business_owner", "metadata.data_classification", "metadata.expires"}
