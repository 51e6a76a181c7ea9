"""What pages, commands and the Methods page say of protection: that of the copy, with the numbers of the code."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Final

import pytest
from babel.messages.pofile import read_po

from curim_data.model import i18n
from curim_data.protection.exchange import exchange as function
from pages.parts.methods.general import GENERAL

# Words of the time when small counts were withheld from each table instead of being counted in a copy.
WITHHOLDING: Final = re.compile(
    r"protected (counts|numbers)|(counts|numbers)\W+(are|is|stay)\W+protected|protects? (small )?(counts|numbers)"
    r"|would tell|rounded up|to protect people",
    re.IGNORECASE,
)


def messages() -> list[str]:
    with (i18n.LOCALE_DIR / "el" / "LC_MESSAGES" / "curim.po").open("rb") as file:
        found = read_po(file)
    return [one if isinstance(one, str) else one[0] for one in (message.id for message in found) if one]


def test_no_text_speaks_of_withholding() -> None:
    """But for what plans of that time keep (`Caution.WITHHELD`)."""
    kept = "Small counts are protected and left out of some figures."
    found = [text for text in messages() if WITHHOLDING.search(text)]
    assert found == [kept]


def test_the_methods_page_has_the_probabilities_of_the_code() -> None:
    module = import_module(function.__module__)
    entry = next(one for one in GENERAL if one.title == "The protected copy")
    told = [tuple(float(n) for n in re.findall(r"\d+(?:\.\d+)?", formula)) for formula in entry.formulas]
    assert told == [
        (module.RARE, module.LEAST, module.DENSE),
        (module.RARE_SENSITIVE, module.LEAST_SENSITIVE, module.DENSE_SENSITIVE),
    ]
    assert f"under {module.LEAST}, or under {module.LEAST_SENSITIVE} for sensitive" in entry.where
    assert "about half of the sensitive ones" in entry.where
    assert pytest.approx(0.5, abs=0.1) == module.HELD_BACK
