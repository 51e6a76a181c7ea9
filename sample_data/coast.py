"""Make the outline of the sample city again: `python -m sample_data.coast SEA.geojson PORT.geojson [FOLDER]`.

Sea and port come from Tritsarolis, Kontoulis and Theodoridis (2022), "The Piraeus AIS dataset for large-scale maritime
data analytics", Data in Brief 40:107782, https://doi.org/10.1016/j.dib.2021.107782 (CC BY 4.0): the layers of the
territorial sea, clipped to the neighbourhood, and of the port. They are joined, simplified and rounded; the city's
limit on the landward side and the borders of its zones are the project's own, illustrative ones. Written are
`water.geojson` (for the map alone), `land.geojson` and `districts.geojson`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.enums import TransformDirection
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

PROFILE: Final = Path(__file__).parent / "piraeus"
TOLERANCE: Final = 3.0  # metres, near the city
FAR_TOLERANCE: Final = 25.0  # metres, elsewhere
CLOSED: Final = 2.0  # metres: gaps between sea and port, and canals, narrower than twice this are closed
GRID: Final = 1e-5  # degrees: about a metre
LEAST: Final = 300.0  # square metres of an islet or a mole that is kept
NEAR: Final = (23.614, 37.922, 23.682, 37.968)  # degrees: west, south, east, north
TO_DEGREES: Final = TransformDirection.INVERSE
ATTRIBUTION: Final = "Tritsarolis et al. 2022 (CC BY 4.0)"
DRAWN: Final = (
    "Drawn by this project for demonstration only: not an official boundary. A city replaces it with its own."
)
COAST: Final = (
    "Coast and port: Tritsarolis, Kontoulis, Theodoridis 2022, The Piraeus AIS dataset, Data in Brief 40:107782, "
    f"CC BY 4.0; joined, simplified to {TOLERANCE:.0f} m and rounded. "
)

# The limit of the city, closed over the water: to the north from the mouth of the Kifisos, then to the west and back.
LIMIT: Final = (
    (23.6723, 37.9435), (23.673, 37.9469), (23.6733, 37.9508), (23.6735, 37.9544), (23.6712, 37.9541),
    (23.6688, 37.9533), (23.6683, 37.9565), (23.6651, 37.9573), (23.6635, 37.9587), (23.6599, 37.9595),
    (23.6577, 37.9616), (23.6588, 37.964), (23.6549, 37.965), (23.6519, 37.9641), (23.6496, 37.962),
    (23.6474, 37.9619), (23.6441, 37.9635), (23.6402, 37.9636), (23.6361, 37.963), (23.6324, 37.9637),
    (23.6291, 37.9635), (23.6286, 37.9599), (23.6287, 37.9561), (23.6277, 37.9534), (23.6286, 37.9516),
    (23.6318, 37.9514), (23.6347, 37.9513), (23.6356, 37.9494), (23.6355, 37.9474), (23.6344, 37.9462),
    (23.6317, 37.9444), (23.6308, 37.9427), (23.6298, 37.9413), (23.6250, 37.9395), (23.6195, 37.9369),
    (23.6195, 37.9230), (23.6690, 37.9230), (23.6690, 37.9360), (23.6697, 37.9384), (23.6706, 37.9400),
    (23.6718, 37.9423),
)  # fmt: skip

# The borders of the zones, on through the water, so that quays and moles fall to the zone that they belong to.
BORDERS: Final = (
    ((23.6480, 37.9490), (23.6417, 37.9484), (23.6395, 37.9480), (23.6380, 37.9475), (23.6378, 37.9440)),
    ((23.6378, 37.9440), (23.6320, 37.9403), (23.6190, 37.9370)),
    ((23.6378, 37.9440), (23.6396, 37.9432), (23.6410, 37.9427), (23.6451, 37.9412), (23.6474, 37.9372),
     (23.6493, 37.9349), (23.6495, 37.9335), (23.6503, 37.9325), (23.6535, 37.9327), (23.6545, 37.9220)),
    ((23.6560, 37.9487), (23.6588, 37.9432), (23.6604, 37.9387), (23.6612, 37.9372), (23.6628, 37.9368),
     (23.6645, 37.9220)),
    ((23.6480, 37.9490), (23.6560, 37.9487), (23.6750, 37.9510)),
    ((23.6480, 37.9490), (23.6484, 37.9550), (23.6474, 37.9640)),
)  # fmt: skip

# A point in each zone.
ZONES: Final = ((23.6365, 37.9335), (23.6530, 37.9440), (23.6660, 37.9470), (23.6560, 37.9560), (23.6390, 37.9560))


def make_outline(sea: BaseGeometry, port: BaseGeometry) -> tuple[BaseGeometry, list[BaseGeometry], BaseGeometry]:
    """Water round the city, the zones of its land, and that land (WGS84, on a grid of five decimals).

    `sea` and `port` are the layers of the source in WGS84. Water is simplified to `TOLERANCE` near the city.
    """
    whole = shapely.union_all([_moved(sea), _moved(port)])
    whole = whole.buffer(CLOSED, join_style="mitre").buffer(-CLOSED, join_style="mitre")
    near, fine = _moved(shapely.box(*NEAR)), whole.simplify(TOLERANCE)
    joined = shapely.union_all([fine.intersection(near), whole.simplify(FAR_TOLERANCE).difference(near)])
    water = shapely.set_precision(_moved(joined, TO_DEGREES), GRID)
    limit = shapely.Polygon(LIMIT)
    lines = shapely.union_all([limit.exterior, *map(shapely.LineString, BORDERS)])
    faces = shapely.get_parts(shapely.polygonize([lines]))
    land = _without_crumbs(shapely.set_precision(limit.difference(_moved(fine, TO_DEGREES)), GRID))
    zones = []
    for at in ZONES:
        face = next(face for face in faces if face.contains(shapely.Point(at)))
        zones.append(_without_crumbs(shapely.set_precision(land.intersection(face), GRID), LEAST / 10))
    return water, zones, shapely.union_all(zones, grid_size=GRID)


def _without_crumbs(area: BaseGeometry, least: float = LEAST) -> BaseGeometry:
    """The polygons of at least so many square metres."""
    parts = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon" and _moved(part).area >= least]
    return shapely.union_all(parts)


def _moved(area: BaseGeometry, direction: TransformDirection = TransformDirection.FORWARD) -> BaseGeometry:
    """A shape in the metres of the Greek grid, or back in degrees."""
    grid = Transformer.from_crs(4326, 2100, always_xy=True)
    return shapely.transform(area, lambda at: np.column_stack(grid.transform(at[:, 0], at[:, 1], direction=direction)))


def collection(areas: Sequence[tuple[str, dict[str, str], BaseGeometry]], note: str, attribution: str) -> str:
    """A GeoJSON feature collection of (id, labels by language, shape), one feature a line."""
    features = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {"id": name, **{f"label_{k}": v for k, v in labels.items()}, "illustrative": True},
                "geometry": json.loads(shapely.to_geojson(shapely.normalize(area))),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for name, labels, area in areas
    ]
    head = json.dumps({"illustrative": True, "note": note, "attribution": attribution}, ensure_ascii=False)[1:-1]
    return f'{{\n"type": "FeatureCollection",\n{head},\n"features": [\n' + ",\n".join(features) + "\n]\n}\n"


def write_outline(sea: Path, port: Path, folder: Path) -> list[Path]:
    """Write water, land and zones below a folder; returns the files."""
    water, zones, land = make_outline(_shape_of(sea), _shape_of(port))
    names = {"el": "Ζώνη", "en": "Zone", "fr": "Zone"}
    tables = {
        "water.geojson": [("water", {"el": "Θάλασσα και λιμάνι", "en": "Sea and port", "fr": "Mer et port"}, water)],
        "land.geojson": [
            ("land", {"el": "Ξηρά του Πειραιά", "en": "Land of Piraeus", "fr": "Terre ferme du Pirée"}, land)
        ],
        "districts.geojson": [
            (f"zone_{k}", {lang: f"{word} {k}" for lang, word in names.items()}, zone)
            for k, zone in enumerate(zones, start=1)
        ],
    }
    for name, areas in tables.items():
        note = COAST if name == "water.geojson" else f"{COAST}Landward limit and zones: {DRAWN}"
        (folder / name).write_text(collection(areas, note.strip(), ATTRIBUTION), "utf-8")
    return [folder / name for name in tables]


def _shape_of(path: Path) -> BaseGeometry:
    return shapely.union_all([shape(f["geometry"]) for f in json.loads(path.read_text("utf-8"))["features"]])


def main() -> None:
    """Write the outline from the files named on the command line."""
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    for path in write_outline(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3:] else PROFILE):
        print(path)


if __name__ == "__main__":
    main()
