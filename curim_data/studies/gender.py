"""For whom: who is affected and who alerts, when, how safe they felt, where it differs, where silence may mislead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.gender import (
    AFFECTED,
    LEADING,
    MAN,
    REPORTER,
    VERDICT,
    WOMAN,
    CategoryRatios,
    GenderShares,
    PerceivedSafety,
    PlaceShares,
    category_ratios,
    dark_shares,
    gender_shares,
    perceived_safety,
    place_shares,
)
from analysis.stats.dispersion import Dispersion
from analysis.stats.intervals import UNKNOWN, Choice, Estimate, poisson_rate, rate_ratio, share_ratio, wilson_table
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, AgeBand, CityProfile, Gender, Message, Translator, category_label, inline
from curim_data.model.i18n import first_case
from curim_data.privacy import NOT_OF_SENSITIVE, WrittenCounts, is_sensitive, share_is_told, threshold
from curim_data.studies.cells import has_area, residents_by_district, whole_city
from curim_data.studies.periods import EITHER, WOMEN, Share, area_kind, burst_scatter, chosen_from, share_scatter

PER: Final = 1000
AFTER_DARK: Final = Share("dark", (True,), (True, False))
UNSAFE: Final = Share("feeling", (1, 2), (1, 2, 3, 4, 5))


def without_gender(f: AlertFilter) -> AlertFilter:
    """The filter without its genders, as pages that compare genders ask it."""
    return f.replace(affected=(), reporters=())


@dataclass(frozen=True)
class LightStudy:
    """Alerts after dark by gender of the person affected.

    `frame`: gender, dark, n, share, low, high (Wilson). `ratio`: share after dark of women over that of men
    (Katz). `lacking` says why day and night are not known, where they are not: then the frame is empty. `least`: the
    smallest count that is written out, zero apart.
    """

    frame: pd.DataFrame
    ratio: Estimate
    n: int
    choices: tuple[Choice, ...]
    lacking: Message | None = None
    least: int = 1

    def sentence(self, t: Translator) -> str:
        """How many of the alerts are after dark, for women and for men, and whether the difference is beyond chance."""
        if self.lacking is not None:
            return t("Day and night cannot be compared.") + " " + t(self.lacking)
        if not self.ratio.known:
            return t("Too few alerts to compare day and night for women and men.")
        rows = self.frame.set_index("gender").loc[[WOMAN, MAN]]
        if not all(share_is_told(dark, n, self.least) for dark, n in rows[["dark", "n"]].to_numpy(float)):
            return t(
                "The shares after dark are not written out: of the alerts that affect women or men fewer than {k} "
                "are after dark or fewer than {k} by day.",
                k=self.least,
            )
        women, men = (t.percent(share) for share in rows["share"])
        sentence = t(
            "{women} of the alerts that affect women and {men} of those that affect men happen after dark.",
            women=women,
            men=men,
        )
        verdict = first_case(
            (not self.ratio.low <= 1 <= self.ratio.high, N_("Chance alone does not explain the difference.")),
            (women == men, N_("No difference can be seen.")),
            (True, N_("Chance alone can explain the difference.")),
        )
        return f"{sentence} {t(verdict)}"


def share_study(source: Source, f: AlertFilter, column: str = AFFECTED) -> GenderShares:
    """Alerts by the gender of the person affected, or of the reporter."""
    counted = query.counts(source, f, [column], complete=True)
    scatter = share_scatter(source, without_gender(f), Share(column, WOMEN, EITHER), area_kind(source))
    found = gender_shares(counted.frame, column, total=counted.total, scatter=scatter)
    return replace(found, least=threshold(source, is_sensitive(f, source.city)))


def weight_study(source: Source, f: AlertFilter) -> CategoryRatios:
    """Which categories weigh more on women or on men, among all alerts of either, whatever categories are picked.

    Under the filter that everybody opens which ones do is chosen for every audience alike (`selection.chosen_from`).
    """
    f = without_gender(f)
    counted = query.counts(source, f, ["category", AFFECTED])
    scatter = share_scatter(source, f, Share(AFFECTED, WOMEN, EITHER), ("category",))
    found = category_ratios(counted.frame, totals=_totals(source, f.without("categories")), scatter=scatter)
    written, names = WrittenCounts.of(f, source), found.frame["category"]
    found = replace(found, least={} if written.all_written else {name: written.least(str(name)) for name in names})
    chosen = chosen_from(source, f)
    if chosen is not source:
        theirs = weight_study(chosen, f).frame.set_index("category")[[*VERDICT]]
        told = theirs.astype(int).reindex(found.frame["category"], fill_value=0).astype(theirs.dtypes)
        found = replace(found, frame=found.frame.assign(**told.set_axis(found.frame.index)))
    return found.for_readers()


def weighs_more(found: CategoryRatios, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """Which categories weigh more on women and which on men, the two surest of each by name; empty where none does."""
    words = ((1, N_("Weighs more on women: {categories}.")), (-1, N_("Weighs more on men: {categories}.")))
    return tuple(
        t(text, categories=t.join([inline(category_label(t, city, name)) for name in names]))
        for side, text in words
        if (names := found.heavier(side)[:LEADING])
    )


def light_study(source: Source, f: AlertFilter) -> LightStudy:
    """Day and night by gender; the filter's light is ignored, since it is what is compared."""
    if (lacking := source.lacks_light) is not None:
        nothing = pd.DataFrame(columns=["gender", "dark", "n", "share", "low", "high"])
        return LightStudy(nothing, UNKNOWN, 0, (), lacking)
    asked = without_gender(f).without("dark")
    counted = query.counts(source, asked, [AFFECTED, "dark"])
    after_dark = share_scatter(source, asked, AFTER_DARK, area_kind(source, AFFECTED))
    table = dark_shares(counted.frame, scatter=after_dark)
    rows = table.set_index("gender")
    (women_dark, women), (men_dark, men) = rows.loc[[WOMAN, MAN], ["dark", "n"]].to_numpy(float).tolist()
    scatter = share_scatter(source, asked, Share(AFFECTED, WOMEN, EITHER), area_kind(source, "dark"))
    counts = (count / scatter.value for count in (women_dark, women, men_dark, men))
    ratio = share_ratio(*counts) if min(women, men) > 0 else UNKNOWN
    ignored = Message("The filter by light does not apply here: day and night are compared.")
    choices = (
        *(() if source.some_hours is None else (Choice("hours", "some", source.some_hours),)),
        *(() if f.dark is None else (Choice("light", "all", ignored),)),
        *max(scatter, after_dark, key=_told_first).choices,
    )
    return LightStudy(table, ratio, int(table["n"].sum()), choices, least=WrittenCounts.of(f, source).least())


