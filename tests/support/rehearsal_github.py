"""A small world on the rehearsal GitHub: one organisation, four people, one app, one repository."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox.github.rehearsal import GitHub

FILES = {"README.md": "# Lakeport\n", "requests/policy.yaml": "organisation: acme\n", "run.sh": "#!/bin/sh\n"}
REPO = "/repos/acme/lakeport"


@dataclass
class Caller:
    """Plain REST with one token; gives the answer whatever its status."""

    client: httpx.Client

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, json=body, headers=named)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """The body of an answer that must be a success."""
        answer = self(method, path, body)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None


@dataclass
class World:
    """The server and a caller for each of its inhabitants."""

    github: GitHub
    tokens: dict[str, str]
    callers: dict[str, Caller]

    def __getitem__(self, login: str) -> Caller:
        return self.callers[login]

    def propose(
        self, branch: str = "request/dev/growth/churn", who: str = "lakeport", text: str = "a: 1\n"
    ) -> Any:
        """A pull request that adds one file on a branch of its own."""
        caller = self[who]
        main = caller.ok("GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
        caller.ok("POST", f"{REPO}/git/refs", {"ref": f"refs/heads/{branch}", "sha": main})
        put_file(caller, f"requests/{branch.rpartition('/')[2]}.yaml", text, branch)
        body = {"title": "Onboard churn", "body": "Please.", "head": branch, "base": "main"}
        return caller.ok("POST", f"{REPO}/pulls", body)


def put_file(caller: Caller, path: str, text: str, branch: str, **more: Any) -> Any:
    """Write one file in a commit."""
    content = base64.b64encode(text.encode()).decode()
    body = {"message": f"Write {path}", "content": content, "branch": branch, **more}
    return caller.ok("PUT", f"{REPO}/contents/{path}", body)


@contextmanager
def world(home: Path, files: dict[str, str] | None = None, checks: tuple[str, ...] = ()) -> Iterator[World]:
    """Start it, and stop it however the test ends."""
    github = GitHub(home)
    github.add_organisation("acme", "Acme")
    tokens = {
        "owner": github.add_user("petra-v", "Petra Vos", "petra.vos@acme.example", role="admin"),
        "liwei": github.add_user("liwei", "Li Wei", "li.wei@acme.example"),
        "nadia-k": github.add_user("nadia-k", "Nadia Karim", "nadia.karim@acme.example"),
        "omar-f": github.add_user("omar-f", "Omar Faruk", "omar.faruk@acme.example"),
        "lakeport": github.add_app("lakeport"),
        "narrow": github.add_app("narrow", permissions={"contents": "read", "checks": "write"}),
    }
    github.add_team("acme", "growth", ["liwei", "nadia-k"])
    github.define_custom_property("acme", "lakeport-request")
    github.create_repository("acme", "lakeport", {**FILES, **(files or {})}, checks)
    github.grant("acme", "lakeport", "push", team="growth")
    github.start()
    clients = {
        name: httpx.Client(
            base_url=github.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30
        )
        for name, token in tokens.items()
    }
    clients["nobody"] = httpx.Client(base_url=github.url, trust_env=False)
    try:
        yield World(github, tokens, {name: Caller(client) for name, client in clients.items()})
    finally:
        for client in clients.values():
            client.close()
        github.stop()
