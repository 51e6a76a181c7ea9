"""Greek and French sentences as they should read, written by hand, for none, one, a few and many; a list's order."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pytest

from analysis.plans.verdict import amount_in_words
from analysis.trends.time_series import WeekClock
from curim_data.importing.comparison import _quoted
from curim_data.model import translator
from curim_data.model.absence import fewer_than
from curim_data.model.i18n import Span, at_head
from curim_data.model.labels import dates_label
from pages.parts.data.import_tab import facts_sentence
from pages.parts.maps.cell_map import alert_count

EL, FR = translator("el"), translator("fr")
WHOLE: Any = SimpleNamespace(repaired=0, unmapped=0, outside=0)
MAY, JUNE, NOVEMBER = dt.date(2025, 5, 1), dt.date(2025, 6, 30), dt.date(2025, 11, 3)


def read(text: str) -> str:
    """A sentence with every space that no line is broken at written as a plain one."""
    return re.sub("[\u00a0\u202f]", " ", text)


# Parts of sentences, each with what it reads.
PARTS: Final[list[tuple[Callable[[], str], str]]] = [
    (lambda: amount_in_words(-1, EL), "1 λιγότερη"),
    (lambda: amount_in_words(0, EL), "0 περισσότερες"),
    (lambda: amount_in_words(1, EL), "1 περισσότερη"),
    (lambda: EL(fewer_than(13)), "κάτω από 13"),
    (lambda: FR(fewer_than(13)), "moins de 13"),
    (lambda: EL.part(0.0001), "λιγότερο από το 1 %"),
    (lambda: EL.part(0.9999), "περισσότερο από το 99 %"),
    (lambda: EL.c("kind", "Offence"), "Αδίκημα"),
    (lambda: alert_count(FR, 0), "0 signalement"),
    (lambda: alert_count(FR, 1), "1 signalement"),
    (lambda: alert_count(FR, 1234), "1 234 signalements"),
    (lambda: alert_count(FR, float("nan")), "–"),
    (lambda: dates_label(FR, MAY, JUNE), "1er mai 2025 – 30 juin 2025"),
    (lambda: dates_label(FR, MAY, None), "depuis le 1er mai 2025"),
    (lambda: dates_label(FR, None, JUNE), "jusqu’au 30 juin 2025"),
    (lambda: FR.span(Span(MAY, JUNE, by_month=True)), "mai 2025 – juin 2025"),
    (lambda: at_head(""), ""),
    (lambda: FR.pair("Responsable", "Services techniques"), "Responsable : Services techniques"),
    (lambda: _quoted(EL, ["a", "a"]), "«a» και «a»"),
    (lambda: _quoted(FR, ["a", "a"]), "« a » et « a »"),
    (lambda: facts_sentence(FR, WHOLE, 40),
     "40 signalements ont plusieurs catégories : ils comptent une fois dans les totaux et une fois dans chacune."),
    (lambda: WeekClock(np.zeros(0), (20, 6), 5, n=90).sentence(FR),
     "Au moins la moitié des signalements se situe entre 20:00 et 02:00 ; le jour le plus chargé est le samedi."),
    (lambda: WeekClock(np.zeros(0), None, None, n=0).sentence(FR), "Aucun signalement dont l’heure soit connue."),
]  # fmt: skip


@pytest.mark.parametrize(("make", "told"), PARTS, ids=[told[:30] for _, told in PARTS])
def test_parts_of_sentences(make: Callable[[], str], told: str) -> None:
    assert read(make()) == told


# Messages of a number: their forms for one and for many, further values, and what they read for some numbers.
SPOTS: Final = ("{n} hot spot stands out from chance.", "{n} hot spots stand out from chance.", {})  # fmt: skip
FRENCH_PLURALS: Final = [
    (*SPOTS, {1: "1 point chaud se distingue du hasard.",
              7: "7 points chauds se distinguent du hasard."}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "many", "values", "told"), FRENCH_PLURALS)
def test_french_plurals(one: str, many: str, values: dict[str, object], told: dict[int, str]) -> None:
    """Nothing takes the singular in French, as one does."""
    assert {n: read(FR.n(one, many, n, **values)) for n in told} == told
    assert read(FR.n(one, many, 0, **values)) == "0" + told[1][1:]
    assert read(FR.n(one, many, 1234, **values)).startswith("1 234")


def test_french_has_one_kind_of_space_before_signs_curled_apostrophes_and_one_name_a_thing() -> None:
    # Plural forms and words with a context too.
    forms = [text for text in FR._catalog._catalog.values() if text and not text.startswith("Project-Id")]  # type: ignore[attr-defined]
    assert len(forms) > 2000
    assert not [text for text in forms if re.search(r"[ \u202f][:;?!%»]|«[ \u202f]|[^\s«(][;?!»]|«(?!\u00a0)", text)]
    assert FR.pair("Responsable", "Services techniques") == "Responsable\N{NO-BREAK SPACE}: Services techniques"
    assert not [text for text in forms if "'" in text.replace("G'", "G")]  # but for the prime of the generalised Gini
    avoided = ("note de synthèse", "alentours", "zone traitée", "cellule de la carte", "salve")  # one thing, one name
    assert not [text for text in forms if any(word in text.lower() for word in avoided)]
