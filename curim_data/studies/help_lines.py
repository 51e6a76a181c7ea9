"""Where people who are affected can turn: the city's own help lines, or the European ones where they apply."""

from __future__ import annotations

from typing import Final

from curim_data.model import CityProfile, Message, Translator

# Time zones of the member states of the European Union, in which 112 and 116 006 are reserved for this.
EU_ZONES: Final = frozenset(
    {
        "Africa/Ceuta", "Asia/Famagusta", "Asia/Nicosia", "Atlantic/Azores", "Atlantic/Canary",
        "Atlantic/Madeira", "Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Bratislava",
        "Europe/Brussels", "Europe/Bucharest", "Europe/Budapest", "Europe/Copenhagen",
        "Europe/Dublin", "Europe/Helsinki", "Europe/Lisbon", "Europe/Ljubljana", "Europe/Luxembourg", "Europe/Madrid",
        "Europe/Malta", "Europe/Mariehamn", "Europe/Nicosia", "Europe/Paris", "Europe/Prague", "Europe/Riga",
        "Europe/Rome", "Europe/Sofia", "Europe/Stockholm", "Europe/Tallinn", "Europe/Vienna", "Europe/Vilnius",
        "Europe/Warsaw", "Europe/Zagreb",
    }
)  # fmt: skip


def help_lines(city: CityProfile, t: Translator) -> tuple[str, ...]:
    """The city's help lines in the reader's language, else those of the whole European Union; empty elsewhere."""
    if city.help_lines:
        return tuple(t.label(labels) for labels in city.help_lines)
    if city.timezone not in EU_ZONES:
        return ()
    return (
        t("112: any emergency, in all of the European Union"),
        t("116 006: helpline for victims of crime, in the countries of the European Union that run it"),
    )


# How a city gets its own.
HOW_TO_ADD: Final = Message(
    "No help lines are known for this city. Add them with “curim city helplines FILE”: a table with the column text, a "
    "line each."
)
