"""Quality by hand: completeness, jumps, lag, precision, outside, near-duplicates, piles; its words, tables, report."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely

import sample_data
from curim_data.cli import main
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import default_coordinates_of_files
from curim_data.model import Audience, CityProfile, Translator, translator
from curim_data.model.city import load_city
from curim_data.model.place_names import PlaceNames
from curim_data.privacy import DisclosureError
from curim_data.quality.report import as_object, findings, sheets
from curim_data.quality.study import (
    COLUMNS,
    Precision,
    _why,
    completeness,
    detail,
    incidents,
    jumps,
    likely_reason,
    near_duplicates,
    outside,
    periods,
    precision,
    quality_study,
    reported_early,
)
from curim_data.query import default_points
from curim_data.store import Home, Store
from curim_data.studies.hot_spots import hot_spot_study
from tests.small import HERE, alert, small_city, small_source
from tests.stored import seen_by, stored_alerts

COORDINATES = ("longitude", "latitude", "inside")
NOON = dt.datetime(2025, 6, 2, 12, tzinfo=dt.UTC)


def _placed(number: int, east: float = 0.0, north: float = 0.0, hours: float = 0.0, **told: Any) -> dict[str, Any]:
    """An alert so many metres and hours from the first."""
    lon, lat = HERE[0] + east / 87_800, HERE[1] + north / 111_000
    x, y = small_city().project([lon], [lat])
    when = NOON + dt.timedelta(hours=hours)
    return alert(number, point=(lon, lat), x=float(x[0]), y=float(y[0]), occurred_from=when, reported_at=when, **told)


def test_completeness_by_hand(tmp_path: Path) -> None:
    june, july = dt.date(2025, 6, 2), dt.date(2025, 7, 2)
    rows = [
        alert(1, day=june, affected_gender="unknown", occurred_from=NOON),
        alert(2, day=june, category="odd", point=(None, None), status="resolved"),
        alert(3, day=july, severity=None, hours=None, status="resolved", resolved_at=NOON),
    ]
    frame = completeness(small_source(tmp_path, rows).alerts, small_city().categories)
    whole = frame.set_index("column")
    assert list(whole.index) == list(COLUMNS)
    filled = {"occurred_from": 1, "coordinates": 2, "category": 2, "affected_gender": 2, "severity": 2, "hour": 2}
    assert whole["filled"][list(filled)].to_dict() == filled
    assert whole["n"].drop("resolved_at").eq(3).all()
    assert tuple(whole.loc["resolved_at", ["n", "filled", "share"]]) == (2, 1, 0.5)


def test_a_column_that_fell_is_told(tmp_path: Path, t: Translator) -> None:
    months = [(2024 + at // 12, 1 + at % 12) for at in range(15)]
    rows = [
        alert(10 * at + n, day=dt.date(*month, 2), severity=3 if n < (9 if at < 12 else 6) else None)
        for at, month in enumerate(months)
        for n in range(10)
    ]
    study = quality_study(small_source(tmp_path, rows))
    severity = study.detail.completeness.set_index("column").loc["severity"]
    assert tuple(severity[["before", "now"]]) == (0.9, 0.6)
    told = {one.key: one for one in findings(t, study)}["completeness"]
    assert "in the last three months than in the year before: Severity" in told.sentence
    assert told.attention


@pytest.mark.parametrize(("decimals", "why"), [(5, "serves a place"), (3, "precise to 111 m")])
def test_map_cells_are_no_finer_than_the_coordinates(tmp_path: Path, t: Translator, decimals: int, why: str) -> None:
    rng = np.random.default_rng(3)
    points = np.round(np.column_stack([rng.uniform(23.62, 23.66, 3_000), rng.uniform(37.93, 37.96, 3_000)]), decimals)
    x, y = small_city().project(*points.T)
    rows = [alert(at, point=tuple(point), x=x[at], y=y[at]) for at, point in enumerate(points.tolist())]
    study = hot_spot_study(small_source(tmp_path, rows), AlertFilter(period="all"))
    assert why in t(study.choices[0].explanation)


def test_a_doubled_week_and_a_lost_one_jump() -> None:
    counts = pd.Series([100.0] * 40, index=pd.date_range("2025-01-06", periods=40, freq="7D"))
    assert jumps(counts).empty
    counts.iloc[10], counts.iloc[30] = 200, 20
    found = jumps(counts)
    assert set(found["start"]) == {counts.index[10].date(), counts.index[30].date()}
    assert found["level"].eq(100).all()
    assert found["z"].abs().is_monotonic_decreasing


def test_chance_seldom_jumps() -> None:
    random = np.random.default_rng(5)
    index = pd.date_range("2022-01-03", periods=200, freq="7D")
    found = [len(jumps(pd.Series(random.poisson(40.0, 200).astype(float), index=index))) for _ in range(60)]
    assert sum(found) <= 6


def test_periods_leave_cut_weeks_out_and_hold_zeros(tmp_path: Path) -> None:
    days = [dt.date(2025, 6, 2), dt.date(2025, 6, 9), dt.date(2025, 6, 10), dt.date(2025, 6, 23), dt.date(2025, 6, 30)]
    source = small_source(tmp_path, [alert(n, day=day) for n, day in enumerate(days)])
    assert periods(source.alerts, "week").tolist() == [2, 0, 1]


def test_what_was_reported_before_it_happened_is_counted(tmp_path: Path, t: Translator) -> None:
    hours = [0.5, 30, -1, -1]
    rows = [alert(n, reported_at=NOON, occurred_from=NOON - dt.timedelta(hours=h)) for n, h in enumerate(hours)]
    rows[-1]["time_precision"] = "month"
    source = small_source(tmp_path, rows)
    assert reported_early(source.alerts) == 1
    told = {one.key: one for one in findings(t, quality_study(source))}["precision"]
    assert "1 alert was reported before it happened" in told.sentence


def test_months_alone_turn_jumps_to_months(tmp_path: Path, t: Translator) -> None:
    rows = [alert(n, day=dt.date(2025, 1 + n % 6, 1), time_precision="month", hours=None) for n in range(60)]
    study = quality_study(small_source(tmp_path, rows), listed=True)
    assert (study.detail.month_only, study.detail.unit) == (60, "month")
    assert study.coverage.complete
    assert study.detail.periods.tolist() == [10.0] * 4
    told = {one.key: one for one in findings(t, study)}
    assert told["precision"].attention
    assert "only the month is known" in told["precision"].sentence
    assert not told["gaps"].attention


def _precision(folder: Path, points: list[tuple[float, float]]) -> Precision:
    city = small_city()
    x, y = city.project(*np.array(points).T)
    rows = [alert(n, point=p, x=float(x[n]), y=float(y[n])) for n, p in enumerate(points)]
    source = small_source(folder, rows)
    return precision(source, default_points(source))


def _random_points(n: int, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.column_stack([23.625 + 0.03 * random.random(n), 37.935 + 0.02 * random.random(n)])


@pytest.mark.parametrize(("decimals", "finest"), [(2, None), (3, 9), (4, 11), (5, 12), (8, 12)])
def test_decimals_decide_the_finest_cell(tmp_path: Path, decimals: int, finest: int | None) -> None:
    points = [(round(float(a), decimals), round(float(b), decimals)) for a, b in _random_points(150)]
    points = list(dict.fromkeys(points))
    found = _precision(tmp_path, points)
    assert found.finest == finest
    assert found.step_m == pytest.approx(111_320 * 10.0 ** -min(decimals, 6))


def test_some_coarse_coordinates_make_cells_coarser(tmp_path: Path) -> None:
    points = [tuple(point.round(3 if n % 10 == 0 else 6).tolist()) for n, point in enumerate(_random_points(300))]
    assert _precision(tmp_path, points).finest == 9


def test_a_grid_in_metres_is_seen(tmp_path: Path) -> None:
    city = small_city()
    x, y = city.project(*_random_points(150).T)
    lon, lat = city.to_metres.transform(np.round(x / 100) * 100, np.round(y / 100) * 100, direction="INVERSE")
    found = _precision(tmp_path, list(dict.fromkeys(zip(lon.tolist(), lat.tolist(), strict=True))))
    assert (found.cause, found.step_m, found.finest) == ("grid", 100.0, 9)


def test_points_of_a_list_are_seen(tmp_path: Path) -> None:
    few = [(float(a), float(b)) for a, b in _random_points(40)]
    found = _precision(tmp_path, [few[n % 40] for n in range(400)])
    assert (found.cause, found.points) == ("points", 40)
    assert found.finest in (8, 9)


def test_outside_by_hand(tmp_path: Path) -> None:
    rows = [alert(1), alert(2, point=(None, None))]
    rows += [alert(n, point=(23.80, 37.945), inside=False) for n in (3, 4)]
    rows += [alert(5, point=(0.0, 0.0), inside=False), alert(6, point=(37.945, 23.640), inside=False)]
    rows += [alert(7, point=(-23.640, 37.945), inside=False), alert(8, point=(23.661, 37.945), inside=False)]
    found = outside(small_source(tmp_path, rows))
    assert (found.n, found.of) == (6, 7)
    assert dict(found.reasons.to_numpy().tolist()) == {"": 2, "near": 1, "sign": 1, "swapped": 1, "zero": 1}


def test_many_points_outside_are_judged_as_one_by_one() -> None:
    city, rng = load_city(sample_data.PROFILE), np.random.default_rng(3)
    west, south, east, north = city.land.bounds
    lon, lat = rng.uniform(west - 0.05, east + 0.05, 300), rng.uniform(south - 0.05, north + 0.05, 300)
    lon, lat = np.where(np.arange(300) % 5 == 0, -lon, lon), np.where(np.arange(300) % 7 == 0, -lat, lat)
    lon[::6], lat[::6] = lat[::6].copy(), lon[::6].copy()
    area = shapely.box(*city.land.buffer(0.02).bounds)

    def slowly(lon: float, lat: float) -> str:
        beside = shapely.distance(city.land_metres, shapely.Point(*city.project(lon, lat)))
        others = [(lat, lon), (-lon, lat), (lon, -lat), (-lon, -lat)]
        swapped, *signs = (area.covers(shapely.Point(at)) for at in others)
        return "near" if beside < 1000 else "swapped" if swapped else "sign" if any(signs) else ""

    found = _why(city, lon, lat).tolist()
    assert found == [slowly(*at) for at in zip(lon, lat, strict=True)]
    assert set(found) == {"near", "swapped", "sign", ""}


def test_near_duplicates_by_hand(tmp_path: Path) -> None:
    rows = [
        _placed(1),
        _placed(2, east=30, hours=2),
        _placed(3, east=60, hours=3),
        _placed(4, hours=49),
        _placed(5, category="noise"),
        _placed(6, east=10_000),
        _placed(7, east=10_010, hours=1, incident_id="a6"),
        _placed(8, time_precision="month"),
    ]
    source = small_source(tmp_path, rows)
    found = near_duplicates(source, default_points(source))
    pairs = set(zip(found.listed["first"], found.listed["second"], strict=True))
    assert pairs == {("a1", "a2"), ("a2", "a3"), ("a2", "a4")}
    assert (found.pairs, found.alerts, found.of, found.first_day) == (3, 4, 7, 2)
    assert found.listed["hours"].is_monotonic_increasing
    assert found.listed["metres"].le(50).all()


@pytest.mark.slow
def test_near_duplicates_agree_with_every_pair(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    rows = [
        _placed(n, *random.uniform(0, 300, 2), float(random.uniform(0, 300)), category=("noise", "x")[n % 2])
        for n in range(150)
    ]
    source = small_source(tmp_path, rows)
    found = near_duplicates(source, pd.DataFrame(columns=["longitude", "latitude"]))
    wanted = 0
    for at, one in enumerate(rows):
        for two in rows[at + 1 :]:
            apart = np.hypot(one["x"] - two["x"], one["y"] - two["y"])
            hours = abs((one["occurred_from"] - two["occurred_from"]).total_seconds()) / 3600
            wanted += one["category"] == two["category"] and apart <= 50 and hours <= 48
    assert wanted > 50
    assert found.pairs == wanted


def test_a_crowd_is_not_paired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curim_data.quality.study.MOST_COMPARISONS", 50)
    source = small_source(tmp_path, [_placed(n) for n in range(15)])
    found = near_duplicates(source, default_points(source))
    assert found.too_many
    assert found.listed.empty


def test_incidents_by_hand(tmp_path: Path) -> None:
    rows = [alert(1, incident_id="i"), alert(2, incident_id="i"), alert(3, incident_id=None), alert(4)]
    found = incidents(small_source(tmp_path, rows).alerts)
    assert found == {"incidents": 1, "alerts": 2, "most": 2}


def test_only_exact_audiences_get_details_and_only_analysts_ids(tmp_path: Path) -> None:
    source = small_source(tmp_path, [_placed(1), _placed(2, hours=1)])
    assert quality_study(seen_by(source, Audience.COUNCIL)).detail is None
    with pytest.raises(DisclosureError):
        detail(seen_by(source, Audience.PUBLIC))
    specialist, analyst = detail(source), detail(source, listed=True)
    assert (specialist.near_duplicates.pairs, len(specialist.near_duplicates.listed)) == (1, 0)
    assert len(analyst.near_duplicates.listed) == 1


def test_what_needs_attention_comes_first(tmp_path: Path, t: Translator) -> None:
    rows = [alert(n, category="<b>odd</b>" if n < 40 else "noise", day=dt.date(2025, 1, 1 + n % 28)) for n in range(60)]
    source = small_source(tmp_path, rows)
    told = findings(t, quality_study(source, listed=True))
    marks = [one.attention for one in told]
    assert marks == sorted(marks, reverse=True)
    assert {one.key for one in told if one.attention} >= {"piles", "unknown"}
    assert all(one.sentence for one in told)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (set(), "This export does not ask for gender, neither"),
        (
            {"affected_gender"},
            "Who reports is not known: no column of the file holds the gender of the person who alerts. ",
        ),
        ({"affected_gender", "reporter_gender"}, "The gender of the person affected is not known in"),
    ],
)
def test_a_gender_that_is_not_asked_is_not_called_unknown(
    tmp_path: Path, t: Translator, asked: set[str], said: str
) -> None:
    study = replace(quality_study(small_source(tmp_path, [_placed(1)]), listed=True), asked=frozenset(asked))
    (sentence,) = (one.sentence for one in findings(t, study) if one.key == "genders")
    assert said in sentence
    assert ("not known" in sentence) is bool(asked)


def test_an_empty_store_has_a_report(tmp_path: Path, t: Translator) -> None:
    source = small_source(tmp_path, [])
    study = quality_study(source, listed=True)
    assert all(not sheet.frame.empty for some in sheets(t, source.city, study).values() for sheet in some)
    assert as_object(t, source, study)["alerts"] == 0


@pytest.mark.slow
def test_the_command(sample: Home, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--home", str(sample.path), "--lang", "en"]
    assert main(["quality", *where, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    keys = [one["key"] for one in told["findings"]]
    assert len(keys) == len(set(keys)) == 9
    near = next(one for one in told["findings"] if one["key"] == "near")
    assert 0 < len(near["tables"]["near-duplicate-pairs"]) <= 200
    assert main(["quality", *where, "--audience", "council"]) == 0
    assert "Repeated reports" not in capsys.readouterr().out


def test_the_pile_of_a_city_is_judged_by_the_alerts_of_the_city(tmp_path: Path) -> None:
    """An export of a country, of which the city is a hundredth, does not hide the pile at its centre."""
    rows = [alert(number) for number in range(30)]
    rows += [alert(number, point=(HERE[0] + number / 1e5, HERE[1])) for number in range(30, 60)]
    far = [alert(number, point=(20 + number / 1e4, 50), inside=False) for number in range(60, 5_000)]
    pile_of_the_capital = [alert(number, point=(20.0, 51.0), inside=False) for number in range(5_000, 5_040)]
    source = small_source(tmp_path, rows + far + pile_of_the_capital)
    assert default_points(source)[["longitude", "latitude", "stored"]].to_numpy().tolist() == [[*HERE, 30]]
    pq.write_table(stored_alerts(source).select(list(COORDINATES)), tmp_path / "staged.parquet")
    assert default_coordinates_of_files([tmp_path / "staged.parquet"], PlaceNames()).to_numpy().tolist() == [
        [*HERE, 30]
    ]


def test_reasons_of_piles(city: CityProfile, t: Translator) -> None:
    middle, mark = city.land.centroid, city.landmarks[1]
    assert "middle of the city" in likely_reason(t, city, middle.x, middle.y)
    assert t.label(mark.labels) in likely_reason(t, city, mark.longitude + 1e-5, mark.latitude)
    assert "rounded" in likely_reason(t, city, 23.5, 37.9)
    assert "default position" in likely_reason(t, city, 23.512345, 37.912345)
    district = city.districts[0]
    point = district.polygon.centroid
    assert t.label(district.labels) in likely_reason(t, city, point.x, point.y)


def test_genders_and_unknown_categories_by_hand(tmp_path: Path) -> None:
    source = small_source(
        tmp_path,
        [
            alert(1, affected_gender="undisclosed", reporter_gender="woman"),
            alert(2, affected_gender="woman", reporter_gender="unknown"),
            alert(3, affected_gender="woman", reporter_gender="unknown"),
            alert(4, affected_gender="man", reporter_gender="man", category="odd"),
            alert(5, district=None, affected_gender="unknown", reporter_gender="man"),
        ],
    )
    found = quality_study(source, listed=True)
    told = found.genders.set_index("district")
    here = told.loc[told.index.notna()].iloc[0]
    nowhere = told.loc[told.index.isna()].iloc[0]
    assert (here["n"], here["affected"], here["reporter"]) == (4, 0.25, 0.5)
    assert (nowhere["n"], nowhere["affected"], nowhere["reporter"]) == (1, 1.0, 0.0)
    assert found.unknown.to_numpy().tolist() == [["odd", 1.0]]
    assert found.uncategorised == 0


@pytest.mark.parametrize(
    ("categories", "said", "attention"),
    [
        (["uncategorised"] * 3, "this export names none", True),
        (["uncategorised", "harassment_verbal"], "every category is in the list. 1 alert states no category.", False),
        (
            ["uncategorised", "odd"],
            "1 category is not in the city's list; 50.0 % of the alerts have it. 1 alert states no category.",
            True,
        ),
    ],
)
def test_alerts_without_a_category_are_no_category(
    tmp_path: Path, categories: list[str], said: str, attention: bool
) -> None:
    source = small_source(tmp_path, [alert(n, category=name) for n, name in enumerate(categories, 1)])
    study = quality_study(source, listed=True)
    assert study.uncategorised == categories.count("uncategorised")
    assert "uncategorised" not in set(study.unknown["category"])
    found = next(one for one in findings(translator("en"), study) if one.key == "unknown")
    assert said in found.sentence.replace("\xa0", " ")
    assert found.attention == attention


def test_the_sample_has_its_planted_pile(sample: Home) -> None:
    found = quality_study(open_source(sample), listed=True)
    points = Store(sample).read(["longitude", "latitude"]).to_pandas().dropna()
    assert found.default_coordinates["n"].tolist() == [points.value_counts().iloc[0]]
    assert found.coverage.complete
