"""Parts that the pages are made of: the door, the filter bar, maps, charts, tables, links."""
