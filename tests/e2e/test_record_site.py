"""The record in Chromium, opened from a folder as an auditor would: every sort of page, large and small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.support.accessibility import contrasts, nameless, overflow
from tests.support.browser import PRESENT, Browser, chromium
from tests.support.year import year_site

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(200),
    pytest.mark.skipif(
        not PRESENT,
        reason="needs Debian's chromium and chromium-driver; .ci/run installs them and fails on a skip",
    ),
]
SIZES = ((360, 740), (768, 1024), (1440, 900))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return year_site(tmp_path_factory.mktemp("record"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def page(site: Path, sort: str, word: str) -> str:
    """The address of the page in this folder that has this word in its name."""
    (found,) = (path for path in (site / sort).iterdir() if word in path.name)
    return found.as_uri()


@pytest.mark.parametrize(
    ("sort", "word"),
    [
        ("", "index.html"),
        ("", "drift.html"),
        ("requests", "dev-growth-churn"),
        ("requests", "hostile"),
        ("requests", "broken"),
        ("requests", "as-long-as"),
        ("teams", "growth"),
        ("people", "nadia"),
        ("catalogs", "ml_prod"),
    ],
)
def test_every_sort_of_page_fits_and_can_be_read(browser: Browser, site: Path, sort: str, word: str) -> None:
    address = page(site, sort, word) if sort else (site / word).as_uri()
    browser.open(address)
    browser.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for width, height in SIZES:
        browser.resize(width, height)
        assert overflow(browser) == [], width
    assert nameless(browser) == []
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        assert contrasts(browser) == [], scheme
    assert browser.note_problems() == []


def shown(browser: Browser) -> int:
    return len(browser.all("table[data-rows] tbody tr"))


def test_the_list_is_narrowed_without_a_server(browser: Browser, site: Path) -> None:
    browser.resize(1440, 900)
    browser.open((site / "index.html").as_uri())
    assert shown(browser) == 12
    browser.type(".filters input", "CHURN prod")
    assert shown(browser) == 1
    browser.reads("output", "1 of 12")
    browser.click(".filters button")
    browser.reads("output", "12 of 12")
    browser.script("document.querySelector('select[name=team]').value = 'risk'")
    browser.type(".filters input", "fraud")
    browser.reads("output", "2 of 12")


def test_a_number_of_the_overview_leads_to_its_requests(browser: Browser, site: Path) -> None:
    browser.open((site / "index.html").as_uri())
    browser.click(".tiles .failed a")
    browser.reads("output", "2 of 12")
    assert {one.text for one in browser.all("td .state")} == {"failed"}


def test_a_link_to_a_receipt_unfolds_it(browser: Browser, site: Path) -> None:
    browser.open(page(site, "people", "nadia"))
    browser.click("td a[href*='#receipt-']")
    browser.reads("details.receipt[open]", "Create the schema")
    assert len(browser.all("details.receipt[open]")) == 1


def test_the_keyboard_reaches_the_list_and_its_pages(browser: Browser, site: Path) -> None:
    browser.open((site / "index.html").as_uri())
    browser.press_tab_until(".skip")
    browser.press_tab_until("table[data-rows] a", text="dev/growth/basket-analysis")
    browser.keys(Keys.ENTER)
    browser.reads("h1", "dev/growth/basket-analysis")


def test_what_is_folded_is_printed(browser: Browser, site: Path) -> None:
    browser.open(page(site, "requests", "dev-growth-churn"))
    browser.script("dispatchEvent(new Event('beforeprint'))")
    assert browser.all("details:not([open])") == []
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.all("nav") == []
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
