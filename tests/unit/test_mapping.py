"""Mappings of columns that a person settled: kept as TOML, found again for the next file, refused in plain words."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.formats.base import Layout, Part
from curim_data.formats.tables import ROLES
from curim_data.importing.mapping import PARTS, ColumnMapping, MappedColumn, best, save, saved
from curim_data.lexicon.words import fold
from curim_data.model import Answers, ImportProblem
from curim_data.store import Home

LABELS = ("fecha", "hora", "tipo_accidente", "sexo", "x", "y", "nombre", "notas", "Title", "Title")
LAYOUT = Layout(
    "guessed",
    {
        "occurred_from": (Part(0, "date"), Part(1, "time")),
        "category": (Part(2),),
        "affected_gender": (Part(3),),
        "x": (Part(4),),
        "y": (Part(5),),
        "more_categories": (Part(9),),
    },
    personal=(6,),
    text=(7,),
    unused=(8,),
    words={"affected_gender": {"m": "woman", "h": "man"}},
    categories={"caida": "fall"},
    separators=("|", ","),
    kind="offence",
    missing=frozenset({"s/d"}),
    utc=True,
)
MAPPING = ColumnMapping.from_layout(LAYOUT, LABELS, answers=Answers(dates="day-first", crs=25830), name="Madrid")

TEXTS = st.one_of(
    st.sampled_from(['"', "\\", "a\nb\r\n", "\x00\x7f", "Ώρα «ς»", "", " x ", "a.b", "#", "'''"]), st.text()
)
TABLES = st.dictionaries(TEXTS, TEXTS, max_size=3)
NAMED = st.builds(MappedColumn, TEXTS, st.integers(1, 9), st.sampled_from(PARTS))
COLUMNS = st.lists(NAMED, min_size=1, max_size=3).map(tuple)
GENDERS = st.dictionaries(TEXTS, st.sampled_from(["woman", "man", "unknown"]), max_size=3)
MAPPINGS = st.builds(
    ColumnMapping,
    name=TEXTS,
    roles=st.dictionaries(st.sampled_from(ROLES), COLUMNS, max_size=4),
    labels=st.lists(TEXTS, max_size=4).map(tuple),
    personal=st.lists(NAMED, max_size=2).map(tuple),
    text=st.lists(NAMED, max_size=2).map(tuple),
    words=st.dictionaries(st.sampled_from(["reporter_gender", "affected_gender"]), GENDERS, max_size=2),
    categories=TABLES,
    separators=st.lists(TEXTS, max_size=2).map(tuple),
    kind=st.sampled_from([None, "risk", "offence"]),
    category=st.none() | TEXTS,
    missing=st.frozensets(TEXTS, max_size=3),
    utc=st.booleans(),
    skip_hxl=st.booleans(),
    answers=st.builds(
        Answers,
        dates=st.sampled_from([None, "day-first", "month-first"]),
        crs=st.none() | st.integers(1024, 32767),
        decimal=st.sampled_from([None, "point", "comma"]),
        order=st.sampled_from([None, "lat-lon", "lon-lat"]),
        sheet=st.none() | TEXTS,
        timezone=st.none() | TEXTS,
        category=st.none() | TEXTS,
        elsewhere=st.booleans(),
    ),
)


@given(MAPPINGS)
def test_a_file_says_what_was_written(mapping: ColumnMapping) -> None:
    assert ColumnMapping.from_toml(mapping.to_toml()) == mapping


@given(st.lists(TEXTS, min_size=1, max_size=6), st.data())
def test_a_layout_of_any_labels_comes_back(labels: list[str], data: st.DataObject) -> None:
    place = st.integers(0, len(labels) - 1)
    parts = st.lists(st.builds(Part, place, st.sampled_from(PARTS)), min_size=1, max_size=3).map(tuple)
    roles = data.draw(st.dictionaries(st.sampled_from(ROLES), parts, min_size=1, max_size=4))
    given_places = {part.place for one in roles.values() for part in one}
    others = tuple(at for at in range(len(labels)) if at not in given_places)
    layout = Layout("mapped", roles, others[:1], others[1:2], others[2:])
    again = ColumnMapping.from_toml(ColumnMapping.from_layout(layout, labels).to_toml())
    assert again.layout(labels) == layout


def test_the_layout_is_that_of_the_header_whatever_its_order_and_says_what_is_missing() -> None:
    layout = MAPPING.layout(LABELS)
    assert (layout.format, layout.roles) == ("mapped", LAYOUT.roles)
    assert (layout.personal, layout.text, layout.unused) == ((6,), (7,), (8,))
    assert (layout.words, layout.categories) == (LAYOUT.words, LAYOUT.categories)
    assert (layout.separators, layout.kind, layout.missing, layout.utc) == (("|", ","), "offence", {"s/d"}, True)
    turned = MAPPING.layout(LABELS[::-1])
    assert turned.roles["occurred_from"] == (Part(9, "date"), Part(8, "time"))
    assert turned.roles["more_categories"] == (Part(1),)
    layout = MAPPING.layout((*LABELS, "teléfono", "observaciones", "barrio"))
    assert (layout.personal, layout.text, layout.unused) == ((6, 10), (7, 11), (8, 12))
    assert MAPPING.fits([label.upper().replace("_", " ") + " " for label in LABELS])
    labels = [label for label in LABELS if label not in {"hora", "sexo"}][:-1]
    assert not MAPPING.fits(labels)
    with pytest.raises(ImportProblem, match=r"Madrid.*hora, sexo, Title \(2\)"):
        MAPPING.layout(labels)


def test_a_home_keeps_its_mappings_by_name(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert saved(home) == ()
    path = save(home, MAPPING)
    assert path.parent == home.path / "mappings"
    other = ColumnMapping("Ώρα / ../..", {"reported_at": (MappedColumn("date"),)}, ("date",))
    assert save(home, other).parent == path.parent
    assert saved(home) == (MAPPING, other)
    changed = ColumnMapping.from_layout(LAYOUT, LABELS, name="Madrid")
    assert save(home, changed) == path
    assert saved(home) == (changed, other)
    assert sorted(one.suffix for one in path.parent.iterdir()) == [".toml", ".toml"]


def test_a_file_that_cannot_be_read_is_passed_over_and_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = save(home, MAPPING).parent
    (folder / "broken.toml").write_text("name = ", "utf-8")
    (folder / "bytes.toml").write_bytes(b"\xff\xfe")
    assert saved(home) == (MAPPING,)
    assert (folder / "broken.toml").read_text("utf-8") == "name = "


def test_the_best_mapping_is_that_of_the_same_header(tmp_path: Path) -> None:
    home = Home(tmp_path)
    small = ColumnMapping("small", {"reported_at": (MappedColumn("fecha"),)}, ("fecha", "hora"))
    elsewhere = ColumnMapping("other", {"reported_at": (MappedColumn("date"),)}, ("date",))
    for mapping in (small, elsewhere, MAPPING):
        save(home, mapping)
    assert best(home, LABELS) == MAPPING
    assert best(home, LABELS[::-1]) == MAPPING
    assert best(home, [*LABELS, "new"]) == MAPPING
    assert best(home, LABELS[:-1]) == small
    assert best(home, ["hora", "fecha"]) == small
    assert best(home, ["fecha"]) is None
    assert best(home, []) is None


BROKEN = tomllib.loads(Path(__file__).with_name("broken_tables.toml").read_text("utf-8"))


@pytest.mark.parametrize(("text", "told"), [(one["text"], one["told"]) for one in BROKEN["mapping"]])
def test_a_broken_file_is_refused_in_plain_words(text: str, told: str) -> None:
    with pytest.raises(ImportProblem, match=told):
        ColumnMapping.from_toml(text)


@given(st.text(alphabet='nameroles[]{}="\\\n 1,.#', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ImportProblem):
        ColumnMapping.from_toml('name = "a"\n' + text)


def test_the_example_of_the_documentation_is_read() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "mapping.md").read_text("utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    assert tomllib.loads(example)["name"] == "Madrid, accidents"
    mapping = ColumnMapping.from_toml(example)
    assert mapping.answers == Answers(crs=25830)
    assert mapping.roles["occurred_from"] == (MappedColumn("fecha", 1, "date"), MappedColumn("hora", 1, "time"))
    assert mapping.layout(mapping.labels).words == {"affected_gender": {"mujer": "woman", "hombre": "man"}}
    for role in ROLES:
        assert f"`{role}`" in page
    for part in PARTS:
        assert f"`{part}`" in page
    assert all(word == fold(word) for word in mapping.words["affected_gender"])
