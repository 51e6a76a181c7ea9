"""The CURiM export, as `docs/curim-export.md` describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from curim_data.formats.base import Layout, Part, Recognition, fold, is_personal, is_text

NAME: Final = "curim"
DOCUMENTATION: Final = "docs/curim-export.md"

_COLUMNS: Final = (
    "alert_id", "reported_at", "occurred_from", "occurred_to", "kind", "category", "more_categories", "severity",
    "feeling", "reporter_gender", "affected_gender", "age_band", "status", "resolved_at", "confirmations", "latitude",
    "longitude",
)  # fmt: skip
_ALIASES: Final = {
    "reported_at": (
        "reported",
        "date",
        "datetime",
        "date_reported",
        "report_date",
        "reported_on",
        "created_at",
        "ημερομηνία",
        "ημερομηνία αναφοράς",
        "date du signalement",
    ),
    "latitude": ("lat",),
    "longitude": ("lon", "lng", "long"),
}
REQUIRED: Final = ("category", "latitude", "longitude")

_GENDER: Final = {
    "woman": "γυναίκα, γ, θ, θήλυ, woman, female, f, femme",
    "man": "άνδρας, άντρας, α, άρρεν, man, male, m, homme, h",
    "other": "άλλο, other, autre, non-binary, x",
    "undisclosed": "δεν δηλώθηκε, undisclosed, not disclosed, prefer not to say, non précisé",
    "unknown": "άγνωστο, unknown, inconnu",
}
_SPELLINGS: Final = {
    "reporter_gender": _GENDER,
    "affected_gender": _GENDER,
    "status": {
        "open": "ανοιχτή, ανοικτή, open, ouverte, ouvert",
        "confirmed": "επιβεβαιωμένη, confirmed, confirmée, confirmé",
        "resolved": "επιλυμένη, διευθετημένη, resolved, closed, résolue, résolu",
        "rejected": "απορριφθείσα, rejected, rejetée, rejeté",
    },
    "kind": {
        "risk": "κίνδυνος, επισφάλεια, risk, risque",
        "incivility": "όχληση, incivility, incivilité",
        "offence": "αδίκημα, offence, offense, crime, délit, infraction",
    },
    "age_band": {
        "under_18": "under_18, under 18, <18, 0-17",
        "18_29": "18_29, 18–29",
        "30_44": "30_44, 30–44",
        "45_64": "45_64, 45–64",
        "65_plus": "65_plus, 65+, 65 plus",
    },
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    column: {fold(word.replace("–", "-")): value for value, words in table.items() for word in words.split(", ")}
    for column, table in _SPELLINGS.items()
}


def recognise(labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:  # noqa: ARG001
    """Read a header: letter case, blanks and the order of columns do not matter."""
    meaning = {fold(alias): column for column, aliases in _ALIASES.items() for alias in aliases}
    meaning |= {column: column for column in _COLUMNS}
    claims: dict[str, list[int]] = {}
    personal, text, unused = [], [], []
    for place, label in enumerate(labels):
        folded = fold(label)
        if folded in meaning:
            claims.setdefault(meaning[folded], []).append(place)
        elif is_personal(label):
            personal.append(place)
        elif is_text(label):
            text.append(place)
        else:
            unused.append(place)
    missing = [column for column in REQUIRED if column not in claims]
    if "reported_at" not in claims and "occurred_from" not in claims:
        missing.insert(0, "reported_at")
    return Recognition(
        Layout(
            NAME,
            {role: (Part(places[0]),) for role, places in claims.items()},
            tuple(personal),
            tuple(text),
            tuple(unused),
            words=WORDS,
        ),
        _score(claims, [fold(labels[place]) for places in claims.values() for place in places], unused),
        tuple(missing),
        {role: tuple(labels[place] for place in places) for role, places in claims.items() if len(places) > 1},
    )


def _score(claims: Mapping[str, list[int]], headings: Sequence[str], unused: Sequence[int]) -> float:
    """Half as much for a table that calls its date otherwise than this format and has columns that mean nothing to it.

    Such a table is somebody else's; who guesses makes more of it.
    """
    own = {"reported_at", "occurred_from"}
    if "category" not in claims or own.isdisjoint(claims):
        return 0.0
    score = min(1.0, len(claims) / (6 if {"latitude", "longitude"} <= set(claims) else 8))
    return score / 2 if unused and own.isdisjoint(headings) else score
