"""The two tables as the enemy's judge holds them: the alerts, and the copy that was made of them."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from curim_data.engine import Source, source_from_files
from curim_data.geo.enrichment import parent_cells
from curim_data.model import CityProfile
from curim_data.privacy import is_sensitive_category
from curim_data.protection import release
from curim_data.protection.opening import write_copy
from curim_data.query import default_points
from curim_data.store import Home
from curim_data.store.erase import draw_files, draws_folder
from tests.stored import stored_alerts

SECRET: Final = b"a secret that the enemy does not have"
_READ: Final = [
    *("category", "more_categories", "affected_gender", "reporter_gender", "status", "cell_8", "cell_9", "district"),
    *("place", "local_date", "week", "month", "weekday", "hours", "dark"),
]
NOWHERE: Final = -1


@dataclass(frozen=True)
class Pair:
    """The alerts and their copy, a row each, in no common order (`records`).

    `name` is for the judge alone, who knows which alert a record was made of: by the same name in both.
    """

    exact: pd.DataFrame
    copy: pd.DataFrame

    def of(self, sensitive: bool) -> Pair:
        """Those of sensitive categories, or the others."""
        return Pair(*(frame[frame["sensitive"] == sensitive] for frame in (self.exact, self.copy)))


@contextmanager
def copied(source: Source, *, swapping: bool = True, secret: bytes = SECRET) -> Iterator[Path]:
    """A copy of a source's alerts with draws of its own; whatever home the alerts are of stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        with_secret(home, secret)
        release(home, source, default_points(source), swapping=swapping)
        yield copy_of(home, source)


def with_secret(home: Home, secret: bytes = SECRET) -> None:
    """Give a home this secret, so that a test draws the same every time."""
    draws_folder(home).mkdir(parents=True, exist_ok=True)
    (draws_folder(home) / "secret").write_bytes(secret)


def copy_of(home: Home, source: Source) -> Path:
    """The copy of a source's alerts by the draws of a home."""
    known, key = draw_files(home), (draws_folder(home) / "secret").read_bytes()
    path = home.path / f"copy-{len(known)}.parquet"
    write_copy(source.cache["files"], known, source.city, path, home.path / "work", key)
    return path


def pair(source: Source, *, swapping: bool = True, secret: bytes = SECRET) -> Pair:
    """The alerts of a source and a copy of them."""
    with copied(source, swapping=swapping, secret=secret) as path:
        return pair_of(alerts_of(source), pq.read_table(path), source.city, secret)


def pair_of(alerts: pa.Table, copy: pa.Table, city: CityProfile, secret: bytes = SECRET) -> Pair:
    """The records of alerts and of their copy, whose names depend on a secret."""
    own = [hashlib.md5(f"{secret.hex()}{name}".encode()).hexdigest() for name in alerts["alert_id"].to_pylist()]
    exact, shown = records(alerts, city), records(copy, city)
    return Pair(exact.assign(name=own), shown.assign(name=copy["alert_id"].to_pylist()))


def alerts_of(source: Source) -> pa.Table:
    """All columns of a source's alerts."""
    return stored_alerts(source)


def source_of(folder: Path, table: pa.Table, city: CityProfile) -> Source:
    """A source over a table of alerts."""
    path = folder / f"alerts-{len(list(folder.glob('*.parquet')))}.parquet"
    pq.write_table(table, path)
    return source_from_files([path], path.stem, city)


def records(table: pa.Table, city: CityProfile) -> pd.DataFrame:
    """What the enemy counts by, a row an alert; nothing is missing: what is not known has a value of its own."""
    frame: pd.DataFrame = table.select(_READ).to_pandas()
    month = pd.to_datetime(frame["month"])
    told = {
        "city": 0,
        "all": 0,
        "year": month.dt.year,
        "quarter": month.dt.year * 4 + month.dt.quarter - 1,
        "month": month.dt.year * 12 + month.dt.month - 1,
        "week": pd.to_datetime(frame["week"]).astype("datetime64[s]").astype("int64") // 604_800,
        "date": pd.to_datetime(frame["local_date"]).astype("datetime64[s]").astype("int64") // 86_400,
        "weekend": frame["weekday"] >= 5,
        "band": [NOWHERE if hours is None or not len(hours) else int(hours[0]) // 6 for hours in frame["hours"]],
        "dark": frame["dark"].astype("float").fillna(NOWHERE).astype(int),
        "sensitive": sensitive_rows(frame, city),
    }
    for cell in ("cell_8", "cell_9"):
        told[cell] = table[cell].fill_null(NOWHERE).to_numpy()
    for name in ("district", "place", "affected_gender", "reporter_gender", "status", "category"):
        told[name] = pd.Categorical(frame[name].fillna(""))
    mapped = told["cell_8"] != NOWHERE
    told["cell_7"] = np.where(mapped, parent_cells(told["cell_8"], 7), NOWHERE)
    return pd.DataFrame(told | {"weekday": frame["weekday"]})


def sensitive_rows(frame: pd.DataFrame, city: CityProfile) -> list[bool]:
    """Whether any category of an alert is sensitive."""
    known: dict[str, bool] = {}

    def sensitive(name: str) -> bool:
        if name not in known:
            known[name] = is_sensitive_category(name, city)
        return known[name]

    told = zip(frame["category"], frame["more_categories"], strict=True)
    return [any(map(sensitive, [first, *([] if more is None else more)])) for first, more in told]


def around(cells: np.ndarray) -> list[list[int]]:
    """The neighbours of each cell."""
    return [[] if cell == NOWHERE else h3.grid_ring(int(cell), 1) for cell in cells.tolist()]
