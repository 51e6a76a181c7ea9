"""A new field of the filter takes one row: the page, the command, the query string, the sentence and counts follow."""

# ruff: noqa: ARG005 (a row's functions have the same parameters as those of every other row)
from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from dataclasses import dataclass
from itertools import product

import pytest

import curim_data
import pages.parts
from curim_data import filters, query
from curim_data.cli import app
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter, Widget, choice_field, row
from curim_data.model import Audience, Message, labels, translator
from curim_data.model.values import AgeBand
from curim_data.protection import open_for
from curim_data.store import Home
from tests.app.conftest import Open, errors, word
from tests.stored import seen_by, stored_alerts, stored_column

T = translator("en")
USUAL = AlertFilter


@dataclass(frozen=True)
class WiderFilter(AlertFilter):
    """The table of fields with two more rows: on a column with labels of its own, and on one without."""

    ages: tuple[str, ...] = row(
        choice_field(
            name="ages",
            word="age",
            help=AgeBand,
            column="age_band",
            known=lambda city: {band.value: band.value for band in AgeBand},
            said=lambda t, city, values: t(", aged {ages}", ages=labels.listed(t, (t(labels.AGES[v]) for v in values))),
            head=labels.HEADINGS["age_band"],
            widget=Widget(),
        )
    )
    confirmed: tuple[int, ...] = row(
        choice_field(
            name="confirmed",
            word="confirmations",
            help="0123",
            column="confirmations",
            known=lambda city: {str(number): number for number in range(4)},
            said=lambda t, city, values: t(", confirmed {numbers} times", numbers=t.join(map(str, values), "or")),
            head=Message("Confirmed"),
            widget=Widget(more=False),
            own_title=Message("Confirmed by others"),
            label=lambda t, city, number: f"{number} times",
        )
    )


@pytest.fixture(autouse=True)
def wider(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wider table takes the place of the filter wherever it was imported."""
    for package in (curim_data, pages.parts):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    for module in list(sys.modules.values()):
        if module.__name__ != __name__ and vars(module).get("AlertFilter") is USUAL:
            monkeypatch.setattr(module, "AlertFilter", WiderFilter)


def test_the_query_string_the_sentence_and_the_chips(source: Source) -> None:
    words = {"age": "18_29", "confirmations": "1,2"}
    f, dropped = filters.AlertFilter.from_query(words, source.city)
    assert (f, dropped) == (WiderFilter(ages=("18_29",), confirmed=(2, 1)), ())
    assert f.to_query() == words
    assert f.sentence(T, source.city) == "All alerts, aged 18–29, confirmed 1 or 2 times, last 12 months"
    assert [label for label, _ in f.chips(T, source.city)] == ["Age: 18–29", "Confirmed: 1 times", "Confirmed: 2 times"]
    assert f.without("ages").without("confirmed") == WiderFilter()
    assert T(filters.AlertFilter.from_query({"age": "old"}, source.city)[1][0]).startswith("The filter “age”")


def test_counts_are_made_by_it_and_complete(source: Source) -> None:
    chosen = WiderFilter(period="all", ages=("18_29", "65_plus"), confirmed=(0, 3))
    told = query.counts(source, chosen, ["age_band", "confirmations"], complete=True)
    stored = stored_alerts(source).to_pandas()
    expected = [
        len(stored[stored["age_band"].eq(age) & stored["confirmations"].eq(number)])
        for age, number in product(("18_29", "65_plus"), (0, 3))
    ]
    assert told.frame["n"].tolist() == expected
    assert min(expected) == 0 or told.total == sum(expected)
    options = query.options(source, chosen, "confirmed").frame
    assert set(range(4)) <= set(options["confirmations"])


def test_the_council_counts_its_copy_by_it(sample: Home) -> None:
    """What the copy leaves out of a field is not there to be counted."""
    copy, exact = open_for(sample, Audience.COUNCIL), open_source(sample)
    chosen = WiderFilter(period="all", confirmed=(1,))
    for name in ("confirmations", "age_band"):
        told = query.counts(seen_by(copy, Audience.COUNCIL), chosen.replace(confirmed=()), [name]).frame.dropna()
        stored = stored_column(copy, name).dropna()
        assert dict(zip(told[name], told["n"], strict=True)) == stored.value_counts().to_dict()
    assert query.total(seen_by(copy, Audience.COUNCIL), chosen).n == int(
        (stored_column(copy, "confirmations") == 1).sum()
    )
    assert query.total(exact, chosen).n == int((stored_column(exact, "confirmations") == 1).sum())


def test_the_command(sample: Home, source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    main = app.main
    usual = ["--home", str(sample.path), "--lang", "en"]
    assert main(["counts", "--help"]) == 0
    assert "--confirmations" in capsys.readouterr().out
    assert main(["counts", "--age", "18_29", "--by", "confirmations", "--json", *usual]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["total"] == query.total(source, WiderFilter(ages=("18_29",))).n
    assert ", aged 18–29" in answer["sentence"]
    assert main(["counts", "--confirmations", "2", "--by", "confirmations", *usual]) == 0
    printed = capsys.readouterr().out
    assert "Confirmed by others" in printed
    assert "2 times" in printed
    assert main(["counts", "--age", "old", *usual]) == 2
    assert "--age old" in capsys.readouterr().err


def test_the_page(open_page: Open, source: Source) -> None:
    page = open_page("trends", lang="en", age="18_29")
    page.button(key="filter_open_more").click().run()
    ages = page.button_group(key="filter_ages")
    assert (ages.label, ages.value) == ("Age", ["18_29"])
    n = query.options(source, WiderFilter(), "ages").frame.set_index("age_band")["n"]
    assert f"30–44 ({T.number(n['30_44'])})" in ages.options
    assert any(", aged 18–29" in text.value for text in (*page.markdown, *page.caption))
    assert page.button(key="filter_open_confirmed").label == "Confirmed by others"
    page.button(key="filter_open_confirmed").click().run()
    page.button_group(key="filter_confirmed").set_value([2]).run()
    page.button(key="filter_show").click().run()
    assert errors(page) == []
    assert (word(page, "age"), word(page, "confirmations")) == ("18_29", "2")
    assert "Age: 18–29 ×" in [button.label for button in page.button]
