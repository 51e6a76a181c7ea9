"""Which tests run a line: all of them once under Coverage.py, with the name of the test as its context."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import coverage
import pytest

FOLDERS: Final = ("tests/unit", "tests/oracles")
OPTIONS: Final = ("-q", "--tb=no", "-m", "not slow", "-p", "no:xdist", "-p", "no:cacheprovider", "-W", "ignore")


class _Contexts:
    """A plugin of pytest: tells Coverage.py which test runs, and takes the processor seconds of those that pass."""

    def __init__(self, run: coverage.Coverage) -> None:
        self.run, self.failed = run, set[str]()
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.run.switch_context(item.nodeid)
        started = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - started

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def record(files: Iterable[Path], out: Path) -> None:
    """Run the tests and write which of them run which line of some files: `out`, and their seconds beside it."""
    run = coverage.Coverage(data_file=str(out), include=[str(path.absolute()) for path in files], config_file=False)
    run.set_option("run:relative_files", True)
    plugin = _Contexts(run)
    run.start()
    try:
        pytest.main([*OPTIONS, *FOLDERS], plugins=[plugin])
    finally:
        run.stop()
        run.save()
    seconds = {name: value for name, value in plugin.seconds.items() if name not in plugin.failed}
    out.with_suffix(".json").write_text(json.dumps(seconds), "utf-8")


@dataclass(frozen=True)
class Lines:
    """What `record` wrote, by the paths of files from the folder that it ran in."""

    data: coverage.CoverageData
    seconds: dict[str, float]

    @classmethod
    def read(cls, path: Path) -> Lines:
        data = coverage.CoverageData(str(path))
        data.read()
        return cls(data, json.loads(path.with_suffix(".json").read_text("utf-8")))

    def tests(self, path: Path, line: int, longest: float) -> Sequence[str]:
        """The tests that run a line (those of its file where the line runs at import alone), of `longest` seconds
        together: the shortest first, one of each file before its second.
        """
        by_line = self.data.contexts_by_lineno(str(path))
        ran = {name for name in by_line.get(line, ()) if name} or {name for names in by_line.values() for name in names}
        ranked = sorted(ran & self.seconds.keys(), key=self.seconds.__getitem__)
        seen, turns, total = Counter[str](), {}, 0.0
        for name in ranked:
            file = name.partition("::")[0]
            turns[name] = seen[file]
            seen[file] += 1
        chosen = []
        for name in sorted(ranked, key=lambda name: (turns[name], self.seconds[name])):
            if total + self.seconds[name] <= longest:
                chosen.append(name)
                total += self.seconds[name]
        return chosen
