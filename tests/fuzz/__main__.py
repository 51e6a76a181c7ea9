"""A longer run: `python -m tests.fuzz [CASES] [FIRST]`; files that break the import are kept in a folder."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import sample_data
from curim_data.model.city import load_city
from tests.fuzz.corpus import seeds
from tests.fuzz.trial import Broken, run

STEP = 500


def main() -> int:
    """Run the cases; exit code 1 where one broke a rule."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    folder, known, city = Path(tempfile.mkdtemp(prefix="fuzz-")), seeds(), load_city(sample_data.PROFILE)
    seen: Counter[str] = Counter()
    start = time.monotonic()
    for number in range(first, first + cases):
        try:
            seen.update(run(range(number, number + 1), known, city, folder))
        except Broken as error:
            seen["broken"] += 1
            print(error, flush=True)
        if (done := number + 1 - first) % STEP == 0 or done == cases:
            print(f"{done:>8,} cases in {time.monotonic() - start:.0f} s: {dict(seen)}", flush=True)
    if seen["broken"]:
        print(f"files kept in {folder}")
    return 1 if seen["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
