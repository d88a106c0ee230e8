"""Each answer of a rehearsal server has an id in a header, of the form that the real one's has."""

from __future__ import annotations

import uuid

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from gitops.clients import DATABRICKS_REQUEST_ID
from gitops.github_wire import REQUEST_ID
from gitops.request_ids import note, noted
from sandbox.request_ids import DATABRICKS, GITHUB, RequestIds


def answers(given: dict[str, object]) -> list[str]:
    app = FastAPI()
    app.add_middleware(RequestIds, **given)
    client = TestClient(app, raise_server_exceptions=False)
    found = [client.post("/nothing") for _ in range(2)]
    assert {one.status_code for one in found} == {404}
    return [one.headers[str(given["header"])] for one in found]


@pytest.mark.parametrize(("given", "header"), [(GITHUB, REQUEST_ID), (DATABRICKS, DATABRICKS_REQUEST_ID)])
def test_each_answer_has_an_id_of_its_own_that_we_read(given: dict[str, object], header: str) -> None:
    assert given["header"] == header
    ids: list[str] = []
    with noted(ids):
        for one in answers(given):
            note("POST", one)
    assert len(ids) == 2


def test_the_one_of_databricks_is_a_uuid() -> None:
    assert uuid.UUID(answers(DATABRICKS)[0])
