"""Exports of cities never seen: the column of categories, several values in a cell, kinds, scales, whose gender."""

from __future__ import annotations

from collections import Counter
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
from curim_data.formats.guess.headings import separators_of, values_of
from curim_data.importing.pipeline import import_file, preview
from curim_data.model import LANGUAGES, Answers, Audience, CityProfile, Kind, translator
from curim_data.protection import open_for
from curim_data.store import Home, Store
from tests.category_files import column, export
from tests.stored import seen_by

pytestmark = pytest.mark.slow

T = translator("en")


def roles_of(rows: list[dict[str, str]], **more: str) -> dict[str, str]:
    """The role of each heading, by the whole import."""
    shown = preview(export(rows, **more), "export.csv", None)
    return {shown.report.facts.labels[parts[0].place]: role for role, parts in shown.report.layout.roles.items()}


def kinds_of(rows: list[dict[str, str]], name: str = "export.csv", **more: str) -> dict[str, str]:
    """The kind of each category after an import into a new home."""
    shown = preview(export(rows, **more), name, None)
    return {next(iter(one.labels.values())): one.kind for one in shown.city.categories.values()}


GREEK, FRENCH, GERMAN = ("Κλοπή", "Θόρυβος", "Ληστεία"), ("Vol", "Bruit", "Agression"), ("Diebstahl", "Lärm", "Raub")
SPANISH, ITALIAN, PORTUGUESE = ("Robo", "Ruido", "Hurto"), ("Furto", "Rumori", "Rapina"), ("Furto", "Barulho", "Roubo")
ENGLISH = ("Theft", "Noise", "Robbery")


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("crime", ENGLISH), ("species", ENGLISH), ("description", ENGLISH), ("topic", ENGLISH), ("CRIMETYPE", ENGLISH),
        ("Είδος συμβάντος", GREEK), ("Περιγραφή", GREEK), ("Θέμα", GREEK), ("Τύπος αδικήματος", GREEK),
        ("Nature des faits", FRENCH), ("Rubrique", FRENCH), ("TYPE DECLARATION", FRENCH),
        ("objet", FRENCH), ("libellé", FRENCH),
        ("Delito", SPANISH), ("Especie", SPANISH), ("TIPODELITO", SPANISH), ("asunto", SPANISH), ("Rubro", SPANISH),
        ("tipologia", ITALIAN), ("Reato", ITALIAN), ("oggetto", ITALIAN), ("TIPOREATO", ITALIAN),
        ("RUBRICA", PORTUGUESE), ("Natureza", PORTUGUESE), ("NATUREZAOCORRENCIA", PORTUGUESE), ("col7", PORTUGUESE),
        ("Delikt", GERMAN), ("Vorfallsart", GERMAN), ("Betreff", GERMAN), ("Tatbestand", GERMAN),
    ],
)  # fmt: skip
def test_near_synonyms_of_a_category_are_found(heading: str, values: tuple[str, ...]) -> None:
    assert roles_of(column(heading, values)).get(heading) == "category"


@pytest.mark.parametrize(
    "heading",
    ["Reason", "Αιτία", "Αντικείμενο", "Raison de l'appel", "Motivo", "Concepto", "Argomento", "Matéria", "Anlass",
     "Sachgebiet", "Einsatzgrund", "What happened", "Τι έγινε", "Qué pasó", "Was ist passiert", "Cosa è successo",
     "O que aconteceu"],
)  # fmt: skip
def test_what_a_report_is_about_is_its_category_where_no_heading_names_the_kind_of_event(heading: str) -> None:
    """The names say nothing to the lexicon: the heading and the fact that they come again decide, and it is said."""
    names = ("Fall A", "Fall B", "Fall C")
    rows = column(heading, names, 60)
    assert roles_of(rows).get(heading) == "category"
    clearer = [{**row, "category": f"Xyz {at % 4}"} for at, row in enumerate(rows)]
    assert roles_of(clearer).get("category") == "category"
    if heading != "Motivo":  # which is a word for a category in three languages
        said = [T(message) for message in preview(export(rows), "export.csv", None).report.decisions]
        assert any(f"{heading} was taken as the category" in text for text in said), said


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Asunto", ("Árbol caído", "Farola", "Señal dañada", "Parque infantil")),
        ("Θέμα", ("Κλάδεμα δέντρου", "Παιδική χαρά", "Πινακίδα πεσμένη", "Αίτημα Β")),
    ],
)
def test_the_subject_is_the_category_where_some_values_speak_of_services(heading: str, names: tuple[str, ...]) -> None:
    """Two subjects in some cells, so that whole cells are many."""
    cells = [*names, *("; ".join(two) for two in permutations(names, 2)), "; ".join(names), "; ".join(names[::-1])]
    assert roles_of(column(heading, cells, 60), delimiter="\t").get(heading) == "category"


