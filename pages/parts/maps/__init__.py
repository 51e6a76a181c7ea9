"""Maps: the city's own base map, cells in classes with their legend, points and name labels.

Public: `draw_cell_map`, `draw_layers`, `draw_named_layers` and `draw_point_map` (cell_map), `draw_legend_row`
(legends), `name_layers` and `Pin` (name_layers), `base_layers` and `fitted_view` (basemap).
"""

from pages.parts.maps.basemap import (
    BESIDE_GAP,
    FoundPlace,
    disc_of,
    map_width,
    room_beside,
    union_of_cells,
    without_outline,
)
from pages.parts.maps.cell_map import (
    Outline,
    alert_count,
    draw_cell_map,
    draw_layers,
    draw_named_layers,
    hexagons,
    picked_on_map,
    written_alerts,
)
from pages.parts.maps.legends import (
    CellMeasure,
    cell_layer,
    cell_shades,
    draw_illustrative_note,
    draw_legend_row,
    map_download_button,
    map_layer,
)
from pages.parts.maps.name_layers import Pin, ranked_name
