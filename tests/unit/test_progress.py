"""Progress: stages fill their part of the whole, a listener can stop a calculation, threads do not mix."""

from threading import Thread

import pytest

from curim_data.model import Message
from curim_data.model.progress import Stopped, following, report, stage


def test_without_a_listener_nothing_happens() -> None:
    report(0.5)
    with stage(0.2, 0.4, Message("x")):
        report(1.0)


def test_stages_fill_their_part_of_the_whole() -> None:
    seen: list[float] = []
    with following(lambda fraction, _: seen.append(round(fraction, 6))):
        with stage(0.0, 0.5):
            report(0.5)
            with stage(0.5, 1.0):
                report(0.5)
        report(0.9)
    assert seen == [0.0, 0.25, 0.25, 0.375, 0.5, 0.5, 0.9]
    report(0.1)
    assert len(seen) == 7


def test_fractions_beyond_the_whole_are_cut() -> None:
    seen: list[float] = []
    with following(lambda fraction, _: seen.append(fraction)):
        report(-1)
        report(2)
    assert seen == [0.0, 1.0]


def test_a_listener_stops_a_calculation() -> None:
    def stop(fraction: float, _: Message | None) -> None:
        if fraction >= 0.5:
            raise Stopped

    done = []

    def calculate() -> None:
        for run in range(10):
            report(run / 10)
            done.append(run)

    with following(stop), pytest.raises(Stopped):
        calculate()
    assert done == [0, 1, 2, 3, 4]
    report(1.0)  # nobody listens any more


def test_what_is_done_is_told() -> None:
    told: list[Message | None] = []
    with following(lambda _, doing: told.append(doing)), stage(0, 1, Message("Neighbours of cells")):
        report(0.5, Message("Simulated maps"))
    assert told == [Message("Neighbours of cells"), Message("Simulated maps"), None]


def test_a_thread_has_its_own_listener() -> None:
    seen: list[float] = []

    def other() -> None:
        report(0.7)

    with following(lambda fraction, _: seen.append(fraction)):
        thread = Thread(target=other)
        thread.start()
        thread.join()
    assert seen == []
