"""Papers to hand out: the council's brief and an intervention plan, as PDF or as Word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final, Literal

from analysis.report.blocks import Document, Picture
from analysis.report.brief import Brief, compose_brief
from analysis.report.pdf import render_pdf
from analysis.report.plan import compose_plan
from analysis.report.word import render_docx
from curim_data.model import CityProfile, Plan, Translator

DocumentFormat = Literal["pdf", "docx"]
MIME: Final[Mapping[DocumentFormat, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_SETTERS: Final[Mapping[DocumentFormat, Callable[[Document], bytes]]] = {"pdf": render_pdf, "docx": render_docx}


def brief_document(brief: Brief, city: CityProfile, t: Translator, form: DocumentFormat = "pdf") -> bytes:
    """Set a brief for the council's meeting: one to two pages A4."""
    return _SETTERS[form](compose_brief(brief, city, t))


def plan_document(
    plan: Plan,
    city: CityProfile,
    t: Translator,
    form: DocumentFormat = "pdf",
    *,
    made: dt.date | None = None,
    picture: Picture | None = None,
    illustrative: bool = False,
) -> bytes:
    """Set a plan for the council's decision. made: date of the paper (default: last day of the problem's period)."""
    return _SETTERS[form](compose_plan(plan, city, t, made=made, picture=picture, illustrative=illustrative))
