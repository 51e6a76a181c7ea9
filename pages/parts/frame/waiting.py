"""What a reader sees while a calculation runs: at its place a bar, what is being done, and a button that stops it.

A page calls a function that is decorated with `calculated` as any other. What is ready within `MOMENT` seconds is
simply there; else the bar stands at that place until the result takes it, while what was drawn before can be used. The
run of the page that waits is what keeps the calculation alive: when the reader goes, changes something or stops it, the
run ends, and with the last of them the calculation.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from curim_data.engine import EngineError
from curim_data.model import Message, Translator, translator
from curim_data.model.progress import Stopped, report
from curim_data.protection import hand_over
from pages.parts.frame.jobs import MISSING, Job, Jobs, Key
from pages.parts.frame.links import language
from pages.parts.frame.run_log import error_number, failed
from pages.parts.frame.shared_results import Claim, SharedResults

P = ParamSpec("P")
R = TypeVar("R")

LOG: Final = logging.getLogger("curim")
JOBS: Final = Jobs()
SHARED: Final = SharedResults()
MOMENT: Final = 0.4  # seconds that a reader waits before the progress is shown
HOUR: Final = 3600.0
TICK: Final = 0.2  # seconds between two looks at how far it is
# Seconds between two looks at whether another process has a result that it works out, and after which none is expected.
FIRST_LOOK, LAST_LOOK, LONGEST_WAIT = 0.005, 0.05, 120.0
STOPPED: Final = "calculations_stopped"  # what this reader stopped, so that the next run does not start it again
MOST_STOPPED: Final = 20

_waiting = threading.local()  # the heading of the page whose run is in this thread
_inside = threading.local()  # set in the thread of a calculation, where another one is simply called


class CalculationStopped(Exception):
    """The reader stopped a calculation; `doing` says which."""

    def __init__(self, key: Key, doing: Message) -> None:
        super().__init__(doing.text)
        self.key, self.doing = key, doing


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """Keep the results of a quick function, for all readers. As `calculated`, but worked out at once."""
    return _keeping(function, _at_once)


def calculated(doing: Message) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Share the calculation of a function between readers, show its progress, and keep its results.

    The arguments are all that the result may depend on, and hashable (a dataset, a filter, an audience, settings); one
    whose name begins with an underscore is not part of the key and follows from the others. Results are shared by all
    readers and never changed. `doing`: what the reader sees of it, until the calculation says more.

    Raises
    ------
    CalculationStopped
        In a run of a reader who stopped it; `contained` says so at the place.
    """

    def work_out(key: Key, work: Callable[[], R], slot: DeltaGenerator | None) -> R:
        found: R = _calculate(key, work, slot, doing)
        return found

    return lambda function: _keeping(function, work_out, _slot, once=True)


def _keeping(
    function: Callable[P, R],
    work_out: Callable[[Key, Callable[[], R], DeltaGenerator | None], R],
    slot: Callable[[], DeltaGenerator | None] = lambda: None,
    *,
    once: bool = False,
) -> Callable[P, R]:
    """The function with its kept results; `work_out` makes a missing one of its key and the call, and keeps it.

    `slot`: where the progress stands. It is there, empty, when the result is ready too: what is drawn below keeps its
    number on the page from one run to the next, without which the browser would make every map and chart anew.
    `once`: whether one process works it out while others wait.
    """
    key_of, shared = _keys(function), _shared_once if once else _shared

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        key, place = key_of(*args, **kwargs), slot()
        found = _found(key)
        return (
            work_out(key, lambda: shared(key, lambda: function(*args, **kwargs)), place) if found is MISSING else found
        )

    def in_background(*args: P.args, **kwargs: P.kwargs) -> R:
        key = key_of(*args, **kwargs)
        found = _found(key)
        return _in_background(key, lambda: function(*args, **kwargs)) if found is MISSING else found

    def begin(*args: P.args, **kwargs: P.kwargs) -> Job | None:
        key = key_of(*args, **kwargs)
        if not _on_a_page() or key in st.session_state.get(STOPPED, ()) or _found(key) is not MISSING:
            return None
        return _start(key, lambda: shared(key, lambda: function(*args, **kwargs)))

    call.begin = begin  # type: ignore[attr-defined]
    call.in_background = in_background  # type: ignore[attr-defined]
    call.is_ready = lambda *args, **kwargs: _found(key_of(*args, **kwargs)) is not MISSING  # type: ignore[attr-defined]
    return call


