"""Compare cities: the page on show beside another city of the house, each counted for the role that the reader has."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparison import CountedShare, by_own_mean, compare_rates, compare_shares
from analysis.gender import WOMAN
from curim_data.model import CityProfile, Message, Span, Translator, fewer_than, group_label, is_small, kind_label
from curim_data.studies.compare import (
    BAND,
    DARK,
    UNSTATED,
    CityFigures,
    CountedPart,
    Periods,
    SharesBy,
    Stretch,
    city_figures,
    compared_periods,
)
from pages.parts.charts import BESIDE, Figure, base_figure, plots, tables, time_axis, wrapped_label
from pages.parts.cities.differences import NamedCity, what_differs
from pages.parts.frame import (
    Dataset,
    Page,
    calculated,
    contained,
    draw_footer,
    escape_markdown,
    headed,
    links,
    palette,
    record,
    source_of,
    write_link_word,
)

WITH: Final = "with"  # words of the link: the other city, and which months
STRETCH: Final = "months"
KEYS: Final = ("cities_with", "cities_stretch")
STRETCHES: Final[dict[Stretch, Message]] = {"12m": Message("Last 12 months"), "all": Message("All months")}


@calculated(Message("Counting the cities"))
def counted_city(dataset: Dataset, period: tuple[dt.date, dt.date]) -> CityFigures:
    """The figures of one city, kept with that city."""
    return city_figures(source_of(dataset), period)


def draw_comparison_page(page: Page) -> None:
    """The whole page."""
    t = page.t
    with contained(t("Compare cities")), headed(st.container(), t("Compare cities")) as heading:
        other, stretch = _draw_choices(page)
        periods = _periods(page, other, stretch)
        if other is None or periods is None:
            with heading:
                st.title(t("Compare cities"))
            st.write(escape_markdown(_why_not(t, other)))
            return
        record.draws_beside(other)
        record.note_look(other, "cities", also=True)
        first, second = (
            NamedCity(t.label(one.city.names), counted_city(one.dataset, period))
            for one, period in ((page, periods.first), (other, periods.second))
        )
        if first.name == second.name:
            first, second = (
                NamedCity(f"{city.name} ({one.city_word})", city.figures)
                for city, one in ((first, page), (second, other))
            )
        shares = compared_shares(page, first.figures, second.figures)
        with heading:
            st.title(headline(t, first, second, shares))
        st.caption(escape_markdown(_told(t, first, second, periods)))
        _draw_differences(t, first, second, periods)
        _draw_coverage(page, first, second)
        _draw_shares(page, first, second, shares)
        _draw_months(page, first, second, periods)
        _draw_rates(page, first, second)
        _draw_choices_made(page, first, second)


def _draw_choices(page: Page) -> tuple[Page | None, Stretch]:
    """Which other city, and which months; both stand in the link."""
    t = page.t
    others = {city.word: (city, role) for city, role in links.open_cities().items() if city.word != page.city_word}
    if not others:
        return None, "12m"
    asked = st.query_params.get(WITH, "")
    chosen = asked if asked in others else next(iter(others))
    stretch: Stretch = "all" if st.query_params.get(STRETCH) == "all" else "12m"
    for key, value in zip(KEYS, (chosen, stretch), strict=True):
        if st.session_state.get(key) != value:
            st.session_state[key] = value
    with st.container(horizontal=not page.narrow, vertical_alignment="bottom"):
        st.selectbox(
            t("Compare {city} with", city=t.label(page.city.names)),
            list(others),
            format_func=lambda word: links.city_name(t, others[word][0]),
            key=KEYS[0],
            on_change=write_link_word,
            args=(WITH, KEYS[0], None),
            width="stretch" if page.narrow else 320,
        )
        st.segmented_control(
            t("Months"),
            list(STRETCHES),
            format_func=lambda one: t(STRETCHES[one]),
            key=KEYS[1],
            on_change=write_link_word,
            args=(STRETCH, KEYS[1], None),
            required=True,
        )
    return links.page_beside(page, *others[chosen]), stretch


def _periods(page: Page, other: Page | None, stretch: Stretch) -> Periods | None:
    if page.is_sample or page.source is None or other is None or other.source is None:
        return None
    return compared_periods(page.source, other.source, stretch)


def _why_not(t: Translator, other: Page | None) -> str:
    if other is None:
        return t("You may see one city here, so there is none to compare it with.")
    return t("One of the cities has no whole month of alerts yet, so there is nothing to compare.")


def compared_shares(page: Page, first: CityFigures, second: CityFigures) -> pd.DataFrame:
    """The shares that both cities have, compared all at once.

    A row each of `analysis.comparison.compare_shares`, with `by`, `key` and `label`, and the smallest counts that are
    written out of each city, `least_first` and `least_second`.
    """
    pairs: list[tuple[CountedShare, CountedShare]] = []
    rows: list[dict[str, Any]] = []
    for by in TITLES:
        for one, two in _common(by, first, second):
            pairs.append((one.counted, two.counted))
            label = part_label(page.t, page.city, by, one.key)
            rows.append({"by": by, "key": one.key, "label": label, "least_first": one.least, "least_second": two.least})
    about = pd.DataFrame(rows, columns=["by", "key", "label", "least_first", "least_second"])
    return pd.concat([about, compare_shares(pairs)], axis=1)


def _common(by: SharesBy, first: CityFigures, second: CityFigures) -> list[tuple[CountedPart, CountedPart]]:
    """The parts that both cities know. Of kinds and groups there have to be two: of one alone the share is all."""
    both = [
        (part, same)
        for part in first.shares[by].parts
        if (same := second.shares[by].of(part.key)) is not None and (by != "kind" or _is_known(part, first, second))
    ]
    if by not in ("kind", "group"):
        return both
    return [] if len(both) < 2 else _among(both) if by == "kind" else both


def _is_known(part: CountedPart, first: CityFigures, second: CityFigures) -> bool:
    return part.key != "unknown" and part.key in first.facts.kinds and part.key in second.facts.kinds


def _among(both: list[tuple[CountedPart, CountedPart]]) -> list[tuple[CountedPart, CountedPart]]:
    """The same as shares of these alone: a kind that one city cannot report is no part of the other's."""
    whole = [sum(pair[side].counted.n for pair in both) for side in (0, 1)]

    def of(part: CountedPart, side: int) -> CountedPart:
        return CountedPart(part.key, CountedShare(part.counted.n, whole[side], part.counted.scatter), part.least)

    return [(of(one, 0), of(two, 1)) for one, two in both]


