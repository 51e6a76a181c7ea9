"""What the rows of a file are: the column of categories, the nature of the file as a whole, columns of counts.

The category is found by its heading, by how its values recur, by what they speak of; of two columns where one divides
the other the finer one is the category, as long as its values recur. The nature (police records, service requests,
reports by citizens) follows from the columns and the name of the file.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import pyarrow as pa

from curim_data.formats.base import MOST_CHARACTERS, CountedRows, Guess, fold
from curim_data.formats.guess import headings
from curim_data.formats.guess.headings import (
    FITS,
    HEADING,
    Column,
    Values,
    column_of,
    concept,
    guess,
    percent,
    separators_of,
)
from curim_data.lexicon import MISSING, kind_of, named_topic, topic_of
from curim_data.lexicon.words import AREA_HEADINGS, STREET_HEADINGS
from curim_data.model import Kind, Message
from curim_data.model.labels import KINDS

MOST_NAMES: Final = 300  # that a column of names may have, for them to be looked at

_FILE_NAME: Final = Message(
    "By the name of the file (“{word}”), alerts count as “{kind}” where their category does not say its kind and where "
    "they have none."
)
_COLUMNS: Final = Message(
    "By the columns of the file, alerts count as “{kind}” where their category does not say its kind and where they "
    "have none."
)
_SIGNS: Final = ("offence", "police", "request", "department", "channel", "report", "confirmations")


@dataclass(frozen=True)
class Nature:
    """What a file is. `kind`: of alerts whose category says none, None where nothing shows it, with `why`.

    `citizens`: whether those who report are citizens, so that a gender without owner is theirs.
    """

    kind: Kind | None = None
    why: Message | None = None
    citizens: bool = False


def nature_of(columns: Sequence[Column], *, closes: bool) -> Nature:
    """Judge by the headings, and by whether a column of states holds words that are known.

    One sign of the police (a crime or an offence in a heading, a suspect, an arrest, a weapon, a precinct) makes the
    file theirs. Requests for services name a request or a department in charge, and one more thing that such systems
    have: a state, a date of closing (`closes`), a channel. Reports by citizens show two of all these signs, or one and
    a column that speaks of nuisances; three where what they speak of are offences, as the records of the police do. Who
    says how safe it felt is a citizen.
    """
    named = {name: any(one.head.has(name) for one in columns) for name in _SIGNS}
    # Whether it was reported to the police is what surveys ask.
    asking = concept("reported") - concept("police")
    named["police"] = any(one.head.has("police") and asking.isdisjoint(one.head.words) for one in columns)
    if named["offence"] or named["police"]:
        return Nature(Kind.OFFENCE, Message(_COLUMNS.text, {"kind": KINDS[Kind.OFFENCE]}))
    states = [one for one in columns if one.head.has("status", "maybe_status")]
    handled = any(not one.values.given or one.values.share_of("states") >= 0.5 for one in states)
    services = [named["request"], named["department"], handled, closes, named["channel"]]
    signs = [*services, named["report"], named["confirmations"], _speaks(columns, Kind.INCIVILITY, 0.3)]
    enough = 3 if _speaks(columns, Kind.OFFENCE, 0.7) else 2
    citizens = any(map(_is_feeling, columns)) or sum(signs) >= enough
    if any(services[:2]) and sum(services) >= 2:
        return Nature(Kind.INCIVILITY, Message(_COLUMNS.text, {"kind": KINDS[Kind.INCIVILITY]}), citizens)
    return Nature(citizens=citizens)


def nature_of_name(name: str) -> Nature:
    """Judge by the name of the file, where its columns show nothing: "chicago_assaults.csv", "requests 311.xlsx".

    The sentence names the word that decided; short words that mean something else in the next language decide nothing.
    """
    plain = " ".join(re.findall(r"\w+", fold(PurePath(name).name.partition(".")[0]).replace("_", " ")))
    service = re.search(r"\b311\b|service request|open311|fixmystreet|seeclickfix|αιτηματα|reclamos|anliegen", plain)
    named = (Kind.INCIVILITY, service[0]) if service else named_topic(plain)
    if named is None:
        return Nature()
    kind, word = named
    return Nature(kind, Message(_FILE_NAME.text, {"word": word, "kind": KINDS[kind]}))


def _speaks(columns: Iterable[Column], kind: Kind, least: float) -> bool:
    """Whether a column of names speaks of a kind of events in at least this share of its values."""
    short = (one.values for one in columns if one.values.given and len(one.values.distinct) <= MOST_NAMES)
    named = (values for values in short if values.bounded and values.share_of("sentences") < 0.3)
    return any(values.share(lambda text: topic_of(text) is kind) >= least for values in named)


def _is_feeling(column: Column) -> bool:
    """Whether it says how safe a person felt, in words or in numbers."""
    steps = column.values.share_of("steps_of_feeling") >= 0.8
    if column.head.has("feeling"):
        return not column.values.given or column.values.between(1, 5) >= 0.8 or steps
    return column.head.has("safety") and steps


_LEAST_COUNTS: Final = 8  # rows without which numbers say nothing
_SEVERAL: Final = 0.1  # of the rows stand for more than one event
_COUNT: Final = re.compile(r"\+?(?:\d{1,9}(?:[.,]0{1,2})?|\d{1,3}(?:[.,' \u00a0\u202f]\d{3}){1,2})")


def counted_rows(columns: Iterable[Column]) -> Iterator[CountedRows]:
    """The columns that no role has taken and that count the events of a row.

    Their heading means a quantity, of events or of nothing named, and their values are whole numbers of which some
    are larger than one. How many persons or vehicles an event concerns is no such count.
    """
    for column in columns:
        values, words = column.values, set(column.head.words)
        counts = words & concept("quantity") or (words & concept("count_number") and words & concept("counted_events"))
        if not counts or words & concept("not_counted_events") or headings.says_date(column.head):
            continue
        if values.given < _LEAST_COUNTS or values.share(_COUNT.fullmatch) < 0.95:
            continue
        whole = (re.sub(r"[.,]0{1,2}$", "", text) for text in values.texts if _COUNT.fullmatch(text))
        numbers = [int(re.sub(r"\D", "", text)) for text in whole]
        serial = len(set(numbers)) == len(numbers) == max(numbers) - min(numbers) + 1
        if sum(number > 1 for number in numbers) >= _SEVERAL * len(numbers) and not serial:
            yield CountedRows(column.place, sum(numbers), values.given)


def one_alert_a_row(counted: CountedRows, label: str) -> Message:
    """What is wrong where each row counts as one alert all the same."""
    return Message(
        "{column} says how many events a row stands for, {n} in the first {rows} rows. Each row counts as one alert, "
        "so totals, places and trends would be wrong: let each event be an alert (--counts events), or import a file "
        "with one row for each event.",
        {"column": label, "n": counted.events, "rows": counted.rows},
    )


LONGEST: Final = 200
_CLEAR: Final = 0.7  # headings from here on name the kind of event
_LEAST: Final = 8  # rows without which values alone say nothing
_LISTED: Final = 0.9
_SPEAK: Final = 0.6
_SOME_SPEAK: Final = 0.2
_NAMED: Final = 4

_NO_OTHER: Final = Message(
    "{column} was taken as the category, since its values come again and again and no heading names the kind of event."
)
SEPARATED: Final = Message("{column}: several values in one cell are separated by “{mark}”.")


@dataclass(frozen=True)
class Found:
    """The column of categories. `separators`, `longest` and `notes` as in `formats.base.Layout`; `options`: columns of
    yes and no that say the same, one a category.
    """

    column: Column
    why: Guess
    separators: tuple[str, ...] = ()
    longest: int = MOST_CHARACTERS
    notes: tuple[Message, ...] = ()
    options: tuple[Column, ...] = ()


def find_category(columns: Sequence[Column]) -> Found | None:
    """Find the column of categories among those that nothing else takes; None where no column can be one."""
    scores = {one: headings.category_score(one.head) for one in columns}
    able = [one for one, score in scores.items() if score > 0 and can_be_category(one, score)]
    best = max(able, key=lambda one: (scores[one], -one.place), default=None)
    chosen = _by_options(columns, scores[best] if best is not None else 0.0)
    if chosen is not None:
        return chosen
    reason = HEADING
    if best is None:
        ruled = next(_by_what_recurs(columns), None)
        if ruled is None:
            return None
        best, scores[ruled[0]], reason = ruled
    fine = _finer(_coarser(best, able, scores), columns, scores)
    coarse = best if fine is not best else _group_of(best, able, scores)
    if coarse is not None and not nests(fine.texts, coarse.texts):
        coarse = None
    return _found(fine, max(scores[fine], 0.5) if fine is not best else scores[fine], reason, coarse)


_ANSWERS: Final = frozenset({"0", "1", "0.0", "1.0", "true", "false"})
_STEM: Final = re.compile("(.+)/(?! )")
_FEWEST_OPTIONS: Final = 3


def _by_options(columns: Sequence[Column], least: float) -> Found | None:
    """The question that names the kind of event at least as clearly as any column, or whose answers speak of such kinds
    where none does, if a form wrote each of its answers in a column of yes and no: "What happened?/Noise".
    """
    labels = {one.head.label for one in columns}
    asked: dict[str, list[Column]] = defaultdict(list)
    for one in columns:
        stem = _STEM.match(one.head.label)
        if stem and one.values.given and {fold(text) for text in one.values.distinct} <= _ANSWERS:
            whole = [label for label in labels if one.head.label.startswith(label + "/")]
            asked[max(whole, key=len, default=stem[1])].append(one)
    scores = dict[str, float]()
    for question, options in asked.items():
        if len(options) >= _FEWEST_OPTIONS:
            head, names = headings.read_heading(question), [one.head.label[len(question) + 1 :] for one in options]
            spoken = sum(kind_of(name) is not None for name in names) >= _SPEAK * len(names)
            scores[question] = headings.category_score(head) or (0.4 if spoken or headings.names_topic(head) else 0.0)
    best = max(scores, key=lambda question: scores[question], default="")
    if not scores.get(best) or scores[best] < least:
        return None
    first = next((one for one in columns if one.head.label == best), asked[best][0])
    return Found(first, guess(scores[best], 1.0, HEADING), options=tuple(asked[best]))


def of_column(labels: Sequence[str], sample: pa.Table | None, place: int) -> Found | None:
    """What stands in a column that is known to hold the categories; None where no value is given."""
    column = column_of(labels, sample, place)
    if not column.values.given:
        return None
    if not can_be_category(column, 1.0):
        return Found(column, Guess(1.0), notes=refused([column]))
    return _found(column, 1.0, HEADING, None)


def holds_names(labels: Sequence[str], sample: pa.Table | None, place: int) -> bool | None:
    """Whether the values of a column can be categories; None where no value is given."""
    column = column_of(labels, sample, place)
    return can_be_category(column, 1.0) if column.values.given else None


def can_hold(labels: Sequence[str], sample: pa.Table, place: int) -> bool:
    """Whether a column in a language that nobody knows may hold the categories: two names or more that recur."""
    column = column_of(labels, sample, place)
    several = column.values.given >= _LEAST and len(column.values.distinct) > 1
    return several and column.values.share_of("names") >= 0.8 and _may_speak(column) and _recurs(column.values)


def refused(columns: Iterable[Column]) -> tuple[Message, ...]:
    """Why columns whose heading names the kind of event are not used, for a file without a category."""
    return tuple(
        Message(
            "{column} is not used as the category: it holds {n} different texts in {rows} rows, which is no list of "
            "names.",
            {"column": one.head.label, "n": len(one.values.distinct), "rows": one.values.given},
        )
        for one in columns
        if headings.category_score(one.head) >= _CLEAR and one.values.given and one.values.share_of("whole") < 1
    )


def can_be_category(column: Column, score: float) -> bool:
    """Whether names, few and repeated, stand in it; what is headed as a text or a name must repeat."""
    values, text = column.values, headings.names_text(column.head)
    if not values.given:
        return not text
    if (text or column.head.has("name")) and len(values.distinct) == values.given:
        return False
    values = _parts(values)
    if score >= _CLEAR and _is_list(values):
        return values.share_of("whole") < 1
    return _few_texts(values) and values.bounded and (score <= 0.4 or values.share_of("names") >= 0.8)


def _again(values: Values) -> float:
    """The share of the values that stand in several rows."""
    return sum(n for n in Counter(values.texts).values() if n > 1) / max(values.given, 1)


def _is_list(values: Values) -> bool:
    """Whether long texts come from a list: nearly every row repeats another one, whatever their length."""
    few = len(values.distinct) <= max(_LEAST, 0.15 * values.given)
    short = max(map(len, values.distinct), default=0) <= LONGEST
    return values.given >= 2 * _LEAST and _again(values) >= _LISTED and few and short


def _few_texts(values: Values) -> bool:
    return values.share_of("sentences") < 0.3


def _parts(values: Values) -> Values:
    """The values one by one, where a cell may hold several."""
    for mark in separators_of(values):
        values = values.split(mark)
    return values


def _recurs(values: Values) -> bool:
    """Whether values come again and again: most share theirs with another row, cells of several taken apart."""
    values = _parts(values)
    return values.given > 0 and _again(values) >= 0.7 and len(values.distinct) <= max(15, 0.25 * values.given)


def _by_what_recurs(columns: Sequence[Column]) -> Iterator[tuple[Column, float, Message]]:
    """Columns without a heading that names the kind of event, the best first, each with its score and why: texts of a
    list, of what it is about by its heading, or values that speak of such kinds; last who deals with it, where the
    values say with what.
    """
    recur = [one for one in columns if one.values.given >= _LEAST and _recurs(one.values)]
    named = [one for one in recur if one.values.share_of("names") >= 0.8]
    several = [one for one in named if len(one.values.distinct) > 1]
    able = [one for one in several if _may_speak(one)]
    speak = [one for one in named if _parts(one.values).share(kind_of) >= _SOME_SPEAK]  # no names of persons
    for one in speak:
        parts = _parts(one.values)
        subject = one.head.has("subject") and not one.head.has("not_category")
        if subject and len(parts.distinct) > 1 and _few(parts):
            yield (
                one,
                0.4,
                Message("{count} different values in the first records", {"count": len(one.values.distinct)}),
            )
    yield from ((one, 0.4, _no_other(one)) for one in able if headings.names_topic(one.head))
    for one in able:
        share = one.values.share(topic_of)
        if share >= _SPEAK:
            yield one, 0.3, Message(FITS.text, percent(share))
    yield from ((one, 0.3, _no_other(one)) for one in able if one.head.has("office") and one in speak)


def _no_other(column: Column) -> Message:
    return Message(_NO_OTHER.text, {"column": column.head.label})


def _few(values: Values) -> bool:
    return len(values.distinct) <= max(12, 0.1 * values.given) and _few_texts(values)


def _may_speak(column: Column) -> bool:
    """Whether what values speak of may be the event: not a place, a person, an outcome, nor who is suspected."""
    other = column.head.has("not_category", "victim", "suspect", "status", "sex")
    return not other and fold(column.head.label) not in AREA_HEADINGS | STREET_HEADINGS and _few_texts(column.values)


def _finer(best: Column, columns: Sequence[Column], scores: Mapping[Column, float]) -> Column:
    """The finest column that divides `best` and recurs. One of subcategories counts where they say what happened, it
    and one of short descriptions where `best` holds but groups ("Property", "Person").
    """
    vague, found = best.values.share(kind_of) < 0.5, best
    for one in columns if scores[best] > 0.4 else ():
        named = scores[one] >= _CLEAR and can_be_category(one, scores[one])
        as_clear = one.head.has("sub") and one.values.share(kind_of) >= best.values.share(kind_of)
        sub = (
            (as_clear or (vague and one.head.has("sub", "subject")))
            and one.values.share_of("names") >= 0.8
            and _few(one.values)
        )
        finer = one is not best and len(one.values.distinct) > len(found.values.distinct)
        able = finer and (named or sub) and not one.head.has("not_category")
        if able and _recurs(one.values) and nests(one.texts, best.texts):
            found = one
    return found


def _coarser(best: Column, able: Sequence[Column], scores: Mapping[Column, float]) -> Column:
    """The column itself where it recurs; else one that holds its values in groups and recurs, if there is one."""
    if best.values.given < 2 * _LEAST or _recurs(best.values):
        return best
    return _group_of(best, [one for one in able if _recurs(one.values)], scores) or best


def _group_of(fine: Column, able: Sequence[Column], scores: Mapping[Column, float]) -> Column | None:
    """A column whose heading names the kind of event too, and whose values group those of `fine`."""
    groups = [one for one in able if one is not fine and scores[one] >= _CLEAR and nests(fine.texts, one.texts)]
    return max(groups, key=lambda one: len(one.values.distinct), default=None)


def nests(fine: Iterable[str], coarse: Iterable[str]) -> bool:
    """Whether nearly every value of one column stands beside one value of the other, which has fewer."""
    beside: dict[str, Counter[str]] = defaultdict(Counter)
    for one, other in zip(fine, coarse, strict=True):
        if one and other and fold(one) not in MISSING:
            beside[one][other] += 1
    groups = {counts.most_common(1)[0][0] for counts in beside.values()}
    rows = sum(counts.total() for counts in beside.values())
    together = sum(counts.most_common(1)[0][1] for counts in beside.values())
    return 1 < len(groups) < len(beside) and together >= 0.95 * rows


def _found(column: Column, score: float, reason: Message, coarse: Column | None) -> Found:
    """What was found, with what a reader should know of it."""
    label, marks, values = column.head.label, separators_of(column.values), _parts(column.values)
    longest = max(map(len, values.distinct), default=0)
    notes = [reason] if reason.text == _NO_OTHER.text else []
    if coarse is not None:
        names = [text for text, _ in Counter(coarse.values.texts).most_common(_NAMED)]
        shown = ", ".join([*names, *(["…"] if len(coarse.values.distinct) > _NAMED else [])])
        notes.append(
            Message(
                "The category is {fine}. {coarse} holds the same events in coarser groups ({names}) and is not used.",
                {"fine": label, "coarse": coarse.head.label, "names": shown},
            )
        )
    for mark in headings.plain(marks):
        notes.append(Message(SEPARATED.text, {"column": label, "mark": mark.strip() or "␣"}))
    share = values.share_of("names") if values.given else None
    if longest > MOST_CHARACTERS:
        share = 1.0
        notes.append(
            Message(
                "{column}: {n} different names of up to {length} characters were kept as categories.",
                {"column": label, "n": len(values.distinct), "length": longest},
            )
        )
    reasons = [HEADING if notes and notes[0] is reason else reason]
    if share is not None and "count" not in reason.values:
        reasons.append(Message("{count} different values in the first records", {"count": len(values.distinct)}))
    most = min(longest, LONGEST) if longest > MOST_CHARACTERS and _is_list(values) else MOST_CHARACTERS
    return Found(column, guess(score, share, *reasons), marks, most, tuple(notes))
