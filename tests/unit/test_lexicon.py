"""Words of seven languages: genders, ages, states, empty cells, and what a category speaks of."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.formats import FORMATS
from curim_data.lexicon import MISSING, SCALES, WORDS, age_band, gender_words, is_sensitive, kind_of, scale_step
from curim_data.lexicon.words import fold
from curim_data.model import Gender, Kind, Status
from curim_data.model.values import AgeBand

IN_WORDS = tomllib.loads(Path(__file__).with_name("kinds_in_words.toml").read_text("utf-8"))


def named(table: str) -> list[tuple[str, str]]:
    """The words of a table, each with what it means."""
    return [(meaning, word) for meaning, words in IN_WORDS[table].items() for word in words]


def test_values_are_those_of_the_enums_and_of_the_curim_format() -> None:
    enums = {"kind": Kind, "status": Status, "age_band": AgeBand, "reporter_gender": Gender, "affected_gender": Gender}
    assert set(WORDS) == set(enums)
    for role, table in WORDS.items():
        assert set(table.values()) <= set(enums[role]), role
        assert all(word == fold(word) for word in table), role
    assert all(word == fold(word) for word in MISSING)
    for table in SCALES.values():
        assert set(table.values()) == set("12345")
    for role, table in FORMATS["curim"].words.items():
        for word, value in table.items():
            if role == "age_band":
                assert age_band(word) == value
            elif word not in {"m", "h", "x", "α"}:
                assert WORDS[role].get(word) == value, (role, word)


@pytest.mark.parametrize(("gender", "word"), named("genders"))
def test_genders_of_seven_languages(word: str, gender: str) -> None:
    assert WORDS["affected_gender"].get(fold(word), "none") == gender
    assert WORDS["reporter_gender"].get(fold(word), "none") == gender


@pytest.mark.parametrize(("values", "told"), IN_WORDS["letters"])
def test_letters_are_read_by_the_whole_column(values: list[str], told: dict[str, str]) -> None:
    words = gender_words(values)
    assert {letter: words.get(letter) for letter in told} == told


@pytest.mark.parametrize(
    ("values", "letters"),
    [
        (("M",), "m"), (("M", "X"), "mx"), (("H",), "h"), (("H", "M", "F"), "mh"), (("M", "V"), "mv"),
        (("H", "M", "V"), "hmv"), (("H", "M", "Mujer"), "hm"), (("D",), "d"), (("M", "F", "D"), "d"), (("Α",), "α"),
    ],
)  # fmt: skip
def test_letters_that_the_column_does_not_settle_are_left_out(values: tuple[str, ...], letters: str) -> None:
    words = gender_words(values)
    assert not set(letters) & set(words)


@given(st.sets(st.sampled_from(["M", "F", "W", "H", "D", "U", "X", "V", "Female", "Hombre", "", "?"])))
def test_no_letter_is_ever_read_against_a_whole_word(values: set[str]) -> None:
    words = gender_words(values)
    assert words.items() >= WORDS["affected_gender"].items()
    assert "x" not in words
    assert "v" not in words


@pytest.mark.parametrize(("band", "text"), named("ages"))
def test_ages(text: str, band: str) -> None:
    assert (age_band(text) or "none") == band


@given(st.integers(1, 120), st.integers(1, 120))
def test_a_span_of_ages_has_the_band_of_both_its_ends_or_none(one: int, other: int) -> None:
    low, high = sorted((one, other))
    first, last = age_band(str(low)), age_band(str(high))
    assert first
    assert age_band(f"{low}-{high}") == (first if first == last else None)


@given(st.text(max_size=30))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert age_band(text) in {None, *AgeBand}
    assert is_sensitive(text) in {True, False}
    assert kind_of(text) in {None, Kind.INCIVILITY, Kind.RISK, Kind.OFFENCE}  # never UNKNOWN: that is no answer


@pytest.mark.parametrize("name", IN_WORDS["sensitive"])
def test_sensitive_categories(name: str) -> None:
    assert is_sensitive(name)
    assert kind_of(name) is Kind.OFFENCE


@pytest.mark.parametrize("name", IN_WORDS["not_sensitive"])
def test_categories_that_are_not_sensitive(name: str) -> None:
    assert not is_sensitive(name)


@pytest.mark.parametrize("name", IN_WORDS["no_kind"])
def test_a_name_that_says_no_kind_has_none(name: str) -> None:
    assert kind_of(name) is None


@pytest.mark.parametrize(("kind", "name"), named("kinds"))
def test_kinds_of_names_in_seven_languages(kind: str, name: str) -> None:
    assert kind_of(name) == kind_of(name.upper()) == Kind(kind)


@pytest.mark.parametrize("language", range(7))
@pytest.mark.parametrize("role", ["severity", "feeling"])
def test_steps_of_scales_keep_their_order_in_seven_languages(role: str, language: int) -> None:
    for words in IN_WORDS["scales"][role][language]:
        steps = [int(scale_step(role, word) or 0) for word in words]
        assert steps == sorted(set(steps)), words
        assert min(steps) >= 1, words
        assert [scale_step(role, f"{at} - {word.upper()}") for at, word in enumerate(words)] == list(map(str, steps))


def test_what_is_no_step_of_a_scale_and_words_for_nothing() -> None:
    for text in ("3", "P1", "", "Safe house", "High Street", "1 - 5"):
        assert scale_step("severity", text) is scale_step("feeling", text) is None
    for word in ("NULL", "None", "N/A", "NA", "NaN", "Unspecified", "BLANK", "Desconocido", "", "-"):
        assert fold(word) in MISSING
