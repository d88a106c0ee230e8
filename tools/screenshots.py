"""Makes the screenshots of the documentation: the workspace while a request is reviewed, and the record.

    .venv/bin/python -m tools.screenshots [FOLDER]

It starts the rehearsal world, asks for a project as somebody would in a browser, and takes pictures on the
way: light and dark, on a desk and on a phone. The record is that of a year that was made up. They go to
``docs/images`` unless told otherwise; ``--only record`` takes those of the record alone.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.world import World
from tests.support.browser import Browser, chromium
from tests.support.newcomer import converse
from tests.support.year import year_site

ROOT = Path(__file__).resolve().parent.parent

DESK, PHONE = (1440, 900), (360, 740)
SLOW = 120.0


def main() -> int:
    """Take all of them; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", choices=("workspace", "record"), help="Some of them.")
    options = parser.parse_args()
    folder, only = options.folder, options.only
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        if only != "record":
            with World(Path(home) / "world") as world:
                take(browser, world.slack.url, folder)
        if only != "workspace":
            take_record(browser, Path(home), folder)
    return 0


def take_record(browser: Browser, home: Path, folder: Path) -> None:
    """The overview of a record, and one request."""
    site = year_site(home, hostile=False)
    browser.open((site / "index.html").as_uri())
    snap(browser, folder, "record", {"desk": DESK})
    (page,) = (site / "requests").glob("prod-risk-fraud-scoring*")
    browser.open(page.as_uri())
    snap(browser, folder, "request", {"phone": PHONE})


def take(browser: Browser, address: str, folder: Path) -> None:
    """Go the road in the browser and stop where there is something to see."""
    browser.open(address)
    browser.click(".example", text="repository")
    converse(browser)
    pictures(browser, folder, "card", {"desk": DESK})
    browser.click("#thread [data-place=confirm] button")
    browser.reads("#next", "can review this now", seconds=SLOW)
    browser.until(lambda: "under way" not in browser.text("#runs summary"), "the end of the runs", SLOW)
    browser.click("#step-act")
    browser.reads("#next", "Read the plan")
    pictures(browser, folder, "review", {"desk": DESK, "phone": PHONE})


def pictures(browser: Browser, folder: Path, name: str, sizes: Mapping[str, tuple[int, int]]) -> None:
    """One picture for each size and scheme, of the place that the page itself leads to."""
    snap(browser, folder, name, sizes, at="#step-link")
    browser.resize(*DESK)


def snap(
    browser: Browser, folder: Path, name: str, sizes: Mapping[str, tuple[int, int]], at: str = ""
) -> None:
    """One picture for each size and scheme; after a click on ``at``, where it is given."""
    for where, size in sizes.items():
        browser.resize(*size)
        if at:
            browser.click(at)
        for scheme in ("dark", "light"):
            browser.prefer(scheme)
            picture = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
            (folder / f"{name}-{where}-{scheme}.png").write_bytes(base64.b64decode(picture["data"]))


if __name__ == "__main__":
    sys.exit(main())
