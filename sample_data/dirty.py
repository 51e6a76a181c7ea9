"""The dirty export: about two thousand rows with the faults that real exports have, and its answer key.

`docs/curim-export.md` says what a reader does with each fault; the answers here follow it.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from sample_data.rows import COLUMNS

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

    def set(self, **values: str) -> None:
        """Put values into named columns."""
        for name, value in values.items():
            self.fields[AT[name]] = value

    def repair(self, code: str) -> None:
        """The reader mends the row."""
        self.codes.append(code)
        self.repaired = True

    def refuse(self, reason: str) -> None:
        """The reader puts the row into quarantine."""
        self.outcome, self.codes = "quarantined", [reason]

    def line(self) -> bytes:
        """The row as bytes without its line end."""
        if self.raw is not None:
            return self.raw
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(self.fields)  # a break is quoted only so
        return text.getvalue().removesuffix("\r\n").encode()


Fault = Callable[[Dirty, int], None]


def dirty_rows(main: Sequence[Sequence[str]], seed: int) -> tuple[bytes, list[Sequence[str]]]:
    """The file's bytes and the rows of its answer key, made from clean rows of the main export."""
    rng = np.random.default_rng(seed + 1)
    usable = [row for row in main if row[AT["latitude"]] and row[AT["reported_at"]] >= "2024-11"]
    usable = [row for row in usable if row[AT["latitude"]] != "37.94300" and not row[AT["description"]]]
    labels = _labels()
    usable = [row for row in usable if row[AT["category"]] in labels]
    chosen = [usable[k] for k in np.sort(rng.choice(len(usable), ROWS, replace=False))]
    clean = [Dirty([f"DEMO-DIRTY-{n:05d}", *row[1:]]) for n, row in enumerate(chosen, start=1)]
    spread = rng.permutation(ROWS - 1)
    taken = 0
    for fault, count in FAULTS:
        for number in range(count):
            fault(clean[spread[taken]], number)
            taken += 1
    rows = _with_copies(clean, spread[taken:])
    totals = Dirty(["Σύνολο", str(len(rows)), *[""] * (len(COLUMNS) - 2)], note="totals row at the end")
    totals.refuse("totals_row")
    rows = [*rows[: ROWS - 1], totals]
    body = b"".join(row.line() + b"\r\n" for row in rows)
    head = b"\xef\xbb\xbf" + ";".join(COLUMNS).encode() + b"\r\n"
    return head + body, [_answer(n, row) for n, row in enumerate(rows, 1)]


def _answer(number: int, row: Dirty) -> Sequence[str]:
    yes_no = ("no", "yes")
    return (
        str(number),
        row.outcome,
        "|".join(sorted(row.codes)),
        yes_no[row.repaired and row.outcome == "accepted"],
        yes_no[row.unmapped and row.outcome == "accepted"],
        row.note,
    )


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


def _bad_date(row: Dirty, number: int) -> None:
    dates = ("2026-02-30T10:00+02:00", "31/31/2026 10:00", "soon", "0000-00-00 00:00", "2026-13-05T08:00+02:00", "χθες")
    column = "occurred_from" if number % 4 == 3 else "reported_at"
    row.set(**{column: _pick(dates, number)})
    row.note = f"{column} cannot be read"
    row.refuse("bad_date")


def _no_date(row: Dirty, _: int) -> None:
    row.set(reported_at="", occurred_from="", occurred_to="")
    row.note = "no date at all"
    row.refuse("no_date")


def _only_occurred(row: Dirty, _: int) -> None:
    row.set(reported_at="")
    row.note = "occurred_from stands in for reported_at"


def _future(row: Dirty, number: int) -> None:
    years = ("2027", "2031", "2062", "2099")
    row.set(**{name: _pick(years, number) + row.fields[AT[name]][4:] for name in ("reported_at", "occurred_from")})
    row.set(occurred_to="")
    row.note = "date in the future"
    row.refuse("future_date")


def _swapped(row: Dirty, _: int) -> None:
    row.set(latitude=row.fields[AT["longitude"]], longitude=row.fields[AT["latitude"]])
    row.note = "latitude and longitude swapped"
    row.repair("swapped_coordinates")


