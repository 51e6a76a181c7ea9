"""What the Methods page says of each figure, as data: translated where it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from curim_data.i18n import N_


@dataclass(frozen=True)
class Figure:
    """One figure: its question, formulas (LaTeX), settings, limits, sources, and what a test reproduces."""

    title: str
    answers: str
    formulas: tuple[str, ...]
    where: str
    settings: str
    limits: str
    sources: tuple[str, ...]
    reproduced: str = ""


READING: Final = (
    N_("An alert is what a person reported. More alerts can mean more incidents, or more people who report."),
    N_("Few alerts do not mean that a place is safe: where nobody reports, nothing is known."),
    N_("A difference is called clear only after correction for all the places and categories that were looked at."),
    N_("Counts that are too small to show are withheld, drawn in their own grey, and never counted as zero."),
)

FIGURES: Final = (
    Figure(
        N_("Hot spots: more alerts than chance explains"),
        N_("Where are alerts denser than in the surroundings by more than chance?"),
        (
            r"p = P\left(X \ge x \mid X \sim \mathrm{Bin}\left(x + y,\ \tfrac{m A}{m A + B}\right)\right)",
            r"q_{(k)} = \min_{j \ge k} \frac{p_{(j)}\, M}{j}",
        ),
        N_(
            "x alerts on the land A of a cell and its neighbours, y on the land B of its surroundings, "
            "m the margin by which a place must be denser, M tests. A cell is hot when q is at most 0.05."
        ),
        N_("Cell size and surroundings follow the number of alerts; the page says which were chosen and why."),
        N_("A hot spot is a place of many reports. It does not say who did what, or why."),
        ("Benjamini & Hochberg 1995, JRSS B 57", "Clopper & Pearson 1934, Biometrika 26"),
    ),
    Figure(
        N_("Gi*, beside the exact test"),
        N_("How far does the sum over a cell and its neighbours lie from the mean of the city?"),
        (r"G_i^* = \frac{\sum_j w_{ij} x_j - \bar{x} W_i}{s \sqrt{(n S_{1i} - W_i^2) / (n - 1)}}",),
        N_("In standard deviations; x the counts, w the neighbours, a cell itself included."),
        N_("Neighbours are the six cells around a cell."),
        N_("With few alerts a cell, its normal tail is no probability; so it only stands beside the exact test."),
        ("Getis & Ord 1992, Geographical Analysis 24", "Ord & Getis 1995, Geographical Analysis 27"),
        N_("The published values of Gi* on six points and on the neighbourhoods of Columbus, Ohio."),
    ),
    Figure(
        N_("Clusters"),
        N_("Which dense places are there, whatever the borders of the cells?"),
        (r"\sum_{j:\ d_{ij} \le \varepsilon} \frac{x_j}{\mathrm{min}_j} \ge 1",),
        N_("A fine cell is the core of a cluster when the alerts within ε metres reach the minimum that holds there."),
        N_("ε and the minimum come from the data and a smoothed baseline; clusters that chance makes are dropped."),
        N_("Outlines follow reported positions; where an app puts alerts on a default point, that pile is set aside."),
        ("Ester et al. 1996, KDD", "Campello et al. 2013, PAKDD"),
    ),
    Figure(
        N_("Weekly trend and its expected range"),
        N_("Is this week unusual for this time of year?"),
        (
            r"\left(\sqrt{m} - \tfrac{3}{2}\right)^2 \le n \le \left(\sqrt{m} + \tfrac{3}{2}\right)^2",
            r"\sqrt{n + \tfrac{3}{8}} = \mathrm{trend} + \mathrm{season} + \mathrm{rest}",
        ),
        N_("m the mean of the eight weeks before; with three years of data the season is taken out first (STL)."),
        N_("The rule follows the length of the data and is named under the chart, with its share of false alarms."),
        N_("An alarm says that a number is unusual, not that something happened. The last week may not be complete."),
        (
            "Wheeler 2016, IJPSM 18",
            "Cleveland et al. 1990, Journal of Official Statistics 6",
            "Hutwagner et al. 2003, Journal of Urban Health 80",
        ),
        N_("Published values of the two methods are checked in the tests."),
    ),
    Figure(
        N_("Changes between two periods"),
        N_("Did the number of alerts change by more than chance, and where?"),
        (r"H_0:\ \frac{\lambda_2}{n_2} = \frac{\lambda_1}{n_1}", r"z = 2\left(\sqrt{x} - \sqrt{\mu}\right)"),
        N_("Two Poisson counts over periods of length n are compared by the e-test; q corrects for all comparisons."),
        N_("Only changes with a corrected p of at most 0.05 are called changes."),
        N_("A rise after a campaign for reporting may be a rise in reporting."),
        ("Krishnamoorthy & Thomson 2004, JSPI 119", "Wheeler 2016, IJPSM 18"),
        N_("Published values of the e-test."),
    ),
    Figure(
        N_("Shares by gender"),
        N_("What share of alerts comes from, or is about, women, men and others?"),
        (r"\frac{k + z^2/2}{n + z^2} \pm \frac{z}{n + z^2}\sqrt{\frac{k(n-k)}{n} + \frac{z^2}{4}}",),
        N_("k alerts of n; z = 1.96 for an interval of 95 %."),
        N_("Not disclosed and not asked are shown and never dropped; gender is never guessed."),
        N_("The share of alerts is not the share of incidents: some groups report less."),
        ("Wilson 1927, JASA 22",),
        N_("Published intervals of Wilson's score."),
    ),
    Figure(
        N_("What weighs more on whom"),
        N_("Which categories are a larger part of women's alerts than of men's?"),
        (
            r"\frac{a / n_w}{b / n_m}",
            r"\mathrm{sd}(\ln) = \sqrt{\tfrac1a - \tfrac1{n_w} + \tfrac1b - \tfrac1{n_m}}",
        ),
        N_("a of the women's alerts and b of the men's are of the category. Fisher's exact test, corrected."),
        N_("Places are tested for a share of women unlike the city's, not for being hot for one gender only."),
        N_("A ratio of one can hide that both are high."),
        ("Katz et al. 1978, Biometrics 34", "Gelman & Stern 2006, The American Statistician 60"),
    ),
    Figure(
        N_("Did a measure work"),
        N_("How many alerts fewer than the comparison area lets expect?"),
        (
            r"\mathrm{WDD} = (T_1 - T_0) - (C_1 - C_0) + (B_1 - B_0) - (CB_1 - CB_0)",
            r"\mathrm{RR} = \frac{T_1 / T_0}{C_1 / C_0}",
        ),
        N_("T treated area, C its comparison, B the area around it, CB the comparison of that; 0 before, 1 after."),
        N_("The test is named in the plan before it begins; the plan says the smallest fall that could be seen."),
        N_("A place chosen because it was at its worst falls by itself: the comparison area is there for that."),
        ("Wheeler & Ratcliffe 2018, Crime Science 7", "Bowers & Johnson 2003, JQC 19"),
        N_("The published example of the weighted displacement difference."),
    ),
    Figure(
        N_("Protected numbers"),
        N_("How are people protected who could be recognised in a small number?"),
        (r"0 < n < k \ \Rightarrow\ \text{–}",),
        N_("k is 5, and 10 for sensitive categories and for gender by category by place."),
        N_(
            "Further numbers are withheld where a small one could be had by subtraction. "
            "Analysts and specialists see exact counts."
        ),
        N_("Protection makes maps for the council coarser; a withheld cell is not an empty one."),
        ("Hundepool et al. 2012, Statistical Disclosure Control",),
    ),
)
