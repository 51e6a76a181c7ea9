"""Who is affected and who alerts, by day and night, how safe they felt, and per resident where residents are known."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.gender import GenderShares
from curim_data import query
from curim_data.filters import AlertFilter
from curim_data.model import N_, Role
from curim_data.model.absence import NO_AFFECTED, NO_FEELING, NO_GENDER, NO_POPULATION, NO_REPORTERS
from curim_data.model.labels import district_label, feeling_label, gender_label
from curim_data.privacy import FEWER_THAN, share_is_told
from curim_data.query import Total
from curim_data.studies.gender import CITY, PlaceStudy
from pages.parts.charts import plots, tables
from pages.parts.charts.numbers import bars_of_shares, least_written, written_count, written_table
from pages.parts.frame import Page, draw_footer, escape_markdown
from pages.parts.frame.colours import GENDERS
from pages.parts.frame.footer import missing
from pages.parts.gender import queries

OTHER_COLUMN = N_("On the page Data, a column of another name can be given the role “gender” before the import.")
AFFECTED, REPORTER = "affected_gender", "reporter_gender"
GENDERS_ASKED = frozenset({AFFECTED, REPORTER})


def draw_headline(page: Page, f: AlertFilter, total: Total, found: PlaceStudy) -> None:
    """The page's one sentence, the filter in words below it, and whether the filter's genders were ignored."""
    t = page.t
    shares = queries.shares(page.dataset, f, AFFECTED)
    women = shares.women
    assert page.source is not None
    looked = int(found.differ.frame["p"].notna().sum())
    if not page.source.asked & GENDERS_ASKED:
        st.title(t("This export does not ask for gender."))
    elif total.n == 0:
        st.title(t("No alerts to compare."))
    elif AFFECTED not in page.source.asked:
        st.title(t("Who is affected is not known: this export asks only for the gender of those who alert."))
    elif not shares.women_written:
        st.title(t("Too few alerts to compare women and men."))
    else:
        differ = int(found.differ.frame["significant"].sum())
        first = t("Of the women and men affected, {share} are women.", share=t.percent(women.value))
        second = (
            t.n(
                "{n} place differs from the city beyond chance.",
                "{n} places differ from the city beyond chance.",
                differ,
            )
            if differ
            else t("No place differs from the city beyond chance.")
            if looked
            else ""
        )
        st.title(f"{first} {second}".strip())
    st.caption(escape_markdown(query.sentence(page.source, f, t, total)))
    if f != page.filter:
        st.info(t("This page compares genders, so the filter by gender is ignored here."))


def draw_not_asked(page: Page, total: Total) -> None:
    """What stands on the page where no export asks for gender: that it is not known, and what would change that."""
    t = page.t
    with st.container(border=True, key="gender_not_asked"):
        st.write(t(NO_GENDER))
        st.markdown(
            "\n".join(
                f"- {line}"
                for line in (
                    t("Ask whoever provides the export for the gender of the person affected and of the reporter."),
                    t("Four answers are enough: woman, man, other, prefers not to say. Never guess it from names."),
                    *([t(OTHER_COLUMN)] if page.role >= Role.ANALYST else []),
                    t("Until then, a walk with women who know the place shows more than these alerts."),
                )
            )
        )
    draw_footer(page, total=total)


def draw_shares(page: Page, f: AlertFilter, total: Total) -> None:
    """Two bar charts side by side: the people affected, the people who alert."""
    t = page.t
    asked = page.source.asked if page.source is not None else GENDERS_ASKED
    sides = (
        (t("Who is affected"), AFFECTED, NO_AFFECTED, "gender_affected"),
        (t("Who alerts"), REPORTER, NO_REPORTERS, "gender_reporters"),
    )
    for place, (heading, column, absence, key) in zip(st.columns(2, gap="large"), sides, strict=True):
        with place:
            st.subheader(heading)
            if column in asked:
                _draw_bars(page, queries.shares(page.dataset, f, column), key, total)
            else:
                st.write(t(absence))


def _draw_bars(page: Page, found: GenderShares, key: str, total: Total) -> None:
    frame = found.frame
    sentence = found.sentence(page.t)
    _draw_share_chart(page, frame, ("n", found.total), key=key, alt=sentence)
    draw_footer(page, sentence=sentence, total=total, choices=found.choices)
    st.caption(page.t("The bars are shares of all alerts, those that do not state the gender included."))


def _few(page: Page, n: int) -> str:
    """A number that is too small to be written out; "" for any other."""
    return page.t("n = {count}.", count=written_count(page, n)) if 0 < n < least_written(page) else ""


def _draw_share_chart(page: Page, frame: pd.DataFrame, of: tuple[str, float | str], *, key: str, alt: str) -> None:
    """Bars of shares by gender. `of`: the column of their counts, and what they are shares of: a column or a number."""
    bars = bars_of_shares(page, frame, *of)
    bars = bars.assign(label=_labels(page, frame), value=bars["value"].fillna(0))
    none = frame["n"].eq(0)
    bars["text"] = bars["text"].mask(none, page.t.c("alerts", "none"))
    bars[["low", "high"]] = bars[["low", "high"]].mask(none)
    shades = [GENDERS[page.theme][gender] for gender in frame["gender"]]
    data = shares_file(page, frame, of).assign(gender=bars["label"])
    plots.draw_chart(page, plots.interval_bars_figure(page, bars, colours_by_row=shades), key=key, alt=alt, data=data)


def shares_file(page: Page, frame: pd.DataFrame, of: tuple[str, float | str]) -> pd.DataFrame:
    """The table below such bars as it may be handed out: without a share that would tell a small count.

    Where the whole stands in the row, a count whose rest is small is missing too, and its limit is in `fewer_than`.
    `of`: as for the bars.
    """
    part, whole = of
    least = least_written(page)
    wholes = frame[whole] if isinstance(whole, str) else pd.Series(float(whole), frame.index)
    told = pd.Series(
        [share_is_told(*pair, least) for pair in zip(frame[part], wholes, strict=True)], frame.index, dtype=bool
    )
    hidden = ~told & frame["n"].ne(0)
    data = frame.assign(**{name: frame[name].mask(hidden) for name in ("share", "low", "high")})
    written = written_table(page, data)
    rest = hidden & frame[part].ge(least)
    if not isinstance(whole, str) or not rest.any():
        return written
    limits = written[FEWER_THAN] if FEWER_THAN in written else pd.Series(float("nan"), frame.index)
    return written.assign(**{part: written[part].mask(rest), FEWER_THAN: limits.mask(rest, least)})


def _labels(page: Page, frame: pd.DataFrame) -> list[str]:
    return [gender_label(page.t, gender) for gender in frame["gender"]]


def draw_darkness(page: Page, f: AlertFilter) -> None:
    """The share of alerts after dark, by gender of the person affected."""
    t = page.t
    st.subheader(t("After dark"))
    found = queries.light(page.dataset, f)
    sentence = found.sentence(t)
    if not found.ratio.known and not found.n:
        draw_footer(page, sentence=sentence)
        return
    _draw_share_chart(page, found.frame, ("dark", "n"), key="gender_dark", alt=sentence)
    draw_footer(page, sentence=sentence, choices=found.choices)
    known = _few(page, found.n) or t.n(
        "n = {n} alert known to be by day or after dark.", "n = {n} alerts known to be by day or after dark.", found.n
    )
    st.caption(
        known
        + (f" {t(page.source.some_hours)}" if page.source is not None and page.source.some_hours is not None else "")
    )


def draw_feeling(page: Page, f: AlertFilter) -> None:
    """The mean feeling of safety by gender, with its interval, and the gap."""
    t = page.t
    st.subheader(t("How safe people felt"))
    if page.source is not None and "feeling" not in page.source.asked:
        st.write(t(NO_FEELING))
        return
    found = queries.feeling(page.dataset, f)
    frame = found.frame
    shown = frame[frame["mean"].notna()]
    sentence = found.sentence(t)
    if shown.empty:
        draw_footer(page, sentence=sentence, choices=found.choices)
        return
    points = pd.DataFrame(
        {"label": _labels(page, shown), "value": shown["mean"], "low": shown["low"], "high": shown["high"]}
    ).reset_index(drop=True)
    points[["low", "high"]] = points[["low", "high"]].clip(1, 5)
    middle = float(shown.loc[shown["gender"] == "man", "mean"].iloc[0]) if "man" in set(shown["gender"]) else 3.0
    figure = plots.forest_figure(page, points, reference=middle, log=False, height=34 * len(points) + 66)
    figure.data[0]["marker"] = {"color": [GENDERS[page.theme][gender] for gender in shown["gender"]], "size": 12}
    figure.update_xaxes(
        range=[0.8, 5.3],
        tickvals=[1, 2, 3, 4, 5],
        ticktext=[_two_lines(feeling_label(t, step)) for step in range(1, 6)],
    )
    figure.update_layout(
        margin={"r": 60}
    )  # room for half of the words below the last step, else plotly leaves them out
    data = frame.assign(gender=_labels(page, frame))
    plots.draw_chart(page, figure, key="gender_feeling", alt=sentence, data=data)
    draw_footer(page, sentence=sentence, choices=found.choices)
    st.caption(
        _few(page, found.n)
        or t.n(
            "n = {n} alert that reports the feeling. The dashed line is the mean of men.",
            "n = {n} alerts that report the feeling. The dashed line is the mean of men.",
            found.n,
        )
    )


def _two_lines(label: str) -> str:
    """A step of the scale with its words below the number."""
    return label.replace(" (", "<br>").removesuffix(")")


def draw_rates(page: Page, f: AlertFilter) -> None:
    """Alerts per 1,000 residents, where the city's profile knows its residents."""
    t = page.t
    st.subheader(t("Per 1,000 residents"))
    found = queries.rates(page.dataset, f)
    if found is None:
        st.write(escape_markdown(t("No rates are shown.") + " " + missing(page, NO_POPULATION)))
        return
    frame = found.frame
    written = pd.DataFrame(
        {
            "area": [_area(page, area) for area in frame["area"]],
            "women": [_rate(page, row, "women") for row in frame.to_dict("records")],
            "men": [_rate(page, row, "men") for row in frame.to_dict("records")],
            "ratio": [_ratio(page, row) for row in frame.to_dict("records")],
        }
    )
    headings = {
        "area": t("District"),
        "women": t("By women, per 1,000 women"),
        "men": t("By men, per 1,000 men"),
        "ratio": t("Ratio (95 %)"),
    }
    tables.draw_table(page, written, headings, key="gender_rates", alt=t("Alerts per 1,000 residents by gender"))
    tables.download_button(page, frame, "gender_rates.csv", key="gender_rates_csv")
    st.caption(t("Alerts of the whole period by gender of the reporter. Not everyone who alerts lives in the city."))
    draw_footer(page, choices=found.choices)


def _area(page: Page, area: str) -> str:
    return page.t("Whole city") if area == CITY else district_label(page.t, page.city, area)


def _rate(page: Page, row: dict[str, float], who: str) -> str:
    t = page.t
    rate = row[f"rate_{who}"]
    if rate != rate or 0 < row[f"n_{who}"] < least_written(page):
        return "–"
    return f"{t.number(rate, 1)} ({t.number(row[f'low_{who}'], 1)}–{t.number(row[f'high_{who}'], 1)})"


def _ratio(page: Page, row: dict[str, float]) -> str:
    t = page.t
    few = any(0 < row[f"n_{who}"] < least_written(page) for who in ("women", "men"))
    if few or row["ratio"] != row["ratio"] or row["ratio"] == float("inf"):
        return "–"
    return f"{t.number(row['ratio'], 2)} ({t.number(row['low'], 2)}–{t.number(row['high'], 2)})"
