"""Results that all readers share, and what a reader sees while one of them is worked out.

A function that is decorated with `cached` or `calculated` is called as any other. Its arguments are all that its result
depends on, and have a `repr` that says all of them (a dataset, a filter, an audience, settings); one whose name begins
with an underscore is not part of the key and follows from the others. Results are kept by Streamlit (`st.cache_data`);
those of `calculated` are also kept in the home, for other processes (`curim_data.store.results`).

A calculation that takes longer than a moment runs in a thread of its own, for all readers who want it. At its place
stands a bar, with what is being done and a button that stops it, until the result takes that place. The run of the page
that waits keeps it alive: when the reader goes, changes something or stops it, that run ends, and with the last one, a
few seconds later, the calculation.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, Final, NoReturn, ParamSpec, TypeVar, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from curim_data import query
from curim_data.engine import EngineError, Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, Audience, Message, translator
from curim_data.model.progress import Stopped, following, report
from curim_data.privacy import DisclosureError, sees_exact
from curim_data.protection import open_for, opened_for
from curim_data.store import Home
from curim_data.store.results import alone_with, read_result, write_result
from pages.parts.frame.guard import language, part_name, redraw
from pages.parts.frame.page import Dataset, Page
from pages.parts.frame.record import error_number, failed
from pages.parts.frame.turns import CALCULATIONS, given_back

P = ParamSpec("P")
R = TypeVar("R")

LOG: Final = logging.getLogger("curim")
MOMENT: Final = 0.4  # seconds that a reader waits before the progress is shown
TICK: Final = 0.2  # seconds between two looks at how far it is
LOOK: Final = 3.0  # seconds after which a waiting page runs again at first, see `_draw_progress`
GRACE: Final = 4.0  # seconds without a reader after which a calculation ends
PATIENCE: Final = 60.0  # seconds in which a page that runs again asks for the calculation again, at the latest
LEAST: Final = 0.02  # seconds of the processor; what takes less is worked out as quickly as it is read
STOPPED: Final = "calculations_stopped"  # what this reader stopped, so that the next run does not start it again
MOST_STOPPED: Final = 20
CALCULATION: Final = Message("Calculating")  # what most calculations say of themselves until they say more

FAILURE: Final = N_(
    "{part} could not be displayed (error {number}). Nothing was changed. Remove a filter, choose another period "
    "or cell size, or try again; the person who runs the dashboard can find the cause in its log under this number."
)

_running: dict[str, Calculation] = {}
_lock = threading.Lock()
# `heading`: of the page that this thread draws; `quick`: whether it is in a function of `cached`; `made`: in the thread
# of a calculation, results to be left in the home.
_thread = threading.local()


class MissingError(LookupError):
    """No result is kept under a key."""


class CalculationStopped(Exception):
    """The reader stopped the calculation of a key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _missing() -> NoReturn:
    raise MissingError


