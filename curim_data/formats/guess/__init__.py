"""Tables of no known format: the role of each column is guessed from its heading and its first values, and why.

Public: `recognise`. `headings` knows the words of headings in seven languages (`headings.toml`) and what values look
like, `dates` which columns say when, `category` which says what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import pyarrow as pa

from curim_data.formats.base import MOST_CHARACTERS, Guess, Layout, Part, Recognition
from curim_data.formats.guess import headings
from curim_data.formats.guess.category import (
    Found,
    Nature,
    counted_rows,
    find_category,
    nature_of,
    one_alert_a_row,
    refused,
)
from curim_data.formats.guess.dates import date_columns
from curim_data.formats.guess.headings import HEADING, Column, columns_of, concept, guess, percent
from curim_data.model import Message

NAME: Final = "guessed"

_OFTEN: Final = 0.7
# From so many numbers on a few may repeat, as in rows that stand there twice and in totals; house numbers repeat more.
_ALL_BUT_A_FEW: Final = 0.95
_MANY: Final = 40
_SOME: Final = 0.05
_NOT_STATUS: Final = frozenset({"meteorologico", "weather", "civil", "marital", "vehicle", "road", "arrest"})
_DEGREES: Final = Message("{share} % of the values are degrees")
_METRES: Final = Message("{share} % of the values can be metres")
_PAIRS: Final = Message("{share} % of the values hold two coordinates")
_GENDERS: Final = Message("{share} % of the values are genders")
_AGES: Final = Message("{share} % of the values are ages")
_KNOWN_WORDS: Final = Message("{share} % of the values are known words")
_STEPS: Final = Message("{share} % of the values lie between 1 and 5")
_WHERE: Final = (("latitude", "longitude"), ("x", "y"), ("point",))


@dataclass
class _Guesses:
    """What is known so far; a column that was taken gives nothing else."""

    columns: tuple[Column, ...]
    roles: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    guesses: dict[str, Guess] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def free(self) -> list[Column]:
        return [column for column in self.columns if column.place not in self.taken]

    def take(self, role: str, column: Column, why: Guess) -> None:
        """Let a column give a role."""
        self.roles[role] = (Part(column.place),)
        self.guesses[role] = why
        self.taken.add(column.place)

    def give(
        self,
        role: str,
        column: Column,
        clear: float,
        share: float,
        fit: Message | None = None,
        *more: Message,
        headed: bool = True,
    ) -> None:
        """The same, where the heading says so as clearly as `clear` (unless it is not `headed`), and this `share` of
        the values fits, if there are any; `fit` says as what, `more` are further reasons.
        """
        given = bool(column.values.given)
        fits = [Message(fit.text, percent(share))] if fit is not None and given else []
        why = guess(clear, share if given else None, *([HEADING] if headed else []), *fits, *more)
        self.take(role, column, why)


def recognise(labels: Sequence[str], sample: pa.Table | None = None, event: int | None = None) -> Recognition:
    """Guess what the columns mean; `missing` names the date where no column says when.

    `sample` holds the first records as texts in columns "0", "1", ...; without it the headings alone decide, with less
    confidence. Columns of persons, of free text and of suspects never get a role. `event` is the place of the column
    that says when it happened, where a person said so.
    """
    known = _Guesses(columns_of(labels, sample))
    personal = tuple(column.place for column in known.columns if _is_personal(column))
    known.taken |= set(personal)
    found = date_columns(known.free(), event)
    known.roles |= found.roles
    known.guesses |= found.guesses
    known.taken |= found.seen
    _coordinates(known)
    nature = nature_of(known.columns, closes="resolved_at" in known.roles)
    _people(known, citizens=nature.citizens)
    before = known.free()
    category = _category(known)
    _states(known)
    _scales(known)
    counted = tuple(counted_rows(known.free()))  # "Nº de hechos" is the number of no case
    known.taken |= {one.place for one in counted}
    _identity(known)
    text = tuple(column.place for column in known.free() if _is_text(column))
    given = {part.place for parts in known.roles.values() for part in parts}
    layout = Layout(
        NAME,
        known.roles,
        personal,
        text,
        tuple(at for at in range(len(labels)) if at not in given and at not in personal and at not in text),
        separators=category.separators if category else (),
        nature=nature.kind,
        guesses=known.guesses,
        findings=found.findings,
        longest=category.longest if category else MOST_CHARACTERS,
        notes=(*_notes(known, nature), *(category.notes if category else refused(before))),
        warnings=tuple(one_alert_a_row(one, labels[one.place]) for one in counted),
    )
    dated = "reported_at" in known.roles or "occurred_from" in known.roles
    missing = () if dated else ("reported_at",)
    return Recognition(
        layout, _score(known.guesses), missing, events=found.events, counted=counted[0] if counted else None
    )


def _notes(known: _Guesses, nature: Nature) -> Iterator[Message]:
    """What was taken from the nature of the file, where it decided anything."""
    if nature.why is not None:
        yield nature.why
    if "reporter_gender" in known.roles and _CITIZENS in known.guesses["reporter_gender"].reasons:
        yield _CITIZENS


def _score(guesses: Mapping[str, Guess]) -> float:
    """The mean confidence of when, where and what; what is not known counts as 0."""
    sure = {role: one.confidence for role, one in guesses.items()}
    when = max(sure.get("reported_at", 0.0), sure.get("occurred_from", 0.0))
    where = max(min(sure.get(role, 0.0) for role in roles) for roles in _WHERE)
    return round((when + where + sure.get("category", 0.0)) / 3, 2)


def _is_personal(column: Column) -> bool:
    """Whether a person or a way to reach one stands in it; where only genders of persons do, none does.

    Unless the heading says gender, one other word among genders is enough: it may be a name, and examples and words
    that were not recognised are shown.
    """
    if _holds_genders(column):
        return not (column.head.has("sex") or column.values.no_other_words)
    return headings.names_person(column.head) or column.values.share_of("contacts") >= 0.3


def _holds_genders(column: Column) -> bool:
    """Whether a heading names a person and nearly all values are women and men: "Opfer" with m, w and d."""
    return headings.is_person(column.head) and column.values.of_women_and_men(column.head.label)


def _is_text(column: Column) -> bool:
    values = column.values
    if values.share_of("pairs") >= 0.6:
        return False
    chosen = values.given >= 200 and len(values.distinct) <= 20  # from a list, as nobody writes so often alike
    return headings.names_text(column.head) or (
        not chosen and (values.share_of("sentences") >= 0.3 or values.share_of("links") >= 0.3)
    )


def _coordinates(known: _Guesses) -> None:
    """Degrees first, projected metres where there are none, a column of both where there is neither."""
    columns = [column for column in known.free() if "latlon" not in column.head.words]
    north = [one for one in columns if _said_degrees(one, "latitude", 90)]
    east = [one for one in columns if _said_degrees(one, "longitude", 180)]
    if not (north and east):
        north = [one for one in columns if one.head.has("north") and one.values.share_of("degrees") >= _OFTEN]
        east = [one for one in columns if one.head.has("east") and one.values.share_of("degrees") >= _OFTEN]
    if north and east:
        _give_pair(known, north, east, ("latitude", "longitude"), 0.97)
        return
    north = [one for one in columns if one.head.has("north") and _is_metres(one)]
    east = [one for one in columns if one.head.has("east") and _is_metres(one)]
    if north and east:
        _give_pair(known, north, east, ("y", "x"), 0.9)
        return
    if not _point(known):
        _degrees_side_by_side(known, columns)


def _said_degrees(column: Column, name: str, limit: float) -> bool:
    """Whether a heading says latitude or longitude, and the values do not contradict it.

    Numbers out of range are bad coordinates of such a column, however many there are, unless hardly any is in range; of
    a heading that may mean a width or a length, most must be.
    """
    said = concept(name).intersection(column.head.words)
    if not said:
        return False
    values = column.values
    inside = values.degrees_up_to(limit) if values.given else 1.0
    numbers = inside >= _OFTEN or values.between(-1e12, 1e12) >= _OFTEN
    return inside >= _OFTEN or (numbers and inside >= _SOME and not said <= concept("width_or_length"))


def _is_metres(column: Column) -> bool:
    return not column.values.given or column.values.share_of("metres") >= _OFTEN


def _give_pair(
    known: _Guesses, north: Sequence[Column], east: Sequence[Column], roles: tuple[str, str], name: float
) -> None:
    """The best of the northings and the easting of the same place: the other words of both headings are the same."""
    words = concept("latitude", "longitude", "north", "east")
    first = max(north, key=lambda one: (not one.head.has("elsewhere"), round(one.values.fill, 2), -one.place))
    rest = set(first.head.words) - words
    second = max(east, key=lambda one: (set(one.head.words) - words == rest, round(one.values.fill, 2), -one.place))
    for role, column in zip(roles, (first, second), strict=True):
        if role in {"latitude", "longitude"}:
            known.give(role, column, name, column.values.degrees_up_to(180), _DEGREES)
        else:
            known.give(role, column, name, column.values.share_of("metres"), _METRES)


def _point(known: _Guesses) -> bool:
    """Give a column of both coordinates, one with a heading that says so first; whether there is one."""
    shares = {one: one.values.share_of("pairs") for one in known.free()}
    named = [
        one
        for one, share in shares.items()
        if (one.head.has("point") and share >= 0.6) or (not one.values.given and one.head.has("clearly_point"))
    ]
    able = named or [one for one, share in shares.items() if share >= 0.8]
    if able:
        known.give("point", able[0], 0.9 if named else 0.4, shares[able[0]], _PAIRS, headed=bool(named))
    return bool(able)


def _degrees_side_by_side(known: _Guesses, columns: Sequence[Column]) -> None:
    """Two neighbouring columns of degrees without a heading that says so; beyond 90 it is the longitude."""
    for first, second in pairwise(columns):
        if (
            min(first.values.share_of("degrees"), second.values.share_of("degrees")) < 0.8
            or second.place != first.place + 1
        ):
            continue
        if first.values.between(-90, 90) < 1 and second.values.between(-90, 90) == 1:
            first, second = second, first
        for role, column in (("latitude", first), ("longitude", second)):
            known.give(role, column, 0.1, column.values.share_of("degrees"), _DEGREES, headed=False)
        return


_CITIZENS: Final = Message(
    "The file holds reports by citizens and names no victim: the gender in it is that of the person who reports."
)


def _people(known: _Guesses, *, citizens: bool) -> None:
    """Genders and ages: the victim's is the affected person's, a suspect's is nobody's.

    A gender of nobody in particular is the affected person's in police records, and the reporter's where `citizens`
    report and no column names a victim. A column that holds genders under a heading that names a person is that
    person's.
    """
    sexes = [one for one in known.free() if one.head.has("sex") or _holds_genders(one)]
    ages = [one for one in known.free() if one.head.has("age") and one not in sexes]
    known.taken |= {one.place for one in (*sexes, *ages)}
    ours = [one for one in sexes if not one.head.has("suspect") and _fits(one, one.values.share_of("genders"))]
    reporters = [one for one in ours if one.head.has("reporter") and not one.head.has("victim")]
    theirs = citizens and not reporters and not any(headings.names_victim(one.head) for one in known.columns)
    neutral = "reporter_gender" if theirs else "affected_gender"
    why = (_CITIZENS,) if theirs else ()
    _give_gender(known, "reporter_gender", reporters)
    _give_gender(known, neutral, [one for one in ours if one not in reporters], *why)
    spelt = [one for one in known.free() if one.values.spelt_genders >= 0.9 and not one.head.has("suspect")]
    if not sexes and len(spelt) == 1:
        known.give(neutral, spelt[0], 0.1, spelt[0].values.spelt_genders, _GENDERS, *why, headed=False)
    ages = [
        one
        for one in ages
        if not one.head.has("suspect") and not one.head.has("reporter") and _fits(one, one.values.share_of("ages"))
    ]
    if ages:
        best = max(ages, key=lambda one: (one.head.has("victim"), one.values.fill, -one.place))
        known.give("age_band", best, 0.9, best.values.share_of("ages"), _AGES)


def _fits(column: Column, share: float) -> bool:
    return not column.values.given or share >= 0.5


def _give_gender(known: _Guesses, role: str, columns: Sequence[Column], *why: Message) -> None:
    if not columns:
        return
    best = max(columns, key=lambda one: (one.head.has("victim"), one.values.fill, -one.place))
    clear = 0.97 if best.head.has("victim") or role == "reporter_gender" else 0.8
    known.give(role, best, clear, best.values.share_of("genders"), _GENDERS, *why)


def _category(known: _Guesses) -> Found | None:
    """The kind of event (`category.find_category`)."""
    found = find_category(known.free())
    if found is not None:
        known.take("category", found.column, found.why)
    return found


def _states(known: _Guesses) -> None:
    """The state of a case, in words that are known; and the kind of alert."""
    able: list[tuple[float, bool, int, Column]] = []
    for column in known.free():
        head, share = column.head, column.values.known("status")
        if _NOT_STATUS.isdisjoint(head.words) and (
            (head.has("status") and _fits(column, share))
            or (head.has("maybe_status") and column.values.given and share >= 0.5)
        ):
            able.append((share, head.has("described"), -column.place, column))
    if able:
        share, _, _, column = max(able, key=lambda one: one[:3])
        known.give("status", column, 0.9, share, _KNOWN_WORDS)
    for column in known.free():
        share = column.values.known("kind")
        if share >= 0.9 and (column.head.has("kind") or column.head.only("type", "category", "event")):
            known.give("kind", column, 0.8, share, _KNOWN_WORDS)
            return


def _scales(known: _Guesses) -> None:
    """Severity and feeling, from 1 to 5 or in words, and how many people confirmed an alert."""
    _scale(known, "severity", "priority")
    _scale(known, "feeling", "safety")
    for column in known.free():
        if column.head.has("confirmations") and (not column.values.given or column.values.share_of("whole") >= 0.8):
            known.give("confirmations", column, 0.9, column.values.share_of("whole"))
            break


def _scale(known: _Guesses, role: str, related: str) -> None:
    """A scale of five: numbers under a heading that names it, words of its steps also under a related one."""
    for column in known.free():
        share, steps = column.values.between(1, 5), column.values.steps(role)
        if column.head.has(role, related) and steps >= 0.8:
            return known.give(role, column, 0.9, steps, _KNOWN_WORDS)
        if column.head.has(role) and (not column.values.given or share >= 0.8):
            return known.give(role, column, 0.9, share, _STEPS)
    return None


def _identity(known: _Guesses) -> None:
    """The number of the case: by its heading, for it need not be unique (one row a victim)."""
    able = []
    for column in known.free():
        score, values = headings.identity_score(column.head), column.values
        spread = len(values.distinct) / values.given if values.given else 0.0
        # A heading such as "number" says too little by itself: then hardly a value may repeat.
        if score < 0.5 and spread < (_ALL_BUT_A_FEW if values.given >= _MANY else 1.0):
            continue
        if score > 0 and (not values.given or values.given < 20 or spread >= 0.2):
            able.append((score, spread, -column.place, column))
    if able:
        score, spread, _, column = max(able, key=lambda one: one[:3])
        reason = Message("{count} different values in the first records", {"count": len(column.values.distinct)})
        known.give("alert_id", column, score, spread, None, *([reason] if column.values.given else []))
