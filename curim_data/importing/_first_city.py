"""The city of a home that has none yet: a provisional profile, made from the first file that is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from curim_data.importing.coordinates import sample_points
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.extract import ProfiledExport
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.lexicon import kind_of
from curim_data.model import CityProfile, FloatArray, ImportProblem, Kind, Message, Num, Question
from curim_data.model.absence import NO_OUTLINE
from curim_data.model.reasons import BY_NAMES, Choice
from curim_data.profile import provisional
from curim_data.profile.provisional import DENSEST, WHOLE, Spread, known_city, position
from curim_data.profile.versions import change_profile
from curim_data.store import Home, StoreError, interrupted, locked
from curim_data.store.home import copy_profile, replace_files

MOST_NAMED: Final = 6
NAMED, ANSWERED, AS_WRITTEN = "name", "answer", "file"


@dataclass(frozen=True)
class FirstCity:
    """The city that was made for a file; how far its alerts spread, and what of it was taken (`Answers.area`).

    `spread` is None for a city that was known. `kind`: of which kind the categories were taken to be (`Answers.kind`),
    None where nobody needs to be asked: the export says it, the city was known, or the file has no categories.
    `kinds`: names of the categories by the kind that each name says. `nature`: the kind of those whose names say none,
    as the file shows. `settled`: a person gave all of them one kind. `zone`: where the time zone of a
    city without an outline is from: "name", "answer", or "file" where nobody knows it.
    """

    city: CityProfile
    spread: Spread | None
    area: str
    kind: str | None = None
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nature: str = ""
    settled: bool = False
    zone: str = ""

    @property
    def decisions(self) -> tuple[Message, ...]:
        """What was decided about an area that is no city's, of which kind its categories were taken to be, and what a
        city without an outline lacks."""
        told = self.spread.decision(self.area) if self.spread is not None else None
        return (*(() if told is None else (told,)), *self._guessed, *self._lacking)

    @property
    def _lacking(self) -> tuple[Message, ...]:
        if self.city.outlined:
            return ()
        return (
            NO_OUTLINE,
            Message(_ZONES[self.zone].text, {"zone": self.city.timezone}),
            Message(
                "What can be given on the page Data or with “curim city”: districts, study area, residents by gender, "
                "named places, streets, categories and help lines."
            ),
        )

    @property
    def options(self) -> tuple[Message, ...]:
        """How the command line decides otherwise; the page has boxes for that."""
        area = self.spread.option(self.area) if self.spread is not None else None
        return (
            *(() if area is None else (area,)),
            *(
                (Message("--kind offence, --kind incivility or --kind risk gives all categories that kind."),)
                if self._guessed
                else ()
            ),
        )

    @property
    def _guessed(self) -> tuple[Message, ...]:
        return () if self.settled else tuple(_kinds(self.city, self.nature))


_GUESSED_KINDS: Final = {
    Kind.RISK: Message(
        "By their names, these categories were taken as dangers (accidents, unsafe places), not as offences: "
        "{categories}. If that is wrong, say so at the import, or correct it afterwards in the city profile on the "
        "page Data."
    ),
    Kind.INCIVILITY: Message(
        "By their names, these categories were taken as incivilities (noise, litter and the like), not as offences: "
        "{categories}. If that is wrong, say so at the import, or correct it afterwards in the city profile on the "
        "page Data."
    ),
    Kind.UNKNOWN: Message(
        "Neither their names nor the file say of which kind these categories are (danger, incivility or offence), so "
        "their kind is not known: {categories}. Say so at the import, or give it afterwards in the city profile on the "
        "page Data."
    ),
}


_ZONES: Final = {
    NAMED: Message(
        "Its time zone is {zone}, as its name says. If that is wrong, undo the import, give another one in the city "
        "profile, and import the file again."
    ),
    ANSWERED: Message("Its time zone is {zone}, as was answered."),
    AS_WRITTEN: Message(
        "Its name is not known, so its time zone is not either: times are kept as the file writes them, and whether it "
        "was dark is not known. To mend that, undo the import, give the time zone in the city profile, and import the "
        "file again."
    ),
}


def _kinds(city: CityProfile, nature: str) -> Iterator[Message]:
    """Of which kind the categories of a new city were taken to be, where their names alone said so; `nature`: the kind
    of the others, as the file shows, which its own sentence reports.
    """
    if not city.provisional:
        return
    by_kind: dict[str, list[str]] = {}
    silent: list[str] = []
    for one in city.categories.values():
        name = next(iter(one.labels.values()))
        said = kind_of(name)
        if said is None and one.kind != Kind.UNKNOWN:
            silent += [] if nature else [name]
            said = None if nature or one.kind == Kind.OFFENCE else Kind(one.kind)
        if said is not None or one.kind == Kind.UNKNOWN:
            by_kind.setdefault(one.kind, []).append(name)
    for kind, message in _GUESSED_KINDS.items():
        if by_kind.get(kind):
            yield Message(message.text, {"categories": _some(by_kind[kind])})
    if silent:
        yield Message(
            "The names of these categories say no kind; they were taken to be of the kind of all others in the file: "
            "{categories}.",
            {"categories": _some(silent)},
        )


def _some(names: Sequence[str]) -> str:
    """The first of many names, and a mark that there are more."""
    return ", ".join([*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])])


def provisional_city(profiled: ProfiledExport, work: Path, name: str, *, unnamed: bool = False) -> FirstCity:
    """Make a profile from the file's own points; it stays in the working folder until `adopt_city`.

    Of an area too large for a city the part that a person chose is taken, or `Spread.default`. A file without points
    makes a city without an outline, where it has a name; with `unnamed` (of a preview) without one too. ImportProblem
    where a circle was given and the city turns out to be one whose study area is known, and where there are neither
    points nor a name; Question where times have an offset and nobody knows the city's time zone.
    """
    request, profile = profiled.request, profiled.profile
    decisions, points = _points(profiled)
    constant = {decisions.category: profiled.rows} if decisions.category else {}
    categories: Mapping[str, int] = profile.values.get("category") or constant
    label = name or name_from_file(request.name)
    home = Home(work / interrupted.FIRST)
    spread = provisional.spread_of(points) if len(points) else None
    area = request.answers.area or (spread.default if spread is not None else WHOLE)
    within = spread.circle(area) if spread is not None else None
    layout = profiled.layout
    mapped = layout.kind if layout.format == MAPPED else None
    kind = request.answers.kind or mapped or BY_NAMES
    every = "" if kind == BY_NAMES else kind
    nature = layout.nature or (layout.kind if layout.format != MAPPED else None) or ""
    new = provisional.NewCity(points, categories, label, name or None, within, every, nature=nature)
    zone = ""
    if not len(points) and (name or unnamed):
        new, zone = _without_points(new, profiled, ask=not unnamed)
    city = provisional.ensure_city(home, new)
    if not city.provisional and request.answers.area not in (None, WHOLE, DENSEST):
        raise ImportProblem(
            Message(
                "The alerts are of {city}, whose study area is known already: leave out --area, or give the new city "
                "a name of its own with --city.",
                {"city": city.names.get("en", label)},
            )
        )
    if city.provisional and spread is not None and spread.several and request.answers.area is None and not unnamed:
        raise _several_cities(request.name, spread)
    told = "kind" in layout.roles or ((layout.kind or nature) and request.answers.kind is None)
    asked = city.provisional and bool(city.categories) and not told
    kinds = _kinds_by_names(categories, nature) if asked else {}
    shown = spread if city.provisional else None
    return FirstCity(city, shown, area, kind if asked else None, kinds, nature, bool(every), zone)


def _several_cities(name: str, spread: Spread) -> Question:
    """What a city is to be made of, where a first file holds several."""
    choices = [
        Choice(WHOLE, Message("All of it is one city")),
        Choice(DENSEST, Message("The densest area is the city; the other alerts count wherever no map is needed")),
    ]
    for one in spread.areas[1:]:
        share, radius = Num(100 * one.share, 0), Num(one.circle.radius_km, 0)
        told: dict[str, Any] = {"share": share, "radius": radius, "place": position(one.circle)}
        label = Message("{share} % of the alerts, within {radius} km of {place}.", told)
        choices.append(Choice(one.circle.word, label))
    values = {"name": name, "statement": spread.statement}
    return Question(
        "area",
        "--area",
        Message(
            "{name}: {statement} Say what the city is to be made of, and give each of the others a home of its own.",
            values,
        ),
        tuple(choices),
    )


def _without_points(
    new: provisional.NewCity, profiled: ProfiledExport, *, ask: bool
) -> tuple[provisional.NewCity, str]:
    """Time zone and place of a city of which only the name is known, and where they are from.

    Where the name says nothing, the times stay as they are written; those with an offset cannot, and are asked about.
    """
    known, answer = known_city(new.city or ""), profiled.request.answers.timezone
    place = (known.longitude, known.latitude) if known is not None else None
    if answer:
        zoned = known is not None and known.timezone == answer
        return replace(new, timezone=answer, place=place if zoned else None), ANSWERED
    if known is not None:
        return replace(new, timezone=known.timezone, place=place), NAMED
    epochs = (seen.seconds or seen.milliseconds for seen in profiled.profile.dates.values())
    offsets = (seen.timed and not seen.local for seen in profiled.profile.dates.values())
    if ask and (profiled.layout.utc or any(epochs) or any(offsets)):
        values = {"name": profiled.request.name, "city": new.city or new.name}
        raise Question(
            "timezone",
            "--timezone",
            Message(
                "{name}: its times are given with their offset from UTC, and the time zone of {city} is not known. "
                "Say which, such as Europe/Athens: otherwise hours and days would be those of UTC.",
                values,
            ),
        )
    return replace(new, timezone="UTC"), AS_WRITTEN


def _kinds_by_names(categories: Mapping[str, int], nature: str) -> dict[str, tuple[str, ...]]:
    """The names of categories by the kind that each name says, the kind of most categories first."""
    found: dict[str, list[str]] = {}
    for one in provisional.category_list(categories, nature=nature):
        found.setdefault(one.kind, []).extend(one.labels.values())
    return {kind: tuple(names) for kind, names in sorted(found.items(), key=lambda item: -len(item[1]))}


def name_from_file(file: str) -> str:
    """What a city is called until a person says better: the file's name in words, `a_b-c.csv.gz` as “A b c”."""
    stem = Path(file).name.partition(".")[0]
    words = re.sub(r"_+|-+(?=[^\W\d])", " ", stem).strip()
    return words[:1].upper() + words[1:] or stem


