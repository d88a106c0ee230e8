"""Words people say for values and kinds, beside those that the fields themselves list."""

from __future__ import annotations

from collections.abc import Mapping

MORE_WORDS: Mapping[str, Mapping[str, str]] = {
    "environment": {
        "development": "dev",
        "sandbox": "dev",
        "entwicklung": "dev",
        "entwicklungsumgebung": "dev",
        "stage": "staging",
        "stg": "staging",
        "pre-prod": "staging",
        "preprod": "staging",
        "production": "prod",
        "produktion": "prod",
        "produktiv": "prod",
        "produktionsumgebung": "prod",
        "live": "prod",
        "prd": "prod",
    },
    "data_classification": {
        "öffentlich": "public",
        "intern": "internal",
        "interne": "internal",
        "vertraulich": "confidential",
        "vertrauliche": "confidential",
        "streng vertraulich": "restricted",
        "strictly confidential": "restricted",
        "streng geheim": "restricted",
    },
    "visibility": {
        "privat": "private",
        "privates": "private",
        "privaten": "private",
        "intern": "internal",
        "internes": "internal",
        "internen": "internal",
    },
    "size": {
        "smallest": "xs",
        "extra small": "xs",
        "x-small": "xs",
        "extra-small": "xs",
        "klein": "small",
        "kleine": "small",
        "kleines": "small",
        "kleinen": "small",
        "kleiner": "small",
        "mittel": "medium",
        "mittleren": "medium",
        "mittlerer": "medium",
        "mittelgroßen": "medium",
        "mittlere": "medium",
        "mittleres": "medium",
        "mittelgroß": "medium",
        "mittelgroßes": "medium",
        "groß": "large",
        "große": "large",
        "großes": "large",
        "großen": "large",
        "extra large": "xl",
        "x-large": "xl",
        "extra-large": "xl",
    },
    "workload": {
        "machine learning": "ml",
        "machine-learning": "ml",
        "reporting": "analytics",
        "bi": "analytics",
    },
    "type": {
        "sql warehouse": "sql_warehouse",
        "sql-warehouse": "sql_warehouse",
        "sql endpoint": "sql_warehouse",
        "warehouse": "sql_warehouse",
        "databricks job": "job",
    },
}
"""Words people say for the values of a field, by the field's name; they count where the field has that
value.
"""

MORE_KINDS: Mapping[str, tuple[str, ...]] = {
    "repo": (
        "repository",
        "git repo",
        "git repository",
        "github repo",
        "github repository",
        "git-repo",
        "codebase",
    ),
    "schema": ("uc schema", "unity catalog schema", "databricks schema", "datenbankschema"),
    "scaffold": ("project template", "boilerplate", "skeleton"),
}
"""Words people say for a kind beside those the kind itself lists."""
