"""The Evaluation page: what became of a plan, with its tests, charts and cautions.

Public: `draw_evaluation_page` (result), called by pages/evaluation.py.
"""
