"""The Briefing page: since which meeting, cards of changes, hot spots and genders, decided plans, and the document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis.hotspots.grouping import is_compared
from analysis.report.documents import MIME, DocumentFormat
from analysis.report.papers import brief_document
from curim_data.filters import AlertFilter
from curim_data.model import N_, NO_AFFECTED, NO_CATEGORY, UNCATEGORISED, Audience, Role, Span, at_head, value_label
from curim_data.model.coverage import LONGEST_MEETING_NAME, Meeting
from curim_data.plans.plan_store import MeetingStore, PlanProblem
from curim_data.plans.record import Deed
from curim_data.privacy import is_sensitive_category
from curim_data.store.annotations import read_meetings
from curim_data.store.settings import SettingsError, read_settings
from curim_data.studies.brief import (
    AnyFinding,
    BriefChanges,
    BriefPage,
    BriefStudy,
    brief_genders,
    brief_period,
    usual_since,
)
from curim_data.studies.brief_content import (
    PlanRow,
    brief_content,
    moved_since,
    next_look,
    plan_rows,
    public_link,
)
from curim_data.studies.brief_text import (
    MOST_SPOTS,
    affected_sentence,
    further_titles,
    looked_sentence,
    no_spots_sentence,
    none_sentence,
    order_choices,
    title,
    visible_sentence,
)
from pages.parts.charts import expected_count, has_no_clock, tables, written_count
from pages.parts.findings import SINCE, cached_changes, changes_since, draw_card, draw_gender_bars
from pages.parts.frame import (
    CALCULATION,
    Dataset,
    Page,
    cached_query,
    dataset_for,
    draw_download,
    draw_few_mapped_note,
    draw_fold,
    draw_footer,
    draw_way_to_all_dates,
    draw_whole_choice,
    escape_markdown,
    filter_bar,
    help_link,
    page_link,
    permitted,
    record,
    shared,
    source_of,
)
from pages.parts.maps import MAP_OF, Pin, draw_cell_map
from pages.parts.plans import may_edit, plan_store, reference_day, translated_plan

CHOICE = "briefing_meeting"
SAID = "briefing_meeting_said"
MOST_OFFERED = 4
MOST_ASKED: Final = 8
OPEN: Final = (3, 2)  # cards before the fold of the others, on a wide page and on a phone
NAMED: Final = (3, 1)  # movements on the closed fold, likewise
KEY = "briefing_since"
# Settings of the comparison that are told of.
SHOWN: Final = ("annotation", "coverage", "relative", "grades")


def draw_meeting_choice(page: Page, since: dt.date) -> None:
    """The last meetings to choose from."""
    offered = {_first_day(page, meeting.day): meeting for meeting in _held(page)[-MOST_OFFERED:]}
    days = sorted(offered, reverse=True)
    if not days:
        return
    chosen = since if since in offered else None
    if st.session_state.get(CHOICE) != chosen:
        st.session_state[CHOICE] = chosen
    st.selectbox(
        page.t("Meeting"),
        days,
        index=None if chosen is None else 0,  # only without a choice may there be none
        format_func=lambda day: _option_words(page, offered[day]),
        key=CHOICE,
        on_change=_write_day,
        args=(page, CHOICE, _first_day(page, page.alerts.meeting)),
        placeholder=page.t("Another date"),
    )
    if chosen is not None:
        draw_whole_choice(page, _option_words(page, offered[chosen]))


def draw_meeting_keeper(page: Page) -> None:
    """Add, rename and remove meetings, for those who may write plans."""
    if not may_edit(page):
        return
    t = page.t
    st.markdown("**" + t("Meetings") + "**")
    day = st.date_input(t("Day of the meeting"), None, format="DD/MM/YYYY", key="meeting_day")
    st.text_input(t("Its name, and nobody's"), key="meeting_name", max_chars=LONGEST_MEETING_NAME)
    add, remove = permitted(Role.SPECIALIST, _add), permitted(Role.SPECIALIST, _remove)
    st.button(t("Save"), key="meeting_add", type="primary", disabled=day is None, on_click=add, args=(page,))
    if kept := {meeting.day: meeting for meeting in reversed(read_meetings(page.home.path))}:
        st.selectbox(
            t("Meetings"), list(kept), format_func=lambda day: _option_words(page, kept[day]), key="meeting_kept"
        )
        st.button(t("Remove"), key="meeting_remove", on_click=remove, args=(page,))
    if said := st.session_state.pop(SAID, ""):
        st.warning(escape_markdown(said))


def draw_no_data_note(page: Page, since: dt.date) -> None:
    """Say where a meeting is followed by less than a week of data, or none; `since`: the day told from instead."""
    source, until = page.alerts, reference_day(page)
    last = max((meeting.day for meeting in read_meetings(page.home.path) if meeting.day <= until), default=None)
    if last is None or _first_day(page, last) <= source.meeting or since == _first_day(page, last):
        return
    words = N_("Less than a week of data follows the meeting of {day}: they end on {last}. This is told since {since}.")
    st.info(page.t(words, day=last, last=source.as_of, since=since))


def _option_words(page: Page, meeting: Meeting) -> str:
    """A meeting by its day, with its name (the sample's in the reader's language)."""
    t, name = page.t, meeting.name or N_("Meeting")
    return f"{t.date(meeting.day, 'd MMM y')} · {name if meeting.name and not page.is_sample else t(name)}"


def _held(page: Page) -> list[Meeting]:
    """The meetings until which there are data, the last one last."""
    until = min(page.alerts.as_of, reference_day(page))
    return [meeting for meeting in read_meetings(page.home.path) if page.alerts.first <= meeting.day <= until]


def _first_day(page: Page, day: dt.date) -> dt.date:
    """The day that changes are told from: of the month where nothing finer is known."""
    return day.replace(day=1) if page.alerts.by_month else day


def _add(page: Page) -> None:
    day, name = st.session_state["meeting_day"], st.session_state["meeting_name"]
    if _change(page, lambda store: store.add(day, name)):
        st.session_state["meeting_name"] = ""


def _remove(page: Page) -> None:
    _change(page, lambda store: store.remove(st.session_state["meeting_kept"]))


def _change(page: Page, change: Callable[[MeetingStore], Meeting]) -> bool:
    """Change the meetings; whether that was done, else it is said why not."""
    try:
        done = change(MeetingStore(plan_store(page), page.home.path))
    except PlanProblem as problem:
        st.session_state[SAID] = page.t(problem.message)
        return False
    record.note(page, Deed.CHANGE, f"meeting {done.day.isoformat()}")
    return True


cached_period, cached_genders = shared(brief_period, CALCULATION), shared(brief_genders, CALCULATION)


def cached_page(dataset: Dataset, f: AlertFilter, since: dt.date | None) -> BriefPage:
    """What the page says before anything is opened."""
    changes = cached_changes(dataset, f, since)
    return BriefPage.of(changes, cached_period(dataset, changes.asked))


def cached_brief(dataset: Dataset, f: AlertFilter, since: dt.date | None) -> BriefStudy:
    """Everything, for the paper and for who asks whom it concerns."""
    changes = cached_changes(dataset, f, since)
    return BriefStudy.of(changes, cached_period(dataset, changes.asked), cached_genders(dataset, changes.asked))


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """Work out what the page tells before a reader chooses anything; who asks meanwhile waits for it.

    It is worked out for specialist and council, so that none waits longer than the other: what the council is told is
    chosen from the alerts and counted in their copy.
    """
    cached_page(dataset, f, usual_since(source_of(dataset), f))


def draw_since_choice(page: Page, study: BriefChanges) -> None:
    """The first day of the changes, of a meeting or of the reader's own, which replaces the filter's period."""
    t, source, since = page.t, page.alerts, study.since
    form = "LLLL y" if source.by_month else "d MMM y"
    with st.popover(t.pair(t("Since"), t.date(since, form))):
        if source.first <= since <= source.as_of:
            draw_meeting_choice(page, since)
            if st.session_state.get(KEY) != since:
                st.session_state[KEY] = since
            look: dict[str, Any] = {
                "key": KEY,
                "on_change": _write_day,
                "args": (page, KEY, _first_day(page, source.meeting)),
            }
            if source.by_month:
                months = [month.date() for month in reversed(pd.date_range(source.first, source.as_of, freq="MS"))]
                st.selectbox(t("Since"), months, format_func=lambda day: t.date(day, form), **look)
            else:
                ends = {"min_value": source.first, "max_value": source.as_of}
                st.date_input(t("Since"), format="DD/MM/YYYY", **ends, **look)
        draw_meeting_keeper(page)


def _write_day(page: Page, key: str, meeting: dt.date) -> None:
    """Write the day that was picked in the widget `key` to the link, unless it is that of the last `meeting`."""
    picked = st.session_state[key]
    filter_bar.write_filter(page.filter.replace(period=AlertFilter().period))
    if picked in (None, meeting):
        st.query_params.pop(SINCE, None)
    else:
        st.query_params[SINCE] = picked.isoformat()


def draw_change_cards(page: Page, study: BriefChanges) -> None:
    """Draw the cards, the first ones open, but none that may be chance; that nothing changed is said as a result."""
    cards = list(enumerate(study.cards))
    if not cards and study.changes.changes.n_tested:
        with st.container(border=True, key="briefing_quiet"):
            st.write(escape_markdown(none_sentence(study, page.t)))
    first = [(at, one) for at, one in cards if one.grade != "open"][: OPEN[page.narrow]]
    rest, further = [card for card in cards if card not in first], further_titles(study, page.city, page.t)
    _draw_cards(page, first)
    if not rest and not further:
        return
    name, sure = "", sum(one.grade != "open" for _, one in rest)
    clear = sum(one.grade == "clear" for _, one in rest)
    if rest and clear == len(rest):
        name = page.t.n("{n} more clear change", "{n} more clear changes", clear)
    elif rest and sure:
        name = page.t.n("{n} more change", "{n} more changes", len(rest))
    elif rest:
        name = page.t.n("{n} movement that may be chance", "{n} movements that may be chance", len(rest))
        largest = [escape_markdown(title(one, page.city, page.t)) for _, one in rest[: NAMED[page.narrow]]]
        name = page.t.pair(name, " · ".join([*largest, *(["…"] if len(rest) > len(largest) else [])]))
    if 0 < clear < len(rest):
        said = page.t.n("{n} of them clear", "{n} of them clear", clear)
        name = f"{name} ({said})"
    also = page.t("Clear as well") if further and not sure else ""
    draw_fold("more", " · ".join(filter(None, (name, also))), partial(_draw_more, page, rest, further))


def _draw_more(page: Page, rest: list[tuple[int, AnyFinding]], titles: dict[str, str]) -> None:
    """The other cards, and the names of what is clear as well: mostly the same alerts, which the headline does not
    count again.
    """
    _draw_cards(page, rest)
    if titles:
        st.caption(page.t.pair(page.t("Clear as well, and mostly the same alerts as changes above"), "").strip())
    for name, told in titles.items():
        page_link(page, "finding", escape_markdown(told), id=name)


def draw_questions(page: Page) -> None:
    """What readers ask most, each with the page and the filter that answer it."""
    t, f, city = page.t, page.filter, page.city
    links: list[tuple[str, str, AlertFilter, dict[str, str]]] = []
    untold = t(NO_AFFECTED) if "affected_gender" not in page.alerts.asked else ""
    by, field = ("group", "groups") if city.groups else ("category", "categories")
    counts = cached_query(page, "counts", (by,)).frame.dropna().set_index(by)["n"].drop(UNCATEGORISED, errors="ignore")
    if "affected_gender" in page.alerts.asked and not has_no_clock(page):
        women = f.replace(affected=("woman",), dark=True)
        links.append(("hotspots", t("Where are women affected after dark?"), women, {}))
        harmful = tuple(name for name in city.categories if is_sensitive_category(name, city))
        harassed = t("Where do women meet harassment or violence after dark?")
        if harmful and page.alerts.protected:
            why = t("no hot spots of sensitive categories are told to this audience")
            untold = f"{harassed} {at_head(why)}."
        elif harmful:
            links.append(("hotspots", harassed, women.replace(categories=harmful, groups=()), {}))
        elif counts.empty:
            untold = f"{harassed} {t(NO_CATEGORY)}"
    if page.role >= Role.COUNCIL:
        links.append(("evaluation", t("Did a measure work?"), f, {}))
    if page.alerts.asked & {"affected_gender", "reporter_gender"}:
        links.append(("gender", t("What is reported of women, and what of men?"), f, {}))
    links.append(("gender", t("Who reports, and who hardly does?"), f, {"open": "reports"}))
    asked = cached_changes(page.dataset, f, changes_since(page)).asked  # the time that the cards are about
    for name in counts.sort_values(ascending=False).index[:MOST_ASKED] if len(counts) > 1 else (None,):
        what = t("All alerts") if name is None else value_label(t, city, by, name)
        question = t("Is it rising or falling, and where: {what}?", what=what)
        within = asked if name is None else asked.replace(categories=(), groups=()).replace(**{field: (name,)})
        links.append(("trends", question, within, {"open": "changes"}))
    for name, label, within, words in links:
        page_link(page, name, escape_markdown(label), filter=within, **words)
    if untold:
        st.caption(untold)


def _draw_cards(page: Page, cards: list[tuple[int, AnyFinding]]) -> None:
    columns = 1 if page.narrow else min(3, max(1, len(cards)))
    for start in range(0, len(cards), columns):
        for column, (at, card) in zip(st.columns(columns), cards[start:], strict=False):
            with column, st.container(border=True, height="stretch", gap="xsmall", key=f"briefing_card_{at}"):
                draw_card(page, card, at)


def draw_basis(page: Page, study: BriefPage) -> None:
    """What the headline and the cards are based on, and what the map and its list are."""
    t, periods = page.t, study.changes.periods
    sentences = [
        t(periods.choice.explanation),
        looked_sentence(study, t),
        *study.changes.not_in_use.sentences(page.city, t),
        visible_sentence(study, t) if study.findings else "",
        *(t(choice.explanation) for choice in study.changes.choices if choice.name in SHOWN),
    ]
    for sentence in filter(None, sentences if periods.before is not None else []):
        st.write(escape_markdown(sentence))
    hot = study.hot
    draw_few_mapped_note(page, hot.total, hot.cells.at_default or 0)
    draw_footer(
        page,
        sentence=hot.sentence(t),
        total=hot.total,
        excluded=hot.cells.at_default,
        choices=(*hot.choices, *order_choices(page.city)),
        about="excess",
    )
    help_link(page, "grades")


def draw_map_and_spots(page: Page, study: BriefPage) -> None:
    """Draw the map next to its table."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader(page.t("Where"))
        _draw_brief_map(page, study)
    with right:
        st.subheader(page.t("Hot spots"))
        _draw_brief_spots(page, study)


