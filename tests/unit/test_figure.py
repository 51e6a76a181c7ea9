"""Charts as plain data that plotly would accept; colours that stay apart in the dark; words of others as they stand."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from curim_data.importing.extract import text_bars
from pages.parts.charts import plots
from pages.parts.charts.figure import Figure
from pages.parts.charts.plots import (
    A_LABEL,
    TimeMark,
    add_alarm_labels,
    add_forecast,
    add_marks,
    small_multiples_figure,
)
from pages.parts.frame import Page, escape_markdown, escape_with_commands, palette
from pages.parts.frame.look import CHANGE, DARK, WORD_JOINER, on_land, rgba
from pages.parts.hotspots.emerging_layer import STATE_COLOURS
from tests.made_page import made_page

DAYS = pd.date_range("2024-01-01", periods=12, freq="W-MON")
BAND = {"expected": 4.0, "lower": [float("nan"), *[1.5] * 11], "upper": 7.25, "adjusted": 4.0}
WEEKS = pd.DataFrame({"week": DAYS, "n": [3.0, float("nan"), *range(10)], **BAND, "alarm": [False] * 10 + [True] * 2})
BARS = {"label": ["a <b>", "c", "d"], "value": [0.2, 0.5, 2.0], "low": [0.1, 0.4, 1.0], "high": [0.4, 0.6, 3]}
ROWS = pd.DataFrame(BARS).assign(text="as written")
PANELS = [("a <b>", WEEKS[["week", "n"]]), ("c", WEEKS[["week", "n"]].assign(n=WEEKS["n"] * 2))]
CLOCK = pd.DataFrame({"weekday": [0, 6, 3], "hour": [0, 23, 12], "n": [1.0, 2.5, float("nan")]})


@pytest.mark.parametrize(
    ("counts", "bars"),
    [([], ""), ([0, 0], "··"), ([1], "█"), ([1, 8, 2], "▁█▂"), ([1, 1000], "▁█"), ([500, 501, 1000], "▄▅█")],
)
def test_bars_of_text_reach_the_top_at_the_most_and_show_the_least(counts: list[int], bars: str) -> None:
    assert text_bars(counts) == bars


@pytest.fixture(params=["el", "en", "fr"])
def page(request: pytest.FixtureRequest) -> Page:
    return made_page(request.param, narrow=request.param == "fr")


def _marked(page: Page) -> Figure:
    figure, colours = plots.band_figure(page, WEEKS), palette(page.theme)
    ahead = pd.DataFrame({"week": pd.date_range(DAYS[-1], periods=3, freq="7D"), "expected": 4.0})
    ahead = ahead.assign(low=1.0, high=9.0, low_inner=2.0, high_inner=7.0)
    add_forecast(figure, ahead, "week", page.t, colours, shown=WEEKS["week"], narrow=page.narrow)
    add_alarm_labels(page, figure, WEEKS, "week", colours, 3)
    marks = [
        TimeMark(DAYS[8].date(), "slow rise", "alarm"),
        TimeMark(DAYS[2].date(), "a <i>campaign</i>", "note", DAYS[4].date()),
    ]
    add_marks(figure, marks, colours, last=DAYS[-1].date())
    return figure


def test_marks_are_lines_and_spans_with_safe_labels_in_order_of_time(page: Page) -> None:
    figure = _marked(page)
    shapes = figure.layout["shapes"]
    assert [shape["type"] for shape in shapes] == ["rect", "line", "line"]
    assert [shape["x0"] for shape in shapes[1:]] == [DAYS[2].date().isoformat(), DAYS[8].date().isoformat()]
    texts = [note["text"] for note in figure.layout["annotations"]]
    assert texts[-2:] == ["a &lt;i&gt;campaign&lt;/i&gt;", "slow rise"]
    assert len(texts) == 4  # two points outside the range have their date and number


def test_panels_and_intervals_are_those_of_the_tables(page: Page) -> None:
    figure = small_multiples_figure(page, PANELS, time="week")
    assert [note["text"] for note in figure.layout["annotations"]] == ["9", "a &lt;b&gt;", "18", "c"]
    assert figure.layout["yaxis"]["range"] == figure.layout["yaxis2"]["range"]
    bars = plots.interval_bars_figure(page, ROWS).data[0]
    assert bars["x"] == [0.2, 0.5, 2.0]
    assert np.add(bars["x"], bars["error_x"]["array"]).tolist() == pytest.approx([0.4, 0.6, 3])
    assert np.subtract(bars["x"], bars["error_x"]["arrayminus"]).tolist() == pytest.approx([0.1, 0.4, 1])
    assert bars["y"][0] == "a &lt;b&gt;"


def test_plotly_finds_nothing_wrong_with_a_figure(page: Page) -> None:
    named = plots.band_figure(page, WEEKS, incomplete=True)
    named.show_named_legend()
    figures = [
        named,
        plots.band_figure(page, WEEKS[["week", "n"]]),
        plots.interval_bars_figure(page, ROWS, labels_above=True),
        plots.interval_bars_figure(page, ROWS.iloc[:0]),
        plots.forest_figure(page, ROWS.assign(strong=[True, False, True]), height=150),
        plots.clock_figure(page, CLOCK),
        plots.year_on_year_figure(page, pd.DataFrame({"month": DAYS, "n": range(12)})),
        small_multiples_figure(page, PANELS, time="week"),
        _marked(page),
    ]
    for figure in figures:
        checked = go.Figure(figure.to_dict())  # raises for a property or a value that plotly does not know
        assert len(checked.data) == len(figure.data)
        json.dumps(figure.to_dict(), allow_nan=False)


def test_labels_of_points_outside_the_range_lie_neither_on_each_other_nor_on_the_axis(page: Page) -> None:
    """Fifteen low weeks in a row, after a flood of alerts, had three labels on top of each other and of the dates."""
    days = pd.date_range("2010-01-11", periods=24, freq="W-MON")
    low = pd.DataFrame({"week": days, "n": [1_400.0, *[17.0] * 23], "lower": 400.0, "upper": 1_500.0})
    low["alarm"] = [False] * 8 + [True] * 15 + [False]
    figure = plots.band_figure(page, low.assign(expected=900.0))
    add_alarm_labels(page, figure, low, "week", palette(page.theme), 3)
    notes = figure.layout["annotations"]
    at = pd.to_datetime([note["x"] for note in notes])
    assert len(notes) == 3
    assert min(abs(one - other) for one, other in combinations(at, 2)) >= A_LABEL * (days[-1] - days[0])
    assert all(note["yshift"] > 0 for note in notes)


@pytest.mark.parametrize("months", [2, 5])
def test_the_label_of_the_last_month_has_room_beside_the_chart(page: Page, months: int) -> None:
    """Two months: the second one's label stood at the very end and was left out."""
    days = pd.Series(pd.date_range("2018-11-01", periods=months, freq="MS"))
    figure = plots.band_figure(page, pd.DataFrame({"month": days, "n": 5.0}), time="month")
    assert figure.layout["xaxis"]["tickvals"][-1] == days.iloc[-1].date().isoformat()
    shown = figure.layout["xaxis"]["ticktext"][-1].split("<br>")
    assert figure.layout["margin"]["r"] >= 8 + 4 * max(map(len, shown))


