"""The schema kind, beyond the laws; docstrings name what Databricks does and the test minds."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from databricks.sdk.errors import PermissionDenied, ResourceConflict
from databricks.sdk.service.catalog import GetPermissionsResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops.beside import with_beside
from gitops.errors import Refused, RemoteDenied, RemoteUnavailable
from gitops.kind import Desired
from gitops.plan import Change, Reason, RefusedChange, Stage, Verb
from gitops.policy_schemas import SchemaRules
from handlers import schema
from handlers._schema_fields import derive
from tests.fakes.schema import ACCOUNT, DEPLOYER, Authoritative, Case, Located, World
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.support import policy as policy_of

KIND = schema.KIND
NAME = "ml_dev.churn"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


@pytest.fixture
def case() -> Case:
    return Case()


def wanted(**spec: Any) -> Any:
    return desired(KIND, Case.spec | spec)


def by_policy(*, settled: bool = False, **rules: Any) -> Any:
    """The same under a policy that says something of schemas."""
    return msgspec.structs.replace(desired(KIND, Case.spec, schemas=SchemaRules(**rules)), settled=settled)


def after(earlier: dict[str, Any], **spec: Any) -> Any:
    """A resource with an earlier version that was applied."""
    was = msgspec.convert(Case.spec | earlier, KIND.spec)
    return msgspec.structs.replace(wanted(**spec), earlier=(was,))


def actions(changes: Any) -> list[str]:
    return [change.action for change in changes]


def make(case: Case) -> dict[str, set[str]]:
    """Carry out the plan; gives the grants on the schema."""
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    case.world.writes.clear()
    return case.world.grants[("schema", NAME)]


def refusal(case: Case, **spec: Any) -> RefusedChange:
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, wanted(**spec), case.client)
    return refused.value


def test_the_plan_says_everything(case: Case) -> None:
    changes = plan(KIND, wanted(), case.client)
    assert [change.summary for change in changes] == [
        "Create the schema ml_dev.churn",
        "ml_dev.churn: growth: grant MODIFY, SELECT, USE_SCHEMA; risk: grant SELECT, USE_SCHEMA",
        "Let growth use the catalog ml_dev, without which nothing in it can be used",
        "Let risk use the catalog ml_dev, without which nothing in it can be used",
    ]
    assert changes[1].before == {"grants": {"growth": [], "risk": []}}


def test_grants_are_one_call(case: Case) -> None:
    """Grants are read, compared for each principal, and sent as one difference in one call."""
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert case.world.writes.count("grants on ml_dev.churn") == 1


def test_a_catalog_that_everybody_can_use_needs_no_grant(case: Case) -> None:
    case.world.grants[("catalog", "ml_dev")] = {"account users": {"USE_CATALOG"}}
    assert [change.action for change in plan(KIND, wanted(), case.client)] == ["schema", "grants"]


def test_one_that_can_use_the_catalog_already_is_left_out(case: Case) -> None:
    case.world.grants[("catalog", "ml_dev")] = {"growth": {"ALL_PRIVILEGES"}}
    assert actions(plan(KIND, wanted(), case.client)) == ["schema", "grants", "use-catalog:risk"]


def test_named_takes_what_is_too_much_and_leaves_strangers(case: Case) -> None:
    """One of the three modes: exactly this for the principals of the file, nothing else touched."""
    held = make(case)
    held["risk"] |= {"MODIFY"}
    held["strangers"] = {"SELECT"}
    (change,) = plan(KIND, wanted(), case.client)
    assert change.before == {"grants": {"risk": ["MODIFY", "SELECT", "USE_SCHEMA"]}}
    assert change.removes == ("risk loses MODIFY",)
    carry_out(KIND, [change], case.client)
    assert held["risk"] == {"SELECT", "USE_SCHEMA"}
    assert held["strangers"] == {"SELECT"}


def test_additive_takes_nothing(case: Case) -> None:
    make(case)["risk"] |= {"MODIFY"}
    assert not plan(KIND, wanted(grants_mode="additive"), case.client)


def test_authoritative_takes_from_strangers_and_says_so(case: Case) -> None:
    """An authoritative list overwrites what others granted, so every removal is printed in the plan."""
    held = make(case)
    held["strangers"] = {"SELECT"}
    (change,) = plan(KIND, wanted(grants_mode="authoritative"), case.client)
    assert change.removes == ("strangers loses SELECT",)
    carry_out(KIND, [change], case.client)
    assert "strangers" not in held


def test_old_and_expanded_spellings_are_no_difference(case: Case) -> None:
    """``USAGE`` is ``USE_SCHEMA``: privilege names are compared in one spelling."""
    held = make(case)
    held["risk"] = {"SELECT", "USAGE"}
    assert not plan(KIND, wanted(), case.client)


def test_names_are_folded(case: Case) -> None:
    """Unity Catalog stores names in lower case; compared as typed, every plan would show drift."""
    make(case)
    assert not plan(KIND, wanted(catalog="ML_DEV"), case.client)
    assert KIND.identity(wanted(catalog="ML_Dev").spec) == NAME


def test_a_comment_that_the_file_does_not_set_is_no_drift(case: Case) -> None:
    """Fields that are not in the file are not drift: a comment may be written by a machine of Databricks."""
    make(case)
    case.world.schemas[NAME]["comment"] = "Written by somebody"
    assert not plan(KIND, wanted(comment=""), case.client)
    (change,) = plan(KIND, wanted(), case.client)
    assert change.before == {"comment": "Written by somebody"}


def test_without_a_comment_the_purpose_is_the_first_one(case: Case) -> None:
    changes = plan(KIND, wanted(comment=""), case.client)
    assert changes[0].after["comment"] == "Predict which subscribers will leave next month."


def test_adopting_keeps_other_properties(case: Case) -> None:
    case.make_foreign()
    carry_out(KIND, plan(KIND, wanted(adopt=True), case.client), case.client)
    assert case.world.schemas[NAME]["properties"] == {
        "a": "b",
        "lakeport.request": "dev/growth/churn",
        "lakeport.team": "growth",
        "lakeport.environment": "dev",
        "lakeport.cost-center": "CC-1042",
        "lakeport.data-classification": "internal",
    }


def test_a_missing_group_is_refused_before_anything_stands(case: Case) -> None:
    grants = [{"principal": "nobody", "privileges": ["USE_SCHEMA"]}]
    refused = refusal(case, grants=grants)
    assert refused.reason is Reason.MISSING
    assert "nobody" in refused.message


def test_a_group_of_the_workspace_alone_is_refused(case: Case) -> None:
    grants = [{"principal": "locals", "privileges": ["USE_SCHEMA"]}]
    assert refusal(case, grants=grants).reason is Reason.MISSING


def test_a_missing_catalog_is_refused(case: Case) -> None:
    assert refusal(case, catalog="nowhere").reason is Reason.MISSING


def test_one_of_another_request_is_never_adopted(case: Case) -> None:
    make(case)
    case.world.schemas[NAME]["properties"]["lakeport.request"] = "dev/risk/other"
    assert refusal(case, adopt=True).reason is Reason.NOT_OURS


@pytest.mark.parametrize("sort", ["tables", "volumes", "functions", "models"])
def test_what_is_not_empty_is_not_dropped(case: Case, sort: str) -> None:
    """A schema is dropped when it is empty and never with force: no tables, volumes, functions or models."""
    make(case)
    getattr(case.world, sort).add(f"{NAME}.kept")
    retiring = desired(KIND, Case.spec, lifecycle="retiring")
    changes = KIND.retire(retiring, KIND.read(retiring, case.client))
    assert "kept" in changes[-1].details[0]
    with pytest.raises(Refused, match="kept"):
        carry_out(KIND, changes, case.client)
    assert NAME in case.world.schemas
    left = KIND.retire(retiring, KIND.read(retiring, case.client))
    assert [change.stage for change in left] == [Stage.DROP], "who had access lost it all the same"


def test_what_came_in_after_the_plan_is_not_dropped(case: Case) -> None:
    make(case)
    retiring = desired(KIND, Case.spec, lifecycle="retiring")
    changes = KIND.retire(retiring, KIND.read(retiring, case.client))
    case.world.volumes.add(f"{NAME}.late")
    with pytest.raises(Refused, match="late"):
        carry_out(KIND, changes, case.client)
    assert NAME in case.world.schemas


def test_grants_that_never_show_end_the_wait(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = plan(KIND, wanted(), case.client)
    carry_out(KIND, changes[:1], case.client)
    monkeypatch.setattr(case.client.grants, "update", lambda *args, **more: None)
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr(
        "gitops.patience.until.__kwdefaults__", {"seconds": 60.0, "clock": lambda: next(clock)}
    )
    with pytest.raises(RemoteUnavailable, match=r"grants on ml_dev\.churn"):
        carry_out(KIND, changes[1:2], case.client)


def test_no_right_to_look_is_denied(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: Any, **more: Any) -> None:
        raise PermissionDenied("User does not have USE CATALOG")

    monkeypatch.setattr(case.client.schemas, "get", forbidden)
    with pytest.raises(RemoteDenied):
        KIND.read(wanted(), case.client)


@pytest.mark.parametrize(
    "spec",
    [
        {"name": "Has Space"},
        {"name": "a-b"},
        {"name": "a.b"},
        {"catalog": "a.b"},
        {"grants": [{"principal": 'a" or displayName sw "', "privileges": ["SELECT"]}]},
        {"grants": [{"principal": "a\\", "privileges": ["SELECT"]}]},
        {"grants": [{"principal": "growth", "privileges": []}]},
        {"grants": [{"principal": "growth", "privileges": ["MANAGE"]}]},
        {"grants": [{"principal": "growth", "privileges": ["OWN"]}]},
    ],
)
def test_what_no_file_may_say(spec: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        wanted(**spec)


def test_what_is_derived() -> None:
    origin = {"name": "churn-prediction", "team": "supply", "environment": "staging"}
    assert derive({}, origin, policy_of()) == {"catalog": "analytics_stg", "name": "churn_prediction"}
    assert derive({"catalog": "ml_dev", "name": "x"}, origin, policy_of()) == {}


def complaints(**spec: Any) -> list[str]:
    return [
        f"{rule.id} {complaint.path}"
        for rule in KIND.rules
        for complaint in rule.check(wanted(**spec), policy_of())
    ]


def test_rules() -> None:
    assert complaints() == []
    assert complaints(catalog="ML_DEV") == []
    assert complaints(catalog="ml_prod") == ["schema-catalog catalog"]
    twice = [{"principal": "growth", "privileges": ["USE_SCHEMA"]}] * 2
    assert complaints(grants=twice) == ["schema-grants-twice grants[1].principal"]
    bare = [{"principal": "growth", "privileges": ["SELECT"]}]
    assert complaints(grants=bare) == ["schema-use grants[0].privileges"]


# --- what a request gave before -------------------------------------------------------------------------


def test_a_group_that_left_the_file_loses_what_it_was_given(case: Case) -> None:
    held = make(case)
    held["risk"] |= {"EXECUTE"}
    less = after({}, grants=Case.spec["grants"][:1])
    (change,) = plan(KIND, less, case.client)
    assert change.removes == ("risk loses SELECT", "risk loses USE_SCHEMA")
    carry_out(KIND, [change], case.client)
    assert held["risk"] == {"EXECUTE"}, "what somebody else gave is left alone"
    assert not plan(KIND, less, case.client)


def test_additive_leaves_what_it_gave(case: Case) -> None:
    make(case)
    assert not plan(KIND, after({}, grants=Case.spec["grants"][:1], grants_mode="additive"), case.client)


def test_who_was_given_everything_loses_it_however_it_reads_back(case: Case) -> None:
    """``ALL_PRIVILEGES`` may read back as each privilege."""
    every = [{"principal": "growth", "privileges": ["ALL_PRIVILEGES"]}]
    case.world.expands = True
    carry_out(KIND, plan(KIND, wanted(grants=every), case.client), case.client)
    assert not plan(KIND, wanted(grants=every), case.client)
    carry_out(KIND, plan(KIND, after({"grants": every}, grants=[]), case.client), case.client)
    assert case.world.grants["schema", NAME] == {}


def test_members_get_what_the_policy_gives_them_and_former_ones_lose_it(case: Case) -> None:
    given = {"member_access": {"schema": ("USE_SCHEMA", "SELECT")}}
    with_member = desired(KIND, Case.spec, members=("li.wei@acme.example",), **given)
    carry_out(KIND, plan(KIND, with_member, case.client), case.client)
    assert case.world.grants["schema", NAME]["li.wei@acme.example"] == {"USE_SCHEMA", "SELECT"}
    assert case.world.grants["catalog", "ml_dev"]["li.wei@acme.example"] == {"USE_CATALOG"}
    assert not plan(KIND, with_member, case.client)
    without = desired(KIND, Case.spec, former_members=("li.wei@acme.example",), **given)
    (change,) = plan(KIND, without, case.client)
    assert change.removes == ("li.wei@acme.example loses SELECT", "li.wei@acme.example loses USE_SCHEMA")
    carry_out(KIND, [change], case.client)
    assert "li.wei@acme.example" not in case.world.grants["schema", NAME]


# --- who can hold privileges ----------------------------------------------------------------------------


@pytest.mark.parametrize("principal", ["users", "admins", "locals", "nobody", "nobody@acme.example"])
def test_principals_are_those_of_the_account(case: Case, principal: str) -> None:
    """Groups of the workspace alone, ``users`` and ``admins`` among them, are invalid in Unity Catalog."""
    case.world.groups |= {"users": "WorkspaceGroup", "admins": "WorkspaceGroup"}
    for case.world.account in (True, False):
        refused = refusal(case, grants=[{"principal": principal, "privileges": ["USE_SCHEMA"]}])
        assert refused.reason is Reason.MISSING
        assert principal in refused.message


def test_all_missing_principals_are_named_at_once(case: Case) -> None:
    """Many errors are collected, and one bad principal does not hide the next."""
    entries = [{"principal": name, "privileges": ["USE_SCHEMA"]} for name in ("x", "y", "z@acme.example")]
    assert refusal(case, grants=entries).message == (
        "The account has no group x and no group y and no user z@acme.example."
    )


def test_the_account_is_asked_and_not_the_workspace(case: Case) -> None:
    """A group of the account can be granted something without being assigned to the workspace."""
    plan(KIND, wanted(), case.client)
    assert {one for one in case.world.reads if "scim" in one} == {f"{ACCOUNT}/Groups"}


def test_many_principals_are_listed_once_page_by_page(case: Case) -> None:
    case.world.groups |= {f"g{number}": "Group" for number in range(9)}
    entries = [{"principal": f"G{number}", "privileges": ["USE_SCHEMA"]} for number in range(9)]
    assert plan(KIND, wanted(grants=entries), case.client)
    assert sum("scim" in one for one in case.world.reads) == 6


def test_everybody_of_the_account_is_in_no_directory(case: Case) -> None:
    entries = [{"principal": "account users", "privileges": ["USE_SCHEMA"]}]
    carry_out(KIND, plan(KIND, wanted(grants=entries), case.client), case.client)
    assert case.world.grants["schema", NAME] == {"account users": {"USE_SCHEMA"}}


def test_a_principal_that_was_just_made_is_waited_for(case: Case) -> None:
    """A new principal may be unknown to Unity Catalog for seconds: ``PRINCIPAL_DOES_NOT_EXIST``."""
    case.world.late = {"risk": 3}
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert case.world.grants["schema", NAME]["risk"] == {"SELECT", "USE_SCHEMA"}


def test_a_group_that_was_made_again_gets_its_grants_again(case: Case) -> None:
    """A group that was deleted and made again under its name is another principal, and holds nothing."""
    make(case)
    case.world.make_again("risk")
    changes = plan(KIND, wanted(), case.client)
    assert actions(changes) == ["grants", "use-catalog:risk"]
    carry_out(KIND, changes, case.client)
    assert case.world.grants["schema", NAME]["risk'"] == {"SELECT", "USE_SCHEMA"}
    assert not plan(KIND, wanted(), case.client)


# --- waiting, and when not to ---------------------------------------------------------------------------


@pytest.mark.parametrize("reads", range(0, 11, 5))
def test_a_new_schema_may_not_be_found_for_some_reads(
    case: Case, monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    """A new object is not visible for seconds: it is polled with a bound."""
    creates = case.client.schemas.create

    def slow(*args: Any, **more: Any) -> Any:
        made = creates(*args, **more)
        case.world.hidden[NAME] = reads
        return made

    monkeypatch.setattr(case.client.schemas, "create", slow)
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert not plan(KIND, wanted(), case.client)


@pytest.mark.parametrize("reads", [0, 1, 7])
def test_grants_are_read_back_until_they_show(case: Case, reads: int) -> None:
    """After the one call, grants are polled until they read back equal."""
    changes = plan(KIND, wanted(), case.client)
    carry_out(KIND, changes[:1], case.client)
    case.world.stale = reads
    carry_out(KIND, changes[1:2], case.client)
    assert case.world.stale == 0
    assert case.world.writes.count(f"grants on {NAME}") == 1


@pytest.mark.parametrize(("error", "tries"), [(ResourceConflict("busy"), 2), (PermissionDenied("no"), 1)])
def test_only_what_passes_is_tried_again(
    case: Case, monkeypatch: pytest.MonkeyPatch, error: Exception, tries: int
) -> None:
    """Tried again: not found after a creation, and a conflict; what is denied is said at once."""
    changes = plan(KIND, wanted(), case.client)
    carry_out(KIND, changes[:1], case.client)
    update, seen = case.client.grants.update, itertools.count(1)

    def failing(*args: Any, **more: Any) -> None:
        if next(seen) == 1:
            raise error
        update(*args, **more)

    monkeypatch.setattr(case.client.grants, "update", failing)
    if tries == 1:
        with pytest.raises(RemoteDenied):
            carry_out(KIND, changes[1:2], case.client)
    else:
        carry_out(KIND, changes[1:2], case.client)
    assert next(seen) == tries + 1


def test_a_page_may_be_empty_and_still_have_a_next_one(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grants come in pages of the server's own size (``max_results`` 0), some of them empty."""
    make(case)
    get, pages = case.client.grants.get, iter(["a", "b", "c"])

    def paged(*args: Any, page_token: str | None, **more: Any) -> Any:
        found = get(*args, page_token=page_token, **more)
        if page_token in (None, "a", "b"):
            return GetPermissionsResponse(next_page_token=next(pages))
        return found

    monkeypatch.setattr(case.client.grants, "get", paged)
    assert not plan(KIND, wanted(), case.client)
    assert next(pages, None) is None


