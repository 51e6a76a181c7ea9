"""What the Methods page says of the choices on the Hot spots page: bases and rates, weights, and names."""

from __future__ import annotations

from typing import Final

from curim_data.model import N_
from pages.parts.methods.entry import MethodEntry

OPTIONS: Final = (
    MethodEntry(
        N_("Shares and rates by place"),
        N_("Is there more of this here than of everything else, or more than expected for the number of residents?"),
        (
            r"p = P\left(X \ge x \mid X \sim \mathrm{Bin}\left(x + y,\ \tfrac{m A}{m A + B}\right)\right)",
            r"\hat{r}_i = w_i r_i + (1 - w_i)\, \mu, \quad w_i = \frac{V}{V + c / b_i}",
            r"s^2 = \frac{\sum_i b_i (r_i - \mu)^2}{\sum_i b_i}",
            r"V = \max\left(0,\ s^2 - \tfrac{\mu}{\bar{b}}\right), \quad c = \mu",
            r"V = \max\left(0,\ \frac{s^2 - \mu (1 - \mu) / \bar{b}}{1 - 1 / \bar{b}}\right)",
            r"c = \mu (1 - \mu) - V",
        ),
        N_(
            "A are all alerts (or residents) of the place, B of all the rest of the city, x and y the alerts of "
            "the filter in each. By residents the test is that of hot cells, with A and B in place of land. Among all "
            "alerts each is one of the filter or not: given both totals, x follows Fisher's noncentral "
            "hypergeometric distribution, with the odds of a share 1.25 times that of the rest. r is the rate of a "
            "cell, its alerts over its denominator b, and μ that of the city. V is the variance between cells "
            "beyond chance; where it is zero every cell has the rate of the city. c is the sampling variance of a "
            "rate: the first form is for residents, of whom alerts are no part, the second for shares of all "
            "alerts."
        ),
        N_(
            "All alerts are those of the same period, whatever else the filter asks for; both counts pass the same "
            "disclosure control. Residents are known by district and spread evenly over its land; a sliver of land "
            "counts as a quarter of a cell. A cell without a denominator is assessed with its neighbours only, and "
            "its alerts are left out."
        ),
        N_(
            "A share says nothing about how many alerts there are: a quiet place can have a high one. Residents "
            "are the wrong denominator for squares, stations and shores, where many people pass and few live. Rates "
            "of cells that share a border are not shrunk towards each other."
        ),
        (
            "Marshall 1991, Applied Statistics 40",
            "Martuzzi and Elliott 1996, Statistics in Medicine 15",
            "Kleinman 1973, Journal of the American Statistical Association 68",
            "Fisher 1935, Journal of the Royal Statistical Society 98",
        ),
        N_("The rates of infant deaths in North Carolina and of homicides around St. Louis."),
    ),
    MethodEntry(
        N_("Clusters by severity"),
        N_("Where do severe alerts lie close together?"),
        (
            r"w = s / \bar{s}, \qquad \varphi = \frac{\sum w^2}{\sum w}",
            r"\left[\frac{v}{2 c}\, \chi^2_{0.025}\left(\tfrac{2 c^2}{v}\right),\ "
            r"\frac{v + w_M^2}{2 (c + w_M)}\, \chi^2_{0.975}\left(\tfrac{2 (c + w_M)^2}{v + w_M^2}\right)\right]",
        ),
        N_(
            "An alert counts by its severity s over the mean severity; one without a severity counts as the mean. "
            "c is the weight of a cluster, v the sum of its squared weights, w_M the largest weight: the interval of "
            "c. The minimum of a core is that of a count with the same mean and dispersion φ."
        ),
        N_(
            "Each simulated map draws as many alerts from the smoothed, weighted density and gives them the "
            "observed weights in a random order. A cluster has five alerts or more, whatever they weigh."
        ),
        N_(
            "Severity is a grade that one person gave, treated as an amount here: 4 weighs twice as much as 2. "
            "Another scale would give other clusters."
        ),
        ("Fay & Feuer 1997, Statistics in Medicine 16", "Kulldorff 1997, Communications in Statistics 26"),
        N_("The intervals of five rates of Down syndrome by birth order, weighted by the age of the mother."),
    ),
    MethodEntry(
        N_("Hot spots and changes by harm"),
        N_("Where does what happened weigh most, and where did its weight change?"),
        (
            r"\operatorname{var} \sum w = \varphi \sum w^2",
            r"\log\frac{S_1 B_0}{S_0 B_1} \pm 1.96 \sqrt{"
            r"\varphi \sum_{S \in \{S_0, S_1, B_0, B_1\}} \frac{\sum w^2}{S^2}}",
        ),
        N_(
            "w is the severity, or the harm index that the city's profile gives a category, over its mean. S is the "
            "sum of weights of a place before and after, B that of the rest of the city, φ the dispersion of counts."
        ),
        N_(
            "The test of counts stays: a sum of weights has no exact one. Hot spots are ordered by the weight above "
            "expected; beside each change stands the ratio of weights, not corrected for having looked everywhere."
        ),
        N_(
            "A place of few but grave alerts that is not hot by its count is not found. Bursts are taken to weigh "
            "alike, so intervals are rather too wide. Only for those who see the alerts themselves."
        ),
        ("Fay & Feuer 1997, Statistics in Medicine 16", "Zou and Donner 2008, Statistics in Medicine 27"),
        N_("With equal weights the results of counts; intervals that miss the truth in at most 5 % of simulations."),
    ),
    MethodEntry(
        N_("Which place is which"),
        N_("Why does a place keep its name when the filter changes?"),
        (r"\text{overlap} + \max\left(0,\ 1 - \tfrac{\text{metres}}{200}\right) > 0",),
        N_(
            "Names are those of the hot spots of all alerts of all time. A place found under a filter is "
            "the one of those that it overlaps or lies nearest to, best pairs first, each place once."
        ),
        N_(
            "A name is the nearest landmark (“near” it beyond its radius); else the district and the street, from the "
            "city's files or as the export calls them; else the distance and direction from the city's centre, or "
            "where the profile is provisional from the middle of the alerts. "
            "Places that share a name are distinguished by street, direction and distance, those with most alerts "
            "first."
        ),
        N_(
            "Two halves of one large place share its history, and only one of them can keep its name. After an import "
            "with many new alerts names can change."
        ),
        (),
    ),
)
