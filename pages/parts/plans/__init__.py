"""Plans as several pages use them: the store of the home on show, who may edit, and the map of a plan's areas.

Public: `plan_store`, `translated_plan`, `reference_day`, `may_edit`, `author_name`, `ask_author` (access),
`draw_areas_map` (areas_map).
"""
