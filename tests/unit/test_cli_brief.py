"""`curim brief`: its sentences and papers; only where a change is new, by mail, as a picture for the public."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from docx import Document
from PIL import Image

from curim_data import query
from curim_data.cli.app import main
from curim_data.engine import city_day, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Plan, PlanStatus, translator
from curim_data.plans.plan_store import PlanStore
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies import brief as brief_study
from curim_data.studies.brief import BriefChanges, brief_changes, brief_name, finding_name, keep_brief
from curim_data.studies.brief_text import change_name, counts_before_after
from tests.commands import Curim
from tests.effort import FULL
from tests.mail_server import HOST, smtp_server
from tests.stored import seen_by

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]
WORDS = ["brief", "--lang", "en"]
QUIET = ["--from", "2026-10-30", "--to", "2026-10-31"]


@pytest.fixture(scope="module")
def changes(sample: Home) -> BriefChanges:
    source = open_for(sample, Audience.PUBLIC)
    return brief_changes(seen_by(source, Audience.PUBLIC), AlertFilter(), source.meeting)


@pytest.fixture
def copied(sample: Home, tmp_path: Path) -> Home:
    path = tmp_path / "home"
    shutil.copytree(sample.path, path)
    return Home(path)


def test_a_brief_is_written_once_and_again_where_a_change_is_new(copied: Home, capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "brief.pdf"
    words = [*WORDS, "--home", str(copied.path), "--if-changed", "--out", str(out)]
    assert main(words) == 0
    assert "was written to" in capsys.readouterr().out
    assert out.read_bytes().startswith(b"%PDF")
    state = json.loads((copied.path / brief_study.FILE).read_text("utf-8"))
    (told,) = state.values()
    assert set(told) == {"made", "findings"}
    assert len(told["findings"]) > 1
    assert all(dt.date.fromisoformat(day) for day in told["findings"].values())

    out.unlink()
    assert main(words) == 0
    day = translator("en").date(city_day(copied.city()))
    assert capsys.readouterr().out.strip() == (f"No change is new since the brief of {day}, so no brief was written.")
    assert not out.exists()

    name = next(iter(state))
    gone = next(iter(told["findings"]))
    del state[name]["findings"][gone]
    state[name]["made"] = "2026-09-01"
    kept = dict.fromkeys(state[name]["findings"], "2026-09-01")
    state[name]["findings"] = kept
    (copied.path / brief_study.FILE).write_text(json.dumps(state), "utf-8")
    assert main(words) == 0
    assert out.exists()
    after = json.loads((copied.path / brief_study.FILE).read_text("utf-8"))[name]["findings"]
    assert after == {**kept, gone: city_day(copied.city()).isoformat()}


def test_where_nothing_deserves_attention_nothing_is_written(copied: Home, capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "brief.pdf"
    assert main([*WORDS, *QUIET, "--home", str(copied.path), "--if-changed", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["told"] == ["No change deserves attention, so no brief was written."]
    assert told["written"] is False
    assert not out.exists()
    assert not (copied.path / brief_study.FILE).exists()


def test_another_side_another_audience_and_another_filter_are_another_brief(changes: BriefChanges) -> None:
    first = changes.findings[0]
    turned = replace(first, change=replace(first.change, direction=-first.change.direction))
    assert finding_name(turned) != finding_name(first)
    names = {
        brief_name(f, audience, lang)
        for f in (AlertFilter(), AlertFilter(dark=True))
        for audience in (Audience.COUNCIL, Audience.PUBLIC, Audience.ANALYST)
        for lang in ("el", "en", "fr")
    }
    assert len(names) == 18


def test_the_state_holds_no_count(copied: Home, changes: BriefChanges) -> None:
    keep_brief(copied, "x", changes, dt.date(2026, 11, 1))
    text = (copied.path / brief_study.FILE).read_text("utf-8").replace("2026-11-01", "")
    text = re.sub(r"cell=\w+&day=[\d-]+", "", text)
    for finding in changes.findings:
        assert f"{finding.change.after}" not in text


def test_a_brief_is_mailed_where_it_is_asked_for_and_set(copied: Home, capsys: Capture, tmp_path: Path) -> None:
    to = ["--mail", "anna@city.example", "--mail", "nikos@city.example", "--mail", "anna@city.example"]
    words = [*WORDS, "--home", str(copied.path), "--if-changed"]
    assert main([*words, *to]) == 2
    assert "no mail server is set" in capsys.readouterr().err
    with smtp_server(tmp_path) as inbox:
        (copied.path / "settings.toml").write_text(
            'public_url = "https://alerts.city.example"\n'
            f'[mail]\nhost = "{HOST}"\nport = {inbox.port}\nsecurity = "none"\nsender = "curim@city.example"\n',
            "utf-8",
        )
        assert main([*words, "--mail", "nobody"]) == 2
        assert "--mail nobody is no mail address" in capsys.readouterr().err
        assert main([*WORDS, "--home", str(copied.path)]) == 0
        assert not inbox.mails
        headline = capsys.readouterr().out.splitlines()[1]
        assert main([*words, *to]) == 0
        assert "was sent to anna@city.example and nikos@city.example" in capsys.readouterr().out
        assert main([*words, *to]) == 0
        assert "No change is new" in capsys.readouterr().out
    assert [names for _, names, _, _ in inbox.mails] == [["anna@city.example"], ["nikos@city.example"]]
    mail = inbox.mails[0][2]
    body = mail.get_body(("plain",))
    assert body is not None
    assert headline in body.get_content()
    assert "made up" in body.get_content()
    (file,) = mail.iter_attachments()
    paper = pypdf.PdfReader(io.BytesIO(file.get_content()))
    text = " ".join("".join(page.extract_text() for page in paper.pages).split())
    assert "https://alerts.city.example/?lang=en" in text


def test_a_mail_that_fails_is_tried_again(copied: Home, capsys: Capture, tmp_path: Path) -> None:
    with smtp_server(tmp_path, refuses="anna@city.example") as inbox:
        (copied.path / "settings.toml").write_text(
            f'[mail]\nhost = "{HOST}"\nport = {inbox.port}\nsecurity = "none"\nsender = "curim@city.example"\n', "utf-8"
        )
        words = [*WORDS, "--home", str(copied.path), "--if-changed", "--mail", "anna@city.example"]
        assert main(words) == 2
        assert "nobody of that name" in capsys.readouterr().err
    assert not (copied.path / brief_study.FILE).exists()


def test_nobody_gets_a_brief_again_because_another_ones_address_is_refused(
    copied: Home, capsys: Capture, tmp_path: Path
) -> None:
    with smtp_server(tmp_path, refuses="gone@city.example") as inbox:
        (copied.path / "settings.toml").write_text(
            f'[mail]\nhost = "{HOST}"\nport = {inbox.port}\nsecurity = "none"\nsender = "curim@city.example"\n', "utf-8"
        )
        words = [*WORDS, "--home", str(copied.path), "--if-changed"]
        words += ["--mail", "gone@city.example", "--mail", "anna@city.example"]
        assert main(words) == 2
        told = capsys.readouterr().err
        assert "gone@city.example" in told
        assert "The brief was sent to anna@city.example." in told
        assert main(words) == 0
        assert "No change is new" in capsys.readouterr().out
    assert [names for _, names, _, _ in inbox.mails] == [["anna@city.example"]]


def test_briefs_that_are_written_at_once_are_both_remembered(
    tmp_path: Path, changes: BriefChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_what_cannot_be_done_together_says_so(copied: Home, capsys: Capture, tmp_path: Path) -> None:
    words = [*WORDS, "--home", str(copied.path)]
    for more, told in (
        (["--if-changed"], "--if-changed needs"),
        (["--card", "1"], "--card needs"),
        (["--card", "1", "--out", str(tmp_path / "x.pdf")], ".png"),
        (["--card", "1", "--out", str(tmp_path / "x.png"), "--if-changed"], "neither"),
        (["--card", "9", "--out", str(tmp_path / "x.png")], "--card 9"),
        (["--card", "0", "--out", str(tmp_path / "x.png")], "--card 0"),
    ):
        assert main([*words, *more]) == 2
        assert told in capsys.readouterr().err
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize("lang", ["el", "en", "fr"] if FULL else ["el"])
def test_a_card_holds_what_the_public_may_see(
    copied: Home, changes: BriefChanges, tmp_path: Path, capsys: Capture, lang: str
) -> None:
    out, t = tmp_path / "card.png", translator(lang)
    words = ["brief", "--lang", lang, "--home", str(copied.path), "--card", "1", "--out", str(out)]
    assert main([*words, "--audience", "analyst"]) == 0
    picture = Image.open(out)
    assert picture.size == (1200, 675)
    told = picture.text["Description"]  # type: ignore[attr-defined]
    finding = changes.findings[0]
    assert change_name(finding.change, copied.city(), t) in told
    for count in counts_before_after(finding, t):
        assert count in told
    assert t("Sample data: made up. Not about real events.") in told
    assert str(out) in capsys.readouterr().out


def test_the_brief_tells_what_became_of_a_plan(curim: Curim, copied: Home, tmp_path: Path) -> None:
    """On the terminal and on paper."""
    out = tmp_path / "brief.docx"
    store = PlanStore(copied.plans_url)
    try:
        store.create(Plan(title="Light the steps", status=PlanStatus.EVALUATED, result={"en": "22 fewer."}), "test")
    finally:
        store.close()
    lines = curim.says(copied, "brief", "--out", str(out)).splitlines()
    assert "- Light the steps (Evaluated): 22 fewer." in lines
    paper = " ".join(cell.text for table in Document(str(out)).tables for row in table.rows for cell in row.cells)
    assert "Light the steps" in paper
    assert "22 fewer." in paper


def test_the_brief_says_what_changed_and_since_when(curim: Curim, copied: Home, tmp_path: Path) -> None:
    out = tmp_path / "brief.docx"
    answer = curim.answer(copied, "brief", "--period", "all", "--since", "2025-05-05", "--out", str(out))
    assert answer["since"] == "2025-05-05"
    assert answer["out"] == str(out)
    assert all(isinstance(line, str) and line for line in answer["told"])
    assert out.read_bytes().startswith(b"PK")


@pytest.mark.parametrize(
    ("since", "words"), [("2035-01-01", []), ("2020-01-01", []), ("2025-05-05", ["--to", "2025-04-30"])]
)
def test_a_day_outside_the_period_is_refused_with_the_period(
    curim: Curim, sample: Home, since: str, words: list[str]
) -> None:
    source = open_source(sample)
    asked = {"to": "2025-04-30"} if words else {}
    f, _ = AlertFilter.from_query(asked, source.city)
    first, last = (translator("en").date(day) for day in query.dates(source, f))
    refusal = curim.refuses("brief", "--since", since, *words, "--home", str(sample.path))
    for part in (f"--since {since} is outside the period looked at, {first} to {last}", "--from"):
        assert part in refusal
