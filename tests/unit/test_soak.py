"""What the soak tells of memory and of a killed process, from what it saw."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.kill import Log, story, told
from tests.benchmarks.soak import Answer, Seen, Watched, slope


def test_a_straight_line_has_its_slope_and_no_doubt() -> None:
    minutes = np.arange(90) / 6
    found, about = slope(minutes, 10 + 2.5 * minutes)
    assert found == pytest.approx(2.5)
    assert about == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kept", [0.8, 1.0], ids=["a level that wavers", "a sum of steps"])
def test_the_interval_holds_the_true_slope_where_memory_hangs_together(kept: float) -> None:
    """Of 400 times 15 minutes, a look every ten seconds: 95 in 100 at least, less what chance takes (three errors)."""
    draw, minutes = np.random.default_rng(7), np.arange(90) / 6
    within = 0
    for _ in range(400):
        error = np.zeros(90)
        for at in range(1, 90):
            error[at] = kept * error[at - 1] + draw.normal()
        found, about = slope(minutes, 1400 + 0.3 * minutes + error)
        within += abs(found - 0.3) <= about
    assert within >= 400 * (0.95 - 3 * (0.95 * 0.05 / 400) ** 0.5)


def test_memory_is_told_of_processes_that_lived_through_the_second_half() -> None:
    watched = Watched(0)
    watched.looks = [
        (at / 6, {"p1": 700.0 + at / 6, **({"p2": 600.0} if at < 150 else {"p3": 600.0})}) for at in range(180)
    ]
    grown = watched.growth()
    assert grown.keys() == {"p1", "all"}
    assert grown["p1"][0] == pytest.approx(1.0)
    watched.looks = watched.looks[:50]
    assert watched.growth() == {}


KILLED = 1000.0


def seen() -> Seen:
    """Two readers of p1, of whom one was moved and one never came again, and one of p2."""
    answers = [
        Answer(0, 990.0, 0.2, "p1"),
        Answer(1, 991.0, 0.3, "p1"),
        Answer(2, 992.0, 0.4, "p2"),
        Answer(0, 1004.5, 3.1, "p2"),
        Answer(2, 1005.0, 0.9, "p2"),
        Answer(0, 1030.0, 0.1, "p2"),
        Answer(2, 1040.0, 0.2, "p1"),
    ]
    return Seen(answers=answers, errors=["no answer"], connected_anew=2)


def run(session: str, process: str, ident: str = "0123456789abcdef") -> str:
    return json.dumps(
        {"id": ident, "process": process, "session": session, "page": "trends", "ms": 90, "outcome": "ok"}
    )


def connection(process: str) -> str:
    return json.dumps({"id": "fedcba9876543210", "status": 101, "process": process, "path": "/_stcore/stream"})


def log() -> Log:
    return Log(
        Path("unused"),
        [
            (999.0, run("known", "p2")),
            (1000.01, connection("p1")),
            (1000.02, connection("p1")),
            (1000.3, "process p1 ended and is started anew"),
            (1001.6, "[WARNING]  (53) : Server dashboards/p1 is DOWN, reason: Layer4 connection problem"),
            (1001.6, "Server dashboards/p1 is DOWN, reason: Layer4 connection problem, check duration: 0ms. 1 active"),
            (1002.0, run("known", "p2")),
            (1004.4, run("new", "p2")),
            (1006.0, run("new", "p2")),
            (1012.25, "Server dashboards/p1 is UP, reason: Layer7 check passed"),
            (1013.0, "something else"),
        ],
    )


def test_a_kill_is_told_as_its_readers_saw_it() -> None:
    found = told(seen(), log(), "p1", KILLED)
    assert found["readers_of_it"] == 2
    assert found["moved"] == [{"reader": 0, "to": "p2", "waited": 3.1, "after": 4.5}]
    assert found["not_moved"] == [1]
    assert found["longest_wait"] == {"before": 0.4, "after": 3.1, "after_of_the_others": 0.9}
    assert (found["taken_out_after"], found["started_anew_after"], found["back_after"]) == (1.6, 0.3, 12.25)
    assert found["errors"] == ["no answer"]
    assert found["answers"] == {"before": 3, "after": 4}
    assert found["answers_of_it_again"] == 1


def test_the_log_of_a_kill_is_cut_to_what_tells_it() -> None:
    lines = story(log(), "p1", KILLED)
    assert [line.split("  ")[0].strip() for line in lines] == ["+0.01 s", "+0.30 s", "+1.60 s", "+4.40 s", "+12.25 s"]
    assert lines[2].endswith("Layer4 connection problem")
    assert '"id":"01234567"' in lines[3]
    assert '"session":"new"' in lines[3]


def test_the_lines_of_a_log_are_taken_whole_when_they_stand_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("first\nsec", "utf-8")
    followed = Log(path)
    thread = threading.Thread(target=followed.follow)
    thread.start()
    with path.open("a") as output:
        _until(lambda: len(followed.lines) == 1)
        assert [line for _, line in followed.lines] == ["first"]
        output.write("ond\n")
        output.flush()
        _until(lambda: len(followed.lines) == 2)
    followed.ended.set()
    thread.join()
    assert [line for _, line in followed.lines] == ["first", "second"]


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
