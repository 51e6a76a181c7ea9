"""Categories and kinds: names to ids of the city's tree, several in one cell, what is unknown kept by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats.base import MOST_CHARACTERS, Layout, fold, is_name
from curim_data.importing.decisions import Decisions
from curim_data.importing.parsing import distinct, glued
from curim_data.importing.profiling import split_bars, split_cell
from curim_data.importing.roles import UNIT, Columns, missing_words
from curim_data.importing.row_outcomes import Account
from curim_data.model.alert import Kind
from curim_data.model.city import CityProfile
from curim_data.model.reasons import Flag, Reason, Repair
from curim_data.profile.files import slug

UNCATEGORISED: Final = "uncategorised"
# Parts further categories until they are a list: names of two languages have a bar of their own.
FURTHER: Final = "\x1e"
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


class Unknown:
    """Values that were not understood, with counts, by column; only those that can be names."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}

    def note(self, label: str, values: Sequence[str], codes: IntArray, longest: int = MOST_CHARACTERS) -> None:
        """Count the values (by their codes) that are not empty."""
        times = np.bincount(codes, minlength=len(values)).tolist()
        told = Counter[str]()
        for value, count in zip(values, times, strict=True):
            if value and count and is_name(value, longest):
                told[value] += count
        if told:
            self.counts.setdefault(label, Counter()).update(told)


@dataclass(frozen=True)
class Cell:
    """A cell of categories: their ids or names (empty ones left out), and whether one is unknown or was renamed."""

    ids: tuple[str, ...]
    strange: bool
    changed: bool
    unknown: str


def known_categories(layout: Layout, city: CityProfile) -> Mapping[str, str]:
    """Ids by folded name: labels and ids of the tree, then what a person told of the file's own names."""
    known = {fold(label): c.id for c in city.categories.values() for label in c.labels.values()}
    known |= {fold(c.id): c.id for c in city.categories.values()}
    return known | {fold(name): told for name, told in layout.categories.items() if told}


def tell_categories(
    columns: Columns, layout: Layout, decisions: Decisions, city: CityProfile, account: Account, unknown: Unknown
) -> dict[str, Any]:
    """The first category of each row, the others joined by `FURTHER`, and the kind that goes with the first."""
    known, missing = known_categories(layout, city), missing_words(layout)
    if columns.has("category"):
        codes, unique = distinct(columns["category"])
    else:
        codes, unique = np.zeros(columns.size, np.int64), [decisions.category or ""]
    marks = (UNIT, *layout.separators)
    own = _own_names(city)
    cells = [_cell(text, split_cell(text, marks), known, missing, layout.longest, own) for text in unique]
    more_codes, more_unique = distinct(columns["more_categories"])
    more = [_cell(text, split_bars(text, marks), known, missing, layout.longest, own) for text in more_unique]
    told = ["|".join(cell.ids) for cell in cells]
    if not city.provisional:  # else the ids were made of the file's own names
        if columns.has("category"):
            _renamed(cells, told, codes, columns, "category", account)
        _renamed(more, ["|".join(cell.ids) for cell in more], more_codes, columns, "more_categories", account)
    strange = np.array([cell.strange for cell in cells], bool)[codes]
    strange_more = np.array([cell.strange and bool(text) for cell, text in zip(more, more_unique, strict=True)], bool)
    account.flag(strange | strange_more[more_codes], Flag.UNKNOWN_CATEGORY)
    unknown.note(columns.label("category"), [cell.unknown for cell in cells], codes, layout.longest)
    firsts = [cell.ids[0] if cell.ids else UNCATEGORISED for cell in cells]
    category = pa.array(firsts, pa.string()).take(pa.array(codes))
    rest = [FURTHER.join(dict.fromkeys(cell.ids[1:])) for cell in cells]
    others = pa.array([FURTHER.join(cell.ids) for cell in more], pa.large_string()).take(pa.array(more_codes))
    if any(rest):
        others = _together(category, pa.array(rest, pa.large_string()).take(pa.array(codes)), others)
    return {
        "category": category,
        "more_categories": pc.cast(others, pa.string()),
        "kind": _kinds(columns, layout, city, firsts, codes, account),
    }


def _own_names(city: CityProfile) -> frozenset[str]:
    """Folded names of categories that an export gave: their ids were made of them, so nothing is repaired."""
    some = [one for one in city.categories.values() if len(one.labels) == 1]
    return frozenset(fold(label) for one in some for label in one.labels.values() if slug(label) == one.id)


def _cell(
    text: str,
    parts: Sequence[str],
    known: Mapping[str, str],
    missing: frozenset[str],
    longest: int,
    own: frozenset[str] = frozenset(),
) -> Cell:
    """Read a cell; one that is a known name as a whole is not parted. An unknown name is kept if it can be one."""
    parts = [text] if fold(text) in known else parts
    parts = [part for part in parts if fold(part) in known or fold(part) not in missing]
    if not parts:
        return Cell((), True, False, UNCATEGORISED)
    ids = [known.get(fold(part)) or (part if is_name(part, longest) else "") for part in parts]
    odd = [fold(part) not in known for part in parts]
    changed = any(known.get(fold(part), part) != part for part in parts if fold(part) not in own)
    names = [name or UNCATEGORISED for name, strange in zip(ids, odd, strict=True) if strange]
    return Cell(tuple(filter(None, ids)), any(odd), changed, names[0] if names else "")


def _renamed(
    cells: Sequence[Cell], told: Sequence[str], codes: IntArray, columns: Columns, role: str, account: Account
) -> None:
    changed = np.array([cell.changed for cell in cells], bool)
    if changed.any():
        mask = changed[codes]
        account.repair(mask, Repair.CATEGORY_LABEL, columns.label(role), columns[role], np.array(told, object)[codes])


def _together(category: Any, rest: Any, more: Any) -> Any:
    """Further categories of the cell and of its own column, each once and without the first one."""
    codes, unique = distinct(glued([pc.cast(category, pa.large_string()), rest, more], UNIT))
    told = []
    for text in unique:
        first, inside, other = text.split(UNIT)
        if not inside:
            told.append(other)
            continue
        several = dict.fromkeys([*inside.split(FURTHER), *filter(None, other.split(FURTHER))])
        several.pop(first, None)
        told.append(FURTHER.join(several))
    return pa.array(told, pa.large_string()).take(pa.array(codes))


def _kinds(
    columns: Columns, layout: Layout, city: CityProfile, firsts: Sequence[str], codes: IntArray, account: Account
) -> Any:
    """The kind of the category; that of the layout, or an offence, where the tree does not know it."""
    tree = {c.id: c.kind for c in city.categories.values()}
    kinds = [tree.get(name, layout.kind or Kind.OFFENCE.value) for name in firsts]
    wrong = np.array([kind not in set(Kind) for kind in kinds], bool)
    if wrong.any():
        account.refuse(wrong[codes], Reason.INVALID_VALUE, columns.label("category"), columns["category"])
    return pa.array(kinds, pa.string()).take(pa.array(codes))
