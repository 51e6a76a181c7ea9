"""Export formats: how a header is recognised, what its columns mean, how its values translate.

Public: `recognise`, `refuse`, `documentation`, `FORMATS` (`known`); `base` (`Layout`, `Recognition`). `guess` takes any
other table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pyarrow as pa

from curim_data.formats.base import Recognition, is_name
from curim_data.formats.known import CURIM, FORMATS
from curim_data.model import ImportProblem, Message

GUESSED: Final = "guessed"
MOST_SHOWN: Final = 40
ENOUGH: Final = 0.5
_GUESSING: Final = "docs/formats/guessed.md"
# A file without coordinates is a file of unmapped alerts.
_SPARED: Final = frozenset({"latitude", "longitude"})


def recognise(
    labels: Sequence[str],
    sample: pa.Table | None = None,
    *,
    name: str = "",
    format: str | None = None,
    event: int | None = None,
) -> Recognition:
    """Tell what a header is: the format with the best score, or what can be guessed where none scores `ENOUGH`.

    Parameters
    ----------
    labels : sequence of str
        The headings, in the order of the file.
    sample : pyarrow.Table, optional
        The first records (text columns "0", "1", ...).
    name : str
        How messages call the file.
    format : str, optional
        The format that a person says it is ("guessed": none of them).
    event : int, optional
        The place of the column that says when it happened, where a person said so and the columns are guessed.

    Raises
    ------
    ImportProblem
        Where `format` is not known. Whether the result can be used is decided by `refuse`.
    """
    if format is not None and format not in FORMATS and format != GUESSED:
        raise ImportProblem(
            Message(
                "{name}: the format {format} is not known. Known formats: {known}.",
                {"name": name, "format": format, "known": ", ".join(sorted([*FORMATS, GUESSED]))},
            )
        )
    if format is not None and format != GUESSED:
        return _spared(FORMATS[format].recognise(labels, sample))
    if format is None:
        best = max((form.recognise(labels, sample) for form in FORMATS.values()), key=lambda found: found.score)
        if best.score >= ENOUGH:
            return _spared(_as_its_category_is(best, labels, sample) if best.layout.format == CURIM else best)
    from curim_data.formats.guess import recognition as guess

    return _spared(_with_nature(guess.recognise(labels, sample, event), name))


def _as_its_category_is(recognition: Recognition, labels: Sequence[str], sample: pa.Table | None) -> Recognition:
    """Marks that part several categories in one cell, and long names from a list, in a table with our headings.

    Headings such as "date, category, lat, lon" are anybody's, and so is what stands under them.
    """
    from curim_data.formats.guess.category import of_column

    layout = recognition.layout
    found = of_column(labels, sample, layout.place("category")) if "category" in layout.roles else None
    if found is None:
        return recognition
    made = replace(layout, separators=found.separators, longest=found.longest, notes=found.notes)
    return replace(recognition, layout=made)


def _with_nature(recognition: Recognition, name: str) -> Recognition:
    """What the file is by its name, where its columns do not show it."""
    from curim_data.formats.guess.category import nature_of_name

    layout, nature = recognition.layout, nature_of_name(name)
    if layout.nature is not None or nature.kind is None or nature.why is None:
        return recognition
    layout = replace(layout, nature=nature.kind.value, notes=(nature.why, *layout.notes))
    return replace(recognition, layout=layout)


def refuse(recognition: Recognition, labels: Sequence[str], name: str) -> None:
    """Raise ImportProblem where a file so recognised cannot be imported; do nothing where it can."""
    if recognition.refused is not None:
        why = recognition.refused
        raise ImportProblem(Message(why.text, {**why.values, "name": name}))
    if recognition.doubled:
        role, doubled = next(iter(recognition.doubled.items()))
        raise ImportProblem(
            Message(
                "{name}: {n} columns claim to be {role} ({labels}). Keep one of them, or give the others another name.",
                {"name": name, "n": len(doubled), "role": role, "labels": ", ".join(doubled)},
            )
        )
    if not recognition.missing:
        return
    layout = recognition.layout
    known = {"name": name, "documentation": documentation(layout.format)}
    if layout.format not in FORMATS:
        raise ImportProblem(
            Message(
                "{name}: no column holds the dates of the alerts. These columns are there: {labels}. Say which of them "
                "holds the date, or add a column reported_at; {documentation} describes what is read.",
                {**known, "labels": _shown(labels)},
            )
        )
    raise ImportProblem(
        Message(
            "{name}: this is no export that we know. For the format {format} these columns are missing: "
            "{missing}. {documentation} describes the format.",
            {**known, "format": layout.format, "missing": ", ".join(recognition.missing)},
        )
    )


def _shown(labels: Sequence[str]) -> str:
    """Headings for a message: a few, and none that cannot be one (a file without a header begins with a record)."""
    named = [label for label in labels if label and is_name(label)]
    return ", ".join([*named[:MOST_SHOWN], *(["..."] if len(named) > MOST_SHOWN else [])])


def documentation(name: str) -> str:
    """Where a format is described; how columns are guessed, for those and the ones that a person settled."""
    return FORMATS[name].documentation if name in FORMATS else _GUESSING


def _spared(recognition: Recognition) -> Recognition:
    missing = tuple(role for role in recognition.missing if role not in _SPARED)
    return replace(recognition, missing=missing)
