"""What the fork server of the walk loads: the modules of the pages and of the command; none of them starts a thread."""

from curim_data.cli import app  # noqa: F401
from pages.parts.frame.web import warm_up

warm_up()
