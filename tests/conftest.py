"""What every test gets: no sockets unless it asks for the loopback, and no environment of the machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import hypothesis
import pytest
import pytest_socket

FOREIGN = ("GITHUB_", "DATABRICKS_", "SLACK_", "OPENAI_", "AZURE_OPENAI_", "LAKEPORT_", "ACT", "RUNNER_")

# How long an example takes says something of the machine, and nothing of the law.
hypothesis.settings.register_profile("lakeport", deadline=None)
hypothesis.settings.load_profile("lakeport")


@pytest.fixture(autouse=True, scope="session")
def _interrupts() -> None:
    """A shell starts what runs in the background deaf to interrupts, and its children would stay so."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's tokens must neither help a test nor be used by one."""
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test asks of its GitHub is not taken from what the next one may."""
    loaded = sys.modules.get("gitops.budget")
    if loaded is not None:
        monkeypatch.setattr(loaded, "GITHUB", loaded.Budget())


@pytest.fixture(autouse=True)
def _sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests open no socket; ``loopback`` and the mark ``e2e`` allow this machine and nothing else."""
    if "loopback" in request.fixturenames or request.node.get_closest_marker("e2e"):
        pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
    pytest_socket._remove_restrictions()


@pytest.fixture
def loopback() -> None:
    """Ask for this to talk to a server on 127.0.0.1."""