# --- the catalog ----------------------------------------------------------------------------------------


def test_grants_on_a_catalog_hold_here_too_and_are_shown(case: Case) -> None:
    """``grants.get`` leaves out what is inherited: who gets in by the catalog is looked up beside it."""
    case.world.grants["catalog", "ml_dev"] = {"analysts": {"SELECT", "USE_SCHEMA"}, "x": {"USE_CATALOG"}}
    create = plan(KIND, wanted(), case.client)[0]
    assert create.details == (
        "By grants on the catalog ml_dev, these get at it as well: analysts (SELECT, USE_SCHEMA).",
    )


def test_who_keeps_a_privilege_by_the_catalog_is_said(case: Case) -> None:
    make(case)
    case.world.grants["catalog", "ml_dev"]["risk"] |= {"SELECT"}
    (change,) = plan(KIND, after({}, grants=Case.spec["grants"][:1]), case.client)
    assert change.details == ("risk can SELECT all the same, by a grant on the catalog ml_dev.",)


def test_the_use_of_the_catalog_may_be_somebody_elses_to_grant(case: Case) -> None:
    """Grants on a schema are of no use without ``USE_CATALOG`` on its parent."""
    case.world.granting.clear()
    reported = by_policy(use_catalog="reported")
    changes = plan(KIND, reported, case.client)
    assert actions(changes) == ["schema", "grants"]
    assert changes[1].details == tuple(
        f"{who} cannot use the catalog ml_dev yet: its owner has to grant USE_CATALOG."
        for who in ("growth", "risk")
    )
    carry_out(KIND, changes, case.client)
    assert not plan(KIND, reported, case.client)
    assert KIND.verify is not None
    assert list(KIND.verify(reported, case.client, lambda said: None)) == [
        f"{who} does not hold USE_CATALOG on the catalog ml_dev." for who in ("growth", "risk")
    ]


