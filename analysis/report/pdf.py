"""A document as an accessible PDF (PDF/UA-1): tagged, titled, in its language, with alternative texts."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

import typst

from analysis.report.blocks import Document, as_plain_data, pictures

TEMPLATE: Final = Path(__file__).parent / "templates" / "document.typ"


def render_pdf(document: Document) -> bytes:
    """Set a document as PDF/UA-1 with the fonts that come with typst, so that it looks the same everywhere.

    What the document says goes in as JSON and is shown as text: nothing of it can become markup.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copy(TEMPLATE, root / "main.typ")
        for number, picture in enumerate(pictures(document), 1):
            (root / f"picture-{number}.{picture.kind}").write_bytes(picture.data)
        made = typst.compile(
            root / "main.typ",
            root=root,
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"document": json.dumps(as_plain_data(document), ensure_ascii=False)},
            pdf_standards="ua-1",
        )
    return bytes(made)
