"""Plans as several pages use them: the store of the home on show, who may edit, under which name; the map of areas.

And the plan that is open in a session: opened by the address, changed by the steps, saved; and what follows from it.
Under the same name an analyst says of some days what happened or what the alerts do not cover.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import h3.api.basic_str as h3
import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from analysis.plans.drafting import (
    buffer_cells,
    gender_sentence,
    objective_sentence,
    propose_comparison_area,
)
from analysis.spots.naming import SpotName, name_spots
from curim_data.engine import Source, city_day
from curim_data.filters import AlertFilter
from curim_data.model import Message, Plan, PlanStatus, Role, Span
from curim_data.model.coverage import KIND_WORDS, Annotation
from curim_data.model.plan import Areas
from curim_data.plans.plan_store import PlanConflict, PlanMissing, PlanProblem, PlanStore
from curim_data.plans.record import Deed
from curim_data.privacy import is_sensitive
from curim_data.protection import copy_of
from curim_data.sample import demo_words
from curim_data.store.annotations import AnnotationError, add_annotation, remove_annotation
from curim_data.studies.cells import area_counts, cells_to_compare, union_of_cells
from curim_data.studies.evaluation import AREAS, evaluation_filter
from curim_data.studies.hot_spots import hot_spot_study, known_places
from curim_data.studies.plan import YEAR, draft_plan_for_cells, drop_to_see
from pages.parts.frame import Page, escape_markdown, palette, record, rgba, shared
from pages.parts.maps import basemap, draw_legend_row, draw_named_layers, without_outline

WHO = "plan_who"
AREA_LABELS = {
    "treated": Message("Treated area"),
    "buffer": Message("Buffer"),
    "comparison": Message("Comparison area"),
}


@st.cache_resource(max_entries=64, show_spinner=False)
def _open_store(url: str) -> PlanStore:
    return PlanStore(url)


def plan_store(page: Page) -> PlanStore:
    """The store of the home on show, for the council and whoever sees more: plans name people, and are not yet told to
    the public. PermissionError for others.
    """
    if page.role < Role.COUNCIL:
        raise PermissionError("plans are the council's")
    return _open_store(page.home.plans_url)


def translated_plan(page: Page, plan: Plan) -> Plan:
    """A plan in the reader's language: the sample's texts are translated, a city's stay as written."""
    return demo_words(plan, page.t) if page.is_sample else plan


def reference_day(page: Page) -> dt.date:
    """The day by which plans are late; in the sample, whose dates are fixed, the last day with data."""
    return page.source.as_of if page.is_sample and page.source else city_day(page.city)


def may_edit(page: Page) -> bool:
    """Whether the reader may write plans; the council reads them."""
    return page.role >= Role.SPECIALIST


def author_name(page: Page) -> str:
    """The name under which changes are written down: of the account, or as the reader gave it once."""
    return page.reader or str(st.session_state.get(WHO, "")).strip()


def ask_author(page: Page, note: str | None = None) -> None:
    """Ask for the name where no account gives it; `note`: what becomes of it."""
    if not page.reader:
        key = seeded("plan_who_asked", st.session_state.get(WHO, ""))
        st.session_state[WHO] = st.text_input(page.t("Your name or office"), key=key, max_chars=80, help=note)


def draw_annotation(page: Page, one: Annotation, of: str, *, removable: bool, subject: str) -> None:
    """What an analyst said of some days, `of` which alerts alone ("": of all), and the button that removes it.

    `subject`: what the record of use says was changed by the removal.
    """
    t, what = page.t, f" ({of})" if of else ""
    left, right = st.columns([5, 1], vertical_alignment="center")
    days = t.span(Span(one.start, one.end or one.start))
    left.write(escape_markdown(t.pair(days, f"{t(KIND_WORDS[one.kind])}{what}. {one.note}")))
    if removable and right.button(t("Remove"), key=f"annotation_remove_{one.id}", help=escape_markdown(one.note)):
        with suppress(AnnotationError):  # somebody else removed it meanwhile
            remove_annotation(page.home.path, one.id, who=author_name(page))
            record.note(page, Deed.CHANGE, subject)
        st.rerun()


