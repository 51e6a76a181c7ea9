"""French sentences as they should read, written by hand: for nothing, one, few and many."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from analysis.trends.time_series import YearOnYear
from analysis.trends.week_clock import WeekClock
from curim_data.model import translator
from curim_data.model.i18n import LOCALE_DIR, Span, at_head
from curim_data.model.labels import dates_label
from curim_data.quality.findings import duration
from curim_data.studies import brief_text
from pages.parts.data.import_tab import several_sentence
from pages.parts.maps.cell_map import alert_count

t = translator("fr")


def read(text: str) -> str:
    """A sentence with every space that no line is broken at written as a plain one."""
    return re.sub("[\u00a0\u202f]", " ", text)


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (0, "0 signalement"),
        (1, "1 signalement"),
        (2, "2 signalements"),
        (1234, "1 234 signalements"),
        (float("nan"), "–"),
    ],
)
def test_alerts_are_counted(n: float, told: str) -> None:
    assert read(alert_count(t, n)) == told


def test_shared_out_alerts_have_a_decimal_comma() -> None:
    assert read(alert_count(t, 1234.5)) == "1 234,5 signalements"


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (1, "1 signalement a plusieurs catégories : il compte une fois dans les totaux et une fois dans chacune."),
        (
            40,
            "40 signalements ont plusieurs catégories : "
            "ils comptent une fois dans les totaux et une fois dans chacune.",
        ),
    ],
)
def test_alerts_of_several_categories(n: int, told: str) -> None:
    assert read(several_sentence(t, n)) == told


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (-1, "moins de zéro minute"),
        (0.01, "1 minute"),
        (0.5, "30 minutes"),
        (1, "1 heure"),
        (30, "30 heures"),
        (72, "3 jours"),
    ],
)
def test_stretches_of_time(hours: float, told: str) -> None:
    assert read(duration(t, hours)) == told


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (dt.date(2025, 5, 1), dt.date(2025, 6, 30), "1er mai 2025 – 30 juin 2025"),
        (dt.date(2025, 5, 1), None, "depuis le 1er mai 2025"),
        (None, dt.date(2025, 6, 30), "jusqu’au 30 juin 2025"),
        (None, None, "Toutes les dates"),
    ],
)
def test_periods(start: dt.date | None, end: dt.date | None, told: str) -> None:
    assert read(dates_label(t, start, end)) == told


def test_months_are_lower_case_inside_a_sentence() -> None:
    assert t.span(Span(dt.date(2025, 5, 1), dt.date(2025, 6, 30), by_month=True)) == "mai 2025 – juin 2025"


def test_months_are_upper_case_at_the_head_of_a_sentence() -> None:
    after, before = ((dt.date(year, 5, 1), dt.date(year, 6, 30)) for year in (2025, 2024))
    change = SimpleNamespace(compared="season")
    finding = SimpleNamespace(change=change, periods=SimpleNamespace(after=after, before=before, by_month=True))
    assert read(brief_text.tested_sentence(cast(Any, finding), t)) == (
        "Mai 2025 – juin 2025, comparé à la période mai 2024 – juin 2024."
    )
    assert at_head("") == ""


def _year_on_year(after: int, p: float) -> str:
    found = YearOnYear(120, after, 13, dt.date(2025, 5, 1), p)
    return read(found.sentence(t))


def test_this_year_and_the_last() -> None:
    same = "contre 120 à la même période un an plus tôt"
    assert (
        _year_on_year(1234, 0.0001) == f"Depuis le 1er mai 2025 : 1 234 signalements, {same} : une hausse (p < 0,001)."
    )
    assert _year_on_year(80, 0.0123) == f"Depuis le 1er mai 2025 : 80 signalements, {same} : une baisse (p 0,012)."
    assert _year_on_year(118, 0.8) == f"Depuis le 1er mai 2025 : 118 signalements, {same}. Pas de changement net."


def test_hours_of_the_week() -> None:
    none = np.zeros(0)
    clock = WeekClock(none, (20, 6), 5, 90)
    assert read(clock.sentence(t)) == (
        "Au moins la moitié des signalements se situe entre 20:00 et 02:00 ; le jour le plus chargé est le samedi."
    )
    assert WeekClock(none, None, None, 0).sentence(t) == "Aucun signalement dont l’heure soit connue."


PLURALS = [
    (
        "{n} hot spot stands out from chance, on {land} of the city.",
        "{n} hot spots stand out from chance, on {land} of the city.",
        {"land": "2 %"},
        "1 point chaud se distingue du hasard, sur 2 % de la ville.",
        "7 points chauds se distinguent du hasard, sur 2 % de la ville.",
    ),
    (
        "{n} of {judged} periods lies outside the expected range: {periods}.",
        "{n} of {judged} periods lie outside the expected range; the latest: {periods}.",
        {"judged": 52, "periods": "la semaine du 3 mars"},
        "1 période sur 52 sort de la fourchette attendue : la semaine du 3 mars.",
        "7 périodes sur 52 sortent de la fourchette attendue ; les plus récentes : la semaine du 3 mars.",
    ),
    (
        "{n} more change is in the Briefing.",
        "{n} more changes are in the Briefing.",
        {},
        "1 autre changement figure dans le point de situation.",
        "7 autres changements figurent dans le point de situation.",
    ),
    (
        "{n} row read: {accepted} new, {updated} updated, {duplicate} duplicates, {quarantined} quarantined.",
        "{n} rows read: {accepted} new, {updated} updated, {duplicate} duplicates, {quarantined} quarantined.",
        {"accepted": 1, "updated": 0, "duplicate": 0, "quarantined": 0},
        "1 ligne lue ; nouvelles : 1, mises à jour : 0, doublons : 0, en quarantaine : 0.",
        "7 lignes lues ; nouvelles : 1, mises à jour : 0, doublons : 0, en quarantaine : 0.",
    ),
    (
        "{whole} of {n} plan answers all four questions.",
        "{whole} of {n} plans answer all four questions.",
        {"whole": 1},
        "Plans où les quatre questions ont une réponse : 1 sur 1.",
        "Plans où les quatre questions ont une réponse : 1 sur 7.",
    ),
]


@pytest.mark.parametrize(("one", "many", "values", "told_one", "told_many"), PLURALS)
def test_one_and_many_agree(one: str, many: str, values: dict[str, object], told_one: str, told_many: str) -> None:
    """Nothing takes the singular in French, as one does."""
    assert read(t.n(one, many, 1, **values)) == told_one
    assert read(t.n(one, many, 7, **values)) == told_many
    if "{whole}" not in one and " sur " not in told_one:
        assert read(t.n(one, many, 0, **values)) == "0" + told_one[1:]
    assert read(t.n(one, many, 1234, **values)).startswith("1 234" if told_many[0] == "7" else told_many[:5])


SENTENCES = [
    ("{when}: {alerts}, usual for the time of year ({lower} to {upper}).",
     {"when": "Semaine du 3 mars 2025", "alerts": "974 signalements", "lower": 900, "upper": 1100},
     "Semaine du 3 mars 2025 : 974 signalements, nombre habituel pour la saison (900 à 1 100)."),
    ("fewer than {k}", {"k": 13}, "moins de 13"),
    ("Women report little here: not known, not safe.", {},
     "Les femmes signalent peu ici : un lieu mal connu, non un lieu sûr."),
    ("No near repeats: nowhere are there clearly more incidents soon and near by than expected by chance.", {},
     "Pas de quasi-répétitions : nulle part les incidents ne se suivent de près, dans l’espace et le temps, nettement "
     "plus que ne l’explique le hasard."),
    ("Create the brief", {}, "Produire le point de situation"),
    ("“{plan}” is late: what does it need, and from whom?", {"plan": "Éclairage"},
     "« Éclairage » a pris du retard : que lui faut-il, et de qui ?"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "values", "told"), SENTENCES)
def test_sentences(message: str, values: dict[str, object], told: str) -> None:
    assert read(t(message, **values)) == told


def _forms() -> list[str]:
    """Every French string as readers get it: plural forms and words with a context too."""
    assert LOCALE_DIR.is_dir()
    return [text for text in t._catalog._catalog.values() if text and not text.startswith("Project-Id")]  # type: ignore[attr-defined]


def test_signs_are_set_apart_by_one_kind_of_space() -> None:
    forms = _forms()
    assert len(forms) > 3000
    assert not [text for text in forms if re.search(r"[ \u202f][:;?!%»]|«[ \u202f]|[^\s«(][;?!»]|«(?!\u00a0)", text)]


def test_apostrophes_are_curled() -> None:
    """But for the prime of the generalised Gini."""
    assert not [text for text in _forms() if "'" in text.replace("G'", "G")]


@pytest.mark.parametrize("word", ["note de synthèse", "alentours", "zone traitée", "cellule de la carte", "salve"])
def test_one_thing_has_one_name(word: str) -> None:
    assert not [text for text in _forms() if word in text.lower()]


def test_a_colon_stands_apart_from_what_it_follows() -> None:
    assert t.pair("Responsable", "Services techniques") == "Responsable\N{NO-BREAK SPACE}: Services techniques"
    assert translator("el").pair("Υπεύθυνος", "Λιμενική Αρχή") == "Υπεύθυνος: Λιμενική Αρχή"


def test_a_change_says_against_what() -> None:
    assert read(t("{window}, compared with {before}.", window="5 – 30 sept.", before="6 – 29 octobre")) == (
        "5 – 30 sept., comparé à la période 6 – 29 octobre."
    )
    assert t("Remove the meeting") == "Supprimer la réunion"
    assert t("One each") == "Chacun pour un"
