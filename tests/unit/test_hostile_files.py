"""Files made to hurt, by every way in: the process that serves everyone stays as it is, and one sentence says why not.

On a push one of six goes through the import and some through each other way, in `make test-full` all, and larger
ones. The corpus is made here (`tests.hostile`); readers get 2 seconds and 450 MB.
"""

from __future__ import annotations

import ast
import gc
import gzip
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from curim_data import cli
from curim_data.containers import base, isolation, opening
from curim_data.importing.pipeline import columns_of, import_file, preview
from curim_data.model import Answers, CityProfile, ImportProblem, Question, translator
from curim_data.profile import edit
from curim_data.profile.shapes import read_areas
from curim_data.profile.tables import read_categories_toml, read_table
from curim_data.store.home import create_home
from tests.effort import FULL
from tests.hostile.archives import hostile_files
from tests.hostile.tables import CSV, zipped
from tests.in_texts import read

ROOT = Path(__file__).resolve().parents[2]
Unharmed = Callable[[str, Callable[[], object]], str]  # runs a way in for a name; the refusal, or "" where none
GROWTH = 300_000_000  # bytes by which the memory of this process may grow at most while it deals with a file
PART = 1 if FULL else 20  # of the files that go through ways other than the import

# What each is refused with; others are read, or ask which table is meant. `TIME`: where its time may end first.
MEMORY, TIME, STOPPED = r"may take \(450 MB\)", r"may take \(2 s\)", "stopped at it"
DAMAGED, BROKEN, LARGE = "damaged or cut short", "broken or cut short", r"may take \(\d+ MB\)"
REFUSED: dict[str, str] = {
    "million-columns.csv": "5,?000 columns",
    "columns.csv": "5,?000 columns",
    "many-columns.parquet": "5,?000 columns",
    "endless-line.csv": "longer than",
    "quotes.csv": "longer than",
    "open-quote.csv": TIME,
    **{f"far-cell{kind}.xlsx": MEMORY for kind in ("", "-prefixed", "-single", "-spaced", "-newline", "-lower")},
    **{f"far-{kind}.xlsx": MEMORY for kind in ("cell-bin", "cell-dat", "cell-xml2", "cell-XML", "row", "column")},
    **dict.fromkeys(("one-string-often.xlsx", "dictionary.parquet"), MEMORY),
    **dict.fromkeys(("long-number.json", "geo-nested.parquet"), STOPPED),
    **{f"{kind}-{part}.xlsx": DAMAGED for kind in ("entities", "outside", "remote") for part in ("sheet", "strings")},
    **dict.fromkeys(("entities.ods", "outside.ods", "deep.ods", "both.ods", "pages.gpkg", "virtual.gpkg"), DAMAGED),
    **dict.fromkeys(("cycle.xls", "lying.xls", "cut.xls", "remote.gpkg", "view-file.gpkg"), DAMAGED),
    **{f"footer-{kind}.parquet": DAMAGED for kind in ("length", "cut", "noise")},
    "view-extension.gpkg": DAMAGED,
    "view-endless.gpkg": TIME,
    **dict.fromkeys(("lists.json", "objects.json", "deep-record.json", "cut.json", "zeros.json"), BROKEN),
    **dict.fromkeys(("geometry-deep.geojson", "coordinates-deep.geojson", "crs-deep.geojson"), BROKEN),
    **{f"{kind}.xml": "entities of its own" for kind in ("entities", "outside", "remote", "squared")},
    **dict.fromkeys(("labels.json", "long-text.json", "names.xml", "attributes.xml"), f"{TIME}|5,?000 columns"),
    "deep.xml": f"{BROKEN}|{TIME}",
    **dict.fromkeys(("crs-file.geojson", "geo-file.parquet"), "coordinate reference system"),
    **dict.fromkeys(("bomb.csv.gz", "bomb.zip", "bomb-of-bombs.csv.gz"), f"{LARGE}|{TIME}"),
    **dict.fromkeys(("nested.zip", "nested-in-gz.zip"), "too deep"),
    **dict.fromkeys(("shape-lies.zip", "shape-rows.zip", "shape-names.zip", "offset.zip"), DAMAGED),
    **dict.fromkeys(("link.zip", "link-up.zip"), "not a table"),
}


@pytest.fixture(scope="module")
def files() -> Iterator[dict[str, bytes]]:
    """The corpus; what is there by now is passed over by the collections of `unharmed`, one or more for each file."""
    made = hostile_files()
    gc.collect()
    gc.freeze()
    yield made
    gc.unfreeze()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(base.MEMORY, "450")
    monkeypatch.setenv(base.SECONDS, "2")
    monkeypatch.setattr(base, "CLOCK", 20)  # other tests may be running


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "aside"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def names(files: dict[str, bytes], start: int) -> list[str]:
    return sorted(files)[start::PART]


