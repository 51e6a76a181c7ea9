"""Several cities in one house: nothing of one in a page of another, roles of each, the switch, the record."""

from __future__ import annotations

import itertools
import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.model import Role
from curim_data.plans.record import Deed, Refusal
from pages.parts.frame import guard, reader, record
from pages.parts.frame.guard import NotPermitted, _checked
from pages.parts.frame.reader import Reader
from pages.parts.frame.results import forget_results
from tests.app.conftest import MAYOR, PAGES, Rerun, recorded, visit
from tests.houses import MARKS, House, everything

pytestmark = pytest.mark.usefixtures("in_house")
VISITED = (
    *((name, {}) for name in PAGES),
    ("hotspots", {"layer": "density"}),
    ("data", {"part": "city"}),
    ("data", {"part": "record"}),
)


def roles(house: House, alpha: str = "", beta: str = "") -> None:
    for home, role in ((house.alpha, alpha), (house.beta, beta)):
        (home.path / "roles.toml").write_text(f'"{MAYOR}" = "{role}"\n' if role else "", "utf-8")


def switch(app: AppTest) -> dict[str, str]:
    """The links to other cities by name."""
    found = [html.proto.body for html in app.get("html") if 'aria-label="City"' in html.proto.body]
    links = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)<', "".join(found))
    return {name: address.replace("&amp;", "&") for address, name in links}


