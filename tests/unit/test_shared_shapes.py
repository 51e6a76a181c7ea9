"""The shapes of a city are asked by many threads at once, since every reader's page is one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# In a process of its own: where the shapes are not guarded it ends with a fault of memory within a second.
ASKING = """
import threading, time
from dataclasses import replace
from pathlib import Path
import numpy as np, shapely
from curim_data.model.city import load_city
from curim_data.model.city import counted_cells

city = load_city(Path("sample_data/piraeus"))
angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
away = 0.03 + 0.003 * np.random.default_rng(0).random(len(angle))
land = shapely.polygons(np.column_stack([23.65 + away * np.cos(angle), 37.94 + away * np.sin(angle)]))
cells = replace(city, land=land).land_cells(10).index.to_numpy()
rounds, end = 0, time.monotonic() + 1
while time.monotonic() < end:
    one = replace(city, land=shapely.from_wkb(shapely.to_wkb(land)))
    together = threading.Barrier(4)
    def ask():
        together.wait()
        assert one.on_land(cells).all()
        assert (counted_cells(one, cells) == cells).all()
        assert len(one.sampled_cells)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    rounds += 1
print("rounds", rounds)
"""


@pytest.mark.slow
def test_threads_that_ask_the_land_at_once_do_not_end_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKING], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout.split()[-1]) >= 1
    assert "Error" not in done.stderr, done.stderr[-500:]


# Shapes that one call makes for itself alone.
OWN = {
    "curim_data/geo/enrichment.py",
    "curim_data/geo/projections.py",
    "curim_data/profile/provisional.py",
    "curim_data/profile/shapes.py",
    "curim_data/model/extent.py",
}


@pytest.mark.parametrize("folder", ["analysis", "curim_data", "pages"])
def test_shapes_are_asked_one_thread_at_a_time(folder: str) -> None:
    asked = re.compile(
        r"shapely\.(prepare|intersects|intersects_xy|contains|contains_xy|contains_properly|covers|within)\("
    )
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in OWN
        for line in path.read_text("utf-8").splitlines()
        if asked.search(line)
    ]
    assert not found
