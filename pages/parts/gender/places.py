"""Places that differ for women, and places where women's silence may hide something."""

from __future__ import annotations

import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st

from analysis.gender import EXPECTED_WOMEN
from curim_data.filters import AlertFilter
from curim_data.model import N_
from curim_data.model.absence import NO_AFFECTED, NO_LANDMARKS, NO_REPORTERS
from curim_data.model.city import Landmark
from curim_data.model.labels import place_label
from curim_data.privacy import share_is_told
from curim_data.query import Total
from curim_data.studies.gender import PlaceStudy
from pages.parts.charts import tables
from pages.parts.charts.numbers import least_written, written_alerts, written_count, written_q
from pages.parts.frame import Page, Palette, draw_footer, escape_markdown, page_link, palette, rgba
from pages.parts.frame.colours import GENDERS
from pages.parts.frame.footer import missing
from pages.parts.maps import basemap, cell_map, legends
from pages.parts.maps.name_layers import Pin

SPAN = 0.62
NAMED = 5
MORE, FEWER, ALIKE = "more", "fewer", "alike"


def draw_places(page: Page, f: AlertFilter, found: PlaceStudy, total: Total) -> None:
    """The map, the places that differ with a link to each, and all of them as a table."""
    t = page.t
    st.subheader(t("Places that differ for women"))
    if not page.city.landmarks:
        st.write(escape_markdown(missing(page, NO_LANDMARKS)))
        return
    if page.source is not None and "affected_gender" not in page.source.asked:
        st.write(t(NO_AFFECTED))
        return
    frame = found.differ.frame.assign(verdict=lambda rows: [_verdict(row) for row in rows.to_dict("records")])
    sentence = _sentence(page, found)
    left, right = st.columns([SPAN, 1 - SPAN], gap="large")
    with left:
        _draw_map(page, frame, found, sentence)
    with right:
        draw_footer(page, sentence=sentence)
        _draw_clearest_places(page, f, frame)
    _draw_table(page, frame)
    st.caption(
        t(
            "Based on {near} alerts near a named place, of {n} that affect women or men. Each place's share of "
            "women is tested against the city's (exact test, corrected for the number of places).",
            near=written_count(page, found.near),
            n=written_count(page, found.n),
        )
    )
    draw_footer(page, total=total)


def draw_silent_places(page: Page, found: PlaceStudy) -> None:
    """Where women alert strikingly little: not known, which is not safe. With the rule, and what it cannot see."""
    t = page.t
    st.subheader(t("Where silence may hide something"))
    if not page.city.landmarks:
        st.write(escape_markdown(missing(page, NO_LANDMARKS)))
        return
    if page.source is not None and "reporter_gender" not in page.source.asked:
        st.write(t(NO_REPORTERS))
        return
    frame = found.silent.frame
    rows = frame[frame["not_known"]]
    if not found.silent.assessed:
        st.write(t("No named place has alerts enough to tell whether women report strikingly little there."))
    elif rows.empty:
        st.write(t("No named place has strikingly few alerts by women. That does not make any of them safe."))
    for row in rows.to_dict("records"):
        few = not _share_told(page, row)  # what was to be expected is a share of both, and would tell them
        st.markdown(
            t(
                "**{place}: not known.** {women} by women, {men} by men; at least {expected} by women could be "
                "expected.",
                place=escape_markdown(place_label(t, page.city, row["place"])),
                women=written_alerts(page, row["women"]),
                men=written_alerts(page, row["men"]),
                expected=EXPECTED_WOMEN,
            )
            if few
            else t(
                "**{place}: not known.** {women} by women, {men} by men; about {expected} by women could be expected.",
                place=escape_markdown(place_label(t, page.city, row["place"])),
                women=written_alerts(page, row["women"]),
                men=written_alerts(page, row["men"]),
                expected=round(row["expected"]),
            )
        )
    for choice in found.silent.choices:
        st.caption(t(choice.explanation))
    st.caption(
        t(
            "Nobody counts here how many women pass by, so the alerts by men serve as a measure of how busy a place "
            "is. A walk with women who know the place, by day and after dark, reveals more than this figure."
        )
    )


