"""Whose gender a column holds how its cells are read, and what the name of a file may decide, in seven languages."""

from __future__ import annotations

import pytest

from curim_data.formats.guess.category import nature_of_name
from curim_data.importing.pipeline import import_file, preview
from curim_data.lexicon import gender_words
from curim_data.model import LANGUAGES, translator
from curim_data.store import Home, Store

T = translator("en")
ROWS = 40


def file_of(columns: dict[str, tuple[str, ...]], rows: int = ROWS) -> bytes:
    """A semicolon file with ids, dates, places and these columns, their values in turn."""
    lines = [";".join(("id", "date", "latitude", "longitude", *columns))]
    for at in range(rows):
        day = f"2025-{1 + at % 12:02}-{1 + at % 28:02} {8 + at % 12:02}:1{at % 10}"
        cells = [values[at % len(values)] for values in columns.values()]
        lines.append(";".join((f"A{at}", day, f"40.4{100 + at}", f"-3.7{100 + at}", *cells)))
    return "\n".join(lines).encode()


def role_of(heading: str, values: tuple[str, ...], **more: tuple[str, ...]) -> str:
    """The role of a column, "" where it has none."""
    shown = preview(file_of({heading: values, **more}), "export.csv", None)
    at = shown.report.facts.labels.index(heading)
    return next((role for role, parts in shown.report.layout.roles.items() if parts[0].place == at), "")


OFFENCES = {"crime": ("Theft", "Robbery", "Assault")}


@pytest.mark.parametrize(
    ("heading", "values", "role"),
    [
        ("Opfer", ("m", "w", "d"), "affected_gender"), ("Victim", ("F", "M"), "affected_gender"),
        ("víctima", ("V", "M"), "affected_gender"), ("θύμα", ("Γ", "Α"), "affected_gender"),
        ("victime", ("H", "F"), "affected_gender"), ("vittima", ("donna", "uomo"), "affected_gender"),
        ("vítima", ("M", "F", "ignorado"), "affected_gender"), ("Betroffene", ("w", "m"), "affected_gender"),
        ("Melder", ("w", "m"), "reporter_gender"), ("denunciante", ("mujer", "hombre"), "reporter_gender"),
        ("reporter", ("F", "M"), "reporter_gender"), ("plaignant", ("femme", "homme"), "reporter_gender"),
        ("Täter", ("m", "w"), ""), ("suspect", ("F", "M"), ""), ("autor", ("H", "M"), ""),
        ("Opfer", ("Anna", "Karl", "Maria"), ""), ("victim", ("Y", "N"), ""), ("injured", ("M", "U"), ""),
    ],
)  # fmt: skip
def test_genders_under_a_heading_that_names_a_person_are_that_persons(
    heading: str, values: tuple[str, ...], role: str
) -> None:
    assert role_of(heading, values, **OFFENCES) == role


@pytest.mark.parametrize(
    ("heading", "values", "role"),
    [
        ("ΦΥΛΟΘΥΜΑΤΟΣ", ("Γ", "Α", "ΑΓΝ"), "affected_gender"), ("SEXOVICTIMA", ("H", "M"), "affected_gender"),
        ("sexodelavictima", ("H", "M"), "affected_gender"), ("SEXEVICTIME", ("F", "H"), "affected_gender"),
        ("victimsex", ("F", "M"), "affected_gender"), ("OPFERGESCHLECHT", ("m", "w"), "affected_gender"),
        ("sessovittima", ("F", "M"), "affected_gender"), ("SEXODENUNCIANTE", ("H", "M"), "reporter_gender"),
        ("ΦΥΛΟΔΡΑΣΤΗ", ("Γ", "Α"), ""), ("perpsex", ("F", "M"), ""),
    ],
)  # fmt: skip
def test_a_heading_in_one_word_says_whose_gender_it_is(heading: str, values: tuple[str, ...], role: str) -> None:
    assert role_of(heading, values, **OFFENCES) == role


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("genero_afectada", ("mujer", "hombre")), ("sexo del afectado", ("mujer", "hombre")),
        ("gender of affected person", ("woman", "man")), ("genre personne touchée", ("femme", "homme")),
        ("Geschlecht betroffen", ("Frau", "Mann")), ("sesso persona colpita", ("donna", "uomo")),
        ("gênero pessoa atingida", ("mulher", "homem")), ("φύλο θιγόμενου", ("γυναίκα", "άνδρας")),
    ],
)  # fmt: skip
def test_who_is_affected_did_not_report(heading: str, values: tuple[str, ...]) -> None:
    citizens = {"channel": ("app", "web"), "status": ("open", "closed"), "category": ("Noise", "Litter")}
    assert role_of(heading, values, **citizens) == "affected_gender"


@pytest.mark.parametrize("place", ["affected area", "barrio afectado", "quartier touché"])
def test_a_place_that_is_affected_is_no_victim(place: str) -> None:
    citizens = {"channel": ("app", "web"), "status": ("open", "closed"), "category": ("Noise", "Litter")}
    assert role_of("gender", ("woman", "man"), **citizens, **{place: ("A", "B")}) == "reporter_gender"


