"""What the council reads holds no count under the threshold: in texts, tables, tooltips, legends and files.

Every number from 1 to 4 that a page writes is looked at; what is no count of alerts, alerts or persons is listed.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from curim_data.importing.pipeline import import_file
from curim_data.model import Answers
from curim_data.model.city import K_ORDINARY, K_SENSITIVE
from curim_data.privacy import COUNT_COLUMNS
from curim_data.store import Home
from tests.app.conftest import TIMEOUT, opened, shown, visit
from tests.effort import FULL, some

EXPORTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports"
EXPORT = "madrid_bike_accidents_2019.csv"
# A whole number under a threshold that is no part of a longer number, date, time, share, range or word.
SMALL = {
    k: re.compile(rf"(?<![\w.,:–\-−/])[1-{k - 1}](?![\w:–/]|[.,]\d|[\s\u00a0]?%|-\d)")
    for k in (K_ORDINARY, K_SENSITIVE)
}
MONTHS = "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept(?:ember)?|Oct(?:ober)?"
THINGS = (
    "places?|plans?|districts?|cells?|categor(?:y|ies)|comparisons?|changes?|genders?|periods?|rows?|questions?|"
    "hot spots?|areas?|pairs?"
)
TIMES = "weeks?|months?|days?|years?|hours?|h|quarters?"
# What a small number may be that is no count of incidents, alerts or persons.
NO_COUNT = (
    r"\d+ more (?:is|are) in the table",
    rf"\d+ (?:{MONTHS}|Nov(?:ember)?|Dec(?:ember)?)\b",  # days of dates
    r"\b(?:Zone|District|[Pp]lace|resolution|scale of|step) \d+",  # names
    rf"\d[\d,.]* (?:of|in) \d[\d,.]* (?:{THINGS}|{TIMES}|cases|quiet)",
    rf"\d[\d,.]* (?:of \d+ |more |clear |other |earlier |similar |whole )*(?:{THINGS}|{TIMES})\b",
    r"\d+ (?:is|are) (?:late|on time|due)\b|:gray\[\d+\]",  # plans on the board
    r"\d+ (?:new|sporadic|persistent|consecutive|intensifying|historical|oscillating|diminishing)\b",  # places
    r"\d[\d.,]* (?:times|km|km²|m)\b",
    r"from \d \\?\([^)]*\) to \d|from \d to \d",  # the scale of feeling
    r"(?:[Ff]ewer than|those under) \d+|numbers [^%]*% off",  # the threshold, the errors of the copy
    r"^\s*\d+\s*·|\*\*\d+\b|^\d+\. ",  # ranks
    r"\bp [<>]?\d[\d.]*|Corrected p: \d[\d.]*",
    r"typical place or category \\?\(\d+ alerts?\\?\)",  # the nearest of 1, 2, 5, 10 ...
    r"(?:expected|usual|forecast|predicted) [^.;:]*|\d+ expected\b|\(\d+ to \d+\)",  # what a model says
    r": \d+ more \\?\(95",  # the incidents of a hot spot above the expected
    r"about \d+ (?:alerts|alerts)|Expected in the next[^(]*\(|interval \d+ to \d+|\\?\(at most \d+\\?\)",
    r"interval that contains 1\b|above 1\b|below 1\b|\(1: no change\)|\(0: [^)]*, 1: [^)]*\)",  # ratios, Gini
)
NOT_COUNTED = re.compile("|".join(f"(?:{pattern})" for pattern in NO_COUNT))
# Columns of tables in which small numbers are none either.
RANKS = frozenset({"#", "\\#", "rank", "Rank"})
VIEWS = (
    ("briefing", {}),
    ("finding", {"id": "all"}),
    ("finding", {"id": "place=agia_sofia", "period": "meeting"}),
    ("hotspots", {}),
    ("hotspots", {"tab": "comparison"}),
    ("hotspots", {"tab": "concentration"}),
    ("hotspots", {"tab": "spot"}),
    ("hotspots", {"layer": "emerging"}),
    ("trends", {}),
    ("trends", {"by": "month"}),
    ("gender", {}),
    ("evaluation", {}),
    ("interventions", {}),
)


class Seen:
    """A page as the council reads it, with the files that it hands out."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, page: str, words: dict[str, str]) -> None:
        self.files: list[tuple[str, Callable[[], bytes | str]]] = []
        monkeypatch.setenv("CURIM_HOME", str(home))
        monkeypatch.setattr(st, "download_button", self._keep)
        self.app = visit(page, 3 * TIMEOUT, **{"as": "council", **words})
        self.files.clear()  # the page is drawn anew, with all that is folded
        opened(self.app)

    def _keep(self, _label: str, data: Any = None, file_name: str = "", **_: Any) -> bool:
        self.files.append((file_name, data if callable(data) else lambda: data))
        return False

    def texts(self) -> Iterator[str]:
        """Headings, sentences, captions and legends."""
        for kind in ("title", "header", "subheader", "markdown", "caption", "info", "warning", "success", "error"):
            yield from (_plain(str(element.value)) for element in self.app.get(kind))

    def hovers(self) -> Iterator[str]:
        """What charts and maps write: tooltips, numbers beside bars and lines, tips of cells."""
        for chart in self.app.get("plotly_chart"):
            spec = json.loads(chart.proto.spec)
            for trace in spec.get("data", ()):
                yield from (text for name in ("hovertext", "text") for text in _strings(trace.get(name)))
            yield from (str(note.get("text", "")) for note in spec.get("layout", {}).get("annotations", ()))
        for chart in self.app.get("deck_gl_json_chart"):
            for layer in json.loads(chart.proto.json).get("layers", ()):
                yield from (row["tip"] for row in layer.get("data") or () if isinstance(row, dict) and row.get("tip"))

    def heights(self) -> Iterator[tuple[int, float]]:
        """The threshold, and the height, of points and bars of charts whose tooltip says "fewer than"."""
        for chart in self.app.get("plotly_chart"):
            for trace in json.loads(chart.proto.spec).get("data", ()):
                texts, values = trace.get("hovertext"), trace.get("y")
                upright = trace.get("type") != "heatmap" and trace.get("orientation") != "h"
                if upright and isinstance(texts, list) and isinstance(values, list):
                    for text, value in zip(texts, values, strict=True):
                        found = re.search(r"ewer than (\d+)", str(text).split("<br>")[0])
                        if found and value is not None:
                            yield int(found[1]), float(value)

    def cells(self) -> Iterator[tuple[str, str]]:
        """The cells of tables, as they are read, with their headings."""
        tables = map(shown, (*self.app.get("dataframe"), *self.app.get("arrow_data_frame")))
        for frame in (*tables, *(pd.DataFrame(table.value) for table in self.app.get("table"))):
            yield from ((str(name), str(value)) for name in frame for value in frame[name])

    def counts_in_files(self) -> Iterator[tuple[str, float]]:
        """The columns of counts of the tables and shapes that can be downloaded."""
        for name, make in self.files:
            if not name.endswith((".csv", ".geojson")):
                continue
            made = make()
            text = made.decode("utf-8-sig") if isinstance(made, bytes) else made
            rows = [] if name.endswith(".csv") else [one["properties"] for one in json.loads(text)["features"]]
            frame = pd.read_csv(io.StringIO(text)) if name.endswith(".csv") else pd.DataFrame(rows)
            shares = {"women", "alerts"} if name.startswith(("hotspots.", "concentration-curve")) else set()
            for column in COUNT_COLUMNS.intersection(frame.columns) - shares:
                values = pd.to_numeric(frame[column], errors="coerce").dropna()
                yield from ((f"{name}: {column}", value) for value in values if not isinstance(value, bool))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _plain(text: str) -> str:
    """A text without its tags and links."""
    return html.unescape(re.sub(r"\]\([^)]*\)|<[^>]*>", " ", text))


