"""The sample city: deterministic, on land, and with everything planted that truths.toml claims.

The dirty export and its answers: each row has one, and it says what stands in the row.

The habits of real exports that the sample city can have: bursts of reports, empty parts, a new app.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial import cKDTree

import sample_data
from analysis.emerging import emerging_hot_spots
from curim_data.model import CityProfile
from sample_data.generate import MAIN, write_sample
from sample_data.places import (
    BURSTS,
    CUT,
    HABITS,
    LIFELIKE,
    METRES,
    NEW_APP,
    NEW_HABITS,
    PLAIN,
    QUIET,
    SEED,
    SPOTS,
    World,
    is_dark,
)
from sample_data.simulate import COLUMNS, City, simulate
from tests.effort import in_full

MONTHS = 48


def _read(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, sep=";", encoding="utf-8-sig", dtype=str, keep_default_na=False)
    table["lat"], table["lon"] = (pd.to_numeric(table[name], errors="coerce") for name in ("latitude", "longitude"))
    table["step"] = [(int(when[:4]) - 2022) * 12 + int(when[5:7]) - 11 for when in table["occurred_from"]]
    return table


@pytest.fixture(scope="module")
def main() -> pd.DataFrame:
    return _read(sample_data.MAIN_EXPORT)


@pytest.fixture(scope="module")
def later() -> pd.DataFrame:
    return _read(sample_data.LATER_EXPORT)


@pytest.fixture(scope="module")
def truths() -> dict[str, Any]:
    return tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))


def _distance(table: pd.DataFrame, place: dict[str, Any]) -> np.ndarray:
    """Metres from a place; NaN where the alert has no coordinates."""
    east, north = (table["lon"] - place["longitude"]) * METRES[0], (table["lat"] - place["latitude"]) * METRES[1]
    return np.hypot(east.to_numpy(), north.to_numpy())


def _apart(one: dict[str, Any], other: dict[str, Any]) -> float:
    return float(_distance(pd.DataFrame({"lon": [one["longitude"]], "lat": [one["latitude"]]}), other)[0])


@pytest.mark.slow
def test_the_same_seed_writes_the_committed_files_again(tmp_path: Path, truths: dict[str, Any]) -> None:
    root = sample_data.TRUTHS.parent
    for path in write_sample(tmp_path, truths["seed"]):
        committed = root / path.relative_to(tmp_path)
        assert path.read_bytes() == committed.read_bytes(), committed.name


def test_the_profile_is_whole_and_marked_illustrative(city: CityProfile) -> None:
    assert city.illustrative
    assert city.epsg == 2100
    assert 10 < city.land_metres.area / 1e6 < 11.2
    assert [area.id for area in city.districts] == [f"zone_{number}" for number in range(1, 6)]
    zones = [area.polygon for area in city.districts]
    assert shapely.union_all(zones).symmetric_difference(city.land).area == 0
    assert sum(zone.area for zone in zones) == pytest.approx(city.land.area)
    for mark in city.landmarks:
        assert city.land.contains(shapely.Point(mark.longitude, mark.latitude)), mark.id
    for named in (*city.landmarks, *city.districts, *city.streets, *city.categories.values()):
        assert set(named.labels) == {"el", "en", "fr"}
    for street in city.streets:
        assert city.land.covers(street.polygon), street.id
    for at in ((23.6385, 37.9425), (23.6485, 37.9375), (23.6603, 37.9373), (23.6560, 37.9330)):  # harbours and the sea
        assert not city.land.contains(shapely.Point(at)), at
    for path in sample_data.PROFILE.glob("*.geojson"):
        features = json.loads(path.read_text("utf-8"))["features"]
        assert all(feature["properties"]["illustrative"] for feature in features)
    assert {name: category.kind for name, category in city.categories.items()} == {
        name: habit.kind for name, habit in (HABITS | NEW_HABITS).items()
    }


def test_alerts_are_on_land_in_time_and_well_formed(main: pd.DataFrame, later: pd.DataFrame, city: CityProfile) -> None:
    assert 37_000 <= len(main) <= 40_000
    for table in (main, later):
        assert tuple(table.columns[: len(COLUMNS)]) == COLUMNS
        mapped = table.dropna(subset=["lon"])
        assert shapely.contains_xy(city.land, mapped["lon"], mapped["lat"]).all()
        assert table["alert_id"].is_unique
        assert table["alert_id"].str.startswith("DEMO-").all()
        assert set(table["category"]) <= set(city.categories)
        assert (table["kind"] == [city.categories[name].kind for name in table["category"]]).all()
        assert (table.loc[table["kind"] == "risk", "feeling"] != "").all()
        told = table[table["occurred_to"] != ""]
        starts, ends = (pd.to_datetime(told[name], utc=True) for name in ("occurred_from", "occurred_to"))
        assert (starts < ends).all()
        assert (pd.to_datetime(table["reported_at"], utc=True) > pd.to_datetime(table["occurred_from"], utc=True)).all()
    assert main["occurred_from"].min() >= "2022-11-01"
    assert main["reported_at"].max() < "2026-11-01"
    assert set(main["step"]) == set(range(MONTHS))
    assert 0.03 <= main["lon"].isna().mean() <= 0.04
    assert 0.03 <= (main["more_categories"] != "").mean() <= 0.07
    assert set(main["status"]) == {"open", "confirmed", "resolved", "rejected"}


def test_the_later_export_re_sends_updates_and_adds(main: pd.DataFrame, later: pd.DataFrame) -> None:
    merged = later.merge(main, on="alert_id", how="left", suffixes=("", "_before"), indicator=True)
    new = merged[merged["_merge"] == "left_only"]
    again = merged[merged["_merge"] == "both"]
    same = np.all([again[name] == again[f"{name}_before"] for name in COLUMNS[1:]], axis=0)
    kept = [name for name in COLUMNS[1:] if name not in ("status", "resolved_at")]
    assert all((again[name] == again[f"{name}_before"]).all() for name in kept)
    assert same.sum() > 300
    assert (~same).sum() > 100
    assert 350 <= len(new) <= 600
    assert new["reported_at"].min() >= "2026-11-01"
    assert new["reported_at"].max() < "2026-11-21"


def test_hot_spots_are_what_the_truths_say(main: pd.DataFrame, truths: dict[str, Any], city: CityProfile) -> None:
    assert len(truths["hot_spot"]) >= 9
    classes = Counter(spot["class"] for spot in truths["hot_spot"])
    once = ("new", "consecutive", "intensifying", "diminishing", "historical")
    assert all(classes[name] == 1 for name in once)
    assert classes["persistent"] >= 1
    assert classes["sporadic"] >= 1
    for spot in truths["hot_spot"]:
        mark = next(mark for mark in city.landmarks if mark.id == spot["place"])
        assert _apart(spot, {"longitude": mark.longitude, "latitude": mark.latitude}) < 60
        assert dict(mark.labels) == spot["labels"]
        assert sum(spot["monthly"]) == spot["alerts"] == sum(spot["affected"].values())
        assert sum(spot["categories"].values()) == pytest.approx(1)
        near = main[(_distance(main, spot) <= spot["radius"] + 2) & main["category"].isin(spot["categories"])]
        assert spot["mapped"] <= len(near) < 1.6 * spot["mapped"]
        first, last = spot["hours"]
        busy = [(int(when[11:13]) - first) % 24 <= (last - first) % 24 for when in near["occurred_from"]]
        assert np.mean(busy) > 0.8
        leading = max(spot["categories"], key=spot["categories"].get)
        assert near["category"].value_counts().idxmax() == leading


def test_one_place_differs_for_women_after_dark(main: pd.DataFrame, truths: dict[str, Any]) -> None:
    truth = truths["women_after_dark"]
    hour, month = (main["occurred_from"].str[a:b].astype(int).to_numpy() for a, b in ((11, 13), (5, 7)))
    told = main["affected_gender"].isin(["woman", "man"]).to_numpy()
    woman = (main["affected_gender"] == "woman").to_numpy()
    here = _distance(main, truth) <= truth["radius"]
    dark = is_dark(month, hour)
    assert woman[here & dark & told].mean() == pytest.approx(truth["planted_share"], abs=0.05)
    assert woman[here & ~dark & told].mean() < 0.7
    assert woman[~here & dark & told].mean() == pytest.approx(truth["share_elsewhere"], abs=0.02)
    assert truth["share_elsewhere"] < 0.6


def test_pile_and_quarter_hold_no_hot_spot(main: pd.DataFrame, truths: dict[str, Any], city: CityProfile) -> None:
    pile, quarter = truths["pile"], truths["quarter"]
    exact = main[(main["lon"] == pile["longitude"]) & (main["lat"] == pile["latitude"])]
    assert len(exact) == pile["alerts"] > 0.01 * len(main)
    assert main.groupby(["lon", "lat"]).size().nlargest(2).iloc[1] < 10
    for spot in truths["hot_spot"]:
        assert _apart(spot, pile) > spot["radius"] + 300
        assert _apart(spot, quarter) > quarter["radius"] + 500
    density = (_distance(main, quarter) <= quarter["radius"]).sum() / (np.pi * (quarter["radius"] / 1000) ** 2)
    assert 1.6 < density / (len(main) / (city.land_metres.area / 1e6)) < 2.0


def test_the_intervention_counts_can_be_counted_again(main: pd.DataFrame, truths: dict[str, Any]) -> None:
    plan = truths["intervention"]
    areas = {
        name: np.any([_distance(main, circle) <= circle["radius"] for circle in plan[name]], axis=0)
        for name in ("treated", "buffer", "comparison")
    }
    areas["buffer"] &= ~areas["treated"]
    before, after = main["step"].between(24, 35).to_numpy(), main["step"].between(36, 47).to_numpy()
    counts = {name: (int((area & before).sum()), int((area & after).sum())) for name, area in areas.items()}
    assert counts == {name: (plan[f"{name}_before"], plan[f"{name}_after"]) for name in counts}
    (t0, t1), (c0, c1), (d0, d1) = counts["treated"], counts["comparison"], counts["buffer"]
    assert t0 >= 270
    assert 0.7 < c0 / t0 < 1.3
    assert abs(np.log(t1 / t0 / (c1 / c0) / plan["rate_ratio"])) < 1.96 * np.sqrt(1 / t0 + 1 / t1 + 1 / c0 + 1 / c1)
    assert abs(d1 - d0) < 1.96 * np.sqrt(d0 + d1)
    circles = [circle for name in areas for circle in plan[name]]
    for spot in (*truths["hot_spot"], {**truths["pile"], "radius": 0}):
        assert all(_apart(spot, circle) > spot["radius"] + circle["radius"] for circle in circles)


def test_the_campaign_raises_alerts_and_changes_nothing_else(main: pd.DataFrame, truths: dict[str, Any]) -> None:
    campaign = truths["campaign"]
    day = main["occurred_from"].str[:10]
    during = day.between(str(campaign["start"]), str(campaign["end"]))
    assert during.sum() == campaign["alerts"]
    length = (campaign["end"] - campaign["start"]).days + 1
    year = dt.timedelta(days=364)
    usual = [
        day.between(str(campaign["start"] + sign * year), str(campaign["end"] + sign * year)).sum() for sign in (-1, 1)
    ]
    assert during.sum() / np.mean(usual) == pytest.approx(campaign["factor"], abs=0.15)
    assert length == 42
    reported, occurred = (pd.to_datetime(main[name], utc=True) for name in ("reported_at", "occurred_from"))
    lag = (reported - occurred).dt.total_seconds().to_numpy()
    assert np.median(lag[during]) == pytest.approx(np.median(lag[~during]), rel=0.15)


def test_undisclosed_gender_has_its_known_share(main: pd.DataFrame, truths: dict[str, Any]) -> None:
    for name in ("reporter", "affected"):
        share = (main[f"{name}_gender"] == "undisclosed").mean()
        assert share == pytest.approx(truths["undisclosed"][name], abs=1e-4)
        assert share == pytest.approx(truths["undisclosed"]["share"], abs=0.01)


def test_vandalism_breeds(main: pd.DataFrame, truths: dict[str, Any]) -> None:
    """Knox: pairs near in place and time against the mean of permuted times."""
    truth = truths["near_repeat"]
    stadium = next(spot for spot in truths["hot_spot"] if spot["place"] == "karaiskakis_stadium")
    own = main[(main["category"] == truth["category"]) & main["lon"].notna() & (_distance(main, stadium) > 300)]
    own = own[(own["lon"] != truths["pile"]["longitude"]) | (own["lat"] != truths["pile"]["latitude"])]
    pairs = cKDTree(own[["lon", "lat"]].to_numpy() * METRES).query_pairs(truth["metres"], output_type="ndarray")
    since = pd.to_datetime(own["occurred_from"], utc=True) - pd.Timestamp("2022-11-01", tz="UTC")
    days = (since / pd.Timedelta(days=1)).to_numpy(float)
    rng = np.random.default_rng(1)

    def close(values: np.ndarray) -> int:
        return int((np.abs(values[pairs[:, 0]] - values[pairs[:, 1]]) <= truth["days"]).sum())

    expected = np.mean([close(rng.permutation(days)) for _ in range(50)])
    assert close(days) > 3 * expected
    assert close(days) > 0.7 * truth["offspring"]


def _classes(main: pd.DataFrame, truths: dict[str, Any], city: CityProfile) -> dict[str, str]:
    """The class over time of the cell of each planted spot."""
    land, pile = city.land_cells(10), truths["pile"]
    mapped = main[main["lon"].notna() & ((main["lon"] != pile["longitude"]) | (main["lat"] != pile["latitude"]))]
    cells = [int(h3.latlng_to_cell(*at, 10)) for at in zip(mapped["lat"], mapped["lon"], strict=True)]
    counts = pd.crosstab(np.array(cells), mapped["step"].to_numpy()).reindex(land.index, fill_value=0).astype(float)
    months = pd.date_range("2022-11-01", periods=MONTHS, freq="MS")
    found = emerging_hot_spots(counts.set_axis(months, axis=1), land).frame["cls"]
    at = {spot["id"]: h3.latlng_to_cell(spot["latitude"], spot["longitude"], 10) for spot in truths["hot_spot"]}
    return {name: found[int(cell)] for name, cell in at.items()}


@in_full
def test_the_truths_do_not_hang_on_the_seed(tmp_path: Path, city: CityProfile) -> None:
    """Of ten seeds, not one of them chosen, most give every spot its class and the intervention its ratio.

    As long as the committed files are written again (above), no other seed gives another city than when this was run.
    """
    held = 0
    for seed in range(1, 11):
        write_sample(tmp_path, seed)
        truths = tomllib.loads((tmp_path / "truths.toml").read_text("utf-8"))
        main = _read(tmp_path / MAIN)
        planted = {spot["id"]: spot["class"] for spot in truths["hot_spot"]}
        plan = truths["intervention"]
        change = {name: plan[f"{name}_after"] / plan[f"{name}_before"] for name in ("treated", "comparison")}
        near = abs(change["treated"] / change["comparison"] - plan["rate_ratio"]) <= 0.08
        held += near and _classes(main, truths, city) == planted
        if held >= 7 or held + 10 - seed < 7:  # the further seeds decide nothing
            break
    assert held >= 7


def _records() -> list[list[str]]:
    text = sample_data.DIRTY_EXPORT.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]


def _answers() -> pd.DataFrame:
    return pd.read_csv(sample_data.DIRTY_ANSWERS, sep=";", encoding="utf-8-sig", dtype=str, keep_default_na=False)


def test_every_dirty_row_has_its_answer() -> None:
    records = _records()
    answers = _answers()
    assert list(answers["row"].astype(int)) == list(range(1, len(records) + 1))
    assert len(records) == 2_000
    assert set(answers["outcome"]) == {"accepted", "duplicate", "quarantined"}
    refused = answers[answers["outcome"] == "quarantined"]
    assert set(refused["reason"]) == {
        *("bad_date", "future_date", "no_date", "bad_coordinates", "too_many_fields", "too_few_fields"),
        *("empty_row", "totals_row", "bad_encoding"),
    }
    assert ((answers["repaired"] == "no") | (answers["outcome"] == "accepted")).all()
    codes = {code for reason in answers.loc[answers["outcome"] == "accepted", "reason"] for code in reason.split("|")}
    assert codes == {
        *("", "swapped_coordinates", "zero_coordinates", "decimal_comma", "category_label", "encoding_repaired"),
        *("trailing_fields", "out_of_range_severity", "bad_end", "unknown_category", "unknown_gender", "outside_city"),
    }


def test_dirty_answers_agree_with_what_stands_in_the_rows() -> None:
    answers = _answers()
    seen: dict[str, list[list[str]]] = {}
    for fields, answer in zip(_records(), answers.itertuples(), strict=True):
        assert (answer.reason == "empty_row") == (not any(field.strip() for field in fields))
        width = (len(fields) > len(COLUMNS)) - (len(fields) < len(COLUMNS))
        expected = {"too_many_fields": 1, "too_few_fields": -1}.get(str(answer.reason), 0)
        assert width == expected or answer.reason == "trailing_fields"
        if answer.outcome != "quarantined":
            earlier = seen.setdefault(fields[0], [])
            assert (answer.outcome == "duplicate") == (bool(fields[0]) and fields in earlier)
            earlier.append(fields)
            text = "".join(fields).encode("latin-1").decode("utf-8", "replace")
            assert ("\ufffd" in text) == ("encoding_repaired" in str(answer.reason))
    twice = [rows for name, rows in seen.items() if name and len(rows) > 1]
    assert sum(rows[0] != rows[1] for rows in twice) == 30
    assert sum(count == 2 for count in Counter(map(tuple, seen[""])).values()) == 20


@pytest.fixture(scope="module")
def lively() -> City:
    return simulate(SEED, LIFELIKE)


@pytest.fixture(scope="module")
def plain() -> City:
    return simulate(SEED, PLAIN)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [1.3, 1.6, 2.0])
def test_incidents_have_as_many_reports_as_asked_for(mean: float) -> None:
    rows = simulate(SEED, World(reports=mean)).rows
    assert 1 / rows["first"].mean() == pytest.approx(mean, rel=0.03)


@pytest.mark.slow
def test_reports_of_one_incident_lie_close_and_incidents_by_month_stay(plain: City) -> None:
    rows = simulate(SEED, World(reports=1.6)).rows
    rows["process"] = rows["origin"].replace("pile", "background")
    rows["x"], rows["y"] = rows["lon"] * METRES[0], rows["lat"] * METRES[1]
    rows["hour"] = (rows["occurred_from"] - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(hours=1)
    near = []
    for _, own in rows.groupby(["process", "category"]):
        first, later = (own[own["first"] == which][["x", "y", "hour"]].to_numpy() for which in (True, False))
        away = later[:, None] - first
        close = np.hypot(away[..., 0], away[..., 1]) <= BURSTS.metres + 2
        near += (close & (away[..., 2] >= -0.01) & (away[..., 2] <= BURSTS.hours + 1.01)).any(axis=1).tolist()
    assert np.mean(near) > 0.8
    for spot in SPOTS:
        months = [
            city.loc[(city["origin"] == spot.id) & city["first"], "occurred_from"].dt.strftime("%Y-%m")
            for city in (plain.rows, rows)
        ]
        assert sorted(months[0]) == sorted(months[1])


def test_few_people_are_at_quays_and_moles(lively: City, plain: City) -> None:
    def inside(city: City) -> float:
        at = city.rows[city.rows["origin"] == "background"]
        return float(np.mean(np.any([c.holds(at["lon"], at["lat"]) for c in QUIET.circles], axis=0)))

    assert inside(lively) == pytest.approx(QUIET.share * inside(plain), rel=0.35)


@pytest.mark.slow
def test_the_new_app_brings_categories_and_asks_how_safe_everybody_felt(lively: City, tmp_path: Path) -> None:
    rows, day = lively.rows, lively.rows["occurred_from"].dt.date
    new = rows["category"].isin(NEW_HABITS)
    assert new.sum() > 300
    assert day[new].min() >= NEW_APP.start
    felt, day = rows.loc[rows["kind"] != "risk", "feeling"].notna(), day[rows["kind"] != "risk"]
    assert felt[day < NEW_APP.start].mean() == pytest.approx(0.12, abs=0.02)
    assert felt[day > NEW_APP.start + dt.timedelta(weeks=NEW_APP.weeks)].mean() == pytest.approx(
        NEW_APP.feeling, abs=0.03
    )
    files = {path.name: path for path in write_sample(tmp_path, SEED, LIFELIKE)}
    assert files["piraeus_2026-11.csv"].read_text("utf-8-sig").splitlines()[0].endswith(";app_version")
    truths = tomllib.loads(files["truths.toml"].read_text("utf-8"))
    assert truths["bursts"]["drawn"] == pytest.approx(LIFELIKE.reports, rel=0.03)
    assert truths["new_app"]["categories"] == list(NEW_HABITS)


def test_ever_more_genders_are_not_told(lively: City) -> None:
    silent = lively.rows["affected_gender"].eq("undisclosed").groupby(lively.rows["occurred_from"].dt.year).mean()
    assert silent[2023] < 0.10 < 0.14 < silent[CUT.year]
