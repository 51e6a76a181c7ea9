"""Documents for the council, as PDF or Word, and maps for print.

Public: `documents.brief_document`, `documents.plan_document`, `brief.Brief`, `maps.city_map`, `maps.layers_map`,
`maps.areas_map`.
"""
