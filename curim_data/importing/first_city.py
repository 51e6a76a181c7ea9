"""What a file teaches about its city: a provisional profile for a home that has none, and names of positions.

Names are learnt on the way from columns that name places (streets, neighbourhoods, numbered districts): only the
heading's meaning, the name without house number, the map cell and a count are kept, of names that recur in columns of
names. What is kept names hot spots (`model.place_names`); nothing is counted by it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats.base import Layout, fold
from curim_data.formats.columns import distinct
from curim_data.importing.coordinates import sample_points
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.extract import ProfiledExport
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.lexicon import kind_of
from curim_data.lexicon.words import (
    AREA_HEADINGS,
    BEFORE,
    COMPASS,
    NO_PLACE,
    NUMBERED_HEADINGS,
    SMALL_WORDS,
    STREET_HEADINGS,
)
from curim_data.model import (
    BY_NAMES,
    NO_OUTLINE,
    Block,
    Choice,
    CityProfile,
    FloatArray,
    ImportProblem,
    Kind,
    Message,
    Num,
    Question,
)
from curim_data.model.labels import KINDS
from curim_data.model.place_names import AREA, COLUMNS, RESOLUTION, STREET, PlaceNames
from curim_data.profile import provisional
from curim_data.profile.provisional import DENSEST, WHOLE, DenseArea, Spread, known_city, position
from curim_data.profile.versions import change_profile
from curim_data.store import Home, StoreError, alert_table, locked
from curim_data.store.home import copy_profile, replace_files

MOST_NAMED: Final = 6


@dataclass(frozen=True)
class FirstCity:
    """The city that was made for a file; how far its alerts spread, and what of it was taken (`Answers.area`).

    `spread` is None for a city that was known. `kind`: of which kind the categories were taken to be (`Answers.kind`),
    None where nobody needs to be asked: the export says it, the city was known, or the file has no categories.
    `kinds`: names of the categories by the kind that each name says. `decisions`: what was decided about an area that
    is no city's, of which kind its categories were taken to be, and what a city without an outline lacks.
    """

    city: CityProfile
    spread: Spread | None
    area: str
    kind: str | None
    kinds: Mapping[str, tuple[str, ...]]
    decisions: tuple[Message, ...]

    def questions(self, name: str, names: Mapping[str, Sequence[str]]) -> Iterator[Question]:
        """What may be said better of the city; `name`: of the file; `names`: what it calls its dense areas."""
        if self.spread is not None and self.spread.asks:
            yield _area_question(name, self.spread, self.area, names)
        if self.kind is not None:
            told = [
                Message(_OF_KIND.text, {"kind": KINDS[kind], "names": _listed(some)})
                for kind, some in self.kinds.items()
            ]
            together = reduce(
                lambda first, second: Message("{first} {second}", {"first": first, "second": second}), told
            )
            choices = (
                Choice(BY_NAMES, Message("As their names say. {kinds}", {"kinds": together})),
                *(Choice(one.value, KINDS[one]) for one in (Kind.OFFENCE, Kind.INCIVILITY, Kind.RISK, Kind.UNKNOWN)),
            )
            yield Question("kind", "--kind", KIND_QUESTION, choices, self.kind)


KIND_QUESTION: Final = Message("The export does not say of which kind its categories are. Which is it?")
_OF_KIND: Final = Message("{kind}: {names}")


def _listed(names: Sequence[str]) -> str:
    """Names of categories, a few where there are many."""
    return ", ".join([*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])])


_BY_NAME: Final = Message(
    "By their names, these categories were taken as “{kind}”: {categories}. If that is wrong, say so at the import, or "
    "correct it afterwards in the city profile on the page Data."
)
# By kind; "": those that were taken to be of the kind of all others.
_GUESSED_KINDS: Final = {
    Kind.RISK: _BY_NAME,
    Kind.INCIVILITY: _BY_NAME,
    Kind.UNKNOWN: Message(
        "Neither their names nor the file say of which kind these categories are (danger, incivility or offence), so "
        "their kind is not known: {categories}. Say so at the import, or give it afterwards in the city profile on the "
        "page Data."
    ),
    "": Message(
        "The names of these categories say no kind; they were taken to be of the kind of all others in the file: "
        "{categories}."
    ),
}


# Where a city without an outline has its time zone from the file alone, and where its name or an answer gave one.
_NO_ZONE: Final = Message(
    "Its name is not known, so its time zone is not either: times are kept as the file writes them, and whether it was "
    "dark is not known. To mend that, undo the import, give the time zone in the city profile, and import the file "
    "again."
)
_ZONE: Final = Message(
    "Its time zone is {zone}. If that is wrong, undo the import, give another one in the city profile, and import the "
    "file again."
)


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
        if names := by_kind.get(kind) if kind else silent:
            yield Message(message.text, {"categories": _listed(names), "kind": KINDS[kind] if kind else ""})


def provisional_city(profiled: ProfiledExport, work: Path, name: str, *, unnamed: bool = False) -> FirstCity:
    """Make a profile from the file's own points; it stays in the working folder until `adopt_city`.

    Of an area too large for a city the part that a person chose is taken, or `Spread.default`. A file without points
    makes a city without an outline, where it has a name; with `unnamed` (of a preview) without one too. ImportProblem
    where a circle was given and the city turns out to be one whose study area is known, and where there are neither
    points nor a name; Question where times have an offset and nobody knows the city's time zone.
    """
    request, profile = profiled.request, profiled.profile
    decisions, points = _points(profiled)
    categories: Mapping[str, int] = profile.values.get("category") or (
        {decisions.category: profiled.rows} if decisions.category else {}
    )
    label = name or name_from_file(request.name)
    home = Home(work / alert_table.FIRST)
    spread = provisional.spread_of(points) if len(points) else None
    area = request.answers.area or (spread.default if spread is not None else WHOLE)
    within = spread.circle(area) if spread is not None else None
    layout = profiled.layout
    kind = request.answers.kind or (layout.kind if layout.format == MAPPED else None) or BY_NAMES
    every = "" if kind == BY_NAMES else kind
    nature = layout.nature or (layout.kind if layout.format != MAPPED else None) or ""
    new = provisional.NewCity(points, categories, label, name or None, within, every, nature=nature)
    zoned = False
    if not len(points) and (name or unnamed):
        new, zoned = _without_points(new, profiled, ask=not unnamed)
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
        raise _area_question(request.name, spread, None, {})
    told = "kind" in layout.roles or ((layout.kind or nature) and request.answers.kind is None)
    asked = city.provisional and bool(city.categories) and not told
    shown = spread if city.provisional else None
    return FirstCity(
        city,
        shown,
        area,
        kind if asked else None,
        _kinds_by_names(categories, nature) if asked else {},
        (
            *filter(None, [shown.decision(area) if shown else None]),
            *(() if every else _kinds(city, nature)),
            *(() if city.outlined else _lacking(city, zoned=zoned)),
        ),
    )


def _lacking(city: CityProfile, *, zoned: bool) -> Iterator[Message]:
    """What a city without an outline lacks; `zoned`: whether its name or an answer gave its time zone."""
    yield NO_OUTLINE
    yield Message((_ZONE if zoned else _NO_ZONE).text, {"zone": city.timezone})


def _area_question(name: str, spread: Spread, area: str | None, names: Mapping[str, Sequence[str]]) -> Question:
    """What a city is to be made of, where a first file spreads farther; `names`: what the file calls its dense areas.

    Where it holds several cities there is no default.
    """

    def told(one: DenseArea) -> dict[str, Any]:
        called = ", ".join(names.get(one.circle.word, ()))
        place = f"{position(one.circle)} ({called})" if called else position(one.circle)
        return {"share": Num(100 * one.share, 0), "radius": Num(one.circle.radius_km, 0), "place": place}

    densest, *others = spread.areas
    around = Message("{share} % of the alerts, within {radius} km of {place}.")
    choices = (
        Choice(
            DENSEST,
            Message(
                "The densest area: {share} % of the alerts, within {radius} km of {place}. Only these count; the "
                "others are kept and count in no total.",
                told(densest),
            ),
        ),
        Choice(WHOLE, Message("All of it, in map cells of {metres} m or more.", {"metres": round(spread.cell_m)})),
        *(Choice(one.circle.word, Message(around.text, told(one))) for one in others),
    )
    asked = Message(
        "{name}: {statement} What is the city to be made of?", {"name": name, "statement": spread.statement}
    )
    return Question("area", "--area", asked, choices, None if spread.several else area)


def _without_points(
    new: provisional.NewCity, profiled: ProfiledExport, *, ask: bool
) -> tuple[provisional.NewCity, bool]:
    """Time zone and place of a city of which only the name is known, and whether the name or an answer gave them.

    Where the name says nothing, the times stay as they are written; those with an offset cannot, and are asked about.
    """
    known, answer = known_city(new.city or ""), profiled.request.answers.timezone
    place = (known.longitude, known.latitude) if known is not None else None
    if answer:
        zoned = known is not None and known.timezone == answer
        return replace(new, timezone=answer, place=place if zoned else None), True
    if known is not None:
        return replace(new, timezone=known.timezone, place=place), True
    known_moments = any(
        seen["seconds"] or seen["milliseconds"] or (seen["timed"] and not seen["local"])
        for seen in profiled.profile.dates.values()
    )
    if ask and (profiled.layout.utc or known_moments):
        raise Question(
            "timezone",
            "--timezone",
            Message(
                "{name}: its times are given with their offset from UTC, and the time zone of {city} is not known. "
                "Say which, such as Europe/Athens: otherwise hours and days would be those of UTC.",
                {"name": profiled.request.name, "city": new.city or new.name},
            ),
        )
    return replace(new, timezone="UTC"), False


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
    made = Home(work / alert_table.FIRST)
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
    made = Home(work / alert_table.FIRST)
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


LEAST_NAME: Final = 5  # alerts of one file that a name has at least
LEAST_CELL: Final = 3  # alerts with the name in a cell
MOST_RECUR: Final = 0.5  # share of a column's filled rows that names which recur have at least
LONGEST: Final = 40  # letters of a name
MOST_WORDS: Final = 6  # of a name: more are a sentence
MOST_KEPT: Final = 400_000  # pairs of name and cell of a column, before those seen once are let go
MOST_AREAS: Final = 1500  # names of an area column: more are addresses

_HOUSE_BEFORE: Final = re.compile(
    r"^\s*(?:[\dX]+[\dX\-/]*[A-Z]?|\d+-\d+)\s+(?=\D|\d+(?:ST|ND|RD|TH)?\s)", re.IGNORECASE
)
_HOUSE_AFTER: Final = re.compile(r"[\s,]+(?:n[uú]m\.?|n[ºo°]\.?|αρ\.?)?\s*\d+\s*[A-Za-zΑ-Ωα-ω]?$", re.IGNORECASE)
_GENITIVE: Final = re.compile(r"(?<=[^\W\dA-Z])(['’])S\b")  # exports of the police in England write "St Andrew'S"
_NO_NAME: Final = re.compile(r"\d{5}|\d[ .-]\d{3}|[@<>{}=|?!_]")  # an address of mail, a telephone, a sentence, a code
_NUMBER: Final = re.compile(r"^0*(\d{1,4})(?:\.0+)?$")


class PlaceColumns:
    """Gathers the names of a file's columns block by block; memory grows with the city, not with the file."""

    def __init__(self, labels: Sequence[str], layout: Layout, *, outside: bool = False) -> None:
        """`outside`: names of positions outside the city are gathered too."""
        self._outside, self._labels = outside, tuple(labels)
        known, taken = AREA_HEADINGS | STREET_HEADINGS | set(NUMBERED_HEADINGS), {*layout.places, *layout.personal}
        headings = {place: re.sub(r"\W+", "_", fold(label)) for place, label in enumerate(labels) if place not in taken}
        self._headings = {place: heading for place, heading in headings.items() if heading in known}
        self._pairs = {place: Counter[tuple[str, int]]() for place in self._headings}  # alerts by name and cell
        self._filled = Counter[int]()
        self._name = lru_cache(maxsize=MOST_KEPT)(place_name)  # gone with the import: cells may hold addresses

    def add(self, block: Block, alerts: pa.Table) -> None:
        """Take the names of the rows that became `alerts` (columns row, cell_9, cell_10, inside)."""
        known = np.asarray(pc.is_valid(alerts["cell_10"]), bool)
        if not self._outside:
            known &= np.asarray(pc.fill_null(alerts["inside"], False), bool)
        at = np.searchsorted(block.rows, alerts["row"].to_numpy())[known]
        for place, heading in self._headings.items() if len(at) else ():
            kind = STREET if heading in STREET_HEADINGS else AREA
            cells = pc.filter(alerts[f"cell_{RESOLUTION[kind]}"], pa.array(known)).to_numpy().astype(np.int64)
            codes, raw = distinct(block.table.column(place))
            given = np.array([bool(text.strip()) for text in raw], bool)[codes[at]]
            self._filled[place] += int(given.sum())
            pairs, counts = np.unique(np.column_stack([codes[at], cells])[given], axis=0, return_counts=True)
            for (code, cell), n in zip(pairs.tolist(), counts.tolist(), strict=True):
                if name := self._name(raw[code], street=kind == STREET):
                    self._pairs[place][name, cell] += n
            if len(self._pairs[place]) > MOST_KEPT:
                self._pairs[place] = Counter({pair: n for pair, n in self._pairs[place].items() if n > 1})

    def names(self) -> tuple[PlaceNames, tuple[str, ...]]:
        """What was learnt: the streets, the finest column of areas, and the finest column of numbered ones; and the
        headings of the columns that gave them."""
        best: dict[str, tuple[int, pd.DataFrame, str]] = {}
        for place, heading in self._headings.items():
            pairs, filled = self._pairs[place], self._filled[place]
            numbers = sum(n for (name, _), n in pairs.items() if name.isdigit()) > filled / 2
            kind = NUMBERED_HEADINGS.get(heading) if numbers else AREA
            kind = STREET if heading in STREET_HEADINGS else kind
            table = _recurring(pairs, filled, kind, numbers=numbers) if kind else None
            n, group = (0 if table is None else table["name"].nunique()), kind if kind in (STREET, AREA) else ""
            if table is not None and (kind == STREET or n <= MOST_AREAS) and n > best.get(group, (0,))[0]:
                best[group] = n, table, self._labels[place]
        if not best:
            return PlaceNames(), ()
        kept = [best[group] for group in (STREET, AREA, "") if group in best]
        table = pd.concat([table for _, table, _ in kept], ignore_index=True)
        return PlaceNames(table[list(COLUMNS)]), tuple(label for *_, label in kept)


