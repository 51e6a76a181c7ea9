"""The Hot spots page: its layers with the ranked list and the panel of a place, and the folds below the map.

Public: the `draw_*` functions of `places_layer`, `emerging_layer`, `alert_layers` and `folds`; cached studies are in
`queries`, what link and widgets agree on in `choices`.
"""
