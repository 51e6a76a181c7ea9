"""Charts and tables in one style, numbers written in the reader's language, each with its download.

Public: `draw_chart` and the `*_figure` functions (plots), `draw_table`, `draw_selectable_table` and
`download_button`, `number_with_interval` (tables), `Figure` and `base_figure` (figure).
"""

from pages.parts.charts.figure import Figure, base_figure, time_axis
from pages.parts.charts.plots import (
    BESIDE,
    MOST_LABELS,
    TimeMark,
    add_alarm_labels,
    add_forecast,
    add_marks,
    draw_chart,
    forest_figure,
    has_no_clock,
    interval_bars_figure,
    interval_lines,
    no_clock_reason,
    small_multiples_figure,
    wrapped_label,
)
from pages.parts.charts.tables import (
    SCROLL_BAR,
    SELECT_BOX,
    bars_of_shares,
    columns_in_room,
    download_button,
    draw_place_downloads,
    draw_selectable_table,
    draw_table,
    drawn_counts,
    expected_count,
    fitted_columns,
    number_with_interval,
    row_height,
    wrapped_columns,
    written_count,
    written_q,
)
