"""The Trends page: the answer to the filter with its line, and the count taken apart behind questions.

Public: the `draw_*` functions of `line` and `breakdown`, called by pages/trends.py.
"""
