"""The whole road in Chromium, as somebody would go it who has never seen it: by clicks and typing only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from sandbox.world import World
from tests.support.accessibility import contrasts, nameless, overflow
from tests.support.browser import PRESENT, Browser, chromium
from tests.support.newcomer import converse, waits_for

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        not PRESENT,
        reason="needs Debian's chromium and chromium-driver; .ci/run installs them and fails on a skip",
    ),
]
SLOW = 150.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("browser") / "world") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_the_whole_road_by_clicks_and_typing(world: World, browser: Browser) -> None:
    browser.open(world.slack.url)
    browser.reads("main", "What does your team need?")
    browser.click("nav.side a", text="Li Wei")
    browser.click(".example", text="repository")
    assert "metadata.data_classification" in converse(browser)

    form(browser)
    browser.click("#step-link")
    browser.click("#thread [data-place=confirm] button")
    browser.reads("#next", "The workflow draws the plan")
    browser.reads("#next", "Nadia Karim can review this now", seconds=SLOW)
    assert browser.all("#approve-1") == [], "who asked is not offered the approval"
    look(browser)

    browser.click("#step-act")
    browser.reads("#pull-1", "Create the schema ml_dev.churn_prediction")
    browser.reads("#next", "Read the plan")
    browser.type("#review-1", "Fine with me.")
    browser.click("#approve-1")
    browser.reads("#pull-1", "Fine with me.")
    browser.click("#merge-1", seconds=SLOW)
    browser.reads("#runs", "apply")
    browser.reads("#runs .log", "apply |", seconds=SLOW)
    browser.reads("#next", "Done. Everything stands.", seconds=SLOW)
    browser.one("#thread a[href$='/acme/growth-churn-prediction']", seconds=SLOW)
    browser.click("#step-link")
    for words in ("ml_dev.churn_prediction", "CAN_RESTART", "RUNNING", "1 to 3 workers"):
        browser.reads("#databricks", words)
    look(browser)
    assert browser.note_problems() == []


def focused(browser: Browser) -> WebElement:
    """What the keyboard goes to."""
    return browser.driver.switch_to.active_element


def form(browser: Browser) -> None:
    """The form: a wrong value is said at its field, a right one is in the card afterwards."""
    browser.click("#thread [data-place=edit] button")
    field = browser.one("dialog [data-block*=max_workers] input:not([type=hidden])")
    field.clear()
    browser.type("dialog [data-block*=max_workers] input:not([type=hidden])", "many")
    browser.click("dialog button.primary")
    browser.until(lambda: browser.text("dialog .wrong"), "what is wrong with it")
    held = focused(browser)
    assert held.get_attribute("aria-invalid") == "true", "the focus is on the wrong field"
    assert nameless(browser) == []
    for _ in "many":
        browser.keys(Keys.BACKSPACE)
    browser.keys("3", Keys.ENTER)
    browser.until(lambda: not browser.all("dialog"), "the form to close")
    browser.reads("#thread", "max_workers: 3")


def look(browser: Browser) -> None:
    """The page as it is now, in each size and scheme: nothing without a name, too pale, or too wide."""
    assert nameless(browser) == []
    for scheme in ("dark", "light"):
        browser.prefer(scheme)
        assert contrasts(browser) == []
    for width in (768, 360):
        browser.resize(width, 740)
        assert overflow(browser) == [], width
    browser.resize(1440, 900)


def test_a_request_with_the_keyboard_alone(world: World, browser: Browser) -> None:
    browser.open(f"{world.slack.url}/?as=omar-f")
    browser.one("#composer")
    assert focused(browser).get_attribute("id") == "composer"
    browser.keys("@lakeport we need a schema in dev for supply forecasts, for supply", Keys.ENTER)
    browser.until(lambda: waits_for(browser, 1), "a question")
    assert focused(browser).get_attribute("id") == "reply", "the focus goes along"
    said = len(browser.all("#thread article"))
    browser.keys("call it supply-forecasts", Keys.ENTER)
    browser.until(lambda: "supply-forecasts" in browser.text("#thread .card.whole"), "the name in the card")
    # Until then the card may still move, and its buttons with it.
    browser.until(lambda: waits_for(browser, said + 1), "the next question")

    browser.press_tab_until("a.skip")
    browser.keys(Keys.ENTER)
    browser.until(lambda: focused(browser).get_attribute("id") == "reply", "the skip link to lead to the box")
    browser.press_tab_until("a.skip")
    browser.press_tab_until("#thread [data-place=edit] button")
    browser.keys(Keys.ENTER)
    browser.one("dialog")
    assert browser.script("return document.activeElement.closest('dialog') !== null")
    browser.keys(Keys.ESCAPE)
    browser.until(lambda: not browser.all("dialog"), "Escape to close the form")
    browser.until(
        lambda: browser.script("return document.activeElement.matches('[data-place=edit] button')"),
        "the focus where it was before the form",
    )
    browser.press_tab_until("#reply")
    browser.keys(Keys.ESCAPE)
    browser.one("#composer")
    assert browser.all("#thread-panel") == [], "Escape leaves the thread"
    assert browser.note_problems() == []


def test_what_somebody_typed_and_folded_outlives_a_change_of_the_page(world: World, browser: Browser) -> None:
    browser.open(f"{world.slack.url}/?as=petra-v")
    browser.type("#composer", "half a sent")
    browser.click("#databricks > summary")
    world.slack.say("jane.doe@acme.example", "data-platform", "Good morning <b>all</b>")
    browser.reads("#messages", "Good morning <b>all</b>")
    assert browser.one("#composer").get_attribute("value") == "half a sent"
    assert browser.script("return document.getElementById('databricks').open") is False
    browser.type("#composer", "ence", enter=True)
    browser.reads("#messages", "half a sentence")
    browser.reads("#next", "begin with @lakeport")


def test_home_and_the_direct_message_are_a_click_away(world: World, browser: Browser) -> None:
    browser.open(f"{world.slack.url}/?as=sam-o")
    browser.click("nav.side a", text="Home")
    browser.reads("main h1", "Home")
    browser.click("nav.side li:first-child a", text="Lakeport")
    browser.reads("main h1", "Lakeport")
    browser.click(".example", text="SQL warehouse")
    browser.reads("#thread", "SQL warehouse")
    browser.until(lambda: len(browser.all("#thread article")) > 1, "an answer of the bot")
    browser.click("nav.side a", text="Nadia Karim")
    assert "fraud" not in browser.text("main"), "a direct message is seen by its person alone"
