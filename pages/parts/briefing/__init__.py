"""The Briefing page: change cards, the map with hot spots, genders, decided plans, and the document to download.

Public: `cached_brief`, `draw_since_input` (queries) and the `draw_*` functions of
`change_cards`, `sections` and `document`, called by pages/briefing.py.
"""
