"""Export formats: how a header is recognised, what its columns mean, how its values translate.

Public: `recognise`, `refuse`, `documentation`, `FORMATS`; `base` (`Layout`, `Recognition`). `guess` takes any table
that is of no known format.

What each format's headings mean stands in `known.toml`; here is what a table does not say: points and categories of
surveys, columns of yes and no.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from curim_data.formats import guess
from curim_data.formats.base import HeaderReader, Layout, Recognition, fold, is_name, unclaimed, values
from curim_data.formats.columns import GENDER_ROLES
from curim_data.formats.guess.category import nature_of_name, of_column
from curim_data.model import ImportProblem, Message, Status

CURIM: Final = "curim"


@dataclass(frozen=True)
class KnownFormat:
    """An export whose headings are known: its name, and what `known.toml` says of it."""

    name: str
    table: Mapping[str, Any]

    @property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """Values of the enum by folded spelling, by role."""
        words: Mapping[str, Mapping[str, Sequence[str]]] = self.table.get("words", {})
        return {
            role: {fold(word.replace("–", "-")): value for value, spelt in table.items() for word in spelt}
            for role, table in words.items()
        }

    def recognise(self, labels: Sequence[str], sample: pa.Table | None = None) -> Recognition:
        """Read a header and, where the names alone do not say enough, the first records (columns "0", "1", ...)."""
        header = HeaderReader(labels)
        if self.name == "fixmystreet" and all(
            header.has(heading) for heading in ("report_id", "update_id", "problem_state")
        ):
            return Recognition(
                Layout(self.name, {}),
                1.0,
                refused=Message(
                    "{name}: these are updates to FixMyStreet reports, not the reports: they have no place and no "
                    "category. Export the problems from the dashboard, not the updates, and import that file."
                ),
            )
        for role, given in self.table["roles"].items():
            headings = given if isinstance(given, list) else next(iter(given.values()))
            if isinstance(given, list) or "one" in given:
                header.give(role, *headings, only="one" in given)
            else:
                header.give_all(role, header.found(*headings), "first" if "first" in given else "value")
        special = _SPECIAL[self.name](header, sample, self.table) if self.name in _SPECIAL else {}
        for aside, headings in self.table.get("aside", {}).items():
            header.set_aside(aside, *headings)
        scores = [header.score(one["needed"], one["telling"]) for one in self.table.get("scores", ())]
        score = max(scores, default=0.0)
        told = ("kind", "nature", "longest", "utc", "skip_hxl", "app")
        layout = {name: self.table[name] for name in told if name in self.table}
        layout |= {"words": self.words, "separators": tuple(self.table.get("separators", ()))}
        return header.recognition(self.name, **{"score": score, **layout, **special})


def _curim(header: HeaderReader, sample: pa.Table | None, table: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """How sure a header is one of our own; letter case, blanks and the order of columns do not matter.

    Half as sure of a table that calls its date otherwise than this format and has columns that mean nothing to it:
    such a table is somebody else's, and who guesses makes more of it.
    """
    claims, own = header.roles, ("reported_at", "occurred_from")
    taken = {part.place for parts in claims.values() for part in parts}
    unused = any(unclaimed(label) == "unused" for place, label in enumerate(header.labels) if place not in taken)
    score = min(1.0, len(claims) / (6 if {"latitude", "longitude"} <= claims.keys() else 8))
    if "category" not in claims or claims.keys().isdisjoint(own):
        score = 0.0
    missing = () if "category" in claims else ("category",)
    return {"score": score / 2 if unused and not header.has(*own) else score, "needed": missing}


# Approved, verified. A report of Ushahidi that nobody has approved yet is not rejected: it waits for a moderator.
_BOTH: Final = {
    "yes|yes": Status.CONFIRMED,
    **dict.fromkeys(("no|yes", "yes|no", "no|no", "yes", "no"), Status.OPEN),
}


# How survey fields for categories are called, folded, in English, French, Spanish, German and Greek.
_TOPIC: Final = re.compile(r"(?:^|_)(?:categor|kategor|κατηγορ|tags?(?:_|$)|etiquet|ετικετ)")
_NUMBERED: Final = re.compile(r"\.\d+$")


def _ushahidi3(header: HeaderReader, sample: pa.Table | None, table: Mapping[str, Any]) -> dict[str, Any]:
    """Points of the surveys, the one that most posts fill first, and their categories by what the headings say."""
    ends: dict[str, list[int]] = {}
    pairs: list[tuple[int, int]] = []
    for place, folded in enumerate(header.folded):
        if folded.endswith(".lat"):
            ends.setdefault(folded.removesuffix(".lat"), []).append(place)
        elif folded.endswith(".lon") and ends.get(folded.removesuffix(".lon")):
            pairs.append((ends[folded.removesuffix(".lon")].pop(0), place))
    pairs.sort(key=lambda pair: (-len(values(sample, pair[0])), pair))
    header.give_all("latitude", [lat for lat, _ in pairs], "first")
    header.give_all("longitude", [lon for _, lon in pairs], "first")
    native = table["scores"][0]["telling"]
    topics = [
        at
        for at, folded in enumerate(header.folded)
        if folded not in native and _TOPIC.search(_NUMBERED.sub("", folded))
    ]
    header.give_all("category", topics or header.found("survey"))
    return {}


def _seeclickfix(header: HeaderReader, sample: pa.Table | None, table: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Let `rating` (people who want it fixed) give confirmations, where it holds numbers."""
    ratings = [value for place in header.found("rating")[:1] for value in values(sample, place)]
    if 2 * sum(bool(re.fullmatch(r"\d+(?:\.0+)?", value)) for value in ratings) >= len(ratings):
        header.give("confirmations", "rating")
    return {}


