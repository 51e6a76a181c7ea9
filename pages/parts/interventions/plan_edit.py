"""The plan that is open in a session: opened by the address, changed by the steps, saved; and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import h3.api.basic_str as h3
import pandas as pd
import streamlit as st

from analysis.plans.drafting import (
    buffer_cells,
    gender_sentence,
    objective_sentence,
    propose_comparison_area,
)
from analysis.spots.naming import SpotName, name_spots
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message, Plan
from curim_data.model.plan import Areas
from curim_data.plans.plan_store import PlanConflict, PlanMissing, PlanProblem
from curim_data.plans.record import Deed
from curim_data.studies.cells import area_counts, cells_to_compare
from curim_data.studies.evaluation import AREAS, evaluation_filter
from curim_data.studies.hot_spots import hot_spot_study, known_places
from curim_data.studies.plan import YEAR, draft_plan_for_cells, drop_to_see
from pages.parts.frame import Page, escape_markdown, record, shared
from pages.parts.plans import author_name, may_edit, plan_store, reference_day, translated_plan

EDIT_KEY = "plan_edit"


def _spots_of(source: Source, f: AlertFilter) -> tuple[tuple[tuple[str, ...], SpotName, int], ...]:
    """The hot spots under a filter, clearest first: cells, name, alerts."""
    spots = hot_spot_study(source, f).spots
    names = name_spots(spots, source.city, known_places(source))
    return tuple((spot.names, names[spot.id], spot.n) for spot in spots)


def _baseline_filter(source: Source, plan: Plan) -> AlertFilter:
    """Which alerts a plan is judged by, in the days of its baseline."""
    aim = plan.objective
    return evaluation_filter(source, plan).replace(period="", start=aim.start, end=aim.end)


def _areas_of(source: Source, plan: Plan, rings: int) -> tuple[Areas, tuple[Message, ...]]:
    """The plan's area with a buffer of so many rings of cells and a comparison area, and why this one."""
    treated = plan.areas.treated
    cells = cells_to_compare(source, _baseline_filter(source, plan), h3.get_resolution(treated[0]))
    like = propose_comparison_area(cells, treated, apart=rings + 2)
    areas = Areas(treated, buffer_cells(treated, source.city, rings), like.cells if like else ())
    return areas, like.reasons if like else ()


def _visible_drop_of(source: Source, plan: Plan) -> float | None:
    """The smallest visible fall by how similar areas vary, in a period as long as the baseline; None: not known.

    That is four weeks at least, and a year at most.
    """
    aim = plan.objective
    days = (aim.end - aim.start).days + 1 if aim.start and aim.end else YEAR.days
    found = drop_to_see(source, evaluation_filter(source, plan), plan.areas, min(max(days, 28), YEAR.days))
    return found.alerts if found else None


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
    return edit


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


def close_plan() -> None:
    """Return to the board; unsaved changes are discarded."""
    discard_changes()
    for word in ("plan", "draft"):
        st.query_params.pop(word, None)


def discard_changes() -> None:
    """Open the saved plan again and discard the changes."""
    st.session_state.pop(EDIT_KEY, None)


def save_plan(page: Page, edit: PlanEdit, plan: Plan) -> bool:
    """Save a plan, or say why it could not be saved. True: saved, and open in its new version."""
    t = page.t
    if not author_name(page):
        st.warning(t("Enter your name or office first: the history says who changed what."))
        return False
    if not plan.title.strip():
        st.warning(t("Give the plan a title first."))
        return False
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

    That goes into the open plan at once, before the run that a click on something else may cut short. `field`: its
    name, with dots between parts ("objective.target"); `key`: of the widget, its last part unless given; `shown`: the
    field's value as the widget has it; `read`: what the widget holds as the field's value.
    """
    value: Any = plan
    for part in field.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    name = seeded(edit.key(key or field.rpartition(".")[2]), shown(value))

    def keep_typed() -> None:
        kept: PlanEdit | None = st.session_state.get(EDIT_KEY)
        if kept is not None and name in st.session_state:
            keep_changes(kept, _with_field(kept.plan, field, read(st.session_state[name])))

    made: Plan = _with_field(plan, field, read(widget(label, key=name, on_change=keep_typed, **look)))
    return made


def _with_field(part: Any, field: str, value: Any) -> Any:
    """A plan, or a part of it, with another value of a field."""
    name, _, rest = field.partition(".")
    if isinstance(part, dict):
        return {**part, name: value}
    return replace(part, **{name: _with_field(getattr(part, name), rest, value) if rest else value})
