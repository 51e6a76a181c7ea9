"""Documents for the council, as PDF or Word; maps for print; one finding as a picture for a newsletter.

Public: `papers` (`Brief` and its rows, `brief_document`, `plan_document`), `maps` (`city_map`, `layers_map`,
`areas_map`). `documents` holds what a document is made of, and sets it as PDF, and a card as a picture (`render_card`).
"""
