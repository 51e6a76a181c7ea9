"""Numbers in tables: written in the reader's form, still numbers; and what stands under a map adds up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
from pandas.io.formats.style import Styler
from streamlit.dataframe_util import is_pandas_styler
from streamlit.elements.lib.pandas_styler_utils import marshall_styler
from streamlit.proto.ArrowData_pb2 import ArrowData

from curim_data import query
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from pages.parts.charts.tables import MOST_STYLED, formatted, styled
from pages.parts.frame.filter_bar import mapped_sentence
from tests.small import alert, small_source

ANALYST, ALL = Audience.ANALYST, AlertFilter(period="all")
T = translator("el")


def test_numbers_keep_their_order_and_take_the_readers_form() -> None:
    frame = pd.DataFrame({"n": [10, 9, 1234], "share": [0.5, None, 0.25], "name": ["a", "b", "c"]})
    told = styled(T, frame, digits={"n": 0, "absent": 2}, percent={"share": 0})
    assert isinstance(told.data["n"].sum(), float)
    shown = _shown(told)
    assert shown["n"].tolist() == ["10", "9", "1.234"]
    assert shown["share"].tolist() == ["50\u00a0%", "–", "25\u00a0%"]


def _shown(told: Styler) -> pd.DataFrame:
    """The texts that Streamlit sends of a table."""
    proto = ArrowData()
    marshall_styler(proto, told, "place")
    assert is_pandas_styler(told)
    assert not proto.styler.styles
    return pa.ipc.open_stream(proto.styler.display_values).read_pandas()


def test_without_numbers_and_above_what_can_be_styled_a_table_is_plain() -> None:
    frame = pd.DataFrame({"name": ["a"]})
    assert styled(T, frame, digits={"n": 0}).equals(frame)
    large = pd.DataFrame({"n": [1.5] * (MOST_STYLED + 1)})
    assert styled(T, large, digits={"n": 1})["n"].iloc[0] == "1,5"
    assert formatted(T, frame, digits={"n": 0})["name"].tolist() == ["a"]


def test_piles_beyond_the_land_are_not_taken_off_the_map_twice(tmp_path: Path) -> None:
    rows = [alert(number, point=(23.63 + number / 1e4, 37.94)) for number in range(40)]
    rows += [alert(number, point=(0.0, 0.0), inside=False, district=None, place=None) for number in range(40, 100)]
    source = small_source(tmp_path, rows)
    total = query.total(source, ALL)
    assert (total.mapped, total.at_default, total.outside) == (40, 0, 60)
    assert "40 on the map" in mapped_sentence(translator("en"), total, total.at_default or 0)
    assert query.cells(source, ALL, 9).at_default == 0
    other = small_source(tmp_path, rows)
    query.options(other, ALL, "categories")
    assert query.total(other, ALL).at_default == 0


def test_single_points_are_counted_as_they_are_drawn(tmp_path: Path) -> None:
    source = small_source(tmp_path, [alert(number) for number in range(12)])
    total = query.total(source, ALL)
    told = mapped_sentence(translator("en"), total, 3, drawn=5, undrawn=4)
    for words in ("5 drawn as points", "3 kept off maps", "4 not drawn"):
        assert words in told
