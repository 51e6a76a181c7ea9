"""Every benchmark: `make bench`, or `python -m tests.benchmarks import` for some of them.

Each one runs in a process of its own, so that what it measures (the most memory that was held, the time of a reference)
does not depend on those before it. One that fails does not keep the others from running; the exit code says it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))

chosen = sys.argv[1:] or NAMES
for name in chosen:
    if name not in NAMES:
        sys.exit(f"no benchmark {name!r}: there are {', '.join(NAMES)}")
failed = []
for name in chosen:
    print(f"\n## {name}\n", flush=True)
    if subprocess.run([sys.executable, "-m", f"tests.benchmarks.bench_{name}"], check=False).returncode:
        failed.append(name)
sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
