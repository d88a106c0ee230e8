"""Orphans: what is marked as ours and belongs to no request, told and never touched."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gitops import orphans, render_lifecycle
from gitops.checkout import Checkout
from gitops.drawing import Clients
from gitops.errors import RemoteUnavailable
from gitops.kind import Marked, Registry
from gitops.orphans import Why
from gitops.render import open_console
from tests.support import toy
from tests.support.gitrepo import GitRepo


def marked_of(kind: str) -> Any:
    def marked(world: toy.World) -> Iterator[Marked]:
        world.note(f"list marked {kind}")
        for key, thing in sorted(world.things.items()):
            sort, _, name = key.partition("/")
            if sort == kind and thing["mark"]:
                yield Marked(
                    kind=kind,
                    identity=name,
                    request=thing["mark"],
                    called=f"the {kind} {name}",
                    url=f"https://toys.example/{name}",
                )

    return marked


class Town:
    """Request files and marked things; ``top`` cannot list."""

    def __init__(self, root: Path) -> None:
        self.world = toy.World()
        self.repo = GitRepo.make(root, {"requests/policy.yaml": toy.POLICY})

    def request(self, name: str, *resources: str, lifecycle: str = "active") -> None:
        self.repo.commit(name, {toy.path(name): toy.raw(*resources, name=name, lifecycle=lifecycle)})

    def stands(self, key: str, mark: str) -> None:
        self.world.things[key] = {"mark": mark, "tags": []}

    def registry(self) -> Registry:
        return {
            name: kind
            if name == "top"
            else structs.replace(kind, marked=marked_of(name), system="Toys" if name == "base" else "")
            for name, kind in toy.registry(self.world).items()
        }

    def look(self, registry: Registry | None = None) -> orphans.Orphans:
        checkout = Checkout(self.repo.root)
        return orphans.look(checkout, registry=registry or self.registry(), clients=Clients({}))


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town(tmp_path / "repo")
    made.request("churn", "base one", "side two")
    return made


def found(look: orphans.Orphans) -> list[tuple[str, str, Why]]:
    return [(one.kind, one.identity, one.why) for one in look.orphans]


def test_what_a_request_names_is_no_orphan(town: Town) -> None:
    town.stands("base/one", "dev/growth/churn")
    town.stands("side/two", "dev/growth/churn")
    look = town.look()
    assert (look.looked, look.orphans, look.exit_code) == (2, (), 0)
    assert look.skipped == ("top",)


def test_what_no_request_names_is_one_with_the_reason(town: Town) -> None:
    town.request("gone", "base three", lifecycle="retired")
    town.request("going", "base four", lifecycle="retiring")
    town.stands("base/three", "dev/growth/gone")
    town.stands("base/four", "dev/growth/going")
    town.stands("base/five", "dev/growth/never")
    town.stands("side/two", "dev/growth/churn")
    town.stands("side/six", "dev/growth/churn")
    look = town.look()
    assert found(look) == [
        ("base", "three", Why.RETIRED),
        ("base", "five", Why.NO_REQUEST),
        ("side", "six", Why.NOT_NAMED),
    ]
    assert look.exit_code == 1
    assert (look.orphans[0].system, look.orphans[2].system) == ("Toys", "side")


def test_what_is_not_marked_is_none_of_ours(town: Town) -> None:
    town.stands("base/theirs", "")
    assert town.look().orphans == ()


def test_a_request_that_cannot_be_read_has_no_orphans(town: Town) -> None:
    """Nobody can tell what its file means to name, and a slip must not make a list of things to delete."""
    town.repo.commit("Broken", {toy.path("churn"): b"apiVersion: [\n"})
    town.stands("base/one", "dev/growth/churn")
    assert town.look().orphans == ()


def test_it_looks_and_touches_nothing(town: Town) -> None:
    town.stands("base/five", "dev/growth/never")
    town.look()
    town.look()
    assert town.world.applied == []
    assert set(town.world.calls) == {"list marked base", "list marked side"}
    assert len(town.world.calls) == 4, "one list for each kind and look, however many requests"


def test_a_system_that_does_not_answer_hides_no_other(town: Town) -> None:
    def silent(client: Any) -> Iterable[Marked]:
        raise RemoteUnavailable("The side shop does not answer.", where="side")

    town.stands("base/five", "dev/growth/never")
    kinds = dict(town.registry())
    kinds["side"] = structs.replace(kinds["side"], marked=silent)
    look = town.look(kinds)
    assert found(look) == [("base", "five", Why.NO_REQUEST)]
    assert (look.exit_code, look.unseen) == (4, {"side": "The side shop does not answer."})


def test_it_reads_by_system_with_a_link_to_each(town: Town) -> None:
    town.stands("base/five", "dev/growth/never")
    look = town.look()
    out = io.StringIO()
    render_lifecycle.print_orphans(open_console(out), look)
    text = out.getvalue()
    assert "Toys\n  the base five, marked as dev/growth/never: there is no request of that name." in text
    assert "https://toys.example/five" in text
    assert "1 marked thing looked at, 1 of them belongs to no request." in text
    assert "Without a list of what is marked: top." in text
    page = render_lifecycle.orphans_markdown(look)
    assert page.startswith("## Orphans\n")
    assert "<https://toys.example/five>" in page


def test_a_mark_cannot_break_the_page(town: Town) -> None:
    town.stands("base/five", "<!-- @everyone\n# H")
    page = render_lifecycle.orphans_markdown(town.look())
    assert "<!--" not in page
    assert "@everyone" not in page
    assert "\n# H" not in page


def test_all_of_it_as_json(town: Town) -> None:
    town.stands("base/five", "dev/growth/never")
    data = json.loads(json.dumps(town.look().as_json()))
    assert data["orphans"] == [
        {
            "system": "Toys",
            "kind": "base",
            "identity": "five",
            "request": "dev/growth/never",
            "called": "the base five",
            "url": "https://toys.example/five",
            "why": "no_request",
        }
    ]