def _no_place(row: Dirty, number: int) -> None:
    row.set(latitude="")
    if number % 5:
        row.set(longitude="")
        row.note, row.unmapped = "no coordinates", True
        return
    row.note = "only one coordinate"
    row.refuse("bad_coordinates")


def _zero(row: Dirty, number: int) -> None:
    zero = ("0", "0.0", "0.00000")
    row.set(latitude=_pick(zero, number), longitude=_pick(zero, number))
    row.note, row.unmapped = "0, 0 is no place", True
    row.repair("zero_coordinates")


def _decimal_comma(row: Dirty, _: int) -> None:
    for name in ("latitude", "longitude"):
        row.fields[AT[name]] = row.fields[AT[name]].replace(".", ",")
    row.note = "decimal comma"
    row.repair("decimal_comma")


def _outside(row: Dirty, number: int) -> None:
    places = (("37.97550", "23.73480"), ("40.63260", "22.94090"), ("37.90010", "23.60020"))
    latitude, longitude = places[number % len(places)]
    row.set(latitude=latitude, longitude=longitude)
    row.note = "valid coordinates outside the city"
    row.codes.append("outside_city")


def _bad_place(row: Dirty, number: int) -> None:
    latitude, longitude = (("3794812", "2364301"), ("Πειραιάς", "23.64300"), ("137.94810", "423.64300"))[number % 3]
    row.set(latitude=latitude, longitude=longitude)
    row.note = "coordinates that cannot be"
    row.refuse("bad_coordinates")


def _unknown_category(row: Dirty, number: int) -> None:
    names = ("Αδέσποτα ζώα", "stray_animals", "nid-de-poule", "=1+1", "@other", "Λακκούβα στον δρόμο")
    row.set(category=_pick(names, number))
    row.note = "category that the tree does not hold"
    row.codes.append("unknown_category")