def test_what_we_may_not_grant_on_the_catalog_ends_in_advice(case: Case) -> None:
    case.world.granting.clear()
    changes = plan(KIND, wanted(), case.client)
    carry_out(KIND, changes[:2], case.client)
    with pytest.raises(RemoteDenied, match="USE_CATALOG on ml_dev") as denied:
        carry_out(KIND, changes[2:], case.client)
    assert "use_catalog: reported" in denied.value.fix
    assert case.world.grants["schema", NAME]["growth"], "the grants on the schema stand all the same"


def test_a_catalog_whose_grants_cannot_be_seen_is_noted(case: Case) -> None:
    case.world.seeing = False
    changes = plan(KIND, wanted(), case.client)
    assert actions(changes) == ["schema", "grants"]
    assert "could not be seen" in changes[1].details[0]
    assert refusal(case, catalog="nowhere").reason is Reason.MISSING


# --- the owner ------------------------------------------------------------------------------------------


def test_the_owner_comes_last_and_lakeport_can_go_on(case: Case) -> None:
    """Who makes a schema owns it; it is handed over last, in its own call, after our own ``MANAGE``."""
    owned = by_policy(owner="team")
    changes = plan(KIND, owned, case.client)
    assert actions(changes)[-1] == "owner"
    assert not any(change.removes for change in changes)
    carry_out(KIND, changes, case.client)
    assert case.world.writes[-2:] == [f"grants on {NAME}", f"update {NAME}: owner"]
    assert case.world.schemas[NAME]["owner"] == "growth"
    assert case.world.grants["schema", NAME][DEPLOYER] == {"MANAGE"}
    assert not plan(KIND, owned, case.client)
    other = msgspec.structs.replace(owned, spec=wanted(comment="Other.", grants=[]).spec)
    carry_out(KIND, plan(KIND, other, case.client), case.client)
    assert case.world.schemas[NAME]["comment"] == "Other."


