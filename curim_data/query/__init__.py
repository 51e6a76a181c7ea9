"""From a filter to counts: each question is a group-by, and each answer has passed disclosure control.

Public: `counts`, `cells`, `total`, `options`, `all_options`, `default_coordinates`,
`nearest_nonempty`, `dates`, `sentence`, `dimensions`; `Question`
and `ask`, which these are made of.
"""

from curim_data.privacy import DisclosureError
from curim_data.query._default_points import (
    default_points,
    keep_default_points,
)
from curim_data.query._layout import dates, dimensions
from curim_data.query.answers import (
    Question,
    Total,
    all_options,
    ask,
    cells,
    counts,
    default_coordinates,
    nearest_nonempty,
    options,
    sentence,
    total,
)
