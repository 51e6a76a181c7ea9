"""Labels of the values of an alert (genders, kinds, categories, ...): one place for pages, reports and commands."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from curim_data.model.i18n import C_, Message, Span, Translator

if TYPE_CHECKING:
    from curim_data.model.city import CityProfile

# More names than this in one phrase are counted, not listed.
LISTED = 4
# The category of an alert whose export tells none.
UNCATEGORISED: Final = "uncategorised"
# How sure a finding, a difference or a verdict is: as a word, and as what that means.
GRADES: Final[Mapping[str, tuple[Message, Message]]] = {
    "clear": (C_("grade", "Clear"), Message("Almost certainly not chance.")),
    "probable": (C_("grade", "Probable"), Message("Probably not chance.")),
    "open": (C_("grade", "May be chance"), Message("May be chance.")),
}
FORMATS: Final[Mapping[str, str]] = {
    "curim": "CURiM",
    "ushahidi2": "Ushahidi 2",
    "ushahidi3": "Ushahidi 3",
    "fixmystreet": "FixMyStreet",
    "open311": "Open311",
    "seeclickfix": "SeeClickFix",
    "policeuk": "police.uk",
    "safecity": "Safecity",
}


GENDERS: Final[Mapping[str, Message]] = {
    "woman": C_("gender", "Women"),
    "man": C_("gender", "Men"),
    "other": C_("gender", "Another gender"),
    "undisclosed": C_("gender", "Not disclosed"),
    "unknown": C_("gender", "Not known"),
}
PEOPLE: Final[Mapping[str, Message]] = {
    "woman": C_("people", "women"),
    "man": C_("people", "men"),
    "other": C_("people", "people of another gender"),
    "undisclosed": C_("people", "people who did not disclose their gender"),
    "unknown": C_("people", "people whose gender was not asked"),
}
KINDS: Final[Mapping[str, Message]] = {
    "risk": C_("kind", "Danger"),
    "incivility": C_("kind", "Incivility"),
    "offence": C_("kind", "Offence"),
    "unknown": C_("kind", "Not known"),
}
STATUSES: Final[Mapping[str, Message]] = {
    "open": C_("status", "Open"),
    "confirmed": C_("status", "Confirmed"),
    "resolved": C_("status", "Resolved"),
    "rejected": C_("status", "Rejected"),
}
AGES: Final[Mapping[str, Message]] = {
    "under_18": C_("age", "Under 18"),
    "18_29": C_("age", "18–29"),
    "30_44": C_("age", "30–44"),
    "45_64": C_("age", "45–64"),
    "65_plus": C_("age", "65 and over"),
}
SEVERITIES: Final[Mapping[int, Message]] = {1: C_("severity", "1 (slight)"), 5: C_("severity", "5 (grave)")}
FEELINGS: Final[Mapping[int, Message]] = {1: C_("feeling", "1 (very unsafe)"), 5: C_("feeling", "5 (very safe)")}
PERIODS: Final[Mapping[str, Message]] = {
    "28d": Message("Last 28 days"),
    "quarter": Message("Last quarter"),
    "12m": Message("Last 12 months"),
    "meeting": Message("Since the last meeting"),
    "all": Message("All dates"),
}


def grade_words(t: Translator, grade: str, *, meaning: bool = False) -> str:
    """A grade ("clear", "probable" or "open") in words, the same wherever one stands; `meaning`: as a sentence."""
    return t(GRADES[grade][meaning])


def gender_label(t: Translator, code: str) -> str:
    """The label of a gender, as in a table or a legend; an unknown code stands as it is."""
    return t(GENDERS.get(code, code))


def gender_people(t: Translator, code: str) -> str:
    """The people of a gender inside a sentence: "affecting women"."""
    return t(PEOPLE.get(code, code))


def kind_label(t: Translator, code: str) -> str:
    """The label of a kind of alert."""
    return t(KINDS.get(code, code))


def status_label(t: Translator, code: str) -> str:
    """The label of an alert's status."""
    return t(STATUSES.get(code, code))


def light_label(t: Translator, dark: bool) -> str:
    """After dark, or in daylight."""
    return t.c("light", "After dark") if dark else t.c("light", "In daylight")


def feeling_label(t: Translator, feeling: int) -> str:
    """The label of a feeling of safety from 1 to 5."""
    return t(FEELINGS.get(feeling, str(feeling)))


def provisional_note(t: Translator, *, outlined: bool = True) -> str:
    """What is to be known of a city whose profile was made from its first data, or of one without an outline."""
    if not outlined:
        return t("This city's profile is provisional: it comes from the first file and has no outline yet.")
    return t("This city's profile is provisional: it comes from the first file.")


def hour_label(hour: int) -> str:
    """An hour of the day as a clock shows it: 7 is 07:00, 24 is 00:00."""
    return f"{hour % 24:02d}:00"


def category_label(t: Translator, city: CityProfile, category: str) -> str:
    """The label of a category; one that the city's tree does not know stands under its own name."""
    if category == UNCATEGORISED:
        return t.c("category", "Not stated")
    known = city.categories.get(category)
    return t.label(known.labels) if known else category


def group_label(t: Translator, city: CityProfile, group: str) -> str:
    """The label of a group of categories; "" is the group of what the tree does not know."""
    if not group:
        return t.c("category group", "Other")
    return t.label(city.groups[group]) if group in city.groups else group


def district_label(t: Translator, city: CityProfile, district: str | None) -> str:
    """The label of a district; none is outside all districts."""
    if not district:
        return t.c("district", "Outside the districts")
    return next((t.label(area.labels) for area in city.districts if area.id == district), district)


