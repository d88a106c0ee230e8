"""What our own rulesets forbid on the rehearsal GitHub: every way to main but a merge with both checks."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops.doctor import REQUIRED_CHECKS
from gitops.doctor_rulesets import ruleset, ruleset_of_receipts
from tests.support.rehearsal_github import REPO, World, world

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[World]:
    """A repository with the rulesets, whose checks the app ``lakeport`` has to write."""
    with world(tmp_path) as found:
        main = head(found, "main")
        owner = found["owner"]
        owner.ok("POST", f"{REPO}/git/refs", {"ref": "refs/heads/receipts", "sha": main})
        app = found.github.state.data.apps["lakeport"].id
        for one in (ruleset("main", app), ruleset_of_receipts()):
            owner.ok("POST", f"{REPO}/rulesets", one)
        yield found


def head(acme: World, branch: str) -> str:
    return str(acme["owner"].ok("GET", f"{REPO}/git/ref/heads/{branch}")["object"]["sha"])


def commit(acme: World, parents: list[str]) -> str:
    tree = acme["owner"].ok("GET", f"{REPO}/git/commits/{head(acme, 'main')}")["tree"]["sha"]
    body = {"message": "x", "tree": tree, "parents": parents}
    return str(acme["owner"].ok("POST", f"{REPO}/git/commits", body)["sha"])


def refused(answer: Any, words: str) -> None:
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["message"]


@pytest.mark.parametrize("who", ["owner", "liwei", "lakeport"])
def test_nobody_pushes_a_request_to_main(acme: World, who: str) -> None:
    before = head(acme, "main")
    content = base64.b64encode(b"a: 1\n").decode()
    body = {"message": "x", "content": content, "branch": "main"}
    answer = acme[who]("PUT", f"{REPO}/contents/requests/dev/growth/x.yaml", body)
    refused(answer, "Changes must be made through a pull request.")
    answer = acme[who]("PATCH", f"{REPO}/git/refs/heads/main", {"sha": commit(acme, [before])})
    refused(answer, "Changes must be made through a pull request.")
    assert head(acme, "main") == before


def test_the_receipts_are_appended_to_and_never_rewritten(acme: World) -> None:
    before = head(acme, "receipts")
    path = f"{REPO}/git/refs/heads/receipts"
    refused(acme["owner"]("DELETE", path), "Cannot delete this branch")
    rewritten = {"sha": commit(acme, []), "force": True}
    refused(acme["owner"]("PATCH", path, rewritten), "Cannot force-push to this branch")
    longer = commit(acme, [before])
    acme["lakeport"].ok("PATCH", path, {"sha": longer})
    assert head(acme, "receipts") == longer


def test_a_merge_waits_for_both_checks_of_the_app_that_is_named(acme: World) -> None:
    pull = acme.propose()
    merge = f"{REPO}/pulls/{pull['number']}/merge"
    checks = [
        {"name": name, "head_sha": pull["head"]["sha"], "conclusion": "success"} for name in REQUIRED_CHECKS
    ]
    assert "2 of 2 required status checks" in acme["liwei"]("PUT", merge, {}).json()["message"]
    for check in checks:
        acme["narrow"].ok("POST", f"{REPO}/check-runs", check)
    assert acme["liwei"]("PUT", merge, {}).status_code == 405, "another app said so"
    acme["lakeport"].ok("POST", f"{REPO}/check-runs", checks[0])
    assert f'"{REQUIRED_CHECKS[1]}" is expected' in acme["liwei"]("PUT", merge, {}).json()["message"]
    acme["lakeport"].ok("POST", f"{REPO}/check-runs", checks[1])
    assert acme["liwei"].ok("PUT", merge, {})["merged"]


def test_an_app_that_may_bypass_pushes_and_nobody_else(acme: World) -> None:
    app = acme.github.state.data.apps["lakeport"].id
    actor = {"actor_id": app, "actor_type": "Integration", "bypass_mode": "always"}
    (number,) = (
        one["id"] for one in acme["owner"].ok("GET", f"{REPO}/rulesets") if one["name"] == "lakeport"
    )
    acme["owner"].ok("PUT", f"{REPO}/rulesets/{number}", ruleset("main", app, [actor]))
    longer = {"sha": commit(acme, [head(acme, "main")])}
    refused(acme["owner"]("PATCH", f"{REPO}/git/refs/heads/main", longer), "through a pull request")
    acme["lakeport"].ok("PATCH", f"{REPO}/git/refs/heads/main", longer)
