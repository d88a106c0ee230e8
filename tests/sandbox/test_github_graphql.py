"""GraphQL of the rehearsal GitHub: what is asked for by the client we use is answered as GitHub answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from github import GithubException, UnknownObjectException

from gitops.clients import organisation_github
from sandbox.github import graphql
from sandbox.github.rehearsal import GitHub

pytestmark = pytest.mark.e2e
ASKED = """query ($owner: String!, $name: String!, $what: String) {
  repository(owner: $owner, name: $name) {
    name nameWithOwner url isArchived isEmpty
    object(expression: $what) {
      __typename
      ... on Blob { oid byteSize isBinary isTruncated text }
      ... on Tree { oid entries { name mode type oid object { ... on Blob { text } } } }
    }
  }
}"""


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    server = GitHub(tmp_path_factory.mktemp("github"))
    server.add_organisation("acme")
    files = {"README.md": "# one\n", "src/a.py": "x = 1\n", "src/b.bin": b"\0\1", "src/deep/c": "c"}
    server.create_repository("acme", "one", files)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def token(github: GitHub) -> str:
    return github.add_app("lakeport")


@pytest.fixture
def client(github: GitHub, token: str) -> Any:
    return organisation_github({"GITHUB_API_URL": github.url, "LAKEPORT_GITHUB_TOKEN": token})


def ask(client: Any, what: str | None = None, name: str = "one", query: str = ASKED) -> Any:
    variables = {"owner": "acme", "name": name, "what": what}
    return client.requester.graphql_query(query, variables)[1]["data"]["repository"]


def test_a_repository(github: GitHub, client: Any) -> None:
    found = ask(client)
    assert (found["name"], found["nameWithOwner"]) == ("one", "acme/one")
    assert (found["isArchived"], found["isEmpty"]) == (False, False)
    assert found["url"] == client.get_repo("acme/one").html_url
    assert found["object"]["__typename"] == "Tree"


def test_a_file_and_a_folder(client: Any) -> None:
    found = ask(client, "HEAD:src")["object"]
    assert [(one["name"], one["mode"], one["type"]) for one in found["entries"]] == [
        ("a.py", 0o100644, "blob"),
        ("b.bin", 0o100644, "blob"),
        ("deep", 0o040000, "tree"),
    ]
    assert [one["object"] for one in found["entries"]] == [{"text": "x = 1\n"}, {"text": None}, {}]
    blob = ask(client, "main:src/a.py")["object"]
    assert (blob["text"], blob["byteSize"], blob["isBinary"], blob["isTruncated"]) == (
        "x = 1\n",
        6,
        False,
        False,
    )
    tree = client.get_repo("acme/one").get_git_tree("main", recursive=True)
    assert blob["oid"] == next(entry.sha for entry in tree.tree if entry.path == "src/a.py")
    assert ask(client, "HEAD:nowhere")["object"] is None
    assert ask(client, "nowhere:src")["object"] is None


def test_what_is_not_there_is_null_and_an_error_beside_it(client: Any) -> None:
    with pytest.raises(UnknownObjectException) as raised:
        ask(client, name="nothing")
    answer: Any = raised.value.data
    assert answer["data"] == {"repository": None}
    (error,) = answer["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["repository"])
    assert error["message"] == "Could not resolve to a Repository with the name 'acme/nothing'."


@pytest.mark.parametrize(
    "query",
    [
        "query { viewer { login } }",
        "query ($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { stars } }",
        "query ($owner: Int!, $name: String!) { repository(owner: $owner, name: $name) { name } }",
        '{ repository(owner: "acme") { name } }',
        "not a question",
        "{ repository(",
    ],
)
def test_a_question_that_the_schema_does_not_know_is_refused(client: Any, query: str) -> None:
    with pytest.raises(GithubException) as raised:
        ask(client, query=query)
    assert raised.value.status == 400


def test_nobody_without_a_token_is_answered(github: GitHub) -> None:
    body = {"query": '{ repository(owner: "acme", name: "one") { name } }'}
    for headers in ({}, {"Authorization": "Bearer nobody"}):
        assert (
            requests.post(f"{github.url}/graphql", json=body, headers=headers, timeout=10).status_code == 401
        )


def test_a_question_is_no_write(github: GitHub, client: Any) -> None:
    before = list(github.state.writes)
    ask(client)
    assert github.state.writes == before
    assert github.state.unknown_calls == []


def test_a_long_text_ends_early() -> None:
    found = graphql.blob("1", b"x" * (graphql.MOST_TEXT + 1))
    assert found["isTruncated"]
    assert len(found["text"]) == graphql.MOST_TEXT
