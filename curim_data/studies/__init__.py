"""The questions that pages, reports and commands ask: counts after disclosure control, then the analysis of them.

Public: one module a question, each with its `*_study`, which takes a `Source`, a filter and an audience and returns
frozen results. Only here do `query` and `analysis` meet, so screen, paper and command line show the same figures.
"""
