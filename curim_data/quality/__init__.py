"""How far the stored alerts can be trusted: completeness, positions, default coordinates, gaps in time, duplicates.

Public: `study` (`quality_study`), `report` (its sentences and tables). Of `positions` other studies use
`coordinate_step`, `served_land` and `shared_points`.
"""
