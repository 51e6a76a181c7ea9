"""A column as the guessing mapper sees it: what the words of its heading say, in twelve languages and in the
abbreviations of police exports, and what its values look like, judged by the first records.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Final

import pyarrow as pa

from curim_data.formats.base import KEPT, Guess, Part, fold, is_name, is_personal, is_text, split_at
from curim_data.formats.columns import COUNTED
from curim_data.lexicon import MISSING, WORDS, age_band, gender_parts, gender_words, scale_step, state_of
from curim_data.lexicon.times import CLOCK, COMPACT, MIDNIGHT, date_fields, hour_of_span, month_of
from curim_data.model import Message, Num

_WORDS: Final = tomllib.loads(Path(__file__).with_name("headings.toml").read_text("utf-8"))


@cache
def concept(*names: str) -> frozenset[str]:
    """The folded words, out of `headings.toml`, that say any of these concepts in a heading."""
    words = [word for name in names for word in _WORDS[name].split()]
    plain = frozenset(fold(word) for word in words if not word.startswith("+"))
    return plain.union(*(concept(word[1:]) for word in words if word.startswith("+")))


UNNAMED: Final = 0.3
# What a date can be of, the first that is found: the words of each stage of a case.
STAGES: Final = {
    "other": concept("other_date"),
    "resolved_at": concept("closed"),
    "reported_at": concept("reported"),
    "occurred_from": concept("occurred"),
}


_KNOWN: Final = concept("when", "start", "end", "occurred", "reported", "closed", "other_date", "joining")
_SUFFIXES: Final = (
    *("zeitpunkt", "datum", "zeit", "nummer", "geschlecht", "alter", "koordinate", "kategorie"),
    *("anlass", "grund", "stichwort"),
)
_LONGITUDES: Final = frozenset({"lon", "lng", "long"})


@dataclass(frozen=True)
class Heading:
    """A label and its words, folded; `words` keeps their order."""

    label: str
    words: tuple[str, ...]

    def has(self, *names: str) -> bool:
        """Whether it holds a word of one of these concepts."""
        return not concept(*names).isdisjoint(self.words)

    def only(self, *names: str) -> bool:
        """Whether it holds words and every one is of one of these concepts."""
        return bool(self.words) and concept(*names).issuperset(self.words)


LONGEST_LABEL: Final = 500
# "Melder (m/v)", "victime (H/F)": letters of women and men after whose they are.
# "body/datum/nl": what a platform files an answer under, the answer, and its language.
_ANSWER: Final = re.compile(r"(?:body/)?([^/\s][^/]*)/[a-z]{2}")
_LETTERS_OF_GENDERS: Final = r"(?i)\(?\b([mhwvfkαγ])/(?!\1)[mhwvfkαγ](?:/[dx])?\b\)?"


def read_heading(label: str) -> Heading:
    """Split a label at blanks, marks, underscores, before capitals and before the known ends of German compounds; and
    off whose gender or age it is ("SEXOVICTIMA", "ΦΥΛΟΘΥΜΑΤΟΣ").

    Of a long one the beginning is read, and a piece that is longer than any word stays as it is.
    """
    written, label = label, label.strip()[:LONGEST_LABEL]
    label = re.sub(_LETTERS_OF_GENDERS, " gender ", _ANSWER.sub(r"\1", label) if _ANSWER.fullmatch(label) else label)
    apart = re.sub(r"(?<=[a-zα-ω0-9])(?=[A-ZΑ-Ω])|(?<=[A-Z])(?=[A-Z][a-z])", " ", label)
    pieces = re.findall(r"[^\W_]+", fold(apart))
    what, whose, words = concept("sex", "age"), concept("victim", "reporter", "suspect"), list[str]()
    for piece in pieces:
        if len(piece) > 60:
            words.append(piece)
        elif parts := split_compound(piece) or _glued(piece, what, whose) or _glued(piece, whose, what):
            words += parts
        else:
            ending = next((end for end in _SUFFIXES if piece.endswith(end) and len(piece) > len(end) + 1), None)
            whole = ending is None or piece in concept("time", "age")
            words += (piece,) if whole or ending is None else (piece.removesuffix(ending), ending)
    if "lat" in words and not _LONGITUDES.isdisjoint(words):
        words = ["latlon", *(word for word in words if word not in {"lat", *_LONGITUDES})]
    if words and words[0].startswith(("koord", "coord")):  # "Koord. E (LV95)"; elsewhere N is a number
        words = [{"e": "easting", "n": "northing"}.get(word, word) for word in words]
    return Heading(written, tuple(words))


_SMALL: Final = (*concept("joining"), "τησ", "του", "dela", "")  # what may stand between two words that are one


@cache
def _glued(piece: str, firsts: frozenset[str], seconds: frozenset[str]) -> tuple[str, ...]:
    """The two known words of a heading in one word ("TIPODELITO", "victimsex"), with no more than a word that joins
    them between; the longest first word counts. Empty where it is none.
    """
    for cut in range(len(piece) - 3, 2, -1):
        first, rest = piece[:cut], piece[cut:]
        lasts = {rest.removeprefix(small) for small in _SMALL if rest.startswith(small)} & seconds
        if first in firsts and lasts:
            return first, max(lasts, key=len)
    return ()


def names_victim(head: Heading) -> bool:
    """Whether a heading names a person who suffered; "affected area" names none, "affected person's sex" does."""
    if not (concept("victim") - concept("affected")).isdisjoint(head.words):
        return True
    return head.has("affected") and (head.only("affected") or head.has("sex", "age", "person"))


def says_date(head: Heading) -> bool:
    """Whether it speaks of a date; "data" is one in Italian and Portuguese, and none beside English words for data."""
    words = set(head.words) & concept("date")
    return bool(words - {"data"}) or ("data" in words and head.words != ("data", "id") and not head.has("about_data"))


def names_person(head: Heading) -> bool:
    """Whether a heading names a person, a way to reach one, a device or a vehicle; "agency name" does not."""
    if head.has("sex", "age"):
        return False
    if "by" in head.words and head.has("reported"):
        return True
    words = head.words
    if head.has("thing", "event", "category", "type", "month", "day") and not head.has("reporter", "victim", "suspect"):
        words = tuple(word for word in words if word not in concept("name"))
    return (
        not concept("personal").isdisjoint(words)
        or is_personal(" ".join(words))
        or (words == head.words and is_personal(head.label))
    )


def names_text(head: Heading) -> bool:
    """Whether a heading names free text, an address, a picture or a link."""
    return head.has("text") or is_text(head.label) or is_text(" ".join(head.words))


def date_role(head: Heading) -> str:
    """What a date or a time is of: "other", "resolved_at", "occurred_to", "reported_at", "occurred_from" or "plain".

    Words that are cut short ("DT_OCOR", "fec. den.") count where they begin words of one stage only.
    """
    starts, ends = _marks(head, concept("start")), _marks(head, concept("end"))
    stages = {stage for stage, words in STAGES.items() if not words.isdisjoint(head.words)}
    if not stages:
        known = concept("when", "start", "end", "joining")
        stages = {stage for word in head.words if word not in known and (stage := _stage_of_beginning(word))}
    last = "other" if stages == {"reported_at"} else "occurred_to"
    roles = (
        ("other", "other" in stages),
        ("resolved_at", "resolved_at" in stages),
        (last, ends and not starts),
        ("reported_at", "reported_at" in stages and not starts),
        ("occurred_from", "occurred_from" in stages or starts),
    )
    return next((role for role, said in roles if said), "plain")


def begins(head: Heading) -> bool:
    """Whether a heading says that something began ("from", "inicio", "von")."""
    return bool(_marks(head, concept("start")))


def clearness(head: Heading) -> float:
    """How clearly a heading says what its dates are of: 0 to 1; `UNNAMED` where it does not even say that it is one."""
    role = date_role(head)
    if role == "plain":
        return 0.65 if says_date(head) or head.has("month") else UNNAMED
    strong = {"reported_at": "strongly_reported", "occurred_from": "occurred"}
    return 0.97 if role in strong and head.has(strong[role]) else 0.9


def _marks(head: Heading, marks: frozenset[str]) -> set[str]:
    """The words that begin or end a span; one that also joins words does so only last, or before a date or a time."""
    return {
        word
        for word, after in zip_longest(head.words, head.words[1:])
        if word in marks and (word not in concept("between") or not after or after in concept("when"))
    }


@cache
def _stage_of_beginning(word: str) -> str:
    """The only stage of which some words begin with these three letters or more; "" where there is none or several."""
    if len(word) < 3 or word in concept("no_beginning"):
        return ""
    stages = {stage for stage, words in STAGES.items() if any(one.startswith(word) for one in words)}
    return stages.pop() if len(stages) == 1 else ""


@cache
def split_compound(piece: str) -> tuple[str, ...]:
    """Split a word that is written as one ("dataocorrencia", "horahecho", "tatuhrzeit") into the words it is made of.

    Every letter must belong to a known word of dates, and one of the words say "date", "time" or a unit of these, or
    all be of one stage ("meldeeingang"); at one side of that word the beginning of a word of one stage is enough
    ("dtocor", "regdate"). Empty where it is one word, or none of dates.
    """
    if len(piece) < 5 or piece in _KNOWN:
        return ()
    whole = _segments(piece)
    if whole and (not concept("when").isdisjoint(whole) or any(words.issuperset(whole) for words in STAGES.values())):
        return whole
    for when in sorted(concept("when"), key=len, reverse=True):
        before, after = piece.removesuffix(when), piece.removeprefix(when)
        if after != piece and _stage_of_beginning(after):
            return (when, after)
        if before != piece and len(when) > 3 and _stage_of_beginning(before):
            return (before, when)
    return ()


@cache
def _segments(text: str) -> tuple[str, ...]:
    """The fewest known words that make up a text, none where it cannot be made of them; two letters only at an end."""
    if text in _KNOWN:
        return (text,)
    best: tuple[str, ...] = ()
    for cut in range(2, len(text) - 1):
        first = text[:cut]
        if first not in _KNOWN and first not in concept("joining"):
            continue
        rest = _segments(text[cut:]) or (_segments(text[cut + 1 :]) if text[cut] == "s" else ())
        if rest and rest[-1] not in concept("joining") and (not best or len(rest) + 1 < len(best)):
            best = (first, *rest)
    return best


def category_score(head: Heading) -> float:
    """How clearly a heading names the kind of event: 0 (not) to 1."""
    if says_date(head) or head.has("not_category", "sex", "suspect", "sub"):
        return 0.0
    known = concept("category", "type", "event", "described")
    if len(head.words) == 1 and head.words[0] not in known and (words := _glued(head.words[0], known, known)):
        head = Heading(head.label, words)
    event, described = head.has("event"), head.has("described")
    scores = (
        (0.4 if event and head.has("code_of_kind") else 0.0, head.has("coded") and not described),
        (0.9 if len(head.words) > 1 else 0.97, head.has("category")),
        (0.95, event and head.has("type")),
        (0.92, event and described),
        (0.85, head.only("event")),
        (0.7, head.only("type") or "tags" in head.words),
        (0.5, head.only("described") and "descriptor" in head.words),
    )
    return next((score for score, said in scores if said), 0.0)


def names_topic(head: Heading) -> bool:
    """Whether a heading says what a report is about, and not why it was closed."""
    return (head.has("topic") or (head.has("what") and head.has("occurred"))) and not head.has(
        "closed", "status", "not_category"
    )


def identity_score(head: Heading) -> float:
    """How clearly a heading names the number of a case: 0 (not) to 1."""
    if re.match(r"^\W*(?:#|n[°º.]?|[αa]\W[αa]\W?)\W*$", fold(head.label)):
        return 0.3
    if not head.has("identity") or head.has("not_identity") or says_date(head) or "unnamed" in head.words:
        return 0.0
    scores = (
        (0.95, head.has("event", "clearly_identity") or head.words == ("id",)),
        (0.3, head.only("number")),
        (0.8, len(head.words) == 1),
    )
    return next((score for score, said in scores if said), 0.0)


_NUMBER: Final = re.compile(r"[+\-]?\d+(?:[.,]\d+)?")
_GROUPED: Final = re.compile(r"[+\-]?\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d+)?")
_MARKED: Final = re.compile(r"[+\-]?\d{1,3}(?:[.,]\d{3}){3,}")
_LETTERS: Final = frozenset("mfwhvdxuα")
_GENDERS: Final = WORDS["affected_gender"]
_CODE: Final = re.compile(r"(?=.*\d)(?=.*[^\W\d_]|.*\d[/\-]\d)[{]?\w[\w\-/#.]{2,39}[}]?")
_MANY_ROWS: Final = 40
_NEARLY_ALL: Final = 0.98


@dataclass(frozen=True)
class Values:
    """The texts of a column that are not empty and no word for an empty cell."""

    texts: tuple[str, ...]
    size: int = 0
    _shares: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    @property
    def given(self) -> int:
        """How many there are."""
        return len(self.texts)

    @property
    def fill(self) -> float:
        """Which share of the records has one."""
        return self.given / self.size if self.size else 0.0

    @cached_property
    def distinct(self) -> frozenset[str]:
        """The different texts."""
        return frozenset(self.texts)

    def split(self, mark: str) -> Values:
        """The single names where a mark parts several in one text."""
        parts = [part.strip() for text in self.texts for part in split_at(text, mark) if part.strip()]
        return Values(tuple(parts), len(parts))

    def share(self, test: Callable[[str], object]) -> float:
        """Share of the values that pass a test; 0 where there are none."""
        if not self.texts:
            return 0.0
        passed = {text for text in self.distinct if test(text)}
        return sum(text in passed for text in self.texts) / self.given

    def share_of(self, kind: str) -> float:
        """Share of the values that can be of a kind, such as dates, times or names (`_TESTS`)."""
        if kind not in self._shares:
            self._shares[kind] = self.share(_TESTS[kind])
        return self._shares[kind]

    @cached_property
    def counted_dates(self) -> str:
        """Whether all are numbers that count days (a spreadsheet's), seconds or milliseconds (since 1970): which, ""
        where they do not."""
        return next((form for form, (low, high) in COUNTED.items() if self.between(low, high) == 1), "")

    @property
    def mangled(self) -> bool:
        """Whether a spreadsheet put marks for thousands into most numbers, so that no decimal mark can be known."""
        return self.share(_MARKED.fullmatch) >= 0.5

    @cached_property
    def tells_the_time(self) -> bool:
        """Whether dates carry a time of day that is not always midnight."""
        return any("hour" in date_fields(text) and not re.search(MIDNIGHT, text) for text in self.distinct)

    def between(self, low: float, high: float) -> float:
        """Share of whole or decimal numbers of a range, its ends included."""
        return self.share(lambda text: (number := _number(text)) is not None and low <= number <= high)

    def degrees_up_to(self, limit: float) -> float:
        """Share of degrees between -limit and limit, also of those into which a spreadsheet put marks (37.945.123)."""
        return self.share(lambda text: abs(_degrees(text)) <= limit)

    def of_women_and_men(self, label: str) -> bool:
        """Whether nearly all are genders, women and men among them; letters are read as those of a whole column."""
        words = gender_words(self.distinct, label)
        parts = {one for text in self.distinct for one in gender_parts(text)}
        return self.share_of("genders") >= 0.9 and {"woman", "man"} <= {words.get(one) for one in parts}

    @cached_property
    def spelt_genders(self) -> float:
        """Share of whole words that stand for a gender; 0 where none is a woman or a man."""
        meant = {_GENDERS.get(fold(text)) for text in self.distinct if len(text) > 2}
        return self.share(lambda text: len(text) > 2 and fold(text) in _GENDERS) if meant & {"woman", "man"} else 0.0

    @property
    def spread(self) -> float:
        """Share of different texts among those given."""
        return len(self.distinct) / self.given if self.given else 0.0

    @cached_property
    def counts_rows(self) -> bool:
        """Whether they number the rows of the file, from 0 or 1 on: the next file numbers its own so."""
        ends = [int(found[0]) if (found := re.search(r"\d{1,18}$", text)) else -1 for text in self.texts]
        steps = sum(after == before + 1 for before, after in pairwise(ends))
        return bool(ends) and ends[0] in (0, 1) and steps >= _NEARLY_ALL * (self.size - 1) > 0

    @cached_property
    def name_rows(self) -> bool:
        """Whether they can be the numbers of cases: given, different, and either codes of one length, or of one form
        (letters, digits, marks), or whole numbers that rise or fall with the rows.
        """
        if self.given < _MANY_ROWS or min(self.fill, self.spread) < _NEARLY_ALL or self.share_of("dates") >= 0.5:
            return False
        numbers = [int(text) for text in self.texts if re.fullmatch(r"\d{1,18}", text)]
        if len(numbers) >= _NEARLY_ALL * self.given:
            steps = [after - before for before, after in pairwise(numbers)]
            one_way = max(sum(step > 0 for step in steps), sum(step < 0 for step in steps))
            return one_way >= _NEARLY_ALL * len(steps)
        shapes = (len, lambda text: re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text)))
        alike = max(Counter(map(shape, self.texts)).most_common(1)[0][1] for shape in shapes)
        return alike >= _NEARLY_ALL * self.given and self.share(_CODE.fullmatch) >= _NEARLY_ALL

    @cached_property
    def bounded(self) -> bool:
        """Whether few different values come again and again (a small sample cannot tell and passes)."""
        return self.given < 20 or len(self.distinct) <= max(15, 0.4 * self.given)


def values_of(texts: Iterable[str]) -> Values:
    """The values of a column, blanks around them cut off; the beginning of long ones tells what they are."""
    trimmed = [text[:2_000].strip() for text in texts]
    return Values(tuple(text for text in trimmed if fold(text) not in MISSING), len(trimmed))


_BOTH_PLACES: Final = 0.3  # of the parts of cells; of three that are always in one order it is a third
BLANK: Final = " "
_TIED: Final = 3  # different cells
LISTED: Final = 0.9
MARKS: Final = ("|", ";", "\n", " / ", "/", " - ", " – ", " — ", " + ", " & ", ",")


def plain(separators: Iterable[str]) -> list[str]:
    """The marks alone, without names that hold them."""
    return [separator.split(KEPT)[0] for separator in separators]


def separators_of(values: Values) -> tuple[str, ...]:
    """The marks that part several names in one cell, those that stand in most cells first.

    A mark parts names where these recur without each other: in most of the cells that hold it every part stands alone
    in other cells, or beside other parts, and most of all parts do. So "Noise / Litter" holds two, and
    "FURTO - VEÍCULO" is one name. Blanks part them where each word of nearly all cells stands alone in other cells.
    """
    found: list[str] = []
    texts = values.distinct
    if _parted_by_blanks(texts):
        return (BLANK,)
    while counts := {mark: n for mark in MARKS if mark not in plain(found) and (n := _parted(texts, mark))}:
        found.append(_with_names(texts, max(counts, key=lambda mark: counts[mark])))
        texts = frozenset(part.strip() for text in texts for part in split_at(text, found[-1]) if part.strip())
    return tuple(found)


def _with_names(texts: Iterable[str], mark: str) -> str:
    """The mark with the names that hold it: pieces that never stand but beside each other, in this order."""
    cells = {text: [part.strip() for part in split_at(text, mark)] for text in texts}
    alone = Counter(part for cell in cells.values() for part in cell)
    beside = Counter(pair for cell in cells.values() for pair in pairwise(cell))
    tied = {(one, other) for (one, other), n in beside.items() if n == alone[one] == alone[other] >= _TIED}
    names = set()
    for text, cell in cells.items():
        starts = [0, *(at for at, pair in enumerate(pairwise(cell), 1) if pair not in tied), len(cell)]
        runs = [cell[start:end] for start, end in pairwise(starts) if end > start + 1]
        patterns = (rf"\s*{re.escape(mark)}\s*".join(map(re.escape, run)) for run in runs)
        names |= {found[0] for pattern in patterns if (found := re.search(pattern, text))}
    return KEPT.join([mark, *sorted(names, key=len, reverse=True)])


def _parted_by_blanks(texts: frozenset[str]) -> bool:
    """Whether cells are lists of words, as survey forms write several answers: "theft poor_lighting", "theft"."""
    cells = [text.split() for text in texts]
    alone = {parts[0] for parts in cells if len(parts) == 1}
    several = [parts for parts in cells if len(parts) > 1]
    listed = sum(alone.issuperset(parts) for parts in several)
    return len(alone) > 2 < len(several) and listed >= LISTED * len(several)


def _parted(texts: frozenset[str], mark: str) -> int:
    """How many different cells a mark parts into names that recur without each other, 0 where it parts none."""
    cells = {text: [part.strip() for part in split_at(text, mark) if part.strip()] for text in texts if mark in text}
    several = {text: [fold(part) for part in parts] for text, parts in cells.items() if len(parts) > 1}
    alone = {fold(text.strip(mark + " ")) for text in texts if text not in several}
    parts = {part for found in several.values() for part in found}
    for known in (alone, alone | _recombined(several.values())):
        whole = sum(known.issuperset(found) for found in several.values())
        if several and len(parts & known) >= 0.7 * len(parts) and whole >= 0.6 * len(several):
            return whole
    return 0


def _recombined(cells: Iterable[Sequence[str]]) -> set[str]:
    """The parts that stand beside two other ones or more, in one cell or another.

    A kind and what it concerns ("theft - vehicle", "theft - home", "damage - home") recur as well, each always in its
    own place; so some of the parts must come first in one cell and later in another.
    """
    beside: dict[str, set[str]] = {}
    first: set[str] = set()
    later: set[str] = set()
    for parts in cells:
        first.add(parts[0])
        later.update(parts[1:])
        for part in parts:
            beside.setdefault(part, set()).update(set(parts) - {part})
    free = len(first & later) >= _BOTH_PLACES * len(first | later)
    return {part for part, others in beside.items() if len(others) > 1} if free else set()


def _number(text: str) -> float | None:
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def _degrees(text: str) -> float:
    """A number of degrees; NaN where it is none. Of several points the first is the decimal mark."""
    whole, *rest = text.split(".")
    number = _number(f"{whole}.{''.join(rest)}" if len(rest) > 1 and _GROUPED.fullmatch(text) else text)
    return math.nan if number is None else number


HEADING: Final = Message("The heading says so")
FITS: Final = Message("{share} % of the values fit")
SAMPLED_ROWS: Final = 2_000
SURE: Final = 0.7
CONFIRMED: Final = 0.9


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the header: its place, its heading, what stands in it, and its texts as they stand."""

    place: int
    head: Heading
    values: Values
    texts: tuple[str, ...]


def column_of(labels: Sequence[str], sample: pa.Table | None, place: int) -> Column:
    """The column at a place, with the values of the first records where there are any."""
    texts: list[str] = []
    if sample is not None and str(place) in sample.column_names:
        texts = [text or "" for text in sample.column(str(place)).slice(0, SAMPLED_ROWS).to_pylist()]
    return Column(place, read_heading(labels[place]), values_of(texts), tuple(texts))


def percent(share: float) -> dict[str, Num]:
    """A share to fill `{share} %`."""
    return {"share": Num(100 * share, 0)}


def guess(name: float, share: float | None, *reasons: Message) -> Guess:
    """How sure a role is: the heading's word, lowered where no value confirms it, joined with the values' share; sure
    only where nearly all values confirm it."""
    confidence = 0.7 * name if share is None else 0.6 * name + 0.4 * share
    return Guess(round(confidence if (share or 0) >= CONFIRMED else min(confidence, SURE - 0.01), 2), reasons)


@dataclass
class Guesses:
    """What is known so far; a column that was taken gives nothing else."""

    columns: tuple[Column, ...]
    roles: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    guesses: dict[str, Guess] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    words: dict[str, dict[str, str]] = field(default_factory=dict)

    def free(self) -> list[Column]:
        """The columns that nothing has taken."""
        return [column for column in self.columns if column.place not in self.taken]

    def take(self, role: str, why: Guess, *parts: Part) -> None:
        """Let columns give a role."""
        self.roles[role], self.guesses[role] = parts, why
        self.taken |= {part.place for part in parts}

    def give(
        self,
        role: str,
        column: Column,
        clear: float,
        share: float,
        *more: Message,
        headed: bool = True,
    ) -> None:
        """The same of one column, where the heading says so as clearly as `clear` (unless it is not `headed`), and this
        `share` of the values fits, if there are any; `more` are further reasons.
        """
        given = bool(column.values.given)
        fits = [Message(FITS.text, percent(share))] if given else []
        why = guess(clear, share if given else None, *([HEADING] if headed else []), *fits, *more)
        self.take(role, why, Part(column.place))


# What values can be, each with its test (`Values.share_of`).
_TESTS: Final[Mapping[str, Callable[[str], object]]] = {
    # Dates, whatever their form.
    "dates": date_fields,
    # Names of months in seven languages, and of their abbreviations.
    "months": month_of,
    # Dates such as 20200131.
    "compact_dates": COMPACT.fullmatch,
    # Times of day with a mark between hours and minutes.
    "times": CLOCK.fullmatch,
    # Hours that are written with their end (22-23).
    "hour_spans": lambda text: hour_of_span(text) is not None,
    # Integers that can be a time such as 815, 2230 or 221500.
    "hhmm": re.compile(r"(?:(?:[01]?\d|2[0-3])?[0-5]\d|\d|(?:[01]?\d|2[0-3])[0-5]\d[0-5]\d)(?:\.0+)?").fullmatch,
    # Whole numbers.
    "whole": lambda text: re.fullmatch(r"\d+(?:\.0+)?", text),
    # Decimal numbers with at least three decimals.
    "degrees": lambda text: re.fullmatch(r"[+\-]?\d{1,3}[.,]\d{3,}", text),
    # Numbers that can be projected metres or feet: thousands marks allowed; 0 stands for none.
    "metres": lambda text: (
        _GROUPED.fullmatch(text) or ((number := _number(text)) is not None and not 0 < abs(number) < 1000)
    ),
    # Texts that hold two coordinates.
    "pairs": re.compile(
        r"(?:SRID=\d+;)?(?:POINT ?)?[(\[]? ?[+\-]?\d{1,3}[.,]\d+(?: ?[,;·] ?| +)[+\-]?\d{1,3}[.,]\d+ ?[)\]]?",
        re.IGNORECASE,
    ).fullmatch,
    # Words and letters that stand for a gender, and of several of these in one cell ("F/M").
    "genders": lambda text: all(one in _GENDERS or one in _LETTERS for one in gender_parts(text)),
    # Genders and codes of one or two characters, none of which is a person's name.
    "gender_codes": lambda text: all(one in _GENDERS or one in _LETTERS or len(one) <= 2 for one in gender_parts(text)),
    # Words that stand for a step of a scale.
    "steps_of_severity": lambda text: scale_step("severity", text),
    "steps_of_feeling": lambda text: scale_step("feeling", text),
    # Words of the lexicon for the state of a case and for the kind of alert.
    "states": state_of,
    "kinds": lambda text: fold(text) in WORDS["kind"],
    # Ages and spans of ages.
    "ages": lambda text: (
        age_band(text) or (re.fullmatch(r"\D*\d{1,3}\D*|\D*\d{1,3}\D+\d{1,3}\D*", text) and len(text) < 25)
    ),
    # Addresses for mail and telephone numbers.
    "contacts": lambda text: (
        ("@" in text and re.search(r"[^@\s]+@[^@\s]+\.\w+", text))
        or re.fullmatch(r"(?:\+|00)\d[\d ()\-]{7,}|\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}|69\d{8}", text)
    ),
    # Addresses of pages.
    "links": re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE).match,
    # Texts of more than 60 characters or seven words.
    "sentences": lambda text: len(text) > 60 or len(text.split()) > 7,
    # Texts that can be the name of a category and are not plain numbers.
    "names": lambda text: is_name(text) and not _NUMBER.fullmatch(text),
}
