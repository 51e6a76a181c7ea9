"""The seventeen classes of emerging hot spots: what each means in words, and which one a series of marks belongs to.

The definitions are those that Esri gives for Emerging Hot Spot Analysis. Where published descriptions differ:

* The tests are made in the order of `KINDS`, and the first that holds decides, whatever its sign. So a place that was
  hot all along and is cold for the first time in the last step is a new cold spot, not a historical hot one.
* Sporadic and oscillating demand that the last step is hot: a list of places to act on should not hold places that
  are quiet now. (Older releases and the R package sfdep do not demand it.)
* New means hot in the last step for the first time, whether or not the place was cold before; historical means not
  hot in the last step, whether or not it is cold. (sfdep counts steps of either sign.)
* A share of 90 % is counted in whole steps: 10 times the hot steps are at least 9 times all steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from curim_data.model import BoolArray, IntArray, Message, Translator

Kind = Literal[
    "new", "consecutive", "historical", "intensifying", "diminishing", "persistent", "oscillating", "sporadic"
]
NO_PATTERN: Final = "none"

# In the order in which they are tried.
KINDS: Final[tuple[Kind, ...]] = (
    "new",
    "consecutive",
    "historical",
    "intensifying",
    "diminishing",
    "persistent",
    "oscillating",
    "sporadic",
)


@dataclass(frozen=True)
class EmergingClass:
    """One class: `id` is its kind and sign ("new_hot"), `label` its name, `rule` what makes it, in words."""

    id: str
    kind: str
    sign: int
    label: Message
    rule: Message


def _class(kind: Kind, sign: int, label: Message, rule: Message) -> tuple[str, EmergingClass]:
    name = f"{kind}_{'hot' if sign > 0 else 'cold'}"
    return name, EmergingClass(name, kind, sign, label, rule)


CLASSES: Final[dict[str, EmergingClass]] = dict(
    [
        _class("new", 1, Message("New hot spot"), Message("Hot in the last step and never before.")),
        _class(
            "consecutive",
            1,
            Message("Consecutive hot spot"),
            Message(
                "Hot without a break in the last two steps or more, never before that, and in fewer than 90 % of all."
            ),
        ),
        _class(
            "historical",
            1,
            Message("Historical hot spot"),
            Message("Hot in at least 90 % of the steps, but not in the last."),
        ),
        _class(
            "intensifying",
            1,
            Message("Intensifying hot spot"),
            Message("Hot in at least 90 % of the steps and in the last; it stands out more and more."),
        ),
        _class(
            "diminishing",
            1,
            Message("Diminishing hot spot"),
            Message("Hot in at least 90 % of the steps and in the last; it stands out less and less."),
        ),
        _class(
            "persistent",
            1,
            Message("Persistent hot spot"),
            Message("Hot in at least 90 % of the steps and in the last, with no trend that is sure."),
        ),
        _class(
            "oscillating",
            1,
            Message("Oscillating hot spot"),
            Message("Hot in the last step, cold in some step before, and hot in fewer than 90 % of the steps."),
        ),
        _class(
            "sporadic",
            1,
            Message("Sporadic hot spot"),
            Message("Hot in the last step and, on and off, before; in fewer than 90 % of the steps, and never cold."),
        ),
        _class("new", -1, Message("New cold spot"), Message("Cold in the last step and never before.")),
        _class(
            "consecutive",
            -1,
            Message("Consecutive cold spot"),
            Message(
                "Cold without a break in the last two steps or more, never before that, and in fewer than 90 % of all."
            ),
        ),
        _class(
            "historical",
            -1,
            Message("Historical cold spot"),
            Message("Cold in at least 90 % of the steps, but not in the last."),
        ),
        _class(
            "intensifying",
            -1,
            Message("Intensifying cold spot"),
            Message("Cold in at least 90 % of the steps and in the last; it becomes colder and colder."),
        ),
        _class(
            "diminishing",
            -1,
            Message("Diminishing cold spot"),
            Message("Cold in at least 90 % of the steps and in the last; it becomes less and less cold."),
        ),
        _class(
            "persistent",
            -1,
            Message("Persistent cold spot"),
            Message("Cold in at least 90 % of the steps and in the last, with no trend that is sure."),
        ),
        _class(
            "oscillating",
            -1,
            Message("Oscillating cold spot"),
            Message("Cold in the last step, hot in some step before, and cold in fewer than 90 % of the steps."),
        ),
        _class(
            "sporadic",
            -1,
            Message("Sporadic cold spot"),
            Message("Cold in the last step and, on and off, before; in fewer than 90 % of the steps, and never hot."),
        ),
        (
            NO_PATTERN,
            EmergingClass(
                NO_PATTERN, NO_PATTERN, 0, Message("No pattern"), Message("None of the other classes applies.")
            ),
        ),
    ]
)

# How many places of a kind there are, in words.
COUNT_PHRASES: Final[dict[str, Callable[[Translator, int], str]]] = {
    "new": lambda t, n: t.n("{n} new", "{n} new", n),
    "consecutive": lambda t, n: t.n("{n} consecutive", "{n} consecutive", n),
    "historical": lambda t, n: t.n("{n} historical", "{n} historical", n),
    "intensifying": lambda t, n: t.n("{n} intensifying", "{n} intensifying", n),
    "diminishing": lambda t, n: t.n("{n} diminishing", "{n} diminishing", n),
    "persistent": lambda t, n: t.n("{n} persistent", "{n} persistent", n),
    "oscillating": lambda t, n: t.n("{n} oscillating", "{n} oscillating", n),
    "sporadic": lambda t, n: t.n("{n} sporadic", "{n} sporadic", n),
}


def classify(hot: Any, cold: Any, up: Any, down: Any) -> np.ndarray[Any, Any]:
    """The class of each series of marks.

    Parameters
    ----------
    hot, cold : arrays of bool, shape (m, T)
        Marks by row (cell) and step; the last column is the step that decides what is now.
    up, down : arrays of bool, shape (m,)
        Whether the statistic of the row rises or falls significantly; all False where no trend is tested.

    Returns
    -------
    array of str, shape (m,)
        Keys of `CLASSES`.

    Raises
    ------
    ValueError
        With fewer than two steps.
    """
    hot, cold = np.atleast_2d(np.asarray(hot, bool)), np.atleast_2d(np.asarray(cold, bool))
    up, down = np.atleast_1d(np.asarray(up, bool)), np.atleast_1d(np.asarray(down, bool))
    if hot.shape[1] < 2:
        raise ValueError(f"a class over time needs at least two steps, not {hot.shape[1]}")
    rank_hot, rank_cold = _rank(hot, cold, up, down), _rank(cold, hot, down, up)
    names = np.array([*(f"{kind}_hot" for kind in KINDS), *(f"{kind}_cold" for kind in KINDS), NO_PATTERN])
    none = len(KINDS)
    chosen = np.where(rank_hot <= rank_cold, rank_hot, rank_cold + none)
    return names[np.where(np.minimum(rank_hot, rank_cold) == none, 2 * none, chosen)]


def run_to_last_step(marks: Any) -> IntArray:
    """How many steps, counted back from the last, are marked without a break; shape (m,)."""
    marks = np.atleast_2d(np.asarray(marks, bool))
    return np.asarray((np.cumsum(~marks[:, ::-1], axis=1) == 0).sum(axis=1))


def _rank(marks: BoolArray, other: BoolArray, more: BoolArray, less: BoolArray) -> IntArray:
    """Place in `KINDS` of the first kind that holds for marks of one sign; `len(KINDS)` where none does."""
    count, run, last = marks.sum(axis=1), run_to_last_step(marks), marks[:, -1]
    often = 10 * count >= 9 * marks.shape[1]
    holds = [
        last & (count == 1),
        (run >= 2) & (run == count) & ~often,
        ~last & often,
        last & often & more,
        last & often & less,
        last & often,
        last & other.any(axis=1),
        last,
    ]
    return np.select(holds, range(len(KINDS)), len(KINDS))
