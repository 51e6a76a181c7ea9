"""Headings of columns of counts, and labels of their values: a field's own where a column is a field's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curim_data.filters.alert_filter import AlertFilter
from curim_data.model import Translator, labels

if TYPE_CHECKING:
    from curim_data.model import CityProfile


def column_label(t: Translator, column: str) -> str:
    """The heading of a column of counts; an unknown column stands as it is."""
    field = AlertFilter.field_of(column)
    return labels.column_label(t, column) if field is None else field.heading(t, column)


def value_label(t: Translator, city: CityProfile, column: str, value: object) -> str:
    """The label of a value in a column of counts; what is missing is said to be missing."""
    field = AlertFilter.field_of(column)
    return labels.value_label(t, city, column, value) if field is None else field.value_label(t, city, column, value)
