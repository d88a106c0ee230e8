"""What the battery shares: one world for each worker, and the roads through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.battery import SEED, Roads
from tests.support.stage import stage


def pytest_report_header() -> str:
    return f"faults: seed {SEED}; LAKEPORT_FAULTS=all plays every case, LAKEPORT_FAULTS_SEED another sample"


@pytest.fixture(scope="session")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roads]:
    # Fixtures of the session come before the one that allows sockets on the loopback.
    import pytest_socket

    pytest_socket.enable_socket()
    with stage(tmp_path_factory.mktemp("stage")) as town:
        yield Roads(town)
