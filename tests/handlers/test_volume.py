"""The volume kind, beyond the laws."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from databricks.sdk.service.catalog import VolumeInfo

from gitops.drawing import Clients, draw
from gitops.errors import Refused, RemoteDenied, RemoteUnavailable, StalePlan
from gitops.kind import Desired
from gitops.plan import Plan, Reason, RefusedChange, Stage
from gitops.request import load_request
from handlers import _unity_grants, schema, volume
from tests.fakes import schema as schema_fake
from tests.fakes.volume import CREATOR, Case
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.support import policy as policy_of

KIND = volume.KIND
NAME = "ml_dev.churn.landing"
LI_WEI = "li.wei@acme.example"
STORED = "Raw files.\nlakeport-request: dev/growth/churn"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


@pytest.fixture
def case() -> Case:
    return Case()


def wanted(lifecycle: str = "active", **spec: Any) -> Any:
    return desired(KIND, Case.spec | spec, lifecycle=lifecycle)


def make(case: Case) -> dict[str, set[str]]:
    """Carry out the plan; gives the grants on the volume."""
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    case.world.writes.clear()
    return case.world.grants[NAME]


def retirement(case: Case, **spec: Any) -> list[Any]:
    retiring = wanted("retiring", **spec)
    return list(KIND.retire(retiring, KIND.read(retiring, case.client)))


def test_the_plan_says_everything(case: Case) -> None:
    create, granting = plan(KIND, wanted(), case.client)
    assert create.summary == "Create the volume ml_dev.churn.landing"
    assert granting.summary == (
        "ml_dev.churn.landing: growth: grant READ_VOLUME, WRITE_VOLUME; risk: grant READ_VOLUME"
    )
    assert granting.details == (
        "Who is to use them needs USE_CATALOG on ml_dev and USE_SCHEMA on ml_dev.churn, too.",
    )


def test_two_writes_make_it_and_all_its_grants(case: Case) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert case.world.writes == [f"create {NAME}", f"grants on {NAME}"]
    assert case.world.volumes == {NAME: STORED}


def test_who_may_manage_it_is_neither_said_nor_taken(case: Case) -> None:
    held = make(case)
    held["growth"] |= {"MANAGE"}
    assert plan(KIND, wanted(), case.client) == []
    assert held[CREATOR] == {"MANAGE"}


def test_who_is_in_the_file_holds_exactly_that_and_strangers_are_left(case: Case) -> None:
    held = make(case)
    held["risk"] |= {"WRITE_VOLUME"}
    held["strangers"] = {"READ_VOLUME"}
    (change,) = plan(KIND, wanted(), case.client)
    assert change.removes == ("risk loses WRITE_VOLUME",)
    carry_out(KIND, [change], case.client)
    assert held["strangers"] == {"READ_VOLUME"}
    assert plan(KIND, wanted(), case.client) == []


def test_who_leaves_the_file_loses_what_it_gave_and_nothing_else(case: Case) -> None:
    held = make(case)
    held["risk"] |= {"WRITE_VOLUME"}
    less = msgspec.structs.replace(wanted(grants=Case.spec["grants"][:1]), earlier=(wanted().spec,))
    (change,) = plan(KIND, less, case.client)
    assert change.removes == ("risk loses READ_VOLUME",)
    carry_out(KIND, [change], case.client)
    assert held["risk"] == {"WRITE_VOLUME"}


def test_members_get_what_the_policy_gives_them_and_lose_it_when_they_leave(case: Case) -> None:
    access = {"volume": ("READ_VOLUME",)}
    one = desired(KIND, Case.spec, members=(LI_WEI,), member_access=access)
    carry_out(KIND, plan(KIND, one, case.client), case.client)
    assert case.world.grants[NAME][LI_WEI] == {"READ_VOLUME"}
    left = desired(KIND, Case.spec, former_members=(LI_WEI,), member_access=access)
    (change,) = plan(KIND, left, case.client)
    assert change.removes == (f"{LI_WEI} loses READ_VOLUME",)


@pytest.mark.parametrize("who", ["nobody", "locals", "no.one@acme.example"])
def test_a_principal_that_the_account_does_not_have_is_refused_at_review(case: Case, who: str) -> None:
    spec = Case.spec | {"grants": [{"principal": who, "privileges": ["READ_VOLUME"]}]}
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, desired(KIND, spec), case.client)
    assert refused.value.reason is Reason.MISSING
    assert who in refused.value.message


def test_the_mark_is_the_last_line_and_nobody_can_type_it(case: Case) -> None:
    forged = "mine\nlakeport-request: prod/risk/other"
    spec = wanted(comment=forged)
    carry_out(KIND, plan(KIND, spec, case.client), case.client)
    assert case.world.volumes[NAME] == f"{forged}\nlakeport-request: dev/growth/churn"
    assert plan(KIND, spec, case.client) == []
    state = KIND.read(spec, case.client)
    assert state is not None
    assert (state.mark, state.comment) == ("dev/growth/churn", forged)


def test_another_requests_volume_is_refused(case: Case) -> None:
    case.world.make(NAME, "lakeport-request: dev/growth/other")
    with pytest.raises(RefusedChange, match="belongs to the request dev/growth/other") as refused:
        plan(KIND, wanted(adopt=True), case.client)
    assert refused.value.reason is Reason.NOT_OURS


def test_adopting_keeps_the_words_of_others_where_the_file_has_none(case: Case) -> None:
    case.world.make(NAME, "old")
    changes = plan(KIND, wanted(adopt=True, comment=""), case.client)
    assert changes[0].summary == "Adopt the volume ml_dev.churn.landing"
    carry_out(KIND, changes, case.client)
    assert case.world.volumes[NAME] == "old\nlakeport-request: dev/growth/churn"


def test_a_mark_that_changed_after_the_plan_is_not_written_over(case: Case) -> None:
    make(case)
    changes = plan(KIND, wanted(comment="Other."), case.client)
    case.world.volumes[NAME] = "lakeport-request: dev/growth/other"
    with pytest.raises(StalePlan):
        carry_out(KIND, changes, case.client)
    assert case.world.writes == []


@pytest.mark.parametrize("reads", [0, 1, 5])
def test_a_new_volume_that_does_not_show_yet_is_waited_for(case: Case, reads: int) -> None:
    case.world.hidden[NAME] = reads
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    case.world.hidden[NAME] = 0
    assert plan(KIND, wanted(), case.client) == []


def test_grants_that_lag_are_read_until_they_show(case: Case) -> None:
    case.client.grants.late = 4
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert case.client.grants.late == 0
    assert case.world.writes.count(f"grants on {NAME}") == 1


def test_the_wait_has_a_bound(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr(
        _unity_grants, "until", lambda *a, **k: _until(*a, clock=lambda: float(next(clock)), **k)
    )
    case.client.grants.late = 10_000
    with pytest.raises(RemoteUnavailable, match="did not show in time"):
        carry_out(KIND, plan(KIND, wanted(), case.client), case.client)


def _until(*arguments: Any, **named: Any) -> Any:
    from gitops.patience import until

    return until(*arguments, **named)


def test_many_are_read_with_one_list_for_each_schema(case: Case) -> None:
    make(case)
    many = [wanted(), wanted(name="other"), wanted(schema="other"), wanted(schema="gone")]
    settled = [msgspec.structs.replace(one, settled=True) for one in many]
    case.world.calls = 0
    assert KIND.read_all is not None
    states = KIND.read_all(settled, case.client)
    assert case.world.calls == 3
    assert [state is not None for state in states] == [True, False, False, False]
    assert KIND.plan(settled[0], states[0]) == []


def test_a_full_look_at_many_asks_for_each_principal_once(case: Case) -> None:
    make(case)
    case.world.calls = 0
    assert KIND.read_all is not None
    both: list[Desired[Any]] = [wanted(), wanted(name="other")]
    assert KIND.read_all(both, case.client)[0] == KIND.read(both[0], case.client)
    lists, grants_pages, principals, one_read = 1, 2, 2, 5
    assert case.world.calls == lists + grants_pages + principals + one_read


def test_what_is_marked_is_found_whatever_request_it_names(case: Case) -> None:
    make(case)
    case.world.make("ml_dev.other.strange", "no mark")
    case.world.make("ml_dev.other.orphan", "lakeport-request: dev/growth/gone")
    assert KIND.marked is not None
    assert [(one.identity, one.request) for one in KIND.marked(case.client)] == [
        (NAME, "dev/growth/churn"),
        ("ml_dev.other.orphan", "dev/growth/gone"),
    ]


def test_retiring_takes_what_we_gave_and_then_drops_it(case: Case) -> None:
    held = make(case)
    held["strangers"] = {"READ_VOLUME"}
    revoke, drop = retirement(case)
    assert (revoke.stage, drop.stage) == (Stage.REVOKE, Stage.DROP)
    assert revoke.removes == (
        "growth loses READ_VOLUME",
        "growth loses WRITE_VOLUME",
        "risk loses READ_VOLUME",
    )
    carry_out(KIND, [revoke], case.client)
    assert held == {CREATOR: {"MANAGE"}, "strangers": {"READ_VOLUME"}}
    assert [change.digest for change in retirement(case)] == [drop.digest], "the drop was approved before"
    carry_out(KIND, [drop], case.client)
    assert case.world.volumes == {}


@pytest.mark.parametrize("thing", ["part-0.csv", "folder/"])
def test_a_volume_that_holds_anything_is_never_dropped(case: Case, thing: str) -> None:
    """People lose their access all the same; the files would be deleted with it."""
    held = make(case)
    case.world.files[NAME].append(thing)
    revoke, drop = retirement(case)
    assert f"{thing.rstrip('/')} now. Lakeport never deletes data" in drop.details[0]
    carry_out(KIND, [revoke], case.client)
    assert held == {CREATOR: {"MANAGE"}}
    with pytest.raises(Refused, match="not empty: it holds"):
        carry_out(KIND, [drop], case.client)
    assert NAME in case.world.volumes
    case.world.files[NAME].clear()
    assert [change.digest for change in retirement(case)] == [drop.digest]


def test_a_volume_whose_files_cannot_be_listed_counts_as_full(case: Case) -> None:
    make(case)
    del case.world.files[NAME]
    with pytest.raises(Refused, match="files that cannot be listed"):
        carry_out(KIND, retirement(case), case.client)


def test_a_denial_is_a_sentence(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    from databricks.sdk.errors import PermissionDenied

    def denied(name: str) -> None:
        raise PermissionDenied("User does not have USE SCHEMA on Schema 'ml_dev.churn'")

    monkeypatch.setattr(case.client.volumes, "read", denied)
    with pytest.raises(RemoteDenied):
        KIND.read(wanted(), case.client)


def test_drift_that_its_owner_keeps_becomes_what_the_file_says(case: Case) -> None:
    held = make(case)
    case.world.volumes[NAME] = "By hand.\nlakeport-request: dev/growth/churn"
    held["risk"] |= {"WRITE_VOLUME", "APPLY_TAG"}
    del held["growth"]
    held["strangers"] = {"READ_VOLUME"}
    state = KIND.read(wanted(), case.client)
    assert state is not None
    assert KIND.adopt is not None
    said = KIND.adopt(wanted(), state)
    assert said == {
        "comment": "By hand.",
        "grants": [{"principal": "risk", "privileges": ["READ_VOLUME", "WRITE_VOLUME"]}],
    }
    (left,) = plan(KIND, wanted(**said), case.client)
    assert left.removes == ("risk loses APPLY_TAG",), "what no file can say is brought back"


def test_nothing_drifted_is_nothing_to_adopt(case: Case) -> None:
    make(case)
    state = KIND.read(wanted(), case.client)
    assert state is not None
    assert KIND.adopt is not None
    assert KIND.adopt(wanted(), state) == {}


def test_who_is_given_what_is_said_for_the_audit() -> None:
    assert [(one.principal, one.levels, one.thing) for one in KIND.access(wanted().spec)] == [
        ("growth", ("READ_VOLUME", "WRITE_VOLUME"), NAME),
        ("risk", ("READ_VOLUME",), NAME),
    ]


def test_names_are_compared_as_unity_catalog_stores_them(case: Case) -> None:
    make(case)
    assert plan(KIND, wanted(catalog="ML_DEV"), case.client) == []


def test_what_nobody_says_follows_from_the_request() -> None:
    metadata = {"team": "growth", "environment": "dev", "name": "churn-prediction"}
    assert volume.derive({}, metadata, policy_of()) == {
        "catalog": "ml_dev",
        "schema": "churn_prediction",
        "name": "churn_prediction",
    }
    assert volume.derive({"name": "raw", "schema": "x", "catalog": "y"}, metadata, policy_of()) == {}


def test_its_links_are_its_path_and_its_page(case: Case) -> None:
    make(case)
    state = KIND.read(wanted(), case.client)
    assert state is not None
    assert KIND.outputs(wanted(), state) == {
        "path": "/Volumes/ml_dev/churn/landing",
        "url": "https://workspace.example/explore/data/volumes/ml_dev/churn/landing",
    }


def test_a_schema_retires_together_with_the_volumes_of_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are dropped before it; anybody else's volume keeps it, and so does one that is still there."""
    shop = schema_fake.Case()
    kind = schema.KIND
    spec = shop.spec
    carry_out(kind, plan(kind, desired(kind, spec), shop.client), shop.client)
    comments = {"landing": STORED}

    def volumes(catalog: str, name: str) -> Any:
        return (VolumeInfo(name=one, comment=comment) for one, comment in comments.items())

    monkeypatch.setattr(shop.client.volumes, "list", volumes)
    retiring = desired(kind, spec, lifecycle="retiring")
    *_, drop = kind.retire(retiring, kind.read(retiring, shop.client))
    assert drop.details == ()
    with pytest.raises(Refused, match="the volume landing"):
        carry_out(kind, [drop], shop.client)
    comments["theirs"] = "lakeport-request: dev/growth/other"
    *_, drop = kind.retire(retiring, kind.read(retiring, shop.client))
    assert "the volume theirs" in drop.details[0]


