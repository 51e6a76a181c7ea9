"""What every export format says of itself, and how a header is read by the headings that a format has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from curim_data.lexicon.words import fold as fold
from curim_data.model import Message

MOST_CHARACTERS: Final = 60
# What a spreadsheet may take for a formula or a command at the start of a cell.
STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
BLANKS: Final = " \u00a0\u2007\u202f\u200b\u2060\ufeff\u3000"
_BLANK, _START = ("".join(rf"\x{{{ord(sign):x}}}" for sign in signs) for signs in (BLANKS, "".join(STARTS)))
# A text before which `safe_cell` puts an apostrophe, as RE2 reads it (with `s`, so that a point is any character).
UNSAFE: Final = rf"([{_BLANK}]*[{_START}].*)$"


@dataclass(frozen=True)
class Part:
    """A column of the header (its place) and what it gives to a role.

    `value`: the whole of it; several values are joined by a bar. `date`, `time` (08:15, 815, 20.15, 8:15 PM) and
    `year`, `month`, `day`, `hour`, `minute`, `second`: parts of a date and time. `flag`: a column of yes or no whose
    heading is the value (one column for each category). `first`: the first of several columns that is filled.
    """

    place: int
    part: str = "value"


@dataclass(frozen=True)
class Guess:
    """How sure a role is (0 to 1), and why."""

    confidence: float
    reasons: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CellReading:
    """How the cells of a file are read, whichever columns they stand in.

    `words` maps, by role, folded spellings to values of the enum, before those that everybody shares (`lexicon`);
    `categories` maps folded names to ids of the city's tree, as a person answered; `separators` are the texts that
    separate several categories in one cell (`split_at`); `kind` is the kind of alerts whose category the city's tree
    does not hold; `nature` the kind of those for which the name of the category says none either, as the file's
    columns or its name show; `category` the category of a file without such a column; `missing` folded words that
    stand for an empty cell beyond the usual ones; `utc` says that times without offset are UTC; `skip_hxl` that a row
    of HXL tags (every filled cell begins with "#") may follow the header; `longest` how many characters a name of a
    category may have and not be taken for free text.
    """

    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    separators: tuple[str, ...] = ()
    kind: str | None = None
    nature: str | None = None
    category: str | None = None
    missing: frozenset[str] = frozenset()
    utc: bool = False
    skip_hxl: bool = False
    longest: int = MOST_CHARACTERS


@dataclass(frozen=True)
class Layout(CellReading):
    """What a format makes of a header.

    `roles` maps a column of `alert.TOLD`, or `x`, `y` (projected metres) or `point` (both coordinates in one text), to
    the columns that give it. `personal` and `text` are places dropped at import and named; `unused` are places that
    mean nothing. What has no role is kept nowhere. `guesses` says how sure each role is where it was guessed;
    `findings` what a reader should know of how the columns were chosen, `notes` of how the rest was found; `warnings`
    what makes the alerts of the file wrong as they are. `genders`: columns that may hold a gender and have no role,
    each with its values in the first records and their counts.
    """

    format: str
    roles: Mapping[str, tuple[Part, ...]]
    personal: tuple[int, ...] = ()
    text: tuple[int, ...] = ()
    unused: tuple[int, ...] = ()
    guesses: Mapping[str, Guess] = field(default_factory=dict)
    findings: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()
    warnings: tuple[Message, ...] = ()
    genders: tuple[tuple[int, tuple[tuple[str, int], ...]], ...] = ()

    def place(self, role: str) -> int:
        """The first column that gives a role."""
        return self.roles[role][0].place

    @property
    def places(self) -> tuple[int, ...]:
        """Every column that gives something, in the order of the header."""
        return tuple(sorted({part.place for parts in self.roles.values() for part in parts}))


@dataclass(frozen=True)
class EventCandidate:
    """A column that may say when it happened: its place, its first dates as they stand, with their times.

    `hours`: how many of the first records fall into each of the 24 hours; nothing where no time is known.
    """

    place: int
    rows: tuple[str, ...]
    hours: tuple[int, ...] = ()


@dataclass(frozen=True)
class CountedRows:
    """A column that says how many events a row stands for: its place, and how many the first rows say (`rows`)."""

    place: int
    events: int
    rows: int


@dataclass(frozen=True)
class Recognition:
    """How far a file is the format's.

    `score`: 0 (not at all) to 1 (certainly); `missing`: roles without which it cannot be read; `doubled`: roles
    claimed by several columns; `events`: columns of which a person must say which is the date of the event, the first
    being the one that was taken; `refused`: why such a file cannot be imported although it is known
    (its `{name}` is filled by the one who raises it); `counted`: a column that says how many events a row stands for.
    """

    layout: Layout
    score: float = 0.0
    missing: tuple[str, ...] = ()
    doubled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: Message | None = None
    events: tuple[EventCandidate, ...] = ()
    counted: CountedRows | None = None


PERSONAL_WORDS = frozenset(
    {"name", "surname", "firstname", "lastname", "fullname", "username", "user", "contact", "passport", "afm", "amka"}
    | {"phone", "telephone", "tel", "mobile", "email", "mail", "device", "imei", "ip", "birth", "birthdate"}
    | {"ονομα", "επωνυμο", "ονοματεπωνυμο", "τηλεφωνο", "κινητο", "συσκευη", "γεννησησ"}
    | {"nom", "prenom", "portable", "courriel", "appareil", "naissance"}
)


def is_personal(label: str) -> bool:
    """Whether a header looks like one that names a person or a device."""
    folded = fold(label)
    return folded in PERSONAL_WORDS or bool(PERSONAL_WORDS.intersection(folded.split("_")))


TEXT_WORDS = frozenset(
    {"description", "descriptions", "comment", "comments", "note", "notes", "remark", "remarks", "text", "freetext"}
    | {"message", "messages", "details", "detail", "narrative", "story", "statement", "feedback", "memo", "observation"}
    | {"observations", "title", "subject", "summary", "body", "address", "street", "postcode", "photo", "image", "url"}
    | {"περιγραφη", "περιγραφεσ", "σχολιο", "σχολια", "σημειωση", "σημειωσεισ", "παρατηρηση", "παρατηρησεισ", "κειμενο"}
    | {"μηνυμα", "μηνυματα", "λεπτομερεια", "λεπτομερειεσ", "μαρτυρια", "καταθεση", "τιτλοσ", "θεμα", "διευθυνση"}
    | {"διευθυνσεισ", "οδοσ", "φωτογραφια", "εικονα", "ιστορικο"}
    | {
        "commentaire",
        "commentaires",
        "remarque",
        "remarques",
        "texte",
        "recit",
        "temoignage",
        "titre",
        "objet",
        "sujet",
    }
    | {"resume", "precisions", "adresse", "rue", "photographie"}
)


def is_text(label: str) -> bool:
    """Whether a header looks like one of free text, an address or a picture."""
    return not TEXT_WORDS.isdisjoint(fold(label).split("_"))


KEPT: Final = "\ue010"  # of the private use area, as are the letters from `_FIRST` on
_FIRST: Final = 0xE100


def split_at(text: str, mark: str) -> list[str]:
    """Split a text at a mark that does not stand within brackets: "Noise (music, shouting), Litter".

    After the mark may stand names that hold it, each after `KEPT`: these are not split.
    """
    mark, *names = mark.split(KEPT)
    for at, name in enumerate(names):
        text = text.replace(name, KEPT + chr(_FIRST + at))
    parts = re.split(outside_brackets(mark), text) if "(" in text else text.split(mark)
    for at, name in enumerate(names):
        parts = [part.replace(KEPT + chr(_FIRST + at), name) for part in parts]
    return parts


def outside_brackets(mark: str) -> str:
    """The pattern of a mark that does not stand within brackets."""
    return rf"{re.escape(mark)}(?![^()]*\))"


def is_name(text: str, longest: int = MOST_CHARACTERS) -> bool:
    """Whether a text can be the name of a category, and not a sentence, a telephone number or an address for mail."""
    return len(text) <= longest and "@" not in text and not re.search(r"\d(?:[ .\-]?\d){5,}", text)


class HeaderReader:
    """A header while a format reads it: the headings it holds, folded, and what each was taken for.

    A heading is taken once. What no heading claims is sorted at the end by its words: persons and devices, free text,
    the rest.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels: Final = tuple(labels)
        self.folded: Final = tuple(fold(label) for label in labels)
        self.roles: dict[str, tuple[Part, ...]] = {}
        self._doubled: dict[str, tuple[str, ...]] = {}
        self._aside: dict[int, str] = {}

    def has(self, *headings: str) -> bool:
        """Whether one of these headings is there."""
        return not set(headings).isdisjoint(self.folded)

    def score(self, needed: Iterable[Sequence[str]], distinctive: Iterable[str]) -> float:
        """The share of distinctive headings that is there; 0 where a needed one (each with its spellings) is not."""
        if not all(self.has(*spellings) for spellings in needed):
            return 0.0
        there = [self.has(heading) for heading in distinctive]
        return sum(there) / len(there)

    def give(self, role: str, *headings: str, part: str = "value", only: bool = False) -> None:
        """Let the first of these headings that is there give a role; two columns of it are one too many, or of any of
        these headings where there should be `only` one."""
        for places in [self.found(*headings)] if only else map(self.found, headings):
            if places:
                self.roles[role] = (*self.roles.get(role, ()), Part(places[0], part))
                if len(places) > 1:
                    self._doubled[role] = tuple(self.labels[place] for place in places)
                return

    def give_all(self, role: str, places: Sequence[int], part: str = "value") -> None:
        """Let all of these columns give a role together; as "first", the first of them that is filled."""
        if places:
            part = "value" if part == "first" and len(places) == 1 else part
            self.roles[role] = tuple(Part(place, part) for place in places)

    def found(self, *headings: str) -> list[int]:
        """The columns of these headings ("media.*": of those that begin so; "_id": written so), in their order."""
        return [
            place
            for heading in headings
            for place, folded in enumerate(self.folded)
            if heading in (folded, self.labels[place].strip().lower())
            or (heading.endswith("*") and folded.startswith(heading[:-1]))
        ]

    def set_aside(self, aside: str, *headings: str) -> None:
        """Name columns as "personal", "text" or "unused", by their headings or the beginning of them ("media.*")."""
        for place in self.found(*headings):
            self._aside.setdefault(place, aside)

    def recognition(
        self, name: str, score: float, *, needed: tuple[str, ...] = (), app: bool = False, **more: Any
    ) -> Recognition:
        """What was made of the header; `more` goes to the `Layout`. Without a date, or what is `needed`, it cannot be
        used. Of an `app` other columns are neither text nor personal nor unused: they are guessed."""
        for role, heading in {"latitude": "geometry.latitude", "longitude": "geometry.longitude"}.items():
            if role not in self.roles:
                self.give(role, heading)
        taken = {part.place for parts in self.roles.values() for part in parts}
        bins: dict[str, list[int]] = {"personal": [], "text": [], "unused": []}
        for place, label in enumerate(self.labels):
            if place not in taken and (place in self._aside or not app):
                words = label.replace(".", " ").replace("?", " ")
                bins[self._aside.get(place) or unclaimed(words)].append(place)
        dated = not {"reported_at", "occurred_from"}.isdisjoint(self.roles)
        return Recognition(
            Layout(name, self.roles, tuple(bins["personal"]), tuple(bins["text"]), tuple(bins["unused"]), **more),
            score,
            (*(() if dated else ("reported_at",)), *needed),
            self._doubled,
        )


def unclaimed(label: str) -> str:
    """What a heading that no format claims is by its words: "personal", "text" or "unused"."""
    return "personal" if is_personal(label) else "text" if is_text(label) else "unused"


def values(sample: pa.Table | None, place: int) -> list[str]:
    """The filled cells of a column of the first records, without blanks around them."""
    if sample is None:
        return []
    cells = pc.utf8_trim_whitespace(sample.column(str(place)))
    return [cell for cell in cells.to_pylist() if cell]
