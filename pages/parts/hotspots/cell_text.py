"""What is written about a cell: its rate, the lines of its tooltip, and the measure that the colours show."""

from __future__ import annotations

import numpy as np

from analysis.hotspots.surroundings import LAND, RATE_PER, DenominatorKind
from curim_data.model import N_, Translator
from curim_data.studies.hot_spots import HotSpotStudy
from pages.parts.maps.legends import CellMeasure


def rate_heading(t: Translator, base: DenominatorKind) -> str:
    """The heading of the column of rates, which are after shrinkage."""
    return t("Per 1,000 residents") if base == "residents" else t("Share of all alerts")


def rate_text(t: Translator, base: DenominatorKind, value: float) -> str:
    """A rate as text: a share in per cent, or alerts per 1,000 residents."""
    return t.number(RATE_PER * value, 1) if base == "residents" else t.percent(value)


def rate_measure(t: Translator, base: DenominatorKind) -> CellMeasure | None:
    """What the colours of cells show where places are compared by a denominator: rates in place of counts."""
    if base == LAND:
        return None
    if base == "residents":
        heading = t("Alerts per 1,000 residents, after shrinkage")
        return CellMeasure(heading, lambda value: t.number(RATE_PER * value, 1))
    return CellMeasure(t("Share of all alerts, after shrinkage"), lambda value: t.percent(value, 1))


def significance_lines(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each significant cell a tooltip line with its test; empty for all others, and where it was tested elsewhere.

    A hot cell is described with its neighbours or alone, whichever is more significant. Only p where
    places are compared by a denominator.
    """
    hot = study.hot
    frame, whole = hot.frame, not hot.based
    if study.listed is not None:
        holds = {"hot": "\n" + t("Holds a hot spot"), "cold": "\n" + t("Holds a cold place")}
        return [
            holds["hot"] if is_hot else holds["cold"] if is_cold else ""
            for is_hot, is_cold in frame[["hot", "cold"]].to_numpy(bool)
        ]
    columns = ("hot", "alone", "expected_alone", "window", "expected", "q", "q_cold")
    marked = np.flatnonzero(frame["hot"].to_numpy(bool) | frame["cold"].to_numpy(bool))
    rows = zip(marked.tolist(), *(frame[name].to_numpy()[marked].tolist() for name in columns), strict=True)
    near = "\n" + t("With its neighbours {n} alerts, {expected} expected. Corrected p: {p}")
    own = "\n" + t("{expected} expected. Corrected p: {p}")
    test = "\n" + t("Corrected p: {p}")
    lines = [""] * len(frame)
    for at, is_hot, alone, expected_alone, window, expected, q, q_cold in rows:
        if not is_hot or not whole:
            lines[at] = test.format(p=t.p_value(q if is_hot else q_cold))
        elif alone:
            lines[at] = own.format(expected=t.expected(expected_alone), p=t.p_value(q))
        else:
            n = t.number(window)
            lines[at] = near.format(n=n, expected=t.expected(expected), p=t.p_value(q))
    return lines


def rate_lines(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each cell a tooltip line with its denominator and rate; empty where there is none."""
    frame, base = study.hot.frame, study.hot.base
    line = (
        N_("{rate} per 1,000 residents after shrinkage; {n} residents")
        if base == "residents"
        else N_("of {n} alerts in all; share after shrinkage: {rate}")
    )
    return [
        "" if rate != rate else "\n" + t(line, rate=rate_text(t, base, rate), n=round(n))
        for n, rate in frame[["base", "rate"]].itertuples(index=False)
    ]
