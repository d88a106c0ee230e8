"""The rehearsal GitHub behaves: who may what, what is refused, and how a pull request lives."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import github
import pytest
from github import Auth, Github

from sandbox.github.git import environment
from sandbox.github.rehearsal import GitHub
from tests.support.rehearsal_github import REPO, World, put_file, world

pytestmark = pytest.mark.usefixtures("loopback")
GATE = "lakeport/gate"


@pytest.fixture
def acme(tmp_path: Path, loopback: None) -> Iterator[World]:
    with world(tmp_path, checks=(GATE,)) as made:
        yield made


def sdk(acme: World, who: str) -> Github:
    token = Auth.Token(acme.tokens[who])
    return Github(base_url=acme.github.url, auth=token, seconds_between_requests=0, seconds_between_writes=0)


def gate(acme: World, sha: str, conclusion: str = "success") -> None:
    acme["lakeport"].ok(
        "POST", f"{REPO}/check-runs", {"name": GATE, "head_sha": sha, "conclusion": conclusion}
    )


def test_a_pull_request_lives_its_life_with_pygithub(acme: World) -> None:
    repo = sdk(acme, "lakeport").get_repo("acme/lakeport")
    base = repo.get_branch("main").commit.sha
    repo.create_git_ref("refs/heads/request/dev/growth/churn", base)
    made = repo.create_file("requests/c.yaml", "Onboard", "a: 1\n", branch="request/dev/growth/churn")
    pull = repo.create_pull(title="Onboard", body="Please", head="request/dev/growth/churn", base="main")
    assert (pull.user.login, pull.head.sha, pull.mergeable) == ("lakeport[bot]", made["commit"].sha, True)
    assert [file.filename for file in pull.get_files()] == ["requests/c.yaml"]
    assert [commit.author.login for commit in pull.get_commits()] == ["lakeport[bot]"]
    assert [found.number for found in repo.get_pulls(head="acme:request/dev/growth/churn")] == [pull.number]

    nadia = sdk(acme, "nadia-k").get_repo("acme/lakeport").get_pull(pull.number)
    review = nadia.create_review(event="APPROVE")
    assert (review.state, review.commit_id, review.user.login) == ("APPROVED", pull.head.sha, "nadia-k")

    with pytest.raises(github.GithubException) as refused:
        nadia.merge(sha=pull.head.sha)
    assert (refused.value.status, nadia.mergeable_state) == (405, "blocked")
    repo.create_check_run(name=GATE, head_sha=pull.head.sha, conclusion="success")
    merged = nadia.merge(sha=pull.head.sha, merge_method="squash")
    assert repo.get_branch("main").commit.sha == merged.sha
    assert [found.number for found in repo.get_commit(merged.sha).get_pulls()] == [pull.number]
    assert repo.get_contents("requests/c.yaml").decoded_content == b"a: 1\n"
    done = repo.get_pull(pull.number)
    assert (done.merged, done.merged_by.login, done.merge_commit_sha) == (True, "nadia-k", merged.sha)
    assert acme.github.state.unknown_calls == []


def test_the_head_follows_the_branch_and_reviews_keep_their_commit(acme: World) -> None:
    pull = acme.propose()
    it, first = f"{REPO}/pulls/{pull['number']}", pull["head"]["sha"]
    acme["nadia-k"].ok("POST", f"{it}/reviews", {"event": "APPROVE"})
    put_file(acme["lakeport"], "requests/more.yaml", "b: 1\n", pull["head"]["ref"])
    after = acme["liwei"].ok("GET", it)
    assert after["head"]["sha"] != first
    assert after["commits"] == 2
    assert [each["commit_id"] for each in acme["liwei"].ok("GET", f"{it}/reviews")] == [first]
    assert acme["nadia-k"]("PUT", f"{it}/merge", {"sha": first}).status_code == 409


def test_nobody_approves_their_own(acme: World) -> None:
    pull = acme.propose("fix", who="liwei")
    answer = acme["liwei"]("POST", f"{REPO}/pulls/{pull['number']}/reviews", {"event": "APPROVE"})
    assert answer.status_code == 422
    assert "own pull request" in answer.text
    said = {"event": "COMMENT", "body": "Note"}
    assert acme["liwei"]("POST", f"{REPO}/pulls/{pull['number']}/reviews", said).is_success


def test_a_newer_failure_closes_the_gate_again(acme: World) -> None:
    pull = acme.propose()
    gate(acme, pull["head"]["sha"])
    gate(acme, pull["head"]["sha"], "failure")
    assert acme["nadia-k"]("PUT", f"{REPO}/pulls/{pull['number']}/merge", {}).status_code == 405


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_ways_to_merge(acme: World, method: str, parents: int) -> None:
    pull = acme.propose()
    put_file(acme["lakeport"], "requests/two.yaml", "b: 1\n", pull["head"]["ref"])
    put_file(acme["lakeport"], "elsewhere.md", "x", "main")
    head = acme["liwei"].ok("GET", f"{REPO}/pulls/{pull['number']}")["head"]["sha"]
    gate(acme, head)
    sha = acme["nadia-k"].ok("PUT", f"{REPO}/pulls/{pull['number']}/merge", {"merge_method": method})["sha"]
    commit = acme["liwei"].ok("GET", f"{REPO}/commits/{sha}")
    assert len(commit["parents"]) == parents
    names = {entry["path"] for entry in acme["liwei"].ok("GET", f"{REPO}/git/trees/main?recursive=1")["tree"]}
    assert {"requests/churn.yaml", "requests/two.yaml", "elsewhere.md"} <= names


def test_a_conflict_cannot_be_merged(acme: World) -> None:
    pull = acme.propose()
    put_file(acme["lakeport"], "requests/churn.yaml", "other: 1\n", "main")
    gate(acme, pull["head"]["sha"])
    shown = acme["liwei"].ok("GET", f"{REPO}/pulls/{pull['number']}")
    assert (shown["mergeable"], shown["mergeable_state"]) == (False, "dirty")
    assert acme["nadia-k"]("PUT", f"{REPO}/pulls/{pull['number']}/merge", {}).status_code == 405


def test_branches_only_move_forward_unless_forced(acme: World) -> None:
    liwei = acme["liwei"]
    first = liwei.ok("GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
    liwei.ok("POST", f"{REPO}/git/refs", {"ref": "refs/heads/x", "sha": first})
    put_file(liwei, "x.md", "x", "x")
    refused = liwei("PATCH", f"{REPO}/git/refs/heads/x", {"sha": first})
    assert (refused.status_code, refused.json()["message"]) == (422, "Update is not a fast forward")
    assert liwei("PATCH", f"{REPO}/git/refs/heads/x", {"sha": first, "force": True}).status_code == 200
    again = liwei("POST", f"{REPO}/git/refs", {"ref": "refs/heads/x", "sha": first})
    assert (again.status_code, again.json()["message"]) == (422, "Reference already exists")
    assert liwei("POST", f"{REPO}/git/refs", {"ref": "refs/heads/y", "sha": "0" * 40}).status_code == 422


def test_writing_a_file_needs_the_sha_it_stands_on(acme: World) -> None:
    body = {"message": "m", "content": "eA==", "branch": "main"}
    assert acme["liwei"]("PUT", f"{REPO}/contents/README.md", body).status_code == 422
    assert acme["liwei"]("PUT", f"{REPO}/contents/README.md", body | {"sha": "0" * 40}).status_code == 409
    assert acme["liwei"]("PUT", f"{REPO}/contents/../etc/x", body).status_code in (404, 422)
    assert acme["liwei"]("PUT", f"{REPO}/contents/new.md", body | {"branch": "none"}).status_code == 404


def test_the_same_pull_request_cannot_be_opened_twice(acme: World) -> None:
    acme.propose("b")
    twice = acme["lakeport"]("POST", f"{REPO}/pulls", {"title": "t", "head": "b", "base": "main"})
    assert twice.status_code == 422
    assert "A pull request already exists for acme:b." in twice.text
    sha = acme["liwei"].ok("GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
    acme["liwei"].ok("POST", f"{REPO}/git/refs", {"ref": "refs/heads/same", "sha": sha})
    empty = acme["liwei"]("POST", f"{REPO}/pulls", {"title": "t", "head": "same", "base": "main"})
    assert "No commits between" in empty.text


def test_who_may_what(acme: World) -> None:
    sha = acme["liwei"].ok("GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
    check = {"name": "x", "head_sha": sha, "conclusion": "success"}
    assert acme["liwei"]("POST", f"{REPO}/check-runs", check).status_code == 403
    assert acme["omar-f"]("POST", f"{REPO}/git/refs", {"ref": "refs/heads/x", "sha": sha}).status_code == 403
    assert acme["omar-f"]("GET", REPO).status_code == 200
    assert acme["nobody"]("GET", REPO).status_code == 401
    assert acme["narrow"]("POST", f"{REPO}/check-runs", check).status_code == 201
    refused = acme["narrow"]("POST", f"{REPO}/git/blobs", {"content": "x"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    answer = acme["nobody"]("GET", "/user", None, Authorization="Bearer ghp_wrong")
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")
    held = {who: f"{REPO}/collaborators/{who}/permission" for who in ("liwei", "omar-f", "petra-v")}
    words = {who: acme["lakeport"].ok("GET", path)["permission"] for who, path in held.items()}
    assert words == {"liwei": "write", "omar-f": "read", "petra-v": "admin"}


def test_a_check_belongs_to_the_app_that_made_it(acme: World) -> None:
    sha = acme["liwei"].ok("GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
    body = {"name": GATE, "head_sha": sha, "conclusion": "failure"}
    made = acme["narrow"].ok("POST", f"{REPO}/check-runs", body)
    assert made["app"]["slug"] == "narrow"
    path = f"{REPO}/check-runs/{made['id']}"
    assert acme["lakeport"]("PATCH", path, {"conclusion": "success"}).status_code == 403
    gate(acme, sha)
    shown = acme["liwei"].ok("GET", f"{REPO}/commits/{sha}/check-runs")
    assert {(run["app"]["slug"], run["conclusion"]) for run in shown["check_runs"]} == {
        ("narrow", "failure"),
        ("lakeport", "success"),
    }


def test_repositories_are_made_marked_and_archived(acme: World) -> None:
    body = {"name": "fresh", "visibility": "private", "auto_init": True}
    refused = acme["lakeport"]("POST", "/orgs/acme/repos", body | {"custom_properties": {"owner": "x"}})
    assert refused.status_code == 422
    assert acme["lakeport"]("GET", "/repos/acme/fresh").status_code == 404
    mark = {"custom_properties": {"lakeport-request": "dev/growth/churn"}}
    made = acme["lakeport"].ok("POST", "/orgs/acme/repos", body | mark)
    assert made["custom_properties"] == mark["custom_properties"]
    assert acme["lakeport"]("POST", "/orgs/acme/repos", body).status_code == 422
    assert acme["liwei"]("GET", "/repos/acme/fresh").status_code == 404
    acme["lakeport"].ok("PUT", "/orgs/acme/teams/growth/repos/acme/fresh", {"permission": "maintain"})
    assert acme["liwei"]("GET", "/repos/acme/fresh").status_code == 200
    acme["lakeport"].ok("PATCH", "/repos/acme/fresh", {"archived": True})
    write = {"message": "m", "content": "eA=="}
    for method, path, given in (
        ("PUT", "/repos/acme/fresh/contents/x.md", write),
        ("PUT", "/repos/acme/fresh/topics", {"names": ["x"]}),
        ("PATCH", "/repos/acme/fresh", {"has_wiki": False}),
    ):
        assert acme["lakeport"](method, path, given).status_code == 403, path
    acme["lakeport"].ok("PATCH", "/repos/acme/fresh", {"archived": False})
    assert acme["lakeport"]("PUT", "/repos/acme/fresh/contents/x.md", write).status_code == 201


def test_an_empty_repository_says_so(acme: World) -> None:
    acme["lakeport"].ok("POST", "/orgs/acme/repos", {"name": "empty", "visibility": "private"})
    path = "/repos/acme/empty"
    assert acme["lakeport"]("GET", f"{path}/git/ref/heads/main").status_code == 409
    assert acme["lakeport"]("POST", f"{path}/git/blobs", {"content": "x"}).status_code == 409
    assert acme["lakeport"]("GET", f"{path}/commits").status_code == 409
    assert (
        acme["lakeport"]("PUT", f"{path}/contents/x.md", {"message": "m", "content": "eA=="}).status_code
        == 201
    )
    assert acme["lakeport"]("GET", f"{path}/git/ref/heads/main").status_code == 200


def test_a_tree_of_several_files_is_three_writes(acme: World) -> None:
    before = len(acme.github.state.writes)
    repo = sdk(acme, "lakeport").get_repo("acme/lakeport")
    head = repo.get_git_ref("heads/main")
    paths = ("src/a.py", "src/deep/b.py", "c.md")
    files = [github.InputGitTreeElement(path, "100644", "blob", content="x\n") for path in paths]
    gone = github.InputGitTreeElement("README.md", "100644", "blob", sha=None)
    base = repo.get_git_commit(head.object.sha)
    tree = repo.create_git_tree([*files, gone], base.tree)
    head.edit(repo.create_git_commit("Scaffold", tree, [base]).sha)
    names = {entry.path for entry in repo.get_git_tree("main", recursive=True).tree if entry.type == "blob"}
    assert names == {*paths, "requests/policy.yaml", "run.sh"}
    assert len(acme.github.state.writes) - before == 3
    assert {e.path: e.mode for e in repo.get_git_tree("main").tree}["run.sh"] == "100755"


def test_reads_are_no_writes_and_the_unknown_is_recorded(acme: World) -> None:
    acme["liwei"].ok("GET", REPO)
    assert acme["liwei"]("POST", f"{REPO}/git/refs", {}).status_code == 422
    assert acme.github.state.writes == []
    answer = acme["liwei"]("GET", f"{REPO}/secret-scanning/alerts")
    assert answer.status_code == 404
    assert answer.json()["documentation_url"]
    assert acme["liwei"]("PUT", "/no/such/thing").status_code == 404
    assert acme.github.state.unknown_calls == [
        ("GET", f"{REPO}/secret-scanning/alerts"),
        ("PUT", "/no/such/thing"),
    ]


@pytest.mark.parametrize("body", [b"{", b"[1", b'"text"', b"\xff", b"[" * 100_000])
def test_junk_is_refused_with_a_sentence(acme: World, body: bytes) -> None:
    answer = acme["liwei"].client.post(f"{REPO}/git/refs", content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["message"]


def test_what_happened_outlives_the_server(tmp_path: Path) -> None:
    with world(tmp_path) as acme:
        number, tokens = acme.propose()["number"], acme.tokens
    again = GitHub(tmp_path)
    again.start()
    try:
        assert again.add_user("liwei", "Li Wei", "li.wei@acme.example") == tokens["liwei"]
        auth = Auth.Token(tokens["liwei"])
        repo = Github(base_url=again.url, auth=auth).get_repo("acme/lakeport")
        assert repo.get_pull(number).title == "Onboard churn"
    finally:
        again.stop()
    assert (tmp_path / "github.json").stat().st_mode & 0o077 == 0


def test_git_can_clone_with_a_token_and_not_without(acme: World, tmp_path: Path) -> None:
    address = f"{acme.github.url}/acme/lakeport.git"
    signed = address.replace("://", f"://x-access-token:{acme.tokens['liwei']}@")
    for url, works in ((signed, True), (address, False)):
        command = ["git", "clone", "-q", url, str(tmp_path / f"clone-{works}")]
        done = subprocess.run(command, capture_output=True, env=environment(), check=False)
        assert (done.returncode == 0) is works
    assert (tmp_path / "clone-True" / "README.md").read_text() == "# Lakeport\n"


def test_a_folder_is_seeded_as_a_developer_would_commit_it(acme: World, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name in ("a.py", ".git/config", "__pycache__/a.pyc", ".github/install", ".mypy_cache/x", "deep/b.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".github/install").chmod(0o755)
    acme.github.create_repository("acme", "seeded", folder)
    tree = acme["liwei"].ok("GET", "/repos/acme/seeded/git/trees/main?recursive=1")["tree"]
    assert {e["path"]: e["mode"] for e in tree if e["type"] == "blob"} == {
        ".github/install": "100755",
        "a.py": "100644",
        "deep/b.md": "100644",
    }
