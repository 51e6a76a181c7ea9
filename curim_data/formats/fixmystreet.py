"""The dashboard export of FixMyStreet (docs/formats/fixmystreet.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from curim_data.formats.base import HeaderReader, Layout, Recognition
from curim_data.model import Kind, Message, Status

NAME: Final = "fixmystreet"
DOCUMENTATION: Final = "docs/formats/fixmystreet.md"

_NEEDED: Final = (("report_id",), ("category",), ("created",), ("status",))
_TELLING: Final = (
    "report_id", "title", "detail", "user_name", "category", "created", "confirmed", "acknowledged", "fixed", "closed",
    "status", "latitude", "longitude", "report_url", "site_used", "reported_as",
)  # fmt: skip
_UPDATES: Final = ("report_id", "update_id", "problem_state")

# "confirmed" is what the site shows as open: its reporter has confirmed the address for mail, nobody the problem.
STATUS: Final = {
    "unconfirmed": Status.OPEN,
    "partial": Status.OPEN,
    "confirmed": Status.OPEN,
    "open": Status.OPEN,
    "investigating": Status.CONFIRMED,
    "planned": Status.CONFIRMED,
    "action_scheduled": Status.CONFIRMED,
    "in_progress": Status.CONFIRMED,
    "internal_referral": Status.CONFIRMED,
    "fixed": Status.RESOLVED,
    "fixed_council": Status.RESOLVED,
    "fixed_user": Status.RESOLVED,
    "closed": Status.RESOLVED,
    "unable_to_fix": Status.REJECTED,
    "no_further_action": Status.REJECTED,
    "not_responsible": Status.REJECTED,
    "duplicate": Status.REJECTED,
    "hidden": Status.REJECTED,
}


def recognise(labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:  # noqa: ARG001
    """Read a header, with or without subcategories and the columns that a site adds; updates are refused."""
    header = HeaderReader(labels)
    if all(header.has(heading) for heading in _UPDATES):
        return Recognition(
            Layout(NAME, {}),
            1.0,
            refused=Message(
                "{name}: these are updates to FixMyStreet reports, not the reports: they have no place and no "
                "category. Export the problems from the dashboard, not the updates, and import that file."
            ),
        )
    header.give("alert_id", "report_id")
    header.give("reported_at", "created")
    header.give("status", "status")
    header.give("latitude", "latitude")
    header.give("longitude", "longitude")
    header.give_first("category", header.found("subcategory", "category"))
    header.give_first("resolved_at", header.found("fixed", "closed"))
    header.set_aside("personal", "user_name", "device_type", "reported_as", "staff_user", "assigned_to")
    header.set_aside("text", "title", "detail", "query", "report_url")
    return header.recognition(
        NAME, header.score(_NEEDED, _TELLING), words={"status": STATUS}, kind=Kind.INCIVILITY.value
    )
