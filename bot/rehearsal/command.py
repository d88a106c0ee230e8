"""`lakeport converse`: play conversations from scenario files and score what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.rehearsal import readers
from gitops.errors import InvalidRequest, UsageError
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    import argparse

    from bot.rehearsal.player import Talk
    from bot.rehearsal.scenario import Found
    from bot.rehearsal.score import Score
    from gitops.kind import Registry
    from gitops.policy import Policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which scenarios, with which extractor, and how the score is shown."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE", help="Scenario files, or folders of them."
    )
    parser.add_argument(
        "--extractor",
        choices=readers.NAMES,
        default="rules",
        metavar="NAME",
        help="Who reads the messages: rules, or openai for the model that the environment configures.",
    )
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="The policy to play by; else the policy.yaml beside the scenario, else that of this checkout.",
    )
    parser.add_argument("--transcript", action="store_true", help="Show the talks as well.")
    parser.add_argument("--json", action="store_true", help="The result as JSON, on standard output.")
    parser.epilog = """\
Examples:
  lakeport converse tests/data/scenarios
  lakeport converse tests/data/scenarios/d04-repo-only-questions.yaml --transcript

Exit code: 0 when everything is as it should be, 1 when it is not, 2 when a
scenario cannot be read."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Play, judge and show; 0 when nothing at all went wrong."""
    from bot.rehearsal import scenario
    from bot.rehearsal.player import play, world_of
    from bot.rehearsal.score import judge

    found = scenario.load(options.paths)
    read = readers.reader(options.extractor)
    policies = _Policies(options.policy, registry)
    kinds = dict(registry)
    played = []
    for one in found:
        world = world_of(kinds, policies.of(one), one.scenario.today)
        talk = play(one.scenario, world, read)
        played.append((judge(one.scenario, talk, world), talk))
    (_show_json if options.json else _show)(played, transcripts=options.transcript)
    return 0 if all(score.good for score, _ in played) else 1


def _show(played: list[tuple[Score, Talk]], *, transcripts: bool) -> None:
    from bot.rehearsal import render
    from bot.rehearsal.score import totals
    from gitops.markup import visible

    columns, scores = render.width(), [score for score, _ in played]
    lines = [line for one in played for line in render.transcript(*one, columns)] if transcripts else []
    lines += [*render.table(scores, columns), "", *render.summary(totals(scores), columns)]
    say("".join(f"{visible(line)}\n" for line in lines))


def _show_json(played: list[tuple[Score, Talk]], *, transcripts: bool) -> None:
    from bot.rehearsal.score import as_json, totals

    def entry(score: Score, talk: Talk) -> Mapping[str, Any]:
        spoken = [{"who": line.who, "text": line.text} for line in talk.lines]
        return as_json(score) | ({"transcript": spoken} if transcripts else {})

    numbers = totals(score for score, _ in played)
    say(as_text(numbers | {"played": [entry(*one) for one in played]}))


class _Policies:
    """Which policy a scenario is played by; each is read once."""

    def __init__(self, given: Path | None, registry: Registry) -> None:
        self._registry = registry
        self._given = self._read(given) if given is not None else None
        self._beside = cache(self._read_beside)

    def of(self, one: Found) -> Policy:
        """The policy that was named, else the one beside the scenario, else that of the checkout."""
        return self._given or self._beside(one.policy)

    def _read_beside(self, file: Path | None) -> Policy:
        from gitops.commands import shared

        if file is None:
            return shared.read_policy(shared.checkout_here())
        try:
            return self._read(file)
        except InvalidRequest as invalid:
            count = len(invalid.findings)
            found = "1 finding" if count == 1 else f"{count} findings"
            note(f"{file} is no policy of this version ({found}): the policy of this checkout is used.")
            return self._read_beside(None)

    def _read(self, file: Path) -> Policy:
        from gitops.policy import load_policy

        try:
            raw = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
        try:
            return load_policy(raw, str(file), registry=self._registry)
        except InvalidRequest as invalid:
            raise InvalidRequest(invalid.findings, {str(file): raw}) from None
