"""51 exports that the importer was not written for are imported without flags and without a silent mistake.

`files` holds made-up exports in twelve languages by people who did not know the code, each with an answer key
`NAME.key.json`: its top is of the first file, imported alone, `second` of a later one of the same source, an honest
update or one whose numbers begin again at 1. Only what the importer did without a word counts as wrong.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest

from curim_data.importing.pipeline import ImportReport, import_file
from curim_data.model import Answers, ImportProblem, Question, translator
from curim_data.model.labels import category_label
from curim_data.store import Home, Store
from tests.effort import some

T: Final = translator("en")
FILES: Final = Path(__file__).parent / "files"
NAMES: Final = tuple(sorted(path.name.removesuffix(".key.json") for path in FILES.glob("*.key.json")))
NOT_KNOWN: Final = frozenset({"unknown", "undisclosed", "null", "none", "nan", ""})


@dataclass(frozen=True)
class Key:
    """What is right for an export."""

    name: str
    says: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.says[name]

    def get(self, name: str) -> Any:
        return self.says.get(name)

    @property
    def slack(self) -> int:
        """How many rows may be accepted or not: equal ones, dates that are formulas."""
        return int(self.says["accepted"][1] - self.says["total"])

    @property
    def file(self) -> Path:
        return FILES / self.says["files"][0]

    @property
    def later_file(self) -> Path | None:
        return FILES / self.says["files"][1] if len(self.says["files"]) > 1 else None


def read_key(name: str) -> Key:
    return Key(name, json.loads((FILES / f"{name}.key.json").read_text("utf-8")))


def disagreements(home: Home, key: Key) -> list[str]:
    """Where the stored alerts say something else than the key; empty where all is right."""
    alerts = Store(home).read().to_pandas()
    zone = home.city().timezone
    return [
        *_rows(alerts, key), *_times(alerts, zone, key), *_categories(alerts, home, key), *_people(alerts, key),
        *_scale("severity", alerts, key), *_scale("feeling", alerts, key), *_places(alerts, key),
    ]  # fmt: skip


def _rows(alerts: pd.DataFrame, key: Key) -> Iterator[str]:
    low, high = key["accepted"]
    if not low <= len(alerts) <= high:
        yield f"{len(alerts)} alerts, not {low} to {high}"


def _times(alerts: pd.DataFrame, zone: str, key: Key) -> Iterator[str]:
    """When it happened (its begin): first, last, by month and, where hours are known, by hour."""
    if zone != key["time_zone"]:
        yield f"time zone {zone}, not {key['time_zone']}"
    event = alerts["occurred_from"].fillna(alerts["reported_at"]).dt.tz_convert(zone)
    length = len(key["first_event"])
    first, last = (event.agg(edge).strftime("%Y-%m-%dT%H:%M")[:length] for edge in ("min", "max"))
    if (first, last) != (key["first_event"], key["last_event"]):
        yield f"from {first} to {last}, not from {key['first_event']} to {key['last_event']}"
    months = dict(Counter(event.dt.strftime("%Y-%m")))
    if not _near(months, key["months"], key.slack):
        yield f"months {months}, not {key['months']}"
    span = alerts["occurred_to"].fillna(alerts["occurred_from"]) - alerts["occurred_from"]
    days_alone = (span >= pd.Timedelta("23h")) & (event == event.dt.floor("D"))
    hours = dict(
        Counter(str(hour) for hour in event[~days_alone & (alerts["hour"].notna() | (span > pd.Timedelta(0)))].dt.hour)
    )
    if not key["hour_known"] and hours:
        yield f"hours that the file does not give: {hours}"
    if key["hour_known"] and not _near(hours, key["hours"], key.slack):
        yield f"hours {hours}, not {key['hours']}"


def _categories(alerts: pd.DataFrame, home: Home, key: Key) -> Iterator[str]:
    """How many alerts each category has (one of several categories counts in each), and of which kind they are."""
    city = home.city()
    more = alerts["more_categories"].map(lambda ids: [] if ids is None else list(ids))
    each = [{first, *others} for first, others in zip(alerts["category"], more, strict=True)]
    names = {one: category_label(T, city, one) for one in set().union(*each)}
    counts = Counter(names[one] for ids in each for one in ids)
    wanted = key["category_counts"] or {}
    if not wanted and set(alerts["category"]) != {"uncategorised"}:
        yield f"categories that the file does not give: {dict(counts)}"
    if wanted and not _near(_folded(counts), _folded(wanted), key.slack):
        yield f"categories {dict(counts.most_common(8))}, not {dict(Counter(wanted).most_common(8))}"
    kinds = {_fold(label): str(kind) for label, kind in (key["kinds"] or {}).items()}
    alone = alerts[more.map(len) == 0]
    for category, of in alone.groupby("category", observed=True)["kind"]:
        right_kinds = kinds.get(_fold(names[category]), "null").split("|")
        for kind in set(of.astype(str)):
            if kind not in right_kinds and not (kind in NOT_KNOWN and "null" in right_kinds):
                yield f"{names[category]}: {kind}, not {' or '.join(right_kinds)}"


def _people(alerts: pd.DataFrame, key: Key) -> Iterator[str]:
    """Genders in the role of the key; in a citizens' app a bare heading may go to either role."""
    wanted = {role: counts for role, counts in key["gender_counts"].items() if not role.endswith("_max")}
    for role, counts in wanted.items():
        roles = (role,) if role == "affected_gender" else ("reporter_gender", "affected_gender")
        if not any(_fits(Counter(alerts[one].astype(str)), counts, key.slack) for one in roles):
            yield f"{role} {dict(Counter(alerts[role]))}, not {counts}"
    given = [role for role in ("reporter_gender", "affected_gender") if set(alerts[role].astype(str)) - NOT_KNOWN]
    if len(given) > len(wanted):
        yield f"genders in {given}, not in {list(wanted)}"


