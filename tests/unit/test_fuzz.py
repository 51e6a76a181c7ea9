"""Broken files, and tables that hypothesis makes up: no exception reaches a person, the sum holds.

On a push 150 files: a fault that one broken file of 50 meets is found with 95 % probability. `make test-full` tries
5,000 (one of 1,600), `make fuzz` as many as one likes.
"""

from __future__ import annotations

import csv
import io
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curim_data.model import CityProfile
from tests.effort import FULL, effort
from tests.fuzz.corpus import seeds
from tests.fuzz.trial import check, run

CASES, CHUNKS = effort(20, 5_000), effort(1, 50)

HEADINGS = (
    "id|date|Ημερομηνία|time|year|month|day|category|Φύλο|sex|lat|lon|X|Y|latitude|longitude|status|description|"
    "Crime ID|Month|tags||location|point"
)
CELLS = st.one_of(
    st.sampled_from(["", "NULL", "37.94", "23,65", "12/11/2024", "2024-11-12T10:00", "2024-11", "815", "-1", "0", "x"]),
    st.sampled_from(["(37.9, 23.6)", "Γυναίκα", "M", "F", "open", "1.234.567", "505000.1", "4199000", "24:00", "1e9"]),
    st.text(max_size=12),
)


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    return seeds()


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_broken_files_are_refused_or_accounted_for(corpus: dict[str, bytes], city: CityProfile, chunk: int) -> None:
    size = CASES // CHUNKS
    seen = run(range(chunk * size, (chunk + 1) * size), corpus, city)
    assert sum(seen.values()) == size
    assert seen.get("read", 0) > size // 10  # the corpus still reaches the inside of the import


@pytest.mark.slow
def test_whole_files_are_read(corpus: dict[str, bytes], city: CityProfile) -> None:
    for at, (name, data) in enumerate(list(corpus.items())[:: 1 if FULL else 4]):
        for one in (None, city) if FULL else (city if at % 2 else None,):
            assert check(name, data, one) in ("read", "asked"), name


@pytest.mark.slow
@settings(max_examples=effort(25, 500), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    heads=st.lists(st.sampled_from(HEADINGS.split("|")), min_size=1, max_size=8),
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=9), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    seed=st.integers(0, 3),
)
def test_any_tables(city: CityProfile, heads: list[str], rows: list[list[str]], delimiter: str, seed: int) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([heads, *rows])
    encoding = random.Random(seed).choice(("utf-8", "utf-8-sig", "utf-16", "cp1253"))
    check("table.csv", stream.getvalue().encode(encoding, "ignore"), city if seed else None)
