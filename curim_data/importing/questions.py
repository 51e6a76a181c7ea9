"""What a file does not say and a person knows, as plain questions with counts, choices and the default that holds.

A file whose answer cannot be guessed at all raises its question instead (`decisions`, `ids`, `first_city`); these here
are listed, at most `MOST_QUESTIONS`, and the same for the page, the command and JSON.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any, Final

from curim_data.formats import GUESSED
from curim_data.formats.base import Layout, fold
from curim_data.formats.columns import GENDER_ROLES, MAIN_DATES
from curim_data.formats.guess.headings import BLANK, names_victim, read_heading
from curim_data.importing.profiling import FileProfile
from curim_data.lexicon import MISSING, gender_parts
from curim_data.model import Answers, Choice, ImportProblem, Message, Question, Status
from curim_data.model.labels import GENDERS, STATUSES

LEAST_WORD: Final = 0.01  # share of a column that a word has which is asked about
MOST_WORDS: Final = 2  # of a column
SHOWN: Final = 4
UNKNOWN, KNOWN = "unknown", "known"
# Of times by chance a 24th at most is 00:00, where they are written to the hour: three times as many are no chance.
STAND_IN_SHARE: Final = 1 / 8
LEAST_TIMES: Final = 30

OWNERS: Final = {
    "reporter_gender": Message("the gender of the person who reports"),
    "affected_gender": Message("the gender of the person affected"),
}
_WHOSE: Final = (
    Choice("affected", OWNERS["affected_gender"]),
    Choice("reporter", OWNERS["reporter_gender"]),
    Choice("none", Message("no gender, or that of others: it is not used")),
)
_BLANKS: Final = (
    Choice("space", Message("Yes: a blank separates them")),
    Choice("none", Message("No: each cell holds one name of several words")),
)
_MIDNIGHT: Final = (
    Choice(UNKNOWN, Message("The hour is not known there: these alerts count in days only")),
    Choice(KNOWN, Message("They happened at midnight")),
)


def meanings(answers: Answers) -> dict[str, str]:
    """What a person said that words mean: a value of the genders or states by folded word.

    ImportProblem where a value is none of these.
    """
    told: dict[str, str] = {}
    for pair in pairs(answers.means):
        word, _, value = (part.strip() for part in pair.rpartition("="))
        if not word or re.search("=.*;", word) or value not in {*GENDERS, *STATUSES}:
            raise ImportProblem(
                Message(
                    "{answer} is not known. Say one of these: {allowed}.",
                    {"answer": f"means={pair}", "allowed": ", ".join(f"WORD={one}" for one in (*GENDERS, *STATUSES))},
                )
            )
        told[fold(word)] = value
    return told


_ENDS: Final = re.compile(rf"(=\s*(?:{'|'.join((*GENDERS, *STATUSES))})\s*);")


def pairs(told: str | None) -> list[str]:
    """The pairs "WORD=value" of what was said; a word may hold the mark that parts them."""
    return [pair for pair in map(str.strip, _ENDS.sub(r"\1\0", told or "").split("\0")) if pair]


def with_meanings(told: str | None, more: str | None) -> str | None:
    """What was said that words mean, and what was said later, which holds where both speak of a word."""
    return reduce(with_meaning, pairs(more), told)


def without_effect(said: Answers, profile: FileProfile, *, kinds: bool) -> Iterator[Message]:
    """That answers which a person gave at this import answer nothing in the file; `kinds`: whether the city has the
    kind of all its categories."""
    roles, values = profile.layout.roles.keys(), profile.values
    given = {word for role in (*GENDER_ROLES, "status") for word in values.get(role, ())}
    words = {fold(part) for word in given for part in (word, *gender_parts(word))}
    idle = {
        "gender": roles >= set(GENDER_ROLES) or (said.gender != "none" and roles.isdisjoint(GENDER_ROLES)),
        "midnight": not any(profile.dates[role]["midnight"] for role in MAIN_DATES if role in profile.dates),
        "separator": "category" not in roles,
        "category": "category" in roles
        and fold(said.category or "") != fold(profile.labels[profile.layout.place("category")]),
        "kind": kinds,
    }
    told = [f"{name}={answer}" for name, none in idle.items() if none and (answer := getattr(said, name))]
    told += [pair for pair in pairs(said.means) if fold(pair.rpartition("=")[0]) not in words]
    if told:
        yield Message("Nothing in this file is answered by {answers}.", {"answers": ", ".join(told)})


def is_answered(question: Question, answers: Answers) -> bool:
    """Whether a person has answered a question; that of a word is not asked any more once it is."""
    return question.about != "means" and getattr(answers, question.about) is not None


def with_answer(answers: Answers, question: Question, value: str) -> Answers:
    """The answers with one more; that of a word joins those of others, and a coordinate system is a number."""
    read: dict[str, Callable[[str], Any]] = {"means": partial(with_meaning, answers.means), "crs": epsg}
    return replace(answers, **{question.about: read.get(question.about, str)(value)})


def epsg(text: str) -> int | None:
    """The number of a coordinate system, as "EPSG:2100" or "2100"; None where it is none."""
    found = re.fullmatch(r"(?:EPSG:)?(\d{4,6})", text.strip(), re.I)
    return int(found[1]) if found else None


def with_meaning(told: str | None, pair: str | None) -> str | None:
    """What was said that words mean, with one more pair, "WORD=value", in the place of an earlier one of its word."""
    word = (pair or "").rpartition("=")[0]
    kept = [one for one in pairs(told) if one.rpartition("=")[0] != word]
    return "; ".join([*kept, *([pair] if pair else [])]) or None


def file_questions(
    profile: FileProfile,
    layout: Layout,
    words: Mapping[str, Mapping[str, str]],
    midnights: Mapping[str, tuple[int, int]],
) -> tuple[Question, ...]:
    """What to ask about a file, the most important first.

    `words`: value by folded word, by role, as it is read; `midnights`: by role, how many of how many times are 00:00,
    where that is no chance (`in_excess`).
    """
    return (
        *_of_whom(profile, layout),
        *_of_words(profile, words),
        *_of_blanks(profile, layout),
        *_of_midnight(profile, midnights),
    )


def _counted(words: Sequence[tuple[str, int]]) -> str:
    """Some values with their counts, a few where there are many."""
    return ", ".join([*(f"{word} {n}" for word, n in words[:SHOWN]), *(["…"] if len(words) > SHOWN else [])])


def _of_whom(profile: FileProfile, layout: Layout) -> Iterator[Question]:
    """Whose gender a column holds whose heading does not say it; whether one that may hold genders does."""
    role, roles = unclear_gender(layout, profile.labels), [one for one in GENDER_ROLES if one in layout.roles]
    if layout.format != GUESSED:
        return
    if role is not None:
        values = {"column": profile.labels[layout.place(role)], "words": _counted(profile.values[role].most_common())}
        asked = Message("{column}: {words}. Whose gender is it?", values)
        yield Question("gender", "--gender", asked, _WHOSE, role.removesuffix("_gender"))
    elif len(roles) < 2 and layout.genders:
        place, counts = layout.genders[0]
        values = {"column": profile.labels[place], "words": _counted(counts)}
        asked = Message(
            "{column}: {words}, in the first rows. Is this a gender, and whose? It is not used so far.", values
        )
        yield Question("gender", "--gender", asked, _WHOSE, "none")


def unclear_gender(layout: Layout, labels: Sequence[str]) -> str | None:
    """The role of the gender whose heading does not say whose it is; None where there is none."""
    heads = {role: read_heading(labels[layout.place(role)]) for role in GENDER_ROLES if role in layout.roles}
    return next((role for role, head in heads.items() if not names_victim(head) and not head.has("reporter")), None)


def _of_words(profile: FileProfile, words: Mapping[str, Mapping[str, str]]) -> Iterator[Question]:
    """Words of a gender or a state that nobody knows, the commonest of each column."""
    tables = (*((role, GENDERS, UNKNOWN) for role in GENDER_ROLES), ("status", STATUSES, Status.OPEN.value))
    for role, labels, default in tables:
        counts: Mapping[str, int] = profile.values.get(role, {})
        known = [(word, n) for word, n in counts.items() if fold(word) in words[role]]
        spelt, odd = dict[str, str](), Counter[str]()
        for word, n in counts.items():
            if fold(word) not in words[role] and fold(word) not in MISSING:
                odd[spelt.setdefault(fold(word), word)] += n
        for word, n in odd.most_common(MOST_WORDS):
            if n < LEAST_WORD * sum(counts.values()):
                break
            beside = _counted(sorted(known, key=lambda one: -one[1])) or "–"
            values = {"column": profile.labels[profile.layout.place(role)], "word": word, "n": n, "beside": beside}
            asked = Message("{column}: “{word}” {n} (known: {beside}). What does “{word}” mean?", values)
            choices = tuple(Choice(f"{word}={value}", label) for value, label in labels.items())
            yield Question("means", "--means", asked, choices, f"{word}={default}")


def _of_blanks(profile: FileProfile, layout: Layout) -> Iterator[Question]:
    """Whether blanks separate several values in one cell of categories."""
    if BLANK in layout.separators and "category" in layout.roles:
        names = _counted(profile.values["category"].most_common())
        values = {"column": profile.labels[layout.place("category")], "words": names}
        asked = Message("{column}: {words}. Are these single values, several of which may stand in one cell?", values)
        yield Question("separator", "--separator", asked, _BLANKS, "space")


def _of_midnight(profile: FileProfile, midnights: Mapping[str, tuple[int, int]]) -> Iterator[Question]:
    """What 00:00 means where it stands in excess."""
    for role, (n, of) in list(midnights.items())[:1]:
        column = profile.labels[profile.layout.roles[role][-1].place]
        values = {"column": column, "n": n, "of": of}
        asked = Message("{column}: {n} of {of} times are exactly 00:00. What does that mean?", values)
        yield Question("midnight", "--midnight", asked, _MIDNIGHT, UNKNOWN)


def in_excess(n: int, of: int) -> bool:
    """Whether so many of the times are 00:00 by no chance, and not all of them."""
    return of >= LEAST_TIMES and STAND_IN_SHARE * of <= n < of
