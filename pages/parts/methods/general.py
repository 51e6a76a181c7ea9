"""What the Methods page says of counts, shares, time, gender, plans and data; and the form of its entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from curim_data.model import N_


@dataclass(frozen=True)
class MethodEntry:
    """One figure: its question, formulas (LaTeX), settings, limits, sources, and what a test reproduces."""

    title: str
    answers: str
    formulas: tuple[str, ...]
    where: str
    settings: str
    limits: str
    sources: tuple[str, ...]
    reproduced: str = ""


DISPERSION: Final = MethodEntry(
    N_("How much counts scatter: bursts of reports"),
    N_("How many times as wide as for independent alerts is an interval, because of how people report here?"),
    (
        r"V = m\,q\,(1 - q)\,(1 - m / M), \qquad \varphi = \frac{\sum w\,(y - m q)^2}{\sum w\,V}",
        r"z_\varphi = z / \sqrt{\varphi}",
    ),
    N_(
        "Pairs of neighbouring four weeks (months) before the period, or up to its end where those before it tell too "
        "little: y alerts of a place, district or category in the later one, m in both, q the later part of the M "
        "alerts of all. So a season, which moves all alike, and a place that is always hot are no scatter. φ is at "
        "least 1. The normal quantile of exact tests is divided by the root of φ, counts of intervals by φ. Of shares "
        "φ is that of the share itself. Clusters are compared with random maps that hold such bursts, whose size and "
        "reach follow from φ in cells of three sizes."
    ),
    N_(
        "Large rows, whose rate moves in truth too, weigh little; one extraordinary week counts as one that is just "
        "improbable. Since φ is estimated it is raised by the square of Student's quantile over the normal one."
    ),
    N_(
        "The past is taken as the measure of what is usual: after a change in how people report it no longer holds. "
        "For council and public φ is learned from the past of the protected copy, and so holds its exchange."
    ),
    (
        "von Neumann et al. 1941, Annals of Mathematical Statistics 12",
        "McCullagh & Nelder 1989, Generalized Linear Models",
        "Thomas 1949, Biometrika 36",
    ),
    N_(
        "A geometric number of reports of each event, with the mean m, gives φ = 2 m − 1: simulated bursts are found "
        "so."
    ),
)


READING: Final = (
    N_("An alert is what a person reported. More alerts can mean more incidents, or more people who report."),
    N_("Few alerts do not mean that a place is safe: where nobody reports, nothing is known."),
    N_("A difference is called clear only after correction for all the places and categories that were examined."),
    N_("Counts that are too small to be written out are called “fewer than”, and never told as none."),
    N_(
        "Several people report one event, and risks wander from year to year. How much counts scattered in the past "
        "is estimated from the alerts themselves, and hot spots, changes, comparisons of maps, concentration and gaps "
        "by gender are tested by it. Where the past is too short for that, they look more certain than they are."
    ),
    N_(
        "Where chance is simulated, the draws always start from the same number (seed 0), so that the same alerts and "
        "settings give the same figures again."
    ),
)

GENERAL: Final = (
    MethodEntry(
        N_("Hot spots: more alerts than expected by chance"),
        N_("Where are alerts denser than in the neighbourhood, beyond chance?"),
        (
            r"p = P\left(X \ge x \mid X \sim \mathrm{Bin}\left(x + y,\ \tfrac{m A}{m A + B}\right)\right)",
            r"q_{(k)} = \min_{j \ge k} \frac{p_{(j)}\, M}{j}",
            r"q \le 0.05 \quad\text{and}\quad M \cdot \min_{\mathrm{group}} p \le 0.05",
        ),
        N_(
            "x alerts on the land A of a place, y on the land B of its neighbourhood, m the minimum ratio by which "
            "a place must be denser, M cells. A place is a cell alone and, where cells are small, also the cell with "
            "its neighbours. It is compared with all of its neighbourhood and with each half of it that is mostly "
            "land, and the largest p counts: the edge of a town is denser than one side only. The cell with its "
            "neighbours is compared a second time, with all the rest of the city, by m = 2. Then p is the smallest of "
            "these, times their number. A cell is hot when its q is at most 0.05 and the smallest p in its group of "
            "such neighbouring cells, times the number of cells, is at most 0.05 too."
        ),
        N_(
            "Cell size and neighbourhood follow the number of alerts; the page says which were chosen and why. For "
            "those who see exact counts cells grow, to some 2 km at most, until a place ten times as dense as its "
            "surroundings would be found in four of five cases; where no size can tell, they stay small. This goes by "
            "how many alerts there are, not by where, so that it makes no false places. Only "
            "land on which alerts occur is looked at and counts as surroundings: the densest, smoothed over some "
            "hundred metres, that holds 95 % of all alerts ever reported. The rest of the city means "
            "the part of this land that is at least a quarter as dense as where the median alert lies. A place at the "
            "shore counts as at least a quarter of a cell of land."
        ),
        N_(
            "A hot spot is a place of many reports. It does not say who did what, or why. Its ratio is biased "
            "upwards, because the cells were selected for being dense. In a region a whole town can be hot: where the "
            "land around it is a fifth as dense, or where the town holds less than a third of the alerts, it is "
            "more than twice as dense as the rest."
        ),
        (
            "Przyborowski & Wilenski 1940, Biometrika 31",
            "Berger 1982, Technometrics 24",
            "Benjamini & Hochberg 1995, JRSS B 57",
            "Chumbley & Friston 2009, NeuroImage 44",
            "Clopper & Pearson 1934, Biometrika 26",
        ),
        N_(
            "No map with this test is published. On maps simulated at random, of a smooth dense quarter, and of a town "
            "that holds most of the alerts beside land with at most a tenth of its density, with 60 to 30,000 alerts, "
            "no more than 5 % have any hot cell. A quarter twice as dense in such a town can be hot where alerts are "
            "many: it is more than twice as dense as the rest of the city, to which the edge of the town belongs."
        ),
    ),
    MethodEntry(
        N_("Alerts above expected, and the order of the list"),
        N_("How many alerts of a hot spot are more than would be there without it?"),
        (
            r"d = x - \tfrac{A}{B}\, y",
            r"d - \sqrt{(x - x_l)^2 + \tfrac{A^2}{B^2} (y_u - y)^2} \;\le\; d \;\le\; "
            r"d + \sqrt{(x_u - x)^2 + \tfrac{A^2}{B^2} (y - y_l)^2}",
        ),
        N_(
            "x alerts on the land A of a hot spot, y on the land B that it is compared with: its surroundings or "
            "the rest of the city, whichever it stands out from more surely. The indices l and u are the exact 95 % "
            "Poisson limits of each count."
        ),
        N_(
            "The list is ordered by the lower limit; other orders can be picked. Places with fewer than 10 alerts "
            "stand last, since a fall by 70 % could not be shown there. No ratio is shown where less than one "
            "alert is expected, or where its limits lie more than ten times apart."
        ),
        N_(
            "Not all of what is above expected can be prevented. The cells were selected for being dense, so it is "
            "biased upwards."
        ),
        ("Zou & Donner 2008, Statistics in Medicine 27", "Garwood 1936, Biometrika 28"),
        N_("The published Poisson limits of 0, 10 and 100 events."),
    ),
    MethodEntry(
        N_("What would have been found"),
        N_("How much denser than its surroundings must a place be to be found, with so many alerts?"),
        (r"P(\rho) = \sum_y P(Y = y)\; P\left(X \ge x_y \mid X \sim \mathrm{Poisson}(\rho \lambda A)\right) = 0.8",),
        N_(
            "λ the mean density of the land on which alerts occur, A the land of a cell with its neighbours, Y the "
            "count in the densest half around it, x_y the smallest count that the corrected test marks beside y. ρ is "
            "the ratio that is given; where even ρ = 10 gives less than 0.8, there are too few alerts to tell."
        ),
        N_("The better of the comparisons counts, which is a little less than either: the ratio is on the safe side."),
        N_(
            "It holds for a place in surroundings of mean density: in quiet quarters more is needed, in dense ones "
            "less."
        ),
        ("Cohen 1988, Statistical Power Analysis for the Behavioral Sciences",),
        N_("No value is published. Simulated places of that ratio are found at least as often as stated."),
    ),
    MethodEntry(
        N_("Categories that are new, or given up"),
        N_("Is a category rare, or was it not in use at first, or no longer at the end?"),
        (r"P = (1 - g)^m",),
        N_(
            "g the share of all other alerts that lie before the first month of the category (after its last one), m "
            "the number of months in which it occurs. It counts as new, or as given up, where P times twice the number "
            "of categories is at most 0.01."
        ),
        N_("Its counts are then not compared between periods that it was not in use in all the time, and it is named."),
        N_(
            "Counts cannot tell a new problem from a new category, nor one that is gone from one that was given up or "
            "renamed."
        ),
        (),
        N_("Of random cities with 20 categories of 2 to 400 alerts at most one in a hundred has a category called so."),
    ),
    MethodEntry(
        N_("Gi*, alongside the exact test"),
        N_("How far is the sum over a cell and its neighbours from the mean of the city?"),
        (
            r"G_i^* = \frac{\sum_j w_{ij} r_j - \bar{r}\, W_i}{s \sqrt{(n S_{1i} - W_i^2) / (n - 1)}}",
            r"r_j = \frac{x_j - N a_j}{\sqrt{N a_j}}, \qquad w_{ij} = \sqrt{a_j}",
        ),
        N_(
            "In standard deviations. x the alerts of a cell, a its share of the land (or of the denominator that "
            "places are compared by), N all alerts on the map that are tested, slivers of land included; the sum "
            "runs over the cell and its neighbours, n cells in all; W and S the sums of the weights w and of their "
            "squares, s the standard deviation of r. Where all cells have the same land, this is Gi* of the counts "
            "themselves."
        ),
        N_(
            "Neighbours are the cells as far away as the place of the exact test reaches, at least the six around a "
            "cell."
        ),
        N_(
            "With few alerts per cell its normal tail is not a valid probability; so it is only shown alongside "
            "the exact test."
        ),
        ("Getis & Ord 1992, Geographical Analysis 24", "Ord & Getis 1995, Geographical Analysis 27"),
        N_(
            "The published values of Gi and Gi* on six points, and of Gi* on the 49 neighbourhoods of Columbus, Ohio, "
            "and the 100 counties of North Carolina: the case of equal land. For unequal land none is published; a "
            "test compares with the formula written out."
        ),
    ),
    MethodEntry(
        N_("Clusters"),
        N_("Which dense places are there, whatever the borders of the cells?"),
        (
            r"\sum_{j:\ d_{ij} \le \varepsilon} \frac{x_j}{\mathrm{min}_j} \ge 1",
            r"L = c \ln\frac{c}{e} - (c - e), \qquad p = \frac{1 + \#\{r : L_r \ge L\}}{R + 1}",
        ),
        N_(
            "A fine cell is the core of a cluster when the alerts within ε metres reach the minimum for that "
            "place: the number that chance reaches in one of a thousand places, and never under five. L is the "
            "strength of a cluster with c alerts where e were expected; it is compared with the strongest cluster "
            "of each of R maps simulated under the null hypothesis: 199, or 99 for more than 10,000 alerts, so "
            "that the time stays short and the same alerts always give the same answer. Clusters with a p of at "
            "most 0.01 are kept."
        ),
        N_(
            "ε and the minimum come from the data and a smoothed baseline; clusters that may be due to chance are "
            "dropped and counted. Alerts are not joined over open water wider than 80 m. A cluster over 0.25 km² "
            "is split at smaller distances, or cut in two where that would lose more than a quarter of its alerts. "
            "Where more than 200 dense places are found, ε is at least 150 m and the minimum one that chance reaches "
            "more rarely still."
        ),
        N_(
            "Outlines follow reported positions; where an app puts alerts on a default coordinate, those alerts are "
            "excluded."
        ),
        (
            "Ester et al. 1996, KDD",
            "Campello et al. 2013, PAKDD",
            "Kulldorff 1997, Communications in Statistics 26",
        ),
    ),
    MethodEntry(
        N_("Weekly trend and its expected range"),
        N_("Is this week unusual for this time of year?"),
        (
            r"y_t \sim \mathrm{NB}(\mu_t,\ V_t), \qquad \mu_t = \ell_t\, s_t, \qquad "
            r"\ell_t = \frac{\sum_{i<t} d^{\,t-i}\, y_i}{\sum_{i<t} d^{\,t-i}\, s_i}, \qquad "
            r"\ln s_t = \sum_{h=1}^{2} \left(a_h \cos\tfrac{2\pi h t}{T} + b_h \sin\tfrac{2\pi h t}{T}\right)",
            r"V_t = \phi\,\mu_t \left(1 + \frac{s_t}{\sum_{i<t} d^{\,t-i}\, s_i}\right)\left(1 + \frac{7}{n}\right), "
            r"\qquad P(y_t < L_t) \le 0.005, \quad P(y_t > U_t) \le 0.005",
        ),
        N_(
            "Each period is predicted from those before it alone. ℓ is the level: a mean of the periods since the last "
            "shift, in which older ones count less; how fast they fade (d) is what predicted best so far. s is the "
            "season of the year T, by quasi-Poisson regression from two years on, for days with the weekdays. φ is the "
            "variance over the mean of what was predicted, more than 1 where reports come in bursts or the level "
            "drifts; n is the number of periods it is known from. A count moves level and φ no more than one 2.6 "
            "standard deviations away."
        ),
        N_(
            "Where both the time of an event and that of its report are known, or successive imports show what was "
            "added late, the last periods are judged by the part that is thought to be reported; else the last one is "
            "never called fewer than usual. Periods that the sources do not cover are neither judged nor learned from. "
            "Months, and alerts after dark or by day, are judged from two years of data on."
        ),
        N_(
            "An alarm says that a number is unusual, not that something happened. In simulated quiet cities of 5 to "
            "120 alerts a week, half a year to ten years of data, with and without a season of ± 30 % and a level that "
            "drifts, and with one to three reports of each event, 5 to 6 in 1,000 weeks lie outside, with three 8 to "
            "12. After ten years, at 120 alerts a week reported once each, 7 in 10 weeks with a rise by 35 % are seen; "
            "at two reports each 3 in 10."
        ),
        (
            "Smith & Miller 1986, JRSS B 48",
            "McCullagh & Nelder 1989, Generalized linear models",
            "Lawless 1994, Canadian Journal of Statistics 22",
        ),
        N_(
            "The regression equals that of statsmodels, and the band of a steady line that of a quasi-Poisson "
            "regression. Simulated series check the share of quiet weeks outside and of rises that are seen."
        ),
    ),
    MethodEntry(
        N_("Forecast of the next eight weeks, or two months"),
        N_("How many alerts are to be expected next, and how far off may that be?"),
        (
            r"\hat y_{t+k} = \ell_t\, s_{t+k}, \qquad "
            r"\mathrm{Var}(y_{t+k}) = \phi\,\hat y_{t+k} + \frac{\phi}{a}\,(1 + (k - 1)(1 - d))\,\hat y_{t+k}^2",
            r"\mathrm{MAE} = \frac{1}{nK} \sum_{o}\sum_{k=1}^{K} \left|y_{o+k} - \hat y_{o+k}\right|",
        ),
        N_(
            "The model of the expected range is carried on from the last whole week or month: ℓ the level, s the "
            "season; a is the number of alerts that the level is known from, of which the part d is left a period "
            "later. The intervals of 80 and 95 % are quantiles of a negative binomial."
        ),
        N_(
            "It is tried on up to 52 weekly (24 monthly) starts in the past, each from the counts before it alone, "
            "beside two naive ways: the same period a year before, and the mean of as many periods just before. It is "
            "shown only where its mean absolute error is smaller than that of both, and where two years and half a "
            "year of starts are known; how often the intervals held is told."
        ),
        N_("It carries on what was: it knows of no event to come, and no reason. Reports are forecast, not crime."),
        (
            "Smith & Miller 1986, JRSS B 48",
            "Hyndman & Athanasopoulos 2018, Forecasting: principles and practice",
        ),
        N_(
            "The errors of the naive ways on Australian beer production (13.40 and 34.83). A forecast is the same "
            "whatever comes after its start."
        ),
    ),
    DISPERSION,
    MethodEntry(
        N_("Shifts of the level"),
        N_("Since when is the number another one, higher or lower?"),
        (
            r"\max \sum_{j=1}^{k} 2\, y_{(j)} \ln \frac{y_{(j)}}{e_{(j)}} - 3\, \phi \ln n\ (k - 1)",
            r"\phi = \max\left(1, \frac{\sum \min(D_t^2, c\,\phi v_t)}{b \sum v_t}\right), "
            r"\qquad D_t = \frac{y_t}{e_t} - \frac{y_{t-h}}{e_{t-h}}, \quad h = 1, 4, 13",
        ),
        N_(
            "Of all partitions of the line into levels of at least two periods (of days 14) the one with the largest "
            "quasi-likelihood, less 3 φ ln n for each further level; y and e are counts and season of a level. φ comes "
            "from differences of neighbouring periods, the largest of three distances, so that more is asked where the "
            "level drifts. A single period that differs from both neighbours is an event and no level: its count is "
            "limited by theirs."
        ),
        N_(
            "A shift is told where the eight periods on both sides differ by a factor of 1.25, or of 1.3 while the "
            "season is not known; it is an alarm where it began within the last four weeks."
        ),
        N_(
            "Below two years of data the season can pass for a shift. A level that drifts fast has shifts by any such "
            "rule. Why the level shifted the data do not tell."
        ),
        ("Jackson et al. 2005, IEEE Signal Processing Letters 12", "Killick et al. 2012, JASA 107"),
        N_(
            "Every partition of short series, by recursion; explosions in British coal mines (Jarrett 1979), where the "
            "new level begins in 1892, 3.1 a year before and 0.9 after."
        ),
    ),
    MethodEntry(
        N_("Changes: city, districts, categories, places"),
        N_("Are there more or fewer alerts than was to be expected, and where?"),
        (
            r"z = \frac{|x|}{\sqrt{a\,x^2 / D + b}}, \qquad x = \ln\frac{y_1}{E}",
            r"a = \frac{\sum w\,(y_t - m q)^2}{\sum w\,m q (1 - q)(1 - m / M)}",
        ),
        N_(
            "y1 the alerts of the period, E those that were to be expected, D the binomial deviance of y1. The city is "
            "compared with the level of its last year and the same days of up to four years, districts, categories "
            "and places with their share of the city before, against the rest of the city. a is how many times the "
            "variance of counts is that of single reports, from neighbouring weeks; b how far shares wander by "
            "themselves, from past periods. Quantiles are Student's. A change of the city by less than a tenth is no "
            "news: p is the largest under such changes."
        ),
        N_(
            "Clear: corrected p (Benjamini and Hochberg, within each level) of at most 0.03 for the city, 0.005 for "
            "districts and for categories, 0.0025 for a category in a district, 0.0075 for places. Probable: at most "
            "0.1. Each change is listed once, at the smallest unit that holds half of it. Shares that fell only "
            "because another part rose are not listed, and a part that moved the city by more than a tenth is no "
            "measure of the others. Days that no source covers count nowhere."
        ),
        N_(
            "Probable changes are often chance. A doubling in a place of 300 m in a small city is mostly not seen. In "
            "the first year the season may pass for a change. A rise after a campaign for reporting may be a rise in "
            "reporting."
        ),
        (
            "Hodges & Lehmann 1954, JRSS B 16",
            "von Neumann et al. 1941, Annals of Mathematical Statistics 12",
            "Satterthwaite 1946, Biometrics Bulletin 2",
            "Benjamini & Hochberg 1995, JRSS B 57",
        ),
        N_(
            "No value is published. Of 4,000 simulated quiet cities 21 had a false clear change and 290 a false "
            "probable one: docs/reliability-of-findings.md."
        ),
    ),
    MethodEntry(
        N_("Many alerts at once"),
        N_("Did many people report the same in one place within hours or days?"),
        (r"n \ge \max\left(8,\ \tfrac54\,r,\ r + 2\sqrt{r}\right)",),
        N_(
            "n alerts of one category within 4 hours, 24 hours or 7 days in one square of about 350 m; r the most that "
            "there were in such a time until then, in any square and category. Alerts with one number of their source "
            "count once."
        ),
        N_(
            "Clear above the record of all categories by twice its root and by a quarter (by half where less than a "
            "year is known); probable by a quarter, or above the record of its own category by four times its root. Of "
            "alerts without a time of day days and weeks count alone."
        ),
        N_("A record says that much was reported at once, not that it will go on: it is never called a trend."),
        (),
        N_(
            "No value is published. Of 4,000 simulated quiet cities 3 had a clear event and 79 a probable one. 60 "
            "alerts in four hours were found in all of seven real exports and in the sample city."
        ),
    ),
    MethodEntry(
        N_("Shares by gender"),
        N_("What share of alerts comes from women, men and others, and what share of alerts affects them?"),
        (r"\frac{k + z^2/2}{n + z^2} \pm \frac{z}{n + z^2}\sqrt{\frac{k(n-k)}{n} + \frac{z^2}{4}}",),
        N_("k of n alerts, by the reporter, or of n alerts, by the person affected; z = 1.96 for an interval of 95 %."),
        N_("Not disclosed and not asked are shown and never dropped; gender is never guessed."),
        N_("The share of what is reported is not the share of what happens: some groups report less."),
        ("Wilson 1927, JASA 22",),
        N_("Published intervals of Wilson's score."),
    ),
    MethodEntry(
        N_("Which categories affect whom more"),
        N_("Which categories are a larger part of the alerts that affect women than of those that affect men?"),
        (
            r"\frac{a / n_w}{b / n_m}",
            r"\mathrm{sd}(\ln) = \sqrt{\tfrac1a - \tfrac1{n_w} + \tfrac1b - \tfrac1{n_m}}",
        ),
        N_(
            "a of the alerts that affect women and b of those that affect men are of the category. Fisher's exact "
            "test, corrected."
        ),
        N_("Places are tested for a share of women unlike the city's, not for being hot for one gender only."),
        N_("A ratio of one can hide that both are high."),
        ("Katz et al. 1978, Biometrics 34", "Gelman & Stern 2006, The American Statistician 60"),
        N_("The published interval of a ratio of two shares (the aspirin trial)."),
    ),
    MethodEntry(
        N_("Two cities side by side"),
        N_("In what do the alerts of two cities differ, though their numbers cannot be compared?"),
        (
            r"d = p_1 - p_2",
            r"d - \sqrt{(p_1 - l_1)^2 + (u_2 - p_2)^2} \;\le\; d \;\le\; d + \sqrt{(u_1 - p_1)^2 + (p_2 - l_2)^2}",
            r"\varphi = \frac{\varphi_1 / n_1 + \varphi_2 / n_2}{1 / n_1 + 1 / n_2}",
        ),
        N_(
            "p is a share of a city, l and u its Wilson limits, from counts divided by φ, which says how many times as "
            "much they scatter as independent ones. p-value: Fisher's exact test, its normal quantile divided by the "
            "root of the mean φ; q: corrected for all shares that are compared."
        ),
        N_(
            "Whole months that both cities have, the last twelve unless all are picked; where they share fewer than "
            "three, the last of each. Kinds and groups are compared where both cities report at least two; shares by "
            "kind are of these kinds alone. A share of fewer than 20 is not compared. Times of day are bands of six "
            "hours for every reader. Months are divided by their own mean. Rates need the inhabitants of both cities. "
            "Each city is counted for the role that the reader has there."
        ),
        N_(
            "Which city is safer. A share depends on what can be reported and on who reports: read first what differs. "
            "Where the past of a city is too short to tell how much its counts scatter, differences look more certain "
            "than they are."
        ),
        (
            "Newcombe 1998, Statistics in Medicine 17",
            "Wilson 1927, JASA 22",
            "Benjamini & Hochberg 1995, JRSS B 57",
        ),
        N_("Eight of Newcombe's published intervals (table II, method 10)."),
    ),
    MethodEntry(
        N_("Did a measure work"),
        N_("How many fewer alerts than expected from similar areas, and from the comparison area?"),
        (
            r"T_1 \sim \mu = e^{\,b_0 + \sum_k b_k \ln(x_k + c_k)}, \quad \mathrm{Var} = \varphi \mu + \tau^2 \mu^2",
            r"d = T_1 - g\, T_0, \qquad g = \frac{C_1}{C_0}",
            r"\mathrm{Var}(d) = T_1 + g^2 T_0 + g^2 T_0^2 \left(\tfrac{1}{C_1} + \tfrac{1}{C_0}\right)",
            r"\mathrm{RR} = \frac{T_1 / T_0}{C_1 / C_0}",
            r"\mathrm{WDD} = (T_1 - T_0) - (C_1 - C_0)",
        ),
        N_(
            "T the treated area, C its comparison, 0 before, 1 after. g is how the comparison area grew, so g times "
            "the count before is the expected count. The ratio RR states the same as a proportion; for the buffer it "
            "shows whether the problem moved. The published weighted displacement difference (WDD) is shown "
            "alongside: it assumes the same change in number in both areas, which fails where all of the city grows."
        ),
        N_(
            "The verdict rests on similar areas: as many connected cells, away from the measure, in the same weeks. "
            "Their counts after are regressed on their counts before (x, by window), which predicts the treated area "
            "(μ) with the change of the city and the return to the mean; their own residuals give φ, τ² and the "
            "interval. A change is shown where the interval excludes 1, and likely where similar areas come out so "
            "low (or so high) by themselves in fewer than 4 % of cases. Neither is said unless there are at least 20 "
            "similar areas (or earlier periods of them) and the history of the plan proves that areas, dates and test "
            "were set before the start. Intervals against the comparison area are widened by how similar areas vary."
        ),
        N_(
            "Where there are too few similar areas, too little history, or none nearly as busy, nothing is concluded. "
            "Something else that happened at this place alone in the same weeks looks like an effect."
        ),
        (
            "Wheeler & Ratcliffe 2018, Crime Science 7",
            "Bowers & Johnson 2003, JQC 19",
            "Abadie, Diamond & Hainmueller 2010, JASA 105",
            "Carroll & Ruppert 1988, Transformation and Weighting in Regression",
        ),
        N_(
            "The published example of the weighted displacement difference. Simulated cities with bursts of reports "
            "and drifting risk check how often plans that do nothing are said to work (docs/verdicts.md)."
        ),
    ),
    MethodEntry(
        N_("From an export to alerts"),
        N_("What became of each row of the files that were imported?"),
        (r"\text{accepted} + \text{updated} + \text{duplicate} + \text{quarantined} = \text{read}",),
        N_(
            "Order of day and month, decimal separators, coordinate system and time zone are decided over the whole "
            "file, never row by row; where its evidence is balanced, a person is asked. A row that repeats the id "
            "and the content of an earlier one is a duplicate; other rows with that id are further alerts of "
            "the same event. Equal rows without an id are all kept."
        ),
        N_(
            "Gender is read, never guessed: a word that is not understood counts as not known and is marked. A report "
            "of several categories counts once in totals and once in each of them. Names, telephone numbers and free "
            "text are not stored."
        ),
        N_(
            "A date without a time has no hour and no darkness; where only the month is known, days and weeks mean "
            "nothing. Two reports of one event by two people are two alerts: none is removed."
        ),
        (),
        N_("Eleven public exports, each counted a second time from its raw columns."),
    ),
    MethodEntry(
        N_("What is counted"),
        N_("How many alerts are there, when several people report one event?"),
        (r"\operatorname{Var}(y) = \varphi\, \operatorname{E}(y)",),
        N_("y is a number of alerts, φ the number of times that it varies more than independent alerts would."),
        N_(
            "Every figure, map and test counts alerts, each one once; so does every share by gender. Nothing tells for "
            "certain which alerts report the same event, so none is left out and none is merged. That one event may be "
            "reported several times makes counts vary more: how much more is learned from the past of the city, and "
            "every test takes it into account (docs/counts.md)."
        ),
        N_(
            "A number of alerts is not a number of events: where people report more of the same, it grows without "
            "anything more having happened. Only the test of repeats and near repeats leaves out alerts that may "
            "report the same event, by the rule that is named there."
        ),
        ("McCullagh & Nelder 1989, Generalized Linear Models", "docs/counts.md"),
    ),
    MethodEntry(
        N_("How precise the data are"),
        N_("How far can positions, times and counts be trusted?"),
        (r"d = 2\left(\sqrt{n + \tfrac{3}{8}} - \sqrt{m + \tfrac{3}{8}}\right)",),
        N_(
            "n alerts of a week, m the median of the six weeks before and the six after: a week is reported as a "
            "jump where d is more than four times its usual spread. Positions are as precise as the step between the "
            "coordinates that occur; map cells narrower than that step are not supported."
        ),
        N_(
            "Near-duplicates are alerts of one category within 50 m and 48 hours. A default coordinate is one exact "
            "point with more than 20 alerts, more than 1 % of those in the city (outside it, of those outside), and "
            "more than five times as many as 95 % of the points with 20 alerts or fewer hold."
        ),
        N_("Busy streets have near-duplicates by chance: they are a reason to look, not a count of errors."),
        ("Anscombe 1948, Biometrika 35",),
    ),
    MethodEntry(
        N_("Days that the sources cover"),
        N_("Were there no alerts, or is a part of the export missing?"),
        (r"p = \left(1 + \tfrac{k}{a v} \ln\left(1 + \tfrac{G}{D}\right)\right)^{-v}",),
        N_(
            "A stretch of days without alerts is compared with the days on each side of it: k alerts there, G and D "
            "the usual alerts of both stretches by weekday, a the dispersion of weekly counts, known from 3v pairs of "
            "weeks. It is a gap where on both sides p is below 0.05, divided by the number of all stretches without "
            "alerts."
        ),
        N_(
            "Each source is judged by itself; by months where only these are known. Lively days count up to the "
            "nine-tenths quantile of their surroundings. The same days of other years say what the season lets expect. "
            "Days in a gap are left out of comparisons, on both sides. An analyst can correct them on the Data page."
        ),
        N_(
            "Of 5,760 simulated sources without a gap, with bursts, seasons and holidays, 7 were given one; where "
            "the pace changed suddenly several times within a few months, up to 7 of 100. A single day, a month with "
            "few alerts, and the end of all data are never gaps. A month missing from a source of fewer than about one "
            "alert a day may go unnoticed."
        ),
        ("Przyborowski & Wilenski 1940, Biometrika 31", "docs/coverage.md"),
    ),
    MethodEntry(
        N_("Map cells"),
        N_("In which cell does an alert count, and is it the hexagon in which it lies?"),
        (),
        N_(
            "The finest cell (H3 resolution 12, about 20 m) is computed from the coordinates; a larger one is all "
            "finest cells that have it as their parent."
        ),
        N_("Sizes fit into each other: the counts of small cells add up to those of large ones."),
        N_(
            "These sets do not fill the hexagon that is drawn or exported: 5 to 7 % of alerts, all near an edge, lie "
            "in the hexagon next to the one in which they count (measured on Chicago, Lancashire, New York and the "
            "sample, in all sizes). Whoever counts points in exported hexagons differs by as much."
        ),
        ("Uber 2018, H3: hexagonal hierarchical geospatial indexing system",),
    ),
    MethodEntry(
        N_("Large areas"),
        N_("How large are the cells of a region or a country, and what is done with an export of one?"),
        (r"m \le \frac{A + 2 r L + k \pi (2 r)^2}{a}",),
        N_(
            "m the map cells that touch the area, A its square kilometres on the ellipsoid, L the length of its k "
            "rings, r the reach of a cell from its middle and a the smallest cell there. Known before any cell is made."
        ),
        N_(
            "At most 100,000 cells on a map, 50,000 on those of council and public, and 5,000,000 cells times steps "
            "over time: cells grow until that holds, up to about 40 km. From 2,000 km² on a first export is called a "
            "region, from 10,000 km² a country, unless 90 % of its alerts lie in one dense area. A dense area begins "
            "at the disc of 3 km with most alerts and grows, up to 25 km, while the next ring is at least a tenth as "
            "dense as what lies within."
        ),
        N_(
            "A hot spot in cells of kilometres is a town, not a place for an intervention. Alerts outside the chosen "
            "area are on no map; they count in every total that needs none."
        ),
        ("Karney 2013, Journal of Geodesy 87",),
        N_("Areas of an equal-area projection (EASE-Grid 2.0), and of a zone of the ellipsoid in closed form."),
    ),
    MethodEntry(
        N_("The protected copy"),
        N_("How are people protected who could be recognised in a small number?"),
        (
            r"P(\text{place exchanged}) = 0.5 \text{ where fewer than 5 are alike, else } 0.05",
            r"P_{\text{sensitive}}(\text{place exchanged}) = 1 \text{ where fewer than 10 are alike, else } 0.25",
        ),
        N_(
            "Council and public are counted from a copy of the alerts in which rare ones have exchanged place and time "
            "with others, once and by a secret draw. The time is a week and a band of six hours, the place a map cell; "
            "alerts of sensitive categories have the month and darkness alone, and every rare one has exchanged. "
            "Alerts of later imports wait until enough are there to exchange with, about half of the sensitive ones "
            "for one release more. Numbers under 5, or under 10 for sensitive categories, are written as “fewer than”; "
            "a city may ask for more than these in its profile. Of a corrected p, which depends on all numbers of its "
            "table, changes and comparisons by gender or of two maps tell these readers only on which side of 0.05 it "
            "is."
        ),
        N_(
            "Where no alert waits, the city's alerts are exact: all by month, ordinary ones by week, "
            "band of six hours, darkness, category and gender, sensitive ones by quarter, category and gender. "
            "Ordinary alerts of each cell are exact by quarter. Under the filter that everybody opens, the whole "
            "city and a period by its name, what the Briefing tells, the hot spots and what weighs more on whom are "
            "chosen from the alerts for all readers alike; council and public get the figures of the copy. Of "
            "sensitive categories no hot spot is judged from the copy."
        ),
        N_(
            "Small numbers of the copy are often not those of the alerts, and those of the newest months can be too "
            "low while alerts wait. Analysts and specialists see the alerts themselves."
        ),
        (
            "Office for National Statistics 2023, Protecting personal data in Census 2021 results",
            "Hundepool et al. 2012, Statistical Disclosure Control",
        ),
    ),
)
