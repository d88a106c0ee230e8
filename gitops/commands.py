"""What the commands of the command line do, below their options: files in, GitHub, the run of an apply."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.checkout import SCHEMA
from gitops.errors import ConfigurationError, LakeportError, UsageError

if TYPE_CHECKING:
    from types import FrameType

    from gitops.checking import Checked
    from gitops.checkout import Checkout
    from gitops.engine import Journal
    from gitops.kind import Registry
    from gitops.landing import Landed
    from gitops.policy import Policy
    from gitops.pulls import Repository

_REPORT_LIMIT = 20 * 1024 * 1024


def checkout_here() -> Checkout:
    """The checkout at the current folder."""
    from gitops.checkout import Checkout

    return Checkout.here()


def check_files(
    registry: Registry,
    paths: list[Path] | None,
    everything: bool,
    changed_since: str | None,
    policy_from: str | None,
) -> tuple[Checked, Policy]:
    """Check the files that the options name, and say by which policy."""
    from gitops import checking

    checkout = checkout_here()
    chosen = checking.choose(checkout, paths or (), everything=everything, changed_since=changed_since)
    rules = checking.read_policy(checkout, policy_from)
    return checking.check(checkout, chosen, registry=registry, rules=rules, day=checking.today()), rules


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


def apply_all(registry: Registry, journal: Journal, tell: Callable[[Landed], None]) -> list[Landed]:
    """Land everything that is merged and not applied; ``tell`` hears of each request when it is done."""
    from gitops import gating, landing
    from gitops.clients import repository_github
    from gitops.drawing import Clients
    from gitops.pulls import open_repository
    from gitops.receipts import Receipts

    checkout = checkout_here()
    rules = landing.policy_of(checkout)
    name = full_name()
    github = repository_github(os.environ)
    repo = open_repository(github, name)
    attempt = os.environ.get("GITHUB_RUN_ATTEMPT", "")
    site = landing.Site(
        checkout=checkout,
        registry=registry,
        policy=rules,
        pulls=repo,
        ledger=Receipts(github, name, blobs=checkout.blobs),
        clients=Clients(os.environ),
        judge=lambda pull: gating.judge_pull(repo, pull, registry=registry, rules=rules),
        journal=journal,
        run_url=_run_url(os.environ),
        run_id=os.environ.get("GITHUB_RUN_ID", ""),
        attempt=int(attempt) if attempt.isdecimal() else 1,
        tool_version=version(),
    )
    return landing.apply_pending(site, tell=tell)


def _run_url(env: Mapping[str, str]) -> str:
    server, name, run = env.get("GITHUB_SERVER_URL"), env.get("GITHUB_REPOSITORY"), env.get("GITHUB_RUN_ID")
    return f"{server}/{name}/actions/runs/{run}" if server and name and run else ""


def stop_on_sigterm() -> None:
    """A cancelled workflow sends SIGTERM after SIGINT; both end in a receipt."""
    import signal

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)


def compare_schema(text: str) -> None:
    """Raise unless the published schema is this text."""
    try:
        current = Path(SCHEMA).read_text("utf-8")
    except OSError:
        current = ""
    if current != text:
        raise LakeportError(
            f"{SCHEMA} is not what the kinds say.", fix=f"Run `lakeport schema --out {SCHEMA}` and commit it."
        )


def version() -> str:
    """The version of Lakeport, also when it runs from a checkout without being installed."""
    from importlib import metadata

    try:
        return metadata.version("lakeport")
    except metadata.PackageNotFoundError:
        import tomllib

        project = Path(__file__).resolve().parent.parent / "pyproject.toml"
        return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


def commit_id(text: str) -> str:
    """The text, when it is a full commit id."""
    if len(text) != 40 or not set(text) <= set("0123456789abcdef"):
        raise UsageError("--sha takes a full commit id of 40 characters.")
    return text


def read_report(path: Path) -> bytes:
    """The bytes of a report, within reason."""
    try:
        if path.stat().st_size > _REPORT_LIMIT:
            raise UsageError(f"{path} is larger than any report.")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def write(path: Path, text: str) -> None:
    """Write a file that the person named."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
