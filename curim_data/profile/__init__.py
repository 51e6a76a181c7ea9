"""A city's profile: making a provisional one, editing it from the city's own files, its versions, re-enrichment.

Public: `edit` (`set_districts`, `set_population`, `set_landmarks`, ...), `shapes` and `tables` (reading uploaded
files), `versions` (change, restore, `reenrich_store`) and `provisional` (a first profile from the data).
"""