def worked_out(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function that is `calculated`, for nobody in particular: a reader who asks for it meanwhile waits
    for the same calculation.
    """
    result: R = function.in_background(*args, **kwargs)  # type: ignore[attr-defined]
    return result


@contextmanager
def begun(function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Iterator[None]:
    """Inside, what a function that is `calculated` is sure to be asked for is worked out already, while the page draws
    what stands before it. The call takes the result, or waits for it in its place.
    """
    job: Job | None = function.begin(*args, **kwargs)  # type: ignore[attr-defined]
    with job.reading() if job is not None else nullcontext():
        yield


def _in_background(key: Key, work: Callable[[], Any]) -> Any:
    job = _start(key, lambda: _shared_once(key, work))
    with job.reading():
        job.wait(HOUR)
    if job.error is not None:
        raise job.error
    return job.result


def _found(key: Key) -> Any:
    """The result under a key that this process keeps, or another one left in the home; MISSING where there is none."""
    found = JOBS.result(key)
    if found is MISSING:
        found = SHARED.get(key)
        if found is not MISSING:
            JOBS.keep(key, found)
    return found


def _shared(key: Key, work: Callable[[], R], claim: Claim | None = None) -> R:
    """The result of some work, left in the home for other processes; `claim` ends when it is there."""
    try:
        began = time.thread_time()
        result = work()
    except BaseException:
        if claim is not None:
            claim.end()
        raise
    SHARED.put(key, result, time.thread_time() - began, claim)
    return result


def _shared_once(key: Key, work: Callable[[], R]) -> R:
    """The same; or the result of whoever is at it already, in whichever process."""
    look, until = FIRST_LOOK, time.monotonic() + LONGEST_WAIT
    while (claim := SHARED.claim(key)) is None and time.monotonic() < until:
        time.sleep(look)
        look = min(2 * look, LAST_LOOK)
        report(0.0)  # whoever waits no longer ends this too, and another calculation may take its turn
    found = _found(key)
    if found is MISSING:
        return _shared(key, work, claim)
    if claim is not None:
        claim.end()
    return cast(R, found)


def is_ready(function: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    """Whether a function that is `calculated` or `cached` has its result already."""
    return bool(function.is_ready(*args, **kwargs))  # type: ignore[attr-defined]


class Heading:
    """Where a page's heading stands, with the words that it has until the page itself writes there.

    Once a page has written (`with heading: st.title(...)`), a later calculation that is waited for, stopped or failed
    adds no second heading.
    """

    def __init__(self, place: DeltaGenerator, words: str) -> None:
        self._place, self._words = place, words
        self.written = False

    def __enter__(self) -> None:
        self.written = True
        self._place.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._place.__exit__(*error)

    def stand_in(self) -> None:
        """Write the words for good: the page will have no other heading."""
        if not self.written:
            self.written = True
            self._place.title(self._words)

    def while_waiting(self) -> DeltaGenerator | None:
        """Write the words until what is returned is emptied; None where the page has its heading."""
        if self.written:
            return None
        slot = self._place.empty()
        slot.title(self._words)
        return slot


@contextmanager
def headed(place: DeltaGenerator, words: str) -> Iterator[Heading]:
    """The page has this heading in `place` while a calculation inside is waited for, and where one stopped or failed.

    The page writes its own with `with heading:`.
    """
    heading = _waiting.heading = Heading(place, words)
    try:
        yield heading
    except Exception:
        heading.stand_in()
        raise
    finally:
        _waiting.heading = None


@contextmanager
def contained(part: str) -> Iterator[None]:
    """Inside is a part of a page (`part`, in the reader's words); where it fails or is stopped, the rest goes on."""
    t = translator(language())
    try:
        yield
    except CalculationStopped as stopped:
        _stand_in()
        name = _short(stopped.key)
        with st.container(border=True, key=f"stopped_{name}"):
            st.write(t("Stopped: {doing}.", doing=t(stopped.doing)))
            st.button(t("Calculate"), key=f"calculate_{name}", on_click=_resume, args=(stopped.key,))
    except Exception as error:
        _stand_in()
        number = error_number(error)
        failed(number)
        LOG.error("%s failed, error %s", part, number, exc_info=error)
        with st.container(key=f"failed_{number}"):
            st.error(t(error.message) if isinstance(error, EngineError) else _failure_text(t, part, number))


def _stand_in() -> None:
    heading: Heading | None = getattr(_waiting, "heading", None)
    if heading is not None:
        heading.stand_in()


def _failure_text(t: Translator, part: str, number: str) -> str:
    return t(
        "{part} could not be displayed (error {number}). Nothing was changed, and the rest of the page can be used. "
        "Remove a filter, choose another period or cell size, or try again; the person who runs the dashboard can find "
        "the cause in its log under this number.",
        part=part,
        number=number,
    )


def _keys(function: Callable[..., Any]) -> Callable[..., Key]:
    """What gives the key of a call: the function, and those of its arguments that the result depends on."""
    name, signature = f"{function.__module__}.{function.__qualname__}", inspect.signature(function)

    def key(*args: Any, **kwargs: Any) -> Key:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return name, tuple(value for word, value in bound.arguments.items() if not word.startswith("_"))

    return key


def _slot() -> DeltaGenerator | None:
    """An empty place on the page; None where no page is drawn."""
    return st.empty() if _on_a_page() else None


def _on_a_page() -> bool:
    """Whether a page is drawn: not inside of a calculation, nor without Streamlit."""
    return not getattr(_inside, "job", False) and get_script_run_ctx(suppress_warning=True) is not None


def _at_once(key: Key, work: Callable[[], R], _: DeltaGenerator | None = None) -> R:
    result = work()
    JOBS.keep(key, result)
    return result


def _calculate(key: Key, work: Callable[[], Any], slot: DeltaGenerator | None, doing: Message) -> Any:
    if slot is None:
        return _at_once(key, work)
    if key in st.session_state.get(STOPPED, ()):
        raise CalculationStopped(key, doing)
    while True:
        job = _start(key, work)
        with job.reading():
            if not job.wait(MOMENT):
                _draw_progress(job, slot, doing)
        if not isinstance(job.error, Stopped):
            break
    if job.error is not None:
        raise job.error
    return job.result


def _start(key: Key, work: Callable[[], Any]) -> Job:
    """The calculation under a key, on the alerts that this thread has open: the one that runs, else a new one."""
    take = hand_over()

    def run() -> Any:
        _inside.job = True
        take()
        return work()

    return JOBS.start(key, run)


def _draw_progress(job: Job, slot: DeltaGenerator, doing: Message) -> None:
    """Draw the bar and the button in their slot until the calculation ends."""
    t, name = translator(language()), _short(job.key)
    heading: Heading | None = getattr(_waiting, "heading", None)
    above = heading.while_waiting() if heading is not None else None
    with slot.container(key=f"calculation_{name}", gap="xsmall"):
        bar = st.progress(0.0)
        st.button(t("Stop"), key=f"stop_{name}", type="tertiary", on_click=_stop, args=(job.key,))
    while True:
        bar.progress(min(max(job.fraction, 0.0), 1.0), text=_progress_text(t, job, doing))
        if job.wait(TICK):
            break
        if _fragment_waits():
            st.rerun()  # a whole run, in which the reader's click takes effect while the calculation goes on
    slot.empty()
    if above is not None:
        above.empty()


def _progress_text(t: Translator, job: Job, doing: Message) -> str:
    said = t(job.doing or doing)
    if job.queued:
        return t("{doing}: waits for other calculations", doing=said)
    return t("{doing}: {share}", doing=said, share=t.percent(job.fraction)) if job.fraction > 0 else said


def _fragment_waits() -> bool:
    """Whether the reader, and no timer, changed something in a fragment, which Streamlit puts off to the run's end."""
    requests = getattr(get_script_run_ctx(), "script_requests", None)
    data = getattr(requests, "_rerun_data", None)
    waits = getattr(getattr(requests, "_state", None), "value", "") == "RERUN" and not data.is_auto_rerun
    return waits and bool(getattr(data, "fragment_id_queue", ()))


def _stop(key: Key) -> None:
    stopped = [one for one in st.session_state.get(STOPPED, ()) if one != key]
    st.session_state[STOPPED] = (*stopped[-MOST_STOPPED:], key)
    JOBS.stop(key)


def _resume(key: Key) -> None:
    st.session_state[STOPPED] = tuple(one for one in st.session_state.get(STOPPED, ()) if one != key)


def _short(key: Key) -> str:
    """A key as a short name for widgets; the same for equal keys in this process."""
    return hashlib.sha256(repr(hash(key)).encode()).hexdigest()[:10]