def small_numbers(text: str, k: int = K_ORDINARY) -> list[str]:
    """The numbers of a text that may be counts under the threshold, with what stands round them."""
    rest = NOT_COUNTED.sub(" ", text)
    return [rest[max(found.start() - 40, 0) : found.end() + 40] for found in SMALL[k].finditer(rest)]


def small_counts(seen: Seen, k: int = K_ORDINARY) -> list[str]:
    """Everything on the page that may be a count under the threshold."""
    hovers = {_plain(str(text).split("<br>")[0]) for text in seen.hovers()}
    told = [
        f"{kind}: {found}"
        for kind, texts in (("text", {*seen.texts()}), ("hover", hovers))
        for text in texts
        for found in small_numbers(text, k)
    ]
    told += [f"table: {name}: {value}" for name, value in {*seen.cells()} if name not in RANKS and _is_small(value, k)]
    told += [f"file: {name}: {value}" for name, value in {*seen.counts_in_files()} if 0 < value < k]
    return sorted(set(told))


def _is_small(cell: str, k: int) -> bool:
    return cell.strip().isdigit() and 0 < int(cell) < k


def hides_small_counts(seen: Seen, k: int = K_ORDINARY) -> None:
    assert not (told := small_counts(seen, k)), "\n".join(told)
    assert all(height == k / 2 for k, height in seen.heights())


