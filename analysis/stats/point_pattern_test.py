"""The spatial point pattern test: in how many areas does the share of all alerts differ between two maps?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from analysis.stats.dispersion import spread_p
from analysis.stats.false_discovery import benjamini_hochberg
from curim_data.model import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class PatternTest:
    """By area, shape (m,): the shares of both maps, p, q, and whether they differ; 1 where the first has more, else -1.

    `occupied`: areas with an alert on either map; only these are tested (p and q are NaN elsewhere).
    """

    share_a: FloatArray
    share_b: FloatArray
    p: FloatArray
    q: FloatArray
    more: IntArray
    occupied: BoolArray
    alpha: float

    @property
    def differs(self) -> BoolArray:
        """Areas with q at most alpha."""
        return np.asarray(np.nan_to_num(self.q, nan=1.0) <= self.alpha)

    @property
    def s(self) -> float:
        """Share of all areas that do not differ (Andresen's S)."""
        return float(1 - self.differs.mean())

    @property
    def robust_s(self) -> float:
        """The same among areas with an alert; NaN without any."""
        count = int(self.occupied.sum())
        return float(1 - self.differs.sum() / count) if count else float("nan")


def point_pattern_test(first: Any, second: Any, *, alpha: float = 0.05, dispersion: float = 1.0) -> PatternTest:
    """Compare the share of each area in two maps: x1 / N1 against x2 / N2.

    p of each area with an alert: Fisher's exact test of the table (x1, x2, N1 - x1, N2 - x2), the smaller tail doubled;
    corrected for all of these (Benjamini-Hochberg). Exact, as areas with few alerts are many. `dispersion`: variance
    of counts by that of independent ones (`spread_p`).

    Andresen, M. A. (2009). Testing for similarity in area-based spatial patterns. Applied Geography 29, 333-345, with
    the test of a difference in proportions in place of his resampling: Wheeler, A. P., Steenbeek, W. & Andresen, M. A.
    (2018). Testing for similarity in area-based spatial patterns: alternative methods to Andresen's spatial point
    pattern test. Transactions in GIS 22, 760-774.

    Raises ValueError for shapes that differ, or counts that are not known, negative or not whole.

    >>> found = point_pattern_test([30, 5, 5, 0], [5, 30, 5, 0])
    >>> found.differs.tolist(), found.s, round(found.robust_s, 3)
    ([True, True, False, False], 0.5, 0.333)
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise ValueError(f"two counts for each area, not {a.shape} and {b.shape}")
    if not ((a >= 0).all() and (b >= 0).all()):
        raise ValueError("counts are known and not negative")
    if (a != np.floor(a)).any() or (b != np.floor(b)).any() or np.isinf(a + b).any():
        raise ValueError("counts are whole: Fisher's test knows no others")
    total_a, total_b = a.sum(), b.sum()
    occupied = a + b > 0
    p = np.full(len(a), np.nan)
    if total_a and total_b:
        # Many areas hold equally few.
        pairs, back = np.unique(np.stack([a[occupied], b[occupied]]), axis=1, return_inverse=True)
        law = stats.hypergeom(total_a + total_b, total_a, pairs.sum(axis=0))
        tails = np.minimum(law.cdf(pairs[0]), law.sf(pairs[0] - 1))
        p[occupied] = spread_p(np.minimum(1.0, 2 * tails), dispersion)[back.ravel()]
    share_a, share_b = (x / max(x.sum(), 1.0) for x in (a, b))
    more = np.sign(share_a - share_b).astype(int)
    return PatternTest(share_a, share_b, p, benjamini_hochberg(p), more, occupied, alpha)
