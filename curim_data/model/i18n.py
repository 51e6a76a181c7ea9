"""The translator: gettext for one reader at a time, never installed globally.

Threads of the server are shared by readers of different languages, so every caller holds a `Translator`
of its own and nothing is translated at import time. Message ids are the English sentences.
"""

from __future__ import annotations

import datetime as dt
import gettext
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime, get_day_names, get_month_names
from babel.lists import format_list
from babel.numbers import get_decimal_symbol, get_group_symbol

LANGUAGES: Final = ("el", "en", "fr")
LANGUAGE_NAMES: Final = {"el": "Ελληνικά", "en": "English", "fr": "Français"}
DEFAULT_LANGUAGE: Final = "el"
# Forms of numbers and dates: European English.
_FORMS: Final = {"en": "en_GB"}
# The smallest expected number of alerts that is written as a number.
LEAST_WRITTEN: Final = 0.1
LOCALE_DIR: Final = Path(__file__).parent / "locale"


def N_(message: str) -> str:
    """Mark a message for extraction where it is defined; translate it where it is shown."""
    return message


@dataclass(frozen=True)
class Message:
    """A sentence that waits for its reader: an English message id and the values that fill it.

    `context`: of a short word, what tells it from the same word elsewhere ("gender", "status", ...).
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    context: str = ""


def C_(context: str, message: str) -> Message:
    """A short word that needs its context, where it is defined; translate it where it is shown."""
    return Message(message, context=context)


@dataclass(frozen=True)
class Num:
    """A number with the digits that its reader should see."""

    value: float
    digits: int = 1


@dataclass(frozen=True)
class Span:
    """From one day to another, both included; `by_month` where its days are not known, but its months."""

    start: dt.date
    end: dt.date
    by_month: bool = False


class Translator:
    """Words, numbers and dates in one reader's language.

    Values that fill a message are written in the reader's form: integers with their thousands mark, floats with one
    digit (`Num` for others), dates in the long form, a `Span` as its two dates or its months, nested `Message` objects
    translated, strings as they stand.
    """

    def __init__(self, lang: str) -> None:
        if lang not in LANGUAGES:
            raise ValueError(f"language {lang!r} is not one of {', '.join(LANGUAGES)}")
        self.lang = lang
        self.locale = Locale.parse(_FORMS.get(lang, lang))
        self._catalog = _catalog(lang)

    def __call__(self, message: str | Message, /, **values: Any) -> str:
        """Translate a message and fill it."""
        if isinstance(message, Message):
            values = {**message.values, **values}
            return self.c(message.context, message.text, **values) if message.context else self(message.text, **values)
        if not message:
            return ""
        return self._fill(self._catalog.gettext(message), values)

    def n(self, one: str, many: str, count: int, /, **values: Any) -> str:
        """Translate with the plural form for `count`, which fills `{n}`."""
        return self._fill(self._catalog.ngettext(one, many, count), {"n": count, **values})

    def c(self, context: str, message: str, /, **values: Any) -> str:
        """Translate a short word that needs its context ("gender", "status", ...)."""
        return self._fill(self._catalog.pgettext(context, message), values)

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number with thousands marks and a fixed count of decimals; a dash where there is none."""
        if value is None or value != value:
            return "–"
        return _written(Decimal(str(value)), digits, self.lang)

    def signed(self, value: float | None, digits: int = 0) -> str:
        """A difference: as a number, with a plus sign above zero.

        >>> [Translator("en").signed(change) for change in (12, 0)]
        ['+12', '0']
        """
        written = self.number(value, digits)
        return f"+{written}" if value is not None and value > 0 and written != self.number(0, digits) else written

    def signed_percent(self, share: float | None, digits: int = 0) -> str:
        """A change as a percentage, with a plus sign above zero.

        >>> [Translator("en").signed_percent(change).replace("\\u00a0", " ") for change in (0.104, -0.34, 0)]
        ['+10 %', '\u221234 %', '0 %']
        """
        written = self.percent(share, digits)
        return f"+{written}" if share is not None and share > 0 and written != self.percent(0, digits) else written

    def pair(self, head: str, text: str) -> str:
        """What something is called, and what it is: French sets the colon apart.

        >>> Translator("en").pair("Lead", "Port authority")
        'Lead: Port authority'
        """
        return f"{head}\u00a0: {text}" if self.lang == "fr" else f"{head}: {text}"

    def times(self, ratio: float) -> str:
        """How many times as many: one decimal, and from a hundred on three digits."""
        rounded = float(f"{ratio:.3g}")
        return self.number(rounded) if 100 <= rounded < float("inf") else self.number(ratio, 1)

    def expected(self, count: float | None) -> str:
        """A count that was to be expected, with three digits: enough to work out the ratio beside it."""
        return self._digits(count, 3)

    def about(self, count: float | None) -> str:
        """A count that was to be expected, where no ratio stands beside it: two digits, and "below 0.1" under that.

        Whole numbers keep all digits.
        """
        if count is None or not 0 < count < LEAST_WRITTEN:
            return self._digits(count, 2)
        return self("below {value}", value=self.number(LEAST_WRITTEN, 1))

    def roughly(self, count: float | None) -> str:
        """A count that was to be expected, for readers of a brief: a whole number, and that it is one of several."""
        if count is None or count != count:
            return self.number(count)
        if 0 < count < 1:
            return self(N_("below {value}"), value=self.number(1))
        return self(N_("about {n}"), n=round(count)) if count else self.number(0)

    def _digits(self, count: float | None, digits: int) -> str:
        """A count with so many digits, and all of a whole number."""
        if count is None or not 0 < count < float("inf"):
            return self.number(count)
        rounded = float(f"{count:.{digits}g}")
        decimals = max(digits - 1 - math.floor(math.log10(rounded)), 0)
        return self.number(rounded if decimals else count, decimals)

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share (0 to 1) as a percentage."""
        if share is None or share != share:
            return "–"
        return _written(Decimal(str(share)).scaleb(2), digits, self.lang) + "\u00a0%"

    def part(self, share: float | None) -> str:
        """A share (0 to 1) of some, without decimals: what is there is never 0 %, and what is not all never 100 %."""
        if share is not None and 0 < share <= 0.005:
            return self(N_("below {share}"), share=self.percent(0.01))
        if share is not None and 0.995 <= share < 1:
            return self(N_("over {share}"), share=self.percent(0.99))
        return self.percent(share)

    def share(self, share: float, low: float, high: float) -> str:
        """A share (0 to 1) of some with its interval, the percent sign once; a decimal where the ends would be alike.

        >>> rows = (0.52, 0.5, 0.54), (0.012, 0.009, 0.0149)
        >>> [Translator("en").share(*row).replace("\\u00a0", " ") for row in rows]
        ['52 % (50–54)', '1.2 % (0.9–1.5)']
        """
        alike = low < high and self.number(100 * low) == self.number(100 * high)
        written = self.percent(share, 1) if alike else self.part(share)
        return f"{written} ({self.number(100 * low, int(alike))}–{self.number(100 * high, int(alike))})"

    def p_value(self, p: float, *, least: bool = False, spaced: bool = False) -> str:
        """A p-value as people read it: `<0.001` or three decimals.

        `least`: no smaller one could come out (with 199 random maps none below 0.005), so it is shown as `≤0.005`.
        `spaced`: with a space after the sign, as in a sentence; French always has it.
        """
        space = "\u00a0" if spaced or self.lang == "fr" else ""
        if p < 0.001:
            return f"<{space}{self.number(0.001, 3)}"
        return f"≤{space}{self.number(p, 3)}" if least else self.number(p, 3)

    def p_step(self, p: float, alpha: float = 0.05) -> str:
        """On which side of `alpha` a p-value is, for who may not read its digits: `≤0.05` or `>0.05`."""
        space = "\u00a0" if self.lang == "fr" else ""
        return f"{'≤' if p <= alpha else '>'}{space}{self.number(alpha, 2)}"

    def p(self, p: float, *, least: bool = False) -> str:
        """The same as a formula: `p = 0.012`, `p < 0.001` or `p ≤ 0.005`."""
        text = self.p_value(p, least=least, spaced=True)
        return f"p\u00a0{text}" if text[0] in "<≤" else f"p = {text}"

    def date(self, day: dt.date, form: str = "long") -> str:
        """A date: "long" (3 May 2025), "medium", "short", or a Babel pattern."""
        return _date(dt.date(day.year, day.month, day.day), form, self.lang)

    def moment(self, when: dt.datetime, form: str = "medium") -> str:
        """A date with its time of day."""
        return _ordinal(str(format_datetime(when, format=form, locale=self.locale)), when, self.lang)

    def span(self, span: Span) -> str:
        """A period: "3 May 2025 – 2 June 2025", or its months; a day or month alone where it is one: "May 2025"."""
        first, last = (self.date(day, "LLLL y" if span.by_month else "long") for day in (span.start, span.end))
        return first if first == last else self("{start} – {end}", start=first, end=last)

    def weekday(self, day: int, width: str = "wide") -> str:
        """The name of a weekday, 0 for Monday."""
        return str(get_day_names(width, context="stand-alone", locale=self.locale)[day])  # type: ignore[arg-type]

    def month(self, month: int, width: str = "wide") -> str:
        """The name of a month, 1 for January."""
        return str(get_month_names(width, context="stand-alone", locale=self.locale)[month])  # type: ignore[arg-type]

    def join(self, items: Iterable[str], style: str = "standard") -> str:
        """A list in words: "a, b and c" ("or" for the other style)."""
        return str(format_list(list(items), style=style, locale=self.locale))  # type: ignore[arg-type]

    def label(self, labels: Mapping[str, str]) -> str:
        """The reader's label out of labels by language; English, then any, where it is missing."""
        return labels.get(self.lang) or labels.get("en") or next(iter(labels.values()), "")

    def _fill(self, text: str, values: Mapping[str, Any]) -> str:
        return text.format(**{name: self._write(value) for name, value in values.items()}) if values else text

    def _write(self, value: Any) -> Any:
        match value:
            case Message():
                return self(value)
            case Num():
                return self.number(value.value, value.digits)
            case bool() | str():
                return value
            case int():
                return self.number(value)
            case float():
                return self.number(value, 1)
            case Span():
                return self.span(value)
            case dt.datetime():
                return self.moment(value)
            case dt.date():
                return self.date(value)
        return value