REQUEST = """\
apiVersion: lakeport/v1
kind: Onboarding
metadata:
  name: churn
  team: growth
  environment: dev
  purpose: Predict which subscribers will leave next month.
  business_owner: jane.doe@acme.example
  data_classification: internal
  expires: 2027-04-30
  requested_by: {slack: U024BE7LH, github: liwei}
  lifecycle: active
resources:
- kind: volume
  catalog: ml_dev
  schema: churn
  name: landing
- kind: schema
  catalog: ml_dev
  name: churn
"""


def test_in_a_request_it_comes_after_its_schema_and_goes_before_it(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = schema_fake.Case()
    monkeypatch.setattr(shop.client, "volumes", case.client.volumes)
    clients = {"schema": shop.client, "volume": case.client}
    registry = {
        kind.name: msgspec.structs.replace(kind, connect=lambda env, name=kind.name: clients[name])
        for kind in (schema.KIND, KIND)
    }

    def drawn(lifecycle: str) -> Plan:
        raw = REQUEST.replace("lifecycle: active", f"lifecycle: {lifecycle}").encode()
        loaded = load_request(raw, "requests/dev/growth/churn.yaml", registry)
        return draw(loaded, registry=registry, policy=policy_of(), clients=Clients({}))

    def carried_out(made: Plan) -> list[str]:
        assert made.refusals == ()
        for change in made.changes:
            carry_out(registry[change.kind], [change], clients[change.kind])
        return [f"{change.kind} {change.verb}" for change in made.changes]

    made = [done for done in carried_out(drawn("active")) if done.endswith("create")]
    assert made[0] == "schema create"
    assert made[-1] == "volume create"
    assert drawn("active").changes == ()
    assert carried_out(drawn("retiring"))[-2:] == ["volume remove", "schema remove"]
    assert drawn("retired").refusals == ()
