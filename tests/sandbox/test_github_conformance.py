"""Every operation of the rehearsal GitHub answers as GitHub's own OpenAPI description says."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import jwt
import pytest

from sandbox.actions import Actions
from sandbox.github.app import OPERATIONS, _order
from tests.support.rehearsal_github import REPO, World, put_file, world

SUBSET = json.loads((Path(__file__).parents[1] / "data" / "github-openapi-subset.json").read_text("utf-8"))
SERVED = {f"{r.method} {r.path.replace(':path}', '}')}" for r in OPERATIONS}
WORKFLOW = """
name: hello
on: [push, workflow_dispatch]
jobs:
  greet:
    runs-on: ubuntu-latest
    steps: [{run: "echo hello"}]
"""


class Conformance:
    """Calls operations, compares each success with its schema and remembers which were called."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: set[str] = set()
        routes = sorted(OPERATIONS, key=_order)
        self.patterns = [
            (r.method, re.compile(_regex(r.path)), r.path.replace(":path}", "}")) for r in routes
        ]

    def __call__(
        self, method: str, path: str, body: Any = None, *, who: str = "lakeport", **headers: str
    ) -> Any:
        answer = self.world[who](method, path, body, **headers)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        plain = path.partition("?")[0]
        name = next(f"{m} {p}" for m, regex, p in self.patterns if m == method and regex.fullmatch(plain))
        self.seen.add(name)
        schemas = SUBSET["operations"][name]
        if "302" not in schemas:  # logs are given in place, GitHub sends elsewhere for them
            assert str(answer.status_code) in schemas, (name, answer.status_code, sorted(schemas))
            schema = schemas[str(answer.status_code)]
            if schema is not None and answer.headers["content-type"] == "application/json":
                _validate(name, answer.json(), schema)
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text


def _regex(path: str) -> str:
    return re.sub(r"\\\{\w+(:path)?\\\}", lambda m: ".*" if m[1] else "[^/]+", re.escape(path))


def _validate(name: str, body: Any, schema: Any) -> None:
    validator = jsonschema.Draft202012Validator({**schema, "$defs": SUBSET["$defs"]})
    problems = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[-300:]}"
        for whole in validator.iter_errors(body)
        for error in (whole, *(whole.context or ()))
    ]
    assert not problems, f"{name}: {problems}"


@pytest.mark.usefixtures("loopback")
def test_every_operation_conforms(tmp_path: Path) -> None:
    with world(tmp_path, {".github/workflows/hello.yml": WORKFLOW}) as acme:
        actions = Actions(acme.github.state, tmp_path / "actions")
        acme.github.set_runner(actions)
        acme.github.add_webhook("http://127.0.0.1:9/nobody", "s3cret", ["push"])
        acme.github.state.add_account("outsider", "User")
        call = Conformance(acme)
        people(call)
        repositories(call)
        git(call)
        number = pulls(call)
        talk(call, number)
        checks(call)
        assert actions.settle()
        assert acme.github.webhooks.settle()
        workflows(call)
        call("DELETE", "/repos/acme/fresh", who="owner")
        assert call.seen == SERVED, sorted(SERVED - call.seen)
        assert acme.github.state.unknown_calls == []


def people(call: Conformance) -> None:
    call("GET", "/user", who="liwei")
    call("GET", "/users/liwei", who="nobody")
    call("GET", "/rate_limit")
    call("GET", "/orgs/acme")
    call("GET", "/orgs/acme/members")
    call("GET", "/orgs/acme/memberships/liwei")
    call("PUT", "/orgs/acme/memberships/outsider", {"role": "member"}, who="owner")
    assert call("GET", "/orgs/acme/memberships/outsider")["state"] == "pending"
    call("GET", "/user/orgs", who="liwei")
    call("GET", "/installation/repositories")
    call("GET", "/orgs/acme/properties/schema")
    call("GET", "/orgs/acme/teams")
    call("GET", "/orgs/acme/teams/growth")
    call("GET", "/orgs/acme/teams/growth/members")
    given = call.world.github.app_credentials("lakeport")
    bearer = "Bearer " + jwt.encode({"iss": given["app_id"]}, given["private_key"], algorithm="RS256")
    call("GET", "/app", Authorization=bearer)
    call("GET", "/app/installations", Authorization=bearer)
    call("GET", f"/app/installations/{given['installation_id']}", Authorization=bearer)
    call("GET", "/orgs/acme/installation", Authorization=bearer)
    call("GET", f"{REPO}/installation", Authorization=bearer)
    path = f"/app/installations/{given['installation_id']}/access_tokens"
    token = call("POST", path, Authorization=bearer)["token"]
    call("GET", REPO, Authorization=f"Bearer {token}")