def headline(t: Translator, first: NamedCity, second: NamedCity, shares: pd.DataFrame) -> str:
    """The page in one sentence."""
    names = {"first": first.name, "second": second.name}
    compared, differing = int(shares["p"].notna().sum()), int(shares["differs"].sum())
    if not compared:
        return t("{first} and {second}: no share can be compared.", **names)
    if not differing:
        return t.n(
            "{first} and {second}: the {n} share that can be compared differs no more than by chance.",
            "{first} and {second}: none of {n} shares differs beyond chance.",
            compared,
            **names,
        )
    return t.n(
        "{first} and {second}: {n} of {of} shares differs beyond chance.",
        "{first} and {second}: {n} of {of} shares differ beyond chance.",
        differing,
        of=compared,
        **names,
    )


def _told(t: Translator, first: NamedCity, second: NamedCity, periods: Periods) -> str:
    whole = t("Whole cities, without the filter.")
    if periods.common:
        return t("Both cities: {period}.", period=Span(*periods.first, by_month=True)) + " " + whole
    parts = ((first.name, periods.first), (second.name, periods.second))
    told = ". ".join(t.pair(name, t.span(Span(*period, by_month=True))) for name, period in parts)
    return f"{told}. {whole}"


def _draw_differences(t: Translator, first: NamedCity, second: NamedCity, periods: Periods) -> None:
    """What differs in reporting, before any figure."""
    found = what_differs(t, first, second, periods)
    with st.container(border=True, key="cities_differ"):
        st.markdown("**" + t("Before you compare: what differs in the data") + "**")
        if found:
            st.markdown("\n".join(f"- {escape_markdown(said)}" for said in found))
        else:
            st.write(t("The data show no difference in reporting. Who uses each app, and how often, they do not show."))
        st.caption(
            t(
                "Numbers of alerts of two cities say how much is reported, not how safe they are. Shares and movements "
                "are compared, and of rates only what is reported for each inhabitant."
            )
        )


def _draw_coverage(page: Page, first: NamedCity, second: NamedCity) -> None:
    t = page.t
    st.subheader(t("What the data cover"))
    columns = {name: _coverage(t, city.figures) for name, city in (("first", first), ("second", second))}
    rows = pd.DataFrame(
        {"what": list(columns["first"]), **{name: list(told.values()) for name, told in columns.items()}}
    )
    headings = {"what": " ", "first": first.name, "second": second.name}
    tables.draw_plain_table(page, rows, headings, alt=t("What the data cover"))
    tables.download_button(page, rows.rename(columns=headings), "cities_coverage.csv", key="cities_coverage", counts=())


