"""How far the stored alerts can be trusted: completeness, positions, default coordinates, gaps in time, duplicates.

Public: `study` (`quality_study`), `findings` (its sentences), `tables` (its output); `positions` (`finest_supported`)
is used by other studies.
"""