def test_letters_of_spanish_are_read_under_a_spanish_heading_only() -> None:
    assert gender_words(("V", "M"), "sexo_victima")["v"] == "man"
    assert gender_words(("V", "M"), "sexo_victima")["m"] == "woman"
    assert not {"v", "m"} & set(gender_words(("V", "M"), "gender"))
    assert not {"v", "m"} & set(gender_words(("V", "M", "H"), "sexo"))


@pytest.mark.parametrize(
    ("cells", "women", "unknown"),
    [
        (("F/F", "M/F", "F", "M"), 2, 1), (("Γυναίκα/Γυναίκα", "Γυναίκα/Άνδρας", "Γυναίκα", "Άνδρας"), 2, 1),
        (("femme, femme", "femme et homme", "homme", "femme"), 2, 1), (("Frau; Frau", "Mann; Frau", "Mann"), 1, 1),
        (("mujer y mujer", "mujer + hombre", "mujer", "hombre"), 2, 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", LANGUAGES)
def test_several_of_one_gender_have_it_and_mixed_ones_are_counted(
    tmp_path_factory: pytest.TempPathFactory, cells: tuple[str, ...], women: int, unknown: int, language: str
) -> None:
    home, rounds = Home(tmp_path_factory.mktemp("home")), 12
    quoted = tuple(f'"{cell}"' for cell in cells)
    text = file_of({"victim sex": quoted, **OFFENCES}, rounds * len(cells))
    report = import_file(home, text, "export.csv")
    read = Store(home).read(["affected_gender"])["affected_gender"].to_pylist()
    assert (read.count("woman"), read.count("unknown")) == (rounds * women, rounds * unknown)
    t = translator(language)
    told = t.n(
        "In {n} alert a gender was not recognised: it counts as not known.",
        "In {n} alerts a gender was not recognised: it counts as not known.",
        rounds * unknown,
    )
    assert told in report.sentence(t)


@pytest.mark.parametrize(
    "name",
    [
        "export_tag.csv", "tag.csv", "daten pro tag 2025.xlsx", "tags.csv", "vol 3.csv", "rats.csv", "chutes.csv",
        "risse.csv", "cane.csv", "buche.csv", "cat 2.csv",
    ],
)  # fmt: skip
def test_short_words_of_a_files_name_decide_no_kind(name: str) -> None:
    assert nature_of_name(name).kind is None


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [
        ("asb_2025.csv", "incivility", "asb"), ("requests 311.csv", "incivility", "311"),
        ("incivilités-tag.csv", "incivility", "incivilites"), ("ruidos_2025.csv", "incivility", "ruidos"),
        ("κλοπές.csv", "offence", "κλοπεσ"), ("diebstahl_pro_tag.csv", "offence", "diebstahl"),
        ("export_accidentes.csv", "risk", "accidentes"), ("city_assaults.csv", "offence", "assaults"),
    ],
)  # fmt: skip
def test_a_clear_word_of_a_files_name_decides_and_is_named(name: str, kind: str, word: str) -> None:
    nature = nature_of_name(name)
    assert nature.kind == kind
    assert nature.why is not None
    for language in LANGUAGES:
        assert word in translator(language)(nature.why)


@pytest.mark.parametrize(("cells", "women", "men"), [(("F/F", "M"), "F", "M"), (("Γ/Γ", "Α", "Γ/Α"), "Γ", "Α")])
def test_letters_in_cells_of_several_persons_are_said(
    tmp_path_factory: pytest.TempPathFactory, cells: tuple[str, ...], women: str, men: str
) -> None:
    report = import_file(
        Home(tmp_path_factory.mktemp("home")), file_of({"victim sex": cells, **OFFENCES}), "export.csv"
    )
    assert f"as the other values show, women are {women} and men are {men}." in report.sentence(T)


@pytest.mark.parametrize("heading", ["Opfer", "Melder", "victim", "denunciante"])
def test_a_name_among_genders_is_not_shown(heading: str) -> None:
    """Where the heading names a person and one cell in twenty a name, the column may name persons: it is dropped."""
    values = (*("F", "M") * 9, "F", "Maria Papadopoulou")
    shown = preview(file_of({heading: values, **OFFENCES}), "export.csv", None)
    assert shown.report.dropped == (heading,)
    assert "Papadopoulou" not in str((shown.mapping, shown.values, shown.report.unknown, shown.report.sentence(T)))


def test_a_name_under_a_heading_that_says_gender_is_an_unknown_word() -> None:
    """A person can map it there, as any other word."""
    shown = preview(file_of({"Geschlecht Opfer": ("w", "m") * 9 + ("w", "Mischform"), **OFFENCES}), "export.csv", None)
    assert shown.report.unknown == {"Geschlecht Opfer": {"Mischform": 2}}
