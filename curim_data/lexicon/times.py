"""Dates and times of day as registers write them, the names of months in twelve languages (of CLDR, by Babel, and of
registers), and hours written as spans.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from babel.dates import get_month_names

from curim_data.lexicon.words import fold

_HOUR: Final = r"(\d{1,2})(?: ?[:.h] ?(\d{2}))?(?: ?(?:h|hs|hrs?|uhr))?"
_SPAN: Final = re.compile(
    rf"(?:(?:de|from|von|από|dalle|das|entre|between) )?(?:las |les )?{_HOUR} ?"
    rf"(?:[-–—/]|\b(?:to|till|until|bis|a|à|alle|às|y|et|έως|ως|and)\b) ?(?:las )?{_HOUR}\.?",
    re.IGNORECASE,
)


@cache
def hour_of_span(text: str) -> int | None:
    """The hour (0 to 23) of a text that names its beginning and its end, one hour later; None for any other text.

    The end may be the last minute of the hour; after 23 come 0 and 24.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None or found[2] not in (None, "00") or found[4] not in (None, "00", "59"):
        return None
    first, last = int(found[1]), int(found[3])
    if found[4] == "59":
        last += 1
    return first if first <= 23 and last in ({24, 0} if first == 23 else {first + 1}) else None


READ_LANGUAGES: Final = ("el", "en", "fr", "es", "it", "pt", "de", "nl", "lv", "ca", "hu", "pl")
# Spoken and regional forms, and abbreviations of registers, that CLDR does not have.
_VARIANTS: Final = {
    1: "Γενάρης Γενάρη Ιαν Jänner Jaenner Genn Janv",
    2: "Φλεβάρης Φλεβάρη Φεβ Φεβρ Feber Febbr Févr",
    3: "Μάρτης Μάρτη Μαρ Maerz Mrz",
    4: "Απρίλης Απρίλη Απρ",
    5: "Μάης Μάη Μαΐου Magg",
    6: "Ιούνης Ιούνη Ιουν",
    7: "Ιούλης Ιούλη Ιουλ Juil",
    8: "Αυγ Agto Août",
    9: "Σεπτέμβρης Σεπτέμβρη Σεπ Σεπτ Setiembre Set Sept Sett",
    10: "Οκτώβρης Οκτώβρη Οκτ",
    11: "Νοέμβρης Νοέμβρη Νοε",
    12: "Δεκέμβρης Δεκέμβρη Δεκ",
}


