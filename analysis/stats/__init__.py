"""Tests, intervals and corrections that the methods share; nothing here knows of maps or pages.

Public: `significance.benjamini_hochberg` (q-values), `larger_rate`, `smaller_rate`, `larger_share` and
`smaller_share`, `intervals` (`Estimate`, `wilson`, `rate_ratio`, `poisson_rate`), `dispersion.Dispersion`,
`intervals.Choice`, `intervals.Result`.
"""
