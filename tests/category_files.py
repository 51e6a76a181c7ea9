"""Exports made for the category, its kind, scales and genders: small, in seven languages, each with what is right."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence

Rows = Sequence[Mapping[str, str]]


def export(rows: Iterable[Mapping[str, str]], *, when: str = "date", delimiter: str = ";") -> bytes:
    """A CSV file with a date, a place and the given cells for each row."""
    out = io.StringIO()
    some = list(rows)
    writer = csv.DictWriter(out, [when, *some[0], "lat", "lon"], delimiter=delimiter)
    writer.writeheader()
    for at, row in enumerate(some):
        day = dt.datetime(2025, 3, 1, 8, 15) + dt.timedelta(hours=7 * at)
        place = {"lat": f"48.20{at % 10}", "lon": f"16.37{at % 7}"}
        writer.writerow({when: f"{day:%Y-%m-%d %H:%M}", **row, **place})
    return out.getvalue().encode()


def column(heading: str, values: Sequence[str], n: int = 40) -> list[dict[str, str]]:
    """Rows of one column whose values come again and again."""
    return [{heading: values[at % len(values)]} for at in range(n)]
