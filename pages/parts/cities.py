"""Compare cities: the page on show beside another city of the house, each counted for the role that the reader has.

Public: `draw_comparison_page`, called by pages/cities.py.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparison import by_own_mean, compare_rates, compare_shares
from analysis.gender import WOMAN
from analysis.stats.dispersion import UNKNOWN
from curim_data.model import (
    SEVERAL_CATEGORIES,
    CityProfile,
    KnownTime,
    Message,
    Span,
    Translator,
    at_head,
    fewer_than,
    format_label,
    group_label,
    inline,
    is_small,
    kind_label,
)
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
from pages.parts.charts import BESIDE, Figure, base_figure, draw_chart, interval_lines, tables, time_axis, wrapped_label
from pages.parts.frame import (
    Page,
    contained,
    draw_footer,
    draw_link_choice,
    escape_markdown,
    headed,
    help_link,
    palette,
    record,
    shared,
    word_in_link,
)
from pages.parts.frame.guard import city_name, page_beside
from pages.parts.frame.reader import open_cities

STRETCHES: Final[dict[Stretch, Message]] = {"12m": Message("Last 12 months"), "all": Message("All months")}


@dataclass(frozen=True)
class NamedCity:
    """A city by its name, with its figures."""

    name: str
    figures: CityFigures


counted_city = shared(city_figures, Message("Counting the cities"))  # kept with that city


def draw_comparison_page(page: Page) -> None:
    """The whole page."""
    t = page.t
    with contained(t("Compare cities")), headed(st.container(), t("Compare cities")) as heading:
        other, stretch = _draw_choices(page)
        periods = _periods(page, other, stretch)
        if other is None or periods is None:
            with heading:
                st.title(t("Compare cities"))
            st.write(
                t("You may see one city here, so there is none to compare it with.")
                if other is None
                else t("One of the cities has no whole month of alerts yet, so there is nothing to compare.")
            )
            return
        record.draws(*record.drawn(), other)
        record.note_look(other, "cities")
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


def _draw_choices(page: Page) -> tuple[Page | None, Stretch]:
    """Which other city, and which months; both stand in the link."""
    t = page.t
    others = {city.word: (city, role) for city, role in open_cities().items() if city.word != page.city_word}
    if not others:
        return None, "12m"
    names = {word: city_name(t, city) for word, (city, _) in others.items()}
    stretches = {stretch: t(words) for stretch, words in STRETCHES.items()}
    # Both stand in the link whatever is chosen.
    chosen, stretch = word_in_link("with", names, next(iter(names))), word_in_link("months", stretches, "12m")
    label = t("Compare {city} with", city=t.label(page.city.names))
    width = "stretch" if page.narrow else 320
    with st.container(horizontal=not page.narrow, vertical_alignment="bottom"):
        draw_link_choice(label, names, "with", "cities_with", None, chosen=chosen, width=width)
        draw_link_choice(t("Months"), stretches, "months", "cities_stretch", None, chosen=stretch, buttons=True)
    return page_beside(page, *others[chosen]), stretch


def _periods(page: Page, other: Page | None, stretch: Stretch) -> Periods | None:
    known = not page.is_sample and page.source is not None and other is not None and other.source is not None
    return compared_periods(page.source, other.source, stretch) if known else None


def compared_shares(page: Page, first: CityFigures, second: CityFigures) -> pd.DataFrame:
    """The shares that both cities have, compared all at once.

    A row each of `analysis.comparison.compare_shares`, with `by`, `key` and `label`, and the smallest counts that are
    written out of each city, `least_first` and `least_second`.
    """
    rows = [(by, one, two) for by in TITLES for one, two in _common(by, first, second)]
    about = pd.DataFrame(
        [(by, one.key, part_label(page.t, page.city, by, one.key), one.least, two.least) for by, one, two in rows],
        columns=["by", "key", "label", "least_first", "least_second"],
    )
    return pd.concat([about, compare_shares([(one.counted, two.counted) for _, one, two in rows])], axis=1)


def _common(by: SharesBy, first: CityFigures, second: CityFigures) -> list[tuple[CountedPart, CountedPart]]:
    """The parts that both cities know. Of kinds and groups there have to be two: of one alone the share is all.

    Kinds are shares of these alone: one that one city cannot report is no part of the other's.
    """
    kinds = (set(first.facts.kinds) & set(second.facts.kinds)) - {"unknown"}
    ours, theirs = first.shares[by], second.shares[by]
    if isinstance(ours, Message) or isinstance(theirs, Message):
        return []
    both = [(ours[key], theirs[key]) for key in ours if key in theirs and (by != "kind" or key in kinds)]
    if by in ("kind", "group") and len(both) < 2:
        return []
    if by != "kind":
        return both
    whole = [sum(pair[side].counted.n for pair in both) for side in (0, 1)]
    one, two = (
        [replace(pair[side], counted=replace(pair[side].counted, of=whole[side])) for pair in both] for side in (0, 1)
    )
    return list(zip(one, two, strict=True))


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
    told = "; ".join(
        t.pair(name, t.span(Span(*period, by_month=True)))
        for name, period in ((first.name, periods.first), (second.name, periods.second))
    )
    return f"{told}. " + t("Whole cities, without the filter.")


ASKED: Final = {
    "affected_gender": Message("the gender of the person affected"),
    "reporter_gender": Message("the gender of the person who alerts"),
    "feeling": Message("how safe people felt"),
}


ALONE: Final = {
    KnownTime.DAY: Message("Of the alerts of {city} only the day is known."),
    KnownTime.MONTH: Message("Of the alerts of {city} only the month is known."),
}


def what_differs(t: Translator, first: NamedCity, second: NamedCity, periods: Periods) -> list[str]:
    """What differs in how two cities report, the weightiest first: facts of their data, none where they are alike."""
    different_times = t(
        "The data of the two cities share no three months, so that different times are compared: {first} {one}, "
        "{second} {other}.",
        first=first.name,
        second=second.name,
        one=Span(*periods.first, by_month=True),
        other=Span(*periods.second, by_month=True),
    )
    return [
        *([] if periods.common else [different_times]),
        *_unlike_exports(t, first, second),
        *_unlike_answers(t, first, second),
        *(
            t.n(
                "{city} has no alert in {n} of the {of} months.",
                "{city} has no alert in {n} of the {of} months.",
                empty,
                city=city.name,
                of=len(city.figures.months),
            )
            for city in (first, second)
            if (empty := sum(n == 0 for n in city.figures.months))
        ),
    ]


def _unlike_exports(t: Translator, first: NamedCity, second: NamedCity) -> list[str]:
    """Audience, origin, format, kinds, categories and times of the alerts."""
    one, other = first.figures.facts, second.figures.facts
    exact, copy = (first, second) if one.exact else (second, first)
    names = {"first": first.name, "second": second.name}

    def kinds(codes: tuple[str, ...]) -> str:
        return t.join(inline(kind_label(t, code)) for code in codes) or t("none")

    differences = (
        (
            one.exact != other.exact,
            t(
                "Your role differs: {exact} is counted exactly, {copy} from its protected copy, as its council sees "
                "it.",
                exact=exact.name,
                copy=copy.name,
            ),
        ),
        *(
            (city.figures.facts.illustrative, t("The data of {city} are made up.", city=city.name))
            for city in (first, second)
        ),
        (
            one.formats != other.formats,
            t(
                "The alerts come from different exports: {first}: {one}; {second}: {other}.",
                one=t.join(format_label(t, name) for name in one.formats),
                other=t.join(format_label(t, name) for name in other.formats),
                **names,
            ),
        ),
        (
            one.kinds != other.kinds,
            t(
                "Not the same can be reported: the alerts of {first} are of the kinds {one}, those of {second} "
                "{other}.",
                one=kinds(one.kinds),
                other=kinds(other.kinds),
                **names,
            ),
        ),
        *(
            (n == 0 < max(one.categories, other.categories), t("No alert of {city} has a category.", city=city.name))
            for city, n in ((first, one.categories), (second, other.categories))
        ),
        (
            min(one.categories, other.categories) > 0 and one.categories != other.categories,
            t(
                "The alerts have unlike categories: {one} in {first}, {other} in {second}.",
                one=one.categories,
                other=other.categories,
                **names,
            ),
        ),
    )
    times = [(city.name, city.figures.facts.known_time) for city in (first, second)]
    coarse = [t(ALONE[known], city=name) for name, known in times if known in ALONE and times[0][1] is not times[1][1]]
    return [*(words for differs, words in differences if differs), *coarse]


def _unlike_answers(t: Translator, first: NamedCity, second: NamedCity) -> list[str]:
    """Who is asked for what."""
    return [
        t(
            "{has} asks for {fields}; {lacks} does not.",
            has=has.name,
            lacks=lacks.name,
            fields=t.join(t(ASKED[name]) for name in only),
        )
        for has, lacks in ((first, second), (second, first))
        if (only := [name for name in ASKED if name in has.figures.facts.asked - lacks.figures.facts.asked])
    ]


def _draw_differences(t: Translator, first: NamedCity, second: NamedCity, periods: Periods) -> None:
    """What differs in reporting, before any figure."""
    found = what_differs(t, first, second, periods)
    with st.container(border=True, key="cities_differ"):
        st.markdown("**" + t("Before you compare: what differs in the data") + "**")
        alike = t("The data show no difference in reporting. Who uses each app, and how often, they do not show.")
        st.markdown("\n".join(f"- {escape_markdown(said)}" for said in found) or alike)
        st.caption(t("Numbers of alerts of two cities say how much is reported, not how safe they are."))


def _draw_coverage(page: Page, first: NamedCity, second: NamedCity) -> None:
    t = page.t
    st.subheader(t("What the data cover"))
    one, two = (_coverage(t, city.figures) for city in (first, second))
    rows = pd.DataFrame({"what": list(one), "first": list(one.values()), "second": list(two.values())})
    headings = {"what": " ", "first": first.name, "second": second.name}
    tables.draw_plain_table(page, rows, headings, alt=t("What the data cover"))
    tables.download_button(page, rows.rename(columns=headings), "cities_coverage.csv", key="cities_coverage", counts=())


def _coverage(t: Translator, figures: CityFigures) -> dict[str, str]:
    facts, least = figures.facts, figures.least

    def part(n: float, asked: str = "") -> str:
        share = t.part(min(1.0, n / figures.alerts)) if figures.alerts else "–"
        return share if not asked or asked in facts.asked else t("not asked")

    return {
        t("Data from – to"): t.span(Span(facts.first, facts.last, facts.known_time == "month")),
        t("Alerts"): t(fewer_than(least)) if is_small(figures.alerts, least) else t.number(figures.alerts),
        t("With a position"): part(figures.placed),
        t("With a time of day"): part(figures.timed),
        **{
            at_head(t(ASKED[asked])): part(n, asked)
            for asked, n in (("affected_gender", figures.affected), ("reporter_gender", figures.reporters))
        },
    }


def _draw_shares(page: Page, first: NamedCity, second: NamedCity, shares: pd.DataFrame) -> None:
    t, missing = page.t, []
    st.subheader(t("Shares of each city"))
    for by, title in TITLES.items():
        part = shares[shares["by"] == by].reset_index(drop=True)
        if len(part):
            st.markdown(f"**{t(title)}**")
            _draw_part(page, by, part, first, second)
            if by == "group" and any(adds_up_to_more(city.figures) for city in (first, second)):
                st.caption(t(SEVERAL_CATEGORIES))
            continue
        found = [(city.name, city.figures.shares[by]) for city in (first, second)]
        why = next((t.pair(name, t(reason)) for name, reason in found if isinstance(reason, Message)), None)
        alone = t("Only kinds and groups that both cities report are compared, and they do not share two.")
        missing.append(t.pair(t(title), why or alone))
    if unsure := [city.name for city in (first, second) if scatter_unknown(city.figures)]:
        st.caption(escape_markdown(t.pair(t.join(unsure), t(UNKNOWN.choices[0].explanation))))
    help_link(page, "two-cities")
    if missing:
        st.markdown("**" + t("Not compared") + "**")
        st.markdown("\n".join(f"- {escape_markdown(told)}" for told in missing))


def adds_up_to_more(figures: CityFigures) -> bool:
    """Whether the groups of categories hold more alerts than there are, since some alert counts in several."""
    groups = figures.shares["group"]
    return not isinstance(groups, Message) and sum(part.counted.n for part in groups.values()) > figures.alerts


def scatter_unknown(figures: CityFigures) -> bool:
    """Whether the past does not tell of some share if its reports come in bursts."""
    told = [parts for parts in figures.shares.values() if not isinstance(parts, Message)]
    return any(not part.counted.scatter.known for parts in told for part in parts.values())


def _draw_part(page: Page, by: SharesBy, part: pd.DataFrame, first: NamedCity, second: NamedCity) -> None:
    t, names = page.t, (first.name, second.name)
    written = pd.DataFrame([_share_row(t, row) for row in part.to_dict("records")])
    headings = {
        "label": " ",
        **dict(zip(SIDES, names, strict=True)),
        "difference": t("Difference in points (95 %)"),
        "differs": t("Beyond chance"),
    }
    left, right = st.columns(2, gap="large")
    with left:
        draw_chart(page, pairs_figure(page, part, names), key=f"cities_{by}", alt=t(TITLES[by]))
    with right:
        if page.narrow:
            _draw_rows(t, written, names)
        else:
            tables.draw_plain_table(page, written, headings, alt=t(TITLES[by]))
        data = written.assign(**{f"n_{side}": _handed_out(part, side) for side in SIDES})
        counts = {f"n_{side}": t.pair(name, t("Alerts")) for side, name in zip(SIDES, names, strict=True)}
        file, key = f"cities_{by}.csv", f"cities_{by}_csv"
        tables.download_button(page, data.rename(columns={**headings, **counts}), file, key=key, counts=())


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
    value, low, high = (100 * row[name] for name in ("difference", "low", "high"))
    if row["p"] != row["p"]:
        return {"label": row["label"], **shares, "difference": t("too few to tell"), "differs": "–"}
    digits = 1 if max(abs(value), high - low) < 2 else 0
    signed = {"value": t.signed(value, digits), "low": t.signed(low, digits), "high": t.signed(high, digits)}
    return {
        "label": row["label"],
        **shares,
        "difference": t("{value} ({low} to {high})", **signed),
        "differs": t("yes") if row["differs"] else t("no"),
    }


def _handed_out(part: pd.DataFrame, name: str) -> list[float | None]:
    """Counts as they may be handed out: small ones, by the threshold of their own city, are missing."""
    return [
        None if is_small(n, least) else round(n)
        for n, least in zip(part[f"n_{name}"], part[f"least_{name}"], strict=True)
    ]


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
    names = (first.name, second.name)
    draw_chart(
        page,
        months_figure(page, months, *(ratio.tolist() for ratio in ratios), names=names),
        key="cities_months",
        alt=alt,
        data=data,
        counts=(),
    )
    draw_footer(page, sentence=alt, about="two-cities")


def _draw_rates(page: Page, first: NamedCity, second: NamedCity) -> None:
    t = page.t
    st.subheader(t("Per 1,000 inhabitants"))
    one, two = first.figures.rate, second.figures.rate
    if one is None or two is None:
        told = t(
            "No rates are compared: the profile of {cities} holds no inhabitants.",
            cities=t.join([city.name for city in (first, second) if city.figures.rate is None]),
        )
        st.write(escape_markdown(told))
        return
    ratio = compare_rates(one, two)
    compared = t(
        "For each inhabitant {first} reports {ratio} times ({low}–{high}) as much as {second}. That is "
        "how much is reported, not how much happens.",
        first=first.name,
        second=second.name,
        ratio=t.number(ratio.value, 2),
        low=t.number(ratio.low, 2),
        high=t.number(ratio.high, 2),
    )
    said = [
        t(
            "{city}: {rate} ({low}–{high}) alerts for each 1,000 inhabitants in a year.",
            city=city.name,
            rate=t.number(rate.estimate.value, 1),
            low=t.number(rate.estimate.low, 1),
            high=t.number(rate.estimate.high, 1),
        )
        for city, rate in ((first, one), (second, two))
    ]
    for sentence in [*said, compared] if ratio.known else said:
        st.write(escape_markdown(sentence))


TITLES: Final[Mapping[SharesBy, Message]] = {
    "kind": Message("By kind"),
    "group": Message("By group of categories"),
    "affected": Message("Who is affected"),
    "reporter": Message("Who alerts"),
    "time": Message("By time of day"),
    "light": Message("After dark"),
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
        columns = [f"{what}_{side}" for what in ("share", "low", "high")]
        shares = frame[columns].astype(float).itertuples(index=False, name=None)
        figure.add_scatter(
            x=frame[f"share_{side}"],
            y=at + shift,
            mode="markers",
            name=html.escape(name),
            marker={"color": colour, "size": 9, "symbol": "circle" if side == "first" else "diamond"},
            error_x=interval_lines(frame, colour, columns),
            hovertext=[
                t.pair(html.escape(f"{label}, {name}"), t.share(*row))
                for label, row in zip(frame["label"], shares, strict=True)
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
    looks = ((colours.sea_blue, "solid"), (colours.accent, "dash"))
    for ratios, name, (colour, dash) in zip((first, second), names, looks, strict=True):
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
    top = float(np.nanmax([*first, *second], initial=1.0))
    step = 0.5 if top <= 3 else 1.0 if top <= 6 else float(np.ceil(top / 5))
    ticks = np.arange(0, top + step, step).tolist()
    figure.update_yaxes(tickvals=ticks, ticktext=[t.number(tick, 1) for tick in ticks], range=[0, top * 1.08])
    time_axis(figure, t, months, compact=page.narrow)
    _name_above(figure)
    return figure


def _name_above(figure: Figure) -> None:
    """The names of the cities above a chart, where they take nothing of its width."""
    figure.show_named_legend()
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"}, margin={"t": 44}
    )
