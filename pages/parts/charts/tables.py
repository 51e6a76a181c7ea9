"""Tables and their downloads: one column look, one way out for data; and figures with their uncertainty, as written."""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import shapely
import streamlit as st
from pandas.io.formats.style import Styler
from shapely.geometry.base import BaseGeometry

from analysis.hotspots.grouping import is_compared, ratio_says_something
from curim_data.export.safe_csv import csv_bytes
from curim_data.model import Translator, fewer_than, is_small
from curim_data.privacy import COUNT_COLUMNS, drawn_share, share_is_told, written_share
from curim_data.studies.spot_profiles import SpotOrCluster
from pages.parts.frame import Page, draw_download, escape_markdown

# Pixels that a letter of a table takes, and what a cell has around its text.
LETTER, BESIDE = 6.9, 18
SCROLL_BAR: Final = 14  # pixels that a table takes beside its columns
FITTED_PLAIN: Final = 20  # rows of a table that stand there without scrolling
SELECT_BOX: Final = 38  # pixels of the boxes before the rows
# Cells of a table above which its numbers become texts: pandas takes about six milliseconds for a thousand.
MOST_STYLED: Final = 20_000
MOST_PRINTED: Final = 60  # rows of a table on paper
FOR_PRINT: Final = "for-print"
# Paper has the plain table, the screen the one that scrolls.
PRINT_STYLE: Final = (
    f"@media screen {{.stElementContainer:has(.{FOR_PRINT}) {{display: none !important}}}}"
    # The plain one comes first: Chromium overlooks what is before a change ("has(+ ...)") when a list is drawn anew.
    f"@media print {{.stElementContainer:has(.{FOR_PRINT}) + .stElementContainer {{display: none !important}}"
    f".{FOR_PRINT} table {{width: 100%; border-collapse: collapse; font-size: .72rem; break-inside: auto}}"
    f".{FOR_PRINT} th, .{FOR_PRINT} td {{border: 0; border-bottom: 1px solid; padding: .2em .4em; text-align: left; "
    "overflow-wrap: break-word}"
    f".{FOR_PRINT} table.wide {{font-size: .6rem}} .{FOR_PRINT} .wide :is(th, td) {{padding: .2em}}"
    f".{FOR_PRINT} .number {{text-align: right; font-variant-numeric: tabular-nums}}}}"
)
NONE: Final = "–"  # where a number is not known
DOWNLOAD_BUTTON: dict[str, Any] = {"type": "tertiary", "icon": ":material/download:"}
Places = Mapping[str, int] | None  # of columns, how many decimals they are written with


def draw_table(
    page: Page,
    frame: pd.DataFrame,
    headings: Mapping[str, str],
    *,
    key: str,
    alt: str,
    file_name: str = "",
    digits: Places = None,
    percent: Places = None,
    columns: Mapping[str, Any] | None = None,
    order: Sequence[str] | None = None,
    height: int | str = "auto",
    row_height: int | None = None,
    phone: Collection[str] = (),
    narrow: Collection[str] = (),
    **picking: Any,
) -> None:
    """Show a table in the reader's number form, with its download where `file_name` is given.

    Parameters
    ----------
    headings
        The columns to show, in order, and their headings.
    digits, percent
        Columns of numbers to write with so many decimals, and of shares (0 to 1) to write as percentages.
    columns
        Streamlit column settings that replace the heading alone.
    order
        The columns in view, where not all are.
    row_height
        Pixels of a row; texts wrap in rows that are high enough.
    phone
        Columns of the plain table that a phone has in place of this one, where it has one.
    narrow
        Columns that a phone has of this one, and its download there, where not all.
    picking
        What `st.dataframe` takes for rows that can be picked.
    """
    written: dict[str, Any] = {"digits": digits, "percent": percent}
    if narrow and page.narrow:
        headings = {name: label for name, label in headings.items() if name in narrow}
    if phone and page.narrow:
        shown = {name: label for name, label in headings.items() if name in phone}
        draw_plain_table(page, frame, shown, alt=alt, **written)
    else:
        draw_for_print(page.t, frame, headings, **written)
        st.dataframe(
            styled(page.t, frame[list(headings)], **written),
            column_config={
                **_columns(headings, {}, {*(digits or {}), *(percent or {})}),
                **(columns or {}),
            },
            column_order=order,
            hide_index=True,
            placeholder=NONE,
            key=key,
            alt=alt,
            height=height,
            row_height=row_height,
            **picking,
        )
    if file_name:
        download_button(
            page,
            page.written.table(frame[list(headings)]).rename(columns=headings),
            file_name,
            key=f"{key}_download",
            counts=(),
        )


