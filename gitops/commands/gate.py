"""`lakeport gate`: whether the approvals of a pull request satisfy the policy, said on the pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import answer

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The pull request."""
    shared.add_pull(parser)
    shared.add_json(parser)
    parser.epilog = """\
Says in words and as a check run whether they satisfy the policy. The workflow
of a pull request calls this. Exit code 5 when they do not."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Judge, and post the verdict."""
    from gitops import gating, posting

    rules = shared.read_policy(shared.checkout_here())
    repo = shared.repository()
    found = repo.pull(options.pull)
    verdict = gating.judge_pull(repo, found, registry=registry, rules=rules)
    posting.post_gate(repo, found, verdict)
    data = {
        "outcome": str(verdict.outcome),
        "passed": verdict.passed,
        "sentences": list(verdict.sentences),
    }
    answer(options.json, "\n".join(verdict.sentences), data)
    return 0 if verdict.passed else 5
