"""Exports of cities never seen: the column of categories, several values in a cell, kinds, scales, whose gender."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, permutations
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.formats.guess import recognise
from curim_data.formats.guess.category import nature_of_name
from curim_data.formats.guess.headings import separators_of, values_of
from curim_data.importing.pipeline import MOST_NAMED, ImportProblem, Preview, import_file, preview
from curim_data.lexicon import gender_words
from curim_data.model import LANGUAGES, Answers, Audience, CityProfile, translator
from curim_data.protection import open_for
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.effort import some
from tests.in_texts import column, export, turns
from tests.stored import seen_by

pytestmark = pytest.mark.slow

T = translator("en")
IN_WORDS = tomllib.loads(Path(__file__).with_name("categories_in_words.toml").read_text("utf-8"))


def shown_of(rows: list[dict[str, str]], **more: str) -> Preview:
    """What the import into a new home shows before it."""
    return preview(export(rows, **more), "export.csv", None)


def roles_of(rows: list[dict[str, str]], **more: str) -> dict[str, str]:
    """The role of each heading."""
    report = shown_of(rows, **more).report
    return {report.facts.labels[parts[0].place]: role for role, parts in report.layout.roles.items()}


def kinds_of(shown: Preview) -> dict[str, str]:
    """The kind of each category by its name."""
    return {next(iter(one.labels.values())): one.kind for one in shown.city.categories.values()}


@some(("heading", "values"), IN_WORDS["synonyms"])
def test_near_synonyms_of_a_category_are_found(heading: str, values: tuple[str, ...]) -> None:
    assert roles_of(column(heading, values)).get(heading) == "category"


@some(("heading", "values"), IN_WORDS["no_categories"], every=2)
def test_why_it_was_closed_who_deals_with_it_and_persons_are_none(heading: str, values: tuple[str, ...]) -> None:
    assert roles_of(column(heading, values, 60)).get(heading) != "category"


def test_a_question_with_a_column_for_each_answer() -> None:
    options = ("Κλοπή", "Θόρυβος (μουσική, φωνές)", "Σκουπίδια / ογκώδη")
    rows = [
        {"Τι συνέβη;": options[n % 3], **{f"Τι συνέβη;/{one}": str(int(one == options[n % 3])) for one in options}}
        for n in range(30)
    ]
    assert kinds_of(shown_of(rows)) == dict(zip(options, ("offence", "incivility", "incivility"), strict=True))
    bare = [{name: value for name, value in row.items() if "/" in name} for row in rows]
    assert kinds_of(shown_of(bare)) == kinds_of(shown_of(rows))


@some(
    "heading",
    ["Reason", "Αιτία", "Αντικείμενο", "Raison de l'appel", "Motivo", "Concepto", "Argomento", "Matéria", "Anlass",
     "Sachgebiet", "Einsatzgrund", "What happened", "Τι έγινε", "Qué pasó", "Was ist passiert", "Cosa è successo",
     "O que aconteceu"],
    every=4,
)  # fmt: skip
def test_what_a_report_is_about_is_its_category_where_no_heading_names_the_kind_of_event(heading: str) -> None:
    """The names say nothing to the lexicon: the heading and the fact that they come again decide, and it is said."""
    names = ("Fall A", "Fall B", "Fall C")
    rows = column(heading, names, 60)
    assert roles_of(rows).get(heading) == "category"
    clearer = [{**row, "category": f"Xyz {at % 4}"} for at, row in enumerate(rows)]
    assert roles_of(clearer).get("category") == "category"
    if heading != "Motivo":  # which is a word for a category in three languages
        said = [T(message) for message in shown_of(rows).report.decisions]
        assert any(f"{heading} was taken as the category" in text for text in said), said


@some(
    ("heading", "names"),
    [
        ("Asunto", ("Árbol caído", "Farola", "Señal dañada", "Parque infantil")),
        ("Θέμα", ("Κλάδεμα δέντρου", "Παιδική χαρά", "Πινακίδα πεσμένη", "Αίτημα Β")),
    ],
    every=2,
)
def test_the_subject_is_the_category_where_some_values_speak_of_services(heading: str, names: tuple[str, ...]) -> None:
    """Two subjects in some cells, so that whole cells are many."""
    cells = [*names, *("; ".join(two) for two in permutations(names, 2)), "; ".join(names), "; ".join(names[::-1])]
    assert roles_of(column(heading, cells, 60), delimiter="\t").get(heading) == "category"


@some(
    ("group", "groups", "fine", "values"),
    [
        ("category", ("Property", "Person"), "crime", (("Theft", "Burglary", "Arson"), ("Assault", "Robbery"))),
        ("Crime Against", ("Property", "Person"), "Offense", (("Theft", "Fraud"), ("Assault", "Murder"))),
        ("Κατηγορία", ("Περιουσία", "Πρόσωπο"), "Είδος αδικήματος", (("Κλοπή", "Απάτη"), ("Επίθεση", "Ληστεία"))),
        ("Kategorie", ("Eigentum", "Person"), "Beschreibung", (("Diebstahl", "Betrug"), ("Raub", "Bedrohung"))),
    ],
)
def test_the_finer_column_is_the_category_and_its_groups_are_named(
    group: str, groups: tuple[str, ...], fine: str, values: tuple[tuple[str, ...], ...]
) -> None:
    rows = [{group: groups[at % 2], fine: values[at % 2][at // 2 % len(values[at % 2])]} for at in range(60)]
    shown = shown_of(rows)
    assert shown.report.facts.labels[shown.report.layout.place("category")] == fine
    said = [T(message) for message in shown.report.decisions]
    assert group == "Crime Against" or any(group in text and groups[0] in text for text in said), said


@some(
    ("group", "fine", "mark", "groups"),
    [
        ("crime group", "crime", "/", "Property: Theft Arson Fraud Burglary, Person: Assault Robbery Threats Stalking"),
        ("Κατηγορία", "Αδίκημα", " | ", "Περιουσία: Κλοπή Απάτη Φθορά Διάρρηξη, Πρόσωπο: Ληστεία Απειλή Βία Εκβίαση"),
        ("catégorie", "infraction", "; ", "Biens: Vol Recel Fraude Incendie, Personnes: Menaces Violences Coups Viol"),
    ],
)
def test_the_finer_column_is_found_in_few_rows_with_several_values_in_a_cell(
    group: str, fine: str, mark: str, groups: str
) -> None:
    """A third of the cells holds two values in one order or another: as whole texts hardly any comes again."""
    parts = [part.split(": ") for part in groups.split(", ")]
    rows = []
    for at in range(60):
        name, names = parts[at % 2][0], parts[at % 2][1].split()
        one, two = names[at // 2 % 4], names[(at // 2 + 1 + at // 9) % 4]
        rows.append({group: name, fine: one if at % 3 or one == two else f"{one}{mark}{two}"})
    assert len({row[fine] for row in rows}) > 15
    shown = shown_of(rows, delimiter=",")
    assert shown.report.facts.labels[shown.report.layout.place("category")] == fine
    assert [found.strip() for found in shown.report.layout.separators] == [mark.strip()]


def test_a_subcategory_does_not_replace_a_category_that_says_what_happened() -> None:
    rows = turns({"category": ("Noise", "Litter"), "subcategory": ("Music", "Bag", "Dog", "Can")}, 60)
    assert roles_of(rows) == {"date": "occurred_from", "lat": "latitude", "lon": "longitude", "category": "category"}


@some(
    ("mark", "names"),
    [
        (" / ", ("Noise", "Litter", "Graffiti")), ("; ", ("Κλοπή", "Θόρυβος", "Σκουπίδια")),
        ("|", ("Bruit", "Déchets", "Tags")), (", ", ("Ruido", "Basura", "Robo")), (" - ", ("Lärm", "Müll", "Raub")),
        ("/", ("Rumori", "Rifiuti", "Furto")), (";", ("Lixo", "Barulho", "Roubo")),
    ],
)  # fmt: skip
def test_several_values_count_once_in_totals_and_once_in_each(
    tmp_path: Path, mark: str, names: tuple[str, ...]
) -> None:
    cells = [*names, mark.join(names[:2]), mark.join(names[1:]), mark.join(names)]
    rows = column("category", cells, 60)
    home = Home(tmp_path / "home")
    report = import_file(home, export(rows, delimiter="\t"), "export.tsv")
    assert any("separated by" in T(message) for message in report.decisions)
    assert (report.batch.accepted, report.several) == (60, 30)
    source = open_source(home)
    everything = AlertFilter(period="all")
    assert query.total(source, everything).n == 60
    expected = Counter(name for row in rows for name in row["category"].split(mark))
    for one in source.city.categories.values():
        chosen = everything.replace(categories=(one.id,))
        assert query.total(source, chosen).n == expected[one.labels["en"]], one
    assert len(source.city.categories) == 3


@pytest.mark.parametrize(("heading", "values"), IN_WORDS["marks_inside_names"])
def test_marks_inside_names_split_nothing(heading: str, values: tuple[str, ...]) -> None:
    shown = shown_of(column(heading, values, 60))
    assert shown.report.layout.separators == ()
    assert set(kinds_of(shown)) == set(values)
    assert shown.report.several == 0


WORDS = st.lists(st.text("abcdefgh", min_size=3, max_size=8), min_size=3, max_size=7, unique=True)
MARK = st.sampled_from([" / ", "; ", "|", ", ", " - ", "/", ";"])


@given(WORDS, MARK, st.data())
def test_names_that_stand_alone_are_split_and_others_never(names: list[str], mark: str, data: st.DataObject) -> None:
    several = data.draw(st.lists(st.lists(st.sampled_from(names), min_size=2, max_size=3, unique=True), min_size=1))
    joined = [mark.join(parts) for parts in several]
    alone = [*names, *joined]
    marks = tuple(separators_of(values_of(alone)))
    assert len(marks) == 1
    single = values_of(alone).split(marks[0])
    assert Counter(single.texts) == Counter([*names, *(part for parts in several for part in parts)])
    # Where no part stands on its own or in another cell nothing is split, whatever else stands in the column.
    fixed = [mark.join(f"{name}{at}" for name in parts) for at, parts in enumerate(several)]
    others = [f"{name}x" for name in names]
    assert not separators_of(values_of([*fixed, *others]))
    assert not separators_of(values_of(fixed))


@some(
    ("mark", "names"),
    [
        ("/", ("Robo", "Lesiones", "Amenazas")), (" / ", ("Noise", "Litter", "Graffiti", "Theft")),
        (", ", ("Κλοπή", "Θόρυβος", "Σκουπίδια")), (" - ", ("Vol", "Menaces", "Violences")),
        ("|", ("Roubo", "Barulho", "Lixo")),
    ],
    every=2,
)  # fmt: skip
def test_values_that_always_stand_beside_another_one_are_several(mark: str, names: tuple[str, ...]) -> None:
    """Every cell holds two of a list, in the order of the list, and each in different company."""
    cells = [mark.join(two) for two in combinations(names, 2)]
    shown = preview(export(column("category", cells, 60), delimiter="\t"), "export.tsv", None)
    assert set(kinds_of(shown)) == set(names)
    assert shown.report.several == 60
    assert any("several values in one cell" in T(message) for message in shown.report.decisions)


@given(WORDS, WORDS, MARK, st.data())
def test_a_kind_and_what_it_concerns_are_one_name(
    kinds: list[str], things: list[str], mark: str, data: st.DataObject
) -> None:
    """Every kind stands before every thing, and never after one."""
    names = [f"{kind}1{mark}{thing}2" for kind in kinds for thing in things]
    used = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    assert not separators_of(values_of(used))
    assert not separators_of(values_of([*used, f"{kinds[0]}1", "other"]))


@some(
    "headings",
    [
        ("Request type", "Department", "Status", "Open"),
        ("Είδος αιτήματος", "Αρμόδια υπηρεσία", "Κατάσταση", "Ανοιχτό"),
        ("Tipo de solicitud", "Dependencia", "Estado", "abierto"),
    ],
)
def test_what_names_do_not_say_the_nature_of_the_file_does(headings: tuple[str, ...]) -> None:
    kind, department, state, opened = headings
    rows = [{kind: f"Xyz {at % 4}", department: "A", state: opened} for at in range(40)]
    shown = shown_of(rows)
    assert shown.report.layout.nature == "incivility"
    assert {one.kind for one in shown.city.categories.values()} == {"incivility"}
    assert any("By the columns of the file" in T(message) for message in shown.report.decisions)


@some("heading", ["offense", "Τύπος αδικήματος", "Straftat", "infraction", "delito", "reato"])
def test_of_police_records_what_says_no_kind_is_an_offence(heading: str) -> None:
    assert kinds_of(shown_of(column(heading, ("Xyz one", "Xyz two", "Noise")))) == {
        "Xyz one": "offence", "Xyz two": "offence", "Noise": "incivility",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "lang", "says"),
    [("category", "en", "kind is not known"), ("Κατηγορία", "el", "άγνωστο"), ("catégorie", "fr", "non précisé")],
)
def test_where_nothing_says_the_kind_it_is_not_known_and_said_so(
    tmp_path: Path, heading: str, lang: str, says: str
) -> None:
    home = Home(tmp_path / "home")
    rows = column(heading, ("Xyz one", "Xyz two", "Theft", "Noise"))
    report = import_file(home, export(rows), "export.csv")
    t = translator(lang)
    assert any(says in t(message) and "Xyz one" in t(message) for message in report.decisions)
    stored = Store(home).read(["kind"])["kind"].to_pylist()
    assert Counter(stored) == {"unknown": 20, "offence": 10, "incivility": 10}
    later = column(heading, ("Xyz three",), 5)
    import_file(home, export(later).replace(b"2025", b"2026"), "later.csv")
    assert Counter(Store(home).read(["kind"])["kind"].to_pylist())["unknown"] == 25


def test_a_kind_that_is_not_known_can_be_filtered_counted_and_said(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    import_file(home, export(column("category", ("Xyz one", "Theft"))), "export.csv")
    source = open_source(home)
    chosen, dropped = AlertFilter.from_query({"kind": "unknown", "period": "all"}, source.city)
    assert dropped == ()
    assert query.total(source, chosen).n == 20
    counts = query.counts(source, AlertFilter(period="all"), ["kind"]).frame
    assert dict(zip(counts["kind"], counts["n"], strict=True))["unknown"] == 20
    copy = open_for(home, Audience.PUBLIC)
    public = query.counts(seen_by(copy, Audience.PUBLIC), AlertFilter(period="all"), ["kind"])
    assert "unknown" in set(public.frame["kind"])
    sentences = {lang: chosen.sentence(translator(lang), source.city) for lang in LANGUAGES}
    assert "not known" in sentences["en"]
    assert "άγνωστο" in sentences["el"]
    assert "non précisé" in sentences["fr"]
    assert any(label.endswith("ot known") for label, _ in chosen.chips(T, source.city))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("city_aggravated_assaults.csv", "offence"), ("κλοπές 2024.csv", "offence"), ("vols-2024.csv", "offence"),
        ("fahrraddiebstahl.csv", "offence"), ("noise_2024.csv", "incivility"), ("requests_311.csv", "incivility"),
        ("asb 2022.csv", "incivility"), ("accidentes_2019.csv", "risk"), ("export.csv", "unknown"),
        ("parks.csv", "unknown"),
    ],
)  # fmt: skip
@some("heading", ["zone", "ζώνη", "secteur"])
def test_a_file_without_a_category_says_so(tmp_path: Path, name: str, kind: str, heading: str) -> None:
    home = Home(tmp_path / "home")
    report = import_file(home, export(column(heading, ("A", "B"))), name)
    assert any("No column was recognised as the category" in T(message) for message in report.decisions)
    assert "Which category do all alerts of this file have?" in [T(one.message) for one in report.questions]
    assert set(Store(home).read(["kind"])["kind"].to_pylist()) == {kind}
    assert any("By the name of the file" in T(message) for message in report.decisions) is (kind != "unknown")


def test_a_category_given_for_the_whole_file_is_not_said_to_be_missing(tmp_path: Path) -> None:
    rows = export(column("zone", ("A", "B")))
    report = import_file(Home(tmp_path / "home"), rows, "export.csv", answers=Answers(category="Theft"))
    assert not any("as the category" in T(message) for message in report.decisions)
    assert set(Store(Home(tmp_path / "home")).read(["kind"])["kind"].to_pylist()) == {"offence"}


def test_a_known_city_gives_kinds_by_names_and_nature_too(city: CityProfile) -> None:
    shown = preview(export(column("Είδος", ("Ξψζ", "Κλοπή ποδηλάτου", "Κλάδεμα"))), "export.csv", city)
    assert shown.sample["kind"].tolist()[:3] == ["unknown", "offence", "incivility"]
    shown = preview(export(column("Είδος", ("Ξψζ",))), "export.csv", city, answers=Answers(kind="risk"))
    assert set(shown.sample["kind"]) == {"risk"}


SCALES = tomllib.loads(Path(__file__).with_name("kinds_in_words.toml").read_text("utf-8"))["headings_of_scales"]


@some(("role", "heading"), [(role, heading) for role in SCALES for heading in SCALES[role]])
def test_words_of_a_scale_fill_it_in_their_order(role: str, heading: str) -> None:
    words = [word.replace("_", " ") for word in SCALES[role][heading].split()]
    shown = shown_of(turns({"category": ("Noise", "Litter"), heading: words}))
    assert shown.sample[role].tolist()[: len(words)] == [1, 2, 3, 4, 5][-len(words) :]
    assert not len(shown.report.repairs)


NUMBERED = [f"R{at}" for at in range(40)]
APPS = [
    ("submitted", "Gender", ("Woman", "Man"), {"Report ID": "", "Status": "Open", "How safe did you feel": "Safe"}),
    ("ημερομηνία υποβολής", "Φύλο", ("Γυναίκα", "Άνδρας"), {"Αριθμός αναφοράς": "", "Κατάσταση": "Ανοιχτή"}),
    ("date de signalement", "Sexe", ("Femme", "Homme"), {"N° de signalement": "", "Statut": "ouvert"}),
    ("Ημερομηνία", "Φύλο", ("Γυναίκα", "Άνδρας"), {"Πόσο ασφαλής νιώσατε": "Πολύ ανασφαλής"}),
    ("Meldedatum", "Geschlecht", ("weiblich", "männlich"), {"Meldungsnummer": "", "Status": "offen"}),
]


@some(("when", "heading", "words", "more"), APPS, every=2)
def test_a_gender_in_a_citizens_app_is_the_reporters(
    when: str, heading: str, words: tuple[str, str], more: dict[str, str]
) -> None:
    columns = {"category": ("Noise", "Litter"), heading: words, **{k: (v,) if v else NUMBERED for k, v in more.items()}}
    shown = shown_of(turns(columns), when=when)
    assert set(shown.sample["reporter_gender"]) == {"woman", "man"}
    assert set(shown.sample["affected_gender"]) == {"unknown"}
    assert any("person who reports" in T(message) for message in shown.report.decisions)


POLICE = {"Status": ("open",), "report id": NUMBERED}


@some(
    ("heading", "columns"),
    [
        ("Victim gender", {"Report ID": NUMBERED, "Status": ("open",), "category": ("Noise",), "Victim gender": "FM"}),
        ("Sex", {"Offence": ("A", "B"), "Suspect sex": ("F",), "Sex": ("F", "M"), **POLICE}),
        ("Φύλο", {"Αδίκημα": ("A", "B"), "Φύλο δράστη": ("Γυναίκα",), "Φύλο": ("Γυναίκα", "Άνδρας"), **POLICE}),
        *[
            ("Sex", {"Report No": NUMBERED, "Status": ("open",), "what": offences, "Sex": "FM"})
            for offences in (("Burglary", "Assault"), ("Κλοπή", "Ληστεία"), ("Einbruch", "Raub"))
        ],
    ],
    every=2,
)
def test_a_gender_is_that_of_the_person_affected_in_police_records_and_a_victims_in_any(
    heading: str, columns: dict[str, Sequence[str]]
) -> None:
    roles = roles_of(turns(columns), when="submitted" if heading == "Victim gender" else "date")
    assert roles[heading] == "affected_gender"
    assert not {"Suspect sex", "Φύλο δράστη"} & set(roles)


@some("heading", ["category", "Κατηγορία", "nature des faits"])
def test_long_names_from_a_list_are_categories_and_said_so(heading: str) -> None:
    names = [
        f"Vols violents sans arme contre des femmes sur voie publique ou autre lieu public {at}" for at in range(9)
    ]
    shown = shown_of(column(heading, names, 90))
    assert set(kinds_of(shown)) == set(names)
    assert any("9 different names of up to" in T(message) for message in shown.report.decisions)


@some("heading", ["incident type", "Είδος", "Delito"])
def test_texts_that_are_no_list_are_named_as_not_used(heading: str) -> None:
    names = [f"On day {at} somebody I do not know shouted at me from the other side of the street" for at in range(90)]
    shown = shown_of(column(heading, names, 90))
    assert "category" not in shown.report.layout.roles
    assert any(f"{heading} is not used as the category: it holds 90" in T(m) for m in shown.report.decisions)


def test_headings_without_values_give_no_category_of_their_own_accord() -> None:
    assert "category" not in recognise(["date", "description", "zone"], None).layout.roles
    empty = pa.table({str(at): pa.array(["", ""], pa.large_string()) for at in range(2)})
    assert "category" not in recognise(["date", "subject"], empty).layout.roles


OFFENCES = {"crime": ("Theft", "Robbery", "Assault")}
CITIZENS = {"channel": ("app", "web"), "status": ("open", "closed"), "category": ("Noise", "Litter")}


@some(
    ("columns", "heading", "values", "role"),
    [
        *((CITIZENS, *one, "affected_gender") for one in IN_WORDS["of_citizens"]),
        *(({**CITIZENS, place: ("A", "B")}, "gender", ("woman", "man"), "reporter_gender")
          for place in ("barrio afectado", "affected area", "quartier touché")),
        *((OFFENCES, *one) for one in IN_WORDS["of_persons"]),
    ],
)  # fmt: skip
def test_genders_under_a_heading_that_names_a_person_are_that_persons_and_a_place_is_no_victim(
    columns: dict[str, tuple[str, ...]], heading: str, values: tuple[str, ...], role: str
) -> None:
    assert roles_of(turns({heading: values, **columns})).get(heading, "") == role


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
@some("language", LANGUAGES)
def test_several_of_one_gender_have_it_and_mixed_ones_are_counted(
    tmp_path_factory: pytest.TempPathFactory, cells: tuple[str, ...], women: int, unknown: int, language: str
) -> None:
    home, rounds = Home(tmp_path_factory.mktemp("home")), 12
    text = export(turns({"victim sex": cells, **OFFENCES}, rounds * len(cells)))
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


@pytest.mark.parametrize(("name", "kind", "word"), IN_WORDS["file_names"])
def test_a_clear_word_of_a_files_name_decides_and_is_named_and_a_short_one_does_not(
    name: str, kind: str, word: str
) -> None:
    nature = nature_of_name(name)
    assert (nature.kind or "") == kind
    assert not kind or all(word in translator(language)(nature.why) for language in LANGUAGES)


@pytest.mark.parametrize(("cells", "women", "men"), [(("F/F", "M"), "F", "M"), (("Γ/Γ", "Α", "Γ/Α"), "Γ", "Α")])
def test_letters_in_cells_of_several_persons_are_said(
    tmp_path_factory: pytest.TempPathFactory, cells: tuple[str, ...], women: str, men: str
) -> None:
    data = export(turns({"victim sex": cells, **OFFENCES}))
    report = import_file(Home(tmp_path_factory.mktemp("home")), data, "export.csv")
    assert f"as the other values show, women are {women} and men are {men}." in report.sentence(T)


@some("heading", ["Opfer", "Melder", "victim", "denunciante"], every=2)
def test_a_name_among_genders_is_not_shown(heading: str) -> None:
    """Where the heading names a person and one cell in twenty a name, the column may name persons: it is dropped."""
    values = (*("F", "M") * 9, "F", "Maria Papadopoulou")
    shown = shown_of(turns({heading: values, **OFFENCES}))
    assert shown.report.dropped == (heading,)
    assert "Papadopoulou" not in str((shown.mapping, shown.values, shown.report.unknown, shown.report.sentence(T)))


def test_a_name_under_a_heading_that_says_gender_is_an_unknown_word() -> None:
    """A person can map it there, as any other word."""
    shown = preview(
        export(turns({"Geschlecht Opfer": ("w", "m") * 9 + ("w", "Mischform"), **OFFENCES})), "export.csv", None
    )
    assert shown.report.unknown == {"Geschlecht Opfer": {"Mischform": 2}}


@pytest.mark.parametrize(
    ("category", "told"),
    [
        ("Bicycle accident", "taken as “Danger”: Bicycle accident."),
        ("Noise at night", "taken as “Incivility”: Noise at night."),
        ("Theft", ""),
    ],
)
def test_a_guessed_kind_is_said_once(tmp_path: Path, category: str, told: str) -> None:
    data, home = export(column("category", [category])), Home(tmp_path / "home")
    first, again = (import_file(home, data, f"{name}.csv") for name in ("first", "again"))
    assert not told or any(told in T(line) for line in first.decisions)
    assert any("taken as" in T(line) for line in first.decisions) is bool(told)
    assert not any("taken as" in T(line) for line in again.decisions)


NAMES = ["Bicycle accident", "Noise at night", "Theft"]
NAMED = column("category", NAMES, 60)


def test_kinds_are_asked_with_the_default_by_name_where_they_are_not_known(city: CityProfile) -> None:
    asked = preview(export(NAMED), "x.csv", None)
    assert asked.first.kind == "names"
    assert asked.first.kinds == dict(zip(("risk", "incivility", "offence"), ((name,) for name in NAMES), strict=True))
    more = preview(export(column("category", [*NAMES, "Robbery"], 60)), "x.csv", None).first.kinds
    assert next(iter(more)) == "offence"  # the kind of most names first
    answered = preview(export(NAMED), "x.csv", None, answers=Answers(kind="offence"))
    assert (answered.first.kind, answered.first.kinds) == ("offence", asked.first.kinds)
    assert {one.kind for one in answered.city.categories.values()} == {"offence"}
    assert preview(export([{**row, "kind": "risk"} for row in NAMED]), "x.csv", None).first.kind is None
    assert preview(export(NAMED), "x.csv", city).first is None
    with pytest.raises(ImportProblem, match="kind=crime is not known"):
        preview(export(NAMED), "x.csv", None, answers=Answers(kind="crime"))


def test_the_answer_holds_for_the_next_export(tmp_path: Path) -> None:
    lines = [f"a{n},2025-03-{1 + n % 28:02d} 10:15,{NAMES[n % 3]},48.20{n % 10},16.37{n % 7}" for n in range(60)]
    data, home = "\n".join(["ref,when,category,lat,lon", *lines, ""]).encode(), Home(tmp_path / "home")
    import_file(home, data, "first.csv", answers=Answers(kind="incivility"))
    assert {one.kind for one in home.city().categories.values()} == {"incivility"}
    for name in NAMES[1:]:
        data = data.replace(name.encode(), b"Bicycle accident")
    import_file(home, data.replace(b"Bicycle", b"Tram").replace(b"\na", b"\nb"), "next.csv")
    assert Store(home).read(["kind"])["kind"].to_pylist() == ["incivility"] * 120


def test_a_home_with_a_city_says_after_the_import_which_categories_have_no_kind(tmp_path: Path) -> None:
    def said(*categories: str) -> list[str]:
        home, data = create_home(tmp_path / categories[0]), column("category", categories, len(categories))
        report = import_file(home, export(data, lat="37.94", lon="23.64"), "alerts.csv")
        found = [one for one in map(T, report.decisions) if "kind" in one and "is not known" in one]
        assert all(one in report.sentence(T) for one in found)
        return found

    assert said(*["Zarple"] * 8, *["Theft"] * 8, *["Mumble"] * 3) == [
        "Alerts whose kind (danger, incivility or offence) is not known: 11, such as those of Zarple, Mumble. Give "
        "these categories a kind in the city profile on the Data page."
    ]
    names = [f"Zarple{letter}" for letter in "abcdefgh"]
    (sentence,) = said(*names * 2)
    assert sum(name in sentence for name in names) == MOST_NAMED
    assert said(*["Theft", "Graffiti"] * 8) == []
