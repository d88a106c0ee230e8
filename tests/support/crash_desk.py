"""A process for the tests of durability: accepts or works on an envelope, and dies where it is told to.

python crash_desk.py FOLDER accept            accept one envelope, then die before anything works on it
python crash_desk.py FOLDER work MOMENT       work; die at MOMENT: before, inside, or never
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from bot.desk import Desk, DurableSteps, Pace
from bot.envelope import Envelope
from bot.store import Store


def main(folder: Path, task: str, moment: str = "never") -> None:
    slow = Pace(poll=0.02, drain=0, tries=1)
    steps = DurableSteps(slow)
    diary = folder / "diary"

    def write(line: str) -> str:
        with diary.open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        return line

    def handle(_payload: dict[str, Any], key: str) -> None:
        if task == "accept":
            time.sleep(60)  # this process dies before it gets anywhere
        steps.run("first", lambda: write(f"first {key}"))
        if moment == "before":
            os._exit(9)
        steps.run("second", lambda: (write(f"second {key}"), os._exit(9) if moment == "inside" else None)[0])
        write(f"end {key}")

    desk = Desk(Store(f"sqlite:///{folder}/bot.db"), {"slack": handle}, pace=slow)
    desk.start()
    if task == "accept":
        desk.accept(Envelope("slack", "e1", "C1/1.1", {"text": "hello"}))
        os._exit(9)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and "end e1" not in (diary.read_text() if diary.exists() else ""):
        time.sleep(0.02)
    desk.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
