"""From a filter to counts: each question is a group-by, and each answer has passed disclosure control.

Public: `counts`, `cells`, `tables`, `total`, `options`, `all_options`, `default_coordinates`,
`nearest_nonempty`, `dates`, `sentence`, `dimensions`; `coded_tables` and `categoricals` to sum tables again; `Question`
and `ask`, which these are made of.
"""

from curim_data.privacy import DisclosureError
from curim_data.query._default_points import (
    default_points,
    keep_default_points,
    keep_no_default_points,
)
from curim_data.query._layout import dates, dimensions
from curim_data.query.answers import (
    all_options,
    cells,
    coded_tables,
    counts,
    default_coordinates,
    nearest_nonempty,
    options,
    sentence,
    tables,
    total,
)
from curim_data.query.question import Question, ask
from curim_data.query.total import Total
