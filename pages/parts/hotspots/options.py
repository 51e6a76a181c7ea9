"""What a specialist can change about the test of hot spots and clusters: base, weights, method; each in the link."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis.hotspots.denominators import LAND, PER, Kind
from curim_data.model.i18n import Translator
from curim_data.studies.denominators import KINDS, why_not
from curim_data.studies.hot_spots import HotSpotStudy
from curim_data.studies.spot import SpotLine
from pages.parts.frame.page import Page
from pages.parts.hotspots.queries import Options, write_word
from pages.parts.maps.legends import Measure

BASE, WEIGHT, METHOD = "base", "weight", "method"
SEVERITY: Final = "severity"
HDBSCAN: Final = "hdbscan"
_WIDTH: Final = 270


def options(page: Page, layer: str) -> Options:
    """The controls of a layer, and what the reader chose."""
    if layer == "significance":
        return Options(base=_base(page))
    if layer == "clusters":
        explored = _method(page.t) == HDBSCAN
        return Options(by_weight=not explored and _weight(page.t) == SEVERITY, explored=explored)
    return Options()


def _base(page: Page) -> Kind:
    t = page.t
    names = {LAND: t("The land around"), "alerts": t("All alerts: the share here"), "residents": t("Residents")}
    told = {kind: why_not(kind, page.filter, page.audience, page.city) for kind in KINDS}
    offered = [kind for kind in KINDS if told[kind] is None]
    why = [t(said) for kind in KINDS if (said := told[kind]) is not None]
    picked = asked_word(BASE, "hotspots_base", offered, LAND)
    _box(t("Compared with"), offered, names, BASE, LAND, help="  \n".join(why) or None, alone=len(offered) == 1)
    return picked


def notes(page: Page, how: Options, layer: str) -> None:
    """What must be read with a choice: why the base that the link asks for cannot be had, or what residents miss."""
    t, asked = page.t, st.query_params.get(BASE, LAND)
    if layer != "significance":
        return
    if how.base == "residents":
        st.caption(
            t(
                "Residents are the wrong base for squares, stations and shores, which many people use and few live at: "
                "such places look hotter than they are for those who are there."
            )
        )
    elif asked in KINDS and (said := why_not(asked, page.filter, page.audience, page.city)) is not None:
        st.caption(t(said))


def _weight(t: Translator) -> str:
    names = {"": t("One each"), SEVERITY: t("By severity")}
    picked = asked_word(WEIGHT, "hotspots_weight", names, "")
    _box(t("Alerts count"), list(names), names, WEIGHT, "")
    return picked


def _method(t: Translator) -> str:
    names = {"": t("Tested (DBSCAN)"), HDBSCAN: t("To explore (HDBSCAN)")}
    picked = asked_word(METHOD, "hotspots_method", names, "")
    _box(t("Clusters"), list(names), names, METHOD, "")
    return picked


def _box(
    label: str,
    choices: Collection[Any],
    names: Mapping[Any, str],
    word: str,
    usual: str,
    *,
    help: str | None = None,
    alone: bool = False,
) -> None:
    """A choice that stands in the link; `alone`: there is nothing else to choose, as `help` explains."""
    key = f"hotspots_{word}"
    st.selectbox(
        label,
        list(choices),
        format_func=names.__getitem__,
        key=key,
        width=_WIDTH,
        help=help,
        disabled=alone,
        on_change=write_word,
        args=(word, key, usual),
    )


def asked_word(word: str, key: str, known: Collection[Any], usual: Any) -> Any:
    """What the link asks for, put into the widget `key`; the usual choice where it asks for nothing that is known."""
    asked = st.query_params.get(word, usual)
    value = asked if asked in known else usual
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return value


def rate_heading(t: Translator, base: Kind) -> str:
    """What the column of rates is called; the sentence of a place says that they are shrunken."""
    return t("Per 1,000 residents") if base == "residents" else t("Share of all alerts")


def rate(t: Translator, base: Kind, value: float) -> str:
    """A rate as its reader should see it: a share in per cent, or alerts per 1,000 residents."""
    return t.number(PER * value, 1) if base == "residents" else t.percent(value)


def measure(t: Translator, base: Kind) -> Measure | None:
    """What the colours of cells tell where places are compared by a base: its rates, and not how many alerts."""
    if base == LAND:
        return None
    heading = (
        t("Alerts per 1,000 residents, after shrinkage")
        if base == "residents"
        else t("Share of all alerts, after shrinkage")
    )
    if base == "residents":
        return Measure(heading, lambda value: t.number(PER * value, 1))
    return Measure(heading, lambda value: t.percent(value, 1))


def certainty(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each marked cell a line with what its mark stands on, for the tooltip; empty for all others.

    A hot cell is told with its neighbours or by itself, whichever stands out more surely. Only p where counts are
    protected anywhere, or where a place is compared with a base.
    """
    hot = study.hot
    frame, whole = hot.frame, not hot.based and not hot.n_withheld
    columns = ("hot", "cold", "alone", "expected_alone", "window", "expected", "q", "q_cold")
    rows = zip(*(frame[name].tolist() for name in columns), strict=True)
    near = "\n" + t("With its neighbours {n} alerts, {expected} expected. Corrected p: {p}")
    own = "\n" + t("{expected} expected. Corrected p: {p}")
    test = "\n" + t("Corrected p: {p}")
    lines = []
    for is_hot, cold, alone, expected_alone, window, expected, q, q_cold in rows:
        if not (is_hot or cold):
            lines.append("")
        elif not is_hot or not whole:
            lines.append(test.format(p=t.p_value(q if is_hot else q_cold)))
        elif alone:
            lines.append(own.format(expected=t.expected(expected_alone), p=t.p_value(q)))
        else:
            n = t.number(window)
            lines.append(near.format(n=n, expected=t.expected(expected), p=t.p_value(q)))
    return lines