@pytest.mark.parametrize("heading", ["Motivo de cierre", "Abschlussgrund", "Reason closed", "Grund der Erledigung"])
def test_why_a_report_was_closed_is_no_category(heading: str) -> None:
    rows = column(heading, ("Fall A", "Fall B", "Fall C"), 60)
    assert roles_of(rows).get(heading) != "category"


@pytest.mark.parametrize(
    ("heading", "speaking", "silent"),
    [
        ("Υπηρεσία", ("Καθαριότητα", "Φωτισμός", "Οδοποιία"), ("Α.Τ. Πειραιά", "Α.Τ. Νίκαιας", "Α.Τ. Δραπετσώνας")),
        ("Servicio", ("Limpieza", "Alumbrado", "Gestión"), ("Unidad 1", "Unidad 2", "Unidad 3")),
        ("Department", ("Street lighting", "Refuse", "Central"), ("Unit 1", "Unit 2", "Unit 3")),
    ],
)
def test_who_deals_with_it_is_the_category_where_the_names_say_with_what(
    heading: str, speaking: tuple[str, ...], silent: tuple[str, ...]
) -> None:
    assert roles_of(column(heading, speaking, 60)).get(heading) == "category"
    assert roles_of(column(heading, silent, 60)).get(heading) != "category"


@pytest.mark.parametrize(
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
    shown = preview(export(rows), "export.csv", None)
    assert shown.report.facts.labels[shown.report.layout.place("category")] == fine
    said = [T(message) for message in shown.report.decisions]
    assert group == "Crime Against" or any(group in text and groups[0] in text for text in said), said


@pytest.mark.parametrize(
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
    shown = preview(export(rows, delimiter=","), "export.csv", None)
    assert shown.report.facts.labels[shown.report.layout.place("category")] == fine
    assert [found.strip() for found in shown.report.layout.separators] == [mark.strip()]


def test_a_subcategory_does_not_replace_a_category_that_says_what_happened() -> None:
    rows = [
        {"category": ("Noise", "Litter")[at % 2], "subcategory": ("Music", "Bag", "Dog", "Can")[at % 4]}
        for at in range(60)
    ]
    assert roles_of(rows) == {"date": "occurred_from", "lat": "latitude", "lon": "longitude", "category": "category"}


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("RUBRICA", ("FURTO", "ROUBO", "FURTO - VEÍCULO", "ROUBO - VEÍCULO", "FURTO - OUTROS", "ROUBO - OUTROS")),
        ("Delito", ("Robo", "Hurto", "Robo, en grado de tentativa", "Hurto, en grado de tentativa")),
        ("Kategorie", ("Baum, Ast/Wurzel", "Straße/Weg", "Müll", "Spielplatz, Geräte")),
        ("type", ("ASSAULT 2,1,UNCLASSIFIED", "ROBBERY", "ASSAULT 3", "LARCENY, PETIT")),
        # One cell of four is made of names that stand alone: the comma of the others belongs to them.
        ("Delito", ("Robo", "Hurto", "Robo, Hurto", "Robo, tentativa", "Hurto, tentativa", "Daño, doloso")),
        ("Είδος", ("Κλοπή / Διάρρηξη οικίας", "Θόρυβος", "Φθορές / Βανδαλισμοί")),
        # Each part comes twice, the kind always first.
        ("infraction", ("Vol - Véhicule", "Vol - Domicile", "Dégradation - Véhicule", "Dégradation - Domicile")),
        # Two cells of one combination say no more than one.
        ("crime", ("Theft / Burglary", "Burglary / Theft", "Noise")),
    ],
)
def test_marks_inside_names_split_nothing(heading: str, values: tuple[str, ...]) -> None:
    shown = preview(export(column(heading, values, 60)), "export.csv", None)
    assert shown.report.layout.separators == ()
    assert {next(iter(one.labels.values())) for one in shown.city.categories.values()} == set(values)
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