_FEWEST_FLAGS: Final = 4


def _safecity(header: HeaderReader, sample: pa.Table | None, table: Mapping[str, Any]) -> dict[str, Any]:
    """The spreadsheet with a column a category, or the list with a column of tags."""
    flags = _flags(header, sample, table["categories"])
    if header.has("tags"):
        header.give("occurred_from", "date")
        header.give("category", "tags")
        of_list = table["scores"][1]
        score = header.score(of_list["needed"], of_list["telling"])
        return {"score": score, "separators": (", ",), "missing": frozenset({"0"})}
    header.give("occurred_from", "date", part="date")
    header.give("occurred_from", "time", part="time")
    header.give_all("category", flags, "flag")
    return {"score": 0.0} if len(flags) < _FEWEST_FLAGS else {}


def _flags(header: HeaderReader, sample: pa.Table | None, categories: Sequence[str]) -> list[int]:
    """The columns of yes and no: those of known categories, and others between description and the groups.

    Kinds of categories were added over the years, so that place and values tell as much as the names.
    """
    known, labels = ([re.sub("[^a-z]", "", fold(one)) for one in some] for some in (categories, header.labels))
    flags = [place for place, label in enumerate(labels) if label in known]
    if len(flags) < _FEWEST_FLAGS:
        return flags
    first = max([at + 1 for at in header.found("description") if at < min(flags)], default=min(flags))
    groups = [
        at
        for at, folded in enumerate(header.folded)
        if re.search(r"(?:verbal|physical)(?:_abuse)?$", folded) and at > max(flags)
    ]
    between = range(first, min(groups, default=max(flags) + 1))
    seen = {place: {value.casefold() for value in values(sample, place)} for place in between}
    truth = {"0", "1", "0.0", "1.0", "yes", "no", "y", "n", "true", "false"}
    return sorted({*flags, *(place for place, texts in seen.items() if texts and texts <= truth)})


