"""`lakeport gate`: whether the approvals of a pull request satisfy the policy, said on the pull request."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import answer

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry
    from gitops.pulls import Pull


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The pull request."""
    shared.add_pull(parser)
    shared.add_json(parser)
    parser.epilog = """\
Says in words and as a check run whether they satisfy the policy. The workflow
of a pull request calls this. Exit code 5 when they do not."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Judge, and post the verdict; a pull request of which there is nothing to say is left alone."""
    from gitops import gating, posting

    rules = shared.read_policy(shared.checkout_here())
    repo = shared.repository()
    found = repo.pull(options.pull)
    if why := _passed_over(found, repo.default_branch):
        answer(options.json, why, {"outcome": None, "passed": False, "sentences": [why]})
        return 5
    verdict = gating.judge_pull(repo, found, registry=registry, rules=rules)
    posting.post_gate(repo, found, verdict)
    data = {
        "outcome": str(verdict.outcome),
        "passed": verdict.passed,
        "sentences": list(verdict.sentences),
        "head": verdict.head,
        "rules": [asdict(one) | {"lacks": one.lacks} for one in verdict.weighed],
        "approvals": [asdict(one) for one in verdict.approvals],
        "ignored": [asdict(one) for one in verdict.ignored],
        "broke_glass": [asdict(one) for one in verdict.broke_glass],
        "passes_alone": list(verdict.passes_alone),
    }
    answer(options.json, "\n".join(verdict.sentences), data)
    return 0 if verdict.passed else 5


def _passed_over(pull: Pull, branch: str) -> str:
    """Why nothing is judged; empty where it is.

    The check run is on a commit, and one commit can be the head of several pull requests: what is said of one
    into another branch would be taken for what is said of the one into this.
    """
    if pull.base_ref != branch:
        return f"Pull request {pull.number} goes into {pull.base_ref}; only those into {branch} are judged."
    if pull.from_fork:
        return f"Pull request {pull.number} comes from a fork; those are not judged."
    if pull.state != "open":
        return f"Pull request {pull.number} is {'merged' if pull.merged else 'closed'}."
    return ""
