"""The Hot spots page: map layers (places, emerging, density, alerts), the ranked list, the panel of a hot spot, tabs.

Public: `draw_places_layer`, `draw_emerging_layer`, `draw_density_layer`, `draw_alerts_layer`, `draw_spot_panel`
(spot_panel), `draw_tabs`; cached studies are in `queries`, what link and widgets agree on in `selection`.
"""