def repositories(call: Conformance) -> None:
    made = {"name": "fresh", "visibility": "internal", "auto_init": True, "description": "Fresh"}
    call("POST", "/orgs/acme/repos", made | {"custom_properties": {"lakeport-request": "dev/x/y"}})
    call("GET", "/orgs/acme/repos?per_page=1")
    call("GET", "/repos/acme/fresh")
    call("PATCH", "/repos/acme/fresh", {"has_wiki": False, "delete_branch_on_merge": True})
    call("PUT", "/repos/acme/fresh/topics", {"names": ["churn"]})
    call("GET", "/repos/acme/fresh/topics")
    values = {"properties": [{"property_name": "lakeport-request", "value": "a/b"}]}
    call("PATCH", "/repos/acme/fresh/properties/values", values)
    call("PATCH", "/orgs/acme/properties/values", values | {"repository_names": ["fresh"]})
    call("GET", "/repos/acme/fresh/properties/values")
    team = "/orgs/acme/teams/growth/repos/acme/fresh"
    call("PUT", team, {"permission": "maintain"})
    call("GET", team)
    call("GET", team, Accept="application/vnd.github.v3.repository+json")
    call("GET", "/repos/acme/fresh/teams")
    call("GET", "/orgs/acme/teams/growth/repos")
    call("DELETE", team)
    call("GET", "/orgs/acme/properties/values")
    call("PUT", "/repos/acme/fresh/collaborators/omar-f", {"permission": "triage"})
    call("GET", "/repos/acme/fresh/collaborators/omar-f")
    call("GET", "/repos/acme/fresh/collaborators/omar-f/permission")
    call("GET", "/repos/acme/fresh/collaborators")
    call("GET", "/repos/acme/fresh/collaborators?affiliation=direct")
    call("DELETE", "/repos/acme/fresh/collaborators/omar-f")
    invited = call("PUT", "/repos/acme/fresh/collaborators/outsider", {"permission": "push"})
    assert call("GET", "/repos/acme/fresh/invitations")[0]["id"] == invited["id"]
    call("DELETE", f"/repos/acme/fresh/invitations/{invited['id']}")
    governed(call)
    call("POST", f"{REPO}/labels", {"name": "dev", "color": "00ff00"})
    call("GET", f"{REPO}/labels")
    call("GET", f"{REPO}/labels/dev")


def governed(call: Conformance) -> None:
    it = "/repos/acme/fresh"
    rules = [{"type": "deletion"}, {"type": "non_fast_forward"}]
    where = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    actors = [{"actor_id": 7, "actor_type": "Integration", "bypass_mode": "always"}]
    body = {"name": "lakeport", "target": "branch", "enforcement": "active", "conditions": where}
    made = call("POST", f"{it}/rulesets", body | {"rules": rules, "bypass_actors": actors})["id"]
    call("GET", f"{it}/rulesets")
    call("GET", f"{it}/rulesets/{made}")
    call("PUT", f"{it}/rulesets/{made}", {"enforcement": "disabled"})
    call("PUT", f"{it}/environments/dev")
    call("GET", f"{it}/environments/dev")
    call("GET", f"{it}/environments")
    call.world.github.state.data.repositories["acme/fresh"].secrets.append("TOKEN")
    assert call("GET", f"{it}/actions/secrets")["secrets"][0]["name"] == "TOKEN"
    call("GET", f"{it}/actions/organization-secrets")
    text = base64.b64encode(b"* @acme/growth\n").decode()
    call("PUT", f"{it}/contents/CODEOWNERS", {"message": "Owners", "content": text, "branch": "main"})
    (error,) = call("GET", f"{it}/codeowners/errors")["errors"]
    assert error["kind"] == "Unknown owner", "the team may not write there"


