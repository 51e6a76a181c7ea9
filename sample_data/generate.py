"""Write the made-up city of alerts: `write_sample(folder)` or `python -m sample_data.generate FOLDER`.

Seeded, so the same seed gives the same bytes. What is planted stands in `places.py`, the habits of the categories in
`rhythm.py`, the columns in `docs/curim-export.md`. Every alert is invented; ids begin with `DEMO-`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sample_data.dirty import dirty_rows
from sample_data.places import CUT, LAST, LIFELIKE, NEW_APP, SEED, World
from sample_data.rows import COLUMNS, HOME_ZONE, snapshot
from sample_data.simulate import City, simulate
from sample_data.truths import truths_text

MAIN: Final = "exports/piraeus_2022-11_2026-10.csv"
LATER: Final = "exports/piraeus_2026-11.csv"
DIRTY: Final = "exports/piraeus_dirty.csv"
ANSWERS: Final = "exports/piraeus_dirty_answers.csv"
RESENT_FROM: Final = dt.date(2026, 8, 20)


def write_sample(folder: Path, seed: int = SEED, world: World = LIFELIKE) -> list[Path]:
    """Write the three exports, the answer key and the truths below a folder; returns the files written.

    `world`: which habits of real exports the city has: all of them in the committed files, none in `PLAIN`.
    """
    city = simulate(seed, world)
    main_time, later_time = _end_of(CUT), _end_of(LAST)
    main = [snapshot(row, main_time) for row in city.rows if row.reported_at <= main_time]
    files = {
        MAIN: _table(COLUMNS, main),
        LATER: _table((*COLUMNS, *(("app_version",) if world.new_app else ())), _later(city, main_time, later_time)),
        "truths.toml": truths_text(city, main_time, seed).encode(),
    }
    dirty, answers = dirty_rows(main, seed)
    files[DIRTY] = dirty
    files[ANSWERS] = _table(("row", "outcome", "reason", "repaired", "unmapped", "note"), answers)
    written = []
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def _later(city: City, main_time: dt.datetime, later_time: dt.datetime) -> list[Sequence[str]]:
    """The second export: all that came in since RESENT_FROM as it stands now, and older alerts that changed."""
    rows = []
    for row in city.rows:
        if row.reported_at > later_time:
            continue
        now = snapshot(row, later_time)
        known = row.reported_at <= main_time
        if row.reported_at.date() >= RESENT_FROM or (known and snapshot(row, main_time) != now):
            rows.append((*now, *((NEW_APP.version,) if city.world.new_app else ())))
    return rows


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59), HOME_ZONE)


def _table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV with semicolons, CR LF and a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def main() -> None:
    """Write the sample below the folder named on the command line, or below this package."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for path in write_sample(folder):
        print(path)


if __name__ == "__main__":
    main()
