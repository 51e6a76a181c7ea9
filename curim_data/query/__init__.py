"""From a filter to counts: each question is an Ibis group-by, and each answer has passed disclosure control.

Public: `counts`, `cells`, `tables`, `total`, `piles`, `options`, `all_options`, `nearest_nonempty`, `dates`,
`sentence`.
"""

from curim_data.query._questions import (
    GateError,
    Total,
    all_options,
    cells,
    counts,
    dates,
    dimensions,
    nearest_nonempty,
    options,
    piles,
    sentence,
    tables,
    total,
)

__all__ = [
    "GateError",
    "Total",
    "all_options",
    "cells",
    "counts",
    "dates",
    "dimensions",
    "nearest_nonempty",
    "options",
    "piles",
    "sentence",
    "tables",
    "total",
]