def _google_forms(header: HeaderReader, sample: pa.Table | None, table: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Known by its first column; the headings of the others are questions, of several words mostly."""
    asked = sum(" " in label.strip() for label in header.labels[1:])
    known = header.folded[0] in table["roles"]["reported_at"] and 2 * asked >= len(header.labels) - 1 > 0
    return {"score": float(known)}


_SPECIAL: Final[Mapping[str, Callable[[HeaderReader, pa.Table | None, Mapping[str, Any]], dict[str, Any]]]] = {
    CURIM: _curim,
    "ushahidi2": lambda header, *_: {
        "words": {"status": _BOTH if header.has("approved") else {"yes": Status.CONFIRMED, "no": Status.OPEN}}
    },
    "ushahidi3": _ushahidi3,
    "seeclickfix": _seeclickfix,
    "safecity": _safecity,
    "Google Forms": _google_forms,
}
_TABLES: Final = tomllib.loads(Path(__file__).with_name("known.toml").read_text("utf-8"))
APPS: Final = tuple(KnownFormat(name, table) for name, table in _TABLES.items() if table.get("app"))
FORMATS: Final = MappingProxyType(
    {name: KnownFormat(name, table) for name, table in _TABLES.items() if not table.get("app")}
)


def apps_of(folder: Path) -> tuple[KnownFormat, ...]:
    """The apps that a city describes in files of a folder, each as in `known.toml`.

    They come before those that everybody knows. ImportProblem where a file says something else: which, and what.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    for path in filter(Path.is_file, sorted(folder.glob("*.toml"))):
        from curim_data.formats import tables  # takes long to load, and few homes have such files

        found += tables.read(path.read_bytes(), tables.FORMATS, f"{folder.name}/{path.name}").items()
    return tuple(KnownFormat(name, table | {"app": True}) for name, table in found)


GUESSED: Final = "guessed"
MOST_SHOWN: Final = 40
ENOUGH: Final = 0.5


def recognise(
    labels: Sequence[str],
    sample: pa.Table | None = None,
    *,
    name: str = "",
    format: str | None = None,
    event: int | None = None,
    apps: Path | None = None,
) -> Recognition:
    """Tell what a header is: the format with the best score, or what can be guessed where none scores `ENOUGH`.

    Parameters
    ----------
    labels : sequence of str
        The headings, in the order of the file.
    sample : pyarrow.Table, optional
        The first records (text columns "0", "1", ...).
    name : str
        How messages call the file.
    format : str, optional
        The format that a person says it is ("guessed": none of them).
    event : int, optional
        The place of the column that says when it happened, where a person said so and the columns are guessed.
    apps : Path, optional
        The folder of `apps_of`; it is read where the file is of no known format.

    Raises
    ------
    ImportProblem
        Where `format` is not known, and as `apps_of`. Whether the result can be used is decided by `refuse`.
    """
    if format is not None and format not in FORMATS and format != GUESSED:
        raise ImportProblem(
            Message(
                "{name}: the format {format} is not known. Known formats: {known}.",
                {"name": name, "format": format, "known": ", ".join(sorted([*FORMATS, GUESSED]))},
            )
        )
    if format is not None and format != GUESSED:
        return FORMATS[format].recognise(labels, sample)
    if format is None:
        best = max((form.recognise(labels, sample) for form in FORMATS.values()), key=lambda found: found.score)
        if best.score >= ENOUGH:
            if best.layout.format in _SURVEYS:
                return _with_own_fields(best, labels, sample, event)
            anybodys = best.layout.format == CURIM and "more_categories" not in best.layout.roles
            return _as_its_category_is(best, labels, sample) if anybodys else best
    own = apps_of(apps) if apps is not None else ()
    known = [one for app in (*own, *APPS) if (one := app.recognise(labels, sample)).score >= ENOUGH]
    app = max(known, key=lambda one: one.score).layout if known else None
    guessed, nature = guess.recognise(labels, sample, event, app), nature_of_name(name)  # where no column shows it
    if guessed.layout.nature is not None or nature.kind is None or nature.why is None:
        return guessed
    notes = (nature.why, *guessed.layout.notes)
    return replace(guessed, layout=replace(guessed.layout, nature=nature.kind.value, notes=notes))


_SURVEYS: Final = ("ushahidi2", "ushahidi3")


def _with_own_fields(
    recognition: Recognition, labels: Sequence[str], sample: pa.Table | None, event: int | None
) -> Recognition:
    """The columns of a platform's export, and what the deployment itself asks: when it happened, genders, age; also its
    category, state and closing, where the platform's own column is the same in all rows.
    """
    layout = recognition.layout
    same = {
        role
        for role in ("category", "status")
        if sample is not None and role in layout.roles and len(sample.column(layout.place(role)).unique()) == 1
    }
    kept = {role: parts for role, parts in layout.roles.items() if role not in same}
    guessed = guess.recognise(labels, sample, event, replace(layout, roles=kept, unused=()))
    more = {
        role: guessed.layout.roles[role]
        for role in ("occurred_from", *GENDER_ROLES, "age_band", "category", "status", "resolved_at")
        if role in guessed.layout.roles and role not in kept
    }
    given = {part.place for parts in more.values() for part in parts}
    made = replace(
        layout,
        roles={**layout.roles, **more},
        unused=tuple(place for place in layout.unused if place not in given),
        text=tuple(place for place in layout.text if place not in given),
        guesses={role: guessed.layout.guesses[role] for role in more},
        words={**layout.words, **guessed.layout.words},
    )
    if "category" in more:
        names = guessed.layout
        made = replace(made, separators=names.separators, longest=names.longest, notes=names.notes)
    return replace(recognition, layout=made, events=guessed.events)


def _as_its_category_is(recognition: Recognition, labels: Sequence[str], sample: pa.Table | None) -> Recognition:
    """Marks that part several categories in one cell, and long names from a list, in a table with our headings.

    Headings such as "date, category, lat, lon" are anybody's, and so is what stands under them; not where further
    categories have a column of their own.
    """
    layout = recognition.layout
    found = of_column(labels, sample, layout.place("category"))
    if found is None:
        return recognition
    made = replace(layout, separators=found.separators, longest=found.longest, notes=found.notes)
    return replace(recognition, layout=made)


def refuse(recognition: Recognition, labels: Sequence[str], name: str) -> None:
    """Raise ImportProblem where a file so recognised cannot be imported; do nothing where it can."""
    if recognition.refused is not None:
        why = recognition.refused
        raise ImportProblem(Message(why.text, {**why.values, "name": name}))
    if recognition.doubled:
        role, doubled = next(iter(recognition.doubled.items()))
        raise ImportProblem(
            Message(
                "{name}: {n} columns claim to be {role} ({labels}). Keep one of them, or give the others another name.",
                {"name": name, "n": len(doubled), "role": role, "labels": ", ".join(doubled)},
            )
        )
    if not recognition.missing:
        return
    layout = recognition.layout
    if layout.format in FORMATS:
        why = Message(
            "{name}: this is no export that we know. For the format {format} these columns are missing: "
            "{missing}. {documentation} describes the format.",
            {"format": layout.format, "missing": ", ".join(recognition.missing)},
        )
    else:
        why = Message(
            "{name}: no column holds the dates of the alerts. These columns are there: {labels}. Say which of them "
            "holds the date, or add a column reported_at; {documentation} describes what is read.",
            {"labels": _shown(labels)},
        )
    documented = {"name": name, "documentation": documentation(layout.format)}
    raise ImportProblem(Message(why.text, {**why.values, **documented}))


def _shown(labels: Sequence[str]) -> str:
    """Headings for a message: a few, and none that cannot be one (a file without a header begins with a record)."""
    named = [label for label in labels if label and is_name(label)]
    return ", ".join([*named[:MOST_SHOWN], *(["..."] if len(named) > MOST_SHOWN else [])])


def documentation(name: str) -> str:
    """Where a format is described; how columns are guessed, for those and the ones that a person settled."""
    page = f"docs/formats/{name}.md" if name in FORMATS else "docs/formats/guessed.md"
    return "docs/curim-export.md" if name == CURIM else page