@pytest.mark.parametrize(("text", "found"), [
    ("3 Nov 2025: 4", True),
    ("3 Nov 2025: fewer than 5", False),
    ("2 alerts with a known hour.", True),
    ("In 4 of 17 places the share differs.", False),
    ("1 3 September 2026: 12 alerts", True),
    ("Poor lighting: 12 (2\u00a0%)", False),
    ("Over the 4 whole weeks since 3 May: 1 alert", True),
])  # fmt: skip
def test_a_small_count_is_told_from_other_numbers(text: str, found: bool) -> None:
    assert bool(small_numbers(text)) is found


FILTERS = {
    "usual": {},
    "sensitive": {"category": "unwanted_touching"},
    "four weeks": {"period": "28d"},
    "few": {"period": "quarter", "category": "robbery", "affected": "woman"},
    "one": {"period": "28d", "category": "graffiti", "affected": "woman", "weekday": "thu"},
}


def looks() -> Iterator[Any]:
    """Each view as it opens, of a sensitive category and of next to no alerts; under the others in turns, or all."""
    for at, (page, words) in enumerate(VIEWS):
        for number, (name, filter_) in enumerate(FILTERS.items()):
            if FULL or name in ("usual", "sensitive", "one") or number == 2 + at % 2:
                k = K_SENSITIVE if name == "sensitive" else K_ORDINARY
                yield pytest.param(page, {**words, **filter_}, k, id=f"{page}{at}-{name}")


@some(("page", "words", "k"), looks(), every=3)
def test_the_council_reads_no_small_count(
    sample: Home, monkeypatch: pytest.MonkeyPatch, page: str, words: dict[str, str], k: int
) -> None:
    hides_small_counts(Seen(sample.path.parent, monkeypatch, page, words), k)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A real export of some hundred alerts, of which most counts are small."""
    if not (EXPORTS / EXPORT).exists():
        pytest.skip("the public exports are not here")
    home = Home(tmp_path_factory.mktemp("few") / "home")
    import_file(home, EXPORTS / EXPORT, EXPORT, answers=Answers(crs=25830))
    return home


@some(("page", "words"), VIEWS, every=2)
def test_nor_with_few_alerts(few: Home, monkeypatch: pytest.MonkeyPatch, page: str, words: dict[str, str]) -> None:
    seen = Seen(few.path, monkeypatch, page, words)
    hides_small_counts(seen)
    assert (page, words) != ("trends", {}) or [*seen.heights()]


def test_a_specialist_reads_them(sample: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same look finds small counts where they are written."""
    seen = Seen(sample.path.parent, monkeypatch, "trends", {"as": "specialist", "period": "28d"})
    told = small_counts(seen)
    assert {line.split(":")[0] for line in told} >= {"hover", "file"}
