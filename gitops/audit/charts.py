"""Charts of the record as SVG that takes its colours from the page; pygal draws them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

WIDTH, HEIGHT = 520, 240
_ROW = 34
_SVG = "{http://www.w3.org/2000/svg}"


def columns(values: Mapping[str, float | None], say: Callable[[float], str] = "{:g}".format) -> str:
    """A column for each label, from left to right: what happens over time."""
    turned = {"x_label_rotation": 45} if len(values) > 8 else {}
    return _drawn(_pygal().Bar(height=HEIGHT, **turned, **_MANNERS), values, say)


def bars(values: Mapping[str, float | None], say: Callable[[float], str] = "{:g}".format) -> str:
    """A bar for each label, the first at the top: what is compared."""
    upwards = dict(reversed(list(values.items())))
    return _drawn(_pygal().HorizontalBar(height=max(90, 60 + _ROW * len(values)), **_MANNERS), upwards, say)


_MANNERS: Mapping[str, Any] = {
    "width": WIDTH,
    "js": (),
    "css": (),
    "no_prefix": True,
    "show_legend": False,
    "print_values": True,
    "show_y_guides": False,
    "margin": 8,
    "disable_xml_declaration": True,
}


def _pygal() -> Any:
    """The library, without the finder of plugins that it leaves behind: Python warns of its old kind."""
    import pygal

    sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != pygal.__name__]
    return pygal


def _drawn(chart: Any, values: Mapping[str, float | None], say: Callable[[float], str]) -> str:
    """The SVG without what a page has no use for: its own style and script, and the day it was made."""
    chart.x_labels = list(values)
    chart.value_formatter = say
    chart.add("", list(values.values()))
    tree = chart.render_tree()
    for child in list(tree):
        if not isinstance(child.tag, str) or child.tag.removeprefix(_SVG) == "defs":
            tree.remove(child)
    tree.attrib.pop("id", None)
    tree.set("aria-hidden", "true")  # the table beside it says the same
    for node in tree.iter():
        for key in [key for key in node.attrib if key.startswith("on") or key == "style"]:
            del node.attrib[key]
    ElementTree.register_namespace("", _SVG[1:-1])
    return ElementTree.tostring(tree, encoding="unicode")
