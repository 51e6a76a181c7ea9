"""The layers "Significance" and "Clusters": the map, the list below it, cold places, the panel of a selected place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import pandas as pd
import shapely
import streamlit as st

from analysis.hotspots.grouping import Spot
from analysis.hotspots.surroundings import LAND, DenominatorKind
from analysis.spots.naming import name_spots
from analysis.spots.profile import states_no_category
from curim_data.model import (
    NO_AFFECTED,
    NO_CATEGORY,
    NO_POSITIONS,
    SEVERAL_CATEGORIES,
    AreaTooLargeError,
    Gender,
    category_label,
    cell_polygons,
    gender_label,
)
from curim_data.privacy import drawn_share, share_is_told
from curim_data.studies.brief_text import order_choices
from curim_data.studies.cells import has_area, in_area
from curim_data.studies.hot_spots import HotSpotStudy
from curim_data.studies.spot_profiles import SpotStudy, SpotSummary
from pages.parts.charts import Figure, bars_of_shares, no_clock_reason, plots, written_count
from pages.parts.frame import (
    LIGHT,
    Heading,
    Page,
    draw_alone,
    draw_few_mapped_note,
    draw_fold,
    draw_footer,
    draw_way_to_all_dates,
    escape_markdown,
    redraw,
)
from pages.parts.hotspots.choices import (
    COUNTS_KEY,
    LIST_KEY,
    MAP_KEY,
    SELECTED_WORD,
    FoundPlace,
    ListQuery,
    clusters,
    draw_base_note,
    draw_found_place,
    draw_ways_on,
    list_lines,
    selected_id,
    spot_details,
)
from pages.parts.hotspots.ranked_list import (
    SPAN,
    at_default_words,
    cell_lines,
    draw_area_button,
    draw_downloads,
    draw_heading,
    draw_ranked_list,
    headline,
    in_list_order,
    lines_in_area,
)
from pages.parts.maps import (
    MAP_OF,
    Outline,
    Pin,
    cell_layer,
    cell_shades,
    draw_cell_map,
    map_download_button,
    map_layer,
    picked_on_map,
    without_outline,
)

if TYPE_CHECKING:
    from analysis.clusters import Clusters
    from analysis.report.maps import MapLayer


FEW: Final = 30  # alerts of a place, below which its shares are imprecise
PLACES: Final = "places"
MOST_OUTLINES: Final = 200
# As many are named; the downloadable table of cells holds them all.
MOST_NAMED: Final = 5
# A chart of the panel with its words for those who do not see it, and its caption.
Part = tuple[Figure | None, str, str]
NOTHING: Final[Part] = (None, "", "")


def draw_places_layer(
    page: Page, heading: Heading, study: HotSpotStudy, layer: str, base: DenominatorKind, place: FoundPlace | None
) -> None:
    """Hot cells or clusters, their list, and the selected one.

    `heading`: where the headline stands; `place`: the one that the map is turned to.
    """
    try:
        found = clusters(page.dataset, page.filter) if layer == "clusters" else None
    except AreaTooLargeError as error:
        st.info(page.t(error.message))
        return
    asked = ListQuery(page.dataset, page.filter, layer, study.resolution, base)
    everywhere = list_lines(asked, study.spots if found is None else found.found)
    shown = in_list_order(lines_in_area(page, everywhere))
    draw_heading(page, heading, headline(page, study, len(everywhere), shown), listed=True)
    if found is None:
        draw_base_note(page, base)
    draw = partial(_draw_places, page, study, found, everywhere, shown, asked, place)
    draw_alone(PLACES, draw, words=(SELECTED_WORD, "tab"))


def _draw_places(
    page: Page,
    study: HotSpotStudy,
    found: Clusters | None,
    everywhere: tuple[SpotSummary, ...],
    shown: tuple[SpotSummary, ...],
    asked: ListQuery,
    place: FoundPlace | None,
) -> None:
    """The map, the list and the panel of the selected place; picking another one draws them alone."""
    t = page.t
    places = {one.spot.id: one.spot.names for one in shown}
    line = _selected_line(shown, places, place)
    cells = study.cells.frame if st.session_state.get(COUNTS_KEY) else study.map_cells()
    cells = cells.assign(tooltip=pd.Series(cell_lines(t, study), study.hot.frame.index))
    pins = [Pin(one.name(t), one.spot.longitude, one.spot.latitude, one.spot.rank) for one in shown]

    def select() -> None:
        selected_id(places, MAP_KEY, LIST_KEY)
        redraw(PLACES)

    left, right = st.columns([5, 3], gap="medium")
    with left:
        _draw_map(page, study, cells, found, everywhere, pins, line, place, select)
        draw_found_place(page, place)
        draw_area_button(page, picked_on_map(MAP_KEY), study)
        draw_ranked_list(page, shown, line.spot.id if line else None, select)
    with right:
        if line is not None:
            draw_spot_panel(page, asked, line)
        elif everywhere:
            st.write(t("The hot spots of the city lie elsewhere. Remove the area from the filter to see them."))
        else:
            draw_no_places(page, asked.base, study)
    draw_few_mapped_note(page, study.total, study.cells.at_default or 0)
    draw_footer(
        page,
        total=study.total,
        excluded=study.cells.at_default,
        choices=(*(study if found is None else found).choices, *order_choices(page.city)),
        about="hot-spots" if found is None else "clusters",
    )
    cold = [] if found else cold_places_in_area(page, study)
    draw_cold = partial(draw_cold_places, page, cold)
    draw_files = partial(_draw_files, page, study, cells, found, shown, line, pins)
    if cold:
        draw_fold("cold", t("Where are there fewer than expected?"), draw_cold, word="tab")
    draw_fold("files", t("Download data and map"), draw_files, word="tab")


def _selected_line(
    shown: Sequence[SpotSummary], places: Mapping[str, tuple[str, ...]], place: FoundPlace | None
) -> SpotSummary | None:
    """The line of the selected hot spot; the one at the place that was searched for, where the link names none."""
    if place is not None and SELECTED_WORD not in st.query_params:
        at_place = next((one.spot.id for one in shown if not set(place.cells).isdisjoint(one.spot.cells)), None)
        if at_place is not None:
            st.query_params[SELECTED_WORD] = at_place
    chosen = selected_id(places, MAP_KEY, LIST_KEY)
    return next((one for one in shown if one.spot.id == chosen), None)


def _draw_map(
    page: Page,
    study: HotSpotStudy,
    cells: pd.DataFrame,
    found: Clusters | None,
    everywhere: Sequence[SpotSummary],
    pins: Sequence[Pin],
    line: SpotSummary | None,
    place: FoundPlace | None,
    on_select: Callable[[], None],
) -> None:
    """Hot cells, or the outlines of clusters, with the names of places and the selected one."""
    t, frame = page.t, study.hot.frame
    outlines = zip(found.found[:MOST_OUTLINES], everywhere, strict=False) if found is not None else ()
    draw_cell_map(
        page,
        key=MAP_KEY,
        alt=t(MAP_OF, name=t("Hot spots")),
        cells=cells,
        hot=() if found else frame.index[frame["hot"]],
        outlines=[Outline(cluster.id, one.name(t), cluster.outline) for cluster, one in outlines],
        pins=pins,
        highlight=line.spot.cells if line and not found else (),
        span=SPAN,
        place=place,
        on_select=on_select,
    )
    if found is not None and len(found.found) > MOST_OUTLINES:
        st.caption(
            t("The map outlines the first {n} of {all}; the list holds all.", n=MOST_OUTLINES, all=len(found.found))
        )


def _draw_files(
    page: Page,
    study: HotSpotStudy,
    cells: pd.DataFrame,
    found: Clusters | None,
    shown: Sequence[SpotSummary],
    line: SpotSummary | None,
    pins: Sequence[Pin],
) -> None:
    """List, shapes, cells, and the map as a picture, to take along."""
    t, frame = page.t, study.hot.frame

    def layers() -> list[MapLayer]:
        shades = cell_shades(page, cells)
        if found is not None:
            outlines = [cluster.outline for cluster in found.found[:MOST_OUTLINES]]
            return [*shades, map_layer(t("cluster"), LIGHT.cluster_line, outlines, outline=True)]
        shades.append(cell_layer(t("hot spot"), LIGHT.hot_line, frame.index[frame["hot"]], outline=True))
        if line is not None:
            whole = shapely.union_all(cell_polygons(list(line.spot.cells)))
            shades.append(map_layer(t("selected"), LIGHT.highlight, [whole], outline=True))
        return shades

    with st.container(horizontal=True):
        draw_downloads(page, shown, study if found is None else None)
        map_download_button(
            page,
            layers,
            name="hotspots" if found is None else "clusters",
            title=t("Times the usual number of the surroundings") if "excess" in cells else t("Alerts per cell"),
            alt=t(MAP_OF, name=t("Hot spots")),
            total=study.total,
            pins=pins,
            facts=[(found or study).sentence(t)],
        )


def draw_no_places(page: Page, base: DenominatorKind, study: HotSpotStudy) -> None:
    """Say under the headline that no place stands out what would have been found, or what could be."""
    t = page.t
    if study.unjudged is not None:
        st.write(t(study.unjudged))
    elif study.total.n and base == LAND:
        st.write(study.power.sentence(t))
        if study.power.too_few:
            st.write(t("Widen the period, the categories or the times of day, or choose larger cells."))
            draw_way_to_all_dates(page)


def draw_no_positions(page: Page, heading: Heading) -> None:
    """The headline, what to ask for, and the way to all dates, where some alert of theirs is on the map.

    Nothing is drawn of the layer: neither its map nor a file to download, for places that nobody looked at.
    """
    draw_heading(page, heading, page.t("No alert is on the map, so no place was looked at."))
    without_outline(page)
    st.write(page.t(NO_POSITIONS))
    draw_way_to_all_dates(page)


def cold_places_in_area(page: Page, study: HotSpotStudy) -> list[Spot]:
    """Cold places of the area that the filter names, the most surely low first."""
    if not study.cold or not has_area(page.filter):
        return list(study.cold)
    names = name_spots(study.cold, page.city)
    return [spot for spot in study.cold if in_area(spot, names[spot.id], page.filter, page.city)]


def draw_cold_places(page: Page, found: Sequence[Spot]) -> None:
    """The cold places, each with its sentence."""
    t, names, least = page.t, name_spots(found[:MOST_NAMED], page.city), page.written.least()
    rest = len(found) - MOST_NAMED
    lines = [
        t.pair(f"- **{escape_markdown(names[spot.id](t))}**", escape_markdown(spot.cold_sentence(t, least)))
        for spot in found[:MOST_NAMED]
    ]
    lines += ["- " + t.n("{n} more.", "{n} more.", rest)] if rest > 0 else []
    st.markdown("\n".join(lines))


def draw_spot_panel(page: Page, asked: ListQuery, line: SpotSummary) -> None:
    """Draw the panel of the selected hot spot: one sentence, cautions, ways on, and a fold with all that it was."""
    t, spot = page.t, line.spot
    st.subheader(f"{spot.rank} · {escape_markdown(line.name(t))}")
    figures = spot.sentence(t, page.written.least()) if isinstance(spot, Spot) else spot.sentence(t)
    st.write(escape_markdown(figures))
    if spot.n < FEW:
        st.warning(t("Few alerts: what is said of this place is imprecise."))
    draw_ways_on(page, spot.names, "spot_draft")
    details = partial(draw_spot_details, page, asked, line)
    draw_fold("spot", t("What, when and for whom?"), details, word="tab")


def draw_spot_details(page: Page, asked: ListQuery, line: SpotSummary) -> None:
    """What the alerts of a hot spot are like: its weeks, clock, categories and genders, each with its cautions."""
    t, study = page.t, spot_details(asked, line.spot.id, line.spot)
    st.write(escape_markdown(study.profile.sentence(t)))
    if study.at_default:
        st.warning(at_default_words(page, study.at_default))
    parts = {"weeks": _weeks, "clock": _clock, "categories": _categories, "genders": _genders}
    for name, make in parts.items():
        figure, alt, caption = make(page, study)
        if figure is not None:
            plots.draw_chart(page, figure, key=f"spot_{name}", alt=alt)
        if caption:
            st.caption(caption)


def _one_week(page: Page, study: SpotStudy) -> str:
    """The week that holds half of the alerts here or more, and four of them; empty where there is none."""
    if study.trend is None or study.trend.unit != "week" or len(study.trend.frame) <= 4:
        return ""
    counts, weeks = study.trend.frame["n"].fillna(0), study.trend.frame[study.trend.column]
    if (n := round(counts.max())) < max(4, study.profile.n / 2):
        return ""
    return page.t(
        "{n} of the {all} alerts here fall into one week, that of {day}: one event may lie behind them.",
        n=n,
        all=study.profile.n,
        day=page.t.date(weeks[counts.idxmax()].date()),
    )


def _weeks(page: Page, study: SpotStudy) -> Part:
    t, trend = page.t, study.trend
    if trend is None or trend.frame.empty:
        return NOTHING
    told = " ".join(filter(None, (trend.sentence(t), _one_week(page, study))))
    if len(trend.frame) < 2:
        return None, "", told
    beginning, incomplete = (not bool(trend.frame["complete"].iloc[end]) for end in (0, -1))
    figure = plots.band_figure(
        page,
        trend.frame.drop(columns="adjusted"),
        time=trend.column,
        height=190,
        incomplete=incomplete,
        beginning=beginning,
    )
    return figure, told, told + (" ○ " + t("not complete") + "." if incomplete else "")


def _clock(page: Page, study: SpotStudy) -> Part:
    if study.week is None or not study.week.n:
        unsaid = study.week is None and page.alerts.known_time.knows("hour")
        return NOTHING if unsaid else (None, "", no_clock_reason(page))
    hours = [(day, hour, study.week.matrix[day, hour]) for day in range(7) for hour in range(24)]
    frame = pd.DataFrame(hours, columns=["weekday", "hour", "n"])
    words, some = study.week.sentence(page.t), page.alerts.some_hours
    figure = plots.clock_figure(page, frame, height=190, compact=True)
    return figure, words, words if some is None else f"{words} {page.t(some)}"


def _categories(page: Page, study: SpotStudy) -> Part:
    t = page.t
    shown = study.categories[study.categories["n"] > 0].head(5)
    if states_no_category(study.categories):
        return None, "", t(NO_CATEGORY)
    if len(shown) < 2:  # of one the sentence above says all
        return NOTHING
    counts = [
        (name, n, max(n, study.profile.n), page.written.least(name))
        for name, n in zip(shown["category"], shown["n"], strict=True)
    ]
    # The share of a category is written where that tells no small number.
    frame = pd.DataFrame(
        {
            "label": category_label(t, page.city, name),
            "value": drawn_share(n, total, least),
            "low": float("nan"),
            "high": float("nan"),
            "text": written_count(page, n, name)
            + (f" ({t.percent(n / study.profile.n)})" if share_is_told(n, total, least) else ""),
        }
        for name, n, total, least in counts
    )
    several = study.categories["n"].sum() > study.affected.n
    note = t(SEVERAL_CATEGORIES) if several else ""
    return plots.interval_bars_figure(page, frame, labels_above=True), t("Categories"), note


def _genders(page: Page, study: SpotStudy) -> Part:
    t = page.t
    if len(page.filter.affected) == 1:  # every alert here has the same gender
        return NOTHING
    if "affected_gender" not in page.alerts.asked:
        return None, "", t(NO_AFFECTED)
    rows, told = study.affected.frame, study.affected.sentence(t)
    pair = rows["gender"].isin([Gender.WOMAN, Gender.MAN])
    # A bar of 0 % for women and for men would be misread where the source has no gender at all.
    rows = rows[(rows["n"] > 0) | (pair & (rows.loc[pair, "n"].sum() > 0))]
    bars = bars_of_shares(page, rows, "n", study.affected.total)
    frame = bars.assign(label=[gender_label(t, code) for code in rows["gender"]], value=bars["value"].fillna(0))
    return plots.interval_bars_figure(page, frame, labels_above=True), told, told