def test_a_policy_without_an_owner_leaves_the_one_there_is(case: Case) -> None:
    make(case)
    case.world.schemas[NAME]["owner"] = "jane.doe@acme.example"
    assert not plan(KIND, wanted(), case.client)


def test_an_owner_that_the_account_does_not_have_is_refused(case: Case) -> None:
    with pytest.raises(RefusedChange, match="no group stewards"):
        plan(KIND, by_policy(owner="stewards"), case.client)


def test_the_owner_loses_what_leaves_the_file_like_everybody(case: Case) -> None:
    owned = by_policy(owner="team")
    carry_out(KIND, plan(KIND, owned, case.client), case.client)
    less = [{"principal": "growth", "privileges": ["USE_SCHEMA"]}, Case.spec["grants"][1]]
    (change,) = plan(KIND, msgspec.structs.replace(owned, spec=wanted(grants=less).spec), case.client)
    assert change.removes == ("growth loses MODIFY", "growth loses SELECT")


def test_who_loses_the_ownership_is_said(case: Case) -> None:
    case.make_foreign()
    owned = msgspec.structs.replace(by_policy(owner="risk"), spec=wanted(adopt=True).spec)
    changes = plan(KIND, owned, case.client)
    assert changes[-1].removes == ("jane.doe@acme.example is no longer the owner",)
    carry_out(KIND, changes, case.client)
    assert case.world.schemas[NAME]["owner"] == "risk"


