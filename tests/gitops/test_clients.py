"""Signing in, patience, and failures in words; no socket is opened."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import databricks.sdk.errors as databricks_errors
import pytest
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github import GithubException

from gitops import clients
from gitops.errors import ConfigurationError, RemoteDenied, RemoteError, RemoteUnavailable
from gitops.request_ids import noted

API = "https://github.test/api/v3"
TOKEN = "ghs_" + "s" * 36
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def mock() -> Any:
    with responses.RequestsMock() as wire:
        yield wire


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; how long they would have."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def url(path: str) -> re.Pattern[str]:
    return re.compile(r"https://github\.test(:443)?/api/v3" + re.escape(path) + r"(\?.*)?$")


def test_importing_it_imports_no_sdk() -> None:
    program = "import sys, gitops.clients; print({'github', 'databricks', 'requests'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


# --- the repository


def test_a_token_signs_in(mock: responses.RequestsMock) -> None:
    mock.get(url("/user"), json={"login": "petra-v"})
    gh = clients.repository_github({"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": API + "/"})
    assert gh.get_user().login == "petra-v"
    assert mock.calls[0].request.headers["Authorization"] == f"token {TOKEN}"


def test_no_pace_but_one_that_is_asked_for() -> None:
    env = {"GITHUB_TOKEN": TOKEN}
    given = clients.repository_github(env).requester.kwargs
    assert (given["seconds_between_requests"], given["seconds_between_writes"]) == (0, 0)
    assert given["timeout"] == 15
    slow = clients.repository_github(env | {"LAKEPORT_GITHUB_WRITE_INTERVAL": "1.5"}).requester.kwargs
    assert slow["seconds_between_writes"] == 1.5


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "https://api.github.com"),
        ({"GITHUB_API_URL": API}, API),
        ({"GITHUB_API_URL": API, "LAKEPORT_GITHUB_API_URL": ""}, API),
        (
            {"GITHUB_API_URL": "https://api.github.com", "LAKEPORT_GITHUB_API_URL": "http://127.0.0.1:8"},
            "http://127.0.0.1:8",
        ),
    ],
)
def test_the_address(env: dict[str, str], expected: str) -> None:
    assert clients.api_url(env) == expected


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({}, ["GITHUB_TOKEN", "LAKEPORT_APP_ID"]),
        ({"GITHUB_TOKEN": "two words"}, ["GITHUB_TOKEN"]),
        ({"GITHUB_TOKEN": "line\nbreak"}, ["GITHUB_TOKEN"]),
        (
            {"GITHUB_TOKEN": TOKEN, "LAKEPORT_GITHUB_WRITE_INTERVAL": "soon"},
            ["LAKEPORT_GITHUB_WRITE_INTERVAL"],
        ),
        ({"LAKEPORT_APP_ID": "1"}, ["LAKEPORT_APP_PRIVATE_KEY"]),
        ({"LAKEPORT_APP_PRIVATE_KEY": "-----BEGIN"}, ["LAKEPORT_APP_ID"]),
        (
            {
                "LAKEPORT_APP_ID": "1",
                "LAKEPORT_APP_PRIVATE_KEY": "-----BEGIN",
                "LAKEPORT_APP_INSTALLATION_ID": "42",
            },
            ["LAKEPORT_APP_PRIVATE_KEY"],
        ),
    ],
)
def test_what_is_missing_is_named(env: dict[str, str], names: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        clients.repository_github(env)
    for name in names:
        assert name in str(caught.value)
    assert "two words" not in str(caught.value)


def test_a_key_that_cannot_be_read_is_said_without_showing_it() -> None:
    bad = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"
    env = {
        "LAKEPORT_APP_ID": "1",
        "LAKEPORT_APP_PRIVATE_KEY": bad,
        "GITHUB_REPOSITORY": "acme/lakeport",
    }
    with pytest.raises(ConfigurationError, match="LAKEPORT_APP_PRIVATE_KEY cannot be read") as caught:
        clients.organisation_github(env)
    assert "c2VjcmV0" not in str(caught.value)


# --- the organisation


def test_a_token_for_the_organisation() -> None:
    gh = clients.organisation_github({"LAKEPORT_GITHUB_TOKEN": TOKEN, "GITHUB_TOKEN": "other"})
    assert gh.requester.auth is not None
    assert gh.requester.auth.token == TOKEN


def test_whose_a_token_is(mock: responses.RequestsMock) -> None:
    mock.get(url("/user"), json={"login": "mika-sol", "id": 4711})
    ours = {"GITHUB_API_URL": API, "GITHUB_TOKEN": "ours"}
    assert clients.owner_of_token(ours, TOKEN) == ("mika-sol", 4711)
    assert mock.calls[0].request.headers["Authorization"].endswith(TOKEN)


def test_the_token_of_the_repository_is_not_one_for_the_organisation() -> None:
    with pytest.raises(ConfigurationError, match="LAKEPORT_APP_ID"):
        clients.organisation_github({"GITHUB_TOKEN": TOKEN})


@pytest.mark.parametrize("how", ["named", "repository", "only one"])
def test_an_app_signs_in_as_its_installation(mock: responses.RequestsMock, key: str, how: str) -> None:
    env = {
        "LAKEPORT_APP_ID": "Iv1.abc",
        "LAKEPORT_APP_PRIVATE_KEY": key.replace("\n", "\\n"),
        "GITHUB_API_URL": API,
    }
    installation = {"id": 42, "app_id": 1, "target_id": 1, "target_type": "Organization"}
    if how == "named":
        env["LAKEPORT_APP_INSTALLATION_ID"] = "42"
    elif how == "repository":
        env["GITHUB_REPOSITORY"] = "acme/lakeport"
        mock.get(url("/repos/acme/lakeport/installation"), json=installation)
    else:
        mock.get(url("/app/installations"), json=[installation])
    answer = {"token": TOKEN, "expires_at": "2099-01-01T00:00:00Z", "permissions": {}}
    mock.post(url("/app/installations/42/access_tokens"), json=answer, status=201)
    mock.get(url("/orgs/acme"), json={"login": "acme"})
    gh = clients.organisation_github(env)
    assert gh.get_organization("acme").login == "acme"
    assert mock.calls[-1].request.headers["Authorization"] == f"token {TOKEN}"


def test_an_app_is_asked_who_it_is_and_a_token_is_not(mock: responses.RequestsMock, key: str) -> None:
    app = {"LAKEPORT_APP_ID": "1", "LAKEPORT_APP_PRIVATE_KEY": key, "GITHUB_API_URL": API}
    mock.get(url("/app"), json={"id": 1, "slug": "acme-lakeport"})
    assert clients.app_login(app) == "acme-lakeport[bot]"
    assert clients.app_login(app | {"GITHUB_TOKEN": TOKEN}) is None
    assert clients.app_login({}) is None
    assert len(mock.calls) == 1


def test_the_installation_is_a_number(key: str) -> None:
    env = {"LAKEPORT_APP_ID": "1", "LAKEPORT_APP_PRIVATE_KEY": key, "LAKEPORT_APP_INSTALLATION_ID": "x"}
    with pytest.raises(ConfigurationError, match="LAKEPORT_APP_INSTALLATION_ID"):
        clients.organisation_github(env)


def test_an_app_with_several_installations_has_to_be_told(mock: responses.RequestsMock, key: str) -> None:
    env = {"LAKEPORT_APP_ID": "1", "LAKEPORT_APP_PRIVATE_KEY": key, "GITHUB_API_URL": API}
    mock.get(url("/app/installations"), json=[{"id": 1}, {"id": 2}])
    with pytest.raises(ConfigurationError, match="2 installations"):
        clients.organisation_github(env)


def test_an_app_that_is_not_installed_is_said(mock: responses.RequestsMock, key: str) -> None:
    env = {
        "LAKEPORT_APP_ID": "1",
        "LAKEPORT_APP_PRIVATE_KEY": key,
        "GITHUB_API_URL": API,
        "LAKEPORT_REPOSITORY": "acme/lakeport",
    }
    mock.get(url("/repos/acme/lakeport/installation"), json={"message": "Not Found"}, status=404)
    with pytest.raises(RemoteError, match="GitHub does not know"):
        clients.organisation_github(env)


# --- patience


def github() -> Any:
    return clients.repository_github({"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": API})


def test_a_gateway_that_fails_is_asked_a_few_times(mock: responses.RequestsMock, naps: list[float]) -> None:
    mock.get(url("/user"), json={"message": "Bad gateway"}, status=502)
    with pytest.raises(RemoteUnavailable), clients.translate("GitHub"):
        _ = github().get_user().login
    assert len(mock.calls) == 1 + clients.TRIES


def test_a_limit_that_lasts_an_hour_is_no_reason_to_sleep(
    mock: responses.RequestsMock, naps: list[float]
) -> None:
    reset = {"X-RateLimit-Reset": str(int(time.time()) + 3600)}
    mock.get(url("/user"), json={"message": "API rate limit exceeded"}, status=403, headers=reset)
    with pytest.raises(RemoteUnavailable, match="limits how often"), clients.translate("GitHub"):
        _ = github().get_user().login
    assert len(mock.calls) == 1
    assert sum(naps) == 0


def test_a_retry_after_of_an_hour_is_cut(naps: list[float]) -> None:
    from urllib3.response import HTTPResponse

    retry = github().requester.kwargs["retry"]
    limited = HTTPResponse(status=403, headers={"Retry-After": "3600"})
    retry.new().sleep(limited)
    assert naps == [clients.LONGEST_WAIT]


def test_what_is_forbidden_is_not_asked_again(mock: responses.RequestsMock) -> None:
    mock.get(url("/user"), json={"message": "Resource not accessible by integration"}, status=403)
    with pytest.raises(RemoteDenied), clients.translate("GitHub"):
        _ = github().get_user().login
    assert len(mock.calls) == 1


# --- Databricks


def test_databricks_needs_a_host() -> None:
    with pytest.raises(ConfigurationError, match="DATABRICKS_HOST"):
        clients.databricks({"DATABRICKS_TOKEN": "dapi0"})


@pytest.fixture
def workspace(mock: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A workspace that has no metadata to offer; and no profile of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    host = "https://adb-1.test"
    mock.get(f"{host}/.well-known/databricks-config", status=404, json={"message": "no"})
    return host


def test_databricks_signs_in_with_bounded_patience(mock: responses.RequestsMock, workspace: str) -> None:
    env = {
        "DATABRICKS_HOST": workspace,
        "DATABRICKS_TOKEN": "dapi0",
        "DATABRICKS_AUTH_TYPE": "pat",
        "DATABRICKS_CLIENT_ID": "",
    }
    config = clients.databricks(env).config
    assert (config.host, config.token, config.auth_type) == (workspace, "dapi0", "pat")
    assert (config.retry_timeout_seconds, config.http_timeout_seconds) == (60, 30)


def test_the_ids_of_what_databricks_was_asked_to_change_are_noted(
    mock: responses.RequestsMock, workspace: str
) -> None:
    """By the header that each answer of Databricks has, also where it refuses; of a look none."""
    client = clients.databricks(
        {"DATABRICKS_HOST": workspace, "DATABRICKS_TOKEN": "dapi0", "DATABRICKS_AUTH_TYPE": "pat"}
    )
    schemas = f"{workspace}/api/2.1/unity-catalog/schemas"
    mock.get(f"{schemas}/ml_dev.x", json={"name": "x"}, headers={"x-request-id": "a-look"})
    mock.post(schemas, json={"name": "x"}, headers={"x-request-id": "0b2c7f1e-made"})
    mock.delete(
        f"{schemas}/ml_dev.x",
        status=403,
        json={"error_code": "PERMISSION_DENIED", "message": "no"},
        headers={"x-request-id": "0b2c7f1e-refused"},
    )
    ids: list[str] = []
    with noted(ids):
        client.schemas.get("ml_dev.x")
        client.schemas.create("x", "ml_dev")
        with pytest.raises(databricks_errors.PermissionDenied):
            client.schemas.delete("ml_dev.x")
    assert ids == ["0b2c7f1e-made", "0b2c7f1e-refused"]


def test_two_kinds_sign_in_at_once(
    mock: responses.RequestsMock, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's list of what can be configured is made by one thread: two at once raise RuntimeError."""
    from databricks.sdk.core import Config

    inside, together = threading.Lock(), []
    attributes = Config.attributes

    def watched() -> Any:
        if hasattr(Config, "_attributes"):  # made once and for all
            return attributes()
        if not inside.acquire(blocking=False):
            together.append(threading.current_thread().name)
            return []
        try:
            time.sleep(0.05)
            return attributes()
        finally:
            inside.release()

    attributes()
    monkeypatch.delattr(Config, "_attributes")
    monkeypatch.setattr(Config, "attributes", staticmethod(watched))
    env = {"DATABRICKS_HOST": workspace, "DATABRICKS_TOKEN": "dapi0", "DATABRICKS_AUTH_TYPE": "pat"}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(clients.databricks, [env, env]))
    assert together == []