def _draw_brief_map(page: Page, study: BriefPage) -> None:
    t, hot, frame = page.t, study.hot, study.hot.hot.frame
    draw_cell_map(
        page,
        key="briefing_map",
        alt=t(MAP_OF, name=t("Hot spots")),
        cells=hot.map_cells(),
        hot=frame.index[frame["hot"]],
        pins=[
            Pin(study.names[spot.id](t), spot.longitude, spot.latitude, spot.rank) for spot in hot.spots[:MOST_SPOTS]
        ],
        span=0.6,
        pickable=False,
    )


def _draw_brief_spots(page: Page, study: BriefPage) -> None:
    t = page.t
    if not study.hot.spots:
        st.write(escape_markdown(no_spots_sentence(study, t)))
        if study.hot.power.too_few and study.hot.unjudged is None:
            draw_way_to_all_dates(page, "briefing")
        return
    frame = pd.DataFrame(
        {
            "rank": spot.rank,
            "name": study.names[spot.id](t),
            "n": spot.n,
            "expected": spot.times_in_words(t) or expected_count(t, spot, ratios=False),
        }
        for spot in study.hot.spots[:MOST_SPOTS]
    )
    beside = t("Expected from surroundings") if all(is_compared(spot) for spot in study.hot.spots) else t("Ratio")
    written = frame.assign(n=[written_count(page, n) for n in frame["n"]], name=frame["name"].map(escape_markdown))
    st.table(
        written.rename(columns={"rank": "\\#", "name": t("Hot spot"), "n": t("Alerts"), "expected": beside}),
        hide_index=True,
        border="horizontal",
    )
    st.caption(t.span(Span(*study.period, by_month=study.by_month)))
    tables.download_button(page, frame, "briefing_hotspots.csv", key="briefing_spots_download")
    page_link(page, "hotspots", t("See on Hot spots"), filter=study.asked)


