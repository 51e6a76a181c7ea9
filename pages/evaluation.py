"""Evaluation, for the specialist and the council: what became of a plan, and how certain that is."""

from curim_data.model import Role
from pages.parts.evaluation import draw_evaluation_page
from pages.parts.frame import require

draw_evaluation_page(require(Role.COUNCIL))
