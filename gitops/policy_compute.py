"""What the policy says of compute beyond its limits: under which cluster policy, and in which pools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.layers import Text
from gitops.vocabulary import Part

if TYPE_CHECKING:
    from gitops.yamltext import Path


class ClusterPolicy(Part, kw_only=True):
    """The cluster policy that clusters and jobs are made under: by ``name``, by ``id``, or ours.

    ``name`` knows ``{team}`` and ``{environment}``. ``make``: each gets one of its own, which allows what was
    decided and nothing larger.
    """

    name: Text | None = None
    id: Text | None = None
    make: bool = False


class ComputeRules(Part, kw_only=True):
    """The section ``compute``.

    ``instance_pools`` are names or ids; one is used where its machines are those that were decided, for the
    workers and for the driver.
    """

    cluster_policy: ClusterPolicy | None = None
    instance_pools: tuple[Text, ...] = ()

    def policy_name(self, *, team: str, environment: str) -> str:
        """The name of the cluster policy to use for a team's compute; empty where it is not by name."""
        name = (self.cluster_policy and self.cluster_policy.name) or ""
        return name.replace("{team}", team).replace("{environment}", environment)


def problems(rules: ComputeRules) -> Iterator[tuple[Path, str, str]]:
    """What is wrong with the section: a place in it, a sentence, and what to do."""
    given = rules.cluster_policy
    if given is not None and [bool(given.name), bool(given.id), given.make].count(True) != 1:
        yield (
            ("cluster_policy",),
            "A cluster policy is given by its name, by its id, or made.",
            "Write exactly one of `name`, `id` and `make: true`.",
        )
