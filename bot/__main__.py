"""``python -m bot``: put the parts together and serve; ``--socket`` also reads Slack's socket."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import structlog
import uvicorn

from bot import logs, settings, web
from bot.assembly import assemble, parts
from bot.desk import Pace
from gitops.errors import ConfigurationError, LakeportError, UsageError

GRACE_SECONDS = 3
"""For requests under way; the desk then gets its own time, together less than ten seconds."""

log = structlog.get_logger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    logs.configure()
    try:
        if set(given) - {"--socket"}:
            raise UsageError("python -m bot takes no argument but --socket.")
        return serve(settings.load(), socket="--socket" in given)
    except LakeportError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def serve(given: settings.Settings, *, socket: bool) -> int:
    """Run the web server, and Slack's socket where there is a token for it."""
    if socket and not given.app_token():
        raise ConfigurationError(
            "SLACK_APP_TOKEN is missing, and Socket Mode needs it.",
            fix="Make an app-level token with the scope connections:write and set it.",
        )
    desk, inline = assemble(parts(given), Pace())
    connect = partial(web.open_socket, given, desk, inline=inline) if given.app_token() else None
    app = web.build(given, desk, inline=inline, socket=connect)
    config = uvicorn.Config(
        app,
        host=given.host,
        port=given.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal that stopped it once more at the end; by then there is nothing left to stop.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    with suppress(KeyboardInterrupt):
        server.run()
    # Work that was cut short waits in a thread, for up to a minute; it is done again at the next start.
    logging.shutdown()
    os._exit(0 if server.started else 1)


if __name__ == "__main__":
    sys.exit(main())
