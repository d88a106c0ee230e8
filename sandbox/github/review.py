"""Reviewing and merging by hand: the form on the page of a pull request, done with the person's own token.

It goes through the REST API like everybody else, so every rule of the API holds here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

import httpx
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from sandbox.github.answers import ApiError
from sandbox.github.state import GitHubState

REVIEWS = {"approve": "APPROVE", "request_changes": "REQUEST_CHANGES", "comment": "COMMENT"}
LONGEST = 65_536
PATH = "/{owner}/{repo}/pull/{number}/act"


def add_reviewing(app: FastAPI, state: GitHubState) -> None:
    """Take what the form sends."""

    async def act(request: Request) -> Response:
        page = request.url.path.removesuffix("/act")
        origin = request.headers.get("origin", state.url)
        raw = await request.body()
        if origin != state.url or len(raw) > LONGEST:
            return ApiError(403, "Forbidden").response()
        form = {key: found[0] for key, found in parse_qs(raw.decode("utf-8", "replace")).items()}
        refusal = await run_in_threadpool(_do, state, page, form)
        if refusal:
            return PlainTextResponse(f"{refusal}\n\nGo back to see the pull request as it is.\n", 409)
        return RedirectResponse(page, 303)

    app.add_api_route(PATH, act, methods=["POST"])


def people(state: GitHubState) -> list[tuple[str, str]]:
    """``(login, name)`` of everybody who has signed up, apps left out."""
    humans = [account for account in state.data.accounts.values() if account.type == "User"]
    return [(account.login, account.name) for account in humans]


def _do(state: GitHubState, page: str, form: Mapping[str, str]) -> str:
    """Do it as that person; empty when it is done, else why not, for the person to read."""
    who, what = form.get("as", ""), form.get("do", "")
    with state.lock:
        tokens = state.data.tokens.values()
        token = next((each.value for each in tokens if each.login == who and not each.app), None)
        owner, repo, _, number = page.strip("/").split("/")
        found = state.repository(f"{owner}/{repo}")
        pull = found.pulls.get(int(number)) if found and number.isdecimal() else None
    if token is None or pull is None or what not in {*REVIEWS, "merge"}:
        return "That cannot be done here."
    api = f"{state.url}/repos/{owner}/{repo}/pulls/{number}"
    if what == "merge":
        method, path, body = "PUT", f"{api}/merge", {"merge_method": "squash", "sha": pull.head_sha}
    else:
        review = {"event": REVIEWS[what], "commit_id": pull.head_sha, "body": form.get("body", "")}
        method, path, body = "POST", f"{api}/reviews", review
    answer = httpx.request(
        method, path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30.0, trust_env=False
    )
    return "" if answer.is_success else f"GitHub refuses: {answer.json().get('message', answer.status_code)}"
