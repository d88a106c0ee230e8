"""What several commands share: the options they have in common, the files these name, and GitHub."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.errors import ConfigurationError, InvalidRequest, UsageError

if TYPE_CHECKING:
    import argparse

    from gitops.checking import Checked
    from gitops.checkout import Checkout
    from gitops.finding import Finding
    from gitops.kind import Registry
    from gitops.policy import Policy
    from gitops.pulls import Repository
    from gitops.request import Loaded

# --- options


def add_files(parser: argparse.ArgumentParser) -> None:
    """``[PATH …]``, ``--all`` and ``--changed-since``: which request files."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="Request files or folders; all request files when left out.",
    )
    parser.add_argument("--all", action="store_true", help="Every request file.")
    parser.add_argument(
        "--changed-since", metavar="REV", help="The files that this branch changed since it left REV."
    )


def add_policy_from(parser: argparse.ArgumentParser) -> None:
    """``--policy-from``: by which policy."""
    parser.add_argument("--policy-from", metavar="REV", help="Judge by the policy of this commit.")


def add_json(parser: argparse.ArgumentParser, text: str = "The result as JSON, on standard output.") -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help=text)


def add_out(parser: argparse.ArgumentParser, text: str) -> None:
    """``--out``."""
    parser.add_argument("--out", type=Path, metavar="FILE", help=text)


def add_pull(parser: argparse.ArgumentParser) -> None:
    """``--pull``, which is required."""
    from gitops.arguments import whole_number

    parser.add_argument(
        "--pull", required=True, type=whole_number(1), metavar="N", help="Number of the pull request."
    )


# --- what options name


def checkout_here() -> Checkout:
    """The checkout at the current folder."""
    from gitops.checkout import Checkout

    return Checkout.here()


def check_files(registry: Registry, options: argparse.Namespace) -> tuple[Checked, Policy]:
    """Check the files that the options of :func:`add_files` name; by which policy, is the second part."""
    from gitops import checking

    checkout = checkout_here()
    chosen = checking.choose(
        checkout, options.paths, everything=options.all, changed_since=options.changed_since
    )
    rules = read_policy(checkout, options.policy_from)
    return checking.check(checkout, chosen, registry=registry, rules=rules, day=checking.today()), rules


def read_policy(checkout: Checkout, revision: str | None = None) -> Policy:
    """The policy, as :func:`gitops.checking.read_policy` reads it; its findings bring its text along."""
    from gitops import checking
    from gitops.checkout import POLICY

    try:
        return checking.read_policy(checkout, revision)
    except InvalidRequest as invalid:
        raw = checkout.read(POLICY) if revision is None else checkout.read_at(revision, POLICY)
        raise InvalidRequest(invalid.findings, {POLICY: raw}) from None


def requests_of(checkout: Checkout, registry: Registry) -> Iterator[Loaded]:
    """The request files of the working tree that are valid; of the others `lakeport check` tells."""
    from gitops import request

    for path in checkout.all_files():
        try:
            yield request.load_request(checkout.read(path), path, registry)
        except InvalidRequest:
            continue


def write(path: Path, text: str) -> None:
    """Write a file that the person named."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def sarif(
    findings: Sequence[Finding],
    sources: Mapping[str, bytes],
    registry: Registry,
    rules: Policy | None = None,
) -> str:
    """The findings as SARIF, with what the rule book says; ``rules`` are those of the organisation."""
    from gitops.rulebook import own_entries, rule_book
    from gitops.sarif import findings_sarif

    book = rule_book(registry, own_entries(rules) if rules else ())
    return findings_sarif(findings, book, sources, version())


# --- GitHub, and ourselves


def repository() -> Repository:
    """The repository of the requests on GitHub, as the environment names it."""
    from gitops.clients import repository_github
    from gitops.pulls import open_repository

    name = full_name()  # first: what is easier to put right is said first
    return open_repository(repository_github(os.environ), name)


def full_name() -> str:
    """``owner/name`` of the repository of the requests."""
    name = os.environ.get("GITHUB_REPOSITORY") or os.environ.get("LAKEPORT_REPOSITORY") or ""
    if name.count("/") != 1 or not all(name.split("/")):
        raise ConfigurationError(
            "GITHUB_REPOSITORY is not set.",
            why="It says which repository holds the requests.",
            fix="Set it to owner/name; GitHub Actions sets it by itself.",
        )
    return name


def this_run() -> tuple[str, int, str]:
    """The id of this run of a workflow, which attempt it is, and its address; by hand, an id of its own."""
    import uuid

    env = os.environ
    attempt, run = env.get("GITHUB_RUN_ATTEMPT", ""), env.get("GITHUB_RUN_ID", "")
    server, name = env.get("GITHUB_SERVER_URL"), env.get("GITHUB_REPOSITORY")
    url = f"{server}/{name}/actions/runs/{run}" if server and name and run else ""
    return run or f"local-{uuid.uuid4().hex}", int(attempt) if attempt.isdecimal() else 1, url


def version() -> str:
    """The version of Lakeport, also when it runs from a checkout without being installed."""
    from importlib import metadata

    try:
        return metadata.version("lakeport")
    except metadata.PackageNotFoundError:
        import tomllib

        project = Path(__file__).resolve().parents[2] / "pyproject.toml"
        return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])