def _written(value: Decimal, digits: int, lang: str) -> str:
    """A number rounded half to even, as Babel does, with the marks of a language and no sign before a zero."""
    return f"{value:z,.{digits}f}".replace("Infinity", "∞").translate(_marks(lang))


@cache
def _marks(lang: str) -> dict[int, str]:
    """The marks of a number in Python's form, and those of a language with the minus sign, where CLDR has a hyphen."""
    locale = translator(lang).locale
    return str.maketrans({",": get_group_symbol(locale), ".": get_decimal_symbol(locale), "-": "\u2212"})


@lru_cache(maxsize=16_384)
def _date(day: dt.date, form: str, lang: str) -> str:
    """A date as written; charts write the same days again and again."""
    return _ordinal(str(format_date(day, format=form, locale=translator(lang).locale)), day, lang)


def _ordinal(text: str, day: dt.date, lang: str) -> str:
    """French writes the first of a month as an ordinal before the month's name, which CLDR's forms leave out."""
    return re.sub(r"(?<!\d)1 (?=[^\W\d]{3})", "1er ", text, count=1) if lang == "fr" and day.day == 1 else text


def first_case(*cases: tuple[object, str | Message]) -> str | Message:
    """The text of the first case whose condition holds, where several things could be said; the last one is true."""
    return next(text for holds, text in cases if holds)


