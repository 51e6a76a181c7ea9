"""One finding, for everybody: what and where, over the years, for whom, next door, how sure; and the way to a plan."""

from curim_data.model import Role
from pages.parts.finding import asked_finding, draw_finding, draw_none
from pages.parts.frame import contained, require

page = require(Role.PUBLIC)

with contained(page.t("Finding")):
    found = asked_finding(page)
    if found is None:
        draw_none(page)
    else:
        draw_finding(page, *found)
