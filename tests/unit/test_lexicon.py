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
KINDS = IN_WORDS["kinds"]


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


GENDERS: dict[str | None, list[str]] = {
    "woman": ["Female", "F", "Γυναίκα", "ΘΗΛΥ", "Féminin", "Mujer", "femenino", "Mulher", "feminino", "Frau",
        "weiblich", "w", "Donna", "femmina"],
    "man": ["Male", "Άνδρας", "άρρεν", "Homme", "Hombre", "Varón", "Homem", "masculino", "männlich", "Mann", "Uomo",
        "maschio"],
    "other": ["Non-Binary", "no binario", "não-binário", "divers", "altro", "άλλο"],
    "undisclosed": ["Prefer not to say", "Prefiero no decirlo", "keine Angabe", "δεν δηλώθηκε", "non précisé",
        "prefiro não dizer", "preferisco non dirlo"],
    "unknown": ["U", "Unknown", "Desconocido", "Indefinido", "unbekannt", "sconosciuto", "άγνωστο", "inconnu"],
    None: ["m", "h", "x", "d", "1", ""],
}  # fmt: skip


@pytest.mark.parametrize(("word", "gender"), [(word, gender) for gender, many in GENDERS.items() for word in many])
def test_genders_of_seven_languages(word: str, gender: str | None) -> None:
    assert WORDS["affected_gender"].get(fold(word)) == gender
    assert WORDS["reporter_gender"].get(fold(word)) == gender


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (("M", "F", "U"), {"m": "man", "f": "woman", "u": "unknown"}),
        (("M", "W"), {"m": "man", "w": "woman"}),
        (("m", "w", "d"), {"m": "man", "w": "woman", "d": "other"}),
        (("H", "M", ""), {"h": "man", "m": "woman"}),
        (("H", "F"), {"h": "man", "f": "woman"}),
        (("U", "D"), {"u": "unknown"}),  # of a police force, unknown and a business; of an Italian one, uomo and donna
        (("U", "D", "M", "F"), {"u": "unknown", "m": "man"}),
        (("M", "Female"), {"m": "man"}),
        (("Α", "Γ"), {"α": "man", "γ": "woman"}),
    ],
)
def test_letters_are_read_by_the_whole_column(values: tuple[str, ...], told: dict[str, str]) -> None:
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


AGES: dict[str | None, list[str]] = {
    "under_18": ["under_18", "17", "De 15 a 17 años", "Menor de 5 años", "<18", "≤17", "under 18", "moins de 18 ans",
        "unter 18", "κάτω των 18", "até 17 anos", "meno di 18 anni"],
    "18_29": ["18_29", "18", "De 25 a 29 años", "18-24", "18 à 24 ans", "18 bis 29 Jahre", "da 18 a 29 anni"],
    "65_plus": ["65_plus", "65", "120", "Más de 74 años", "65+", ">64", "65 and over", "65 ans et plus", "ab 65",
        "65 und älter", "άνω των 65 ετών", "65 ou mais", "oltre 65 anni"],
    "30_44": ["30–44", "36", "36.0", "30 έως 44"],
    "45_64": ["45 - 64"],
    None: ["25-44", "18+", "<30", "more than 17", "UNKNOWN", "", "0", "-1", "-5", "121", "940", "1020", "44-30",
        "10/12/2019", "Desconocido", "36 Main Street", "1990"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "band"), [(text, band) for band, many in AGES.items() for text in many])
def test_ages(text: str, band: str | None) -> None:
    assert age_band(text) == band


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


@pytest.mark.parametrize(
    "name",
    [
        "Sexual harassment", "HARRASSMENT 2", "RAPE", "Rape / Sexual Assault", "Touching /Groping", "Stalking",
        "Indecent exposure", "Catcalls/Whistles", "Ogling/Facial Expressions/Staring", "domestic violence",
        "CRIM SEXUAL ASSAULT", "SEX CRIMES", "Violence and sexual offences", "Παρενόχληση", "Βιασμός",
        "ενδοοικογενειακή βία", "προσβολή γενετήσιας αξιοπρέπειας", "Harcèlement de rue", "Viol", "agression sexuelle",
        "violences conjugales", "Acoso callejero", "abuso sexual", "Violación", "violencia de género", "Violação",
        "Assédio", "Estupro", "importunação", "Sexuelle Belästigung", "Belästigung", "Vergewaltigung",
        "häusliche Gewalt", "Molestie", "Stupro", "violenza sessuale",
    ],
)  # fmt: skip
def test_sensitive_categories(name: str) -> None:
    assert is_sensitive(name)
    assert kind_of(name) is Kind.OFFENCE


@pytest.mark.parametrize(
    "name",
    [
        "Violence", "Violences urbaines", "Parking violation", "TRAFFIC VIOL", "Viol of park rules", "Grape juice",
        "Therapist", "Lärmbelästigung", "Violación de domicilio", "violação de domicílio", "Robbery", "Κλοπή",
        "Molestias por ruido", "molestie acustiche", "Vandalism", "Sussex Street", "Accident",
    ],
)  # fmt: skip
def test_categories_that_are_not_sensitive(name: str) -> None:
    assert not is_sensitive(name)


@pytest.mark.parametrize("name", IN_WORDS["no_kind"])
def test_a_name_that_says_no_kind_has_none(name: str) -> None:
    assert kind_of(name) is None


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in IN_WORDS["kinds"].items() for name in names]
)
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
