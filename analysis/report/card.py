"""A picture of one change for a newsletter or a notice board: 1200 × 675 dots, with its chart, its source and its date.

Drawn with matplotlib and the letters that come with it (DejaVu Sans, which has Greek): no browser, no request.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath

from analysis.report.blocks import Picture, printable
from analysis.report.charts import COLOURS, INK, QUIET, SEA, ChangeSeries, chart_style, draw_change
from curim_data.model import Translator

WIDTH, HEIGHT = 1200, 675
_DPI: Final = 100
_MARGIN: Final = 60
# Left, bottom, width and height of the chart as parts of the card, where there is one.
_CHART: Final = (640 / WIDTH, 140 / HEIGHT, 500 / WIDTH, 300 / HEIGHT)
_SCALE: Final = 2.1  # of the letters of a chart on paper
_FONTS: Final = Path(mpl.get_data_path()) / "fonts" / "ttf"
_REGULAR: Final = FontProperties(fname=str(_FONTS / "DejaVuSans.ttf"))
_BOLD: Final = FontProperties(fname=str(_FONTS / "DejaVuSans-Bold.ttf"))


@dataclass(frozen=True)
class NewsCard:
    """What a picture card says, in finished sentences; its numbers have passed disclosure control for its readers.

    kicker: city and period; headline: what and where; counts: from how many to how many; told: how sure, for whom;
    source: where it comes from and the date; mark: a warning, or ""; series: what its chart draws, if anything.
    """

    kicker: str
    headline: str
    counts: str
    told: tuple[str, ...]
    source: str
    mark: str = ""
    series: ChangeSeries | None = None


def draw_card(card: NewsCard, t: Translator) -> Picture:
    """Draw a card as PNG; its words are the alternative text, and stand in the file's own description too."""
    words = " ".join((card.mark, f"{card.headline}.", f"{card.counts}.", *card.told, card.source)).strip()
    with mpl.rc_context(chart_style(_SCALE)):
        figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor="white")
        _frame(figure, card)
        right = _CHART[0] * WIDTH - 40 if card.series is not None else WIDTH - _MARGIN
        y = _write(figure, card.headline, y=HEIGHT - 108, size=40, right=WIDTH - _MARGIN, bold=True, lines=2)
        colour = COLOURS[card.series.tone] if card.series is not None else SEA
        y = _write(figure, card.counts, y=y - 22, size=30, right=WIDTH - _MARGIN, bold=True, colour=colour, lines=1)
        _write(figure, " ".join(card.told), y=y - 20, size=21, right=right, lines=9, least=118)
        if card.series is not None:
            draw_change(figure, _CHART, card.series, t, scale=_SCALE)
        out = io.BytesIO()
        about = {"Title": printable(card.headline), "Description": printable(words), "Software": "CURiM"}
        figure.savefig(out, format="png", dpi=_DPI, facecolor="white", metadata=about)
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


def _frame(figure: Figure, card: NewsCard) -> None:
    figure.add_artist(Rectangle((0, 1 - 12 / HEIGHT), 1, 12 / HEIGHT, color=SEA, linewidth=0))
    _write(figure, card.kicker, y=HEIGHT - 44, size=20, right=WIDTH - _MARGIN, colour=QUIET, lines=1)
    _write(figure, card.source, y=86, size=16, right=WIDTH - _MARGIN, colour=QUIET, lines=3)
    if card.mark:
        width = text_width(card.mark, 18, bold=True) + 28
        box = (_MARGIN / WIDTH, 96 / HEIGHT)
        figure.add_artist(Rectangle(box, width / WIDTH, 34 / HEIGHT, color="#fbeee6", linewidth=0))
        _write(figure, card.mark, y=124, size=18, right=WIDTH, bold=True, colour="#a63c0a", lines=1, left=_MARGIN + 14)


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
    look["fontproperties"].set_size(size * 72 / _DPI)
    for row in rows:
        figure.text(left / WIDTH, y / HEIGHT, _plain(row), **look)
        y -= 1.32 * size
    return y