def save_annotation(page: Page, start: dt.date, note: str, *, subject: str, **about: Any) -> None:
    """Add what an analyst says of the days from `start` on, or say why not.

    `subject`: what the record of use says was changed. `about`: as for `add_annotation`.
    """
    try:
        add_annotation(page.home.path, start, note, who=author_name(page), **about)
    except AnnotationError as wrong:
        st.error(page.t(wrong.message))
    else:
        record.note(page, Deed.CHANGE, subject)
        st.rerun()


def draw_areas_map(page: Page, areas: Areas, *, key: str, span: float) -> None:
    """Draw the areas with their legend."""
    t, colours = page.t, palette(page.theme)
    shown = {
        name: union_of_cells([h3.str_to_int(cell) for cell in cells])
        for name in AREA_LABELS
        if (cells := getattr(areas, name))
    }
    if not shown:
        st.caption(t("No areas are chosen yet."))
        return
    if without_outline(page):
        return
    fills = {"treated": (colours.sea_blue, 150), "buffer": (colours.sea_blue, 26), "comparison": (colours.accent, 70)}
    looks = {name: (rgba(*fills[name]), rgba(fills[name][0])) for name in shown}
    west, south, east, north = shapely.union_all(list(shown.values())).bounds
    pad = 0.12 * max(east - west, north - south, 0.004)
    around = shapely.box(west - pad, south - pad, east + pad, north + pad)
    draw_named_layers(
        page,
        [
            *basemap.base_layers(page.city, colours),
            *[_area_layer(name, shape, *looks[name], t(AREA_LABELS[name])) for name, shape in shown.items()],
        ],
        (),
        key=key,
        alt=t("Map of the plan's areas: {areas}.", areas=t.join([t(AREA_LABELS[name]) for name in shown])),
        span=span,
        height=420,
        around=around,
        landmarks=True,
    )
    marks = [
        (
            "background:rgba({},{},{},{:.2f});".format(*fill[:3], fill[3] / 255)
            + "border:2px solid rgb({},{},{})".format(*line[:3]),
            t(AREA_LABELS[name]),
        )
        for name, (fill, line) in looks.items()
    ]
    draw_legend_row(colours, "", marks)


def _area_layer(name: str, shape: BaseGeometry, fill: list[int], line: list[int], tip: str) -> pdk.Layer:
    rows: list[dict[str, Any]] = [
        {
            "tip": tip,
            "rings": [
                [[round(x, 5), round(y, 5)] for x, y in ring.coords] for ring in (part.exterior, *part.interiors)
            ],
        }
        for part in getattr(shape, "geoms", [shape])
    ]
    return pdk.Layer(
        "PolygonLayer",
        id=name,
        data=rows,
        get_polygon="rings",
        filled=True,
        get_fill_color=fill,
        stroked=True,
        get_line_color=line,
        line_width_min_pixels=2 if name != "buffer" else 1,
        get_line_width=1,
        pickable=True,
    )


EDIT_KEY = "plan_edit"
FIELDS_KEY = "plan_fields"  # of the widgets drawn: the field of each, and how its value is read


def _spots_of(source: Source, f: AlertFilter) -> tuple[tuple[tuple[str, ...], SpotName, int], ...]:
    """The hot spots under a filter, clearest first: cells, name, alerts."""
    spots = hot_spot_study(source, f).spots
    names = name_spots(spots, source.city, known_places(source))
    return tuple((spot.names, names[spot.id], spot.n) for spot in spots)


def _baseline_filter(source: Source, plan: Plan) -> AlertFilter:
    """Which alerts a plan is judged by, in the days of its baseline."""
    aim = plan.objective
    return evaluation_filter(source, plan).replace(period="", start=aim.start, end=aim.end)


def _areas_of(source: Source, plan: Plan) -> Areas:
    """The plan's area with its buffer and a comparison area."""
    treated = plan.areas.treated
    cells = cells_to_compare(source, _baseline_filter(source, plan), h3.get_resolution(treated[0]))
    return Areas(treated, buffer_cells(treated, source.city), propose_comparison_area(cells, treated))


