"""A longer run: `python -m tests.fuzz [CASES] [FIRST]`; files that break the import are kept in a folder."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import sample_data
from curim_data.model.city import load_city
from tests.fuzz.corpus import seeds
from tests.fuzz.trial import Broken, run

cases, first = (*map(int, sys.argv[1:3]), *(50_000, 1_000_000)[len(sys.argv) - 1 :])
folder, known, city = Path(tempfile.mkdtemp(prefix="fuzz-")), seeds(), load_city(sample_data.PROFILE)
seen = Counter[str]()
for number in range(first, first + cases):
    try:
        seen.update(run(range(number, number + 1), known, city, folder))
    except Broken as error:
        seen["broken"] += 1
        print(error, flush=True)
    if seen.total() % 500 == 0:
        print(dict(seen), flush=True)
sys.exit(f"{seen}, broken ones are kept in {folder}" if seen["broken"] else 0)
