from curim_data.access import Role
from pages.parts.evaluation_show import show_page
from pages.parts.guard import require

show_page(require(Role.COUNCIL))
