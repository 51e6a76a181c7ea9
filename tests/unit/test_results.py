"""Results that processes share: read as they were written, of the stored alerts, out of a folder that is one's own."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from curim_data.filters import PERIODS, AlertFilter
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.store import results as store
from curim_data.store.erase import erase
from curim_data.store.results import SETTING, read_result, write_result
from pages.parts.frame import results, web
from pages.parts.frame.page import Dataset, dataset_of
from pages.parts.gender.shares import cached_weights
from tests.stored import stored_column

KEY = "some.study[AlertFilter()]"
CONTENT = bytes(range(256)) * 100


@pytest.fixture
def home(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A copy of the sample's home, whose results are shared."""
    monkeypatch.delenv(SETTING, raising=False)
    shutil.copytree(sample.path, tmp_path / "home")
    results.forget_results()
    yield Home(tmp_path / "home")
    results.forget_results()


@pytest.fixture
def dataset(home: Home) -> Dataset:
    return dataset_of(home, open_for(home, Audience.COUNCIL), Audience.COUNCIL)


def _files(home: Home) -> list[Path]:
    return sorted((home.path / "prepared").glob("*/.results-*/**/output.pkl"))


def _write(home: Home, dataset: Dataset, key: str = KEY, content: bytes = CONTENT) -> None:
    write_result(home, dataset.profile, dataset.version, key, content)


def _in_another_process(path: str, profile: str) -> None:
    assert read_result(Home(Path(path)), profile, KEY) == CONTENT


@pytest.mark.slow
def test_another_process_reads_what_one_wrote(home: Home, dataset: Dataset) -> None:
    assert read_result(home, dataset.profile, KEY) is None
    _write(home, dataset)
    other = multiprocessing.get_context("spawn").Process(
        target=_in_another_process, args=(str(home.path), dataset.profile)
    )
    other.start()
    other.join(60)
    assert other.exitcode == 0
    assert read_result(home, dataset.profile, "another key") is None
    assert read_result(home, "another profile", KEY) is None


@pytest.mark.parametrize("harm", ["cut", "changed", "empty"])
def test_what_is_damaged_is_not_read_and_written_again(home: Home, dataset: Dataset, harm: str) -> None:
    _write(home, dataset)
    (path,) = _files(home)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "cut": content[:-3],
            "changed": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "empty": b"",
        }[harm]
    )
    assert read_result(home, dataset.profile, KEY) is None
    _write(home, dataset)
    assert read_result(home, dataset.profile, KEY) == CONTENT


def test_nothing_is_read_where_others_can_write_or_from_another_computer(
    home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(home, dataset)
    (folder,) = (home.path / "prepared").glob("*/.results-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o770)
    assert read_result(home, dataset.profile, KEY) is None
    folder.chmod(0o700)
    assert read_result(home, dataset.profile, KEY) == CONTENT
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: os.geteuid() + 1)
        assert read_result(home, dataset.profile, KEY) is None
    monkeypatch.setattr(store, "_this_computer", lambda: "another")
    assert read_result(home, dataset.profile, KEY) is None


def test_results_go_with_an_erasure_and_none_is_written_after_it(home: Home, dataset: Dataset) -> None:
    _write(home, dataset)
    assert _files(home)
    one = stored_column(open_for(home, Audience.ANALYST), "alert_id")[0]
    erase(home, [one])
    assert not _files(home)
    _write(home, dataset)  # a calculation that began before it
    assert not _files(home)


def test_nothing_is_kept_where_it_is_off_or_cannot_be_written(
    home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(SETTING, "off")
        _write(home, dataset)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError))
        _write(home, dataset)
        assert read_result(home, dataset.profile, KEY) is None
    assert not _files(home)


def test_pages_find_what_another_process_left(home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LEAST", 0.0)
    mine = cached_weights(dataset, AlertFilter())
    key, _ = results._keys(cached_weights.__wrapped__)(dataset, AlertFilter())  # type: ignore[attr-defined]
    while read_result(home, dataset.profile, key) is None:
        pass  # it is written while the readers go on
    results.forget_results()
    monkeypatch.setattr("curim_data.studies.gender.weight_study", None)  # nothing is worked out any more
    assert repr(cached_weights(dataset, AlertFilter())) == repr(mine)


@pytest.mark.slow
def test_what_is_asked_of_periods_by_their_names_is_worked_out_first_and_an_error_leaves_the_others(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, str, Audience]] = []
    for page, module in web.FIRST_RESULTS.items():

        def work(dataset: Dataset, f: AlertFilter, page: str = page) -> None:
            done.append((page, f.period, dataset.audience))
            if page == "gender":
                raise ValueError("no")

        monkeypatch.setattr(f"pages.parts.{module}.work_out_first", work)
    web._work_out_first((home,))
    usual = AlertFilter().period
    others = [(page, period) for period in PERIODS if period != usual for page in ("briefing", "gender")]
    expected = [*((page, usual) for page in web.FIRST_RESULTS), *others]
    assert done == [(page, period, audience) for page, period in expected for audience in web._first_audiences()]