def _told_first(scatter: Dispersion) -> tuple[bool, float]:
    """Of several dispersions one that is not known is told, else the largest."""
    return not scatter.known, scatter.value


def feeling_study(source: Source, f: AlertFilter) -> PerceivedSafety:
    """How safe the people who alert felt, by their gender."""
    asked = without_gender(f)
    counted = query.counts(source, asked, [REPORTER, "feeling"], complete=True)
    scatter = share_scatter(source, asked, UNSAFE, area_kind(source, REPORTER))
    frame = counted.frame.dropna(subset=["feeling"])
    whose = Message("The feeling is that of the person who alerts, from 1 (very unsafe) to 5.")
    choices = (Choice("who", "reporter", whose), *scatter.choices)
    found = perceived_safety(frame, REPORTER, scatter=scatter)
    return replace(found.written(WrittenCounts.of(f, source).least()), choices=choices)


@dataclass(frozen=True)
class PlaceStudy:
    """Places whose share of women affected differs (`differ`).

    `near`: women and men affected near a named place, of `n` in the whole city.
    """

    differ: PlaceShares
    near: float
    n: float


def place_study(source: Source, f: AlertFilter) -> PlaceStudy:
    """Named places under the filter, each against the whole city under the filter's other fields."""
    differ, n = _place_shares(source, without_gender(f), AFFECTED)
    return PlaceStudy(differ, float(differ.frame[["women", "men"]].to_numpy(float).sum()), n)


