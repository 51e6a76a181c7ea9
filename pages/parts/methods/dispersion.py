"""What the Methods page says of the dispersion of counts."""

from __future__ import annotations

from typing import Final

from curim_data.model import N_
from pages.parts.methods.entry import MethodEntry

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