def test_killed_at_any_write_the_hand_over_is_finished(case: Case) -> None:
    owned = by_policy(owner="team")
    approved = {change.digest for change in plan(KIND, owned, case.client)}
    for write in range(1, 7):
        again = Case()
        again.world.break_after = write
        with pytest.raises((ConnectionError, RemoteUnavailable)):
            carry_out(KIND, plan(KIND, owned, again.client), again.client)
        rest = plan(KIND, owned, again.client)
        assert {change.digest for change in rest} <= approved
        carry_out(KIND, rest, again.client)
        assert not plan(KIND, owned, again.client)


def test_our_own_manage_is_never_taken() -> None:
    """An authoritative list that leaves the deployer out would lock it out of the schema for good."""
    case = Authoritative()
    strict = desired(KIND, Authoritative.spec | {"adopt": True})
    case.make_foreign()
    carry_out(KIND, plan(KIND, strict, case.client), case.client)
    assert case.world.grants["schema", NAME][DEPLOYER] == {"MANAGE"}
    case.world.signed_in = "reader"
    seen_by_another = plan(KIND, strict, case.client)
    assert seen_by_another[0].removes == ("deployer loses MANAGE",)
    case.world.signed_in = DEPLOYER
    with pytest.raises(Refused, match="own MANAGE"):
        carry_out(KIND, seen_by_another, case.client)
    case.world.signed_in = "reader"
    named = desired(KIND, Authoritative.spec | {"adopt": True}, schemas=SchemaRules(untouched=(DEPLOYER,)))
    assert not plan(KIND, named, case.client)


# --- what stands already, and what never changes --------------------------------------------------------


