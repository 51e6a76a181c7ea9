"""What differs in how two cities report, in sentences: each of them a fact of their data, none where they are alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from curim_data.model import KnownTime, Message, Span, Translator, at_head, format_label, inline, kind_label
from curim_data.studies.compare import CityFigures, Periods

# From this difference on a share of alerts that lack something differs.
APART: Final = 0.05
TIMES: Final = {
    KnownTime.HOUR: Message("the time of day"),
    KnownTime.DAY: Message("the day"),
    KnownTime.MONTH: Message("the month alone"),
}
ASKED: Final = {
    "affected_gender": Message("the gender of the person affected"),
    "reporter_gender": Message("the gender of the person who alerts"),
    "feeling": Message("how safe people felt"),
}


@dataclass(frozen=True)
class NamedCity:
    """A city by its name, with its figures."""

    name: str
    figures: CityFigures


def what_differs(t: Translator, first: NamedCity, second: NamedCity, periods: Periods) -> list[str]:
    """The sentences, the weightiest first."""
    asked = (_periods, _audiences, _made_up, _formats, _kinds, _categories, _times, _asked, _places, _gaps)
    return [said for ask in asked for said in ask(t, first, second, periods)]


Sentences = Iterator[str]


def _periods(t: Translator, first: NamedCity, second: NamedCity, periods: Periods) -> Sentences:
    if not periods.common:
        yield t(
            "The data of the two cities share no three months, so that different times are compared: {first} {one}, "
            "{second} {other}.",
            first=first.name,
            second=second.name,
            one=Span(*periods.first, by_month=True),
            other=Span(*periods.second, by_month=True),
        )


def _audiences(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    if first.figures.facts.exact != second.figures.facts.exact:
        exact, copy = (first, second) if first.figures.facts.exact else (second, first)
        yield t(
            "Your role differs: {exact} is counted exactly, {copy} from its protected copy, as its council sees it.",
            exact=exact.name,
            copy=copy.name,
        )


def _made_up(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    for city in (first, second):
        if city.figures.facts.illustrative:
            yield t("The data of {city} are made up.", city=city.name)


def _formats(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    one, other = (city.figures.facts.formats for city in (first, second))
    if one != other:
        yield t(
            "The alerts come from different exports: {first}: {one}; {second}: {other}.",
            first=first.name,
            second=second.name,
            one=t.join(format_label(t, name) for name in one),
            other=t.join(format_label(t, name) for name in other),
        )


def _kinds(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    one, other = (city.figures.facts.kinds for city in (first, second))
    if one != other:
        yield t(
            "Not the same can be reported: the alerts of {first} are of the kinds {one}, those of {second} {other}.",
            first=first.name,
            second=second.name,
            one=_named(t, one, kind_label),
            other=_named(t, other, kind_label),
        )


def _named(t: Translator, codes: tuple[str, ...], label: Callable[[Translator, str], str]) -> str:
    return t.join(inline(label(t, code)) for code in codes) or t("none")


def _categories(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    counts = [city.figures.facts.categories for city in (first, second)]
    for city, n in zip((first, second), counts, strict=True):
        if n == 0 and max(counts) > 0:
            yield t("No alert of {city} has a category.", city=city.name)
    if min(counts) > 0 and counts[0] != counts[1]:
        yield t(
            "The alerts have unlike categories: {one} in {first}, {other} in {second}.",
            first=first.name,
            second=second.name,
            one=counts[0],
            other=counts[1],
        )


def _times(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    one, other = (city.figures.facts.known_time for city in (first, second))
    if one is not other:
        yield t(
            "Of the time of an alert {first} gives {one}, {second} {other}.",
            first=first.name,
            second=second.name,
            one=TIMES[one],
            other=TIMES[other],
        )


def _asked(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    """Who is asked for what; of the same question, how often it is answered."""
    for has, lacks in ((first, second), (second, first)):
        only = [name for name in ASKED if name in has.figures.facts.asked - lacks.figures.facts.asked]
        if only:
            yield t(
                "{has} asks for {fields}; {lacks} does not.",
                has=has.name,
                lacks=lacks.name,
                fields=t.join(t(ASKED[name]) for name in only),
            )
    for name, answers in (("affected_gender", "affected"), ("reporter_gender", "reporters")):
        shares = [_share(city, getattr(city.figures, answers)) for city in (first, second)]
        both = all(name in city.figures.facts.asked for city in (first, second))
        if both and abs(shares[0] - shares[1]) >= APART:
            yield t(
                "{field} is stated in {one} of the alerts of {first}, in {other} of those of {second}.",
                field=at_head(t(ASKED[name])),
                first=first.name,
                second=second.name,
                one=t.part(shares[0]),
                other=t.part(shares[1]),
            )


def _share(city: NamedCity, n: float) -> float:
    return n / city.figures.alerts if city.figures.alerts else 0.0


def _places(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    shares = [_share(city, city.figures.placed) for city in (first, second)]
    if abs(shares[0] - shares[1]) >= APART:
        yield t(
            "{one} of the alerts of {first} have a position, {other} of those of {second}.",
            first=first.name,
            second=second.name,
            one=t.part(shares[0]),
            other=t.part(shares[1]),
        )


def _gaps(t: Translator, first: NamedCity, second: NamedCity, _: Periods) -> Sentences:
    for city in (first, second):
        empty, of = sum(n == 0 for n in city.figures.months), len(city.figures.months)
        if empty:
            yield t.n(
                "{city} has no alert in {n} of the {of} months.",
                "{city} has no alert in {n} of the {of} months.",
                empty,
                city=city.name,
                of=of,
            )