def _coverage(t: Translator, figures: CityFigures) -> dict[str, str]:
    facts = figures.facts
    by_month = facts.known_time == "month"
    return {
        t("Data from – to"): t.span(Span(facts.first, facts.last, by_month)),
        t("Months compared"): t.span(Span(*figures.period, by_month=True)),
        t("Alerts"): _count(t, figures.alerts, figures.least),
        t("With a position"): _part_of(t, figures.placed, figures),
        t("With a time of day"): _part_of(t, figures.timed, figures),
        t("Gender of the person affected stated"): _asked(t, "affected_gender", figures.affected, figures),
        t("Gender of the person who alerts stated"): _asked(t, "reporter_gender", figures.reporters, figures),
        t("Counted for"): t("exact numbers") if facts.exact else t("the protected copy"),
    }


def _count(t: Translator, n: float, least: int) -> str:
    return t(fewer_than(least)) if is_small(n, least) else t.number(n)


def _part_of(t: Translator, n: float, figures: CityFigures) -> str:
    return t.part(min(1.0, n / figures.alerts)) if figures.alerts else "–"


def _asked(t: Translator, name: str, n: float, figures: CityFigures) -> str:
    return _part_of(t, n, figures) if name in figures.facts.asked else t("not asked")


def _draw_shares(page: Page, first: NamedCity, second: NamedCity, shares: pd.DataFrame) -> None:
    t = page.t
    st.subheader(t("Shares of each city"))
    missing = []
    for by, title in TITLES.items():
        part = shares[shares["by"] == by].reset_index(drop=True)
        if part.empty:
            missing.append(t.pair(t(title), _why_no_shares(t, by, first, second)))
            continue
        st.markdown(f"**{t(title)}**")
        _draw_part(page, by, part, first, second)
    if missing:
        st.markdown("**" + t("Not compared") + "**")
        st.markdown("\n".join(f"- {escape_markdown(told)}" for told in missing))


def _why_no_shares(t: Translator, by: SharesBy, first: NamedCity, second: NamedCity) -> str:
    for city in (first, second):
        if (lacking := city.figures.shares[by].lacking) is not None:
            return t.pair(city.name, t(lacking))
    return t("Only kinds and groups that both cities report are compared, and they do not share two.")


def _draw_part(page: Page, by: SharesBy, part: pd.DataFrame, first: NamedCity, second: NamedCity) -> None:
    t, names = page.t, (first.name, second.name)
    written = pd.DataFrame([_share_row(t, row) for row in part.to_dict("records")])
    headings = {
        "label": " ",
        "first": first.name,
        "second": second.name,
        "difference": t("Difference in points (95 %)"),
        "differs": t("Beyond chance"),
    }
    left, right = st.columns(2, gap="large")
    with left:
        plots.draw_chart(page, pairs_figure(page, part, names), key=f"cities_{by}", alt=t(TITLES[by]))
    with right:
        if page.narrow:
            _draw_rows(t, written, names)
        else:
            tables.draw_plain_table(page, written, headings, alt=t(TITLES[by]))
        data = written.assign(n_first=_handed_out(part, "first"), n_second=_handed_out(part, "second"))
        more = {"n_first": t.pair(first.name, t("number")), "n_second": t.pair(second.name, t("number"))}
        tables.download_button(
            page, data.rename(columns={**headings, **more}), f"cities_{by}.csv", key=f"cities_{by}_csv", counts=()
        )
        st.caption(t(BASES[by]))


def _draw_rows(t: Translator, written: pd.DataFrame, names: tuple[str, str]) -> None:
    """The same below one another, since five columns are too many for a phone."""
    for row in written.to_dict("records"):
        shares = "  \n".join(t.pair(name, row[side]) for name, side in zip(names, ("first", "second"), strict=True))
        told = t.pair(t("Difference in points (95 %)"), row["difference"])
        surely = t.pair(t("Beyond chance"), row["differs"])
        st.markdown(f"**{escape_markdown(row['label'])}**  \n{escape_markdown(shares)}  \n{told}  \n{surely}")


