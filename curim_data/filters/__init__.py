"""Which alerts are meant: the filter, with its query string, sentence, chips and predicate, and its table of fields.

Public: `AlertFilter`, `FIELDS`, `PERIODS`, `Total`, `asked_categories`, `field_of`. `fields` holds the kinds of fields
and `alert_filter` the table of them: a kind is rarely added, a row often.
"""

from curim_data.filters.alert_filter import FIELDS, PERIODS, AlertFilter, asked_categories, field_of, window_hours
from curim_data.filters.total import Total

__all__ = ["FIELDS", "PERIODS", "AlertFilter", "Total", "asked_categories", "field_of", "window_hours"]
