"""Complete tables of one dimension of texts: what joining the absent values and sorting gives."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from curim_data.query._complete import _of_texts

NAMES = st.sampled_from(["woman", "man", "unknown", "Άγιος", "a", "Z", "", "é"])


@given(st.lists(NAMES, unique=True), st.lists(NAMES, unique=True), st.booleans())
def test_the_same_as_joined_and_sorted(present: list[str], levels: list[str], missing: bool) -> None:
    values = [*sorted(present), *([None] if missing else [])]
    raw = pd.DataFrame({"who": pd.array(values, dtype="str"), "n": [float(3 + at) for at in range(len(values))]})
    absent = pd.DataFrame({"who": pd.array([name for name in levels if name not in present], dtype="str")})
    want = pd.concat([raw, absent.assign(n=0.0)], ignore_index=True).sort_values("who", ignore_index=True)
    pd.testing.assert_frame_equal(_of_texts(raw, "who", levels), want.astype({"n": float}))