def _share_row(t: Translator, row: dict[Any, Any]) -> dict[str, str]:
    shares = {
        name: t.share(*(row[f"{what}_{name}"] for what in ("share", "low", "high"))) if row[f"of_{name}"] else "–"
        for name in ("first", "second")
    }
    if row["p"] != row["p"]:
        return {"label": row["label"], **shares, "difference": t("too few to tell"), "differs": "–"}
    value, low, high = (100 * row[name] for name in ("difference", "low", "high"))
    digits = 1 if max(abs(value), high - low) < 2 else 0
    difference = t(
        "{value} ({low} to {high})",
        value=t.signed(value, digits),
        low=t.signed(low, digits),
        high=t.signed(high, digits),
    )
    return {
        "label": row["label"],
        **shares,
        "difference": difference,
        "differs": t("yes") if row["differs"] else t("no"),
    }


def _handed_out(part: pd.DataFrame, name: str) -> list[float | None]:
    """Counts as they may be handed out: small ones, by the threshold of their own city, are missing."""
    rows = zip(part[f"n_{name}"], part[f"least_{name}"], strict=True)
    return [None if is_small(n, least) else round(n) for n, least in rows]


def _draw_months(page: Page, first: NamedCity, second: NamedCity, periods: Periods) -> None:
    t = page.t
    st.subheader(t("Movement by month"))
    if not periods.common:
        st.write(t("The cities have no common months, so their lines cannot stand side by side."))
        return
    months = pd.Series(pd.date_range(periods.first[0], periods.first[1], freq="MS"))
    ratios = [by_own_mean(city.figures.months) for city in (first, second)]
    alt = t("Alerts of each month as a multiple of the city's own mean.")
    data = pd.DataFrame({t("Month"): [t.date(month.date(), "LLLL y") for month in months]})
    data = data.assign(**{city.name: ratio.round(2) for city, ratio in zip((first, second), ratios, strict=True)})
    figure = months_figure(page, months, *(ratio.tolist() for ratio in ratios), names=(first.name, second.name))
    plots.draw_chart(page, figure, key="cities_months", alt=alt, data=data, counts=())
    draw_footer(page, sentence=alt + " " + _together(t, first, second, ratios))


def _together(t: Translator, first: NamedCity, second: NamedCity, ratios: list[Any]) -> str:
    spans = [
        t.pair(city.name, f"{t.number(float(ratio.min()), 2)}–{t.number(float(ratio.max()), 2)}")
        for city, ratio in zip((first, second), ratios, strict=True)
    ]
    return t("From the lowest to the highest month: {spans}.", spans="; ".join(spans))


def _draw_rates(page: Page, first: NamedCity, second: NamedCity) -> None:
    t = page.t
    st.subheader(t("Per 1,000 inhabitants"))
    rates = [city.figures.rate for city in (first, second)]
    missing = [city.name for city, rate in zip((first, second), rates, strict=True) if rate is None]
    if rates[0] is None or rates[1] is None:
        told = t("No rates are compared: the profile of {cities} holds no inhabitants.", cities=t.join(missing))
        st.write(escape_markdown(told))
        return
    ratio = compare_rates(rates[0], rates[1])
    for city, rate in zip((first, second), (rates[0], rates[1]), strict=True):
        found = rate.estimate
        st.write(
            escape_markdown(
                t(
                    "{city}: {rate} ({low}–{high}) alerts for each 1,000 inhabitants in a year.",
                    city=city.name,
                    rate=t.number(found.value, 1),
                    low=t.number(found.low, 1),
                    high=t.number(found.high, 1),
                )
            )
        )
    if ratio.known:
        st.write(
            escape_markdown(
                t(
                    "For each inhabitant {first} reports {ratio} times ({low}–{high}) as much as {second}. That is "
                    "how much is reported, not how much happens.",
                    first=first.name,
                    second=second.name,
                    ratio=t.number(ratio.value, 2),
                    low=t.number(ratio.low, 2),
                    high=t.number(ratio.high, 2),
                )
            )
        )


def _draw_choices_made(page: Page, first: NamedCity, second: NamedCity) -> None:
    """How each city was counted."""
    t = page.t
    with st.expander(t("How this was calculated")):
        st.caption(
            t(
                "Differences of shares have Newcombe's interval, of counts that are divided by how much more they "
                "scatter than independent ones. Beyond chance: Fisher's exact test, corrected for all shares on this "
                "page."
            )
        )
        for city in (first, second):
            for choice in city.figures.choices:
                st.caption(escape_markdown(t.pair(city.name, t(choice.explanation))))


