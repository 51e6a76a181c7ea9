"""Getis-Ord Gi and Gi*: how far a neighbourhood's sum lies from what the mean of all cells predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from curim_data.model import FloatArray


def getis_ord(values: Any, weights: sparse.csr_array) -> FloatArray:
    """Gi*: how far the sum over a cell's neighbourhood lies from what the mean of all cells predicts.

        Gi*_i = (sum_j w_ij x_j - xbar W_i) / (s sqrt((n S1_i - W_i²) / (n - 1)))

    with W_i = sum_j w_ij, S1_i = sum_j w_ij² and s² = sum_j x_j² / n - xbar². The number is in standard deviations;
    its normal tail is no p-value where counts are small (see `analysis.hotspots.grouping`).

    Parameters
    ----------
    values : array, shape (m,)
        Counts by cell, zeros included.
    weights : csr_array, shape (m, m)
        Neighbours with the cell itself, as from `analysis.grid.cells.neighbours`.

    Returns
    -------
    array, shape (m,)
        z; zero where the values do not vary or the neighbourhood is the whole map.

    References
    ----------
    Ord, J. K. and Getis, A. (1995). Geographical Analysis 27, 286–306.
    """
    x = np.asarray(values, dtype=float)
    total = np.asarray(weights.sum(axis=1), dtype=float).ravel()
    squares = np.asarray(weights.multiply(weights).sum(axis=1), dtype=float).ravel()
    count = max(len(x), 1)
    mean = x.sum() / count
    variance = (x**2).sum() / count - mean**2
    spread = np.sqrt(np.maximum(variance * (count * squares - total**2) / max(count - 1, 1), 0))
    distance = weights @ x - mean * total
    flat = spread <= 1e-9 * np.maximum(np.abs(mean), 1e-300)
    return np.asarray(np.divide(distance, spread, out=np.zeros(len(x)), where=~flat))