def _share_told(page: Page, row: dict[str, float]) -> bool:
    """Whether the share of women at a place may be written out: it has few neither of women nor of men."""
    return share_is_told(row["women"], row["women"] + row["men"], least_written(page))


def _share(page: Page, row: dict[str, float]) -> str:
    return page.t.share(row["share"], row["low"], row["high"]) if _share_told(page, row) else "–"


def _verdict(row: dict[str, float]) -> str:
    return ALIKE if not row["significant"] else MORE if row["direction"] > 0 else FEWER


def _sentence(page: Page, found: PlaceStudy) -> str:
    t, frame = page.t, found.differ.frame
    looked, differ = int(frame["p"].notna().sum()), int(frame["significant"].sum())
    if not looked:
        return t("There are too few alerts near named places to compare them.")
    if not differ:
        return t.n(
            "The one place that could be compared does not differ from the city beyond chance.",
            "None of the {n} places that could be compared differs from the city beyond chance.",
            looked,
        )
    return t.n(
        "In {n} of {looked} places the share of women among the women and men affected differs from the city's "
        "({city}) beyond chance.",
        "In {n} of {looked} places the share of women among the women and men affected differs from the city's "
        "({city}) beyond chance.",
        differ,
        looked=looked,
        city=t.percent(found.differ.city.value),
    )


def _draw_clearest_places(page: Page, f: AlertFilter, frame: pd.DataFrame) -> None:
    """The clearest places, each with its share and the way to look closer."""
    t = page.t
    sure = frame[frame["significant"]]
    for rank, row in enumerate(sure.head(NAMED).to_dict("records"), 1):
        place = escape_markdown(place_label(t, page.city, row["place"]))
        share = _share(page, row)
        with st.container(gap="xsmall"):
            sentence = (
                _without_share(page, rank, place, row)
                if not _share_told(page, row)
                else t("**{rank} {place}**: {share} women, more than in the city.", rank=rank, place=place, share=share)
                if row["direction"] > 0
                else t(
                    "**{rank} {place}**: {share} women, fewer than in the city.", rank=rank, place=place, share=share
                )
            )
            st.markdown(sentence)
            here = f.replace(places=(row["place"],), districts=(), cells=())
            page_link(page, "gender", t("Look closer at {place}", place=place), filter=here)
    if len(sure) > NAMED:
        st.caption(t.n("{n} more is in the table.", "{n} more are in the table.", len(sure) - NAMED))


def _without_share(page: Page, rank: int, place: str, row: dict[str, float]) -> str:
    """A place that differs, with few of women or of men."""
    more = N_("**{rank} {place}**: more women than in the city.")
    words = more if row["direction"] > 0 else N_("**{rank} {place}**: fewer women than in the city.")
    return page.t(words, rank=rank, place=place)


def _draw_table(page: Page, frame: pd.DataFrame) -> None:
    t = page.t
    if frame.empty:
        return
    words = {MORE: t("more women"), FEWER: t("fewer women"), ALIKE: t("no difference shown")}
    rows = frame.to_dict("records")
    written = pd.DataFrame(
        {
            "place": [place_label(t, page.city, row["place"]) for row in rows],
            "women": [written_count(page, row["women"]) for row in rows],
            "men": [written_count(page, row["men"]) for row in rows],
            "share": [_share(page, row) for row in rows],
            "verdict": [words[row["verdict"]] for row in rows],
            "q": [written_q(page, row["q"]) if _share_told(page, row) else "–" for row in rows],
        }
    )
    headings = {
        "place": t("Place"),
        "share": t("Women (95 %)"),
        "verdict": t("Compared with the city"),
        "women": t.c("gender", "Women"),
        "men": t.c("gender", "Men"),
        "q": t("Corrected p"),
    }
    if page.narrow:
        headings = {name: headings[name] for name in ("place", "share", "verdict")}
    with st.expander(t("All places as a table")):
        tables.draw_table(
            page, written, headings, key="gender_places", alt=t("Places by share of women, clearest first")
        )
    with st.container(horizontal=True):
        data = frame.drop(columns=["verdict", "not_known", "expected"])
        data.insert(1, "name", written["place"])
        tables.download_button(page, data, "gender_places.csv", key="gender_places_csv")
        tables.geojson_button(t, lambda: _shapes_file(page, data), "gender_places.geojson", key="gender_places_geojson")


