"""Enriching stored alerts again after districts, categories, land or landmarks have changed."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curim_data.geo.enrichment import enrich
from curim_data.model import SCHEMA, CityProfile
from curim_data.model.reasons import Flag
from curim_data.store import Home, Store
from curim_data.store.matching import content_hashes


def reenrich_store(home: Home) -> int:
    """Enrich all stored alerts with the home's current profile, in one commit; returns how many there are."""
    city = home.city()
    return Store(home).rewrite(lambda alerts: reenriched(alerts, city), f"profile {city.version}")


def reenriched(alerts: pa.Table, city: CityProfile) -> pa.Table:
    """Alerts (`alert.SCHEMA`) with the columns, the version and the flags that belong to this profile."""
    fresh = enrich(alerts, city)
    profile = {
        Flag.OUTSIDE_CITY.value: [inside is False for inside in fresh["inside"].to_pylist()],
        Flag.UNKNOWN_CATEGORY.value: [
            any(name not in city.categories for name in (first, *(more or ())))
            for first, more in zip(fresh["category"].to_pylist(), fresh["more_categories"].to_pylist(), strict=True)
        ],
    }
    kept = ([flag for flag in flags or () if flag not in profile] for flags in fresh["flags"].to_pylist())
    flags = [
        [*old, *(flag for flag, raised in zip(profile, marks, strict=True) if raised)]
        for old, *marks in zip(kept, *profile.values(), strict=True)
    ]
    version = pa.array([city.version] * fresh.num_rows, pa.string())
    made = {
        "kind": _kinds(fresh, city),
        "flags": pa.array(flags, SCHEMA.field("flags").type),
        "profile_version": version,
    }
    for name, column in made.items():
        fresh = fresh.set_column(fresh.schema.get_field_index(name), SCHEMA.field(name), column)
    return fresh


def _kinds(alerts: pa.Table, city: CityProfile) -> Any:
    """The kinds of the city's category list; one that the source gave stays, as the hash of the content shows, and
    so does that of a category which the list does not hold."""
    more = pc.binary_join(alerts["more_categories"], "|")
    without = content_hashes(alerts, pa.nulls(alerts.num_rows, pa.string()), more)
    ids, kinds = pa.array(list(city.categories), pa.string()), [one.kind for one in city.categories.values()]
    listed = pa.array(kinds, pa.string()).take(pc.index_in(alerts["category"], ids))
    return pc.coalesce(pc.if_else(pc.equal(without, alerts["content_hash"]), listed, None), alerts["kind"])
