"""What a page must have for people who read it by ear, on a small screen, or with weak eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.browser import Browser

NEED_A_NAME = {
    "button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "listbox",
    "checkbox",
    "radio",
    "spinbutton",
    "dialog",
    "img",
    "image",
    "region",
    "navigation",
    "complementary",
    "DisclosureTriangle",
    "Date",
}
LANDMARKS = {"banner", "main", "navigation"}
CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")
WIDE = """
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) return [];
return [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > width + 1)
  .map((one) => `${one.tagName}#${one.id}.${one.className}`).slice(-8);
"""
TWICE = """
const seen = new Set(), twice = new Set();
for (const one of document.querySelectorAll("[id]")) (seen.has(one.id) ? twice : seen).add(one.id);
return [...twice];
"""


def nameless(browser: Browser) -> list[str]:
    """What the browser's own accessibility tree has without a name or in the wrong place; ids used twice."""
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [node for node in tree if not node.get("ignored")]
    roles = [_of(node, "role") for node in nodes]
    found = [
        f"{_of(node, 'role')} without a name ({node.get('backendDOMNodeId')})"
        for node in nodes
        if _of(node, "role") in NEED_A_NAME and not _of(node, "name").strip()
    ]
    found += [f"no {role}" for role in sorted(LANDMARKS - set(roles)) if "dialog" not in roles]
    found += [f"{roles.count('main')} times main"] if roles.count("main") > 1 else []
    return found + [f"the id {one} is there twice" for one in browser.script(TWICE)]


def contrasts(browser: Browser) -> list[str]:
    """Texts whose contrast to what lies behind them is below the 4.5 (large: 3) of WCAG 2.2 AA."""
    return list(browser.script(CONTRAST))


def overflow(browser: Browser) -> list[str]:
    """What makes the page scroll sideways; empty when nothing does."""
    return list(browser.script(WIDE))


def _of(node: dict[str, Any], name: str) -> str:
    return str(node.get(name, {}).get("value", ""))
