"""Drift: only what was applied as the file says, told by owner; nothing is ever done about it here."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gitops import drift, render_drift
from gitops.checkout import Checkout
from gitops.drawing import Clients
from gitops.errors import RemoteUnavailable
from gitops.plan import digest
from gitops.receipts import Receipt
from gitops.render import open_console
from tests.support import toy
from tests.support.gitrepo import GitRepo

TODAY = date(2026, 11, 21)


def receipt(name: str, raw: bytes, number: int, status: str = "applied") -> tuple[str, bytes]:
    given: dict[str, Any] = {
        "request": f"dev/growth/{name}",
        "path": toy.path(name),
        "file_digest": digest(raw),
        "commit": "0" * 40,
        "pull": number,
        "requester": {"slack": "U024BE7LH", "github": "liwei"},
        "approvers": ("nadia-k",),
        "plan_digest": None,
        "run_url": "https://github.example/run",
        "tool_version": "0.1.0",
    }
    one = Receipt(**given, status=status, number=number, at="2026-11-20T06:00:00+00:00", previous="")
    return f"receipts/{number:08}.json", one.encode()


class Town:
    """A repository with requests and receipts, and the things that stand."""

    def __init__(self, root: Path) -> None:
        self.world = toy.World()
        self.repo = GitRepo.make(root, {"requests/policy.yaml": toy.POLICY})
        self.receipts: dict[str, bytes] = {}

    def applied(
        self, name: str, *resources: str, status: str = "applied", ignored: tuple[str, ...] = ()
    ) -> bytes:
        raw = toy.raw(*resources, name=name)
        entries = "".join(f"  - {{{one}}}\n" for one in ignored)
        raw = raw.replace(
            b"resources:\n",
            f"  drift_ignored:\n{entries}resources:\n".encode() if ignored else b"resources:\n",
        )
        self.repo.commit(name, {toy.path(name): raw})
        path, text = receipt(name, raw, len(self.receipts) + 1, status)
        self.receipts[path] = text
        for resource in resources:
            kind, thing, *tags = resource.split()
            self.world.things[f"{kind}/{thing}"] = {"mark": f"dev/growth/{name}", "tags": tags}
        return raw

    def look(
        self, *, listing: bool = False, team: str = "", today: date = TODAY, name: str | None = None
    ) -> drift.Drift:
        self.repo.git("branch", "--force", "receipts")
        self.repo.git("switch", "--quiet", "receipts")
        self.repo.commit("Receipts", self.receipts)
        self.repo.git("switch", "--quiet", "main")
        return drift.look(
            Checkout(self.repo.root),
            registry=toy.registry(self.world, listing=listing),
            policy=toy.policy(),
            clients=Clients({}),
            today=today,
            team=team,
            name=name,
        )


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "repo")


def shown(found: drift.Drift, width: int = 100) -> str:
    out = io.StringIO()
    console = open_console(out)
    console.width = width
    render_drift.print_drift(console, found)
    return out.getvalue()


def test_what_stands_as_applied_has_not_drifted(town: Town) -> None:
    town.applied("churn", "base one red")
    found = town.look()
    assert (found.looked, found.drifted, found.exit_code) == (1, (), 0)
    assert shown(found) == "1 applied request looked at, nothing drifted.\n"


def test_what_was_changed_by_hand_is_told_with_both_values_and_its_owner(town: Town) -> None:
    town.applied("churn", "base one red", "side two")
    town.world.things["base/one"]["tags"] = ["blue"]
    del town.world.things["side/two"]
    found = town.look()
    assert found.exit_code == 1
    (one,) = found.drifted
    assert (one.request, one.team, one.owner) == ("dev/growth/churn", "growth", "li.wei@acme.example")
    text = shown(found)
    assert "growth, li.wei@acme.example" in text
    assert "~ base/one/paint: [blue] stands, and the file does not say it; [red] is missing" in text
    assert "+ side/two/make: Make two" in text
    assert "2 drifted in 1 of 1 applied requests." in text


def test_nothing_is_done_about_it(town: Town) -> None:
    town.applied("churn", "base one red")
    town.world.things["base/one"]["tags"] = ["blue"]
    town.look()
    assert town.world.applied == []
    assert town.world.things["base/one"]["tags"] == ["blue"]


def test_what_somebody_else_owns_now_is_told(town: Town) -> None:
    town.applied("churn", "base one")
    town.world.things["base/one"]["mark"] = "dev/growth/other"
    (one,) = town.look().drifted
    assert [refusal.message for refusal in one.refusals] == ["one belongs to somebody else."]


@pytest.mark.parametrize("status", ["failed", "partial", "refused"])
def test_what_was_not_applied_waits_and_is_no_drift(town: Town, status: str) -> None:
    town.applied("churn", "base one red", status=status)
    town.world.things.clear()
    found = town.look()
    assert (found.drifted, found.waiting, found.exit_code) == ((), ("dev/growth/churn",), 0)


def test_a_file_that_was_changed_since_waits_and_is_no_drift(town: Town) -> None:
    town.applied("churn", "base one red")
    town.repo.commit("Edit", {toy.path("churn"): toy.raw("base one blue", name="churn")})
    found = town.look()
    assert (found.drifted, found.waiting) == ((), ("dev/growth/churn",))


def test_one_that_cannot_be_looked_at_does_not_hide_the_others(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.applied("churn", "base one red")
    town.applied("leads", "side two red")
    town.world.things["base/one"]["tags"] = ["blue"]
    registry = toy.registry

    def broken(world: toy.World, *, listing: bool = False) -> Any:
        kinds = dict(registry(world, listing=listing))

        def silent(env: Any) -> Any:
            raise RemoteUnavailable("The side shop does not answer.", where="side")

        kinds["side"] = structs.replace(kinds["side"], connect=silent)
        return kinds

    monkeypatch.setattr(toy, "registry", broken)
    found = town.look()
    assert [one.request for one in found.drifted] == ["dev/growth/churn"]
    assert found.unseen == {"dev/growth/leads": "The side shop does not answer."}
    assert (found.looked, found.exit_code) == (1, 4)
    assert "dev/growth/leads could not be looked at. The side shop does not answer." in shown(found)


def test_a_kind_that_can_list_is_listed_once_for_all_requests(town: Town) -> None:
    for number in range(20):
        town.applied(f"churn-{number}", f"base thing-{number}")
    assert town.look(listing=True).looked == 20
    assert [call for call in town.world.calls if call.startswith("list")] == ["list 20"]


def test_one_team_is_looked_at_alone(town: Town) -> None:
    town.applied("churn", "base one")
    assert town.look(team="growth").looked == 1
    assert town.look(team="risk").looked == 0


def test_markdown_cannot_be_broken_by_what_stands(town: Town) -> None:
    town.applied("churn", "base one red")
    town.world.things["base/one"]["tags"] = ["<!-- @everyone", "`x`\n# H"]
    text = render_drift.markdown(town.look())
    assert "<!--" not in text
    assert "@everyone" not in text
    assert "\n# H" not in text
    assert text.startswith("## Drift\n")


def test_all_of_it_as_json(town: Town) -> None:
    town.applied("churn", "base one red")
    town.world.things["base/one"]["tags"] = []
    data = json.loads(json.dumps(town.look().as_json()))
    assert data["looked"] == 1
    assert data["drifted"][0]["changes"][0]["action"] == "paint"
    assert data["waiting"] == []
    assert data["unseen"] == {}


# --- what the owner decides


UNTIL = "resource: base/one, until: 2026-12-01, reason: It is painted for the fair."


def test_the_report_names_the_three_choices_as_commands(town: Town) -> None:
    town.applied("churn", "base one red")
    town.world.things["base/one"]["tags"] = ["blue"]
    found = town.look()
    lines = [line.strip() for line in shown(found).splitlines()]
    assert "lakeport drift adopt dev/growth/churn" in lines
    assert "lakeport drift revert dev/growth/churn" in lines
    which = "--resource base/one/paint --until DATE --reason TEXT"
    assert f"lakeport drift ignore dev/growth/churn {which}" in lines
    assert "lakeport drift adopt dev/growth/churn" in render_drift.markdown(found)


def test_what_we_may_not_touch_can_only_be_ignored(town: Town) -> None:
    town.applied("churn", "base one")
    town.world.things["base/one"]["mark"] = "dev/growth/other"
    (one,) = town.look().drifted
    assert [line.split()[2] for line in render_drift.choices(one)] == ["ignore"]


def test_ignored_drift_is_listed_as_ignored_and_is_no_failure(town: Town) -> None:
    town.applied("churn", "base one red", ignored=(UNTIL,))
    town.world.things["base/one"]["tags"] = ["blue"]
    found = town.look(today=date(2026, 12, 1))
    assert found.exit_code == 0
    (one,) = found.drifted
    assert (one.changes, one.open) == ((), 0)
    assert [(each.key, each.reason) for each in one.ignored] == [
        ("base/one/paint", "It is painted for the fair.")
    ]
    text = shown(found)
    assert "ignored until 2026-12-01: base/one/paint: Paint one (It is painted for the fair.)" in text
    assert "1 ignored for now." in text
    assert "lakeport drift adopt" not in text


def test_ignored_drift_comes_back_after_its_last_day(town: Town) -> None:
    town.applied("churn", "base one red", ignored=(UNTIL,))
    town.world.things["base/one"]["tags"] = ["blue"]
    found = town.look(today=date(2026, 12, 2))
    assert found.exit_code == 1
    assert [one.key for one in found.drifted[0].changes] == ["base/one/paint"]


def test_an_entry_covers_what_it_names_and_nothing_whose_name_begins_alike(town: Town) -> None:
    town.applied("churn", "base one red", "base one-more red", ignored=(UNTIL,))
    for name in ("one", "one-more"):
        town.world.things[f"base/{name}"]["tags"] = ["blue"]
    (one,) = town.look().drifted
    assert [change.key for change in one.changes] == ["base/one-more/paint"]
    assert [each.key for each in one.ignored] == ["base/one/paint"]


def test_what_is_somebody_else_s_by_now_can_be_ignored_too(town: Town) -> None:
    town.applied("churn", "base one", ignored=(UNTIL,))
    town.world.things["base/one"]["mark"] = "dev/growth/other"
    found = town.look()
    assert found.exit_code == 0
    assert [each.key for each in found.drifted[0].ignored] == ["base/one"]


def test_one_request_is_looked_at_alone(town: Town) -> None:
    town.applied("churn", "base one red")
    town.applied("leads", "side two red")
    assert town.look(name="dev/growth/leads").looked == 1
    assert not any("base/one" in call for call in town.world.calls)


def test_more_than_may_be_taken_away_at_once_can_be_ignored(town: Town) -> None:
    """What is refused then is the plan as a whole, which no entry could name."""
    town.applied("churn", "base one")
    town.world.things["base/one"]["tags"] = ["a", "b", "c", "d", "e"]
    (one,) = town.look().drifted
    assert [refusal.kind for refusal in one.refusals] == ["request"]
    assert one.keys == ("base/one/paint",)
    town.applied("churn", "base one", ignored=(UNTIL,))
    town.world.things["base/one"]["tags"] = ["a", "b", "c", "d", "e"]
    found = town.look()
    assert (found.exit_code, found.drifted[0].refusals) == (0, ())
