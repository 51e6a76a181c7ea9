"""Tables of no known format: the role of each column is guessed from its heading and its first values, and why.

Public: `recognise`. `headings` knows the words of headings in twelve languages (`headings.toml`) and what values look
like, `dates` which columns say when, `category` which says what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import pyarrow as pa

from curim_data.formats.base import MOST_CHARACTERS, Guess, Layout, Part, Recognition
from curim_data.formats.guess import headings
from curim_data.formats.guess.category import counted_rows, find_category, nature_of, one_alert_a_row, refused
from curim_data.formats.guess.dates import FEW, date_columns, lag, moments_of, tells_gaps
from curim_data.formats.guess.headings import HEADING, Column, Guesses, column_of, concept, guess
from curim_data.lexicon import state_of
from curim_data.model import Message

_OFTEN: Final = 0.7
# From so many numbers on a few may repeat, as in rows that stand there twice and in totals; house numbers repeat more.
_ALL_BUT_A_FEW: Final = 0.95
_MANY: Final = 40
_RECURS: Final = 5
_SOME: Final = 0.05
_CITIZENS: Final = Message(
    "The file holds reports by citizens and names no victim: the gender in it is that of the person who reports."
)
_WHERE: Final = (("latitude", "longitude"), ("x", "y"), ("point",))
_SIDES: Final = {"latitude": "north", "y": "north", "longitude": "east", "x": "east"}


def recognise(
    labels: Sequence[str], sample: pa.Table | None = None, event: int | None = None, app: Layout | None = None
) -> Recognition:
    """Guess what the columns mean; `missing` names the date where no column says when.

    `sample` holds the first records as texts in columns "0", "1", ...; without it the headings alone decide, with less
    confidence. Columns of persons, of free text and of suspects never get a role. `event` is the place of the column
    that says when it happened, where a person said so. `app`: what is known of the columns of the app that wrote the
    file; only the others are guessed.
    """
    known = Guesses(tuple(column_of(labels, sample, place) for place in range(len(labels))))
    personal = tuple(column.place for column in known.columns if _is_personal(column))
    known.taken |= set(personal)
    settled = _settle(known, app) if app is not None else {}
    events, findings = date_columns(known, event)
    found = known.roles.get("reported_at")
    report, happened = settled.get("reported_at", found), known.roles.get("occurred_from")
    if happened is None and _comes_before(known, found, report):
        known.roles["occurred_from"], known.guesses["occurred_from"] = found or (), known.guesses["reported_at"]
    elif happened and "reported_at" in settled:
        plain = headings.date_role(known.columns[happened[0].place].head) == "plain"
        if plain and not _comes_before(known, happened, report):  # what was done with the report
            del known.roles["occurred_from"]
    known.roles |= settled
    if not {"latitude", "longitude"} <= settled.keys():
        _coordinates(known)
    nature = nature_of(known.columns, closes="resolved_at" in known.roles)
    _people(known, citizens=nature.citizens)
    _state_of_closing(known)
    before = known.free()
    category = find_category(before) if "category" not in settled else None
    if category is not None:
        options = [Part(one.place, "flag") for one in category.options]
        known.take("category", category.why, *(options or [Part(category.column.place)]))
    _headed_values(known)
    counted = tuple(counted_rows(known.free()))  # "Nº de hechos" is the number of no case
    known.taken |= {one.place for one in counted}
    if "alert_id" not in settled:
        _identity(known)
    text = tuple(column.place for column in known.free() if _is_text(column))
    given = {part.place for parts in known.roles.values() for part in parts}
    notes = [nature.why] if nature.why is not None else []
    if app is not None:
        personal, text = (
            tuple(sorted({*own, *its} - given)) for own, its in ((personal, app.personal), (text, app.text))
        )
        notes.append(Message(_OF_APP.text, {"app": app.format}))
    if "reporter_gender" in known.roles and _CITIZENS in known.guesses["reporter_gender"].reasons:
        notes.append(_CITIZENS)
    layout = Layout(
        "guessed",
        known.roles,
        personal,
        text,
        tuple(at for at in range(len(labels)) if at not in given and at not in personal and at not in text),
        separators=category.separators if category else app.separators if app else (),
        utc=app is not None and app.utc,
        words={**(app.words if app else {}), **known.words},
        nature=nature.kind,
        guesses=known.guesses,
        findings=findings,
        longest=category.longest if category else MOST_CHARACTERS,
        notes=(*notes, *(category.notes if category else refused(before))),
        warnings=tuple(one_alert_a_row(one, labels[one.place]) for one in counted),
    )
    # The mean confidence of when, where and what; what is not known counts as 0.
    sure = {
        role: known.guesses[role].confidence if role in known.guesses else 0.0
        for role in ("reported_at", "occurred_from", "category", "latitude", "longitude", "x", "y", "point")
    }
    where = max(min(sure[role] for role in roles) for roles in _WHERE)
    when = max(sure["reported_at"], sure["occurred_from"])
    missing = () if {"reported_at", "occurred_from"} & known.roles.keys() else ("reported_at",)
    score = round((when + where + sure["category"]) / 3, 2)
    return Recognition(layout, score, missing, events=events, counted=counted[0] if counted else None)


def _comes_before(known: Guesses, one: tuple[Part, ...] | None, report: tuple[Part, ...] | None) -> bool:
    """Whether a date is another one than the report's, and not after it."""
    if not one or not report or one == report:
        return False
    first, second = (moments_of([known.columns[part.place] for part in parts], parts) for parts in (one, report))
    return lag(first, second).later <= FEW


