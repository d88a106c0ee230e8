"""Webhooks of the rehearsal GitHub: signed, in order, never twice."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.rehearsal_github import REPO, put_file, world

pytestmark = pytest.mark.usefixtures("loopback")


@dataclass
class Receiver:
    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def told(self) -> list[tuple[str, str]]:
        """Event and action of everything that came, in order."""
        return [(head["x-github-event"], json.loads(body).get("action", "")) for head, body in self.got]


@pytest.fixture
def receiver(loopback: None) -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_life_of_a_pull_request_is_told_in_order(tmp_path: Path, receiver: Receiver) -> None:
    with world(tmp_path) as acme:
        acme.github.add_webhook(receiver.url, "s3cret")
        pull = acme.propose()
        put_file(acme["lakeport"], "requests/two.yaml", "b: 1\n", pull["head"]["ref"])
        acme["nadia-k"].ok("POST", f"{REPO}/pulls/{pull['number']}/reviews", {"event": "APPROVE"})
        acme["nadia-k"].ok("POST", f"{REPO}/issues/{pull['number']}/comments", {"body": "Fine."})
        acme["nadia-k"].ok("PUT", f"{REPO}/pulls/{pull['number']}/merge", {})
        assert acme.github.webhooks.settle()
        assert receiver.told() == [
            ("push", ""),
            ("push", ""),
            ("pull_request", "opened"),
            ("push", ""),
            ("pull_request", "synchronize"),
            ("pull_request_review", "submitted"),
            ("issue_comment", "created"),
            ("push", ""),
            ("pull_request", "closed"),
        ]
        bodies = [json.loads(body) for _, body in receiver.got]
        assert bodies[4]["before"] == pull["head"]["sha"]
        assert bodies[4]["after"] == bodies[4]["pull_request"]["head"]["sha"]
        assert (bodies[5]["review"]["state"], bodies[5]["sender"]["login"]) == ("approved", "nadia-k")
        assert bodies[8]["pull_request"]["merged"] is True
        assert bodies[7]["after"] == bodies[8]["pull_request"]["merge_commit_sha"]
        assert bodies[1]["commits"][0]["added"] == ["requests/churn.yaml"]


def test_deliveries_are_signed_numbered_and_never_repeated(tmp_path: Path, receiver: Receiver) -> None:
    receiver.status = 500
    with world(tmp_path) as acme:
        hook = acme.github.add_webhook(receiver.url, "s3cret", ["push"])
        put_file(acme["liwei"], "a.md", "a", "main")
        put_file(acme["liwei"], "b.md", "b", "main")
        assert acme.github.webhooks.settle()
        assert len(receiver.got) == 2
        for head, body in receiver.got:
            expected = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(head["x-hub-signature-256"], expected)
        guids = [head["x-github-delivery"] for head, _ in receiver.got]
        listed = acme["owner"].ok("GET", f"{REPO}/hooks/{hook}/deliveries")
        assert [each["guid"] for each in listed] == guids[::-1]
        assert {each["status_code"] for each in listed} == {500}
        assert "s3cret" not in acme["owner"]("GET", f"{REPO}/hooks").text
