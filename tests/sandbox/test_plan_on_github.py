"""A plan on the rehearsal GitHub, over HTTP: the comment with the plans before it, and notes beside lines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitops import clients
from gitops.finding import Finding, Place, Severity
from gitops.noted import Origin, note
from gitops.posting import post_report
from gitops.pulls import open_repository
from tests.gitops.test_posting import DIGEST, MAKE, TAKE, report
from tests.support.rehearsal_github import REPO, put_file, world

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.usefixtures("loopback")
def test_a_plan_and_the_one_before_it(tmp_path: Path) -> None:
    with world(tmp_path) as acme:
        bot = acme["lakeport"]
        pull = acme.propose()
        number, branch = pull["number"], pull["head"]["ref"]
        noted = note(DIGEST, [Origin("metadata.purpose", "inferred", "<b>churn</b>", "--> @nadia-k")])
        bot.ok("PATCH", f"{REPO}/pulls/{number}", {"body": f"Please.\n\n{noted}\n"})
        hub = clients.repository_github(
            {"LAKEPORT_GITHUB_API_URL": acme.github.url, "GITHUB_TOKEN": acme.tokens["lakeport"]}
        )
        repository = open_repository(hub, "acme/lakeport", check_app="lakeport")

        first = pull["head"]["sha"]
        post_report(repository, report(MAKE), number=number, sha=first, now=NOW)
        second = put_file(bot, "requests/further.yaml", "b: 1\n", branch)["commit"]["sha"]
        errors = tuple(Finding("e", Severity.ERROR, "E.", Place("requests/churn.yaml", 1)) for _ in range(70))
        post_report(repository, report(TAKE, findings=errors), number=number, sha=second, now=NOW)

        (comment,) = bot.ok("GET", f"{REPO}/issues/{number}/comments")
        assert "**create 0, change 1, remove 2, no running cost**" in comment["body"]
        assert "<details><summary>Earlier plans (1)</summary>" in comment["body"]
        assert f"<code>{first[:12]}</code>, 2026-11-21 12:00 UTC: create 1" in comment["body"]
        assert "&#60;b&#62;churn" in comment["body"]
        (run,) = bot.ok("GET", f"{REPO}/commits/{second}/check-runs?check_name=lakeport/plan")["check_runs"]
        assert run["output"]["annotations_count"] == 71
        seen = acme["nobody"]("GET", pull["html_url"]).text
        assert "nadia-k" in seen
        assert "&lt;b&gt;churn" in seen or "&#60;b&#62;churn" in seen
        assert "lakeport:origins" not in seen
        assert "lakeport:plans" not in seen
