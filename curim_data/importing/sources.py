"""Sources: which exports come from one system, so that their ids mean the same alerts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from curim_data.formats import GUESSED
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.importing.signatures import Signature, normalised_label

# Formats that say nothing of where an export comes from.
OPEN_FORMATS: Final = frozenset({GUESSED, MAPPED})
# Headers so alike are of the same export.
SAME_HEADER: Final = 0.5
# Columns that the download of the quarantined rows has in addition to those of the file.
QUARANTINE_LABELS: Final = frozenset(normalised_label(label) for label in ("row", "column", "value", "reason", "mend"))


def same_source(one: Signature, two: Signature) -> bool:
    """Whether two files come from one source, by their signatures (`signatures.SignatureBuilder`).

    A named format is one source. Other tables are where they were read by a mapping of the same name, or where the
    column of the ids is called the same and at least half of all headings are shared. Rows that were mended and come
    back have fewer headings than their file.
    """
    formats = {str(one.get("format")), str(two.get("format"))}
    if not formats & OPEN_FORMATS:
        return len(formats) == 1
    if one.get("mapping") and one.get("mapping") == two.get("mapping"):
        return True
    a, b = _headings(one), _headings(two)
    if not a or not b or _id_heading(one) != _id_heading(two):
        return False
    mended = any(is_quarantine_download(signature) for signature in (one, two))
    return len(a & b) >= SAME_HEADER * (min(len(a), len(b)) if mended else len(a | b))


def is_quarantine_download(signature: Signature) -> bool:
    """Whether a file is the download of quarantined rows, by the columns that it adds."""
    return QUARANTINE_LABELS.issubset(normalised_label(label) for label in signature.get("labels", ()))


def source_code(signature: Signature) -> str:
    """Four hex digits that stand for the headings of a source."""
    return hashlib.sha256("\0".join(sorted(_headings(signature))).encode()).hexdigest()[:4]


def _headings(signature: Signature) -> frozenset[str]:
    found = frozenset(normalised_label(label) for label in signature.get("labels", ()))
    return found - QUARANTINE_LABELS if found >= QUARANTINE_LABELS else found


def _id_heading(signature: Signature) -> str:
    """How the column of the ids is called; empty where there is none."""
    columns: Mapping[str, Any] = signature.get("columns", {})
    found = (label for label, column in columns.items() if column.get("role") == "alert_id")
    return normalised_label(next(found, ""))
