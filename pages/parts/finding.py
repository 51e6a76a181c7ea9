"""The page of one finding: sentence, place and years, whom it concerns, what happened next door, doubts, a plan."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from curim_data import query
from curim_data.model import NO_AFFECTED, Audience
from curim_data.studies.brief import AnyFinding, BriefChanges, Finding, find_finding, neighbours
from curim_data.studies.brief_content import card_picture
from curim_data.studies.brief_text import (
    finding_sentences,
    in_area,
    sure_explained,
    tested_sentence,
    title,
    what_and_where,
)
from curim_data.studies.cells import area_cells, cell_size, filter_area, whole_city
from curim_data.studies.gender import share_study, without_gender
from curim_data.studies.trends import trend_study
from pages.parts.charts import draw_chart, plots
from pages.parts.findings import OVER_TIME, cached_changes, changes_since, draw_compared, draw_gender_bars, draw_tags
from pages.parts.frame import (
    CALCULATION,
    Page,
    cached_query,
    contained,
    dataset_for,
    draw_download,
    draw_fold,
    draw_footer,
    escape_markdown,
    go_to_page,
    page_link,
    palette,
    shared,
)
from pages.parts.maps import MAP_OF, FoundPlace, draw_cell_map
from pages.parts.plans import may_edit, reference_day

years_of = shared(trend_study, CALCULATION)
shares_of = shared(share_study)
finding_of = shared(find_finding, CALCULATION)
neighbours_of = shared(neighbours)


def asked_finding(page: Page) -> tuple[BriefChanges, AnyFinding] | None:
    """The finding that the address names, and the briefing that it belongs to; None where there is no such finding."""
    asked = page.dataset, page.filter, changes_since(page)
    found = finding_of(*asked, st.query_params.get("id", ""))
    return None if found is None else (cached_changes(*asked), found)


def draw_none(page: Page) -> None:
    """What stands in place of a finding that is not there any more."""
    st.title(page.t("This is no finding any more"))
    page_link(page, "briefing", page.t("To the Briefing"))


def draw_finding(page: Page, told: BriefChanges, one: AnyFinding) -> None:
    """Draw the page: the answer, its place beside its years and people, what happened next door, and its doubts."""
    t, name = page.t, title(one, page.city, page.t)
    first, *rest = finding_sentences(one, page.city, t)
    here = replace(page, filter=one.filter)
    draw_tags(page, one)
    st.title(escape_markdown(t.pair(name, first)))
    st.write(escape_markdown(" ".join(rest)))
    _draw_ways_on(page, one)
    left, right = st.columns(2, gap="medium")
    with left, contained(t("Where")):
        _draw_place(here, one, name)
    with right:
        with contained(t("Over the years")):
            _draw_years(here, name)
        with contained(t("For whom?")):
            _draw_people(here)
    with contained(t("Next door")):
        _draw_neighbours(page, told, one)
    draw_fold("tested", t("How sure is it, and what makes it doubtful?"), partial(_draw_doubts, here, told, one))


def _draw_ways_on(page: Page, one: AnyFinding) -> None:
    """To a plan, where the reader may read plans and the finding has a place; to its hot spots; its picture; back."""
    t = page.t
    with st.container(horizontal=True, vertical_alignment="center"):
        cells = area_cells(page.city, one.filter)
        if may_edit(page) and cells and st.button(t("Draft a plan"), key="finding_draft", type="primary"):
            go_to_page(replace(page, filter=one.filter), "interventions", draft=",".join(cells))
        page_link(page, "hotspots", t("See on Hot spots"), filter=one.filter)
        page_link(page, "briefing", t("To the Briefing"))
        if isinstance(one, Finding) and _public(page, one) is not None:
            draw_download(
                t("Picture for a newsletter"),
                lambda: picture_file(page),
                file_name=f"curim_change_{reference_day(page).isoformat()}_{t.lang}.png",
                mime="image/png",
                key="finding_picture",
                type="tertiary",
            )


def picture_file(page: Page) -> bytes:
    """The finding as a picture, counted for the public."""
    asked = dataset_for(page, Audience.PUBLIC), page.filter, changes_since(page)
    found = finding_of(*asked, st.query_params.get("id", ""))
    assert isinstance(found, Finding)
    return card_picture(cached_changes(*asked), found, page.city, page.t, made=reference_day(page)).data


def _public(page: Page, one: Finding) -> Finding | None:
    """What the public reads of the same finding; None where that is not found, or is judged otherwise."""
    found = finding_of(dataset_for(page, Audience.PUBLIC), page.filter, changes_since(page), one.id)
    alike = isinstance(found, Finding) and found.grade == one.grade and found.change.direction == one.change.direction
    return found if isinstance(found, Finding) and alike else None


def _draw_place(page: Page, one: AnyFinding, name: str) -> None:
    """The map of its theme in its days, turned to its place."""
    city_wide, shape = whole_city(page.filter), filter_area(page.filter, page.city)
    size = int(cell_size(page.alerts, city_wide, None).value)
    counted = cached_query(page, "cells", size, filter=city_wide)
    where = what_and_where(one, page.city, page.t)[1]
    st.subheader(page.t("Where"))
    draw_cell_map(
        page,
        key="finding_map",
        alt=page.t(MAP_OF, name=name),
        cells=counted.frame,
        place=FoundPlace("", where, shape, ()) if shape is not None else None,
        height=430,
        span=0.5,
        pickable=False,
    )


def _draw_years(page: Page, name: str) -> None:
    """Its months over all years with what was expected."""
    t, f = page.t, page.filter
    trend = years_of(page.dataset, f.replace(start=page.alerts.first), "month")
    if trend is None or len(trend.frame) < 2:
        return
    st.subheader(t("Over the years"))
    beginning, incomplete = (not bool(trend.frame["complete"].iloc[end]) for end in (0, -1))
    frame = trend.frame[[trend.column, "n", "expected", "lower", "upper", "alarm"]]
    figure = plots.band_figure(page, frame, time=trend.column, height=280, incomplete=incomplete, beginning=beginning)
    figure.add_span(*query.dates(page.alerts, f), palette(page.theme).band, opacity=0.6)
    figure.show_named_legend()
    alt = t(OVER_TIME, name=name)
    draw_chart(page, figure, key="finding_years", alt=alt, data=frame, file_name="finding.csv", small=True)


def _draw_people(page: Page) -> None:
    """Who is affected, whatever gender the filter names; that nobody asked."""
    t = page.t
    st.subheader(t("For whom?"))
    if "affected_gender" not in page.alerts.asked:
        st.write(t(NO_AFFECTED))
        return
    shares = shares_of(page.dataset, without_gender(page.filter))
    draw_gender_bars(page, shares, "finding_whom")
    st.caption(escape_markdown(shares.sentence(t)))


def _draw_neighbours(page: Page, told: BriefChanges, one: AnyFinding) -> None:
    """What the same did in the areas around, or in the parts of the city."""
    if not isinstance(one, Finding):
        return
    t, rows = page.t, neighbours_of(page.dataset, told.asked, one.change)
    if rows.empty:
        return
    st.subheader(t("Next door") if in_area(one) else t("Districts"))
    draw_compared(page, rows, alt=t("Next door"))


def _draw_doubts(page: Page, told: BriefChanges, one: AnyFinding) -> None:
    """How it was tested, what is not covered or was noted meanwhile, and how many alerts there are."""
    t, changes = page.t, told.changes
    noted = [t(choice.explanation) for choice in changes.choices if choice.name in ("annotation", "coverage")]
    sure = [tested_sentence(one, t), *sure_explained(told, one, t)] if isinstance(one, Finding) else []
    for sentence in [*noted, *sure]:
        st.write(escape_markdown(sentence))
    draw_footer(page, total=cached_query(page, "total"), about="changes" if isinstance(one, Finding) else "events")
