"""Pages for people: every ``html_url`` leads somewhere, and nothing a person wrote becomes markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.github.pages import markdown
from tests.support.rehearsal_github import REPO, put_file, world

EVIL = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"


def test_markdown_of_strangers_is_only_text() -> None:
    made = markdown(f"<!-- lakeport:plan -->\n| a | b |\n|---|---|\n| 1 | {EVIL} |")
    assert "<table>" in made
    assert "lakeport:plan" not in made
    for bad in ("<script", "<img", 'href="javascript'):
        assert bad not in made


@pytest.mark.usefixtures("loopback")
def test_html_urls_resolve(tmp_path: Path) -> None:
    with world(tmp_path) as acme:
        pull = acme.propose(text=f"purpose: {EVIL}\n")
        bot, number = acme["lakeport"], pull["number"]
        said = bot.ok("POST", f"{REPO}/issues/{number}/comments", {"body": f"**Plan** {EVIL}"})
        file = put_file(bot, "<b>.md", "x", pull["head"]["ref"])
        output = {"title": f"1 change {EVIL}", "summary": "Fine", "text": EVIL}
        body = {"name": "lakeport/plan", "head_sha": file["commit"]["sha"], "conclusion": "success"}
        check = bot.ok("POST", f"{REPO}/check-runs", body | {"output": output})
        review = acme["nadia-k"].ok(
            "POST", f"{REPO}/pulls/{number}/reviews", {"event": "APPROVE", "body": EVIL}
        )
        places = [
            bot.ok("GET", REPO)["html_url"],
            pull["html_url"],
            said["html_url"],
            review["html_url"],
            check["html_url"],
            file["content"]["html_url"],
            file["commit"]["html_url"],
            f"{acme.github.url}/acme/lakeport/tree/{pull['head']['ref']}/requests",
        ]
        for place in places:
            answer = acme["nobody"]("GET", place)
            assert answer.status_code == 200, place
            assert 'name="viewport"' in answer.text
            for bad in ("<script", "<img", "<b>", 'href="javascript'):
                assert bad not in answer.text, (place, bad)
        shown = acme["nobody"]("GET", pull["html_url"]).text
        assert "<strong>Plan</strong>" in shown
        assert "lakeport/plan" in shown
        assert "approved" in shown
        assert acme["nobody"]("GET", "/acme/lakeport/pull/99").status_code == 404
        assert acme["nobody"]("GET", "/acme/none").status_code == 404
        assert acme["nobody"]("GET", "/acme/lakeport/blob/main/../../../github.json").status_code == 404


def test_markdown_keeps_the_tags_github_allows() -> None:
    made = markdown(
        "<details><summary>Cost</summary>\n\n<code>1 &#124; 2</code>\n\n</details>\n\n<style>x{}</style>"
    )
    assert "<details><summary>Cost</summary>" in made
    assert "<code>1 | 2</code>" in made
    assert "<style" not in made


@pytest.mark.usefixtures("loopback")
def test_people_review_and_merge_on_the_page(tmp_path: Path) -> None:
    with world(tmp_path, checks=("lakeport/gate",)) as acme:
        number = acme.propose()["number"]
        act = f"/acme/lakeport/pull/{number}/act"

        def press(who: str, what: str, **more: str) -> int:
            return acme["nobody"].client.post(act, data={"as": who, "do": what, **more}).status_code

        assert "Squash and merge" in acme["nobody"]("GET", f"/acme/lakeport/pull/{number}").text
        assert press("nadia-k", "approve", body="Fine.") == 303
        reviews = acme["lakeport"].ok("GET", f"{REPO}/pulls/{number}/reviews")
        assert [(one["user"]["login"], one["state"]) for one in reviews] == [("nadia-k", "APPROVED")]
        refused = acme["nobody"].client.post(act, data={"as": "nadia-k", "do": "merge"})
        assert refused.status_code == 409
        assert "lakeport/gate" in refused.text
        assert press("lakeport[bot]", "approve") == 409, "only people act here"
        assert press("nadia-k", "delete") == 409
        elsewhere = acme["nobody"].client.post(
            act, data={"as": "nadia-k", "do": "approve"}, headers={"origin": "http://evil.example"}
        )
        assert elsewhere.status_code == 403
