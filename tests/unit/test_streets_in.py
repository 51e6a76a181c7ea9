"""Streets that run through a shape, by the length that they have there."""

from __future__ import annotations

from dataclasses import replace

import shapely

import sample_data
from curim_data.model.city import Area, load_city, streets_in


def test_streets_come_by_their_length_in_the_shape() -> None:
    city = load_city(sample_data.PROFILE)
    lines = {
        "across": [(23.640, 37.945), (23.650, 37.945)],
        "corner": [(23.6449, 37.9440), (23.6449, 37.9452)],
        "far": [(23.60, 37.90), (23.61, 37.90)],
    }
    city = replace(city, streets=tuple(Area(name, {"en": name}, shapely.LineString(at)) for name, at in lines.items()))
    shape = shapely.box(23.6425, 37.9448, 23.6450, 37.9460)
    assert [street.id for street in streets_in(city, shape)] == ["across", "corner"]
    assert streets_in(replace(city, streets=()), shape) == ()


def test_a_street_on_the_edge_counts() -> None:
    city = load_city(sample_data.PROFILE)
    edge = Area("edge", {"en": "edge"}, shapely.LineString([(23.64255, 37.9440), (23.64255, 37.9470)]))
    city = replace(city, streets=(edge,))
    assert streets_in(city, shapely.box(23.6426, 37.9448, 23.6450, 37.9460)) == (edge,)
