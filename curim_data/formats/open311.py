"""Service requests of Open311 GeoReport v2, as JSON, XML or CSV (docs/formats/open311.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from curim_data.formats.base import HeaderReader, Recognition
from curim_data.formats.fixmystreet import STATUS as FIXMYSTREET
from curim_data.model import Kind, Status

NAME: Final = "open311"
DOCUMENTATION: Final = "docs/formats/open311.md"

_NEEDED: Final = (("service_request_id",), ("requested_datetime",), ("service_name", "service_code"))
_TELLING: Final = (
    "service_request_id", "status", "service_name", "service_code", "requested_datetime", "updated_datetime", "lat",
)  # fmt: skip
# The standard has open and closed; servers behind it send their own words, most of all those of FixMyStreet.
_STATUS: Final = {
    **FIXMYSTREET,
    "acknowledged": Status.CONFIRMED,
    "confirmed": Status.CONFIRMED,
    "resolved": Status.RESOLVED,
    "completed": Status.RESOLVED,
    "canceled": Status.REJECTED,
    "cancelled": Status.REJECTED,
}


def recognise(labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:  # noqa: ARG001
    """Read the names of the elements of a request."""
    header = HeaderReader(labels)
    header.give("alert_id", "service_request_id")
    header.give("reported_at", "requested_datetime")
    header.give("category", "service_name", "service_code")
    header.give("status", "status")
    header.give("resolved_at", "closed_datetime", "closed_date")
    header.give("latitude", "lat", "latitude")
    header.give("longitude", "long", "lon", "lng", "longitude")
    header.set_aside("text", "description", "status_notes", "service_notice", "address", "media_url")
    header.set_aside("text", "address_id", "zipcode", "address_string")
    header.set_aside("unused", "agency_responsible", "expected_datetime", "updated_datetime", "service_code")
    header.set_aside("personal", "account_id", "first_name", "last_name", "email", "phone", "device_id")
    return header.recognition(
        NAME, header.score(_NEEDED, _TELLING), words={"status": _STATUS}, kind=Kind.INCIVILITY.value
    )
