"""What an analyst sees of a file before "Import": profiles, categories with kinds, genders, roles, rows, concerns."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.model import translator
from curim_data.store import Home
from tests.app.conftest import SPOKEN, bring, visit

HEAD = {
    "el": "κωδικός;ημερομηνία;ώρα;κατηγορία;φύλο θύματος;γεωγραφικό πλάτος;γεωγραφικό μήκος;παρατηρήσεις",
    "en": "id;date of incident;time;category;victim sex;latitude;longitude;comments",
    "fr": "numéro;date des faits;heure;catégorie;sexe de la victime;latitude;longitude;commentaire",
}
SEX = {"el": ("Γυναίκα", "Άνδρας"), "en": ("Female", "Male"), "fr": ("Femme", "Homme")}
SECRET = "a secret of somebody"


def _file(lang: str = "en", *, office: bool = False) -> bytes:
    lines = [HEAD[lang]]
    for n in range(90):
        day, hour = (5 - 3 * (n % 2) + 7 * (n % 3) + n % 5, 9 + n % 7) if office else (1 + n % 28, n * 5 % 24)
        where = f"{37.940 + n % 17 / 2000:.5f};{23.640 + n % 13 / 2000:.5f}"
        sex = SEX[lang][int(n % 3 == 0)]
        what = ("noise", "theft", "graffiti")[n % 3]
        lines.append(f"{n + 1};2026-0{1 + n % 2}-{day:02d};{hour:02d}:{n % 60:02d};{what};{sex};{where};{SECRET}")
    return "\n".join(lines).encode()


@pytest.fixture
def base(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the sample city."""
    shutil.copytree(sample.path, tmp_path / "sample")
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    return Home(tmp_path)


def _open(lang: str, *files: tuple[str, bytes]) -> AppTest:
    return bring(visit("data", lang=lang, home="own"), *files)


def _charts(app: AppTest) -> dict[str, Any]:
    """The specification of each small chart, by its key."""
    found = {}
    for chart in app.get("plotly_chart"):
        for name in ("hours", "weekdays", "months"):
            if f"data_proof_{name}" in str(chart.proto.id):
                found[name] = json.loads(chart.proto.spec or chart.proto.figure.spec)
    return found


def _everything(app: AppTest) -> str:
    parts = (app.markdown, app.caption, app.success, app.error, app.warning, app.info)
    words = [str(element.value) for kind in parts for element in kind]
    return "\n".join([*words, *(table.value.to_string() for table in app.table)])


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("lang", SPOKEN)
def test_the_proof_stands_before_the_button(lang: str) -> None:
    t = translator(lang)
    app = _open(lang, ("my.csv", _file(lang)))
    charts = _charts(app)
    hours = [sum(n * 5 % 24 == hour for n in range(90)) for hour in range(24)]
    assert charts["hours"]["data"][0]["y"] == hours
    assert sum(charts["weekdays"]["data"][0]["y"]) == 90
    assert charts["months"]["data"][0]["y"] == [45, 45]
    shown = _everything(app)
    assert t("Look at this before you import") not in shown
    assert t.n("{known} of {n} alert has an hour ({share}).", "{known} of {n} alerts have an hour ({share}).", 90,
               known=90, share=t.part(1.0)) in shown  # fmt: skip
    assert t("Not asked: no column of the file holds it.") in shown
    assert SECRET not in shown
    rows = next(table.value for table in app.table if t("Row {n}", n=1) in table.value.columns)
    assert list(rows.columns)[2:] == [t("Row {n}", n=n) for n in (1, 31, 61)]
    cells = rows.set_index(rows.columns[0])[t("Row {n}", n=1)]
    assert cells.str.contains("2026-01-01 00:00 → ").any()
    what = next(table.value for table in app.table if list(table.value.columns)[:2] == [t("Category"), t("Kind")])
    assert len(what) == 3
    assert set(what[t("Kind")]) == {t.c("kind", "Offence"), t.c("kind", "Incivility")}
    order = [str(getattr(one, "key", "") or getattr(one.proto, "id", "")) for one in app.main]
    ids = "\n".join(order)
    assert ids.index("data_proof_months") < ids.index("data_import")


@pytest.mark.usefixtures("base")
def test_what_looks_implausible_is_said_for_each_file_before_the_import() -> None:
    app = _open("en", ("office.csv", _file(office=True)), ("well.csv", _file()))
    (warning,) = [str(one.value) for one in app.warning if "Look at this" in str(one.value)]
    assert warning.startswith("**Look at this before you import: office.csv**")
    assert "90 of 90 times lie between 08:00 and 17:00 on Monday to Friday." in warning
    assert "well.csv" not in warning
