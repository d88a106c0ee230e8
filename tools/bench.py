"""Measures start-up, checking files, growth, the bot, and setting up, each beside a reference or its budget.

A number alone says little about another machine; its ratio to ``python -c pass``, or to what ``ajv-cli`` and
``check-jsonschema`` take for the same files in the same run, does. Every number is of a whole process.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import many_requests

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LAKEPORT = str(BIN / "lakeport")
AJV = ROOT / "tools/bench/node_modules/.bin/ajv"
ONE = "requests/dev/growth/churn-prediction.yaml"

START = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "lakeport --help": [LAKEPORT, "--help"],
    "lakeport check (one file)": [LAKEPORT, "check", ONE],
}
START_BUDGET = {"lakeport --help": "120 ms", "lakeport check (one file)": "120 ms"}
ALL = {"lakeport check --all": [LAKEPORT, "check", "--all"]}
MANY_BUDGET = {
    "lakeport check --all": "1.0 s",
    "ajv validate": "1.0 x or more",
    "check-jsonschema": "12 x or more",
}
CHANGED_BUDGET = "200 ms"
HOSTILE_BUDGET = "100 ms"
BOT_BUDGET = "30 ms"
AUDIT_BUDGET = {
    "list, 20,000": "0.3 s",
    "show, 20,000": "0.1 s",
    "access --on, 20,000": "1.0 s",
    "list, 100,000": "1.5 s",
    "site, 5,000": "20 s",
}
PROVISION_BUDGET = "1.15 x"
CALL_SECONDS = 0.2
SCENARIOS = ROOT / "tests/data/scenarios"


@dataclass(frozen=True)
class Size:
    """How much is measured: rounds of each command, and numbers of files."""

    start_rounds: int = 15
    rounds: int = 5
    many: int = 5_000
    large: int = 20_000
    curve: tuple[int, ...] = (1_000, 5_000, 10_000, 20_000, 50_000)
    applied: int = 1_000
    huge: int = 100_000


QUICK = Size(
    start_rounds=5, rounds=1, many=500, large=1_000, curve=(500, 1_000, 2_000), applied=100, huge=2_000
)


@dataclass(frozen=True)
class Cost:
    """A process and its children: wall and CPU time in seconds, the most memory of one in megabytes."""

    wall: float
    cpu: float
    memory: float


class Failed(Exception):
    """A command did not succeed, so that its time means nothing; the text says why."""


Measured = dict[str, Cost | str]
"""By command: what it took, or why that is not known."""


def once(command: Sequence[str], where: Path) -> Cost:
    """Run a command to its end.

    Raises:
        Failed: it could not be started, or its exit code is not 0.
    """
    # Compiled modules are kept, as they are wherever it is installed.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        try:
            process = subprocess.Popen(command, cwd=where, env=env, stdout=said, stderr=subprocess.STDOUT)
        except OSError as error:
            raise Failed(f"not measured: {Path(command[0]).name}: {error.strerror}") from error
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            raise Failed(f"failed with exit code {process.returncode}: {last[:160]}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure(commands: Mapping[str, Sequence[str]], where: Path, rounds: int) -> Measured:
    """The medians of each command, run in turns; the first turn warms up and is dropped."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    failed: dict[str, str] = {}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            try:
                if name not in failed:
                    found[name].append(once(command, where))
            except Failed as why:
                failed[name] = str(why)
    return {name: failed.get(name) or _median(costs[1:]) for name, costs in found.items()}


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        *(statistics.median(numbers) for numbers in zip(*(asdict(c).values() for c in costs), strict=True))
    )


def start_up(size: Size, home: Path) -> Measured:
    """Starting, and checking one file."""
    (home / ONE).parent.mkdir(parents=True)
    (home / ONE).write_bytes((ROOT / "tests/data" / ONE).read_bytes())
    (home / "requests/policy.yaml").write_bytes((ROOT / "requests/policy.yaml").read_bytes())
    return measure(START, home, size.start_rounds)