def test_one_that_exists_is_adopted_with_its_difference_shown(case: Case) -> None:
    """A schema that exists is no failure: what would change of it is the plan."""
    case.make_foreign()
    changes = plan(KIND, wanted(adopt=True), case.client)
    assert actions(changes) == ["mark", "settings", "grants", "use-catalog:growth", "use-catalog:risk"]
    assert changes[1].before == {"comment": "old"}
    assert not any(change.verb is Verb.REMOVE or change.removes for change in changes)


def test_properties_of_ours_are_kept_right_and_others_left_alone(case: Case) -> None:
    make(case)
    case.world.schemas[NAME]["properties"] |= {"lakeport.team": "risk", "note": "by hand"}
    (change,) = plan(KIND, wanted(), case.client)
    assert change.summary == "Change properties of ml_dev.churn: lakeport.team"
    carry_out(KIND, [change], case.client)
    assert case.world.schemas[NAME]["properties"]["lakeport.team"] == "growth"
    assert case.world.schemas[NAME]["properties"]["note"] == "by hand"
    assert not plan(KIND, wanted(), case.client)


@pytest.mark.parametrize("where", ["", "abfss://data@acme.dfs.core.windows.net/other"])
def test_a_managed_location_is_for_ever(where: str) -> None:
    """Name, catalog and managed location are never changed by drop and create."""
    case = Located()
    located = desired(KIND, Located.spec)
    carry_out(KIND, plan(KIND, located, case.client), case.client)
    assert case.world.schemas[NAME]["storage_root"] == Located.spec["storage_root"]
    case.world.schemas[NAME]["storage_root"] = where
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, located, case.client)
    assert refused.value.reason is Reason.IMMUTABLE
    case.world.schemas[NAME]["storage_root"] = Located.spec["storage_root"] + "/"
    assert not plan(KIND, located, case.client)
    assert not plan(KIND, desired(KIND, Located.spec | {"storage_root": None}), case.client)


@pytest.mark.parametrize("field", ["name", "catalog", "storage_root", "belongs_to"])
def test_what_a_schema_is_cannot_be_edited(field: str) -> None:
    """A rename never becomes drop and create: such an edit of a merged file is refused."""
    from gitops.edited import Effect
    from gitops.edits import edits_of

    other = {"name": "other", "catalog": "ml_prod", "storage_root": "s3://a", "belongs_to": "dev/risk/it"}
    new = Case.spec | {field: other[field]}
    was, wants = (desired(KIND, spec).spec for spec in (Case.spec, new))
    (edit,) = edits_of(KIND.spec, Case.spec, new, was=was, wanted=wants)
    assert edit.effect is Effect.REFUSED


@pytest.mark.parametrize(
    "spec",
    [
        {"name": "a" * 256},
        {"name": "a/b"},
        {"name": "a\x7f"},
        {"name": "A"},
        {"catalog": "a b"},
        {"storage_root": "s3://bucket/../other"},
        {"storage_root": "file:///etc"},
        {"storage_root": "s3://bucket/a b"},
        {"shared_with": ["Risk Team"]},
        {"belongs_to": "growth/churn"},
    ],
)
def test_names_that_unity_catalog_or_we_forbid(spec: dict[str, Any]) -> None:
    """A name has at most 255 characters, and no dot, space, slash or control character."""
    with pytest.raises(msgspec.ValidationError):
        wanted(**spec)


# --- many at once ---------------------------------------------------------------------------------------


def several(count: int, *, settled: bool = False) -> list[Desired[Any]]:
    """So many schemas of one catalog."""
    found = [desired(KIND, Case.spec | {"name": f"s{number}"}) for number in range(count)]
    return [msgspec.structs.replace(one, settled=settled) for one in found]


def test_many_are_read_by_lists_and_read_the_same(case: Case) -> None:
    for one in several(3):
        carry_out(KIND, plan(KIND, one, case.client), case.client)
    case.world.hidden.clear()
    wants = [*several(5), wanted(catalog="nowhere", name="s1")]
    assert KIND.read_all is not None
    assert list(KIND.read_all(wants, case.client)) == [KIND.read(one, case.client) for one in wants]


@pytest.mark.parametrize("listing", [True, False])
def test_one_that_may_not_be_looked_at_costs_the_others_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch, listing: bool
) -> None:
    for one in several(3):
        carry_out(KIND, plan(KIND, one, case.client), case.client)
    case.world.hidden.clear()
    get, grants = case.client.schemas.get, case.client.grants.get

    def denied(call: Any) -> Any:
        def checked(*args: Any, **more: Any) -> Any:
            if "ml_dev.s1" in args:
                raise PermissionDenied("User does not have USE SCHEMA")
            return call(*args, **more)

        return checked

    def unlisted(catalog: str) -> Any:
        raise PermissionDenied("User does not have USE CATALOG")

    monkeypatch.setattr(case.client.schemas, "get", denied(get))
    monkeypatch.setattr(case.client.grants, "get", denied(grants))
    if not listing:
        monkeypatch.setattr(case.client.schemas, "list", unlisted)
    assert KIND.read_all is not None
    wants = several(3)
    states = KIND.read_all(wants, case.client)
    assert not KIND.plan(wants[0], states[0])
    assert not KIND.plan(wants[2], states[2])
    assert states[1] is not None
    for think in (KIND.plan, KIND.retire):
        with pytest.raises(RefusedChange, match="USE SCHEMA") as refused:
            think(wants[1], states[1])
        assert refused.value.reason is Reason.DENIED


