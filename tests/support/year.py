"""A year of requests of several teams, with what goes wrong in one: for tests and pictures of the record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import handlers
from gitops.audit.record import Record
from gitops.audit.website import Website, write
from gitops.checkout import Checkout
from gitops.drift_record import Day, Drifting
from gitops.policy import load_policy
from gitops.receipt import Approval, BrokeGlass, Step
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

EXAMPLE = Path(__file__).parents[1] / "data/requests/dev/growth/churn-prediction.yaml"
_LATE = "GitHub did not answer in time."
HOSTILE = '<script>alert(1)</script>{{ 7*7 }}"&'

# team, environment, name, months after the first, classification, size, approvers, how its apply ended.
# Of demand-forecast in staging, who asked for it is the only one who approved.
_REQUESTS = (
    ("growth", "dev", "churn-prediction", 0, "internal", "small", ("nadia-k",), "applied"),
    ("growth", "dev", "basket-analysis", 1, "internal", "medium", ("nadia-k",), "applied"),
    ("growth", "prod", "churn-prediction", 4, "internal", "large", ("nadia-k", "petra-v"), "applied"),
    ("risk", "dev", "fraud-scoring", 2, "confidential", "medium", ("irene-w",), "applied"),
    ("risk", "prod", "fraud-scoring", 6, "confidential", "large", ("irene-w", "petra-v"), "partial"),
    ("risk", "dev", "credit-limits", 7, "restricted", "small", ("irene-w",), "refused"),
    ("supply", "dev", "demand-forecast", 3, "internal", "small", ("petra-v",), "applied"),
    ("supply", "staging", "demand-forecast", 5, "internal", "medium", ("omar-f",), "applied"),
    ("supply", "dev", "a-name-that-is-as-long-as-they-may-be-40", 8, "public", "xs", ("petra-v",), "failed"),
    ("ml-platform", "dev", "feature-store", 2, "internal", "xl", ("sam-o",), "applied"),
)
_PEOPLE = {"growth": "jane.doe", "risk": "irene.wolf", "supply": "omar.faruk", "ml-platform": "petra.vos"}
_ASKS = {
    "growth": "{slack: U024BE7LH, github: liwei}",
    "risk": "{slack: U0TOMASBL, github: tomas-b}",
    "supply": "{slack: U0OMARFAR, github: omar-f}",
    "ml-platform": "{slack: U0PETRAVO, github: petra-v}",
}
_CATALOGS = {"growth": "ml", "risk": "risk", "supply": "analytics", "ml-platform": "ml"}
_SATURDAY = 5
_STAGES = {"dev": "dev", "staging": "stg", "prod": "prod"}


def year(root: Path, *, hostile: bool = True) -> GitRepo:
    """The repository, with ``main`` checked out, the branch of receipts, and the policy of the checkout.

    ``hostile``: with somebody in it who types what is meant to break a page.
    """
    maker = RecordMaker()
    begin = maker.clock
    for number, (team, stage, name, month, data, size, approvers, status) in enumerate(_REQUESTS, 1):
        maker.clock = max(maker.clock, begin + timedelta(days=30 * month))
        asked = int((maker.clock - timedelta(hours=3 * number)).timestamp())
        thread = f"https://acme.slack.com/archives/C1/p{asked}000000"
        message = f"Onboard {name} ({team}, {stage}) (#{number})\n\nLakeport-Thread: {thread}"
        raw = _file(team, stage, name, data, size)
        merge = maker.merge(f"requests/{stage}/{team}/{name}.yaml", raw, message)
        said: dict[str, Any] = {
            "pull": number,
            "approvers": approvers,
            "approvals": tuple(_approval(login, maker.clock) for login in approvers),
            "made_by": "hand" if name == "feature-store" else "bot",
        }
        request = f"{stage}/{team}/{name}"
        if status != "refused":
            maker.receipt(merge, request, "started", **said)
        bad = {"applied": None, "refused": "The plan is another than the one that was approved."}
        maker.receipt(
            merge, request, status, error=bad.get(status, _LATE), steps=_steps(name, status), **said
        )
    if hostile:
        _hostile(maker)
    days = (begin + timedelta(days=number) for number in range(280))
    maker.looks = [_look(day, maker) for day in days if day.weekday() < _SATURDAY]
    repo = maker.write(root)
    (root / "requests/policy.yaml").write_bytes((EXAMPLE.parents[5] / "requests/policy.yaml").read_bytes())
    return repo


def _hostile(maker: RecordMaker) -> None:
    raw = _file("growth", "dev", "hostile", "internal", "small")
    raw = raw.replace(b"purpose: Predict", b"purpose: '" + HOSTILE.encode() + b"' #")
    mallory = "Mallory <m@acme.example>"
    merge = maker.merge("requests/dev/growth/hostile.yaml", raw, f"{HOSTILE} (#77)", mallory)
    broke = BrokeGlass(login=HOSTILE, at=HOSTILE, reason=HOSTILE)
    step = Step(
        key="x",
        digest="",
        verb="create",
        summary=HOSTILE,
        outcome="failed",
        error=HOSTILE,
        wanted={HOSTILE: [HOSTILE, None, True]},
        read_back="differs",
        differs=HOSTILE,
        request_ids=(HOSTILE,),
    )
    said: dict[str, Any] = {"approvers": (HOSTILE,), "broke_glass": (broke,), "passes_alone": (HOSTILE,)}
    said |= {"steps": (step,), "error": HOSTILE, "model": HOSTILE, "made_by": "hand"}
    maker.receipt(merge, "dev/growth/hostile", "failed", pull=77, **said)
    maker.merge("requests/dev/growth/broken.yaml", b"a: &x [*x]\n<b>", "By hand", mallory)


def _approval(login: str, moment: datetime) -> Approval:
    at = moment.isoformat(timespec="seconds")
    return Approval(login=login, at=at, commit="3" * 40, rules=("environment-dev",))


def year_site(home: Path, *, hostile: bool = True) -> Path:
    """The folder with the record of such a year as a site; ``home`` is a folder for it and the clone."""
    repo, registry = year(home / "clone", hostile=hostile), handlers.registry()
    policy = load_policy((repo.root / "requests/policy.yaml").read_bytes())
    write(Website(Record(Checkout(repo.root), registry), registry, policy).build(), home / "site")
    return home / "site"


def _file(team: str, stage: str, name: str, data: str, size: str) -> bytes:
    text = EXAMPLE.read_text()
    changes = {
        "growth-churn-prediction-dev": f"{team}-{name}-{stage}",
        "growth-churn-prediction": f"{team}-{name}",
        "name: churn-prediction": f"name: {name}",
        "churn_prediction": name.replace("-", "_"),
        "team: growth": f"team: {team}",
        "principal: growth": f"principal: {team}",
        "environment: dev": f"environment: {stage}",
        "ml_dev": f"{_CATALOGS[team]}_{_STAGES[stage]}",
        "data_classification: internal": f"data_classification: {data}",
        "size: small": f"size: {size}",
        "jane.doe": _PEOPLE[team],
        "{slack: U024BE7LH, github: liwei}": _ASKS[team],
    }
    for old, new in changes.items():
        text = text.replace(old, new)
    return text.encode()


def _steps(name: str, status: str) -> tuple[Step, ...]:
    """What became of each: all done, the last failed, the first failed; none where it was refused."""
    words = ("Create the repository", "Fill it from the template", "Create the schema", "Create the compute")
    bad = {"partial": len(words), "failed": 1}.get(status, len(words) + 1)
    outcomes = [
        "done" if number < bad else "failed" if number == bad else "not_run" for number in range(1, 5)
    ]
    return tuple(
        Step(
            key=f"step/{number}",
            digest="",
            verb="create",
            summary=f"{text} {name}.",
            outcome=outcome,
            error=_LATE if outcome == "failed" else None,
            seconds=1.5 * number if outcome != "not_run" else 0.0,
            before=None,
            wanted={"name": name, "visibility": "internal"} if number == 1 else None,
            read_back="as_wanted" if number == 1 and outcome == "done" else "",
            request_ids=(f"req-{name}-{number}",) if outcome != "not_run" else (),
        )
        for number, (text, outcome) in enumerate(zip(words, outcomes, strict=True), 1)
        if status != "refused"
    )


def _look(at: datetime, maker: RecordMaker) -> Day:
    """A look at what was applied by then.

    Something drifts in the third month, is ignored in the fifth, and is gone in the seventh.
    """
    month = at.month
    ended = {one.request for one in maker.receipts if one.at <= at.isoformat() and one.status != "started"}
    refused = {one.request for one in maker.receipts if one.status == "refused"}
    count, left = (3, 0) if month in (3, 4) else (1, 2) if month in (5, 6) else (0, 0)
    drifting = (
        Drifting(
            request="dev/growth/churn-prediction",
            team="growth",
            owner="jane.doe@acme.example",
            kind="schema",
            open=count,
            ignored=left,
        ),
    )
    return Day(
        at=at.astimezone(UTC).isoformat(),
        looked=len(ended - refused),
        unseen=0,
        drifting=drifting if count else (),
    )
