"""Maps on paper: land, zones, cells in printed classes, hot spots outlined and numbered; no browser needed.

Classes grow darker with what they show, so that a black-and-white print reads the same. What is not land covers the
cells, which so end at the coast.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import h3.api.basic_str as h3
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib_scalebar.scalebar import ScaleBar
from shapely.geometry.base import BaseGeometry

from analysis.hotspots.cell_significance import excess_words
from analysis.report.documents import AREAS_MM, Picture
from analysis.spots.naming import MOST_LABELS, Label, placed_labels
from curim_data.model import CityProfile, Translator, cell_polygons
from curim_data.model.city import MAJOR, MINOR, PATH
from curim_data.model.labels import on_a_map
from curim_data.model.plan import Areas

DPI: Final = 200
SEA_GROUND, AROUND, LAND, ZONE, INK, QUIET = "#dbe7ee", "#f2f2f1", "#f6f4ef", "#9fb0bb", "#0f2a3a", "#51606b"
EXCESS: Final = (
    "#eef1f2",
    "#d3d9dd",
    "#fdb640",
    "#f98e3a",
    "#e2532b",
    "#a31621",
)  # the page's, a little farther apart: also without colours
LETTERS: Final = 6.8
POINTS_AN_INCH: Final = 72
CITY_MM, LAYERS_MM = 88, 150  # width on paper, from which the size of the letters follows
AROUND_AREAS: Final = 1.35  # how much of the map's width is more than the areas
LEAST_AROUND: Final = 700.0  # metres that a map of areas shows at least
Bounds = tuple[float, float, float, float]
MOST_TALL: Final = 1.05  # height of a map by its width
_MM: Final = 1 / 25.4
LINE_MM: Final = 2.6  # a line of the smallest letters
LETTERS_A_MM: Final = 0.86
WIDER: Final = 1.15  # that paper's type runs than that of a screen, for which the widths of letters are
STYLE: Final[Any] = {"font.family": "DejaVu Sans", "font.size": 6.5, "hatch.linewidth": 0.5}


@dataclass(frozen=True)
class NumberedSpot:
    """A numbered hot spot on the map: its rank, its name in the reader's language, its place in degrees (WGS84)."""

    rank: int
    name: str
    longitude: float
    latitude: float


@dataclass(frozen=True)
class MapLayer:
    """One entry of a map's legend and what is drawn so: shapes in WGS84, filled, outlined or as points."""

    label: str
    colour: str
    shapes: tuple[BaseGeometry, ...]
    outline: bool = False
    points: bool = False
    hatched: bool = False

    def style(self) -> dict[str, Any]:
        """How geopandas draws it."""
        if self.points:
            return {"color": self.colour, "markersize": 3.0, "alpha": 0.8, "linewidth": 0}
        if self.outline:
            return {"facecolor": "none", "edgecolor": self.colour, "linewidth": 0.9}
        hatch = {"hatch": "//////"} if self.hatched else {}
        return {"facecolor": self.colour, "edgecolor": QUIET if self.hatched else "white", "linewidth": 0.25, **hatch}

    def handle(self) -> Any:
        """Its mark in the legend."""
        if self.points:
            return Line2D([], [], color=self.colour, marker="o", markersize=4, linewidth=0, label=self.label)
        return Patch(**{**self.style(), "label": self.label})


