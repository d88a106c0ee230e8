"""Whose a thing is: what is refused by the owner mark on it."""

from __future__ import annotations

from typing import Any

import pytest

from gitops.errors import StalePlan
from gitops.ownership import require_ours, require_ours_to_retire, require_still_ours
from gitops.plan import Reason, RefusedChange
from handlers import volume
from tests.fakes.volume import Case
from tests.handlers.support import desired

WHAT = "the volume ml_dev.churn.landing"
OURS, THEIRS, NOBODYS = "dev/growth/churn", "dev/growth/other", ""


def wanted(*, adopt: bool = False) -> Any:
    return desired(volume.KIND, Case.spec | {"adopt": adopt})


@pytest.mark.parametrize(
    ("mark", "adopt", "of_that_name"), [(OURS, False, 1), (OURS, True, 2), (NOBODYS, True, 1)]
)
def test_ours_and_what_may_be_adopted_is_managed(mark: str, adopt: bool, of_that_name: int) -> None:
    require_ours(wanted(adopt=adopt), WHAT, mark, of_that_name=of_that_name)


@pytest.mark.parametrize(
    ("mark", "adopt", "of_that_name", "words"),
    [
        (THEIRS, False, 1, "belongs to the request dev/growth/other"),
        (THEIRS, True, 1, "belongs to the request dev/growth/other"),
        (NOBODYS, False, 1, "Lakeport did not make it"),
        (NOBODYS, True, 2, "2 of that name exist"),
    ],
)
def test_what_is_not_ours_is_not_managed(mark: str, adopt: bool, of_that_name: int, words: str) -> None:
    with pytest.raises(RefusedChange, match=words) as refused:
        require_ours(wanted(adopt=adopt), WHAT, mark, of_that_name=of_that_name)
    assert refused.value.reason is Reason.NOT_OURS
    assert refused.value.message.startswith("The volume ml_dev.churn.landing ")


@pytest.mark.parametrize("mark", [THEIRS, NOBODYS])
@pytest.mark.parametrize("adopt", [False, True])
def test_only_what_carries_our_mark_is_taken_away(mark: str, adopt: bool) -> None:
    require_ours_to_retire(wanted(adopt=adopt), WHAT, OURS)
    with pytest.raises(RefusedChange, match="is left alone") as refused:
        require_ours_to_retire(wanted(adopt=adopt), WHAT, mark)
    assert refused.value.reason is Reason.NOT_OURS


@pytest.mark.parametrize("mark", [THEIRS, NOBODYS])
def test_a_mark_that_changed_since_the_plan_stops_it(mark: str) -> None:
    require_still_ours(WHAT, OURS, OURS)
    with pytest.raises(StalePlan, match="does not belong to dev/growth/churn"):
        require_still_ours(WHAT, mark, OURS)
