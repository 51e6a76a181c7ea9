"""Documents for the council, as PDF or Word; maps and charts for print; one change as a picture for a newsletter.

Public: `documents.brief_document`, `documents.plan_document`, `brief` (`Brief` and its rows), `maps` (`city_map`,
`layers_map`, `areas_map`), `charts.change_chart`, `card` (`NewsCard`, `draw_card`). A document is made of `blocks`.
"""
