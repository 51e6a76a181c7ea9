"""The names of what two cities are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from analysis.gender import WOMAN
from curim_data.model import CityProfile, Message, Translator
from curim_data.model.labels import group_label, kind_label
from curim_data.studies.cities import BAND, DARK, UNSTATED, SharesBy

TITLES: Final[Mapping[SharesBy, Message]] = {
    "kind": Message("By kind"),
    "group": Message("By group of categories"),
    "affected": Message("Who is affected"),
    "reporter": Message("Who alerts"),
    "time": Message("By time of day"),
    "light": Message("After dark"),
}
# Of what the shares are.
BASES: Final[Mapping[SharesBy, Message]] = {
    "kind": Message("Shares of the alerts of the kinds that both cities have."),
    "group": Message("Shares of all alerts; one of several categories counts in each of their groups."),
    "affected": Message("Women: of the women and men affected. Not stated: of all who are affected."),
    "reporter": Message("Women: of the women and men who alert. Not stated: of all alerts."),
    "time": Message("Shares of the alerts of which the hour is known."),
    "light": Message("Share of the alerts of which it is known whether it was dark."),
}
_PARTS: Final = {
    WOMAN: Message("Women"),
    UNSTATED: Message("Gender not stated"),
    DARK: Message("After dark"),
}


def part_label(t: Translator, city: CityProfile, by: SharesBy, key: str) -> str:
    """The name of one share."""
    if by == "kind":
        return kind_label(t, key)
    if by == "group":
        return group_label(t, city, key)
    if by == "time":
        begin = BAND * int(key)
        return f"{begin:02d}:00–{begin + BAND:02d}:00"
    return t(_PARTS[key])
