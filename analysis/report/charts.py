"""Small charts on paper: what a change was tested on, this period against the one it is compared with.

Drawn with matplotlib and the letters that come with it (DejaVu Sans, which has Greek): no browser, no request.

A picture of one change for a newsletter or a notice board: 1200 × 675 dots, with its chart, its source and its date.

Drawn with matplotlib and the letters that come with it (DejaVu Sans, which has Greek): no browser, no request.
"""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.textpath import TextPath

from analysis.report.documents import ChangeSeries, NewsCard, Picture, Tone, printable
from curim_data.model import FloatArray, Span, Translator, fewer_than, is_small

SEA, INK, QUIET, PALE, WINDOW = "#0b4f6c", "#14212b", "#51606b", "#93a4b0", "#e4edf2"
COLOURS: Final[dict[Tone, str]] = {"rise": "#b8460b", "fall": SEA, "quiet": QUIET}
LETTERS: Final = 6.8
WIDE, HIGH = 74, 24  # millimetres
# A date as near to another one, as a part of the axis, has no room beside it.
APART: Final = 0.3
_MM: Final = 1 / 25.4
_DPI: Final = 220


def change_chart(series: ChangeSeries, name: str, t: Translator) -> Picture:
    """A change drawn for paper, as PNG, and its alternative text; `name`: what changed and where, which that begins
    with.
    """
    with mpl.rc_context(chart_style()):
        figure = Figure(figsize=(WIDE * _MM, HIGH * _MM), dpi=_DPI)
        draw_change(figure, (0, 0, 1, 1), series, t)
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=_DPI, facecolor="white")
    earlier, after = (Span(*period, by_month=series.whole_months) for period in (series.earlier, series.after))
    words = t(
        "Chart. {name}: {before} alerts in {earlier}, {after} in {later}.",
        name=name,
        before=series.told[0],
        after=series.told[1],
        earlier=earlier,
        later=after,
    )
    return Picture(out.getvalue(), words)


def chart_style(scale: float = 1.0) -> dict[Any, Any]:
    """Letters that have Greek and come with matplotlib, and lines that suit their size."""
    return {"font.family": "DejaVu Sans", "font.size": LETTERS * scale, "hatch.linewidth": 0.6 * scale}


def draw_change(
    figure: Figure,
    box: tuple[float, float, float, float],
    series: ChangeSeries,
    t: Translator,
    *,
    scale: float = 1.0,
) -> None:
    """Draw a change into a part of a figure: `box` is left, bottom, width and height of it; `scale` of its letters."""
    left, bottom, width, height = box
    low, high = (0.16, 0.6) if series.starts else (0.02, 0.96)  # above dates, below the names of the lines
    axes = figure.add_axes((left + 0.01 * width, bottom + low * height, 0.98 * width, high * height))
    axes.spines[:].set_visible(False)
    axes.set(xticks=[], yticks=[])
    axes.patch.set_visible(False)
    (_lines if series.starts else _bars)(axes, series, t, scale)


def _lines(axes: Any, series: ChangeSeries, t: Translator, scale: float) -> None:
    """This period's line, the same weeks of the year before as a pale dotted one, and the tested period shaded."""
    at = np.array([_at(day) for day in series.starts])
    colour, tested = COLOURS[series.tone], series.tested
    start, end = (_at(day) for day in series.after)
    axes.axvspan(start, end, color=WINDOW, linewidth=0, zorder=0)
    if np.isfinite(series.before).any():
        axes.plot(at, series.before, color=QUIET, linewidth=0.9 * scale, linestyle=(0, (1.2, 1.4)), zorder=2)
    joined = tested | np.r_[tested[1:], False]  # the line goes on from the week before the tested ones
    for part, own, width in ((~tested, PALE, 1.0), (joined, colour, 1.9)):
        values = np.where(part, series.now, np.nan)
        axes.plot(at, values, color=own, linewidth=width * scale, zorder=3, solid_capstyle="round")
        alone = ~np.isnan(values) & np.isnan(np.r_[np.nan, values[:-1]]) & np.isnan(np.r_[values[1:], np.nan])
        axes.plot(at[alone], values[alone], "o", color=own, markersize=width * 1.3 * scale, zorder=3)
    most = float(np.nanmax(np.r_[series.now, series.before, 1.0]))
    axes.set_ylim(0, most * 1.22)
    axes.set_xlim(at[0], max(end, at[-1]))
    axes.axhline(0, color=PALE, linewidth=0.5 * scale, zorder=1)
    _label_most(axes, at, series, t, most, scale)
    _label_dates(axes, series, t, scale)
    _label_lines(axes, series, colour, scale)


