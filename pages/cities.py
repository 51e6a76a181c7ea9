"""Compare cities, for whoever may see two of the house: coverage, shares, movement, rates, and what differs."""

from curim_data.model import Role
from pages.parts.cities import draw_comparison_page
from pages.parts.frame import require

draw_comparison_page(require(Role.PUBLIC))
