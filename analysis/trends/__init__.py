"""Counts over time: the expected range of each period, changes between two periods, and the clock of the week.

Public: `time_series.trend_of`, `time_series.Trend`, `changes.judge`, `changes.distinct_changes`,
`line.read_line`, `time_series.week_clock`.
"""
