"""Results that processes share: read as they were written, and only what this home signed, of these alerts."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from curim_data.filters import PERIODS, AlertFilter
from curim_data.model import Audience
from curim_data.model.progress import Stopped, following
from curim_data.protection import open_for
from curim_data.store import Home, locking
from curim_data.store.erase import erase
from pages.parts.briefing.queries import work_out_first
from pages.parts.frame import shared_results, waiting, web
from pages.parts.frame.jobs import MISSING, Key
from pages.parts.frame.page import Dataset, dataset_of
from pages.parts.frame.shared_results import LEAST_SECONDS, SUFFIX, SharedResults, dataset_in
from pages.parts.frame.waiting import JOBS, SHARED, _shared_once
from tests.stored import stored_column

LONG = 2 * LEAST_SECONDS


@pytest.fixture
def home(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A copy of the sample's home, whose results are kept."""
    monkeypatch.delenv("CURIM_SHARED_RESULTS", raising=False)
    shutil.copytree(sample.path, tmp_path / "home")
    JOBS.forget()
    yield Home(tmp_path / "home")
    SHARED.settle()
    JOBS.forget()


@pytest.fixture
def dataset(home: Home) -> Dataset:
    return dataset_of(home, open_for(home, Audience.COUNCIL), Audience.COUNCIL)


def _files(home: Home) -> list[Path]:
    return sorted((home.path / "prepared").glob(f"*/*{SUFFIX}"))


def _key(dataset: Dataset, f: AlertFilter, name: str = "some.study") -> tuple[str, tuple[object, ...]]:
    return name, (dataset, f, dataset.audience)


RESULT = {"frame": pd.DataFrame({"n": [1.5, np.nan], "name": ["α", "b"]}), "cells": np.arange(5)}


def _same(found: object) -> bool:
    assert isinstance(found, dict)
    return found["frame"].equals(RESULT["frame"]) and (found["cells"] == RESULT["cells"]).all()


def test_another_process_reads_what_one_wrote(home: Home, dataset: Dataset) -> None:
    key = _key(dataset, AlertFilter(period="quarter"))
    one, other = SharedResults(), SharedResults()
    assert other.get(key) is MISSING
    one.put(key, RESULT, LONG)
    assert one.settle()
    assert _same(other.get(key))
    assert other.get(_key(dataset, AlertFilter())) is MISSING
    assert other.get(_key(dataset, AlertFilter(period="quarter"), "another.study")) is MISSING
    assert other.get(_key(replace(dataset, audience=Audience.ANALYST), AlertFilter(period="quarter"))) is MISSING
    (path,) = _files(home)
    assert path.stat().st_mode & 0o777 == 0o600


