"""What the Methods page says of hot spots: layers, tabs, and options of the test."""

from __future__ import annotations

from typing import Final

from curim_data.model import N_
from pages.parts.methods.general import MethodEntry

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


PLACES: Final = (
    MethodEntry(
        N_("Density"),
        N_("How dense are the alerts, as a surface without the borders of cells?"),
        (
            r"f = c\, \frac{G_h(H)}{G_h(M)} \Big/ \text{months}",
            r"\mathrm{score}(h) = \sum_j w_j \ln\left((1 - \epsilon)\, A f_h(s_j) + \epsilon\right)",
        ),
        N_(
            "H the alerts by pixel, M the land by pixel, G_h the Gaussian of width h (its standard deviation, in "
            "metres), c so that the alerts add up again. Dividing by the smoothed land restores what the smoothing "
            "carries out to sea. The score states how well a width forecast where the later alerts occurred: f from "
            "the earlier ones, s the later places with weights w, A the area, ε = 0.01 a small uniform share."
        ),
        N_(
            "The width with the best score of eighteen from 50 to 1,000 m is taken, and never one below the precision "
            "of the coordinates. Exact positions that repeat count as one place in this choice. Drawn in alerts per "
            "km² and month."
        ),
        N_(
            "A surface shows no test: a dark patch may be due to chance. The hot cells and the clusters show which "
            "places are not. The protected copy has the middles of map cells alone, so the council has no surface."
        ),
        (
            "Silverman 1982, Applied Statistics 31",
            "Diggle 1985, Applied Statistics 34",
            "Bowman 1984, Biometrika 71",
        ),
        N_(
            "No width chosen in this way is published; a slow sum checks the scores. Far from the shore the surface is "
            "that of a common package, and the usual rule of thumb has its published value on robberies in Memphis."
        ),
    ),
    MethodEntry(
        N_("Hot spots over time: emerging, lasting, fading"),
        N_("Which places have become hot, stay hot, come and go, or have cooled down?"),
        (
            r"p = P\left(X \ge x \mid X \sim \mathrm{Bin}\left(x + y,\ \tfrac{m A}{m A + B}\right)\right)"
            r"\quad\text{cell by step}",
            r"S = \sum_{i<j} \mathrm{sgn}(z_j - z_i), \qquad p = \frac{1 + \#\{r : |S_r| \ge |S|\}}{R + 1}",
        ),
        N_(
            "Every cell in every month has a window: the cell and its neighbours, in that month and the one before. "
            "It is hot by the test of the hot spots, against its neighbourhood in the same months, corrected over "
            "all cells and months. S is Mann–Kendall's sum over the Gi* z of the months; its p comes from up to R = "
            "999 permutations of the months (fewer where p is soon seen to be large), three at a time where there "
            "are 24 or more, with all windows recalculated."
        ),
        N_(
            "Seventeen classes, hot and cold, tested in this order: new, consecutive, historical, intensifying, "
            "diminishing, persistent, oscillating, sporadic. New: hot in the last month for the first time. "
            "Consecutive: hot without a break up to now, and never before. Intensifying, persistent, diminishing: hot "
            "in at least 90 % of the months and in the last, by trend. Historical: hot in at least 90 %, not in the "
            "last. Sporadic and oscillating come and go and are hot now; oscillating was cold before."
        ),
        N_(
            "Windows of months that follow each other share a month, so the plain trend test would find 14 to 19 % "
            "false trends at a nominal 5 %; the permutations find 4 to 5 %. A class is of a place within its "
            "neighbourhood, not of the whole city: where all of the city rises, no place becomes hot by that."
        ),
        (
            "Mann 1945, Econometrica 13",
            "Kendall 1975, Rank Correlation Methods",
            "Esri, How Emerging Hot Spot Analysis works",
        ),
        N_(
            "The published S and Sen's slope of three series. No published table of classes is known: one series made "
            "by hand for each class, and the classes planted in the sample city."
        ),
    ),
    MethodEntry(
        N_("Alerts on shared points"),
        N_("What is a place compared with where a file moves alerts to corners or blocks?"),
        (r"A'_i = (1 - s) A_i + s \sum_{a:\ \text{nearest point of } a \text{ in } i} a",),
        N_(
            "s is the share of all alerts that stand exactly on a point with alerts of another day. So much of each "
            "piece of land a counts in the cell i of the shared point nearest to it, the rest in its own cell. Hot "
            "spots and classes over time are tested by A' instead of the land A. What clusters are compared with, and "
            "the maps of chance, are moved to the points in the same way."
        ),
        N_(
            "From a tenth of the alerts on shared points. Points are those of all alerts ever imported, without "
            "default positions; alerts of one day alone make no shared point."
        ),
        N_(
            "A corner is taken to serve the land nearest to it. Where each address has as many alerts as any other, a "
            "place with many addresses is dense, and shown as such. Single points far from others, as in villages, are "
            "hot spots more often than clusters: around them nothing else tells what would be usual."
        ),
        (
            "Okabe et al. 2000, Spatial Tessellations",
            "Tompson et al. 2015, Cartography and Geographic Information Science 42",
        ),
        N_("Sums of land piece by piece; quiet made-up cities moved to 1,500 irregular corners."),
    ),
    MethodEntry(
        N_("Repeats and near repeats"),
        N_("After an incident, do more follow nearby and soon, beyond what the place and the season explain?"),
        (
            r"\mathrm{ratio}_{ab} = \frac{N_{ab}}{\overline{N_{ab}^{(m)}}}, \qquad "
            r"p_{ab} = \frac{1 + \#\{m : N_{ab}^{(m)} \ge N_{ab}\}}{M + 1}",
            r"E_{ab} = \frac{N_a\, N_b}{n (n - 1) / 2}",
        ),
        N_(
            "N pairs of incidents at a distance in band a and a number of days apart in band b, over M permutations "
            "of the dates. E is the closed form of the number expected by chance. Bands are written as intervals: "
            "(100, 200] includes 200 and not 100."
        ),
        N_(
            "Alerts of one category within 50 m and 2 hours of an earlier one, or with one number in their source, are "
            "taken out first, else an event that is reported twice would be a repeat of itself. The very same "
            "place is a band of its own. A band is a pattern when its ratio is at least 1.2 and its corrected "
            "p below 0.05. Bands are never finer than the coordinates."
        ),
        N_(
            "A place that became busier for a while also makes pairs that are close and soon; where the excess hardly "
            "fades with time, the page says so. Pairs say nothing of offenders."
        ),
        (
            "Knox 1964, Applied Statistics 13",
            "Johnson et al. 2007, Journal of Quantitative Criminology 23",
        ),
        N_(
            "The published pairs of three data sets: Burkitt's lymphoma, burglaries in Chicago 2016 in all bands by "
            "both distances, arson in Chicago. One widely used program labels bands as closed on the wrong side; ours "
            "hold what they say."
        ),
    ),
    MethodEntry(
        N_("Concentration"),
        N_("How few places hold most alerts, and how few would by chance alone?"),
        (
            r"G = \frac{\sum_i (2i - n - 1)\, x_{(i)}}{n \sum_i x_i}, \qquad "
            r"G' = \max\left(1, \tfrac{n}{c}\right) (G - 1) + 1",
        ),
        N_(
            "x the alerts of n places in ascending order, c all alerts. G' is the generalised Gini: 0 where the "
            "alerts are spread as evenly as so many can be, 1 where all are in one place."
        ),
        N_("Chance: as many alerts placed at random over the places, in proportion to their land, many times."),
        N_(
            "Fewer alerts than places always look concentrated; so compare the share with that expected by chance, "
            "and the Gini with the Gini expected by chance. Coarser cells give lower figures."
        ),
        (
            "Bernasco & Steenbeek 2017, Journal of Quantitative Criminology 33",
            "Weisburd 2015, Criminology 53",
            "Chalfin et al. 2021, Journal of Research in Crime and Delinquency 58",
        ),
        N_("The published Gini and generalised Gini of small examples."),
    ),
    MethodEntry(
        N_("Comparison of two maps"),
        N_("In which places does the share of one filter differ from its share in the rest of the city?"),
        (r"p = 2 \cdot 2 \cdot P\left(X \ge a \mid X \sim \mathrm{Hypergeom}(A + B,\ A,\ a + b)\right)",),
        N_(
            "a alerts of the first filter and b of the second in a place, A and B in the place and the rest of the "
            "city. This is the exact distribution under permuted labels. Both tails and two sizes of place are "
            "tested, hence doubled twice."
        ),
        N_(
            "Places too small for any difference to be detected are left out before the correction. Places that "
            "stand out far beyond chance are first taken out of the rest, one after the other: else one strong place "
            "would make all others seem to differ in the opposite direction."
        ),
        N_(
            "It compares shares, so a place can differ without being hot. Hot for one and not hot for the other is no "
            "difference by itself."
        ),
        (
            "Gelman & Stern 2006, The American Statistician 60",
            "Tarone 1990, Biometrics 46",
            "Gilbert 2005, Applied Statistics 54",
        ),
        N_(
            "No map with this test is published; each p is that of Fisher's exact test. With permuted labels no more "
            "than 5 % of the maps have any place that differs."
        ),
    ),
    MethodEntry(
        N_("Forecast of places and of the city"),
        N_("Where, and how many alerts are to be expected in the next one to four weeks?"),
        (
            r"\mathrm{PAI} = \frac{n / N}{a / A}, \qquad "
            r"\mathrm{PEI} = \frac{\mathrm{PAI}}{\mathrm{PAI}_{\max}}, \qquad "
            r"\mathrm{PEI}_{\mathrm{cells}} = \frac{n}{n_{\max}}, \qquad "
            r"\mathrm{recapture} = \frac{n_2 / n_1}{N_2 / N_1}",
        ),
        N_(
            "n of N alerts occurred on the flagged part a of the land A; PAI max is that of the best flags of the "
            "same size, and n max the most alerts that as many cells could have held, whatever their land. Recapture "
            "compares with the 52 weeks before on the same land. Expected counts of the city carry on the line of the "
            "expected range, with a negative binomial interval, as wide as the errors of past predictions."
        ),
        N_(
            "Three methods are compared at up to 26 dates in the past, each with what was known then: plain counting "
            "of 52 weeks, fading counts spread to the neighbours, and a blend of long run and recent weeks. A model "
            "replaces plain counting only where the interval of its gain is above zero. With under 50 alerts in the "
            "test no forecast is shown."
        ),
        N_(
            "It forecasts alerts, not crime, and sends nobody anywhere: more patrols make more reports, and the next "
            "forecast would learn from them. Most of what a forecast knows, plain counting knows too."
        ),
        (
            "Chainey, Tompson & Uhlig 2008, Security Journal 21",
            "Hunt 2016, Do crime hot spots move?",
            "Levine 2008, Security Journal 21",
            "Harvey & Fernandes 1989, Journal of Business & Economic Statistics 7",
        ),
        N_("The published PAI and PEI of two small examples."),
    ),
)
