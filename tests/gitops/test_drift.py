"""Drift: only what was applied as the file says, told by owner; nothing is ever done about it here."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gitops import drift, render_drift
from gitops.checkout import Checkout
from gitops.drawing import Clients
from gitops.errors import RemoteUnavailable
from gitops.plan import digest
from gitops.render import open_console
from tests.support import toy
from tests.support.gitrepo import GitRepo


def receipt(name: str, raw: bytes, number: int, status: str = "applied") -> tuple[str, bytes]:
    data = {"request": f"dev/growth/{name}", "number": number, "status": status, "file_digest": digest(raw)}
    return f"receipts/{number:08}.json", json.dumps(data).encode()


class Town:
    """A repository with requests and receipts, and the things that stand."""

    def __init__(self, root: Path) -> None:
        self.world = toy.World()
        self.repo = GitRepo.make(root, {"requests/policy.yaml": toy.POLICY})
        self.receipts: dict[str, bytes] = {}

    def applied(self, name: str, *resources: str, status: str = "applied") -> bytes:
        raw = toy.raw(*resources, name=name)
        self.repo.commit(name, {toy.path(name): raw})
        path, text = receipt(name, raw, len(self.receipts) + 1, status)
        self.receipts[path] = text
        for resource in resources:
            kind, thing, *tags = resource.split()
            self.world.things[f"{kind}/{thing}"] = {"mark": f"dev/growth/{name}", "tags": tags}
        return raw

    def look(self, *, listing: bool = False, team: str = "") -> drift.Drift:
        self.repo.git("branch", "--force", "receipts")
        self.repo.git("switch", "--quiet", "receipts")
        self.repo.commit("Receipts", self.receipts)
        self.repo.git("switch", "--quiet", "main")
        return drift.look(
            Checkout(self.repo.root),
            registry=toy.registry(self.world, listing=listing),
            policy=toy.policy(),
            clients=Clients({}),
            team=team,
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
