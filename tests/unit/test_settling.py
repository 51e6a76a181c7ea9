from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curim_data.store.writing import MATCHED, match_rows, names_few
from tests.effort import effort

INCIDENTS = st.sampled_from([None, None, "I", "I", "J", "I#", "I#2", "#h1", "h1", "Κ#2"])
CONTENTS = st.sampled_from(["h1", "h2", "h3", "h4", "h5"])
FILES = st.lists(st.tuples(INCIDENTS, CONTENTS, st.sampled_from([0, 0, 0, 7])), max_size=12)
Row = tuple[str | None, str, int]
KNOWN = ["alert_id", "incident_id", "content_hash"]


def slowly(rows: list[Row], known: pd.DataFrame) -> pd.DataFrame:
    """alert_id and action of each row, one after the other: what the sets of DuckDB must agree with.

    An incident's rows first take the stored alerts that say the same, in order; what is left takes the stored alerts
    that nobody claimed; the rest gets the smallest free numbers. Rows without an incident are numbered by content.
    """
    told: dict[int, tuple[str, str]] = {}
    stored: dict[str, dict[str, str]] = {}  # by the first id of an incident, its alerts and their contents
    for name, incident, content in known[KNOWN].itertuples(index=False, name=None):
        stored.setdefault(first_id(incident, content), {})[name] = content
    for base in dict.fromkeys(first_id(incident, content) for incident, content, _ in rows):
        own, names = stored.get(base, {}), (base if n == 1 else f"{base}#{n}" for n in itertools.count(1))
        places = [at for at, row in enumerate(rows) if first_id(*row[:2]) == base]
        if rows[places[0]][0] is None:
            told |= {at: (name, "duplicate" if name in own else "new") for at, name in zip(places, names, strict=False)}
            continue
        free = dict(sorted(own.items(), key=lambda one: int(one[0].removeprefix(base).lstrip("#") or 1)))
        once = [at for at in places if rows.index(rows[at]) == at]
        for at in once:
            if (same := next((name for name, content in free.items() if content == rows[at][1]), None)) is not None:
                told[at] = same, "duplicate"
                del free[same]
        left = [*((name, "updated") for name in free)]
        new = ((name, "new") for name in names if name not in own)
        told |= dict(zip((at for at in once if at not in told), itertools.chain(left, new), strict=False))
        told |= {at: (told[rows.index(rows[at])][0], "duplicate") for at in places if at not in told}
    return pd.DataFrame([told[at] for at in range(len(rows))], columns=["alert_id", "action"], dtype=object)


def first_id(incident: str | None, content: str) -> str:
    """The id of an incident's first alert. A `#` of the source is doubled, so that no id of ours can be one of its."""
    return f"#{content}" if incident is None else incident.replace("#", "##")


def quickly(folder: Path, rows: list[Row], known: pd.DataFrame) -> pd.DataFrame:
    """The same by `writing.match_rows`."""
    schema = pa.schema(
        [("row", pa.int64()), ("incident_id", pa.string()), ("content_hash", pa.string()), ("twin", pa.int64())]
    )
    staged = [{"row": at * 3 + 1, "incident_id": i, "content_hash": c, "twin": t} for at, (i, c, t) in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(staged, schema=schema), folder / "staged.parquet")
    texts = pa.schema([(name, pa.string()) for name in KNOWN])
    pq.write_table(pa.Table.from_pylist(known.to_dict("records"), schema=texts), folder / "stored.parquet")
    stored = [str(folder / "stored.parquet")] if len(known) else []
    told = matched(folder, stored)
    assert told["row"].tolist() == [at * 3 + 1 for at in range(len(rows))]
    assert sorted(path.name for path in folder.iterdir()) == ["out.parquet", "staged.parquet", "stored.parquet"]
    if stored and rows:
        among_many(folder, known, told)
    return told


def matched(folder: Path, stored: list[str]) -> pd.DataFrame:
    staged, out = folder / "staged.parquet", folder / "out.parquet"
    counts = match_rows(staged, stored, out)
    query = f"SELECT row, alert_id, action FROM ({MATCHED}) ORDER BY row"
    with duckdb.connect() as run:
        told = run.execute(query, {"staged": str(staged), "settled": str(out)}).df()
    assert {action: n for action, n in counts.items() if n} == told["action"].value_counts().to_dict()
    return told


