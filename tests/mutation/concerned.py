"""Which test files concern a module: those that import it, or a name that is defined in it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path


class Imports:
    """The imports among the Python files of a tree, whose imports are absolute."""

    def __init__(self, root: Path, packages: Iterable[str], tests: Iterable[str]) -> None:
        self.root = root
        files = [path for package in packages for path in sorted((root / package).rglob("*.py"))]
        self.modules = {self.name(path): path for path in files}
        self._trees: dict[Path, ast.Module] = {}
        self.tests = [path for folder in tests for path in sorted((root / folder).rglob("test_*.py"))]

    def name(self, path: Path) -> str:
        """The dotted name of a file's module."""
        return ".".join(path.relative_to(self.root).with_suffix("").parts).removesuffix(".__init__")

    def concerned(self, module: str) -> list[Path]:
        """The test files that import a module directly; where there is none, those of the modules that import it."""
        reached, seen = {module}, {module}
        while reached:
            tests = sorted({test for name in reached for test in self._testing[name]})
            if tests:
                return tests
            reached = {name for target in reached for name in self._importing[target]} - seen
            seen |= reached
        return []

    @cached_property
    def _testing(self) -> defaultdict[str, set[Path]]:
        found: defaultdict[str, set[Path]] = defaultdict(set)
        for test in self.tests:
            for name in self._needed(test, set()):
                found[name].add(test)
        return found

    @cached_property
    def _importing(self) -> defaultdict[str, set[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name, path in self.modules.items():
            if not name.startswith("tests"):
                for target in self._imported(path):
                    found[target].add(name)
        return found

    def _needed(self, path: Path, seen: set[Path]) -> Iterator[str]:
        """Modules that a test imports, itself or through helpers among the tests."""
        seen.add(path)
        for name in self._imported(path):
            if not name.startswith("tests."):
                yield name
            elif self.modules[name] not in seen:
                yield from self._needed(self.modules[name], seen)

    def _imported(self, path: Path) -> set[str]:
        """Modules that a file imports; for a name that a package hands on, also the module that defines it."""
        found: set[str] = set()
        aliases: dict[str, str] = {}
        nodes = list(ast.walk(self._tree(path)))
        for node in nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names if alias.name in self.modules}
                aliases |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    found |= set(self._definers(node.module or "", alias.name))
                    aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
                found |= set(self._definers(aliases[node.value.id], node.attr))
        return found - {self.name(path)}

    def _definers(self, source: str, name: str) -> Iterator[str]:
        """A module, and those through which it got a name."""
        if f"{source}.{name}" in self.modules:
            yield f"{source}.{name}"
        elif source in self.modules:
            yield source
            for node in self._tree(self.modules[source]).body:
                for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                    if name == (alias.asname or alias.name):
                        yield from self._definers(node.module or "", alias.name)

    def _tree(self, path: Path) -> ast.Module:
        if path not in self._trees:
            self._trees[path] = ast.parse(path.read_text(encoding="utf-8"))
        return self._trees[path]
