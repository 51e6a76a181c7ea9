"""The density as one picture for a map: printed classes, a clear sea, laid out as web maps are."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import map_coordinates

from analysis.density.kernel_density import Density
from curim_data.model import CityProfile, FloatArray, Translator

Bytes = NDArray[np.uint8]

# ColorBrewer YlOrRd, as the counts on the other maps: it grows darker throughout, so that it reads in grey as well.
SCALE: Final = ("#ffeda0", "#fec35a", "#f98e3a", "#e2532b", "#a31621")
ALPHA: Final = 215
MIN_CLASSES, MAX_CLASSES = 5, 7
LADDER: Final = (1, 2, 5)
MAX_ACROSS: Final = 1_200


@dataclass(frozen=True, eq=False)
class DensityImage:
    """A picture and where it lies. Made by `density_image`.

    rgba : array of uint8, shape (rows, columns, 4); row 0 is the northernmost, rows are even steps of Web Mercator
    breaks : class limits in alerts per km² and month, ascending: classes + 1 of them; clear below the first
    colours : `#rrggbb` by class
    bounds : west, south, east, north in degrees (WGS84), as deck.gl's BitmapLayer takes them
    """

    rgba: Bytes
    breaks: tuple[float, ...]
    colours: tuple[str, ...]
    bounds: tuple[float, float, float, float]

    @property
    def png(self) -> bytes:
        """The picture as a PNG file."""
        out = io.BytesIO()
        Image.fromarray(self.rgba, "RGBA").save(out, format="png")
        return out.getvalue()

    @property
    def data_url(self) -> str:
        """The picture as a data URL."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    def legend(self, t: Translator) -> list[tuple[str, str]]:
        """Colour and limits of each class, from the thinnest."""
        limits = [t.number(value, max(0, -int(np.floor(np.log10(value))))) for value in self.breaks]
        return [
            (colour, f"{low}–{high}") for colour, low, high in zip(self.colours, limits[:-1], limits[1:], strict=True)
        ]


def class_breaks(peak: float, classes: int = MIN_CLASSES) -> tuple[float, ...]:
    """Limits of classes from 1, 2 and 5 times powers of ten, the last the first that is not below the peak.

    Each class spans about twice the one before: densities are so uneven that equal steps would leave all but one place
    in the first, and a surface that is flat stays in one class. Nothing without a peak.

    >>> class_breaks(37)
    (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
    """
    if not MIN_CLASSES <= classes <= MAX_CLASSES:
        raise ValueError(f"{MIN_CLASSES} to {MAX_CLASSES} classes, not {classes}")
    if not peak > 0:
        return ()
    step = 3 * int(np.floor(np.log10(peak))) - 1
    while _rung(step) < peak:
        step += 1
    return tuple(_rung(step - back) for back in range(classes, -1, -1))


def _rung(step: int) -> float:
    return float(f"{LADDER[step % 3]}e{step // 3}")


def colours_for(classes: int) -> tuple[str, ...]:
    """The scale in so many steps, in between mixed evenly."""
    known = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in SCALE], dtype=float)
    at = np.linspace(0, len(SCALE) - 1, classes)
    mixed = np.column_stack([np.interp(at, np.arange(len(SCALE)), part) for part in known.T])
    return tuple("#" + "".join(f"{round(float(part)):02x}" for part in row) for row in mixed)


def density_image(density: Density, city: CityProfile, *, classes: int = MIN_CLASSES, finer: int = 2) -> DensityImage:
    """Draw a density in printed classes for a web map.

    The projected grid is turned against the meridians (by 0.2 degrees in Piraeus, a pixel in 7 km) and web maps stretch
    a picture evenly in Web Mercator, so the picture is resampled: each of its pixels takes the density at its own
    place, between the centres of the grid linearly (over the land alone). What is left is the rounding of colours to a
    pixel of the picture.

    Parameters
    ----------
    density : Density
    city : CityProfile
        Whose projection the density has.
    classes : int
        Five to seven.
    finer : int
        Pixels of the picture to one of the grid, on each side; fewer where the picture would exceed 1,200.
    """
    west, south, east, north = bounds = _bounds(density, city)
    rows, columns = density.values.shape
    sharp = min(finer, MAX_ACROSS / max(rows, columns))
    height, width = max(1, round(rows * sharp)), max(1, round(columns * sharp))
    longitude = west + (np.arange(width) + 0.5) / width * (east - west)
    top, foot = _mercator(north), _mercator(south)
    latitude = np.degrees(np.arctan(np.sinh(top - (np.arange(height) + 0.5) / height * (top - foot))))
    x, y = city.project(*np.meshgrid(longitude, latitude))
    values = _between(density, x, y)
    breaks = class_breaks(float(density.values.max()), classes)
    colours = colours_for(classes) if breaks else ()
    return DensityImage(_paint(values, breaks, colours), breaks, colours, bounds)


def _between(density: Density, x: FloatArray, y: FloatArray) -> FloatArray:
    """Density at points in metres, linearly between pixels that touch the land; NaN where none does."""
    raster = density.raster
    at = np.array([(y - raster.y0) / raster.cell_m - 0.5, (x - raster.x0) / raster.cell_m - 0.5])
    land = density.land.astype(float)
    share = map_coordinates(land, at, order=1, mode="constant")
    value = map_coordinates(density.values, at, order=1, mode="constant")
    shown = (raster.place(x, y) >= 0) & (share > 0)
    return np.asarray(np.divide(value, share, out=np.full_like(value, np.nan), where=shown))


def _paint(values: FloatArray, breaks: tuple[float, ...], colours: tuple[str, ...]) -> Bytes:
    """Colours by class. What is clear has the lightest colour with no opacity, lest borders blend with black."""
    palette = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] + [ALPHA] for colour in colours]
    clear = [*(palette[0][:3] if palette else [255, 255, 255]), 0]
    table = np.array([clear, *palette], dtype=np.uint8)
    if not breaks:
        return np.full((*values.shape, 4), clear, dtype=np.uint8)
    place = np.searchsorted(breaks, np.nan_to_num(values, nan=0.0), side="left")
    painted: Bytes = table[np.minimum(place, len(colours))]
    return painted


def _bounds(density: Density, city: CityProfile) -> tuple[float, float, float, float]:
    west, south, east, north = density.raster.bounds
    x, y = np.linspace(west, east, 9), np.linspace(south, north, 9)
    edge_x = np.concatenate([x, x, np.full(9, west), np.full(9, east)])
    edge_y = np.concatenate([np.full(9, south), np.full(9, north), y, y])
    longitude, latitude = city.to_metres.transform(edge_x, edge_y, direction="INVERSE")
    return float(longitude.min()), float(latitude.min()), float(longitude.max()), float(latitude.max())


def _mercator(latitude: float) -> float:
    return float(np.arcsinh(np.tan(np.radians(latitude))))
