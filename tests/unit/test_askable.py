"""What the protected copy does not hold cannot be asked for by its readers, and they are told so, and what can."""

from __future__ import annotations

import pytest

from curim_data.cli import main
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.privacy import (
    LIGHT_ALONE,
    MONTHS_ALONE,
    NO_SEVERITY,
    NOT_OF_SENSITIVE,
    DisclosureError,
    askable,
    check,
    check_asked,
    not_held,
)
from curim_data.query import dimensions
from curim_data.store import Home
from curim_data.studies.compare import CompareError, compare_study
from tests.stored import seen_by

COUNCIL, PUBLIC = PROTECTED = (Audience.COUNCIL, Audience.PUBLIC)
SENSITIVE = AlertFilter(categories=("harassment_verbal",))
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def source(sample: Home) -> Source:
    return open_source(sample)


@pytest.mark.parametrize("audience", PROTECTED)
def test_a_filter_loses_what_the_copy_does_not_hold(source: Source, audience: Audience) -> None:
    ordinary = AlertFilter(categories=("noise",), hours=(20, 5), weekdays=(0,))
    assert askable(ordinary, seen_by(source, audience)) == (ordinary, ())
    graded = ordinary.replace(severities=(4, 5))
    assert askable(graded, seen_by(source, audience)) == (ordinary, (NO_SEVERITY,))
    clock = SENSITIVE.replace(hours=(20, 5), weekdays=(0,), dark=True)
    assert askable(clock, seen_by(source, audience)) == (SENSITIVE.replace(dark=True), (LIGHT_ALONE,))
    everything = clock.replace(severities=(1,))
    assert askable(everything, seen_by(source, audience))[1] == (NO_SEVERITY, LIGHT_ALONE)
    assert askable(everything, seen_by(source, Audience.SPECIALIST)) == (everything, ())
    assert not_held(everything, seen_by(source, Audience.ANALYST)) == {}


@pytest.mark.parametrize(
    ("f", "by", "why"),
    [
        (AlertFilter(), "severity", NO_SEVERITY),
        (SENSITIVE, "severity", NO_SEVERITY),
        *((SENSITIVE, name, MONTHS_ALONE) for name in ("local_date", "week", "weekday", "hour")),
        *((SENSITIVE, name, NOT_OF_SENSITIVE) for name in ("age_band", "feeling")),
    ],
)
def test_a_table_by_what_the_copy_does_not_hold_is_refused(
    source: Source, f: AlertFilter, by: str, why: Message
) -> None:
    assert by in (*dimensions(), "feeling")
    with pytest.raises(DisclosureError) as refused:
        check_asked(f, [by], seen_by(source, COUNCIL))
    assert refused.value.message == why
    check_asked(f, [by], seen_by(source, Audience.SPECIALIST))
    check_asked(f, ["month", "dark", "district"], seen_by(source, COUNCIL))


def test_what_is_said_to_be_missing_is_missing_in_the_copy(council: Source) -> None:
    """Severity in every row; age and feeling of sensitive alerts."""
    table = council.alerts.frame("category, severity, age_band, feeling")
    assert table["severity"].isna().all()
    sensitive = table["category"].isin(council.city.sensitive)
    assert table.loc[sensitive, ["age_band", "feeling"]].isna().all(axis=None)
    assert table.loc[~sensitive, "age_band"].notna().any()


def test_the_calendar_asks_sensitive_categories_for_months_alone(source: Source) -> None:
    for f, weeks in ((SENSITIVE, False), (AlertFilter(), True)):
        with pytest.raises(DisclosureError) as refused:
            check(["local_date"], None, f, seen_by(source, COUNCIL))
        assert ("ask for weeks or months instead" in str(refused.value)) == weeks
        assert ("ask for months instead" in str(refused.value)) == (not weeks)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("counts", "--by", "severity"), NO_SEVERITY),
        (("counts", "--by", "district", "--severity", "4"), NO_SEVERITY),
        (("hotspots", "--severity", "4"), NO_SEVERITY),
        (("brief", "--severity", "4"), NO_SEVERITY),
        (("trends", "--category", "harassment_verbal", "--by", "week"), MONTHS_ALONE),
        (("trends", "--category", "harassment_verbal", "--hours", "22-3"), LIGHT_ALONE),
        (("compare", "--against", "severity=4"), NO_SEVERITY),
    ],
)
def test_a_command_that_asks_for_it_is_refused_with_the_reason(
    capsys: Capture, sample: Home, words: tuple[str, ...], why: Message
) -> None:
    assert main([*words, "--audience", "council", "--lang", "en", "--home", str(sample.path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"curim: {why.text}\n"


def test_a_side_of_a_comparison_may_not_ask_for_it_either(council: Source) -> None:
    with pytest.raises(CompareError) as refused:
        compare_study(seen_by(council, COUNCIL), AlertFilter(), "severity=4")
    assert refused.value.message == NO_SEVERITY
