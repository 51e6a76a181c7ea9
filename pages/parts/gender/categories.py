"""Which categories affect whom more, and where to turn for help."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.gender import TOO_FEW, CategoryRatios
from curim_data.filters import AlertFilter
from curim_data.model.absence import NO_AFFECTED, ONE_CATEGORY
from curim_data.model.labels import category_label, inline
from curim_data.privacy import HOW_TO_ADD, help_lines
from pages.parts.charts import plots, tables
from pages.parts.charts.numbers import written_count, written_q
from pages.parts.frame import Page, draw_footer, escape_markdown
from pages.parts.gender import queries

MOST_ROWS = 24  # of the chart: more are not read


def draw_category_ratios(page: Page, f: AlertFilter) -> None:
    """The forest of ratios, its words, and the same as a table."""
    t = page.t
    st.subheader(t("Which categories affect whom more"))
    if page.source is not None and "affected_gender" not in page.source.asked:
        st.write(t(NO_AFFECTED))
        draw_help_lines(page)
        return
    found = queries.weights(page.dataset, f)
    if found.alone:
        st.write(t(ONE_CATEGORY))
        draw_help_lines(page)
        return
    if not found.n_tested:  # no chart, and no list of all categories, beside the sentence that says why
        draw_footer(page, sentence=found.sentence(t))
        draw_help_lines(page)
        return
    left, right = st.columns([2, 1], gap="large")
    with left:
        _draw_forest(page, found)
    with right:
        _draw_findings(page, found)
        draw_help_lines(page)


def _draw_forest(page: Page, found: CategoryRatios) -> None:
    t = page.t
    known = np.isfinite(found.frame["ratio"]) & (found.frame["ratio"] > 0)
    everything = int(known.sum())
    frame = _drawn(found).loc[known].dropna(subset=["value"])
    if frame.empty:
        st.write(t(TOO_FEW) if everything or found.too_few else t("There is nothing to compare here."))
        return
    doubt = np.log(frame["high"] / frame["low"].clip(lower=1e-9))
    clearest = frame.assign(doubt=doubt).sort_values(["significant", "doubt"], ascending=[False, True]).head(MOST_ROWS)
    frame = clearest.sort_values("value", ascending=False)
    points = pd.DataFrame(
        {
            "label": [category_label(t, page.city, one) for one in frame["category"]],
            "value": frame["value"],
            "low": frame["low"].mask(frame["hollow"]),
            "high": frame["high"].mask(frame["hollow"]),
            "strong": frame["significant"],
            "hollow": frame["hollow"],
            "text": [_ratio(page, row) for row in frame.to_dict("records")],
        }
    ).reset_index(drop=True)
    row = 34 if page.narrow or points["label"].str.len().max() > plots.BESIDE else 24  # names of two lines
    figure = plots.forest_figure(page, points, height=max(row * len(points) + 76, 150))
    title = t("share among women ÷ share among men")
    if page.narrow:
        st.caption(title)
        figure.update_yaxes(ticksuffix="")
        title = ""
    figure.update_xaxes(title={"text": title, "font": {"size": 12}, "standoff": 8})
    st.caption(
        t("Left of the dashed line: affects men more. Right of it: affects women more. Strong colour: beyond chance.")
    )
    if frame["hollow"].any():
        st.caption(
            t(
                "Hollow points are limits: the ratio is at least or at most this, because the number of women or of "
                "men is too small to be written out."
            )
        )
    plots.draw_chart(page, figure, key="gender_forest", alt=found.sentence(t))
    if rest := everything - len(frame):
        st.caption(
            t.n(
                "{n} category of which less is known is left out of the chart.",
                "{n} categories of which less is known are left out of the chart.",
                rest,
            )
        )
    if one_sided := int((found.frame["women"].gt(0) != found.frame["men"].gt(0)).sum()):
        st.caption(
            t.n(
                "{n} category that affected only women or only men has no ratio and is not in the chart: see the "
                "table.",
                "{n} categories that affected only women or only men have no ratio and are not in the chart: see the "
                "table.",
                one_sided,
            )
        )


def _drawn(found: CategoryRatios) -> pd.DataFrame:
    """The rows with the value that the chart draws, and whether it is `hollow`: a limit of a ratio that is not written
    out. A limit that leaves open which way the ratio lies is not drawn.
    """
    rows = found.written()
    limit = rows["at_least"].where(rows["at_least"] > 1).combine_first(rows["at_most"].where(rows["at_most"] < 1))
    return rows.assign(value=rows["ratio"].combine_first(limit), hollow=limit.notna())


def _draw_findings(page: Page, found: CategoryRatios) -> None:
    """The sentence, and the clearest categories for women and for men."""
    t, frame = page.t, found.frame
    tested = bool(frame["p"].notna().any())
    if tested and not found.too_few:  # which stands in place of the chart
        draw_footer(page, sentence=found.sentence(t))
    sure = frame[frame["significant"]]
    for words, rows in (
        (t("More on women: {categories}."), sure[sure["ratio"] > 1]),
        (t("More on men: {categories}."), sure[sure["ratio"] < 1]),
    ):
        if len(rows):
            st.write(words.format(categories=t.join([_name(page, one) for one in rows["category"]])))
    alone = frame[frame["women"].gt(0) & frame["men"].eq(0) & frame["significant"]]
    if len(alone):
        names = t.join([_name(page, one) for one in alone["category"]])
    if len(alone) and page.protected:  # that the copy has none does not mean that nobody was
        st.caption(t("Without a ratio, because hardly any man was affected: {categories}.", categories=names))
    elif len(alone):
        st.caption(t("Without a ratio, because no man was affected: {categories}.", categories=names))
    if len(frame):
        with st.expander(t("The figures as a table")):
            _draw_table(page, found)
    draw_footer(page, choices=found.choices)
    st.caption(
        t(
            "n = {women} alerts that affect women and {men} that affect men. Corrected for the number of "
            "categories examined.",
            women=written_count(page, int(found.women_total)),
            men=written_count(page, int(found.men_total)),
        )
    )


def _draw_table(page: Page, found: CategoryRatios) -> None:
    t, frame = page.t, found.written()
    rows = frame.to_dict("records")
    written = pd.DataFrame(
        {
            "category": [category_label(t, page.city, row["category"]) for row in rows],
            "women": [written_count(page, row["women"], row["category"]) for row in rows],
            "men": [written_count(page, row["men"], row["category"]) for row in rows],
            "ratio": [_ratio(page, row) for row in rows],
            "q": [written_q(page, row["q"]) for row in rows],
        }
    )
    headings = {
        "category": t("Category"),
        "women": t.c("gender", "Women"),
        "men": t.c("gender", "Men"),
        "ratio": t("Ratio (95 %)"),
        "q": t("Corrected p"),
    }
    tables.draw_table(page, written, headings, key="gender_weights", alt=t("Categories by gender, clearest first"))
    tables.download_button(page, frame, "gender_categories.csv", key="gender_weights_csv")


def _ratio(page: Page, row: dict[str, float]) -> str:
    t, ratio = page.t, row["ratio"]
    if row["at_least"] == row["at_least"]:
        return t("at least {low}", low=t.number(row["at_least"], 2))
    if row["at_most"] == row["at_most"]:
        return t("at most {high}", high=t.number(row["at_most"], 2))
    if ratio != ratio:
        return "–"
    if not np.isfinite(ratio):
        return t("women only")
    if not ratio:
        return t("men only")
    return f"{t.number(ratio, 2)} ({t.number(row['low'], 2)}–{t.number(row['high'], 2)})"


def _name(page: Page, category: str) -> str:
    """A category inside a sentence, as Markdown."""
    return escape_markdown(inline(category_label(page.t, page.city, category)))


def draw_help_lines(page: Page) -> None:
    """Help lines for those who are affected, next to every sensitive view; how to add them where none is known."""
    t, lines = page.t, help_lines(page.city, page.t)
    if not lines:
        if not page.protected:
            st.caption(escape_markdown(t(HOW_TO_ADD)))
        return
    with st.container(border=True, gap="xsmall", key="gender_help"):
        st.markdown("**" + t("If this concerns you") + "**")
        st.caption("  \n".join(map(escape_markdown, lines)))