def tips(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each cell a line with its base and rate, for the tooltip; empty where there is none to tell."""
    frame, base = study.hot.frame, study.hot.base
    lines = []
    for row in frame[["base", "rate"]].itertuples():
        if row.rate != row.rate:
            lines.append("")
        elif base == "residents":
            lines.append(
                "\n"
                + t(
                    "{rate} per 1,000 residents after shrinkage; {n} residents",
                    rate=rate(t, base, row.rate),
                    n=round(row.base),
                )
            )
        else:
            lines.append(
                "\n"
                + t(
                    "of {n} alerts in all; share after shrinkage: {rate}",
                    rate=rate(t, base, row.rate),
                    n=round(row.base),
                )
            )
    return lines


def more_columns(shown: tuple[SpotLine, ...]) -> dict[str, list[Any]]:
    """What the download tells of each place beside the usual columns: area, weight, rates and base, last one first."""
    spots = [line.spot for line in shown]
    columns: dict[str, list[Any]] = {}
    if any(getattr(spot, "base", LAND) != LAND for spot in spots):
        columns["base"] = [spot.base for spot in spots]
        columns["base_n"] = [spot.base_n for spot in spots]
        columns["rate_raw"] = [spot.n / spot.base_n if spot.base_n > 0 else float("nan") for spot in spots]
        columns["rate"] = [spot.rate for spot in spots]
    if any(getattr(spot, "weight", None) is not None for spot in spots):
        columns["weight"] = [spot.weight for spot in spots]
    if any(hasattr(spot, "area_km2") for spot in spots):
        columns["area_km2"] = [round(spot.area_km2, 4) for spot in spots]
    return dict(reversed(columns.items()))


def cell_table(study: HotSpotStudy) -> pd.DataFrame:
    """The test of every cell, as a table to take away; counts as they passed the gate."""
    frame = study.hot.frame
    columns = ["n", "low", "high", "withheld", "land_km2", "expected_alone", "window", "expected", "ratio", "q", "hot"]
    table = frame[[*columns, "q_cold"]]
    table = table.assign(cold=frame["cold"], gistar_z=frame["z"])
    if study.hot.based:
        table = table.assign(base=study.hot.base, base_n=frame["base"], rate_raw=frame["rate_raw"], rate=frame["rate"])
    table.insert(0, "cell", [f"{cell:x}" for cell in table.index])
    return table.reset_index(drop=True)


def nothing(t: Translator, how: Options, alerts: float | None, *, cold: bool = False) -> None:
    """What is said where no hot place was found among so many alerts; `cold`: whether there are cold ones."""
    if how.explored:
        st.subheader(t("No group"))
        st.write(t("HDBSCAN finds no place that is denser than what lies around it, or there are too few alerts."))
        return
    st.subheader(t("No hot spot") if cold else t("No place stands out"))
    if alerts == 0:
        st.write(t("There is no alert to test: widen the period, the categories or the area."))
        return
    if how.base != LAND:
        st.write(
            t(
                "No place has a higher rate than the rest of the city by more than chance explains. A place can still "
                "have many alerts: compare with the land around to see where they are dense."
            )
        )
        return
    st.write(
        t(
            "No place has more alerts than its surroundings and chance explain. That is an answer too. With few alerts "
            "it can also mean that there are too few to tell: widen the period or the categories."
        )
    )
