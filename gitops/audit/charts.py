"""Charts of the record as SVG that takes its colours from the page; pygal draws them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

WIDTH, HEIGHT = 360, 220
"""As wide as a phone, so that letters stay as large as they are; a page may draw it larger."""

_ROW = 30
_LONGEST = 17
_SVG = "{http://www.w3.org/2000/svg}"

Say = Callable[[float], str]
Values = Mapping[str, float | None]


def columns(values: Values, say: Say = "{:g}".format) -> str:
    """A column for each label, from left to right: what happens over time."""
    chart = _pygal().Bar(height=HEIGHT, range=_room(values, 1.1), **_over_time(values), **_MANNERS)
    return _drawn("columns", chart, values, [values], say)


def bars(values: Values, say: Say = "{:g}".format) -> str:
    """A bar for each label, the first at the top: what is compared."""
    upwards = {_short(label): value for label, value in reversed(list(values.items()))}
    height = max(90, 40 + _ROW * len(values))
    manners = {**_MANNERS, "show_y_labels": True, "show_x_labels": False}
    chart = _pygal().HorizontalBar(height=height, range=_room(values, 1.3), **manners)
    return _drawn("bars", chart, upwards, [upwards], say)


def lines(series: Sequence[Values]) -> str:
    """A line for each of the series, over the labels of the first."""
    manners = {**_MANNERS, "print_values": False, "show_y_guides": True, "show_y_labels": True}
    top = max((value or 0 for values in series for value in values.values()), default=0)
    scale = {"show_dots": False, "range": (0, max(top, 1)), "max_scale": 5, "order_min": 0}
    chart = _pygal().Line(height=HEIGHT, **scale, **_over_time(series[0]), **manners)
    return _drawn("lines", chart, series[0], series, "{:g}".format)


def _over_time(values: Values) -> Mapping[str, Any]:
    """Some labels are enough to read a time by."""
    most = 5 if max(map(len, values), default=0) < 8 else 3
    every = -(-len(values) // most)
    return {"x_labels_major_every": every, "show_minor_x_labels": False, "truncate_label": -1}


def _room(values: Values, times: float) -> tuple[float, float]:
    """From nothing to more than the largest, so that its number fits in beyond it."""
    return 0, max((value or 0 for value in values.values()), default=0) * times or 1


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


_MANNERS: Mapping[str, Any] = {
    "width": WIDTH,
    "js": (),
    "css": (),
    "no_prefix": True,
    "show_legend": False,
    "print_values": True,
    "print_values_position": "top",
    "show_y_guides": False,
    "show_y_labels": False,
    "margin": 6,
    "disable_xml_declaration": True,
}


def _pygal() -> Any:
    """The library, without the finder of plugins that it leaves behind: Python warns of its old kind."""
    import pygal

    sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != pygal.__name__]
    return pygal


def _drawn(sort: str, chart: Any, labels: Values, series: Sequence[Values], say: Say) -> str:
    """The SVG without what a page has no use for: its own style and script, and the day it was made."""
    chart.x_labels = list(labels)
    chart.value_formatter = say
    for values in series:
        chart.add("", list(values.values()))
    tree = chart.render_tree()
    for child in list(tree):
        if not isinstance(child.tag, str) or child.tag.removeprefix(_SVG) == "defs":
            tree.remove(child)
    tree.attrib.pop("id", None)
    tree.set("class", sort)
    tree.set("aria-hidden", "true")  # the table beside it says the same
    for node in tree.iter():
        for key in [key for key in node.attrib if key.startswith("on") or key == "style"]:
            del node.attrib[key]
    ElementTree.register_namespace("", _SVG[1:-1])
    return ElementTree.tostring(tree, encoding="unicode")
