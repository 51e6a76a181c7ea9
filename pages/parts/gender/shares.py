"""Who is affected and who alerts, by day and night, how safe they felt, and per resident where residents are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from curim_data import query
from curim_data.filters import AlertFilter
from curim_data.model import (
    N_,
    NO_AFFECTED,
    NO_FEELING,
    NO_GENDER,
    NO_POPULATION,
    NO_REPORTERS,
    Message,
    Role,
    district_label,
    feeling_label,
    gender_label,
    is_small,
)
from curim_data.privacy import FEWER_THAN, share_is_told
from curim_data.query import Total
from curim_data.studies import gender
from curim_data.studies.gender import CITY, PlaceStudy
from pages.parts.charts import (
    bars_of_shares,
    draw_chart,
    forest_figure,
    interval_bars_figure,
    number_with_interval,
    tables,
    written_count,
)
from pages.parts.frame import GENDERS, Dataset, Page, draw_footer, escape_markdown, missing, shared

cached_shares = shared(gender.share_study)
cached_light = shared(gender.light_study)
cached_feeling = shared(gender.feeling_study)
cached_rates = shared(gender.rate_study)
cached_weights = shared(gender.weight_study, Message("Comparing the categories by gender"))
cached_places = shared(gender.place_study, Message("Comparing the places by gender"))
OTHER_COLUMN = N_("On the page Data, a column of another name can be given the role “gender” before the import.")
AFFECTED, REPORTER = "affected_gender", "reporter_gender"
GENDERS_ASKED = frozenset({AFFECTED, REPORTER})


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """Work out what is chosen for all readers, as `briefing.work_out_first` does."""
    cached_weights(dataset, f)
    cached_places(dataset, f)


def draw_headline(page: Page, f: AlertFilter, total: Total, found: PlaceStudy) -> None:
    """The page's one sentence, the filter in words below it, and whether the filter's genders were ignored."""
    st.title(_headline(page, f, total, found))
    st.caption(escape_markdown(query.sentence(page.alerts, f, page.t, total)))
    if f != page.filter:
        st.info(page.t("This page compares genders, so the filter by gender is ignored here."))


def _headline(page: Page, f: AlertFilter, total: Total, found: PlaceStudy) -> str:
    t, shares, frame = page.t, cached_shares(page.dataset, f, AFFECTED), found.differ.frame
    unknown = (
        (not page.alerts.asked & GENDERS_ASKED, t("This export does not ask for gender.")),
        (total.n == 0, t("No alerts to compare.")),
        (
            AFFECTED not in page.alerts.asked,
            t("Who is affected is not known: this export asks only for the gender of those who alert."),
        ),
        (not shares.women_written, t("Too few alerts to compare women and men.")),
    )
    if why := next((words for holds, words in unknown if holds), ""):
        return why
    first = t("Of the women and men affected, {share} are women.", share=t.percent(shares.women.value))
    differ = int(frame["significant"].sum())
    if not differ and frame["p"].isna().all():
        return first
    second = (
        t.n("{n} place differs from the city beyond chance.", "{n} places differ from the city beyond chance.", differ)
        if differ
        else t("No place differs from the city beyond chance.")
    )
    return f"{first} {second}"


def draw_not_asked(page: Page, total: Total) -> None:
    """What stands on the page where no export asks for gender: that it is not known, and what would change that."""
    t = page.t
    advice = [
        t("Ask whoever provides the export for the gender of the person affected and of the reporter."),
        t("Four answers are enough: woman, man, other, prefers not to say. Never guess it from names."),
        *([t(OTHER_COLUMN)] if page.role >= Role.ANALYST else []),
        t("Until then, a walk with women who know the place shows more than these alerts."),
    ]
    with st.container(border=True, key="gender_not_asked"):
        st.write(t(NO_GENDER))
        st.markdown("\n".join(f"- {line}" for line in advice))
    draw_footer(page, total=total)


def draw_shares(page: Page, f: AlertFilter, total: Total) -> None:
    """Two bar charts side by side: the people affected, the people who alert."""
    t = page.t
    sides = (
        (t("Who is affected"), AFFECTED, NO_AFFECTED, "gender_affected"),
        (t("Who alerts"), REPORTER, NO_REPORTERS, "gender_reporters"),
    )
    for place, (heading, column, absence, key) in zip(st.columns(2, gap="large"), sides, strict=True):
        with place:
            st.subheader(heading)
            if column not in page.alerts.asked:
                st.write(t(absence))
                continue
            found = cached_shares(page.dataset, f, column)
            sentence = found.sentence(t)
            _draw_share_chart(page, found.frame, ("n", found.total), key=key, alt=sentence)
            draw_footer(page, sentence=sentence, total=total, choices=found.choices)
            st.caption(t("The bars are shares of all alerts, those that do not state the gender included."))


def _few(page: Page, n: int) -> str:
    """A number that is too small to be written out; "" for any other."""
    return page.t("n = {count}.", count=written_count(page, n)) if is_small(n, page.written.least()) else ""


def _draw_share_chart(page: Page, frame: pd.DataFrame, of: tuple[str, float | str], *, key: str, alt: str) -> None:
    """Bars of shares by gender. `of`: the column of their counts, and what they are shares of: a column or a number."""
    bars, none = bars_of_shares(page, frame, *of), frame["n"].eq(0)
    bars = bars.assign(
        label=_labels(page, frame),
        value=bars["value"].fillna(0),
        text=bars["text"].mask(none, page.t.c("alerts", "none")),
        low=bars["low"].mask(none),
        high=bars["high"].mask(none),
    )
    figure = interval_bars_figure(page, bars, colours_by_row=[GENDERS[page.theme][one] for one in frame["gender"]])
    data = shares_file(page, frame, of).assign(gender=bars["label"])
    draw_chart(page, figure, key=key, alt=alt, data=data)


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


def draw_darkness(page: Page, f: AlertFilter) -> None:
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
    known = _few(page, found.n) or t.n(
        "n = {n} alert known to be by day or after dark.", "n = {n} alerts known to be by day or after dark.", found.n
    )
    some = page.alerts.some_hours
    st.caption(known if some is None else f"{known} {t(some)}")


def draw_feeling(page: Page, f: AlertFilter) -> None:
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
    middle = next(iter(shown.loc[shown["gender"] == "man", "mean"]), 3.0)
    figure = forest_figure(page, points, reference=middle, log=False, height=34 * len(points) + 66)
    figure.data[0]["marker"] = {"color": [GENDERS[page.theme][gender] for gender in shown["gender"]], "size": 12}
    # Each step of the scale with its words below the number, and room for half of those below the last step, which
    # plotly would leave out.
    steps = {step: feeling_label(t, step).replace(" (", "<br>").removesuffix(")") for step in range(1, 6)}
    figure.update_xaxes(range=[0.8, 5.3], tickvals=list(steps), ticktext=list(steps.values()))
    figure.update_layout(margin={"r": 60})
    data = frame.assign(gender=_labels(page, frame))
    draw_chart(page, figure, key="gender_feeling", alt=sentence, data=data)
    draw_footer(page, sentence=sentence, choices=found.choices)
    st.caption(
        _few(page, found.n)
        or t.n(
            "n = {n} alert that reports the feeling. The dashed line is the mean of men.",
            "n = {n} alerts that report the feeling. The dashed line is the mean of men.",
            found.n,
        )
    )


def draw_rates(page: Page, f: AlertFilter) -> None:
    """Alerts per 1,000 residents, where the city's profile knows its residents."""
    t = page.t
    st.subheader(t("Per 1,000 residents"))
    found = cached_rates(page.dataset, f)
    if found is None:
        st.write(escape_markdown(t("No rates are shown.") + " " + missing(page, NO_POPULATION)))
        return
    tables.draw_table(
        page,
        pd.DataFrame(
            {
                "area": t("Whole city") if row["area"] == CITY else district_label(t, page.city, row["area"]),
                "women": _rate(page, row, ("rate_women", "low_women", "high_women"), 1, "women"),
                "men": _rate(page, row, ("rate_men", "low_men", "high_men"), 1, "men"),
                "ratio": _rate(page, row, ("ratio", "low", "high"), 2, "women", "men"),
            }
            for row in found.frame.to_dict("records")
        ),
        {
            "area": t("District"),
            "women": t("By women, per 1,000 women"),
            "men": t("By men, per 1,000 men"),
            "ratio": t("Ratio (95 %)"),
        },
        key="gender_rates",
        alt=t("Alerts per 1,000 residents by gender"),
    )
    tables.download_button(page, found.frame, "gender_rates.csv", key="gender_rates_csv")
    st.caption(t("Alerts of the whole period by gender of the reporter. Not everyone who alerts lives in the city."))
    draw_footer(page, choices=found.choices)


def _rate(page: Page, row: dict[Any, Any], names: Sequence[str], digits: int, *counted: str) -> str:
    """A rate or ratio with its interval; a dash where it is not known, or of a count that is not written out."""
    rate, low, high = (row[name] for name in names)
    few = any(is_small(row[f"n_{who}"], page.written.least()) for who in counted)
    return "–" if few or not math.isfinite(rate) else number_with_interval(page.t, rate, low, high, digits)
