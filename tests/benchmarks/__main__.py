"""Every benchmark in one run: `make bench`, or `python -m tests.benchmarks import` for some of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

NAMES = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))

for name in sys.argv[1:] or NAMES:
    if name not in NAMES:
        sys.exit(f"no benchmark {name!r}: there are {', '.join(NAMES)}")
    print(f"\n## {name}\n", flush=True)
    importlib.import_module(f"tests.benchmarks.bench_{name}").main()
