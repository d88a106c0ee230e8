"""A small strict GitHub in memory, answering PyGithub without sockets: a call it does not know is a failure.

It keeps one repository: files, commits, branches, pull requests, reviews, comments, check runs. ``calls``
is the ledger; :meth:`GitHubRest.after` and :meth:`GitHubRest.instead` inject faults.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import responses
from github import Github
from requests import PreparedRequest

API = "https://github.test/api/v3"
FULL_NAME = "acme/lakeport"
DRAWN, MERGED = "2026-11-21T04:00:00Z", "2026-11-21T05:00:00Z"
"""When check runs ended, and pull requests were merged, unless a test says otherwise."""
Json = Any
Answer = tuple[int, Json]


class Problem(Exception):
    """An error answer."""

    def __init__(self, status: int, message: str, errors: list[Json] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message}
        if errors is not None:
            self.body["errors"] = errors


def _sha(kind: str, value: Json) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data).hexdigest()


class GitHubRest:
    """The repository ``acme/lakeport`` with one commit on ``main``; who signs in is ``login``."""

    def __init__(self, login: str = "lakeport[bot]", app: str = "github-actions") -> None:
        self.login, self.app = login, app
        self.calls: list[str] = []
        self.blobs: dict[str, bytes] = {}
        self.trees: dict[str, dict[str, str]] = {}
        self.commits: dict[str, Json] = {}
        self.signed: set[str] = set()
        """Commits that GitHub made for an app, which are signed."""
        self.refs: dict[str, str] = {}
        self.pulls: dict[int, Json] = {}
        self.reviews: dict[int, list[Json]] = {}
        self.comments: dict[int, list[Json]] = {}
        self.runs: list[Json] = []
        self.dispatched: list[tuple[str, str, Json]] = []
        self.statuses: dict[str, list[Json]] = {}
        self.permissions: dict[str, str] = {}
        self.extra_files: dict[int, list[Json]] = {}
        self.truncated = ""
        """Which lists are cut short: ``recursive`` ones, or ``all``."""
        self.may_ask_who = False
        self._next = 1
        self._faults: list[tuple[str, bool, Callable[[], Answer]]] = []
        self.refs["refs/heads/main"] = self.commit({"README.md": b"hello"}, [])

    # --- what tests do behind the scenes

    def commit(self, files: dict[str, bytes], parents: list[str], login: str | None = "lakeport[bot]") -> str:
        """Store a commit with exactly these files; no branch is moved."""
        tree = {path: self._blob(raw) for path, raw in files.items()}
        return self._commit(self._tree(tree), parents, "by hand", login)

    def files(self, commit: str) -> dict[str, bytes]:
        """The files of a commit."""
        return {path: self.blobs[sha] for path, sha in self.trees[self.commits[commit]["tree"]].items()}

    def push(self, branch: str, path: str, raw: bytes, login: str | None = "lakeport[bot]") -> str:
        """Commit one file onto a branch."""
        head = self.refs[f"refs/heads/{branch}"]
        sha = self.commit(self.files(head) | {path: raw}, [head], login)
        self.refs[f"refs/heads/{branch}"] = sha
        return sha

    def merge(self, number: int) -> str:
        """Merge a pull request into main by squashing it; its branch stays."""
        pull = self.pulls[number]
        head = self.refs[f"refs/heads/{pull['head']}"]
        main = self.refs["refs/heads/main"]
        sha = self.commit(self.files(main) | self.files(head), [main])
        self.refs["refs/heads/main"] = sha
        pull |= {"state": "closed", "merged_at": MERGED, "merge": sha, "head_sha": head}
        return sha

    def close(self, number: int) -> None:
        """Close a pull request without merging it."""
        pull = self.pulls[number]
        pull |= {"state": "closed", "head_sha": self.refs[f"refs/heads/{pull['head']}"]}

    def review(self, number: int, login: str, state: str, commit: str, at: str | None = None) -> None:
        """Add a review."""
        reviews = self.reviews.setdefault(number, [])
        reviews.append(
            {
                "id": self._id(),
                "user": {"login": login, "type": "User"},
                "state": state,
                "commit_id": commit,
                "submitted_at": at or f"2026-11-21T06:00:{len(reviews) % 60:02d}Z",
                "body": "",
            }
        )

    def after(self, call: str, answer: Answer) -> None:
        """Let the next call that matches have its effect, and then give this answer to it."""
        self._faults.append((call, True, lambda: answer))

    def instead(self, call: str, answer: Answer | Callable[[], Answer]) -> None:
        """Give this answer to the next call that matches, without any effect of its own."""
        self._faults.append((call, False, answer if callable(answer) else lambda: answer))

    @property
    def writes(self) -> list[str]:
        """The ledger without what only looks."""
        return [call for call in self.calls if not call.startswith("GET ")]

    @contextmanager
    def serve(self) -> Iterator[Github]:
        """A PyGithub client that talks to this GitHub and to nothing else."""
        from gitops.clients import repository_github

        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                mock.add_callback(method, re.compile(r".*"), self._answer)
            yield repository_github({"GITHUB_TOKEN": "ghs_" + "x" * 20, "GITHUB_API_URL": API})

    # --- the wire

    def _answer(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        url = urlsplit(str(request.url))
        assert f"{url.scheme}://{url.hostname}{url.path}".startswith(API), f"a call to somewhere else: {url}"
        path = unquote(url.path.removeprefix(urlsplit(API).path))
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        call = f"{request.method} {path}"
        self.calls.append(call)
        body = json.loads(request.body) if request.body else {}
        fault = next((each for each in self._faults if re.fullmatch(each[0], call)), None)
        if fault is not None:
            self._faults.remove(fault)
            if not fault[1]:
                return self._said(fault[2]())
        try:
            status, result = self._route(str(request.method), path, query, body)
        except Problem as problem:
            status, result = problem.status, problem.body
        if fault is not None:
            return self._said(fault[2]())
        return self._page(result, status, url.path, query)

    def _said(self, answer: Answer) -> tuple[int, dict[str, str], str]:
        status, body = answer
        return status, {}, body if isinstance(body, str) else json.dumps(body)

    def _page(
        self, result: Json, status: int, path: str, query: dict[str, str]
    ) -> tuple[int, dict[str, str], str]:
        headers = {"Content-Type": "application/json"}
        size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
        items = result if isinstance(result, list) else None
        if items is not None and number * size < len(items):
            more = "&".join(f"{key}={value}" for key, value in (query | {"page": str(number + 1)}).items())
            origin = f"{urlsplit(API).scheme}://{urlsplit(API).netloc}"
            headers["Link"] = f'<{origin}{path}?{more}>; rel="next"'
        if items is not None:
            result = items[(number - 1) * size : number * size]
        return status, headers, "" if result is None else json.dumps(result)

    def _route(self, method: str, path: str, query: dict[str, str], body: Json) -> Answer:
        for pattern, handler in self.ROUTES:
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                return handler(self, *found.groups(), query=query, body=body)
        raise AssertionError(f"GitHub has no such call here: {method} {path}")

    # --- handlers

    def _get_user(self, *, query: Json, body: Json) -> Answer:
        if not self.may_ask_who:
            raise Problem(403, "Resource not accessible by integration")
        return 200, {"login": self.login, "url": f"{API}/user"}

    def _get_repo(self, *, query: Json, body: Json) -> Answer:
        return 200, {"full_name": FULL_NAME, "default_branch": "main", "url": f"{API}/repos/{FULL_NAME}"}

    def _get_ref(self, ref: str, *, query: Json, body: Json) -> Answer:
        return 200, self._ref(f"refs/{ref}")

    def _post_ref(self, *, query: Json, body: Json) -> Answer:
        if body["ref"] in self.refs:
            raise Problem(422, "Reference already exists")
        assert body["sha"] in self.commits
        self.refs[body["ref"]] = body["sha"]
        return 201, self._ref(body["ref"])

    def _patch_ref(self, ref: str, *, query: Json, body: Json) -> Answer:
        old, new = self.refs[f"refs/{ref}"], body["sha"]
        if not body.get("force") and old not in self._ancestors(new):
            raise Problem(422, "Update is not a fast forward")
        self.refs[f"refs/{ref}"] = new
        return 200, self._ref(f"refs/{ref}")

    def _delete_ref(self, ref: str, *, query: Json, body: Json) -> Answer:
        if f"refs/{ref}" not in self.refs:
            raise Problem(422, "Reference does not exist")
        del self.refs[f"refs/{ref}"]
        return 204, None

    def _get_contents(self, path: str, *, query: Json, body: Json) -> Answer:
        files = self.trees[self.commits[self._resolve(query.get("ref", "main"))]["tree"]]
        if path not in files:
            if any(name.startswith(f"{path}/") for name in files):
                return 200, [{"type": "file", "path": name} for name in files]
            raise Problem(404, "Not Found")
        return 200, self._content(path, files[path])

    def _put_contents(self, path: str, *, query: Json, body: Json) -> Answer:
        head = self._resolve(body["branch"])
        files = dict(self.trees[self.commits[head]["tree"]])
        if path in files and "sha" not in body:
            raise Problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if "sha" in body and files.get(path) != body["sha"]:
            raise Problem(409, f"{path} does not match {body['sha']}")
        files[path] = self._blob(base64.b64decode(body["content"]))
        sha = self._commit(self._tree(files), [head], body["message"], self.login, body.get("author"))
        if "author" not in body:
            self.signed.add(sha)
        self.refs[f"refs/heads/{body['branch']}"] = sha
        return 200 if "sha" in body else 201, {
            "content": self._content(path, files[path]),
            "commit": {"sha": sha, "url": f"{API}/repos/{FULL_NAME}/git/commits/{sha}"},
        }

    def _get_tree(self, name: str, *, query: Json, body: Json) -> Answer:
        sha = name if name in self.trees else self.commits[self._resolve(name)]["tree"]
        files = self.trees[sha]
        folders = set() if query.get("recursive") else {path.split("/")[0] for path in files if "/" in path}
        entries = [
            {"path": path, "mode": "100644", "type": "blob", "sha": blob, "size": len(self.blobs[blob])}
            for path, blob in sorted(files.items())
            if path.split("/")[0] not in folders
        ]
        for folder in sorted(folders):
            start = f"{folder}/"
            below = {path.removeprefix(start): blob for path, blob in files.items() if path.startswith(start)}
            entries.append({"path": folder, "mode": "040000", "type": "tree", "sha": self._tree(below)})
        cut = self.truncated == "all" or bool(self.truncated and query.get("recursive"))
        return 200, {"sha": sha, "tree": entries[:1] if cut else entries, "truncated": cut}

    def _post_tree(self, *, query: Json, body: Json) -> Answer:
        base = self.trees[body["base_tree"]] if "base_tree" in body else {}
        new = {each["path"]: self._blob(each["content"].encode()) for each in body["tree"]}
        return 201, {"sha": self._tree({**base, **new}), "tree": [], "truncated": False}

    def _get_blob(self, sha: str, *, query: Json, body: Json) -> Answer:
        content = base64.encodebytes(self.blobs[sha]).decode()
        return 200, {"sha": sha, "content": content, "encoding": "base64", "size": len(self.blobs[sha])}

    def _get_git_commit(self, sha: str, *, query: Json, body: Json) -> Answer:
        return 200, self._git_commit(sha)

    def _post_commit(self, *, query: Json, body: Json) -> Answer:
        return 201, self._git_commit(self._commit(body["tree"], body["parents"], body["message"], self.login))

    def _get_pulls(self, *, query: Json, body: Json) -> Answer:
        owner, _, branch = query["head"].partition(":")
        assert owner == "acme"
        found = [
            self._pull(number)
            for number in sorted(self.pulls, reverse=True)
            if self.pulls[number]["head"] == branch
            and query.get("state") in ("all", self.pulls[number]["state"])
        ]
        return 200, found

    def _post_pull(self, *, query: Json, body: Json) -> Answer:
        branch = body["head"]
        ours = [pull for pull in self.pulls.values() if not pull.get("fork")]
        if any(pull["head"] == branch and pull["state"] == "open" for pull in ours):
            text = f"A pull request already exists for acme:{branch}."
            raise Problem(
                422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": text}]
            )
        if self.files(self._resolve(branch)) == self.files(self._resolve(body["base"])):
            text = f"No commits between {body['base']} and {branch}"
            raise Problem(422, "Validation Failed", [{"code": "custom", "message": text}])
        return 201, self._pull(self.open_pull(branch, body["title"], body["body"]))

    def open_pull(self, branch: str, title: str = "Title", body: str = "", login: str | None = None) -> int:
        """Open a pull request of a branch."""
        number = self._id()
        self.pulls[number] = {
            "head": branch,
            "title": title,
            "body": body,
            "state": "open",
            "user": login or self.login,
            "base": self.refs["refs/heads/main"],
            "merged_at": None,
            "merge": None,
            "fork": False,
        }
        return number

    def _get_pull(self, number: str, *, query: Json, body: Json) -> Answer:
        return 200, self._pull(int(number))

    def _patch_pull(self, number: str, *, query: Json, body: Json) -> Answer:
        assert body.keys() <= {"title", "body", "state"}
        if body.get("state") == "closed":
            self.close(int(number))
        self.pulls[int(number)] |= body
        return 200, self._pull(int(number))

    def _get_pull_files(self, number: str, *, query: Json, body: Json) -> Answer:
        pull = self.pulls[int(number)]
        old, new = self.files(pull["base"]), self.files(self._head(pull))
        changed = [
            {"filename": path, "status": "modified" if path in old else "added"}
            for path in new
            if old.get(path) != new[path]
        ]
        gone = [{"filename": path, "status": "removed"} for path in old if path not in new]
        return 200, [*changed, *gone, *self.extra_files.get(int(number), [])]

    def _get_pull_commits(self, number: str, *, query: Json, body: Json) -> Answer:
        pull = self.pulls[int(number)]
        old = self._ancestors(pull["base"])
        found = [sha for sha in self._ancestors(self._head(pull)) if sha not in old]
        return 200, [
            {
                "sha": sha,
                "url": f"{API}/repos/{FULL_NAME}/commits/{sha}",
                "commit": {
                    "message": self.commits[sha]["message"],
                    "verification": {"verified": sha in self.signed},
                },
                "author": self.commits[sha]["author"],
                "committer": self.commits[sha]["committer"],
            }
            for sha in reversed(found)
        ]

    def _get_reviews(self, number: str, *, query: Json, body: Json) -> Answer:
        return 200, self.reviews.get(int(number), [])

    def _get_permission(self, login: str, *, query: Json, body: Json) -> Answer:
        if login not in self.permissions:
            raise Problem(404, f"{login} is not a user")
        return 200, {"permission": self.permissions[login], "user": {"login": login}}

    def _get_comments(self, number: str, *, query: Json, body: Json) -> Answer:
        return 200, self.comments.get(int(number), [])

    def _post_comment(self, number: str, *, query: Json, body: Json) -> Answer:
        return 201, self.add_comment(int(number), self.login, body["body"])

    def add_comment(self, number: int, login: str, body: str) -> Json:
        """Add a comment of somebody."""
        at = "2026-11-21T06:00:00Z"
        made = {
            "id": self._id(),
            "user": {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"},
            "body": body,
            "created_at": at,
            "updated_at": at,
            "issue_url": f"{API}/repos/{FULL_NAME}/issues/{number}",
            "performed_via_github_app": None,
        }
        made["url"] = f"{API}/repos/{FULL_NAME}/issues/comments/{made['id']}"
        made["html_url"] = f"https://github.test/{FULL_NAME}/pull/{number}#issuecomment-{made['id']}"
        self.comments.setdefault(number, []).append(made)
        return made

    def _get_comment(self, number: str, *, query: Json, body: Json) -> Answer:
        found = next((one for one in self._all_comments() if one["id"] == int(number)), None)
        return (200, found) if found else (404, {"message": "Not Found"})

    def _dispatch(self, workflow: str, *, query: Json, body: Json) -> Answer:
        self.dispatched.append((workflow, body["ref"], body["inputs"]))
        run = f"{FULL_NAME}/actions/runs/{self._id()}"
        found = {"workflow_run_id": self._next, "run_url": f"{API}/repos/{run}"}
        return 200, found | {"html_url": f"https://github.test/{run}"}

    def _patch_comment(self, number: str, *, query: Json, body: Json) -> Answer:
        found = next(one for one in self._all_comments() if one["id"] == int(number))
        assert found["user"]["login"] == self.login, "somebody else's comment"
        found["body"] = body["body"]
        return 200, found

    def _delete_comment(self, number: str, *, query: Json, body: Json) -> Answer:
        for comments in self.comments.values():
            comments[:] = [one for one in comments if one["id"] != int(number)]
        return 204, None

    def _all_comments(self) -> list[Json]:
        return [one for comments in self.comments.values() for one in comments]

    def _get_commit_pulls(self, sha: str, *, query: Json, body: Json) -> Answer:
        return 200, [
            self._pull(number)
            for number, pull in self.pulls.items()
            if sha in (pull["merge"], self._head(pull))
        ]

    def _get_commit(self, sha: str, *, query: Json, body: Json) -> Answer:
        return 200, {"sha": self._resolve(sha), "url": f"{API}/repos/{FULL_NAME}/commits/{sha}"}

    def _get_statuses(self, sha: str, *, query: Json, body: Json) -> Answer:
        return 200, self.statuses.get(sha, [])[::-1]

    def _post_status(self, sha: str, *, query: Json, body: Json) -> Answer:
        assert sha in self.commits
        assert len(body["description"]) <= 140, "GitHub takes 140 characters"
        return 201, self.add_status(sha, **body)

    def add_status(self, sha: str, *, login: str | None = None, **fields: Json) -> Json:
        """Put a status on a commit, as somebody else if one is named."""
        made = {"id": self._id(), "creator": {"login": login or self.login}, **fields}
        self.statuses.setdefault(sha, []).append(made)
        return made

    def _get_runs(self, sha: str, *, query: Json, body: Json) -> Answer:
        found = [run for run in self.runs if run["head_sha"] == sha and run["name"] == query["check_name"]]
        if query.get("filter", "latest") == "latest":
            found = list({run["app"]["slug"]: run for run in found}.values())
        return 200, {"total_count": len(found), "check_runs": found}

    def _post_run(self, *, query: Json, body: Json) -> Answer:
        return 201, self.add_run(**body)

    def add_run(self, *, app: str | None = None, **fields: Json) -> Json:
        """Add a check run, of another app if one is named."""
        output = {"title": None, "summary": None, "text": None} | fields.pop("output", {})
        annotations = output.pop("annotations", [])
        assert len(annotations) <= 50, "GitHub takes 50 annotations in one call"
        number = self._id()
        run = {
            "id": number,
            "url": f"{API}/repos/{FULL_NAME}/check-runs/{number}",
            "app": {"slug": app or self.app},
            "status": "completed",
            "conclusion": None,
            "completed_at": DRAWN,
            **fields,
            "output": output | {"annotations_count": len(annotations)},
        }
        self.runs.append(run)
        return run

    def _patch_run(self, number: str, *, query: Json, body: Json) -> Answer:
        run = next(run for run in self.runs if run["id"] == int(number))
        assert run["app"]["slug"] == self.app, "another app's check run"
        output = body.pop("output")
        annotations = output.pop("annotations", [])
        assert len(annotations) <= 50, "GitHub takes 50 annotations in one call"
        count = run["output"]["annotations_count"] + len(annotations)
        run |= body
        run["output"] = run["output"] | output | {"annotations_count": count}
        return 200, run

    REPO = f"/repos/{FULL_NAME}"
    ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
        (r"GET /user", _get_user),
        (rf"GET {REPO}", _get_repo),
        (rf"GET {REPO}/git/ref/(.+)", _get_ref),
        (rf"POST {REPO}/git/refs", _post_ref),
        (rf"PATCH {REPO}/git/refs/(.+)", _patch_ref),
        (rf"DELETE {REPO}/git/refs/(.+)", _delete_ref),
        (rf"GET {REPO}/contents/(.+)", _get_contents),
        (rf"PUT {REPO}/contents/(.+)", _put_contents),
        (rf"GET {REPO}/git/trees/(\w+)", _get_tree),
        (rf"POST {REPO}/git/trees", _post_tree),
        (rf"GET {REPO}/git/blobs/(\w+)", _get_blob),
        (rf"GET {REPO}/git/commits/(\w+)", _get_git_commit),
        (rf"POST {REPO}/git/commits", _post_commit),
        (rf"GET {REPO}/pulls", _get_pulls),
        (rf"POST {REPO}/pulls", _post_pull),
        (rf"GET {REPO}/pulls/(\d+)", _get_pull),
        (rf"PATCH {REPO}/pulls/(\d+)", _patch_pull),
        (rf"GET {REPO}/pulls/(\d+)/files", _get_pull_files),
        (rf"GET {REPO}/pulls/(\d+)/commits", _get_pull_commits),
        (rf"GET {REPO}/pulls/(\d+)/reviews", _get_reviews),
        (rf"GET {REPO}/collaborators/([^/]+)/permission", _get_permission),
        (rf"GET {REPO}/issues/(\d+)/comments", _get_comments),
        (rf"POST {REPO}/issues/(\d+)/comments", _post_comment),
        (rf"GET {REPO}/issues/comments/(\d+)", _get_comment),
        (rf"PATCH {REPO}/issues/comments/(\d+)", _patch_comment),
        (rf"POST {REPO}/actions/workflows/([a-z]+\.yml)/dispatches", _dispatch),
        (rf"DELETE {REPO}/issues/comments/(\d+)", _delete_comment),
        (rf"GET {REPO}/commits/(\w+)/pulls", _get_commit_pulls),
        (rf"GET {REPO}/commits/(\w+)", _get_commit),
        (rf"GET {REPO}/commits/(\w+)/statuses", _get_statuses),
        (rf"POST {REPO}/statuses/(\w+)", _post_status),
        (rf"GET {REPO}/commits/(\w+)/check-runs", _get_runs),
        (rf"POST {REPO}/check-runs", _post_run),
        (rf"PATCH {REPO}/check-runs/(\d+)", _patch_run),
    )

    # --- objects

    def _id(self) -> int:
        self._next += 1
        return self._next

    def _blob(self, raw: bytes) -> str:
        sha = _sha("blob", raw)
        self.blobs[sha] = raw
        return sha

    def _tree(self, files: dict[str, str]) -> str:
        sha = _sha("tree", files)
        self.trees[sha] = dict(files)
        return sha

    def _commit(
        self, tree: str, parents: list[str], message: str, login: str | None, author: Json = None
    ) -> str:
        sha = _sha("commit", [tree, parents, message, len(self.commits)])
        known = {"login": login} if login else None
        self.commits[sha] = {
            "tree": tree,
            "parents": parents,
            "message": message,
            "author": None if author else known,
            "committer": known,
            "by": author,
        }
        return sha

    def _ancestors(self, sha: str) -> list[str]:
        found, queue = [], [sha]
        while queue:
            found.append(queue.pop())
            queue += self.commits[found[-1]]["parents"]
        return found

    def _resolve(self, name: str) -> str:
        sha = name if name in self.commits else self.refs.get(f"refs/heads/{name}")
        if sha is None:
            raise Problem(404, f"No commit found for the ref {name}")
        return sha

    def _ref(self, ref: str) -> Json:
        if ref not in self.refs:
            raise Problem(404, "Not Found")
        url = f"{API}/repos/{FULL_NAME}/git/{ref}"
        return {"ref": ref, "url": url, "object": {"type": "commit", "sha": self.refs[ref]}}

    def _git_commit(self, sha: str) -> Json:
        commit = self.commits[sha]
        return {
            "sha": sha,
            "url": f"{API}/repos/{FULL_NAME}/git/commits/{sha}",
            "message": commit["message"],
            "tree": {"sha": commit["tree"]},
            "parents": [{"sha": parent} for parent in commit["parents"]],
        }

    def _content(self, path: str, sha: str) -> Json:
        raw = self.blobs[sha]
        large = len(raw) > 1_000_000
        return {
            "type": "file",
            "path": path,
            "sha": sha,
            "size": len(raw),
            "encoding": "none" if large else "base64",
            "content": "" if large else base64.encodebytes(raw).decode(),
        }

    def _head(self, pull: Json) -> str:
        return pull.get("head_sha") or self.refs[f"refs/heads/{pull['head']}"]

    def _pull(self, number: int) -> Json:
        if number not in self.pulls:
            raise Problem(404, "Not Found")
        pull = self.pulls[number]
        repo = {"full_name": "stranger/lakeport" if pull["fork"] else FULL_NAME}
        return {
            "number": number,
            "url": f"{API}/repos/{FULL_NAME}/pulls/{number}",
            "html_url": f"https://github.test/{FULL_NAME}/pull/{number}",
            "state": pull["state"],
            "title": pull["title"],
            "body": pull["body"],
            "user": {"login": pull["user"]} if pull["user"] else None,
            "merged_at": pull["merged_at"],
            "merge_commit_sha": pull["merge"] or "0" * 40,
            "head": {"ref": pull["head"], "sha": self._head(pull), "repo": repo},
            "base": {"ref": "main", "sha": pull["base"], "repo": {"full_name": FULL_NAME}},
        }
