"""The commands of studies and of the brief on the sample city, with the answers of the pages; refusals; mail."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shutil
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pypdf
import pytest
from docx import Document
from PIL import Image

import sample_data
from analysis.cube import KINDS
from analysis.hotspots.grouping import PUBLISHED_TIMES
from curim_data import query
from curim_data.cli import main
from curim_data.engine import city_day, open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, Plan, PlanStatus, translator
from curim_data.model.absence import NO_POSITIONS
from curim_data.plans.plan_store import PlanStore
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies import brief as brief_study
from curim_data.studies.brief import MOST_FINDINGS, BriefChanges, brief_changes, brief_name, finding_name, keep_brief
from curim_data.studies.brief_text import counts_before_after, title
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.spot_profiles import concentration_study
from pages.parts import finding as finding_page
from pages.parts.frame.page import dataset_of
from tests.commands import Curim
from tests.mail_server import HOST, smtp_server
from tests.stored import seen_by
from tests.unit.test_city_without_outline import bring

pytestmark = pytest.mark.slow

TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
METHODS = ("significance", "clusters", "emerging")
PLACES = [*(f"hotspots --method {method}" for method in METHODS), "concentration", "near-repeat"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("hotspots --method emerging --audience council --resolution 10", "smaller than those of resolution 9"),
        ("hotspots --method emerging --to 2022-11-05 --from 2022-11-01", "too few whole months"),
        ("concentration --audience council --resolution 10", "smaller than those of resolution 9"),
        ("concentration --resolution 13", "4<=x<=12"),
        ("hotspots --base alerts", "already holds all alerts"),
        ("hotspots --base residents --affected woman", "no residents by district"),
        ("hotspots --base alerts --method clusters", "--base needs --method significance"),
        ("hotspots --order p --method clusters", "--order needs --method significance"),
        ("hotspots --method clusters --audience council", "Clusters need exact alerts"),
        ("compare --against moon", "known are"),
        ("compare --against before", "known are light, others"),
        ("compare --against gender --resolution 3", "4<=x<=12"),
        ("compare --against gender --out places.txt", "places.txt"),
        ("compare --against others --category vandalism --audience council", "different sizes"),
    ],
)
def test_what_may_not_be_asked(curim: Curim, sample: Home, words: str, why: str) -> None:
    assert why in curim.refuses(*words.split(), "--home", str(sample.path))


def test_emerging_tells_the_planted_classes(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "emerging.geojson"
    told = curim.answer(sample, "hotspots", "--method", "emerging", "--out", str(out))
    planted = {spot["labels"]["en"]: spot["class"] for spot in TRUTHS["hot_spot"]}
    assert {spot["name"]: spot["kind"] for spot in told["spots"]} == planted
    assert all(spot["class"] == KINDS[spot["kind"]] for spot in told["spots"])
    assert (told["unit"], told["first"], told["last"]) == ("month", "2022-11-01", "2026-10-01")
    assert told["spots"][0]["since"] == "2026-10-01"
    written = out.read_text("utf-8")
    assert "NaN" not in written
    shapes = json.loads(written)["features"]
    assert {shape["properties"]["kind"] for shape in shapes} == set(planted.values())


def test_hot_spots_come_in_the_order_asked_for_with_their_excess(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "spots.csv"
    usual = curim.answer(sample, "hotspots", "--out", str(out))["spots"]
    assert [spot["rank"] for spot in usual] == list(range(1, len(usual) + 1))
    lows = [spot["excess_low"] for spot in usual]
    assert lows == sorted(lows, reverse=True)
    assert all(spot["excess_low"] < spot["excess"] < spot["excess_high"] for spot in usual)
    assert all(spot["excess"] == pytest.approx(spot["n"] - spot["expected"], abs=0.02) for spot in usual)
    assert out.read_text("utf-8-sig").startswith("rank,id,name,n,")
    assert pd.read_csv(out)["excess_low"].tolist() == pytest.approx(lows)
    here = curim.answer(sample, "hotspots", "--district", "zone_1", "--out", str(tmp_path / "here.geojson"))["spots"]
    assert {spot["id"] for spot in here} < {spot["id"] for spot in usual}
    drawn = json.loads((tmp_path / "here.geojson").read_text("utf-8"))["features"]
    assert [shape["properties"]["id"] for shape in drawn] == [spot["id"] for spot in here]
    for order, key in (("alerts", "n"), ("ratio", "low")):
        found = curim.answer(sample, "hotspots", "--order", order)["spots"]
        assert [spot[key] for spot in found] == sorted((spot[key] for spot in usual), reverse=True)
        assert {spot["id"]: spot["rank"] for spot in found} == {spot["id"]: spot["rank"] for spot in usual}
    by_p = [spot["q"] for spot in curim.answer(sample, "hotspots", "--order", "p")["spots"]]
    assert by_p == sorted(by_p)


def test_a_base_names_itself_in_sentence_choices_and_columns(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "share.csv"
    words = ["hotspots", "--affected", "woman", "--light", "dark", "--base", "alerts"]
    told = curim.answer(sample, *words, "--out", str(out))
    f = AlertFilter(affected=("woman",), dark=True)
    study = hot_spot_study(open_source(sample), f, base="alerts")
    assert (told["base"], len(told["spots"])) == ("alerts", len(study.spots))
    assert {choice["name"] for choice in told["choices"]} >= {"base"}
    first = told["spots"][0]
    assert first["n"] / first["base_n"] > first["rate"] > study.hot.rates.mean
    assert pd.read_csv(out)["rate"].tolist() == [spot["rate"] for spot in told["spots"]]


def test_changes_are_the_findings_and_every_comparison(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out, words = tmp_path / "changes.csv", ("changes", "--period", "meeting")
    told = curim.answer(sample, *words, "--out", str(out))
    levels = Counter(row["level"] for row in told["rows"])
    assert levels == told["comparisons"]
    assert {"city", "district", "category", "district_category", "place"} == {*levels}
    assert len(pd.read_csv(out)) == levels.total()
    council = curim.answer(sample, *words, "--audience", "council")
    found, shown = ([one for one in answered["findings"] if one["level"] != "event"] for answered in (told, council))
    listed = [[(one["key"], one["grade"]) for one in some] for some in (shown, found)]
    assert listed[0] == listed[1][: len(shown)]
    assert len(shown) <= MOST_FINDINGS < len(found)  # beyond those of the Briefing a council reads no choice
    assert found[0]["q"] < 0.001
    assert {one["q"] for one in shown} == {None}
    whole = curim.answer(sample, "changes", "--audience", "council")  # since the meeting clear changes are enough
    events = [one for one in whole["findings"] if one["level"] == "event"]
    assert events
    assert len(whole["findings"]) <= MOST_FINDINGS
    assert all(one["after"] == max(8, 5 * (one["after"] // 5)) and one["before"] is None for one in events)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", one["since"]) for one in events)


def test_a_list_without_hot_spots_says_whether_there_were_too_few_incidents(curim: Curim, sample: Home) -> None:
    words = ["hotspots", "--from", "2026-10-26", "--to", "2026-10-27"]
    for audience in ("analyst", "council"):
        printed = curim.says(sample, *words, "--audience", audience)
        assert "No cell could be judged." in printed
        assert "Too few to tell" in printed
        assert "No cell is hot" not in printed


def test_concentration_is_that_of_the_page(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "curve.csv"
    told = curim.answer(sample, "concentration", "--out", str(out))
    found = concentration_study(open_source(sample), AlertFilter()).concentration
    assert told["generalised_gini"] == pytest.approx(found.generalised)
    assert told["p"] == pytest.approx(0.005)
    half = next(share for share in told["shares"] if share["part"] == 0.5)
    assert half["share"] < half["chance_low"]
    assert pd.read_csv(out)["alerts"].iloc[-1] == 1


def test_the_council_is_told_cells_and_density_of_places(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out, t = tmp_path / "spots.csv", translator("en")
    told = curim.answer(sample, "hotspots", "--audience", "council", "--out", str(out))
    study = hot_spot_study(open_for(sample, Audience.COUNCIL), AlertFilter())
    assert study.listed is not None
    assert told["told"] == study.sentence(t)
    times = {spot.id: spot.times for spot in study.spots}
    assert {spot["id"]: spot["times"] for spot in told["spots"]} == times
    assert set(times.values()) <= set(PUBLISHED_TIMES)
    assert pd.read_csv(out)["times"].tolist() == [spot["times"] for spot in told["spots"]]
    assert "times" not in curim.answer(sample, "hotspots")["spots"][0]


def test_the_places_where_women_and_men_differ(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "places.geojson"
    asked = ["compare", "--against", "affected=man", "--affected", "woman", "--light", "dark", "--period", "all"]
    told = curim.answer(sample, *asked, "--out", str(out))
    assert [side["name"] for side in told["sides"]] == ["First filter", "Second filter"]
    assert told["sides"][0]["filter"]["affected"] == "woman"
    first = told["places"][0]
    assert first["name"] == "Pasalimani"
    assert [place["more"] for place in told["places"]].count("first") == 1
    drawn = json.loads(out.read_text("utf-8"))
    assert [f["properties"]["id"] for f in drawn["features"]] == [place["id"] for place in told["places"]]
    said = curim.says(sample, *asked, "--out", str(tmp_path / "places.csv"))
    assert said.startswith("First filter – All alerts, affecting women, after dark")
    assert f"1. Pasalimani – {round(100 * first['share'])}\u00a0% of the" in said
    assert first["share"] == pytest.approx(TRUTHS["women_after_dark"]["share_here"], abs=0.08)
    assert (tmp_path / "places.csv").read_text("utf-8-sig").startswith("rank,id,name,more,n_first,n_second,")


def test_forecasts_have_their_backtest_and_the_council_gets_none(curim: Curim, sample: Home) -> None:
    told = curim.answer(sample, "forecast", "--weeks", "2")
    assert told["shown"]
    assert told["weeks"] == 2
    assert {row["area"] for row in told["backtest"]} == {0.01, 0.02, 0.05}
    assert told["cells"][0]["expected"] >= told["cells"][-1]["expected"] > 0
    assert told["covered"] <= told["tried"]
    assert "every single alert" in curim.refuses("forecast", "--audience", "council", "--home", str(sample.path))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("nowhere") / "home")
    bring(made, "el", "Xanadu")
    return made


@pytest.mark.parametrize("command", PLACES)
def test_a_study_of_places_without_positions_says_so(curim: Curim, bare: Home, tmp_path: Path, command: str) -> None:
    words, out = command.split(), tmp_path / "cells.csv"
    for lang in ("en", "el", "fr"):
        lines = curim.says(bare, *words, "--lang", lang).replace("\n", " ")
        assert "240" in lines
        assert lines.strip().endswith(translator(lang)(NO_POSITIONS))  # nothing after it
    told = curim.answer(bare, *words)
    assert (told["n"], told["told"], told["choices"]) == (0, translator("en")(NO_POSITIONS), [])
    assert not any(told.get(listed) for listed in ("spots", "places", "shares", "bands"))
    refusal = curim.refuses(*words, "--home", str(bare.path), "--out", str(out))
    assert "None of these alerts is on the map" in refusal
    assert not out.exists()


QUIET = ["--from", "2026-10-30", "--to", "2026-10-31"]


@pytest.fixture(scope="module")
def changes(sample: Home) -> BriefChanges:
    source = open_for(sample, Audience.PUBLIC)
    return brief_changes(seen_by(source, Audience.PUBLIC), AlertFilter(), source.meeting)


@pytest.fixture(scope="module")
def lent(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the sample's home, which has one plan with a result."""
    path = tmp_path_factory.mktemp("brief") / "home"
    shutil.copytree(sample.path, path)
    with closing(PlanStore(Home(path).plans_url)) as store:
        store.create(Plan(title="Light the steps", status=PlanStatus.EVALUATED, result={"en": "22 fewer."}), "test")
    return Home(path)