def place_name(text: str, *, street: bool) -> str:
    """The name in a cell of such a column, "" where it holds none.

    >>> place_name("On or near Star Yard", street=True), place_name("11XX BURNABY ST", street=True)
    ('Star Yard', 'Burnaby St')
    >>> place_name("CTRA. DEHESA DE LA VILLA, 1", street=True), place_name("Camden 028B", street=False)
    ('Ctra. Dehesa de la Villa', 'Camden')
    >>> place_name("254 STREET", street=True), place_name("2.0", street=False), place_name("a@b.gr", street=True)
    ('254 Street', '2', '')
    >>> place_name("On or near St Andrew'S Street", street=True)
    "St Andrew's Street"
    """
    text = " ".join(text.split())
    number = _NUMBER.match(text)
    if number and not street:
        return number[1]
    for word in BEFORE:
        if text.lower().startswith(word):
            text = text[len(word) :]
    if street:
        text = _without_house(re.split(r"\s+/\s+|;", text)[0])
        text = next((part.strip() for part in text.split(",") if part.strip()), "")
    else:
        text = re.sub(r"\s+\d{3}[A-Z]$", "", text)
    if fold(text) in NO_PLACE or not 2 <= len(text) <= LONGEST or len(text.split()) > MOST_WORDS:
        return ""
    if not any(letter.isalpha() for letter in text) or _NO_NAME.search(text):
        return ""
    return _capitals(text) if text == text.upper() else _GENITIVE.sub(r"\1s", text)


