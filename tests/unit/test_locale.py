"""Every message of the code has its translation, whole and with the same blanks to fill."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from curim_data.cli.context import json_value
from curim_data.export.safe_csv import csv_bytes
from curim_data.model import LANGUAGES, translator
from curim_data.model.i18n import LOCALE_DIR

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = {"t": None, "n": (1, 2), "c": ((1, "c"), 2), "C_": ((1, "c"), 2), "N_": None, "Message": None}
PACKAGES = ("curim_data", "analysis", "pages")


@pytest.fixture(scope="module")
def used() -> Catalog:
    with (ROOT / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    catalog = Catalog()
    found = extract_from_dir(
        str(ROOT),
        method_map=methods,
        options_map=options,
        keywords=KEYWORDS,
        directory_filter=lambda folder: Path(folder).relative_to(ROOT).parts[0] in PACKAGES,
    )
    for _, _, text, _, context in found:
        catalog.add(text, context=context)
    return catalog


def _catalog(lang: str) -> Catalog:
    with (LOCALE_DIR / lang / "LC_MESSAGES" / "curim.po").open("rb") as source:
        return read_po(source, locale=lang)


def _blanks(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", text))


def _texts(message: Message) -> tuple[list[str], list[str]]:
    ids = message.id if isinstance(message.id, (list, tuple)) else [message.id]
    strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return list(ids), list(strings)


@pytest.mark.parametrize("lang", ["el", "fr"])
def test_every_message_is_translated_and_no_translation_stands_for_nothing(used: Catalog, lang: str) -> None:
    catalog = _catalog(lang)
    missing = []
    for message in used:
        if not message.id:
            continue
        ids, _ = _texts(message)
        known = catalog.get(ids[0], context=message.context)
        if known is None or known.fuzzy or not all(_texts(known)[1]):
            missing.append(ids[0])
    assert not missing, f"{len(missing)} without {lang}: {missing[:20]}"
    known = {(_texts(message)[0][0], message.context) for message in used}
    left = [m.id for m in _catalog(lang) if m.id and (_texts(m)[0][0], m.context) not in known]
    assert not left


@pytest.mark.parametrize("lang", ["el", "fr"])
def test_translations_fill_the_same_blanks(lang: str) -> None:
    wrong = []
    for message in _catalog(lang):
        ids, strings = _texts(message)
        wanted = set().union(*(_blanks(text) for text in ids))
        for text in filter(None, strings):
            # One form of a plural may do without the number ("one alert").
            if not (wanted - {"n"} <= _blanks(text) <= wanted):
                wrong.append((ids[0], text))
    assert not wrong


@pytest.mark.parametrize("lang", LANGUAGES)
def test_numbers_below_zero_have_a_minus_sign_and_no_hyphen(lang: str) -> None:
    t = translator(lang)
    minus = "\N{MINUS SIGN}"
    for written in (t.number(-12), t.number(-1234.5, 1), t.number(-2e9), t.percent(-0.12), t.percent(-2e9)):
        assert written.startswith(minus), written
        assert "-" not in written
    assert t._fill("{n} alerts", {"n": -3}).startswith(minus)
    assert json_value(-3.5) == -3.5
    assert b"\n-3.5" in csv_bytes(pd.DataFrame({"change": [-3.5]})).replace(b"\r", b"")


def test_no_message_hides_in_an_f_string() -> None:
    """Before Python 3.12 the extractor does not look into the blanks of an f-string."""
    hidden = re.compile(r"""\bf(["']).*\{[^{}]*\bt(\.[nc])?\(["']""")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in PACKAGES
        for path in (ROOT / folder).rglob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if hidden.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    ("day", "form", "told"),
    [
        (1, "long", "1er mai 2025"),
        (1, "full", "jeudi 1er mai 2025"),
        (1, "d MMM", "1er mai"),
        (1, "short", "01/05/2025"),
        (11, "long", "11 mai 2025"),
        (21, "long", "21 mai 2025"),
    ],
)
def test_french_writes_the_first_of_a_month_as_an_ordinal(day: int, form: str, told: str) -> None:
    moment = dt.datetime(2025, 5, day, 1, 5)
    assert translator("fr").date(moment.date(), form) == told
    assert translator("en").date(moment.date()) == f"{day} May 2025"
    assert translator("fr").moment(moment).startswith(translator("fr").date(moment.date()))
    assert translator("fr").moment(moment, "H 'h'") == "1 h"


@pytest.mark.parametrize("lang", LANGUAGES)
@given(
    share=st.floats(-1e9, 1e9, exclude_min=True, exclude_max=True) | st.floats(-2, 2) | st.decimals(-1, 1, places=4),
    digits=st.integers(0, 4),
)
def test_a_percentage_is_written_as_babel_writes_it(lang: str, share: float | Decimal, digits: int) -> None:
    t = translator(lang)
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "\u00a0%"
    rounded = Decimal(str(share)).quantize(Decimal(1).scaleb(-2 - digits)) + 0
    assert t.percent(float(share), digits) == format_percent(rounded, pattern, t.locale).replace("-", "\u2212")


@pytest.mark.parametrize("lang", LANGUAGES)
@given(value=st.floats(-1e9, 1e9, exclude_min=True, exclude_max=True), digits=st.integers(0, 6))
def test_a_number_is_written_as_babel_writes_it(lang: str, value: float, digits: int) -> None:
    t = translator(lang)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits)) + 0
    assert t.number(value, digits) == format_decimal(rounded, pattern, t.locale).replace("-", "\u2212")


