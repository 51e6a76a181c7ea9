"""The seventeen classes of emerging hot spots: each by its rule, cold mirrored, and the order of the tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.emerging.classes import CLASSES, COUNT_PHRASES, KINDS, classify, run_to_last_step

# Twenty steps: H hot, C cold, - neither; the trend of Gi* (+ up, - down, 0 none); the class.
SERIES = [
    ("-------------------H", "0", "new_hot"),
    ("-----C-------------H", "0", "new_hot"),
    ("-----------------HHH", "+", "consecutive_hot"),
    ("--C-------------HHHH", "0", "consecutive_hot"),
    ("---HHHHHHHHHHHHHHHHH", "+", "consecutive_hot"),
    ("HHHHHHHHHHHHHHHHHHH-", "0", "historical_hot"),
    ("HHHHHHHHHHHHHHHHHHC-", "+", "historical_hot"),
    ("HHHHHHHHHHHHHHHHHHHH", "+", "intensifying_hot"),
    ("--HHHHHHHHHHHHHHHHHH", "+", "intensifying_hot"),
    ("HHHHHHHHHHHHHHHHHHHH", "-", "diminishing_hot"),
    ("HHHHHHHHHHHHHHHHHHHH", "0", "persistent_hot"),
    ("HHHHHH-HHHH-HHHHHHHH", "0", "persistent_hot"),
    ("HHHHHHC-HHHHHHHHHHHH", "0", "persistent_hot"),
    ("HHH---C----H------HH", "+", "oscillating_hot"),
    ("HHHHHHH---HHHHHHHHHH", "+", "sporadic_hot"),
    ("H------------------H", "0", "sporadic_hot"),
    ("HHHHHHHHHHHHHHHHH---", "-", "none"),
    ("HH--HH--HH--HH--HH--", "0", "none"),
    ("--------------------", "+", "none"),
]


def turned(series: str, trend: str, name: str) -> tuple[str, str, str]:
    """The same in cold."""
    return (
        series.translate(str.maketrans("HC", "CH")),
        trend.translate(str.maketrans("+-", "-+")),
        name.replace("_hot", "_cold"),
    )


def one(series: str, trend: str = "0") -> str:
    marks = np.array(list(series))
    return str(classify(marks == "H", marks == "C", trend == "+", trend == "-")[0])


@pytest.mark.parametrize(("series", "trend", "name"), [*SERIES, *(turned(*row) for row in SERIES)])
def test_each_class_by_its_rule(series: str, trend: str, name: str) -> None:
    assert one(series, trend) == name


def test_there_are_seventeen_classes_and_each_can_come_out() -> None:
    rows = [*SERIES, *(turned(*row) for row in SERIES)]
    assert len(CLASSES) == 17
    assert {name for _, _, name in rows} == set(CLASSES)
    assert set(COUNT_PHRASES) == set(KINDS)


@pytest.mark.parametrize(
    ("series", "name"),
    [
        ("HHHHHHHHHHHHHHHHHHHC", "new_cold"),  # new goes before historical
        ("HHHHHHHHHHHHHHHHHHCC", "consecutive_cold"),  # and so does consecutive
        ("CHHHHHHHHHHHHHHHHHHHHHHHHHHHHC", "historical_hot"),  # which goes before oscillating
        ("HH", "persistent_hot"),
        ("-H", "new_hot"),
        ("CH", "new_hot"),
        ("H-", "none"),
    ],
)
def test_the_first_rule_that_holds_decides(series: str, name: str) -> None:
    assert one(series) == name


@given(st.lists(st.sampled_from("HC-"), min_size=2, max_size=30).map("".join), st.sampled_from("+-0"))
def test_cold_mirrors_hot_and_every_series_has_one_class(series: str, trend: str) -> None:
    name = one(series, trend)
    mirrored, other, expected = turned(series, trend, name.replace("_cold", "_HOT"))
    assert one(mirrored, other) == expected.replace("_HOT", "_hot")
    if name != "none" and not name.startswith("historical"):
        assert series[-1] == ("H" if name.endswith("_hot") else "C")


def test_marks_of_one_step_have_no_class() -> None:
    with pytest.raises(ValueError, match="two steps"):
        classify([[True]], [[False]], [False], [False])


def test_the_last_run() -> None:
    assert run_to_last_step(
        [[True, False, True, True], [True, True, True, True], [True, True, True, False]]
    ).tolist() == [
        2,
        4,
        0,
    ]


def test_hot_and_cold_classes_are_signed_as_they_are_named() -> None:
    signs = {1: "hot", -1: "cold"}
    assert all(name == f"{one.kind}_{signs[one.sign]}" for name, one in CLASSES.items() if name != "none")
    assert (len(CLASSES), CLASSES["none"].sign) == (17, 0)