def at_head(text: str) -> str:
    """A text as the beginning of a sentence: French and Greek dates can begin with a small letter, as "mai 2025".

    >>> at_head("mai 2025 : 12 signalements.")
    'Mai 2025 : 12 signalements.'
    """
    return text[:1].upper() + text[1:]


def spaced_text(text: str, lang: str) -> str:
    """A translation with spaces that no line is broken at: before the signs that French sets apart, and before %.

    >>> spaced_text("Changements : 5 % « sûrs » ?", "fr").replace(chr(0xA0), "~")
    'Changements~: 5~% «~sûrs~»~?'
    """
    if lang == "fr":
        text = re.sub(r"[ \u00a0\u202f]+(?=[:;?!%»])", "\u00a0", text)
        return re.sub(r"(?<=«)[ \u00a0\u202f]+", "\u00a0", text)
    return re.sub(r"(?<=[\d}]) (?=%)", "\u00a0", text)


@cache
def translator(lang: str) -> Translator:
    """The translator of a language; raises ValueError for one we do not speak."""
    return Translator(lang)


class MessageError(Exception):
    """An error that its reader can mend: `message` says what is wrong, where, and how to mend it."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        """The sentence in English."""
        return translator("en")(self.message)


@cache
def _catalog(lang: str) -> gettext.NullTranslations:
    """The compiled catalogue, made in memory from the .po file so that no binary file is kept."""
    path = LOCALE_DIR / lang / "LC_MESSAGES" / "curim.po"
    if not path.exists():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo  # long to load, and not needed for English
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        catalog = read_po(source, locale=lang)
    for message in catalog:
        forms = message.string if isinstance(message.string, (list, tuple)) else [message.string or ""]
        spaced = tuple(spaced_text(form, lang) for form in forms)
        message.string = spaced if message.pluralizable else spaced[0]
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
