"""The Interventions page: the board of plans, and the editor with its steps from problem to document.

Public: `draw_board` and `draw_plan_editor` (editor), `plan_in_address` and `close_plan` (plan_edit), called by
pages/interventions.py.
"""