def city_map(
    city: CityProfile,
    cells: pd.DataFrame,
    t: Translator,
    *,
    spots: Sequence[NumberedSpot] = (),
    hot: Collection[int] = (),
) -> Picture:
    """Draw how far a city's places are above what is usual in their surroundings, with its streets and its coast.

    Parameters
    ----------
    cells : index cell (int64 H3), `excess` (the classes of `HotCells.excess_classes`)
    spots : hot spots to number and name, the most important first: twelve at most are
    hot : cells (int64 H3) with more alerts than chance explains: outlined where they touch

    Returns
    -------
    Picture: PNG with 200 dots per inch and its alternative text.
    """
    drawn = [
        (word, colour, cells.index[cells["excess"] == at])
        for at, (word, colour) in enumerate(zip(excess_words(t), EXCESS, strict=True))
    ]
    shades = [MapLayer(word, colour, (_joined(some),)) for word, colour, some in drawn]
    shades += [MapLayer(t("hot spot"), INK, (_joined(hot),), outline=True)] if len(hot) else []
    alt = t("Map of the city: where the usual number is exceeded.")
    if spots:
        alt += " " + t.pair(t("Hot spots"), t.join([f"{spot.rank} {spot.name}" for spot in spots[:MOST_LABELS]])) + "."
    title = t("Times the usual number of the surroundings")
    return layers_map(city, shades, t, title=title, spots=spots, alt=alt, width_mm=CITY_MM, streets=True)


def _joined(cells: Collection[int]) -> BaseGeometry:
    """Cells as one shape, without the lines between them."""
    return shapely.union_all(cell_polygons(np.fromiter(cells, np.int64)))


def areas_map(city: CityProfile, areas: Areas, t: Translator) -> Picture:
    """Draw a plan's treated area, its buffer and its comparison area, distinguished by shade and hatch.

    The map shows them with what lies around them, its streets and its landmarks, not the whole city.
    """
    looks = (
        (areas.treated, t("treated area"), "#0b4f6c"),
        (areas.buffer, t("buffer"), "#eceff1"),
        (areas.comparison, t("comparison area"), "#f0b27a"),
    )
    shades = [
        MapLayer(
            name, colour, tuple(cell_polygons([h3.str_to_int(cell) for cell in cells])), hatched=cells is areas.buffer
        )
        for cells, name, colour in looks
        if cells
    ]
    alt = t("Map of the plan's areas: {areas}.", areas=t.join([shade.label for shade in shades]))
    title = t("Areas of the plan")
    return layers_map(city, shades, t, title=title, alt=alt, width_mm=AREAS_MM, streets=True, close=True)


def layers_map(
    city: CityProfile,
    shades: Sequence[MapLayer],
    t: Translator,
    *,
    title: str,
    spots: Sequence[NumberedSpot] = (),
    notes: Sequence[str] = (),
    alt: str = "",
    width_mm: float = LAYERS_MM,
    streets: bool = False,
    close: bool = False,
) -> Picture:
    """Draw any layer of a map: areas, outlines and points, each kind with its entry in the legend.

    Parameters
    ----------
    shades : what is drawn, from the bottom up
    title : heading of the legend
    spots : places to number and name
    notes : lines below the legend: what was chosen, how many alerts of how many, the date; wrapped to the width
    alt : what the picture shows, for those who do not see it
    width_mm : on paper, from which the size of the letters follows; streets : whether they are drawn
    close : whether it shows what is drawn with what lies around it and its landmarks, not the whole city

    Returns
    -------
    Picture: PNG with 200 dots per inch.
    """
    lines = [line for note in notes for line in textwrap.wrap(note, round(width_mm * LETTERS_A_MM))]
    named = [shade for shade in shades if shade.label]
    columns = 3 if width_mm > CITY_MM else 2
    foot_mm = LINE_MM * (len(lines) + 0.6)
    legend_mm = foot_mm + LINE_MM * (2.4 + 1.4 * -(-len(named) // columns))
    drawn = [
        gpd.GeoSeries([one for one in shade.shapes if not one.is_empty], crs=4326).to_crs(city.epsg) for shade in shades
    ]
    with mpl.rc_context(STYLE):
        figure, axes = _sheet(city, width_mm, legend_mm, _around(drawn) if close else None)
        height_mm = figure.get_size_inches()[1] / _MM
        for shade, shapes in zip(shades, drawn, strict=True):
            if len(shapes):
                shapes.plot(ax=axes, **shade.style(), zorder=3 if shade.outline else 2)
        if streets:
            _streets(axes, city)
        if close:
            _landmarks(axes, city, t)
        _spots(axes, spots, city)
        _scale_bar(axes, t)
        _key(figure, [shade.handle() for shade in named], title, foot_mm / height_mm, columns)
        figure.text(0.0, 0.8 / height_mm, "\n".join(lines), fontsize=5.8, color=QUIET, ha="left", va="bottom")
        return Picture(_png(figure), alt)


def _around(places: Sequence[gpd.GeoSeries]) -> Bounds:
    """What a map of areas shows, in metres: them and a part of what lies around, at least `LEAST_AROUND` wide."""
    x0, y0, x1, y1 = np.concatenate([[place.total_bounds] for place in places]).T
    left, bottom, right, top = x0.min(), y0.min(), x1.max(), y1.max()
    half = max(right - left, top - bottom, LEAST_AROUND / AROUND_AREAS) * AROUND_AREAS / 2
    middle = (left + right) / 2, (bottom + top) / 2
    return (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)


def _sheet(city: CityProfile, width_mm: float, legend_mm: float, bounds: Bounds | None = None) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width_mm * _MM, width_mm * _MM), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    _fit(axes, figure, bounds or city.land_metres.bounds, width_mm, legend_mm)
    _ground(axes, city)
    if city.credits:
        box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1.0}
        axes.text(
            0.004,
            0.005,
            " · ".join(city.credits),
            transform=axes.transAxes,
            fontsize=4.6,
            color=QUIET,
            bbox=box,
            zorder=9,
        )
    return figure, axes


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=DPI, facecolor="white")
    return out.getvalue()


