"""The small chart of a change on paper: lines or bars, what is hidden, and its words."""

import datetime as dt
import io
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from analysis.report.charts import COLOURS, change_chart, draw_change
from analysis.report.documents import ChangeSeries
from curim_data.model import LANGUAGES, translator

STARTS = tuple(dt.date(2026, 7, 6) + dt.timedelta(weeks=week) for week in range(17))
TESTED = np.array([day >= dt.date(2026, 9, 7) for day in STARTS])


def series(**given: Any) -> ChangeSeries:
    values: dict[str, Any] = {
        "starts": STARTS,
        "now": np.arange(17.0),
        "before": np.full(17, 4.0),
        "tested": TESTED,
        "earlier": (dt.date(2025, 9, 6), dt.date(2025, 11, 1)),
        "after": (dt.date(2026, 9, 5), dt.date(2026, 10, 31)),
        "names": ("2025", "2026"),
        "counts": (32.0, 98.0),
        "told": ("32", "98"),
    }
    return ChangeSeries(**{**values, **given})


def drawn(one: ChangeSeries, lang: str = "en") -> Any:
    figure = Figure()
    draw_change(figure, (0, 0, 1, 1), one, translator(lang))
    return figure.axes[0]


def test_lines_hold_the_weeks_as_they_are() -> None:
    axes = drawn(series())
    year_before, lead, now = [line for line in axes.lines if len(line.get_ydata()) == len(STARTS)]
    assert list(year_before.get_ydata()) == [4.0] * 17
    tested = np.asarray(now.get_ydata(), float)
    joined = TESTED | np.r_[TESTED[1:], False]
    assert np.array_equal(tested[joined], np.arange(17.0)[joined])
    assert np.isnan(tested[~joined]).all()
    assert now.get_color() == COLOURS["rise"]
    first = np.asarray(year_before.get_xdata(), float)[0]
    assert first == (STARTS[0] - dt.date(1970, 1, 1)).days
    assert np.array_equal(np.asarray(lead.get_ydata(), float)[~TESTED], np.arange(17.0)[~TESTED])


def test_the_largest_count_and_both_years_are_named() -> None:
    told = [text.get_text() for text in drawn(series()).texts]
    assert "16" in told
    assert "2026" in told
    assert any("2025" in one for one in told if one != "2026")


def test_a_protected_number_is_a_hatched_bar_as_long_as_it_can_be() -> None:
    axes = drawn(series(starts=(), counts=(4.0, 66.0), told=("fewer than 5", "66"), hidden=(True, False)))
    before, after = axes.patches
    assert (before.get_width(), after.get_width()) == (4.0, 66.0)
    assert before.get_hatch()
    assert not after.get_hatch()
    told = [text.get_text() for text in axes.texts]
    assert "fewer than 5" in told
    assert "66" in told
    assert "4" not in told


@pytest.mark.parametrize(("least", "told"), [(1, "16"), (16, "16"), (17, "fewer than 17")])
def test_the_largest_count_is_written_as_its_reader_may_read_it(least: int, told: str) -> None:
    texts = [text.get_text() for text in drawn(series(least=least)).texts]
    assert told in texts
    assert ("16" in texts) is (told == "16")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("tone", ["rise", "fall", "quiet"])
def test_a_chart_is_a_picture_with_words(lang: str, tone: Any) -> None:
    picture = change_chart(series(tone=tone), "Λιμάνι", translator(lang))
    image = Image.open(io.BytesIO(picture.data))
    assert image.size == (pytest.approx(74 / 25.4 * 220, abs=2), pytest.approx(24 / 25.4 * 220, abs=2))
    assert all(part in picture.alt for part in ("Λιμάνι", "32", "98", "2025", "2026"))
    months = series(whole_months=True, earlier=(dt.date(2025, 9, 1), dt.date(2025, 10, 31)))
    assert "6" not in change_chart(months, "x", translator("en")).alt.replace("2026", "").replace("98", "")
