"""A newer template comes to a repository in one pull request, found again by the next run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops.checkout import Checkout
from handlers import _scaffold_update as updating
from handlers import scaffold
from handlers._scaffold_look import notes
from handlers._scaffold_marker import Marker, parse
from handlers._scaffold_paths import MARKER
from handlers._scaffold_update import Outcome, Site, Update
from tests.fakes.scaffold import PROPERTY, Content, FakeGithub, Repo, World, sha_of
from tests.handlers.support import carry_out, desired, plan
from tests.support.gitrepo import GitRepo
from tests.support.templates import forget, render_once, template

KIND = scaffold.KIND
NAME = "acme/growth-churn"
SPEC = {"kind": "scaffold", "repo": "growth-churn", "template": "mine"}
BRANCH = "lakeport/scaffold-mine-1.1.0"
FIRST = {
    "README.md": "# {{cookiecutter.text.name}}\n\none\ntwo\nthree\nfour\nfive\n",
    "kept.txt": "kept\n",
    "old.txt": "old\n",
    "run.sh": "echo 1\n",
}
SECOND = {
    "README.md": "# {{cookiecutter.text.name}}\n\none\ntwo\nthree\nfour\nFIVE\n",
    "kept.txt": "kept\n",
    "new.txt": "new for {{cookiecutter.text.team}}\n",
    "run.sh": "echo 2\n",
}


class Town:
    """A repository filled from the template ``mine`` 1.0.0, and the repository that has its history."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.templates = root / "templates"
        self.git = GitRepo.make(root, {"requests/policy.yaml": b""})
        self.world = World()
        self.client = FakeGithub(self.world)
        self.dry = False
        self.release("1.0.0", FIRST)
        self.repo = self.fill("growth-churn")

    def fill(self, name: str) -> Repo:
        repo = self.world.add(name, {"README.md": f"# {name}"}, properties={PROPERTY: "dev/growth/churn"})
        wanted = desired(KIND, SPEC | {"repo": name})
        carry_out(KIND, plan(KIND, wanted, self.client), self.client)
        self.world.writes.clear()
        return repo

    def release(
        self, version: str, files: Mapping[str, str], *, commit: bool = True, **settings: object
    ) -> None:
        """Another version of the template, with these files and no other."""
        for path in sorted((self.templates / "mine").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        template(self.templates, "mine", files, self._patch, version=version, **settings)
        if commit:
            self.git.commit(f"mine {version}", {})

    def update(self, *, dry: bool = False, **spec: Any) -> Update:
        wanted = desired(KIND, SPEC | spec)
        found = notes([NAME], self.client).get(NAME)
        site = Site(client=self.client, history=Checkout(self.git.root), dry_run=dry)
        return updating.update(wanted, found, site)

    def branch(self) -> dict[str, str]:
        return self.repo.texts(BRANCH)

    def marker(self, branch: str = BRANCH) -> Marker:
        return parse(self.repo.files(branch)[MARKER][1])

    def merge(self, branch: str = BRANCH) -> None:
        """Merge the pull request, squashing it."""
        (pull,) = (one for one in self.repo.pulls if one.branch == branch)
        theirs = self.repo.files(branch)
        changes: dict[str, Content | None] = dict.fromkeys(self.repo.files().keys() - theirs.keys())
        self.repo.push(changes | theirs, message="Merge")
        pull.state = "closed"
        del self.repo.branches[branch]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    render_once(monkeypatch)
    yield Town(tmp_path / "lakeport", monkeypatch)
    forget()


def test_what_is_up_to_date_is_left_alone(town: Town) -> None:
    assert town.update().outcome is Outcome.CURRENT
    assert town.world.writes == []


def test_a_newer_template_is_one_pull_request_in_four_writes(town: Town) -> None:
    town.release("1.1.0", SECOND)
    done = town.update()
    assert (done.outcome, done.before, done.after) == (Outcome.OPENED, "1.0.0", "1.1.0")
    assert done.pull == "https://github.example/acme/growth-churn/pull/1"
    assert town.world.writes == ["tree", "commit", f"branch {BRANCH}", f"pull {BRANCH}"]
    files = town.branch()
    assert files["README.md"] == "# churn\n\none\ntwo\nthree\nfour\nFIVE\n"
    assert files["new.txt"] == "new for growth\n"
    assert files["kept.txt"] == "kept\n"
    assert "old.txt" not in files
    assert files[".github/CODEOWNERS"] == "* @acme/growth\n"
    assert town.repo.texts()["README.md"].endswith("five\n"), "the default branch is not touched"


def test_the_note_goes_along(town: Town) -> None:
    town.release("1.1.0", SECOND)
    before = town.marker("main")
    town.update()
    after = town.marker()
    assert (after.request, after.template, after.version) == ("dev/growth/churn", "mine", "1.1.0")
    assert after.context == before.context
    assert after.files == {
        path: sha_of("blob", town.branch()[path].encode())
        for path in ("README.md", "kept.txt", "new.txt", "run.sh")
    }
    town.merge()
    assert town.update().outcome is Outcome.CURRENT
    assert not plan(KIND, desired(KIND, SPEC), town.client)


def test_a_second_run_writes_nothing(town: Town) -> None:
    town.release("1.1.0", SECOND)
    town.repo.push({"README.md": "# mine\n\nONE\ntwo\nthree\nfour\nfive\n"})
    first = town.update()
    once = town.world.snapshot()
    town.world.writes.clear()
    second = town.update()
    assert (second.outcome, second.pull) == (Outcome.UNCHANGED, first.pull)
    assert town.world.writes == []
    assert town.world.snapshot() == once


def test_what_others_push_elsewhere_changes_nothing(town: Town) -> None:
    town.release("1.1.0", SECOND)
    town.update()
    town.repo.push({"src/main.py": "x"})
    town.world.writes.clear()
    assert town.update().outcome is Outcome.UNCHANGED
    assert town.world.writes == []


def test_a_dry_run_says_the_same_and_writes_nothing(town: Town) -> None:
    town.release("1.1.0", SECOND)
    town.repo.push({"run.sh": "echo mine\n"})
    planned = town.update(dry=True)
    assert planned.outcome is Outcome.PLANNED
    assert town.world.writes == []
    done = town.update()
    assert (planned.writes, planned.conflicts, planned.left) == (done.writes, done.conflicts, done.left)
    assert planned.conflicts == ("run.sh",)


def test_what_people_changed_is_merged_and_what_conflicts_is_said(town: Town) -> None:
    town.release("1.1.0", SECOND)
    town.repo.push(
        {
            "README.md": "# churn\n\nONE\ntwo\nthree\nfour\nfive\n",
            "run.sh": "echo mine\n",
            "old.txt": "ours now\n",
            "kept.txt": None,
            "new.txt": "was here\n",
        }
    )
    done = town.update()
    files = town.branch()
    assert files["README.md"] == "# churn\n\nONE\ntwo\nthree\nfour\nFIVE\n"
    assert files["run.sh"] == "<<<<<<< this repository\necho mine\n=======\necho 2\n>>>>>>> mine 1.1.0\n"
    assert (files["old.txt"], files["new.txt"]) == ("ours now\n", "was here\n")
    assert "kept.txt" not in files
    assert done.conflicts == ("run.sh",)
    assert set(done.left) == {"old.txt", "new.txt"}
    (pull,) = town.repo.pulls
    assert pull.title == "Template mine 1.1.0 (1 conflict to resolve)"
    for path in ("run.sh", "README.md", "old.txt", "new.txt"):
        assert path.replace("_", "&#95;") in pull.body
    assert pull.body.index("run.sh") < pull.body.index("README.md"), "conflicts come first"


def test_what_people_deleted_stays_deleted_for_good(town: Town) -> None:
    town.repo.push({"run.sh": None})
    town.release("1.1.0", SECOND)
    assert town.update().left == {"run.sh": "was deleted here"}
    town.merge()
    town.release("1.2.0", SECOND | {"run.sh": "echo 3\n"})
    assert town.update().left == {"run.sh": "was deleted here"}
    assert "run.sh" not in town.repo.texts("lakeport/scaffold-mine-1.2.0")


def test_a_file_that_was_here_first_is_never_taken_over(town: Town) -> None:
    town.repo.push({"new.txt": "was here\n"})
    town.release("1.1.0", SECOND)
    town.update()
    town.merge()
    town.release("1.2.0", SECOND | {"new.txt": "newer\n"})
    assert town.update().left == {"new.txt": "was here before the template had one"}


def test_the_second_update_merges_with_what_the_first_one_gave(town: Town) -> None:
    """What it compares with is the template of the first update, not the first template."""
    town.repo.push({"README.md": "# churn\n\nONE\ntwo\nthree\nfour\nfive\n"})
    town.release("1.1.0", SECOND)
    town.update()
    town.merge()
    town.release("1.2.0", SECOND | {"README.md": SECOND["README.md"].replace("FIVE", "five!")})
    done = town.update()
    assert done.conflicts == ()
    text = town.repo.texts("lakeport/scaffold-mine-1.2.0")["README.md"]
    assert text == "# churn\n\nONE\ntwo\nthree\nfour\nfive!\n"


# --- the branch and the pull request


def test_when_the_default_branch_moves_on_the_pull_request_follows(town: Town) -> None:
    town.release("1.1.0", SECOND)
    first = town.update()
    before = town.repo.branches[BRANCH]
    town.repo.push({"README.md": "# churn\n\nONE\ntwo\nthree\nfour\nfive\n"})
    town.world.writes.clear()
    done = town.update()
    assert (done.outcome, done.pull) == (Outcome.UPDATED, first.pull)
    assert town.world.writes == ["tree", "commit", "ref", "edit pull ['body', 'title']"]
    assert "ONE" in town.branch()["README.md"]
    head = town.repo.commits[town.repo.branches[BRANCH]]
    assert head.parents == (before, town.repo.branches["main"]), "nothing is forced"
    town.world.writes.clear()
    assert town.update().outcome is Outcome.UNCHANGED
    assert town.world.writes == []


def test_a_branch_that_people_pushed_to_is_theirs(town: Town) -> None:
    town.release("1.1.0", SECOND)
    first = town.update()
    town.repo.push({"run.sh": "resolved\n"}, branch=BRANCH)
    town.repo.push({"README.md": "changed\n"})
    once = town.world.snapshot()
    done = town.update()
    assert (done.outcome, done.pull) == (Outcome.PEOPLE, first.pull)
    assert town.world.snapshot() == once


def test_a_push_at_the_same_time_is_not_overwritten(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.release("1.1.0", SECOND)
    town.update()
    town.repo.push({"README.md": "changed\n"})
    wrote = town.world.wrote

    def meanwhile(what: str) -> None:
        wrote(what)
        if what == "commit":
            town.repo.push({"run.sh": "resolved\n"}, branch=BRANCH)

    monkeypatch.setattr(town.world, "wrote", meanwhile)
    done = town.update()
    assert (done.outcome, done.exit_code) == (Outcome.FAILED, 1)
    assert "at the same time" in done.error
    assert town.branch()["run.sh"] == "resolved\n"


def test_a_pull_request_that_was_closed_is_not_opened_again(town: Town) -> None:
    town.release("1.1.0", SECOND)
    first = town.update()
    town.repo.pulls[0].state = "closed"
    once = town.world.snapshot()
    done = town.update()
    assert (done.outcome, done.pull) == (Outcome.DECLINED, first.pull)
    assert town.world.snapshot() == once


def test_the_next_version_takes_the_place_of_one_that_is_open(town: Town) -> None:
    town.release("1.1.0", SECOND)
    town.update()
    town.release("1.2.0", SECOND | {"run.sh": "echo 3\n"})
    done = town.update()
    assert (done.outcome, done.before, done.after) == (Outcome.OPENED, "1.0.0", "1.2.0")
    assert [(pull.branch[-5:], pull.state) for pull in town.repo.pulls] == [
        ("1.1.0", "closed"),
        ("1.2.0", "open"),
    ]
    assert "This replaces #1." in town.repo.pulls[1].body
    town.world.writes.clear()
    assert town.update().outcome is Outcome.UNCHANGED
    assert town.world.writes == []


def test_an_older_one_that_people_work_on_stays_open(town: Town) -> None:
    town.release("1.1.0", SECOND)
    town.update()
    town.repo.push({"run.sh": "resolved\n"}, branch=BRANCH)
    town.release("1.2.0", SECOND | {"run.sh": "echo 3\n"})
    town.update()
    assert [pull.state for pull in town.repo.pulls] == ["open", "open"]


@pytest.mark.parametrize("writes", [1, 2, 3, 4])
def test_an_interrupted_run_is_finished_and_not_repeated(town: Town, writes: int) -> None:
    town.release("1.1.0", SECOND)
    town.world.break_after = writes
    assert town.update().outcome is Outcome.FAILED
    done = town.update()
    assert done.outcome is (Outcome.UNCHANGED if writes == 4 else Outcome.OPENED)
    assert len(town.repo.pulls) == 1
    assert sum(write.startswith("branch") for write in town.world.writes) == 1
    town.world.writes.clear()
    assert town.update().outcome is Outcome.UNCHANGED
    assert town.world.writes == []


def test_an_older_one_is_closed_also_when_the_run_before_was_interrupted(town: Town) -> None:
    town.release("1.1.0", SECOND)
    town.update()
    town.release("1.2.0", SECOND | {"run.sh": "echo 3\n"})
    town.world.writes.clear()
    town.world.break_after = 4
    assert town.update().outcome is Outcome.FAILED
    assert [pull.state for pull in town.repo.pulls] == ["open", "open"]
    assert town.update().outcome is Outcome.UPDATED
    assert [pull.state for pull in town.repo.pulls] == ["closed", "open"]
    assert town.world.writes[4:] == ["edit pull ['state']"]


# --- what cannot be done


def test_one_version_names_one_content(town: Town) -> None:
    town.release("1.0.0", SECOND)
    done = town.update()
    assert done.outcome is Outcome.FAILED
    assert "still called version 1.0.0" in done.error


def test_what_was_not_committed_goes_nowhere(town: Town) -> None:
    town.release("1.1.0", SECOND, commit=False)
    done = town.update()
    assert done.outcome is Outcome.FAILED
    assert "not as it was committed" in done.error
    assert town.world.writes == []


def test_a_history_without_the_older_template_is_said(town: Town) -> None:
    town.repo.push({"run.sh": "echo mine\n"})
    town.git.git("checkout", "--quiet", "--orphan", "fresh")
    town.release("1.1.0", SECOND)
    done = town.update()
    assert done.outcome is Outcome.FAILED
    assert "The history here does not have the template mine" in done.error
    assert town.world.writes == []


def test_without_changes_of_people_the_older_template_is_not_needed(town: Town) -> None:
    town.git.git("checkout", "--quiet", "--orphan", "fresh")
    town.release("1.1.0", SECOND)
    assert town.update().outcome is Outcome.OPENED


def test_a_repository_of_another_request_is_refused(town: Town) -> None:
    text = town.repo.texts()[MARKER]
    town.repo.push({MARKER: text.replace("dev/growth/churn", "dev/risk/x")})
    town.release("1.1.0", SECOND)
    done = town.update()
    assert (done.outcome, done.exit_code) == (Outcome.FAILED, 1)
    assert "was not filled from mine by this request" in done.error


@pytest.mark.parametrize("change", ["archived", "gone", "emptied"])
def test_what_is_not_filled_or_cannot_be_written_to_is_passed_over(town: Town, change: str) -> None:
    town.release("1.1.0", SECOND)
    if change == "archived":
        town.repo.archived = True
    elif change == "gone":
        town.world.repos.clear()
    else:
        town.repo.push({MARKER: None})
    assert town.update().outcome is Outcome.ABSENT
    assert town.world.writes == []


# --- values


def test_values_are_those_that_it_was_filled_with(town: Town) -> None:
    town.release("1.1.0", SECOND)
    wanted = desired(KIND, SPEC, team="renamed")
    site = Site(client=town.client, history=Checkout(town.git.root))
    updating.update(wanted, notes([NAME], town.client)[NAME], site)
    assert town.branch()["new.txt"] == "new for growth\n"


def test_a_new_variable_takes_what_the_request_says_else_its_default(town: Town) -> None:
    files = {"a.txt": "{{cookiecutter.text.color}} {{cookiecutter.text.size}}"}
    town.release("1.1.0", SECOND | files, color=["red", "blue"], size="small")
    assert town.update(inputs={"color": "blue"}).outcome is Outcome.OPENED
    assert town.branch()["a.txt"] == "blue small"
    assert town.marker().context.values["color"] == "blue"


def test_a_choice_stays_what_it_was_though_the_file_says_another_by_now(town: Town) -> None:
    choices = {"python": ["3.11", "3.12"], "motto": "none"}
    files = {"a.txt": "{{cookiecutter.text.python}} {{cookiecutter.text.motto}}\n"}
    town.release("1.1.0", files, **choices)
    town.update()
    town.merge()
    town.release("1.2.0", files | {"b.txt": "{{cookiecutter.text.python}}\n"}, **choices)
    town.update(inputs={"python": "3.12", "motto": "another"})
    newest = town.repo.texts("lakeport/scaffold-mine-1.2.0")
    assert (newest["a.txt"], newest["b.txt"]) == ("3.11 none\n", "3.11\n")


def test_a_choice_that_is_offered_no_more_is_made_anew(town: Town) -> None:
    town.release("1.1.0", {"a.txt": "{{cookiecutter.text.python}}\n"}, python=["3.10", "3.11"])
    town.update()
    town.merge()
    assert town.marker("main").context.values["python"] == "3.10"
    newer = {"a.txt": "v{{cookiecutter.text.python}}\n"}
    town.release("1.2.0", newer, python=["3.11", "3.12"])
    assert town.update().outcome is Outcome.OPENED
    assert town.repo.texts("lakeport/scaffold-mine-1.2.0")["a.txt"] == "v3.11\n"


def test_what_a_note_says_gets_nowhere_it_should_not(town: Town) -> None:
    """People can write into the note: its values stay text, its names stay names."""
    text = town.repo.texts()[MARKER]
    town.repo.push({MARKER: text.replace('"team": "growth"', '"team": "{{ 7*7 }}`@all`"')})
    town.release("1.1.0", SECOND)
    town.update()
    assert town.branch()["new.txt"] == "new for {{ 7*7 }}`@all`\n"
    town.repo.push({MARKER: text.replace('"project": "growth-churn"', '"project": "../../x"')})
    done = town.update()
    assert done.outcome is Outcome.FAILED
    assert "cannot be the name of a folder" in done.error
