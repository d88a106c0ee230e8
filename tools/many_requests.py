"""Makes a repository of as many valid requests as wanted, with a policy that allows them, to measure with.

    python tools/many_requests.py FOLDER 5000

Each request is like ``tests/data/requests/dev/growth/churn-prediction.yaml``: two to four resources, about 35
lines, nothing that another one claims. A team has about 15 of them; where that would make the policy file
larger than is read, teams have more. The same number gives the same files on the same day.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PER_TEAM = 15
MOST_TEAMS = 600
CATALOGS = {"dev": "ml_dev", "staging": "ml_stg", "prod": "ml_prod"}
ENVIRONMENTS = ("dev",) * 7 + ("staging",) * 2 + ("prod",)
CLASSIFICATIONS = ("internal", "public", "internal", "confidential")
MIXES = (
    ("repo", "scaffold", "schema", "compute"),
    ("repo", "schema", "compute"),
    ("schema", "compute"),
    ("repo", "schema"),
    ("repo", "scaffold"),
)
PURPOSES = (
    "Predict which subscribers will leave next month.",
    "Score leads so that sales calls the right people first.",
    "Forecast what every warehouse needs next week.",
    "Find payments that look like fraud before they are settled.",
)
GIT = {
    **{f"GIT_{who}_{what}": "bench" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def policy(count: int) -> str:
    """The sample organisation's policy, and teams for so many requests: an approver and a requester each."""
    teams, people = [], []
    per_team = -(-count // _teams(count))
    for number in range(1, _teams(count) + 1):
        team = _team(number)
        teams.append(
            f"  {team}: {{github_team: {team}, databricks_group: {team}, cost_center: CC-{number}, "
            f"approvers: [boss-{number}], quota: {{open_requests: {per_team + 5}}}}}\n"
        )
        people += [
            f"- {{name: {who.title()} {number}, email: {who}-{number}@acme.example, "
            f"slack: U{letter}{number:05}, github: {who}-{number}, team: {team}}}\n"
            for who, letter in (("boss", "B"), ("asker", "A"))
        ]
    text = (ROOT / "requests/policy.yaml").read_text("utf-8")
    for section, lines in (("teams:\n", teams), ("people:\n", people)):
        before, found, after = text.partition(f"\n{section}")
        if not found:
            sys.exit(f"requests/policy.yaml has no section {section}")
        text = before + found + "".join(lines) + after
    return text


def request(number: int, count: int, expires: str) -> tuple[str, str]:
    """Path and text of one request; ``expires`` is a date."""
    where = number % _teams(count) + 1
    team, environment = _team(where), ENVIRONMENTS[number % len(ENVIRONMENTS)]
    name = f"project-{number + 1}"
    lines = [
        "# yaml-language-server: $schema=../../schema.json",
        "apiVersion: lakeport/v1",
        "kind: Onboarding",
        "metadata:",
        f"  name: {name}",
        f"  team: {team}",
        f"  environment: {environment}",
        f"  purpose: {PURPOSES[number % len(PURPOSES)]}",
        f"  business_owner: boss-{where}@acme.example",
        f"  technical_owner: asker-{where}@acme.example",
        f"  cost_center: CC-{where}",
        f"  data_classification: {CLASSIFICATIONS[number % len(CLASSIFICATIONS)]}",
        f'  expires: "{expires}"',  # in quotes: the YAML that ajv-cli reads has dates, JSON Schema has not
        f"  requested_by: {{slack: UA{where:05}, github: asker-{where}}}",
        "  lifecycle: active",
        "resources:",
    ]
    for kind in MIXES[number % len(MIXES)]:
        lines += _resource(kind, team, name, environment, number)
    return f"requests/{environment}/{team}/{name}.yaml", "\n".join(lines) + "\n"


def _resource(kind: str, team: str, name: str, environment: str, number: int) -> list[str]:
    repo = f"{team}-{name}"
    if kind == "repo":
        return [
            "- kind: repo",
            f"  name: {repo}",
            "  visibility: internal",
            f"  access: [{{team: {team}, permission: maintain}}]",
            "  topics: [churn, forecast]",
        ]
    if kind == "scaffold":
        return ["- kind: scaffold", f"  repo: {repo}", "  template: databricks-pipeline"]
    if kind == "schema":
        return [
            "- kind: schema",
            f"  catalog: {CATALOGS[environment]}",
            f"  name: project_{number + 1}",
            f"  comment: What the project {number + 1} keeps and shows.",
            "  grants:",
            f"  - {{principal: {team}, privileges: [USE_SCHEMA, SELECT, MODIFY, CREATE_TABLE]}}",
            "  - {principal: growth, privileges: [USE_SCHEMA, SELECT]}",
            "  grants_mode: named",
        ]
    return [
        "- kind: compute",
        f"  name: {repo}-{environment}",
        "  type: cluster",
        f"  workload: {('ml', 'etl', 'analytics')[number % 3]}",
        "  size: small",
        "  gpu: false",
        "  min_workers: 1",
        f"  max_workers: {number % 3 + 1}",
        "  auto_stop_minutes: 30",
        "  libraries: [lightgbm==4.5.0]",
        f"  access: [{{principal: {team}, level: CAN_RESTART}}]",
    ]


def _team(number: int) -> str:
    return f"team-{number}"


def _teams(count: int) -> int:
    return max(1, min(MOST_TEAMS, count // PER_TEAM))


def make(folder: Path, count: int) -> int:
    """Write the repository, with all of it in one commit on ``main``; the number of lines of all requests."""
    expires = str(datetime.now(UTC).date() + timedelta(days=90))
    lines = 0
    for number in range(count):
        name, text = request(number, count, expires)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        lines += text.count("\n")
    (folder / "requests/policy.yaml").write_text(policy(count), "utf-8")
    (folder / "requests/schema.json").write_bytes((ROOT / "requests/schema.json").read_bytes())
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", f"{count} requests")
    git(folder, "repack", "-a", "-d", "--quiet")  # as in a clone
    return lines


def change_one(folder: Path) -> None:
    """Change one request on a branch of its own, and commit it."""
    path = min((folder / "requests/dev").glob("*/*.yaml"))
    git(folder, "switch", "--quiet", "-c", "work")
    text = path.read_text("utf-8").replace("  purpose: ", "  purpose: Once more, and better. ", 1)
    path.write_text(text, "utf-8")
    git(folder, "commit", "--quiet", "--all", "-m", "Change one")


def git(folder: Path, *arguments: str) -> None:
    """One call of git that must succeed, without anybody's own settings."""
    command = ["git", "-C", str(folder), "-c", "gc.auto=0", *arguments]  # nothing goes on in the background
    subprocess.run(command, check=True, env=os.environ | GIT)


def main() -> int:
    """Make the repository that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    lines = make(options.folder, options.count)
    sys.stdout.write(f"{options.count:,} requests, {lines / options.count:.0f} lines each\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
