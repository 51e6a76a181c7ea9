"""What stands under every figure: a plain sentence, how many alerts it rests on, and what was chosen for the reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from analysis.result import Choice, Result
from curim_data.queries import Total
from pages.parts.page import Page


def under(page: Page, result: Result, total: Total | None = None) -> None:
    """The result's sentence, its n, the mapped share where `total` is given, and the settings with their reasons."""
    st.write(result.sentence(page.t))
    note(page, result.n, total=total, choices=result.choices)


def note(page: Page, n: int | None, *, total: Total | None = None, choices: Sequence[Choice] = ()) -> None:
    """n, "n mapped of N", and the settings that were chosen for the reader."""
    t = page.t
    parts = []
    if total is not None and total.mapped is not None and total.n is not None:
        parts.append(t("{mapped} of {n} alerts are on the map.", mapped=total.mapped, n=total.n))
    elif n is not None:
        parts.append(t.n("{n} alert.", "{n} alerts.", n))
    if total is not None and total.piled:
        parts.append(t("{n} of them share exactly the same position.", n=total.piled))
    st.caption(" ".join([*parts, *(t(choice.told) for choice in choices)]))


@contextmanager
def card(key: str) -> Iterator[None]:
    """A bordered box with one message, as high as its neighbours."""
    with st.container(border=True, height="stretch", key=key):
        yield
