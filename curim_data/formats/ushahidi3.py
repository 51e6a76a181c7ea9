"""The post export of Ushahidi 3 and later (docs/formats/ushahidi3.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from curim_data.formats.base import HeaderReader, Part, Recognition, values
from curim_data.model import Kind, Status

NAME: Final = "ushahidi3"
DOCUMENTATION: Final = "docs/formats/ushahidi3.md"

_POSTED: Final = "post_date_(utc)"
_CREATED: Final = "created_(utc)"
_NEEDED: Final = (("post_id",), ("post_status",), (_POSTED, _CREATED))
_NATIVE: Final = ("post_id", "survey", "post_status", _CREATED, "updated_(utc)", _POSTED, "contact_id", "contact")
_STATUS: Final = {"published": Status.OPEN, "draft": Status.OPEN, "archived": Status.RESOLVED}
# Names are the deployment's own list, not free text, and may hold two languages.
_LONGEST: Final = 120
# How survey fields for categories are called, folded, in English, French, Spanish, German and Greek.
_TOPIC: Final = re.compile(r"(?:^|_)(?:categor|kategor|κατηγορ|tags?(?:_|$)|etiquet|ετικετ)")
_NUMBERED: Final = re.compile(r"\.\d+$")


def recognise(labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:
    """Read a header: native columns by name, those of the surveys by what their labels say."""
    header = HeaderReader(labels)
    header.give("alert_id", "post_id")
    header.give("status", "post_status")
    header.give_first("reported_at", header.found(_POSTED, _CREATED))
    pairs = _points(header, sample)
    header.give_first("latitude", [lat for lat, _ in pairs])
    header.give_first("longitude", [lon for _, lon in pairs])
    topics = [at for at, folded in enumerate(header.folded) if _is_topic(folded)] or header.found("survey")
    if topics:
        header.roles["category"] = tuple(Part(place) for place in topics)
    header.set_aside("personal", "contact_id", "contact", "data_source_id")
    header.set_aside("text", "unstructured_description")
    return header.recognition(
        NAME,
        header.score(_NEEDED, _NATIVE),
        words={"status": _STATUS},
        separators=(", ",),
        kind=Kind.RISK.value,
        longest=_LONGEST,
        utc=True,
        skip_hxl=True,
    )


def _is_topic(folded: str) -> bool:
    return folded not in _NATIVE and bool(_TOPIC.search(_NUMBERED.sub("", folded)))


def _points(header: HeaderReader, sample: pa.Table | None) -> list[tuple[int, int]]:
    """The places of latitude and longitude of every point field, the one that most posts fill first."""
    ends: dict[str, list[int]] = {}
    pairs: list[tuple[int, int]] = []
    for place, folded in enumerate(header.folded):
        if folded.endswith(".lat"):
            ends.setdefault(folded.removesuffix(".lat"), []).append(place)
        elif folded.endswith(".lon") and ends.get(folded.removesuffix(".lon")):
            pairs.append((ends[folded.removesuffix(".lon")].pop(0), place))
    return sorted(pairs, key=lambda pair: (-len(values(sample, pair[0])), pair))
