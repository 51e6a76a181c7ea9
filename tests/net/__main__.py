"""Take the net, compare two, or count the functions of a corridor: see the package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import tests.net
from tests.net.neutral import settle


def main() -> int:
    """Do what is asked for; 1 where two nets differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.net", description=tests.net.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=("take", "compare", "corridor"))
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--cities", default="", help="names, with commas between them; all unless given")
    parser.add_argument("--quick", action="store_true", help="the sample alone, under fewer filters")
    asked = parser.parse_args()
    settle()
    names = tuple(name for name in asked.cities.split(",") if name)
    match asked.what, asked.folders:
        case "corridor", []:
            from tests.net.corridor import print_corridors

            print_corridors()
        case "take", [folder]:
            from tests.net.take import take

            take(folder, names, quick=asked.quick)
        case "compare", [before]:
            return _compare_anew(before, names, quick=asked.quick)
        case "compare", [before, after]:
            from tests.net.compare import differences

            return min(differences(before, after), 1)
        case _:
            parser.error("which FOLDER?")
    return 0


def _compare_anew(before: Path, names: tuple[str, ...], *, quick: bool) -> int:
    """Take the cities of the folder, or those named, and compare."""
    from tests.net.compare import differences
    from tests.net.take import QUICK, take

    with TemporaryDirectory(prefix="net-") as after:
        cities = names or tuple(sorted(path.name for path in before.iterdir() if path.is_dir()))
        take(Path(after), cities, quick=quick or (before / QUICK).exists())
        return min(differences(before, Path(after)), 1)


if __name__ == "__main__":
    sys.exit(main())