@st.cache_data(ttl="2h", max_entries=2_000, max_size="512MB", show_spinner=False)
def _in_memory(key: str, _make: Callable[[], Any]) -> Any:  # noqa: ARG001 (Streamlit's key)
    """The result that this process keeps under a key, else the one that `_make` returns, which is kept."""
    return _make()


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """Keep the results of a quick function, for all readers of this process."""
    key_of = _keys(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return cast("R", _in_memory(key_of(*args, **kwargs)[0], partial(_quickly, function, *args, **kwargs)))

    return call


def _quickly(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a quick function. It waits for no calculation: others wait for it, and have turns meanwhile."""
    around, _thread.quick = getattr(_thread, "quick", False), True
    try:
        return function(*args, **kwargs)
    finally:
        _thread.quick = around


def calculated(doing: Message) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Share the calculation of a function between readers, show its progress, and keep its results.

    `doing`: what the reader sees of it, until the calculation says more.

    Raises
    ------
    CalculationStopped
        In a run of a reader who stopped it; `contained` says so at the place.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        key_of = _keys(function)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            key, dataset = key_of(*args, **kwargs)
            # The place is there, empty, when the result is ready too: what is drawn below keeps its number on the page
            # from one run to the next, without which the browser would make every map and chart anew.
            # Inside of another calculation, and without Streamlit, there is no page.
            on_page = not hasattr(_thread, "made") and get_script_run_ctx(suppress_warning=True) is not None
            place = st.empty() if on_page else None
            try:
                found: R = _kept(key, dataset)
            except MissingError:
                found = _calculate(key, dataset, lambda: function(*args, **kwargs), place, doing)
            return found

        return call

    return decorate


def shared(
    study: Callable[Concatenate[Source, P], R], doing: Message | None = None
) -> Callable[Concatenate[Dataset, P], R]:
    """A study as a function of a dataset in place of its source, whose results all readers share.

    `doing`: as for `calculated`; a quick study has none, and its results are kept in this process alone.
    """

    @wraps(study)
    def of(dataset: Dataset, *args: P.args, **kwargs: P.kwargs) -> R:
        return study(source_of(dataset), *args, **kwargs)

    return cached(of) if doing is None else calculated(doing)(of)


def forget_results() -> None:
    """Forget all results that this process keeps: for tests."""
    _in_memory.clear()


def _keys(function: Callable[..., Any]) -> Callable[..., tuple[str, Dataset | None]]:
    """What gives the key of a call and the dataset among its arguments."""
    name, signature = f"{function.__module__}.{function.__qualname__}", inspect.signature(function)

    def key(*args: Any, **kwargs: Any) -> tuple[str, Dataset | None]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        parts = [value for word, value in bound.arguments.items() if not word.startswith("_")]
        text = f"{name}{parts!r}"
        assert " at 0x" not in text, f"{text}: an argument has no name that says what it is"
        named = (getattr(part, "dataset", part) for part in parts)
        return text, next((one for one in named if isinstance(one, Dataset) and one.version), None)

    return key


def _kept(key: str, dataset: Dataset | None) -> Any:
    """The result under a key, of this process or in the home; MissingError where there is none."""
    try:
        return _in_memory(key, _missing)
    except MissingError:
        content = read_result(Home(Path(dataset.home)), dataset.profile, key) if dataset is not None else None
        if content is None:
            raise
    found = pickle.loads(content)  # of a folder that nobody else can write
    return _in_memory(key, lambda: found)


def source_of(dataset: Dataset) -> Source:
    """The alerts that a dataset names, as they were opened last; opened anew where they are not held any more."""
    home = Path(dataset.home)
    known = (dataset.version, dataset.profile, dataset.meeting, dataset.annotations)
    return opened_for(home, dataset.audience, known) or open_for(Home(home), dataset.audience)


def dataset_for(page: Page, audience: Audience) -> Dataset:
    """What is on show, as another audience reads it."""
    if page.source is None or sees_exact(audience) != page.protected:
        return replace(page.dataset, audience=audience)
    return replace(page.dataset, version=open_for(page.home, audience).version, audience=audience)


def cached_query(page: Page, question: str, *parts: Any, filter: AlertFilter | None = None, **settings: Any) -> Any:
    """Call one of the functions of `curim_data.query` (by name) for what is on show, and cache the result.

    `cached_query(page, "counts", ("week",), complete=True)` is
    `query.counts(source, page.filter, ("week",), complete=True)`.
    """
    return _run_query(question, page.dataset, filter or page.filter, parts, tuple(sorted(settings.items())))


@cached
def _run_query(
    question: str,
    dataset: Dataset,
    chosen: AlertFilter,
    parts: tuple[Any, ...] = (),
    settings: tuple[tuple[str, Any], ...] = (),
) -> Any:
    """The result of one query function; cached by everything that it depends on."""
    return getattr(query, question)(source_of(dataset), chosen, *parts, **dict(settings))


class Calculation(Future[Any]):
    """One that runs. `fraction` (0 to 1) and `doing` say how far it is, `wanted` when a reader last waited for it."""

    def __init__(self) -> None:
        super().__init__()
        self.fraction = 0.0
        self.doing: Message | None = None
        self.began = self.wanted = time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait for it at most so long; whether it has ended."""
        self.wanted = time.monotonic()
        return bool(wait([self], seconds).done)


def _calculate(
    key: str, dataset: Dataset | None, work: Callable[[], Any], place: DeltaGenerator | None, doing: Message
) -> Any:
    """The result of a calculation, after it was waited for in its place; inside another one it is simply made."""
    if hasattr(_thread, "made"):
        return _made(key, dataset, work)
    assert not getattr(_thread, "quick", False), f"{key}: a quick function waits for a calculation"
    if place is not None and key in st.session_state.get(STOPPED, ()):
        raise CalculationStopped(key)
    while True:
        calculation = _started(key, dataset, work)
        with given_back():
            if place is None:
                while not calculation.wait(TICK):
                    pass
            elif not calculation.wait(MOMENT):
                _draw_progress(key, calculation, place, doing)
        if not isinstance(calculation.exception(), Stopped):  # else it ended just as this reader came
            return calculation.result()


def _started(key: str, dataset: Dataset | None, work: Callable[[], Any]) -> Calculation:
    """The calculation of a key: the one that runs, else a new one."""
    with _lock:
        calculation = _running.get(key)
        if calculation is None:
            calculation = _running[key] = Calculation()
            threading.Thread(
                target=_run, args=(key, calculation, dataset, work), name="calculation", daemon=True
            ).start()
        calculation.wanted = time.monotonic()
    return calculation


def _run(key: str, calculation: Calculation, dataset: Dataset | None, work: Callable[[], Any]) -> None:
    """A calculation, in its thread."""

    def listen(fraction: float, doing: Message | None) -> None:
        calculation.fraction, calculation.doing = fraction, doing or calculation.doing
        if time.monotonic() - calculation.wanted > GRACE:
            raise Stopped

    _thread.made = []
    with ExitStack() as place:
        try:
            with following(listen):
                end = partial(calculation.set_result, _worked_out(key, dataset, work, place))
        except BaseException as error:  # whatever it is, the readers see it
            end = partial(calculation.set_exception, error)
        with _lock:
            _running.pop(key)
        end()
        for name, of, result in _thread.made:  # while the readers go on
            content = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
            write_result(Home(Path(of.home)), of.profile, of.version, name, content)


def _worked_out(key: str, dataset: Dataset | None, work: Callable[[], Any], place: ExitStack) -> Any:
    """The result of some work, in its turn; that of another process where one is working on it.

    `place` holds what keeps the other processes from it, until the result can be read in the home.
    """
    while dataset and not place.enter_context(alone_with(Home(Path(dataset.home)), dataset.profile, key)):
        place.close()
        time.sleep(TICK)
        report(0.0)  # it ends here where nobody waits for it any more
    try:
        return _kept(key, dataset)
    except MissingError:
        with CALCULATIONS:
            report(0.0)
            return _made(key, dataset, work)


def _made(key: str, dataset: Dataset | None, work: Callable[[], Any]) -> Any:
    """The result of some work, which is kept."""
    began = time.thread_time()
    result = work()
    seconds = time.thread_time() - began
    _in_memory(key, lambda: result)
    if dataset is not None and seconds >= LEAST:
        _thread.made.append((key, dataset, result))
    return result


def _draw_progress(key: str, calculation: Calculation, place: DeltaGenerator, doing: Message) -> None:
    """Draw the bar and the button in their place until the calculation ends.

    Streamlit puts off what a reader does in a part that is drawn alone until the run of the page has ended. So the page
    runs again when it has waited as long as the calculation already took: the click takes effect, and the calculation
    goes on.
    """
    t, name = translator(language()), _short(key)
    heading: Heading | None = getattr(_thread, "heading", None)
    above = heading.while_waiting() if heading is not None else None
    with place.container(key=f"calculation_{name}", gap="xsmall"):
        bar = st.progress(0.0)
        st.button(t("Stop"), key=f"stop_{name}", type="tertiary", on_click=_stop, args=(key,))
    again = time.monotonic() + max(LOOK, time.monotonic() - calculation.began)
    while True:
        fraction, said = min(max(calculation.fraction, 0.0), 1.0), t(calculation.doing or doing)
        text = t.pair(said, t.percent(fraction)) if fraction > 0 else said
        bar.progress(fraction, text=text)
        if calculation.wait(TICK):
            break
        if time.monotonic() > again:
            calculation.wanted = time.monotonic() + PATIENCE  # the next run may have to wait for its turn
            st.rerun()
    place.empty()
    if above is not None:
        above.empty()


def _stop(key: str, *, stopped: bool = True) -> None:
    """Stop a calculation for this reader, or let it be started again."""
    others = [one for one in st.session_state.get(STOPPED, ()) if one != key][-MOST_STOPPED:]
    st.session_state[STOPPED] = (*others, key) if stopped else tuple(others)


def _short(key: str) -> str:
    """A key as a short name for widgets."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


@dataclass
class Heading:
    """Where a page's heading stands, with the words that it has until the page itself writes there.

    Once a page has written (`with heading: st.title(...)`), a later calculation that is waited for, stopped or failed
    adds no second heading.
    """

    _place: DeltaGenerator
    _words: str
    written: bool = False

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
    heading = _thread.heading = Heading(place, words)
    try:
        yield heading
    except Exception:
        heading.stand_in()
        raise
    finally:
        _thread.heading = None


@contextmanager
def contained(part: str) -> Iterator[None]:
    """Inside is a part of a page (`part`, in the reader's words); where it fails, is stopped or is refused, its place
    says so and the rest goes on.
    """
    t = translator(language())
    try:
        yield
    except CalculationStopped as stopped:
        _stand_in()
        name = _short(stopped.key)
        with st.container(border=True, key=f"stopped_{name}"):
            again = t("Calculate")
            st.write(t("Stopped. “{button}” starts it again.", button=again))
            st.button(again, key=f"calculate_{name}", on_click=_stop, args=(stopped.key,), kwargs={"stopped": False})
    except DisclosureError as refused:
        _stand_in()
        st.info(t(refused.message))
    except Exception as error:
        _stand_in()
        number = error_number(error)
        failed(number)
        LOG.error("%s failed, error %s", part, number, exc_info=error)
        with st.container(key=f"failed_{number}"):
            failure = Message(FAILURE, {"part": part, "number": number})
            st.error(t(error.message if isinstance(error, EngineError) else failure))


def draw_fold(name: str, question: str, draw: Callable[[], None], *, word: str = "") -> None:
    """A part of the page behind a question: `draw` runs only while it is open, and fails for itself alone.

    `name`: one that no other fold of the page has; `word`: of the address, which is `name` while the fold is open, so
    that a link opens it. Folds with one word can be open at once; the address keeps the one that was opened last.
    """
    key, part = f"fold_{name}", part_name()

    def write_word() -> None:
        if word and st.session_state[key]:
            st.query_params[word] = name
        elif word and st.query_params.get(word) == name:
            st.query_params.pop(word)
        if word and part:
            redraw(part)

    if word and st.query_params.get(word) == name:
        st.session_state.setdefault(key, True)
    place = st.expander(question, key=key, on_change=write_word)
    if place.open:
        with place, contained(question):
            draw()


def _stand_in() -> None:
    if (heading := getattr(_thread, "heading", None)) is not None:
        heading.stand_in()
