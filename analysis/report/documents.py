"""Papers to hand out: the council's brief and an intervention plan, as PDF or as Word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final, Literal

from analysis.report.blocks import Document, Picture
from analysis.report.brief import Brief, compose_brief
from analysis.report.plan import compose_plan
from curim_data.model import CityProfile, Plan, Translator

DocumentFormat = Literal["pdf", "docx"]
MIME: Final[Mapping[DocumentFormat, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def brief_document(brief: Brief, city: CityProfile, t: Translator, form: DocumentFormat = "pdf") -> bytes:
    """Set a brief for the council's meeting: one to two pages A4."""
    return _set(compose_brief(brief, city, t), form)


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
    return _set(compose_plan(plan, city, t, made=made, picture=picture, illustrative=illustrative), form)


def _set(document: Document, form: DocumentFormat) -> bytes:
    """A document in a format, by what is loaded when somebody asks for it."""
    if form == "pdf":
        from analysis.report.pdf import render_pdf

        return render_pdf(document)
    from analysis.report.word import render_docx

    return render_docx(document)