def draw_plain_table(
    page: Page,
    frame: pd.DataFrame,
    headings: Mapping[str, str],
    *,
    alt: str,
    height: int | Literal["content"] = "content",
    **written: Places,
) -> None:
    """A table for a phone, whose texts wrap in rows that are each as high as they need; `written`: as `formatted`."""
    texts = formatted(page.t, frame[list(headings)], **written).astype(str).map(escape_markdown)
    st.table(texts.rename(columns=headings), hide_index=True, border="horizontal", height=height, alt=alt)


def draw_fitted_table(
    page: Page,
    frame: pd.DataFrame,
    headings: Mapping[str, str],
    room: float,
    *,
    key: str,
    alt: str,
    file_name: str = "",
    digits: Mapping[str, int] | None = None,
    numbers: Collection[str] = (),
    narrow: Collection[str] = (),
) -> None:
    """A table that fits in `room` pixels, as beside a map: its first column, of names, wraps, and no figure is cut.

    A short one (`FITTED_PLAIN`), and each on a phone, is a plain table with rows as high as their texts; a longer one
    scrolls, and can be sorted. `numbers`: columns to set to the right; `file_name`, `narrow`: as for `draw_table`.
    """
    if narrow and page.narrow:
        headings = {name: label for name, label in headings.items() if name in narrow}
    if page.narrow or len(frame) <= FITTED_PLAIN:
        draw_plain_table(page, frame, headings, alt=alt, digits=digits)
    else:
        first, figures = {next(iter(headings))}, {*numbers, *(digits or {})}
        # A name in fewer than 150 pixels would break inside words.
        columns, line = wrapped_columns(frame, headings, room, wrapped=first, numbers=figures, least=150)
        height = min(440, line * len(frame) + row_height(1))  # about as high as a map
        draw_table(
            page, frame, headings, key=key, alt=alt, digits=digits, columns=columns, height=height, row_height=line
        )
    if file_name:
        download_button(page, frame.rename(columns=headings), file_name, key=f"{key}_download", counts=())


def draw_selectable_table(
    page: Page,
    frame: pd.DataFrame,
    headings: Mapping[str, str],
    *,
    selected: int | None,
    on_select: Callable[[], None] | None = None,
    **look: Any,
) -> None:
    """A table of texts of which one row can be picked. `selected` sets the row when the table first appears.

    `on_select`: what a pick does in place of a run of the page; `look`: as for `draw_table`.
    """
    draw_table(
        page,
        frame,
        headings,
        on_select=on_select or "rerun",
        selection_mode="single-row",
        selection_default=None if selected is None else {"selection": {"rows": [selected]}},
        **look,
    )


def draw_for_print(t: Translator, frame: pd.DataFrame, headings: Mapping[str, str], **written: Places) -> None:
    """The table that paper shows in place of the one that scrolls: every column, and its first rows.

    It is hidden on the screen (`PRINT_STYLE`), from readers of it too: the table drawn next holds the same and more.
    `written`: as `formatted`.
    """
    shown = formatted(t, frame[list(headings)].head(MOST_PRINTED), **written)
    head = "".join(f"<th>{html.escape(label)}</th>" for label in headings.values())
    numbers = {name for names in written.values() for name in names or ()}
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=number' if name in numbers else ''}>"
            f"{html.escape(NONE if value is None or value != value else str(value))}</td>"
            for name, value in zip(headings, row, strict=True)
        )
        + "</tr>"
        for row in shown.itertuples(index=False, name=None)
    )
    rest = len(frame) - len(shown)
    note = t.n("{n} more row", "{n} more rows", rest) if rest else ""
    wide = " class=wide" if len(headings) > 8 else ""  # columns, in letters of the usual size
    table = f"<table{wide}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{html.escape(note)}</p>"
    st.html(f'<div class="{FOR_PRINT}">{table}</div>')


def styled(t: Translator, frame: pd.DataFrame, **written: Places) -> pd.DataFrame | Styler:
    """The frame with its numbers as the reader writes them; they stay numbers, by which a column can be sorted.

    `written`: as `formatted`.
    """
    forms = _forms(t, frame, **written)
    if not forms or frame.size > MOST_STYLED:
        return formatted(t, frame, **written)
    return frame.assign(**{name: pd.to_numeric(frame[name]).astype(float) for name in forms}).style.format(forms)


