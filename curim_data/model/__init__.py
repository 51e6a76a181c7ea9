"""The ground floor: words, plain types and settings that every other package may use, and that use none of them.

Public: `alert` (the schema), `values` (its enums), `labels` (where the words of those enums are made), `i18n`
(`Translator`, `Message`), `city` (`CityProfile`), `access` (`Audience`, `Role`), `plan` (`Plan` and its JSON),
`reasons` (what an import reads, quarantines and asks), `absence` (what is not known, how finely time is), `coverage`
(which days are, notes, meetings), `extent` (of areas).

What is named here is loaded when it is asked for: who needs words alone, as the help of a command, does not wait for
tables and shapes.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curim_data.model.absence import (
        ASKED_FIELDS,
        NO_AFFECTED,
        NO_CATEGORY,
        NO_DISTRICTS,
        NO_FEELING,
        NO_GENDER,
        NO_LANDMARKS,
        NO_OUTLINE,
        NO_POPULATION,
        NO_POSITIONS,
        NO_REPORTERS,
        ONE_CATEGORY,
        SEVERAL_CATEGORIES,
        CalendarUnit,
        KnownTime,
        UnknownTimeError,
        fewer_than,
        is_small,
    )
    from curim_data.model.access import Audience, Role
    from curim_data.model.alert import SCHEMA, TOLD, BoolArray, CellArray, FloatArray, IntArray
    from curim_data.model.city import CityProfile, cell_polygons
    from curim_data.model.extent import MOST_MAP_CELLS, AreaTooLargeError, ask_shape
    from curim_data.model.i18n import LANGUAGES, N_, Message, MessageError, Num, Span, Translator, at_head, translator
    from curim_data.model.labels import (
        UNCATEGORISED,
        category_label,
        column_label,
        district_label,
        feeling_label,
        format_label,
        gender_label,
        group_label,
        hour_label,
        inline,
        kind_label,
        on_a_map,
        place_label,
        role_name,
        status_label,
        value_label,
    )
    from curim_data.model.plan import STATUS_WORDS, Plan, PlanStatus
    from curim_data.model.reasons import (
        BOTH_ORDERS,
        BY_NAMES,
        DAY_FIRST,
        EACH_EVENT,
        EACH_ROW,
        MEND_WORDS,
        MONTH_FIRST,
        MOST_QUESTIONS,
        REASON_WORDS,
        Answers,
        Block,
        Choice,
        Facts,
        Flag,
        ImportProblem,
        Opened,
        Question,
        Reason,
        RejectedRecord,
        Repair,
    )
    from curim_data.model.values import CELL_RESOLUTIONS, MAP_RESOLUTIONS, AgeBand, Gender, Kind, Status

_NAMES = {
    "absence": (
        *("ASKED_FIELDS", "NO_AFFECTED", "NO_CATEGORY", "NO_POSITIONS", "NO_REPORTERS"),
        *("NO_DISTRICTS", "NO_FEELING", "NO_GENDER", "NO_LANDMARKS", "NO_OUTLINE", "NO_POPULATION", "ONE_CATEGORY"),
        *("SEVERAL_CATEGORIES", "CalendarUnit", "KnownTime", "UnknownTimeError", "fewer_than", "is_small"),
    ),
    "access": ("Audience", "Role"),
    "alert": ("SCHEMA", "TOLD", "BoolArray", "CellArray", "FloatArray", "IntArray"),
    "city": ("CityProfile", "cell_polygons"),
    "extent": ("MOST_MAP_CELLS", "AreaTooLargeError", "ask_shape"),
    "i18n": ("LANGUAGES", "N_", "Message", "MessageError", "Num", "Span", "Translator", "at_head", "translator"),
    "labels": (
        *("UNCATEGORISED", "category_label", "column_label", "district_label", "feeling_label", "format_label"),
        *("gender_label", "group_label", "hour_label", "inline", "kind_label", "on_a_map", "place_label"),
        *("role_name", "status_label", "value_label"),
    ),
    "plan": ("STATUS_WORDS", "Plan", "PlanStatus"),
    "reasons": (
        *("BOTH_ORDERS", "BY_NAMES", "DAY_FIRST", "EACH_EVENT", "EACH_ROW", "MEND_WORDS", "MONTH_FIRST"),
        "MOST_QUESTIONS",
        *("REASON_WORDS", "Answers", "Block", "Choice", "Facts", "Flag", "ImportProblem", "Opened", "Question"),
        *("Reason", "RejectedRecord", "Repair"),
    ),
    "values": ("CELL_RESOLUTIONS", "MAP_RESOLUTIONS", "AgeBand", "Gender", "Kind", "Status"),
}


def loaded_later(package: str, names: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose modules have these names, by module; AttributeError for any other name."""
    modules = {name: module for module, own in names.items() for name in own}

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return find


__getattr__ = loaded_later(__name__, _NAMES)
