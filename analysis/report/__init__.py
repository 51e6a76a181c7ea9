"""Documents for the council, as PDF or Word; maps and charts for print; one change as a picture for a newsletter.

Public: `papers` (`Brief` and its rows, `brief_document`, `plan_document`), `maps` (`city_map`, `layers_map`,
`areas_map`), `charts` (`change_chart`, `draw_card`). `documents` holds what a document is made of, and sets it as PDF.
"""