LEAST = 3.0  # of contrast, which WCAG 2.2 (1.4.11) asks of graphics


def luminance(colour: str) -> float:
    parts = [value / 255 for value in rgba(colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [*CHANGE, *STATE_COLOURS.values()])
def test_cells_are_seen_on_the_land_of_the_dark_theme(colour: str) -> None:
    low, high = sorted(map(luminance, (on_land(colour, "dark"), DARK.land)))
    assert (high + 0.05) / (low + 0.05) >= LEAST
    assert on_land(colour, "light") == colour


def test_no_two_classes_look_alike_in_the_dark() -> None:
    for scale in (CHANGE, tuple(STATE_COLOURS.values())):
        for one, other in combinations([on_land(colour, "dark") for colour in scale], 2):
            apart = sum((a - b) ** 2 for a, b in zip(rgba(one)[:3], rgba(other)[:3], strict=True)) ** 0.5
            assert apart > 60


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Old Quay, 20:30 – 21:00", "Old Quay, 20:30 – 21:00"), ("Place: quay", "Place: quay"),
        ("[Prize](javascript)", r"\[Prize\]\(javascript\)"), ("![x](y)", r"\!\[x\]\(y\)"),
        (":red[x]", r"\:red\[x\]"), ("::: note", r"\:\:: note"), ("a*b_c`d", r"a\*b\_c\`d"),
        ("$x^2$ <b> & | ~~", r"\$x^2\$ \<b\> \& \| \~\~"), ("back\\slash", r"back\\slash"), ("# one", r"\# one"),
        ("- one\n+ two\n3. three", "\\- one\n\\+ two\n3\\. three"), ("    code\n\tcode", "code\ncode"),
        ("one\n===", "one\n\\==="), ("https://evil.example", rf"https\:{WORD_JOINER}//evil.example"),
        ("www.evil.example", rf"www{WORD_JOINER}.evil.example"),
        (":material/home:", rf"\:{WORD_JOINER}material/home:"), (":smile:", rf"\:{WORD_JOINER}smile:"), ("", ""),
    ],
)  # fmt: skip
def test_signs_lose_their_meaning(told: str, shown: str) -> None:
    assert escape_markdown(told) == shown


@pytest.mark.parametrize("quoted", ["“curim undo *B*”", "«curim undo *B*»", "«\u202fcurim undo *B*\u202f»"])
def test_a_command_keeps_its_signs(quoted: str) -> None:
    """In plain text Streamlit makes a dash of two hyphens."""
    command = quoted.replace("undo *B*", "import FILE --category NAME")
    assert escape_with_commands(f"*Or* {command}.") == r"\*Or\* `curim import FILE --category NAME`."
    assert escape_with_commands(f"x {quoted}") == "x `curim undo *B*`"
    assert escape_with_commands("“curim `x`”") == escape_markdown("“curim `x`”")
    assert escape_with_commands("“quay” *x*") == escape_markdown("“quay” *x*")
