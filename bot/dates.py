"""Dates as people say them, read against the day of the conversation: "end of april", "for three months".

What may be one of two days ("04/05/2027"), or names no day ("until march", "a few weeks"), is found too, with
the reason why it is not clear: the caller asks.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.numbers import NUMBER, number

_MONTHS = {
    name: index
    for index, names in enumerate(
        (
            "january jan januar jänner",
            "february feb februar",
            "march mar märz maerz mrz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sept sep",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
_DAYS = {
    name: index
    for index, names in enumerate(
        (
            "monday montag",
            "tuesday dienstag",
            "wednesday mittwoch",
            "thursday donnerstag",
            "friday freitag",
            "saturday samstag sonnabend",
            "sunday sonntag",
        )
    )
    for name in names.split()
}
_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "tenth": 10,
    "fifteenth": 15,
    "twentieth": 20,
    "thirtieth": 30,
    "last": 0,
}
"""Days of a month in words; 0 is the last one."""
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_YEAR = r"(?:,?\s*(?:of )?(?P<year>20\d\d)\b)?"
_UNIT = (
    r"(?P<unit>days?|weeks?|wks?|months?|mos?|mths?|quarters?|years?|yrs?"
    r"|tage?n?|wochen?|monate?n?|jahre?n?)\b"
)
_QUARTER = r"(?:q(?P<quarter>[1-4])|(?:the )?(?P<ordinal>first|second|third|fourth) quarter)\b"
_TILL = r"(?:until|untill|till|til|through|by|before|bis|in|im|around|about|early|late|sometime in)"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A date named at ``start`` to ``end`` of a text; ``day`` is ``None`` for words that name no day ("Q2"),
    and ``why`` says so in a sentence.
    """

    start: int
    end: int
    text: str
    day: date | None
    why: str = ""


Reader = Callable[[re.Match[str], date], "date | str | None"]
"""A match and today; a day, a sentence on why it is none, or ``None`` for words that only name no day."""


def dates_in(text: str, today: date) -> tuple[Spoken, ...]:
    """Every date or span of time in a text, in order; days without a year are the next such day."""
    found = sorted(_matches(text), key=lambda pair: (pair[0].start(), -pair[0].end()))
    out: list[Spoken] = []
    for match, read in found:
        if out and match.start() < out[-1].end:
            continue
        try:
            got = read(match, today)
        except (ValueError, OverflowError):
            got = f'There is no "{match[0].strip()}".'
        why = f'"{match[0].strip()}" names no day.' if got is None else got if isinstance(got, str) else ""
        day = got if isinstance(got, date) else None
        out.append(Spoken(match.start(), match.end(), match[0].strip(), day, why))
    return tuple(out)


def _matches(text: str) -> Iterator[tuple[re.Match[str], Reader]]:
    for pattern, read in _RULES:
        for match in pattern.finditer(text):
            yield match, read


def _iso(match: re.Match[str], today: date) -> date:
    del today
    year, month, day = map(int, re.split(r"[-/.]", match[0]))
    return date(year, month, day)


def _numeric(match: re.Match[str], today: date) -> date | str:
    """30.04.2027 is day first; with slashes or dashes that is only sure when one number is over twelve."""
    one, other, year = int(match["one"]), int(match["other"]), match["year"]
    full = int(year) + 2000 if year and len(year) < 3 else int(year) if year else None
    if "." not in match[0] and one <= 12 and other <= 12 and one != other:
        first, second = _next(one, other, full, today), _next(other, one, full, today)
        return f'"{match[0].strip()}" may be {_long(first)} or {_long(second)}.'
    return _next(other, one, full, today) if other > 12 else _next(one, other, full, today)


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _part_of_month(match: re.Match[str], today: date) -> date | None:
    month, year = _MONTHS[match["month"].lower()], int(match["year"]) if match["year"] else None
    if match["day"]:
        return _next(int(match["day"]), month, year, today)
    return _last_of(month, year, today) if match["part"].lower().endswith(("end", "ende")) else None


def _end_of(match: re.Match[str], today: date) -> date:
    span = next(value for value in (match["span"], match["before"], match["short"]) if value).lower()
    after = (match["which"] or "").lower() in ("next", "nächsten", "following", "coming")
    if span.startswith(("y", "jahr")):
        return date(today.year + after, 12, 31)
    if span.startswith("q"):
        month = (today.month - 1) // 3 * 3 + 3 + 3 * after
        return _last(today.year + (month > 12), month - 12 if month > 12 else month)
    if span.startswith("m"):
        moved = add_months(today.replace(day=1), int(after))
        return _last(moved.year, moved.month)
    return today + timedelta(days=6 - today.weekday() + 7 * after)