def _draw_map(page: Page, frame: pd.DataFrame, found: PlaceStudy, alt: str) -> None:
    """Named places as circles as wide as the place: coloured where they differ."""
    t, colours = page.t, palette(page.theme)
    if basemap.without_outline(page):
        return
    shades = {MORE: GENDERS[page.theme]["woman"], FEWER: GENDERS[page.theme]["man"]}
    rows = {row["place"]: row for row in frame.to_dict("records")}
    sure = list(frame.loc[frame["significant"], "place"])
    marks = {mark.id: mark for mark in page.city.landmarks}
    circles = [
        _circle(page, mark, rows.get(mark.id), colours, shades, unheard=mark.id in found.unheard)
        for mark in marks.values()
    ]
    named = [(marks[place], rank) for rank, place in enumerate(sure, 1)]
    pins = [Pin(t.label(mark.labels), mark.longitude, mark.latitude, rank) for mark, rank in named]
    layer = pdk.Layer(
        "ScatterplotLayer",
        id="places",
        data=circles,
        get_position="position",
        get_radius="radius",
        radius_min_pixels=5,
        filled=True,
        stroked=True,
        get_fill_color="fill",
        get_line_color="line",
        get_line_width="width",
        line_width_units=pdk.types.String("pixels"),
        pickable=True,
    )
    layers = [*basemap.base_layers(page.city, colours), layer]
    cell_map.draw_named_layers(page, layers, pins, key="gender_map", alt=alt, span=SPAN)
    entries = [
        (f"background:{shades[MORE]}", t("more women than in the city")),
        (f"background:{shades[FEWER]}", t("fewer women than in the city")),
        (f"border:1px solid {colours.muted}", t("no difference shown")),
    ]
    if found.unheard:
        entries.append((f"border:3px solid {colours.accent}", t("women's safety not known")))
    legends.draw_legend_row(colours, t("Named places"), entries)


def _circle(
    page: Page,
    mark: Landmark,
    row: dict[str, float] | None,
    colours: Palette,
    shades: dict[str, str],
    *,
    unheard: bool,
) -> dict[str, object]:
    t, kind = page.t, row["verdict"] if row else ""
    name = t.label(mark.labels)
    if row is None:
        tip = t("{place}: no alerts", place=name)
    elif _share_told(page, row):
        tip = t("{place}: {share} women", place=name, share=_share(page, row))
    else:
        tip = t("{place}: too few alerts for the share of women to be written out", place=name)
    if unheard:
        tip += "\n" + t("Women report little here: not known, not safe.")
    return {
        "position": [mark.longitude, mark.latitude],
        "radius": mark.radius,
        "fill": rgba(shades.get(kind, colours.line), 215 if kind in shades else 0),
        "line": rgba(colours.accent if unheard else shades.get(kind, colours.muted)),
        "width": 3 if unheard else 1,
        "tip": tip,
    }


def _shapes_file(page: Page, data: pd.DataFrame) -> str:
    points = {mark.id: shapely.Point(mark.longitude, mark.latitude) for mark in page.city.landmarks}
    return tables.geojson(page, data, [points[place] for place in data["place"]])
