"""The preview of a first file names what the page offers, in the reader's words: areas, categories, dates, boxes."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.model import translator
from curim_data.store import Home, Store
from pages.parts.data.recognised import KIND_QUESTION
from tests.app.conftest import SPOKEN, bring, errors, texts_of, visit

# Towns of a made-up country: name, longitude, latitude, alerts.
TOWNS = (("Ostwick", 21.0, 52.0, 260), ("Milford", 17.0, 51.1, 120))


def _bring(content: bytes, lang: str = "en", name: str = "export.csv") -> AppTest:
    return bring(visit("data", lang=lang, home="own"), (name, content))


def _country() -> bytes:
    lines = ["id,date,category,latitude,longitude,city"]
    for name, x, y, many in TOWNS:
        lines += [
            f"{name}{n},2024-05-{1 + n % 28:02},Noise,{y + n % 17 / 700:.5f},{x + n % 13 / 500:.5f},{name}"
            for n in range(many)
        ]
    lines += [
        f"L{n},2024-05-{1 + n % 28:02},Noise,{50 + 3.5 * (7 * n % 60) / 60:.5f},{15 + 8 * n / 60:.5f},Elsewhere {n}"
        for n in range(60)
    ]
    return "\n".join(lines).encode()


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("lang", SPOKEN)
def test_the_page_offers_areas_by_name_and_names_its_own_boxes(lang: str) -> None:
    app, t = _bring(_country(), lang), translator(lang)
    (question,) = [one for one in app.radio if str(one.key).startswith("data_area_")]
    assert ["Ostwick" in question.options[0], "Milford" in question.options[2]] == [True, True]
    assert "--" not in texts_of(app)
    assert t(KIND_QUESTION) in texts_of(app)


def test_an_empty_box_of_categories_says_what_to_type(base: Home) -> None:
    """Where the city has no category yet there is nothing to choose from."""
    lines = [f"R{n},2026-02-{n:02d},48.20{n % 10},16.37{n % 7}" for n in range(1, 25)]
    app = _bring("\n".join(["ref,date,lat,lon", *lines]).encode())
    assert not [box for box in app.selectbox if str(box.key).startswith("data_category_")]
    (field,) = [box for box in app.text_input if str(box.key).startswith("data_category_")]
    assert "Type a name" in field.placeholder
    field.set_value("Theft").run()
    assert not errors(app)
    (field,) = [box for box in app.text_input if str(box.key).startswith("data_category_")]
    assert field.value == "Theft"
    app.text_input(key="data_city_name").set_value("Vienna").run()
    app.button(key="data_import").click().run()
    assert not errors(app)
    assert set(Store(base).read(["category"])["category"].to_pylist()) == {"theft"}


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("lang", SPOKEN)
def test_several_cities_in_one_file_wait_for_an_answer(lang: str) -> None:
    lines = ["id,date,category,latitude,longitude"]
    for name, x, y, many in TOWNS:
        lines += [
            f"{name}{n},2024-05-{1 + n % 28:02},Noise,{y + n % 17 / 700:.5f},{x + n % 13 / 500:.5f}"
            for n in range(many)
        ]
    app = _bring("\n".join(lines).encode(), lang)
    (question,) = [one for one in app.radio if str(one.key).startswith("data_area_")]
    assert question.value is None
    assert app.button(key="data_import").disabled
    question.set_value("densest").run()
    assert not errors(app)
    assert not app.button(key="data_import").disabled


@pytest.mark.parametrize("lang", SPOKEN)
def test_a_file_without_coordinates_makes_a_city_of_the_name_that_is_given(base: Home, lang: str) -> None:
    lines = [f"R{n},2026-02-{n:02d} 10:15,Theft" for n in range(1, 25)]
    app = _bring("\n".join(["ref,date,offence", *lines]).encode(), lang)
    app.text_input(key="data_city_name").set_value("Βερολίνο").run()
    app.button(key="data_import").click().run()
    assert not errors(app)
    assert (base.city().names["en"], base.city().timezone, base.city().outlined) == ("Βερολίνο", "Europe/Berlin", False)
    assert Store(base).count() == 24