def test_databricks_credentials_that_do_not_do_are_said_without_showing_them(
    mock: responses.RequestsMock, workspace: str
) -> None:
    env = {
        "DATABRICKS_HOST": workspace,
        "DATABRICKS_AUTH_TYPE": "basic",
        "DATABRICKS_TOKEN": "dapi" + "0" * 32,
    }
    with pytest.raises(ConfigurationError) as caught:
        clients.databricks(env)
    assert "0" * 32 not in str(caught.value)


# --- words


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (GithubException(401, {"message": "Bad credentials"}), RemoteDenied),
        (GithubException(403, {"message": "Must have admin rights"}), RemoteDenied),
        (GithubException(404, {"message": "Not Found"}), RemoteError),
        (
            GithubException(422, {"message": "Validation Failed", "errors": ["no", {"code": "x"}]}),
            RemoteError,
        ),
        (GithubException(429, {"message": "slow down"}), RemoteUnavailable),
        (GithubException(500, "<html>"), RemoteUnavailable),
        (GithubException(200, None), RemoteError),
        (databricks_errors.Unauthenticated("no"), RemoteDenied),
        (databricks_errors.PermissionDenied("no"), RemoteDenied),
        (databricks_errors.ResourceDoesNotExist("no"), RemoteError),
        (databricks_errors.InvalidParameterValue("no"), RemoteError),
        (databricks_errors.ResourceExhausted("no"), RemoteUnavailable),
        (databricks_errors.TemporarilyUnavailable("no"), RemoteUnavailable),
        (databricks_errors.InternalError("no"), RemoteUnavailable),
        (requests.ConnectionError("to https://user:pw@host"), RemoteUnavailable),
        (requests.Timeout(), RemoteUnavailable),
        (requests.exceptions.RetryError("too many 502"), RemoteUnavailable),
        (TimeoutError("Timed out after 0:01:00"), RemoteUnavailable),
        (ConnectionResetError(), RemoteUnavailable),
    ],
)
def test_every_failure_is_a_sentence(error: Exception, expected: type[RemoteError]) -> None:
    with pytest.raises(RemoteError) as caught, clients.translate("The system"):
        raise error
    assert type(caught.value) is expected
    assert caught.value.what.startswith("The system ")
    assert caught.value.what.endswith(".")
    assert caught.value.where == "The system"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_abcdefghijklmnop",
        "github_pat_abcdefghijklmnop",
        "dapi0123456789abcdef0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "Bearer abcdefghijklmnopqrstuvwxyz",
    ],
)
def test_a_secret_in_an_answer_is_not_passed_on(secret: str) -> None:
    with pytest.raises(RemoteError) as caught, clients.translate("GitHub"):
        raise GithubException(422, {"message": f"Bad value {secret} here"})
    assert secret.split()[-1] not in str(caught.value)
    assert "[hidden]" in caught.value.why


def test_a_long_answer_is_cut_and_is_one_line() -> None:
    with pytest.raises(RemoteError) as caught, clients.translate("GitHub"):
        raise GithubException(422, {"message": "line\n" * 1000})
    assert len(caught.value.why) < 400
    assert "\n" not in caught.value.why


@pytest.mark.parametrize("error", [ConfigurationError("ours"), ValueError("a defect"), KeyboardInterrupt()])
def test_anything_else_passes_through(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, clients.translate("GitHub"):
        raise error
    assert caught.value is error