def many(size: Size, home: Path) -> Measured:
    """Checking many files in full, and the same files against the JSON schema alone, by two others."""
    many_requests.make(home, size.many)
    missing = _install_ajv()
    ajv = [str(AJV), "validate", "--spec=draft2020", "--strict=false", "-c", "ajv-formats"]
    ajv += ["-s", "requests/schema.json", "-d", "requests/*/*/*.yaml"]
    found = measure(ALL if missing else {**ALL, "ajv validate": ajv}, home, size.rounds)
    if missing:
        found["ajv validate"] = missing
    files = [str(path.relative_to(home)) for path in sorted(home.glob("requests/*/*/*.yaml"))]
    other = [str(BIN / "check-jsonschema"), "--schemafile", "requests/schema.json", *files]
    try:
        found["check-jsonschema"] = once(other, home)  # it takes long: once, and without a warm-up
    except Failed as why:
        found["check-jsonschema"] = str(why)
    return found


def _install_ajv() -> str:
    """Install ajv-cli by its lock file, where that was not done before; why not, when it cannot be."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "not measured: there is no Node.js here"
    if AJV.exists():
        return ""
    npm = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(npm, cwd=AJV.parents[2], check=False, capture_output=True)
    return "not measured: `npm ci` in tools/bench failed" if done.returncode else ""


def changed(size: Size, home: Path) -> Measured:
    """Checking the one file that a branch changed, in a large repository."""
    many_requests.make(home, size.large)
    many_requests.change_one(home)
    command = [LAKEPORT, "check", "--changed-since", "main"]
    return measure({f"one changed of {size.large:,}": command}, home, size.rounds)


def growth(size: Size, home: Path) -> Measured:
    """Checking more and more files in full."""
    found: Measured = {}
    for count in size.curve:
        folder = home / str(count)
        many_requests.make(folder, count)
        (found[f"{count:,}"],) = measure(ALL, folder, min(size.rounds, 2)).values()
        shutil.rmtree(folder)
    return found


def hostile(size: Size, home: Path) -> Measured:
    """Refusing the hostile files of the tests, each alone and in this process: the slowest of them."""
    del home
    sys.path.insert(0, str(ROOT))
    import handlers
    from gitops.errors import InvalidRequest
    from gitops.request import load_request
    from tests.support.hostile import PATH, SAMPLE, VALID

    load_request(VALID.encode(), PATH, handlers.registry())
    found: Measured = {}
    for name, (raw, _) in SAMPLE.items():
        costs = []
        for _ in range(size.rounds):
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                load_request(raw, PATH, handlers.registry())
            except InvalidRequest:
                costs.append(Cost(time.perf_counter() - wall, time.process_time() - cpu, 0))
        found[f"{name} ({len(raw):,} bytes)"] = _median(costs) if costs else "failed: it was not refused"
    return found


def bot(size: Size, home: Path) -> Measured:
    """The bot's own time for one message of the scenarios, in this process: no model, network or database.

    Reading it by the rules, the turn with everything it works out, the draft as JSON, and the messages as
    Slack gets them.
    """
    del home
    sys.path.insert(0, str(ROOT))
    import handlers
    from bot.rehearsal import scenario
    from gitops.policy import load_policy

    registry = handlers.registry()
    policy = load_policy((ROOT / "requests/policy.yaml").read_bytes())
    stories = [one.scenario for one in scenario.load([SCENARIOS])]
    parts: dict[str, list[Cost]] = {}
    for number in range(2):  # the first time warms up, and is dropped
        parts = {"a message": [], "reading it": [], "the turn": [], "what is shown": []}
        for one in stories[:: 1 if size.rounds > 1 and number else 4]:
            for read, turn, shown in _turns(one, registry, policy):
                for name, cost in zip(parts, (_sum(read, turn, shown), read, turn, shown), strict=True):
                    parts[name].append(cost)
    costs = sorted(parts["a message"], key=lambda cost: cost.wall)
    slowest = {"a message, 95 of 100": costs[len(costs) * 95 // 100], "a message, the slowest": costs[-1]}
    count = len(costs)
    medians = {f"{name} (median of {count})": _median(found) for name, found in parts.items()}
    return {**medians, **slowest}


def _turns(story: Any, registry: Any, policy: Any) -> Iterator[tuple[Cost, Cost, Cost]]:
    """Play a scenario: what reading, thinking and showing took for each message."""
    from bot.conversation import step
    from bot.dialogue import Ask, Said
    from bot.draft import Draft
    from bot.orders import of_replies
    from bot.rehearsal.player import Requester, world_of
    from bot.rehearsal.readers import reader

    read, person = reader("rules"), Requester(story)
    draft = Draft(id="bench", requester_slack=story.requester, channel="C1", thread_ts="1.0")
    event, standing = person.opens(), None
    for _ in range(40):
        world = world_of(
            registry, policy, story.today
        )  # as the bot has it: nothing is remembered from before
        times = [(time.perf_counter(), time.process_time())]
        updates = read(world, draft, event.text).updates if isinstance(event, Said) else ()
        times.append((time.perf_counter(), time.process_time()))
        draft, replies = step(draft, event, updates=updates, world=world)
        text = draft.to_json()
        times.append((time.perf_counter(), time.process_time()))
        of_replies(replies)
        times.append((time.perf_counter(), time.process_time()))
        one, two, three = (
            Cost(after[0] - before[0], after[1] - before[1], 0) for before, after in itertools.pairwise(times)
        )
        if isinstance(event, Said):
            yield one, two, three
        draft = Draft.from_json(text)
        asked = next((reply for reply in replies if isinstance(reply, Ask)), None)
        standing = asked or (standing if standing and standing.path == draft.asked else None)
        event = person.next(standing)
        if event is None:
            return


def provision(size: Size, home: Path) -> Measured:
    """Setting up one project, and looking at many that are, over servers that take 200 ms for each call.

    Pauses last as long as they do. The chain is the most calls of the run of which each began after the end
    of the one before: what it would take if nothing but these calls took time.
    """
    sys.path.insert(0, str(ROOT))
    from tests.support.many import multiply
    from tests.support.stage import stage

    found: Measured = {}
    with stage(home, hurry=1.0) as town:
        town.ready("churn-first")
        if town.apply()[0]:
            return {"one onboarding": f"failed: {town.log[-200:]}"}
        town.ready("churn-second")
        for proxy in town.proxies.values():
            proxy.delay = CALL_SECONDS
        start = time.perf_counter()
        code, heard = town.apply()
        wall = time.perf_counter() - start
        chain = _chain((one.call.began, one.ended) for one in heard)
        if code:
            return {"one onboarding": f"failed: {town.log[-200:]}"}
        found[f"one onboarding, {len(heard)} calls"] = Cost(wall, 0, 0)
        found[f"its longest chain, {chain} calls"] = Cost(chain * CALL_SECONDS, 0, 0)
        multiply(town, size.applied)
        clone = town.clone("main")
        start = time.perf_counter()
        code, heard = town.run(["plan", "--all", "--out", "plan.json"], clone)
        name = f"plan of {size.applied + 2:,} applied, {len(heard)} calls"
        wall = time.perf_counter() - start
        found[name] = f"failed: {town.log[-200:]}" if code else Cost(wall, 0, 0)
    return found


def audit(size: Size, home: Path) -> Measured:
    """Questions of an auditor over a long record: the first, which reads everything, and those after it."""
    sys.path.insert(0, str(ROOT))
    from tests.support.record import many

    raw = (ROOT / "tests/data" / ONE).read_bytes()
    ask = [LAKEPORT, "audit"]
    listing = [*ask, "list", "--json"]
    questions = {
        "list": listing,
        "show": [*ask, "show", "p-7", "--json"],
        "show, for people": [*ask, "show", "p-7"],
        "access --on": [*ask, "access", "--object", "ml_dev.p_7", "--on", "2026-03-01"],
        "changes": [*ask, "changes", "--json"],
    }
    found: Measured = {}
    for count, asked in ((size.large, questions), (size.huge, {"list": listing, "show": questions["show"]})):
        folder = home / f"record-{count}"
        many(folder, count, raw)
        try:
            found[f"the first list, {count:,}"] = once(listing, folder)
        except Failed as why:
            found[f"the first list, {count:,}"] = str(why)
        measured = measure(asked, folder, size.rounds)
        found |= {f"{name}, {count:,}": cost for name, cost in measured.items()}
        shutil.rmtree(folder)
    folder = home / "site"
    many(folder, size.many, raw)
    (folder / "requests/policy.yaml").write_bytes((ROOT / "requests/policy.yaml").read_bytes())
    site = {f"site, {size.many:,}": [LAKEPORT, "audit", "site", "--out", str(home / "out")]}
    return found | measure(site, folder, 1)


def _chain(calls: Iterable[tuple[float, float]]) -> int:
    """The most of these times (begin, end) of which each begins after the end of the one before."""
    count, free = 0, 0.0
    for began, ended in sorted(calls, key=lambda call: call[1]):
        if began >= free:
            count, free = count + 1, ended
    return count


def _sum(*costs: Cost) -> Cost:
    return Cost(sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs), 0)


def table_of_start(found: Measured, rounds: int) -> Iterator[str]:
    """Milliseconds, and how often ``python -c pass`` that is."""
    yield f"{f'start (median of {rounds})':<30}{'ms':>8}{'x pass':>9}{'budget':>16}"
    reference = found["python -c pass"]
    for name, cost in found.items():
        if isinstance(cost, Cost) and isinstance(reference, Cost):
            ratio = cost.wall / reference.wall
            yield f"{name:<30}{cost.wall * 1000:>8.0f}{ratio:>9.1f}{START_BUDGET.get(name, ''):>16}"
        else:
            yield f"{name:<30}  {cost}"


def table_of_many(found: Measured, count: int) -> Iterator[str]:
    """Seconds and megabytes, and how often the time of ``lakeport check --all`` that is."""
    yield f"{f'{count:,} files':<30}{'wall s':>8}{'cpu s':>8}{'MB':>7}{'x lakeport':>12}{'budget':>16}"
    own = found["lakeport check --all"]
    for name, cost in found.items():
        if isinstance(cost, Cost):
            ratio = f"{cost.wall / own.wall:.2f}" if isinstance(own, Cost) else ""
            numbers = f"{cost.wall:>8.2f}{cost.cpu:>8.2f}{cost.memory:>7.0f}{ratio:>12}"
            yield f"{name:<30}{numbers}{MANY_BUDGET[name] if count == Size.many else '':>16}"
        else:
            yield f"{name:<30}  {cost}"


def table_of_changed(found: Measured) -> Iterator[str]:
    """Milliseconds."""
    yield f"{'check --changed-since main':<30}{'ms':>8}{'cpu ms':>8}{'MB':>7}{'':>12}{'budget':>16}"
    for name, cost in found.items():
        if isinstance(cost, Cost):
            numbers = f"{cost.wall * 1000:>8.0f}{cost.cpu * 1000:>8.0f}{cost.memory:>7.0f}"
            yield f"{name:<30}{numbers}{'':>12}{CHANGED_BUDGET:>16}"
        else:
            yield f"{name:<30}  {cost}"


def table_of_growth(found: Measured) -> Iterator[str]:
    """Seconds and megabytes, and what one file costs: the same in every line where it grows linearly."""
    yield f"{'check --all, files':<30}{'wall s':>8}{'cpu s':>8}{'MB':>7}{'µs a file':>12}{'KB a file':>16}"
    for name, cost in found.items():
        if isinstance(cost, Cost):
            count = int(name.replace(",", ""))
            each = f"{cost.wall / count * 1e6:>12.0f}{cost.memory * 1024 / count:>16.1f}"
            yield f"{name:<30}{cost.wall:>8.2f}{cost.cpu:>8.2f}{cost.memory:>7.0f}{each}"
        else:
            yield f"{name:<30}  {cost}"


def table_of_hostile(found: Measured) -> Iterator[str]:
    """Milliseconds of the five slowest."""
    yield f"{f'slowest of {len(found)} hostile files':<56}{'ms':>6}{'cpu ms':>8}{'budget':>13}"
    for name, cost in found.items():
        if isinstance(cost, str):
            yield f"{name:<56}  {cost}"
    measured = [(cost.cpu, cost.wall, name) for name, cost in found.items() if isinstance(cost, Cost)]
    for cpu, wall, name in sorted(measured, reverse=True)[:5]:
        yield f"{name:<56}{wall * 1000:>6.0f}{cpu * 1000:>8.0f}{HOSTILE_BUDGET:>13}"


def table_of_bot(found: Measured) -> Iterator[str]:
    """Milliseconds."""
    yield f"{'own time of the bot':<44}{'ms':>8}{'cpu ms':>8}{'budget':>16}"
    for name, cost in found.items():
        if isinstance(cost, Cost):
            budget = BOT_BUDGET if name.startswith("a message (") else ""
            yield f"{name:<44}{cost.wall * 1000:>8.1f}{cost.cpu * 1000:>8.1f}{budget:>16}"


def table_of_audit(found: Measured) -> Iterator[str]:
    """Seconds."""
    yield f"{'lakeport audit, requests':<30}{'s':>8}{'cpu s':>8}{'MB':>7}{'':>12}{'budget':>16}"
    for name, cost in found.items():
        if isinstance(cost, Cost):
            budget = AUDIT_BUDGET.get(name, "")
            yield f"{name:<30}{cost.wall:>8.2f}{cost.cpu:>8.2f}{cost.memory:>7.0f}{'':>12}{budget:>16}"
        else:
            yield f"{name:<30}  {cost}"


def table_of_provision(found: Measured) -> Iterator[str]:
    """Seconds, and how often the longest chain of calls that is."""
    yield f"{'200 ms for each call':<44}{'s':>8}{'x chain':>9}{'budget':>16}"
    chain = next((cost for name, cost in found.items() if "chain" in name), None)
    for name, cost in found.items():
        if isinstance(cost, Cost):
            onboarding = name.startswith("one onboarding") and isinstance(chain, Cost)
            ratio = f"{cost.wall / chain.wall:.2f}" if onboarding and isinstance(chain, Cost) else ""
            yield f"{name:<44}{cost.wall:>8.1f}{ratio:>9}{PROVISION_BUDGET if ratio else '':>16}"
        else:
            yield f"{name:<44}  {cost}"


def main() -> int:
    """Measure section by section, and print each as soon as it is there; 1 when a command of ours failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rounds, few files: whether it runs at all")
    parser.add_argument(
        "--only",
        choices=("start", "many", "changed", "growth", "hostile", "bot", "provision", "audit"),
        help="one section",
    )
    parser.add_argument("--json", action="store_true", help="one object for a machine")
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    sections = {
        "start": (start_up, lambda found: table_of_start(found, size.start_rounds)),
        "many": (many, lambda found: table_of_many(found, size.many)),
        "changed": (changed, table_of_changed),
        "growth": (growth, table_of_growth),
        "hostile": (hostile, table_of_hostile),
        "bot": (bot, table_of_bot),
        "provision": (provision, table_of_provision),
        "audit": (audit, table_of_audit),
    }
    every: dict[str, Measured] = {}
    for name, (run, table) in sections.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                every[name] = run(size, Path(folder))
            if not options.json:
                sys.stdout.write("\n".join(table(every[name])) + "\n\n")
                sys.stdout.flush()
    if options.json:
        plain = {
            section: {name: asdict(cost) if isinstance(cost, Cost) else cost for name, cost in found.items()}
            for section, found in every.items()
        }
        sys.stdout.write(json.dumps(plain, indent=2) + "\n")
    failed = (cost for found in every.values() for cost in found.values() if isinstance(cost, str))
    return int(any(why.startswith("failed") for why in failed))


if __name__ == "__main__":
    raise SystemExit(main())
