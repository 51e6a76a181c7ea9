"""The report download of Ushahidi 2 and its plugin for exports (docs/formats/ushahidi2.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from curim_data.formats.base import HeaderReader, Part, Recognition
from curim_data.model import Kind, Status

NAME: Final = "ushahidi2"
DOCUMENTATION: Final = "docs/formats/ushahidi2.md"

_NUMBER: Final = ("#", "serial")
_NEEDED: Final = (_NUMBER, ("incident_date",), ("category",))
_TELLING: Final = ("incident_title", "incident_date", "location", "description", "category", "approved", "verified")

# Approved, verified. A report that nobody has approved yet is not rejected: it waits for a moderator.
_BOTH: Final = {
    "yes|yes": Status.CONFIRMED,
    "no|yes": Status.OPEN,
    "yes|no": Status.OPEN,
    "no|no": Status.OPEN,
    "yes": Status.OPEN,
    "no": Status.OPEN,
}
# Names are the deployment's own list, not free text, and may hold two languages.
_LONGEST: Final = 120
_VERIFIED: Final = {"yes": Status.CONFIRMED, "no": Status.OPEN}


def recognise(labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:  # noqa: ARG001
    """Read a header, in capitals or not."""
    header = HeaderReader(labels)
    header.give("alert_id", *_NUMBER)
    header.give("occurred_from", "incident_date")
    header.give("category", "category")
    header.give("latitude", "latitude")
    header.give("longitude", "longitude")
    status = header.found("approved", "verified")
    if status:
        header.roles["status"] = tuple(Part(place) for place in status)
    header.set_aside("text", "incident_title", "location", "description", "news_links", "news_link", "photos", "video")
    header.set_aside("personal", "first_name", "last_name", "email")
    return header.recognition(
        NAME,
        header.score(_NEEDED, _TELLING),
        words={"status": _BOTH if header.has("approved") else _VERIFIED},
        separators=(", ",),
        kind=Kind.RISK.value,
        longest=_LONGEST,
    )
