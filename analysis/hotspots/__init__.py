"""Hot spots on cells: the exact test and corrected p-value (q) of every cell, and the groups of significant cells.

`cell_significance.hot_cells` tests each cell (p, q, hot, cold); `grouping.hot_spots` and `cold_spots` join them.
Public: these three, `cell_significance.HotCells`, `grouping.Spot`, `surroundings.Denominator`,
`surroundings.window_for`.
"""
