"""Counts over time: the expected range of each period, changes between two periods, and what reporting does to counts.

Public: `time_series` (`trend_of`, `Trend`, `week_clock`), `changes` (`judge`, `distinct_changes`,
`Change`), `line` (`read_line`, `Line`), `reporting` (`lag_of_reports`, `lag_of_imports`, `category_use`,
`find_events`).
"""
