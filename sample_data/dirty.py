"""The dirty export: about two thousand rows with the faults that real exports have, and its answer key.

`docs/curim-export.md` says what a reader does with each fault; the answers here follow it.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from sample_data.simulate import COLUMNS

ROWS: Final = 2_000
AT: Final = {name: number for number, name in enumerate(COLUMNS)}
CATEGORIES: Final = Path(__file__).parent / "piraeus" / "categories.toml"


@dataclass
class Dirty:
    """A row under construction: its fields, or its bytes where the fault is in the bytes, and its answer."""

    fields: list[str]
    outcome: str = "accepted"
    codes: list[str] = field(default_factory=list)
    repaired: bool = False
    unmapped: bool = False
    note: str = ""
    raw: bytes | None = None

    def __getitem__(self, name: str) -> str:
        return self.fields[AT[name]]

    def set(self, **values: str) -> None:
        """Put values into named columns."""
        for name, value in values.items():
            self.fields[AT[name]] = value

    def judge(self, note: str, *, repair: str = "", refuse: str = "", flag: str = "") -> None:
        """Note the fault, and what the reader does: mend the row, put it into quarantine, or flag it, with a code."""
        self.note = note
        self.outcome = "quarantined" if refuse else self.outcome
        self.codes = [refuse] if refuse else [*self.codes, *filter(None, (repair, flag))]
        self.repaired |= bool(repair)

    def line(self) -> bytes:
        """The row as bytes without its line end."""
        if self.raw is not None:
            return self.raw
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(self.fields)  # a break is quoted only so
        return text.getvalue().removesuffix("\r\n").encode()


Fault = Callable[[Dirty, int], None]


def dirty_rows(main: Sequence[Sequence[str]], seed: int) -> tuple[bytes, pd.DataFrame]:
    """The file's bytes and its answer key, made from clean rows of the main export.

    The key has a row for each of the file's: row (from 1), outcome, reason, repaired, unmapped and note.
    """
    rng = np.random.default_rng(seed + 1)
    usable = [row for row in main if row[AT["latitude"]] and row[AT["reported_at"]] >= "2024-11"]
    usable = [row for row in usable if row[AT["latitude"]] != "37.94300" and not row[AT["description"]]]
    labels = _labels()
    usable = [row for row in usable if row[AT["category"]] in labels]
    chosen = [usable[k] for k in np.sort(rng.choice(len(usable), ROWS, replace=False))]
    clean = [Dirty([f"DEMO-DIRTY-{n:05d}", *row[1:]]) for n, row in enumerate(chosen, start=1)]
    spread = rng.permutation(ROWS - 1)
    faults = [(fault, number) for fault, count in FAULTS for number in range(count)]
    for (fault, number), place in zip(faults, spread, strict=False):
        fault(clean[place], number)
    rows = _with_copies(clean, spread[len(faults) :])
    totals = Dirty(["Σύνολο", str(len(rows)), *[""] * (len(COLUMNS) - 2)])
    totals.judge("totals row at the end", refuse="totals_row")
    rows = [*rows[: ROWS - 1], totals]
    body = b"".join(row.line() + b"\r\n" for row in rows)
    head = b"\xef\xbb\xbf" + ";".join(COLUMNS).encode() + b"\r\n"
    answers = {
        "row": range(1, len(rows) + 1),
        "outcome": [row.outcome for row in rows],
        "reason": ["|".join(sorted(row.codes)) for row in rows],
        "repaired": ["yes" if row.repaired and row.outcome == "accepted" else "no" for row in rows],
        "unmapped": ["yes" if row.unmapped and row.outcome == "accepted" else "no" for row in rows],
        "note": [row.note for row in rows],
    }
    return head + body, pd.DataFrame(answers)


def _with_copies(rows: list[Dirty], free: np.ndarray) -> list[Dirty]:
    """Replace clean rows by copies of earlier clean rows: duplicates, second victims, twins without id."""
    pairs = np.sort(free[: 2 * (len(free) // 2)].reshape(-1, 2), axis=1)
    for number, (first, second) in enumerate(pairs[:100]):
        original = rows[first]
        copy = Dirty(list(original.fields))
        if number < 50:
            copy.outcome, copy.note = "duplicate", "same id, same content"
        elif number < 80:
            man = original.fields[AT["affected_gender"]] == "woman"
            copy.set(affected_gender="man" if man else "woman", age_band="18_29", confirmations="77")
            copy.note = "same id, other content: second alert of the incident"
        else:
            original.set(alert_id="")
            copy.set(alert_id="")
            original.note = copy.note = "equal rows without id: both stay"
        rows[second] = copy
    for single in pairs[100:110, 0]:
        rows[single].set(alert_id="")
        rows[single].note = "no id"
    return rows


def _pick(values: Sequence[str], number: int) -> str:
    return values[number % len(values)]


def _fault(
    note: str,
    change: Mapping[str, Sequence[str]] | Callable[[Dirty, int], Mapping[str, str] | list[str]],
    *,
    repair: str = "",
    refuse: str = "",
    flag: str = "",
    unmapped: bool = False,
) -> Fault:
    """A fault that puts into columns one of some values in turn, or what a function of row and number gives: values by
    column, or all fields of the row.
    """

    def fault(row: Dirty, number: int) -> None:
        given = (
            change(row, number) if callable(change) else {name: _pick(some, number) for name, some in change.items()}
        )
        if isinstance(given, list):
            row.fields = given
        else:
            row.set(**given)
        row.judge(note, repair=repair, refuse=refuse, flag=flag)
        row.unmapped = unmapped

    return fault


def _labels() -> dict[str, dict[str, str]]:
    tree = tomllib.loads(CATEGORIES.read_text("utf-8"))
    return {category["id"]: category["labels"] for category in tree["category"]}


def _bad_date(row: Dirty, number: int) -> None:
    dates = ("2026-02-30T10:00+02:00", "31/31/2026 10:00", "soon", "0000-00-00 00:00", "2026-13-05T08:00+02:00", "χθες")
    column = "occurred_from" if number % 4 == 3 else "reported_at"
    row.set(**{column: _pick(dates, number)})
    row.judge(f"{column} cannot be read", refuse="bad_date")


def _no_place(row: Dirty, number: int) -> None:
    row.set(latitude="")
    if not number % 5:
        row.judge("only one coordinate", refuse="bad_coordinates")
        return
    row.set(longitude="")
    row.note, row.unmapped = "no coordinates", True


def _label(row: Dirty, number: int) -> None:
    known = row["category"]
    text = _labels()[known][("el", "en", "fr")[number % 3]]
    row.set(category=(text, text.upper(), f" {text.lower()} ")[number // 3 % 3])
    row.judge("category by its label", repair="" if row["category"].strip() == known else "category_label")


def _times(form: Callable[[str, int], str]) -> Callable[[Dirty, int], dict[str, str]]:
    """All times of a row written in another form."""
    names = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
    return lambda row, number: {name: form(row[name], number) for name in names if row[name]}


def _mixed_encoding(row: Dirty, number: int) -> None:
    row.set(description="Σκοτεινό σημείο δίπλα στη στάση")
    note = "row in windows-1253 within a UTF-8 file"
    if number % 4 == 0:
        row.set(category=_labels()[row["category"]]["el"])
        row.judge(note, repair="category_label")
    row.raw = row.line().decode().encode("cp1253")
    row.judge(note, repair="encoding_repaired")


def _bad_encoding(row: Dirty, _: int) -> None:
    row.raw = row.line() + b"\xd2\xff\xaa"
    row.judge("bytes that are neither UTF-8 nor windows-1253", refuse="bad_encoding")


_PLACES: Final = ("latitude", "longitude")
_ABROAD: Final = (("37.97550", "23.73480"), ("40.63260", "22.94090"), ("37.90010", "23.60020"))
_IMPOSSIBLE: Final = (("3794812", "2364301"), ("Πειραιάς", "23.64300"), ("137.94810", "423.64300"))
_UNKNOWN: Final = ("Αδέσποτα ζώα", "stray_animals", "nid-de-poule", "=1+1", "@other", "Λακκούβα στον δρόμο")
_GENDERS: Final = {
    "woman": ("Γυναίκα", "F", "Femme", "ΓΥΝΑΙΚΑ"),
    "man": ("Άνδρας", "M", "Homme", "ανδρας"),
    "other": ("Άλλο", "Other", "Autre", "άλλο"),
    "undisclosed": ("Δεν δηλώθηκε", "Undisclosed", "Non précisé", "δεν δηλωθηκε"),
}
_STATUSES: Final = {
    "open": ("Ανοιχτή", "Open", "Ouverte"),
    "confirmed": ("Επιβεβαιωμένη", "Confirmed", "Confirmée"),
    "resolved": ("Επιλυμένη", "Resolved", "Résolue"),
    "rejected": ("Απορριφθείσα", "Rejected", "Rejetée"),
}
_FORMULAS: Final = ('=HYPERLINK("http://example.invalid";"x")', "+30-1", "-2+3", "@SUM(A1:A9)", "=cmd|' /C calc'!A0")
_PERSONAL: Final = ("Τηλ. 210 000 0000", "someone@example.invalid", "+30 690 000 0000, name@example.invalid")
_QUOTED: Final = ("Στη γωνία; δίπλα στη στάση", 'Είπε "όχι"', "Πρώτη γραμμή\nδεύτερη γραμμή")

FAULTS: Final[tuple[tuple[Fault, int], ...]] = (
    (_bad_date, 60),
    (
        _fault(
            "no date at all", dict.fromkeys(("reported_at", "occurred_from", "occurred_to"), ("",)), refuse="no_date"
        ),
        25,
    ),
    (_fault("occurred_from stands in for reported_at", {"reported_at": [""]}), 15),
    (
        _fault(
            "date in the future",
            lambda row, number: {
                **{
                    name: _pick(("2027", "2031", "2062", "2099"), number) + row[name][4:]
                    for name in ("reported_at", "occurred_from")
                },
                "occurred_to": "",
            },
            refuse="future_date",
        ),
        25,
    ),
    (
        _fault(
            "latitude and longitude swapped",
            lambda row, _: {"latitude": row["longitude"], "longitude": row["latitude"]},
            repair="swapped_coordinates",
        ),
        50,
    ),
    (_no_place, 50),
    (
        _fault(
            "0, 0 is no place",
            dict.fromkeys(_PLACES, ("0", "0.0", "0.00000")),
            repair="zero_coordinates",
            unmapped=True,
        ),
        40,
    ),
    (
        _fault(
            "decimal comma",
            lambda row, _: {name: row[name].replace(".", ",") for name in _PLACES},
            repair="decimal_comma",
        ),
        60,
    ),
    (
        _fault(
            "valid coordinates outside the city",
            dict(zip(_PLACES, zip(*_ABROAD, strict=True), strict=True)),
            flag="outside_city",
        ),
        24,
    ),
    (
        _fault(
            "coordinates that cannot be",
            dict(zip(_PLACES, zip(*_IMPOSSIBLE, strict=True), strict=True)),
            refuse="bad_coordinates",
        ),
        21,
    ),
    (_fault("category that the tree does not hold", {"category": _UNKNOWN}, flag="unknown_category"), 42),
    (_label, 45),
    (
        _fault(
            "gender value that no spelling explains", {"affected_gender": ("?", "12", "xyz")}, flag="unknown_gender"
        ),
        30,
    ),
    (
        _fault(
            "genders in other spellings",
            lambda row, number: {
                name: _pick(_GENDERS[row[name]], number) for name in ("reporter_gender", "affected_gender")
            },
        ),
        40,
    ),
    (
        _fault(
            "status in another spelling",
            lambda row, number: {"status": _pick(_STATUSES[row["status"]], number)},
        ),
        20,
    ),
    (
        _fault("dates day first", _times(lambda when, _: f"{when[8:10]}/{when[5:7]}/{when[:4]} {when[11:16]}")),
        60,
    ),
    (_fault("times without offset", _times(lambda when, number: when[:16] + ("" if number % 3 else ":30"))), 45),
    (
        _fault(
            "occurred_to before occurred_from",
            lambda row, _: {"occurred_to": "2020" + row["occurred_from"][4:]},
            repair="bad_end",
        ),
        12,
    ),
    (
        _fault("severity outside 1 to 5", {"severity": ("9", "0", "12", "-1")}, repair="out_of_range_severity"),
        28,
    ),
    (_fault("formula-like text in the description", {"description": _FORMULAS}), 30),
    (_fault("telephone number or e-mail address in the description", {"description": _PERSONAL}), 30),
    (_fault("quoted delimiter, quote or line break in the description", {"description": _QUOTED}), 15),
    (_mixed_encoding, 40),
    (_bad_encoding, 6),
    (
        _fault(
            "stray delimiter in the text",
            lambda row, number: [
                *row.fields[:-1],
                "Στη γωνία",
                " δίπλα στη στάση",
                *["τρίτο"] * (number % 2),
            ],
            refuse="too_many_fields",
        ),
        30,
    ),
    (
        _fault(
            "extra empty fields at the end",
            lambda row, number: [*row.fields, *[""] * (1 + number % 3)],
            repair="trailing_fields",
        ),
        20,
    ),
    (
        _fault("the row breaks off", lambda row, number: row.fields[: 3 + number % 13], refuse="too_few_fields"),
        30,
    ),
    (
        _fault(
            "nothing but delimiters",
            lambda _, number: ["" if number % 3 else " "] * len(COLUMNS),
            refuse="empty_row",
        ),
        12,
    ),
    (
        _fault(
            "totals row in the middle",
            lambda _, number: [_pick(("Total: 412", "Γενικό σύνολο"), number), *[""] * (len(COLUMNS) - 1)],
            refuse="totals_row",
        ),
        2,
    ),
)
