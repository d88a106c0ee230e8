"""Chromium driven as a person would use it: found by what is seen, clicked, typed into, waited for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

T = TypeVar("T")
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
    "--lang=en-GB",
)
PRESENT = any(map(shutil.which, NAMES)) and bool(shutil.which("chromedriver"))
"""Whether this machine has a Chromium that can be driven."""


class Browser:
    """One window. ``problems`` are what the page wrote to the console as an error or a warning."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self.problems: list[str] = []

    def open(self, address: str) -> None:
        """Go to an address."""
        self.driver.get(address)

    def resize(self, width: int, height: int) -> None:
        """Make the window that large, in CSS pixels; narrower than a real window may be."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def prefer(self, scheme: str) -> None:
        """``light`` or ``dark``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    # ---- looking -------------------------------------------------------------------------------------------

    def until(self, look: Callable[[], T], what: str, seconds: float = 20.0) -> T:
        """The first truthy answer; elements that are replaced meanwhile are looked for again."""
        wait = WebDriverWait(
            self.driver, seconds, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException]
        )
        try:
            found: T = wait.until(lambda _: look())
        except WebDriverException as error:
            raise AssertionError(f"{what} did not come.\n{self.text('body')[-3000:]}") from error
        return found

    def all(self, css: str) -> list[WebElement]:
        """What a CSS selector finds and a person can see."""
        return [one for one in self.driver.find_elements(By.CSS_SELECTOR, css) if one.is_displayed()]

    def one(self, css: str, *, text: str = "", seconds: float = 20.0) -> WebElement:
        """The last visible element of a selector, with that text in it; waits for it."""
        return self.until(lambda: self._last(css, text), f"{css} with {text!r}", seconds)

    def _last(self, css: str, text: str) -> WebElement | None:
        found = [one for one in self.all(css) if text in one.text]
        return found[-1] if found else None

    def text(self, css: str) -> str:
        """What a person reads there; empty when there is nothing."""
        return "\n".join(one.text for one in self.all(css))

    def reads(self, css: str, text: str, *, seconds: float = 20.0) -> None:
        """Wait until a text can be read there."""
        self.until(lambda: text in self.text(css), f"{text!r} in {css}", seconds)

    def script(self, code: str, *arguments: Any) -> Any:
        """What a function body in JavaScript returns."""
        return self.driver.execute_script(code, *arguments)

    # ---- doing ---------------------------------------------------------------------------------------------

    def click(self, css: str, *, text: str = "", seconds: float = 20.0) -> None:
        """Click the last visible one, with the mouse, where it is."""

        def clicked() -> bool:
            found = self._last(css, text)
            if found is None:
                return False
            self.script("arguments[0].scrollIntoView({block: 'center'})", found)
            try:
                found.click()
            except StaleElementReferenceException:
                raise
            except WebDriverException:  # something lies over it for the moment
                return False
            return True

        self.until(clicked, f"a click on {css} with {text!r}", seconds)

    def type(self, css: str, words: str, *, enter: bool = False) -> None:
        """Click into a field and type."""
        self.click(css)
        self.keys(words, *([Keys.ENTER] if enter else []))

    def keys(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def press_tab_until(self, css: str, *, text: str = "", most: int = 120) -> None:
        """Go on with the Tab key alone until the focus is on such an element."""
        for _ in range(most):
            held = self.driver.switch_to.active_element
            fits = self.script("return arguments[0].matches(arguments[1])", held, css)
            if fits and text in (held.text or held.get_attribute("aria-label") or ""):
                return
            self.keys(Keys.TAB)
        raise AssertionError(f"The Tab key does not reach {css} with {text!r}.")

    def note_problems(self) -> list[str]:
        """Everything the console said so far that is no mere remark."""
        log: list[dict[str, Any]] = self.driver.get_log("browser")
        self.problems += [str(one["message"]) for one in log if one["level"] in ("SEVERE", "WARNING")]
        return self.problems


@contextmanager
def chromium(width: int = 1440, height: int = 900) -> Iterator[Browser]:
    """A fresh window; everything of it is gone afterwards."""
    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, NAMES)))
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        browser = Browser(driver)
        browser.resize(width, height)
        yield browser
    finally:
        driver.quit()
