"""Which fields of a filter, and which dimensions of a table, the protected copy does not have.

They would not be wrong to ask for: they would give numbers that mean nothing. So a link with one is opened without it,
and a command with one is refused, both with the reason and with what can be asked instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.privacy.disclosure import DisclosureError, is_sensitive

NO_SEVERITY: Final = Message(
    "The protected copy, which council and public read, does not hold the severity of alerts. It can be asked by "
    "period, category, kind, gender, light, time of day, weekday, area and status."
)
LIGHT_ALONE: Final = Message(
    "Of sensitive categories the protected copy holds neither weekday nor hour, but only whether it was dark: filter "
    "by light instead."
)
MONTHS_ALONE: Final = Message(
    "Of sensitive categories the protected copy holds neither day nor week, nor weekday and hour: ask for months, or "
    "by light."
)
NOT_OF_SENSITIVE: Final = Message(
    "Of sensitive categories the protected copy holds neither age nor feeling: they are left out to protect persons."
)
# Attributes of the filter, and dimensions, that the copy does not have; and those that it does not have of sensitive
# categories.
_FIELDS: Final[Mapping[str, Message]] = {"severities": NO_SEVERITY}
_SENSITIVE_FIELDS: Final[Mapping[str, Message]] = {"hours": LIGHT_ALONE, "weekdays": LIGHT_ALONE}
_DIMENSIONS: Final[Mapping[str, Message]] = {"severity": NO_SEVERITY}
_SENSITIVE_DIMENSIONS: Final[Mapping[str, Message]] = {
    **dict.fromkeys(("local_date", "week", "weekday", "hour"), MONTHS_ALONE),
    **dict.fromkeys(("age_band", "feeling"), NOT_OF_SENSITIVE),
}


def not_held(f: AlertFilter, source: Source) -> dict[str, Message]:
    """The attributes of a filter that cannot be asked of a source, set or not, each with the reason."""
    if not source.protected:
        return {}
    return {**_FIELDS, **(_SENSITIVE_FIELDS if is_sensitive(f, source.city) else {})}


def askable(f: AlertFilter, source: Source) -> tuple[AlertFilter, tuple[Message, ...]]:
    """The filter without what cannot be asked of these alerts, and why it was left out."""
    usual, kept_out = AlertFilter(), not_held(f, source)
    left_out = {name: why for name, why in kept_out.items() if getattr(f, name) != getattr(usual, name)}
    if not left_out:
        return f, ()
    reasons = {why.text: why for why in left_out.values()}
    return f.replace(**{name: getattr(usual, name) for name in left_out}), tuple(reasons.values())


def check_asked(f: AlertFilter, by: Sequence[str], source: Source) -> None:
    """Raise DisclosureError for a filter, or a dimension of a table, that these alerts do not have."""
    if not source.protected:
        return
    for why in askable(f, source)[1]:
        raise DisclosureError(why)
    lacking = {**_DIMENSIONS, **(_SENSITIVE_DIMENSIONS if is_sensitive(f, source.city) else {})}
    for name in by:
        if name in lacking:
            raise DisclosureError(lacking[name])