def with_outline(city: CityProfile, profiled: ProfiledExport, work: Path) -> CityProfile:
    """The city; one without an outline gets one where the file has points, in the working folder until `adopt_city`.

    Name, time zone, categories, help lines and what else it has stay.
    """
    if city.outlined:
        return city
    _, points = _points(profiled)
    home = profiled.request.home
    if not len(points) or home is None:
        return city
    made = Home(work / interrupted.FIRST)
    made.path.mkdir(parents=True, exist_ok=True)
    copy_profile(home.city_folder, made.city_folder)
    provisional.give_outline(made.city_folder, points)
    return made.city()


def _points(profiled: ProfiledExport) -> tuple[Decisions, FloatArray]:
    """What is decided without a city, and the longitudes and latitudes of the file's sample."""
    request, profile = profiled.request, profiled.profile
    decisions = decide(profile, profiled.layout, None, request.answers, request.name, request.now)
    return decisions, sample_points(profile, decisions.coordinates)


def adopt_city(home: Home, work: Path) -> None:
    """Give the home the city that was made for this file, or the outline that it got.

    StoreError where another import has given it another city.
    """
    made = Home(work / interrupted.FIRST)
    if not made.has_city():
        return
    if home.has_city() and not home.city().outlined:
        change_profile(home, lambda folder, _: replace_files(made.city_folder, folder), "land")
    else:
        with locked(home.path / "city.lock"):
            if not home.has_city():
                copy_profile(made.city_folder, home.city_folder)
    if home.city().version != made.city().version:
        raise StoreError(Message("Another import has just given this home its city. Import the file again."))