def draw_genders(page: Page, since: dt.date | None) -> None:
    """Who is affected, with the way to more."""
    study = cached_brief(page.dataset, page.filter, since)
    if study.asks_affected:
        draw_gender_bars(page, study.shares, "briefing_whom")
    st.write(escape_markdown(affected_sentence(study, page.city, page.t)))
    page_link(page, "gender", page.t("Gender"), filter=study.asked)


def draw_decided_plans(page: Page) -> None:
    """Plans that were decided, with where they stand."""
    t = page.t
    rows = _plan_rows(page)
    headings = {"title": t("Plan"), "lead": t("Lead"), "status": t("Status"), "last": t("Next step or result")}
    told = [
        {name: escape_markdown({**vars(row), "last": row.next_or_result}[name]) for name in headings} for row in rows
    ]
    if not rows:
        st.write(t("No plan has been decided yet."))
    elif page.narrow:  # four columns do not fit, and all of them matter: each plan is a paragraph there
        for title, *parts in (row.values() for row in told):
            st.markdown("  \n".join([f"**{title}**", *filter(None, parts)]))
    else:
        st.table(pd.DataFrame(told).rename(columns=headings), hide_index=True, border="horizontal")
    for row in rows:
        if row.begun:
            words = t("Did it work?") + " " + escape_markdown(row.title)
            page_link(page, "evaluation", words, plan=row.begun)
    page_link(page, "interventions", t("Interventions"))


