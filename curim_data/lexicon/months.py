"""Names of months in seven languages: those of CLDR (by Babel), and others that people and registers use."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from babel.dates import get_month_names

from curim_data.lexicon.folding import fold

LANGUAGES: Final = ("el", "en", "fr", "es", "it", "pt", "de")
# Spoken and regional forms, and abbreviations of registers, that CLDR does not have.
_VARIANTS: Final = {
    1: "Γενάρης Γενάρη Ιαν Jänner Jaenner Genn Janv",
    2: "Φλεβάρης Φλεβάρη Φεβ Φεβρ Feber Febbr Févr",
    3: "Μάρτης Μάρτη Μαρ Maerz Mrz",
    4: "Απρίλης Απρίλη Απρ",
    5: "Μάης Μάη Μαΐου Magg",
    6: "Ιούνης Ιούνη Ιουν",
    7: "Ιούλης Ιούλη Ιουλ Juil",
    8: "Αυγ Agto Août",
    9: "Σεπτέμβρης Σεπτέμβρη Σεπ Σεπτ Setiembre Set Sept Sett",
    10: "Οκτώβρης Οκτώβρη Οκτ",
    11: "Νοέμβρης Νοέμβρη Νοε",
    12: "Δεκέμβρης Δεκέμβρη Δεκ",
}
_NUMBERED: Final = re.compile(r"^\d{1,2}[ .\-_]*(?=[^\W\d])")


@cache
def month_numbers() -> dict[str, int]:
    """Return the number of each month by its folded name, abbreviation or variant."""
    names = {fold(name): number for number, words in _VARIANTS.items() for name in words.split()}
    for language in LANGUAGES:
        for width in ("abbreviated", "wide"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    names[fold(name).rstrip(".")] = number
    return names


def month_of(text: str) -> int:
    """Return the number of the month that a text names ("Enero", "ΙΑΝ.", "01-Enero"); 0 where it names none."""
    return month_numbers().get(fold(_NUMBERED.sub("", text.strip())).rstrip("."), 0)