TITLES: Final[Mapping[SharesBy, Message]] = {
    "kind": Message("By kind"),
    "group": Message("By group of categories"),
    "affected": Message("Who is affected"),
    "reporter": Message("Who alerts"),
    "time": Message("By time of day"),
    "light": Message("After dark"),
}
# Of what the shares are.
BASES: Final[Mapping[SharesBy, Message]] = {
    "kind": Message("Shares of the alerts of the kinds that both cities have."),
    "group": Message("Shares of all alerts; one of several categories counts in each of their groups."),
    "affected": Message("Women: of the women and men affected. Not stated: of all who are affected."),
    "reporter": Message("Women: of the women and men who alert. Not stated: of all alerts."),
    "time": Message("Shares of the alerts of which the hour is known."),
    "light": Message("Share of the alerts of which it is known whether it was dark."),
}
_PARTS: Final = {
    WOMAN: Message("Women"),
    UNSTATED: Message("Gender not stated"),
    DARK: Message("After dark"),
}


def part_label(t: Translator, city: CityProfile, by: SharesBy, key: str) -> str:
    """The name of one share."""
    if by == "kind":
        return kind_label(t, key)
    if by == "group":
        return group_label(t, city, key)
    if by == "time":
        begin = BAND * int(key)
        return f"{begin:02d}:00–{begin + BAND:02d}:00"
    return t(_PARTS[key])


SIDES = ("first", "second")


def pairs_figure(page: Page, frame: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Two points with intervals a row, one a city. `frame`: label, then share, low and high of each side."""
    t, colours = page.t, palette(page.theme)
    labels = [wrapped_label(label, 18 if page.narrow else BESIDE, 2) for label in frame["label"]]
    at = np.arange(len(frame))
    figure = base_figure(t, colours, height=48 * len(frame) + 96)
    for side, name, colour, shift in zip(SIDES, names, (colours.sea_blue, colours.accent), (-0.14, 0.14), strict=True):
        value, low, high = (frame[f"{what}_{side}"].to_numpy(float) for what in ("share", "low", "high"))
        figure.add_scatter(
            x=value,
            y=at + shift,
            mode="markers",
            name=html.escape(name),
            marker={"color": colour, "size": 9, "symbol": "circle" if side == "first" else "diamond"},
            error_x={
                "type": "data",
                "symmetric": False,
                "color": colour,
                "thickness": 1.4,
                "width": 4,
                "array": np.maximum(high - value, 0),
                "arrayminus": np.maximum(value - low, 0),
            },
            hovertext=[
                t.pair(html.escape(f"{label}, {name}"), t.share(*row))
                for label, row in zip(frame["label"], zip(value, low, high, strict=True), strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_yaxes(tickvals=at.tolist(), ticktext=labels, range=[len(frame) - 0.5, -0.5], ticksuffix="  ")
    top = float(np.nanmax(frame[["high_first", "high_second"]].to_numpy(float), initial=0.0))
    step = next(one for one in (0.05, 0.1, 0.2, 0.25) if top / one <= 6 or one == 0.25)
    ticks = np.arange(0, min(1.0, top) + step, step).clip(max=1).tolist()
    figure.update_xaxes(
        tickvals=ticks, ticktext=[t.percent(tick) for tick in ticks], range=[0, max(ticks) * 1.02], showgrid=True
    )
    _name_above(figure)
    return figure


def months_figure(
    page: Page, months: pd.Series, first: Sequence[float], second: Sequence[float], names: Sequence[str]
) -> Figure:
    """Two lines of months as multiples of the mean of each city."""
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=300)
    dashes = ("solid", "dash")
    for ratios, name, colour, dash in zip(
        (first, second), names, (colours.sea_blue, colours.accent), dashes, strict=True
    ):
        figure.add_scatter(
            x=months,
            y=list(ratios),
            mode="lines",
            name=html.escape(name),
            line={"color": colour, "width": 2.2, "dash": dash},
            hovertext=[
                t.pair(f"{html.escape(name)}, {t.date(month.date(), 'LLL y')}", f"{t.number(ratio, 2)} ×")
                for month, ratio in zip(months, ratios, strict=True)
            ],
            hoverinfo="text",
        )
    known = np.concatenate([np.asarray(first, float), np.asarray(second, float)])
    top = float(np.nanmax(known, initial=1.0))
    step = 0.5 if top <= 3 else 1.0 if top <= 6 else float(np.ceil(top / 5))
    ticks = np.arange(0, top + step, step).tolist()
    figure.update_yaxes(tickvals=ticks, ticktext=[t.number(tick, 1) for tick in ticks], range=[0, top * 1.08])
    time_axis(figure, t, months, compact=page.narrow)
    _name_above(figure)
    return figure


def _name_above(figure: Figure) -> None:
    """The names of the cities above a chart, where they take nothing of its width."""
    figure.show_named_legend()
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"}
    figure.update_layout(legend=legend, margin={"t": 44})
