"""Tests, intervals and corrections that the methods share; nothing here knows of maps or pages.

Public: `false_discovery.benjamini_hochberg` (q-values), `exact_rates.larger_rate` and `smaller_rate`,
`exact_shares.larger_share` and `smaller_share`, `intervals` (`Estimate`, `wilson`, `rate_ratio`, `poisson_rate`),
`empirical_bayes.empirical_bayes`, `getis_ord.getis_ord`, `mann_kendall.block_permutation`, `result.Choice`.
"""
