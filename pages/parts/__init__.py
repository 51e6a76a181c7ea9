"""What the pages are made of: one package for each page (`briefing` and `evaluation`: a module), none using another.

Shared: `frame` (access, filter bar, links, caching), `maps`, `charts` (charts and tables), and the modules `plans`
(plan store) and `findings` (changes in words and charts).
"""
