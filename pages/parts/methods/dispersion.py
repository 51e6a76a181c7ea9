"""What the Methods page says of the dispersion of counts."""

from __future__ import annotations

from typing import Final

from curim_data.model import N_
from pages.parts.methods.entry import MethodEntry

DISPERSION: Final = MethodEntry(
    N_("How much counts scatter: bursts of reports, and risks that wander"),
    N_("How many times as wide as for independent alerts is an interval, because of how people report here?"),
    (
        r"V = m\,p\,(1 - p)\,\frac{N - m}{N - 1}, \qquad E = m\,p",
        r"\mathrm{E}\,(y - E)^2 = \varphi\,V + \tau^2 V^2",
        r"d = \varphi + \tau^2 V, \qquad z_d = z / \sqrt{d}",
    ),
    N_(
        "Pairs of earlier windows as far apart as the periods that are compared: y alerts of a place or category "
        "in the later one, m in both; N alerts of all that it is compared with in both, p the later window's part"
        " of them. So a season or a campaign, which moves all alike, and a place that is always hot are no "
        "scatter. φ is the variance that reports in bursts add, τ² the variance of a log ratio that wanders, d "
        "the dispersion of one comparison. Fisher's test and the e-test have the normal quantile of p divided by "
        "the root of d; the exact tests and intervals of two rates are those of counts divided by d. Hot spots, "
        "classes over time, comparisons of maps and concentration use φ alone, from neighbouring four weeks before the "
        "period, or up to its end where those before it tell too little. So do shares, whose φ is that of the share "
        "itself: of women among women and men, say, where all categories or districts together show what is common "
        "to all. Clusters are compared with random maps that hold such bursts, whose size and reach follow from φ in "
        "cells of three sizes."
    ),
    N_(
        "φ and τ² are fitted to all places and categories of one kind together (weighted least squares, "
        "improbable rows winsorised) over up to four years; φ is at least 1. φ is that of the kind with the most rows, "
        "and what another kind scatters beyond it is τ²: a handful of districts cannot tell bursts from a risk that "
        "wanders, and of n independent squares their d is raised by n / (n − 2). Categories whose reports come in "
        "larger or smaller bursts than others have a factor of their own, as far as they differ beyond chance "
        "(empirical Bayes). Since d is estimated, quantiles of changes are Student's, with degrees of freedom for φ "
        "and τ² (Satterthwaite); elsewhere d is raised by the square of Student's quantile over the normal one. "
        "Windows are as long as the later period, at most a quarter of a year. Where the past does not reach as far "
        "apart as the periods lie, τ² grows in proportion to the distance. The later period itself never enters."
    ),
    N_(
        "The past is taken as the measure of what is usual: after a change in how people report it no longer "
        "holds. For council and public d is learned from the past of the protected copy, and so holds its exchange."
    ),
    (
        "Wedderburn 1974, Biometrika 61",
        "von Neumann et al. 1941, Annals of Mathematical Statistics 12",
        "McCullagh & Nelder 1989, Generalized Linear Models",
        "Satterthwaite 1946, Biometrics Bulletin 2",
        "Thomas 1949, Biometrika 36",
    ),
    N_(
        "No value is published. In simulated quiet cities of 1,100 and 6,400 alerts a period with up to three "
        "reports of each incident, a season and risks that wander, at most 5 % have any change; as if alerts were"
        " independent, up to all of them have."
    ),
)
