"""Street-level crime of data.police.uk (docs/formats/policeuk.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from curim_data.formats.base import HeaderReader, Recognition, fold
from curim_data.model import Kind, Status

NAME: Final = "policeuk"
DOCUMENTATION: Final = "docs/formats/policeuk.md"

_NEEDED: Final = (("month",), ("crime_type",), ("crime_id", "lsoa_code", "falls_within", "reported_by"))
_TELLING: Final = (
    "crime_id", "month", "reported_by", "falls_within", "longitude", "latitude", "location", "lsoa_code", "lsoa_name",
    "crime_type", "last_outcome_category",
)  # fmt: skip

_OFFENCES: Final = (
    "Bicycle theft", "Burglary", "Criminal damage and arson", "Drugs", "Other crime", "Other theft",
    "Possession of weapons", "Public disorder and weapons", "Public order", "Robbery", "Shoplifting",
    "Theft from the person", "Vehicle crime", "Violence and sexual offences", "Violent crime",
)  # fmt: skip
_KIND: Final = {fold("Anti-social behaviour"): Kind.INCIVILITY} | dict.fromkeys(map(fold, _OFFENCES), Kind.OFFENCE)

# The police recorded all of them: what is still at work is confirmed, what is closed, with or without a culprit,
# is resolved. An outcome says how a case ended, never that there was none, so that nothing is rejected.
_AT_WORK: Final = (
    "Under investigation", "Awaiting court outcome", "Suspect charged", "Defendant sent to Crown Court",
    "Court result unavailable", "Status update unavailable",
)  # fmt: skip
_CLOSED: Final = (
    "Investigation complete; no suspect identified", "Unable to prosecute suspect", "Local resolution",
    "Formal action is not in the public interest", "Further action is not in the public interest",
    "Further investigation is not in the public interest", "Action to be taken by another organisation",
    "Court case unable to proceed", "Suspect charged as part of another case", "Defendant found not guilty",
    "Offender given a caution", "Offender given a drugs possession warning", "Offender given penalty notice",
    "Offender given absolute discharge", "Offender given conditional discharge", "Offender given community sentence",
    "Offender given suspended prison sentence", "Offender sent to prison", "Offender fined",
    "Offender ordered to pay compensation", "Offender deprived of property", "Offender otherwise dealt with",
)  # fmt: skip
_STATUS: Final = dict.fromkeys(map(fold, _AT_WORK), Status.CONFIRMED) | dict.fromkeys(
    map(fold, _CLOSED), Status.RESOLVED
)


def recognise(labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:  # noqa: ARG001
    """Read a header. The month stands for the whole of it; anti-social behaviour has no id."""
    header = HeaderReader(labels)
    header.give("alert_id", "crime_id")
    header.give("occurred_from", "month")
    header.give("category", "crime_type")
    header.give("kind", "crime_type")
    header.give("status", "last_outcome_category")
    header.give("latitude", "latitude")
    header.give("longitude", "longitude")
    header.set_aside("text", "location", "context")
    header.set_aside("unused", "reported_by", "falls_within", "lsoa_code", "lsoa_name")
    return header.recognition(
        NAME,
        header.score(_NEEDED, _TELLING),
        words={"kind": _KIND, "status": _STATUS},
        kind=Kind.OFFENCE.value,
    )
