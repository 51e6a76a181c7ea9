"""The mutation command: which tests concern a module, which changes are drawn, and that a change is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.concerned import Imports
from tests.mutation.mutants import draw

SOURCE = '''"""Docs."""
from __future__ import annotations


def half(x: int | None, *, up: bool = True) -> float:
    if x is None:
        return 0.0
    return x / 2 + 1 if up else x / 2
'''


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "app/__init__.py": "",
        "app/sums/__init__.py": "from app.sums._half import half\nfrom app.sums.whole import whole as all_of\n",
        "app/sums/_half.py": SOURCE,
        "app/sums/whole.py": "from . import _inner\n\nwhole = _inner.deep\n",
        "app/sums/_inner.py": "deep = 1\n",
        "app/lonely.py": "x = 1\n",
        "tests/helper.py": "from app.sums import all_of\n",
        "tests/unit/test_face.py": "from app.sums import half\n",
        "tests/unit/test_helped.py": "from tests.helper import all_of\n",
        "tests/unit/test_alias.py": "import app.sums as s\n\n\ndef test():\n    assert s.half(2) == 2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "tests"),
    [
        ("app.sums._half", ["test_alias.py", "test_face.py"]),  # handed on by the package
        ("app.sums.whole", ["test_helped.py"]),  # by another name, through a helper of the tests
        ("app.sums._inner", ["test_helped.py"]),  # no test imports it, so those of what imports it
        ("app.lonely", []),
    ],
)
def test_the_tests_of_a_module_follow_from_the_imports(tree: Path, module: str, tests: list[str]) -> None:
    imports = Imports(tree, ["app", "tests"], ["tests/unit"])
    assert [path.name for path in imports.concerned(module)] == tests


def test_a_sample_is_the_same_for_the_same_seed_and_holds_no_place_twice(tree: Path) -> None:
    path = tree / "app/sums/_half.py"
    sample = draw([path], 100, 1)
    assert sample == draw([path], 100, 1) != draw([path], 100, 2)
    assert {mutant.line for mutant in sample} == {5, 6, 7, 8}  # the default of `up`, but no annotation
    assert len({mutant.rank for mutant in sample}) == len(sample)
    for mutant in sample:
        assert mutant.before != mutant.after
        assert mutant.source().replace(mutant.after, mutant.before) == SOURCE
    assert draw([path], 3, 1) == sample[:3]


def test_moving_a_file_leaves_the_sample_as_it_was(tree: Path) -> None:
    before = draw([tree / "app/sums/_half.py"], 100, 1)
    (tree / "app/moved.py").write_text("# A line more.\n" + SOURCE)
    after = draw([tree / "app/moved.py"], 100, 1)
    assert [(m.rank, m.after) for m in before] == [(m.rank, m.after) for m in after]
