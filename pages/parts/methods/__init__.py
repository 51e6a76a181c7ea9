"""The texts of the Methods page: question, formulas, settings, limits and sources of each figure.

Public: `MethodEntry` and the entries `GENERAL` (general), `OPTIONS` and `PLACES` (hotspots).
"""