_OF_APP: Final = Message("These are the columns of an export of {app}.")


def _settle(known: Guesses, app: Layout) -> dict[str, tuple[Part, ...]]:
    """Take the columns that an app is known by, and those that it sets aside; the roles that they give."""
    why = Guess(1.0, (Message(_OF_APP.text, {"app": app.format}),))
    for role, parts in app.roles.items():
        known.take(role, why, *parts)
    genders = {one.place for one in known.columns if one.head.has("sex") and one.values.spelt_genders}
    known.taken |= {*app.personal, *app.text, *app.unused} - genders
    return dict(app.roles)


def _is_personal(column: Column) -> bool:
    """Whether a person or a way to reach one stands in it; where only genders of persons do, none does.

    Unless the heading says gender, one other word among genders that does not come again is enough: it may be a name,
    and examples and words that were not recognised are shown.
    """
    if _holds_genders(column):
        answers = column.values.given >= _MANY and min(Counter(column.values.texts).values()) >= _RECURS
        return not (answers or column.head.has("sex") or column.values.share_of("gender_codes") == 1)
    return headings.names_person(column.head) or column.values.share_of("contacts") >= 0.3


def _holds_genders(column: Column) -> bool:
    """Whether a heading names a person, no suspect, and nearly all values are women and men: "Opfer" with m, w, d."""
    person = column.head.has("victim", "reporter") and not column.head.has("suspect")
    return person and column.values.of_women_and_men(column.head.label)


def _is_text(column: Column) -> bool:
    values = column.values
    if values.share_of("pairs") >= 0.6:
        return False
    chosen = values.given >= 200 and len(values.distinct) <= 20  # from a list, as nobody writes so often alike
    long = max(values.share_of("sentences"), values.share_of("links")) >= 0.3
    return headings.names_text(column.head) or (not chosen and long)


def _coordinates(known: Guesses) -> None:
    """Degrees first, projected metres where there are none, a column of both where there is neither."""
    columns = [column for column in known.free() if "latlon" not in column.head.words]
    mangled = [one for one in columns if one.head.has("latitude", "longitude") and one.values.mangled]
    for roles, clear, fits in (
        (
            ("y", "x"),
            0.9,
            lambda one, _: one not in mangled and bool(mangled) and one.values.share_of("metres") >= _OFTEN,
        ),
        (("latitude", "longitude"), 0.97, _said_degrees),
        (("latitude", "longitude"), 0.97, lambda one, _: one.values.share_of("degrees") >= _OFTEN),
        (("y", "x"), 0.9, lambda one, _: not one.values.given or one.values.share_of("metres") >= _OFTEN),
    ):
        named = [[one for one in columns if fits is _said_degrees or one.head.has(_SIDES[role])] for role in roles]
        north, east = ([one for one in able if fits(one, role)] for able, role in zip(named, roles, strict=True))
        if north and east:
            return _give_pair(known, north, east, roles, clear)
    return None if _point(known) else _degrees_side_by_side(known, columns)


def _said_degrees(column: Column, name: str) -> bool:
    """Whether a heading says latitude or longitude, and the values do not contradict it.

    Numbers out of range are bad coordinates of such a column, however many there are, unless hardly any is in
    range; of a heading that may mean a width or a length, most must be.
    """
    said, values = concept(name).intersection(column.head.words), column.values
    if not said or not values.given:
        return bool(said)
    inside = values.degrees_up_to(90 if name == "latitude" else 180)
    some = inside >= _SOME and values.between(-1e12, 1e12) >= _OFTEN and not said <= concept("width_or_length")
    return inside >= _OFTEN or some


def _give_pair(
    known: Guesses, north: Sequence[Column], east: Sequence[Column], roles: tuple[str, str], clear: float
) -> None:
    """The best of the northings and the easting of the same place: the other words of both headings are the same."""
    words = concept("latitude", "longitude", "north", "east")
    first = max(north, key=lambda one: (not one.head.has("elsewhere"), round(one.values.fill, 2), -one.place))
    rest = set(first.head.words) - words
    second = max(east, key=lambda one: (set(one.head.words) - words == rest, round(one.values.fill, 2), -one.place))
    for role, column in zip(roles, (first, second), strict=True):
        degrees = role in _WHERE[0]
        share = column.values.degrees_up_to(180) if degrees else column.values.share_of("metres")
        known.give(role, column, clear, share)


