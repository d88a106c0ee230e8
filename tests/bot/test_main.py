"""The process: says what is missing, is alive while others are away, and stops in time, losing nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import __main__ as program
from bot.store import Store
from tests.support import slack_events as slack

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "http://127.0.0.1:9"
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-canary-1",
    "SLACK_SIGNING_SECRET": "canary-2",
    "GITHUB_TOKEN": "canary-3",
    "GITHUB_WEBHOOK_SECRET": "canary-4",
}


def test_what_is_missing_is_said_and_the_exit_code_says_configuration(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert program.main([]) == 3
    err = capfd.readouterr().err
    for name in (*SECRETS, "LAKEPORT_REPOSITORY"):
        assert name in err
    assert "Traceback" not in err


def test_arguments_nobody_knows_are_refused() -> None:
    assert program.main(["--sokcet"]) == 2


def test_socket_mode_wants_its_token(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in (SECRETS | {"LAKEPORT_REPOSITORY": "acme/lakeport"}).items():
        monkeypatch.setenv(name, value)
    assert program.main(["--socket"]) == 3
    assert "SLACK_APP_TOKEN" in capfd.readouterr().err


@pytest.fixture
def bot(loopback: None, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = os.environ | SECRETS | {
        "LAKEPORT_REPOSITORY": "acme/lakeport", "LAKEPORT_HOME": str(tmp_path), "LAKEPORT_PORT": str(port),
        "SLACK_API_URL": f"{NOBODY}/api/", "GITHUB_API_URL": NOBODY,
    }  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "bot"], env=environment, cwd=ROOT, stderr=log)
        base = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while call(f"{base}/healthz")[0] != 200:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        yield process, base
        process.kill()
        process.wait()


def call(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")
    except OSError:
        return 0, None


def test_alive_while_slack_and_github_are_away_and_gone_in_time(
    bot: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    process, base = bot
    status, answer = call(f"{base}/readyz")
    assert (status, set(answer["problems"])) == (503, {"slack", "policy"})
    body = json.dumps(slack.said("<@U0LAKEPORT> canary-text")).encode()
    started = time.monotonic()
    assert call(f"{base}/slack/events", body, slack.signed("canary-2", body, int(time.time())))[0] == 200
    assert time.monotonic() - started < 3
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    log = (tmp_path / "log").read_text()
    assert "canary" not in log
    assert all(json.loads(line) for line in log.splitlines())
    store = Store(f"sqlite:///{tmp_path}/bot.db")
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT status FROM workflow_status").all()
    store.close()
    assert [status for (status,) in rows] == ["PENDING"]