def _ground(axes: Any, city: CityProfile) -> None:
    """Land, and over what will be drawn on it all that is no land, and the borders of districts."""
    axes.set_facecolor(LAND)
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    around = shapely.box(west, south, east, north).difference(city.land_metres)
    gpd.GeoSeries([around]).plot(ax=axes, color=AROUND, zorder=4, aspect=None)
    if city.water is not None:
        gpd.GeoSeries([city.water], crs=4326).to_crs(city.epsg).plot(ax=axes, color=SEA_GROUND, zorder=4)
    gpd.GeoSeries([city.land_metres.boundary]).plot(ax=axes, color=QUIET, linewidth=0.5, zorder=5, aspect=None)
    if city.districts:
        zones = gpd.GeoSeries([zone.polygon for zone in city.districts], crs=4326).to_crs(city.epsg)
        zones.boundary.plot(ax=axes, color=ZONE, linewidth=0.5, linestyle=(0, (4, 2)), zorder=5)


def _streets(axes: Any, city: CityProfile) -> None:
    """Streets over the cells, so that a reader finds the way: thin ones, main ones thicker."""
    for kinds, width in (((MINOR, PATH), 0.25), ((MAJOR, ""), 0.55)):
        lines = [line for street, line in zip(city.streets, city.street_lines, strict=True) if street.kind in kinds]
        if lines:
            gpd.GeoSeries(lines, crs=city.epsg).plot(ax=axes, color=INK, alpha=0.45, linewidth=width, zorder=3)


def _spots(axes: Any, spots: Sequence[NumberedSpot], city: CityProfile) -> None:
    if not spots:
        return
    spots = spots[:MOST_LABELS]
    xs, ys = city.project([spot.longitude for spot in spots], [spot.latitude for spot in spots])
    axes.plot(xs, ys, "o", markersize=4, color=INK, markeredgecolor="white", markeredgewidth=0.7, zorder=7)
    _names(axes, xs, ys, [(f"{spot.rank}  {on_a_map(spot.name)}", str(spot.rank)) for spot in spots])