def _point(known: Guesses) -> bool:
    """Give a column of both coordinates, one with a heading that says so first; whether there is one."""
    shares = {one: one.values.share_of("pairs") for one in known.free()}
    named = [
        one
        for one, share in shares.items()
        if (one.head.has("point") and share >= 0.6) or (not one.values.given and one.head.has("clearly_point"))
    ]
    able = named or [one for one, share in shares.items() if share >= 0.8]
    if able:
        known.give("point", able[0], 0.9 if named else 0.4, shares[able[0]], headed=bool(named))
    return bool(able)


def _degrees_side_by_side(known: Guesses, columns: Sequence[Column]) -> None:
    """Two neighbouring columns of degrees without a heading that says so; beyond 90 it is the longitude."""
    degrees = [one for one in columns if one.values.share_of("degrees") >= 0.8]
    beside = [pair for pair in pairwise(degrees) if pair[1].place == pair[0].place + 1]
    for first, second in beside[:1]:
        turned = first.values.between(-90, 90) < 1 and second.values.between(-90, 90) == 1
        pair = (second, first) if turned else (first, second)
        for role, column in zip(_WHERE[0], pair, strict=True):
            known.give(role, column, 0.1, column.values.share_of("degrees"), headed=False)


def _people(known: Guesses, *, citizens: bool) -> None:
    """Genders and ages: the victim's is the affected person's, a suspect's is nobody's.

    A gender of nobody in particular is the affected person's in police records, and the reporter's where `citizens`
    report and no column names a victim. A column that holds genders under a heading that names a person is that
    person's.
    """
    sexes = [one for one in known.free() if one.head.has("sex") or _holds_genders(one)]
    ages = [one for one in known.free() if one.head.has("age") and one not in sexes]
    known.taken |= {one.place for one in (*sexes, *ages)}
    ours = [one for one in sexes if not one.head.has(*_NOBODY) and (_fits(one, "genders") or _few_of_genders(one))]
    reporters = [one for one in ours if one.head.has("reporter", "your") and not one.head.has("victim")]
    if reporters:  # whose another one is, its heading has to say
        ours = [
            one
            for one in ours
            if one in reporters or one.head.has("victim") or one.head.only("sex", "person", "joining")
        ]
    rest = [one for one in ours if not headings.names_victim(one.head)]
    if citizens and not reporters and len(rest) == 1 < len(ours):  # beside the victim's it is that of who tells
        reporters = rest
    theirs = citizens and not reporters and not any(headings.names_victim(one.head) for one in known.columns)
    neutral, why = ("reporter_gender", [_CITIZENS]) if theirs else ("affected_gender", [])
    others = [one for one in ours if one not in reporters]
    for role, able, more in (("reporter_gender", reporters, []), (neutral, others, why)):
        if able:
            best = max(able, key=_of_victims)
            clear = 0.97 if best.head.has("victim", "reporter", "your") else 0.45  # else whose it is, is asked
            known.give(role, best, clear, best.values.share_of("genders"), *more)
    spelt = [one for one in known.free() if one.values.spelt_genders >= 0.9 and not one.head.has(*_NOBODY)]
    if not sexes and len(spelt) == 1:
        known.give(neutral, spelt[0], 0.1, spelt[0].values.spelt_genders, *why, headed=False)
    ages = [one for one in ages if not one.head.has("reporter", *_NOBODY) and _fits(one, "ages")]
    if ages:
        best = max(ages, key=_of_victims)
        known.give("age_band", best, 0.9, best.values.share_of("ages"))


_NOBODY: Final = ("suspect", "staff")  # whose gender and age say nothing of those who suffer or report


def _of_victims(column: Column) -> tuple[bool, float, int]:
    return column.head.has("victim"), column.values.fill, -column.place


def _fits(column: Column, kind: str) -> bool:
    return not column.values.given or column.values.share_of(kind) >= 0.5


_GENDERS: Final = 12  # different values that a column of genders has at most


def _few_of_genders(column: Column, least: float = 0.1) -> bool:
    """Whether few different values stand in it, and words or letters of genders among them."""
    few = 0 < len(column.values.distinct) <= _GENDERS
    return few and column.values.share_of("genders") >= least


def unused_genders(labels: Sequence[str], sample: pa.Table | None, places: Iterable[int]) -> Iterator[Column]:
    """The columns at some places that may hold genders, no suspect's: by their heading, or by whole words of women or
    men among few values."""
    for column in (column_of(labels, sample, place) for place in places):
        few = 0 < len(column.values.distinct) <= _GENDERS and not column.head.has(*_NOBODY)
        if few and (column.head.has("sex") or (column.values.spelt_genders and _few_of_genders(column, 0.2))):
            yield column