def formatted(t: Translator, frame: pd.DataFrame, **written: Places) -> pd.DataFrame:
    """The frame with its numbers as texts, for static tables (NaN becomes a dash).

    `written`: the columns `digits` and `percent`, as for `draw_table`.
    """
    return frame.assign(
        **{name: [form(value) for value in frame[name]] for name, form in _forms(t, frame, **written).items()}
    )


def _forms(
    t: Translator, frame: pd.DataFrame, *, digits: Places = None, percent: Places = None
) -> dict[str, Callable[[float], str]]:
    """How the numbers of each column are written, for those that the frame has."""
    return {
        name: partial(form, digits=places)
        for form, columns in ((t.number, digits), (t.percent, percent))
        for name, places in (columns or {}).items()
        if name in frame
    }


def _columns(headings: Mapping[str, str], widths: Mapping[str, int], numbers: Collection[str] = ()) -> dict[str, Any]:
    """Streamlit's settings of columns: headings and widths (pixels), numbers to the right."""
    return {
        name: st.column_config.Column(label, width=widths.get(name), alignment="right" if name in numbers else None)
        for name, label in headings.items()
    }


def fitted_columns(
    frame: pd.DataFrame, headings: Mapping[str, str], *, numbers: Collection[str] = (), most: int = 400
) -> dict[str, Any]:
    """Columns as wide as their longest text or heading, so that none is cut; a table that is too wide scrolls.

    `numbers`: columns to set to the right; `most`: pixels that a column takes at most for the sake of its texts.
    """
    return _columns(headings, fitted_widths(frame, headings, most), numbers)


def wrapped_columns(
    frame: pd.DataFrame,
    headings: Mapping[str, str],
    room: float,
    *,
    wrapped: Collection[str],
    numbers: Collection[str] = (),
    least: int = 90,
) -> tuple[dict[str, Any], int]:
    """Columns that share `room` pixels, and the height of their rows, for as many lines as the longest text takes.

    Columns are as wide as their texts; of those that may be `wrapped` the widest give way first, to `least` pixels.
    """
    wide = fitted_widths(frame, headings)
    may = [name for name in wide if name in wrapped]
    free = room - SCROLL_BAR - sum(pixels for name, pixels in wide.items() if name not in may)
    widest = max((wide[name] for name in may), default=least)
    most = next((at for at in range(widest, least, -1) if sum(min(wide[name], at) for name in may) <= free), least)
    wide |= {name: max(min(wide[name], most), round(LETTER * len(headings[name]) + BESIDE)) for name in may}
    lines = [
        len(textwrap.wrap(str(text), max(1, int((wide[name] - BESIDE + 1) / LETTER))))  # widths are rounded
        for name in may
        for text in frame[name].unique()
    ]
    return _columns(headings, wide, numbers), row_height(max([1, *lines]))


def row_height(lines: int) -> int:
    """Pixels of a row whose texts take so many lines: Streamlit wraps texts from 65 pixels on, and cuts them below."""
    return max(65, 18 * lines + 18) if lines > 1 else 18 * lines + 18


def columns_in_room(
    frame: pd.DataFrame, headings: Mapping[str, str], names: Sequence[str], room: float, *, most: int = 400
) -> list[str]:
    """As many of the columns `names`, from the first on and two at least, as stand in `room` pixels without being cut.

    With the widths of `fitted_columns`, and the boxes of a table whose rows can be picked.
    """
    widths = fitted_widths(frame, headings, most)
    wide = SELECT_BOX + np.cumsum([widths[name] for name in names])
    return list(names[: max(2, int((wide <= room).sum()))])


def fitted_widths(frame: pd.DataFrame, headings: Mapping[str, str], most: int = 400) -> dict[str, int]:
    """Pixels of the longest text of each column, up to `most`, or of its heading."""
    letters = {name: max((len(str(value)) for value in frame[name]), default=0) for name in headings}
    return {
        name: round(max(LETTER * len(label) + BESIDE, min(most, LETTER * letters[name] + BESIDE)))
        for name, label in headings.items()
    }


def download_button(
    page: Page,
    frame: pd.DataFrame | Callable[[], pd.DataFrame],
    file_name: str,
    *,
    key: str,
    label: str = "",
    counts: Collection[str] = COUNT_COLUMNS,
) -> None:
    """A button that hands out a table as CSV whose cells no spreadsheet takes for formulas; made when clicked.

    `counts`: its columns of counts, of which the small ones are left out (`WrittenCounts.table`).
    """
    draw_download(
        label or page.t("Download the data"),
        lambda: csv_bytes(page.written.table(frame() if callable(frame) else frame, counts)),
        file_name=file_name,
        mime="text/csv",
        key=key,
        **DOWNLOAD_BUTTON,
    )


