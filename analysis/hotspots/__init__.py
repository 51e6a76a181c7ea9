"""Hot spots on cells: the exact test and corrected p-value (q) of every cell, and the groups of significant cells.

`cell_significance.hot_cells` tests each cell (p, q, hot, cold); `grouping.hot_spots` and `cold_spots` join them.
Public: these three, `cell_significance.HotCells`, `grouping` (`Spot`), `surroundings` (`Denominator`,
`occupied_land`, `window_for`), `grouping.excess_of`, `in_order`, `worth_a_plan` (alerts above expected, and the order
of the list), `cell_significance.detection_power` and `planned_power`.
"""
