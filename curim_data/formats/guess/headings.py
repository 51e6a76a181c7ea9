"""What the words of a heading say of its column, in seven languages and in the abbreviations of police exports."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from curim_data.formats.base import fold, is_personal, is_text

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
_CAMEL: Final = re.compile(r"(?<=[a-zα-ω0-9])(?=[A-ZΑ-Ω])|(?<=[A-Z])(?=[A-Z][a-z])")


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
LONGEST_PIECE: Final = 60


def read_heading(label: str) -> Heading:
    """Split a label at blanks, marks, underscores, before capitals and before the known ends of German compounds.

    Of a long one the beginning is read, and a piece that is longer than any word stays as it is.
    """
    pieces = re.findall(r"[^\W_]+", fold(_CAMEL.sub(" ", label.strip()[:LONGEST_LABEL])))
    words: list[str] = []
    for piece in pieces:
        if len(piece) > LONGEST_PIECE:
            words.append(piece)
            continue
        if parts := split_compound(piece):
            words += parts
            continue
        if parts := _split_person(piece):
            words += parts
            continue
        ending = next((end for end in _SUFFIXES if piece.endswith(end) and len(piece) > len(end) + 1), None)
        if ending and piece not in concept("time") and piece not in concept("age"):
            words += [piece.removesuffix(ending), ending]
        else:
            words.append(piece)
    if {"lat", "lon"} <= set(words) or {"lat", "lng"} <= set(words) or {"lat", "long"} <= set(words):
        words = ["latlon", *(word for word in words if word not in {"lat", "lon", "lng", "long"})]
    return Heading(label, tuple(words))


_OF_A: Final = re.compile("(?:τησ|του|dela|della|dell|del|de|da|do|du|of|s)?(.+)")


@cache
def _split_person(piece: str) -> tuple[str, ...]:
    """Split a heading in one word that names whose gender or age it is ("SEXOVICTIMA", "ΦΥΛΟΘΥΜΑΤΟΣ", "victimsex").

    Both parts must be known words, with no more than a word that joins them between; else empty.
    """
    persons = concept("victim", "reporter", "suspect")
    for what in concept("sex", "age"):
        if piece.startswith(what):
            rest = piece.removeprefix(what)
            joined = _OF_A.fullmatch(rest)
            for whose in (rest, joined[1] if joined else rest):
                if whose in persons:
                    return (what, whose)
        if piece.endswith(what) and len(what) > 2:
            first = piece.removesuffix(what)
            for whose in (first, first.removesuffix("s")):
                if whose in persons:
                    return (whose, what)
    return ()


def is_person(head: Heading) -> bool:
    """Whether a heading names a person who suffered or who reported, and no suspect."""
    return head.has("victim", "reporter") and not head.has("suspect")


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
    if head.has("sex") or head.has("age"):
        return False
    if "by" in head.words and head.has("reported"):
        return True
    words = head.words
    if head.has("thing", "event", "category", "type") and not head.has("reporter", "victim", "suspect"):
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
    stages = {stage for stage, words in STAGES.items() if not words.isdisjoint(head.words)} or _abbreviated(head)
    if "other" in stages:
        return "other"
    if "resolved_at" in stages:
        return "resolved_at"
    if ends and not starts:
        return "other" if stages == {"reported_at"} else "occurred_to"
    if "reported_at" in stages and not starts:
        return "reported_at"
    if "occurred_from" in stages or starts:
        return "occurred_from"
    return "plain"


def begins(head: Heading) -> bool:
    """Whether a heading says that something began ("from", "inicio", "von")."""
    return bool(_marks(head, concept("start")))


def clearness(head: Heading) -> float:
    """How clearly a heading says what its dates are of: 0 to 1; `UNNAMED` where it does not even say that it is one."""
    match date_role(head):
        case "reported_at":
            return 0.97 if head.has("strongly_reported") else 0.9
        case "occurred_from":
            return 0.97 if head.has("occurred") else 0.9
        case "plain":
            return 0.65 if says_date(head) or head.has("month") else UNNAMED
    return 0.9


def _marks(head: Heading, marks: frozenset[str]) -> set[str]:
    """The words that begin or end a span; one that also joins words does so only last, or before a date or a time."""
    found = set()
    for at, word in enumerate(head.words):
        rest = head.words[at + 1 :]
        if word in marks and (word not in concept("between") or not rest or rest[0] in concept("when")):
            found.add(word)
    return found


def _abbreviated(head: Heading) -> set[str]:
    """The stages whose words are cut short in a heading; only where what is left belongs to one stage alone."""
    found: set[str] = set()
    for word in head.words:
        if word not in concept("when", "start", "end", "joining") and (stage := _stage_of_beginning(word)):
            found.add(stage)
    return found


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
    if head.has("not_category") or says_date(head) or head.has("sex") or head.has("suspect") or head.has("sub"):
        return 0.0
    if len(head.words) == 1 and (words := _unglued(head.words[0])):
        head = Heading(head.label, words)
    event, coded = head.has("event"), head.has("coded") and not head.has("described")
    if coded:
        return 0.4 if event and head.has("code_of_kind") else 0.0
    if head.has("category"):
        return 0.9 if len(head.words) > 1 else 0.97
    if event and head.has("type"):
        return 0.95
    if event and head.has("described"):
        return 0.92
    if head.only("event"):
        return 0.85
    if head.only("type") or "tags" in head.words:
        return 0.7
    return 0.5 if head.only("described") and "descriptor" in head.words else 0.0


def names_topic(head: Heading) -> bool:
    """Whether a heading says what a report is about, and not why it was closed."""
    return (head.has("topic") or (head.has("what") and head.has("occurred"))) and not head.has(
        "closed", "status", "not_category"
    )


_SERIAL: Final = re.compile(r"^\W*(?:#|n[°º.]?|[αa]\W[αa]\W?)\W*$")


def _unglued(word: str) -> tuple[str, ...]:
    """The two concepts of a heading in one word: "TIPODELITO", "naturezadaocorrencia"; empty where it is none."""
    known = concept("category", "type", "event", "described")
    if word in known:
        return ()
    for first in sorted((one for one in known if len(one) > 2 and word.startswith(one)), key=len, reverse=True):
        rest = word.removeprefix(first)
        for small in (*concept("joining"), ""):
            last = rest.removeprefix(small)
            if rest.startswith(small) and last in known and len(last) > 2:
                return (first, last)
    return ()


def identity_score(head: Heading) -> float:
    """How clearly a heading names the number of a case: 0 (not) to 1."""
    if _SERIAL.match(fold(head.label)):
        return 0.3
    if not head.has("identity") or head.has("not_identity") or says_date(head) or "unnamed" in head.words:
        return 0.0
    if head.has("event") or head.has("clearly_identity"):
        return 0.95
    if head.words == ("id",):
        return 0.95
    if head.only("number"):
        return 0.3
    return 0.8 if len(head.words) == 1 else 0.0
