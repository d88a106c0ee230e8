"""A repository of the request that waits to be filled, in the GitHub of :mod:`tests.fakes.repo`."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.fakes.repo import PROPERTY, FakeGithub, Repo, World


class Case:
    """A new repository of the request: a README and nothing else."""

    spec: ClassVar[dict[str, Any]] = {
        "kind": "scaffold",
        "repo": "growth-churn",
        "template": "databricks-pipeline",
    }
    foreign_is_refused = True

    def __init__(self) -> None:
        self.world = World("growth")
        self.client = FakeGithub(self.world)
        self.world.repos["growth-churn"] = Repo(
            name="growth-churn",
            properties={PROPERTY: "dev/growth/churn"},
            commits=[{"README.md": "# growth-churn"}],
        )

    def make_foreign(self) -> None:
        """The repository is nobody's."""
        self.world.repos["growth-churn"].properties.clear()

    def retired_with(self) -> None:
        """The files go with their repository, which its own kind archives."""
        self.world.repos["growth-churn"].archived = True


CASES = {"scaffold": Case}
