"""Lets ``git clone`` and ``git fetch`` read a repository over HTTP, with a token where it is not public."""

from __future__ import annotations

import base64
import binascii
import gzip
import subprocess

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from sandbox.github.data import OF_PERMISSION, Repository
from sandbox.github.git import environment
from sandbox.github.state import GitHubState

SERVICE = "git-upload-pack"


def add_clone(app: FastAPI, state: GitHubState) -> None:
    """Serve Git's smart HTTP protocol, reading only, at ``/{owner}/{repo}.git``."""

    async def advertise(request: Request) -> Response:
        found = _readable(state, request)
        if isinstance(found, Response) or request.query_params.get("service") != SERVICE:
            return found if isinstance(found, Response) else PlainTextResponse("read only", 403)
        refs = await run_in_threadpool(_upload_pack, state, found, b"", "--advertise-refs")
        line = f"# service={SERVICE}\n"
        head = f"{len(line) + 4:04x}{line}0000".encode()
        return Response(head + refs, media_type=f"application/x-{SERVICE}-advertisement")

    async def exchange(request: Request) -> Response:
        found = _readable(state, request)
        if isinstance(found, Response):
            return found
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        pack = await run_in_threadpool(_upload_pack, state, found, body)
        return Response(pack, media_type=f"application/x-{SERVICE}-result")

    app.add_api_route("/{owner}/{repo}.git/info/refs", advertise, methods=["GET"])
    app.add_api_route(f"/{{owner}}/{{repo}}.git/{SERVICE}", exchange, methods=["POST"])


def _upload_pack(state: GitHubState, found: Repository, stdin: bytes, *more: str) -> bytes:
    path = str(state.git(found).path)
    command = ["git", "upload-pack", "--stateless-rpc", *more, path]
    return subprocess.run(command, input=stdin, capture_output=True, env=environment(), check=True).stdout


def _readable(state: GitHubState, request: Request) -> Repository | Response:
    """The repository asked for, or why it cannot be read; the token is the password (basic)."""
    found = state.repository(f"{request.path_params['owner']}/{request.path_params['repo']}")
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            value = ""
    token = state.data.tokens.get(value)
    if found and token and token.app and token.repository in ("", found.full_name):
        return found
    held = state.permission(found, token.login if token else "") if found else "none"
    if found is None or OF_PERMISSION[held] == "none":
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"'}
        return PlainTextResponse("Repository not found.", 404 if token else 401, headers)
    return found
