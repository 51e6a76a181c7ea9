"""Intervention plans: the catalogue of measures, the draft of a plan, and the verdict on what it achieved.

Public: `drafting.draft_plan`, `drafting.catalogue`, `drafting.rank_measures`,
`drafting.problem_statement`, `verdict.fit_placebos`, `verdict.placebo_verdict`.
"""
