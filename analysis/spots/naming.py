"""What a hot spot is called: the nearest landmark, and a number where several share it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from analysis.spots.identity import KnownPlace, match_places
from curim_data.model import LANGUAGES, CityProfile, FloatArray, Translator, translator

# A landmark farther away than this many of its radii does not help a reader to find the place.
FAR: Final = 4


class Placed(Protocol):
    """What can be named: an id and a point (WGS84)."""

    @property
    def id(self) -> str:
        """What tells it from others."""

    @property
    def longitude(self) -> float:
        """Degrees east."""

    @property
    def latitude(self) -> float:
        """Degrees north."""


@dataclass(frozen=True)
class SpotName:
    """A name for readers: the landmark within reach, "near" it when it lies farther, a number where several share it.

    `place` is the landmark's id, empty where none is near; `number` counts within the landmark, or over all unnamed.
    """

    place: str
    labels: Mapping[str, str]
    near: bool = False
    number: int = 1

    def __call__(self, t: Translator) -> str:
        """The name in the reader's language."""
        if not self.place:
            return t("Place {number}", number=self.number)
        name = t.label(self.labels)
        if self.near:
            name = t("Near: {landmark}", landmark=name)
        return name if self.number == 1 else t("{landmark}, {number}", landmark=name, number=self.number)

    @property
    def by_language(self) -> dict[str, str]:
        """The name in every language."""
        return {lang: self(translator(lang)) for lang in LANGUAGES}


def name_spot(longitude: float, latitude: float, city: CityProfile) -> SpotName:
    """Name a point (WGS84) after the nearest landmark: relative to its radius, so that a large one reaches farther."""
    return _named(_reaches([longitude], [latitude], city)[0], city)


def _named(reach: FloatArray, city: CityProfile) -> SpotName:
    """The name of a point by how far it lies from each landmark."""
    nearest = int(reach.argmin()) if len(reach) else 0
    if not len(reach) or reach[nearest] > FAR:
        return SpotName("", {})
    mark = city.landmarks[nearest]
    return SpotName(mark.id, mark.labels, near=bool(reach[nearest] > 1))


def name_spots(spots: Iterable[Placed], city: CityProfile, places: Sequence[KnownPlace] = ()) -> dict[str, SpotName]:
    """Name spots by their id; the second at a landmark gets the number 2.

    `places`: known ones (`analysis.spots.identity`), whose names and numbers stay with them whatever filter finds them.
    The others are numbered after those, the nearest to the landmark first among known places, else in their order.
    """
    given: list[Any] = list(spots)
    pairs = match_places([spot for spot in given if hasattr(spot, "cells")], places) if places else {}
    seen: Counter[tuple[str, bool]] = Counter()
    all_of = [*places, *given]
    reaches = _reaches([spot.longitude for spot in all_of], [spot.latitude for spot in all_of], city)
    taken = [_numbered(_named(reach, city), seen) for reach in reaches[: len(places)]]
    with_cells = [position for position, spot in enumerate(given) if hasattr(spot, "cells")]
    names = {given[with_cells[one]].id: taken[other] for one, other in pairs.items()}
    of = {spot.id: reach for spot, reach in zip(given, reaches[len(places) :], strict=True)}
    new = [spot for spot in given if spot.id not in names]
    if places:
        new.sort(key=lambda spot: (of[spot.id].min(initial=np.inf), spot.id))
    for spot in new:
        names[spot.id] = _numbered(_named(of[spot.id], city), seen)
    return {spot.id: names[spot.id] for spot in given}


def _numbered(name: SpotName, seen: Counter[tuple[str, bool]]) -> SpotName:
    """The name with the next number at its landmark."""
    seen[name.place, name.near] += 1
    return SpotName(name.place, name.labels, name.near, seen[name.place, name.near])


def _reaches(longitude: Sequence[float], latitude: Sequence[float], city: CityProfile) -> FloatArray:
    """How far points lie from each landmark, in radii of that landmark: shape (points, landmarks)."""
    if not city.landmarks:
        return np.empty((len(longitude), 0))
    x, y = city.project(longitude, latitude)
    at, radius = city.landmarks_metres, [mark.radius for mark in city.landmarks]
    reaches: FloatArray = np.hypot(x[:, None] - at[:, 0], y[:, None] - at[:, 1]) / radius
    return reaches
