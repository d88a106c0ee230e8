"""Somebody who has never seen the workspace: answers what the bot asks, by the means that are on offer."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from tests.support.browser import Browser

ANSWERS = {
    "resources": "a repository, a schema and a cluster",
    "metadata.name": "churn-prediction",
    "metadata.purpose": "predict which subscribers will leave next month",
    "metadata.expires": "end of April 2027",
}
"""What is typed when it is asked for."""


def asked(browser: Browser) -> str:
    """The field that the last word of the thread asks for; empty when it asks for none."""
    articles = browser.all("#thread article")
    return (articles[-1].get_attribute("data-asks") or "") if articles else ""


def waits_for(browser: Browser, former: int) -> bool:
    """Whether the bot has answered and wants an answer, or has nothing left to ask."""
    done = "Confirm submits it" in browser.text("#next")
    return len(browser.all("#thread article")) > former and (bool(asked(browser)) or done)


def answer(browser: Browser, path: str) -> None:
    """By the means on offer: a button, a person in a menu, words."""
    if path == "metadata.data_classification":
        browser.click("#thread article:last-of-type button", text="internal")
    elif path == "metadata.business_owner":
        browser.click("#thread article:last-of-type select")
        browser.keys("Jane", Keys.ENTER)
    else:
        browser.type("#reply", ANSWERS.get(path, "whatever is usual"), enter=True)


def converse(browser: Browser) -> list[str]:
    """Answer until everything is there; the fields that were asked for."""
    found: list[str] = []
    former = 1
    for _ in range(9):
        browser.until(lambda seen=former: waits_for(browser, seen), "an answer of the bot")
        path = asked(browser)
        if not path:
            return found
        found.append(path)
        former = len(browser.all("#thread article"))
        answer(browser, path)
    raise AssertionError(f"The bot still asks after {found}.")
