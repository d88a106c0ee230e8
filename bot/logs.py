"""Logs as JSON lines, ours and the libraries': no bodies, no secrets, of an error its kind and place."""

from __future__ import annotations

import logging
import sys
import traceback

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

QUIET = ("uvicorn.access", "slack_bolt", "slack_sdk", "dbos", "sqlalchemy", "alembic", "httpx", "urllib3")
"""Loggers of libraries that tell of every request, or repeat what was sent when something fails."""


def configure(level: str = "INFO") -> None:
    """Send everything that is logged to standard error, one JSON object a line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        place_of_error,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", *QUIET):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING if name in QUIET else logging.INFO)
    # Bolt warns of every event that nobody listens to; DBOS brings a handler of its own where it finds none.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    logging.getLogger("dbos").addHandler(logging.NullHandler())


def place_of_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say where an error came from; its message is left out, since it may repeat what somebody typed."""
    found = _exception(event.pop("exc_info", None))
    if found is not None:
        frames = traceback.extract_tb(found.__traceback__)[-8:]
        event["error"] = type(found).__name__
        event["at"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _exception(value: object) -> BaseException | None:
    if value is True:
        return sys.exc_info()[1]
    if isinstance(value, tuple) and len(value) == 3 and isinstance(value[1], BaseException):
        return value[1]
    return value if isinstance(value, BaseException) else None