def silent_places(source: Source, f: AlertFilter) -> PlaceShares:
    """Named places by who alerts: women's safety is not known (`not_known`) where they alert strikingly little."""
    return _place_shares(source, without_gender(f), REPORTER)[0]


def unheard_places(source: Source, f: AlertFilter) -> tuple[str, ...]:
    """Ids of the places where women alert strikingly little."""
    if REPORTER not in source.asked:
        return ()
    frame = silent_places(source, f).frame
    return tuple(frame.loc[frame["not_known"], "place"])


def _place_shares(source: Source, f: AlertFilter, column: str) -> tuple[PlaceShares, float]:
    """Named places under a filter by a gender column, and women and men of the whole city.

    Under the filter that everybody opens which places differ, and of which nothing is known, is chosen for every
    audience alike (`selection.chosen_from`).
    """
    counted = query.counts(source, f, ["place", column])
    totals = _totals(source, whole_city(f), column)
    pair = totals[WOMAN], totals[MAN]
    scatter = share_scatter(source, f, Share(column, WOMEN, EITHER), ("place",))
    shares = place_shares(counted.frame, column=column, city=pair, scatter=scatter)
    chosen = chosen_from(source, f)
    if chosen is not source:
        shares = replace(shares, frame=_as_chosen(shares.frame, _place_shares(chosen, f, column)[0].frame))
    written = WrittenCounts.of(f, source)
    return shares if written.all_written else shares.for_readers(written.least()), sum(pair)


