"""Maps: the city's own base map, cells in classes with their legend, points and name labels.

Public: `draw_cell_map`, `draw_layers`, `draw_named_layers`, `draw_point_map` and `draw_legend_row` (cell_map),
`name_layers`, `Pin`, `base_layers` and `fitted_view` (basemap).
"""

from pages.parts.maps.basemap import (
    BESIDE_GAP,
    FoundPlace,
    Pin,
    map_width,
    ranked_name,
    room_beside,
    without_outline,
)
from pages.parts.maps.cell_map import (
    MAP_OF,
    Outline,
    alert_count,
    cell_layer,
    cell_shades,
    draw_cell_map,
    draw_illustrative_note,
    draw_layers,
    draw_legend_row,
    draw_named_layers,
    hexagons,
    map_download_button,
    map_layer,
    picked_on_map,
    written_alerts,
)
