"""Progress: stages fill their part of the whole, a listener can stop a calculation, threads do not mix."""

from threading import Thread

import pytest

from curim_data.model import Message
from curim_data.model.progress import Stopped, following, report, stage


def test_stages_fill_their_part_of_the_whole_say_what_is_done_and_fractions_beyond_it_are_cut() -> None:
    seen: list[tuple[float, Message | None]] = []
    simulated, neighbours = Message("Simulated maps"), Message("Neighbours of cells")
    with following(lambda fraction, doing: seen.append((round(fraction, 6), doing))):
        with stage(0.0, 0.5, neighbours):
            report(0.5, simulated)
            with stage(0.5, 1.0):
                report(0.5)
        for fraction in (0.9, -1, 2):
            report(fraction)
        thread = Thread(target=report, args=(0.7,))  # which has a listener of its own, or none
        thread.start()
        thread.join()
    assert [fraction for fraction, _ in seen] == [0.0, 0.25, 0.25, 0.375, 0.5, 0.5, 0.9, 0.0, 1.0]
    assert [doing for _, doing in seen if doing] == [neighbours, simulated]
    with stage(0.2, 0.4, Message("x")):
        report(0.1)  # nobody listens any more
    assert len(seen) == 9


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