def words(address: str) -> dict[str, str]:
    return {word: values[0] for word, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.parametrize("view", ["", "council"])
def test_no_page_of_a_city_holds_anything_of_another(view: str) -> None:
    """Every page of one city and then of the other, in one process, so that what is kept in it could be mixed."""
    for (name, more), (word, other) in itertools.product(VISITED, itertools.permutations(MARKS)):
        app = visit(name, city=word, **more, **({"as": view} if view else {}))
        sent = everything(app).replace(f"{MARKS[other]} Piraeus", "")  # the switch
        assert MARKS[other] not in sent, (name, word)
        if name in ("briefing", "hotspots", "trends", "gender"):
            assert MARKS[word] in sent.replace(f"{MARKS[word]} Piraeus", ""), (name, word)
        assert switch(app).keys() == {f"{mark} Piraeus" for mark in MARKS.values()}
        assert f"city={other}" not in sent.replace(switch(app)[f"{MARKS[other]} Piraeus"].replace("&", "&amp;"), "")


def figures(app: AppTest) -> list[str]:
    """What a page tells: its texts, tables and charts."""
    texts = [one.value for kind in ("title", "header", "subheader", "markdown", "caption") for one in app.get(kind)]
    tables = [one.value.to_csv() for one in app.get("arrow_data_frame")]
    charts = [one.proto.spec for one in app.get("plotly_chart")]
    return [*texts, *tables, *charts]


@pytest.mark.parametrize("view", ["", "council"])
def test_the_figures_of_a_city_are_those_that_it_has_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    asked = {"city": "beta", **({"as": view} if view else {})}
    told = {}
    for name in ("briefing", "hotspots", "trends", "gender"):
        visit(name, **{**asked, "city": "alpha"})
        told[name] = figures(visit(name, **asked))
    forget_results()
    monkeypatch.setenv("CURIM_HOMES", str(house.beta.path))
    for name, before in told.items():
        assert len(before) > 10
        assert figures(visit(name, **asked)) == before


def test_links_carry_the_city_and_the_switch_keeps_what_means_something() -> None:
    asked = {"affected": "woman", "category": "noise,made_up", "district": "d1"}
    asked |= {"from": "2025-01-01", "to": "2025-03-31"}
    app = visit("trends", city="beta", **{"as": "council"}, **asked)
    links = [link.proto for link in app.get("page_link")]
    assert links
    assert all(words(f"?{link.query_string}").get("city") == "beta" for link in links)
    there = words(switch(app)["ALPHAN Piraeus"])
    assert there["city"] == "alpha"
    assert (there["lang"], there["as"], there["affected"], there["category"]) == ("en", "council", "woman", "noise")
    assert "district" not in there
    early = visit("trends", city="beta", **{"from": "1990-01-01", "to": "1990-02-01"})
    assert not {"from", "to", "period"} & words(switch(early)["ALPHAN Piraeus"]).keys()


@pytest.mark.parametrize("word", ["alpha", "nowhere", "../alpha", "ALPHA"])
@pytest.mark.usefixtures("mayor")
def test_a_city_that_is_not_open_is_as_one_that_is_not_there(house: House, word: str) -> None:
    roles(house, beta="specialist")
    app = visit("trends", city=word)
    assert [one.value for one in app.header] == ["No access"]
    sent = everything(app)
    assert MARKS["alpha"] not in sent
    assert "No city that you may see has the name in this link. Choose one of yours." in [o.value for o in app.markdown]
    assert switch(app) == {"BETAN Piraeus": "./?lang=en&city=beta"}
    again = visit("trends", city="nowhere")
    assert sent.replace(f"city={quote_plus(word)}", "city=nowhere") == everything(again)


@pytest.mark.usefixtures("mayor")
def test_each_city_has_roles_of_its_own(house: House) -> None:
    roles(house, alpha="analyst", beta="council")
    assert [one.value for one in visit("data", city="beta").header] == ["No access"]
    assert [one.value for one in visit("data", city="alpha").header] == []
    there = switch(visit("data", city="alpha"))["BETAN Piraeus"]
    assert there.startswith("./?")
    exact, copy = (visit("trends", city=word) for word in ("alpha", "beta"))
    told = ("Exact numbers, for analysts", "As the council sees it: figures")
    assert [told[0] in everything(app) for app in (exact, copy)] == [True, False]
    assert [told[1] in everything(app) for app in (exact, copy)] == [False, True]


@pytest.mark.usefixtures("mayor")
def test_who_looked_stands_in_the_record_of_that_city_alone(house: House) -> None:
    roles(house, alpha="analyst", beta="council")
    before = {home: len(recorded(home)) for home in (house.alpha, house.beta)}
    visit("methods", city="beta", affected="woman")
    assert len(recorded(house.alpha)) == before[house.alpha]
    new = [one for one in recorded(house.beta)[before[house.beta] :] if one.deed is not Deed.CHANGE]
    assert [(one.who, one.role, one.deed, one.subject, one.query) for one in new] == [
        (MAYOR, "council", Deed.SIGN_IN, "", ""),
        (MAYOR, "council", Deed.VIEW, "methods", "lang=en&affected=woman"),
    ]
    roles(house, beta="council")
    visit("methods", city="alpha")
    refused = [one for one in recorded(house.alpha)[before[house.alpha] :] if one.deed is not Deed.CHANGE]
    assert [(one.deed, one.who, one.subject) for one in refused] == [(Deed.NOT_ADMITTED, MAYOR, "unknown")]


@pytest.mark.usefixtures("mayor")
def test_signing_out_in_one_city_ends_the_session_in_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    roles(house, alpha="analyst", beta="council")
    asked: dict[str, str] = {}
    monkeypatch.setattr(reader.st, "query_params", asked)
    assert reader.reader() == Reader(MAYOR, Role.ANALYST, city="alpha")
    asked["city"] = "alpha"
    assert reader.reader() == Reader(MAYOR, Role.ANALYST, city="alpha")
    asked["city"] = "beta"
    assert reader.reader() == Reader(MAYOR, Role.COUNCIL, city="beta")
    reader.sign_out()
    for word in ("", "alpha", "beta"):
        asked["city"] = word
        found = reader.reader()
        assert found is not None
        assert found.refusal is Refusal.SIGNED_OUT


def test_the_shortest_times_of_a_session_count_for_all_cities(house: House) -> None:
    (house.beta.path / "settings.toml").write_text("[sign_in]\nidle_minutes = 10\n", "utf-8")
    try:
        assert (reader.limits().idle, reader.limits().absolute) == (600, 43_200)
    finally:
        (house.beta.path / "settings.toml").unlink()


def test_roles_that_cannot_be_read_close_their_city_alone(
    house: House, mayor: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    roles(house, beta="council")
    (house.alpha.path / "roles.toml").write_text("=", "utf-8")
    assert reader._admitted(dict(mayor), "beta", using=True).role is Role.COUNCIL
    assert reader._admitted(dict(mayor), "alpha", using=True).refusal is Refusal.NO_CITY
    assert "nobody is let into a city whose roles cannot be read" in caplog.text


@pytest.mark.usefixtures("mayor", "reruns")
def test_what_was_drawn_for_one_city_does_nothing_for_the_role_in_another(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A button, a file and a part of a page of a city, clicked with the address of a city with a higher role."""
    roles(house, alpha="specialist", beta="analyst")
    here = SimpleNamespace(city_word="alpha", role=Role.SPECIALIST)
    asked = {"city": "alpha"}
    monkeypatch.setattr(reader.st, "query_params", asked)
    monkeypatch.setattr(record._run, "pages", (here,), raising=False)
    monkeypatch.setattr("pages.parts.frame.record.note", lambda *_, **__: None)
    assert reader.reader() == Reader(MAYOR, Role.SPECIALIST, city="alpha")
    done: list[int] = []
    act, make = guard.permitted(Role.SPECIALIST, done.append), _checked(lambda: b"file", "file.csv")
    draw = guard.admitting(done.append)
    act(1)
    draw(2)
    draw(3)
    assert (make(), done) == (b"file", [1, 2, 3])
    roles(house, beta="analyst")
    asked["city"] = "beta"
    act(4)
    with pytest.raises(Rerun):
        draw(5)
    with pytest.raises(NotPermitted):
        make()
    assert done == [1, 2, 3]


def test_a_session_is_of_one_city() -> None:
    """What was typed, picked or uploaded in a session never comes into another city."""
    app = visit("trends", city="alpha")
    app.query_params["city"] = "beta"
    app.run()
    assert [one.value for one in app.header] == ["Another city"]
    assert not {mark for mark in MARKS.values() if mark in everything(app)}
    app.query_params["city"] = "alpha"
    app.run()
    assert MARKS["alpha"] in everything(app)