@pytest.fixture
def copied(lent: Home) -> Iterator[Home]:
    yield lent
    for name in (brief_study.FILE, "settings.toml"):
        (lent.path / name).unlink(missing_ok=True)


def test_a_brief_is_written_once_and_again_where_a_change_is_new(curim: Curim, copied: Home, tmp_path: Path) -> None:
    out = tmp_path / "brief.pdf"
    words = ["brief", "--if-changed", "--out", str(out)]
    assert f"Written: {out}." in curim.says(copied, *words)
    assert out.read_bytes().startswith(b"%PDF")
    state = json.loads((copied.path / brief_study.FILE).read_text("utf-8"))
    (told,) = state.values()
    assert set(told) == {"made", "findings"}
    assert len(told["findings"]) > 1
    assert all(dt.date.fromisoformat(day) for day in told["findings"].values())

    out.unlink()
    assert curim.says(copied, *words).strip() == "No change is new, so no brief was written."
    assert not out.exists()

    (name,), (gone, *others) = state, told["findings"]
    kept = dict.fromkeys(others, "2026-09-01")
    state = {name: {"made": "2026-09-01", "findings": kept}}
    (copied.path / brief_study.FILE).write_text(json.dumps(state), "utf-8")
    curim.says(copied, *words)
    assert out.exists()
    after = json.loads((copied.path / brief_study.FILE).read_text("utf-8"))[name]["findings"]
    assert after == {**kept, gone: city_day(copied.city()).isoformat()}