def git(call: Conformance) -> None:
    head = call("GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
    call("GET", f"{REPO}/git/matching-refs/heads/ma")
    blob = call("POST", f"{REPO}/git/blobs", {"content": "bytes", "encoding": "utf-8"})["sha"]
    call("GET", f"{REPO}/git/blobs/{blob}")
    entry = {"path": "docs/a.md", "mode": "100644", "type": "blob", "sha": blob}
    tree = call("POST", f"{REPO}/git/trees", {"base_tree": head, "tree": [entry]})["sha"]
    call("GET", f"{REPO}/git/trees/{tree}?recursive=1")
    made = call("POST", f"{REPO}/git/commits", {"message": "Docs", "tree": tree, "parents": [head]})["sha"]
    call("GET", f"{REPO}/git/commits/{made}")
    call("POST", f"{REPO}/git/refs", {"ref": "refs/heads/docs", "sha": head})
    call("PATCH", f"{REPO}/git/refs/heads/docs", {"sha": made})
    call("GET", f"{REPO}/contents/README.md?ref=docs")
    call("GET", f"{REPO}/contents/docs?ref=docs")
    content = base64.b64encode(b"more\n.").decode()
    new = call("PUT", f"{REPO}/contents/b.md", {"message": "B", "content": content, "branch": "docs"})
    change = {"message": "B", "branch": "docs", "sha": new["content"]["sha"]}
    blob = call("PUT", f"{REPO}/contents/b.md", change | {"content": content * 2})["content"]["sha"]
    call("DELETE", f"{REPO}/contents/b.md", change | {"sha": blob})
    call("GET", f"{REPO}/branches")
    call("GET", f"{REPO}/branches/docs")
    call("GET", f"{REPO}/commits?sha=docs&path=docs/a.md")
    call("GET", f"{REPO}/commits/{made}")
    call("GET", f"{REPO}/compare/main...docs")
    call("DELETE", f"{REPO}/git/refs/heads/docs")


def pulls(call: Conformance) -> int:
    number = int(call.world.propose()["number"])
    it = f"{REPO}/pulls/{number}"
    call("POST", f"{REPO}/git/refs", {"ref": "refs/heads/two", "sha": call("GET", it)["head"]["sha"]})
    call("POST", f"{REPO}/pulls", {"title": "Two", "head": "two", "base": "main"})
    call("GET", f"{REPO}/pulls?state=all&head=acme:two")
    call("PATCH", it, {"title": "Onboard churn prediction"})
    call("GET", f"{it}/files")
    call("GET", f"{it}/commits")
    call("GET", f"{it}/comments")
    call("POST", f"{it}/requested_reviewers", {"reviewers": ["nadia-k"]})
    given = call("POST", f"{it}/reviews", {"event": "APPROVE"}, who="nadia-k")["id"]
    call("GET", f"{it}/reviews")
    call("GET", f"{it}/reviews/{given}")
    call("PUT", f"{it}/reviews/{given}/dismissals", {"message": "Too soon"})
    sha = call("PUT", f"{it}/merge", {"merge_method": "squash"}, who="nadia-k")["sha"]
    call("GET", f"{it}/merge")
    call("GET", f"{REPO}/commits/{sha}/pulls")
    return number


def talk(call: Conformance, number: int) -> None:
    it = f"{REPO}/issues/{number}"
    call("GET", f"{REPO}/issues?state=all")
    call("GET", it)
    said = call("POST", f"{it}/comments", {"body": "The plan"})["id"]
    call("GET", f"{it}/comments")
    call("GET", f"{REPO}/issues/comments/{said}")
    call("GET", f"{REPO}/issues/comments?since=2020-01-01T00:00:00Z&sort=updated&direction=asc")
    call("PATCH", f"{REPO}/issues/comments/{said}", {"body": "The new plan"})
    call("DELETE", f"{REPO}/issues/comments/{said}")
    call("POST", f"{it}/labels", {"labels": ["dev", "growth"]})
    call("GET", f"{it}/labels")
    call("DELETE", f"{it}/labels/dev")
    call("PUT", f"{it}/labels", {"labels": ["prod"]})

    file = call("GET", f"{REPO}/pulls/{number}/files")[0]["filename"]
    remark = {"body": "Why?", "path": file, "line": 1, "side": "RIGHT", "commit_id": "head"}
    call("POST", f"{REPO}/pulls/{number}/comments", remark)
    assert call("GET", f"{REPO}/pulls/{number}/comments")[0]["diff_hunk"].endswith("+a: 1")
    call("GET", f"{REPO}/pulls/comments?since=2020-01-01T00:00:00Z&sort=updated&direction=desc")


def checks(call: Conformance) -> None:
    sha = call("GET", f"{REPO}/commits/main")["sha"]
    note = {"path": "a.yaml", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "No."}
    output = {"title": "Plan", "summary": "1 change", "text": "…", "annotations": [note]}
    made = call(
        "POST", f"{REPO}/check-runs", {"name": "lakeport/plan", "head_sha": sha, "status": "in_progress"}
    )
    call("PATCH", f"{REPO}/check-runs/{made['id']}", {"conclusion": "success", "output": output})
    call("GET", f"{REPO}/check-runs/{made['id']}")
    call("GET", f"{REPO}/check-runs/{made['id']}/annotations")
    call("GET", f"{REPO}/commits/main/check-runs?check_name=lakeport/plan")
    call("POST", f"{REPO}/statuses/{sha}", {"state": "success", "context": "ci"})
    call("GET", f"{REPO}/commits/{sha}/statuses")
    call("GET", f"{REPO}/commits/{sha}/status")
    call("POST", f"{REPO}/actions/workflows/hello.yml/dispatches", {"ref": "main"})
    told = {"ref": "main", "return_run_details": True}
    call("POST", f"{REPO}/actions/workflows/hello.yml/dispatches", told)
    hook = call("GET", f"{REPO}/hooks")[0]["id"]
    call("GET", f"{REPO}/hooks/{hook}/deliveries")


def workflows(call: Conformance) -> None:
    found = call("GET", f"{REPO}/actions/runs")
    assert {run["conclusion"] for run in found["workflow_runs"]} == {"success"}
    call("GET", f"{REPO}/actions/workflows/hello.yml/runs?event=workflow_dispatch")
    it = f"{REPO}/actions/runs/{found['workflow_runs'][0]['id']}"
    call("GET", it)
    job = call("GET", f"{it}/jobs")["jobs"][0]["id"]
    assert "hello" in call("GET", f"{REPO}/actions/jobs/{job}/logs")
    assert "hello" in call("GET", f"{it}/logs")
    hook = call("GET", f"{REPO}/hooks")[0]["id"]
    sent = call("GET", f"{REPO}/hooks/{hook}/deliveries")
    assert {each["status"] for each in sent} == {"failed to connect to host"}


@pytest.mark.usefixtures("loopback")
def test_lists_come_in_pages(tmp_path: Path) -> None:
    with world(tmp_path) as acme:
        for number in range(5):
            put_file(acme["lakeport"], f"f{number}.md", "x", "main")
        answer = acme["lakeport"]("GET", f"{REPO}/commits?per_page=2&page=2")
        links = answer.headers["link"]
        assert [part.split('rel="')[1][:-1] for part in links.split(", ")] == [
            "prev",
            "next",
            "last",
            "first",
        ]
        assert f"{acme.github.url}{REPO}/commits?per_page=2&page=3" in links
        seen, here = 0, f"{REPO}/commits?per_page=4"
        while here:
            answer = acme["lakeport"]("GET", here)
            seen += len(answer.json())
            here = answer.links.get("next", {}).get("url", "")
        assert seen == 6
