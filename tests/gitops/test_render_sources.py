"""Where the values of a request come from, as its pull request says it."""

from __future__ import annotations

from gitops import render
from gitops.markup import LIMIT
from gitops.noted import Origin

NASTY = "<script>alert(1)</script> @acme/admins [x](https://evil.example) `y` #12 ```"
DOCUMENT = {
    "metadata": {"name": "churn", "team": "growth", "environment": "dev", "purpose": "Find out who pays."},
    "resources": [{"kind": "schema", "name": "churn", "catalog": "ml_dev"}],
}
ORIGINS = [
    Origin("metadata.name", "said", "churn"),
    Origin("metadata.team", "looked_up", "growth"),
    Origin("metadata.environment", "default", "dev"),
    Origin("resources.compute.workload", "inferred", "ml", "we train models"),
]


def test_every_value_is_listed_under_where_it_comes_from() -> None:
    body = render.pull_body(DOCUMENT, origins=ORIGINS)
    assert "Where the values come from: 1 said, 1 looked up, 1 default, 1 inferred" in body
    assert "- Said by the person who asked: <code>metadata.name</code>" in body
    assert "- Looked up in the directory or the policy: <code>metadata.team</code>" in body
    assert "- Default of the policy or of a naming rule: <code>metadata.environment</code>" in body


def test_what_was_concluded_stands_open_with_its_words() -> None:
    body = render.pull_body(DOCUMENT, origins=ORIGINS)
    shown, _, folded = body.partition("<details>")
    assert (
        "- <code>resources.compute.workload</code> <code>ml</code>, from the words “we train models”" in shown
    )
    assert "compute.workload" not in folded


def test_without_origins_nothing_is_said_of_them() -> None:
    assert "values come from" not in render.pull_body(DOCUMENT)


def test_words_of_people_do_nothing_there() -> None:
    body = render.pull_body(
        DOCUMENT, origins=[Origin(NASTY, "inferred", NASTY, NASTY), Origin(NASTY, "said", NASTY)]
    )
    assert "<script>" not in body
    assert "@acme" not in body
    assert "](https" not in body
    assert "```" not in body


def test_a_page_of_thousands_of_values_keeps_to_the_limit() -> None:
    origins = [
        Origin(f"resources.schema[n{number}].comment", source, NASTY * 10, NASTY * 10)
        for number in range(2000)
        for source in ("inferred", "said")
    ]
    body = render.pull_body(DOCUMENT, origins=origins)
    assert len(body) <= LIMIT
    assert "Left out, because the page would be too long" in body
