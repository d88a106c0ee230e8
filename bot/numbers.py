"""Whole numbers in digits or in English or German words: how one looks in a text, and what it is."""

from __future__ import annotations

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_GERMAN_UNITS = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
    "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
_GERMAN_TENS = {
    "zwanzig": 20, "dreißig": 30, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70,
    "achtzig": 80, "neunzig": 90,
}  # fmt: skip
_GERMAN = (
    {word: count for count, word in enumerate(_GERMAN_UNITS)}
    | {"ein": 1, "eine": 1, "einen": 1, "einer": 1, "einem": 1}
    | _GERMAN_TENS
    | {
        f"{'ein' if unit == 'eins' else unit}und{tens}": more + count
        for count, unit in enumerate(_GERMAN_UNITS[:10])
        if count
        for tens, more in _GERMAN_TENS.items()
    }
)
_DOZENS = {"single": 1, "a dozen": 12, "half a dozen": 6, "two dozen": 24}
NUMBERS: dict[str, int] = {word: count for count, word in enumerate(_UNITS)} | _TENS | _GERMAN | _DOZENS
_UNIT = "|".join(_UNITS[1:10])
_WORDS = sorted((*_UNITS, *_GERMAN, *(word for word in _DOZENS if " " in word)), key=len, reverse=True)
NUMBER = (
    rf"(?:\d{{1,5}}(?![\d]|[.,]\d)|(?:{'|'.join(_TENS)})(?:[ -](?:{_UNIT}))?"
    rf"|(?:{'|'.join(_WORDS)}))\b"
)
"""A whole number in digits or in English or German words; read it with :func:`number`."""


def number(text: str) -> int | None:
    """The number that a match of :data:`NUMBER` names; ``None`` when it is none."""
    word = text.strip().casefold()
    if word.isdecimal():
        return int(word)
    if word in NUMBERS:
        return NUMBERS[word]
    tens, _, unit = word.replace("-", " ").partition(" ")
    return _TENS[tens] + NUMBERS[unit] if tens in _TENS and unit in NUMBERS else None
