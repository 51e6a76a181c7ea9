"""What the walk of real cities reads from the sentences under maps and charts."""

from __future__ import annotations

import pytest
from streamlit.proto.Markdown_pb2 import Markdown

from curim_data.model import translator
from curim_data.query import Total
from pages.parts.frame.footer import mapped_sentence
from tests.real.drawn import Node
from tests.real.figures import PARTS, captions


@pytest.mark.parametrize("lang", ["el", "en", "fr"])
@pytest.mark.parametrize("period", ["", "2019–2022"])
def test_counts_are_read_with_and_without_their_period(lang: str, period: str) -> None:
    t = translator(lang)
    counts = mapped_sentence(
        t, Total(n=12_345, mapped=12_000, unmapped=300, outside=45, at_default=0, of=12_345, threshold=0)
    )
    said = t("{period}: {counts}", period=period, counts=counts) if period else counts
    (found,) = captions([Node((0,), "markdown", Markdown(body=said))], lang)
    assert (found.n, found.period) == (12_345, period)
    assert found.parts[PARTS[0]] == 12_000
    assert sum(found.parts.values()) == 12_345