def _label(row: Dirty, number: int) -> None:
    known = row.fields[AT["category"]]
    text = _labels()[known][("el", "en", "fr")[number % 3]]
    row.set(category=(text, text.upper(), f" {text.lower()} ")[number // 3 % 3])
    row.note = "category by its label"
    if row.fields[AT["category"]].strip() != known:  # a label may be the id itself
        row.repair("category_label")


def _labels() -> dict[str, dict[str, str]]:
    tree = tomllib.loads(CATEGORIES.read_text("utf-8"))
    return {category["id"]: category["labels"] for category in tree["category"]}


def _unknown_gender(row: Dirty, number: int) -> None:
    row.set(affected_gender=_pick(("?", "12", "xyz"), number))
    row.note = "gender value that no spelling explains"
    row.codes.append("unknown_gender")


def _spelled(row: Dirty, number: int) -> None:
    words = {
        "woman": ("Γυναίκα", "F", "Femme", "ΓΥΝΑΙΚΑ"),
        "man": ("Άνδρας", "M", "Homme", "ανδρας"),
        "other": ("Άλλο", "Other", "Autre", "άλλο"),
        "undisclosed": ("Δεν δηλώθηκε", "Undisclosed", "Non précisé", "δεν δηλωθηκε"),
    }
    for name in ("reporter_gender", "affected_gender"):
        row.set(**{name: _pick(words[row.fields[AT[name]]], number)})
    row.note = "genders in other spellings"


def _status(row: Dirty, number: int) -> None:
    words = {
        "open": ("Ανοιχτή", "Open", "Ouverte"),
        "confirmed": ("Επιβεβαιωμένη", "Confirmed", "Confirmée"),
        "resolved": ("Επιλυμένη", "Resolved", "Résolue"),
        "rejected": ("Απορριφθείσα", "Rejected", "Rejetée"),
    }
    row.set(status=_pick(words[row.fields[AT["status"]]], number))
    row.note = "status in another spelling"


def _day_first(row: Dirty, _: int) -> None:
    for name in ("reported_at", "occurred_from", "occurred_to", "resolved_at"):
        if value := row.fields[AT[name]]:
            row.set(**{name: f"{value[8:10]}/{value[5:7]}/{value[:4]} {value[11:16]}"})
    row.note = "dates day first"


def _no_offset(row: Dirty, number: int) -> None:
    for name in ("reported_at", "occurred_from", "occurred_to", "resolved_at"):
        if value := row.fields[AT[name]]:
            row.set(**{name: value[:16] + (":30" if number % 3 == 0 else "")})
    row.note = "times without offset"


def _end_first(row: Dirty, _: int) -> None:
    row.set(occurred_to="2020" + row.fields[AT["occurred_from"]][4:])
    row.note = "occurred_to before occurred_from"
    row.repair("bad_end")


def _severity(row: Dirty, number: int) -> None:
    row.set(severity=_pick(("9", "0", "12", "-1"), number))
    row.note = "severity outside 1 to 5"
    row.repair("out_of_range_severity")


def _text(values: Sequence[str], note: str) -> Fault:
    def fault(row: Dirty, number: int) -> None:
        row.set(description=_pick(values, number))
        row.note = note

    return fault


def _mixed_encoding(row: Dirty, number: int) -> None:
    row.set(description="Σκοτεινό σημείο δίπλα στη στάση")
    if number % 4 == 0:
        row.set(category=_labels()[row.fields[AT["category"]]]["el"])
        row.repair("category_label")
    row.raw = row.line().decode().encode("cp1253")
    row.note = "row in windows-1253 within a UTF-8 file"
    row.repair("encoding_repaired")


def _bad_encoding(row: Dirty, _: int) -> None:
    row.raw = row.line() + b"\xd2\xff\xaa"
    row.note = "bytes that are neither UTF-8 nor windows-1253"
    row.refuse("bad_encoding")


def _too_many(row: Dirty, number: int) -> None:
    row.fields = [*row.fields[:-1], "Στη γωνία", " δίπλα στη στάση", *["τρίτο"] * (number % 2)]
    row.note = "stray delimiter in the text"
    row.refuse("too_many_fields")


def _trailing(row: Dirty, number: int) -> None:
    row.fields = [*row.fields, *[""] * (1 + number % 3)]
    row.note = "extra empty fields at the end"
    row.repair("trailing_fields")


def _too_few(row: Dirty, number: int) -> None:
    row.fields = row.fields[: 3 + number % 13]
    row.note = "the row breaks off"
    row.refuse("too_few_fields")


def _empty(row: Dirty, number: int) -> None:
    row.fields = ["" if number % 3 else " "] * len(COLUMNS)
    row.note = "nothing but delimiters"
    row.refuse("empty_row")


def _total(row: Dirty, number: int) -> None:
    row.fields = [_pick(("Total: 412", "Γενικό σύνολο"), number), *[""] * (len(COLUMNS) - 1)]
    row.note = "totals row in the middle"
    row.refuse("totals_row")


_FORMULAS: Final = ('=HYPERLINK("http://example.invalid";"x")', "+30-1", "-2+3", "@SUM(A1:A9)", "=cmd|' /C calc'!A0")
_PERSONAL: Final = ("Τηλ. 210 000 0000", "someone@example.invalid", "+30 690 000 0000, name@example.invalid")
_QUOTED: Final = ("Στη γωνία; δίπλα στη στάση", 'Είπε "όχι"', "Πρώτη γραμμή\nδεύτερη γραμμή")

FAULTS: Final[tuple[tuple[Fault, int], ...]] = (
    (_bad_date, 60),
    (_no_date, 25),
    (_only_occurred, 15),
    (_future, 25),
    (_swapped, 50),
    (_no_place, 50),
    (_zero, 40),
    (_decimal_comma, 60),
    (_outside, 24),
    (_bad_place, 21),
    (_unknown_category, 42),
    (_label, 45),
    (_unknown_gender, 30),
    (_spelled, 40),
    (_status, 20),
    (_day_first, 60),
    (_no_offset, 45),
    (_end_first, 12),
    (_severity, 28),
    (_text(_FORMULAS, "formula-like text in the description"), 30),
    (_text(_PERSONAL, "telephone number or e-mail address in the description"), 30),
    (_text(_QUOTED, "quoted delimiter, quote or line break in the description"), 15),
    (_mixed_encoding, 40),
    (_bad_encoding, 6),
    (_too_many, 30),
    (_trailing, 20),
    (_too_few, 30),
    (_empty, 12),
    (_total, 2),
)
