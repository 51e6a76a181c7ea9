"""An import says what changed against the last one of its kind, and uses what the home has saved."""

from __future__ import annotations

import pytest

from curim_data.importing import mapping
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.pipeline import import_file, preview
from curim_data.model import Answers, Question
from curim_data.store import Home

pytestmark = pytest.mark.slow

HEADER = "ref;when;what;lat;lon;state"


def _file(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines]).encode()


def _row(ref: str, day: str, state: str) -> str:
    return f"{ref};{day}T10:00;noise;37.9432;23.6470;{state}"


JANUARY = _file(*(_row(f"R{n}", f"2026-01-{n:02d}", "open") for n in range(1, 29)))
CHANGED = _file(
    *(_row(f"R{n}", f"2026-01-{n:02d}", "resolved" if n < 4 else "open") for n in range(1, 27)),
    _row("R40", "2026-02-02", "open"),
)


def test_a_second_export_is_compared_before_it_is_written(home: Home) -> None:
    first = import_file(home, JANUARY, "january.csv")
    assert first.changes is not None
    assert first.changes.before is None
    seen = preview(CHANGED, "february.csv", home.city(), home=home).report.changes
    done = import_file(home, CHANGED, "february.csv").changes
    for changes in (seen, done):
        assert changes is not None
        assert changes.before is not None
        assert changes.before.file_name == "january.csv"
        assert (changes.new, changes.updated, changes.known) == (1, 3, 23)
        assert changes.statuses == {("open", "resolved"): 3}
        assert (changes.missing.n, changes.missing.of) == (2, 28)


def test_columns_that_come_and_go_are_named(home: Home) -> None:
    import_file(home, JANUARY, "january.csv")
    other = JANUARY.replace(b";state", b";state;sector").replace(b"open", b"open;7")
    changes = preview(other, "february.csv", home.city(), home=home).report.changes
    assert changes is not None
    assert changes.appeared == ("sector",)


def test_a_saved_mapping_is_used_and_named(home: Home) -> None:
    seen = preview(JANUARY, "january.csv", home.city(), home=home)
    made = ColumnMapping.from_layout(seen.report.layout, seen.report.facts.labels, name="the city's desk")
    mapping.save(home, made)
    used = preview(JANUARY, "january.csv", home.city(), home=home)
    assert used.report.layout.format == "mapped"
    assert used.report.mapping is not None
    assert any("saved mapping" in message.text for message in used.report.decisions)
    plain = preview(JANUARY, "january.csv", home.city(), home=home, saved=False)
    assert plain.report.layout.format == seen.report.layout.format
    assert plain.report.mapping is None


def test_an_export_whose_columns_a_person_settled_is_still_the_same_export(home: Home) -> None:
    first = import_file(home, JANUARY, "january.csv")
    mapping.save(home, ColumnMapping.from_layout(first.layout, first.facts.labels, name="desk"))
    changes = import_file(home, CHANGED, "february.csv").changes
    assert changes is not None
    assert changes.before is not None
    assert (changes.updated, changes.missing.n) == (3, 2)


def test_a_saved_mapping_answers_what_was_asked(home: Home) -> None:
    file = _file("1;03/04/2026;37.9432;23.6470", "2;05/06/2026;37.9433;23.6471", header="ref;date;lat;lon")
    with pytest.raises(Question):
        import_file(home, file, "a.csv")
    seen = preview(file, "a.csv", home.city(), home=home, answers=Answers(dates="month-first"))
    made = ColumnMapping.from_layout(seen.report.layout, seen.report.facts.labels, answers=seen.answers, name="desk")
    mapping.save(home, made)
    assert preview(file, "a.csv", home.city(), home=home).report.date_order == "month-first"


def test_the_same_file_again_says_that_nothing_is_missing(home: Home) -> None:
    import_file(home, JANUARY, "january.csv")
    again = import_file(home, JANUARY, "january.csv")
    assert again.batch.duplicate == 28
    assert again.changes is not None
    assert again.changes.statuses == {}
    missing = again.changes.missing
    assert (missing.n, missing.of, missing.why_not) == (0, 28, None)
    assert [str(missing.first), str(missing.last)] == ["2026-01-01", "2026-01-28"]


def test_a_file_with_a_repeated_row_is_not_taken_for_all_that_is_stored(home: Home) -> None:
    """It has as many rows as the store has alerts, all of them known, and lacks one nevertheless."""
    rows = [_row(f"R{n}", f"2026-01-{n:02d}", "open") for n in range(1, 28)]
    repeated = _file(*rows, rows[-1])
    import_file(home, repeated, "repeated.csv")
    import_file(home, _file(*rows, _row("R50", "2026-01-15", "open")), "more.csv")
    again = import_file(home, repeated, "repeated.csv")
    assert again.batch.duplicate == 28
    assert again.changes is not None
    assert (again.changes.missing.n, again.changes.missing.of) == (1, 28)
