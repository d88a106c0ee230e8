"""Delivers webhooks the way GitHub does: signed, in order, ten seconds to answer, never a second time."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
import uuid
from typing import Any

import httpx

from sandbox.github.data import Hook, now
from sandbox.github.state import Event, GitHubState

TIMEOUT_SECONDS = 10.0
KEPT_DELIVERIES = 200


def sign(secret: str, body: bytes) -> str:
    """The value of ``X-Hub-Signature-256`` for a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhooks:
    """One thread for each hook, so that a dead receiver holds up nobody else's deliveries."""

    def __init__(self, state: GitHubState) -> None:
        self._state = state
        self._queues: dict[int, queue.Queue[Event | None]] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._busy = 0
        self._change = threading.Condition()
        for hook in state.data.hooks:
            self.watch(hook)

    def watch(self, hook: Hook) -> None:
        """Begin to deliver to a hook."""
        self._queues[hook.id] = queue.Queue()
        thread = threading.Thread(
            target=self._deliver_all, args=(hook,), name=f"webhook-{hook.id}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def __call__(self, event: Event) -> None:
        """Take an event away to every hook that listens to it."""
        for hook in self._state.data.hooks:
            if event.name in hook.events or "*" in hook.events:
                with self._change:
                    self._busy += 1
                self._queues[hook.id].put(event)

    def settle(self, seconds: float = 30.0) -> bool:
        """Wait until everything emitted so far was delivered or given up; False when the time is over."""
        with self._change:
            return self._change.wait_for(lambda: self._busy == 0, seconds)

    def stop(self) -> None:
        """Deliver nothing more; a delivery under way is waited for."""
        self._stopping = True
        for waiting in self._queues.values():
            waiting.put(None)
        for thread in self._threads:
            thread.join(TIMEOUT_SECONDS + 1)

    def _deliver_all(self, hook: Hook) -> None:
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            while (event := self._queues[hook.id].get()) is not None:
                if not self._stopping:
                    self._record(hook, self._deliver(client, hook, event))
                with self._change:
                    self._busy -= 1
                    self._change.notify_all()

    def _record(self, hook: Hook, delivery: dict[str, Any]) -> None:
        with self._state.lock:
            hook.deliveries.append(delivery)
            del hook.deliveries[:-KEPT_DELIVERIES]

    def _deliver(self, client: httpx.Client, hook: Hook, event: Event) -> dict[str, Any]:
        body = json.dumps(event.payload, separators=(",", ":")).encode()
        guid = str(uuid.uuid4())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/rehearsal",
            "X-GitHub-Event": event.name,
            "X-GitHub-Delivery": guid,
            "X-GitHub-Hook-ID": str(hook.id),
            "X-Hub-Signature-256": sign(hook.secret, body),
        }
        begin, status, code = time.monotonic(), "OK", 0
        try:
            answered = client.post(hook.url, content=body, headers=headers)
            code = answered.status_code
            status = "OK" if answered.is_success else answered.reason_phrase or "failed"
        except httpx.TimeoutException:
            status = "timed out"
        except httpx.HTTPError:
            status = "failed to connect to host"
        found = self._state.repository(event.repository)
        return {
            "id": self._state.new_id(),
            "guid": guid,
            "delivered_at": now(),
            "redelivery": False,
            "duration": round(time.monotonic() - begin, 3),
            "status": status,
            "status_code": code,
            "event": event.name,
            "action": event.payload.get("action"),
            "installation_id": None,
            "repository_id": found.id if found else None,
        }
