"""A reviewer changes what was confirmed: the gate waits until the person who asked confirms that, too."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops.confirmation import WANTED, in_words
from gitops.plan import digest
from sandbox.demo import button_of
from sandbox.onlooker import Onlooker
from sandbox.world import World

pytestmark = pytest.mark.e2e

LI, JANE, NADIA = "liwei", "janed", "nadia-k"
CHANNEL = "data-platform"
PATH = "requests/dev/growth/churn-prediction.yaml"
BRANCH = "request/dev/growth/churn-prediction"
ASKED = (
    "we need a repo and a small cluster. Name: churn-prediction. Environment: dev. Team: growth. "
    "Purpose: Predict which subscribers will leave next month. Business owner: jane.doe@acme.example. "
    "Data classification: internal. Expires: 2027-04-30."
)
LI_IN_SLACK = "U024BE7LH"


class Story:
    """The people, each acting only through the systems they would use."""

    def __init__(self, world: World) -> None:
        self.world, self.slack, self.hub = world, world.slack, Onlooker(world)
        self.thread = ""

    def wait(self, look: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
        def alive() -> Any:
            self.world.check()
            return look()

        return self.slack.wait_for(alive, seconds, what)

    def message_with(self, button: str) -> Any:
        said = self.slack.thread(CHANNEL, self.thread, seen_by=LI)
        return next((one for one in reversed(said) if button_of(one, button)), None)

    def press(self, button: str) -> None:
        found = self.wait(lambda: self.message_with(button), f"a button {button}")
        self.slack.press(LI, CHANNEL, found.ts, button)

    def gate(self, sha: str, conclusion: str) -> str:
        """What the gate says on this commit once it has come to this conclusion."""

        def look() -> Any:
            found = self.hub.check_run(sha, "lakeport/gate")
            return found if found and found["conclusion"] == conclusion else None

        output = self.wait(look, f"a gate of the conclusion {conclusion}")["output"]
        return f"{output['title']} {output['summary']} {output['text']}"

    def edit(self, raw: bytes, **said: str) -> str:
        """Jane commits another version to the branch, under a message that claims a lot; the commit."""
        stands = self.hub.get(f"/contents/{PATH}?ref={BRANCH}")
        message = "\n".join(
            ["Tidy up", "", *(f"{name.replace('_', '-')}: {it}" for name, it in said.items())]
        )
        body = {"message": message, "content": base64.b64encode(raw).decode(), "branch": BRANCH}
        made = self.hub.send("PUT", f"/contents/{PATH}", body | {"sha": stands["sha"]}, JANE)
        made.raise_for_status()
        return str(made.json()["commit"]["sha"])


@pytest.mark.timeout(300)
def test_what_a_reviewer_changes_passes_once_the_requester_has_confirmed_it(tmp_path: Path) -> None:
    with World(tmp_path / "home") as world:
        story = Story(world)
        story.thread = story.slack.say(LI, CHANNEL, f"{story.slack.mention} {ASKED}").ts
        story.press("confirm")
        number = int(story.wait(lambda: story.hub.pull(BRANCH), "the pull request")["number"])
        first = story.hub.head(number)
        raw = base64.b64decode(story.hub.get(f"/contents/{PATH}?ref={BRANCH}")["content"])
        (said,) = story.hub.get(f"/commits/{first}/statuses")
        assert (said["creator"]["login"], said["state"]) == ("lakeport[bot]", WANTED)
        assert said["description"] == in_words(digest(raw), LI_IN_SLACK)

        # Jane changes it, types our trailers, and puts our words on the commit, under her own name.
        other = raw.replace(b"size: small", b"size: medium")
        assert other != raw
        forged = in_words(digest(other), LI_IN_SLACK)
        sha = story.edit(other, Lakeport_Confirmed=digest(other), Lakeport_Confirmed_By=LI_IN_SLACK)
        status = {"state": "success", "context": "lakeport/confirmed", "description": forged}
        story.hub.send("POST", f"/statuses/{sha}", status, JANE).raise_for_status()
        asked = story.wait(lambda: story.message_with("agree"), "the question in the thread")
        assert "size of the cluster growth-churn-prediction-dev: small → medium" in str(asked.blocks)

        # Nadia reads the plan and approves that very commit: the gate waits for Li all the same.
        assert world.actions.settle(120)
        story.hub.approve(NADIA, number)
        assert world.actions.settle(120)
        closed = story.gate(sha, "failure")
        assert "It waits for Li Wei to confirm the change by janed in Slack." in closed
        assert not story.hub.merge(NADIA, number).is_success

        # Jane presses in Li's place, and nothing happens; Li presses, and the gate opens.
        story.slack.press(JANE, CHANNEL, asked.ts, "agree")
        story.press("agree")
        assert "Approved by nadia-k" in story.gate(sha, "success")
        words = story.hub.get(f"/commits/{sha}/statuses")
        assert [(one["creator"]["login"], one["description"]) for one in words] == [
            ("lakeport[bot]", forged),
            (JANE, forged),
        ]
        assert story.hub.comment(number, "confirmed in Slack that this is what they want")
        assert story.message_with("agree") is None, "the buttons go once it is answered"
        assert story.hub.merge(NADIA, number).is_success