@cache
def month_numbers() -> dict[str, int]:
    """Return the number of each month by its folded name, abbreviation or variant."""
    names = {fold(name): number for number, words in _VARIANTS.items() for name in words.split()}
    for language in READ_LANGUAGES:
        for width in ("abbreviated", "wide"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    names[fold(name).rstrip(".")] = number
    return names


def month_of(text: str) -> int:
    """Return the number of the month that a text names ("Enero", "ΙΑΝ.", "01-Enero"); 0 where it names none."""
    return month_numbers().get(fold(re.sub(r"^\d{1,2}[ .\-_]*(?=[^\W\d])", "", text.strip())).rstrip("."), 0)


_SECONDS: Final = r"(?:[:.]\d{2}(?:[.,]\d+)?)?"
_ZONED: Final = r"(?:[:.]\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?"  # of a clock, which shows local time
_HALF: Final = r"(?P<half>[apπμµ])\.? ?[mμµ]\.?"  # of the day, in Latin and in Greek letters
_OF_DAY: Final = (
    rf"(?:[T ,]+(?:- )?(?P<hour>\d{{1,2}})[:.h](?P<minute>\d{{2}}){_SECONDS}(?: ?{_HALF})?)?"
    r"(?P<zone> ?(?:z|utc|gmt|[+-]\d{2}:?\d{2}))?"
)
_MONTH: Final = r"(?P<name>[^\W\d_]{3,12})\.?"
# Forms of dates: `one` and `two` are day and month in an order that a single date does not show.
DATES: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})(?:[-/]|\. ?)(?P<month>\d{{1,2}})(?:[-/]|\. ?)(?P<day>\d{{1,2}})\.?{_OF_DAY}",
        rf"(?P<one>\d{{1,2}}) ?[/.\-] ?(?P<two>\d{{1,2}}) ?[/.\-] ?(?P<year>\d{{4}}|\d{{2}})\.?{_OF_DAY}",
        rf"(?P<day>\d{{1,2}})(?:\.|º|η|er)?[ \-/.]*(?:de )?{_MONTH}[ \-/.,]*(?:de |del )?"
        rf"(?P<year>\d{{4}}|\d{{2}}){_OF_DAY}",
        rf"{_MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){_OF_DAY}",
        rf"(?P<year>\d{{4}})\.? {_MONTH} (?P<day>\d{{1,2}})\.?{_OF_DAY}",
        rf"(?P<year>\d{{4}})\. gada (?P<day>\d{{1,2}})\. {_MONTH}{_OF_DAY}",
        rf"{_MONTH},?[ \-/](?:de |del )?(?P<year>\d{{4}})",
        r"(?P<year>(?:19|20)\d{2})[-/](?P<month>0?[1-9]|1[0-2])",
    )
)
# Dates such as 20200131, which may be numbers of anything else.
COMPACT: Final = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:[T ]?(?P<hour>\d{2}):?(?P<minute>\d{2})(?:\d{2})?)?"
)
CLOCK: Final = re.compile(
    rf"(?!\d+\.?$)(?P<hour>[01]?\d|2[0-4])(?: ?[:.h] ?(?P<minute>[0-5]\d){_ZONED})?"
    rf"(?: ?{_HALF}| ?(?:uhr|hrs?|hs|h))?\.?",
    re.IGNORECASE,
)


# 00:00 at the end of a date and time.
MIDNIGHT: Final = (
    r"[T, -] ?(0{1,2}[:.h]00([:.]00([.,]0+)?)?( ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?|"
    r"12[:.]00([:.]00)? ?[AaπΠ]\.? ?[MmμµΜ]\.?)$"
)


UTC_END: Final = r"(Z|UTC|GMT|[+-]00:?00)$"  # of a time in UTC
# How forms of Google end a moment: its zone by name, which is that of the form, and the halves of a day in Hungarian.
PLAINER: Final = (
    (r"(?i) (?:cest|cet|eest|eet|west|wet|(?:gmt|utc)[+-]\d{1,2})$", ""),
    (r" de\.$", " am"),
    (r" du\.$", " pm"),
)


def date_fields(text: str) -> Mapping[str, str]:
    """What a date names: year, month, day, or `one` and `two`; name (of a month), hour, minute, half, zone.

    Empty for any other text.
    """
    for ending, instead in PLAINER:
        text = re.sub(ending, instead, text)
    for form in DATES:
        if found := form.fullmatch(text):
            fields = {name: value for name, value in found.groupdict().items() if value}
            return fields if "name" not in fields or month_of(fields["name"]) else {}
    return {}


LEAST_LETTERS: Final = 6  # of a misspelt name: shorter ones are too near to names of persons
MOST_EDITS: Final = 2


@cache
def is_misspelt_month(word: str) -> bool:
    """Whether a word is the name of a month but for two letters that are wrong, missing, too many or exchanged.

    The word and the name have six letters or more and begin alike ("Setpembre", "Agostto", "Φεβουάριος").
    """
    plain = fold(word)
    return len(plain) >= LEAST_LETTERS and any(
        len(name) >= LEAST_LETTERS
        and name[0] == plain[0]
        and abs(len(name) - len(plain)) <= MOST_EDITS  # cells can be long
        and _edits(plain, name) <= MOST_EDITS
        for name in month_numbers()
    )


def _edits(one: str, other: str) -> int:
    """How many letters must be changed, left out, added or exchanged with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        last, row = row, [at]
        for place, wanted in enumerate(other, 1):
            cost = min(last[place] + 1, row[-1] + 1, last[place - 1] + (letter != wanted))
            if at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == wanted:
                cost = min(cost, before[place - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]
