"""The rehearsal Databricks workspace: `minilake` behind a front, with the sample organisation's catalogs
and groups.
"""

from __future__ import annotations

import secrets
import socket
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from sandbox.children import Child
from sandbox.databricks.front import DEPLOYER, Front, build
from sandbox.serving import HOST, Serving

START_SECONDS = 60.0
SCIM = "/api/2.0/preview/scim/v2"


@dataclass(frozen=True)
class Member:
    """A user of the workspace and the groups the user is in."""

    email: str
    name: str
    groups: Sequence[str] = ()


class Databricks:
    """A workspace on a free loopback port; the `databricks-sdk` talks to it unchanged.

    ``token`` may do everything and ``read_token`` may only read; ``url`` is what goes into
    ``DATABRICKS_HOST``. ``writes`` and ``unknown_calls`` are those of
    :class:`sandbox.databricks.front.Front`.
    """

    program: Sequence[str] = (str(Path(sys.executable).with_name("minilake")),)

    def __init__(
        self,
        home: Path,
        port: int = 0,
        *,
        log: Path | None = None,
        cluster_seconds: float = 0.3,
        install_seconds: float = 0.3,
    ) -> None:
        self.home = home
        self._log = log or home / "minilake.log"
        self.token = f"dapi{secrets.token_hex(16)}"
        self.read_token = f"dapi{secrets.token_hex(16)}"
        self._port = port
        self._cluster_seconds = cluster_seconds
        self._install_seconds = install_seconds
        self._child: Child | None = None
        self._serving: Serving | None = None
        self._front: Front | None = None
        self._upstream = ""

    @property
    def url(self) -> str:
        """Where the workspace is; only while it runs."""
        if self._serving is None:
            raise RuntimeError("the rehearsal Databricks is not running")
        return self._serving.url

    @property
    def writes(self) -> list[tuple[str, str]]:
        """``(method, path)`` of every call that was not a read, in order."""
        return self._front.writes if self._front else []

    @property
    def unknown_calls(self) -> list[tuple[str, str]]:
        """``(method, path)`` of every call that neither part could answer."""
        return self._front.unknown_calls if self._front else []

    def start(self) -> None:
        """Start `minilake`, then the front; raises :class:`sandbox.children.ChildError` with the tail of
        the log.
        """
        port = _free_port()
        self._upstream = f"http://{HOST}:{port}"
        self._child = Child(
            "databricks (minilake)",
            [*self.program, "--port", str(port), "--host", HOST],
            env=self._environment(),
            cwd=_made(self.home),
            log=self._log,
        )
        self._child.wait_until(self._healthy, START_SECONDS)
        self._front = Front(
            self._upstream,
            token=self.token,
            read_token=self.read_token,
            install_seconds=self._install_seconds,
        )
        self._serving = Serving(build(self._front), name="databricks", port=self._port)
        self._serving.start()

    def check(self) -> None:
        """Raise when `minilake` has ended on its own."""
        if self._child is not None:
            self._child.check()

    def stop(self) -> None:
        """Stop both; calling it again does nothing."""
        if self._serving is not None and self._front is not None:
            try:
                self._serving.run(self._front.close(), timeout=5)
            finally:
                self._serving.stop()
        self._serving = None
        if self._child is not None:
            self._child.stop()
            self._child = None

    def __enter__(self) -> Databricks:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def seed(self, *, catalogs: Iterable[str], groups: Iterable[str], members: Iterable[Member] = ()) -> None:
        """Make catalogs, account groups, users and the workspace's own groups; none of it counts as a
        write.
        """
        with httpx.Client(base_url=self._upstream, timeout=30.0, trust_env=False) as http:
            for catalog in catalogs:
                _post(http, "/api/2.1/unity-catalog/catalogs", {"name": catalog})
            users = {
                member.email: _post(
                    http,
                    f"{SCIM}/Users",
                    {"userName": member.email, "displayName": member.name, "active": True},
                )["id"]
                for member in members
            }
            inside: dict[str, list[str]] = {}
            for member in members:
                for group in member.groups:
                    inside.setdefault(group, []).append(users[member.email])
            for group in dict.fromkeys([*groups, "admins", "users"]):
                people = list(users.values()) if group == "users" else inside.get(group, [])
                entries = [{"value": one} for one in people]
                _post(http, f"{SCIM}/Groups", {"displayName": group, "members": entries})

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"{self._upstream}/_minilake/health", timeout=1.0, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _environment(self) -> dict[str, str]:
        data = _made(self.home / "data")
        return {
            "MINILAKE_DATA_DIR": str(data),
            "MINILAKE_NOTEBOOK": "0",
            "MINILAKE_MCP": "0",
            "MINILAKE_CLUSTER_START_DELAY": str(self._cluster_seconds),
            "MINILAKE_CLUSTER_TERMINATE_DELAY": str(self._cluster_seconds),
            # An empty folder of extensions and no prewarming: it must not fetch anything from the internet.
            "MINILAKE_DUCKDB_EXTENSION_DIR": str(_made(self.home / "extensions")),
            "MINILAKE_SPARK_PREWARM": "0",
            "MINILAKE_DUCKDB_MEMORY_LIMIT": "512MB",
        }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _post(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(path, json=body)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _free_port() -> int:
    # minilake opens its port itself, so between this and its start the port could be lost; it would say so.
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


__all__ = ["DEPLOYER", "Databricks", "Member"]