def _as_chosen(frame: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Places with their figures, of which those differ, or stay unknown, that were chosen; what differs comes first."""
    theirs = chosen.set_index("place").reindex(frame["place"])
    differs, unknown = (theirs[name].fillna(False).to_numpy(bool) for name in ("significant", "not_known"))
    side = frame["direction"].mask(differs, theirs["direction"].to_numpy()).astype(int)
    told = frame.assign(significant=differs, not_known=unknown, direction=side)
    return told.sort_values("significant", ascending=False, kind="stable", ignore_index=True)


# Of a district with this many alerts to be expected from its residents, so small a part of them is strikingly few.
EXPECTED_ALERTS: Final = 20
FEW_ALERTS: Final = 1 / 3


def silent_districts(source: Source, f: AlertFilter) -> tuple[str, ...]:
    """Ids of districts that have residents and strikingly few alerts: under a third of what those of the city send.

    None where no residents are loaded, where the filter names places, or for districts of which under 20 alerts were to
    be expected.
    """
    judged = judged_districts(source, f)
    return tuple(name for name, few in judged.items() if few)


def judged_districts(source: Source, f: AlertFilter) -> dict[str, bool]:
    """Whether strikingly few alerts come from a district, for each of which that can be told beside another."""
    residents = residents_by_district(source.city)
    if residents is None or has_area(f) or len(residents) < 2:
        return {}
    frame = query.counts(source, f, ["district"], complete=True).frame.dropna(subset=["district"])
    alerts = frame.set_index("district")["n"].astype(float).reindex(residents.index).fillna(0.0)
    expected = residents / residents.sum() * alerts.sum()
    few = (alerts < FEW_ALERTS * expected)[expected >= EXPECTED_ALERTS]
    return {str(district): bool(is_few) for district, is_few in few.items()}


NOT_STATED: Final = ""
WHOLE: Final = "*"


@dataclass(frozen=True)
class ReporterRates:
    """Who alerts in each district, or at each age; `frame` is empty where no alert states one.

    Its index: the district or age, then `NOT_STATED` and, unless the filter names an area, `WHOLE`: of districts the
    sum of those that are stated, whose residents are counted. None by district where it names places or cells. Columns:
    n, part (of `all`), part_low, part_high; women and men who alert, share (women among both), low, high; and for
    each `who` of n, women and men rate_who (alerts per 1,000 residents, of that gender), low_who, high_who, as for the
    ratio of women's rate to men's; NaN where residents are not known. Intervals, 95 %, are those of effective counts:
    Wilson's of shares, exact ones of rates.
    """

    frame: pd.DataFrame
    choices: tuple[Choice, ...] = ()


def rate_study(source: Source, f: AlertFilter, by: Literal["district", "age_band"] = "district") -> ReporterRates:
    """Alerts by district or age and by gender of the reporter, whatever genders the filter names."""
    asked = without_gender(f)
    counted = query.counts(source, asked, [by, REPORTER], complete=True).frame
    stated = counted[by].astype(object).where(counted[by].notna(), NOT_STATED)
    table = counted.assign(**{by: stated}).pivot_table("n", by, REPORTER, "sum").fillna(0.0)
    order = [*(AgeBand if by == "age_band" else (area.id for area in source.city.districts)), NOT_STATED]
    table = table.reindex([name for name in order if name in table.index], columns=[*Gender], fill_value=0.0)
    stated_only = table.drop(NOT_STATED, errors="ignore")
    if not stated_only.to_numpy().sum() or (by == "district" and (asked.places or asked.cells)):
        return ReporterRates(table.iloc[:0])
    if not has_area(asked):
        table.loc[WHOLE] = (stated_only if by == "district" else table).sum()
    frame = pd.DataFrame({"n": table.sum(axis=1), "women": table[WOMAN], "men": table[MAN], "all": counted["n"].sum()})
    counts = burst_scatter(source, asked, area_kind(source))
    split = burst_scatter(source, asked, area_kind(source, REPORTER))
    shares = share_scatter(source, asked, Share(REPORTER, WOMEN, EITHER), area_kind(source))
    frame[["part", "part_low", "part_high"]] = wilson_table(frame["n"] / counts.value, frame["all"] / counts.value)
    both = frame["women"] + frame["men"]
    frame[["share", "low", "high"]] = wilson_table(frame["women"] / shares.value, both / shares.value)
    residents = _residents(source.city, frame.index) if by == "district" else frame * np.nan
    scatters = {"n": counts.value, "women": split.value, "men": split.value}
    for who, rates in _rates(frame, residents, scatters, shares.value).items():
        frame[[f"rate_{who}", f"low_{who}", f"high_{who}"]] = [(one.value, one.low, one.high) for one in rates]
    lacking = (Choice("age", "copy", NOT_OF_SENSITIVE),) if by == "age_band" and source.protected else ()
    return ReporterRates(frame, (*lacking, *max(counts, split, shares, key=_told_first).choices))


def _rates(
    counted: pd.DataFrame, residents: pd.DataFrame, counts: dict[str, float], shares: float
) -> dict[str, list[Estimate]]:
    """Rates per 1,000 residents, by columns, and the ratio of women's to men's, by the dispersion of each column's
    counts, and of shares.

    Unknown where there are no residents, or their number is not known.
    """
    found: dict[str, list[Estimate]] = {}
    for who, by in counts.items():
        pairs = zip(counted[who], residents[who], strict=True)
        found[who] = [poisson_rate(n / by, of / PER / by) if of > 0 else UNKNOWN for n, of in pairs]
    rows = pd.concat([counted[["women", "men"]] / shares, residents[["women", "men"]]], axis=1).to_numpy(float)
    found["ratio"] = [rate_ratio(*row) if min(row[2:]) > 0 else UNKNOWN for row in rows.tolist()]
    return found


def _residents(city: CityProfile, areas: pd.Index) -> pd.DataFrame:
    """Residents (n), and women and men among them, of each district and of the whole city; NaN where not known."""
    if city.population is None or "district" not in city.population:
        return pd.DataFrame(np.nan, areas, ["n", "women", "men"])
    people = city.population.set_index("district").reindex([area.id for area in city.districts])
    found = people.reindex(columns=["women", "men", "total"]).astype(float)
    found["n"] = found.pop("total").fillna(found["women"] + found["men"])
    return pd.concat([found, found.sum(skipna=False).to_frame(WHOLE).T]).reindex(areas)


def _totals(source: Source, f: AlertFilter, column: str = AFFECTED) -> dict[str, float]:
    """All alerts of women and of men."""
    counted = query.counts(source, f, [column], complete=True).frame.set_index(column)["n"]
    return {gender: float(counted[gender]) for gender in (WOMAN, MAN)}
