"""Intervention plans: the catalogue of measures, the draft of a plan, and the evaluation of what it achieved.

Public: `drafting.draft_plan`, `evaluation.evaluate`, `evaluation.minimum_detectable_drop`, `drafting.catalogue`,
`drafting.rank_measures`, `drafting.problem_statement`, `evaluation.wdd`, `verdict.fit_placebos`,
`verdict.placebo_verdict`.
"""