def _label_most(axes: Any, at: FloatArray, series: ChangeSeries, t: Translator, most: float, scale: float) -> None:
    """This period's largest number, over its line; a pale edge keeps it clear of the line of the year before."""
    where = int(np.argmax(series.now))
    value = float(series.now[where])
    side = "right" if where > 0.85 * len(at) else "left" if where < 0.15 * len(at) else "center"
    look: dict[str, Any] = {"ha": side, "va": "bottom", "fontsize": LETTERS * scale, "color": INK, "zorder": 4}
    told = t(fewer_than(series.least)) if is_small(value, series.least) else t.number(value)
    label = axes.text(at[where], value + 0.03 * most, told, **look)
    label.set_path_effects([withStroke(linewidth=2.4 * scale, foreground="white")])


def _label_dates(axes: Any, series: ChangeSeries, t: Translator, scale: float) -> None:
    """The first and the last date, and where the tested period begins, where there is room."""
    first, last, start = series.starts[0], max(series.after[1], series.starts[-1]), series.after[0]
    form = "LLL y" if series.by_month else "d MMM y"
    dates = [(first, "left", form), (last, "right", form)]
    if APART < (start - first).days / max((last - first).days, 1) < 1 - APART:
        dates.insert(1, (start, "center", form.removesuffix(" y")))
    for day, side, own in dates:
        axes.annotate(
            t.date(day, own),
            (_at(day), 0),
            xytext=(0, -2 * scale),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=LETTERS * scale,
            color=QUIET,
            annotation_clip=False,
        )


def _label_lines(axes: Any, series: ChangeSeries, colour: str, scale: float) -> None:
    """The names of the lines in their colours, above the chart."""
    size = LETTERS * scale
    look: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "va": "bottom",
        "fontsize": size,
    }
    axes.annotate(series.names[1], (0, 1.0), xytext=(0, 2 * scale), color=colour, fontweight="bold", **look)
    if np.isfinite(series.before).any():
        right = (len(series.names[1]) + 2) * 0.75 * size
        axes.annotate(f"··· {series.names[0]}", (0, 1.0), xytext=(right, 2 * scale), color=QUIET, **look)


def _bars(axes: Any, series: ChangeSeries, t: Translator, scale: float) -> None:
    """Two bars, before and after; a protected number as long as it can be, hatched."""
    most = max(*series.counts, 1.0)
    axes.set_xlim(0, most * 1.5)
    axes.set_ylim(-0.42, 1.7)
    for row, period, at in ((1, series.earlier, 0), (0, series.after, 1)):
        own, count = (PALE, COLOURS[series.tone])[at], series.counts[at]
        look = {"facecolor": "white", "hatch": "//////", "linewidth": 0.6 * scale} if series.hidden[at] else {}
        axes.barh(row, count, height=0.42, zorder=2, **{"facecolor": own, "edgecolor": own, "linewidth": 0, **look})
        axes.text(0, row + 0.28, _short(period, series, t), fontsize=LETTERS * scale, color=QUIET, va="bottom")
        axes.text(
            count + 0.02 * most,
            row,
            series.told[at],
            fontsize=1.15 * LETTERS * scale,
            color=INK,
            va="center",
            fontweight="bold" if at else "normal",
        )


def _at(day: dt.date) -> float:
    """A day on the axis."""
    return float(date2num(day))  # type: ignore[no-untyped-call]


def _short(period: tuple[dt.date, dt.date], series: ChangeSeries, t: Translator) -> str:
    if series.whole_months:
        return t.span(Span(*period, by_month=True))
    return t("{start} – {end}", start=t.date(period[0], "medium"), end=t.date(period[1], "medium"))


