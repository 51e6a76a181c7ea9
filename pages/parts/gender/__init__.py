"""The Gender page: shares, darkness, feeling of safety, rates; categories, places and plans compared by gender.

Public: the `draw_*` functions of `shares`, which holds the cached studies too, and `comparisons`, called by
pages/gender.py.
"""