def _visible_drop_of(source: Source, plan: Plan) -> float | None:
    """The smallest visible fall by how similar areas vary, in a period as long as the baseline; None: not known.

    That is four weeks at least, and a year at most.
    """
    aim, f = plan.objective, evaluation_filter(source, plan)
    if plan.problem.hides(aim.baseline):
        return None
    readable = copy_of(source) if is_sensitive(f, source.city) else source
    found = drop_to_see(readable, f, plan.areas, min(max(aim.days, 28), YEAR.days), aim.end)
    return found.stated(aim.baseline) if found else None


def _counts_of(source: Source, plan: Plan) -> pd.DataFrame:
    """Alerts by area of a plan in the days of its baseline: area, n."""
    shown = {name: getattr(plan.areas, name) for name in AREAS}
    return area_counts(source, _baseline_filter(source, plan), shown, ()).frame


plan_draft = shared(draft_plan_for_cells, Message("Drafting the plan"))
draft_spots = shared(_spots_of, Message("Testing every place for hot spots"))
proposed_areas = shared(_areas_of, Message("Looking for a comparison area"))
drop_by_similar_areas = shared(_visible_drop_of)
counts_by_area = shared(_counts_of)


@dataclass(frozen=True)
class PlanEdit:
    """The plan that is edited in this session.

    `address`: what the address bar asked for; `saved`: the plan as it was opened, `plan`: with what the reader changed;
    `turn` counts openings, so that each has widgets of its own.
    """

    address: str
    saved: Plan
    plan: Plan
    turn: int

    @property
    def changed(self) -> bool:
        """Whether there is something to save."""
        return not self.plan.id or self.plan != self.saved

    def key(self, name: str) -> str:
        """The key of a widget of this opening."""
        return f"plan_{self.turn}_{name}"


def plan_in_address(page: Page) -> PlanEdit | None:
    """The plan that the address asks for, with the reader's unsaved changes; None for the board."""
    plan_id, cells = st.query_params.get("plan", ""), st.query_params.get("draft", "")
    if not plan_id and not cells:
        return None
    address = f"{page.dataset.home} {plan_id or cells} {'' if plan_id else page.filter.to_query()}"
    edit: PlanEdit | None = st.session_state.get(EDIT_KEY)
    if edit is None or edit.address != address:
        plan = translated_plan(page, plan_store(page).get(plan_id)) if plan_id else _new(page, cells)
        edit = PlanEdit(address, plan, plan, (edit.turn if edit else 0) + 1)
        st.session_state[EDIT_KEY] = edit
    elif plan_id:
        edit = _caught_up(page, edit)
    return keep_changes(edit, _with_typed(edit))


def _caught_up(page: Page, edit: PlanEdit) -> PlanEdit:
    """The open plan with what was saved elsewhere since: all of it for readers, a result and a status for writers.

    Fields that the steps change stay as they were opened (`opened_again` takes them where nothing is unsaved): so what
    somebody is writing is neither lost nor saved over what they have not seen.
    """
    kept = latest(page, edit)
    if kept.version == edit.saved.version:
        return edit
    elsewhere: dict[str, Any] = {"result": kept.result, "status": kept.status, "version": kept.version}
    if not may_edit(page):
        made = replace(edit, saved=kept, plan=kept)
    elif replace(edit.saved, **elsewhere) == kept:
        made = replace(edit, saved=kept, plan=replace(edit.plan, **elsewhere))
    else:
        return edit
    st.session_state[EDIT_KEY] = made
    return made


def latest(page: Page, edit: PlanEdit) -> Plan:
    """The open plan as it is kept now; as it was opened where it is not kept."""
    with suppress(PlanMissing):
        return translated_plan(page, plan_store(page).get(edit.saved.id))
    return edit.saved


def opened_again(page: Page, edit: PlanEdit) -> bool:
    """Open the plan anew where somebody else saved it and nothing is unsaved here; whether that was so."""
    kept = edit.saved if edit.changed else latest(page, edit)
    if kept.version != edit.saved.version:
        st.session_state[EDIT_KEY] = PlanEdit(edit.address, kept, kept, edit.turn + 1)
    return kept.version != edit.saved.version


