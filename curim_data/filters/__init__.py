"""Which alerts are meant: the filter, with its query string, sentence, chips and predicate, and its table of fields.

Public: `AlertFilter`, of which every attribute is a row of the table; `row`, `choice_field`, `Widget` for one more row;
`PERIODS`, `asked_categories`, `column_label`, `value_label`, `month_bounds`.
One module for fields and filter: they know each other.
"""

from curim_data.filters.alert_filter import (
    PERIODS,
    AlertFilter,
    Field,
    Widget,
    asked_categories,
    choice_field,
    column_label,
    month_bounds,
    row,
    value_label,
)