def geojson_button(t: Translator, make: Callable[[], str], file_name: str, *, key: str) -> None:
    """A button that hands out shapes as GeoJSON; made when clicked."""
    draw_download(
        t("Download the data") + " (GeoJSON)",
        make,
        file_name=file_name,
        mime="application/geo+json",
        key=key,
        **DOWNLOAD_BUTTON,
    )


def draw_place_downloads(
    page: Page,
    name: str,
    make: Callable[[], pd.DataFrame],
    shapes: Callable[[], Sequence[BaseGeometry]],
    *,
    key: str,
    counts: Collection[str] = COUNT_COLUMNS,
) -> None:
    """Buttons that hand out places as a table and as shapes, made when clicked. `name`: of the files, without ending.

    `counts`: as for `download_button`. The shapes have no column `cells`.
    """

    download_button(page, make, f"{name}.csv", key=f"{key}_csv", counts=counts)
    geojson_button(
        page.t,
        lambda: geojson(page, make().drop(columns="cells", errors="ignore"), shapes(), counts),
        f"{name}.geojson",
        key=f"{key}_geojson",
    )


def geojson(
    page: Page, frame: pd.DataFrame, shapes: Sequence[BaseGeometry], counts: Collection[str] = COUNT_COLUMNS
) -> str:
    """A feature collection: the shape (WGS84) of each row of a table, with the other columns as its properties, of
    which small `counts` are left out (`WrittenCounts.table`).
    """
    features = [
        {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(shape)}
        for row, shape in zip(
            json.loads(page.written.table(frame, counts).to_json(orient="records", date_format="iso")),
            shapes,
            strict=True,
        )
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def written_count(page: Page, n: float, category: str = "") -> str:
    """A count as the audience may read it, small ones as "fewer than"; `category`: of which it is, where of one."""
    least = page.written.least(category)
    return page.t(fewer_than(least)) if is_small(n, least) else page.t.number(n)


def written_q(page: Page, q: float) -> str:
    """A corrected p-value as the audience may read it: on which side of 0.05 it is where small counts are hidden."""
    return "–" if q != q else (page.t.p_value if not page.protected else page.t.p_step)(q)


def drawn_counts(page: Page, counts: pd.Series, category: str = "") -> pd.Series:
    """Counts as a chart draws them: all that may not be read at one height, in the middle of what they can be."""
    least = page.written.least(category)
    return counts if least <= 1 else counts.astype(float).mask((counts > 0) & (counts < least), least / 2)


def bars_of_shares(page: Page, rows: pd.DataFrame, part: str = "n", whole: float | str = "") -> pd.DataFrame:
    """The columns value, low, high and text of bars of shares as the audience may read them.

    `rows`: share, low, high, the count `part`, and `whole`, what the shares are of: a column or one number.
    """
    least = page.written.least()
    counts = list(
        zip(rows[part].astype(float), rows[whole] if isinstance(whole, str) else [whole] * len(rows), strict=True)
    )
    shares = list(rows[["share", "low", "high"]].itertuples(index=False, name=None))
    told = [share_is_told(*pair, least) for pair in counts]
    return pd.DataFrame(
        {
            "value": rows["share"].where(told, [drawn_share(*pair, least) for pair in counts]),
            "low": rows["low"].where(told),
            "high": rows["high"].where(told),
            "text": [written_share(page.t, pair, share, least) for pair, share in zip(counts, shares, strict=True)],
        },
        index=rows.index,
    )


def expected_count(t: Translator, spot: SpotOrCluster, *, ratios: bool = True) -> str:
    """How many alerts were to be expected in a place.

    Three digits where a ratio is given beside it, so that it can be worked out; else two. `ratios`: whether ratios
    stand there at all; without them it is a whole number, as in the brief.
    """
    if not is_compared(spot):
        return "–"
    write = t.roughly if not ratios else t.expected if ratio_says_something(spot) else t.about
    return write(spot.expected)


def number_with_interval(t: Translator, value: float, low: float, high: float, digits: int = 0) -> str:
    """A number and its interval in the reader's form; a dash would run into the sign of a lower end below zero."""
    shown, least, most = (t.number(round(x, digits) + 0.0, digits) for x in (value, low, high))  # no minus before 0
    ends = t("{low} to {high}", low=least, high=most) if round(low, digits) < 0 else f"{least}–{most}"
    return f"{shown} ({ends})"