def test_quick_results_and_those_of_no_alerts_are_not_written(home: Home, dataset: Dataset) -> None:
    shared = SharedResults()
    shared.put(_key(dataset, AlertFilter()), RESULT, LEAST_SECONDS / 2)
    shared.put(("f", (AlertFilter(),)), RESULT, LONG)
    shared.put(("f", (replace(dataset, version=""),)), RESULT, LONG)
    assert shared.settle()
    assert not _files(home)
    assert dataset_in(("f", (dataset, object()))) is None  # a name that means something else in another process


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "renamed", "foreign", "moved"])
def test_what_was_not_signed_here_is_not_read(
    home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    shared, key = SharedResults(), _key(dataset, AlertFilter())
    shared.put(key, RESULT, LONG)
    assert shared.settle()
    (path,) = _files(home)
    content = path.read_bytes()
    other = _key(dataset, AlertFilter(period="quarter"))
    if harm == "cut":
        path.write_bytes(content[:-3])
    elif harm == "changed":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif harm == "empty":
        path.write_bytes(b"")
    elif harm == "renamed":  # a rightly signed result under the name of another key
        shared.put(other, RESULT, LONG)
        assert shared.settle()
        (theirs,) = [one for one in _files(home) if one != path]
        theirs.write_bytes(content)
        key = other
    elif harm == "moved":  # signed on another computer
        monkeypatch.setattr("pages.parts.frame.shared_results._this_computer", lambda: b"another one")
    else:  # signed by another home
        (home.path / "protected" / "secret").write_bytes(b"x" * 32)
    assert SharedResults().get(key) is MISSING
    shared.put(key, RESULT, LONG)  # worked out again, and kept in the place of what was harmed
    assert shared.settle()
    assert _same(SharedResults().get(key))


def test_a_result_is_read_where_its_file_cannot_be_touched(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, key = SharedResults(), _key(dataset, AlertFilter())
    shared.put(key, RESULT, LONG)
    assert shared.settle()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Read-only file system")

    monkeypatch.setattr("os.utime", refuse)
    assert _same(SharedResults().get(key))


@pytest.mark.parametrize(
    "file",
    [
        "pages/parts/frame/jobs.py",
        "curim_data/model/locale/el/LC_MESSAGES/curim.po",
        "analysis/plans/evidence.toml",
    ],
)
def test_words_and_catalogues_are_part_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(shared_results, "ROOT", tmp_path)
    versions = set()
    for words in ("one", "another"):
        path.write_text(words, "utf-8")
        versions.add(shared_results._pages_version.__wrapped__())
    assert len(versions) == 2


def test_another_library_reads_no_results(monkeypatch: pytest.MonkeyPatch) -> None:
    before = shared_results._pages_version.__wrapped__()
    monkeypatch.setattr(shared_results, "version", lambda name: "99" if name == "statsmodels" else "1")
    assert shared_results._pages_version.__wrapped__() != before


def _claims(home: Home) -> list[Path]:
    return sorted((home.path / "prepared").glob(f"*/*{shared_results.CLAIM}"))


def test_a_result_is_worked_out_in_one_place_at_a_time(home: Home, dataset: Dataset) -> None:
    """The claim ends when the result can be read."""
    key, one, other = _key(dataset, AlertFilter()), SharedResults(), SharedResults()
    claim = one.claim(key)
    assert claim is not None
    assert other.claim(key) is None
    assert one.claim(key) is None  # another thread
    theirs = other.claim(_key(dataset, AlertFilter(period="quarter")))
    assert theirs is not None
    theirs.end()
    one.put(key, RESULT, LONG, claim)
    assert one.settle()
    assert _same(other.get(key))
    assert not _claims(home)
    again = other.claim(key)
    assert again is not None
    again.end()


def _begun(key: Key, work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Some work on a result in a thread of its own, once it has its claim, and what came of it."""
    started, found = threading.Event(), list[object]()

    def at_work() -> object:
        started.set()
        return work()

    def run() -> None:
        try:
            found.append(_shared_once(key, at_work))
        except ValueError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(20)
    return thread, found


def _never() -> object:
    raise AssertionError("worked out a second time")


def test_who_asks_for_what_is_worked_out_already_waits_for_it(home: Home, dataset: Dataset) -> None:
    """As long as it takes, and beginning no work of its own."""
    key, go = _key(dataset, AlertFilter()), threading.Event()

    def work() -> object:
        assert go.wait(20)
        began = time.thread_time()
        while time.thread_time() - began < LONG:  # what is worked out at once is not left for others
            pass
        return RESULT

    thread, mine = _begun(key, work)
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(_shared_once, key, _never)
        assert not theirs.done()
        go.set()
        assert _same(theirs.result(20))
    thread.join()
    assert _same(mine[0])
    assert SHARED.settle()
    assert not _claims(home)


def test_work_that_fails_leaves_the_result_to_the_next(home: Home, dataset: Dataset) -> None:
    key, go = _key(dataset, AlertFilter()), threading.Event()

    def work() -> object:
        assert go.wait(20)
        raise ValueError("no")

    thread, mine = _begun(key, work)
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(_shared_once, key, lambda: RESULT)
        go.set()
        assert _same(theirs.result(20))
    thread.join()
    assert isinstance(mine[0], ValueError)
    assert not _claims(home)


def test_who_waits_no_longer_ends_and_what_takes_too_long_is_worked_out_twice(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = _key(dataset, AlertFilter())
    claim = SHARED.claim(key)
    assert claim is not None

    def gone(_: float, __: object) -> None:
        raise Stopped

    with following(gone), pytest.raises(Stopped):
        _shared_once(key, _never)
    monkeypatch.setattr(waiting, "LONGEST_WAIT", 0.0)
    assert _same(_shared_once(key, lambda: RESULT))
    claim.end()


def test_nobody_waits_where_files_cannot_be_locked_or_written(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = _key(dataset, AlertFilter())
    for harm in ("no locks", "no lock left", "nothing can be written", "nothing is shared"):
        with monkeypatch.context() as patch:
            if harm == "no locks":
                patch.setattr(locking, "_flock", None)
            elif harm == "no lock left":
                patch.setattr(locking._flock, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOLCK, "none")))
            elif harm == "nothing can be written":
                patch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError))
            else:
                patch.setenv("CURIM_SHARED_RESULTS", shared_results.OFF)
            claims = [SharedResults().claim(key) for _ in range(2)]
        assert None not in claims, harm
        for claim in claims:
            assert claim is not None
            claim.end()


def test_what_was_left_while_one_waited_for_a_turn_is_taken(dataset: Dataset) -> None:
    """Between the first look for a result and the claim on it, another process may have ended its work."""
    key = _key(dataset, AlertFilter())
    other = SharedResults()
    other.put(key, RESULT, LONG)
    assert other.settle()
    assert _same(_shared_once(key, _never))


def test_a_claim_whose_file_was_removed_takes_nobody_elses_away(home: Home, dataset: Dataset) -> None:
    """As an erasure does; the work is then done twice, and no more than that."""
    key = _key(dataset, AlertFilter())
    first = SHARED.claim(key)
    assert first is not None
    _claims(home)[0].unlink()
    second = SHARED.claim(key)
    assert second is not None
    first.end()
    assert SHARED.claim(key) is None
    second.end()
    assert not _claims(home)


def test_nobody_waits_for_what_is_never_left(home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of a function of which one was too large."""
    monkeypatch.setattr(shared_results, "MOST_BYTES", 10)
    key, shared = _key(dataset, AlertFilter()), SharedResults()
    shared.put(key, RESULT, LONG)
    assert shared.settle()
    assert not _files(home)
    assert all(shared.claim(key) is not None for _ in range(2))
    assert not _claims(home)


def test_the_claim_of_a_process_that_is_killed_ends(home: Home, dataset: Dataset) -> None:
    key = _key(dataset, AlertFilter())
    claim = SHARED.claim(key)
    assert claim is not None
    (path,) = _claims(home)
    claim.end()
    take = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX)"
    script = f"{take}; print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert SHARED.claim(key) is None
        other.kill()
    mine = SHARED.claim(key)
    assert mine is not None
    mine.end()
    assert not _claims(home)


def test_what_cannot_be_pickled_or_written_is_not_kept(home: Home, dataset: Dataset) -> None:
    shared = SharedResults()
    shared.put(_key(dataset, AlertFilter()), {"call": lambda: 1}, LONG)
    assert shared.settle()
    assert list(shared.refused) == ["some.study"]
    assert not _files(home)


def test_results_go_with_an_erasure_and_none_is_written_after_it(home: Home, dataset: Dataset) -> None:
    shared, key = SharedResults(), _key(dataset, AlertFilter())
    shared.put(key, RESULT, LONG)
    assert shared.settle()
    source = open_for(home, Audience.ANALYST)
    one = stored_column(source, "alert_id")[0]
    erase(home, [one])
    assert not _files(home)
    shared.put(key, RESULT, LONG)  # a calculation that began before it
    assert shared.settle()
    assert not _files(home)


def test_those_not_read_for_longest_make_room(home: Home, dataset: Dataset) -> None:
    noise = np.random.default_rng(1).random(20_000)
    size, shared = noise.nbytes, SharedResults(most_in_all=15 * noise.nbytes)
    keys = [_key(dataset, AlertFilter(categories=(f"c{at}",))) for at in range(40)]
    for at, key in enumerate(keys):
        shared.put(key, noise, LONG)
        assert shared.settle()
        if at == 10:
            time.sleep(0.02)
            assert shared.get(keys[0]) is not MISSING
    assert sum(path.stat().st_size for path in _files(home)) <= 15 * 1.1 * size
    assert shared.get(keys[-1]) is not MISSING
    assert shared.get(keys[1]) is MISSING


def test_the_first_briefing_is_the_same_out_of_the_home(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    work_out_first(dataset, AlertFilter(), Audience.COUNCIL)
    assert SHARED.settle()
    names = {type(entry.result).__name__ for entry in JOBS._results._entries.values()}
    kept = {key: entry.result for key, entry in JOBS._results._entries.items()}
    assert {"BriefChanges", "BriefPeriod"} <= names
    JOBS.forget()
    monkeypatch.setattr("curim_data.studies.brief.change_study", None)  # nothing is worked out any more
    work_out_first(dataset, AlertFilter(), Audience.COUNCIL)
    again = {key: entry.result for key, entry in JOBS._results._entries.items()}
    assert again.keys() == kept.keys()
    for key, study in again.items():
        assert study is not kept[key]
        assert repr(study) == repr(kept[key])


def test_what_is_asked_of_periods_by_their_names_is_ready_for_both_audiences(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    web._work_out_first((home,))
    asked = {key[1:] for key in JOBS._results._entries if isinstance(key, tuple)}
    for function in ("cached_changes", "cached_period", "weights", "places"):
        of = {key for key in JOBS._results._entries if function in str(key[0])}
        assert len(of) == 2 * len(PERIODS), function
    monkeypatch.setattr("curim_data.studies.gender.weight_study", None)  # nothing is worked out any more
    monkeypatch.setattr("curim_data.studies.brief.change_study", None)
    web._work_out_first((home,))
    assert {key[1:] for key in JOBS._results._entries if isinstance(key, tuple)} == asked


def test_what_another_process_is_at_is_left_to_it(
    home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages of a usual period are shared out; an error leaves the others."""
    done: list[tuple[str, Audience]] = []
    for page in web.FIRST_RESULTS:

        def work(_: Dataset, __: AlertFilter, audience: Audience, page: str = page) -> None:
            done.append((page, audience))
            if page == "gender":
                raise ValueError("no")

        monkeypatch.setattr(f"pages.parts.{page}.queries.work_out_first", work)
    claim = SHARED.claim(("first results", (dataset, "hotspots", AlertFilter())))
    assert claim is not None
    web._work_out_first((home,))
    usual = done[: 2 * len(web.FIRST_RESULTS) - 1]
    assert sorted(usual) == sorted(
        (page, who)
        for page in web.FIRST_RESULTS
        for who in web._first_audiences()
        if (page, who) != ("hotspots", Audience.COUNCIL)
    )
    assert len(done) == len(usual) + 2 * 2 * (len(PERIODS) - 1)
    claim.end()
    assert not _claims(home)