def memory() -> tuple[int, int]:
    """Bytes in memory now and at most since this was last asked."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, most = (int(told[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    Path("/proc/self/clear_refs").write_text("5")
    return now, most


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def sentence(name: str, problem: ImportProblem | None) -> str:
    """One line in English, which exists in Greek and French too; "" where nothing was refused, or only asked."""
    if problem is None:
        return ""
    told = translator("en")(problem.message)
    for lang in ("el", "fr"):
        assert translator(lang)(problem.message) != told, (name, told)
    assert "\n" not in told.strip(), name
    return "" if isinstance(problem, Question) else told


@pytest.fixture
def unharmed(tmp_path: Path, aside: Path) -> Unharmed:

    def run(name: str, way: Callable[[], object]) -> str:
        before, here = tree(tmp_path), tree(Path.cwd()) if Path.cwd() != ROOT else {}
        now, _ = memory()
        told: ImportProblem | None = None
        try:
            way()
        except ImportProblem as problem:
            told = problem.with_traceback(None)
        gc.collect()  # whatever a traceback held
        _, most = memory()
        refusal = sentence(name, told)
        assert most - now < GROWTH, f"{name}: {(most - now) / 1e6:.0f} MB"
        assert tree(tmp_path) == before, name
        assert list(aside.iterdir()) == [], name
        assert not here or tree(Path.cwd()) == here, name
        for outside in ("/tmp/curim-evil.csv", "/evil.csv", "/tmp/evil.csv", str(tmp_path.parent / "evil.csv")):
            assert not os.path.exists(outside), name
        return refusal

    return run


@pytest.mark.slow
def test_every_hostile_file_is_refused_or_read(tmp_path: Path, files: dict[str, bytes], unharmed: Unharmed) -> None:
    """By the import, which is what the command does; the home stays as it was where a file is refused."""
    home = create_home(tmp_path / "home")
    import_file(home, CSV, "good.csv")
    wrong = []
    for name, data in list(files.items())[:: 1 if FULL else 6]:
        path = tmp_path / "hostile.bin"
        path.write_bytes(data)
        answers = Answers(elsewhere=True)
        refusal = unharmed(name, partial(import_file, home, path, name, answers=answers, dry_run=True))
        if name in REFUSED and not re.search(REFUSED[name], refusal):
            wrong.append((name, refusal or "read"))
    assert not wrong


@pytest.mark.slow
def test_previews_of_uploads(files: dict[str, bytes], city: CityProfile, unharmed: Unharmed) -> None:
    for name in names(files, 0):
        unharmed(name, lambda name=name: preview(files[name], name, city))
        unharmed(name, lambda name=name: columns_of(files[name], name, Answers()))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["polygon", "line", "point"] if FULL else ["polygon"])
def test_shapes(files: dict[str, bytes], unharmed: Unharmed, kind: str) -> None:
    """Districts, streets and landmarks of a city's profile; shapes that cross without end die with their reader."""
    chosen = names(files, 1)
    chosen += ["crossings.geojson", "combs.geojson", "osm-comments.xml", "view-endless.gpkg", "projection.gpkg"]
    for name in dict.fromkeys(chosen):
        refusal = unharmed(name, lambda name=name: read_areas(files[name], name, kind=kind))  # type: ignore[arg-type]
        if name == "combs.geojson" and kind == "polygon":
            assert re.search(f"{MEMORY}|{TIME}", refusal)


@pytest.mark.slow
def test_tables_of_a_profile(files: dict[str, bytes], city: CityProfile, unharmed: Unharmed) -> None:
    for name in names(files, 2):
        unharmed(name, lambda name=name: read_table(files[name], name))
        unharmed(name, lambda name=name: edit.landmarks_in(files[name], name, city))
        unharmed(name, lambda name=name: edit.category_table(files[name], f"{name}.toml", city))
    deep = b"a = " + b"[" * 100_000
    assert "no list of categories" in unharmed("deep.toml", lambda: read_categories_toml(deep, "deep.toml"))


@pytest.mark.slow
def test_the_command_says_one_sentence_and_goes_on(
    tmp_path: Path,
    files: dict[str, bytes],
    aside: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = create_home(tmp_path / "home")
    chosen = ["far-cell-single.xlsx", "geo-nested.parquet", "view-endless.gpkg"]
    for name in chosen:
        (tmp_path / name).write_bytes(files[name])
    (tmp_path / "good.csv").write_bytes(CSV)
    paths = [str(tmp_path / name) for name in (*chosen, "good.csv")]
    monkeypatch.setenv("CURIM_LANG", "en")
    assert cli.main(["import", *paths, "--home", str(home.path), "--json"]) == 2
    told = capsys.readouterr()
    assert told.err.strip().splitlines()[-1].count("far-cell-single.xlsx") == 1
    for words in (MEMORY, STOPPED, TIME):
        assert re.search(words, told.out)
    assert '"accepted": 40' in told.out
    assert list(aside.iterdir()) == []


def test_half_of_the_free_disk_is_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening.shutil, "disk_usage", lambda _: SimpleNamespace(free=2_000_000))
    small_enough = zipped({"a.csv": b"id,what\n" + b"1,x\n" * 200_000})
    assert len(read(small_enough, "a.zip").values) == 200_000
    too_large = zipped({"a.csv": b"id,what\n" + b"1,x\n" * 300_000})
    for data in (too_large, gzip.compress(b"id,what\n" + b"1,x\n" * 300_000)):
        with pytest.raises(ImportProblem, match="half of the free disk \\(1 MB\\)"):
            read(data, "a.zip")


READERS = re.compile(r"^(zipfile|tarfile|ijson|defusedxml|python_calamine|openpyxl|lxml|xml|fiona)\b")


@pytest.mark.slow
def test_no_other_module_opens_what_somebody_else_made() -> None:
    """Libraries that read foreign formats are named in the readers alone, and by what writes such formats."""
    # Arrays of its own, and backups: whoever may give a home back may put any file into it.
    own = ("curim_data/model/prepared.py", "curim_data/keeping.py")
    allowed = ("curim_data/profile/shapes.py", *own)
    for folder in ("curim_data", "pages", "analysis"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if place.startswith("curim_data/containers/") or place in allowed:
                continue
            text = path.read_text("utf-8")
            for node in ast.walk(ast.parse(text)):
                found = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                found += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not [one for one in found if READERS.match(one)], place
            assert not re.search(r"\b(read_excel|read_dataframe|open_arrow|GzipFile)\b", text), place


def test_readers_get_nothing_of_the_environment_but_what_they_need() -> None:
    assert not [name for name in (*isolation._PASSED, *isolation._SET) if name.startswith("CURIM")]
