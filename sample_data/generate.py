"""Write the made-up city of alerts: `write_sample(folder)` or `python -m sample_data.generate FOLDER`.

Three exports, the answer key of the dirty one, and the truths: what was planted, and what of it can be counted in the
main export, as TOML. Seeded, so the same seed gives the same bytes. What is planted stands in `places.py`, the columns
in `docs/curim-export.md`. Every alert is invented; ids begin with `DEMO-`.

The dirty export has about two thousand rows with the faults that real exports have. `docs/curim-export.md` says what a
reader does with each fault; the answers here follow it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from sample_data.places import (
    BURSTS,
    CAMPAIGN,
    CUT,
    FIRST,
    INTERVENTION,
    LAST,
    LIFELIKE,
    METRES,
    MONTHS,
    NEAR_REPEAT,
    NEW_APP,
    NEW_HABITS,
    PILE,
    QUARTER,
    QUIET,
    SEED,
    SPOTS,
    UNDISCLOSED,
    UNMAPPED,
    Circle,
    Spot,
    World,
)
from sample_data.simulate import COLUMNS, HOME_ZONE, NIGHT_REST, City, simulate, snapshot

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


MAIN: Final = "exports/piraeus_2022-11_2026-10.csv"
LATER: Final = "exports/piraeus_2026-11.csv"
DIRTY: Final = "exports/piraeus_dirty.csv"
ANSWERS: Final = "exports/piraeus_dirty_answers.csv"
RESENT_FROM: Final = dt.date(2026, 8, 20)
HEAD: Final = """\
# What is planted in the sample city. Written by sample_data/generate.py, read by the tests. All of it is made up.
# Degrees are WGS84, radii metres, dates inclusive, hours of the local clock (first to last, may pass midnight).
# Counts are of the main export: `alerts` all that a process made, `mapped` those whose own coordinates are told.
"""


def write_sample(folder: Path, seed: int = SEED, world: World = LIFELIKE) -> list[Path]:
    """Write the three exports, the answer key and the truths below a folder; returns the files written.

    `world`: which habits of real exports the city has: all of them in the committed files, none in `PLAIN`.
    """
    city = simulate(seed, world)
    main_time, later_time = (pd.Timestamp(f"{day} 23:59", tz=HOME_ZONE) for day in (CUT, LAST))
    known = city.rows[city.rows["reported_at"] <= main_time]
    main = snapshot(known, main_time)
    dirty, answers = dirty_rows(main.to_numpy().tolist(), seed)
    files = {
        MAIN: _csv(main),
        LATER: _csv(_later(city, main, later_time)),
        "truths.toml": truths_text(city, known, seed).encode(),
        DIRTY: dirty,
        ANSWERS: _csv(answers),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [folder / name for name in files]


def _later(city: City, main: pd.DataFrame, later_time: pd.Timestamp) -> pd.DataFrame:
    """The second export: all that came in since RESENT_FROM as it stands now, and older alerts that changed."""
    rows = city.rows[city.rows["reported_at"] <= later_time]
    now = snapshot(rows, later_time)
    changed = (now.loc[main.index] != main).any(axis=1).reindex(now.index, fill_value=False)
    sent = now[changed | (rows["reported_at"].dt.date >= RESENT_FROM)]
    return sent.assign(app_version=NEW_APP.version) if city.world.new_app else sent


def _csv(table: pd.DataFrame) -> bytes:
    """CSV with semicolons, CR LF and a byte order mark."""
    return b"\xef\xbb\xbf" + table.to_csv(sep=";", index=False, lineterminator="\r\n").encode()


def truths_text(city: City, rows: pd.DataFrame, seed: int) -> str:
    """The text of truths.toml for the alerts of the main export (`City.rows`)."""
    about = {"seed": seed, "illustrative": True, "first": FIRST, "last": CUT, "alerts": len(rows)}
    parts = [HEAD, _lines(about), *(f"\n[[hot_spot]]\n{_lines(_hot_spot(spot, rows))}" for spot in SPOTS)]
    tables = {
        "women_after_dark": _women_after_dark(rows),
        "pile": {
            "longitude": PILE.longitude,
            "latitude": PILE.latitude,
            "place": PILE.landmark,
            "reason": "the app falls back to this point when the location of the phone is off",
            "alerts": int((rows["origin"] == "pile").sum()),
            "share": round(float((rows["origin"] == "pile").mean()), 4),
        },
        "quarter": _quarter(rows, city),
        "near_repeat": {
            "category": NEAR_REPEAT.category,
            "mean_offspring": NEAR_REPEAT.mean,
            "metres": NEAR_REPEAT.metres,
            "days": NEAR_REPEAT.days,
            "offspring": int((rows["origin"] == "near_repeat").sum()),
            "alerts": int((rows["category"] == NEAR_REPEAT.category).sum()),
        },
        "campaign": {
            "start": CAMPAIGN.start,
            "end": CAMPAIGN.end,
            "factor": CAMPAIGN.factor,
            "effect": "more of the same incidents are reported, everywhere; incidents, categories and delays do not "
            "change",
            "alerts": int(rows["occurred_from"].dt.date.between(CAMPAIGN.start, CAMPAIGN.end).sum()),
        },
        "intervention": _intervention(rows),
        "undisclosed": {
            "share": UNDISCLOSED,
            "reporter": round(float((rows["reporter_gender"] == "undisclosed").mean()), 4),
            "affected": round(float((rows["affected_gender"] == "undisclosed").mean()), 4),
        },
        "unmapped": {"share": UNMAPPED, "alerts": int(rows["told_lon"].isna().sum())},
    }
    if city.world.reports > 1:
        tables["bursts"] = _bursts(city, rows)
    if city.world.new_app:
        tables["new_app"] = {
            "start": NEW_APP.start,
            "weeks": NEW_APP.weeks,
            "categories": list(NEW_HABITS),
            "feeling_share": NEW_APP.feeling,
        }
    if city.world.few_people:
        tables["few_people"] = {"share": QUIET.share, "places": [vars(circle) for circle in QUIET.circles]}
    return "".join([*parts, *(f"\n[{name}]\n{_lines(table)}" for name, table in tables.items())])


def _hot_spot(spot: Spot, rows: pd.DataFrame) -> dict[str, Any]:
    own = rows[rows["origin"] == spot.id]
    landmarks = tomllib.loads((Path(__file__).parent / "piraeus" / "landmarks.toml").read_text("utf-8"))["landmark"]
    return {
        "id": spot.id,
        "place": spot.landmark,
        "labels": next(mark["labels"] for mark in landmarks if mark["id"] == spot.landmark),
        **vars(spot.circle),
        "class": spot.pattern,
        "start": spot.start,
        "end": spot.end or CUT,
        "categories": spot.categories,
        "hours": list(spot.hours),
        "hours_share": 1 - NIGHT_REST,
        "women_share": spot.women,
        "women_share_dark": spot.women if spot.women_dark is None else spot.women_dark,
        "alerts": len(own),
        "incidents": int(own["first"].sum()),
        "mapped": int(own["told_lon"].notna().sum()),
        "affected": own["affected_gender"].value_counts().sort_index().to_dict(),
        "monthly": _monthly(own),
    }


def _monthly(rows: pd.DataFrame) -> list[int]:
    """Alerts of each month of the main export, by when they happened."""
    when = rows["occurred_from"].dt
    step = (when.year - FIRST.year) * 12 + when.month - FIRST.month
    return np.bincount(step, minlength=MONTHS)[:MONTHS].tolist()


def _women_after_dark(rows: pd.DataFrame) -> dict[str, Any]:
    spot = next(spot for spot in SPOTS if spot.women_dark is not None)
    here = rows["origin"] == spot.id
    return {
        "place": spot.landmark,
        **vars(spot.circle),
        "planted_share": spot.women_dark,
        "share_here": _women_share(rows[rows["dark"] & here]),
        "share_elsewhere": _women_share(rows[rows["dark"] & ~here]),
        "alerts": int((rows["dark"] & here).sum()),
    }


def _women_share(rows: pd.DataFrame) -> float:
    """Women among affected women and men."""
    told = rows["affected_gender"].value_counts()
    return round(float(told["woman"] / (told["woman"] + told["man"])), 4)


def _quarter(rows: pd.DataFrame, city: City) -> dict[str, Any]:
    area = np.pi * (QUARTER.core.radius / 1000) ** 2
    land = sum(part.area * float(METRES.prod()) / 1e6 for part in shapely.get_parts(city.ground.land))
    return {
        **vars(QUARTER.core),
        "edge": QUARTER.edge,
        "ratio": QUARTER.ratio,
        "density_per_km2": round(float(_inside(rows, (QUARTER.core,)).sum() / area), 1),
        "city_density_per_km2": round(len(rows) / land, 1),
        "hot_spots": 0,
    }


def _intervention(rows: pd.DataFrame) -> dict[str, Any]:
    plan = INTERVENTION
    outer = tuple(Circle(c.longitude, c.latitude, c.radius + plan.buffer_metres) for c in plan.treated)
    table: dict[str, Any] = {
        "id": plan.id,
        "start": plan.start,
        "months": plan.months,
        "before_start": plan.start.replace(year=plan.start.year - 1),
        "rate_ratio": plan.rate_ratio,
        "displacement": 0.0,
        "treated": [vars(c) for c in plan.treated],
        "buffer": [{**vars(c), "inner_radius": i.radius} for c, i in zip(outer, plan.treated, strict=True)],
        "comparison": [vars(c) for c in plan.comparison],
    }
    treated = _inside(rows, plan.treated)
    areas = {
        "treated": treated,
        "buffer": _inside(rows, outer) & ~treated,
        "comparison": _inside(rows, plan.comparison),
    }
    for name, own in areas.items():
        for what, counted in (("", own), ("_incidents", own & rows["first"])):
            months = _monthly(rows[counted])
            table[f"{name}_before{what}"] = sum(months[-24:-12])
            table[f"{name}_after{what}"] = sum(months[-12:])
    return table


def _bursts(city: City, rows: pd.DataFrame) -> dict[str, Any]:
    """What several reports of one incident are: the design, and the means that were drawn."""
    planted = rows["origin"].isin([spot.id for spot in SPOTS])

    def mean(own: pd.DataFrame) -> float:
        return round(len(own) / max(int(own["first"].sum()), 1), 3)

    return {
        "mean": city.world.reports,
        "law": "geometric; one category, the first report and those around it",
        "metres": BURSTS.metres,
        "hours": BURSTS.hours,
        "straggling": BURSTS.straggling,
        "far_metres": BURSTS.far_metres,
        "far_hours": BURSTS.far_hours,
        "drawn": mean(rows),
        "drawn_at_hot_spots": mean(rows[planted]),
        "drawn_elsewhere": mean(rows[~planted]),
    }


def _inside(rows: pd.DataFrame, circles: Iterable[Circle]) -> np.ndarray:
    """Which coordinates that the export tells lie in one of the circles."""
    return np.any([circle.holds(rows["told_lon"], rows["told_lat"]) for circle in circles], axis=0)


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write the sample below the folder named on the command line, or below this package."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for path in write_sample(folder):
        print(path)


if __name__ == "__main__":
    main()
