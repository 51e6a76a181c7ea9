"""Short words for the values of an alert's columns, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from curim_data.alert import AgeBand, Gender, Kind, Status
from curim_data.city import CityProfile
from curim_data.i18n import Translator


def gender(t: Translator, value: str) -> str:
    """Label of a gender."""
    return {
        Gender.WOMAN: t.c("gender", "Woman"),
        Gender.MAN: t.c("gender", "Man"),
        Gender.OTHER: t.c("gender", "Other"),
        Gender.UNDISCLOSED: t.c("gender", "Not disclosed"),
        Gender.UNKNOWN: t.c("gender", "Not in the data"),
    }[Gender(value)]


def genders(t: Translator, value: str) -> str:
    """Label of a gender for a group of people."""
    return {
        Gender.WOMAN: t.c("genders", "Women"),
        Gender.MAN: t.c("genders", "Men"),
        Gender.OTHER: t.c("genders", "Other"),
        Gender.UNDISCLOSED: t.c("genders", "Not disclosed"),
        Gender.UNKNOWN: t.c("genders", "Not in the data"),
    }[Gender(value)]


def kind(t: Translator, value: str) -> str:
    """Label of a kind of alert."""
    return {
        Kind.RISK: t.c("kind", "Place that feels unsafe"),
        Kind.INCIVILITY: t.c("kind", "Incivility"),
        Kind.OFFENCE: t.c("kind", "Offence"),
    }[Kind(value)]


def status(t: Translator, value: str) -> str:
    """Label of a status."""
    return {
        Status.OPEN: t.c("status", "Open"),
        Status.CONFIRMED: t.c("status", "Confirmed"),
        Status.RESOLVED: t.c("status", "Resolved"),
        Status.REJECTED: t.c("status", "Rejected"),
    }[Status(value)]


def age(t: Translator, value: str) -> str:
    """Label of an age band."""
    if value == AgeBand.UNDER_18:
        return t.c("age", "Under 18")
    return value.replace("_plus", "+").replace("_", "–")


def light(t: Translator, dark: bool) -> str:
    """Label of daylight or darkness."""
    return t("After dark") if dark else t("In daylight")


def category(t: Translator, city: CityProfile, value: str) -> str:
    """Label of a category; its own name where the city's tree does not know it."""
    known = city.categories.get(value)
    return t.label(known.labels) if known else value


def group(t: Translator, city: CityProfile, value: str) -> str:
    """Label of a group of categories."""
    return t.label(city.groups[value]) if value in city.groups else value


def district(t: Translator, city: CityProfile, value: str) -> str:
    """Label of a district."""
    return next((t.label(area.labels) for area in city.districts if area.id == value), value)


def place(t: Translator, city: CityProfile, value: str) -> str:
    """Label of a landmark."""
    return next((t.label(mark.labels) for mark in city.landmarks if mark.id == value), value)


def hours(first: int, last: int) -> str:
    """A span of hours of the clock, the last one included: 20 to 23 reads 20:00–24:00."""
    return f"{first:02d}:00–{last + 1:02d}:00"


def sorted_by_label(values: Iterable[str], label: Callable[[str], str]) -> list[str]:
    """Values in the order of their labels."""
    return sorted(values, key=lambda value: label(value).casefold())