def _names(axes: Any, xs: Any, ys: Any, texts: Sequence[tuple[str, ...]], *, bold: bool = True) -> None:
    """Write names beside their points (metres), none into another; of several texts the first that finds room."""
    halo = [withStroke(linewidth=2.2, foreground="white")]
    box = axes.get_window_extent()
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    at = (axes.transData.transform(np.column_stack([xs, ys])) - middle) * POINTS_AN_INCH / DPI
    size = LETTERS if bold else LETTERS - 0.8
    labels = [Label(text, x, -y, size * WIDER, bold) for text, (x, y) in zip(texts, at.tolist(), strict=True)]
    room = (box.width / 2 * POINTS_AN_INCH / DPI, box.height / 2 * POINTS_AN_INCH / DPI)
    for one in placed_labels(labels, room=room):
        axes.annotate(
            one.text,
            (xs[one.of], ys[one.of]),
            xytext=(one.right, -one.down),
            textcoords="offset points",
            ha={"start": "left", "middle": "center", "end": "right"}[one.anchor],
            va="center",
            fontsize=size,
            fontweight="bold" if bold else "normal",
            color=INK,
            path_effects=halo,
            zorder=8,
        )


def _landmarks(axes: Any, city: CityProfile, t: Translator) -> None:
    """Name the landmarks in view, those with the largest reach first, as far as names find room."""
    if not city.landmarks:
        return
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    x, y = city.landmarks_metres.T
    inside = (x > left) & (x < right) & (y > bottom) & (y < top)
    order = sorted(np.flatnonzero(inside).tolist(), key=lambda at: -city.landmarks[at].radius)[:MOST_LABELS]
    names = [t.label(city.landmarks[at].labels) for at in order]
    _names(axes, x[order], y[order], [(name,) for name in names], bold=False)


def _scale_bar(axes: Any, t: Translator) -> None:
    """Draw a scale bar in whole metres or kilometres at the lower right; the axes are in metres."""

    def label(value: float, unit: str) -> str:
        return t("{kilometres} km", kilometres=value) if unit == "km" else t("{metres} m", metres=value)

    bar = ScaleBar(
        1,
        "m",
        length_fraction=0.28,
        width_fraction=0.008,
        location="lower right",
        scale_loc="top",
        scale_formatter=label,
        color=INK,
        box_alpha=0,
        border_pad=1.2,
        sep=3,
        font_properties={"size": 6},
    )
    bar.set_zorder(9)
    axes.add_artist(bar)


def _fit(axes: Any, figure: Figure, bounds: Bounds, width_mm: float, legend_mm: float) -> None:
    """Fit the figure to what is shown (metres) and leave room below for the legend."""
    x0, y0, x1, y1 = bounds
    margin = 0.03 * max(x1 - x0, y1 - y0)
    if (more := ((y1 - y0) / MOST_TALL - (x1 - x0)) / 2) > 0:  # a tall city stands in the middle of its sheet
        x0, x1 = x0 - more, x1 + more
    shown = {"xlim": (x0 - margin, x1 + margin), "ylim": (y0 - margin, y1 + margin)}
    axes.set(**shown, aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    map_mm = width_mm * (y1 - y0 + 2 * margin) / (x1 - x0 + 2 * margin)
    figure.set_size_inches(width_mm * _MM, (map_mm + legend_mm) * _MM)
    share = map_mm / (map_mm + legend_mm)
    axes.set_position((0, 1 - share, 1, share))
    axes.set_autoscale_on(False)
    axes.xaxis.label.set_visible(False)
    axes.yaxis.label.set_visible(False)


def _key(figure: Figure, handles: list[Any], title: str, bottom: float = 0.028, columns: int = 3) -> None:
    figure.legend(
        handles=handles,
        title=title,
        loc="lower left",
        bbox_to_anchor=(0.0, bottom),
        ncols=columns,
        frameon=False,
        fontsize=6.2,
        title_fontsize=6.5,
        alignment="left",
        handlelength=1.5,
        columnspacing=1.1,
        borderaxespad=0,
    )
