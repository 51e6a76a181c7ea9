"""Columns packed into numbers are told apart again, and what does not fit is left out."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa

from curim_data.engine.packed import MOST_BITS, PACKED, WORDS, Packing
from curim_data.query.categoricals import encode_codes, encode_column


def _values(size: int) -> dict[str, pa.Array]:
    return {name: pa.array([f"{number:05}" for number in range(size)]) for name in PACKED}


def test_each_column_comes_out_of_a_word_as_it_went_in() -> None:
    rng = Random(4)
    values = {name: pa.array([f"{n:05}" for n in range(rng.choice([0, 1, 2, 7, 8, 9]))]) for name in PACKED}
    packing = Packing.of(values)
    for word, bits in packing.words.items():
        assert tuple(bits) == WORDS[word]
        rows = [{name: rng.randrange(len(values[name]) + 1) for name in bits} for _ in range(300)]
        numbers = np.array([sum(row[name] << bits[name].shift for name in bits) for row in rows])
        assert numbers.max() < 1 << MOST_BITS
        for name in bits:
            codes = packing.codes(numbers, word, name)
            assert codes.tolist() == [row[name] for row in rows]
            found = encode_codes(codes, values[name])
            listed = pa.chunked_array([[values[name].to_pylist()[n] if n < len(values[name]) else None for n in codes]])
            usual = encode_column(listed.cast(pa.string()))
            assert found.codes.tolist() == usual.codes.tolist()
            assert found.levels.equals(usual.levels)


def test_what_does_not_fit_into_a_word_is_no_part_of_it() -> None:
    packing = Packing.of(_values(5000))
    for bits in packing.words.values():
        assert len(bits) == MOST_BITS // 13
        assert sum(column.inside for column in bits.values()) < 1 << MOST_BITS
    assert packing.choose(["theme", "age_band", "status"]) == {}


def test_a_word_is_asked_for_where_it_stands_for_several_columns() -> None:
    packing = Packing.of(_values(3))
    assert packing.choose(["week"]) == packing.choose(["theme", "affected_gender"]) == {}
    assert packing.choose(["theme", "place", "local_date", "week"]) == {"packed_alike": ("theme", "place", "week")}
    assert packing.choose(["theme", "cell_10", "span"]) == {"packed_places": ("cell_10", "theme", "span")}
