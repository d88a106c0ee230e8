"""The record as a site: the same bytes every time, each link leads somewhere, nothing typed is markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

import pytest

import handlers
from gitops import cli
from gitops.audit.record import Record
from gitops.audit.website import Website, slug, write
from gitops.checkout import Checkout
from gitops.errors import UsageError
from gitops.policy import load_policy
from gitops.receipts import Step
from tests.gitops.audit.test_audit import CHURN, ID, PATH
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
POLICY = (Path(__file__).parents[3] / "requests/policy.yaml").read_bytes()
HOSTILE = "<script>alert(1)</script>{{ 7*7 }}\"'&"


def site(repo: GitRepo) -> dict[str, bytes]:
    record = Record(Checkout(repo.root), REGISTRY)
    return dict(Website(record, REGISTRY, load_policy(POLICY)).build())


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    maker = RecordMaker()
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

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script":
            self.scripts.append(values.get("src"))
        self.found += [value for key, value in attrs if key in ("href", "src") and value]
        assert not [key for key, _ in attrs if key.startswith("on")]


def pages(files: dict[str, bytes]) -> dict[str, Links]:
    found = {}
    for name, raw in files.items():
        if name.endswith(".html"):
            found[name] = Links()
            found[name].feed(raw.decode())
    return found


def test_every_link_leads_to_a_page(repo: GitRepo) -> None:
    files = site(repo)
    for name, links in pages(files).items():
        for link in links.found:
            if link.startswith(("#", "https://")):
                continue
            target = PurePosixPath(name).parent / link
            parts: list[str] = []
            for part in target.parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            assert "/".join(parts) in files, f"{name} points to {link}"


def test_nothing_that_was_typed_is_markup(repo: GitRepo) -> None:
    files = site(repo)
    for name, links in pages(files).items():
        assert links.scripts in ([], ["record.js"]), name
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
