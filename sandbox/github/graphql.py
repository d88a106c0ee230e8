"""The part of GitHub's GraphQL that is asked: repositories and what is in their folders.

Types and fields are named as in GitHub's public schema; a question for anything else is an error. A
repository that is not there is ``null`` in the data and an error beside it, as GitHub answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from graphql import GraphQLError, build_schema, graphql_sync
from starlette.responses import JSONResponse, Response

from sandbox.github.answers import ApiError, parse_body
from sandbox.github.call import Call
from sandbox.github.data import Repository, Token
from sandbox.github.git import Bare, Entry
from sandbox.github.state import GitHubState

MOST_TEXT = 512_000
"""Bytes of a file until its text is truncated."""

SCHEMA = build_schema("""
    scalar GitObjectID
    scalar URI
    type Query { repository(owner: String!, name: String!, followRenames: Boolean = true): Repository }
    type Repository {
      name: String!
      nameWithOwner: String!
      url: URI!
      isArchived: Boolean!
      isEmpty: Boolean!
      object(expression: String): GitObject
    }
    interface GitObject { oid: GitObjectID! }
    type Blob implements GitObject {
      oid: GitObjectID!
      byteSize: Int!
      isBinary: Boolean
      isTruncated: Boolean!
      text: String
    }
    type Tree implements GitObject { oid: GitObjectID! entries: [TreeEntry!] }
    type TreeEntry { name: String! mode: Int! type: String! oid: GitObjectID! object: GitObject }
""")

Look = Callable[[str, str], Mapping[str, Any] | None]
"""Owner and name → the repository's fields; ``object`` is a function of the expression."""


def execute(query: str, variables: Mapping[str, Any], look: Look) -> dict[str, Any]:
    """The answer to a question: ``data``, and ``errors`` where there are any."""

    def repository(info: Any, *, owner: str, name: str, **rest: Any) -> Any:
        del info, rest
        found = look(owner, name)
        if found is None:
            words = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise GraphQLError(words, extensions={"type": "NOT_FOUND"})
        return found

    done = graphql_sync(SCHEMA, query, {"repository": repository}, variable_values=dict(variables))
    answer: dict[str, Any] = {"data": done.data}
    if done.errors:
        answer["errors"] = [_error(error) for error in done.errors]
    return answer


def _error(error: GraphQLError) -> dict[str, Any]:
    """GitHub has the type of an error beside its message."""
    shown: dict[str, Any] = dict(error.formatted)
    more: dict[str, Any] = shown.pop("extensions", {})
    return more | shown


def blob(oid: str, raw: bytes) -> dict[str, Any]:
    """A file; the text of one that is binary is null."""
    binary = b"\0" in raw[:8000]
    return {
        "__typename": "Blob",
        "oid": oid,
        "byteSize": len(raw),
        "isBinary": binary,
        "isTruncated": len(raw) > MOST_TEXT,
        "text": None if binary else raw[:MOST_TEXT].decode("utf-8", "replace"),
    }


def tree(oid: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """A folder."""
    return {"__typename": "Tree", "oid": oid, "entries": entries}


def entry(name: str, mode: str, kind: str, oid: str, content: Callable[[Any], Any]) -> dict[str, Any]:
    """What is in a folder; ``mode`` is Git's, in octal."""
    return {"name": name, "mode": int(mode, 8), "type": kind, "oid": oid, "object": content}


def add_graphql(
    app: FastAPI, state: GitHubState, token: Callable[[GitHubState, Request], Token | None]
) -> None:
    """Answer at ``/graphql``; ``token`` finds out whose token a request carries."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        return await run_in_threadpool(handle, request, raw)

    def handle(request: Request, raw: bytes) -> Response:
        with state.lock:
            try:
                held = token(state, request)
                call = Call(state, held, "POST", "/graphql", {}, {}, parse_body(raw))
                _ = call.caller  # GraphQL answers nobody without a token
                query, variables = call.text("query", required=True), call.body.get("variables") or {}
                return JSONResponse(execute(query, variables, lambda owner, name: _shown(call, owner, name)))
            except ApiError as error:
                return error.response()

    app.add_api_route("/graphql", endpoint, methods=["POST"])


def _shown(call: Call, owner: str, name: str) -> Mapping[str, Any] | None:
    found = call.state.repository(f"{owner}/{name}")
    if found is None or call.level(found) == "none":
        return None
    git = call.state.git(found)
    return {
        "name": found.name,
        "nameWithOwner": found.full_name,
        "url": f"{call.state.url}/{found.full_name}",
        "isArchived": found.archived,
        "isEmpty": not git.refs(),
        "object": lambda info, expression=None: _object(git, found, expression or "HEAD"),
    }


def _object(git: Bare, found: Repository, expression: str) -> dict[str, Any] | None:
    """What ``HEAD:folder`` or ``branch:folder`` names; null where there is nothing."""
    revision, _, path = expression.partition(":")
    sha = git.resolve(found.default_branch if revision == "HEAD" else revision)
    if sha is None:
        return None
    if not path:
        return _content(git, git.commit(sha).tree, "tree")
    there = git.entry(sha, path)
    return None if there is None else _content(git, there.sha, there.type)


def _content(git: Bare, sha: str, kind: str) -> dict[str, Any] | None:
    if kind == "blob":
        return blob(sha, git.blob(sha))
    if kind != "tree":
        return None
    return tree(sha, [_entry(git, one) for one in git.entries(sha)])


def _entry(git: Bare, one: Entry) -> dict[str, Any]:
    name = one.path.rpartition("/")[2]
    return entry(name, one.mode, one.type, one.sha, lambda info: _content(git, one.sha, one.type))
