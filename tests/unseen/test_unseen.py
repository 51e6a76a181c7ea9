"""Fifteen exports that the importer was not written for are imported without flags and without a silent mistake."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from curim_data.importing.pipeline import ImportReport, import_file
from curim_data.model import Answers, ImportProblem, Question, translator
from curim_data.store import Home, Store
from tests.unseen.answers import NAMES, Key, disagreements, read_key

T = translator("en")
PLACES = ("lat", "lon", "γεωγρ", "breite", "läng")  # how headings of coordinates begin in these files
NOT_USED = "{} is not used as the category"
LATER = [name for name in NAMES if read_key(name).later_file]


@dataclass
class Told:
    """What an analyst was asked, and what a home without a city was refused for."""

    questions: list[Question] = field(default_factory=list)
    city_wanted: bool = False


def answer(question: Question, key: Key, answers: Answers) -> Answers:
    """The answer of somebody who knows the file; raises the question where none of the choices is right."""
    match question.about:
        case "elsewhere":
            return replace(answers, elsewhere=True)
        case "area":
            return replace(answers, area="whole")
        case "ids":
            return replace(answers, ids="own")
        case "event":
            return replace(answers, event=key["event_date_column"])
        case "category":
            return replace(answers, category="uncategorised")
    raise question


def imported(home: Home, path: Path, key: Key) -> tuple[ImportReport | None, Told]:
    """Import without flags; questions are answered one by one. None where the file is honestly left to a person."""
    told, answers, city = Told(), Answers(), ""
    while len(told.questions) < 5:
        try:
            return import_file(home, path, path.name, answers=answers, city_name=city), told
        except Question as question:
            told.questions.append(question)
            try:
                answers = answer(question, key, answers)
            except Question:
                return None, told
        except ImportProblem as problem:
            if "--city" not in T(problem.message) or key["located"] or told.city_wanted:
                raise
            told.city_wanted, city = True, key["city"]
            answers = replace(answers, timezone=key["time_zone"])
    raise AssertionError(f"asked again and again: {told.questions}")


def mend_places(home: Home, report: ImportReport, folder: Path) -> None:
    """Import the rows with bad coordinates again without them, as their reason says."""
    rows = Store(home).quarantine(report.batch.id, T)
    places = [label for label in rows.columns if label.casefold().startswith(PLACES)]
    bad = rows[rows["reason"].str.contains("oordinate") | rows["column"].isin(places)]
    if bad.empty:
        return
    path = folder / "mended.csv"
    bad.assign(**dict.fromkeys(places, "")).to_csv(path, index=False)
    mended = import_file(home, path, path.name)
    assert mended.batch.accepted == len(bad), mended.batch.reasons


@pytest.mark.parametrize("name", NAMES)
def test_first_file(name: str, tmp_path: Path) -> None:
    key, home = read_key(name), Home(tmp_path / "home")
    report, told = imported(home, key.file, key)
    asked = [T(question.message) for question in told.questions]
    assert bool(asked) >= key["must_ask"], "must ask"
    assert bool(asked) <= (key["may_ask"] or key["must_ask"]), asked
    if report is None:
        return
    mend_places(home, report, tmp_path)
    wrong = disagreements(home, key)
    if any(NOT_USED.format(key["category_column"]) in T(one) for one in report.decisions):
        wrong = [one for one in wrong if not one.startswith(("categories ", "Not stated: "))]  # it was said
    assert wrong == [], "\n".join([*wrong, *asked])


@pytest.mark.parametrize("name", LATER)
def test_later_file(name: str, tmp_path: Path) -> None:
    key, home = read_key(name), Home(tmp_path / "home")
    report, _ = imported(home, key.file, key)
    second = key["second"]
    if report is None:
        pytest.skip("its first file is left to a person")
    assert key.later_file is not None
    before = Store(home).read()
    if second["relation"] == "restart":
        with pytest.raises(Question) as asked:
            import_file(home, key.later_file, key.later_file.name)
        assert asked.value.about == "ids"
        assert Store(home).read().equals(before)
        own = import_file(home, key.later_file, key.later_file.name, answers=Answers(ids="own"))
        assert own.batch.updated == 0
        again = import_file(home, key.later_file, key.later_file.name, answers=Answers(ids="own"))
        assert (again.batch.accepted, again.batch.updated) == (0, 0)
    else:
        batch = import_file(home, key.later_file, key.later_file.name).batch
        counts = {"updated": batch.updated, "unchanged": batch.duplicate, "new": batch.accepted}
        assert counts == {name: second[name] for name in counts}


@pytest.mark.parametrize("language", sorted({read_key(name)["language"] for name in NAMES}))
def test_numbers_of_another_system_overwrite_nothing(language: str, tmp_path: Path) -> None:
    """All of them number from 1; those of one city go into one home."""
    home, total = Home(tmp_path / "home"), 0
    names = [name for name in NAMES if read_key(name)["language"] == language]
    for name in sorted(names, key=lambda one: not read_key(one)["located"]):
        report, _ = imported(home, read_key(name).file, read_key(name))
        if report is None:
            continue
        assert report.batch.updated == 0, name
        total += report.batch.accepted
    assert Store(home).count() == total
