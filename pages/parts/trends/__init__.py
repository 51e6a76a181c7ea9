"""The Trends page: the line of counts with its expected range, what changed, and the count taken apart.

Public: the `draw_*` functions of `line`, `changes` and `breakdown`, called by pages/trends.py.
"""