@pytest.mark.parametrize(
    ("mark", "names"),
    [
        ("/", ("Robo", "Lesiones", "Amenazas")), (" / ", ("Noise", "Litter", "Graffiti", "Theft")),
        (", ", ("Κλοπή", "Θόρυβος", "Σκουπίδια")), (" - ", ("Vol", "Menaces", "Violences")),
        ("|", ("Roubo", "Barulho", "Lixo")),
    ],
)  # fmt: skip
def test_values_that_always_stand_beside_another_one_are_several(mark: str, names: tuple[str, ...]) -> None:
    """Every cell holds two of a list, in the order of the list, and each in different company."""
    cells = [mark.join(two) for two in combinations(names, 2)]
    shown = preview(export(column("category", cells, 60), delimiter="\t"), "export.tsv", None)
    assert {next(iter(one.labels.values())) for one in shown.city.categories.values()} == set(names)
    assert shown.report.several == 60
    assert any("in other combinations" in T(message) for message in shown.report.decisions)


@given(WORDS, WORDS, MARK, st.data())
def test_a_kind_and_what_it_concerns_are_one_name(
    kinds: list[str], things: list[str], mark: str, data: st.DataObject
) -> None:
    """Every kind stands before every thing, and never after one."""
    names = [f"{kind}1{mark}{thing}2" for kind in kinds for thing in things]
    used = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    assert not separators_of(values_of(used))
    assert not separators_of(values_of([*used, f"{kinds[0]}1", "other"]))


