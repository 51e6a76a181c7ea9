"""Mutation testing of some packages: python -m tests.mutation 300 --seed 1 analysis curim_data/privacy.

Small changes to the code, drawn at random (`mutants`, with the operators of Cosmic Ray), each of which some test must
notice. The tests that run the changed line (`lines`: all tests once under Coverage.py) run against one change each time
in a process of its own that has the libraries loaded already.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy loads, and so that processes can fork

import argparse
import ast
import importlib
import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import Phase, settings

from tests.mutation.lines import Lines, record
from tests.mutation.mutants import Mutant, draw


def main() -> None:
    arguments = _arguments()
    root = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = _copy(root, Path(folder))
        os.chdir(tree)
        paths = [path for part in arguments.packages for path in ([part] if part.is_file() else part.rglob("*.py"))]
        sample = draw(sorted(paths), arguments.size, arguments.seed)
        if arguments.out and arguments.out.exists():
            lines = arguments.out.read_text(encoding="utf-8").splitlines()
            ranks = {json.loads(line)["rank"] for line in lines}
            sample = [mutant for mutant in sample if mutant.rank not in ranks]
        load_libraries(tree)
        ran = lines_of(arguments.lines or tree.parent / "lines.db", tree, paths)
        outcomes, survivors, limit = Counter[str](), [], 60 + 3 * arguments.longest
        for number, mutant in enumerate(sample, 1):
            tests = ran.tests(mutant.path, mutant.line, arguments.longest)
            outcome = "untested" if not tests else "survived" if survives(tree, mutant, tests, limit) else "killed"
            outcomes[outcome] += 1
            print(f"{number}/{len(sample)} {outcome} {mutant}", flush=True)
            if outcome != "killed":
                survivors.append(f"{outcome} {mutant}\n    {len(tests)} tests")
            if arguments.out:
                told = {"rank": mutant.rank, "outcome": outcome, "tests": len(tests), "mutant": str(mutant)}
                with arguments.out.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(told) + "\n")
    print("\n".join(["", "Not killed:", *survivors, "", f"{len(sample)} mutants: {dict(outcomes)}"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("size", type=int, help="how many changes are tried")
    parser.add_argument("packages", type=Path, nargs="+", help="folders or files to change")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=20, help="seconds of the tests that run against one change")
    what = "which tests run which line: read where the file is there (of the same code), else written there"
    parser.add_argument("--lines", type=lambda text: Path(text).absolute(), help=what)
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


def lines_of(path: Path, tree: Path, files: Iterable[Path]) -> Lines:
    """Which tests run which line, found in a process of its own where `path` is not there."""
    if not path.exists():
        child = os.fork()
        if not child:
            sys.path.insert(0, str(tree))
            record(files, path)
            os._exit(0)
        os.waitpid(child, 0)
    return Lines.read(path)


MOST_BYTES: Final = 8 << 30
OPTIONS: Final = (
    *("-x", "-q", "--tb=no", "-p", "no:xdist", "-p", "no:cacheprovider", "-W", "ignore"),
    *("--hypothesis-profile=mutants", "--hypothesis-seed=0"),
)
settings.register_profile("mutants", deadline=None, database=None, phases=[Phase.explicit, Phase.generate])


def survives(tree: Path, mutant: Mutant, tests: Sequence[str], limit: float) -> bool:
    """Whether all these tests pass with the change, in a tree that nothing else uses, within a limit (seconds)."""
    with _written(tree / mutant.path, mutant.source()):
        return _run(tree, tests, limit) == 0


def _run(tree: Path, tests: Sequence[str], limit: float) -> int:
    """The exit code of pytest; -1 where it took longer than the limit (processor seconds) or died."""
    child = os.fork()
    if not child:
        os.setsid()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(3 * limit) + 1)
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(tree))
        log = os.open(tree.parent / "pytest.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os._exit(int(pytest.main([*OPTIONS, f"--basetemp={tree.parent / 'files'}", *tests])))
    _, status = os.waitpid(child, 0)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what the tests started and left
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else -1


@contextmanager
def _written(path: Path, source: str) -> Iterator[None]:
    """A file with another text for a while."""
    was, stat = path.read_bytes(), path.stat()
    path.write_text(source, encoding="utf-8")
    try:
        yield
    finally:
        path.write_bytes(was)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def load_libraries(tree: Path) -> None:
    """Import what the files of the project import from elsewhere, once for all processes."""
    own = {path.name for path in tree.iterdir() if (path / "__init__.py").exists()} | {"tests", "pages"}
    names = set()
    for path in (file for name in own - {"pages"} for file in (tree / name).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    for name in sorted(name for name in names if name.split(".")[0] not in own):
        try:
            importlib.import_module(name)
        except ImportError:
            continue


if __name__ == "__main__":
    main()
