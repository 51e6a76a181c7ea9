"""A new city says of which kind it took its categories to be, where their names alone said so."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.importing.pipeline import ImportProblem, import_file, preview
from curim_data.model import Answers, CityProfile, translator
from curim_data.store import Home, Store


@pytest.mark.parametrize(
    ("category", "told"),
    [
        ("Bicycle accident", "taken as dangers (accidents, unsafe places), not as offences: Bicycle accident."),
        ("Noise at night", "taken as incivilities (noise, litter and the like), not as offences: Noise at night."),
        ("Theft", ""),
    ],
)
def test_a_guessed_kind_is_said_once(tmp_path: Path, category: str, told: str) -> None:
    rows = [f"a{at},2025-03-{1 + at % 28:02d} 10:15,{category},48.20{at % 10},16.37{at % 7}" for at in range(40)]
    export = ("ref,when,category,lat,lon\n" + "\n".join(rows) + "\n").encode()
    home = Home(tmp_path / "home")
    first, again = (import_file(home, export, f"{name}.csv") for name in ("first", "again"))
    t = translator("en")
    assert not told or any(told in t(line) for line in first.decisions)
    assert any("taken as" in t(line) for line in first.decisions) is bool(told)
    assert not any("taken as" in t(line) for line in again.decisions)


def export_of(categories: list[str], more: str = "") -> bytes:
    rows = [
        f"a{at},2025-03-{1 + at % 28:02d} 10:15,{categories[at % len(categories)]},48.20{at % 10},16.37{at % 7}{more}"
        for at in range(60)
    ]
    return (f"ref,when,category,lat,lon{',kind' if more else ''}\n" + "\n".join(rows) + "\n").encode()


NAMES = ["Bicycle accident", "Noise at night", "Theft"]


def test_kinds_are_asked_with_the_default_by_name() -> None:
    asked = preview(export_of(NAMES), "x.csv", None)
    assert asked.first.kind == "names"
    assert asked.first.kinds == {
        "risk": ("Bicycle accident",),
        "incivility": ("Noise at night",),
        "offence": ("Theft",),
    }
    answered = preview(export_of(NAMES), "x.csv", None, answers=Answers(kind="offence"))
    assert (answered.first.kind, answered.first.kinds) == ("offence", asked.first.kinds)
    assert {one.kind for one in answered.city.categories.values()} == {"offence"}


def test_kinds_are_not_asked_where_they_are_known(city: CityProfile) -> None:
    assert preview(export_of(NAMES, ",risk"), "x.csv", None).first.kind is None
    assert preview(export_of(NAMES), "x.csv", city).first is None


def test_the_answer_holds_for_the_next_export(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    import_file(home, export_of(NAMES), "first.csv", answers=Answers(kind="incivility"))
    assert {one.kind for one in home.city().categories.values()} == {"incivility"}
    import_file(home, export_of(["Bicycle accident"]).replace(b"Bicycle", b"Tram").replace(b"\na", b"\nb"), "next.csv")
    kinds = Store(home).read(["kind"])["kind"].to_pylist()
    assert len(kinds) == 120
    assert set(kinds) == {"incivility"}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ImportProblem, match="kind=crime is not known"):
        preview(export_of(NAMES), "x.csv", None, answers=Answers(kind="crime"))
