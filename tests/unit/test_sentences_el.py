"""Greek sentences as they should read, written by hand: for none, one, a few and many."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.next_periods import NextPeriods, PastErrors
from analysis.plans.evaluation import amount_in_words, percent_in_words
from analysis.stats.intervals import Estimate
from analysis.trends.time_series import Unit, YearOnYear
from curim_data.importing.comparison import LISTED, _quoted
from curim_data.model import translator
from curim_data.model.absence import fewer_than
from curim_data.model.i18n import Span

T = translator("el")
DAY = dt.date(2025, 11, 3)


def plain(text: str) -> str:
    """With ordinary spaces before signs of per cent."""
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("whole", "n", "read"),
    [
        (0, 1, "Σε 0 από 1 σχέδιο έχουν απαντηθεί και οι τέσσερις ερωτήσεις."),
        (1, 1, "Σε 1 από 1 σχέδιο έχουν απαντηθεί και οι τέσσερις ερωτήσεις."),
        (1, 4, "Σε 1 από τα 4 σχέδια έχουν απαντηθεί και οι τέσσερις ερωτήσεις."),
    ],
)
def test_questions_are_answered_in_plans_and_not_by_them(whole: int, n: int, read: str) -> None:
    assert (
        T.n(
            "{whole} of {n} plan answers all four questions.",
            "{whole} of {n} plans answer all four questions.",
            n,
            whole=whole,
        )
        == read
    )


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (-1, "1 λιγότερο"),
        (-44, "44 λιγότερα"),
        (0, "0 περισσότερα"),
        (1, "1 περισσότερο"),
        (13, "13 περισσότερα"),
    ],
)
def test_a_difference_is_one_of_incidents(value: float, read: str) -> None:
    assert amount_in_words(value, T) == read


def test_a_ratio_a_limit_and_a_share() -> None:
    assert plain(percent_in_words(0.8, T)) == "20 % λιγότερα"
    assert plain(percent_in_words(1.05, T)) == "5 % περισσότερα"
    assert T(fewer_than(13)) == "λιγότερα από 13"
    assert plain(T.part(0.0001)) == "λιγότερο από το 1 %"
    assert plain(T.part(0.9999)) == "περισσότερο από το 99 %"


@pytest.mark.parametrize(
    ("n", "read"),
    [
        (0, "0 ακόμη μεταβολές βρίσκονται στην Ενημέρωση."),
        (1, "1 ακόμη μεταβολή βρίσκεται στην Ενημέρωση."),
        (12, "12 ακόμη μεταβολές βρίσκονται στην Ενημέρωση."),
    ],
)
def test_more_changes(n: int, read: str) -> None:
    assert T.n("{n} more change is in the Briefing.", "{n} more changes are in the Briefing.", n) == read


@pytest.mark.parametrize(
    ("n", "judged", "read"),
    [
        (1, 52, "1 από τις 52 περιόδους βρίσκεται εκτός του αναμενόμενου εύρους: Νοέμβριος 2025."),
        (
            3,
            52,
            "3 από τις 52 περιόδους βρίσκονται εκτός του αναμενόμενου εύρους· οι πιο πρόσφατες: Νοέμβριος 2025.",
        ),
    ],
)
def test_periods_outside_the_range(n: int, judged: int, read: str) -> None:
    month = Span(dt.date(2025, 11, 1), dt.date(2025, 11, 30), by_month=True)
    told = T.n(
        "{n} of {judged} periods lies outside the expected range: {periods}.",
        "{n} of {judged} periods lie outside the expected range; the latest: {periods}.",
        n,
        judged=judged,
        periods=month,
    )
    assert told == read


@pytest.mark.parametrize(
    ("n", "read"),
    [
        (0, "Καμία εστία δεν ξεχωρίζει από την τύχη."),
        (1, "1 εστία ξεχωρίζει από την τύχη, στο 2 % της πόλης."),
        (4, "4 εστίες ξεχωρίζουν από την τύχη, στο 2 % της πόλης."),
    ],
)
def test_hot_spots(n: int, read: str) -> None:
    told = (
        T.n(
            "{n} hot spot stands out from chance, on {land} of the city.",
            "{n} hot spots stand out from chance, on {land} of the city.",
            n,
            land=T.percent(0.02),
        )
        if n
        else T("No hot spot stands out from chance.")
    )
    assert plain(told) == read


@pytest.mark.parametrize(
    ("before", "after", "p", "unit", "read"),
    [
        (
            0,
            1,
            0.8,
            "week",
            "Αναφορές από 3 Νοεμβρίου 2025: 1, έναντι 0 το ίδιο διάστημα πριν από έναν χρόνο. Καμία σαφής μεταβολή.",
        ),
        (
            40,
            12,
            0.003,
            "week",
            "Αναφορές από 3 Νοεμβρίου 2025: 12, έναντι 40 το ίδιο διάστημα πριν από έναν χρόνο, "
            "δηλαδή μείωση (p 0,003).",
        ),
        (
            1200,
            1500,
            0.0004,
            "month",
            "Αναφορές (Νοέμβριος 2025 και έπειτα): 1.500, έναντι 1.200 τους ίδιους μήνες πριν από έναν χρόνο, "
            "δηλαδή αύξηση (p <0,001).",
        ),
    ],
)
def test_a_year_before(before: int, after: int, p: float, unit: Unit, read: str) -> None:
    assert YearOnYear(before, after, 8, DAY, p, unit).sentence(T) == read


@pytest.mark.parametrize(
    ("unit", "expected", "read"),
    [
        (
            "week",
            1.0,
            "Πρόβλεψη για τις επόμενες 2 εβδομάδες, από 3 Νοεμβρίου 2025 και μετά: περίπου 1 αναφορά "
            "(διάστημα 95 %: 0 έως 40).",
        ),
        (
            "month",
            21.0,
            "Πρόβλεψη για τους επόμενους 2 μήνες (Νοέμβριος 2025 και μετά): περίπου 21 αναφορές "
            "(διάστημα 95 %: 0 έως 40).",
        ),
    ],
)
def test_what_is_expected_next(unit: Unit, expected: float, read: str) -> None:
    frame = pd.DataFrame({unit: [np.datetime64(DAY, "ns")] * 2})
    past = PastErrors(3.0, 4.0, 4.0, 52, 104, 99, 83)
    told = NextPeriods(frame, unit, Estimate(expected, 0.0, 40.0), past, 900).sentence(T)
    assert plain(told) == read


def test_sentences_that_had_no_noun_or_no_agreement() -> None:
    assert T("None found: no place and no category changed by more than expected by chance.") == (
        "Δεν βρέθηκε μεταβολή: κανένα σημείο και καμία κατηγορία δεν μεταβλήθηκε περισσότερο απ’ όσο αναμένεται τυχαία."
    )
    assert T("None found: no place stands out from its surroundings.") == (
        "Δεν βρέθηκε εστία: κανένα σημείο δεν ξεχωρίζει από τη γύρω περιοχή."
    )
    assert T("fewer than expected by chance, alone or with its neighbours") == (
        "λιγότερα από όσα εξηγεί η τύχη, στο κελί μόνο του ή μαζί με τα γειτονικά του"
    )
    assert T("Sample data: made up. Not about real events.") == (
        "Δεδομένα δείγματος: επινοημένα. Δεν αφορούν πραγματικά γεγονότα."
    )
    assert T("More than usual in each week since {since}.", since=DAY) == (
        "Από 3 Νοεμβρίου 2025 και μετά, κάθε εβδομάδα περισσότερες από το συνηθισμένο."
    )
    assert T(
        "Ordered by the lower limit of the ratio: first the places that are most certainly far above expectation."
    ) == ("Πρώτα τα σημεία που ξεπερνούν με τη μεγαλύτερη βεβαιότητα κατά πολύ το αναμενόμενο (κάτω όριο του λόγου).")


def test_one_document_and_one_page_have_one_name_each() -> None:
    assert T("Briefing") == "Ενημέρωση"
    assert T("Briefing for the council") == "Ενημερωτικό σημείωμα για το Συμβούλιο"
    assert T("Create the brief") == "Σύνταξη ενημερωτικού σημειώματος"
    assert T("District") == "Περιοχή"
    assert T.c("kind", "Offence") == "Αδίκημα"


@pytest.mark.parametrize(
    ("lang", "two", "many"),
    [
        ("el", "«a» και «a»", "«a» και 2 ακόμη"),
        ("en", "“a” and “a”", "“a” and 2 more"),
        ("fr", "« a » et « a »", "« a » et 2 autres"),
    ],
)
def test_columns_are_quoted_as_the_language_quotes(lang: str, two: str, many: str) -> None:
    t = translator(lang)
    assert plain(_quoted(t, ["a", "a"])) == two
    assert plain(_quoted(t, ["a"] * (LISTED + 2))).endswith(many)


def test_a_change_says_with_what_it_is_compared() -> None:
    assert T("{window}, compared with {before}.", window="5 Σεπ – 31 Οκτ", before="6 Σεπ – 1 Νοε") == (
        "5 Σεπ – 31 Οκτ, σε σύγκριση με το διάστημα 6 Σεπ – 1 Νοε."
    )


def test_a_meeting_is_removed_in_the_words_of_a_button() -> None:
    assert T("Remove the meeting") == "Διαγραφή συνεδρίασης"