def test_what_is_settled_takes_lists_only(case: Case) -> None:
    for one in several(30):
        carry_out(KIND, plan(KIND, one, case.client), case.client)
    case.world.hidden.clear()
    case.world.reads.clear()
    assert KIND.read_all is not None
    settled = several(30, settled=True)
    states = KIND.read_all(settled, case.client)
    assert not any(KIND.plan(one, state) for one, state in zip(settled, states, strict=True))
    assert case.world.reads == ["schemas of ml_dev"]
    case.world.schemas["ml_dev.s7"]["comment"] = "By hand"
    del case.world.schemas["ml_dev.s9"]
    states = KIND.read_all(settled, case.client)
    found = [KIND.plan(one, state) for one, state in zip(settled, states, strict=True)]
    assert next(actions(changes) for changes in found if changes) == ["settings"]
    assert sum(bool(changes) for changes in found) == 2


def test_what_carries_our_mark_is_found_in_every_catalog(case: Case) -> None:
    make(case)
    case.world.catalogs.add("risk_dev")
    case.world.schemas["risk_dev.other"] = {"name": "other", "properties": {"lakeport.request": "dev/risk/x"}}
    case.world.schemas["risk_dev.plain"] = {"name": "plain", "properties": {"a": "b"}}
    assert KIND.marked is not None
    assert [(one.identity, one.request) for one in KIND.marked(case.client)] == [
        ("ml_dev.churn", "dev/growth/churn"),
        ("risk_dev.other", "dev/risk/x"),
    ]


def test_verify_says_who_cannot_use_it(case: Case) -> None:
    assert KIND.verify is not None
    assert list(KIND.verify(wanted(), case.client, lambda said: None)) == [
        "The schema ml_dev.churn does not stand."
    ]
    held = make(case)
    assert list(KIND.verify(wanted(), case.client, lambda said: None)) == []
    held["risk"] = {"USE_SCHEMA"}
    assert list(KIND.verify(wanted(), case.client, lambda said: None)) == [
        "risk does not hold SELECT on ml_dev.churn."
    ]


# --- taking it away -------------------------------------------------------------------------------------


def retiring(case: Case, **spec: Any) -> list[Change]:
    going = desired(KIND, Case.spec | spec, lifecycle="retiring")
    return list(KIND.retire(going, KIND.read(going, case.client)))


def test_retiring_freezes_then_revokes_then_drops(case: Case) -> None:
    more = [{"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT", "CREATE_TABLE"]}]
    carry_out(KIND, plan(KIND, wanted(grants=more), case.client), case.client)
    held = case.world.grants["schema", NAME]
    held["strangers"] = {"SELECT"}
    changes = retiring(case, grants=more)
    assert [(change.action, change.stage) for change in changes] == [
        ("freeze", Stage.FREEZE),
        ("revoke", Stage.REVOKE),
        ("schema", Stage.DROP),
    ]
    assert changes[0].removes == ("growth loses CREATE_TABLE",)
    carry_out(KIND, changes[:1], case.client)
    assert held["growth"] == {"USE_SCHEMA", "SELECT"}
    assert [one.digest for one in retiring(case, grants=more)] == [one.digest for one in changes[1:]]
    carry_out(KIND, changes[1:2], case.client)
    assert held == {"strangers": {"SELECT"}}
    carry_out(KIND, changes[2:], case.client)
    assert NAME not in case.world.schemas
    carry_out(KIND, changes, case.client)


@pytest.mark.parametrize("expands", [False, True])
def test_who_may_do_everything_is_frozen_too(case: Case, expands: bool) -> None:
    every = [{"principal": "growth", "privileges": ["ALL_PRIVILEGES"]}]
    case.world.expands = expands
    carry_out(KIND, plan(KIND, wanted(grants=every), case.client), case.client)
    changes = retiring(case, grants=every)
    carry_out(KIND, changes[:1], case.client)
    held = case.world.grants["schema", NAME]["growth"]
    assert "SELECT" in held
    assert not any(name.startswith(("CREATE_", "ALL")) for name in held)
    carry_out(KIND, changes[1:2], case.client)
    assert case.world.grants["schema", NAME] == {}


# --- several requests on one schema ---------------------------------------------------------------------


def guest(**spec: Any) -> Any:
    """Another team's request that only adds grants."""
    fields = {
        "kind": "schema",
        "catalog": "ml_dev",
        "name": "churn",
        "belongs_to": "dev/growth/churn",
        "grants": [{"principal": "audit", "privileges": ["USE_SCHEMA", "SELECT"]}],
    }
    return desired(KIND, fields | spec, request="dev/risk/report", team="risk", group="risk")


def together(*several: Desired[Any]) -> list[Desired[Any]]:
    return with_beside(several, several, {"schema": KIND})


