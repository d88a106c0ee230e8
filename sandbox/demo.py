"""One onboarding played through the sandbox while a person watches; all it made is read back and verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gitops import yamlfile
from gitops.errors import LakeportError
from sandbox.afterwards import Afterwards
from sandbox.narrator import Narrator
from sandbox.onlooker import Onlooker
from sandbox.verify import Row, Verifier

if TYPE_CHECKING:
    from sandbox.slack.rehearsal import Message
    from sandbox.world import World

REQUESTER, OWNER, REVIEWER = "liwei", "janed", "nadia-k"
CHANNEL = "data-platform"
REQUEST = "dev/growth/churn-prediction"
FILE = f"requests/{REQUEST}.yaml"
BRANCH = f"request/{REQUEST}"

OPENING = (
    "@lakeport hi! We need a place for churn prediction: a repo, a schema and a small ml cluster with "
    "lightgbm 4.5.0, max 2 workers. Group growth should be able to read, write and create tables."
)
CORRECTION = "actually make that max 4 workers please"
FACTS = {
    "metadata.name": "churn-prediction",
    "metadata.team": "growth",
    "metadata.environment": "dev",
    "metadata.purpose": "predict which subscribers will leave next month",
    "metadata.business_owner": f"@{OWNER}",
    "metadata.data_classification": "internal, nothing personal in it",
    "metadata.expires": "in five months",
}
"""What the requester says when asked for a field."""
MEANT = {
    "name": "churn-prediction",
    "business owner": "jane.doe@acme.example",
    "classification": "internal",
    "kinds": "compute, repo, scaffold, schema",
    "growth may": "CREATE_TABLE, MODIFY, SELECT, USE_SCHEMA",
    "cluster": "small ml, at most 4 workers, lightgbm==4.5.0",
}
"""What it all means; the other rows hold the systems against the file, this one the file against people."""
NO_IDEA = "no idea, whatever you usually do"
MOST_QUESTIONS = 8

Found = TypeVar("Found")


class DemoFailed(LakeportError):
    """Something that had to happen did not; the sentence says what."""

    code = "demo_failed"


def play(world: World, console: Console | None = None) -> int:
    """Play the onboarding and print what was made; 0 when every row was verified, 1 otherwise."""
    return Demo(world, console or Console(highlight=False)).play()


class Demo:
    """The people of the story, each acting only through the systems they would use."""

    def __init__(self, world: World, console: Console) -> None:
        self.world = world
        self.slack = world.slack
        self.console = console
        self.tell = Narrator(console, world.policy.people)
        self.hub = Onlooker(world)
        self.thread_ts = ""
        self.story = ""

    def play(self) -> int:
        """Everything, in order."""
        begin = time.monotonic()
        self._ask()
        self._answer_questions()
        self._correct()
        number = self._confirm()
        self._see_the_plan(number)
        self._refuse_self_approval(number)
        self._approve_and_merge(number)
        self._be_told()
        rows = self._verify(number)
        self._show(rows)
        good = all(row.ok for row in rows)
        seconds = time.monotonic() - begin
        if good:
            self.console.print(f"[green]Every row was read back and agrees.[/] [dim]{seconds:.0f} s[/]")
            self._say_how_to_look_around()
        else:
            bad = sum(not row.ok for row in rows)
            self.console.print(f"[red]{bad} of {len(rows)} rows do not agree.[/] Logs: {self.world.logs}")
        return 0 if good else 1

    # ---- the story -----------------------------------------------------------------------------------------

    def _ask(self) -> None:
        with self.tell.step("A sentence in Slack"):
            opening = self.slack.say(REQUESTER, CHANNEL, OPENING.replace("@lakeport", self.slack.mention))
            self.thread_ts = opening.ts
            self.tell.quote(REQUESTER, OPENING)
            self._wait(self._question_or_card, "an answer of the bot")

    def _answer_questions(self) -> None:
        """Answer what is asked until nothing is; every question is one the words left open."""
        with self.tell.step("The bot asks only what is missing"):
            answered: set[str] = set()
            for _ in range(MOST_QUESTIONS):
                self._wait(
                    lambda: self._confirmable() or self._open_question(answered),
                    "a question, or a complete card",
                )
                question = self._open_question(answered)
                if question is None:
                    return
                path = asked_for(question)
                self.tell.quote("lakeport", question.text)
                answer = FACTS.get(path, NO_IDEA)
                self.tell.quote(REQUESTER, answer)
                answered.add(question.ts)
                self.slack.say(REQUESTER, CHANNEL, answer, thread_ts=self.thread_ts)
            raise DemoFailed(f"The bot still asks after {MOST_QUESTIONS} answers.", where="Slack")

    def _correct(self) -> None:
        with self.tell.step("One value is corrected"):
            before = self._card_digest()
            seen = len(self._thread())
            self.tell.quote(REQUESTER, CORRECTION)
            self.slack.say(REQUESTER, CHANNEL, CORRECTION, thread_ts=self.thread_ts)
            self._wait(lambda: self._card_digest() not in {"", before}, "a card with the corrected value")
            for message in self._thread()[seen:]:
                if message.by_bot and "→" in message.text:
                    self.tell.quote("lakeport", message.text)

    def _confirm(self) -> int:
        with self.tell.step("The requester sees the file and confirms; it becomes a pull request"):
            card = self._wait(self._confirmable, "a card that can be confirmed")
            self.slack.press(REQUESTER, CHANNEL, card.ts, "confirm")
            pull = self._wait(lambda: self.hub.pull(BRANCH), f"the pull request of {BRANCH}")
            number = int(pull["number"])
            commits = self.hub.get(f"/pulls/{number}/commits")
            files = self.hub.get(f"/pulls/{number}/files")
            self.tell.remark(f"{pull['html_url']}  by {pull['user']['login']}")
            self.tell.remark(
                f"branch {BRANCH}, {len(commits)} commit, {', '.join(file['filename'] for file in files)}"
            )
            return number

    def _see_the_plan(self, number: int) -> None:
        with self.tell.step("The workflow check draws the plan against the live systems"):
            head = self.hub.head(number)
            check = self._wait(
                lambda: self.hub.check_run(head, "lakeport/plan"), "the check run lakeport/plan", 60
            )
            if check["conclusion"] != "success":
                raise DemoFailed(
                    f"The plan is {check['conclusion']}: {check['output']['summary']}", where="GitHub"
                )
            comment = self._wait(
                lambda: self.hub.comment(number, "lakeport:plan"), "the comment with the plan"
            )
            self.tell.remark(check["output"]["title"])
            parts = [
                line.removeprefix("#### ")
                for line in comment["body"].splitlines()
                if line.startswith("#### ")
            ]
            folded = comment["body"].count("<details>")
            self.tell.remark(f"the comment says: {', '.join(parts)}; and {folded} parts are folded")

    def _refuse_self_approval(self, number: int) -> None:
        with self.tell.step(f"{self.tell.name(REQUESTER)}, who asked, approves: that does not count"):
            head = self.hub.head(number)
            self._wait(lambda: self.hub.check_run(head, "lakeport/gate"), "the check run lakeport/gate", 60)
            self.hub.approve(REQUESTER, number)
            self._settled()
            gate = self.hub.check_run(head, "lakeport/gate") or {}
            merged = self.hub.merge(REQUESTER, number)
            if gate.get("conclusion") == "success" or merged.is_success:
                raise DemoFailed("The requester's own approval let the pull request pass.", where="GitHub")
            self.tell.remark(str(gate.get("output", {}).get("title", "")))
            self.tell.remark(f"GitHub: {merged.json()['message']}")

    def _approve_and_merge(self, number: int) -> None:
        with self.tell.step(
            f"{self.tell.name(REVIEWER)} approves; the gate opens, and the merge starts the apply"
        ):
            head = self.hub.head(number)
            self.hub.approve(REVIEWER, number)
            self._wait(
                lambda: (self.hub.check_run(head, "lakeport/gate") or {}).get("conclusion") == "success",
                "an open gate",
                60,
            )
            merged = self.hub.merge(REVIEWER, number)
            if not merged.is_success:
                raise DemoFailed(f"The merge was refused: {merged.json()['message']}", where="GitHub")
            self._wait(self.hub.receipt, "the receipt on the branch receipts", 90)

    def _be_told(self) -> None:
        with self.tell.step("The thread says so, with links"):
            link = f"{self.world.organisation}/growth-churn-prediction"
            last = self._wait(lambda: self._mentions(link), "a message with the links", 60)
            self.tell.quote("lakeport", last.text)
            self._settled()

    # ---- what is made --------------------------------------------------------------------------------------

    def _verify(self, number: int) -> list[Row]:
        with self.tell.step("Everything is read back, applied a second time, and looked at for drift"):
            live = Verifier(
                github_url=self.world.github.url,
                github_token=self.world.admin_token,
                databricks_url=self.world.databricks.url,
                databricks_token=self.world.databricks.token,
            )
            try:
                raw = live.file(self.world.repository, FILE, "main") or b"{}"
                request = yamlfile.load(raw, FILE).data
                wanted = "; ".join(f"{key}: {value}" for key, value in MEANT.items())
                rows = [live.check("request file", wanted, lambda: understood(request))]
                rows += live.onboarding(request, REQUEST)
                rows.append(
                    live.check(
                        "receipt on branch receipts", f"applied, pull request #{number}", self._receipt_words
                    )
                )
            finally:
                live.close()
            afterwards = Afterwards(self.world, self.hub, self._settled)
            rows += [afterwards.second_apply(), afterwards.drift(request), afterwards.audit(request)]
            self.story = afterwards.story
            return rows

    def _show(self, rows: Sequence[Row]) -> None:
        table = Table(
            title="What was made, as the live systems say", title_justify="left", pad_edge=False, box=None
        )
        table.add_column("", width=1)
        table.add_column("what", overflow="fold")
        table.add_column("read back", overflow="fold")
        for row in rows:
            mark = "[green]✓[/]" if row.ok else "[red]✗[/]"
            found = (
                escape(row.found) if row.ok else f"{escape(row.found)}\n[dim]wanted: {escape(row.wanted)}[/]"
            )
            table.add_row(mark, escape(row.what), found)
        self.console.print()
        self.console.print(table)
        self.console.print(f"\nlakeport audit show {REQUEST}  [dim]in a clone, offline[/]")
        for line in self.story.splitlines():
            self.console.print(Text(f"  {line}", "dim"), soft_wrap=True)
        self.console.print()

    def _say_how_to_look_around(self) -> None:
        bare = self.world.github.state.home / "git" / f"{self.world.repository}.git"
        with suppress(ValueError):
            bare = bare.relative_to(self.world.project)
        self.console.print("\nLook around:")
        for command, about in (
            (f"cd {bare}", "the repository of the requests"),
            ("git log main", "what was merged, and who asked"),
            (f"git show main:{FILE}", "the request"),
            ("git log -p receipts", "what was done, step by step"),
            ("make sandbox", "back here: the same world, to try yourself"),
        ):
            self.console.print(f"  [bold]{escape(command)}[/]  [dim]{about}[/]", soft_wrap=True)

    # ---- looking -------------------------------------------------------------------------------------------

    def _thread(self) -> list[Message]:
        return self.slack.thread(CHANNEL, self.thread_ts, seen_by=REQUESTER)

    def _open_question(self, answered: set[str]) -> Message | None:
        asked = [one for one in self._thread() if asked_for(one) and one.ts not in answered]
        return asked[-1] if asked else None

    def _confirmable(self) -> Message | None:
        return next((one for one in self._thread() if button_of(one, "confirm")), None)

    def _question_or_card(self) -> Message | None:
        return self._confirmable() or self._open_question(set())

    def _card_digest(self) -> str:
        card = self._confirmable()
        return str((button_of(card, "confirm") or {}).get("value", "")) if card else ""

    def _mentions(self, text: str) -> Message | None:
        said = [one for one in self._thread() if one.by_bot and text in f"{one.text}{one.blocks}"]
        links = [one for one in said if "http" in f"{one.text}{one.blocks}"]
        return links[-1] if links else None

    # ---- waiting -------------------------------------------------------------------------------------------

    def _receipt_words(self) -> str:
        found = self.hub.receipt()
        return f"{found['status']}, pull request #{found['pull']}"

    def _settled(self) -> None:
        """Wait until no workflow runs or waits."""
        if not self.world.actions.settle(120):
            raise DemoFailed("A workflow did not come to its end.", fix=f"See {self.world.home}/runner.")

    def _wait(self, look: Callable[[], Found | None], what: str, seconds: float = 30.0) -> Found:
        try:
            return self.slack.wait_for(lambda: look() if self._alive() else None, seconds, what)
        except TimeoutError as error:
            raise DemoFailed(
                f"{str(error)[0].upper()}{str(error)[1:]}.", fix=f"Logs: {self.world.logs}"
            ) from None

    def _alive(self) -> bool:
        self.world.check()
        return True


def understood(request: Mapping[str, Any]) -> str:
    """What a request file says of the things in :data:`MEANT`, in the same words."""
    metadata, resources = request["metadata"], {one["kind"]: one for one in request["resources"]}
    compute, grants = resources["compute"], resources["schema"]["grants"]
    said = {
        "name": metadata["name"],
        "business owner": metadata["business_owner"],
        "classification": metadata["data_classification"],
        "kinds": ", ".join(sorted(resources)),
        **{f"{one['principal']} may": ", ".join(sorted(one["privileges"])) for one in grants},
        "cluster": f"{compute['size']} {compute['workload']}, at most {compute['max_workers']} workers, "
        + ", ".join(compute["libraries"]),
    }
    return "; ".join(f"{key}: {value}" for key, value in said.items())


def asked_for(message: Message) -> str:
    """The field path that a question of the bot asks for, by its metadata; empty for other messages."""
    payload = (message.metadata or {}).get("event_payload", {})
    return str(payload.get("asks", "") or "")


def button_of(message: Message, action_id: str) -> Mapping[str, Any] | None:
    """The button of a message with this action id."""
    for block in message.blocks:
        for element in block.get("elements", ()):
            if isinstance(element, Mapping) and element.get("action_id") == action_id:
                return element
    return None
