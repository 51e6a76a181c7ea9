"""Tests, intervals and corrections that the methods share; nothing here knows of maps or pages.

Public: `false_discovery.benjamini_hochberg` (q-values), `rate_tests.larger_rate` and `smaller_rate`,
`share_tests.larger_share` and `smaller_share`, `intervals` (`Estimate`, `wilson`, `rate_ratio`, `poisson_rate`),
`empirical_bayes.empirical_bayes`, `getis_ord.getis_ord`, `mann_kendall.mann_kendall`, `result.Choice`.
"""
