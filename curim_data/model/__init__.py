"""The ground floor: words, plain types and settings that every other package may use, and that use none of them.

Public: `alert` (the schema), `values` (its enums), `labels` (where the words of those enums are made), `i18n`
(`Translator`, `Message`), `city` (`CityProfile`), `access` (`Audience`, `Role`), `plan` (`Plan` and its JSON),
`records`, `reasons`, `questions` (what an import reads, quarantines and asks), `known_time` (how finely time is known),
`transform` (between projections), `types`.

What is named here is loaded when it is asked for: who needs words alone, as the help of a command, does not wait for
tables and shapes.
"""

from typing import TYPE_CHECKING

from curim_data.model.later import loaded_later

if TYPE_CHECKING:
    from curim_data.model.access import Audience, Role
    from curim_data.model.alert import SCHEMA
    from curim_data.model.city import CityProfile, cell_polygons
    from curim_data.model.extent import MOST_MAP_CELLS, AreaTooLargeError
    from curim_data.model.i18n import LANGUAGES, N_, Message, MessageError, Num, Translator, translator
    from curim_data.model.known_time import KnownTime, UnknownTimeError
    from curim_data.model.plan import Plan, PlanStatus
    from curim_data.model.questions import Answers, Question
    from curim_data.model.reasons import ImportProblem, Reason
    from curim_data.model.records import Block, Facts
    from curim_data.model.types import BoolArray, FloatArray, IntArray
    from curim_data.model.values import CELL_RESOLUTIONS, MAP_RESOLUTIONS, Gender, Kind, Status

_NAMES = {
    "access": ("Audience", "Role"),
    "alert": ("SCHEMA",),
    "city": ("CityProfile", "cell_polygons"),
    "extent": ("MOST_MAP_CELLS", "AreaTooLargeError"),
    "i18n": ("LANGUAGES", "N_", "Message", "MessageError", "Num", "Translator", "translator"),
    "known_time": ("KnownTime", "UnknownTimeError"),
    "plan": ("Plan", "PlanStatus"),
    "questions": ("Answers", "Question"),
    "reasons": ("ImportProblem", "Reason"),
    "records": ("Block", "Facts"),
    "types": ("BoolArray", "FloatArray", "IntArray"),
    "values": ("CELL_RESOLUTIONS", "MAP_RESOLUTIONS", "Gender", "Kind", "Status"),
}

__getattr__ = loaded_later(__name__, _NAMES)
