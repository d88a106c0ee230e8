"""Measures start-up and checking in one run, each as a ratio to a named reference, and prints a table.

A number alone says little about another machine; the ratio to ``python -c pass`` in the same run does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAKEPORT = str(Path(sys.executable).with_name("lakeport"))
EXAMPLE = "tests/data/requests/dev/growth/churn-prediction.yaml"

COMMANDS: dict[str, list[str]] = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import pydantic'": [sys.executable, "-c", "import pydantic"],
    "lakeport --help": [LAKEPORT, "--help"],
    "lakeport check (one file)": [LAKEPORT, "check", "requests/dev/growth/churn-prediction.yaml"],
}
BUDGET_MS = {"lakeport --help": 150, "lakeport check (one file)": 200}


def once(command: list[str], where: Path) -> float:
    """Wall time of one whole process in milliseconds; a failing command is an error."""
    start = time.perf_counter()
    # Compiled modules are kept, as they are wherever it is installed.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, cwd=where, env=env, capture_output=True, text=True, check=False)
    elapsed = (time.perf_counter() - start) * 1000
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return elapsed


def stage(home: Path) -> None:
    """A folder with the policy and one request file, as a repository of requests has them."""
    target = home / "requests/dev/growth"
    target.mkdir(parents=True)
    (target / "churn-prediction.yaml").write_bytes((ROOT / EXAMPLE).read_bytes())
    (home / "requests/policy.yaml").write_bytes((ROOT / "requests/policy.yaml").read_bytes())


def main() -> None:
    """Run every command ``--rounds`` times, interleaved, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="one object for a machine")
    options = parser.parse_args()

    import tempfile

    samples: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        for _ in range(options.rounds + 1):  # the first round warms the page cache and is dropped
            for name, command in COMMANDS.items():
                samples[name].append(once(command, Path(folder)))
    medians = {name: statistics.median(times[1:]) for name, times in samples.items()}
    reference = medians["python -c pass"]
    if options.json:
        sys.stdout.write(
            json.dumps({n: {"ms": m, "ratio": m / reference} for n, m in medians.items()}) + "\n"
        )
        return
    sys.stdout.write(
        f"{'whole process, median of ' + str(options.rounds):<34}{'ms':>8}{'x pass':>9}{'budget':>9}\n"
    )
    for name, median in medians.items():
        budget = f"{BUDGET_MS[name]} ms" if name in BUDGET_MS else ""
        sys.stdout.write(f"{name:<34}{median:>8.0f}{median / reference:>9.1f}{budget:>9}\n")


if __name__ == "__main__":
    main()
