"""Who alerts, who is affected, and where the picture differs between women and men."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.dispersion import INDEPENDENT, Dispersion, spread_p
from analysis.stats.intervals import UNKNOWN, Choice, Estimate, Result, share_ratio, share_ratios, wilson, wilson_table
from analysis.stats.significance import alpha_or_one, benjamini_hochberg, binomial_two_sided, fisher_two_sided
from curim_data.model import N_, BoolArray, Gender, Message, Num, Translator, is_small
from curim_data.model.i18n import first_case

TOO_FEW: Final = Message("The numbers of women or of men are too small for a ratio to be written out.")
NONE_OF_BOTH: Final = Message("No alerts of both women and men have a category by which they could be compared.")
WOMAN, MAN = Gender.WOMAN.value, Gender.MAN.value
AFFECTED: Final = "affected_gender"
REPORTER: Final = "reporter_gender"
# A place is "not known" for women when at least this many alerts by women were to be expected ...
EXPECTED_WOMEN: Final = 10
# ... and no more than this part of them came.
_FEW: Final = 0.5
ALPHA: Final = 0.05
# What is said of a category of `CategoryRatios`, and how many of each side are named first.
VERDICT: Final = ("significant", "side", "leads")
LEADING: Final = 2


@dataclass(frozen=True)
class GenderShares(Result):
    """Alerts by the gender of those affected, or by that of reporters (`column`).

    `frame` has all five genders in their order: gender, n, share, low, high. `women`: women among women and men, with
    its interval. `total`: what the shares refer to. `least`: the smallest number that the sentence writes out, zero
    apart.
    """

    frame: pd.DataFrame
    women: Estimate
    total: float
    column: str = AFFECTED
    least: int = 1

    @property
    def women_written(self) -> bool:
        """Whether the share of women is known and may be written out: neither women nor men are under `least`."""
        by_gender = self.frame.set_index("gender")["n"]
        return self.women.known and not any(is_small(by_gender[name], self.least) for name in (WOMAN, MAN))

    def sentence(self, t: Translator) -> str:
        """Share of women among women and men, and how many alerts say nothing of gender."""
        by_gender = self.frame.set_index("gender")["n"]
        text = first_case(
            (not self.women.known, N_("No alert says “woman” or “man”, so no share can be calculated.")),
            (self.women_written, N_("Among women and men, women are {share}.")),
            (True, N_("The share of women is not written out: of women or of men there are fewer than {k} alerts.")),
        )
        words = t(text, k=self.least, share=t.share(self.women.value, self.women.low, self.women.high))
        missing = int(by_gender[[Gender.UNDISCLOSED.value, Gender.UNKNOWN.value]].sum())
        if not missing:
            return words
        if missing < self.least:
            return words + " " + t("Fewer than {k} alerts do not state the gender.", k=self.least)
        unstated = t.n("{n} alert does not state the gender.", "{n} alerts do not state the gender.", missing)
        return words + " " + unstated


def gender_shares(
    frame: pd.DataFrame,
    column: str = AFFECTED,
    *,
    total: float | None = None,
    scatter: Dispersion = INDEPENDENT,
) -> GenderShares:
    """Shares of all five genders with Wilson intervals, and women among women and men.

    `scatter`: how overdispersed shares are (`analysis.stats.dispersion`); intervals are those of effective counts.

    `frame`: `column`, n. A gender without a row has zero alerts. `total`: what the shares refer to, unless all of them.
    """
    counts, dispersion = _by_gender(frame, column), scatter.value
    n = sum(counts.values())
    whole = n if total is None else total
    table = pd.DataFrame({"gender": list(counts), "n": list(counts.values())})
    table["share"], table["low"], table["high"] = wilson_table(
        table["n"] / dispersion, np.full(len(table), whole / dispersion)
    ).T
    women, men = counts[WOMAN], counts[MAN]
    return GenderShares(
        table,
        wilson(women / dispersion, (women + men) / dispersion) if women + men > 0 else UNKNOWN,
        whole,
        column,
        n=int(n),
        choices=scatter.choices,
    )


@dataclass(frozen=True)
class CategoryRatios(Result):
    """What weighs more on whom: one row a value of `by`, sorted by q, then ratio.

    `frame`: `by`, women, men (counts), women_share, men_share (of all alerts by that gender), ratio of the two, low,
    high, p, q (NaN where empty), significant (bool), side (of a significant one: 1 where it weighs more on women, -1 on
    men; else 0), leads (bool: one of the two surest of its side). `dispersion`: that of counts; `least`: the smallest
    count that is written out, zero apart, by value of `by`; every one where it is not named.
    """

    frame: pd.DataFrame
    by: str
    women_total: float
    men_total: float
    dispersion: float = 1.0
    least: Mapping[Any, int] = field(default_factory=dict)

    def written(self) -> pd.DataFrame:
        """`frame` as it may be handed out: without ratio, p and q beside a count under `least`, and without its share.

        Where men are few, `at_least` is what the ratio is at least, whatever their number, and `low` the smallest lower
        limit; where women are, `at_most` and `high` are the largest ones. Where all women or all men are few, nothing
        that depends on their number is there in any row. Of q there is the step alone (`alpha_or_one`), and rows are in
        the order of what is there, else by name.
        """
        rows, (few, whole_few) = self.frame.copy(), self._few()
        untold = whole_few.max(axis=1, initial=False)  # nothing is there that depends on all women and all men
        some = pd.Series(few.any(axis=1) | untold, rows.index)
        limits = [
            (np.nan,) * 4 if nothing else self._limits(dict(row), *pair)
            for (_, row), pair, nothing in zip(rows.iterrows(), few, untold, strict=True)
        ]
        least, low, most, high = np.array(limits, float).reshape(-1, 4).T
        rows["low"], rows["high"] = rows["low"].mask(some, low), rows["high"].mask(some, high)
        for name in ("ratio", "p", "q"):
            rows[name] = rows[name].mask(some)
        for column, name in enumerate(("women_share", "men_share")):
            rows[name] = rows[name].mask(few[:, column] | whole_few[:, column])
        rows = rows.assign(at_least=least, at_most=most)
        if not self.least:
            return rows
        told = {name: rows[name].mask(untold, 0).astype(rows[name].dtype) for name in VERDICT}
        rows = rows.assign(q=alpha_or_one(rows["q"]), **told)
        return rows.sort_values(["q", "ratio", self.by], ascending=[True, False, True])

    def for_readers(self) -> CategoryRatios:
        """The same in the order of `written`, and without the differences that would tell how few women or men are."""
        if not self.least:
            return self
        shown = self.written()
        frame = self.frame.assign(**{name: shown[name] for name in VERDICT}).loc[shown.index]
        return replace(self, frame=frame.reset_index(drop=True))

    @property
    def too_few(self) -> bool:
        """Whether in no row a ratio may be written out, since all women or all men are under `least`."""
        return bool(len(self.frame)) and bool(self._few()[1].any(axis=1).all())

    def _few(self) -> tuple[BoolArray, BoolArray]:
        """Whether women and men of each row are few, and whether all of them are; arrays of shape (rows, 2)."""
        least = np.array([self.least.get(name, 1) for name in self.frame[self.by]], dtype=np.int64)[:, None]
        counts, totals = self.frame[["women", "men"]].to_numpy(float), np.array([self.women_total, self.men_total])
        return (counts > 0) & (counts < least), (totals > 0) & (totals < least)

    def _limits(self, row: Mapping[Any, Any], women_few: bool, men_few: bool) -> tuple[float, float, float, float]:
        """The least ratio and lower limit, the largest ratio and upper limit, whatever the small count; NaN: none."""
        women, men, nan = row["women"] / self.dispersion, row["men"] / self.dispersion, np.nan
        totals = self.women_total / self.dispersion, self.men_total / self.dispersion
        hidden = np.arange(1, self.least.get(row[self.by], 1)) / self.dispersion
        if men_few and not women_few and women > 0:
            found = [share_ratio(women, totals[0], few, totals[1]) for few in hidden]
            return min(ratio.value for ratio in found), min(ratio.low for ratio in found), nan, nan
        if women_few and not men_few and men > 0:
            found = [share_ratio(few, totals[0], men, totals[1]) for few in hidden]
            return nan, nan, max(ratio.value for ratio in found), max(ratio.high for ratio in found)
        return nan, nan, nan, nan

    def heavier(self, side: int) -> list[str]:
        """The values of `by` that weigh more on women (1) or on men (-1): the two surest ones, then all others by name.

        The same for every audience of whom they are chosen.
        """
        rows = self.frame[self.frame["side"] == side]
        return [str(one) for one in rows.sort_values(["leads", self.by], ascending=[False, True])[self.by]]

    @property
    def n_tested(self) -> int:
        """How many categories women and men were compared by."""
        return int(self.frame["p"].notna().sum())

    @property
    def alone(self) -> bool:
        """Whether there is one category alone, whose share is all of both genders: nothing to compare."""
        return len(self.frame) == 1 and bool((self.frame[["women_share", "men_share"]].to_numpy(float) == 1).all())

    def sentence(self, t: Translator) -> str:
        """How many differ, out of how many."""
        found = int(self.frame["significant"].sum())
        looked = self.n_tested
        if not looked:
            return t(NONE_OF_BOTH)
        if self.too_few:
            return t(TOO_FEW)
        if not found:
            return t.n(
                "The one comparison between women and men shows no difference beyond chance.",
                "None of {n} comparisons between women and men shows a difference beyond chance.",
                looked,
            )
        return t.n(
            "{n} of {looked} comparisons shows a difference between women and men beyond chance.",
            "{n} of {looked} comparisons show a difference between women and men beyond chance.",
            found,
            looked=looked,
        )


def category_ratios(
    frame: pd.DataFrame,
    by: str = "category",
    *,
    totals: Mapping[str, float] | None = None,
    scatter: Dispersion = INDEPENDENT,
) -> CategoryRatios:
    """The ratio of a category's share among women to its share among men, with interval and corrected p.

    `frame`: `by`, affected_gender, n. `totals`: all alerts by gender; needed where an alert may count in several
    categories, otherwise the sums over the categories. Interval: Katz (log scale); p: Fisher's exact test of the
    category against the rest, women against men; q: Benjamini-Hochberg over all categories tested. `scatter`: the
    dispersion of counts: the normal quantile of p is divided by the root of the dispersion (`spread_p`), the interval
    is that of effective counts.

    >>> few = pd.DataFrame({"category": ["a", "a", "b", "b"], "affected_gender": ["woman", "man"] * 2,
    ...                     "n": [30.0, 10.0, 70.0, 90.0]})
    >>> category_ratios(few).frame.set_index("category")["ratio"].round(1).to_dict()
    {'a': 3.0, 'b': 0.8}
    """
    table = _pairs(frame, by, AFFECTED)
    women_total = float((totals or {}).get(WOMAN, table["women"].sum()))
    men_total = float((totals or {}).get(MAN, table["men"].sum()))
    rows = np.full((len(table), 6), np.nan)
    compared = (table[["women", "men"]].sum(axis=1) != 0) & (min(women_total, men_total) != 0)
    women, men = table.loc[compared, ["women", "men"]].to_numpy(float).T
    whole = (np.full(len(women), total) / scatter.value for total in (women_total, men_total))
    ratios = share_ratios(women / scatter.value, next(whole), men / scatter.value, next(whole))
    tables = women, round(women_total) - women, men, round(men_total) - men
    p = spread_p(fisher_two_sided(*(np.round(count) for count in tables)), scatter.value)
    rows[compared] = np.column_stack([women / women_total, men / men_total, *ratios, p])
    table[["women_share", "men_share", "ratio", "low", "high", "p"]] = rows
    table["q"] = benjamini_hochberg(table["p"])
    table["significant"] = (table["q"] <= ALPHA).fillna(False)
    table["side"] = np.where(table["significant"], np.sign(table["women_share"] - table["men_share"]), 0).astype(int)
    table = table.sort_values(["q", "ratio"], ascending=[True, False], kind="stable").reset_index(drop=True)
    table["leads"] = table["significant"] & (table.groupby("side").cumcount() < LEADING)
    return CategoryRatios(
        frame=table,
        by=by,
        women_total=women_total,
        men_total=men_total,
        n=int(women_total + men_total),
        choices=scatter.choices,
        dispersion=scatter.value,
    )


def dark_shares(frame: pd.DataFrame, *, scatter: Dispersion = INDEPENDENT) -> pd.DataFrame:
    """Share of alerts after dark by gender: one row a gender with dark, n, share, low, high (Wilson).

    `frame`: affected_gender, dark (bool), n. Alerts without a known hour have no `dark` and are left out. `scatter`:
    how overdispersed the share after dark is; intervals are those of effective counts.
    """
    known = frame.dropna(subset=["dark"])
    dark = _by_gender(known[known["dark"].astype(bool)], AFFECTED)
    day = _by_gender(known[~known["dark"].astype(bool)], AFFECTED)
    table = pd.DataFrame({"gender": list(dark), "dark": list(dark.values())})
    table["n"] = table["dark"] + list(day.values())
    table["share"], table["low"], table["high"] = wilson_table(
        table["dark"] / scatter.value, table["n"] / scatter.value
    ).T
    return table


@dataclass(frozen=True)
class PerceivedSafety(Result):
    """How safe people felt (1 very unsafe to 5): `frame` has gender, n, mean, low, high (t interval), and the share who
    felt unsafe (1 or 2): unsafe, unsafe_low, unsafe_high (Wilson). `gap`: mean of women less mean of men (Welch).
    """

    frame: pd.DataFrame
    gap: Estimate

    def written(self, least: int) -> PerceivedSafety:
        """The same without means of fewer than `least` answers, and without a gap that would tell one of them."""
        few = self.frame["n"].gt(0) & self.frame["n"].lt(least)
        means = ["mean", "low", "high", "unsafe", "unsafe_low", "unsafe_high"]
        hidden = self.frame["gender"].isin([WOMAN, MAN]) & few
        frame = self.frame.assign(**{name: self.frame[name].mask(few) for name in means})
        return replace(self, frame=frame, gap=UNKNOWN if hidden.any() else self.gap)

    def sentence(self, t: Translator) -> str:
        """Whether women felt less safe than men, on the scale of 1 to 5."""
        if not self.gap.known:
            return t("Too few answers to compare how safe women and men felt.")
        values = {
            "gap": Num(abs(self.gap.value), 1),
            "low": Num(min(abs(self.gap.low), abs(self.gap.high)), 1),
            "high": Num(max(abs(self.gap.low), abs(self.gap.high)), 1),
        }
        if self.gap.high < 0:
            return t("Women felt less safe than men by {gap} of a step from 1 to 5 ({low} to {high}).", **values)
        if self.gap.low > 0:
            return t("Men felt less safe than women by {gap} of a step from 1 to 5 ({low} to {high}).", **values)
        return t("No difference between women and men in how safe they felt is shown.")


def perceived_safety(
    frame: pd.DataFrame, column: str = AFFECTED, *, scatter: Dispersion = INDEPENDENT
) -> PerceivedSafety:
    """Mean feeling of safety by gender with its interval, the share who felt unsafe, and the gap between women and men.

    `frame`: `column`, feeling (1 to 5), n. Alerts without a feeling are left out. A gender with fewer
    than two answers has no mean. `scatter`: how overdispersed the share who felt unsafe is (the design effect of
    answers that are alike within an alert); intervals are those of so many times fewer answers.
    """
    known = frame.dropna(subset=["feeling"])
    rows, moments = [], {}
    for gender in Gender:
        part = known[known[column] == gender.value]
        values, counts = part["feeling"].to_numpy(dtype=float), part["n"].to_numpy(dtype=float)
        n = float(counts.sum())
        effective = n / scatter.value
        if effective < 2:
            rows.append((gender.value, n, *(np.nan,) * 6))
            continue
        mean = float(counts @ values / n)
        error = float(np.sqrt(counts @ (values - mean) ** 2 / (n - 1) / effective))
        moments[gender.value] = (mean, error, effective)
        half = float(stats.t.isf(0.025, effective - 1)) * error
        unsafe = wilson(float(counts[values <= 2].sum()) / scatter.value, effective)
        rows.append((gender.value, n, mean, mean - half, mean + half, unsafe.value, unsafe.low, unsafe.high))
    table = pd.DataFrame(rows, columns=["gender", "n", "mean", "low", "high", "unsafe", "unsafe_low", "unsafe_high"])
    return PerceivedSafety(
        table,
        _welch(moments[WOMAN], moments[MAN]) if WOMAN in moments and MAN in moments else UNKNOWN,
        n=int(table["n"].sum()),
    )


@dataclass(frozen=True)
class PlaceShares(Result):
    """Places whose share of women differs from the city's: a test of the difference itself.

    `frame`: `by`, women, men, share, low, high (Wilson), city (the city's share), p, q (NaN where empty), direction
    (1: more women than in the city, -1: fewer), significant (bool), expected (women to be expected), not_known (bool:
    so few alerts by women that nothing is known of their safety there). Surest first. `women_total`: women of the n in
    the whole city.
    """

    frame: pd.DataFrame
    by: str
    city: Estimate
    women_total: float = 0.0

    @property
    def assessed(self) -> int:
        """At how many places alerts by women could be missed: enough of them were to be expected."""
        return int((self.frame["expected"] >= EXPECTED_WOMEN).sum())

    @property
    def n_differ(self) -> int:
        """How many places differ from the city."""
        return int(self.frame["significant"].sum())

    def sentence(self, t: Translator) -> str:
        """How many places differ, or of how many none does; empty where none could be compared."""
        looked = int(self.frame["p"].notna().sum())
        if self.n_differ:
            return t.n("{n} place differs from the city.", "{n} places differ from the city.", self.n_differ)
        none = t.n(
            "The one place that could be compared does not differ from the city beyond chance.",
            "None of the {n} places that could be compared differs from the city beyond chance.",
            looked,
        )
        return none if looked else ""

    def for_readers(self, least: int) -> PlaceShares:
        """The same for who does not see counts under `least`: of q the step alone (`alpha_or_one`), and rows in the
        order of what is there, else by name.

        Where all women or all men of the city are few, nothing is there that depends on their number: the city's share,
        what was to be expected, p and q, and with them what differs and what is not known.
        """
        women = self.women_total
        untold = any(is_small(part, least) for part in (women, self.n - women))
        rows = self.frame
        few = rows[["women", "men"]].gt(0) & rows[["women", "men"]].lt(least)
        shown = rows["p"].mask(few.any(axis=1) | untold)
        frame = rows.assign(q=alpha_or_one(rows["q"]), shown=shown, step=alpha_or_one(rows["q"].where(shown.notna())))
        if untold:
            frame = frame.assign(
                **dict.fromkeys(("city", "expected", "p", "q"), np.nan), significant=False, not_known=False, direction=0
            )
        order = ["significant", "step", "shown", self.by]
        frame = frame.sort_values(order, ascending=[False, True, True, True]).drop(columns=["shown", "step"])
        return replace(self, frame=frame.reset_index(drop=True), city=UNKNOWN if untold else self.city)


def place_shares(
    frame: pd.DataFrame,
    by: str = "place",
    column: str = AFFECTED,
    *,
    city: tuple[float, float] | None = None,
    scatter: Dispersion = INDEPENDENT,
) -> PlaceShares:
    """Test each place's share of women against the city's.

    Given the alerts by women and men of a place, the women among them are binomial with the city's share; p is exact
    and two-sided, q Benjamini-Hochberg over all places tested. "Hot for women and not for men" would be no test: the
    difference between significant and not significant is not itself significant (Gelman & Stern 2006, The American
    Statistician 60, 328-331).

    `frame`: `by`, `column`, n. `city`: women and men in the whole city; otherwise the sums of the places.
    `scatter`: how overdispersed counts are, as for `category_ratios`.

    "Not known": at the city's share at least 10 alerts by women were to be expected from those by men, and at most half
    of them came.
    """
    table = _pairs(frame, by, column)
    women, men = city if city else (float(table["women"].sum()), float(table["men"].sum()))
    share = wilson(women, women + men)
    counts = table[["women", "men"]].to_numpy(float)
    compared = (counts.sum(axis=1) != 0) & share.known
    rows = np.full((len(table), 4), np.nan)
    own, both = counts[compared, 0], counts[compared].sum(axis=1)
    rows[compared, :3] = wilson_table(own / scatter.value, both / scatter.value)
    rows[compared, 3] = spread_p(binomial_two_sided(own, both, share.value), scatter.value)
    table[["share", "low", "high", "p"]] = rows
    table["city"] = share.value
    table["q"] = benjamini_hochberg(table["p"])
    table["significant"] = (table["q"] <= ALPHA).fillna(False)
    table["direction"] = np.sign(table["share"].fillna(share.value) - share.value).fillna(0).astype(int)
    table["expected"] = table["men"] * women / men if men else np.nan
    table["not_known"] = (table["expected"] >= EXPECTED_WOMEN) & (table["women"] <= _FEW * table["expected"])
    return PlaceShares(
        frame=table.sort_values(["q", "p"], kind="stable").reset_index(drop=True),
        by=by,
        city=share,
        n=int(women + men),
        women_total=women,
        choices=(
            Choice(
                "not_known",
                EXPECTED_WOMEN,
                Message(
                    "Not known: from the alerts by men at least {expected} by women were to be expected, and at most "
                    "half came.",
                    {"expected": EXPECTED_WOMEN},
                ),
            ),
            *scatter.choices,
        ),
    )


def _by_gender(frame: pd.DataFrame, column: str) -> dict[str, float]:
    """Counts of all five genders in their order."""
    if unknown := set(frame[column]) - {gender.value for gender in Gender}:
        raise ValueError(f"{unknown.pop()!r} is no gender of the schema")
    counts = frame["n"].groupby(frame[column].to_numpy()).sum()
    return {gender.value: float(counts.get(gender.value, 0.0)) for gender in Gender}


def _pairs(frame: pd.DataFrame, by: str, column: str) -> pd.DataFrame:
    """One row a value of `by` with the columns women and men; a missing row is zero."""
    known = frame[frame[by].notna() & frame[column].isin([WOMAN, MAN])]
    n, gender = known["n"].astype(float), known[column].to_numpy()
    counts = {"women": n.where(gender == WOMAN, 0.0), "men": n.where(gender == MAN, 0.0)}
    return pd.DataFrame({by: known[by], **counts}).groupby(by, sort=False, observed=True).sum().reset_index()


def _welch(women: tuple[float, float, float], men: tuple[float, float, float]) -> Estimate:
    """Difference of two means with Welch's interval, from (mean, standard error, n) of each."""
    (mean_w, error_w, n_w), (mean_m, error_m, n_m) = women, men
    variance, gap = error_w**2 + error_m**2, mean_w - mean_m
    freedom = variance**2 / max(error_w**4 / (n_w - 1) + error_m**4 / (n_m - 1), 1e-300)
    half = float(stats.t.isf(0.025, max(freedom, 1.0))) * float(np.sqrt(variance))
    return Estimate(gap, gap - half, gap + half)