@pytest.mark.parametrize(
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
    shown = preview(export(rows), "export.csv", None)
    assert shown.report.layout.nature == "incivility"
    assert {one.kind for one in shown.city.categories.values()} == {"incivility"}
    assert any("requests for a city" in T(message) for message in shown.report.decisions)


@pytest.mark.parametrize("heading", ["offense", "Τύπος αδικήματος", "Straftat", "infraction", "delito", "reato"])
def test_of_police_records_what_says_no_kind_is_an_offence(heading: str) -> None:
    assert kinds_of(column(heading, ("Xyz one", "Xyz two", "Noise"))) == {
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
@pytest.mark.parametrize("heading", ["zone", "ζώνη", "secteur"])
def test_a_file_without_a_category_says_so(tmp_path: Path, name: str, kind: str, heading: str) -> None:
    home = Home(tmp_path / "home")
    report = import_file(home, export(column(heading, ("A", "B"))), name)
    assert any("No column was recognised as the category" in T(message) for message in report.decisions)
    assert any("--category NAME" in T(message) for message in report.options)
    assert set(Store(home).read(["kind"])["kind"].to_pylist()) == {kind}
    assert any("By the name of the file" in T(message) for message in report.decisions) is (kind != "unknown")


def test_a_category_given_for_the_whole_file_is_not_said_to_be_missing(tmp_path: Path) -> None:
    rows = export(column("zone", ("A", "B")))
    report = import_file(Home(tmp_path / "home"), rows, "export.csv", answers=Answers(category="Theft"))
    assert not any("as the category" in T(message) for message in report.decisions)
    assert not report.options
    assert set(Store(Home(tmp_path / "home")).read(["kind"])["kind"].to_pylist()) == {"offence"}


def test_a_known_city_gives_kinds_by_names_and_nature_too(city: CityProfile) -> None:
    shown = preview(export(column("Είδος", ("Ξψζ", "Κλοπή ποδηλάτου", "Κλάδεμα"))), "export.csv", city)
    assert shown.sample["kind"].tolist()[:3] == ["unknown", "offence", "incivility"]
    shown = preview(export(column("Είδος", ("Ξψζ",))), "export.csv", city, answers=Answers(kind="risk"))
    assert set(shown.sample["kind"]) == {"risk"}


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Priority", ("Low", "Medium", "High", "Critical")), ("Severity", ("Low", "Medium", "High", "Critical")),
        ("Προτεραιότητα", ("Χαμηλή", "Μέτρια", "Υψηλή", "Κρίσιμη")),
        ("Σοβαρότητα", ("Χαμηλή", "Μεσαία", "Υψηλή", "Κρίσιμη")),
        ("Urgence", ("Faible", "Moyenne", "Élevée", "Urgente")), ("prioridad", ("Baja", "Media", "Alta", "Crítica")),
    ],
)  # fmt: skip
def test_words_of_severity_fill_it_in_their_order(heading: str, words: tuple[str, ...]) -> None:
    rows = [{"category": "Noise", heading: words[at % 4]} for at in range(40)]
    shown = preview(export(rows), "export.csv", None)
    assert shown.sample["severity"].tolist()[:4] == [2, 3, 4, 5]
    assert not len(shown.report.repairs)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("How safe did you feel?", ("Very unsafe", "Unsafe", "Neutral", "Safe", "Very safe")),
        ("Πόσο ασφαλής νιώσατε;", ("Πολύ ανασφαλής", "Ανασφαλής", "Ουδέτερα", "Ασφαλής", "Πολύ ασφαλής")),
        ("Sentiment de sécurité",
         ("Pas du tout en sécurité", "Peu en sécurité", "Neutre", "En sécurité", "Très en sécurité")),
        ("Sicherheitsgefühl", ("Sehr unsicher", "Unsicher", "Neutral", "Sicher", "Sehr sicher")),
    ],
)  # fmt: skip
def test_words_of_feeling_fill_it_in_their_order(heading: str, words: tuple[str, ...]) -> None:
    rows = [{"category": ("Noise", "Litter")[at % 2], heading: words[at % 5]} for at in range(40)]
    assert preview(export(rows), "export.csv", None).sample["feeling"].tolist()[:5] == [1, 2, 3, 4, 5]


APPS = [
    ("submitted", "Gender", ("Woman", "Man"), {"Report ID": "", "Status": "Open", "How safe did you feel": "Safe"}),
    ("ημερομηνία υποβολής", "Φύλο", ("Γυναίκα", "Άνδρας"), {"Αριθμός αναφοράς": "", "Κατάσταση": "Ανοιχτή"}),
    ("date de signalement", "Sexe", ("Femme", "Homme"), {"N° de signalement": "", "Statut": "ouvert"}),
    ("Ημερομηνία", "Φύλο", ("Γυναίκα", "Άνδρας"), {"Πόσο ασφαλής νιώσατε": "Πολύ ανασφαλής"}),
    ("Meldedatum", "Geschlecht", ("weiblich", "männlich"), {"Meldungsnummer": "", "Status": "offen"}),
]


@pytest.mark.parametrize(("when", "heading", "words", "more"), APPS)
def test_a_gender_in_a_citizens_app_is_the_reporters(
    when: str, heading: str, words: tuple[str, str], more: dict[str, str]
) -> None:
    rows = [
        {"category": ("Noise", "Litter")[at % 2], heading: words[at % 2]} | {k: v or f"N-{at}" for k, v in more.items()}
        for at in range(40)
    ]
    shown = preview(export(rows, when=when), "export.csv", None)
    assert set(shown.sample["reporter_gender"]) == {"woman", "man"}
    assert set(shown.sample["affected_gender"]) == {"unknown"}
    assert any("person who reports" in T(message) for message in shown.report.decisions)


