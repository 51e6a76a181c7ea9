"""Reports of Safecity: the spreadsheet with a column a category, and the list (docs/formats/safecity.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from curim_data.formats.base import HeaderReader, Part, Recognition, fold, values
from curim_data.model import Kind

NAME: Final = "safecity"
DOCUMENTATION: Final = "docs/formats/safecity.md"

_CATEGORIES: Final = (
    "Catcalls/Whistles", "Commenting", "Sexual Invites", "Ogling/Facial Expressions/Staring", "Taking Pictures",
    "Indecent Exposure", "Touching/Groping", "Stalking", "Rape/Sexual Assault", "Chain Snatching",
    "Chain Snatching/Robbery", "Poor/No Street Lighting", "Online Harassment", "Domestic Violence",
    "North East India Report", "Human Trafficking", "Others",
)  # fmt: skip
_FEWEST_FLAGS: Final = 4
_GROUP: Final = re.compile(r"(?:verbal|physical)(?:_abuse)?$")
_FLAG_VALUES: Final = frozenset({"0", "1", "0.0", "1.0", "yes", "no", "y", "n", "true", "false"})

_LIST_NEEDED: Final = (("incident_id",), ("date",), ("tags",))
_LIST: Final = ("incident_id", "title", "short_desc", "date", "location", "tags", "lat", "lon", "geom")
_SHEET: Final = ("incident_id", "incident_title", "date", "time", "description", "location", "latitude", "longitude")
_REGIONS: Final = ("geom", "locality", "town", "state", "country", "", "unnamed:_0")
_CODES: Final = ("country_code", "city_code", "area_code", "locality_code")


def recognise(labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:
    """Read either header."""
    header = HeaderReader(labels)
    flags = _flags(header, sample)
    header.give("alert_id", "incident_id")
    header.give("latitude", "latitude", "lat")
    header.give("longitude", "longitude", "lon")
    header.set_aside("text", "incident_title", "title", "short_desc", "description", "location", "area", "city")
    header.set_aside("unused", *_REGIONS, *_CODES)
    if not header.has("tags"):
        header.give("occurred_from", "date", part="date")
        header.give("occurred_from", "time", part="time")
        if flags:
            header.roles["category"] = tuple(Part(place, "flag") for place in flags)
        score = header.score((("incident_id",), ("date",)), _SHEET) if len(flags) >= _FEWEST_FLAGS else 0.0
        return header.recognition(NAME, score, kind=Kind.OFFENCE.value)
    header.give("occurred_from", "date")
    header.give("category", "tags")
    return header.recognition(
        NAME,
        header.score(_LIST_NEEDED, _LIST),
        separators=(", ",),
        kind=Kind.OFFENCE.value,
        missing=frozenset({"0"}),
    )


def _key(label: str) -> str:
    return re.sub(r"[^a-z]", "", fold(label))


def _flags(header: HeaderReader, sample: pa.Table | None) -> list[int]:
    """The columns of yes and no: those of known categories, and others between description and the groups.

    Kinds of categories were added over the years, so that place and values tell as much as the names.
    """
    known = {_key(category) for category in _CATEGORIES}
    flags = [place for place, label in enumerate(header.labels) if _key(label) in known]
    if len(flags) < _FEWEST_FLAGS:
        return flags
    first = max([at + 1 for at in header.places("description") if at < min(flags)], default=min(flags))
    groups = [at for at, folded in enumerate(header.folded) if _GROUP.search(folded) and at > max(flags)]
    between = range(first, min(groups, default=max(flags) + 1))
    return sorted({*flags, *(place for place in between if _is_flag(sample, place))})


def _is_flag(sample: pa.Table | None, place: int) -> bool:
    seen = {value.casefold() for value in values(sample, place)}
    return bool(seen) and seen <= _FLAG_VALUES
