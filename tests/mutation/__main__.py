"""Mutation testing of some packages: python -m tests.mutation 300 --seed 1 analysis curim_data/privacy."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy loads, and so that processes can fork

from tests.mutation.concerned import Imports
from tests.mutation.mutants import draw
from tests.mutation.trial import Trial, load_libraries

TESTS = ("tests/unit", "tests/oracles", "tests/app")


def main() -> None:
    arguments = _arguments()
    root = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = _copy(root, Path(folder))
        os.chdir(tree)
        paths = [path for part in arguments.packages for path in ([part] if part.is_file() else part.rglob("*.py"))]
        own = {path.name for path in tree.iterdir() if (path / "__init__.py").exists()} | {"tests"}
        imports = Imports(tree, sorted(own), TESTS)
        sample = draw(sorted(paths), arguments.size, arguments.seed)
        if arguments.out and arguments.out.exists():
            lines = arguments.out.read_text(encoding="utf-8").splitlines()
            ranks = {json.loads(line)["rank"] for line in lines}
            sample = [mutant for mutant in sample if mutant.rank not in ranks]
        load_libraries([path for name, path in imports.modules.items() if name.split(".")[0] != "pages"], own)
        trial, outcomes, survivors = Trial(tree, arguments.longest), Counter[str](), []
        for number, mutant in enumerate(sample, 1):
            tests = trial.usable(imports.concerned(imports.name(tree / mutant.path)))
            outcome = "untested" if not tests else "survived" if trial.survives(mutant, tests) else "killed"
            outcomes[outcome] += 1
            print(f"{number}/{len(sample)} {outcome} {mutant}", flush=True)
            if outcome != "killed":
                survivors.append(f"{outcome} {mutant}\n    {', '.join(test.name for test in tests)}")
            if arguments.out:
                told = {"rank": mutant.rank, "outcome": outcome, "mutant": str(mutant)}
                with arguments.out.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(told) + "\n")
    slow = sorted(test.name for test, seconds in trial.seconds.items() if seconds == float("inf"))
    print(f"\nNot run, since they fail or take more than {arguments.longest:g} s: {', '.join(slow) or 'none'}")
    print("\n".join(["", "Not killed:", *survivors, "", f"{len(sample)} mutants: {dict(outcomes)}"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("size", type=int, help="how many changes are tried")
    parser.add_argument("packages", type=Path, nargs="+", help="folders or files to change")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=20, help="seconds beyond which a test file is left out")
    what = "a line of JSON for each change; what it holds already is left out"
    parser.add_argument("--out", type=lambda text: Path(text).absolute(), help=what)
    return parser.parse_args()


def _copy(root: Path, folder: Path) -> Path:
    """The files of the checkout in a folder that nothing else uses, with the shared data beside them."""
    tree = folder / "tree"
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)
    if (root.parent / "shared").exists():
        (folder / "shared").symlink_to((root.parent / "shared").resolve())
    return tree


if __name__ == "__main__":
    main()