@pytest.mark.parametrize(
    ("offence", "heading", "suspect", "words"),
    [("Offence", "Sex", "Suspect sex", ("F", "M")), ("Αδίκημα", "Φύλο", "Φύλο δράστη", ("Γυναίκα", "Άνδρας"))],
)
def test_a_gender_in_police_records_is_that_of_the_person_affected_never_the_suspects(
    offence: str, heading: str, suspect: str, words: tuple[str, str]
) -> None:
    rows = [
        {offence: ("A", "B")[at % 2], suspect: words[0], heading: words[at % 2], "Status": "open", "report id": f"{at}"}
        for at in range(40)
    ]
    roles = roles_of(rows)
    assert roles[heading] == "affected_gender"
    assert suspect not in roles


@pytest.mark.parametrize("offences", [("Burglary", "Assault"), ("Κλοπή", "Ληστεία"), ("Einbruch", "Raub")])
def test_a_report_number_and_a_state_alone_do_not_make_records_of_offences_those_of_citizens(
    offences: tuple[str, str],
) -> None:
    rows = [
        {"Report No": f"R{at}", "Status": "open", "what": offences[at % 2], "Sex": "FM"[at % 2]} for at in range(40)
    ]
    assert roles_of(rows)["Sex"] == "affected_gender"


def test_a_victim_in_a_citizens_app_stays_the_person_affected() -> None:
    rows = [
        {"Report ID": f"R{at}", "Status": "open", "category": "Noise", "Victim gender": ("F", "M")[at % 2]}
        for at in range(40)
    ]
    assert roles_of(rows, when="submitted")["Victim gender"] == "affected_gender"


@pytest.mark.parametrize("heading", ["category", "Κατηγορία", "nature des faits"])
def test_long_names_from_a_list_are_categories_and_said_so(heading: str) -> None:
    names = [
        f"Vols violents sans arme contre des femmes sur voie publique ou autre lieu public {at}" for at in range(9)
    ]
    shown = preview(export(column(heading, names, 90)), "export.csv", None)
    assert {next(iter(one.labels.values())) for one in shown.city.categories.values()} == set(names)
    assert any("9 different names of up to" in T(message) for message in shown.report.decisions)


@pytest.mark.parametrize("heading", ["incident type", "Είδος", "Delito"])
def test_texts_that_are_no_list_are_named_as_not_used(heading: str) -> None:
    names = [f"On day {at} somebody I do not know shouted at me from the other side of the street" for at in range(90)]
    shown = preview(export(column(heading, names, 90)), "export.csv", None)
    assert "category" not in shown.report.layout.roles
    assert any(f"{heading} is not used as the category: it holds 90" in T(m) for m in shown.report.decisions)


def test_headings_without_values_give_no_category_of_their_own_accord() -> None:
    found = recognise(["date", "description", "zone"], None)
    assert "category" not in found.layout.roles
    empty = pa.table({str(at): pa.array(["", ""], pa.large_string()) for at in range(2)})
    assert "category" not in recognise(["date", "subject"], empty).layout.roles


@pytest.mark.parametrize(
    ("heading", "persons"),
    [("Subject", ("Maria Smith", "John Brown", "Ann Lee")), ("Θέμα", ("Μαρία Παππά", "Νίκος Λάμπρου"))],
)
def test_names_of_persons_who_are_the_subject_are_no_categories(heading: str, persons: tuple[str, ...]) -> None:
    assert heading not in roles_of(column(heading, persons))


def test_the_help_of_the_filter_names_every_kind() -> None:
    field = AlertFilter().field_of("kind")
    assert field is not None
    for language in LANGUAGES:
        assert all(str(kind) in translator(language)(field.help) for kind in Kind)