WIDTH, HEIGHT = 1200, 675
_CARD_DPI: Final = 100
_MARGIN: Final = 60
# Left, bottom, width and height of the chart as parts of the card, where there is one.
_CHART: Final = (640 / WIDTH, 140 / HEIGHT, 500 / WIDTH, 300 / HEIGHT)
_SCALE: Final = 2.1  # of the letters of a chart on paper
_FONTS: Final = Path(mpl.get_data_path()) / "fonts" / "ttf"
_REGULAR: Final = FontProperties(fname=str(_FONTS / "DejaVuSans.ttf"))
_BOLD: Final = FontProperties(fname=str(_FONTS / "DejaVuSans-Bold.ttf"))


def draw_card(card: NewsCard, t: Translator) -> Picture:
    """Draw a card as PNG; its words are the alternative text, and stand in the file's own description too."""
    words = " ".join((card.mark, f"{card.headline}.", f"{card.counts}.", *card.told, card.source)).strip()
    with mpl.rc_context(chart_style(_SCALE)):
        figure = Figure(figsize=(WIDTH / _CARD_DPI, HEIGHT / _CARD_DPI), dpi=_CARD_DPI, facecolor="white")
        figure.add_artist(Rectangle((0, 1 - 12 / HEIGHT), 1, 12 / HEIGHT, color=SEA, linewidth=0))
        _write(figure, card.kicker, y=HEIGHT - 44, size=20, right=WIDTH - _MARGIN, colour=QUIET, lines=1)
        _write(figure, card.source, y=86, size=16, right=WIDTH - _MARGIN, colour=QUIET, lines=3)
        if card.mark:
            width = text_width(card.mark, 18, bold=True) + 28
            box = Rectangle((_MARGIN / WIDTH, 96 / HEIGHT), width / WIDTH, 34 / HEIGHT, color="#fbeee6", linewidth=0)
            figure.add_artist(box)
            _write(
                figure, card.mark, y=124, size=18, right=WIDTH, bold=True, colour="#a63c0a", lines=1, left=_MARGIN + 14
            )
        right = _CHART[0] * WIDTH - 40 if card.series is not None else WIDTH - _MARGIN
        y = _write(figure, card.headline, y=HEIGHT - 108, size=40, right=WIDTH - _MARGIN, bold=True, lines=2)
        colour = COLOURS[card.series.tone] if card.series is not None else SEA
        y = _write(figure, card.counts, y=y - 22, size=30, right=WIDTH - _MARGIN, bold=True, colour=colour, lines=1)
        _write(figure, " ".join(card.told), y=y - 20, size=21, right=right, lines=9, least=118)
        if card.series is not None:
            draw_change(figure, _CHART, card.series, t, scale=_SCALE)
        out = io.BytesIO()
        figure.savefig(
            out,
            format="png",
            dpi=_CARD_DPI,
            facecolor="white",
            metadata={"Title": printable(card.headline), "Description": printable(words), "Software": "CURiM"},
        )
    return Picture(out.getvalue(), words)


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """A text in lines that are no wider than `width` dots, in letters `size` dots high; a longer word has its own."""
    lines: list[str] = []
    for word in printable(text).split(" "):
        if lines and text_width(f"{lines[-1]} {word}", size, bold=bold) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a line is, in dots, in letters `size` dots high."""
    box = TextPath((0, 0), _plain(text), size=size, prop=_BOLD if bold else _REGULAR).get_extents()
    return float(box.x1) if text.strip() else 0.0


def _plain(text: str) -> str:
    """A text of which nothing is read as a formula."""
    return text.replace("$", r"\$")


def _write(
    figure: Figure,
    text: str,
    *,
    y: float,
    size: float,
    right: float,
    lines: int,
    bold: bool = False,
    colour: str = INK,
    left: float = _MARGIN,
    least: float = 0.0,
) -> float:
    """Write a text from `y` (dots from below) down, in smaller letters where it needs more lines: its lower end.

    `least`: the height that it must stay above.
    """
    rows = wrapped(text, size, right - left, bold=bold)
    while size > 11 and (
        len(rows) > lines
        or y - len(rows) * 1.32 * size < least
        or max(text_width(row, size, bold=bold) for row in rows) > right - left
    ):
        size -= 1
        rows = wrapped(text, size, right - left, bold=bold)
    look: dict[str, Any] = {"fontproperties": (_BOLD if bold else _REGULAR).copy(), "color": colour, "va": "top"}
    look["fontproperties"].set_size(size * 72 / _CARD_DPI)
    for row in rows:
        figure.text(left / WIDTH, y / HEIGHT, _plain(row), **look)
        y -= 1.32 * size
    return y
