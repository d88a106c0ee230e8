"""The record as a site: the same bytes every time, each link leads somewhere, nothing typed is markup."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

import pytest

import handlers
from gitops import cli
from gitops.audit.record import Record
from gitops.audit.website import Website, slug, write
from gitops.checkout import Checkout
from gitops.drift_record import Day, Drifting
from gitops.errors import UsageError
from gitops.policy import load_policy
from gitops.receipts import Step
from tests.gitops.audit.test_audit import CHURN, ID, PATH
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
POLICY = (Path(__file__).parents[3] / "requests/policy.yaml").read_bytes()
VOID = {"meta", "link", "input"}
LOOK = Day(
    at="2026-01-06T05:17:00+00:00",
    looked=3,
    unseen=0,
    drifting=(Drifting(request=ID, team="growth", owner="o", kind="schema", open=2, ignored=1),),
)
HOSTILE = "<script>alert(1)</script>{{ 7*7 }}\"'&"


def site(repo: GitRepo) -> dict[str, bytes]:
    record = Record(Checkout(repo.root), REGISTRY)
    return dict(Website(record, REGISTRY, load_policy(POLICY)).build())


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    maker = RecordMaker(looks=[LOOK])
    thread = "\n\nLakeport-Thread: https://acme.slack.com/archives/C1/p1767600000000000"
    maker.receipt(maker.merge(PATH, CHURN, f"Onboard churn-prediction (#7){thread}"), ID, pull=7)
    steps = (Step(key="x", digest="", verb="create", summary=HOSTILE, outcome="failed", error=HOSTILE),)
    raw = CHURN.replace(
        b"purpose: Predict which subscribers will leave next month.",
        b"purpose: '" + HOSTILE.replace("'", "").encode() + b"'",
    )
    assert raw != CHURN
    hostile = maker.merge(PATH, raw, f"{HOSTILE} (#8)", author="Mallory <m@acme.example>")
    maker.receipt(hostile, ID, "failed", pull=8, steps=steps, error=HOSTILE, approvers=("../../x", HOSTILE))
    maker.merge("requests/dev/growth/broken.yaml", b"a: &x [*x]\n<b>")
    return maker.write(tmp_path / "clone")


class Links(HTMLParser):
    """What a page points to, and its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts: list[str | None] = []
        self.ids: list[str] = []
        self.tags: Counter[str] = Counter()
        self.unlabelled: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags[tag] += 1
        self._open.append(tag)
        if tag == "script":
            self.scripts.append(values.get("src"))
        if values.get("id"):
            self.ids.append(values["id"] or "")
        if tag in ("input", "select") and "label" not in self._open:
            self.unlabelled.append(tag)
        if tag in VOID:
            self._open.pop()
        self.found += [value for key, value in attrs if key in ("href", "src") and value]
        assert not [key for key, _ in attrs if key.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, "every element ends where it should"


def pages(files: dict[str, bytes]) -> dict[str, Links]:
    found = {}
    for name, raw in files.items():
        if name.endswith(".html"):
            found[name] = Links()
            found[name].feed(raw.decode())
    return found


def test_every_link_leads_to_a_page(repo: GitRepo) -> None:
    files = site(repo)
    found = pages(files)
    for name, links in found.items():
        for link in links.found:
            if link.startswith(("#state=", "https://")):  # a filter of the list; a run of a workflow
                continue
            address, _, place = link.partition("#")
            target = PurePosixPath(name).parent / address if address else PurePosixPath(name)
            parts: list[str] = []
            for part in target.parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            assert "/".join(parts) in files, f"{name} points to {link}"
            if place:
                assert place in found["/".join(parts)].ids, f"{name} points to {link}"


def test_pages_are_built_for_whoever_reads_them_by_ear(repo: GitRepo) -> None:
    for name, page in pages(site(repo)).items():
        assert page.tags["h1"] == page.tags["main"] == page.tags["nav"] == 1, name
        assert len(page.ids) == len(set(page.ids)), name
        assert page.unlabelled == [], name
        assert page.tags["figcaption"] == page.tags["figure"], name
    index = pages(site(repo))["index.html"]
    assert index.tags["svg"] == index.tags["figure"] == 5
    assert index.tags["details"] == 5, "each chart is there as a table, too"


def test_who_has_two_names_has_one_page(repo: GitRepo) -> None:
    """The directory of the policy links nadia-k, who approved, with an address."""
    files = site(repo)
    page = files[f"people/{slug('nadia.karim@acme.example')}.html"].decode()
    assert "<h1>Nadia Karim</h1>" in page
    assert "approved it" in page
    assert f"requests/{slug(ID)}.html#receipt-1" in page
    assert f"people/{slug('nadia-k')}.html" not in files


def test_without_a_policy_there_are_no_costs_and_everybody_stands_alone(repo: GitRepo) -> None:
    files = dict(Website(Record(Checkout(repo.root), REGISTRY), REGISTRY, None).build())
    assert f"people/{slug('nadia-k')}.html" in files
    assert "Cost by team" not in files["index.html"].decode()


def test_what_drifted_is_drawn_and_a_broken_look_is_named(tmp_path: Path) -> None:
    maker = RecordMaker(looks=[LOOK])
    maker.receipt(maker.merge(PATH, CHURN), ID)
    repo = maker.write(tmp_path / "drifting")
    index = site(repo)["index.html"].decode()
    assert '<th scope="row">2026-01-06</th><td>2</td><td>1</td><td>3</td>' in index
    page = site(repo)["drift.html"].decode()
    assert f'<a href="requests/{slug(ID)}.html">{ID}</a>' in page
    assert "3 requests seen" in page
    repo.git("checkout", "--quiet", "receipts")
    repo.commit("By hand", {"drift/2026-01-07.json": b"{"})
    repo.git("checkout", "--quiet", "main")
    assert "drift/2026-01-07.json holds no look for drift of that day." in site(repo)["index.html"].decode()


def test_nothing_that_was_typed_is_markup(repo: GitRepo) -> None:
    files = site(repo)
    for name, links in pages(files).items():
        assert links.scripts == ["../record.js" if "/" in name else "record.js"], name
    page = files[f"requests/{slug(ID)}.html"].decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page
    assert "49" not in re.sub(r"[0-9a-f]{12,}", "", page.split("<dl", 1)[1].split("</dl>")[0])


def test_names_stay_in_their_folder(repo: GitRepo) -> None:
    for name in site(repo):
        assert re.fullmatch(r"(?:[a-z]+/)?[a-z0-9_-]+\.(?:html|css|js)", name), name


@pytest.mark.parametrize("text", ["../../etc", "", "a/b", "A", "a" * 300, "\x00", "ä", ".", "con\n"])
def test_a_slug_is_harmless_and_its_own(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{1,70}", slug(text))
    assert slug(text) != slug(text + "x")
    assert slug("growth") == "growth"


def test_the_same_clone_gives_the_same_bytes(repo: GitRepo) -> None:
    assert site(repo) == site(repo)


def test_it_tells_what_an_auditor_looks_for(repo: GitRepo) -> None:
    files = site(repo)
    index = files["index.html"].decode()
    for words in ("Lead time", "Cost by team", "Approvals", "Requests"):
        assert words in index
    assert "0</b> problems with them" in index
    page = files[f"requests/{slug(ID)}.html"].decode()
    for words in ("It was applied", "It failed", "Receipt 2", "What it has", "pull 7"):
        assert words in page
    broken = files[f"requests/{slug('dev/growth/broken')}.html"].decode()
    assert "Not all of the file can be read" in broken
    assert f"catalogs/{slug('ml_dev')}.html" in files


def test_the_lead_time_begins_with_the_first_message(repo: GitRepo) -> None:
    """The thread's own time stamp, 2026-01-05 08:00, and the first apply two hours and six minutes later."""
    assert "2.1 h" in site(repo)["index.html"].decode()


def test_it_only_writes_over_a_site(repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.root)
    (repo.root / "requests/policy.yaml").write_bytes(POLICY)
    out = tmp_path / "site"
    for _ in range(2):
        assert cli.main(REGISTRY, ["audit", "site", "--out", str(out)]) == 0
    assert (out / "index.html").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="no site of the record"):
        write([("index.html", b"")], other)


@pytest.mark.parametrize(
    "at", ["soon", "", "0001-01-01T00:00:00+00:00", "9999-99-99", "2026-13-01T00:00:00+00:00"]
)
def test_a_receipt_whose_clock_is_wrong_keeps_no_page_from_being_made(tmp_path: Path, at: str) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID)
    repo = maker.write(tmp_path / "clocks")
    path = "receipts/00000/00000001.json"
    repo.git("checkout", "--quiet", "receipts")
    receipt = json.loads((repo.root / path).read_text()) | {"at": at}
    repo.commit("Change", {path: json.dumps(receipt).encode()})
    repo.git("checkout", "--quiet", "main")
    index = site(repo)["index.html"].decode()
    assert "Receipt 1 was changed after it was written" in index
