"""The city of a home that has none yet: a provisional profile, made from the first file that is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from curim_data.importing.coordinates import sample_points
from curim_data.importing.decisions import decide
from curim_data.importing.extract import ProfiledExport
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.model import CityProfile, ImportProblem, Kind, Message
from curim_data.model.questions import BY_NAMES
from curim_data.profile import provisional
from curim_data.profile.spread import DENSEST, WHOLE, Spread
from curim_data.store import Home, StoreError, interrupted, locked
from curim_data.store.home import copy_profile

MOST_NAMED: Final = 6


@dataclass(frozen=True)
class FirstCity:
    """The city that was made for a file; how far its alerts spread, and what of it was taken (`Answers.area`).

    `spread` is None for a city that was known. `kind`: of which kind the categories were taken to be (`Answers.kind`),
    None where nobody needs to be asked: the export says it, the city was known, or the file has no categories.
    `kinds`: names of the categories by the kind that each name says.
    """

    city: CityProfile
    spread: Spread | None
    area: str
    kind: str | None = None
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def decisions(self) -> tuple[Message, ...]:
        """What was decided about an area that is no city's, and of which kind its categories were taken to be."""
        told = self.spread.decision(self.area) if self.spread is not None else None
        return (*(() if told is None else (told,)), *self._guessed)

    @property
    def options(self) -> tuple[Message, ...]:
        """How the command line decides otherwise; the page has boxes for that."""
        area = self.spread.option(self.area) if self.spread is not None else None
        return (*(() if area is None else (area,)), *((_KIND_OPTION,) if self._guessed else ()))

    @property
    def _guessed(self) -> tuple[Message, ...]:
        return tuple(_kinds(self.city)) if self.kind in (None, BY_NAMES) else ()


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
}


_KIND_OPTION: Final = Message("--kind offence, --kind incivility or --kind risk gives all categories that kind.")


def _kinds(city: CityProfile) -> Iterator[Message]:
    """Of which kind the categories of a new city were taken to be, where their names alone said so."""
    for kind, message in _GUESSED_KINDS.items() if city.provisional else ():
        names = [next(iter(one.labels.values())) for one in city.categories.values() if one.kind == kind]
        if names:
            more = ["…"] if len(names) > MOST_NAMED else []
            yield Message(message.text, {"categories": ", ".join([*names[:MOST_NAMED], *more])})


_KNOWN_CITY: Final = Message(
    "The alerts are of {city}, whose study area is known already: leave out --area, or give the new city a name of its "
    "own with --city."
)


def provisional_city(profiled: ProfiledExport, work: Path, name: str) -> FirstCity:
    """Make a profile from the file's own points; it stays in the working folder until `adopt_city`.

    Of an area too large for a city the part that a person chose is taken, or `Spread.default`. ImportProblem where a
    circle was given and the city turns out to be one whose study area is known.
    """
    request, profile = profiled.request, profiled.profile
    decisions = decide(profile, profiled.layout, None, request.answers, request.name, request.now)
    points = sample_points(profile, decisions.coordinates)
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
    new = provisional.NewCity(points, categories, label, name or None, within, every)
    city = provisional.ensure_city(home, new)
    if not city.provisional and request.answers.area not in (None, WHOLE, DENSEST):
        raise ImportProblem(Message(_KNOWN_CITY.text, {"city": city.names.get("en", label)}))
    told = "kind" in layout.roles or (layout.kind is not None and request.answers.kind is None)
    asked = city.provisional and bool(city.categories) and not told
    kinds = _kinds_by_names(categories) if asked else {}
    return FirstCity(city, spread if city.provisional else None, area, kind if asked else None, kinds)


def _kinds_by_names(categories: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """The names of categories by the kind that each name says, the kind of most categories first."""
    found: dict[str, list[str]] = {}
    for one in provisional.category_list(categories):
        found.setdefault(one.kind, []).extend(one.labels.values())
    return {kind: tuple(names) for kind, names in sorted(found.items(), key=lambda item: -len(item[1]))}


def name_from_file(file: str) -> str:
    """What a city is called until a person says better: the file's name in words, `a_b-c.csv.gz` as “A b c”."""
    stem = Path(file).name.partition(".")[0]
    words = re.sub(r"_+|-+(?=[^\W\d])", " ", stem).strip()
    return words[:1].upper() + words[1:] or stem


def adopt_city(home: Home, work: Path) -> None:
    """Give the home the city that was made for this file. StoreError where another import has given it another one."""
    made = Home(work / interrupted.FIRST)
    if made.has_city():
        with locked(home.path / "city.lock"):
            if not home.has_city():
                copy_profile(made.city_folder, home.city_folder)
        if home.city().version != made.city().version:
            raise StoreError(Message("Another import has just given this home its city. Import the file again."))
