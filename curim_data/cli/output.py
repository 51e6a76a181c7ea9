"""Answers as JSON, tables on the terminal and files; the error for unusable input."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from curim_data.model import Message, Translator

if TYPE_CHECKING:
    import pandas as pd

    from curim_data.model import CityProfile

MOST_LINES: Final = 60
MOST_WIDTH: Final = 240  # of a table that goes to a file or another program


class UsageError(Exception):
    """Unusable input or arguments: one line for standard error, exit code 2."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class Place(Protocol):
    """A group of map cells, perhaps with an outline of its own."""

    @property
    def cells(self) -> tuple[int, ...]:
        """H3 cells of one resolution."""


def json_value(value: Any) -> Any:
    """A value as JSON knows it: missing is null, dates are ISO, whole numbers are whole."""
    if value is None or isinstance(value, str | bool | int):  # most are, and wait for no tables
        return value
    import numpy as np
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return None
    match value:
        case Mapping():
            return {str(key): json_value(item) for key, item in value.items()}
        case pd.DataFrame():
            return [json_value(row) for row in value.to_dict("records")]
        case np.bool_():
            return bool(value)
        case np.integer():
            return int(value)
        case float() | np.floating():
            number = float(value)
            return None if not math.isfinite(number) else int(number) if number.is_integer() else number
        case pd.Timestamp() | dt.datetime():
            midnight = value.time() == dt.time() and value.tzinfo is None
            return value.date().isoformat() if midnight else value.isoformat()
        case dt.date():
            return value.isoformat()
        case Iterable():
            return [json_value(item) for item in value]
    return str(value)


def print_table(t: Translator, frame: pd.DataFrame, city: CityProfile | None, uncut: frozenset[str]) -> int:
    """Print the first lines of a table; returns how many rows were left out."""
    from rich.console import Console
    from rich.table import Table

    from curim_data.filters import column_label
    from curim_data.privacy import COUNT_COLUMNS

    grid = Table(box=None, header_style="bold", pad_edge=False)
    for name in frame.columns:
        kind = frame[name].infer_objects().dtype.kind
        numeric = kind in "iuf" or (kind == "O" and name in COUNT_COLUMNS)
        label = column_label(t, str(name))
        least = max([len(label), *map(len, frame[name].astype(str))]) if name in uncut else None
        justify: Literal["left", "right"] = "right" if numeric else "left"
        grid.add_column(label, justify=justify, no_wrap=name in uncut, min_width=least)
    for row in frame.head(MOST_LINES).itertuples(index=False, name=None):
        grid.add_row(*(_cell_text(t, str(name), value, city) for name, value in zip(frame.columns, row, strict=True)))
    width = None if sys.stdout.isatty() else MOST_WIDTH
    Console(markup=False, emoji=False, highlight=False, width=width).print(grid)
    return max(len(frame) - MOST_LINES, 0)


def _cell_text(t: Translator, name: str, value: Any, city: CityProfile | None) -> str:
    from curim_data.filters import value_label
    from curim_data.privacy import COUNT_COLUMNS

    if isinstance(value, bool) and name != "dark":
        return t("yes") if value else ""
    if isinstance(value, str) and name in COUNT_COLUMNS:
        return value
    if city and (value is None or value != value) and name not in ("n", "expected", "lower", "upper"):
        return value_label(t, city, name, value)
    if isinstance(value, float):
        return t.number(value, 0 if value.is_integer() else 2)
    return value_label(t, city, name, value) if city else ("" if value is None else str(value))


def check_suffix(out: Path, *known: str) -> str:
    """The suffix of a file to write, in lower case; UsageError where it is not one of those known."""
    if out.suffix.lower() not in known:
        values = {"file": str(out), "known": ", ".join(known)}
        raise UsageError(Message("{file}: the name must end in {known}.", values))
    return out.suffix.lower()


def write_file(out: Path, content: bytes) -> None:
    """Write a result; UsageError where the place cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        raise cannot_write(out, error) from error


def cannot_write(out: Path, error: OSError) -> UsageError:
    """The error for a file that the system would not write."""
    values = {"file": str(out), "why": error.strerror or str(error)}
    return UsageError(Message("{file} cannot be written: {why}.", values))


def write_table(out: Path, frame: pd.DataFrame) -> None:
    """Write a table as CSV; UsageError for another suffix."""
    from curim_data.export.safe_csv import csv_bytes

    check_suffix(out, ".csv")
    write_file(out, csv_bytes(frame))


def write_places(out: Path, places: Sequence[Place], rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    """Write places as CSV with `columns`, or by their shapes as GeoJSON, whichever the suffix names."""
    import pandas as pd

    if out.suffix.lower() == ".csv":
        flat = [{**row, "cells": " ".join(row["cells"])} for row in rows]
        write_table(out, pd.DataFrame(flat, columns=list(columns)))
    else:
        write_file(out, _geojson(places, rows).encode())


def _geojson(places: Sequence[Place], rows: list[dict[str, Any]]) -> str:
    """Places in WGS84: the outline of a cluster, the union of the cells of any other."""
    import shapely

    from curim_data.model import cell_polygons

    features = []
    for place, row in zip(places, rows, strict=True):
        outline = getattr(place, "outline", None) or shapely.union_all(cell_polygons(list(place.cells)))
        features.append(
            {
                "type": "Feature",
                "properties": json_value({name: value for name, value in row.items() if name != "cells"}),
                "geometry": json.loads(shapely.to_geojson(outline)),
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
