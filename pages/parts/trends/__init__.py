"""The Trends page: the line of counts with its expected range, small multiples, week clock, table of changes.

Public: `draw_trend_line` (trend_line), `draw_year_on_year` (year_on_year), `draw_small_multiples` and `draw_week_clock`
(breakdown), `draw_changes_table` (changes_table), called by pages/trends.py.
"""
