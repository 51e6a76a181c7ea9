"""Changes that deserve attention, a card each."""

from __future__ import annotations

import streamlit as st

from curim_data.model import N_, Num
from curim_data.studies.brief import BriefChanges, Finding
from curim_data.studies.brief_text import (
    chance_sentence,
    change_name,
    comparison_sentence,
    counts_before_after,
    less_than_others,
    none_sentence,
    since_text,
    smallest_sentence,
    than_others,
    weeks_sentence,
    women_sentence,
)
from pages.parts.charts import plots
from pages.parts.frame import Page, escape_markdown, page_link

SPARK = 76
# Settings of the comparison that stand under the cards.
OVERLAP = N_(
    "Changes that overlap are listed once, those that only mirror a change elsewhere not at all; of the changes listed "
    "at most {share} % are expected to be chance."
)
SHOWN = ("annotation", "darkness", "exposure", "relative")


def draw_change_cards(page: Page, study: BriefChanges) -> None:
    """Draw the cards; that nothing changed is said as a result."""
    t = page.t
    found = study.findings
    if not found and study.changes.changes.n_tested:
        with st.container(border=True, key="briefing_quiet"):
            st.write(escape_markdown(none_sentence(study, t)))
    per_row = 2 if len(found) in (2, 4) else 3
    for start in range(0, len(found), per_row):
        row = found[start : start + per_row]
        for column, (at, finding) in zip(st.columns(per_row), enumerate(row, start), strict=False):
            with column, st.container(border=True, height="stretch", gap="xsmall", key=f"briefing_card_{at}"):
                _draw_card(page, study, finding, at)
    st.caption(escape_markdown(" ".join(_basis_sentences(page, study))))


def _basis_sentences(page: Page, study: BriefChanges) -> list[str]:
    """What the headline and the cards are based on, sentence by sentence."""
    t, periods = page.t, study.changes.periods
    sentences = [study.course.sentence(t)] if study.course else []
    if periods.before is None:
        return [*sentences, t(periods.choice.explanation)]
    sentences.append(study.changes.changes.sentence(t, listed=len(study.findings)))
    if study.changes.changes.n_significant > len(study.findings) > 0:
        sentences.append(t(OVERLAP, share=Num(100 * study.changes.changes.alpha, 0)))
    if study.findings:
        sentences.append(smallest_sentence(study, t))
    sentences.append(t(periods.choice.explanation))
    return [sentence for sentence in sentences if sentence] + [
        t(choice.explanation) for choice in study.changes.choices if choice.name in SHOWN
    ]


def _draw_card(page: Page, study: BriefChanges, finding: Finding, at: int) -> None:
    t, change, periods = page.t, finding.change, study.changes.periods
    name = change_name(change, page.city, t)
    before, after = counts_before_after(change, t)
    st.subheader(escape_markdown(name))
    if finding.trend is not None and finding.trend.frame["n"].notna().any():
        time = finding.trend.column
        frame = finding.trend.frame[[time, "n", "lower", "upper", "alarm"]]
        incomplete = not bool(finding.trend.frame["complete"].iloc[-1])
        beginning = not bool(finding.trend.frame["complete"].iloc[0])
        figure = plots.band_figure(
            page, frame, time=time, height=SPARK, small=True, incomplete=incomplete, beginning=beginning
        )
        alt = (
            t("Incidents by month with the expected range: {name}.", name=name)
            if time == "month"
            else t("Incidents by week with the expected range: {name}.", name=name)
        )
        plots.draw_chart(page, figure, key=f"briefing_spark_{at}", alt=alt)
    colour = "grey" if less_than_others(change, t) else "orange" if change.direction > 0 else "blue"
    counts = t("{before} → {after} incidents", before=before, after=after)
    since = t(", outside the expected range since {day}", day=since_text(finding, t)) if finding.since else ""
    st.markdown(
        " ".join(
            filter(
                None, (f":{colour}[**{counts}**]{since}.", than_others(change, t), women_sentence(study, finding, t))
            )
        )
    )
    said = (comparison_sentence(change, periods, t), chance_sentence(change, t), weeks_sentence(finding, t))
    st.caption(" ".join(filter(None, said)))
    page_link(page, "trends", t("Look closer"), filter=finding.filter)
