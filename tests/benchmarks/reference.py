"""The fixed computation that other times are multiples of, timed once for each line that comes in.

It is a process that does nothing else: in one that has held much memory the same computation takes 0.012 s instead of
0.020, since its arrays need no new pages.
"""

from __future__ import annotations

import sys

import numpy as np

from tests.benchmarks.results import seconds

numbers = np.random.default_rng(1).random(1_000_000)
for _ in sys.stdin:
    print(min(seconds(lambda: np.fft.rfft(np.sort(numbers))) for _ in range(2)), flush=True)
