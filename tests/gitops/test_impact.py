"""What a change of the policy means for the requests there are, and how it is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gitops.checkout import Checkout
from gitops.impact import Affected, Impact, Outcome, of_branch, of_change
from gitops.markup import Page
from gitops.posting import plan_title
from gitops.render_impact import impact_page, impact_section, impact_summary
from gitops.render_plan import plan_comment
from gitops.report import Report, dumps, loads
from handlers import registry
from tests.support.gitrepo import GitRepo
from tests.support.language import POLICY, TODAY, text

REGISTRY = registry()
FILE = "requests/policy.yaml"
SAMPLE = POLICY.read_text()


def changed(*changes: tuple[str, str]) -> bytes:
    found = SAMPLE
    for before, after in changes:
        assert found.count(before) == 1, before
        found = found.replace(before, after)
    return found.encode()


def request(name: str, **more: str) -> dict[str, bytes]:
    changes = {
        "name": name,
        "resources": f"- {{kind: repo, name: growth-{name}, visibility: internal}}",
    } | more
    environment, team = changes.get("environment", "dev"), changes.get("team", "growth")
    return {f"requests/{environment}/{team}/{name}.yaml": text(**changes).encode()}


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    files = {FILE: SAMPLE.encode()} | request("one") | request("two", expires="2027-01-01")
    return GitRepo.make(tmp_path, files)


def impact(repo: GitRepo, raw: bytes, base: str = "main") -> Impact:
    repo.write({FILE: raw})
    return of_change(Checkout(repo.root), repo.git("rev-parse", base), REGISTRY, TODAY)


def said(found: Impact) -> dict[str, tuple[str, list[str], list[str]]]:
    return {
        one.request.rpartition("/")[2]: (
            str(one.outcome),
            [finding.rule for finding in one.findings] + [rule.id for rule in one.more],
            [finding.rule for finding in one.gone] + [rule.id for rule in one.fewer],
        )
        for one in found.affected
    }


def test_who_would_newly_be_refused(repo: GitRepo) -> None:
    found = impact(repo, changed(("max_lifetime_days: 180", "max_lifetime_days: 90")))
    assert said(found) == {"one": ("refused", ["lifetime"], [])}
    assert (found.judged, found.invalid, found.ok) == (2, 0, False)
    assert found.affected[0].findings[0].place.line > 0
    assert impact_summary(found) == "Of 2 requests, 1 would newly be refused."


def test_who_would_newly_pass(repo: GitRepo) -> None:
    repo.commit("More", request("long", expires="2027-10-01"))
    found = impact(repo, changed(("max_lifetime_days: 180", "max_lifetime_days: 365")))
    assert said(found) == {"long": ("passes", [], ["lifetime"])}
    assert found.ok
    assert impact_summary(found) == "Of 3 requests, 1 would newly pass."


def test_who_would_need_others(repo: GitRepo) -> None:
    found = impact(repo, changed(("approvers: [nadia-k]", "approvers: [liwei, nadia-k, janed]")))
    assert said(found) == {
        "one": ("changed", ["environment-dev"], ["environment-dev"]),
        "two": ("changed", ["environment-dev"], ["environment-dev"]),
    }
    assert found.affected[0].more[0].approvers == {"nadia-k", "janed"}
    assert found.ok


def test_the_worst_come_first_in_a_stable_order(repo: GitRepo) -> None:
    repo.commit("More", request("aaa", expires="2027-10-01") | request("bbb", members="[x@acme.example]"))
    found = impact(
        repo,
        changed(
            ("max_lifetime_days: 180", "max_lifetime_days: 400"),
            (
                'repo: {default: "{team}-{name}", pattern: "{team}-*"}',
                'repo: {default: "{name}", pattern: "*-o*"}',
            ),
            ("email: tomas.blanco@acme.example", "email: x@acme.example"),
        ),
    )
    assert [(one.request.rpartition("/")[2], str(one.outcome)) for one in found.affected] == [
        ("bbb", "refused"),
        ("two", "refused"),
        ("aaa", "changed"),
    ]
    assert said(found)["aaa"] == ("changed", ["naming"], ["lifetime"])
    assert said(found)["bbb"] == ("refused", ["naming"], ["person-known"])


def test_a_line_that_only_moves_changes_nothing(repo: GitRepo) -> None:
    repo.commit("More", request("long", expires="2027-10-01"))
    found = impact(repo, b"# A further line.\n" + SAMPLE.encode())
    assert found.affected == ()
    assert found.ok
    assert impact_summary(found) == "Of 3 requests, none would change."


def test_a_default_changes_no_file_that_exists(repo: GitRepo) -> None:
    found = impact(repo, changed(("repo: {visibility: internal}", "repo: {visibility: private}")))
    assert found.affected == ()


def test_quotas_and_own_rules_count(repo: GitRepo) -> None:
    quota = "    approvers: [nadia-k]\n    quota: {open_requests: 1}\n"
    found = impact(repo, changed(("    approvers: [nadia-k]\n", quota)))
    assert said(found) == {"two": ("refused", ["quota-requests"], [])}
    rule = "- {id: acme-name, check: \"metadata.name != 'one'\", message: No., severity: warning}\n"
    found = impact(repo, changed(("rules:\n- id: acme", f"rules:\n{rule}- id: acme")))
    assert said(found) == {"one": ("changed", ["acme-name"], [])}


def test_what_is_no_request_is_counted(repo: GitRepo) -> None:
    repo.commit("Bad", {"requests/dev/growth/bad.yaml": b"a: [\n"})
    found = impact(repo, SAMPLE.encode())
    assert (found.judged, found.invalid) == (2, 1)
    assert impact_summary(found) == "Of 2 requests, none would change. Not valid by any policy: 1 file."


def test_what_is_retired_is_nobodys_concern(repo: GitRepo) -> None:
    repo.commit("Old", request("old", lifecycle="retired"))
    found = impact(repo, changed(("[nadia-k]", "[nadia-k, janed]")))
    assert (found.judged, found.invalid) == (2, 0)
    assert set(said(found)) == {"one", "two"}


def test_a_policy_with_errors_says_them(repo: GitRepo) -> None:
    found = impact(repo, changed(("approvers: [nadia-k]", "approvers: [nadia-q]")))
    assert [finding.rule for finding in found.findings] == ["policy-reference"]
    assert (found.judged, found.ok) == (0, False)
    assert impact_summary(found) == "The policy has errors, so no request can be judged by it."


def test_a_policy_with_warnings_is_used(repo: GitRepo) -> None:
    found = impact(repo, changed(("dev: [ml_dev, a", "dev: [ml_dev, ml_dev, a")))
    assert [finding.rule for finding in found.findings] == ["policy-twice"]
    assert (found.judged, found.ok) == (2, True)


def test_a_policy_before_that_cannot_be_used(repo: GitRepo) -> None:
    repo.commit("Bad", {FILE: b"cloud: azure\n"})
    found = impact(repo, SAMPLE.encode(), "HEAD")
    assert not found.ok
    assert impact_summary(found).startswith("The policy before the change has ")
    repo.commit("None", {}, delete=(FILE,))
    found = impact(repo, SAMPLE.encode(), "HEAD")
    assert impact_summary(found) == "Before the change there was no policy. So nothing is compared."


def test_a_policy_that_is_gone_or_no_file(repo: GitRepo) -> None:
    (repo.root / FILE).unlink()
    gone = of_branch(Checkout(repo.root), "main", REGISTRY, TODAY)
    assert gone is not None
    assert not gone.ok
    assert "takes the policy away" in impact_summary(gone)
    assert Report().with_impact(gone).exit_code == 1
    (repo.root / FILE).symlink_to("/etc/passwd")
    linked = of_branch(Checkout(repo.root), "main", REGISTRY, TODAY)
    assert linked is not None
    assert [finding.rule for finding in linked.findings] == ["path-link"]


def test_a_branch_that_leaves_the_policy_alone_has_none(repo: GitRepo) -> None:
    checkout = Checkout(repo.root)
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Another request", request("three"))
    assert of_branch(checkout, "main", REGISTRY, TODAY) is None
    repo.git("switch", "--quiet", "main")
    repo.commit("The policy moves on", {FILE: changed(("max_lifetime_days: 180", "max_lifetime_days: 90"))})
    repo.git("switch", "--quiet", "work")
    assert of_branch(checkout, "main", REGISTRY, TODAY) is None, "the branch did not change it"
    repo.commit("So does the branch", {FILE: changed(("max_size: medium", "max_size: xs"))})
    assert of_branch(checkout, "main", REGISTRY, TODAY) is not None


# --- how it is said


def _many(count: int) -> Impact:
    affected = tuple(
        Affected(request=f"dev/growth/r-{number:04}", path=f"requests/{number}", outcome=Outcome.CHANGED)
        for number in range(count)
    )
    return Impact(base="b" * 40, judged=count, counts={Outcome.CHANGED: count}, affected=affected)


def test_it_survives_json(repo: GitRepo) -> None:
    found = impact(
        repo,
        changed(("max_lifetime_days: 180", "max_lifetime_days: 90"), ("[nadia-k]", "[nadia-k, janed]")),
    )
    assert Impact.from_json(json.loads(json.dumps(found.as_json()))) == found
    report = Report().with_impact(found)
    assert loads(dumps(report)) == report
    assert loads(dumps(Report())).impact is None


def test_the_plan_of_a_pull_request_says_it(repo: GitRepo) -> None:
    found = impact(
        repo,
        changed(("max_lifetime_days: 180", "max_lifetime_days: 90"), ("[nadia-k]", "[nadia-k, janed]")),
    )
    report = Report().with_impact(found)
    page = plan_comment(report)
    assert "**Of 2 requests, 1 would newly be refused and 1 would change.**" in page
    assert "| <code>dev/growth/one</code> | + error: The lifetime is 158 days; dev allows 90" in page
    assert "approval: 1 of janed, nadia-k: The environment dev" in page
    assert page.index("1 would newly be refused\n") < page.index("1 would change\n")
    assert plan_title(report) == "Of 2 requests, 1 would newly be refused and 1 would change."
    assert report.exit_code == 0, "what it means is for people to weigh"


def test_errors_of_the_policy_fail_the_check_and_stand_in_the_plan(repo: GitRepo) -> None:
    report = Report().with_impact(impact(repo, changed(("[nadia-k]", "[nadia-q]"))))
    assert report.exit_code == 1
    assert "The approver nadia-q of growth is not among the people" in plan_comment(report)


def test_a_page_has_an_end_and_counts_what_is_left_out() -> None:
    report = Report().with_impact(_many(5000))
    assert report.impact is not None
    assert len(report.impact.affected) == 200
    page = plan_comment(loads(dumps(report)))
    assert len(page) < 65_536
    assert "#### 5000 would change" in page
    assert "And 4800 more." in page


def test_what_a_request_says_does_nothing_on_the_page() -> None:
    hostile = "x|<b>@everyone</b> [a](https://evil.example)\n::error::"
    one = Affected(request=hostile, path=hostile, outcome=Outcome.REFUSED)
    page = Page("# x")
    impact_section(page, Impact(base="", judged=1, counts={Outcome.REFUSED: 1}, affected=(one,)))
    assert "@everyone" not in str(page)
    assert "<b>" not in str(page)
    assert "https://evil" not in str(page)


def test_a_page_of_its_own(repo: GitRepo) -> None:
    page = impact_page(impact(repo, SAMPLE.encode()))
    assert page.startswith("## The policy\n")
    assert "none would change" in page