def test_a_request_adds_grants_to_a_schema_that_is_shared_with_its_team(case: Case) -> None:
    case.world.groups["audit"] = "Group"
    owner, other = together(wanted(shared_with=["risk"], grants_mode="authoritative"), guest())
    with pytest.raises(RefusedChange, match=r"no schema ml_dev\.churn of the request dev/growth/churn"):
        plan(KIND, other, case.client)
    carry_out(KIND, plan(KIND, owner, case.client), case.client)
    changes = plan(KIND, other, case.client)
    assert actions(changes) == ["grants", "use-catalog:audit"]
    carry_out(KIND, changes, case.client)
    assert case.world.schemas[NAME]["properties"]["lakeport.request"] == "dev/growth/churn"
    assert not plan(KIND, other, case.client)
    assert not plan(KIND, owner, case.client), "what another request gives is not taken"
    alone = wanted(shared_with=["risk"], grants_mode="authoritative")
    assert plan(KIND, alone, case.client)[0].removes == ("audit loses SELECT", "audit loses USE_SCHEMA")


def test_a_guest_that_goes_takes_only_what_it_gave(case: Case) -> None:
    case.world.groups["audit"] = "Group"
    both = [*guest().spec.grants, {"principal": "growth", "privileges": ["SELECT", "EXECUTE"]}]
    owner, other = together(wanted(shared_with=["risk"]), guest(grants=msgspec.to_builtins(both)))
    for one in (owner, other):
        carry_out(KIND, plan(KIND, one, case.client), case.client)
    gone = msgspec.structs.replace(other, origin=msgspec.structs.replace(other.origin, lifecycle="retiring"))
    changes = KIND.retire(gone, KIND.read(gone, case.client))
    assert actions(changes) == ["revoke"]
    carry_out(KIND, changes, case.client)
    assert case.world.grants["schema", NAME] == {
        "growth": {"USE_SCHEMA", "SELECT", "MODIFY"},
        "risk": {"USE_SCHEMA", "SELECT"},
    }
    assert not KIND.retire(gone, KIND.read(gone, case.client))


def test_what_is_shared_no_more_is_protected_no_more(case: Case) -> None:
    case.world.groups["audit"] = "Group"
    strict = {"grants_mode": "authoritative"}
    owner, other = together(wanted(shared_with=["risk"], **strict), guest())
    for one in (owner, other):
        carry_out(KIND, plan(KIND, one, case.client), case.client)
    alone, other = together(wanted(**strict), guest())
    changes = plan(KIND, alone, case.client)
    assert actions(changes) == ["properties", "grants"]
    assert changes[1].removes == ("audit loses SELECT", "audit loses USE_SCHEMA")
    carry_out(KIND, changes, case.client)
    with pytest.raises(RefusedChange, match="does not share"):
        plan(KIND, other, case.client)


@pytest.mark.parametrize("shared", [(), ("supply",)])
def test_nobody_adds_grants_to_what_is_not_shared_with_them(case: Case, shared: tuple[str, ...]) -> None:
    case.world.groups["audit"] = "Group"
    carry_out(KIND, plan(KIND, wanted(shared_with=list(shared)), case.client), case.client)
    with pytest.raises(RefusedChange, match=r"shared_with: \[risk\]|does not share"):
        plan(KIND, guest(), case.client)
    with pytest.raises(RefusedChange, match="belongs to dev/growth/churn, not to dev/growth/else"):
        plan(KIND, guest(belongs_to="dev/growth/else"), case.client)


PRIVILEGES = st.sampled_from(["USE_SCHEMA", "SELECT", "MODIFY", "ALL_PRIVILEGES"])
ENTRIES = st.dictionaries(
    st.sampled_from(["growth", "Growth", "risk"]), st.sets(PRIVILEGES, min_size=1), max_size=2
).map(lambda held: [{"principal": who, "privileges": sorted(names)} for who, names in held.items()])
MODES = st.sampled_from(["additive", "named"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(ENTRIES, st.sampled_from(["additive", "named", "authoritative"])),
    st.lists(st.tuples(ENTRIES, MODES), min_size=1, max_size=3),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_requests_on_one_schema_never_undo_each_other(
    own: Any, guests: Any, order: Any, expands: bool
) -> None:
    """Requests that grant on one securable are merged and do not fight: each applied once, in any order,
    nobody's plan has anything left.
    """
    world = World()
    world.expands = expands
    client: Any = Case().client.__class__(world)
    first = wanted(grants=own[0], grants_mode=own[1], shared_with=["risk"])
    later = [
        msgspec.structs.replace(
            one, origin=msgspec.structs.replace(one.origin, request=f"dev/risk/r{number}")
        )
        for number, (entries, mode) in enumerate(guests)
        for one in [guest(grants=entries, grants_mode=mode)]
    ]
    owner, *others = together(first, *later)
    carry_out(KIND, plan(KIND, owner, client)[:1], client)
    everybody = [owner, *others]
    order.shuffle(everybody)
    for one in everybody:
        carry_out(KIND, plan(KIND, one, client), client)
    world.writes.clear()
    for one in everybody:
        carry_out(KIND, plan(KIND, one, client), client)
    assert world.writes == []


def test_who_is_given_what_by_the_file() -> None:
    assert [(one.principal, one.levels, one.thing) for one in KIND.access(wanted().spec)] == [
        ("growth", ("USE_SCHEMA", "SELECT", "MODIFY"), NAME),
        ("risk", ("USE_SCHEMA", "SELECT"), NAME),
    ]
