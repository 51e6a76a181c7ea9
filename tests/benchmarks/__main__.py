"""Every benchmark: `make bench`, or `python -m tests.benchmarks import` for some of them.

Each one runs in a process of its own, so that what it measures (the most memory that was held, the time of a reference)
does not depend on those before it. One that fails does not keep the others from running; the exit code says it. At the
end the tables of all that was measured are written as Markdown (`--out`), also where one failed; its rows stay as lines
of JSON beside them, also of a run that was cut off. `--millions 5` adds five million alerts to the goals, which takes
long.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.results import ROOT, ROWS, machine, table

NAMES = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main() -> str | int:
    """Run those that were asked for; what failed, or 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(NAMES))
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "performance", help="without its ending")
    parser.add_argument("--millions", default="", help="millions of alerts that goals are measured with too")
    parser.add_argument("--keep", default="", help="a folder that keeps the homes of the goals for the next run")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in NAMES]:
        return f"no benchmark {unknown[0]!r}: there are {', '.join(NAMES)}"
    run = {"began": f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC", **machine(), "load_before": _load()}
    failed = []
    rows = Path(f"{asked.out.resolve()}.jsonl")
    rows.parent.mkdir(parents=True, exist_ok=True)
    rows.unlink(missing_ok=True)
    for name in asked.names or NAMES:
        print(f"\n## {name}\n", flush=True)
        command = [sys.executable, "-m", f"tests.benchmarks.bench_{name}"]
        if name == "goals":
            given = {"--millions": asked.millions, "--keep": asked.keep}
            command += [word for option, value in given.items() if value for word in (option, value)]
        if subprocess.run(command, check=False, env={**os.environ, ROWS: str(rows)}).returncode:
            failed.append(name)
    run |= {"load_after": _load(), "ended": f"{dt.datetime.now(dt.UTC):%H:%M} UTC"}
    if failed:
        run["failed"] = ", ".join(failed)
    out = rows.with_suffix(".md")
    out.write_text(table(rows, run), encoding="utf-8")
    print(f"\n{out.read_text(encoding='utf-8')}\nwritten to {out}")
    print(f"for docs/performance.md: python -m tests.benchmarks.results {out} docs/performance.md")
    return f"failed: {', '.join(failed)}" if failed else 0


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg())


if __name__ == "__main__":
    sys.exit(main())
