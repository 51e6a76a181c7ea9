"""The texts of the Methods page: question, formulas, settings, limits and sources of each figure.

Public: `MethodEntry` (entry), and the entries `GENERAL` (general), `OPTIONS` (hotspot_options), `PLACES`
(hotspot_layers).
"""
