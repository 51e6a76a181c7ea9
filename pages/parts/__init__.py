"""What the pages are made of: one package for each page, independent of one another.

Shared by all: `frame` (access, filter bar, links, caching), `maps`, `charts` (charts and tables), `plans` (plan store).
"""
