"""Several cities in one house: none in a page of another, roles, switch, record; two cities compared with a twin."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint
from streamlit.testing.v1 import AppTest

from analysis.stats.dispersion import UNKNOWN
from curim_data.model import SEVERAL_CATEGORIES, Audience, KnownTime, Plan, PlanStatus, Role, translator
from curim_data.plans.plan_store import PlanStore
from curim_data.plans.record import Deed, Refusal
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.compare import CityFigures, Periods, city_figures, compared_periods
from pages.parts.cities import NamedCity, _handed_out, adds_up_to_more, compared_shares, scatter_unknown, what_differs
from pages.parts.frame import guard, reader, record
from pages.parts.frame.guard import NotPermitted, _checked
from pages.parts.frame.reader import Reader
from pages.parts.frame.results import forget_results
from tests.app.conftest import MAYOR, PAGES, Rerun, opened, recorded, visit
from tests.effort import FULL
from tests.houses import MARKS, House, everything
from tests.stored import seen_by, stored_alerts

pytestmark = pytest.mark.usefixtures("in_house")
FIGURES = ("briefing", "hotspots", "trends", "gender")[:: 1 if FULL else 2]
VISITED = (
    *((name, {}) for name in (PAGES if FULL else FIGURES)),
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


@pytest.mark.parametrize("view", ["", "council"] if FULL else ["council"])
def test_no_page_of_a_city_holds_anything_of_another_and_its_figures_are_those_it_has_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    """Every page of one city and then of the other, in one process, so that what is kept in it could be mixed."""
    told, more_words = {}, {"as": view} if view else {}
    for (name, more), (word, other) in itertools.product(VISITED, itertools.permutations(MARKS)):
        app = visit(name, city=word, **more, **more_words)
        app = opened(app) if name in FIGURES else app
        sent = everything(app).replace(f"{MARKS[other]} Piraeus", "")  # the switch
        assert MARKS[other] not in sent, (name, word)
        if name in FIGURES:
            assert MARKS[word] in sent.replace(f"{MARKS[word]} Piraeus", ""), (name, word)
        if name in FIGURES and not more and word == "beta":
            told[name] = figures(app)
        assert switch(app).keys() == {f"{mark} Piraeus" for mark in MARKS.values()}
        assert f"city={other}" not in sent.replace(switch(app)[f"{MARKS[other]} Piraeus"].replace("&", "&amp;"), "")
    forget_results()
    monkeypatch.setenv("CURIM_HOMES", str(house.beta.path))
    for name in FIGURES:
        assert len(told[name]) > 10
        assert figures(opened(visit(name, city="beta", **more_words))) == told[name]


def figures(app: AppTest) -> list[str]:
    """What a page tells: its texts, tables and charts."""
    texts = [one.value for kind in ("title", "header", "subheader", "markdown", "caption") for one in app.get(kind)]
    tables = [one.value.to_csv() for one in app.get("arrow_data_frame")]
    charts = [one.proto.spec for one in app.get("plotly_chart")]
    return [*texts, *tables, *charts]


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


@pytest.mark.usefixtures("mayor")
def test_a_city_that_is_not_open_is_as_one_that_is_not_there(house: House) -> None:
    roles(house, beta="specialist")
    app = visit("trends", city="nowhere")
    assert [one.value for one in app.header] == ["No access"]
    absent = everything(app)
    assert MARKS["alpha"] not in absent
    assert "No city that you may see has the name in this link. Choose one of yours." in [o.value for o in app.markdown]
    assert switch(app) == {"BETAN Piraeus": "./?lang=en&city=beta"}
    for word in ("alpha", "../alpha", "ALPHA"):
        sent = everything(visit("trends", city=word))
        assert sent.replace(f"city={quote_plus(word)}", "city=nowhere") == absent


@pytest.mark.usefixtures("mayor")
def test_each_city_has_roles_of_its_own(house: House) -> None:
    roles(house, alpha="analyst", beta="council")
    assert [one.value for one in visit("data", city="beta").header] == ["No access"]
    app = visit("data", city="alpha")
    assert [one.value for one in app.header] == []
    assert switch(app)["BETAN Piraeus"].startswith("./?")
    exact, copy = (visit("trends", city=word) for word in ("alpha", "beta"))
    told = ("Exact numbers, for analysts", "<b>As the council sees it</b>")
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


def test_unreadable_roles_close_one_city(house: House, mayor: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    roles(house, beta="council")
    (house.alpha.path / "roles.toml").write_text("=", "utf-8")
    assert reader.admitted(dict(mayor), "beta", using=True).role is Role.COUNCIL
    assert reader.admitted(dict(mayor), "alpha", using=True).refusal is Refusal.NO_CITY
    assert "nobody is let into a city whose roles cannot be read" in caplog.text


@pytest.mark.usefixtures("mayor", "reruns")
def test_what_was_drawn_for_a_city_does_nothing_for_another_role(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
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


def navigation(app: AppTest) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


def counted(home: Home) -> CityFigures:
    source, other = (open_for(one, Audience.ANALYST) for one in (home, Home(home.path.parent / "beta")))
    periods = compared_periods(source, other)
    assert periods is not None
    return city_figures(seen_by(source, Audience.ANALYST), periods.first)


@pytest.mark.parametrize("word", ["alpha", "beta"])
def test_a_citys_figures_are_those_of_counting_row_by_row(house: House, word: str) -> None:
    home = {"alpha": house.alpha, "beta": house.beta}[word]
    found = counted(home)
    alerts: pd.DataFrame = stored_alerts(open_for(home, Audience.ANALYST)).to_pandas()
    alerts = alerts[pd.to_datetime(alerts["local_date"]).dt.date.between(*found.period)]
    assert found.alerts == len(alerts)
    assert found.placed == alerts["longitude"].notna().sum()
    assert found.timed == pytest.approx(alerts["hour"].notna().sum())
    stated = ["woman", "man", "other"]
    assert found.affected == alerts["affected_gender"].isin(stated).sum()
    assert found.reporters == alerts["reporter_gender"].isin(stated).sum()
    assert list(found.months) == alerts.groupby(pd.to_datetime(alerts["month"]))["alert_id"].count().tolist()
    kinds = {part.key: part.counted.n for part in found.shares["kind"].values()}
    assert kinds == alerts["kind"].value_counts().to_dict()
    tree = home.city().categories
    for part in found.shares["group"].values():
        of_group = {name for name, category in tree.items() if category.group == part.key}
        named = [
            {one, *(() if more is None else more)}
            for one, more in zip(alerts["category"], alerts["more_categories"], strict=True)
        ]
        assert part.counted.n == sum(bool(of_group & names) for names in named), part.key
        assert part.counted.of == len(alerts)
    told = {key: part.counted for key, part in found.shares["reporter"].items()}
    assert told["woman"].n == (alerts["reporter_gender"] == "woman").sum()
    assert told["woman"].of == alerts["reporter_gender"].isin(["woman", "man"]).sum()
    assert told["unstated"].n == alerts["reporter_gender"].isin(["undisclosed", "unknown"]).sum()
    dark = found.shares["light"]["dark"].counted
    assert (dark.n, dark.of) == (alerts["dark"].eq(True).sum(), alerts["dark"].notna().sum())
    assert sum(part.counted.n for part in found.shares["time"].values()) == pytest.approx(alerts["hour"].notna().sum())


def test_the_page_shows_the_shares_and_their_differences_and_its_files_are_of_both_cities(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[str]] = []

    def handing_out(_: str) -> Any:
        drawn.append([one.city_word for one in record.drawn()])
        return lambda: None

    monkeypatch.setattr("pages.parts.frame.guard.handing_out", handing_out)
    app = visit("cities", city="alpha", **{"with": "beta"})
    assert len(drawn) > 5
    assert all(words == ["alpha", "beta"] for words in drawn)
    first, second = counted(house.alpha), counted(house.beta)
    page: Any = SimpleNamespace(t=translator("en"), city=house.alpha.city())
    frame = compared_shares(page, first, second)
    assert set(frame["by"]) == {"kind", "group", "affected", "reporter", "time", "light"}
    shown = pd.concat([table.value for table in app.table if "Beyond chance" in table.value], ignore_index=True)
    assert len(shown) == len(frame)
    for row, told in zip(frame.to_dict("records"), shown.to_numpy().tolist(), strict=True):
        for side, text in zip(("first", "second"), told[1:3], strict=True):
            n, of = row[f"n_{side}"], row[f"of_{side}"]
            assert text.startswith(f"{100 * n / of:.0f}") or "below" in text, row
        assert told[4] == ("yes" if row["differs"] else "no")
        assert row["difference"] == pytest.approx(row["n_first"] / row["of_first"] - row["n_second"] / row["of_second"])
    several = any(one.value == SEVERAL_CATEGORIES.text for one in app.caption)
    assert several == (adds_up_to_more(first) or adds_up_to_more(second))
    assert not scatter_unknown(first)
    unknown = replace(part := first.shares["light"]["dark"], counted=replace(part.counted, scatter=UNKNOWN))
    assert scatter_unknown(replace(first, shares={**first.shares, "light": {"dark": unknown}}))
    women = frame[(frame["by"] == "reporter") & (frame["key"] == "woman")].iloc[0]
    part = first.shares["reporter"]["woman"]
    by = part.counted.scatter.value
    low, high = proportion_confint(women["n_first"] / by, women["of_first"] / by, method="wilson")
    assert (women["low_first"], women["high_first"]) == pytest.approx((low, high))
    differing = int(frame["differs"].sum())
    assert app.title[0].value.startswith("ALPHAN Piraeus and BETAN Piraeus: ")
    assert (f"{differing} of {len(frame)}" in app.title[0].value) == (differing > 0)


@pytest.mark.usefixtures("mayor")
def test_only_who_may_see_two_cities_may_compare(house: House) -> None:
    roles(house, alpha="public", beta="council")
    assert "Compare cities" in navigation(visit("trends", city="beta"))
    roles(house, beta="council")
    app = visit("trends", city="beta")
    assert "Compare cities" not in navigation(app)
    app = visit("cities", city="beta", **{"with": "alpha"})
    assert MARKS["alpha"] not in "".join(one.value for one in (*app.title, *app.markdown, *app.caption))


@pytest.mark.usefixtures("mayor")
@pytest.mark.parametrize("role", ["public", "council"])
def test_plans_are_told_to_the_council_and_not_to_the_public(house: House, role: str) -> None:
    roles(house, alpha=role)
    store = PlanStore(house.alpha.plans_url)
    store.create(Plan(title="Lanterns for the quay", status=PlanStatus.DECIDED), "An office")
    store.close()
    for name in ("briefing", "gender"):
        app = opened(visit(name, city="alpha"))
        frames = [frame.value.to_string() for frame in (*app.table, *app.dataframe)]
        told = " ".join([*frames, *(one.value for one in (*app.markdown, *app.caption, *app.title))])
        assert ("Lanterns" in told) == (role == "council" and name == "briefing"), name


def test_without_a_house_there_is_no_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CURIM_HOMES")
    monkeypatch.setenv("CURIM_HOME", str(house.alpha.path))
    app = visit("trends")
    assert "Compare cities" not in navigation(app)
    assert not any("city=" in link.proto.query_string for link in app.get("page_link"))
    assert all('aria-label="City"' not in html.proto.body for html in app.get("html"))


@pytest.mark.usefixtures("mayor")
def test_each_city_is_counted_for_the_role_there_and_both_records_hold_the_look(house: House) -> None:
    roles(house, alpha="analyst", beta="council")
    before = {home: len(recorded(home)) for home in (house.alpha, house.beta)}
    app = visit("cities", city="alpha", **{"with": "beta"})
    texts = [one.value for one in app.markdown]
    assert any("ALPHAN Piraeus is counted exactly, BETAN Piraeus from its protected copy" in text for text in texts)
    copy = open_for(house.beta, Audience.COUNCIL)
    period = counted(house.alpha).period
    assert city_figures(seen_by(copy, Audience.COUNCIL), period).least == 5
    looked = {
        home: [(one.role, one.subject) for one in recorded(home)[before[home] :] if one.deed is Deed.VIEW]
        for home in (house.alpha, house.beta)
    }
    assert looked == {house.alpha: [("analyst", "cities")], house.beta: [("council", "cities")]}
    council = visit("cities", city="alpha", **{"with": "beta", "as": "council"})
    assert not any("counted exactly" in one.value for one in council.markdown)


@pytest.mark.usefixtures("mayor")
def test_a_file_of_two_cities_goes_only_to_who_may_see_both(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    roles(house, alpha="analyst", beta="council")
    monkeypatch.setattr(reader.st, "query_params", {"city": "alpha"})
    assert reader.reader() is not None
    here, there = (SimpleNamespace(city_word=w, role=r) for w, r in (("alpha", Role.ANALYST), ("beta", Role.COUNCIL)))
    noted: list[str] = []
    monkeypatch.setattr(record, "note", lambda page, *_, **__: noted.append(page.city_word))
    record.draws(here, there)  # type: ignore[arg-type]
    make = _checked(lambda: b"file", "file.csv")
    assert make() == b"file"
    assert noted == ["alpha", "beta"]
    for alpha, beta in (("analyst", "public"), ("analyst", ""), ("specialist", "council")):
        roles(house, alpha=alpha, beta=beta)
        with pytest.raises(NotPermitted):
            make()
    assert noted == ["alpha", "beta"]


def test_small_counts_are_not_handed_out_by_the_threshold_of_their_own_city() -> None:
    part = pd.DataFrame({"n_first": [4.0, 0.0, 9.0], "least_first": [1, 5, 10]})
    part = part.assign(n_second=[4.0, 5.0, 9.0], least_second=[5, 5, 10])
    assert _handed_out(part, "first") == [4, 0, None]
    assert _handed_out(part, "second") == [None, 5, None]


def stored(first: str, last: str, count: int = 1) -> Any:
    return SimpleNamespace(first=dt.date.fromisoformat(first), as_of=dt.date.fromisoformat(last), count=count)


def test_whole_months_that_both_cities_have_are_compared() -> None:
    one, other = stored("2020-01-01", "2022-12-31"), stored("2021-03-02", "2022-11-29")
    both = dt.date(2021, 11, 1), dt.date(2022, 10, 31)
    assert compared_periods(one, other) == Periods(both, both, common=True)
    longest = dt.date(2021, 4, 1), dt.date(2022, 10, 31)
    assert compared_periods(one, other, "all") == Periods(longest, longest, common=True)
    assert compared_periods(other, one, "all") == Periods(longest, longest, common=True)


def facts(**changes: Any) -> Any:
    usual = {
        "formats": ("curim",), "kinds": ("offence", "risk"), "categories": 3, "known_time": KnownTime.HOUR,
        "asked": frozenset({"reporter_gender"}), "illustrative": False, "exact": True,
    }  # fmt: skip
    return SimpleNamespace(**{**usual, **changes})


def city(name: str, *, alerts: float = 200.0, **changes: Any) -> NamedCity:
    months = changes.pop("months", (5.0, 5.0))
    figures: Any = SimpleNamespace(alerts=alerts, facts=facts(**changes), months=months)
    return NamedCity(name, figures)


SAME = Periods((dt.date(2025, 1, 1), dt.date(2025, 2, 28)), (dt.date(2025, 1, 1), dt.date(2025, 2, 28)), common=True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exact": False}, "Your role differs: A is counted exactly, B from its protected copy"),
        ({"illustrative": True}, "The data of B are made up."),
        ({"formats": ("policeuk",)}, "The alerts come from different exports: A: CURiM; B: police.uk."),
        ({"kinds": ("incivility",)}, "the alerts of A are of the kinds offence and danger, those of B incivility."),
        ({"categories": 0}, "No alert of B has a category."),
        ({"categories": 9}, "The alerts have unlike categories: 3 in A, 9 in B."),
        ({"asked": frozenset()}, "A asks for the gender of the person who alerts; B does not."),
        ({"known_time": KnownTime.MONTH}, "Of the alerts of B only the month is known."),
        ({"months": (5.0, 0.0)}, "B has no alert in 1 of the 2 months."),
    ],
)
def test_each_difference_in_reporting_is_said(changes: dict[str, Any], said: str) -> None:
    found = what_differs(translator("en"), city("A"), city("B", **changes), SAME)
    assert len(found) == 1
    assert said in found[0].replace("\u00a0", " ")