def among_many(folder: Path, known: pd.DataFrame, told: pd.DataFrame) -> None:
    """The answers are the same in a store so large that only what the file names is looked at."""
    others = [(f"Z{n}", f"Z{n}", f"h{n % 6}") for n in range(2 * len(told))]
    others += [(f"#k{n}", None, f"k{n}") for n in range(2 * len(told))]
    texts = pa.schema([(name, pa.string()) for name in KNOWN])
    many = [*known.to_dict("records"), *(dict(zip(KNOWN, one, strict=True)) for one in others)]
    pq.write_table(pa.Table.from_pylist(many, schema=texts), folder / "many.parquet")
    stored = [str(folder / "many.parquet")]
    assert names_few([str(folder / "staged.parquet")], stored)
    pd.testing.assert_frame_equal(matched(folder, stored), told)
    (folder / "many.parquet").unlink()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settling")


@pytest.mark.slow
@settings(deadline=None, max_examples=effort(10, 200))
@given(files=st.lists(FILES, min_size=1, max_size=4), gone=st.sets(st.integers(0, 11)))
def test_the_sets_agree_with_the_loops(folder: Path, files: list[list[Row]], gone: set[int]) -> None:
    known = pd.DataFrame(columns=KNOWN, dtype=object)
    for at, rows in enumerate(files):
        slowly_told, told = slowly(rows, known), quickly(folder, rows, known)
        assert told["alert_id"].tolist() == slowly_told["alert_id"].tolist()
        assert told["action"].tolist() == slowly_told["action"].tolist()
        stored = {row["alert_id"]: row for row in known.to_dict("records")}
        for (incident, content, _twin), name, action in zip(rows, told["alert_id"], told["action"], strict=True):
            if action != "duplicate":
                stored[name] = {"alert_id": name, "incident_id": incident, "content_hash": content}
        left = [row for place, row in enumerate(stored.values()) if at or place not in gone]
        known = pd.DataFrame(left, columns=KNOWN, dtype=object)


def test_contents_are_matched_within_an_incident(folder: Path) -> None:
    known = pd.DataFrame([("I", "I", "a"), ("I#2", "I", "b"), ("J", "J", "x")], columns=KNOWN)
    told = quickly(
        folder, [("I", "b", 0), ("I", "c", 0), ("I", "d", 0), ("I", "b", 0), ("J", "y", 0), (None, "k", 0)], known
    )
    assert told["alert_id"].tolist() == ["I#2", "I", "I#3", "I#2", "J", "#k"]
    assert told["action"].tolist() == ["duplicate", "updated", "new", "duplicate", "updated", "new"]


def test_new_alerts_take_the_smallest_free_ordinals(folder: Path) -> None:
    known = pd.DataFrame([(f"I#{n}", "I", f"k{n}") for n in (2, 3, 5, 9)], columns=KNOWN)
    rows: list[Row] = [("I", f"k{n}", 0) for n in (9, 5, 3, 2)] + [("I", f"n{n}", 0) for n in range(7)]
    told = quickly(folder, rows, known)
    assert told["alert_id"].tolist()[4:] == ["I", "I#4", "I#6", "I#7", "I#8", "I#10", "I#11"]
    assert told["action"].tolist() == ["duplicate"] * 4 + ["new"] * 7


@pytest.mark.parametrize(
    ("sent", "ids"),
    [
        ("A:g A:n A#2:n", "A A#2 A##2"),
        ("A#:g A#:n A##:n A:n A###2:x", "A## A###2 A#### A A######2"),
        (":h h:x #h:x", "#h h ##h"),
    ],
)
def test_an_id_of_the_source_is_never_taken_for_one_of_ours(folder: Path, sent: str, ids: str) -> None:
    pairs = [one.split(":") for one in sent.split()]
    rows: list[Row] = [(incident or None, content, 0) for incident, content in pairs]
    told = quickly(folder, rows, pd.DataFrame(columns=KNOWN))
    assert " ".join(told["alert_id"]) == ids
    known = pd.DataFrame(
        [(name, *row[:2]) for name, row in zip(told["alert_id"], rows, strict=True)], columns=KNOWN, dtype=object
    )
    assert set(quickly(folder, rows[::-1], known)["action"]) == {"duplicate"}


def test_two_victims_of_whom_the_same_is_known_are_two_alerts(folder: Path) -> None:
    rows: list[Row] = [("I", "a", 1), ("I", "a", 2), ("I", "a", 1)]
    told = quickly(folder, rows, pd.DataFrame(columns=KNOWN))
    assert told["alert_id"].tolist() == ["I", "I#2", "I"]
    assert told["action"].tolist() == ["new", "new", "duplicate"]
    known = pd.DataFrame([("I", "I", "a"), ("I#2", "I", "a")], columns=KNOWN)
    again = quickly(folder, rows, known)
    assert again["action"].tolist() == ["duplicate"] * 3
