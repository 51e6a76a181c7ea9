"""The page that compares two cities of one house.

Public: `draw_comparison_page` (comparison), called by pages/cities.py. `differences` words what differs in reporting.
"""