@pytest.mark.parametrize("lang", ["el", "fr"])
def test_no_line_can_be_broken_before_a_sign_that_is_set_apart(lang: str) -> None:
    """French before : ; ? ! % » and after «, Greek before %: whichever space the file of translations has."""
    t, signs = translator(lang), r"[ \u202f][:;?!%»]|«[ \u202f]" if lang == "fr" else r"[\d}] %"
    told, apart = [], 0
    for message in _catalog(lang):
        if message.id and isinstance(message.id, str) and not message.context:
            text = t._catalog.gettext(message.id)
            told += re.findall(f".{{,20}}(?:{signs})", text)
            apart += len(re.findall(r"\u00a0[:;?!%»]", text))
    assert not told
    assert apart > 20


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_interval_begins_where_it_ends_and_no_part_is_nothing_or_everything(lang: str) -> None:
    t = translator(lang)
    assert t.share(0.012, 0.0095, 0.0149) == f"{t.percent(0.012, 1)} ({t.number(0.95, 1)}–{t.number(1.49, 1)})"
    assert t.share(0.012, 0.0095, 0.02) == f"{t.percent(0.01)} (1–2)"
    assert t.share(0.003, 0.0, 0.02) == f"{t.part(0.003)} (0–2)"
    assert t.share(0.0, 0.0, 0.71) == f"{t.percent(0)} (0–71)"
    assert t.share(0.5, 0.5, 0.5) == f"{t.percent(0.5)} (50–50)"
    t = translator(lang)
    for share in (0.0001, 0.0049, 0.005):
        assert t.part(share) == t("below {share}", share=t.percent(0.01))
    for share in (0.995, 0.9999):
        assert t.part(share) == t("over {share}", share=t.percent(0.99))
    assert [t.part(share) for share in (0.0, 0.0051, 0.9949, 1.0)] == [t.percent(s) for s in (0, 0.01, 0.99, 1)]


def test_thousands_are_not_torn_apart_in_french() -> None:
    """A line may end at an ordinary space; helplines are no numbers."""
    strings = [string for message in _catalog("fr") for string in _texts(message)[1]]
    torn = {found for string in strings for found in re.findall(r"(?<!\d)\d{1,3}(?: \d{3})+\b", string)}
    assert torn <= {"116 006"}