def _fits(got: Mapping[str, int], wanted: Mapping[str, int], slack: int) -> bool:
    """Whether counts fit a key in which "a|b" stands for either: no gender has fewer or more than it can have."""
    for gender in {*got, *(one for names in wanted for one in names.split("|"))}:
        low = sum(n for names, n in wanted.items() if names == gender)
        high = sum(n for names, n in wanted.items() if gender in names.split("|"))
        if not low - slack <= got.get(gender, 0) <= high + slack:
            return False
    return abs(sum(got.values()) - sum(wanted.values())) <= slack


def _scale(role: str, alerts: pd.DataFrame, key: Key) -> Iterator[str]:
    """Words of a scale: each within what is allowed for it, in their order, as often as the words stand in the file."""
    wanted = key.get(role)
    got = Counter(int(value) for value in alerts[role].dropna())
    if not wanted:
        if got:
            yield f"{role} that the file does not give: {dict(got)}"
        return
    words = sorted(wanted["words"].values(), key=lambda word: word["allowed"])
    values = sorted(got)
    right = len(values) == len(words) and all(
        word["allowed"][0] <= value <= word["allowed"][1] and got[value] == word["n"]
        for value, word in zip(values, words, strict=True)
    )
    if not right:
        yield f"{role} {dict(sorted(got.items()))}, not {wanted['words']}"


def _places(alerts: pd.DataFrame, key: Key) -> Iterator[str]:
    mapped = int(alerts["longitude"].notna().sum())
    if not key["located"] <= mapped <= key["located_max"]:
        yield f"{mapped} on the map, not {key['located']} to {key['located_max']}"


def _near(got: Mapping[str, int], wanted: Mapping[str, int], slack: int) -> bool:
    """Whether counts differ by no more rows than may go either way."""
    return sum(abs(got.get(name, 0) - wanted.get(name, 0)) for name in {*got, *wanted}) <= slack


def _folded(counts: Mapping[str, int]) -> dict[str, int]:
    return {_fold(label): n for label, n in counts.items()}


def _fold(label: str) -> str:
    return " ".join(label.split()).casefold()


PLACES = ("lat", "lon", "γεωγρ", "breite", "läng", "on va passar")  # how headings of coordinates begin in these files


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
        case "order":
            return replace(answers, order=key.get("order") or "lat-lon")
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
    if any(f"{key['category_column']} is not used as the category" in T(one) for one in report.decisions):
        wrong = [one for one in wrong if not one.startswith(("categories ", "Not stated: "))]  # it was said
    assert wrong == [], "\n".join([*wrong, *asked])


@some("name", [name for name in NAMES if read_key(name).later_file], every=2)
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


@some("language", sorted({read_key(name)["language"] for name in NAMES}), every=3)
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