def test_where_nothing_deserves_attention_nothing_is_written(curim: Curim, copied: Home, tmp_path: Path) -> None:
    out = tmp_path / "brief.pdf"
    told = curim.answer(copied, "brief", *QUIET, "--if-changed", "--out", str(out))
    assert told["told"] == ["No change is new, so no brief was written."]
    assert told["written"] is False
    assert not out.exists()
    assert not (copied.path / brief_study.FILE).exists()


def test_another_side_audience_or_filter_is_another_brief_and_no_count_is_kept(
    changes: BriefChanges, copied: Home
) -> None:
    first = changes.findings[0]
    turned = replace(first, change=replace(first.change, direction=-first.change.direction))
    assert finding_name(turned) != finding_name(first)
    filters, audiences = (AlertFilter(), AlertFilter(dark=True)), (Audience.COUNCIL, Audience.PUBLIC, Audience.ANALYST)
    assert len({brief_name(*asked) for asked in product(filters, audiences, LANGUAGES)}) == 18
    keep_brief(copied, "x", changes, dt.date(2026, 11, 1))
    text = (copied.path / brief_study.FILE).read_text("utf-8").replace("2026-11-01", "")
    text = re.sub(r"cell=\w+&day=[\d-]+", "", text)
    for finding in changes.findings:
        assert f"{finding.change.after}" not in text


