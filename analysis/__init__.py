"""Statistics on bounded tables of counts: pure functions that return frozen results which describe themselves.

One sub-package a method family, or one module (`comparison`, `concentration`, `density`, `gender`, `space_time`);
`stats` holds the tests and intervals that all of them use. Every result has n, its choices (settings, each with the
reason) and `sentence(t)`. Nothing here reads a store or draws a page.
"""
