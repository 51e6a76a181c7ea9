"""A city from nothing: any name makes one from a file without coordinates; what it lacks is said and can be given."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path

import pypdf
import pytest
import shapely

from curim_data.cli.app import main
from curim_data.importing.pipeline import ImportReport, import_file, preview
from curim_data.model import Answers, ImportProblem, Question, translator
from curim_data.model.absence import NO_OUTLINE
from curim_data.privacy import help_lines
from curim_data.store import Home, Store
from tests.commands import Curim
from tests.effort import FULL, some

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
HEADERS = {
    "en": ("case number", "date", "offence", "victim gender"),
    "es": ("expediente", "fecha del hecho", "delito", "sexo de la víctima"),
    "de": ("Vorgangsnummer", "Tatzeit", "Delikt", "Geschlecht des Opfers"),
    "el": ("αριθμός υπόθεσης", "ημερομηνία", "κατηγορία", "φύλο θύματος"),
}
VALUES = {
    "en": (("Theft", "Sexual harassment", "Vandalism"), ("woman", "man")),
    "es": (("Hurto", "Acoso sexual", "Vandalismo"), ("mujer", "hombre")),
    "de": (("Diebstahl", "Sexuelle Belästigung", "Sachbeschädigung"), ("Frau", "Mann")),
    "el": (("Κλοπή", "Σεξουαλική παρενόχληση", "Βανδαλισμός"), ("γυναίκα", "άνδρας")),
}


def bare_export(lang: str, rows: int = 240, offset: str = "", place: tuple[float, float] | None = None) -> bytes:
    """A register of one year without coordinates, or with them round a place (longitude, latitude)."""
    rng = random.Random(7)
    categories, genders = VALUES[lang]
    lines = [",".join((*HEADERS[lang], *(("latitude", "longitude") if place else ())))]
    for n in range(rows):
        when = dt.datetime(2025, 1, 2, 8) + dt.timedelta(hours=35 * n, minutes=rng.randrange(60))
        cells = [f"R{n}", f"{when:%Y-%m-%dT%H:%M}{offset}", rng.choice(categories), rng.choice(genders)]
        if place:
            cells += [f"{place[1] + rng.random() / 30:.5f}", f"{place[0] + rng.random() / 30:.5f}"]
        lines.append(",".join(cells))
    return "\n".join(lines).encode()


def bring(home: Home, lang: str, city: str, **options: str) -> ImportReport:
    answers = Answers(timezone=options.get("timezone"))
    data = bare_export(lang, offset=options.get("offset", ""))
    return import_file(home, data, "register.csv", city_name=city, answers=answers, now=NOW)


@pytest.mark.parametrize(
    ("lang", "city", "zone"),
    [
        ("de", "Berlin", "Europe/Berlin"),
        ("el", "Βερολίνο", "Europe/Berlin"),
        ("es", "Londres", "Europe/London"),
        ("en", "LISBOA", "Europe/Lisbon"),
        ("es", "nueva york", "America/New_York"),
        ("es", "Córdoba", "UTC"),  # in Spain or in Argentina
        ("en", "Paris, Texas", "UTC"),
    ],
)
def test_any_name_makes_a_city(tmp_path: Path, lang: str, city: str, zone: str) -> None:
    home = Home(tmp_path / "home")
    report = bring(home, lang, city)
    assert (report.batch.accepted, report.batch.unmapped) == (240, 240)
    made, told = home.city(), report.sentence(translator("en"))
    assert (made.names["en"], made.timezone, made.provisional, made.outlined) == (city, zone, True, False)
    assert len(made.categories) == 3
    assert "no outline yet" in told
    assert ("time zone in the city profile" if zone == "UTC" else f"Its time zone is {zone}.") in told
    hours = Store(home).read(["hour", "dark"])
    assert set(hours["hour"].to_pylist()) == set(range(24))
    assert (hours["dark"].null_count == 240) == (zone == "UTC")


def test_without_a_name_nothing_is_made_and_times_with_an_offset_need_a_zone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with pytest.raises(ImportProblem) as problem:
        import_file(home, bare_export("en"), "register.csv", now=NOW)
    assert all(word in problem.value.message.text for word in ("--city NAME", "--timezone", "curim city land"))
    assert not home.has_city()
    shown = preview(bare_export("en"), "register.csv", None, now=NOW)  # the page has a field for the name
    assert (shown.report.batch.accepted, shown.city.outlined) == (240, False)
    with pytest.raises(Question) as asked:
        bring(home, "es", "Rosario", offset="-03:00")
    assert asked.value.flag == "--timezone"
    assert not home.has_city()
    bring(home, "es", "Rosario", offset="-03:00", timezone="America/Argentina/Cordoba")
    first = Store(home).read(["reported_at", "hour"]).sort_by("reported_at").to_pylist()[0]
    assert first["hour"] == 8


@some("lang", HEADERS)
def test_an_outline_comes_with_the_first_file_that_has_coordinates(tmp_path: Path, lang: str) -> None:
    home = Home(tmp_path / "home")
    bring(home, lang, "Berlin")
    before = Store(home).read(["alert_id", "hour", "content_hash"]).sort_by("alert_id")
    mapped = bare_export(lang, 60, place=(13.4, 52.5)).replace(b"R", b"M")
    dry = import_file(home, mapped, "map.csv", now=NOW, dry_run=True)
    assert dry.outside == 0
    assert not home.city().outlined
    report = import_file(home, mapped, "map.csv", now=NOW)
    assert (report.batch.accepted, report.outside) == (60, 0)
    city = home.city()
    assert (city.outlined, city.names["en"], city.timezone, city.epsg) == (True, "Berlin", "Europe/Berlin", 32633)
    assert city.land.bounds[0] == pytest.approx(13.4, abs=0.1)
    versions = set(Store(home).read(["profile_version"])["profile_version"].to_pylist())
    assert versions == {city.version}
    after = Store(home).read(["alert_id", "hour", "content_hash"]).sort_by("alert_id")
    assert after.slice(after.num_rows - 240).equals(before)


def test_an_outline_comes_with_a_file_of_districts(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    bring(home, "de", "Wien")
    file = tmp_path / "Bezirke.geojson"
    shape = shapely.to_geojson(shapely.box(16.3, 48.15, 16.45, 48.25))
    file.write_text(f'{{"type": "Feature", "properties": {{"name": "Innen"}}, "geometry": {shape}}}', "utf-8")
    assert main(["city", "districts", str(file), "--home", str(home.path)]) == 0
    city = home.city()
    assert (city.outlined, city.epsg, city.timezone) == (True, 32633, "Europe/Vienna")
    assert city.view["longitude"] == pytest.approx(16.375)


@pytest.mark.parametrize(
    ("lang", "city", "zone", "numbers"),
    [
        ("de", "Berlin", None, ["112", "116 006"]),
        ("es", "Rosario", "America/Argentina/Cordoba", []),
        ("en", "Xanadu", None, []),
    ],
)
def test_no_paper_of_a_foreign_city_gives_the_help_of_another(
    tmp_path: Path, lang: str, city: str, zone: str | None, numbers: list[str]
) -> None:
    home = Home(tmp_path / "home")
    bring(home, lang, city, **({"timezone": zone} if zone else {}))
    lines = help_lines(home.city(), translator("en"))
    assert [line.partition(":")[0] for line in lines] == numbers
    for reader in ("en", "el", "fr") if FULL else ({"de": "el", "es": "fr"}.get(lang, lang),):
        file = tmp_path / f"{reader}.pdf"
        assert main(["brief", "--lang", reader, "--out", str(file), "--home", str(home.path)]) == 0
        text = " ".join(page.extract_text() for page in pypdf.PdfReader(file).pages)
        assert not re.search(r"\b(?:15900|197|1056|100|199)\b|METHE|Piraeus|Πειραι|Pirée", text)


@some("lang", ["en", "el", "fr"])
def test_the_command_shows_what_the_city_lacks(tmp_path: Path, curim: Curim, lang: str) -> None:
    file = tmp_path / "register.csv"
    file.write_bytes(bare_export("es"))
    said = curim.says(Home(tmp_path / "home"), "import", str(file), "--city", "Rosario", "--lang", lang)
    assert " ".join(translator(lang)(NO_OUTLINE).split()) in " ".join(said.split())
