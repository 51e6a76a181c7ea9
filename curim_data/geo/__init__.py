"""Geometry, worked out once at import: what a city's profile adds to an alert, and which projection a file is in.

Public: `enrichment` (`enrich`: metres, H3 cells, district, place, local time, darkness), `projections`
(`fitting_projections`).
"""
