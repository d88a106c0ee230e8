"""``/lakeport link``: one code for one command, the token nowhere, and nobody becomes somebody else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS

from bot.device import Account, DeviceFlow, Unanswered, Wait
from bot.envelope import Envelope
from bot.known import KnownPolicy
from bot.linking import NO_APP, NOT_LINKED, REMOVED, Linking
from bot.links import Link, Links
from bot.slackclient import SlackClient
from bot.store import Store
from gitops.errors import ConfigurationError, RemoteUnavailable
from sandbox.github.rehearsal import GitHub
from tests.fakes.device import FakeFlow
from tests.fakes.repository import FakeRepository
from tests.fakes.slack import FakeWebClient
from tests.support import slack_events as slack
from tests.support.desk_rig import CHANNEL, COMPLETE, LI, ROOT, Rig, prepared

MIKA, OTHER = "U0MIKASOL", "U0OTHERONE"
ACCOUNT = Account("mika-sol", 4711)


class Recorded:
    """:class:`bot.ports.Steps` that keeps what every step gave, as JSON."""

    def __init__(self) -> None:
        self.results: list[tuple[str, str]] = []

    def run(self, name: str, do: Callable[[], Any]) -> Any:
        result = do()
        self.results.append((name, json.dumps(result)))
        return json.loads(self.results[-1][1])


class Bench:
    """A :class:`Linking` without a desk: :meth:`turn` works on what was put off, as the desk would."""

    def __init__(self, store: Store) -> None:
        self.web, self.flow, self.repository = FakeWebClient(), FakeFlow(interval=5), FakeRepository()
        self.links, self.steps = Links(store.engine), Recorded()
        self.put_off: list[tuple[Envelope, float]] = []
        self.today = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.linking = Linking(
            flow=self.flow,
            links=self.links,
            policy=KnownPolicy(self.repository),
            slack=SlackClient(self.web),  # type: ignore[arg-type]
            steps=self.steps,
            later=lambda envelope, seconds: self.put_off.append((envelope, seconds)),
            now=lambda: self.today,
        )

    def begin(self, text: str = "", *, user: str = MIKA, key: str = "k1") -> str:
        self.linking.begin(key, user=user, channel=CHANNEL, text=text)
        return self.said()

    def turn(self) -> float:
        """Ask GitHub once; returns how long was waited for it."""
        envelope, seconds = self.put_off.pop(0)
        self.today += timedelta(seconds=seconds)
        self.linking.asked(envelope.payload, envelope.key)
        return seconds

    def said(self) -> str:
        return str(self.web.whispers[-1]["text"])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    store = prepared(tmp_path)
    yield Bench(store)
    store.close()


def agreed(bench: Bench, account: Account = ACCOUNT, *, user: str = MIKA) -> str:
    """The person links this account; what they are told in the end."""
    bench.begin("again", user=user, key=f"k{len(bench.flow.given)}")
    bench.flow.agreed[bench.flow.given[-1].device] = account
    bench.turn()
    return bench.said()


# --- the code


def test_a_person_is_told_where_to_enter_which_code_and_nobody_else_is(bench: Bench) -> None:
    said = bench.begin()
    assert "<https://github.example/login/device>" in said
    assert "*BCDF-0001*" in said
    assert "15 minutes" in said
    assert [(one["channel"], one["user"]) for one in bench.web.whispers] == [(CHANNEL, MIKA)]
    assert bench.web.messages == []


def test_github_is_asked_with_the_interval_it_gives_until_the_code_is_entered(bench: Bench) -> None:
    bench.begin()
    bench.flow.fail = [Wait(5), Wait(10), Wait(10)]
    assert [bench.turn() for _ in range(3)] == [5, 5, 10]
    assert len(bench.web.whispers) == 1
    bench.flow.agreed["device-1"] = ACCOUNT
    assert bench.turn() == 10
    assert [interval for _, interval in bench.flow.asks] == [5, 5, 10, 10]
    assert bench.links.of(MIKA) == Link(MIKA, ACCOUNT, bench.today)
    assert "on GitHub you are `mika-sol`" in bench.said()
    assert bench.put_off == []


def test_every_question_has_a_key_of_its_own_and_one_person_s_are_in_one_line(bench: Bench) -> None:
    bench.begin(key="slack:command:t.9")
    seen = []
    for _ in range(3):
        seen.append(bench.put_off[0][0])
        bench.turn()
    assert [one.key for one in seen] == [f"link:slack:command:t.9:{turn}" for turn in (1, 2, 3)]
    assert {one.partition for one in seen} == {f"link/{MIKA}"}


def test_github_that_is_away_for_a_while_is_asked_again(bench: Bench) -> None:
    bench.begin()
    bench.flow.fail = [RemoteUnavailable("GitHub did not answer."), RemoteUnavailable("Again.")]
    bench.turn()
    bench.turn()
    bench.flow.agreed["device-1"] = ACCOUNT
    bench.turn()
    assert bench.links.login_of(MIKA) == "mika-sol"


def test_a_code_that_nobody_enters_ends_with_a_sentence(bench: Bench) -> None:
    bench.begin()
    turns = 0
    while bench.put_off:
        bench.turn()
        turns += 1
    assert turns == 900 // 5
    assert len(bench.flow.asks) == turns - 1
    assert "was not entered in time" in bench.said()
    assert len(bench.web.whispers) == 2


def test_who_says_no_is_told_that_nothing_was_linked(bench: Bench) -> None:
    bench.begin()
    bench.flow.fail = [Unanswered("You said no on GitHub, so nothing was linked.")]
    bench.turn()
    assert (
        bench.said() == "You said no on GitHub, so nothing was linked. Say `/lakeport link` for a new code."
    )
    assert (bench.links.of(MIKA), bench.put_off) == (None, [])


@pytest.mark.parametrize("at", ["begin", "ask"])
def test_an_app_that_is_not_set_up_is_said_with_what_to_do(bench: Bench, at: str) -> None:
    problem = ConfigurationError("The GitHub app may not use the device flow.", fix="Ask the platform team.")
    if at == "begin":
        bench.flow.fail = [problem]
    bench.begin()
    if at == "ask":
        bench.flow.fail = [problem]
        bench.turn()
    assert bench.said().endswith("The GitHub app may not use the device flow. Ask the platform team.")
    assert bench.put_off == []


def test_without_an_app_people_are_told_what_that_means(bench: Bench) -> None:
    object.__setattr__(bench.linking, "flow", None)
    assert bench.begin() == NO_APP


def test_of_two_codes_the_second_to_be_looked_at_says_nothing_more(bench: Bench) -> None:
    bench.begin(key="k1")
    bench.begin(key="k2")
    bench.flow.agreed["device-2"] = ACCOUNT
    (first, second) = bench.put_off
    bench.put_off = [second, first]
    bench.turn()
    assert "Done" in bench.said()
    bench.turn()
    assert len(bench.web.whispers) == 3
    assert [device for device, _ in bench.flow.asks] == ["device-2"]
    assert bench.put_off == []


# --- who is who


def test_the_directory_knows_and_there_is_nothing_to_link(bench: Bench) -> None:
    assert bench.begin(user=LI) == "The directory says who you are on GitHub: `liwei`. Nothing to link."
    assert bench.flow.given == []


def test_what_is_linked_is_shown_and_again_makes_a_new_one(bench: Bench) -> None:
    agreed(bench)
    assert "You are linked to `mika-sol` on GitHub since 2026-11-21." in bench.begin()
    assert len(bench.flow.given) == 1
    agreed(bench, Account("mika-new", 4712))
    assert bench.links.login_of(MIKA) == "mika-new"


def test_a_login_of_the_directory_belongs_to_its_own_slack_account(bench: Bench) -> None:
    said = agreed(bench, Account("Nadia-K", 12))
    assert said.startswith("Nothing was linked. On GitHub you signed in as `Nadia-K`,")
    assert "somebody else" in said
    assert bench.links.of(MIKA) is None


def test_who_enters_the_directory_meanwhile_is_who_it_says(bench: Bench) -> None:
    bench.begin()
    assert bench.repository.policy is not None
    row = b"people:\n- {name: Mika, email: m@x.example, slack: U0MIKASOL, github: mika-dir, team: growth}\n"
    bench.repository.policy = bench.repository.policy.replace(b"\npeople:\n", b"\n" + row, 1)
    assert row in bench.repository.policy
    bench.linking.policy.stale()
    bench.flow.agreed["device-1"] = ACCOUNT
    bench.turn()
    assert "the directory says that you are `mika-dir`" in bench.said()
    assert bench.links.of(MIKA) is None


def test_one_account_of_github_is_one_person_however_it_is_called_now(bench: Bench) -> None:
    agreed(bench)
    said = agreed(bench, Account("renamed", ACCOUNT.id), user=OTHER)
    assert "another Slack account is linked to that" in said
    assert (bench.links.of(OTHER), bench.links.login_of(MIKA)) == (None, "mika-sol")


def test_the_same_person_may_be_called_otherwise_later(bench: Bench) -> None:
    agreed(bench)
    agreed(bench, Account("renamed", ACCOUNT.id))
    assert bench.links.login_of(MIKA) == "renamed"


def test_a_login_that_no_request_can_hold_is_not_linked(bench: Bench) -> None:
    said = agreed(bench, Account("mika_acme", 9))
    assert "a request cannot hold such a login" in said
    assert bench.links.of(MIKA) is None


def test_a_link_can_be_taken_back(bench: Bench) -> None:
    agreed(bench)
    bench.linking.unlink("k8", user=MIKA, channel=CHANNEL)
    assert (bench.said(), bench.links.of(MIKA)) == (REMOVED, None)
    bench.linking.unlink("k9", user=MIKA, channel=CHANNEL)
    assert bench.said() == NOT_LINKED
    agreed(bench, user=OTHER)
    assert bench.links.login_of(OTHER) == "mika-sol"


def test_what_a_run_did_that_died_is_not_done_twice(bench: Bench) -> None:
    """The desk repeats a step that it could not write down: to keep a link again changes nothing."""
    bench.begin()
    bench.flow.agreed["device-1"] = ACCOUNT
    envelope, _ = bench.put_off[0]
    bench.turn()
    bench.linking._kept(MIKA, ACCOUNT)
    assert bench.links.login_of(MIKA) == "mika-sol"
    bench.linking.asked(envelope.payload, envelope.key)
    assert len(bench.flow.asks) == 1


# --- over the desk


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.flow = FakeFlow()
    made.restart()
    yield made
    made.stop()


def whispered(rig: Rig, words: str, seconds: float = 20.0) -> str:
    """Wait until the person is told something with these words."""
    deadline = time.monotonic() + seconds
    while True:
        found = [str(one["text"]) for one in rig.web.whispers if words in one["text"]]
        if found:
            return found[-1]
        assert time.monotonic() < deadline, rig.web.whispers
        time.sleep(0.02)


def put_off() -> list[str]:
    return [one.workflow_id for one in DBOS.list_workflows(status=["DELAYED"], load_input=False)]


def test_a_command_that_is_delivered_twice_gives_one_code(rig: Rig) -> None:
    assert isinstance(rig.flow, FakeFlow)
    for _ in range(2):
        rig.slack(slack.command("link", user=MIKA))
    assert len(rig.flow.given) == len(rig.web.whispers) == 1
    rig.flow.agreed["device-1"] = ACCOUNT
    whispered(rig, "Done")
    rig.settle()
    rig.slack(slack.command("link", user=MIKA))
    assert len(rig.flow.given) == 1
    assert not rig.failures()


def test_a_restart_goes_on_asking_where_it_was(rig: Rig) -> None:
    assert isinstance(rig.flow, FakeFlow)
    rig.flow.interval = 1
    rig.slack(slack.command("link", user=MIKA))
    assert len(put_off()) == 1
    rig.restart()
    rig.flow.agreed["device-1"] = ACCOUNT
    whispered(rig, "Done")
    assert Links(rig.store.engine).login_of(MIKA) == "mika-sol"
    assert len(rig.flow.given) == 1


def test_other_commands_go_on_while_a_code_is_out(rig: Rig) -> None:
    assert isinstance(rig.flow, FakeFlow)
    rig.flow.interval = 60
    rig.slack(slack.command("link", user=MIKA))
    rig.slack(slack.command("unlink", user=MIKA, trigger="t.10"))
    whispered(rig, NOT_LINKED)
    assert len(put_off()) == 1


def test_what_a_linked_person_asks_for_says_who_they_are_on_github(rig: Rig) -> None:
    Links(rig.store.engine).put(Link(MIKA, ACCOUNT, datetime.now(UTC)))
    rig.slack(slack.said(COMPLETE, ts=ROOT, kind="app_mention", user=MIKA))
    rig.press("confirm", user=MIKA)
    assert [one["path"] for one in rig.github.submitted] == ["requests/dev/growth/churn-prediction.yaml"]
    assert b"requested_by: {slack: U0MIKASOL, github: mika-sol}" in rig.github.submitted[0]["raw"]
    assert "without a known GitHub account" not in str(rig.card())


def test_who_is_not_linked_can_ask_and_the_card_says_that_two_approve(rig: Rig) -> None:
    rig.slack(slack.said(COMPLETE, ts=ROOT, kind="app_mention", user=MIKA))
    assert "without a known GitHub account" in str(rig.card())
    rig.press("confirm", user=MIKA)
    assert b"requested_by: {slack: U0MIKASOL}" in rig.github.submitted[0]["raw"]
    assert "without a known GitHub account" in rig.github.submitted[0]["body"]


def test_a_link_that_comes_between_card_and_confirm_is_shown_first(rig: Rig) -> None:
    rig.slack(slack.said(COMPLETE, ts=ROOT, kind="app_mention", user=MIKA))
    Links(rig.store.engine).put(Link(MIKA, ACCOUNT, datetime.now(UTC)))
    rig.press("confirm", user=MIKA)
    assert rig.github.submitted == []
    rig.press("confirm", user=MIKA)
    assert b"github: mika-sol" in rig.github.submitted[0]["raw"]


@pytest.mark.e2e
def test_the_whole_way_against_the_rehearsal_github(tmp_path: Path) -> None:
    """The person enters the code on the page; the token is in no file of the bot's."""
    import httpx

    github = GitHub(tmp_path / "github")
    github.devices.interval = 1
    github.add_organisation("acme")
    github.add_user("mika-sol", "Mika Sol", "mika.sol@acme.example")
    github.add_app("lakeport")
    github.start()
    (tmp_path / "bot").mkdir()
    rig = Rig(tmp_path / "bot")
    rig.flow = DeviceFlow(github.client_id("lakeport"), github.url, github.url)
    rig.restart()
    try:
        rig.slack(slack.command("link", user=MIKA))
        code = whispered(rig, "/login/device").split("enter *")[1].split("*")[0]
        page = httpx.get(f"{github.url}/login/device", trust_env=False)
        assert 'value="mika-sol"' in page.text
        form = {"code": code.lower(), "as": "mika-sol", "do": "agree"}
        assert httpx.post(f"{github.url}/login/device", data=form, trust_env=False).status_code == 200
        assert "`mika-sol`" in whispered(rig, "Done")
        account = github.state.account("mika-sol")
        assert account is not None
        found = Links(rig.store.engine).of(MIKA)
        assert found is not None
        assert found.account == Account("mika-sol", account.id)
        assert not rig.failures()
    finally:
        rig.stop()
        github.stop()
    tokens = [token.encode() for token in github.state.data.tokens if token.startswith("ghu_")]
    assert len(tokens) == 1
    for file in (tmp_path / "bot").rglob("*"):
        assert not file.is_file() or tokens[0] not in file.read_bytes(), file
