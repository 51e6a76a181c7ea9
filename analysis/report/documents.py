"""Papers to hand out: the council's brief and an intervention plan, as PDF or as Word.

The PDF is accessible (PDF/UA-1): tagged, titled, in its language, with alternative texts.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from analysis.report.blocks import Document, Picture, as_plain_data, pictures
from analysis.report.brief import Brief, compose_brief
from analysis.report.plan import compose_plan
from curim_data.model import CityProfile, Plan, Translator

if TYPE_CHECKING:
    import typst

TEMPLATE: Final = Path(__file__).parent / "templates" / "document.typ"
NUMBERED: Final = re.compile(r"\b([^\W\d_]\w*) (\d{1,2})(?=[,.;:»”)\"])")  # "Zone 1": no line ends between the two
TIGHTEST: Final = 2  # steps of smaller letters and narrower space, see the template


def render_pdf(document: Document) -> bytes:
    """Set a document as PDF/UA-1 with the fonts that come with typst, so that it looks the same everywhere.

    What the document says goes in as JSON and is shown as text: nothing of it can become markup. Where it has more
    than `most_pages`, it is set tighter, as far as that saves a page.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copy(TEMPLATE, root / "main.typ")
        for number, picture in enumerate(pictures(document), 1):
            (root / f"picture-{number}.{picture.kind}").write_bytes(picture.data)
        told = NUMBERED.sub("\\1\u00a0\\2", json.dumps(as_plain_data(document), ensure_ascii=False))
        best, fewest = _compiler(root, told, 0), 0
        if document.most_pages:
            fewest = _pages(best)
            for tight in range(1, TIGHTEST + 1):
                if fewest <= document.most_pages:
                    break
                tried = _compiler(root, told, tight)
                if (pages := _pages(tried)) < fewest:
                    best, fewest = tried, pages
        made = best.compile(format="pdf", pdf_standards="ua-1")
    assert isinstance(made, bytes)
    return made


def _compiler(root: Path, told: str, tight: int) -> typst.Compiler:
    """What sets a document, given as JSON, so many steps tighter."""
    import typst  # here, since it is large, and few readers ask for a paper

    return typst.Compiler(
        root / "main.typ",
        root=root,
        ignore_system_fonts=True,
        sys_inputs={"document": told, "tight": str(tight)},
    )


def _pages(compiler: typst.Compiler) -> int:
    """How many pages a document has."""
    return int(json.loads(compiler.query("<pages>", field="value", one=True)))


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
        return render_pdf(document)
    from analysis.report.word import render_docx

    return render_docx(document)
