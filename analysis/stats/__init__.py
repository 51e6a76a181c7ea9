"""Tests, intervals and corrections that the methods share; nothing here knows of maps or pages.

Public: `significance.benjamini_hochberg` (q-values), `exact_ratios.larger_rate`, `smaller_rate`, `larger_share` and
`smaller_share`, `intervals` (`Estimate`, `wilson`, `rate_ratio`, `poisson_rate`), `dispersion.Dispersion`,
`mann_kendall.block_permutation`, `result.Choice`.
"""
