"""Dates as people say them, read against the day of the conversation: "end of april", "for three months"."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.text import NUMBER, number

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
_MONTH = rf"(?P<{{0}}>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_YEAR = r"(?:,?\s*(?P<{0}>20\d\d)\b)?"
_PARTS = (
    # 2027-04-30
    r"(?P<iso>\b20\d\d[-/]\d{1,2}[-/]\d{1,2})\b",
    # 30.04.2027, 30/4/27, 30-04-2027
    r"(?P<dmy>\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?(?:20\d\d|\d\d))\b",
    # end of april 2027, mid of may, the 15th
    rf"\b(?P<part>end|the end|ende|mid|middle|mitte|beginning|start|early|late|anfang)[ -](?:of "
    rf"|von )?(?:the )?"
    rf"{_MONTH.format('pm')}{_YEAR.format('py')}(?:,? (?:the )?(?P<pd>\d{{1,2}})(?:st|nd|rd|th))?",
    # end of the month, end of next year, end of this quarter
    r"\b(?P<end>end|ende)(?: of| des| der| von)? (?P<which>the|this|next|nächsten|dieses|diesen)? ?"
    r"(?P<span>month|year|quarter|week|monats|jahres|quartals|woche)\b",
    # end of Q1 2027
    rf"\b(?:end|ende)(?: of)? (?P<quarter>q[1-4])\b{_YEAR.format('qy')}",
    # 31st of march 2027, 9. april
    rf"\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of| day of)? ?{_MONTH.format('m1')}{_YEAR.format('y1')}",
    # april 30th, 2027
    rf"\b{_MONTH.format('m2')} (?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:){_YEAR.format('y2')}",
    # 30.04. without a year
    r"\b(?P<dm>\d{1,2}\.\d{1,2}\.)(?!\d)",
    # three months, half a year, 90 days
    rf"\b(?:(?P<half>half an?|ein halbes)|(?P<n>an?\b|{NUMBER}))(?: more| full)?[ -]?"
    r"(?P<unit>days?|weeks?|months?|mos?|years?|tagen?|wochen?|monaten?|jahr(?:en?)?)\b",
)
_DATE = re.compile("|".join(_PARTS), re.I)
_VAGUE = re.compile(
    r"\b(?:q[1-4]|quarter|quartal|summer|winter|spring|autumn|fall|christmas|easter|20\d\d)\b", re.I
)
_WEEKDAY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:mon|diens|donners|frei|sams|sonn)tag\b"
    r"|\bmittwoch\b|"
    r"\btomorrow\b|\b(?:über)?morgen\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A date named at ``start`` to ``end`` of a text; ``day`` is ``None`` for words that name no day
    ("Q2").
    """

    start: int
    end: int
    text: str
    day: date | None


def dates_in(text: str, today: date) -> tuple[Spoken, ...]:
    """Every date or span of time in a text, in order; days without a year are the next such day."""
    return tuple(
        Spoken(match.start(), match.end(), match[0].strip(), _read(match, today))
        for match in _DATE.finditer(text)
    )


def vague_in(text: str) -> str | None:
    """Words that speak of a time without naming a day, such as "Q2"."""
    match = _VAGUE.search(text)
    return match[0] if match else None


def free_date(text: str, today: date) -> date | None:
    """A date in words our own grammar does not have ("next friday"), read by dateparser; English and
    German.
    """
    named = _WEEKDAY.search(text)
    if not named:
        return None
    import dateparser  # slow to import, and rarely needed

    found = dateparser.parse(
        named[0],
        languages=["en", "de"],
        settings={
            "RELATIVE_BASE": datetime.combine(today, time()),
            "PREFER_DATES_FROM": "future",
            "DATE_ORDER": "DMY",
        },
    )
    return found.date() if found else None


def _read(match: re.Match[str], today: date) -> date | None:
    got = match.groupdict()
    try:
        if got["iso"]:
            year, month, day = map(int, re.split(r"[-/]", got["iso"]))
            return date(year, month, day)
        if got["dmy"] or got["dm"]:
            return _numeric(got["dmy"] or got["dm"], today)
        if got["part"]:
            return _part(got, today)
        if got["end"]:
            return _end_of(got["span"].lower(), (got["which"] or "").lower() in ("next", "nächsten"), today)
        if got["quarter"]:
            return _last_of(int(got["quarter"][1]) * 3, got["qy"], today)
        for day_key, month_key, year_key in (("d1", "m1", "y1"), ("d2", "m2", "y2")):
            if got[day_key]:
                return _next(int(got[day_key]), _MONTHS[got[month_key].lower()], got[year_key], today)
    except ValueError:
        return None
    return _after(got, today)


def _numeric(text: str, today: date) -> date:
    parts = [int(part) for part in re.split(r"[./-]\s?", text) if part]
    if len(parts) == 2:
        return _next(parts[0], parts[1], None, today)
    day, month, year = parts
    if month > 12 >= day:  # 04/30/2027 can only be month first
        day, month = month, day
    return date(year + 2000 if year < 100 else year, month, day)


def _part(got: dict[str, str | None], today: date) -> date | None:
    month = _MONTHS[(got["pm"] or "").lower()]
    if got["pd"]:
        return _next(int(got["pd"]), month, got["py"], today)
    if (got["part"] or "").lower() in ("end", "the end", "ende"):
        return _last_of(month, got["py"], today)
    return None  # "mid may" names no day


def _end_of(span: str, after: bool, today: date) -> date:
    if span.startswith(("year", "jahr")):
        return date(today.year + after, 12, 31)
    if span.startswith("quart"):
        month, year = (today.month - 1) // 3 * 3 + 3 + 3 * after, today.year
        return _last(year + (month > 12), month - 12 if month > 12 else month)
    if span.startswith("mon"):
        moved = add_months(today.replace(day=1), int(after))
        return _last(moved.year, moved.month)
    return today + timedelta(days=6 - today.weekday() + 7 * after)


def _after(got: dict[str, str | None], today: date) -> date | None:
    unit = (got["unit"] or "").lower()
    if got["half"]:
        return add_months(today, 6) if unit.startswith(("y", "jahr")) else None
    word = (got["n"] or "").lower()
    count = 1 if word in ("a", "an") else number(word)
    if count is None or count > 5000:
        return None
    if unit.startswith(("d", "t")):
        return today + timedelta(days=count)
    if unit.startswith("w"):
        return today + timedelta(weeks=count)
    return add_months(today, count * (12 if unit.startswith(("y", "j")) else 1))


def _next(day: int, month: int, year: str | None, today: date) -> date:
    if year:
        return date(int(year), month, day)
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)


def _last(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _last_of(month: int, year: str | None, today: date) -> date:
    if year:
        return _last(int(year), month)
    this = _last(today.year, month)
    return this if this >= today else _last(today.year + 1, month)


def add_months(day: date, count: int) -> date:
    """The same day ``count`` months later, or the last of that month where it has no such day."""
    years, index = divmod(day.month - 1 + count, 12)
    year, month = day.year + years, index + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