def _state_of_closing(known: Guesses) -> None:
    """The state is the column whose values say whether there is a date of the closing; those that come with the date
    and reject nothing, mean closed.
    """
    dates = [known.columns[part.place] for part in known.roles.get("resolved_at", ())[:1]]
    told = {one: closed for date in dates for one in known.free() if (closed := tells_gaps(one, date))}
    if told and "status" not in known.roles:
        best = max(told, key=lambda one: (one.values.share_of("states"), one.values.fill, -one.place))
        known.give("status", best, 0.9, 1.0, headed=best.head.has("status", "maybe_status"))
        known.words["status"] = dict.fromkeys((one for one in told[best] if state_of(one) != "rejected"), "resolved")


def _is_status(column: Column, share: float) -> bool:
    head, given = column.head, column.values.given
    sure = (head.has("status") and (not given or share >= 0.5)) or (head.has("maybe_status") and given and share >= 0.5)
    said = [state_of(text) for text in column.values.distinct] if len(column.values.distinct) <= _GENDERS else []
    sure = sure or (given >= _MANY and said.count("rejected") > 1)  # withdrawn, refused, double: nothing else is
    other = {"meteorologico", "weather", "civil", "marital", "vehicle", "road", "arrest"}
    return bool(sure) and other.isdisjoint(head.words)


def _scale(role: str, related: str) -> tuple[_Rule, _Rule]:
    """The rules of a scale of five: words of its steps, also under a related heading; numbers under its own."""
    return (
        _Rule(
            role, 0.9, lambda one: one.values.share_of(f"steps_of_{role}"),
            lambda one, share: one.head.has(role, related) and share >= 0.8,
        ),
        _Rule(
            role, 0.9, lambda one: one.values.between(1, 5),
            lambda one, share: one.head.has(role) and (not one.values.given or share >= 0.8),
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class _Rule:
    """A role that heading and values give: how clear the heading is, the `share` of values that fit, and which column
    is able to give it by its share."""

    role: str
    clear: float
    share: Callable[[Column], float]
    able: Callable[[Column, float], bool]


_RULES: Final = (
    _Rule("status", 0.9, lambda one: one.values.share_of("states"), _is_status),
    _Rule(
        "kind", 0.8, lambda one: one.values.share_of("kinds"),
        lambda one, share: share >= 0.9 and (one.head.has("kind") or one.head.only("type", "category", "event")),
    ),
    *_scale("severity", "priority"),
    *_scale("feeling", "safety"),
    _Rule(
        "confirmations", 0.9, lambda one: one.values.share_of("whole"),
        lambda one, share: one.head.has("confirmations") and (not one.values.given or share >= 0.8),
    ),
)  # fmt: skip


def _headed_values(known: Guesses) -> None:
    """State, kind, scales and confirmations, each by the column whose values fit best, in the order of `_RULES`."""
    for rule in _RULES:
        shares = {one: rule.share(one) for one in known.free() if rule.role not in known.roles}
        able = [one for one, share in shares.items() if rule.able(one, share)]
        if able:
            best = max(able, key=lambda one: (shares[one], one.head.has("described"), -one.place))
            known.give(rule.role, best, rule.clear, shares[best])


def _identity(known: Guesses) -> None:
    """The number of the case: by its heading, for it need not be unique (one row a victim); without one that says so by
    its values, all of which differ.
    """
    able: list[tuple[float, float, int, Column]] = []
    for column in known.free():
        score, values = headings.identity_score(column.head), column.values
        # A heading such as "number" says too little by itself: then hardly a value may repeat.
        least = 0.2 if score >= 0.5 else _ALL_BUT_A_FEW if values.given >= _MANY else 1.0
        few = values.given < 20 and score >= 0.5
        if score > 0 and (few or values.spread >= least):
            able.append((score, values.spread, -column.place, column))
    if not [one for *_, one in able if not one.values.counts_rows]:
        headed = {one for *_, one in able}
        other = [
            one for one in known.free() if one.head.words and not one.head.has("not_identity") and one not in headed
        ]
        named = [(0.3, one.values.spread, -one.place, one) for one in other if one.values.name_rows]
        able = [one for one in named if not one[-1].values.counts_rows] or able or named
    else:
        able = [one for one in able if not one[-1].values.counts_rows]
    if able:
        score, spread, _, column = max(able, key=lambda one: one[:3])
        reason = Message("{count} different values in the first records", {"count": len(column.values.distinct)})
        given = bool(column.values.given)
        why = guess(
            score,
            spread if given else None,
            *([HEADING] if headings.identity_score(column.head) else []),
            *([reason] if given else []),
        )
        known.take("alert_id", why, Part(column.place))
