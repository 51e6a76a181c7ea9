"""Take the net, compare two, or count the functions of a corridor: see the package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import tests.net
from tests.net.neutral import settle
from tests.net.take import take


def main() -> int:
    """Do what is asked for; 1 where two nets differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.net", description=tests.net.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=("take", "compare", "corridor"))
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--cities", default="", help="names, with commas between them; all unless given")
    parser.add_argument("--quick", action="store_true", help="the sample alone, under fewer filters")
    asked = parser.parse_args()
    if asked.what == "corridor":
        from tests.net.corridor import print_corridors

        print_corridors()
        return 0
    if len(asked.folders) not in ((1,) if asked.what == "take" else (1, 2)):
        parser.error("which FOLDER?")
    settle()
    cities = tuple(name for name in asked.cities.split(",") if name)
    if asked.what == "take":
        take(asked.folders[0], cities, quick=asked.quick)
        return 0
    from tests.net.compare import differences

    if len(asked.folders) == 2:
        return min(differences(*asked.folders), 1)
    with TemporaryDirectory(prefix="net-") as folder:
        before, after = asked.folders[0], Path(folder)
        quick = asked.quick or (before / "quick").exists()
        take(after, cities or tuple(sorted(path.name for path in before.iterdir() if path.is_dir())), quick=quick)
        return min(differences(before, after), 1)


if __name__ == "__main__":
    sys.exit(main())