def _new(page: Page, cells: str) -> Plan:
    picked = tuple(cell for cell in cells.split(",") if h3.is_valid_cell(cell))
    if not picked:
        raise ValueError("no cells")
    made = plan_draft(page.dataset, page.filter, picked, today=reference_day(page), language=page.t.lang).plan
    # Sentences that follow from the figures are written for each reader, so they are not stored as the authors' own.
    own = "" if made.objective.text == objective_sentence(made.objective, made.problem, page.t) else made.objective.text
    check = made.gender_check
    affected = check.affected or gender_sentence(made.problem, page.t)
    return replace(made, objective=replace(made.objective, text=own), gender_check=replace(check, affected=affected))


def keep_changes(edit: PlanEdit, plan: Plan) -> PlanEdit:
    """Remember what the reader changed."""
    st.session_state[EDIT_KEY] = made = replace(edit, plan=plan)
    return made


def _with_typed(edit: PlanEdit) -> Plan:
    """The open plan with what its fields hold, also where a click elsewhere ended the run that would have read them."""
    plan = edit.plan
    for name, (field, read) in st.session_state.get(FIELDS_KEY, {}).items():
        if name in st.session_state and name.startswith(edit.key("")):
            plan = _with_field(plan, field, read(st.session_state[name]))
    return plan


def close_plan() -> None:
    """Return to the board; unsaved changes are discarded."""
    discard_changes()
    for word in ("plan", "draft"):
        st.query_params.pop(word, None)


def discard_changes() -> None:
    """Open the saved plan again, in fields of their own, and discard the changes."""
    if edit := st.session_state.get(EDIT_KEY):
        st.session_state[EDIT_KEY] = replace(edit, address="")


def save_plan(page: Page, edit: PlanEdit, plan: Plan) -> bool:
    """Save a plan, or say why it could not be saved. True: saved, and open in its new version."""
    t = page.t
    if not author_name(page):
        st.warning(t("Enter your name or office first: the history says who changed what."))
        return False
    if not plan.title.strip():
        st.warning(t("Give the plan a title first."))
        return False
    if not plan.id and plan.status is not PlanStatus.DRAFT:  # the history has the decision as a step of its own
        if not save_plan(page, edit, replace(plan, status=PlanStatus.DRAFT)):
            return False
        edit = st.session_state[EDIT_KEY]
        plan = replace(plan, id=edit.saved.id, version=edit.saved.version)
    try:
        kept = plan_store(page).save(plan, author_name(page))
    except PlanProblem as problem:
        st.error(escape_markdown(t(problem.message)))
        if isinstance(problem, PlanConflict):
            st.button(t("Open the latest version (your changes are lost)"), on_click=discard_changes)
        return False
    record.note(page, Deed.CHANGE, f"plan {kept.id}, version {kept.version}")
    st.query_params.pop("draft", None)
    st.query_params["plan"] = kept.id
    st.session_state[EDIT_KEY] = PlanEdit(f"{page.dataset.home} {kept.id} ", kept, kept, edit.turn)
    return True


def seeded(key: str, value: Any) -> str:
    """The key of a widget that begins with a value."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def ask(
    edit: PlanEdit,
    plan: Plan,
    widget: Callable[..., Any],
    label: str,
    field: str,
    *,
    key: str = "",
    shown: Callable[[Any], Any] = lambda value: value,
    read: Callable[[Any], Any] = lambda held: held,
    **look: Any,
) -> Plan:
    """Draw the widget of a field of the open plan; the plan with what it holds.

    `field`: its name, with dots between parts ("objective.target"); `key`: of the widget, its last part unless given;
    `shown`: the field's value as the widget has it; `read`: what the widget holds as the field's value.
    """
    value: Any = plan
    for part in field.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    name = seeded(edit.key(key or field.rpartition(".")[2]), shown(value))
    reads_field(name, field, read)
    made: Plan = _with_field(plan, field, read(widget(label, key=name, **look)))
    return made


def reads_field(name: str, field: str, read: Callable[[Any], Any]) -> None:
    """Have the next run read a field of the open plan from the widget of a key, whatever step that run draws."""
    st.session_state.setdefault(FIELDS_KEY, {})[name] = (field, read)


def _with_field(part: Any, field: str, value: Any) -> Any:
    """A plan, or a part of it, with another value of a field."""
    name, _, rest = field.partition(".")
    if isinstance(part, dict):
        return {**part, name: value}
    return replace(part, **{name: _with_field(getattr(part, name), rest, value) if rest else value})
