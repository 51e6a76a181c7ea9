"""Where a line can be changed, and a random sample of such changes."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.ast.ast_query import ASTQuery
from cosmic_ray.mutating import mutate_code

# Operators of one group stand for each other; a shift of a float would only raise a TypeError, which tests nothing.
ALIKE = (
    {"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"},
    {"BitOr", "BitAnd", "BitXor"},
    {"LShift", "RShift"},
    {"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE"},
    {"Is", "IsNot"},
    {"USub", "UAdd"},
)
Span = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Mutant:
    """One change: the operator of Cosmic Ray and the how-manyth place of the file that it is put to."""

    path: Path
    operator: str
    occurrence: int
    line: int
    before: str
    after: str
    rank: str

    def source(self) -> str:
        """The whole file with the change."""
        return _changed(self.path.read_text(encoding="utf-8"), self.operator, self.occurrence)

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.operator}\n    - {self.before}\n    + {self.after}"


def draw(paths: Iterable[Path], size: int, seed: int) -> list[Mutant]:
    """A random sample: places in the code with equal chances, at each one of the changes possible there.

    The order is that of a hash of the seed, the place's definition and its line, so that moving a file or editing
    another line leaves the rest of the sample as it was.
    """
    ranked = sorted((place for path in paths for place in _places(path, seed)), key=lambda place: place[0])
    drawn = []
    for rank, path, position, choices in ranked:
        operator, occurrence = min(choices, key=lambda choice: _hash(rank, choice[0], choice[2]))[:2]
        code = path.read_text(encoding="utf-8")
        changed, at = _changed(code, operator, occurrence), position[0][0]
        before, after = (text.splitlines()[at - 1].strip() for text in (code, changed))
        drawn.append(Mutant(path, operator.split("/")[-1], occurrence, at, before, after, rank))
        if len(drawn) == size:
            break
    return drawn


Place = tuple[str, Path, Span, list[tuple[str, int, int]]]


def _places(path: Path, seed: int) -> Iterator[Place]:
    """(rank, file, position, [(operator, occurrence, which of its changes there)]) of every place to change."""
    code = path.read_text(encoding="utf-8")
    lines, left_out = code.splitlines(), list(_left_out(ast.parse(code)))
    nodes = list(ast_nodes(get_ast(code)))
    found: defaultdict[tuple[Span, str], list[tuple[str, int, int]]] = defaultdict(list)
    within: dict[Span, str] = {}
    for name in filter(_useful, plugins.operator_names()):
        operator = plugins.get_operator(name)()
        positions = ((node, span) for node in nodes for span in operator.mutation_positions(node))
        for occurrence, (node, span) in enumerate(positions):
            choices = found[span, re.split(r"[/_]", name)[1]]
            choices.append((name, occurrence, sum(choice[0] == name for choice in choices)))
            within.setdefault(span, ASTQuery(node).get_definition_name() or "")
    seen: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for (span, kind), choices in found.items():
        if any(start <= span[0] and span[1] <= end for start, end in left_out):
            continue
        key = (within[span], lines[span[0][0] - 1].strip(), kind)
        seen[key] += 1
        yield _hash(seed, *key, seen[key]), path, span, choices


def _left_out(tree: ast.AST) -> Iterator[Span]:
    """Annotations and decorators: no behaviour that a test could see."""
    for node in ast.walk(tree):
        parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        for part in [*parts, *getattr(node, "decorator_list", [])]:
            if isinstance(part, ast.expr) and part.end_lineno is not None and part.end_col_offset is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def _useful(operator: str) -> bool:
    found = re.search(r"Replace(?:Binary|Comparison|Unary)Operator_([A-Za-z]+)_([A-Za-z]+)$", operator)
    if found:
        return found[1] == "Delete" or any(set(found.groups()) <= group for group in ALIKE)
    return not plugins.get_operator(operator).arguments() and not operator.endswith(("RemoveDecorator", "NoOp"))


def _changed(code: str, operator: str, occurrence: int) -> str:
    name = operator if "/" in operator else f"core/{operator}"
    changed = mutate_code(code, plugins.get_operator(name)(), occurrence)
    if changed is None:
        raise ValueError(f"{operator} has no place {occurrence} here")
    return str(changed)


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