def set_mail(home: Home, port: int) -> None:
    (home.path / "settings.toml").write_text(
        'public_url = "https://alerts.city.example"\n'
        f'[mail]\nhost = "{HOST}"\nport = {port}\nsecurity = "none"\nsender = "curim@city.example"\n',
        "utf-8",
    )


def test_a_brief_is_mailed_where_it_is_asked_for_and_set(curim: Curim, copied: Home, tmp_path: Path) -> None:
    to = ["--mail", "anna@city.example", "--mail", "nikos@city.example", "--mail", "anna@city.example"]
    words, home = ["brief", "--if-changed"], ["--home", str(copied.path)]
    assert "--mail needs settings.toml" in curim.refuses(*words, *to, *home)
    with smtp_server(tmp_path) as inbox:
        set_mail(copied, inbox.port)
        assert "nobody is no mail address" in curim.refuses(*words, "--mail", "nobody", *home)
        headline = curim.says(copied, "brief").splitlines()[1]
        assert not inbox.mails
        assert "was sent to anna@city.example and nikos@city.example" in curim.says(copied, *words, *to)
        assert "No change is new" in curim.says(copied, *words, *to)
    assert [names for _, names, _, _ in inbox.mails] == [["anna@city.example"], ["nikos@city.example"]]
    mail = inbox.mails[0][2]
    body = mail.get_body(("plain",))
    assert body is not None
    assert headline in body.get_content()
    assert "made up" in body.get_content()
    (file,) = mail.iter_attachments()
    paper = pypdf.PdfReader(io.BytesIO(file.get_content()))
    text = "".join("".join(page.extract_text() for page in paper.pages).split())  # a link may break at any sign
    assert "https://alerts.city.example/?lang=en" in text


