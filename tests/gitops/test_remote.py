"""What an SDK raises becomes a sentence of ours, also where it lets its JSON parser speak."""

from __future__ import annotations

import json

import pytest

from gitops.errors import RemoteUnavailable
from gitops.remote import translate


def test_an_answer_that_is_cut_off_is_no_answer() -> None:
    with pytest.raises(RemoteUnavailable, match="GitHub did not answer"), translate("GitHub"):
        json.loads('[{"id": 1}, {"id"')
