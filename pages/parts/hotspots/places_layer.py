"""The layers "Significance" and "Clusters": the map, the list below it, cold places, the panel of a selected place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from analysis.grid import with_points
from analysis.hotspots.grouping import Spot, SpotHarm
from analysis.hotspots.surroundings import LAND
from analysis.spots.naming import name_spots
from analysis.spots.profile import states_no_category
from curim_data.model import AreaTooLargeError, Gender, Translator
from curim_data.model.absence import NO_AFFECTED, NO_CATEGORY, NO_POSITIONS
from curim_data.model.labels import category_label, gender_label
from curim_data.privacy import drawn_share, share_is_told
from curim_data.studies.cells import has_area, in_area, whole_city
from curim_data.studies.hot_spots import HotSpotStudy, SpotsByHarm
from curim_data.studies.periods import chosen_from
from curim_data.studies.spot_profiles import SpotStudy, SpotSummary
from pages.parts.charts import plots
from pages.parts.charts.numbers import bars_of_shares, least_written, written_count
from pages.parts.charts.plots import no_clock_reason
from pages.parts.frame import Heading, Page, draw_footer, escape_markdown, filter_bar
from pages.parts.frame.colours import LIGHT
from pages.parts.frame.footer import draw_few_mapped_note, draw_way_to_all_dates
from pages.parts.frame.guard import draw_alone, redraw
from pages.parts.frame.results import contained
from pages.parts.hotspots.choices import (
    MAP_KEY,
    SELECTED_WORD,
    FoundPlace,
    draw_found_place,
    draw_option_notes,
    draw_ways_on,
    picked_cells,
    selected_spot,
)
from pages.parts.hotspots.map_download import cell_shades, hot_shades, map_download_button, outlined
from pages.parts.hotspots.queries import (
    ListQuery,
    Options,
    classes_are_ready,
    clusters,
    emerging_of,
    list_lines,
    spot_details,
    spot_harm,
)
from pages.parts.hotspots.ranked_list import (
    SPAN,
    ListView,
    RankedList,
    cell_size_label,
    draw_area_button,
    draw_area_headline,
    draw_area_note,
    draw_downloads,
    draw_headline,
    draw_no_spot_in_area,
    lines_in_area,
    list_view,
    rate_lines,
    rate_measure,
    significance_lines,
    street_names,
)
from pages.parts.maps.basemap import without_outline
from pages.parts.maps.cell_map import Outline, draw_cell_map
from pages.parts.maps.name_layers import Pin

if TYPE_CHECKING:
    from analysis.clusters import Clusters
    from analysis.report.maps import MapLayer


# From so many stored alerts on classes over time come a moment after the page.
LATER_FROM: Final = 50_000
PART: Final = "places"
MOST_OUTLINES: Final = 200
# As many are named; the downloadable table of cells holds them all.
MOST_NAMED: Final = 5
CATEGORIES_SHOWN = 5
# Where a week holds this share of the alerts of a place, and so many of them, that is said.
ONE_WEEK: Final = 0.5
LEAST_IN_WEEK: Final = 4


def draw_places_layer(
    page: Page,
    heading: Heading,
    study: HotSpotStudy,
    layer: str,
    how: Options,
    place: FoundPlace | None,
) -> None:
    """Hot cells or clusters, their list, and the selected one.

    `heading`: where the headline stands; `place`: the one that the map is turned to.
    """
    try:
        found = clusters(page.dataset, page.filter, weight=how.weight) if layer == "clusters" else None
    except AreaTooLargeError as error:
        st.info(page.t(error.message))
        return
    asked = ListQuery(page.dataset, page.filter, layer, study.resolution, how)
    everywhere = list_lines(asked, study.spots if found is None else found.found)
    weighed = spot_harm(page, study, how) if found is None else None
    view = list_view(lines_in_area(page, everywhere), harm=weighed.of if weighed is not None else None)
    shown = view.lines
    cold = [] if found else cold_places_in_area(page, study)
    with heading:
        if len(everywhere) and has_area(page.filter):
            draw_area_headline(page, len(everywhere), len(shown))
        else:
            draw_headline(page, study, shown, is_clusters=found is not None, cold=len(cold))
        st.caption(filter_bar.filter_sentence(page))
        draw_area_note(page, listed=True)
    draw_option_notes(page, how, layer)

    def draw() -> None:
        _draw_places(page, study, found, everywhere, view, cold, asked, place, weighed)

    draw_alone(PART, draw, words=(SELECTED_WORD,))


def _draw_places(
    page: Page,
    study: HotSpotStudy,
    found: Clusters | None,
    everywhere: tuple[SpotSummary, ...],
    view: ListView,
    cold: Sequence[Spot],
    asked: ListQuery,
    place: FoundPlace | None,
    weighed: SpotsByHarm | None,
) -> None:
    """The map, the list and the panel of the selected place; picking another one draws them alone.

    Where there are many alerts the classes over time take longer than all the rest: the list stands without them until
    then, and it alone is drawn again.
    """
    t, how, shown = page.t, asked.how, view.lines
    spots = tuple(one.spot for one in shown)
    line = _selected_line(shown, place)
    chosen = line.spot.id if line else None

    def select() -> None:
        selected_spot(spots)
        redraw(PART)

    pins = [Pin(one.name(t), one.spot.longitude, one.spot.latitude, one.spot.rank) for one in shown]
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _draw_map(page, study, found, everywhere, line, pins, place, select)
        if found is not None and len(found.found) > MOST_OUTLINES:
            st.caption(
                t("The map outlines the first {n} of {all}; the list holds all.", n=MOST_OUTLINES, all=len(found.found))
            )
        draw_found_place(page, place)
        draw_area_button(page, picked_cells(), study)
        gistar = None if found else study.hot.gistar_valid
        ranked = RankedList.of(page, view, chosen, gistar_valid=gistar, on_select=select)
        classed = bool(shown) and found is None and not page.protected
        many = classed and page.alerts.count > LATER_FROM
        waits = many and not classes_are_ready(page.dataset, page.filter, study.resolution)
        ranked.draw(classes_over_time(page, study, shown) if classed and not waits else None, waits=waits)
        progress = st.container()
        if found is None and shown and study.elsewhere is not None:
            st.write(t(study.elsewhere))
        draw_cold_places(page, study, cold)
        draw_few_mapped_note(page, study.total, study.cells.at_default or 0)
        draw_footer(
            page,
            sentence=with_points(t, (found or study).sentence(t), (found or study).choices),
            total=study.total,
            excluded=study.cells.at_default,
            choices=(*(study if found is None else found).choices, *(weighed.choices if weighed is not None else ())),
        )
        draw_downloads(page, view, gistar_valid=gistar, study=study if found is None else None)
        _draw_map_download(page, study, found, line, pins)
    with right:
        if line is None and everywhere:
            draw_no_spot_in_area(page)
        elif line is None:
            draw_no_places(t, how, study, cold=bool(cold), sized=not page.protected)
            if study.power.too_few and study.unjudged is None:
                draw_way_to_all_dates(page)
        else:
            draw_spot_panel(page, asked, line, view.harm.get(line.spot.id))
    if waits:
        with progress, contained(t("Class over time")):
            classes = None
            try:
                classes = classes_over_time(page, study, shown)
            finally:
                ranked.draw(classes)


def _selected_line(shown: Sequence[SpotSummary], place: FoundPlace | None) -> SpotSummary | None:
    """The line of the selected hot spot; the one at the place that was searched for, where the link names none."""
    if place is not None and SELECTED_WORD not in st.query_params:
        at_place = next((one.spot.id for one in shown if not set(place.cells).isdisjoint(one.spot.cells)), None)
        if at_place is not None:
            st.query_params[SELECTED_WORD] = at_place
    chosen = selected_spot(tuple(one.spot for one in shown))
    return next((one for one in shown if one.spot.id == chosen), None)


def _draw_map(
    page: Page,
    study: HotSpotStudy,
    found: Clusters | None,
    everywhere: Sequence[SpotSummary],
    line: SpotSummary | None,
    pins: Sequence[Pin],
    place: FoundPlace | None,
    on_select: Callable[[], None],
) -> None:
    """Hot and cold cells, or the outlines of clusters, with the names of places and the selected one."""
    t, frame = page.t, study.hot.frame
    draw_cell_map(
        page,
        key=MAP_KEY,
        alt=t("Map of the city with its hot spots; the list below holds the same."),
        cells=study.cells.frame if found else _map_cells(page, study),
        z_is_test=study.hot.gistar_valid,
        hot=() if found else frame.index[frame["hot"]],
        cold=() if found else frame.index[frame["cold"]],
        outlines=_outlines(t, found, everywhere),
        pins=pins,
        highlight=line.spot.cells if line and not found else (),
        span=SPAN,
        place=place,
        with_neighbours=study.hot.setting.k > 0,
        measure=None if found else rate_measure(t, study.hot.base),
        on_select=on_select,
    )


def _outlines(t: Translator, found: Clusters | None, everywhere: Sequence[SpotSummary]) -> list[Outline]:
    """The outlines of the first clusters: more would cover the map."""
    if found is None:
        return []
    pairs = zip(found.found, everywhere, strict=True)
    return [Outline(c.id, one.name(t), c.outline) for c, one in islice(pairs, MOST_OUTLINES)]


def _draw_map_download(
    page: Page,
    study: HotSpotStudy,
    found: Clusters | None,
    line: SpotSummary | None,
    pins: Sequence[Pin],
) -> None:
    """The map as a picture to take along."""
    t, frame = page.t, study.hot.frame

    def shades() -> list[MapLayer]:
        if found is not None:
            outlines = [cluster.outline for cluster in found.found[:MOST_OUTLINES]]
            return [*cell_shades(page, study.cells.frame), outlined(t("cluster"), LIGHT.cluster_line, outlines)]
        hot, cold = frame.index[frame["hot"]], frame.index[frame["cold"]]
        selected = line.spot.cells if line else ()
        cells, how = _map_cells(page, study), rate_measure(t, study.hot.base)
        return hot_shades(page, cells, hot, cold, selected, with_neighbours=study.hot.setting.k > 0, measure=how)

    map_download_button(
        page,
        shades,
        name="hotspots" if found is None else "clusters",
        title=how.heading if (how := rate_measure(t, study.hot.base)) and found is None else t("Alerts per cell"),
        alt=t("Map of the city with its hot spots; the list below holds the same."),
        total=study.total,
        pins=pins,
        facts=[(found or study).sentence(t)],
    )


def _map_cells(page: Page, study: HotSpotStudy) -> pd.DataFrame:
    """The cells of the map, with the lines of their tooltips below the count."""
    cells, tooltips = study.cells.frame.join(study.hot.frame["z"]), significance_lines(page.t, study)
    if study.hot.based:
        tooltips = [rate + test for rate, test in zip(rate_lines(page.t, study), tooltips, strict=True)]
        cells = cells.assign(value=study.hot.frame["rate"])
    return cells.assign(tooltip=pd.Series(tooltips, study.hot.frame.index))


def classes_over_time(page: Page, study: HotSpotStudy, shown: tuple[SpotSummary, ...]) -> dict[str, str] | None:
    """The class over time of each hot spot that coincides with a place that has one; None where there is none."""
    over_time = emerging_of(page.dataset, page.filter, study.resolution)
    if over_time.emerging is None:
        return None
    found = {line.spot.id: over_time.class_of(line.spot.cells) for line in shown}
    return {name: page.t(own.label) for name, own in found.items() if own is not None}


def draw_no_places(t: Translator, how: Options, study: HotSpotStudy, *, cold: bool, sized: bool) -> None:
    """Draw what is said where no hot place was found, and what would have been.

    `cold`: whether there are cold places; `sized`: whether the reader can choose larger cells.
    """
    if study.unjudged is not None:
        st.write(t(study.unjudged))
        return
    if study.power.too_few and study.total.n != 0 and not cold:
        st.subheader(t("Too few alerts to tell"))
        st.write(study.power.sentence(t))
        larger = t("Widen the period, the categories or the times of day, or choose larger cells.")
        st.write(larger if sized else t("Widen the period, the categories or the times of day."))
        return
    st.subheader(t("No hot spot") if cold else t("No place stands out"))
    if study.total.n == 0:
        st.write(t("There are no alerts to test: widen the period, the categories or the area."))
        return
    if how.base != LAND:
        st.write(
            t(
                "No place has a rate higher than the rest of the city, beyond chance. A place can still have many "
                "alerts: compare with the land around to see where they are dense."
            )
        )
        return
    st.write(t("No place has more alerts than expected by chance in its neighbourhood. That is a result too."))
    if not study.power.too_few:
        st.write(study.power.sentence(t))


def draw_no_positions(page: Page, heading: Heading) -> None:
    """The headline, what to ask for, and the way to all dates, where some alert of theirs is on the map.

    Nothing is drawn of the layer: neither its map nor a file to download, for places that nobody looked at.
    """
    with heading:
        st.title(page.t("No alert is on the map, so no place was looked at."))
        st.caption(filter_bar.filter_sentence(page))
    without_outline(page)
    st.write(page.t(NO_POSITIONS))
    draw_way_to_all_dates(page)


def cold_places_in_area(page: Page, study: HotSpotStudy) -> list[Spot]:
    """Cold places of the area that the filter names, the most surely low first."""
    if not study.cold or not has_area(page.filter):
        return list(study.cold)
    names = name_spots(study.cold, page.city)
    return [spot for spot in study.cold if in_area(spot, names[spot.id], page.filter, page.city)]


def draw_cold_places(page: Page, study: HotSpotStudy, found: list[Spot]) -> None:
    """The cold places, each with its sentence; nothing where there is none."""
    if not found:
        return
    t = page.t
    names, least = name_spots(found[:MOST_NAMED], page.city), least_written(page)
    lines = [
        t.pair(f"- **{escape_markdown(names[spot.id](t))}**", escape_markdown(spot.cold_sentence(t, least)))
        for spot in found[:MOST_NAMED]
    ]
    if len(found) > MOST_NAMED:
        lines.append("- " + t.n("{n} more.", "{n} more.", len(found) - MOST_NAMED))
    st.markdown("\n".join([f"**{_heading(t, found, by_rate=study.hot.based)}**", "", *lines]))
    source = page.alerts
    if source.exact is not None and chosen_from(source, whole_city(page.filter)) is source:
        st.caption(
            t(
                "Found in cells of {size}: whoever sees finer cells may find other places cold.",
                size=cell_size_label(page, study.resolution),
            )
        )


def _heading(t: Translator, found: list[Spot], *, by_rate: bool) -> str:
    if by_rate:
        return t.n(
            "{n} place has a lower rate than expected by chance (cold)",
            "{n} places have a lower rate than expected by chance (cold)",
            len(found),
        )
    return t.n(
        "{n} place has fewer alerts than expected by chance (cold)",
        "{n} places have fewer alerts than expected by chance (cold)",
        len(found),
    )


def draw_spot_panel(page: Page, asked: ListQuery, line: SpotSummary, harm: SpotHarm | None) -> None:
    """Draw the panel of the selected hot spot: sentence, links, cautions, weeks, clock, categories, genders.

    `harm`: what its alerts weigh, where that was asked.
    """
    t, spot, study = page.t, line.spot, spot_details(asked, line.spot.id, line.spot)
    st.subheader(f"{spot.rank} · {escape_markdown(line.name(t))}")
    figures = spot.sentence(t, least_written(page)) if isinstance(spot, Spot) else spot.sentence(t)
    weighs = [harm.sentence(t)] if harm is not None else []
    st.write(escape_markdown(" ".join([figures, *weighs, study.profile.sentence(t)])))
    if streets := street_names(page, line):
        st.caption(escape_markdown(t("Streets here: {streets}.", streets=", ".join(streets))))
    draw_ways_on(page, spot.names, "spot_draft")
    draw_cautions(page, line, study)
    _draw_weeks(page, study)
    _draw_clock(page, study)
    _draw_categories(page, study)
    if len(page.filter.affected) != 1:  # else every alert here has the same gender
        _draw_genders(page, study)


def draw_cautions(page: Page, line: SpotSummary, study: SpotStudy) -> None:
    """What makes the figures of this place doubtful."""
    t, least, unknown = page.t, least_written(page), study.profile.unknown_gender or 0.0
    few_piled = t(
        "Fewer than {k} alerts here share their exact coordinates with many others and are kept off maps: probably a "
        "default position of the app.",
        k=least,
    )
    piled = t.n(
        "{n} alert here shares its exact coordinates with many others and is kept off maps: probably a default "
        "position of the app.",
        "{n} alerts here share their exact coordinates with many others and are kept off maps: probably a default "
        "position of the app.",
        study.at_default,
    )
    stated = t("For {share} of the alerts here the gender is not known.", share=t.percent(unknown))
    week = _one_week(page, study)
    cautions = (
        (study.at_default, few_piled if study.at_default < least else piled),
        ("affected_gender" in page.alerts.asked and unknown > 0.2, stated),
        (week, week),
        (line.spot.n < 30, t("Few alerts: the shares below are imprecise.")),
    )
    if sentences := [words for said, words in cautions if said]:
        st.warning("  \n".join(sentences))


def _one_week(page: Page, study: SpotStudy) -> str:
    """The week that holds half of the alerts here or more; empty where there is none."""
    if study.trend is None or study.trend.unit != "week" or len(study.trend.frame) <= 4:
        return ""
    counts, weeks = study.trend.frame["n"].fillna(0), study.trend.frame[study.trend.column]
    if (n := round(counts.max())) < max(LEAST_IN_WEEK, ONE_WEEK * study.profile.n):
        return ""
    return page.t(
        "{n} of the {all} alerts here fall into one week, that of {day}: one event may lie behind them.",
        n=n,
        all=study.profile.n,
        day=page.t.date(weeks[counts.idxmax()].date()),
    )


def _draw_weeks(page: Page, study: SpotStudy) -> None:
    t, trend = page.t, study.trend
    if trend is None or trend.frame.empty:
        return
    label = t("Alerts per week, with the expected range") if trend.unit == "week" else t("Alerts per month")
    if len(trend.frame) < 2:
        st.caption(f"{label}. {trend.sentence(t)}")
        return
    beginning, incomplete = (not bool(trend.frame["complete"].iloc[end]) for end in (0, -1))
    figure = plots.band_figure(
        page,
        trend.frame.drop(columns="adjusted"),
        time=trend.column,
        height=190,
        incomplete=incomplete,
        beginning=beginning,
    )
    plots.draw_chart(page, figure, key="spot_weeks", alt=f"{label}. {trend.sentence(t)}")
    open_circle = t("not complete yet")
    st.caption(f"{label}. {trend.sentence(t)}" + (f" ○ {open_circle}." if incomplete else ""))


def _draw_clock(page: Page, study: SpotStudy) -> None:
    t = page.t
    if study.week is None or not study.week.n:
        if study.week is not None or not page.alerts.known_time.knows("hour"):
            st.caption(no_clock_reason(page))
        return
    frame = pd.DataFrame(
        [(day, hour, study.week.matrix[day, hour]) for day in range(7) for hour in range(24)],
        columns=["weekday", "hour", "n"],
    )
    figure = plots.clock_figure(page, frame, height=190, compact=True)
    words = study.week.sentence(t)
    plots.draw_chart(page, figure, key="spot_clock", alt=words)
    some = page.alerts.some_hours
    st.caption(words if some is None else f"{words} {t(some)}")


def _draw_categories(page: Page, study: SpotStudy) -> None:
    t = page.t
    shown = study.categories[study.categories["n"] > 0].head(CATEGORIES_SHOWN)
    if shown.empty:
        return
    if states_no_category(study.categories):
        st.caption(t(NO_CATEGORY))
        return
    total = study.profile.n
    frame = pd.DataFrame(
        {
            "label": [category_label(t, page.city, name) for name in shown["category"]],
            "value": [
                drawn_share(n, max(n, total), least_written(page, name))
                for name, n in zip(shown["category"], shown["n"], strict=True)
            ],
            "low": float("nan"),
            "high": float("nan"),
            "text": [
                _category_text(page, n, total, name) for name, n in zip(shown["category"], shown["n"], strict=True)
            ],
        }
    )
    label = t("Categories, share of the alerts here")
    plots.draw_chart(page, plots.interval_bars_figure(page, frame, labels_above=True), key="spot_categories", alt=label)
    st.caption(label + ". " + t("An alert of several categories counts once in each."))


def _category_text(page: Page, n: float, total: float, name: str) -> str:
    """How many alerts a category has, and their share where that tells no small number."""
    told, least = written_count(page, n, name), least_written(page, name)
    return f"{told} ({page.t.percent(n / total)})" if share_is_told(n, max(n, total), least) else told


def _draw_genders(page: Page, study: SpotStudy) -> None:
    t = page.t
    if "affected_gender" not in page.alerts.asked:
        st.caption(t(NO_AFFECTED))
        return
    rows = study.affected.frame
    pair = rows["gender"].isin([Gender.WOMAN, Gender.MAN])
    # A bar of 0 % for women and for men would be misread where the source has no gender at all.
    rows = rows[(rows["n"] > 0) | (pair & (rows.loc[pair, "n"].sum() > 0))]
    names = [gender_label(t, code) for code in rows["gender"]]
    frame = bars_of_shares(page, rows, "n", study.affected.total).assign(label=names)
    frame["value"] = frame["value"].fillna(0)
    plots.draw_chart(
        page,
        plots.interval_bars_figure(page, frame, labels_above=True),
        key="spot_genders",
        alt=study.affected.sentence(t),
    )
    st.caption(t("People affected.") + " " + study.affected.sentence(t))
