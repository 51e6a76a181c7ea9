"""The Gender page: shares, darkness, feeling of safety, rates; categories, places and plans compared by gender."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st

from analysis.gender import EXPECTED_WOMEN, TOO_FEW, CategoryRatios, PlaceShares
from curim_data import query
from curim_data.filters import AlertFilter
from curim_data.model import (
    N_,
    NO_AFFECTED,
    NO_DISTRICTS,
    NO_FEELING,
    NO_LANDMARKS,
    NO_POPULATION,
    NO_REPORTERS,
    ONE_CATEGORY,
    Message,
    PlanStatus,
    Role,
    category_label,
    column_label,
    district_label,
    feeling_label,
    gender_label,
    is_small,
    place_label,
    value_label,
)
from curim_data.model.absence import NO_AGE
from curim_data.model.city import Landmark
from curim_data.model.i18n import first_case
from curim_data.privacy import (
    FEWER_THAN,
    HOW_TO_ADD,
    help_lines,
    share_is_told,
    written_share,
)
from curim_data.query import Total
from curim_data.studies import gender
from curim_data.studies.brief_text import SILENT
from curim_data.studies.cells import has_area
from curim_data.studies.gender import WHOLE, PlaceStudy, ReporterRates
from pages.parts.charts import (
    BESIDE,
    bars_of_shares,
    draw_chart,
    forest_figure,
    interval_bars_figure,
    number_with_interval,
    tables,
    written_count,
    written_q,
)
from pages.parts.frame import (
    CALCULATION,
    GENDERS,
    Dataset,
    Page,
    contained,
    draw_fold,
    draw_footer,
    escape_markdown,
    help_link,
    page_link,
    palette,
    rgba,
    shared,
)
from pages.parts.maps import (
    Pin,
    basemap,
    draw_legend_row,
    draw_named_layers,
    ranked_name,
    without_outline,
    written_alerts,
)
from pages.parts.plans import plan_store, translated_plan

cached_shares = shared(gender.share_study)
cached_light = shared(gender.light_study)
cached_feeling = shared(gender.feeling_study)
cached_rates = shared(gender.rate_study)
cached_weights = shared(gender.weight_study, CALCULATION)
cached_places = shared(gender.place_study, CALCULATION)
cached_silent = shared(gender.silent_places, CALCULATION)
cached_judged = shared(gender.judged_districts)
AFFECTED, REPORTER = "affected_gender", "reporter_gender"
NONE_SILENT: Final = N_(
    "No district of which at least 20 alerts were to be expected by its residents sends under a third of them. Not "
    "everyone who alerts lives in the city, and that does not make any district safe."
)
OF_PLACES: Final = N_("The filter names places, and who alerts is compared by whole district.")
TOO_FEW_ALERTS: Final = N_("There are too few alerts to compare.")
AGES_ALONE: Final = N_("The file may mean who alerts or who is affected, and residents by age are not loaded.")
OPEN = "open"  # the word of the address that names the fold that is open
GENDERS_ASKED = frozenset({AFFECTED, REPORTER})


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """Work out what is chosen for all readers, as `briefing.work_out_first` does."""
    cached_weights(dataset, f)
    cached_places(dataset, f)


def draw_headline(page: Page, f: AlertFilter, total: Total, found: PlaceStudy) -> None:
    """The page's one sentence, the filter in words below it, and whether the filter's genders were ignored."""
    t = page.t
    st.title(escape_markdown(_headline(page, f, total, found)))
    st.caption(escape_markdown(query.sentence(page.alerts, f, t, total)))
    if f != page.filter:
        st.info(t("Women and men are compared, so the filter by gender is ignored here."))


def _headline(page: Page, f: AlertFilter, total: Total, found: PlaceStudy) -> str:
    """What weighs more on whom, else whether anything does or whom alerts affect, and how many places differ."""
    t, asked = page.t, page.alerts.asked
    why = first_case(
        (not asked & GENDERS_ASKED, N_("This export does not ask for gender.")),
        (total.n == 0, N_("No alerts to compare.")),
        (AFFECTED not in asked, N_("Who is affected is not known.")),
        (True, ""),
    )
    if why:
        return t(why)
    weights, shares = cached_weights(page.dataset, f), cached_shares(page.dataset, f, AFFECTED)
    first = gender.weighs_more(weights, page.city, t)
    if not first and weights.n_tested and not weights.alone:
        first = (weights.sentence(t),)
    return " ".join(
        (*(first or (shares.sentence(t),)), found.differ.sentence(t) if shares.women_written else "")
    ).rstrip()


def draw_not_asked(page: Page) -> None:
    """What stands on the page where no export asks for gender: that it is not known, and what would change that."""
    t = page.t
    advice = N_(
        "Ask whoever provides the export for the gender of the person affected and of the reporter; never guess it "
        "from names. Until then, a walk with women who know the place shows more than these alerts."
    )
    with st.container(border=True, key="gender_not_asked"):
        st.write(t(advice))


def draw_reports(page: Page, f: AlertFilter) -> None:
    """From where few alert; who is affected and who alerts, by district and age, and where women hardly do."""
    t = page.t
    st.write(escape_markdown(who_hardly_reports(page, f)))
    for place, (heading, column, absence, key) in zip(
        st.columns(2, gap="large"),
        (
            (t("Who is affected"), AFFECTED, NO_AFFECTED, "gender_affected"),
            (t("Who alerts"), REPORTER, NO_REPORTERS, "gender_reporters"),
        ),
        strict=True,
    ):
        with place:
            st.subheader(heading)
            if column not in page.alerts.asked:
                st.write(t(absence))
                continue
            shares = cached_shares(page.dataset, f, column)
            sentence = shares.sentence(t)
            _draw_share_chart(page, shares.frame, ("n", shares.total), key=key, alt=sentence)
            draw_footer(page, sentence=sentence, choices=shares.choices, about="gender-shares")
    _draw_reporters_by(page, f, "district")
    with contained(column_label(t, "age_band")):  # of sensitive categories the copy has no ages
        _draw_reporters_by(page, f, "age_band")
    if REPORTER in page.alerts.asked:
        _draw_silent_places(page, cached_silent(page.dataset, f))
    page_link(page, "methods", t("How to read these figures"), about="limits")


def _draw_reporters_by(page: Page, f: AlertFilter, by: Literal["district", "age_band"]) -> None:
    """Who alerts in each district, or at each age, as a table, and where few do; or why that is not known."""
    t, reporters, per = page.t, REPORTER in page.alerts.asked, page.t("Per 1,000 residents")
    st.subheader(column_label(t, by))
    # Without reporters an age is that of who is affected.
    found = cached_rates(page.dataset, f, by) if by == "district" or reporters else ReporterRates(pd.DataFrame())
    if found.frame.empty:
        st.write(escape_markdown(t(_why_none(page, f, by))))
        return
    rates = {
        "n": per,
        "women": t("{people} per 1,000", people=t.c("gender", "Women")),
        "men": t("{people} per 1,000", people=t.c("gender", "Men")),
        "ratio": t("Ratio (95 %)"),
    }
    rates = {who: words for who, words in rates.items() if found.frame[f"rate_{who}"].notna().any()}
    headings = {
        "by": column_label(t, by),
        "n": t("Alerts"),
        **({} if rates else {"part": t("Share of all alerts")}),
        **({"share": t("Women (95 %)")} if reporters else {}),
        **{f"rate_{who}": words for who, words in rates.items()},
    }
    whole = N_("All districts") if by == "district" else N_("Whole city")
    written = pd.DataFrame(
        {
            "by": t(whole) if name == WHOLE else value_label(t, page.city, by, name or None),
            "n": written_count(page, row["n"]),
            "part": written_share(
                t, (row["n"], row["all"]), (row["part"], row["part_low"], row["part_high"]), page.written.least()
            ),
            "share": _share(page, row) if _pair_told(page, row) else "–",
            **{f"rate_{who}": _rate(page, row, who) for who in rates},
        }
        for name, row in found.frame.to_dict("index").items()
    )
    tables.draw_table(page, written, headings, key=f"gender_{by}", alt=headings["by"], narrow=("by", "n", "rate_n"))
    ages = t(AGES_ALONE) if by == "age_band" else ""
    draw_footer(page, sentence=ages, choices=found.choices, about="rates")


def who_hardly_reports(page: Page, f: AlertFilter) -> str:
    """From which districts strikingly few alerts come; or that none is known, and why."""
    t, judged = page.t, cached_judged(page.dataset, f)
    silent = t.join([district_label(t, page.city, one) for one, few in judged.items() if few])
    text = first_case(
        (page.city.population is None, NO_POPULATION),
        (silent, Message(SILENT, {"places": silent})),
        (has_area(f), N_("Not everyone who alerts lives in the city.")),
        (not judged, TOO_FEW_ALERTS),
        (True, NONE_SILENT),
    )
    return t(text)


def _why_none(page: Page, f: AlertFilter, by: str) -> Message | str:
    """Why it is not known who alerts in each district, or at each age: of the city, of the file or of the filter."""
    if by == "district":
        return first_case(
            (not page.city.districts, NO_DISTRICTS), (f.places or f.cells, OF_PLACES), (True, TOO_FEW_ALERTS)
        )
    ages = REPORTER in page.alerts.asked and not cached_rates(page.dataset, AlertFilter(period="all"), by).frame.empty
    return TOO_FEW_ALERTS if ages else NO_AGE


def _draw_share_chart(page: Page, frame: pd.DataFrame, of: tuple[str, float | str], *, key: str, alt: str) -> None:
    """Bars of shares by gender. `of`: the column of their counts, and what they are shares of: a column or a number."""
    bars, none = bars_of_shares(page, frame, *of), frame["n"].eq(0)
    bars = bars.assign(
        label=_labels(page, frame),
        value=bars["value"].fillna(0),
        text=bars["text"].mask(none, "0"),
        low=bars["low"].mask(none),
        high=bars["high"].mask(none),
    )
    draw_chart(
        page,
        interval_bars_figure(page, bars, colours_by_row=[GENDERS[page.theme][one] for one in frame["gender"]]),
        key=key,
        alt=alt,
        data=shares_file(page, frame, of).assign(gender=bars["label"]),
    )


def shares_file(page: Page, frame: pd.DataFrame, of: tuple[str, float | str]) -> pd.DataFrame:
    """The table below such bars as it may be handed out: without a share that would tell a small count.

    Where the whole stands in the row, a count whose rest is small is missing too, and its limit is in `fewer_than`.
    `of`: as for the bars.
    """
    (part, whole), least = of, page.written.least()
    wholes = frame[whole] if isinstance(whole, str) else [float(whole)] * len(frame)
    told = [share_is_told(*pair, least) for pair in zip(frame[part], wholes, strict=True)]
    hidden = ~pd.Series(told, frame.index, dtype=bool) & frame["n"].ne(0)
    limits = ["share", "low", "high"]
    written = page.written.table(frame.assign(**{name: frame[name].mask(hidden) for name in limits}))
    rest = hidden & frame[part].ge(least)
    if not isinstance(whole, str) or not rest.any():
        return written
    known = written.get(FEWER_THAN, pd.Series(float("nan"), frame.index))
    return written.assign(**{part: written[part].mask(rest), FEWER_THAN: known.mask(rest, least)})


def _labels(page: Page, frame: pd.DataFrame) -> list[str]:
    return [gender_label(page.t, gender) for gender in frame["gender"]]


def draw_hours(page: Page, f: AlertFilter) -> None:
    """Side by side: after dark, and how safe people felt."""
    for place, draw in zip(st.columns(2, gap="large"), (_draw_darkness, _draw_feeling), strict=True):
        with place:
            draw(page, f)


def _draw_darkness(page: Page, f: AlertFilter) -> None:
    """The share of alerts after dark, by gender of the person affected."""
    t = page.t
    st.subheader(t("After dark"))
    found = cached_light(page.dataset, f)
    sentence = found.sentence(t)
    if not found.ratio.known and not found.n:
        draw_footer(page, sentence=sentence)
        return
    _draw_share_chart(page, found.frame, ("dark", "n"), key="gender_dark", alt=sentence)
    draw_footer(page, sentence=sentence, choices=found.choices)
    if page.alerts.some_hours is not None:
        st.caption(t(page.alerts.some_hours))


def _draw_feeling(page: Page, f: AlertFilter) -> None:
    """The mean feeling of safety by gender, with its interval, and the gap."""
    t = page.t
    st.subheader(t("How safe people felt"))
    if "feeling" not in page.alerts.asked:
        st.write(t(NO_FEELING))
        return
    found = cached_feeling(page.dataset, f)
    frame, sentence = found.frame, found.sentence(t)
    shown = frame[frame["mean"].notna()].reset_index(drop=True)
    if shown.empty:
        draw_footer(page, sentence=sentence, choices=found.choices)
        return
    points = shown[["low", "high"]].clip(1, 5).assign(label=_labels(page, shown), value=shown["mean"])
    figure = forest_figure(page, points, reference=3.0, log=False, height=34 * len(points) + 66)
    figure.data[0]["marker"] = {"color": [GENDERS[page.theme][gender] for gender in shown["gender"]], "size": 12}
    # Each step of the scale with its words below the number, and room for half of those below the last step, which
    # plotly would leave out.
    steps = {step: feeling_label(t, step).replace(" (", "<br>").removesuffix(")") for step in range(1, 6)}
    figure.update_xaxes(range=[0.8, 5.3], tickvals=list(steps), ticktext=list(steps.values()))
    figure.update_layout(margin={"r": 60})
    draw_chart(page, figure, key="gender_feeling", alt=sentence, data=frame.assign(gender=_labels(page, frame)))
    draw_footer(page, sentence=sentence, choices=found.choices)


def _pair_told(page: Page, row: dict[Any, Any]) -> bool:
    """Whether figures of women and men may stand beside their n, which with them tells how many others there are."""
    n, women, men = row["n"], row["women"], row["men"]
    rests = (women, men, n - women, n - men, n - women - men)
    return not any(is_small(count, page.written.least()) for count in rests)


def _rate(page: Page, row: dict[Any, Any], who: str) -> str:
    """A rate with its interval; a dash where it is not known, or would tell a count that is not written out."""
    rate, low, high = (row[f"{name}_{who}"] for name in ("rate", "low", "high"))
    told = not is_small(row["n"], page.written.least()) if who == "n" else _pair_told(page, row)
    digits = 2 if who == "ratio" else 1
    return number_with_interval(page.t, rate, low, high, digits) if told and math.isfinite(rate) else "–"


MOST_ROWS = 10  # of chart and list: more are not read
SPAN = 0.62
# By whether the share of women is larger (1) or smaller (-1) than the city's.
_VERDICTS: Final = {
    1: N_("more women than in the city"),
    -1: N_("fewer women than in the city"),
    0: N_("no difference shown"),
}


def draw_category_ratios(page: Page, f: AlertFilter, total: Total) -> None:
    """The forest of ratios, and the same as a table; where nothing is compared, why, and of one category the shares."""
    t, found, why = page.t, None, NO_AFFECTED
    if AFFECTED in page.alerts.asked:
        found, why = cached_weights(page.dataset, f), ONE_CATEGORY
    if found is None or found.alone:
        if found is not None:
            shares = cached_shares(page.dataset, f, AFFECTED)
            _draw_share_chart(page, shares.frame, ("n", shares.total), key="gender_alone", alt=shares.sentence(t))
        st.write(t(why))
    elif not found.n_tested:
        st.write(found.sentence(t))
    else:
        _draw_forest(page, found)
        draw_footer(page, total=total, choices=found.choices, about="gender-categories")
        draw_fold("categories", t("The figures as a table"), partial(_draw_category_table, page, found), word=OPEN)
    draw_help_lines(page)


def _draw_forest(page: Page, found: CategoryRatios) -> None:
    """The clearest ratios, the largest on top, with what the chart leaves out."""
    t = page.t
    points = _drawn(page, found)
    if points.empty:
        st.write(t(TOO_FEW))
        return
    row = 34 if page.narrow or points["label"].str.len().max() > BESIDE else 24  # names of two lines
    figure = forest_figure(page, points, height=max(row * len(points) + 76, 150))
    if page.narrow:
        figure.update_yaxes(ticksuffix="")
    words = [t("Share among women ÷ share among men; above 1 it weighs more on women. Orange: beyond chance.")]
    if points["hollow"].any():
        words.append(t("Hollow points are limits: the number of women or of men is too small to be written out."))
    st.caption(" ".join(words))
    draw_chart(page, figure, key="gender_forest", alt=found.sentence(t))


def _drawn(page: Page, found: CategoryRatios) -> pd.DataFrame:
    """The points of the chart, at most `MOST_ROWS`: those of the heading, then the surest, the largest ratio on top.

    One is `hollow` that is a limit of a ratio that is not written out; a limit that leaves open which way the ratio
    lies is not drawn.
    """
    rows = found.written()
    limit = rows["at_least"].where(rows["at_least"] > 1).combine_first(rows["at_most"].where(rows["at_most"] < 1))
    rows = rows.assign(value=rows["ratio"].combine_first(limit), hollow=limit.notna())
    rows = rows[np.isfinite(found.frame["ratio"]) & (found.frame["ratio"] > 0)].dropna(subset=["value"])
    rows["doubt"] = np.log(rows["high"] / rows["low"].clip(lower=1e-9))
    told = [*found.heavier(1)[: gender.LEADING], *found.heavier(-1)[: gender.LEADING]]
    rows["told"] = rows["category"].isin(told)
    clearest = rows.sort_values(["told", "significant", "doubt"], ascending=[False, False, True]).head(MOST_ROWS)
    frame = clearest.sort_values("value", ascending=False, ignore_index=True)
    return frame.assign(
        label=[category_label(page.t, page.city, one) for one in frame["category"]],
        low=frame["low"].mask(frame["hollow"]),
        high=frame["high"].mask(frame["hollow"]),
        strong=frame["significant"],
        text=[_category_ratio(page, row) for row in frame.to_dict("records")],
    )


def _draw_category_table(page: Page, found: CategoryRatios) -> None:
    t, frame = page.t, found.written()
    tables.draw_table(
        page,
        pd.DataFrame(
            {
                "category": category_label(t, page.city, row["category"]),
                "women": written_count(page, row["women"], row["category"]),
                "men": written_count(page, row["men"], row["category"]),
                "ratio": _category_ratio(page, row),
                "q": written_q(page, row["q"]),
            }
            for row in frame.to_dict("records")
        ),
        {
            "category": t("Category"),
            "women": t.c("gender", "Women"),
            "men": t.c("gender", "Men"),
            "ratio": t("Ratio (95 %)"),
            "q": t("Corrected p"),
        },
        key="gender_weights",
        alt=t("The figures as a table"),
    )
    tables.download_button(page, frame, "gender_categories.csv", key="gender_weights_csv")


def _category_ratio(page: Page, row: dict[str, float]) -> str:
    t, ratio = page.t, row["ratio"]
    words = first_case(
        (row["at_least"] == row["at_least"], t("at least {low}", low=t.number(row["at_least"], 2))),
        (row["at_most"] == row["at_most"], t("at most {high}", high=t.number(row["at_most"], 2))),
        (ratio != ratio, "–"),
        (ratio == np.inf, t("women only")),
        (ratio == 0, t("men only")),
        (True, number_with_interval(t, ratio, row["low"], row["high"], 2)),
    )
    return str(words)


def draw_help_lines(page: Page) -> None:
    """Help lines for those who are affected, next to every sensitive view; how to add them where none is known."""
    t, lines = page.t, help_lines(page.city, page.t)
    if not lines:
        if page.role >= Role.ANALYST:
            st.caption(escape_markdown(t(HOW_TO_ADD)))
        return
    with st.container(border=True, gap="xsmall", key="gender_help"):
        st.markdown("**" + t("If this concerns you") + "**")
        st.caption("  \n".join(map(escape_markdown, lines)))


def draw_places(page: Page, f: AlertFilter, found: PlaceStudy) -> None:
    """The map, the places that differ with a link to each, and all of them as a table."""
    t = page.t
    if not page.city.landmarks or AFFECTED not in page.alerts.asked:
        st.write(escape_markdown(t(NO_AFFECTED if page.city.landmarks else NO_LANDMARKS)))
        return
    # By whether a place differs from the city's share of women: 1 more, -1 fewer, 0 not shown.
    frame = found.differ.frame.assign(
        verdict=lambda rows: np.where(rows["significant"], np.where(rows["direction"] > 0, 1, -1), 0)
    )
    sentence = found.differ.sentence(t) or t("There are too few alerts near named places to compare them.")
    left, right = st.columns([SPAN, 1 - SPAN], gap="large")
    with left:
        _draw_place_map(page, f, frame, sentence)
    with right:
        draw_footer(page, sentence=sentence)
        _draw_clearest_places(page, f, frame)
    _draw_place_table(page, frame)
    st.caption(
        t(
            "Based on {near} alerts near a named place, of {n} that affect women or men. Each place's share of "
            "women is tested against the city's (exact test, corrected for the number of places).",
            near=written_count(page, found.near),
            n=written_count(page, found.n),
        )
    )
    help_link(page, "map-comparison")


def _draw_silent_places(page: Page, found: PlaceShares) -> None:
    """Where women alert strikingly little: not known, which is not safe. With the rule, and what it cannot see."""
    t = page.t
    st.subheader(t("Where silence may hide something"))
    rows = found.frame[found.frame["not_known"]]
    none = first_case(
        (not page.city.landmarks, NO_LANDMARKS),
        (
            not found.assessed,
            N_("No named place has alerts enough to tell whether women report strikingly little there."),
        ),
        (rows.empty, N_("No named place has strikingly few alerts by women. That does not make any of them safe.")),
        (True, ""),
    )
    if none:
        st.write(escape_markdown(t(none)))
    for row in rows.to_dict("records"):
        # Where few are written out, what was to be expected, a share of both, would tell them.
        expected = round(row["expected"]) if _share_told(page, row) else t("at least {low}", low=EXPECTED_WOMEN)
        women, men = (written_alerts(page, row[name]) for name in ("women", "men"))
        words = N_("**{place}: not known.** {women} by women (expected: {expected}), {men} by men.")
        place = escape_markdown(place_label(t, page.city, row["place"]))
        st.markdown(t(words, place=place, women=women, men=men, expected=expected))
    for choice in found.choices:
        st.caption(t(choice.explanation))


def _share_told(page: Page, row: dict[str, float]) -> bool:
    """Whether the share of women at a place may be written out: it has few neither of women nor of men."""
    return share_is_told(row["women"], row["women"] + row["men"], page.written.least())


def _share(page: Page, row: dict[str, float]) -> str:
    return (
        page.t.share(row["share"], row["low"], row["high"])
        if _share_told(page, row) and not math.isnan(row["share"])
        else "–"
    )


def _draw_clearest_places(page: Page, f: AlertFilter, frame: pd.DataFrame) -> None:
    """The clearest places, each with its share and the way to look closer."""
    t, sure = page.t, frame[frame["significant"]]
    for rank, row in enumerate(sure.head(MOST_ROWS).to_dict("records"), 1):
        place = ranked_name(rank, escape_markdown(place_label(t, page.city, row["place"])))
        with st.container(gap=None):
            page_link(page, "gender", place, filter=f.replace(places=(row["place"],), districts=(), cells=()))
            verdict = _VERDICTS[1 if row["direction"] > 0 else -1]
            st.caption(t.pair(t(verdict), _share(page, row)) if _share_told(page, row) else t(verdict))


def _draw_place_table(page: Page, frame: pd.DataFrame) -> None:
    t = page.t
    if frame.empty:
        return
    written = pd.DataFrame(
        {
            "place": place_label(t, page.city, row["place"]),
            "women": written_count(page, row["women"]),
            "men": written_count(page, row["men"]),
            "share": _share(page, row),
            "verdict": t(verdict),
            "q": written_q(page, row["q"]) if _share_told(page, row) else "–",
        }
        for row, verdict in zip(frame.to_dict("records"), frame["verdict"].map(_VERDICTS), strict=True)
    )
    headings = {
        "place": t("Place"),
        "share": t("Women (95 %)"),
        "verdict": t("Compared with the city"),
        "women": t.c("gender", "Women"),
        "men": t.c("gender", "Men"),
        "q": t("Corrected p"),
    }
    tables.draw_table(
        page,
        written,
        headings,
        key="gender_places",
        alt=t("Where does it differ?"),
        narrow=("place", "share", "verdict"),
    )
    data = frame.drop(columns=["verdict", "not_known", "expected"])
    data.insert(1, "name", written["place"])
    marks = {mark.id: shapely.Point(mark.longitude, mark.latitude) for mark in page.city.landmarks}
    with st.container(horizontal=True):
        shapes = [marks[place] for place in data["place"]]
        tables.draw_place_downloads(page, "gender_places", lambda: data, lambda: shapes, key="gender_places")


def _draw_place_map(page: Page, f: AlertFilter, frame: pd.DataFrame, alt: str) -> None:
    """Named places as circles as wide as the place: coloured where they differ."""
    t, colours = page.t, palette(page.theme)
    if without_outline(page):
        return
    shades = {1: GENDERS[page.theme]["woman"], -1: GENDERS[page.theme]["man"]}
    rows = {row["place"]: row for row in frame.to_dict("records")}
    marks = {mark.id: mark for mark in page.city.landmarks}
    silent = cached_silent(page.dataset, f).frame
    unheard = set(silent.loc[silent["not_known"], "place"])
    circles = [_circle(page, mark, rows.get(mark.id), shades, unheard=mark.id in unheard) for mark in marks.values()]
    sure = enumerate((marks[place] for place in frame.loc[frame["significant"], "place"]), 1)
    pins = [Pin(t.label(mark.labels), mark.longitude, mark.latitude, rank) for rank, mark in sure]
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
    draw_named_layers(
        page, [*basemap.base_layers(page.city, colours), layer], pins, key="gender_map", alt=alt, span=SPAN
    )
    draw_legend_row(
        colours,
        "",
        [
            (f"background:{shades[1]}", t(_VERDICTS[1])),
            (f"background:{shades[-1]}", t(_VERDICTS[-1])),
            (f"border:1px solid {colours.muted}", t(_VERDICTS[0])),
            *([(f"border:3px solid {colours.accent}", t("women's safety not known"))] if unheard else []),
        ],
    )


def _circle(
    page: Page, mark: Landmark, row: dict[str, float] | None, shades: dict[int, str], *, unheard: bool
) -> dict[str, object]:
    t, colours, kind = page.t, palette(page.theme), int(row["verdict"]) if row else 0
    tip = t.label(mark.labels)
    if row is not None and _share_told(page, row):
        tip = t.pair(tip, t("{share} women", share=_share(page, row)))
    return {
        "position": [mark.longitude, mark.latitude],
        "radius": mark.radius,
        "fill": rgba(shades.get(kind, colours.line), 215 if kind else 0),
        "line": rgba(colours.accent if unheard else shades.get(kind, colours.muted)),
        "width": 3 if unheard else 1,
        "tip": tip + ("\n" + t("women's safety not known") if unheard else ""),
    }


def draw_plan_checks(page: Page) -> None:
    """Which of the four questions each live plan has answered."""
    t = page.t
    live = [translated_plan(page, plan) for plan in plan_store(page).list() if plan.status is not PlanStatus.DROPPED]
    if not live:
        st.write(t("There are no plans yet."))
        return
    questions = {
        "affected": t("Who is affected"),
        "consulted": t("Consulted"),
        "target": t("Objective"),
        "harm": t("Possible harm"),
    }
    for plan in live:
        with st.container(gap=None):
            page_link(page, "interventions", escape_markdown(plan.title) or t("Without a title"), plan=plan.id)
            still = [words for name, words in questions.items() if not getattr(plan.gender_check, name).strip()]
            st.caption(t("Still open: {points}.", points=t.join(still)) if still else t("All answered"))
