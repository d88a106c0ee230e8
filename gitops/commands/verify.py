"""`lakeport verify`: try what a request set up as its users would, and leave it as it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import answer, note

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which request."""
    parser.add_argument("request", metavar="REQUEST", help="Id or name of the request.")
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport verify churn-prediction
  lakeport verify dev/growth/churn-prediction --json

Starts its clusters and SQL warehouses, waits until they run and their
libraries are installed, and stops those that were stopped. Jobs are not run.
This costs what a start costs. Exit code 1 when something does not work, 3 or
4 when a system cannot be asked."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Try it, say what is going on on standard error, and what works on standard output."""
    from gitops import request, status, verifying
    from gitops.drawing import Clients
    from gitops.errors import UsageError

    checkout = shared.checkout_here()
    rows = status.rows(checkout, options.request)
    if len(rows) > 1:
        names = ", ".join(row.request for row in rows)
        raise UsageError(f"{options.request} may be {names}.", fix="Give the whole id of the request.")
    path = rows[0].path
    policy = shared.read_policy(checkout)
    loaded = request.load_request(checkout.read(path), path, registry)
    clients = Clients(os.environ)
    found = verifying.verify(loaded, registry=registry, policy=policy, clients=clients, tell=note)
    answer(options.json, "\n".join(one.words for one in found.resources), found.as_json())
    return found.exit_code