def place_label(t: Translator, city: CityProfile, place: str | None) -> str:
    """The label of a named place; none is near no named place."""
    if not place:
        return t.c("place", "Near no named place")
    return next((t.label(mark.labels) for mark in city.landmarks if mark.id == place), place)


def period_label(t: Translator, period: str, *, by_month: bool = False) -> str:
    """The label of a preset period, where only months are known (`by_month`) without days; an unknown code stands as it
    is.
    """
    return t("Last month") if by_month and period == "28d" else t(PERIODS.get(period, period))


def dates_label(t: Translator, start: dt.date | None, end: dt.date | None) -> str:
    """A period with both, one or none of its ends."""
    if start and end:
        return t.span(Span(start, end))
    if start:
        return t("since {start}", start=start)
    return t("until {end}", end=end) if end else period_label(t, "all")


HEADINGS: Final[Mapping[str, Message]] = {
    "n": Message("Alerts"),
    "fewer_than": Message("Fewer than"),
    "cell": Message("Map cell"),
    "week": Message("Week"),
    "month": Message("Month"),
    "year": Message("Year"),
    "local_date": Message("Date"),
    "weekday": Message("Weekday"),
    "hour": Message("Hour"),
    "category": Message("Category"),
    "group": Message("Group of categories"),
    "kind": Message("Kind"),
    "district": Message("District"),
    "place": Message("Place"),
    "reporter_gender": Message("Gender of the reporter"),
    "affected_gender": Message("Gender of the person affected"),
    "age_band": Message("Age"),
    "dark": Message("Light"),
    "status": Message("Status"),
    "severity": Message("Severity"),
    "feeling": Message("Feeling of safety"),
    "land_km2": Message("Land (km²)"),
}


# What a column of an export can be, beyond the columns of counts.
ROLES: Final[Mapping[str, Message]] = {
    "alert_id": Message("Id of the alert"),
    "reported_at": Message("When it was reported"),
    "occurred_from": Message("When it happened, or began"),
    "occurred_to": Message("When it ended"),
    "more_categories": Message("Further categories"),
    "resolved_at": Message("When it was resolved"),
    "confirmations": Message("Confirmations by others"),
    "latitude": Message("Latitude"),
    "longitude": Message("Longitude"),
    "x": Message("x (easting in metres or feet)"),
    "y": Message("y (northing in metres or feet)"),
    "point": Message("Latitude and longitude in one"),
    "count": Message("How many events the row stands for"),
}


def column_label(t: Translator, column: str) -> str:
    """The heading of a column of counts; an unknown column stands as it is."""
    return t(HEADINGS[column]) if column in HEADINGS else column


def role_name(t: Translator, role: str) -> str:
    """What a column of an export holds; an unknown role stands as it is."""
    return t(ROLES[role]) if role in ROLES else column_label(t, role)


# How the values of a column of counts are written; those of any other column stand as they are.
_WRITTEN: Final[Mapping[str, Callable[[Translator, CityProfile, Any], str]]] = {
    "district": lambda t, city, value: district_label(t, city, value),
    "place": lambda t, city, value: place_label(t, city, value),
    "category": lambda t, city, value: category_label(t, city, str(value)),
    "group": lambda t, city, value: group_label(t, city, str(value)),
    "kind": lambda t, _, value: kind_label(t, value),
    "reporter_gender": lambda t, _, value: gender_label(t, value),
    "affected_gender": lambda t, _, value: gender_label(t, value),
    "status": lambda t, _, value: status_label(t, value),
    "age_band": lambda t, _, value: t(AGES.get(value, value)),
    "dark": lambda t, _, value: light_label(t, bool(value)),
    "weekday": lambda t, _, value: t.weekday(int(float(value))),
    "hour": lambda _, __, value: hour_label(int(float(value))),
    "severity": lambda t, _, value: t(SEVERITIES.get(int(float(value)), str(int(float(value))))),
    "feeling": lambda t, _, value: feeling_label(t, int(float(value))),
    "week": lambda t, _, value: t.date(value, "medium"),
    "month": lambda t, _, value: t.date(value, "LLLL y"),
    "local_date": lambda t, _, value: t.date(value, "medium"),
}


def value_label(t: Translator, city: CityProfile, column: str, value: object) -> str:
    """The label of a value in a column of counts; what is missing is said to be missing."""
    missing = value is None or value != value
    if missing and column not in ("district", "place"):
        return t("not known")
    return _WRITTEN[column](t, city, None if missing else value) if column in _WRITTEN else str(value)


def inline(label: str) -> str:
    """A label inside a sentence: its capital lowered, unless it is an acronym or a letter by itself."""
    return label[:1].lower() + label[1:] if len(label) > 1 and label[1].islower() else label


def on_a_map(name: str) -> str:
    """The name of a place beside its point: without the distance from a centre that ends it in a list.

    >>> on_a_map("Queen Street, 24 km west of the centre"), on_a_map("Bronx, Precinct 44")
    ('Queen Street', 'Bronx, Precinct 44')
    """
    return re.sub(r", \d[\d.,]*\s(?:km|m)\s.*$", "", name)


def listed(t: Translator, labels: Iterable[str], style: str = "or") -> str:
    """Labels in words, the first few named and the rest counted."""
    names = list(labels)
    if len(names) <= LISTED:
        return t.join(names, style)
    rest = len(names) - LISTED + 1
    return t.n("{names} and {n} more", "{names} and {n} more", rest, names=", ".join(names[: LISTED - 1]))


def format_label(t: Translator, name: str) -> str:
    """What a format is called."""
    if name == "guessed":
        return t("unknown: read from headings and values")
    return t("as set by hand") if name == "mapped" else FORMATS.get(name, name)
