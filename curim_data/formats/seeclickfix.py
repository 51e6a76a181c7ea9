"""Issues of SeeClickFix: the API's JSON, tables made of it, and the export for cities (docs/formats/seeclickfix.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from curim_data.formats.base import Guess, HeaderReader, Part, Recognition, values
from curim_data.model import Kind, Message, Status

NAME: Final = "seeclickfix"
DOCUMENTATION: Final = "docs/formats/seeclickfix.md"

_API_NEEDED: Final = (("id",), ("lat",), ("lng",), ("created_at",), ("rating",), ("acknowledged_at", "closed_at"))
_API: Final = (
    "id", "lat", "lng", "status", "summary", "rating", "description", "created_at", "updated_at", "acknowledged_at",
    "closed_at",
)  # fmt: skip
_CITY_NEEDED: Final = (("id",), ("created_at_local",), ("status_translated", "request_type", "category"))
_CITY: Final = (
    "id", "reporter_display", "status_translated", "summary", "rating", "request_type", "lat", "lng",
    "created_at_local", "updated_at_local", "acknowledged_at_local", "closed_at_local",
)  # fmt: skip
_STATUS: Final = {
    "open": Status.OPEN,
    "reopened": Status.OPEN,
    "acknowledged": Status.CONFIRMED,
    "closed": Status.RESOLVED,
    "archived": Status.RESOLVED,
}
_COUNT: Final = re.compile(r"\d+(?:\.0+)?")
_PERSONAL: Final = ("reporter_display", "assignee_name", "reported_using_mobile?")
_TEXT: Final = (
    "summary", "description", "rating", "address", "plus_account_notes", "request_type_answers_as_text",
    "parsed_street_and_number", "export_tagged_places", "url", "html_url", "comment_url", "flag_url", "shortened_url",
)  # fmt: skip


def recognise(labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:
    """Read any of the three headers."""
    header = HeaderReader(labels)
    header.give("alert_id", "id")
    header.give("reported_at", "created_at", "created_at_local")
    header.give("category", "category", "request_type.title", "request_type_title", "request_type")
    header.give("status", "status", "status_translated")
    header.give("resolved_at", "closed_at", "closed_at_local")
    header.give("latitude", "lat")
    header.give("longitude", "lng")
    guesses = _votes(header, sample)
    header.set_aside("personal", *_PERSONAL)
    header.set_aside("personal", prefix="reporter.")
    header.set_aside("personal", prefix="assignee.")
    header.set_aside("text", *_TEXT)
    header.set_aside("text", prefix="media.")
    header.set_aside("unused", prefix="transitions.")
    score = max(header.score(_API_NEEDED, _API), header.score(_CITY_NEEDED, _CITY))
    return header.recognition(NAME, score, words={"status": _STATUS}, kind=Kind.INCIVILITY.value, guesses=guesses)


def _votes(header: HeaderReader, sample: pa.Table | None) -> dict[str, Guess]:
    """Let `rating` (people who want it fixed) give confirmations.

    There are tables whose headings rating and description are exchanged: texts under rating are then no votes, and
    the numbers under description are.
    """
    rating, description = header.found("rating")[:1], header.found("description")[:1]
    ratings = [value for place in rating for value in values(sample, place)]
    if sum(bool(_COUNT.fullmatch(value)) for value in ratings) * 2 >= len(ratings):
        header.give("confirmations", "rating")
        return {}
    described = [value for place in description for value in values(sample, place)]
    if described and all(_COUNT.fullmatch(value) for value in described):
        header.roles["confirmations"] = (Part(description[0]),)
        why = Message("The headings rating and description are exchanged: the numbers stand under description.")
        return {"confirmations": Guess(0.8, (why,))}
    return {}