def test_a_failed_mail_is_tried_again_and_no_brief_is_sent_twice(curim: Curim, copied: Home, tmp_path: Path) -> None:
    words = ["brief", "--if-changed", "--mail", "gone@city.example"]
    with smtp_server(tmp_path, refuses="gone@city.example") as inbox:
        set_mail(copied, inbox.port)
        assert "nobody of that name" in curim.refuses(*words, "--home", str(copied.path))
        assert not (copied.path / brief_study.FILE).exists()
        words += ["--mail", "anna@city.example"]
        assert main([*words, "--home", str(copied.path)]) == 2
        told = curim.capsys.readouterr().err
        assert "gone@city.example" in told
        assert "The brief was sent to anna@city.example." in told
        assert "No change is new" in curim.says(copied, *words)
    assert [names for _, names, _, _ in inbox.mails] == [["anna@city.example"]]


def test_briefs_at_once_are_both_kept(tmp_path: Path, changes: BriefChanges, monkeypatch: pytest.MonkeyPatch) -> None:
    read = brief_study._read

    def slowly(path: Path) -> dict[str, Any]:
        told = read(path)
        time.sleep(0.05)
        return told

    monkeypatch.setattr(brief_study, "_read", slowly)
    names = [brief_name(AlertFilter(), Audience.COUNCIL, lang) for lang in ("el", "en", "fr")]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda name: keep_brief(Home(tmp_path), name, changes, dt.date(2026, 11, 1)), names))
    assert sorted(read(tmp_path / brief_study.FILE)) == sorted(names)


def test_what_cannot_be_done_together_says_so(curim: Curim, copied: Home, tmp_path: Path) -> None:
    for more, told in (
        (["--if-changed"], "--if-changed needs"),
        (["--card", "1"], "No such option"),
        (["--out", str(tmp_path / "x.png")], ".docx"),
    ):
        assert told in curim.refuses("brief", *more, "--home", str(copied.path))
    assert not list(tmp_path.glob("x.*"))


def test_an_analysts_picture_for_a_newsletter_says_what_the_public_reads(
    sample: Home, changes: BriefChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    t, finding, source = translator("el"), changes.findings[0], open_for(sample, Audience.ANALYST)
    page: Any = SimpleNamespace(
        t=t, city=sample.city(), home=sample, source=source, alerts=source, protected=False, is_sample=True,
        filter=AlertFilter(), dataset=dataset_of(sample, source, Audience.ANALYST),
    )  # fmt: skip
    told, read = list[BriefChanges](), finding_page.card_picture
    monkeypatch.setattr(finding_page, "card_picture", lambda *of, **more: told.append(of[0]) or read(*of, **more))
    monkeypatch.setattr("streamlit.query_params", {"id": finding.id})
    picture = Image.open(io.BytesIO(finding_page.picture_file(page)))
    assert repr(told) == repr([changes])
    assert repr(told) != repr([brief_changes(source, AlertFilter(), source.meeting)])
    assert picture.size == (1200, 675)
    words = picture.text["Description"]  # type: ignore[attr-defined]
    for said in (title(finding, page.city, t), t("Sample data: made up. Not about real events.")):
        assert said in words
    assert all(count in words for count in counts_before_after(finding, t))


def test_the_brief_tells_what_became_of_a_plan(curim: Curim, copied: Home, tmp_path: Path) -> None:
    out = tmp_path / "brief.docx"
    answer = curim.answer(copied, "brief", "--since", "2026-09-05", "--out", str(out))
    assert (answer["since"], answer["out"]) == ("2026-09-05", str(out))
    assert "- Light the steps (Evaluated): 22 fewer." in answer["told"]
    paper = " ".join(cell.text for table in Document(str(out)).tables for row in table.rows for cell in row.cells)
    assert "Light the steps" in paper
    assert "22 fewer." in paper


@pytest.mark.parametrize(
    ("since", "words"), [("2035-01-01", []), ("2020-01-01", []), ("2025-05-05", ["--to", "2025-04-30"])]
)
def test_a_day_outside_the_period_is_refused_with_it(curim: Curim, sample: Home, since: str, words: list[str]) -> None:
    source = open_source(sample)
    asked = {"to": "2025-04-30"} if words else {}
    f, _ = AlertFilter.from_query(asked, source.city)
    first, last = query.dates(source, f)
    refusal = curim.refuses("brief", "--since", since, *words, "--home", str(sample.path))
    assert f"--since {since}: possible values are {first} – {last} (--period, --from" in refusal