def _end_of_quarter(match: re.Match[str], today: date) -> date:
    ordinal = (match["ordinal"] or "").lower()
    index = int(match["quarter"] or ("first", "second", "third", "fourth").index(ordinal) + 1)
    return _last_of(index * 3, int(match["year"]) if match["year"] else None, today)


def _day_of_month(match: re.Match[str], today: date) -> date:
    year = int(match["year"]) if match["year"] else None
    return _next(int(match["day"]), _MONTHS[match["month"].lower()], year, today)


def _ordinal_day(match: re.Match[str], today: date) -> date:
    month, year = _MONTHS[match["month"].lower()], int(match["year"]) if match["year"] else None
    day = _ORDINALS[match["ordinal"].lower()]
    return _next(day, month, year, today) if day else _last_of(month, year, today)


def _span(match: re.Match[str], today: date) -> date | None:
    """Three months, a year and a half, half a year, a fortnight."""
    if match["fortnight"]:
        count = 1 if match["fortnight"].lower() in ("a", "one") else number(match["fortnight"])
        return today + timedelta(weeks=2 * count) if count else None
    if match["anchor"]:
        return None
    unit = match["unit"].lower()
    if match["half"]:
        return add_months(today, 6) if unit.startswith(("y", "jahr")) else None
    word = match["count"].lower()
    count = 1 if word in ("a", "an", "another") else number(word)
    if count is None or count > 5000:
        return None
    if match["more"]:
        return add_months(today, 12 * count + 6) if unit.startswith(("y", "jahr")) else None
    if unit.startswith(("d", "t")):
        return today + timedelta(days=count)
    if unit.startswith("w"):
        return today + timedelta(weeks=count)
    months = 12 if unit.startswith(("y", "j")) else 3 if unit.startswith("q") else 1
    return add_months(today, count * months)


def _vague(match: re.Match[str], today: date) -> None:
    del match, today


def _weekday(match: re.Match[str], today: date) -> date | str:
    """Friday is the next one there is; "next friday" may be the one after, while this week's is to come."""
    wanted = _DAYS[match["day"].lower()]
    coming = today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)
    next_week = today + timedelta(days=7 - today.weekday() + wanted)
    which = (match["which"] or "").lower()
    if match["week"] or which in ("next week",):
        return next_week
    if which in ("next", "nächsten", "nächster") and coming != next_week:
        return f'"{match[0].strip()}" may be {_long(coming)} or {_long(next_week)}.'
    return coming


def _near(match: re.Match[str], today: date) -> date | None:
    word = match[0].lower()
    if match["more"]:
        return None  # "tomorrow in a week"
    if word.startswith(("today", "tonight", "heute")):
        return today
    return today + timedelta(days=2 if "after" in word or word.startswith("über") else 1)


def _next(day: int, month: int, year: int | None, today: date) -> date:
    if year:
        return date(year, month, day)
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)


