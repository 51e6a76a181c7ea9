"""Maps: the city's own base map, cells in classes with their legend, points and name labels.

Public: `draw_cell_map`, `draw_layers`, `draw_named_layers` and `draw_point_map` (cell_map), `draw_legend_row`
(legends), `name_layers` and `Pin` (name_layers), `base_layers` and `fitted_view` (basemap).
"""
