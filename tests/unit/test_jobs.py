"""Shared calculations: each runs once, says how far it is, and ends when nobody waits."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from curim_data.model import Message
from curim_data.model.progress import Stopped, report
from pages.parts.frame.jobs import MISSING, Jobs, Results, size_of

LONG = 20.0  # seconds, never waited for in full


class Work:
    """Steps until it is let go or ended."""

    def __init__(self) -> None:
        self.calls = 0
        self.go = threading.Event()
        self.ended: BaseException | None = None

    def __call__(self) -> str:
        self.calls += 1
        end = time.monotonic() + LONG
        try:
            while not self.go.wait(0.005) and time.monotonic() < end:
                report(0.25, Message("Counting"))
        except BaseException as error:
            self.ended = error
            raise
        return "found"


def until(condition: Any) -> bool:
    end = time.monotonic() + LONG
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(condition())


def test_two_readers_share_one_calculation_and_its_result_is_kept() -> None:
    jobs, work, found = Jobs(), Work(), []

    def read() -> None:
        job = jobs.start("key", work)
        with job.reading():
            job.wait(LONG)
        found.append(job.result)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    assert until(lambda: (job := jobs.job("key")) is not None and job.fraction == 0.25)
    work.go.set()
    for reader in readers:
        reader.join(LONG)
    assert (found, work.calls, jobs.result("key")) == (["found", "found"], 1, "found")


def test_a_calculation_ends_when_nobody_waits_for_it() -> None:
    jobs, work = Jobs(grace=0.5), Work()
    job = jobs.start("key", work)
    with job.reading():
        assert not job.wait(0.8), "a calculation goes on while somebody waits"
    assert job.wait(LONG)
    assert isinstance(work.ended, Stopped)
    assert jobs.result("key") is MISSING
    assert jobs.job("key") is None


def test_stop_ends_it_at_once_but_not_for_another_reader() -> None:
    jobs, work = Jobs(grace=LONG), Work()
    job = jobs.start("key", work)
    with job.reading():
        jobs.stop("key")
        assert not job.wait(0.1)
    jobs.stop("key")
    assert job.wait(LONG)
    assert isinstance(job.error, Stopped)


def test_a_failure_is_told_and_not_kept() -> None:
    def fail() -> None:
        raise ValueError("no such place")

    jobs = Jobs()
    job = jobs.start("key", fail)
    assert job.wait(LONG)
    assert str(job.error) == "no such place"
    assert jobs.result("key") is MISSING
    again = jobs.start("key", lambda: 1)
    assert again.wait(LONG)
    assert again.result == 1


def test_no_more_run_at_once_than_allowed_and_a_long_one_lets_a_short_one_pass() -> None:
    jobs, long = Jobs(at_once=1, turn=0.02), Work()
    first = jobs.start("long", long)
    assert until(lambda: first.fraction > 0)
    with first.reading():
        short = jobs.start("short", lambda: "quick")
        with short.reading():
            assert short.wait(LONG)
        assert short.result == "quick"
        assert not first.wait(0)
        long.go.set()
        assert first.wait(LONG)
    assert first.result == "found"
    assert jobs._active == 0


def test_a_calculation_that_waits_for_its_turn_ends_when_nobody_waits_for_it() -> None:
    jobs, long, other = Jobs(at_once=1, grace=0.5, turn=LONG), Work(), Work()
    first = jobs.start("long", long)
    with first.reading():
        assert until(lambda: first.fraction > 0)
        second = jobs.start("other", other)
        assert second.wait(LONG)
        assert isinstance(second.error, Stopped)
        assert other.calls == 0
        long.go.set()
        assert first.wait(LONG)
    assert jobs._active == 0


def test_results_give_way_by_number_by_size_and_by_age() -> None:
    few = Results(most=2)
    for key in "abc":
        few.put(key, key)
    few.get("b")
    few.put("d", "d")
    assert [few.get(key) is MISSING for key in "abcd"] == [True, False, True, False]
    small = Results(most_bytes=1000)
    for key in "ab":
        small.put(key, np.zeros(100))
    assert [small.get(key) is MISSING for key in "ab"] == [True, False]
    old = Results(kept=-1.0)
    old.put("a", "a")
    assert old.get("a") is MISSING


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (np.zeros((10, 3)), 240),
        ((np.zeros(1), {"a": np.zeros(2)}), 25),
        (pd.Series(np.zeros(5), index=pd.RangeIndex(5)), 40),
        (None, 0),
    ],
)
def test_the_size_of_a_result_counts_its_arrays(value: Any, size: int) -> None:
    assert size <= size_of(value) <= size + 200


def test_what_a_result_holds_twice_counts_once() -> None:
    array = np.zeros(1000)
    assert size_of([array, array]) == array.nbytes