def _last(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _last_of(month: int, year: int | None, today: date) -> date:
    if year:
        return _last(year, month)
    this = _last(today.year, month)
    return this if this >= today else _last(today.year + 1, month)


def add_months(day: date, count: int) -> date:
    """The same day ``count`` months later, or the last of that month where it has no such day."""
    years, index = divmod(day.month - 1 + count, 12)
    year, month = day.year + years, index + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _end_of_year(match: re.Match[str], today: date) -> date:
    del today
    return date(int(match["year"]), 12, 31)


_RULES: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern, re.I), read)
    for pattern, read in (
        (r"\b20\d\d[-/.]\d{1,2}[-/.]\d{1,2}\b", _iso),
        (
            r"(?<![\d.])(?P<one>\d{1,2})(?P<mark>[./-])\s?(?P<other>\d{1,2})(?P=mark)\s?"
            r"(?P<year>20\d\d|\d\d)\b(?!\.?\d)",
            _numeric,
        ),
        (r"(?<![\d.])(?P<one>\d{1,2})\.\s?(?P<other>\d{1,2})\.(?!\d)(?P<year>)", _numeric),
        (r"(?<![\d/])(?<=\b(?:til|bis) )(?P<one>\d{1,2})/(?P<other>\d{1,2})(?![\d/])(?P<year>)", _numeric),
        (r"(?<![\d/])(?<=\b(?:till) )(?P<one>\d{1,2})/(?P<other>\d{1,2})(?![\d/])(?P<year>)", _numeric),
        (r"(?<![\d/])(?<=\b(?:until) )(?P<one>\d{1,2})/(?P<other>\d{1,2})(?![\d/])(?P<year>)", _numeric),
        (r"^\W*(?P<one>\d{1,2})/(?P<other>\d{1,2})(?P<year>)\W*$", _numeric),
        (
            rf"\b(?P<part>the end|end|ende|mid|middle|mitte|beginning|start|early|late|anfang)[ -](?:of "
            rf"|von )?"
            rf"(?:the )?{_MONTH}{_YEAR}(?:,? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th))?",
            _part_of_month,
        ),
        (
            r"\b(?:(?:end|ende)(?: of| des| der| von)? (?P<which>the|this|next|following|coming|nächsten"
            r"|dieses|diesen)? ?"
            r"(?:calendar )?(?P<span>month|year|quarter|week|monats|jahres|quartals|woche)"
            r"|(?P<before>month|year|quarter)(?:'s)?[ -]end|eo(?P<short>[ymq]))\b(?! after)",
            _end_of,
        ),
        (rf"\b(?:end|ende)(?: of| von)? {_QUARTER}{_YEAR}", _end_of_quarter),
        (r"\b(?:end|ende)(?: of| von)? (?P<year>20\d\d)\b(?![-./]\d)", _end_of_year),
        (
            r"\b(?:end|ende)(?: of| von)? (?:the |this |next )?(?:summer|winter|spring|autumn|fall"
            r"|sommers?)\b",
            _vague,
        ),
        (
            rf"(?<![\d.:])(?<!week )(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of| day of)? ?{_MONTH}{_YEAR}",
            _day_of_month,
        ),
        (rf"\b(?P<ordinal>{'|'.join(_ORDINALS)}) (?:day )?of {_MONTH}{_YEAR}", _ordinal_day),
        (rf"\b{_MONTH} (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d){_YEAR}", _day_of_month),
        (
            rf"\b(?:(?P<half>half an?|ein halbes)|(?P<count>an?(?: full| whole)?\b|another|{NUMBER}))"
            rf"(?: more| full)?[ -]?{_UNIT}(?P<more> and a half)?(?:(?: counting)? from (?:now"
            rf"|today)\b)?(?P<anchor> (?:after|before|from|vor|nach)\b)?(?! old\b)|(?P<fortnight>an?"
            rf"|{NUMBER}) fortnights?\b",
            _span,
        ),
        (
            rf"\b(?:{NUMBER}\s*(?:-|to|or|bis|oder)\s*{NUMBER}"
            rf"|(?:a )?(?:couple|few|handful|number|pair)(?: of)?|several|some|many|ein paar|einige)"
            r"(?: more)?[ -]?(?:days|weeks|months|years|tage?n?|wochen|monate?n?|jahre?n?)\b",
            _vague,
        ),
        (
            r"(?:\b(?P<which>next week|next|this|coming|nächsten|nächster|kommenden)\s+)?\b(?P<day>"
            rf"{'|'.join(_DAYS)})\b(?P<week>,?\s+(?:of )?next week)?(?!\s+(?:in|after)\b)",
            _weekday,
        ),
        (
            r"\b(?:(?:the )?day after tomorrow|today|tonight|tomorrow|heute|(?<!guten )(?:über)?morgen)\b"
            r"(?P<more> in an?\b| week| in \w+ weeks?)?",
            _near,
        ),
        (
            rf"(?:\b{_TILL}|^\W*)\s*(?:about |around |early |late )?{_MONTH}{_YEAR}(?!\s*\d|\s+(?:i|we|be|it"
            rf"|the|you)\b)",
            _vague,
        ),
        (
            r"\b(?:q[1-4]|(?:next|this) (?:month|quarter|year|week)|quarter|quartal|(?:early |late |mid[- ])?"
            r"(?:summer|winter|spring|autumn|sommer|herbst|frühjahr)|(?<=until )fall|christmas|easter"
            r"|new year"
            r"|weihnachten|ostern|20\d\d)\b",
            _vague,
        ),
    )
)