def _plan_rows(page: Page, moved: Collection[str] = ()) -> tuple[PlanRow, ...]:
    """The plans that were decided, in the reader's language."""
    kept = (translated_plan(page, one) for one in plan_store(page).list())
    return plan_rows(kept, reference_day(page), page.t, moved)


def draw_download_buttons(page: Page) -> None:
    """The two downloads."""
    t = page.t
    with st.container(horizontal=True, key="briefing_papers"):
        for form, label in (("pdf", t("PDF")), ("docx", t("Word"))):
            draw_download(
                label,
                lambda form=form: brief_file(page, form),
                file_name=f"curim_brief_{reference_day(page).isoformat()}_{t.lang}.{form}",
                mime=MIME[form],
                key=f"briefing_{form}",
                type="primary" if form == "pdf" else "secondary",
                icon=":material/download:",
            )


def brief_file(page: Page, form: DocumentFormat) -> bytes:
    """The document for the council; it gives the city's public address, where one is set, and no other."""
    t, since = page.t, changes_since(page)
    try:
        address = read_settings(page.home).public_url
    except SettingsError:  # which `curim brief` says
        address = ""
    study = cached_brief(dataset_for(page, Audience.COUNCIL), page.filter, since)
    content = brief_content(
        study,
        page.filter,
        page.city,
        t,
        plans=_plan_rows(page, moved_since(plan_store(page), study.since, page.city.timezone)),
        made=reference_day(page),
        again=next_look(page.home.path, reference_day(page)),
        link=public_link(address, page.filter, t.lang, since, page.city_word),
        illustrative=page.is_sample,
    )
    return brief_document(content, page.city, t, form)
