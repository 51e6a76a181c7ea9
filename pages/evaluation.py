from curim_data.model.access import Role
from pages.parts.evaluation.result import show_page
from pages.parts.frame.guard import require

show_page(require(Role.COUNCIL))
