"""Runs one ASGI application on a loopback port in a thread of this process, and stops it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvicorn

HOST = "127.0.0.1"
START_SECONDS = 20.0
STOP_SECONDS = 5.0

T = TypeVar("T")


class Serving:
    """An application that is being served between :meth:`start` and :meth:`stop`.

    The port is taken before the server starts, so ``port=0`` (any free one) cannot be lost to somebody else
    in between. Only the loopback interface is ever listened on.
    """

    def __init__(self, app: Any, *, name: str, port: int = 0) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        config = uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=2, ws_ping_interval=None
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name=f"sandbox-{name}", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._ready = threading.Event()

    def start(self) -> None:
        """Return when the application answers; raises what kept it from starting."""
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise TimeoutError(f"{self.name} did not start within {START_SECONDS:.0f} s")
        if self._failure is not None:
            raise self._failure

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine in the server's event loop and wait for it; never call it from that loop."""
        if self._loop is None:
            work.close()
            raise RuntimeError(f"{self.name} is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def stop(self) -> None:
        """Stop serving and wait until nothing of it is left; calling it again does nothing."""
        if self._thread.is_alive():
            self._server.should_exit = True
            self._thread.join(STOP_SECONDS)
        self._socket.close()

    def _serve(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits in start()
            self._failure = error
        finally:
            self._loop = None
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.005)
        if self._server.started:
            self._ready.set()
        await serving
