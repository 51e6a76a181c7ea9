"""Charts and tables in one style, numbers written in the reader's language, each with its download.

Public: `draw_chart` and the `*_figure` functions (plots), `draw_table`, `draw_selectable_table` and
`download_button` (tables), `number_with_interval` (numbers), `Figure` and `base_figure` (figure).
"""
