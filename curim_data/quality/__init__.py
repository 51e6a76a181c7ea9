"""How far the stored alerts can be trusted: completeness, positions, default coordinates, gaps in time, duplicates.

Public: `study` (`quality_study`), `findings` (its sentences), `tables` and `report` (its output); `positions`
(`finest_supported`) and `default_coordinates` are used by other studies and by the import.
"""
