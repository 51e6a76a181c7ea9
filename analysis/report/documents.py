"""Papers to hand out: the council's brief and an intervention plan, as PDF or as Word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final, Literal

from analysis.report.blocks import Document, Picture
from analysis.report.brief import Brief, brief_blocks
from analysis.report.pdf import pdf
from analysis.report.plan import plan_blocks
from analysis.report.word import word
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Translator
from curim_data.model.plan import Plan

Form = Literal["pdf", "docx"]
MIME: Final[Mapping[Form, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_SETTERS: Final[Mapping[Form, Callable[[Document], bytes]]] = {"pdf": pdf, "docx": word}


def brief_document(brief: Brief, city: CityProfile, t: Translator, form: Form = "pdf") -> bytes:
    """Set a brief for the council's meeting: one to two pages A4."""
    return _SETTERS[form](brief_blocks(brief, city, t))


def plan_document(
    plan: Plan,
    city: CityProfile,
    t: Translator,
    form: Form = "pdf",
    *,
    made: dt.date | None = None,
    picture: Picture | None = None,
    illustrative: bool = False,
) -> bytes:
    """Set a plan for the council's decision. made: date of the paper (default: last day of the problem's period)."""
    return _SETTERS[form](plan_blocks(plan, city, t, made=made, picture=picture, illustrative=illustrative))
