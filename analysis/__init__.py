"""Statistics on bounded tables of counts: pure functions that return frozen results which describe themselves.

One sub-package or module a method family (`hotspots`, `trends`, `plans`, `spots`, `report`; `clusters` on `dbscan`,
`comparison`, `concentration`, `density`, `emerging` on `cube`, `forecast`, `gender`, `space_time`); `grid` holds the
land as cells and pixels, `stats` the tests and intervals that all of them use. Every result has n, its choices
(settings, each with the reason) and `sentence(t)`. Nothing here reads a store or draws a page.
"""