def _without_house(text: str) -> str:
    """A street without the number of a house or a block; what would be left without a name keeps it."""
    rest = _HOUSE_BEFORE.sub("", text).strip(" ,")
    text = rest if len(rest.split()) > 1 else text
    return _HOUSE_AFTER.sub("", text).strip(" ,") or text


def _capitals(text: str) -> str:
    """Words in capitals as a name is written; the points of the compass stay."""
    return " ".join(
        word.upper()
        if word in COMPASS
        else word
        if at and word in SMALL_WORDS
        else "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
        for at, word in enumerate(text.lower().split(" "))
    )


def _recurring(pairs: Counter[tuple[str, int]], filled: int, kind: str, *, numbers: bool) -> pd.DataFrame | None:
    """The names of a column that recur, by cell; None where most of its rows hold something else."""
    totals: Counter[str] = Counter()
    for (name, _), n in pairs.items():
        if name.isdigit() == numbers:
            totals[name] += n
    kept = {name for name, n in totals.items() if n >= LEAST_NAME}
    if not kept or sum(totals[name] for name in kept) < MOST_RECUR * filled:
        return None
    rows = [(kind, name, cell, n) for (name, cell), n in pairs.items() if name in kept and n >= LEAST_CELL]
    return pd.DataFrame(rows, columns=list(COLUMNS)) if rows else None
